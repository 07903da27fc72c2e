"""How far annotators agree who answered the same documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

Cells: TypeAlias = dict[tuple[str, str], list[bool]]  # by document and class, what each said


@dataclass(frozen=True)
class Agreement:
    """Of the cells that several people answered.

    Attributes:
        class_name: of which these cells are; None for all classes together.
        documents: that several people answered.
        cells: documents and classes that several people answered.
        agreed: of them, in which all say the same.
        alpha: Krippendorff's alpha: 1 where all agree, 0 where they agree as by chance; None where nobody
            or everybody ever says yes, so that chance agrees always.
    """

    class_name: str | None
    documents: int
    cells: int
    agreed: int
    alpha: float | None

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {"class" if key == "class_name" else key: v for key, v in asdict(self).items()}


def agreements(said_by: Mapping[tuple[str, str], Mapping[str, bool]]) -> list[Agreement]:
    """The agreement over all classes, then of each class; none where nobody answered after another.

    Args:
        said_by: by document and class, what each annotator said last.
    """
    shared: Cells = {cell: list(said.values()) for cell, said in said_by.items() if len(said) > 1}
    if not shared:
        return []
    of_class: dict[str, Cells] = defaultdict(dict)
    for (document, name), said in shared.items():
        of_class[name][document, name] = said
    return [_agreement(None, shared), *(_agreement(name, own) for name, own in of_class.items())]


def alpha(cells: Iterable[list[bool]]) -> float | None:
    """Krippendorff's alpha of yes and no, for any number of annotators (Content Analysis, 2004, ch. 11).

    Observed disagreement within cells over that of all answers at random: a cell of m answers
    counts m times, each of its pairs 1 / (m - 1) times. Chance is the answers to these cells together.

    Args:
        cells: two answers or more each.

    Returns:
        None where all answers are the same.
    """
    observed, yes, n = 0.0, 0, 0
    for said in cells:
        own = sum(said)
        observed += 2 * own * (len(said) - own) / (len(said) - 1)
        yes, n = yes + own, n + len(said)
    by_chance = 2 * yes * (n - yes)
    return None if not by_chance else 1 - (n - 1) * observed / by_chance


def _agreement(name: str | None, shared: Cells) -> Agreement:
    agreed = sum(len(set(said)) == 1 for said in shared.values())
    documents = len({document for document, _ in shared})
    return Agreement(name, documents, len(shared), agreed, alpha(shared.values()))
