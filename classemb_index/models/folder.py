"""The folder of a trained model: made aside, put in its place whole, checked when it is read."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..durable import CHECKSUM, checksum_of, file_digest, fsync, only_writer
from ..errors import ModelFolderError

FORMAT = 1  # of the folder; raised when a reader of before would read it wrongly
FACTS = "classemb.json"
HEADS = "probe.safetensors"
TOP = "tuned.safetensors"
LABELLED = "labelled.safetensors"
CARD = "README.md"
EVALUATION = "evaluation.json"
WORK = "work"  # folder of the draft with what an interrupted training goes on from


def check_model_folder(folder: Path, force: bool) -> None:
    """Nothing, when a model may be written to `folder`.

    Raises:
        ModelFolderError: a model is there and `force` is False, something else is there, or the
            folder that it would lie in is missing.
    """
    if not folder.absolute().parent.is_dir():
        raise ModelFolderError(
            f"there is no folder {folder.parent} to put the model {folder.name} into; make it first"
        )
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / FACTS).is_file():
        raise ModelFolderError(f"{folder} is there and is no model; choose another --out")
    if not force:
        raise ModelFolderError(f"{folder} exists; choose another --out, or --force to replace it")


@contextmanager
def draft_of(folder: Path, key: str) -> Iterator[Path]:
    """The folder beside `folder` in which its model is made, under a lock.

    What an interrupted training of the same key left there is there again.

    Args:
        folder: of the model.
        key: tells trainings apart.

    Raises:
        ModelFolderError: another process is training this model.
    """
    parent = folder.absolute().parent
    lock = parent / f".{folder.name}.lock"
    refusal = ModelFolderError(
        f"another process is training {folder}; wait for it, or choose another --out"
    )
    draft, old = parent / f".{folder.name}.partial", parent / f".{folder.name}.old"
    name = hashlib.sha256(key.encode()).hexdigest()
    with only_writer(lock, refusal):
        if old.exists() and not folder.exists():  # stopped between the two renames of `publish`
            old.replace(folder)
        try:
            if not (draft / WORK / name).is_file():
                shutil.rmtree(draft, ignore_errors=True)
                (draft / WORK).mkdir(parents=True)
                (draft / WORK / name).touch()
            yield draft
        finally:
            if draft.is_dir() and len(list((draft / WORK).glob("*"))) < 2:
                shutil.rmtree(draft)  # no part was finished
            lock.unlink(missing_ok=True)


def publish(draft: Path, folder: Path, facts: Mapping[str, Any]) -> None:
    """Make the draft the model in `folder`; one that is there is replaced.

    Args:
        draft: holds the model's files.
        folder: of the model, absolute.
        facts: of FACTS; files and checksum are filled in here.
    """
    shutil.rmtree(draft / WORK)
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in sorted(draft.iterdir())
        if path.name not in (CARD, EVALUATION, FACTS)
    }
    table = {**facts, "files": files}
    table[CHECKSUM] = checksum_of(table)
    (draft / FACTS).write_text(
        json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    for path in draft.iterdir():
        fsync(path)
    old = folder.parent / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    draft.replace(folder)
    fsync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def read_facts(folder: Path) -> Mapping[str, Any]:
    """What a model's folder says of it, its version, checksum and files checked.

    Raises:
        ModelFolderError: there is no model, a newer version wrote it, or it is damaged.
    """
    try:
        text = (folder / FACTS).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as cause:
        raise ModelFolderError(
            f"there is no model in {folder}; train one with: classemb-index train --out {folder}"
        ) from cause
    try:
        facts: Mapping[str, Any] = json.loads(text)
        version = int(facts["format_version"])
    except (ValueError, KeyError, TypeError) as cause:
        raise _damage(folder, f"{FACTS} cannot be read") from cause
    if version > FORMAT:
        raise ModelFolderError(
            f"the model in {folder} has format {version}, this version reads up to {FORMAT}; upgrade "
            "classemb-index, or train again"
        )
    if facts.get(CHECKSUM) != checksum_of(facts):
        raise _damage(folder, f"{FACTS} does not have the checksum that stands in it")
    _check_files(folder, facts["files"])
    return facts


def read_evaluation(folder: Path) -> Mapping[str, Any] | None:
    """What `evaluate` wrote into a model's folder; None where it was not run.

    Raises:
        ModelFolderError: it cannot be read.
    """
    try:
        found = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as cause:
        raise ModelFolderError(
            f"{folder / EVALUATION} cannot be read; write it again with: classemb-index evaluate"
        ) from cause
    return found if isinstance(found, dict) else None


def _check_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    wrong: Sequence[str] = [
        name
        for name, said in files.items()
        if not (folder / name).is_file() or file_digest(folder / name) != said["sha256"]
    ]
    if wrong:
        raise _damage(folder, f"the checksum of {', '.join(wrong)} is not the one that was written")


def _damage(folder: Path, what: str) -> ModelFolderError:
    return ModelFolderError(f"the model in {folder} is damaged: {what}; train it again")
