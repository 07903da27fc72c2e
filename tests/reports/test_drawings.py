"""Drawings for a page: well-formed, without style and script, and what they show lies where it should."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from classemb_index.models.crossval import Figure
from classemb_index.reports.drawings import HAS, HAS_NOT, NOBODY, At, Spot, class_panel
from classemb_index.reports.drawings import pool_map as draw_map

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>" onload="alert(2)\x1b[31m\x00\ud800 ]]> مرحبا 🙂'


def test_a_panel_says_in_words_what_it_draws() -> None:
    points = [At(10, 1, None), At(20, 4, Figure(0.5, 0.25, 0.75))]
    root = ElementTree.fromstring(class_panel("a & b", points))
    assert root.get("role") == "img"
    assert root.get("aria-label") == (
        "a & b: 10 labelled documents: 1 positives; "
        "20 labelled documents: 4 positives, F1 0.50 (0.25 to 0.75)"
    )


def test_a_panel_draws_an_f1_of_a_half_half_way_between_0_and_1() -> None:
    root = ElementTree.fromstring(class_panel("a", [At(20, 4, Figure(0.5, 0.25, 0.75))]))
    lines = [float(line.get("y1", "")) for line in root.iter(f"{SVG}line")]
    zero, half, one = lines[:3]
    (f1, positives) = [float(dot.get("cy", "")) for dot in root.iter(f"{SVG}circle")]
    assert f1 == half == (zero + one) / 2
    assert positives == lines[3]  # the most that there are lie at the upper rule
    band = root.find(f"{SVG}polygon")
    assert band is not None
    ends = [float(place.split(",")[1]) for place in band.get("points", "").split()]
    assert sorted(ends) == [pytest.approx(zero + (one - zero) * share) for share in (0.75, 0.25)]


def test_a_class_without_an_f1_has_its_positives_alone() -> None:
    root = ElementTree.fromstring(class_panel("a", [At(0, 0, None), At(10, 0, None)]))
    assert root.find(f"{SVG}polygon") is None
    assert len(list(root.iter(f"{SVG}polyline"))) == 1


def test_the_map_keeps_directions_and_draws_what_has_the_class_last() -> None:
    points = np.array([[0, 0], [1, 0], [0, 2]], dtype=np.float32)
    spots = [Spot("/a", "yes", HAS), Spot("/b", "no", HAS_NOT), Spot("/c", "open", NOBODY)]
    root = ElementTree.fromstring(draw_map(points, spots, "three documents"))
    links = list(root.iter(f"{SVG}a"))
    assert [link.get("href") for link in links] == ["/c", "/b", "/a"]
    assert {link.get("tabindex") for link in links} == {"-1"}
    place = {}
    for link in links:
        circle = link[0]
        place[link.get("href", "")[-1]] = float(circle.get("cx", "")), float(circle.get("cy", ""))
    (ax, ay), (bx, by), (cx, cy) = (place[key] for key in "abc")
    assert (bx > ax, by == ay) == (True, True)
    assert (cx == ax, cy < ay) == (True, True)  # up is up
    assert 2 * (bx - ax) == pytest.approx(ay - cy, abs=0.2)  # scaled alike
    sizes = [float(link[0].get("r", "")) for link in links]
    assert sizes == sorted(set(sizes))


def test_hostile_texts_stay_text() -> None:
    spots = [Spot("/d", HOSTILE, HAS)]
    for drawn in (
        draw_map(np.zeros((1, 2), dtype=np.float32), spots, HOSTILE),
        class_panel(HOSTILE, [At(1, 1, None)]),
    ):
        root = ElementTree.fromstring(drawn)  # well-formed
        assert {element.tag for element in root.iter()}.isdisjoint({f"{SVG}script", "script"})
        names = {name for element in root.iter() for name in element.attrib}
        assert names.isdisjoint({"style", "onload"})
        assert "مرحبا 🙂" in drawn and "\x1b" not in drawn and "\x00" not in drawn
    assert root.get("aria-label", "").startswith(
        '<script>alert(1)</script>" onload="alert(2)\ufffd'
    )


def test_a_map_of_nothing_is_empty() -> None:
    assert "<a " not in draw_map(np.zeros((0, 2), dtype=np.float32), [], "nothing")
