"""The pool: documents with ids, texts, labels that may be unknown, and splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import BoolMatrix, Mask, Rows, blocks
from ..errors import RequestError, SourceError, UnknownClassError
from .classes import Classes, checked_classes
from .documents import DocumentsFile, Record, StoredTexts, facts_table, write_documents
from .findings import Findings
from .matching import matched
from .notes import pool_notes
from .recipes import CLASSES, Recipe, find_recipe

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 512  # texts that are held at once while they are written


@dataclass(frozen=True)
class Pool:
    """Documents that can be searched and selected, row for row.

    Attributes:
        name: what the pool is called; names its index folder.
        source: where it was read from, as the user wrote it.
        ids: n unique strings.
        texts: n strings; read from disk on demand when the pool is large.
        classes: q class names; a class's position is its number everywhere.
        labels: (n, q); all False in rows whose labels are unknown.
        is_known: (n,) True where anything is known of a document's labels.
        splits: (n,) strings, "train", "dev", "test" or "" for none.
        groups: "frequent" and "rare" to class names, where they were declared.
        cells: (n, q) True where it is known whether the document has the class; None where that is
            known for all classes of a known document.
        former_names: names that a class had before, to its present one.
        descriptions: class names to texts that are embedded in their place.
        notes: what a reader should know of how it was read, a sentence each; none of a stored pool.
        is_practice: the source's labels are hidden.
    """

    name: str
    source: str
    ids: Sequence[str]
    texts: Sequence[str]
    classes: tuple[str, ...]
    labels: BoolMatrix
    is_known: Mask
    splits: np.ndarray[tuple[int], np.dtype[np.str_]]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cells: BoolMatrix | None = None
    former_names: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    is_practice: bool = False

    @classmethod
    def read(
        cls,
        source: str | Path | Recipe,
        *,
        classes: Classes | None = None,
        drop_unclassed: bool = False,
        drop_other_labels: bool = False,
        limit: int | None = None,
    ) -> Pool:
        """The pool at `source`: a recipe or its name, a file, a native folder or hub:NAME.

        The source is streamed once into a temporary Parquet file (in $TMPDIR), so its
        texts are never held whole in memory; ids and labels are.

        Args:
            source: anything that `classemb-index build` takes.
            classes: {"frequent": [...], "rare": [...]} or a list; other labels are dropped.
                None takes the recipe's classes, or all labels in alphabetical order.
            drop_unclassed: leave out documents known to have none of the classes, as a recipe
                may say too.
            drop_other_labels: a document whose labels are all no class is known to have none
                of the classes, as a recipe may say too; else it is unknown, and a note says so.
            limit: read the first `limit` documents only.

        Raises:
            SourceError: a record or the source is wrong (names the line).
            RecipeError: the recipe is wrong.
        """
        recipe, found = source if isinstance(source, Recipe) else find_recipe(source), Findings()
        return cls.from_records(
            recipe.records(classes, found),
            name=recipe.name,
            source=recipe.source,
            classes=recipe.classes if classes is None else classes,
            drop_unclassed=drop_unclassed or recipe.drop_unclassed,
            drop_other_labels=drop_other_labels or recipe.drop_other_labels,
            limit=limit,
            found=found,
            skip_bad=recipe.reading.skip_bad,
        )

    @classmethod
    def from_records(
        cls,
        records: Iterable[Record],
        *,
        name: str = "pool",
        source: str = "records",
        classes: Classes | None = None,
        drop_unclassed: bool = False,
        drop_other_labels: bool = False,
        limit: int | None = None,
        found: Findings | None = None,
        skip_bad: bool = False,
    ) -> Pool:
        """The pool of these records, in their order.

        Args:
            records: read once, never held whole.
            name: what the pool is called.
            source: where the records came from.
            classes: as for `read`.
            drop_unclassed: as for `read`.
            drop_other_labels: as for `read`.
            limit: keep the first `limit` documents only.
            found: what was counted while the records were read; becomes the pool's notes.
            skip_bad: go on past records that are wrong, with a note.

        Raises:
            SourceError: an id occurs twice, or there is no record.
            RecipeError: a class is named twice.
        """
        found = Findings() if found is None else found
        groups, declared = checked_classes(classes or {}, CLASSES)
        kept = matched(
            records,
            declared,
            found,
            drop_unclassed=drop_unclassed,
            drop_other_labels=drop_other_labels,
            skip_bad=skip_bad,
        )
        file = DocumentsFile.temporary(islice(kept, limit))
        pool = read_documents(file, name=name, source=source, classes=declared, groups=groups)
        if not len(pool):
            raise SourceError(f"{source} has no document to index; {found.why_nothing(declared)}")
        notes = pool_notes(
            pool.classes, pool.labels, pool.is_known, pool.splits, found, declared=bool(declared)
        )
        return replace(pool, notes=notes)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """Each id's row."""
        return {id_: row for row, id_ in enumerate(self.ids)}

    @cached_property
    def selectable(self) -> Mask:
        """(n,) True for documents to search and select from: the train split, and no split."""
        return np.asarray((self.splits == "train") | (self.splits == ""), dtype=bool)

    @property
    def known(self) -> BoolMatrix:
        """(n, q) True where it is known whether the document has the class; takes no memory of its own."""
        if self.cells is not None:
            return self.cells
        return np.broadcast_to(self.is_known[:, None], self.labels.shape)

    @cached_property
    def is_complete(self) -> Mask:
        """(n,) True where it is known of every class whether the document has it."""
        return self.is_known if self.cells is None else np.asarray(self.cells.all(axis=1))

    @cached_property
    def answerable(self) -> Mask:
        """(n,) True for selectable documents known for all classes: an oracle can answer for them."""
        return self.selectable & self.is_complete

    def with_labels(self, **changes: Any) -> Pool:
        """The same documents with other labels or classes, as the fields say.

        What was worked out of ids and splits is taken over: a million ids are looked up at once.
        """
        other = replace(self, **changes)
        for name in ("row_of", "selectable"):
            if name in vars(self):
                vars(other)[name] = vars(self)[name]
        return other

    def for_practice(self) -> Pool:
        """The same documents and classes with no label known: to be labelled again, for practice."""
        nothing = np.zeros(len(self), dtype=bool)
        labels = np.zeros_like(self.labels)
        return self.with_labels(labels=labels, is_known=nothing, cells=None, is_practice=True)

    def rows(self, split: str) -> Rows:
        """Rows of "train", "dev" or "test", rising."""
        return np.flatnonzero(self.splits == split)

    def known_rows(self, split: str) -> Rows:
        """Rows of a split that are known for all classes, rising."""
        return np.flatnonzero((self.splits == split) & self.is_complete)

    def text(self, row: int) -> str:
        """One document's text."""
        return self.texts[row]

    def texts_of(self, rows: Rows | range) -> list[str]:
        """The texts of these rows, in their order."""
        if isinstance(self.texts, StoredTexts):
            return self.texts.take(rows)
        return [self.texts[int(row)] for row in rows]

    def known_labels(self, row: int) -> list[str] | None:
        """The classes that one document is known to have; None where nothing is known of it."""
        if not self.is_known[row]:
            return None
        return [self.classes[c] for c in np.flatnonzero(self.labels[row])]

    def records(self) -> Iterator[Record]:
        """The documents one at a time, their labels in the order of the classes.

        A record's labels say no to all other classes, so it has none where a class is unknown.
        """
        for part in blocks(len(self), BLOCK):
            rows = range(part.start, part.stop)
            for row, text in zip(rows, self.texts_of(rows), strict=True):
                names = self._complete_labels(row)
                labels = None if names is None else tuple(names)
                yield Record(self.ids[row], text, labels, str(self.splits[row]) or None)

    def save(self, path: Path, before: pa.Buffer | None = None) -> bool:
        """Write the pool's documents file; where it was read from one that says the same, a copy.

        Args:
            path: of the file.
            before: the bytes of another; where a copy would be the same, nothing is written.

        Returns:
            True when the file was written.
        """
        facts = facts_table(self.ids, self.classes, self.labels, self.is_complete, self.splits)
        content = self.texts.content(facts) if isinstance(self.texts, StoredTexts) else None
        if content is None:
            write_documents(path, self.records())
        elif before is not None and content.equals(before):
            return False
        else:
            path.write_bytes(content)
        return True

    def _complete_labels(self, row: int) -> list[str] | None:
        """One document's classes, or None where not all of them are known."""
        return self.known_labels(row) if self.is_complete[row] else None

    def class_position(self, name: str) -> int:
        """The position of the class that has this name, or had it before.

        Raises:
            UnknownClassError: there is none; the message names the choices.
        """
        name = self.former_names.get(name, name)
        if name not in self.classes:
            raise UnknownClassError(
                f"no class {name!r}; the pool has: {', '.join(self.classes) or 'none'}"
            )
        return self.classes.index(name)

    def document_row(self, id_: str) -> int:
        """The row of the document of this id.

        Raises:
            RequestError: there is none.
        """
        row = self.row_of.get(id_)
        if row is None:
            raise RequestError(f"no document {id_!r} in the pool")
        return row

    def labelled_rows(self, ids: Iterable[str]) -> Rows:
        """Rows of these ids, rising, each once.

        Raises:
            RequestError: an id is not in the pool, not selectable, or its labels are unknown.
        """
        rows = set()
        for id_ in ids:
            row = self.row_of.get(id_)
            if row is None:
                raise RequestError(
                    f"no document {id_!r} in the pool; labelled ids must be the pool's"
                )
            if not self.selectable[row]:
                raise RequestError(
                    f"document {id_!r} is in the {self.splits[row]} split, which serves the "
                    "classifier only; take labelled ids from the train split"
                )
            if not self.is_known[row]:
                raise RequestError(f"document {id_!r} has no known labels; add them to the source")
            rows.add(row)
        return np.array(sorted(rows), dtype=np.int64)


def read_documents(
    file: DocumentsFile,
    *,
    name: str,
    source: str,
    classes: Sequence[str],
    groups: Mapping[str, tuple[str, ...]],
) -> Pool:
    """The pool in a documents file; no `classes` means all labels, alphabetically."""
    import pyarrow.compute as pc

    table = file.facts()
    column = table["labels"].combine_chunks()
    names = pc.list_flatten(column)
    if not classes:
        classes = sorted(pc.unique(names).to_pylist())
    labels = np.zeros((len(table), len(classes)), dtype=bool)
    if len(classes):
        import pyarrow as pa

        positions = pc.index_in(names, value_set=pa.array(classes, pa.string()))
        rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        is_class = positions.is_valid().to_numpy(zero_copy_only=False)
        places = positions.fill_null(0).to_numpy(zero_copy_only=False)
        labels[rows[is_class], places[is_class]] = True
    splits = table["split"].fill_null("").to_numpy().astype(np.str_)
    return Pool(
        name=name,
        source=source,
        ids=table["id"].to_pylist(),
        texts=file,
        classes=tuple(classes),
        labels=labels,
        is_known=table["labels"].is_valid().to_numpy(),
        splits=splits,
        groups=groups,
    )
