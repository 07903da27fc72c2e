"""Query methods as a table and as pictures, from scores alone."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import matplotlib.image
import pytest

from classemb_index.measures.methods import CommonScore, MethodScore
from classemb_index.measures.rankings import MEASURES
from classemb_index.measures.statistics import Estimate
from classemb_index.reports.figures import save_class_methods, save_methods
from classemb_index.reports.tables import methods_csv, save_methods_table

PAIRS = {"rare": 10, "all": 20}  # asked: five draws of two and of four classes


def score(
    size: int, subject: str, method: str, mean: float | None, queried: int | None = None
) -> MethodScore:
    """A class or a group; with `mean` None there is no query."""
    asked = PAIRS.get(subject, 5)
    queried = 0 if mean is None else asked if queried is None else queried
    found = None if mean is None else Estimate(mean, mean - 0.1, mean + 0.1, 5)
    common = None if found is None else CommonScore(3, 0.02, 0.8, Estimate(0.3, None, None, 2))
    return MethodScore(
        n_labelled=size,
        class_name=None if subject in PAIRS else subject,
        group=subject if subject in PAIRS else None,
        method=method,
        draws=min(5, queried),
        queried=queried,
        asked=asked,
        prevalence=0.01,
        ceiling=0.9,
        precision=found,
        recall=found,
        average_precision=found,
        lift=None if mean == 0.4 else found,
        common=common,
    )


SUBJECTS = ("citrus", "gaming $1", "rare", "all")
SCORES = [
    entry
    for subject in SUBJECTS
    for entry in (
        score(0, subject, "centroid", None),
        score(0, subject, "auto", 0.4),
        score(100, subject, "centroid", 0.5, 4),
        score(100, subject, "auto", 0.6),
    )
]


def words_of(paths: list[Path], stem: Path) -> str:
    """The texts of the SVG, which stand in its comments; the PNG shows something."""
    assert paths == [stem.with_suffix(".png"), stem.with_suffix(".svg")]
    pixels = matplotlib.image.imread(paths[0])
    assert 0.005 < (pixels[:, :, :3] < 0.95).any(axis=2).mean() < 0.9
    return paths[1].read_text(encoding="utf-8")


def test_csv_has_every_value_of_every_entry(tmp_path: Path) -> None:
    (path,) = save_methods_table(SCORES, tmp_path)
    assert path == tmp_path / "methods.csv"
    assert path.read_text(encoding="utf-8") == methods_csv(SCORES)
    lines = list(csv.DictReader(io.StringIO(methods_csv(SCORES))))
    assert len(lines) == len(SCORES)
    for line, entry in zip(lines, SCORES, strict=True):
        for name in ("n_labelled", "class_name", "group", "method", "draws", "queried", "asked"):
            value = getattr(entry, name)
            assert line[name] == ("" if value is None else str(value))
        assert (line["prevalence"], line["ceiling"]) == ("0.01", "0.9")
        estimates = {name: getattr(entry, name) for name in MEASURES}
        estimates["common_precision"] = entry.common and entry.common.precision
        for name, found in estimates.items():
            values = (
                [None] * 4 if found is None else [found.mean, found.low, found.high, found.seeds]
            )
            cells = [line[f"{name}{part}"] for part in ("", "_low", "_high", "_draws")]
            assert cells == ["" if value is None else str(value) for value in values]
        assert line["common_pairs"] == ("" if entry.common is None else "3")


def test_csv_of_no_entries_is_empty() -> None:
    assert methods_csv([]).strip() == ""


def test_the_picture_by_size_names_methods_panels_and_limits(tmp_path: Path) -> None:
    words = words_of(save_methods(SCORES, 10, "pool $1", tmp_path / "m"), tmp_path / "m")
    for text in ("centroid", "auto", "rare classes", "all classes", "labelled documents", "100"):
        assert f"<!-- {text} -->" in words
    assert "rare classes, where every method has a query" in words
    assert "precision@10" in words and "random order" in words and "perfect order" in words
    assert "95 % interval over draws" in words and "open: some classes or draws" in words
    assert "pool $1: how well each query method finds a class" in words


def test_where_all_methods_answer_there_is_one_row_of_panels(tmp_path: Path) -> None:
    of_auto = [entry for entry in SCORES if entry.method == "auto"]
    words = words_of(save_methods(of_auto, 10, "pool", tmp_path / "m"), tmp_path / "m")
    assert "where every method" not in words and "open: some" not in words


def test_a_pool_without_a_rare_group_has_one_panel(tmp_path: Path) -> None:
    without = [entry for entry in SCORES if entry.group != "rare"]
    words = words_of(save_methods(without, 10, "pool", tmp_path / "m"), tmp_path / "m")
    assert "all classes" in words and "rare classes" not in words


@pytest.mark.parametrize("classes", [1, 2, 13])
def test_the_picture_by_class_names_every_class_and_method(tmp_path: Path, classes: int) -> None:
    names = ["citrus", "gaming $1", *(f"class {i}" for i in range(2, classes))][:classes]
    found = [score(100, name, method, 0.5) for name in names for method in ("centroid", "auto")]
    words = words_of(
        save_class_methods([*found, *SCORES[-2:]], 10, "pool", tmp_path / "c"), tmp_path / "c"
    )
    for name in names:
        assert f"<!-- {name} -->" in words
    assert "<!-- centroid -->" in words and "<!-- auto -->" in words
    assert "100 labelled documents" in words and "all classes" not in words


def test_pictures_without_any_query_are_drawn(tmp_path: Path) -> None:
    silent = [entry for entry in SCORES if entry.precision is None]
    curves = words_of(save_methods(silent, 10, "pool", tmp_path / "m"), tmp_path / "m")
    by_class = words_of(save_class_methods(silent, 10, "pool", tmp_path / "c"), tmp_path / "c")
    assert "pool" in curves and "pool" in by_class
