"""Pictures: both files are written, can be opened, show something and name what they show."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

import matplotlib.image
import numpy as np
import pytest

from classemb_index.measures.curves import Curve
from classemb_index.measures.geometry import ClassDistance, Components
from classemb_index.reports.figures import COLOURS, save_components, save_curves, save_distances

CURVES = [
    Curve(
        "random", [10, 20, 30], [5, 5, 5], [0.1, 0.2, 0.4], [0.02] * 3, [0.2] * 3, [0.0] * 3, 0.2
    ),
    Curve("class-embedding", [10, 20], [5, 3], [0.1, 0.3], [0.0] * 2, [0.2] * 2, [0.1] * 2, 0.2),
]
DISTANCES = [
    ClassDistance("citrus fruit", 0.2, 0.5),
    ClassDistance("gaming", None, None),
    ClassDistance("germany", 0.3, None),
]
COMPONENTS = Components(
    points=np.array([[0, 0], [1, 1], [1, 0]], dtype=np.float32),
    point_classes=np.array([0, 0, 2]),
    centroids=np.array([[0.5, 0.5], [1, 0]], dtype=np.float32),
    centroid_classes=np.array([0, 2]),
    explained_variance=(0.5, 0.25),
)


def assert_is_a_picture(path: Path) -> None:
    pixels = matplotlib.image.imread(path)
    height, width, _ = pixels.shape
    assert min(height, width) > 200
    drawn = (pixels[:, :, :3] < 0.95).any(axis=2)  # not white
    assert 0.005 < drawn.mean() < 0.9
    assert drawn[:, : width // 2].any() and drawn[:, width // 2 :].any()


def words_of(path: Path) -> str:
    """The texts of an SVG, which stand in its comments when letters are drawn as outlines."""
    ElementTree.parse(path)  # it is XML
    return unescape(path.read_text(encoding="utf-8"))


def assert_written(paths: list[Path], stem: Path) -> str:
    assert paths == [stem.with_suffix(".png"), stem.with_suffix(".svg")]
    assert_is_a_picture(paths[0])
    return words_of(paths[1])


def test_curves_name_the_strategies_and_how_many_seeds(tmp_path: Path) -> None:
    words = assert_written(
        save_curves(CURVES, "eurlex, probe", tmp_path / "curves"), tmp_path / "curves"
    )
    assert "random (5 seeds)" in words and "class-embedding (5 seeds)" in words
    assert "labelled documents" in words and "eurlex, probe" in words
    assert "macro-F1 on the test split" in words and "micro-F1 on the test split" in words


def test_a_curve_of_one_size_and_one_seed_is_drawn(tmp_path: Path) -> None:
    curve = Curve("random", [10], [1], [0.5], [0.0], [0.5], [0.0], 0.5)
    words = assert_written(save_curves([curve], "one", tmp_path / "curves"), tmp_path / "curves")
    assert "random (1 seed)" in words


FULL = Curve("full", [72], [2], [0.9], [0.0], [0.8], [0.0], 0.9)


def test_the_whole_train_split_is_a_line_with_its_size_in_the_legend(tmp_path: Path) -> None:
    paths = save_curves(CURVES, "toy", tmp_path / "curves", full=FULL)
    words = assert_written(paths, tmp_path / "curves")
    assert words.count("whole train split (72)") == 1


def test_the_legend_names_every_strategy_once_beside_both_panels(tmp_path: Path) -> None:
    _, svg = save_curves(CURVES, "toy", tmp_path / "curves", full=FULL)
    words = words_of(svg)
    for name in ("random (5 seeds)", "class-embedding (5 seeds)"):
        assert words.count(name) == 1
    for axis in ("macro-F1 on the test split", "micro-F1 on the test split"):
        assert words.count(axis) == 1
    assert words.count("labelled documents") == 2


@pytest.mark.parametrize("full", [None, FULL])
def test_one_measure_is_one_panel(tmp_path: Path, full: Curve | None) -> None:
    paths = save_curves(CURVES, "toy", tmp_path / "macro", full=full, measures=["macro_f1"])
    words = assert_written(paths, tmp_path / "macro")
    assert words.count("macro-F1 on the test split") == words.count("labelled documents") == 1
    assert "micro-F1" not in words
    assert words.count("random (5 seeds)") == 1
    assert words.count("whole train split (72)") == (0 if full is None else 1)


def test_the_whole_train_split_alone_is_drawn(tmp_path: Path) -> None:
    paths = save_curves([], "toy", tmp_path / "curves", full=FULL)
    assert "whole train split (72)" in assert_written(paths, tmp_path / "curves")


def test_many_strategies_have_colours_and_places_of_their_own(tmp_path: Path) -> None:
    names = [f"strategy {i}" for i in range(8)]
    curves = [
        Curve(name, [10, 20], [5, 5], [0.1 * i] * 2, [0.0] * 2, [0.1 * i] * 2, [0.0] * 2, 0.1 * i)
        for i, name in enumerate(names)
    ]
    words = assert_written(save_curves(curves, "many", tmp_path / "curves"), tmp_path / "curves")
    assert all(words.count(f"{name} (5 seeds)") == 1 for name in names)
    for colour in COLOURS[:8]:
        assert colour.lower() in words


def test_the_spread_over_seeds_is_drawn_as_a_band(tmp_path: Path) -> None:
    pictures = []
    for sd in (0.0, 0.1):
        curve = Curve("random", [10, 20], [5, 5], [0.2, 0.4], [sd] * 2, [0.2, 0.4], [sd] * 2, 0.3)
        png, _ = save_curves([curve], "band", tmp_path / "curves")
        pictures.append((matplotlib.image.imread(png)[:, :, :3] < 0.95).any(axis=2).mean())
    assert pictures[1] > 1.5 * pictures[0]  # more of the picture is not white


def test_distances_name_the_classes_and_those_without_a_document(tmp_path: Path) -> None:
    paths = save_distances(DISTANCES, "eurlex, 100 labelled", tmp_path / "distances")
    words = assert_written(paths, tmp_path / "distances")
    for text in ("citrus fruit", "gaming (none)", "germany", "eurlex, 100 labelled"):
        assert text in words
    assert "same class" in words and "other classes (average)" in words


def test_components_name_the_classes_that_are_drawn_and_the_variance(tmp_path: Path) -> None:
    classes = ["citrus fruit", "gaming", "germany"]
    paths = save_components(COMPONENTS, classes, "eurlex", tmp_path / "pca")
    words = assert_written(paths, tmp_path / "pca")
    assert "citrus fruit" in words and "germany" in words
    assert "gaming" not in words  # it has no labelled document
    assert "component 1 (50.0% of the variance)" in words
    assert "component 2 (25.0% of the variance)" in words


def test_more_classes_than_colours_are_drawn(tmp_path: Path) -> None:
    n = 30
    many = Components(
        points=np.random.default_rng(0).standard_normal((n, 2)).astype(np.float32),
        point_classes=np.arange(n),
        centroids=np.zeros((n, 2), dtype=np.float32),
        centroid_classes=np.arange(n),
        explained_variance=(0.5, 0.25),
    )
    names = [f"class {c}" for c in range(n)]
    words = assert_written(save_components(many, names, "many", tmp_path / "pca"), tmp_path / "pca")
    assert all(name in words for name in names)


AWKWARD = [r"cost $\foo$", "from $5 to $6", "R&D <new>", "größe"]  # names of classes


@pytest.mark.parametrize("name", AWKWARD)
def test_a_class_name_is_shown_as_it_is_written(tmp_path: Path, name: str) -> None:
    distances = [ClassDistance(name, 0.1, 0.2)]
    paths = save_distances(distances, f"about {name}", tmp_path / "distances")
    words = assert_written(paths, tmp_path / "distances")
    assert name in words.replace(r"\$", "$")


def test_every_picture_is_drawn_of_awkward_class_names(tmp_path: Path) -> None:
    stem = tmp_path / "picture"
    for names in (AWKWARD[:3], AWKWARD[1:]):
        words = assert_written(
            save_components(COMPONENTS, names, f"about {names[0]}", stem), stem
        ).replace(r"\$", "$")
        assert f"about {names[0]}" in words
        assert names[0] in words and names[2] in words  # the classes that have points
    title = "about " + ", ".join(AWKWARD)
    assert title in assert_written(save_curves(CURVES, title, stem), stem).replace(r"\$", "$")


def test_pictures_replace_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "curves.png").write_text("no picture")
    save_curves(CURVES, "eurlex, probe", tmp_path / "curves")
    assert_is_a_picture(tmp_path / "curves.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "curves.svg"]


def test_figures_need_no_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    assert_written(save_curves(CURVES, "eurlex, probe", tmp_path / "curves"), tmp_path / "curves")
