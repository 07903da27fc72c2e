"""Files that a user names: opened, read and refused with the place of what is wrong."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from ..arrays import FloatMatrix
from ..errors import SourceError

FORMS = (
    "a recipe's name or .toml file, a .jsonl[.gz], .csv[.gz], .tsv[.gz] or .parquet file, a folder of "
    ".jsonl[.gz] files, the EURLEX57K folder, the arXiv metadata snapshot (.json) or hub:NAME"
)

Raw = tuple[str, Mapping[str, Any]]  # where a record stands, and its fields as they were read


@contextmanager
def opened(path: Path, encoding: str | None = None) -> Iterator[IO[str]]:
    """A text file, unpacked where it is gzip.

    Args:
        path: of the file.
        encoding: of its text; None is UTF-8, or UTF-16 where it begins with that byte order mark.

    Raises:
        SourceError: it cannot be read, is half-written, or has another encoding.
    """
    try:
        with (
            _binary(path) as binary,
            _decoded(binary, encoding or _marked_encoding(binary)) as file,
        ):
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
        raise SourceError(
            f"{path} is half-written or no gzip file ({cause}); fetch it again"
        ) from cause
    except UnicodeError as cause:
        raise SourceError(_wrongly_encoded(path, encoding or "utf-8")) from cause
    except OSError as cause:
        raise SourceError(f"{path} cannot be read: {cause.strerror or cause}") from cause


def _binary(path: Path) -> io.BufferedReader:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    return cast(io.BufferedReader, opener(path, "rb"))


def _decoded(binary: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(binary, encoding=encoding, newline="")
    except LookupError as cause:
        raise SourceError(
            f"there is no encoding {encoding!r}; try utf-8, cp1252 or utf-16"
        ) from cause


def _marked_encoding(binary: io.BufferedReader) -> str:
    """As the byte order mark says; Excel begins a file with one."""
    start = binary.peek(2)[:2]
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _wrongly_encoded(path: Path, encoding: str) -> str:
    """The line that has another encoding, and which it may be."""
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    if name != "UTF-8":
        return f"{path} is not {name}; leave --encoding out, or name another"
    with _binary(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                likely = "utf-16" if b"\0" in line else "cp1252"
                return (
                    f"{path}, line {number} is not UTF-8, it is likely {likely}; save the file as "
                    f"UTF-8, or build with --encoding {likely}"
                )
    return f"{path} is not UTF-8; save it as UTF-8"


def read_text(path: Path) -> str:
    """The whole text of a file, as `opened` gives it."""
    with opened(path) as file:
        return file.read()


def json_object(text: str, place: str) -> Mapping[str, Any]:
    """The JSON object in a text.

    Raises:
        SourceError: it is something else; the message names the place.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as cause:
        raise SourceError(f"{place} is not JSON ({cause.msg}: column {cause.colno})") from cause
    except (ValueError, RecursionError) as cause:  # a number too long, objects nested too deep
        raise SourceError(f"{place} cannot be read as JSON ({cause})") from cause
    if not isinstance(value, dict):
        raise SourceError(f"{place} is a JSON {type(value).__name__}, not an object")
    return value


def json_file(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file, unpacked where it is gzip.

    Raises:
        SourceError: it is missing, or not one JSON object.
    """
    if not path.exists() or path.is_dir():
        raise SourceError(f"there is no file {path}")
    return json_object(read_text(path), str(path))


def read_vectors(path: Path) -> FloatMatrix:
    """The array in a .npy file, memory-mapped.

    Raises:
        SourceError: the file is missing, half-written or no .npy file.
    """
    if not path.exists() or path.is_dir():
        raise SourceError(f"there is no file {path}; embeddings are a NumPy .npy file")
    try:
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except (OSError, ValueError) as cause:
        raise SourceError(
            f"{path} is half-written or no .npy file ({cause}); save it again"
        ) from cause


def vectors_by_id(vectors: FloatMatrix, path: Path, ids: Sequence[str]) -> FloatMatrix:
    """The vectors in the order of `ids`.

    Args:
        vectors: (n, dim), in the order of the file of ids.
        path: one id a line.
        ids: the pool's.

    Raises:
        SourceError: the file cannot be read, has another number of ids than there are vectors,
            or repeats an id, has an unknown one or lacks one; the message names them.
    """
    names = id_lines(path)
    if len(names) != len(vectors):
        raise SourceError(
            f"{path} has {len(names)} ids and there are {len(vectors)} vectors; "
            "it holds one id a line, in the order of the vectors"
        )
    wanted, row_of = set(ids), {name: row for row, name in enumerate(names)}
    repeated = [name for row, name in enumerate(names) if row_of[name] != row]
    wrong = {
        "repeated": list(dict.fromkeys(repeated)),
        "unknown to the source": [name for name in row_of if name not in wanted],
        "missing": [name for name in ids if name not in row_of],
    }
    if found := [f"{what}: {_some(names)}" for what, names in wrong.items() if names]:
        raise SourceError(
            f"the ids in {path} are not those of the documents ({'; '.join(found)}); "
            "each document has one vector and one id"
        )
    return vectors[np.array([row_of[name] for name in ids], dtype=np.int64)]


def id_lines(path: Path) -> list[str]:
    """The ids in a file, one a line, as `placed_lines` reads it."""
    return [line for _, line in placed_lines(path)]


def placed_lines(path: Path) -> list[tuple[str, str]]:
    """The place and the text of every line of a file of ids that is not empty.

    Raises:
        SourceError: the file is missing, or has no such line.
    """
    if not path.exists() or path.is_dir():
        raise SourceError(f"there is no file {path}; it holds one document id a line")
    # not splitlines: a text in the line may hold what it takes for the end of one
    numbered = enumerate(io.StringIO(read_text(path)), start=1)
    lines = [(f"{path}, line {number}", line.strip()) for number, line in numbered if line.strip()]
    if not lines:
        raise SourceError(f"{path} has no id; it holds one document id a line")
    return lines


def _some(names: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
