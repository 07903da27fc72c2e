"""The run folder of a simulation: settings, a line a round, summary, curves; resume."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from .classifier import BertClassifier, BertSettings, Classifier
from .errors import RunError
from .index import EmbeddingIndex
from .probe import PROBE, ProbeClassifier
from .simulation import Event, RoundResult, Schedule, check_simulation, simulate

CONFIG = "config.json"
ROUNDS = "rounds.jsonl"
SUMMARY = "summary.json"
CURVES = "curves"
PARTIAL = ".partial"


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


def run_simulation(
    folder: Path,
    index: EmbeddingIndex,
    strategies: Sequence[str],
    seeds: Sequence[int],
    classifier: Classifier,
    schedule: Schedule,
    *,
    on_event: Callable[[Event], None] | None = None,
) -> Iterator[RoundResult]:
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
        on_event: called after every epoch.

    Raises:
        RunError: the folder was started with other settings, is being written by
            another process, or holds something else.
        RequestError: as for `simulate`.
    """
    from filelock import FileLock, Timeout

    from .figures import save_curves

    check_simulation(index.pool, strategies, schedule)
    _check_run_folder(folder)
    try:
        with FileLock(folder / ".lock", timeout=0):
            _open_run(folder, run_config(index, classifier, schedule))
            finished = read_rounds(folder)
            _drop_cut_line(folder / ROUNDS)
            yield from (r for r in finished if r.strategy in strategies and r.seed in seeds)
            results = list(finished)
            with (folder / ROUNDS).open("a", encoding="utf-8") as file:
                for result in simulate(
                    index,
                    strategies,
                    seeds,
                    classifier,
                    schedule,
                    finished=finished,
                    on_event=on_event,
                ):
                    file.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
                    file.flush()
                    results.append(result)
                    yield result
            curves = learning_curves(results)
            _write_json(folder / SUMMARY, {"curves": [asdict(curve) for curve in curves]})
            title = f"{index.manifest.name}, {Path(classifier.settings()['model']).name}"
            save_curves(curves, title, folder / CURVES)
    except Timeout as cause:
        raise RunError(
            f"another process is writing the run folder {folder}; wait for it, or choose another --out"
        ) from cause


def run_config(
    index: EmbeddingIndex, classifier: Classifier, schedule: Schedule
) -> Mapping[str, Any]:
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
    names = {field.name for field in fields(RoundResult)}
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
    """Mean and spread over seeds of every strategy, in the order in which they first occur."""
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


def read_summary(folder: Path) -> list[Curve]:
    """The curves in a run folder's summary.

    Raises:
        RunError: there is no summary, or it cannot be read.
    """
    path = folder / SUMMARY
    try:
        return [Curve(**curve) for curve in json.loads(path.read_text(encoding="utf-8"))["curves"]]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise RunError(f"{path} is missing or cannot be read; run simulate again") from cause


def make_classifier(index: EmbeddingIndex, settings: BertSettings) -> Classifier:
    """The classifier that `settings.model` names: "probe", or a BERT to fine-tune."""
    if settings.model == PROBE:
        return ProbeClassifier(index.embeddings())
    return BertClassifier(index.pool, settings)


def _check_run_folder(folder: Path) -> None:
    """Make the folder; a folder of something else is refused before anything is written to it."""
    folder.mkdir(parents=True, exist_ok=True)
    others = [p for p in folder.iterdir() if p.name != ".lock" and p.suffix != PARTIAL]
    if others and not (folder / CONFIG).exists():
        raise RunError(f"{folder} is there and is no run folder; choose another --out")


def _open_run(folder: Path, config: Mapping[str, Any]) -> None:
    """Write the settings, or see that the run there was started with the same ones."""
    path = folder / CONFIG
    if not path.exists():
        _write_json(path, config)
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RunError(f"{path} cannot be read; choose another --out")
    if changes := list(_changes(found, json.loads(json.dumps(config)))):
        raise RunError(
            f"the run in {folder} was started with other settings: {'; '.join(changes)}; "
            "give the same ones to continue it, or choose another --out"
        )


def _changes(found: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in now:
        name = f"{path}{key}"
        if key == "versions":  # other versions are a note for the reader, not another run
            continue
        if isinstance(now[key], dict) and isinstance(found.get(key), dict):
            yield from _changes(found[key], now[key], f"{name}.")
        elif found.get(key) != now[key]:
            yield f"{name} {found.get(key)} there, {now[key]} now"


def _drop_cut_line(path: Path) -> None:
    if path.exists():
        text = path.read_bytes()
        path.write_bytes(text[: text.rfind(b"\n") + 1])


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
