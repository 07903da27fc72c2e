"""What every benchmark says of itself."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from classemb_index.models.devices import cpu_cores, device_name

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "classemb-index",
    "small-text",
    "numpy",
    "torch",
    "faiss-cpu",
    "faiss-gpu",
    "sentence-transformers",
)


def in_turn(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of every run, repeated in turn so that a noisy moment hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()  # warm-up
    for _ in range(repeats):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def median(values: Sequence[float]) -> float:
    """The median, rounded for reading."""
    return round(statistics.median(values), 4)


def save(name: str, figures: Mapping[str, Any]) -> None:
    """Write results/NAME.json with versions and hardware beside the figures, and show it."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    installed = {d.metadata["Name"]: d.version for d in distributions()}
    document = {
        "versions": {name: installed[name] for name in PACKAGES if name in installed},
        "hardware": {"processor": device_name("cpu"), "cores": cpu_cores(), "gpu": gpu},
        **figures,
    }
    text = json.dumps(document, separators=(",", ":"))
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)
