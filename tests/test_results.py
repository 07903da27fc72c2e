"""The run folder: what is in it, going on after an interruption, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import topic_records, topic_vectors
from filelock import FileLock

from classemb_index import (
    BertSettings,
    EmbeddingIndex,
    Pool,
    ProbeClassifier,
    Record,
    RoundResult,
    Schedule,
    simulate,
)
from classemb_index.errors import RequestError, RunError
from classemb_index.results import (
    Curve,
    learning_curves,
    make_classifier,
    read_rounds,
    read_summary,
    run_simulation,
)

BOTH = ["random", "class-embedding"]
SMALL = Schedule(initial=10, batch=10, budget=30)  # three rounds


class Counting(ProbeClassifier):
    """A probe that counts how often it is trained."""

    fits = 0

    def fit(self, *arguments: Any, **named: Any) -> int:
        self.fits += 1
        return super().fit(*arguments, **named)


def run(
    folder: Path,
    index: EmbeddingIndex,
    strategies: Sequence[str] = BOTH,
    seeds: Sequence[int] = (0, 1),
    schedule: Schedule = SMALL,
    classifier: ProbeClassifier | None = None,
) -> list[RoundResult]:
    classifier = classifier or ProbeClassifier(index.embeddings())
    return list(run_simulation(folder, index, strategies, seeds, classifier, schedule))


def without_seconds(results: Sequence[RoundResult]) -> list[dict[str, Any]]:
    return [asdict(replace(result, seconds={})) for result in results]


def refusal(folder: Path, index: EmbeddingIndex, **options: Any) -> str:
    with pytest.raises(RunError) as error:
        run(folder, index, **options)
    return str(error.value)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    pool = Pool.from_records(topic_records(), name="toy")
    folder = tmp_path_factory.mktemp("index") / "toy"
    return EmbeddingIndex.build(pool, None, folder, embeddings=topic_vectors(pool))


@pytest.fixture(scope="module")
def whole(index: EmbeddingIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run: 2 strategies, 2 seeds, 3 rounds."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    run(folder, index)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run will be."""
    return tmp_path / "runs" / "toy"


@pytest.fixture
def finished(whole: Path, folder: Path) -> Path:
    """The same place, with a copy of the uninterrupted run."""
    shutil.copytree(whole, folder)
    return folder


# the keys of the contract; more may be added
ROUND_KEYS = {
    "strategy",
    "seed",
    "round",
    "n_labelled",
    "macro_f1",
    "micro_f1",
    "f1",
    "labelled_counts",
    "selected",
    "seconds",
}


def test_a_run_folder_holds_settings_rounds_summary_and_curves(finished: Path) -> None:
    names = {path.name for path in finished.iterdir() if not path.name.startswith(".")}
    assert names == {"config.json", "rounds.jsonl", "summary.json", "curves.png", "curves.svg"}


def test_a_line_of_the_rounds_has_the_keys_of_the_contract(finished: Path) -> None:
    results = read_rounds(finished)
    lines = (finished / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(results) == 12
    for line, result in zip(lines, results, strict=True):
        found = json.loads(line)
        assert set(found) >= ROUND_KEYS
        assert list(found["f1"]) == list(found["labelled_counts"]) == ["a", "b", "c"]
        assert set(found["seconds"]) == {"train", "predict", "select"}
        assert found == asdict(result)


def test_rounds_are_those_of_the_simulation_itself(index: EmbeddingIndex, whole: Path) -> None:
    plain = simulate(index, BOTH, [0, 1], ProbeClassifier(index.embeddings()), SMALL)
    assert without_seconds(read_rounds(whole)) == without_seconds(list(plain))


def test_rounds_read_back_are_those_that_were_given(index: EmbeddingIndex, folder: Path) -> None:
    assert run(folder, index, ["random"], [0]) == read_rounds(folder)


def test_config_says_what_the_results_depend_on(index: EmbeddingIndex, finished: Path) -> None:
    config = json.loads((finished / "config.json").read_text(encoding="utf-8"))
    assert config["classifier"] == {"model": "probe", "c": 1.0, "class_weight": "balanced"}
    assert config["schedule"] == {"initial": 10, "batch": 10, "budget": 30, "dev_size": None}
    assert config["index"]["n"] == 120
    manifest = json.loads((index.folder / "manifest.json").read_text(encoding="utf-8"))
    assert config["index"]["vectors"] == manifest["files"]["vectors.npy"]["sha256"]
    assert config["versions"]["numpy"] == np.__version__


def test_a_round_is_on_disk_before_the_next_one_is_trained(
    index: EmbeddingIndex, folder: Path
) -> None:
    started = run_simulation(folder, index, BOTH, [0], ProbeClassifier(index.embeddings()), SMALL)
    for number, _ in enumerate(started, start=1):
        assert len(read_rounds(folder)) == number


@pytest.mark.parametrize("rounds", [0, 1, 4, 11])
def test_a_run_that_was_stopped_goes_on_to_the_same_rounds(
    index: EmbeddingIndex, whole: Path, folder: Path, rounds: int
) -> None:
    started = run_simulation(
        folder, index, BOTH, [0, 1], ProbeClassifier(index.embeddings()), SMALL
    )
    list(islice(started, rounds))
    started.close()
    assert not (folder / "summary.json").exists()
    classifier = Counting(index.embeddings())
    again = run(folder, index, classifier=classifier)
    assert classifier.fits == 12 - rounds
    assert without_seconds(again) == without_seconds(read_rounds(whole))
    assert read_rounds(folder) == again
    assert (folder / "summary.json").read_text() == (whole / "summary.json").read_text()


@pytest.mark.parametrize(
    ("complete", "share"), [(0, 0.5), (1, 0.0), (1, 0.5), (5, 0.999), (11, 0.5)]
)
def test_a_line_that_was_cut_in_the_middle_is_run_again(
    index: EmbeddingIndex, finished: Path, complete: int, share: float
) -> None:
    whole = read_rounds(finished)
    lines = (finished / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    cut = lines[complete][: int(len(lines[complete]) * share)]
    (finished / "rounds.jsonl").write_bytes(b"".join(lines[:complete]) + cut)
    (finished / "summary.json").unlink()
    assert len(read_rounds(finished)) == complete
    again = run(finished, index)
    assert without_seconds(again) == without_seconds(whole)
    assert read_rounds(finished) == again
    kept = (finished / "rounds.jsonl").read_bytes().splitlines(keepends=True)
    assert kept[:complete] == lines[:complete]


@pytest.fixture
def accented(toy_pool: Pool, tmp_path: Path) -> EmbeddingIndex:
    """The toy index with ids and classes beyond ASCII."""
    records = [
        Record(
            f"é{i}",
            "text",
            tuple(f"größe {name}" for name in np.array(toy_pool.classes)[toy_pool.labels[i]]),
            str(toy_pool.splits[i]),
        )
        for i in range(len(toy_pool))
    ]
    vectors = np.random.default_rng(0).standard_normal((120, 6)).astype(np.float32)
    return EmbeddingIndex.build(
        Pool.from_records(records), None, tmp_path / "é", embeddings=vectors
    )


def test_a_line_that_was_cut_in_the_middle_of_a_letter_is_run_again(
    accented: EmbeddingIndex, folder: Path
) -> None:
    whole = run(folder, accented)
    written = (folder / "rounds.jsonl").read_bytes()
    place = written.rindex("é".encode()) + 1  # between the two bytes of é
    (folder / "rounds.jsonl").write_bytes(written[:place])
    assert without_seconds(run(folder, accented)) == without_seconds(whole)


def test_a_finished_run_is_read_and_not_trained_again(
    index: EmbeddingIndex, finished: Path
) -> None:
    first = read_rounds(finished)
    written = (finished / "rounds.jsonl").read_bytes()
    classifier = Counting(index.embeddings())
    assert run(finished, index, classifier=classifier) == first
    assert classifier.fits == 0
    assert (finished / "rounds.jsonl").read_bytes() == written


def test_strategies_and_seeds_may_be_added_later(index: EmbeddingIndex, folder: Path) -> None:
    first = run(folder, index, ["random"], [0])
    classifier = Counting(index.embeddings())
    both = run(folder, index, BOTH, [0, 1], classifier=classifier)
    assert classifier.fits == 9
    assert both[:3] == first
    expected = simulate(index, BOTH, [0, 1], ProbeClassifier(index.embeddings()), SMALL)
    order = sorted(both, key=lambda r: (r.seed, BOTH.index(r.strategy), r.round))
    assert without_seconds(order) == without_seconds(list(expected))
    assert [curve.seeds for curve in read_summary(folder)] == [[2, 2, 2], [2, 2, 2]]


def test_asking_for_fewer_gives_these_and_keeps_the_others_in_the_summary(
    index: EmbeddingIndex, finished: Path
) -> None:
    fewer = run(finished, index, ["class-embedding"], [1])
    assert [(r.strategy, r.seed, r.round) for r in fewer] == [
        ("class-embedding", 1, number) for number in range(3)
    ]
    assert [curve.strategy for curve in read_summary(finished)] == BOTH


OTHER = (
    "the run in {} was started with other settings: {}; "
    "give the same ones to continue it, or choose another --out"
)


@pytest.mark.parametrize(
    ("schedule", "changes"),
    [
        (replace(SMALL, batch=5), "schedule.batch 10 there, 5 now"),
        (
            replace(SMALL, initial=5, budget=40),
            "schedule.initial 10 there, 5 now; schedule.budget 30 there, 40 now",
        ),
        (replace(SMALL, dev_size=3), "schedule.dev_size None there, 3 now"),
    ],
)
def test_another_schedule_is_refused(
    index: EmbeddingIndex, finished: Path, schedule: Schedule, changes: str
) -> None:
    before = (finished / "rounds.jsonl").read_bytes()
    assert refusal(finished, index, schedule=schedule) == OTHER.format(finished, changes)
    assert (finished / "rounds.jsonl").read_bytes() == before


def test_another_classifier_is_refused(index: EmbeddingIndex, finished: Path) -> None:
    message = refusal(finished, index, classifier=ProbeClassifier(index.embeddings(), c=2.0))
    assert message == OTHER.format(finished, "classifier.c 1.0 there, 2.0 now")


def test_another_index_is_refused(accented: EmbeddingIndex, finished: Path) -> None:
    message = refusal(finished, accented)
    assert "index.vectors" in message and "index.documents" in message
    assert message.startswith(f"the run in {finished} was started with other settings: index.name ")


def test_other_versions_are_no_other_run(index: EmbeddingIndex, finished: Path) -> None:
    config = json.loads((finished / "config.json").read_text(encoding="utf-8"))
    config["versions"]["numpy"] = "1.0"
    (finished / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert len(run(finished, index)) == 12


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(
    index: EmbeddingIndex, folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("years of work")
    assert refusal(folder, index) == (
        f"{folder} is there and is no run folder; choose another --out"
    )
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_taken(index: EmbeddingIndex, folder: Path) -> None:
    folder.mkdir(parents=True)
    assert len(run(folder, index)) == 12


@pytest.mark.parametrize("text", ["{", "[]", '"config"'])
def test_a_config_that_is_none_is_refused(index: EmbeddingIndex, finished: Path, text: str) -> None:
    (finished / "config.json").write_text(text)
    message = f"{finished / 'config.json'} cannot be read; choose another --out"
    assert refusal(finished, index) == message


@pytest.mark.parametrize("line", ["no json", "[]", "3", '{"strategy": "random"}'])
def test_a_line_that_is_no_round_is_refused_with_its_number(
    index: EmbeddingIndex, finished: Path, line: str
) -> None:
    lines = (finished / "rounds.jsonl").read_text(encoding="utf-8").splitlines()
    lines[2] = line
    (finished / "rounds.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert refusal(finished, index) == (
        f"{finished / 'rounds.jsonl'}, line 3 is no round of a simulation; choose another --out"
    )


def test_a_folder_that_another_process_writes_is_refused_and_left_alone(
    index: EmbeddingIndex, finished: Path
) -> None:
    with (finished / "rounds.jsonl").open("a") as file:
        file.write('{"strategy": "rand')  # the other process is writing a line
    before = (finished / "rounds.jsonl").read_bytes()
    with FileLock(finished / ".lock"):
        assert refusal(finished, index) == (
            f"another process is writing the run folder {finished}; "
            "wait for it, or choose another --out"
        )
    assert (finished / "rounds.jsonl").read_bytes() == before


def test_a_simulation_that_does_not_fit_the_pool_leaves_no_folder(
    index: EmbeddingIndex, folder: Path
) -> None:
    with pytest.raises(RequestError):
        run(folder, index, schedule=replace(SMALL, budget=999))
    assert not folder.exists()


def result(strategy: str, seed: int, n_labelled: int, macro: float, micro: float) -> RoundResult:
    return RoundResult(
        strategy=strategy,
        seed=seed,
        round=0,
        n_labelled=n_labelled,
        macro_f1=macro,
        micro_f1=micro,
        f1={},
        labelled_counts={},
        selected=[],
        seconds={},
        epochs=1,
        n_dev=0,
    )


def test_learning_curves_by_hand() -> None:
    results = [
        result("random", 0, 100, 0.2, 0.4),
        result("random", 0, 150, 0.4, 0.5),
        result("random", 0, 250, 0.6, 0.6),
        result("random", 1, 100, 0.4, 0.4),
        result("random", 1, 150, 0.4, 0.7),
        result("random", 1, 250, 1.0, 0.8),
    ]
    (curve,) = learning_curves(results)
    assert (curve.strategy, curve.n_labelled, curve.seeds) == ("random", [100, 150, 250], [2, 2, 2])
    assert curve.macro_f1 == pytest.approx([0.3, 0.4, 0.8])
    assert curve.micro_f1 == pytest.approx([0.4, 0.6, 0.7])
    # of two values the deviation is their difference / sqrt 2
    assert curve.macro_f1_sd == pytest.approx([0.2 / 2**0.5, 0, 0.4 / 2**0.5])
    assert curve.micro_f1_sd == pytest.approx([0, 0.2 / 2**0.5, 0.2 / 2**0.5])
    # trapezoids 50 * 0.35 and 100 * 0.6, over a width of 150
    assert curve.area == pytest.approx((17.5 + 60) / 150)


def test_the_deviation_of_one_seed_is_zero_and_the_area_of_one_size_its_score() -> None:
    (curve,) = learning_curves([result("random", 0, 100, 0.3, 0.4)])
    assert curve == Curve("random", [100], [1], [0.3], [0.0], [0.4], [0.0], 0.3)


def test_curves_of_unfinished_seeds_say_how_many_reached_each_size() -> None:
    results = [
        result("random", 0, 100, 0.2, 0.2),
        result("random", 1, 100, 0.4, 0.4),
        result("random", 0, 150, 0.5, 0.5),
    ]
    (curve,) = learning_curves(results)
    assert curve.seeds == [2, 1]
    assert curve.macro_f1 == pytest.approx([0.3, 0.5])


def test_curves_come_in_the_order_of_the_strategies() -> None:
    results = [result(name, 0, 100, 0.1, 0.1) for name in ("random", "class-embedding")]
    assert [curve.strategy for curve in learning_curves(results)] == BOTH
    assert [curve.strategy for curve in learning_curves(results[::-1])] == BOTH[::-1]
    assert learning_curves([]) == []


def test_the_summary_is_the_curves_of_all_rounds(finished: Path) -> None:
    results = read_rounds(finished)
    assert read_summary(finished) == learning_curves(results)


@pytest.mark.parametrize("text", [None, "{", '{"curves": [{"strategy": "random"}]}', "[]"])
def test_a_summary_that_cannot_be_read_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "summary.json").write_text(text)
    with pytest.raises(RunError) as error:
        read_summary(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'summary.json'} is missing or cannot be read; run simulate again"
    )


def test_the_model_named_probe_is_the_probe(index: EmbeddingIndex) -> None:
    assert isinstance(make_classifier(index, BertSettings(model="probe")), ProbeClassifier)
