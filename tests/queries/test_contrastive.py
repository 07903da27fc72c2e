"""Tuning the encoder on labelled pairs: the pairs, the tuned encoder, and the index kept of it."""

from __future__ import annotations

import errno
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from classemb_index.errors import EmptyClassError, IndexFolderError, MissingExtraError, RequestError
from classemb_index.index.index import EmbeddingIndex
from classemb_index.labels.labelled import LabelledSet, labelled_set
from classemb_index.models.encoder import SentenceBertEncoder
from classemb_index.models.tuning import TuningSettings, contrastive_pairs, tune_encoder
from classemb_index.pool.demo import demo_records
from classemb_index.pool.documents import Record
from classemb_index.pool.pool import Pool
from classemb_index.queries import contrastive
from classemb_index.queries.contrastive import query_tuned, tuned_index
from classemb_index.queries.search import query_classes
from classemb_index.watch import Watcher
from tests.support.places import minilm_or_skip
from tests.support.watchers import Recorder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOPICS = {"fruit": ["apple", "pear", "plum"], "metal": ["iron", "zinc", "tin"]}
SPLITS = ("train", "train", "train", "train", "dev", None)
QUICK = TuningSettings(per_document=4, batch_size=8, learning_rate=3e-3)
FRUIT, METAL, BOTH, NONE = (True, False), (False, True), (True, True), (False, False)


def pairs_of(
    labels: Sequence[Sequence[bool]] | np.ndarray, per_document: int = 3, seed: int = 0
) -> list[tuple[int, int, bool]]:
    rng = np.random.default_rng(seed)
    found = contrastive_pairs(np.array(labels, dtype=bool), per_document, rng)
    return list(zip(*(part.tolist() for part in found), strict=True))


def random_labels(seed: int, n: int = 30, q: int = 4) -> np.ndarray:
    """Some documents have several classes, some none."""
    return np.random.default_rng(seed).random((n, q)) < 0.25


def topic_texts() -> list[Record]:
    """24 documents of three words: on fruit, on metal, on both, on nothing."""
    rng = np.random.default_rng(0)
    records = []
    for i in range(24):
        labels = (("fruit",), ("metal",), ("fruit",), ("metal",), ("fruit", "metal"), ())[i % 6]
        words = [word for name in labels for word in TOPICS[name]] or ["sun", "rain", "wind"]
        known = labels if i < 22 else None
        text = " ".join(rng.permutation(words)[:3])
        records.append(Record(f"t{i}", text, known, SPLITS[i // 2 % 6]))
    return records


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Sentence-BERT of 14 words with random weights, by its folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    words = [*SPECIAL, *TOPICS["fruit"], *TOPICS["metal"], "sun", "rain", "wind"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(
        vocab_size=len(words), intermediate_size=16, max_position_embeddings=16, **sizes
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def index(tiny: str, tmp_path: Path) -> EmbeddingIndex:
    """The documents of `topic_texts`, embedded by the tiny model, which reads 8 tokens."""
    return topic_index(tiny, tmp_path / "topics")


@pytest.fixture(scope="module")
def tuned_once(
    tiny: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EmbeddingIndex, EmbeddingIndex]:
    """Such an index and its tuned index, which no test changes."""
    index = topic_index(tiny, tmp_path_factory.mktemp("once") / "topics")
    return index, tuned_index(index, labelled_of(index), settings=QUICK)


def topic_index(tiny: str, folder: Path) -> EmbeddingIndex:
    pytest.importorskip("datasets", reason="needs the 'hub' extra")
    pool = Pool.from_records(topic_texts(), name="topics", classes={"rare": ["metal", "fruit"]})
    encoder = SentenceBertEncoder(tiny, device="cpu", max_length=8)
    return EmbeddingIndex.build(pool, encoder, folder, "exact", paper={"a": 1}, device="cpu")


@pytest.fixture
def tuned(
    tuned_once: tuple[EmbeddingIndex, EmbeddingIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked to be tuned is tuned already."""
    monkeypatch.setattr(contrastive, "tuned_index", lambda *rest, **named: tuned_once[1])


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folder of every tuning that is finished."""
    finished: list[Path] = []

    def noted(
        encoder: SentenceBertEncoder,
        texts: list[str],
        labels: np.ndarray,
        folder: Path,
        **rest: Any,
    ) -> SentenceBertEncoder:
        encoder = tune_encoder(encoder, texts, labels, folder, **rest)
        finished.append(folder)
        return encoder

    monkeypatch.setattr(contrastive, "tune_encoder", noted)
    return finished


def tuned_on(
    labelled: LabelledSet, index: EmbeddingIndex, folder: Path, seed: int = 0
) -> SentenceBertEncoder:
    texts = index.pool.texts_of(labelled.rows)
    encoder = index.load_encoder()
    return tune_encoder(encoder, texts, labelled.labels, folder, seed=seed, settings=QUICK)


def labelled_of(index: EmbeddingIndex, n: int = 14) -> LabelledSet:
    rows = np.flatnonzero(index.pool.selectable & index.pool.is_known)
    return labelled_set(index.pool, rows[:n], "the first")


def spread(embeddings: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cosine similarity of documents that share a class, and of those that share none."""
    same = (labels.astype(int) @ labels.T.astype(int)) > 0
    cosines = embeddings @ embeddings.T
    others = ~np.eye(len(labels), dtype=bool)
    return float(cosines[same & others].mean()), float(cosines[~same].mean())


@pytest.mark.parametrize("seed", range(5))
def test_a_positive_pair_shares_a_class_and_a_negative_pair_shares_none(seed: int) -> None:
    labels = random_labels(seed)
    classes_of = [set(np.flatnonzero(row).tolist()) for row in labels]
    found = pairs_of(labels, seed=seed)
    for first, second, is_positive in found:
        assert first != second
        assert bool(classes_of[first] & classes_of[second]) == is_positive
        assert classes_of[first] | classes_of[second]  # two without a class are no pair


@pytest.mark.parametrize("seed", range(5))
def test_there_are_as_many_positive_as_negative_pairs_and_positive_ones_come_first(
    seed: int,
) -> None:
    marks = [is_positive for *_, is_positive in pairs_of(random_labels(seed))]
    half = len(marks) // 2
    assert half and marks == [True] * half + [False] * half


def test_a_document_is_the_first_of_as_many_pairs_of_each_kind_as_asked_for() -> None:
    found = pairs_of([FRUIT, FRUIT, METAL, METAL], per_document=5)
    counts = Counter((first, is_positive) for first, _, is_positive in found)
    assert counts == {(first, kind): 5 for first in range(4) for kind in (True, False)}


def test_the_larger_kind_of_pairs_is_thinned_to_the_size_of_the_smaller() -> None:
    found = pairs_of([FRUIT, FRUIT, METAL, *[NONE] * 5], per_document=4)
    positives = [(first, second) for first, second, is_positive in found if is_positive]
    assert positives == [(0, 1)] * 4 + [(1, 0)] * 4
    assert len(found) == 16


def test_a_rare_class_gives_as_many_positive_pairs_as_the_frequent_one_beside_it() -> None:
    found = pairs_of([BOTH, METAL, *[FRUIT] * 8, NONE], per_document=1000)
    seconds = [second for first, second, is_positive in found if first == 0 and is_positive]
    assert 420 <= seconds.count(1) / len(seconds) * 1000 <= 580


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others() -> None:
    labels = random_labels(0)
    assert pairs_of(labels, seed=1) == pairs_of(labels, seed=1) != pairs_of(labels, seed=2)


@pytest.mark.parametrize("labels", [[FRUIT, METAL], [FRUIT, NONE], [NONE, NONE], [BOTH]])
def test_labels_without_a_positive_pair_are_refused(labels: Sequence[Sequence[bool]]) -> None:
    with pytest.raises(RequestError) as error:
        pairs_of(labels)
    assert str(error.value) == (
        f"no two of the {len(labels)} labelled documents share a class, so there is no positive pair "
        "to tune the encoder with; label a second document of a class"
    )


@pytest.mark.parametrize("labels", [[FRUIT, FRUIT], [FRUIT, BOTH, BOTH]])
def test_labels_without_a_negative_pair_are_refused(labels: Sequence[Sequence[bool]]) -> None:
    with pytest.raises(RequestError) as error:
        pairs_of(labels)
    assert str(error.value) == (
        f"no two of the {len(labels)} labelled documents differ in all their classes, so there is no "
        "negative pair to tune the encoder with; label a document of another class, or of none"
    )


def test_an_empty_labelled_set_and_no_pairs_per_document_are_refused() -> None:
    with pytest.raises(RequestError) as error:
        contrastive_pairs(np.zeros((0, 2), dtype=bool), 3, np.random.default_rng(0))
    assert str(error.value).startswith("no two of the 0 labelled documents share a class, ")
    with pytest.raises(RequestError) as error:
        pairs_of([FRUIT, FRUIT, METAL], per_document=0)
    assert str(error.value) == "asked for 0 pairs per document; ask for 1 or more"


def test_a_tuned_encoder_is_another_one_that_loads_from_its_folder(
    tuned_once: tuple[EmbeddingIndex, EmbeddingIndex],
) -> None:
    index, tuned = (each.manifest for each in tuned_once)
    assert tuned.encoder.fingerprint != index.encoder.fingerprint
    assert (tuned.dim, tuned.encoder.max_length) == (16, 8)
    encoder = SentenceBertEncoder(str(tuned.encoder.name), device="cpu")  # as it was saved
    assert (encoder.fingerprint, encoder.max_length) == (tuned.encoder.fingerprint, 8)


def test_the_same_seed_tunes_the_same_encoder_and_another_seed_another(
    tuned_once: tuple[EmbeddingIndex, EmbeddingIndex], tmp_path: Path
) -> None:
    index, tuned = tuned_once
    same, other = (
        tuned_on(labelled_of(index), index, tmp_path / str(seed), seed) for seed in (0, 1)
    )
    assert same.fingerprint == tuned.manifest.encoder.fingerprint != other.fingerprint


def test_tuning_prints_nothing_and_leaves_nothing_but_the_encoder(
    index: EmbeddingIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    tuned_on(labelled_of(index), index, tmp_path / "tuned")
    assert capfd.readouterr() == ("", "")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "tuned"}
    assert not list((tmp_path / "tuned").rglob("*checkpoint*"))


def test_a_tuned_index_draws_a_class_together_and_others_apart(
    tuned_once: tuple[EmbeddingIndex, EmbeddingIndex],
) -> None:
    index, tuned = tuned_once
    rows = np.flatnonzero(index.pool.is_known)
    same, apart = spread(index.embeddings(rows), index.pool.labels[rows])
    tuned_same, tuned_apart = spread(tuned.embeddings(rows), index.pool.labels[rows])
    assert tuned_same - tuned_apart > same - apart + 0.2


@pytest.mark.model
def test_a_tuned_minilm_draws_the_classes_of_the_demo_together(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the 'hub' extra")
    pool = Pool.from_records(islice(demo_records(), 24), name="demo")
    encoder = SentenceBertEncoder(minilm_or_skip(), device="cpu", max_length=32)
    index = EmbeddingIndex.build(pool, encoder, tmp_path / "demo", device="cpu")
    labelled = labelled_set(pool, np.flatnonzero(pool.selectable), "all")
    settings = TuningSettings(per_document=1, learning_rate=1e-4)
    tuned = tuned_index(index, labelled, settings=settings)
    same, apart = spread(index.embeddings(labelled.rows), labelled.labels)
    tuned_same, tuned_apart = spread(tuned.embeddings(labelled.rows), labelled.labels)
    assert tuned_same - tuned_apart > same - apart


def test_a_tuned_index_has_the_rows_and_labels_of_the_index(
    tuned_once: tuple[EmbeddingIndex, EmbeddingIndex],
) -> None:
    index, tuned = tuned_once
    for name in ("name", "source", "classes", "groups"):
        assert getattr(tuned.pool, name) == getattr(index.pool, name)
    assert list(tuned.pool.ids) == list(index.pool.ids)
    assert tuned.pool.texts_of(range(24)) == index.pool.texts_of(range(24))
    for name in ("labels", "is_known", "splits", "selectable"):
        np.testing.assert_array_equal(getattr(tuned.pool, name), getattr(index.pool, name))
    assert (tuned.manifest.backend, tuned.manifest.paper, tuned.device) == (
        "exact",
        {"a": 1},
        "cpu",
    )
    assert tuned.manifest.encoder.fingerprint != index.manifest.encoder.fingerprint
    assert tuned.name_vectors is not None and tuned.name_vectors.shape == (2, 16)
    assert len(tuned.verify()) == len(index.verify()) == 3


def test_the_second_call_opens_what_the_first_one_kept(
    index: EmbeddingIndex, trainings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*rest: object, **named: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    told = Recorder()
    labelled = labelled_of(index)
    first = tuned_index(index, labelled, settings=QUICK, watch=told)
    assert told.counts == [(0, 24), (24, 24)]
    monkeypatch.setattr(filelock.FileLock, "acquire", refused)  # nothing needs to be written
    monkeypatch.setattr(EmbeddingIndex, "load_encoder", refused)
    second = tuned_index(EmbeddingIndex.open(index.folder), labelled, settings=QUICK)
    np.testing.assert_array_equal(second.embeddings(), first.embeddings())
    assert second.folder == first.folder and len(trainings) == 1
    assert index.folder / "cache" in second.folder.parents


def test_other_labels_rows_settings_and_seeds_have_folders_of_their_own(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder_of(labelled: LabelledSet, seed: int = 0, **settings: int) -> Path:
        return contrastive._folder(index, labelled, seed, TuningSettings(**settings))

    labelled = labelled_of(index)
    swapped = LabelledSet(
        labelled.rows, labelled.labels[:, ::-1].copy(), labelled.unlabelled, "swapped"
    )
    renamed = LabelledSet(labelled.rows, labelled.labels, labelled.unlabelled, "renamed")
    folders = [
        folder_of(labelled),
        folder_of(labelled_of(index, 13)),
        folder_of(swapped),
        folder_of(labelled, seed=1),
        folder_of(labelled, per_document=1),
    ]
    assert len(set(folders)) == 5
    assert folder_of(renamed) == folders[0]  # how it was chosen changes nothing


@pytest.mark.parametrize("where", ["while it trains", "while it embeds"])
def test_an_interrupted_tuning_is_not_taken_for_a_finished_one(
    index: EmbeddingIndex, trainings: list[Path], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    import sentence_transformers

    def interrupted(*rest: object) -> None:
        raise KeyboardInterrupt

    class Interrupting(Watcher):
        def progress(self, done: int, total: int) -> None:
            raise KeyboardInterrupt

    labelled = labelled_of(index)
    with monkeypatch.context() as patch:
        if where == "while it trains":
            patch.setattr(sentence_transformers.SentenceTransformerTrainer, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tuned_index(index, labelled, settings=QUICK, watch=Interrupting())
    trainings.clear()
    tuned = tuned_index(index, labelled, settings=QUICK)
    assert len(trainings) == 1
    assert len(tuned.verify()) == 3
    found = SentenceBertEncoder(str(trainings[0]), device="cpu")
    assert found.fingerprint == tuned.manifest.encoder.fingerprint


def test_a_damaged_tuned_index_is_made_again(index: EmbeddingIndex, trainings: list[Path]) -> None:
    labelled = labelled_of(index)
    tuned = tuned_index(index, labelled, settings=QUICK)
    tuned.path_of("vectors.npy").write_bytes(b"")
    assert len(tuned_index(index, labelled, settings=QUICK).verify()) == 3
    assert len(trainings) == 2


def test_an_index_folder_that_cannot_be_written_is_one_error(index: EmbeddingIndex) -> None:
    (index.folder / "cache").write_text("a file, not a folder")
    with pytest.raises(IndexFolderError) as error:
        tuned_index(index, labelled_of(index), settings=QUICK)
    assert str(error.value) == (
        f"the index in {index.folder} cannot be written (File exists), and a tuned encoder and its "
        "vectors are kept there; copy the index to a folder of your own, or choose another --method"
    )


def test_without_datasets_tuning_names_the_extra(
    index: EmbeddingIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError) as error:
        tuned_index(index, labelled_of(index), settings=QUICK)
    assert str(error.value) == (
        "tuning an encoder needs 'datasets', which is not installed; "
        "run: pip install 'classemb-index[hub]'"
    )


def test_an_index_of_given_vectors_has_no_encoder_to_tune(
    index_of: Callable[..., EmbeddingIndex],
) -> None:
    pytest.importorskip("datasets", reason="needs the 'hub' extra")
    found = index_of(topic_texts(), np.ones((24, 2)))
    with pytest.raises(RequestError) as error:
        tuned_index(found, labelled_of(found), settings=QUICK)
    assert str(error.value) == (
        f"the index in {found.folder} has no encoder, its vectors were given, so no text can be "
        "compared with them; build it again with --encoder beside --embeddings"
    )


def test_a_contrastive_query_asks_the_tuned_index_by_centroids(
    index: EmbeddingIndex, tuned_once: tuple[EmbeddingIndex, EmbeddingIndex], tuned: None
) -> None:
    labelled = labelled_of(index)
    found = query_tuned(index, [1, 0], labelled, k=3)
    own = query_classes(tuned_once[1], [1, 0], labelled, k=3)
    assert (found.method, found.k, found.labelled) == ("contrastive", 3, labelled)
    for one, two in zip(found.classes, own.classes, strict=True):
        assert (one.method, one.why) == ("contrastive", None)
        assert (one.position, one.n_labelled) == (two.position, two.n_labelled)
        assert one.neighbours is not None and two.neighbours is not None
        np.testing.assert_array_equal(one.neighbours.rows, two.neighbours.rows)
        np.testing.assert_array_equal(one.neighbours.scores, two.neighbours.scores)


def test_nothing_is_tuned_for_classes_without_a_labelled_document(
    index: EmbeddingIndex, trainings: list[Path]
) -> None:
    labelled = labelled_set(index.pool, np.array([0, 2]), "by hand")  # both on fruit
    with pytest.raises(EmptyClassError) as error:
        query_tuned(index, [index.pool.class_position("metal")], labelled, k=1)
    assert str(error.value) == (
        "no labelled document of metal among 2 (by hand), so there is nothing that contrastive could "
        "search by; label one, use a larger --labelled-size, or --method label-name"
    )
    assert not trainings


def test_contrastive_is_no_method_of_the_index_itself(index: EmbeddingIndex) -> None:
    with pytest.raises(RequestError) as error:
        query_classes(index, [0], labelled_of(index), k=1, method="contrastive")
    assert str(error.value).startswith("no query method 'contrastive'; there are: auto, centroid, ")
