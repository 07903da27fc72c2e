"""Drawings for a page, as SVG text: a class over time, and the pool as a map.

They have no style of their own: text and axes take the colour of the page that they stand in, and
no attribute needs more than a strict Content-Security-Policy allows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from ..arrays import FloatMatrix
from ..models.crossval import Figure
from .figures import COLOURS

F1_COLOUR, POSITIVES_COLOUR = COLOURS[0], COLOURS[1]
LEFT, RIGHT = 30.0, 232.0  # of a panel's axes
F1_TOP, F1_BOTTOM = 8.0, 84.0
POSITIVES_TOP, POSITIVES_BOTTOM = 98.0, 134.0
MAP_WIDTH, MAP_HEIGHT, MARGIN = 720.0, 480.0, 12.0
# radius, colour and opacity of a document that nobody labelled, that has not the class, and that has it
MARKS = ((2.5, "currentColor", 0.3), (4.0, COLOURS[0], 0.9), (6.0, COLOURS[1], 0.95))
NOBODY, HAS_NOT, HAS = range(3)
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class At(NamedTuple):
    """A class at one time.

    Attributes:
        labelled: documents that were labelled.
        positives: of them that have the class.
        f1: with its interval; None where there is none.
    """

    labelled: int
    positives: int
    f1: Figure | None


class Spot(NamedTuple):
    """A document on the map.

    Attributes:
        address: of its own page.
        title: what it is about.
        state: NOBODY, HAS_NOT or HAS.
    """

    address: str
    title: str
    state: int


def class_panel(name: str, points: Sequence[At]) -> str:
    """F1 with its interval above positives, both by the number of labelled documents.

    Args:
        name: of the class, for those who cannot see the picture.
        points: one or more, rising.
    """
    scored = [(own.labelled, own.f1) for own in points if own.f1 is not None]
    words = "; ".join(
        f"{own.labelled} labelled documents: {own.positives} positives"
        + (f", F1 {_share(own.f1)}" if own.f1 else "")
        for own in points
    )
    svg = _svg(240, 152, f"{name}: {words}")
    most_x, most_y = max(1, points[-1].labelled), max(1, *(own.positives for own in points))

    def x(labelled: int) -> float:
        return LEFT + (RIGHT - LEFT) * labelled / most_x

    def y(share: float) -> float:
        return F1_BOTTOM - (F1_BOTTOM - F1_TOP) * share

    for share in (0.0, 0.5, 1.0):
        _rule(svg, y(share), f"{share:g}")
    _rule(svg, POSITIVES_TOP, str(most_y))
    _rule(svg, POSITIVES_BOTTOM, "0")
    _text(svg, LEFT, 148, "0", "middle")
    _text(svg, RIGHT, 148, f"{most_x} labelled", "end")
    _text(svg, LEFT + 3, F1_TOP + 10, "F1", "start")
    _text(svg, LEFT + 3, POSITIVES_TOP + 10, "positives", "start")
    if scored:
        edge = [(x(n), y(f1.high)) for n, f1 in scored]
        edge += [(x(n), y(f1.low)) for n, f1 in reversed(scored)]
        band = {"fill": F1_COLOUR, "fill-opacity": "0.25", "stroke": F1_COLOUR}
        SubElement(svg, "polygon", {"points": _places(edge), "stroke-opacity": "0.25", **band})
        _line(svg, [(x(n), y(f1.value)) for n, f1 in scored], F1_COLOUR)
    for n, f1 in scored:
        _dot(svg, x(n), y(f1.value), 2.5, F1_COLOUR, f"{n} labelled: F1 {_share(f1)}")
    rise = (POSITIVES_BOTTOM - POSITIVES_TOP) / most_y
    steps = [(x(own.labelled), POSITIVES_BOTTOM - rise * own.positives) for own in points]
    _line(svg, steps, POSITIVES_COLOUR)
    for (at, height), own in zip(steps, points, strict=True):
        _dot(svg, at, height, 2.5, POSITIVES_COLOUR, f"{own.labelled} labelled: {own.positives}")
    return tostring(svg, "unicode")


def pool_map(points: FloatMatrix, spots: Sequence[Spot], words: str) -> str:
    """Documents where they lie, each a link to its own page that the tab key passes over.

    Those that have the class are drawn last, and larger, so that colour alone tells nothing.

    Args:
        points: (p, 2) coordinates, scaled alike in both directions.
        spots: p of them.
        words: what it shows, for those who cannot see it.
    """
    svg = _svg(MAP_WIDTH, MAP_HEIGHT, words)
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (0.0, 1.0)
    room = np.array([MAP_WIDTH, MAP_HEIGHT]) - 2 * MARGIN
    scale = (room / np.maximum(np.asarray(high) - low, 1e-9)).min()
    places = (points - (np.asarray(low) + high) / 2) * scale * [1, -1]
    places = places + np.array([MAP_WIDTH, MAP_HEIGHT]) / 2
    for row in sorted(range(len(spots)), key=lambda row: spots[row].state):
        spot, (x, y) = spots[row], places[row].tolist()
        radius, colour, opacity = MARKS[spot.state]
        link = {"href": spot.address, "tabindex": "-1"}
        mark = _dot(SubElement(svg, "a", link), x, y, radius, colour, spot.title)
        mark.set("fill-opacity", f"{opacity:g}")
    return tostring(svg, "unicode")


def _svg(width: float, height: float, words: str) -> Element:
    box = f"0 0 {width:g} {height:g}"
    namespace = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": box}
    return Element("svg", {**namespace, "role": "img", "aria-label": _plain(words)})


def _rule(svg: Element, y: float, words: str) -> None:
    """A line across, and what it stands for at its left."""
    ends = {"x1": f"{LEFT:g}", "x2": f"{RIGHT:g}", "y1": f"{y:.1f}", "y2": f"{y:.1f}"}
    SubElement(svg, "line", {**ends, "stroke": "currentColor", "stroke-opacity": "0.25"})
    _text(svg, LEFT - 4, y + 3.5, words, "end")


def _text(svg: Element, x: float, y: float, words: str, anchor: str) -> None:
    place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}
    SubElement(svg, "text", {**place, "font-size": "10", "fill": "currentColor"}).text = words


def _line(svg: Element, places: Sequence[tuple[float, float]], colour: str) -> None:
    drawn = {"points": _places(places), "fill": "none", "stroke": colour, "stroke-width": "1.8"}
    SubElement(svg, "polyline", drawn)


def _dot(parent: Element, x: float, y: float, radius: float, colour: str, words: str) -> Element:
    place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:g}"}
    mark = SubElement(parent, "circle", {**place, "fill": colour})
    SubElement(mark, "title").text = _plain(words)
    return mark


def _places(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _share(share: Figure) -> str:
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f})"


def _plain(text: str) -> str:
    """The text with a mark for each character that XML has no place for, as a terminal's escapes."""
    return NO_XML.sub("\ufffd", text)
