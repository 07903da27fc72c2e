"""The paper end to end: what is written, going on, what is refused, and what the scales are."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from classemb_index import EmbeddingIndex, Pool, Schedule
from classemb_index.errors import ModelError, RequestError, RunError, SourceError
from classemb_index.experiments.reproduce import (
    REPRODUCED,
    SCALES,
    Experiment,
    Scale,
    find_scale,
    reproduce,
)
from classemb_index.experiments.simulation import Models
from classemb_index.measures.rounds import read_rounds
from classemb_index.models.contracts import PROBE, Training
from classemb_index.pool.recipes import find_recipe
from tests.support.errors import refusal
from tests.support.fakes import (
    FakeMaskedLM,
    HashEncoder,
    fake_masked_lm,
    missing_encoder,
    missing_masked_lm,
)
from tests.support.pages import Page
from tests.support.paper import SMALL_MODELS, TINY, Reproduction, write_recipe
from tests.support.places import RECIPES
from tests.support.rounds import without_seconds
from tests.support.watchers import Recorder

FEW = replace(TINY, strategies=("random", "alps"))
NO_ENCODER = Models(encoder=missing_encoder, masked_lm=fake_masked_lm)


def reproduced(
    folder: Path,
    watcher: Recorder | None = None,
    *,
    scale: Scale = TINY,
    source: str | None = None,
    models: Models = SMALL_MODELS,
) -> Reproduction:
    """toy.toml of the working directory, reproduced in this process."""
    watcher, recipe = watcher or Recorder(), find_recipe("toy.toml")
    recipe = recipe if source is None else recipe.with_source(source)
    options: dict[str, Any] = {"device": "cpu", "workers": 1, "models": models}
    return Reproduction(folder, reproduce(recipe, scale, folder, watch=watcher, **options), watcher)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with toy.toml and its source."""
    folder = tmp_path_factory.mktemp("place")
    write_recipe(folder)
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> Reproduction:
    """An uninterrupted reproduction with all strategies."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(place)
        return reproduced(place / "whole")


def trains(folder: Path, **options: Any) -> bool:
    """True when a reproduction gets as far as its first round, where it is interrupted."""
    with pytest.raises(KeyboardInterrupt):
        reproduced(folder, Recorder(most=0), **options)
    return len(read_rounds(folder / "probe")) == 1


def test_a_reproduction_holds_index_analysis_run_folder_and_report(whole: Reproduction) -> None:
    names = {path.name for path in whole.folder.iterdir() if not path.name.startswith(".")}
    assert names == {"reproduction.json", "index", "analysis", "probe", "report"}
    assert whole.written == [whole.folder / "report" / f"report.{x}" for x in ("html", "md")]
    for name in (
        "index/manifest.json",
        "analysis/analysis.json",
        "analysis/proximity.csv",
        "probe/summary.json",
        "probe/curves.png",
        "probe/curves.svg",
        "report/report.html",
    ):
        assert (whole.folder / name).is_file()


def test_reproduction_json_says_what_is_reproduced(whole: Reproduction) -> None:
    found = json.loads((whole.folder / "reproduction.json").read_text(encoding="utf-8"))
    (experiment,) = found.pop("experiments")
    assert found == {
        "corpus": "toy",
        "scale": "small",
        "words": "tiny, for a test.",
        "encoder": "hash",
        "masked_lm": "fake",
        "discriminator_epochs": 1,
        "schedule": {"initial": 10, "batch": 5, "budget": 15, "dev_size": None},
    }
    assert (experiment["folder"], experiment["seeds"]) == ("probe", 2)
    assert experiment["classifier"]["model"] == "probe"


def test_the_index_is_the_recipes_with_its_published_numbers(whole: Reproduction) -> None:
    manifest = EmbeddingIndex.open(whole.folder / "index").manifest
    assert (manifest.name, manifest.source, manifest.encoder.name) == ("toy", "toy.jsonl", "hash")
    assert manifest.classes == ("a", "b", "c")
    assert manifest.paper == {
        "table": "Table 2",
        "macro_f1": 0.93,
        "proximity": {"100": [1, 0, 7]},
    }


def test_every_strategy_is_run_with_every_seed_and_once_on_the_whole_train_split(
    whole: Reproduction,
) -> None:
    cells = [(r.strategy, r.seed, r.n_labelled) for r in read_rounds(whole.folder / "probe")]
    expected = {(name, seed, size) for name in REPRODUCED for seed in (0, 1) for size in (10, 15)}
    assert len(cells) == 29 and set(cells) == expected | {("full", 0, 216)}


def test_the_run_says_what_its_strategies_depend_on(whole: Reproduction) -> None:
    config = json.loads((whole.folder / "probe" / "config.json").read_text(encoding="utf-8"))
    assert config["strategies"]["dal"] == {"discriminator_epochs": 1}
    assert config["strategies"]["alps"] == {"masked_lm": "fake", "fingerprint": "fake fake"}


def test_the_report_names_the_scale_and_has_the_papers_row(whole: Reproduction) -> None:
    page = Page(whole.written[0].read_text(encoding="utf-8"))
    assert page.paragraphs[1] == "Scale: tiny, for a test."
    assert [row[1] for row in page.tables[0][1:]] == ["paper", "ours, probe"]
    assert page.tables[1][-1] == ["", "paper", "1", "0", "7"]


def test_the_watcher_is_told_stages_documents_and_rounds(whole: Reproduction) -> None:
    watcher = whole.watcher
    assert watcher.stages == [
        "Loading the models",
        "Building the index",
        "Surprisal of the pool",
        f"toy, probe: {', '.join(REPRODUCED)}",
        "toy, probe: full",
        "Writing the report",
    ]
    assert watcher.counts == [(0, 360), (360, 360), (216, 216)]
    assert watcher.announced == [28, 1]
    rounds = read_rounds(whole.folder / "probe")
    assert watcher.results == [(r.strategy, r.seed, r.macro_f1) for r in rounds]
    assert len(watcher.epochs) == 29  # the probe's one epoch a round


def test_run_again_nothing_is_built_read_or_trained_again(whole: Reproduction, small: Path) -> None:
    shutil.copytree(whole.folder, small)
    kept = ["reproduction.json", "index/manifest.json", "probe/rounds.jsonl", "probe/config.json"]
    before = {name: (small / name).read_bytes() for name in kept}
    masked_lm = FakeMaskedLM()
    models = Models(encoder=missing_encoder, masked_lm=lambda name, model, device: masked_lm)
    again = reproduced(small, models=models)
    assert {name: (small / name).read_bytes() for name in kept} == before
    assert masked_lm.given == []
    assert again.watcher.epochs == [] and again.watcher.counts == []
    assert again.watcher.results == whole.watcher.results
    assert again.written[1].read_bytes() == whole.written[1].read_bytes()


def test_a_reproduction_that_was_cut_off_goes_on_to_the_same_rounds(
    whole: Reproduction, small: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        reproduced(small, Recorder(most=3), scale=FEW)
    assert not (small / "report").exists()
    finished = len(read_rounds(small / "probe"))
    assert 3 <= finished < 9
    on = reproduced(small, scale=FEW)
    assert len(on.watcher.epochs) == 9 - finished
    same = [
        result
        for result in without_seconds(read_rounds(whole.folder / "probe"))
        if result.strategy in ("random", "alps", "full")
    ]
    assert without_seconds(read_rounds(small / "probe")) == same
    assert on.written[1].is_file()


def test_an_index_that_was_built_there_beforehand_is_used(small: Path) -> None:
    pool = Pool.read("toy.toml")
    encoder = HashEncoder()
    encoder.name = "hash"
    EmbeddingIndex.build(pool, encoder, small / "index")
    assert trains(small, models=NO_ENCODER)


def test_an_index_whose_source_is_spelled_in_another_way_is_used(small: Path) -> None:
    pool = replace(Pool.read("toy.toml"), source=str(Path("toy.jsonl").absolute()))
    encoder = HashEncoder()
    encoder.name = "hash"
    EmbeddingIndex.build(pool, encoder, small / "index")
    assert trains(small, models=NO_ENCODER)


def test_other_settings_than_those_of_the_folder_are_refused(
    whole: Reproduction, small: Path
) -> None:
    shutil.copytree(whole.folder, small)
    message = (
        f"{small / 'reproduction.json'} has other settings than are asked for now; give the same "
        "ones to continue, or choose another --out"
    )
    for scale in (
        TINY.with_model(None, "other"),
        replace(TINY, discriminator_epochs=2),
        replace(TINY, schedule=Schedule()),
        FEW,
    ):
        found = refusal(RunError, partial(reproduced, small, scale=scale))
        assert found == message


def test_an_index_of_another_source_or_encoder_is_refused(
    whole: Reproduction, small: Path, place: Path
) -> None:
    shutil.copytree(whole.folder, small)
    shutil.copy(place / "toy.jsonl", place / "other.jsonl")
    assert refusal(RequestError, lambda: reproduced(small, source="other.jsonl")) == (
        f"the index in {small / 'index'} is toy.jsonl embedded with hash, not other.jsonl with hash; "
        "choose another --out"
    )
    (small / "reproduction.json").unlink()
    scale = replace(TINY, encoder="minilm")
    assert refusal(RequestError, lambda: reproduced(small, scale=scale)) == (
        f"the index in {small / 'index'} is toy.jsonl embedded with hash, not toy.jsonl with minilm; "
        "choose another --out"
    )


def test_a_folder_of_something_else_is_refused_and_left_as_it_is(small: Path) -> None:
    small.mkdir()
    (small / "thesis.tex").write_text("mine")
    assert refusal(RunError, lambda: reproduced(small)) == (
        f"{small} is there and is no reproduction; choose another --out"
    )
    assert [path.name for path in small.iterdir()] == ["thesis.tex"]


def test_an_unknown_scale_names_the_choices() -> None:
    found = refusal(RequestError, lambda: find_scale("large"))
    assert found == "no scale 'large'; there are small, paper"


def test_a_masked_language_model_that_cannot_be_had_fails_before_anything_is_written(
    small: Path,
) -> None:
    models = Models(masked_lm=missing_masked_lm)
    scale = TINY.with_model("my/bert", None)
    found = refusal(ModelError, lambda: reproduced(small, scale=scale, models=models))
    assert found == "there is no model my/bert"
    assert not small.exists()


def test_an_unknown_corpus_is_refused() -> None:
    found = refusal(SourceError, lambda: find_recipe("eurlx"))
    assert found == f"there is no recipe, file or folder 'eurlx'; recipes: {RECIPES}"


def test_after_a_source_that_is_not_there_the_right_one_goes_on(small: Path) -> None:
    found = refusal(SourceError, lambda: reproduced(small, source="absent.jsonl"))
    assert found.startswith("there is no absent.jsonl; a source is ")
    assert trains(small)


TWO = Scale(
    name="two",
    words="Two.",
    encoder="e",
    experiments=(
        Experiment("probe", Training(model=PROBE), seeds=3),
        Experiment("bert", Training(model="bert", learning_rate=1e-3), seeds=2, dev_size=7),
    ),
    masked_lm="lm",
)


def models(scale: Scale) -> tuple[list[str], str]:
    return [e.classifier.model for e in scale.experiments], scale.masked_lm


@pytest.mark.parametrize(
    ("model", "masked_lm", "expected", "words"),
    [
        (None, None, (["probe", "bert"], "lm"), "Two."),
        ("x", None, (["probe", "x"], "x"), "Two. But the BERT is x."),
        (None, "y", (["probe", "bert"], "y"), "Two. ALPS asks y."),
        ("x", "y", (["probe", "x"], "y"), "Two. But the BERT is x. ALPS asks y."),
        ("x", "x", (["probe", "x"], "x"), "Two. But the BERT is x."),
    ],
)
def test_another_model_takes_the_place_of_what_is_fine_tuned_and_of_what_alps_asks(
    model: str | None, masked_lm: str | None, expected: tuple[list[str], str], words: str
) -> None:
    found = TWO.with_model(model, masked_lm)
    assert (models(found), found.sentence()) == (expected, words)
    # and of nothing else
    first, second = found.experiments
    assert first == TWO.experiments[0]
    assert second == replace(
        TWO.experiments[1], classifier=replace(TWO.experiments[1].classifier, model=expected[0][1])
    )
    own = replace(found, experiments=TWO.experiments, masked_lm="lm")
    assert replace(own, other_model=None, other_masked_lm=None) == TWO


def test_the_scale_paper_has_the_papers_models_and_sizes() -> None:
    scale = find_scale("paper")
    assert scale.encoder == "sentence-transformers/all-mpnet-base-v2"
    assert scale.masked_lm == "bert-base-uncased"
    assert scale.discriminator_epochs == 500  # as DAL's article
    (experiment,) = scale.experiments
    settings = experiment.classifier.of_bert()
    assert (settings["model"], settings["epochs"]) == ("bert-base-uncased", 15)
    assert settings["batch_size"] == 16
    assert settings["max_length"] == 512
    assert (experiment.seeds, experiment.dev_size) == (5, None)
    sizes = Schedule().sizes()
    assert (sizes[0], sizes[1], sizes[-1]) == (100, 150, 600)


def test_the_scale_small_has_seeds_enough_for_an_interval_with_the_probe() -> None:
    probe, bert = find_scale("small").experiments
    assert probe.classifier.model == "probe" and probe.seeds >= 10
    assert bert.classifier.model == find_scale("small").masked_lm and bert.seeds >= 2
    assert find_scale("small").encoder == "minilm"


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_has_the_papers_schedule_and_all_strategies_which_go_without_saying(
    name: str,
) -> None:
    scale = find_scale(name)
    assert (scale.name, scale.schedule, scale.strategies) == (name, Schedule(), REPRODUCED)
    assert list(scale.settings()) == [  # as folders of earlier versions have them
        "scale",
        "words",
        "encoder",
        "experiments",
        "masked_lm",
        "discriminator_epochs",
    ]
    for key, other in (("schedule", Schedule(initial=9)), ("strategies", ("random",))):
        assert list(replace(scale, **{key: other}).settings())[-1] == key


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_says_in_words_what_it_is(name: str) -> None:
    scale = SCALES[name]
    assert scale.words.startswith(name)
    for experiment in scale.experiments:
        settings = experiment.classifier
        assert f"{experiment.seeds} seeds" in scale.words
        assert (
            settings.model == PROBE or f"{settings.of_bert()['max_length']} tokens" in scale.words
        )
        assert experiment.dev_size is None or f"{experiment.dev_size} dev" in scale.words
    if scale.discriminator_epochs != 500:
        assert f"{scale.discriminator_epochs} epochs" in scale.words
