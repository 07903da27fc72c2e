"""What a model says of all documents of an index or of a source: in blocks, and resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..arrays import Counts, FloatMatrix, Rows, blocks
from ..errors import RequestError, UnknownClassError
from ..index.index import EmbeddingIndex
from ..index.store import DOCUMENTS
from ..labels.classes import Register
from ..labels.store import LabelStore
from ..models.saved import SavedModel
from ..pool.documents import Record
from ..reports.predictions import FORMS, Predictions, check_form, write_predictions
from ..watch import SILENT, Watcher
from .unfinished import Unfinished

BLOCK = 16_384  # stored vectors that are held at once
BLOCK_OF_TEXTS = 512  # documents whose texts are read at once


@dataclass(frozen=True)
class ShortList:
    """Which documents are written: those that are likely to have a class, the likeliest first.

    Attributes:
        class_name: of the model.
        above: the least probability.
    """

    class_name: str
    above: float


class Predicted(NamedTuple):
    """What was predicted.

    Attributes:
        documents: that were looked at.
        written: of them, that stand in the file.
        decided: documents that are decided to have each class, by name, of all looked at.
        unfamiliar: documents that resemble nothing labelled; None where nobody can say.
    """

    documents: int
    written: int
    decided: dict[str, int]
    unfamiliar: int | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return self._asdict()


def predict_index(
    model: SavedModel,
    index: EmbeddingIndex,
    out: str | Path,
    *,
    shortlist: ShortList | None = None,
    force: bool = False,
    watch: Watcher = SILENT,
    register: Register | None = None,
) -> Predicted:
    """Write what a model says of every document of an index; a probe reads the stored vectors.

    The file appears whole. What was interrupted goes on from its last finished block.

    Args:
        model: of the index's encoder, or a BERT, which reads the texts.
        index: whose documents are predicted, in their order.
        out: .csv, .tsv, .jsonl or .parquet.
        shortlist: write only these, the likeliest first, ties in the order of the index.
        force: replace the file.
        watch: is told how many documents are done.
        register: the classes of the index after all changes; None reads its label store.

    Raises:
        RequestError: the file is there and `force` is False, it has no known form, or another process
            is writing it.
        UnknownClassError: the model does not know the class of the short list, or a class of it was
            renamed, merged or removed in the index since it was trained.
        EncoderMismatchError: the index was embedded with another encoder.
        LabelStoreError: the index's label store is damaged or a newer version wrote it.
    """
    model.check_index(index)
    register = LabelStore(index.folder).read().register if register is None else register
    model.check_classes([name for name in model.classes if not register.has_gone(name)])
    return _predict(model, _OfIndex(model, index), Path(out), shortlist, force, watch)


def predict_records(
    model: SavedModel,
    records: Iterable[Record],
    out: str | Path,
    *,
    source: str = "records",
    shortlist: ShortList | None = None,
    force: bool = False,
    watch: Watcher = SILENT,
) -> Predicted:
    """Write what a model says of documents that are in no index, as `predict_index` does.

    Their texts are embedded with the model's encoder, a block at a time. What was interrupted goes
    on where it was: the records before are read again, and not embedded.

    Args:
        model: trained on an index with an encoder, or a BERT.
        records: read once, never held whole; their labels are not looked at.
        out: as for `predict_index`.
        source: where they come from.
        shortlist: as for `predict_index`.
        force: as for `predict_index`.
        watch: as for `predict_index`.

    Raises:
        RequestError: as for `predict_index`, the model has no encoder, or the records are not those
            that an interrupted prediction has read.
        UnknownClassError: as for `predict_index`.
        SourceError: a record is wrong.
        ModelError: the encoder cannot be had.
        EncoderMismatchError: the encoder of that name is another model by now.
    """
    return _predict(model, _OfRecords(model, records, source), Path(out), shortlist, force, watch)


def check_out(out: Path, force: bool) -> None:
    """Nothing, when predictions may be written there.

    Raises:
        RequestError: the file exists and `force` is False, its folder does not, or its name ends in no
            known form.
    """
    check_form(out)
    if not out.absolute().parent.is_dir():
        raise RequestError(
            f"there is no folder {out.parent} to write {out.name} into; make it first"
        )
    if out.exists() and not force:
        raise RequestError(f"{out} exists; choose another --out, or --force to replace it")


class _Documents(Protocol):
    """Documents that are predicted."""

    key: str  # tells them from others

    def predict(self, unfinished: Unfinished, watch: Watcher) -> None:
        """Append what is said of each document that is not there yet."""

    def ids(self, unfinished: Unfinished) -> Iterator[str]:
        """All ids, first to last."""


class _OfIndex:
    """The documents of an index: their vectors are stored, and so are their ids."""

    def __init__(self, model: SavedModel, index: EmbeddingIndex) -> None:
        self._model, self._index = model, index
        self.key = f"{index.vectors_digest} {index.documents_digest}"

    def predict(self, unfinished: Unfinished, watch: Watcher) -> None:
        n, model, index = len(self._index), self._model, self._index
        can_compare = model.has_embeddings_of(index)
        size = BLOCK_OF_TEXTS if model.reads_texts else BLOCK
        for part in blocks(n - unfinished.rows, size):
            watch.progress(unfinished.rows, n)
            rows = np.arange(unfinished.rows, unfinished.rows + part.stop - part.start)
            embeddings = index.embeddings(rows) if can_compare else None
            texts = index.pool.texts_of(rows) if model.reads_texts else None
            probabilities = model.probabilities_of(texts=texts, embeddings=embeddings)
            unfinished.append(_joined(model, probabilities, embeddings))
        watch.progress(n, n)

    def ids(self, unfinished: Unfinished) -> Iterator[str]:
        import pyarrow.parquet as pq

        # the pool holds all ids at once
        file = pq.ParquetFile(self._index.path_of(DOCUMENTS), memory_map=True)
        for batch in file.iter_batches(columns=["id"]):
            yield from batch.column(0).to_pylist()


class _OfRecords:
    """Documents of a source, read once."""

    def __init__(self, model: SavedModel, records: Iterable[Record], source: str) -> None:
        self._model, self._records = model, records
        self.key = source

    def predict(self, unfinished: Unfinished, watch: Watcher) -> None:
        model, rest = self._model, iter(self._records)
        has_encoder = model.reads_embeddings or model.facts["encoder"]["name"] is not None
        digest = self._passed(rest, unfinished)
        while block := list(islice(rest, BLOCK_OF_TEXTS)):
            texts = [record.text for record in block]
            embeddings = model.encoder.encode(texts) if has_encoder else None
            probabilities = model.probabilities_of(texts=texts, embeddings=embeddings)
            _add(digest, block)
            scores = _joined(model, probabilities, embeddings)
            unfinished.append(scores, [record.id for record in block], digest.hexdigest())
            watch.progress(unfinished.rows, unfinished.rows)

    def ids(self, unfinished: Unfinished) -> Iterator[str]:
        return unfinished.ids()

    def _passed(self, rest: Iterator[Record], unfinished: Unfinished) -> Any:
        """The digest of the records that are done, which are passed over."""
        digest, left = hashlib.sha256(), unfinished.rows
        while block := list(islice(rest, min(left, BLOCK_OF_TEXTS))):
            _add(digest, block)
            left -= len(block)
        if unfinished.rows and (left or digest.hexdigest() != unfinished.digest):
            raise RequestError(
                f"the documents are not those that an interrupted prediction has read; remove "
                f"{unfinished.folder} to begin again"
            )
        return digest


def _add(digest: Any, records: Sequence[Record]) -> None:
    for record in records:
        for part in (record.id, record.text):
            content = part.encode()
            digest.update(len(content).to_bytes(8, "big") + content)


def _joined(
    model: SavedModel, probabilities: FloatMatrix, embeddings: FloatMatrix | None
) -> FloatMatrix:
    """(n, q + 1) probabilities, and 1 for what resembles nothing labelled, 0 for other documents; NaN
    where nobody can say.
    """
    marks = np.full(len(probabilities), np.nan, dtype=np.float32)
    if embeddings is not None and model.familiarity_limit is not None:
        marks[:] = model.unfamiliar(embeddings)
    return np.concatenate([probabilities, marks[:, None]], axis=1)


def _predict(
    model: SavedModel,
    documents: _Documents,
    out: Path,
    shortlist: ShortList | None,
    force: bool,
    watch: Watcher,
) -> Predicted:
    check_out(out, force)
    position = None if shortlist is None else _position(model, shortlist)
    form = next(suffix for suffix in FORMS if out.name.lower().endswith(suffix))
    key = f"{model.facts['checksum']} {documents.key}"
    with Unfinished.of(out, key, len(model.classes) + 1) as unfinished:
        documents.predict(unfinished, watch)
        tally = _Tally(model)
        parts = tally.counted(unfinished.scores())
        if shortlist is None or position is None:
            table = _all(model, parts, documents.ids(unfinished))
        else:
            rows, scores = _likeliest(parts, position, shortlist.above)
            ids = _ids_of(rows, documents.ids(unfinished))
            table = iter([_predictions(model, ids, scores)])
            tally.written = len(rows)
        write_predictions(unfinished.folder / "table", form, model.classes, table)
        (unfinished.folder / "table").replace(out)
    return tally.predicted(unfinished.rows)


class _Tally:
    """Counts what passes by."""

    def __init__(self, model: SavedModel) -> None:
        self._model = model
        self._decided: Counts = np.zeros(len(model.classes), dtype=np.int64)
        self._unfamiliar = 0
        self._compared = 0
        self.written: int | None = None

    def counted(self, parts: Iterable[FloatMatrix]) -> Iterator[FloatMatrix]:
        for scores in parts:
            self._decided += self._model.decide(scores[:, :-1]).sum(axis=0)
            self._compared += int(np.isfinite(scores[:, -1]).sum())
            self._unfamiliar += int(np.count_nonzero(scores[:, -1] == 1))
            yield scores

    def predicted(self, n: int) -> Predicted:
        written = n if self.written is None else self.written
        decided = dict(zip(self._model.classes, self._decided.tolist(), strict=True))
        return Predicted(n, written, decided, self._unfamiliar if self._compared else None)


def _all(
    model: SavedModel, parts: Iterable[FloatMatrix], ids: Iterator[str]
) -> Iterator[Predictions]:
    for scores in parts:
        yield _predictions(model, list(islice(ids, len(scores))), scores)


def _likeliest(
    parts: Iterable[FloatMatrix], position: int, above: float
) -> tuple[Rows, FloatMatrix]:
    """Rows whose probability of a class is high enough, the highest first, and their scores."""
    rows, found, start = [np.zeros(0, dtype=np.int64)], [], 0
    for scores in parts:
        own = np.flatnonzero(scores[:, position] >= above)
        rows.append(own + start)
        found.append(scores[own])
        start += len(scores)
    if not found:
        return rows[0], np.zeros((0, 1), dtype=np.float32)
    joined, scores = np.concatenate(rows), np.concatenate(found)
    order = np.argsort(-scores[:, position], kind="stable")
    return joined[order], scores[order]


def _ids_of(rows: Rows, ids: Iterator[str]) -> list[str]:
    wanted = dict.fromkeys(rows.tolist(), "")
    for row, id_ in enumerate(ids):
        if row in wanted:
            wanted[row] = id_
    return list(wanted.values())


def _predictions(model: SavedModel, ids: Sequence[str], scores: FloatMatrix) -> Predictions:
    probabilities, marks = scores[:, :-1], scores[:, -1]
    unfamiliar = None if np.isnan(marks).any() else marks == 1
    return Predictions(ids, probabilities, model.decide(probabilities), unfamiliar)


def _position(model: SavedModel, shortlist: ShortList) -> int:
    if shortlist.class_name not in model.classes:
        raise UnknownClassError(
            f"the model in {model.folder} does not know the class {shortlist.class_name!r}; it knows: "
            f"{', '.join(model.classes)}"
        )
    return model.classes.index(shortlist.class_name)
