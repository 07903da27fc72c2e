"""A pool of which a part is labelled, a model of it, and somebody who knows the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from classemb_index import EmbeddingIndex, LabelStore, Pool, open_annotated
from classemb_index.experiments.training import train
from classemb_index.labels.annotation import answers_to
from classemb_index.models.saved import SavedModel
from tests.support.pools import topic_records, topic_vectors

CLASSES = {"frequent": ["a", "b"], "rare": ["c"]}


@dataclass(frozen=True)
class Scene:
    """An index, a model, and the truth.

    Attributes:
        index: its folder.
        model: trained on the labelled documents.
        truth: class names by document, of all.
        labelled: ids of the documents that the source labels.
    """

    index: Path
    model: SavedModel
    truth: dict[str, tuple[str, ...]]
    labelled: frozenset[str]

    def answer(self, ids: Iterable[str]) -> None:
        """Writes the true labels of these documents into the store."""
        names = [name for group in CLASSES.values() for name in group]
        answers = [said for id_ in ids for said in answers_to(id_, self.truth[id_], names)]
        LabelStore(self.index).record(answers)

    def fill(self, path: Path, ids: Iterable[str]) -> None:
        """Writes a filled batch as a person leaves it."""
        rows = "".join(f"{id_},{'; '.join(self.truth[id_]) or '-'}\n" for id_ in ids)
        path.write_text("id,labels\n" + rows, encoding="utf-8")


def scene(folder: Path, n: int = 400, labelled: int = 60) -> Scene:
    """Documents of the train split; the first of them are labelled, and a probe learned from them."""
    folder.mkdir(exist_ok=True)
    records = [record._replace(split="train") for record in topic_records(n)]
    truth = {record.id: tuple(record.labels or ()) for record in records}
    vectors = topic_vectors(Pool.from_records(records, classes=CLASSES))
    hidden = [r if i < labelled else r._replace(labels=None) for i, r in enumerate(records)]
    pool = Pool.from_records(hidden, name="scene", classes=CLASSES)
    EmbeddingIndex.build(pool, None, folder / "index", embeddings=vectors)
    index, annotation = open_annotated(folder / "index")
    model = train(index, annotation.labelled(), folder / "model")
    first = frozenset(record.id for record in records[:labelled])
    return Scene(folder / "index", model, truth, first)
