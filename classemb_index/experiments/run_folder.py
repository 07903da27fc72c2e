"""The run folder of a simulation: settings, a line a round, summary, curves; resume."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import RequestError, RunError
from ..index.index import EmbeddingIndex
from ..index.kept import PoolSurprisal
from ..measures.curves import summarize, support_of
from ..measures.rounds import CONFIG, FULL, ROUNDS, SUMMARY, RoundResult, read_rounds
from ..models.contracts import Classifier
from ..models.devices import device_name
from ..strategies.base import StrategyOptions
from ..strategies.selection import HAVE_BASE, check_options, involved
from .grid import GridTask, MakeClassifier, run_grid
from .simulation import Event, Schedule, check_simulation, check_surprisal, simulate

CURVES = "curves"

PARTIAL = ".partial"


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

    from ..reports.figures import save_curves

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
                    surprisal.compute()  # once, before several processes ask for them
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
            "vectors": index.vectors_digest,
            "documents": index.documents_digest,
        },
        "classifier": dict(classifier.settings()),
        "schedule": asdict(schedule),
        "strategies": {name: dict(settings) for name, settings in strategies.items()},
        "machine": {"device": device_name(classifier.settings().get("device", "cpu"))},
        "versions": _versions(),
    }


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


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("classemb-index", "torch", "transformers", "scikit-learn", "numpy")
    return {name: version(name) for name in names}
