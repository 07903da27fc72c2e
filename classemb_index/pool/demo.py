"""The demo pool: invented safety reports of an industrial group, written from a seed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice
from typing import TypeVar

import numpy as np

from .documents import SPLITS, Record

FREQUENT = (
    "slips-and-falls",
    "machinery",
    "site-transport",
    "manual-handling",
    "hazardous-substances",
)

RARE = (
    "pressure-systems",
    "electrical",
    "cranes-and-hoists",
    "confined-spaces",
    "vibration",
)

# every prefix of the pool has all three splits
_SPLIT_CYCLE = ("train", "train", "dev", "train", "train", "test")
_FREQUENT_SHARES = (0.25, 0.22, 0.20, 0.18, 0.15)  # of the first label drawn
_RARE_IN_200 = (7, 6, 5, 5, 4)

_COMPANION = {  # the frequent class that a rare one borders on and mostly comes with
    "pressure-systems": "machinery",
    "electrical": "machinery",
    "cranes-and-hoists": "site-transport",
    "confined-spaces": "hazardous-substances",
    "vibration": "manual-handling",
}

_NO_CLASS = ""
_DOCUMENT_SLOTS = ("site", "other_site", "area", "date", "ref", "manager", "writer")
_CHOICE_OR_SLOT = re.compile(r"\[([^][]*)\]|\{(\w+)\}")
T = TypeVar("T")


@dataclass(frozen=True)
class ClassText:
    """Templates about a class: it happened, was found, is acted on, and is not concerned."""

    events: Sequence[str]
    findings: Sequence[str]
    actions: Sequence[str]
    cleared: Sequence[str]


@dataclass(frozen=True)
class Form:
    """A kind of document: its first and last sentences, and how it brings in evidence."""

    openings: Sequence[str]
    leads: Sequence[str]
    closings: Sequence[str]


@dataclass(frozen=True)
class DemoText:
    """What documents are made of: demo.toml, which says how templates are written."""

    other: Sequence[str]
    background: Sequence[str]
    further: Sequence[str]
    related_events: Sequence[str]
    related_findings: Sequence[str]
    roles: Sequence[str]
    pronouns: Sequence[Mapping[str, str]]
    words: Mapping[str, Sequence[str]]
    classes: Mapping[str, ClassText]
    event_forms: Sequence[Form]
    visit_forms: Sequence[Form]


@cache
def demo_text() -> DemoText:
    """The sentences and words of the demo pool, read once."""
    file = resources.files(__package__) / "demo.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    table["classes"] = {name: ClassText(**entry) for name, entry in table["classes"].items()}
    for key in ("event_forms", "visit_forms"):
        table[key] = [Form(**entry) for entry in table[key]]
    return DemoText(**table)


def demo_records(n: int = 2400, seed: int = 0) -> Iterator[Record]:
    """The demo pool's first n documents, fully labelled, one at a time.

    A document has a class when it reports an event or a defect of that kind. Many also say
    that some other class is not concerned, which gives no label: the words of a class do not
    decide, what is said with them does. Each of the `FREQUENT` classes is in 12 to 40 % of
    the documents. Each of the `RARE` classes is in 2 to 3.5 % of every split: exactly so when
    the split is a multiple of 200 documents, as in the default pool of 1600, 400 and 400.
    About 3 % of the documents have no class. The text depends on nothing but the seed.
    """
    rng = np.random.default_rng(seed)
    rare_labels = {split: _rare_labels(rng) for split in SPLITS}
    for i in range(n):
        split = _SPLIT_CYCLE[i % len(_SPLIT_CYCLE)]
        labels = _draw_labels(next(rare_labels[split]), rng)
        yield Record(f"demo:{i + 1:04d}", _document(labels, rng), labels, split)


def _rare_labels(rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """One rare class or none, document after document, in fixed shares of every 200."""
    deck: list[tuple[str, ...]] = [()] * (200 - sum(_RARE_IN_200))
    for name, count in zip(RARE, _RARE_IN_200, strict=True):
        deck += [(name,)] * count
    while True:
        yield from _shuffled(deck, rng)


def _draw_labels(rare: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    shares = np.array(_FREQUENT_SHARES)
    for name in rare:
        shares[FREQUENT.index(_COMPANION[name])] *= 4
    # probabilities of none, one, two and three frequent classes
    how_many = (0.32, 0.58, 0.10, 0.0) if rare else (0.03, 0.59, 0.30, 0.08)
    n_frequent = int(rng.choice(len(how_many), p=how_many))
    chosen = rng.choice(len(FREQUENT), n_frequent, replace=False, p=shares / shares.sum())
    return (*(FREQUENT[c] for c in sorted(chosen)), *rare)


def _document(labels: tuple[str, ...], rng: np.random.Generator) -> str:
    """A passage for each label, and sentences that give none, in the frame of some form."""
    text = demo_text()
    facts = {slot: _fill(_pick(text.words[slot], rng), {}, rng) for slot in _DOCUMENT_SLOTS}
    form = _pick([*(text.event_forms if labels else ()), *text.visit_forms], rng)
    opening = _sentence(_pick(form.openings, rng), facts, rng)
    closing = _sentence(_pick(form.closings, rng), facts, rng)
    body: list[str] = []
    leads = [_pick(form.leads, rng), *_shuffled(text.further, rng)]
    for label, lead in zip(_shuffled(labels or (_NO_CLASS,), rng), leads, strict=False):
        at_most = 4 - len(labels)  # the more classes, the shorter the passage on each
        body.append(" ".join(islice(_passage(label, lead, facts, rng), at_most)))
    least_words = int(rng.integers(40, 95))
    for filler in _fillers(labels, rng):
        if _n_words(opening, *body, closing) >= least_words:
            break
        body.insert(int(rng.integers(len(body) + 1)), _sentence(filler, facts, rng))
    return " ".join((opening, *body, closing))


def _passage(
    label: str, lead: str, facts: Mapping[str, str], rng: np.random.Generator
) -> Iterator[str]:
    """What happened or was found, at times more of that kind, and what is done about it."""
    yield _evidence(label, lead, facts, rng)
    if label == _NO_CLASS:
        return
    text = demo_text()
    if label in RARE or rng.random() < 0.12:
        related = text.related_findings if "{event}" in lead else text.related_events
        yield _evidence(label, _pick(related, rng), facts, rng)
    if rng.random() < 0.65:
        yield _sentence(_pick(text.classes[label].actions, rng), facts, rng)


def _evidence(label: str, lead: str, facts: Mapping[str, str], rng: np.random.Generator) -> str:
    text = demo_text()
    about = text.classes.get(label)
    role = _pick(text.roles, rng)
    own = {
        "event": _pick(about.events if about else text.other, rng),
        "finding": _pick(about.findings if about else text.other, rng),
        "person": f"{'an' if role[0] in 'aeiou' else 'a'} {role}",
    }
    return _sentence(lead, {**facts, **own, **_pick(text.pronouns, rng)}, rng)


def _fillers(labels: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """What gives no class: background, other matters, and classes that are not concerned."""
    text = demo_text()
    others = [about for name, about in text.classes.items() if name not in labels]
    cleared = [template for about in others for template in about.cleared]
    return _shuffled([*text.background, *text.other, *cleared], rng)


def _sentence(template: str, known: Mapping[str, str], rng: np.random.Generator) -> str:
    text = _fill(template, known, rng)
    text = re.sub(r"(^|[.?] )([a-z])", lambda start: start[0].upper(), text)
    return text if text.endswith((".", "?")) else f"{text}."


def _fill(template: str, known: Mapping[str, str], rng: np.random.Generator) -> str:
    """The template with every choice made and every slot filled, the innermost first."""

    def filling(part: re.Match[str]) -> str:
        choice, slot = part[1], part[2]
        if slot in known:
            return known[slot]
        options: Sequence[str] = choice.split("|") if slot is None else demo_text().words[slot]
        return _pick(options, rng)

    while _CHOICE_OR_SLOT.search(template):
        template = _CHOICE_OR_SLOT.sub(filling, template)
    return template


def _n_words(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


def _shuffled(items: Sequence[T], rng: np.random.Generator) -> list[T]:
    return [items[i] for i in rng.permutation(len(items))]


def _pick(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]
