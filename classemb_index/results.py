"""The run folder of a simulation: settings, a line a round, summary, curves; resume."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from .classifier import Classifier
from .comparison import Comparison, Estimate, compare_strategies
from .devices import device_name
from .errors import RequestError, RunError
from .grid import GridTask, MakeClassifier, run_grid
from .index import EmbeddingIndex
from .pool import Pool
from .simulation import (
    FULL,
    Event,
    RoundResult,
    Schedule,
    check_simulation,
    check_surprisal,
    known_rows,
    simulate,
)
from .strategies import HAVE_BASE, StrategyOptions, check_options, involved
from .surprisal import PoolSurprisal

CONFIG = "config.json"
ROUNDS = "rounds.jsonl"
SUMMARY = "summary.json"
CURVES = "curves"
PARTIAL = ".partial"
FEWEST_DOCUMENTS = 10  # of a class in the test split, below which its F1 is a matter of luck


@dataclass(frozen=True)
class Curve:
    """One strategy's learning curve.

    Attributes:
        strategy: the query strategy's name.
        n_labelled: sizes of the labelled set, rising.
        seeds: how many seeds have reached each size.
        macro_f1: mean over these seeds at each size.
        macro_f1_sd: standard deviation over seeds; 0 for one seed.
        micro_f1: as macro_f1.
        micro_f1_sd: as macro_f1_sd.
        area: mean of the macro-F1 curve, from 0 to 1, by the trapezoid rule.
    """

    strategy: str
    n_labelled: list[int]
    seeds: list[int]
    macro_f1: list[float]
    macro_f1_sd: list[float]
    micro_f1: list[float]
    micro_f1_sd: list[float]
    area: float


@dataclass(frozen=True)
class ClassScore:
    """One class's F1 on the test split at the end of each strategy's curve.

    Attributes:
        class_name: its name.
        support: test documents that have it.
        f1: mean over seeds, by strategy ("full" is the whole train split).
        f1_sd: standard deviation over seeds; 0 for one seed.
    """

    class_name: str
    support: int
    f1: dict[str, float]
    f1_sd: dict[str, float]


@dataclass(frozen=True)
class Summary:
    """What a run found.

    Attributes:
        curves: one a strategy.
        comparisons: areas and final scores with intervals, and differences to random.
        classes: F1 a class.
        supported: as comparisons, with macro-F1 over the classes of at least 10 test
            documents; empty where that is all of them or none.
        full: one point, trained on the whole train split (Table 1); None where not run.
    """

    curves: list[Curve]
    comparisons: list[Comparison]
    classes: list[ClassScore]
    supported: list[Comparison] = field(default_factory=list)
    full: Curve | None = None


def run_simulation(
    folder: Path,
    index: EmbeddingIndex,
    strategies: Sequence[str],
    seeds: Sequence[int],
    classifier: Classifier,
    schedule: Schedule,
    *,
    surprisal: PoolSurprisal | None = None,
    options: StrategyOptions | None = None,
    workers: int = 1,
    make: MakeClassifier | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Generator[RoundResult, None, None]:
    """Simulate into a run folder; rounds that stand there already come first and are not run again.

    At the end the folder holds config.json, rounds.jsonl, summary.json and the curves
    as PNG and SVG. Strategies and seeds may be added to a folder later.

    Args:
        folder: made where it is missing.
        index: see `simulate`, as the arguments that follow.
        strategies: names.
        seeds: one run of each strategy for each.
        classifier: trained each round.
        schedule: sizes.
        surprisal: of the pool's documents, for "alps".
        options: what may be chosen of the strategies.
        workers: processes that share the cells; 1 runs them here, one after the other.
        make: makes the classifier again in a worker process; needed for several.
        on_event: called after every epoch.

    Raises:
        RunError: the folder was started with other settings, is being written by
            another process, or holds something else; or a worker died.
        RequestError: as for `simulate`.
    """
    from filelock import FileLock, Timeout

    from .figures import save_curves

    options = options or StrategyOptions()
    check_simulation(index.pool, strategies, schedule)
    check_options(options)
    check_surprisal(strategies, surprisal, options)
    if workers > 1 and make is None:
        raise RequestError(
            f"{workers} workers make their own classifiers; say how, with `make`, or leave out workers"
        )
    _check_run_folder(folder)
    aids = strategy_settings(index, strategies, surprisal, options)
    try:
        with FileLock(folder / ".lock", timeout=0):
            names = _open_run(folder, run_config(index, classifier, schedule, aids))
            finished = read_rounds(folder)
            _drop_cut_line(folder / ROUNDS)
            yield from (r for r in finished if r.strategy in strategies and r.seed in seeds)
            results = list(finished)
            left = unfinished_cells(strategies, seeds, schedule, finished)
            if workers > 1 and len(left) > 1:
                assert make is not None
                if surprisal is not None:
                    len(surprisal.embeddings)  # once, before several processes ask for them
                masked_lm = None if surprisal is None else surprisal.masked_lm.name
                task = GridTask(index.folder, index.device, make, schedule, masked_lm, options)
                new = run_grid(task, left, workers, finished=finished, on_event=on_event)
            else:
                new = simulate(
                    index,
                    strategies,
                    seeds,
                    classifier,
                    schedule,
                    surprisal=surprisal,
                    options=options,
                    finished=finished,
                    on_event=on_event,
                )
            with closing(new), (folder / ROUNDS).open("a", encoding="utf-8") as file:
                for result in new:
                    file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
                    file.flush()
                    results.append(result)
                    yield result
            place = {name: number for number, name in enumerate(names)}
            # several processes answer in an order of their own
            results.sort(key=lambda r: (place.get(r.strategy, len(place)), r.seed, r.round))
            summary = summarize(results, support_of(index.pool))
            _write_json(folder / SUMMARY, asdict(summary))
            title = f"{index.manifest.name}, {Path(classifier.settings()['model']).name}"
            save_curves(summary.curves, title, folder / CURVES, full=summary.full)
    except Timeout as cause:
        raise RunError(
            f"another process is writing the run folder {folder}; wait for it, or choose another --out"
        ) from cause


def strategy_settings(
    index: EmbeddingIndex,
    strategies: Sequence[str],
    surprisal: PoolSurprisal | None,
    options: StrategyOptions,
) -> dict[str, dict[str, Any]]:
    """What each of the strategies depends on beside the classifier, JSON-ready."""
    settings: dict[str, dict[str, Any]] = {name: {} for name in strategies}
    for name, own in settings.items():
        asked = involved([name], options)
        if name in HAVE_BASE:
            own["base"] = options.base
        if "dal" in asked:
            own["discriminator_epochs"] = options.discriminator_epochs
        if "alps" in asked and surprisal is not None:
            masked_lm = surprisal.masked_lm
            own |= {"masked_lm": masked_lm.name, "fingerprint": masked_lm.fingerprint}
        if "class-embedding" in asked and options.count_tries:
            own["count_tries"] = True
        if "portfolio" in asked:
            names = index.class_names if options.names is None else options.names
            own["names"] = None if names is None else hashlib.sha256(names.tobytes()).hexdigest()
        if options.no_near_duplicates is not None and name != FULL:
            own["no_near_duplicates"] = options.no_near_duplicates
    return settings


def unfinished_cells(
    strategies: Sequence[str],
    seeds: Sequence[int],
    schedule: Schedule,
    finished: Sequence[RoundResult],
) -> list[tuple[str, int]]:
    """Strategies and seeds of which rounds are left to run, seed by seed."""
    rounds = Counter((result.strategy, result.seed) for result in finished)
    return [
        (strategy, seed)
        for seed in dict.fromkeys(seeds)
        for strategy in dict.fromkeys(strategies)
        if rounds[strategy, seed] < (1 if strategy == FULL else len(schedule.sizes()))
    ]


def run_config(
    index: EmbeddingIndex,
    classifier: Classifier,
    schedule: Schedule,
    strategies: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What the results of a run depend on, JSON-ready; equal for runs that can be continued."""
    manifest = index.manifest
    return {
        "index": {
            "name": manifest.name,
            "source": manifest.source,
            "n": manifest.n,
            "encoder": manifest.encoder.name,
            "vectors": manifest.files["vectors.npy"]["sha256"],
            "documents": manifest.files["documents.parquet"]["sha256"],
        },
        "classifier": dict(classifier.settings()),
        "schedule": asdict(schedule),
        "strategies": {name: dict(settings) for name, settings in strategies.items()},
        "machine": {"device": device_name(classifier.settings().get("device", "cpu"))},
        "versions": _versions(),
    }


def read_rounds(folder: Path) -> list[RoundResult]:
    """The rounds in a run folder; a line that an interruption cut is left out.

    Raises:
        RunError: a line is not a round.
    """
    path = folder / ROUNDS
    if not path.exists():
        return []
    complete, _, _ = path.read_bytes().rpartition(b"\n")  # bytes: the cut may be inside a letter
    names = {entry.name for entry in fields(RoundResult)}
    results = []
    for number, line in enumerate(complete.split(b"\n") if complete else [], start=1):
        try:
            values = json.loads(line)
            results.append(RoundResult(**{k: v for k, v in values.items() if k in names}))
        except (ValueError, TypeError, AttributeError) as cause:
            raise RunError(
                f"{path}, line {number} is no round of a simulation; choose another --out"
            ) from cause
    return results


def learning_curves(results: Sequence[RoundResult]) -> list[Curve]:
    """Mean and spread over seeds of every strategy, in the order in which they first occur.

    "full", where it was run, is a curve of one point.
    """
    curves = []
    for strategy in dict.fromkeys(result.strategy for result in results):
        own = [result for result in results if result.strategy == strategy]
        sizes = sorted({result.n_labelled for result in own})
        macro = [[r.macro_f1 for r in own if r.n_labelled == size] for size in sizes]
        micro = [[r.micro_f1 for r in own if r.n_labelled == size] for size in sizes]
        means = [float(np.mean(values)) for values in macro]
        width = sizes[-1] - sizes[0]
        curves.append(
            Curve(
                strategy=strategy,
                n_labelled=sizes,
                seeds=[len(values) for values in macro],
                macro_f1=means,
                macro_f1_sd=[_sd(values) for values in macro],
                micro_f1=[float(np.mean(values)) for values in micro],
                micro_f1_sd=[_sd(values) for values in micro],
                area=float(np.trapezoid(means, sizes)) / width if width else means[0],
            )
        )
    return curves


def summarize(results: Sequence[RoundResult], support: Mapping[str, int]) -> Summary:
    """Curves, comparisons and F1 a class.

    Args:
        results: the rounds of a run.
        support: test documents of each class.
    """
    curves = learning_curves(results)
    last = {curve.strategy: curve.n_labelled[-1] for curve in curves}
    ends = [result for result in results if result.n_labelled == last[result.strategy]]
    classes = []
    for name, documents in support.items():
        f1 = {s: [r.f1[name] for r in ends if r.strategy == s] for s in last}
        means = {strategy: float(np.mean(values)) for strategy, values in f1.items()}
        spreads = {strategy: _sd(values) for strategy, values in f1.items()}
        classes.append(ClassScore(name, documents, means, spreads))
    supported = [name for name, documents in support.items() if documents >= FEWEST_DOCUMENTS]
    return Summary(
        curves=[curve for curve in curves if curve.strategy != FULL],
        comparisons=compare_strategies(results),
        classes=classes,
        supported=compare_strategies(results, supported)
        if 0 < len(supported) < len(support)
        else [],
        full=next((curve for curve in curves if curve.strategy == FULL), None),
    )


def support_of(pool: Pool) -> dict[str, int]:
    """Test documents with known labels of each class, by name."""
    counts = pool.labels[known_rows(pool, "test")].sum(axis=0)
    return dict(zip(pool.classes, counts.tolist(), strict=True))


def read_summary(folder: Path) -> Summary:
    """The summary in a run folder.

    Raises:
        RunError: there is none, or it cannot be read.
    """
    path = folder / SUMMARY
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Summary(
            curves=[Curve(**curve) for curve in found["curves"]],
            comparisons=[_read_comparison(entry) for entry in found["comparisons"]],
            classes=[ClassScore(**entry) for entry in found["classes"]],
            supported=[_read_comparison(entry) for entry in found["supported"]],
            full=None if found["full"] is None else Curve(**found["full"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise RunError(f"{path} is missing or cannot be read; run simulate again") from cause


def _read_comparison(entry: Mapping[str, Any]) -> Comparison:
    values: dict[str, Any] = {
        key: Estimate(**value) if isinstance(value, dict) else value for key, value in entry.items()
    }
    return Comparison(**values)


def _check_run_folder(folder: Path) -> None:
    """Make the folder; a folder of something else is refused before anything is written to it."""
    folder.mkdir(parents=True, exist_ok=True)
    others = [p for p in folder.iterdir() if p.name != ".lock" and p.suffix != PARTIAL]
    if others and not (folder / CONFIG).exists():
        raise RunError(f"{folder} is there and is no run folder; choose another --out")


def _open_run(folder: Path, config: Mapping[str, Any]) -> list[str]:
    """Write the settings, or see that the run there was started with the same ones.

    Strategies may be added to a run: what comes back are all names, first those that were there.
    """
    path = folder / CONFIG
    if not path.exists():
        _write_json(path, config)
        return list(config["strategies"])
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("strategies", {}), dict):
        raise RunError(f"{path} cannot be read; choose another --out")
    now = json.loads(json.dumps(config))
    known = found.setdefault("strategies", {})
    joined = known | {k: v for k, v in now["strategies"].items() if k not in known}
    if changes := list(_changes(found | {"strategies": joined}, now)):
        raise RunError(
            f"the run in {folder} was started with other settings: {'; '.join(changes)}; "
            "give the same ones to continue it, or choose another --out"
        )
    if joined != known:
        _write_json(path, found | {"strategies": joined})
    return list(joined)


def _changes(found: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in now:
        name = f"{path}{key}"
        if key in ("machine", "versions"):  # a note for the reader; others are not another run
            continue
        if isinstance(now[key], dict) and isinstance(found.get(key), dict):
            yield from _changes(found[key], now[key], f"{name}.")
        elif found.get(key) != now[key]:
            yield f"{name} {found.get(key)} there, {now[key]} now"


def _drop_cut_line(path: Path) -> None:
    if path.exists():
        text = path.read_bytes()
        with path.open("r+b") as file:  # whole lines are never written again, so never lost
            file.truncate(text.rfind(b"\n") + 1)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    partial = path.with_suffix(PARTIAL)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("classemb-index", "torch", "transformers", "scikit-learn", "numpy")
    return {name: version(name) for name in names}
