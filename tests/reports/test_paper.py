"""The report: what is read, what is written, and that the page and the Markdown say the same."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex, Pool, Schedule, draw_labelled, run_simulation, train
from classemb_index.errors import ReportError, RunError
from classemb_index.measures.curves import read_summary
from classemb_index.pool.published import Published
from classemb_index.reports.corpus import Corpus, read_corpora
from classemb_index.reports.paper import write_report
from tests.support.errors import refusal
from tests.support.pages import Page, markdown_headings, markdown_tables
from tests.support.paper import DOCUMENTS, PAPER
from tests.support.pictures import leave_pictures_blank
from tests.support.plans import probe_plan
from tests.support.pools import topic_records, topic_vectors

AWKWARD = "a|b*c_<x>[y]"  # a class
SMALL = Schedule(initial=10, batch=10, budget=30)
BOTH = ["random", "class-embedding"]

MakeRun = Callable[..., Path]


def build(
    folder: Path, seed: int, classes: Sequence[str], name: str, paper: dict[str, Any] | None
) -> EmbeddingIndex:
    groups = {"frequent": list(classes[:2]), "rare": list(classes[2:])}
    pool = Pool.from_records(topic_records(DOCUMENTS, seed, classes), name=name, classes=groups)
    return EmbeddingIndex.build(pool, None, folder, embeddings=topic_vectors(pool), paper=paper)


def simulated(
    folder: Path, index: EmbeddingIndex, strategies: Sequence[str], seeds: int, full: bool = False
) -> Path:
    plan = probe_plan(strategies, range(seeds), SMALL, full=full)
    list(run_simulation(folder, index, plan, workers=1))
    return folder


@pytest.fixture(scope="module")
def eurlex(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    """An index whose recipe has the paper's numbers."""
    folder = tmp_path_factory.mktemp("indexes") / "eurlex"
    return build(folder, 0, ["a", "b", "c"], "eurlex", PAPER)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    """An index of which the paper says nothing, with an awkward name and class."""
    folder = tmp_path_factory.mktemp("indexes") / "plain"
    return build(folder, 1, ["a", "b", AWKWARD], "my pool v1.2 (für mich)", None)


@pytest.fixture(scope="module")
def run(eurlex: EmbeddingIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random and Algorithm 1 with five seeds, and one training on the whole train split."""
    folder = tmp_path_factory.mktemp("runs") / "probe"
    simulated(folder, eurlex, BOTH, 5)
    return simulated(folder, eurlex, [], 1, full=True)


@pytest.fixture(scope="module")
def plain_run(plain: EmbeddingIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds, without the whole train split."""
    return simulated(tmp_path_factory.mktemp("runs") / "probe", plain, BOTH, 2)


@pytest.fixture(scope="module")
def corpora(
    eurlex: EmbeddingIndex, plain: EmbeddingIndex, run: Path, plain_run: Path
) -> list[Corpus]:
    return read_corpora([eurlex.folder, plain_run, run, plain.folder])


@pytest.fixture(scope="module")
def out(corpora: list[Corpus], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of both corpora."""
    folder = tmp_path_factory.mktemp("reports") / "both"
    assert write_report(corpora, folder, "tiny_scale, 5 seeds.") == [
        folder / "report.html",
        folder / "report.md",
    ]
    return folder


@pytest.fixture(scope="module")
def markdown(out: Path) -> str:
    return (out / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(out: Path) -> Page:
    return Page((out / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def plain_markdown(
    plain: EmbeddingIndex, plain_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The report of the corpus without published numbers."""
    folder = tmp_path_factory.mktemp("reports") / "plain"
    with pytest.MonkeyPatch.context() as monkeypatch:
        leave_pictures_blank(monkeypatch)
        write_report(read_corpora([plain.folder, plain_run]), folder)
    return (folder / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def alone(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run without its index."""
    folder = tmp_path_factory.mktemp("reports") / "alone"
    with pytest.MonkeyPatch.context() as monkeypatch:
        leave_pictures_blank(monkeypatch)
        write_report(read_corpora([run]), folder)
    return folder


def refused(error: type[Exception], *folders: Path) -> str:
    return refusal(error, lambda: read_corpora(folders))


def test_runs_stand_with_the_index_of_their_documents(
    corpora: list[Corpus], eurlex: EmbeddingIndex, plain: EmbeddingIndex, run: Path, plain_run: Path
) -> None:
    assert [corpus.name for corpus in corpora] == ["eurlex", "my pool v1.2 (für mich)"]
    assert [[r.folder for r in corpus.runs] for corpus in corpora] == [[run], [plain_run]]
    assert [c.index.folder for c in corpora if c.index] == [eurlex.folder, plain.folder]
    assert [c.paper for c in corpora] == [Published.of(PAPER), Published()]
    assert corpora[0].runs[0].model == "probe"
    assert corpora[0].runs[0].summary == read_summary(run)


def test_an_index_is_analyzed_at_the_papers_sizes_that_fit(corpora: list[Corpus]) -> None:
    analysis = corpora[0].analysis
    assert analysis is not None
    # 216 documents of the train split: beside 200 labelled ones 100 are not left
    assert {entry.n_labelled for entry in analysis.proximity} == {100}
    assert [entry.paper for entry in analysis.proximity] == [1, 0, 7]


def test_a_second_report_searches_no_index_and_is_the_same(
    eurlex: EmbeddingIndex, tmp_path: Path, looked_up: list[list[float]]
) -> None:
    index = shutil.copytree(eurlex.folder, tmp_path / "x", ignore=shutil.ignore_patterns("cache"))
    written = []
    for turn in ("first", "second"):
        looked_up.clear()
        write_report(read_corpora([index]), tmp_path / turn)
        assert bool(looked_up) == (turn == "first")
        texts = (tmp_path / turn / "report.md").read_bytes()
        pictures = sorted((tmp_path / turn / "figures").glob("*.png"))
        written.append((texts, [path.read_bytes() for path in pictures]))
    assert written[0] == written[1]


def test_an_index_of_too_few_documents_is_refused_with_their_number(
    toy_index: EmbeddingIndex,
) -> None:
    with pytest.raises(ReportError) as error:
        read_corpora([toy_index.folder])
    assert str(error.value) == (
        f"the index in {toy_index.folder} has 72 documents with known labels to draw from, too few "
        "for Tables 2 and 3 (200 are enough); name its runs alone"
    )


def test_a_run_alone_is_a_corpus_without_index_and_analysis(run: Path) -> None:
    (corpus,) = read_corpora([run])
    assert (corpus.name, corpus.index, corpus.analysis) == ("eurlex", None, None)
    assert corpus.paper == Published() and len(corpus.runs) == 1


def test_an_index_alone_is_a_corpus_without_runs(eurlex: EmbeddingIndex) -> None:
    (corpus,) = read_corpora([eurlex.folder])
    assert corpus.index is not None and corpus.analysis is not None
    assert list(corpus.runs) == []


def test_a_folder_given_twice_is_read_once(run: Path) -> None:
    (corpus,) = read_corpora([run, run])
    assert len(corpus.runs) == 1


def test_two_indexes_of_the_same_documents_are_refused(
    eurlex: EmbeddingIndex, tmp_path: Path
) -> None:
    other = shutil.copytree(eurlex.folder, tmp_path / "other")
    assert refused(ReportError, eurlex.folder, other) == (
        f"{eurlex.folder} and {other} are indexes of the same documents; name one of them"
    )


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        assert refused(ReportError, folder) == (
            f"{folder} is no index (build), run folder (simulate) or model (train); name folders of these"
        )


def test_a_report_of_nothing_is_refused() -> None:
    assert (
        refused(ReportError)
        == "a report needs an index, a run folder or a model; name at least one"
    )


def test_a_run_without_summary_is_refused(run: Path, tmp_path: Path) -> None:
    unfinished = shutil.copytree(run, tmp_path / "unfinished")
    (unfinished / "summary.json").unlink()
    assert refused(RunError, unfinished) == (
        f"{unfinished / 'summary.json'} is missing or cannot be read; run simulate again"
    )


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "not JSON",
        '{"index": {"documents": "x", "name": "y"}}',
        '{"index": {"documents": "x", "name": "y"}, "classifier": {"model": "probe"}, "schedule": {}}',
        '{"index": {"documents": "x", "name": "y"}, "classifier": {"model": "probe"}, "schedule": 3,'
        ' "versions": {}}',
        '{"index": {"documents": "x", "name": "y"}, "classifier": {"model": "probe"}, "schedule": {},'
        ' "versions": {}, "strategies": {"random": 3}}',
    ],
)
def test_a_run_whose_settings_are_damaged_is_refused(
    run: Path, tmp_path: Path, damage: str
) -> None:
    damaged = shutil.copytree(run, tmp_path / "damaged")
    (damaged / "config.json").write_text(damage, encoding="utf-8")
    assert refused(ReportError, damaged) == (
        f"{damaged / 'config.json'} cannot be read; run simulate again"
    )


def test_the_sections_are_the_papers_tables_and_figures(markdown: str) -> None:
    other = "my pool v1.2 (für mich)"
    assert markdown_headings(markdown) == [
        (1, f"classemb-index: eurlex, {other}"),
        (2, "Table 1: documents, and macro-F1 trained on the whole train split"),
        (2, "Table 2: unlabelled documents with the class, eurlex"),
        (2, f"Unlabelled documents with the class, {other}"),
        (2, "Table 4: the classes"),
        (2, "Figure 1 and Figure 7: learning curves, eurlex, probe"),
        (3, "F1 a class at the largest labelled set"),
        (2, f"Learning curves, {other}, probe"),
        (3, "F1 a class at the largest labelled set"),
        (2, "Figure 3: distances to class centroids, eurlex"),
        (2, "Figure 5: two principal components, eurlex"),
        (2, f"Distances to class centroids, {other}"),
        (2, f"Two principal components, {other}"),
        (2, "What is odd in the paper"),
    ]


def test_the_page_has_the_headings_and_cells_of_the_markdown(markdown: str, html: Page) -> None:
    assert html.headings == markdown_headings(markdown)
    assert html.tables == markdown_tables(markdown)
    # Table 1; two corpora's proximity, classes, areas, F1 and distances; areas without class c
    assert len(html.tables) == 12
    assert html.title == "classemb-index: eurlex, my pool v1.2 (für mich)"


def test_an_awkward_class_is_read_as_it_is_written(html: Page) -> None:
    columns = [table[0] for table in html.tables]
    first_cells = [row[0] for table in html.tables for row in table]
    assert any(AWKWARD in header for header in columns)  # proximity
    assert first_cells.count(AWKWARD) == 2  # F1 a class and distances
    assert "x" not in html.tags


def test_every_figure_that_is_named_is_there_and_is_in_the_page(
    out: Path, markdown: str, html: Page
) -> None:
    stems = [
        "eurlex-probe-macro_f1",
        "eurlex-probe-micro_f1",
        "my-pool-v1-2-für-mich-probe-macro_f1",
        "my-pool-v1-2-für-mich-probe-micro_f1",
        "eurlex-distances",
        "eurlex-pca",
        "my-pool-v1-2-für-mich-distances",
        "my-pool-v1-2-für-mich-pca",
    ]
    written = {path.name for path in (out / "figures").iterdir()}
    assert written == {f"{stem}.{suffix}" for stem in stems for suffix in ("png", "svg")}
    links = [line.partition("](")[2].rstrip(")") for line in markdown.splitlines() if "![" in line]
    assert links == [f"figures/{stem}.svg".replace("ü", "%C3%BC") for stem in stems]
    pictures = [(out / "figures" / f"{stem}.svg").read_bytes() for stem in stems]
    assert [base64.b64decode(source.partition(",")[2]) for source, _ in html.pictures] == pictures
    assert len(set(pictures)) == len(pictures)


def test_the_page_needs_no_other_file_and_no_network(out: Path, html: Page) -> None:
    assert all(link.startswith("data:image/svg+xml;base64,") for link in html.links)
    text = (out / "report.html").read_text(encoding="utf-8")
    for link in html.links:
        text = text.replace(link, "")
    assert "http" not in text and "<script" not in text


def test_runs_of_the_same_name_have_figures_of_their_own(run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(run, tmp_path / "other" / "probe")
    write_report(read_corpora([run, other]), tmp_path / "report")
    names = sorted(path.name for path in (tmp_path / "report" / "figures").glob("*.svg"))
    assert names == [
        "eurlex-probe-macro_f1-2.svg",
        "eurlex-probe-macro_f1.svg",
        "eurlex-probe-micro_f1-2.svg",
        "eurlex-probe-micro_f1.svg",
    ]
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert all(text.count(f"(figures/{name})") == 1 for name in names)


def test_table_1_has_the_papers_row_above_ours(
    html: Page, eurlex: EmbeddingIndex, run: Path
) -> None:
    full = read_summary(run).full
    assert full is not None and full.n_labelled == [216]
    scores = [f"{full.macro_f1[0]:.3f}", f"{full.micro_f1[0]:.3f}"]
    assert html.tables[0] == [
        ["corpus", "", "train", "dev", "test", "macro-F1", "micro-F1"],
        ["eurlex", "paper", "10,294", "1,901", "1,905", "0.93", "–"],
        ["eurlex", "ours, probe", "216", "72", "72", *scores],
        ["my pool v1.2 (für mich)", "ours", "216", "72", "72", "not run", "not run"],
    ]


def test_table_2_has_nearest_farthest_random_order_and_the_papers_row(
    html: Page, corpora: list[Corpus]
) -> None:
    analysis = corpora[0].analysis
    assert analysis is not None
    header, *rows = html.tables[1]
    assert header == ["labelled", "", "a", "b", "c"]
    assert [row[:2] for row in rows] == [
        ["100", "nearest"],
        ["", "farthest"],
        ["", "random order"],
        ["", "paper"],
    ]
    assert rows[0][2:] == [f"{entry.hits:.0f}" for entry in analysis.proximity]
    assert rows[3][2:] == ["1", "0", "7"]


def test_table_4_has_the_papers_name_beside_ours(html: Page, eurlex: EmbeddingIndex) -> None:
    pool = eurlex.pool
    counts = {
        split: [int(np.count_nonzero(pool.labels[pool.rows(split), c])) for c in range(3)]
        for split in ("train", "dev", "test")
    }
    header, *rows = html.tables[3]
    assert header == ["class", "paper", "ours, eurlex", "group", "train", "dev", "test"]
    assert [row[:4] for row in rows] == [
        ["1", "Import", "a", "frequent"],
        ["2", "Pip Fruit", "b", "frequent"],
        ["3", "Gaming", "c", "rare"],
    ]
    for c, row in enumerate(rows):
        assert row[4:] == [str(counts[split][c]) for split in ("train", "dev", "test")]


def test_settings_versions_and_seeds_stand_under_the_tables(html: Page, run: Path) -> None:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    versions = ", ".join(f"{name} {version}" for name, version in config["versions"].items())
    settings = (
        "Embeddings: encoder given; classifier: model probe, c 1.0, class_weight balanced; "
        "schedule: initial 10, batch 10, budget 30, dev_size all; "
        f"machine: device {config['machine']['device']}; versions: {versions}."
    )
    encoder = "Vectors made elsewhere, by an encoder that was not named"
    proximity = f"{encoder}; means over 5 random labelled sets a size (seeds from 0)."
    drawn = "100 labelled documents drawn with seed 0"
    geometry = [
        f"{drawn}.",
        f"{drawn}; a document with several classes is drawn once for each.",
    ]
    assert html.quotes == [
        settings,
        "Seeds: full 1.",
        proximity,
        proximity,
        settings,
        "Seeds: random 5, class-embedding 5.",
        settings,
        "Seeds: random 2, class-embedding 2.",
        *geometry,
        *geometry,
    ]


def test_the_scale_is_named_at_the_top(html: Page, plain_markdown: str) -> None:
    assert html.paragraphs[1] == "Scale: tiny_scale, 5 seeds."
    assert "Scale" not in plain_markdown


def test_two_seeds_claim_nothing_and_five_give_a_verdict(html: Page) -> None:
    five, two = (words for words in html.paragraphs if "Algorithm 1" in words)
    assert five.startswith("Area under the macro-F1 curve, by the 95 % interval of the paired")
    assert two.startswith("Seeds shared with random: 2, an interval needs 5. So nothing is claimed")


def test_a_corpus_without_published_numbers_says_nothing_of_the_paper(plain_markdown: str) -> None:
    opening, *sections = plain_markdown.split("\n## ")
    assert "Wertz" in opening
    assert not [line for line in "\n".join(sections).splitlines() if "paper" in line.lower()]


def test_a_report_of_a_run_alone_says_what_is_missing(alone: Path) -> None:
    found = Page((alone / "report.html").read_text(encoding="utf-8"))
    assert found.tables[0][1][:5] == ["eurlex", "ours, probe", "–", "–", "–"]
    assert "Not measured: the index was not given." in found.paragraphs
    assert "No index was given." in found.paragraphs
    assert len(found.pictures) == 2


def test_a_report_of_an_index_alone_has_no_curves(eurlex: EmbeddingIndex, tmp_path: Path) -> None:
    write_report(read_corpora([eurlex.folder]), tmp_path)
    found = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert found.tables[0][2] == ["eurlex", "ours", "216", "72", "72", "not run", "not run"]
    assert [words for _, words in found.headings if "curves" in words] == []
    assert len(found.pictures) == 2


@pytest.mark.parametrize("has_index", [True, False])
def test_a_model_stands_with_the_documents_that_it_learnt_from(
    eurlex: EmbeddingIndex, tmp_path: Path, has_index: bool
) -> None:
    model = train(eurlex, draw_labelled(eurlex.pool, 60, 0), tmp_path / "probe")
    folders = [tmp_path / "probe", *([eurlex.folder] if has_index else [])]
    (corpus,) = read_corpora(folders)
    assert (corpus.name, corpus.index is None) == ("eurlex", not has_index)
    write_report([corpus], tmp_path / "report")
    found = Page((tmp_path / "report" / "report.html").read_text(encoding="utf-8"))
    assert "Model probe of 60 labelled documents, eurlex" in [words for _, words in found.headings]
    (figures,) = [rows for rows in found.tables if rows[0][-1] == "threshold"]
    assert [row[0] for row in figures[1:]] == list(model.classes)
    assert [row[-1] for row in figures[1:]] == [f"{value:.3f}" for value in model.thresholds]
    assert any("draws a sample to be labelled" in words for words in found.paragraphs)


def test_a_run_of_the_whole_train_split_alone_has_table_1_and_no_curves(
    eurlex: EmbeddingIndex, tmp_path: Path
) -> None:
    run = simulated(tmp_path / "full", eurlex, [], 1, full=True)
    write_report(read_corpora([run]), tmp_path / "report")
    found = Page((tmp_path / "report" / "report.html").read_text(encoding="utf-8"))
    assert found.tables[0][1][1] == "ours, probe"
    assert found.pictures == []


def test_a_report_written_again_is_the_same(run: Path, alone: Path) -> None:
    first = (alone / "report.md").read_bytes()
    write_report(read_corpora([run]), alone)
    assert (alone / "report.md").read_bytes() == first
    assert len(list((alone / "figures").iterdir())) == 4
