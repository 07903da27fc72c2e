"""Documents as the pages show them: as a card in a list, and with all that is known."""

from __future__ import annotations

from typing import Any

from ..labels.standing import Standing
from ..labels.store import LabelStore
from ..queries.ranking import RankedPage
from .workspace import Scene

TITLE = 120  # characters of a title
START = 400  # of what follows it on a card
FIRST_LINE = 200  # of a line that is set apart from its text
LINE = 90  # of the beginning of a text in one line


def cards(scene: Scene, store: LabelStore, found: RankedPage) -> list[dict[str, Any]]:
    """A `card` for each document of a page."""
    pool = scene.index.pool
    rows = found.rows.tolist()
    scores = [None] * len(rows) if found.scores is None else found.scores.tolist()
    standings = store.standings([pool.ids[row] for row in rows])
    return [
        card(scene, standings[pool.ids[row]], row, text, score)
        for row, text, score in zip(rows, pool.texts_of(found.rows), scores, strict=True)
    ]


def card(
    scene: Scene, standing: Standing, row: int, text: str, score: float | None = None
) -> dict[str, Any]:
    """One document of a list.

    Args:
        scene: as it is now.
        standing: of the document.
        row: of the document.
        text: its text.
        score: by which it was found; None for none.

    Returns:
        id, title, start of the text, length in characters, score, and how it stands: "labels" by
        class (True or False where it is known), "skipped", "out" (to whom), "notes" (how many), and "seen",
        the number of the last action on it.
    """
    title, start = heading(text)
    return {
        "id": standing.document,
        "title": title,
        "start": start,
        "length": len(text),
        "score": score,
        **_stands(scene, standing, row),
        "notes": len(standing.notes),
    }


def whole_document(scene: Scene, store: LabelStore, row: int) -> dict[str, Any]:
    """All that is known of one document: as `card`, with its text, who said what of each class, and notes.

    Returns:
        "said" has a pair of annotator and "yes" or "no" for each answer by class, in the order in
        which they were given; "notes" has the texts by annotator.
    """
    pool = scene.index.pool
    text, standing = pool.text(row), store.standing(pool.ids[row])
    return {
        "id": pool.ids[row],
        "title": heading(text)[0],
        "text": text,
        "length": len(text),
        "split": str(pool.splits[row]),
        "held_out": bool(scene.annotation.held_out[row]),
        **_stands(scene, standing, row),
        "said": {name: list(said.items()) for name, said in standing.said_by.items()},
        "skipped_by": list(standing.skipped_by),
        "notes": dict(standing.notes),
    }


def heading(text: str) -> tuple[str, str]:
    """A title for a text, and the beginning of what follows it.

    The title is the first line that says something, as far as it is short; else its beginning, and
    what follows goes on in the line.
    """
    text = text.lstrip()
    line, _, rest = text[: TITLE + 1 + START].partition("\n")
    if len(line) <= TITLE:
        return line.strip(), rest.strip()[:START]
    cut = line.rfind(" ", TITLE // 2, TITLE)
    end = TITLE if cut < 0 else cut
    return f"{line[:end].rstrip()} …", text[end : end + START].strip()


def end_of_title(text: str) -> int:
    """Where the first line ends, if it can be a title: it is short, and more follows; else 0."""
    first, _, rest = text.partition("\n")
    return len(first) if first.strip() and rest.strip() and len(first) <= FIRST_LINE else 0


def in_a_line(text: str) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text[:START].split())
    return line if len(line) <= LINE else line[: LINE - 1] + "…"


def _stands(scene: Scene, standing: Standing, row: int) -> dict[str, Any]:
    """What is known of a document and who is busy with it."""
    annotation = scene.annotation
    cells = annotation.cells_of(standing.document)
    return {
        "labels": {name: has for name, has in cells.items() if has is not None},
        "skipped": bool(annotation.skipped[row]),
        "out": list(standing.out_to),
        "seen": standing.last,
    }
