"""What is installed: every folder that holds Python files, and nothing beside `classemb_index`."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_folder_with_python_files_is_listed_as_a_package() -> None:
    folders = {
        path.parent.relative_to(ROOT)
        for top in ("classemb_index", "cli")
        for path in (ROOT / top).rglob("*.py")
    }
    names = {".".join(folder.parts) for folder in folders}
    names = {f"classemb_index.{name}" if name.startswith("cli") else name for name in names}
    assert names <= set(SETTINGS["packages"])


def test_every_package_that_is_listed_is_a_folder_of_python_files() -> None:
    moved = SETTINGS["package-dir"]
    for name in SETTINGS["packages"]:
        top = max((own for own in moved if f"{name}.".startswith(f"{own}.")), key=len)
        inside = name.removeprefix(top).strip(".").replace(".", "/")
        assert list((ROOT / moved[top] / inside).glob("*.py")), name
