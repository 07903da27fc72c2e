"""Answers of `query` and `select`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.text import Text

from .console import is_narrow, out, show_lines, snippet, titled

if TYPE_CHECKING:
    from classemb_index.index.backends.base import Neighbours
    from classemb_index.labels.prevalence import Prevalence
    from classemb_index.labels.progress import ClassOutlook, ClassProgress
    from classemb_index.pool.pool import Pool
    from classemb_index.queries.search import ClassQueryResult


MOST_SHOWN = 20  # classes of an answer


def show_neighbours(pool: Pool, result: ClassQueryResult, outlooks: Sequence[ClassOutlook]) -> None:
    """A table a class: rank, score, mark, id, snippet; below it the hits and the outlook."""
    labelled = result.labelled
    for answer, outlook in zip(result.classes[:MOST_SHOWN], outlooks[:MOST_SHOWN], strict=True):
        name = pool.classes[answer.position]
        title = f"{name}: {answer.n_labelled} of {len(labelled)} labelled documents"
        if answer.neighbours is None:
            out.print(f"[bold]{escape(title)}[/bold]")
            out.print(f"  nothing that {answer.method} could search by\n")
            continue
        reason = "" if answer.why is None else f" ({answer.why})"
        title += f"; method {answer.method}{reason}"
        table = titled(title, right=("rank", "score"), left=("", "id", "text"))
        known = [mark for mark in answer.has_class if mark is not None]
        for rank, (row, score, mark) in enumerate(
            zip(*answer.neighbours, answer.has_class, strict=True), start=1
        ):
            table.add_row(
                str(rank), f"{score:.3f}", _mark(mark), Text(pool.ids[row]), snippet(pool, row)
            )
        out.print(table)
        if known:
            digits = 2 if answer.expected < 1 else 1
            out.print(
                f"  hits: {sum(known)} of {len(known)} with known labels "
                f"(random order: {answer.expected:.{digits}f}; "
                f"{answer.in_unlabelled} in the unlabelled set)"
            )
        show_lines([f"  {line}" for line in _outlook_lines(outlook)])
        out.print()
    if (left := len(result.classes) - MOST_SHOWN) > 0:
        show_lines(
            [
                f"{left} more of {len(result.classes)} classes are not shown; "
                "--class NAME shows one, --json gives all"
            ]
        )


def show_documents(pool: Pool, neighbours: Neighbours, title: str) -> None:
    """A table of documents with the labels that are known."""
    table = titled(title, right=("rank", "score"), left=("labels", "id", "text"))
    for rank, (row, score) in enumerate(zip(*neighbours, strict=True), start=1):
        unknown = [] if pool.is_complete[row] else ["?"]
        words = ", ".join([*(pool.known_labels(row) or ()), *unknown]) or "-"
        table.add_row(
            str(rank), f"{score:.3f}", Text(words), Text(pool.ids[row]), snippet(pool, row)
        )
    out.print(table)


def show_outlooks(pool: Pool, outlooks: Sequence[ClassOutlook]) -> None:
    """A line a class: positives, the yield of the last batches, and whether to search on.

    In a narrow terminal the reasons stand below the table, each once.
    """
    from classemb_index.queries.classes import listed

    table = titled("Classes so far", left=("class", "last batches", "search"), right=("positives",))
    shares = any(outlook.prevalence is not None for outlook in outlooks)
    if shares:
        table.add_column("share of the pool [95 %]")
    break_at = "\n" if shares and is_narrow() else " "
    reasons: dict[str, list[str]] = {}
    for outlook in outlooks:
        progress, share = outlook.progress, outlook.prevalence
        name, verdict = pool.classes[outlook.position], progress.verdict
        reasons.setdefault(progress.why, []).append(name)
        cells = [
            escape(name),
            _yields(progress).replace(", ", f",{break_at}") or "-",
            verdict if is_narrow() else f"{verdict}: {escape(progress.why)}",
            str(progress.n_labelled),
        ]
        if shares:
            cells.append("-" if share is None else escape(_share(share).replace(" ", break_at, 1)))
        table.add_row(*cells)
    out.print(table)
    if is_narrow():
        show_lines([f"  {listed(names)}: {why}" for why, names in reasons.items()])
    for words in dict.fromkeys(o.prevalence.note for o in outlooks if o.prevalence is not None):
        show_lines([f"  shares: {words}"])


def _outlook_lines(outlook: ClassOutlook) -> list[str]:
    progress, share = outlook.progress, outlook.prevalence
    lines = [] if progress.verdict == "unknown" else [f"{progress.verdict}: {progress.why}"]
    if yields := _yields(progress):
        lines.append(f"positives in the last batches: {yields}")
    if share is not None:
        left = share.documents
        lines.append(
            f"share of the pool: {_share(share)}, about {left.estimate} unlabelled documents "
            f"[{left.low}, {left.high}], {share.note}"
        )
    return lines


def _yields(progress: ClassProgress) -> str:
    return ", ".join(f"{batch.found} of {batch.documents}" for batch in progress.batches)


def _share(found: Prevalence) -> str:
    return f"{found.share:.1%} [{found.low:.1%}, {found.high:.1%}]"


def show_selection(pool: Pool, picks: Sequence[dict[str, Any]]) -> None:
    """A table of the batch, with the step of each pick where the strategy has several."""
    steps = any(pick["step"] for pick in picks)
    table = titled(
        f"{len(picks)} documents to label",
        right=("rank", "score"),
        left=("class", *(("step",) if steps else ()), "id", "text"),
    )
    for pick in picks:
        score = "" if pick["score"] is None else f"{pick['score']:.3f}"
        table.add_row(
            str(pick["rank"]),
            score,
            Text(pick["class"] or "-"),
            *((Text(pick["step"]),) if steps else ()),
            Text(pick["id"]),
            snippet(pool, pick["row"]),
        )
    out.print(table)


def _mark(has_class: bool | None) -> str:
    if has_class is None:
        return "?"
    return "[green]✓[/green]" if has_class else "[red]·[/red]"
