"""Everything that is shown: tables on stdout; notes and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from classemb_index.backends import Neighbours
    from classemb_index.class_queries import ClassQueryResult
    from classemb_index.comparison import Comparison, Estimate
    from classemb_index.doctor import Finding
    from classemb_index.enough import ClassProgress
    from classemb_index.geometry import ClassDistance
    from classemb_index.index import EmbeddingIndex
    from classemb_index.method_analysis import MethodScore
    from classemb_index.outlook import ClassOutlook
    from classemb_index.pool import Pool
    from classemb_index.prevalence import Prevalence
    from classemb_index.proximity import ClassProximity
    from classemb_index.results import Curve, Summary
    from classemb_index.simulation import Event, RoundResult

SNIPPET = 90
PIPE_WIDTH = 240
METHODS_MARGIN = 41  # of a methods table: the class and what it can have
PERCENT_INTERVAL = "100-100"

_err = Console(stderr=True, highlight=False, emoji=False)
_out = Console(highlight=False, emoji=False)
if not _out.is_terminal:
    _out = Console(highlight=False, emoji=False, width=PIPE_WIDTH)


def note(message: str) -> None:
    """A line on stderr."""
    _err.print(f"[dim]Note:[/dim] {escape(message)}", soft_wrap=True)


def show_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def show_lines(lines: Sequence[str]) -> None:
    """Plain lines on stdout."""
    for line in lines:
        _out.print(escape(line), soft_wrap=True)


def show_written(paths: Sequence[Path]) -> None:
    """The files that a command wrote."""
    show_lines([f"wrote {path}" for path in paths])


@contextmanager
def reading(what: str) -> Iterator[None]:
    """A spinner while something of unknown length is read."""
    with _err.status(f"Reading {escape(what)}"):
        yield


@contextmanager
def documents_progress(verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left; gives the function to call with documents done and in all."""
    with _progress(_Rate()) as progress:
        task = progress.add_task(verb, total=None)

        def advance(done: int, total: int) -> None:
            if done == 0:
                progress.reset(task, total=total)
            progress.update(task, completed=done, total=total)

        yield advance


@contextmanager
def draws_progress(verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears with the first call; gives the function to call with draws done and in all."""
    with _progress() as progress:
        tasks: list[TaskID] = []

        def advance(done: int, total: int) -> None:
            if not tasks:
                tasks.append(progress.add_task(verb, total=total))
            progress.update(tasks[0], completed=done)

        yield advance


class RoundsProgress:
    """A bar over all rounds that shows strategy, seed, round, epoch and macro-F1 so far."""

    def __init__(self, progress: Progress, rounds: int) -> None:
        self._progress = progress
        self.task = progress.add_task("starting", total=rounds)
        self._macro_f1: dict[tuple[str, int], float] = {}

    def on_event(self, event: Event) -> None:
        """Shows where the training stands."""
        macro_f1 = self._macro_f1.get((event.strategy, event.seed))
        parts = [
            event.strategy,
            f"seed {event.seed}",
            f"round {event.round + 1}",
            f"epoch {event.epoch}",
        ]
        if event.dev_macro_f1 is not None:
            parts.append(f"dev {event.dev_macro_f1:.3f}")
        if macro_f1 is not None:
            parts.append(f"macro-F1 so far {macro_f1:.3f}")
        self._progress.update(self.task, description=" · ".join(parts))

    def on_result(self, result: RoundResult) -> None:
        """Counts a finished round."""
        self._macro_f1[result.strategy, result.seed] = result.macro_f1
        self._progress.advance(self.task)


@contextmanager
def rounds_progress(rounds: int) -> Iterator[RoundsProgress]:
    """Progress over a simulation of so many rounds in all."""
    with _progress() as progress:
        yield RoundsProgress(progress, rounds)


class ReproductionProgress:
    """A bar a stage of a reproduction, and a line on stderr when a stage begins."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._words = ""
        self._rounds: RoundsProgress | None = None

    def stage(self, words: str) -> None:
        """A new stage begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._words, self._task, self._rounds = words, None, None
        _err.print(escape(words), soft_wrap=True)

    def documents(self, done: int, total: int) -> None:
        """Documents of this stage that are embedded or read."""
        if self._task is None:
            self._task = self._progress.add_task(escape(self._words), total=total)
        self._progress.update(self._task, completed=done)

    def rounds(self, total: int) -> None:
        """A simulation of so many rounds begins."""
        self._rounds = RoundsProgress(self._progress, total)
        self._task = self._rounds.task

    def on_event(self, event: Event) -> None:
        """An epoch is done."""
        if self._rounds is not None:
            self._rounds.on_event(event)

    def on_result(self, result: RoundResult) -> None:
        """A round is done."""
        if self._rounds is not None:
            self._rounds.on_result(result)


@contextmanager
def reproduction_progress() -> Iterator[ReproductionProgress]:
    """Progress over the stages of a reproduction."""
    with _progress() as progress:
        yield ReproductionProgress(progress)


def show_neighbours(pool: Pool, result: ClassQueryResult, outlooks: Sequence[ClassOutlook]) -> None:
    """A table a class: rank, score, mark, id, snippet; below it the hits and the outlook."""
    labelled = result.labelled
    for answer, outlook in zip(result.classes, outlooks, strict=True):
        name = pool.classes[answer.position]
        title = f"{name}: {answer.n_labelled} of {len(labelled)} labelled documents"
        if answer.neighbours is None:
            _out.print(f"[bold]{escape(title)}[/bold]")
            _out.print(f"  nothing that {answer.method} could search by\n")
            continue
        reason = "" if answer.why is None else f" ({answer.why})"
        title += f"; method {answer.method}{reason}"
        table = _titled(title, right=("rank", "score"), left=("", "id", "text"))
        known = [mark for mark in answer.has_class if mark is not None]
        for rank, (row, score, mark) in enumerate(
            zip(*answer.neighbours, answer.has_class, strict=True), start=1
        ):
            table.add_row(
                str(rank), f"{score:.3f}", _mark(mark), Text(pool.ids[row]), _snippet(pool, row)
            )
        _out.print(table)
        if known:
            digits = 2 if answer.expected < 1 else 1
            _out.print(
                f"  hits: {sum(known)} of {len(known)} with known labels "
                f"(random order: {answer.expected:.{digits}f}; "
                f"{answer.in_unlabelled} in the unlabelled set)"
            )
        show_lines([f"  {line}" for line in _outlook_lines(outlook)])
        _out.print()


def show_documents(pool: Pool, neighbours: Neighbours, title: str) -> None:
    """A table of documents with the labels that are known."""
    table = _titled(title, right=("rank", "score"), left=("labels", "id", "text"))
    for rank, (row, score) in enumerate(zip(*neighbours, strict=True), start=1):
        labels = pool.known_labels(row)
        words = "?" if labels is None else ", ".join(labels) or "-"
        table.add_row(
            str(rank), f"{score:.3f}", Text(words), Text(pool.ids[row]), _snippet(pool, row)
        )
    _out.print(table)


def show_outlooks(pool: Pool, outlooks: Sequence[ClassOutlook]) -> None:
    """A line a class: positives, the yield of the last batches, and whether to search on."""
    table = _titled(
        "Classes so far", left=("class", "last batches", "search"), right=("positives",)
    )
    shares = any(outlook.prevalence is not None for outlook in outlooks)
    if shares:
        table.add_column("share of the pool [95 %]")
    for outlook in outlooks:
        progress, share = outlook.progress, outlook.prevalence
        cells = [
            escape(pool.classes[outlook.position]),
            _yields(progress) or "-",
            f"{progress.verdict}: {escape(progress.why)}",
            str(progress.n_labelled),
        ]
        if shares:
            cells.append("-" if share is None else escape(_share(share)))
        table.add_row(*cells)
    _out.print(table)
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
    table = _titled(
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
            _snippet(pool, pick["row"]),
        )
    _out.print(table)


def show_proximity(proximity: Sequence[ClassProximity], top_k: int) -> None:
    """A table a size: Table 2 or 3 with its controls beside it."""
    for size in dict.fromkeys(entry.n_labelled for entry in proximity):
        entries = [entry for entry in proximity if entry.n_labelled == size]
        has_paper = any(entry.paper is not None for entry in entries)
        columns = ["in unlabelled", f"nearest {top_k}", "sd", f"farthest {top_k}", "random order"]
        columns += ["lift"] + (["paper"] if has_paper else [])
        draws = max(entry.draws for entry in entries)
        title = f"|L| = {size}: documents with the class among {top_k} (draws: {draws})"
        table = _titled(title, left=("class",), right=columns)
        for e in entries:
            cells = [f"{e.in_unlabelled:.0f}", _number(e.hits), _number(e.hits_sd)]
            cells += [_number(e.farthest), _number(e.expected), _number(e.lift)]
            if has_paper:
                cells.append("-" if e.paper is None else str(e.paper))
            table.add_row(escape(e.class_name), *cells)
        _out.print(table, "")


def show_distances(
    distances: Sequence[ClassDistance], explained: tuple[float, float], labelled: str
) -> None:
    """The table behind Figures 3 and 4, and the PCA's explained variance."""
    table = _titled(
        f"Cosine distance to class centroids ({labelled})",
        left=("class",),
        right=("same", "other", "margin"),
    )
    for d in distances:
        margin = None if d.same is None or d.other is None else d.other - d.same
        cells = ["-" if x is None else f"{x:.3f}" for x in (d.same, d.other, margin)]
        table.add_row(escape(d.class_name), *cells)
    _out.print(table)
    _out.print(f"PCA: two components explain {explained[0]:.1%} and {explained[1]:.1%}\n")


def show_methods(scores: Sequence[MethodScore], top_k: int) -> None:
    """Tables a size: precision@k by class and query method; below, the means of the groups."""
    for size in dict.fromkeys(score.n_labelled for score in scores):
        of_size = [score for score in scores if score.n_labelled == size]
        draws = max(score.draws for score in of_size)
        title = f"|L| = {size}: precision@{top_k} of query methods in % (draws: {draws})"
        answering = dict.fromkeys(score.method for score in of_size if score.queried)
        for methods in _in_width(list(answering)):
            headers = [method.replace("-", "-\n") for method in methods]
            table = _titled(title, left=("class",), right=("random", "at most", *headers))
            for subject in dict.fromkeys((score.class_name, score.group) for score in of_size):
                own = [score for score in of_size if (score.class_name, score.group) == subject]
                _add_methods(table, own, methods)
            _out.print(table, "")
        _show_method_notes(of_size)


def _in_width(methods: Sequence[str]) -> list[list[str]]:
    """The methods in as many tables as the terminal's width asks for."""
    tables: list[list[str]] = [[]]
    whole = left = _out.width - METHODS_MARGIN
    for method in methods:
        width = max(len(PERCENT_INTERVAL), *(len(part) + 1 for part in method.split("-"))) + 2
        if width > left and tables[-1]:
            tables.append([])
            left = whole
        tables[-1].append(method)
        left -= width
    return tables


def _add_methods(table: Table, scores: Sequence[MethodScore], methods: Sequence[str]) -> None:
    """A class's row, or a group's: its means, and those that compare what all methods answer."""
    fullest = max(scores, key=lambda score: score.queried)
    own = [score for score in scores if score.method in methods]
    name = f"{fullest.group}: mean" if fullest.group else escape(fullest.class_name or "")
    table.add_row(
        name, _percent(fullest.prevalence), _percent(fullest.ceiling), *map(_precision, own)
    )
    common = next((score.common for score in scores if score.common), None)
    if common and fullest.group and _is_partial(scores):
        cells = [_percent_interval(None if s.common is None else s.common.precision) for s in own]
        limits = _percent(common.prevalence), _percent(common.ceiling)
        table.add_row(f"{fullest.group}: common", *limits, *cells)


def _is_partial(scores: Sequence[MethodScore]) -> bool:
    return any(0 < score.queried < score.asked for score in scores)


def _show_method_notes(scores: Sequence[MethodScore]) -> None:
    silent = [score.method for score in scores if score.group == "all" and not score.queried]
    if silent:
        _out.print(f"No class has a query with {', '.join(silent)}.")
    groups = [score for score in scores if score.group and score.precision]
    if any(score.precision and score.precision.low is not None for score in groups):
        _out.print("Below a mean stands its 95 % interval over draws.")
    if _is_partial(scores):
        _out.print("* over the classes and draws that have a query with this method, not all.")
        _out.print("common: over those that have a query with each of the methods above.")
    chosen = next((score.chosen for score in scores if score.group == "all" and score.chosen), {})
    if chosen:
        counts = ", ".join(f"{method} {count}" for method, count in chosen.items())
        _out.print(f"auto took: {counts} (classes times draws).")
    _out.print()


def _precision(score: MethodScore) -> str:
    found = score.precision
    mark = "*" if score.queried < score.asked else ""
    if found is None or score.group:
        return _percent_interval(found, mark)
    return _percent(found.mean) + mark


def _percent_interval(found: Estimate | None, mark: str = "") -> str:
    """A mean, and below it its interval where there is one."""
    if found is None:
        return "-"
    mean = _percent(found.mean) + mark
    if found.low is None or found.high is None:
        return mean
    return f"{mean}\n{_percent(found.low)}-{_percent(found.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.{1 if share < 0.0995 else 0}f}"


def show_summary(summary: Summary) -> None:
    """Learning curves, comparisons with random, F1 a class."""
    if summary.curves:
        _show_curves(summary.curves)
        _show_comparisons(summary.comparisons)
    if summary.full is not None:
        full = summary.full
        _out.print(
            f"Trained on the whole train split, {full.n_labelled[0]} documents "
            f"(seeds: {full.seeds[0]}): macro-F1 {full.macro_f1[0]:.3f}, "
            f"micro-F1 {full.micro_f1[0]:.3f}\n"
        )
    names = list(dict.fromkeys(name for entry in summary.classes for name in entry.f1))
    table = _titled(
        "F1 on the test split at the largest labelled set",
        left=("class",),
        right=("support", *names),
    )
    for entry in summary.classes:
        cells = [f"{entry.f1[name]:.3f}" for name in names]
        table.add_row(escape(entry.class_name), str(entry.support), *cells)
    _out.print(table, "")


def _show_curves(curves: Sequence[Curve]) -> None:
    sizes = sorted({size for curve in curves for size in curve.n_labelled})
    table = _titled(
        "Macro-F1 on the test split (mean ± sd over seeds)",
        right=("labelled", *(curve.strategy for curve in curves)),
    )
    for size in sizes:
        cells = []
        for curve in curves:
            place = curve.n_labelled.index(size) if size in curve.n_labelled else None
            cells.append(
                "-"
                if place is None
                else f"{curve.macro_f1[place]:.3f} ± {curve.macro_f1_sd[place]:.3f}"
            )
        table.add_row(str(size), *cells)
    _out.print(table, "")


def _show_comparisons(comparisons: Sequence[Comparison]) -> None:
    table = _titled(
        "Area under the macro-F1 curve [95 % bootstrap interval over seeds], paired with random",
        left=("strategy",),
        right=("seeds", "area", "area - random", "final - random", "verdict"),
    )
    for c in comparisons:
        differences = [_interval(c.area_difference, "+"), _interval(c.final_difference, "+")]
        table.add_row(
            c.strategy, str(c.area.seeds), _interval(c.area), *differences, c.verdict or "-"
        )
    _out.print(table, "")


def _interval(found: Estimate | None, sign: str = "") -> str:
    if found is None:
        return "-"
    mean = f"{found.mean:{sign}.3f}"
    if found.low is None or found.high is None:
        return mean
    return escape(f"{mean} [{found.low:{sign}.3f}, {found.high:{sign}.3f}]")


def show_info(index: EmbeddingIndex) -> None:
    """What an index holds."""
    manifest, pool = index.manifest, index.pool
    encoder = manifest.encoder
    facts = _titled(f"{manifest.name} in {index.folder}", left=("", ""), header=False)
    splits = {
        split or "none": int((pool.splits == split).sum()) for split in sorted(set(pool.splits))
    }
    size = sum(entry["bytes"] for entry in manifest.files.values())
    for name, value in {
        "source": manifest.source,
        "documents": f"{manifest.n} ({', '.join(f'{k} {v}' for k, v in splits.items())})",
        "labels known": f"{int(pool.is_known.sum())}",
        "vectors": f"{manifest.n} x {manifest.dim} {manifest.dtype}",
        "encoder": "none: vectors were given"
        if encoder.name is None
        else f"{encoder.name} (max length {encoder.max_length}, "
        f"{encoder.precision or 'vectors were given'})",
        "fingerprint": (encoder.fingerprint or "-")[:16],
        "backend": manifest.backend,
        "paper": _published(manifest.paper),
        "size": f"{size / 1e6:.1f} MB",
        "built": f"{manifest.created} by {manifest.tool_version}",
    }.items():
        facts.add_row(name, escape(value))
    _out.print(facts, "")
    table = _titled("Classes", left=("class", "group"), right=("documents", "share"))
    group_of = {name: group for group, names in pool.groups.items() for name in names}
    known = max(1, int(pool.is_known.sum()))
    for name, documents in zip(pool.classes, pool.labels.sum(axis=0).tolist(), strict=True):
        table.add_row(
            escape(name), group_of.get(name, "-"), str(documents), f"{documents / known:.2%}"
        )
    _out.print(table)


def show_findings(findings: Sequence[Finding]) -> None:
    """What `doctor` found."""
    table = _titled("This machine", left=("", "", ""), header=False)
    for finding in findings:
        mark = "[green]ok[/green]" if finding.is_fine else "[red]problem[/red]"
        table.add_row(mark, finding.what, escape(finding.detail))
    _out.print(table)


class _Rate(ProgressColumn):
    """Documents a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text("" if not task.speed else f"{task.speed:.0f} documents/s")


def _progress(*columns: ProgressColumn) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        *columns,
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=_err,
        disable=not _err.is_terminal,
    )


def _titled(
    title: str, left: Sequence[str] = (), right: Sequence[str] = (), *, header: bool = True
) -> Table:
    """An empty table, its title printed already: above a narrow table it would wrap."""
    _out.print(f"[bold]{escape(title)}[/bold]")
    table = Table(show_header=header, box=None, pad_edge=False)
    numbers_first = right and right[0] in ("rank", "labelled")
    for name in (*right, *left) if numbers_first else (*left, *right):
        table.add_column(
            name,
            justify="right" if name in right else "left",
            # in a narrow terminal words give way, numbers and ids do not
            no_wrap=header and name not in ("class", "text"),
            overflow="fold",
        )
    return table


def _snippet(pool: Pool, row: int) -> Text:
    text = " ".join(pool.text(row).split())
    cut = text if len(text) <= SNIPPET else text[: SNIPPET - 1] + "…"
    return Text(cut, no_wrap=True, overflow="ellipsis")


def _published(paper: Mapping[str, Any]) -> str:
    """What the paper reports of the corpus, in a line; - where a recipe has none."""
    if not paper:
        return "-"
    sizes = ", ".join(f"{k} {v}" for k, v in paper.get("documents", {}).items())
    return (
        f"{paper.get('corpus')}: {sizes}; macro-F1 {paper.get('macro_f1')} on the whole train split"
    )


def _mark(has_class: bool | None) -> str:
    if has_class is None:
        return "?"
    return "[green]✓[/green]" if has_class else "[red]·[/red]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
