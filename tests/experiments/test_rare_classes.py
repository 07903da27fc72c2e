"""The experiment on rare classes, end to end on small pools: what is written, going on, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, ProbeClassifier, RoundResult, Schedule
from classemb_index.errors import RequestError, RunError, SourceError
from classemb_index.experiments.rare_classes import (
    STUDY,
    Study,
    other_names,
    reproduce_rare_classes,
)
from classemb_index.experiments.reproduce import SCALES, Experiment, Scale
from classemb_index.experiments.simulation import Models
from classemb_index.measures.rare import RareMeasures, Reach, measure_rare
from classemb_index.measures.rounds import read_rounds
from classemb_index.measures.statistics import Estimate
from classemb_index.models.contracts import PROBE, Training
from classemb_index.reports.rare import measures_table, verdict
from classemb_index.strategies.selection import STRATEGIES
from tests.support.commands import Outcome
from tests.support.errors import refusal
from tests.support.fakes import (
    FakeMaskedLM,
    HashEncoder,
    NamedEncoder,
    fake_masked_lm,
    missing_encoder,
)
from tests.support.pages import Page, markdown_headings, markdown_tables
from tests.support.paper import TINY, Reproduction
from tests.support.pools import json_lines, topic_records
from tests.support.rounds import without_seconds
from tests.support.watchers import Recorder

CHOSEN = ("random", "class-embedding", "alps", "uncertainty", "max-uncertainty", "portfolio")
COMPARED = ("random", "uncertainty", "max-uncertainty", "portfolio")
DOCUMENTS = {"first": 150, "second": 200, "usual": 120}
RECIPE = """
[pool]
source = "{name}.jsonl"

[pool.classes]
frequent = ["a", "b"]
rare = ["c", "d"]
"""
SCALE = replace(
    TINY,
    experiments=(
        *TINY.experiments,
        Experiment("bert", Training(model="tiny/bert", epochs=3), seeds=9, dev_size=4),
    ),
)


class FakeBert(ProbeClassifier):
    """A probe that goes by the name and the settings of a BERT."""

    def __init__(self, index: EmbeddingIndex, settings: Training) -> None:
        super().__init__(index.embeddings())
        self._settings = settings

    def settings(self) -> Mapping[str, Any]:
        return asdict(self._settings)


def make_small_classifier(
    index: EmbeddingIndex, settings: Training, names: np.ndarray | None
) -> ProbeClassifier:
    is_probe = settings.model == PROBE
    return ProbeClassifier(index.embeddings()) if is_probe else FakeBert(index, settings)


SMALL = Study(
    pools=("first.toml", "second.toml"),
    usual="usual.toml",
    strategies=CHOSEN,
    seeds=(7, 8),
    fine_tuned_pools={"small": ("first",)},
    fine_tuned_seeds=(3,),
    schedule=Schedule(initial=10, batch=5, budget=15),
)
MODELS = Models(NamedEncoder, make_small_classifier, fake_masked_lm)


def reproduced(
    folder: Path,
    watcher: Recorder | None = None,
    *,
    scale: Scale = SCALE,
    study: Study = SMALL,
    models: Models = MODELS,
    **options: Any,
) -> Reproduction:
    """The experiment on the small pools of the working directory, in this process."""
    watcher = watcher or Recorder()
    options |= {"study": study, "device": "cpu", "workers": 1, "watch": watcher, "models": models}
    return Reproduction(folder, reproduce_rare_classes(scale, folder, **options), watcher)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small recipes and their sources."""
    folder = tmp_path_factory.mktemp("place")
    for seed, (name, n) in enumerate(DOCUMENTS.items()):
        (folder / f"{name}.toml").write_text(RECIPE.format(name=name))
        records = topic_records(n, seed, ("a", "b", "c", "d"))
        (folder / f"{name}.jsonl").write_text(json_lines(records))
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> Reproduction:
    """An uninterrupted reproduction."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(place)
        return reproduced(place / "whole")


@pytest.fixture
def small_command(
    cli: Callable[..., Outcome], small: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The same for the command, which cannot be handed a scale, a study or models."""
    monkeypatch.setattr("classemb_index.experiments.reproduce.SCALES", {"small": SCALE})
    monkeypatch.setattr(
        "classemb_index.experiments.rare_classes.reproduce_rare_classes",
        partial(reproduce_rare_classes, study=SMALL, models=MODELS),
    )
    return small


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def cells(folder: Path) -> set[tuple[str, int, int]]:
    return {(r.strategy, r.seed, r.n_labelled) for r in read_rounds(folder)}


def grid(strategies: tuple[str, ...], seeds: range) -> set[tuple[str, int, int]]:
    return {(name, seed, n) for name in strategies for seed in seeds for n in (10, 15)}


def test_the_experiment_has_the_pools_seeds_and_strategies_of_the_study() -> None:
    assert STUDY.pools == ("eurlex-rare", "arxiv-rare", "reuters", "eurlex-other")
    assert STUDY.usual == "eurlex"
    assert STUDY.strategies == tuple(STRATEGIES)
    assert len(STUDY.seeds) >= 20 and len(STUDY.fine_tuned_seeds) == 3
    assert set(STUDY.fine_tuned_pools) == set(SCALES)
    assert STUDY.fine_tuned_pools["paper"] == STUDY.pools
    assert STUDY.fine_tuned_pools["small"] == ("eurlex-rare",)
    assert (STUDY.discriminator_epochs, STUDY.schedule) == (1, Schedule())


def test_an_experiment_holds_a_folder_a_pool_and_the_report(whole: Reproduction) -> None:
    folder = whole.folder
    assert names_in(folder) == {"reproduction.json", "first", "second", "usual", "report"}
    assert names_in(folder / "first") == {"index", "probe", "no-names", "noise-names", "bert"}
    assert names_in(folder / "second") == {"index", "probe", "no-names", "noise-names"}
    assert names_in(folder / "usual") == {"index", "probe"}
    report = folder / "report"
    assert whole.written == [
        report / name
        for name in (
            "report.html",
            "report.md",
            "measures.json",
            "pools.png",
            "pools.svg",
            "pools-rare.png",
            "pools-rare.svg",
        )
    ]
    assert names_in(report) == {path.name for path in whole.written}


def test_every_strategy_is_run_with_every_seed_on_every_pool(whole: Reproduction) -> None:
    folder, seeds = whole.folder, range(7, 9)
    for name in ("first", "second"):
        assert cells(folder / name / "probe") == grid(CHOSEN, seeds)
        assert cells(folder / name / "no-names") == grid(COMPARED, seeds)
        assert cells(folder / name / "noise-names") == grid(("portfolio",), seeds)
    assert cells(folder / "usual" / "probe") == grid((*COMPARED, "class-embedding"), seeds)
    assert cells(folder / "first" / "bert") == grid(COMPARED, range(3, 4))


def test_the_fine_tuned_runs_have_the_scales_bert_and_dev_documents(whole: Reproduction) -> None:
    config = json.loads((whole.folder / "first" / "bert" / "config.json").read_text())
    assert (config["classifier"]["model"], config["classifier"]["epochs"]) == ("tiny/bert", 3)
    assert config["schedule"]["dev_size"] == 4
    probe = json.loads((whole.folder / "first" / "probe" / "config.json").read_text())
    assert probe["classifier"]["model"] == "probe" and probe["schedule"]["dev_size"] is None
    assert probe["strategies"]["alps"]["masked_lm"] == "fake"


def test_portfolio_starts_from_the_same_documents_with_and_without_names(
    whole: Reproduction,
) -> None:
    folder = whole.folder / "first"
    digests, firsts = set(), set()
    for run in ("probe", "no-names", "noise-names"):
        config = json.loads((folder / run / "config.json").read_text())
        digests.add(config["strategies"]["portfolio"]["names"])
        first = next(r for r in read_rounds(folder / run) if r.strategy == "portfolio")
        firsts.add((first.seed, first.macro_f1, tuple(first.labelled_counts.values())))
    assert len(digests) == 3 and len(firsts) == 1
    steps = {s for r in read_rounds(folder / "no-names") for s in r.steps}
    assert steps == {"boundary", "uncertainty"}


def test_reproduction_json_says_what_the_results_depend_on(whole: Reproduction) -> None:
    found = json.loads((whole.folder / "reproduction.json").read_text(encoding="utf-8"))
    classifier = found["fine_tuned"].pop("classifier")
    assert (classifier["model"], classifier["epochs"]) == ("tiny/bert", 3)
    assert found == {
        "corpus": "rare-classes",
        "scale": "small",
        "encoder": "hash",
        "pools": ["first", "second", "usual"],
        "seeds": [7, 8],
        "discriminator_epochs": 1,
        "masked_lm": "fake",
        "fine_tuned": {"pools": ["first"], "seeds": [3], "dev_size": 4},
    }


def test_the_watcher_is_told_every_stage(whole: Reproduction) -> None:
    runs = [f"{name}: {', '.join(CHOSEN)}" for name in ("first, probe", "second, probe")]
    variants = [f"no-names: {', '.join(COMPARED)}", "noise-names: portfolio"]
    assert whole.watcher.stages == [
        "Loading the models",
        "first: building the index",
        "second: building the index",
        "usual: building the index",
        "first: surprisal of the pool",
        runs[0],
        *(f"first, {words}" for words in variants),
        "second: surprisal of the pool",
        runs[1],
        *(f"second, {words}" for words in variants),
        f"usual, probe: {', '.join([*COMPARED, 'class-embedding'])}",
        f"first, bert: {', '.join(COMPARED)}",
        "Writing the report",
    ]
    # strategies by seeds by sizes
    assert whole.watcher.announced == [24, 16, 4, 24, 16, 4, 20, 8]
    assert len(whole.watcher.results) == len(whole.watcher.epochs) == sum(whole.watcher.announced)


def test_measures_json_has_the_measures_of_every_run(whole: Reproduction) -> None:
    found = json.loads((whole.folder / "report" / "measures.json").read_text(encoding="utf-8"))
    assert list(found) == ["first", "second", "usual"]
    for name, runs in found.items():
        assert list(runs) == ["probe", "no-names", "noise-names", "bert"]
        for run, measures in runs.items():
            rounds = read_rounds(whole.folder / name / run)
            expected = [asdict(measure) for measure in measure_rare(rounds, ["c", "d"])]
            assert measures == json.loads(json.dumps(expected))
    assert [m["strategy"] for m in found["first"]["probe"]] == list(CHOSEN)
    assert found["second"]["bert"] == found["usual"]["no-names"] == []


def test_the_report_has_a_part_for_every_pool_and_says_the_same_in_both_forms(
    whole: Reproduction,
) -> None:
    html, markdown = (path.read_text(encoding="utf-8") for path in whole.written[:2])
    page = Page(html)
    assert page.title == "classemb-index: learning rare classes"
    assert page.headings == markdown_headings(markdown)
    assert page.tables == markdown_tables(markdown)
    assert [words for _, words in page.headings] == [
        "classemb-index: learning rare classes",
        "Pools",
        "Learning curves with the probe",
        "first: all strategies, probe",
        "second: all strategies, probe",
        "Named and plain heads",
        "Robustness",
        "first: bert, fine-tuned",
    ]
    assert page.paragraphs[0].startswith("Scale small. ")
    assert [description for _, description in page.pictures] == [
        "macro-F1",
        "F1 of the rare classes",
    ]
    assert all(address.startswith("data:image/svg+xml;base64,") for address, _ in page.pictures)


def test_the_reports_first_table_counts_the_documents_of_every_pool(
    whole: Reproduction, place: Path
) -> None:
    page = Page(whole.written[0].read_text(encoding="utf-8"))
    header, *rows = page.tables[0]
    assert header == [
        "pool",
        "to select from",
        "test",
        "classes",
        "rare",
        "rarest",
        "most frequent rare",
    ]
    for (name, n), row in zip(DOCUMENTS.items(), rows, strict=True):
        lines = [json.loads(line) for line in (place / f"{name}.jsonl").read_text().splitlines()]
        train = [line["labels"] for line in lines if line["split"] == "train"]
        shares = sorted(sum(c in labels for labels in train) / len(train) for c in "cd")
        assert row == [
            name,
            str(len(train)),
            str(n // 5),
            "4",
            "2",
            f"{shares[0]:.2%}",
            f"{shares[1]:.2%}",
        ]


def test_the_reports_tables_of_a_pool_rank_strategies_and_compare_portfolio(
    whole: Reproduction,
) -> None:
    page = Page(whole.written[0].read_text(encoding="utf-8"))
    rounds = read_rounds(whole.folder / "first" / "probe")
    by_name = {measure.strategy: measure for measure in measure_rare(rounds, ["c", "d"])}
    _, *ranked = page.tables[1]
    assert {row[0] for row in ranked} == set(CHOSEN)
    areas = [float(row[1]) for row in ranked]
    assert areas == sorted(areas, reverse=True)
    for row in ranked:
        assert row[1] == f"{by_name[row[0]].area.mean:.3f}"
        assert row[5] == f"{by_name[row[0]].found.mean:.1f}"
    header, *compared = page.tables[2]
    assert header[0] == "portfolio minus"
    assert {row[0] for row in compared} == set(CHOSEN) - {"portfolio"}
    for other, difference, rare_difference, words in compared:
        own = by_name["portfolio"]
        assert difference == f"{own.area.mean - by_name[other].area.mean:+.3f}"
        assert rare_difference == f"{own.rare_area.mean - by_name[other].rare_area.mean:+.3f}"
        assert words == "no claim: too few seeds"


def test_the_reports_robustness_sets_portfolio_beside_the_probes_baselines(
    whole: Reproduction,
) -> None:
    page = Page(whole.written[0].read_text(encoding="utf-8"))
    header, *rows = page.tables[6]
    assert header[:3] == ["pool", "names", "area"]
    assert header[3:] == [f"minus {name}" for name in COMPARED[:3]]
    assert [row[:2] for row in rows] == [
        *([name, words] for name in ("first", "second") for words in ("all", "half noise", "none")),
        ["usual", "all; rare is 7 %"],
    ]
    folder = whole.folder / "second"
    own = measure_rare(read_rounds(folder / "no-names"), ["c", "d"])
    areas = {m.strategy: m.area.mean for m in own}
    assert rows[5][2] == f"{areas['portfolio']:.3f}"
    assert rows[5][3:] == [f"{areas['portfolio'] - areas[name]:+.3f}" for name in COMPARED[:3]]


def test_the_report_sets_named_beside_plain_heads(whole: Reproduction) -> None:
    page = Page(whole.written[0].read_text(encoding="utf-8"))
    header, *rows = page.tables[5]
    assert header == ["pool", "strategy", "named", "plain", "named minus plain"]
    assert [row[:2] for row in rows] == [
        [name, strategy] for name in ("first", "second") for strategy in COMPARED
    ]
    areas = [
        {m.strategy: m.area.mean for m in measure_rare(read_rounds(folder), ["c", "d"])}
        for folder in (whole.folder / "second" / run for run in ("probe", "no-names"))
    ]
    for _, strategy, named, plain, difference in rows[len(COMPARED) :]:
        assert [named, plain] == [f"{own[strategy]:.3f}" for own in areas]
        assert difference == f"{areas[0][strategy] - areas[1][strategy]:+.3f}"


def test_the_curves_name_pools_strategies_and_seeds(whole: Reproduction) -> None:
    for name, label in (("pools", "macro-F1 on the test split"), ("pools-rare", "F1 of the rare")):
        words = (whole.folder / "report" / f"{name}.svg").read_text(encoding="utf-8")
        for expected in ("first (2 seeds)", "second (2 seeds)", label, "class-embedding"):
            assert expected in words
        assert "usual" not in words and "alps" not in words
        png = (whole.folder / "report" / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG") and len(png) > 10_000


def test_run_again_nothing_is_built_read_or_trained_again(whole: Reproduction, small: Path) -> None:
    shutil.copytree(whole.folder, small)
    kept = ["reproduction.json", "first/index/manifest.json", "second/probe/rounds.jsonl"]
    kept += ["first/bert/rounds.jsonl", "usual/probe/config.json"]
    before = {name: (small / name).read_bytes() for name in kept}
    masked_lm = FakeMaskedLM()
    models = Models(missing_encoder, make_small_classifier, lambda *_: masked_lm)
    again = reproduced(small, models=models)
    assert {name: (small / name).read_bytes() for name in kept} == before
    assert masked_lm.given == []
    assert again.watcher.epochs == [] and again.watcher.counts == []
    assert again.watcher.stages == whole.watcher.stages
    assert again.watcher.results == whole.watcher.results
    for first, second in zip(whole.written[:3], again.written[:3], strict=True):
        if first.suffix != ".html":  # its pictures have ids drawn at random
            assert first.read_bytes() == second.read_bytes()


def test_an_experiment_that_was_cut_off_goes_on_to_the_same_rounds(
    whole: Reproduction, small: Path
) -> None:
    def rounds(folder: Path) -> list[RoundResult]:
        return without_seconds(read_rounds(folder))

    with pytest.raises(KeyboardInterrupt):
        reproduced(small, Recorder(most=26))  # in the second run, of portfolio without names
    assert names_in(small / "first") == {"index", "probe", "no-names"}
    finished = sum(len(read_rounds(small / "first" / run)) for run in ("probe", "no-names"))
    assert 26 <= finished < 28
    on = reproduced(small)
    assert len(on.watcher.epochs) == sum(whole.watcher.announced) - finished
    for run in ("first/probe", "first/no-names", "first/bert", "second/noise-names", "usual/probe"):
        assert rounds(small / run) == rounds(whole.folder / run)


def test_a_local_copy_takes_the_place_of_one_pools_source(
    small: Path, place: Path, whole: Reproduction
) -> None:
    shutil.copy(place / "second.jsonl", place / "copy.jsonl")
    with pytest.raises(KeyboardInterrupt):
        reproduced(small, Recorder(most=0), sources={"second": "copy.jsonl"})
    sources = [
        EmbeddingIndex.open(small / name / "index").manifest.source
        for name in ("first", "second", "usual")
    ]
    assert sources == ["first.jsonl", "copy.jsonl", "usual.jsonl"]


@pytest.mark.parametrize("name", ["third", "eurlex", ""])
def test_a_source_for_a_pool_that_is_not_there_is_refused_before_anything_is_written(
    small: Path, name: str
) -> None:
    found = refusal(
        RequestError, lambda: reproduced(small, sources={"first": "x", name: "copy.jsonl"})
    )
    assert found == f"no pool {name!r}; --source takes POOL=PATH for first, second, usual"
    assert not small.exists()


def test_an_unknown_scale_names_the_choices(
    cli: Callable[..., Outcome], small_command: Path
) -> None:
    outcome = cli("reproduce", "rare-classes", "--scale", "large", "--out", small_command)
    assert outcome == Outcome(1, "", "Error: no scale 'large'; there are small\n")
    assert not small_command.exists()


def test_an_index_of_another_source_is_refused(
    whole: Reproduction, small: Path, place: Path
) -> None:
    shutil.copytree(whole.folder, small)
    shutil.copy(place / "usual.jsonl", place / "other.jsonl")
    found = refusal(RequestError, lambda: reproduced(small, sources={"usual": "other.jsonl"}))
    assert found == (
        f"the index in {small / 'usual' / 'index'} is usual.jsonl embedded with hash, not "
        "other.jsonl with hash; choose another --out"
    )


def test_other_settings_than_those_of_the_folder_are_refused(
    whole: Reproduction, small: Path
) -> None:
    shutil.copytree(whole.folder, small)
    message = (
        f"{small / 'reproduction.json'} has other settings than are asked for now; give the same "
        "ones to continue, or choose another --out"
    )
    for other in (
        {"scale": SCALE.with_model("other/bert", None)},
        {"scale": SCALE.with_model(None, "other")},
        {"study": replace(SMALL, seeds=(7, 8, 9))},
    ):
        assert refusal(RunError, partial(reproduced, small, **other)) == message


def test_a_folder_of_something_else_is_refused_and_left_as_it_is(small: Path) -> None:
    small.mkdir()
    (small / "thesis.tex").write_text("mine")
    assert refusal(RunError, lambda: reproduced(small)) == (
        f"{small} is there and is no reproduction; choose another --out"
    )
    assert [path.name for path in small.iterdir()] == ["thesis.tex"]


def test_a_source_that_is_not_there_stops_before_any_round(small: Path) -> None:
    found = refusal(SourceError, lambda: reproduced(small, sources={"usual": "absent.jsonl"}))
    assert found.startswith("there is no absent.jsonl; a source is ")
    assert not list(small.rglob("rounds.jsonl"))


def test_the_command_goes_on_with_sources_by_pool_and_names_what_it_wrote(
    cli: Callable[..., Outcome], whole: Reproduction, small_command: Path
) -> None:
    shutil.copytree(whole.folder, small_command)
    sources = [x for name in DOCUMENTS for x in ("--source", f"{name}={name}.jsonl")]
    outcome = cli("reproduce", "rare-classes", "--out", small_command, "--device", "cpu", *sources)
    assert outcome.code == 0, outcome.err
    written = [small_command / "report" / path.name for path in whole.written]
    assert outcome.out == "".join(f"wrote {path}\n" for path in written)
    assert outcome.err.splitlines() == [
        f"Note: scale small; everything is written to {small_command}",
        *whole.watcher.stages,
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["first.jsonl"], "for rare-classes --source takes POOL=PATH, not 'first.jsonl'"),
        (
            ["first=first.jsonl", "third=x"],
            "no pool 'third'; --source takes POOL=PATH for first, second, usual",
        ),
        (["=x"], "no pool ''; --source takes POOL=PATH for first, second, usual"),
    ],
)
@pytest.mark.usefixtures("small_command")
def test_the_command_refuses_a_source_of_another_form(
    cli: Callable[..., Outcome], arguments: list[str], message: str
) -> None:
    sources = [x for argument in arguments for x in ("--source", argument)]
    outcome = cli("reproduce", "rare-classes", *sources)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[-1] == f"Error: {message}"
    assert not Path("reproductions").exists()


def test_a_corpus_of_the_paper_has_one_source(cli: Callable[..., Outcome]) -> None:
    outcome = cli("reproduce", "eurlex", "--source", "a.jsonl", "--source", "b.jsonl")
    assert outcome == (
        1,
        "",
        "Error: a corpus has one source, 2 were given; name one --source\n",
    )


@pytest.fixture
def five_names(tmp_path: Path) -> EmbeddingIndex:
    """Five classes whose names are embedded."""
    pool = Pool.from_records(topic_records(30, classes="abcde"))
    return EmbeddingIndex.build(pool, HashEncoder(dim=16), tmp_path / "five")


def test_other_names_are_none_and_half_of_them_noise_of_unit_length(
    five_names: EmbeddingIndex,
) -> None:
    names = HashEncoder(dim=16).encode(list("abcde"))
    found = other_names(five_names)
    assert list(found) == ["no-names", "noise-names"]
    none, noisy = found.values()
    assert none.shape == (5, 16) and none.dtype == noisy.dtype == np.float32 and not none.any()
    replaced = (noisy != names).any(axis=1)
    assert replaced.sum() == 3  # half of five, rounded up
    np.testing.assert_array_equal(noisy[~replaced], names[~replaced])
    np.testing.assert_allclose(np.linalg.norm(noisy, axis=1), np.ones(5), atol=1e-6)
    assert (np.abs((noisy * names).sum(axis=1))[replaced] < 0.9).all()


def test_other_names_are_the_same_every_time_and_leave_the_indexs_own(
    five_names: EmbeddingIndex,
) -> None:
    first, second = other_names(five_names), other_names(EmbeddingIndex.open(five_names.folder))
    np.testing.assert_array_equal(first["noise-names"], second["noise-names"])
    first["noise-names"][:] = first["no-names"][:] = 9
    np.testing.assert_array_equal(
        five_names.name_vectors, HashEncoder(dim=16).encode(list("abcde"))
    )


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Estimate(0.2, 0.1, 0.3, 20), "above"),
        (Estimate(-0.2, -0.3, -0.1, 20), "below"),
        (Estimate(0.1, -0.1, 0.3, 20), "undecided"),
        (Estimate(0.2, 0.0, 0.3, 20), "undecided"),
        (Estimate(0.2, None, None, 4), "no claim: too few seeds"),
    ],
)
def test_a_verdict_is_given_only_by_an_interval_beside_zero(
    difference: Estimate, words: str
) -> None:
    assert verdict(difference) == words


def test_a_strategys_row_says_what_it_took_to_reach_the_baselines() -> None:
    measure = RareMeasures(
        strategy="portfolio",
        area=Estimate(0.61234, 0.6, 0.7, 20),
        rare_area=Estimate(0.5, None, None, 20),
        final=Estimate(0.7, None, None, 20),
        rare_final=Estimate(0.65, None, None, 20),
        found=Estimate(87.25, None, None, 20),
        never_seen=Estimate(0.05, None, None, 20),
        reach={"random": Reach(150.0, 20, 20), "uncertainty": Reach(225.0, 18, 20)},
        seconds={"train": 0.5, "predict": 0.25, "select": 1.0},
        differences={},
        rare_differences={},
    )
    reach = {"random": Reach(None, 0, 20), "max-uncertainty": Reach(600.0, 1, 20)}
    other = replace(measure, strategy="seals", area=Estimate(0.7, None, None, 20), reach=reach)
    ((header, *rows),) = markdown_tables(measures_table([measure, other]))
    assert header == [
        "strategy",
        "area",
        "rare area",
        "at the end",
        "rare at the end",
        "rare found",
        "never seen",
        "labels to random's end",
        "labels to uncertainty's end",
        "labels to max-uncertainty's end",
        "s a round",
    ]
    shared = ["0.500", "0.700", "0.650", "87.2", "0.05"]
    assert rows == [
        ["seals", "0.700", *shared, "never", "-", "600 (1 of 20)", "1.75"],
        ["portfolio", "0.612", *shared, "150", "225 (18 of 20)", "-", "1.75"],
    ]
