"""The demo pool: invented safety reports of an industrial group, written from a seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

from .demo_text import (
    ACTIONS,
    BACKGROUND,
    CLEARED,
    EVENT_FORMS,
    EVENTS,
    FINDINGS,
    FURTHER,
    OTHER,
    PRONOUNS,
    RELATED_EVENTS,
    RELATED_FINDINGS,
    ROLES,
    VISIT_FORMS,
    WORDS,
)
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
    facts = {slot: _fill(_pick(WORDS[slot], rng), {}, rng) for slot in _DOCUMENT_SLOTS}
    form = _pick(EVENT_FORMS + VISIT_FORMS if labels else VISIT_FORMS, rng)
    opening = _sentence(_pick(form.openings, rng), facts, rng)
    closing = _sentence(_pick(form.closings, rng), facts, rng)
    body: list[str] = []
    leads = [_pick(form.leads, rng), *_shuffled(FURTHER, rng)]
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
    if label in RARE or rng.random() < 0.12:
        related = RELATED_FINDINGS if "{event}" in lead else RELATED_EVENTS
        yield _evidence(label, _pick(related, rng), facts, rng)
    if rng.random() < 0.65:
        yield _sentence(_pick(ACTIONS[label], rng), facts, rng)


def _evidence(label: str, lead: str, facts: Mapping[str, str], rng: np.random.Generator) -> str:
    role = _pick(ROLES, rng)
    own = {
        "event": _pick(EVENTS.get(label, OTHER), rng),
        "finding": _pick(FINDINGS.get(label, OTHER), rng),
        "person": f"{'an' if role[0] in 'aeiou' else 'a'} {role}",
    }
    return _sentence(lead, {**facts, **own, **_pick(PRONOUNS, rng)}, rng)


def _fillers(labels: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """What gives no class: background, other matters, and classes that are not concerned."""
    cleared = [text for name, texts in CLEARED.items() if name not in labels for text in texts]
    return _shuffled([*BACKGROUND, *OTHER, *cleared], rng)


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
        options: Sequence[str] = choice.split("|") if slot is None else WORDS[slot]
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
