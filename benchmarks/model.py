"""Training a probe on 600 labels of 33 classes, and predicting 1,000,000 stored vectors of 10 classes."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import median, save

from classemb_index.arrays import unit

SHARE = 0.1  # of the documents that have a class
DRAWS = 65_536  # vectors that are drawn at once
TOOL = [sys.executable, "-m", "classemb_index.cli"]
OPEN = "import sys; from classemb_index import open_annotated; open_annotated(sys.argv[1])[1].labelled()"


def main() -> None:
    """Build an index of drawn vectors for each, then run each command in turn as a process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--labels", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_index(place, "some", 10_000, options.dim, options.labels, 33)
        write_index(place, "many", options.documents, options.dim, options.labels, 10)
        run(place, [*TOOL, "train", "many", "--out", "model"])
        predict = [*TOOL, "predict", "many", "--model", "model", "--force", "--out"]
        runs = {
            "train, as a process": [*TOOL, "train", "some", "--out", "trained", "--force"],
            "open and read the labels, as a process": [sys.executable, "-c", OPEN, "some"],
            "predict to .parquet": [*predict, "p.parquet"],
            "predict to .csv": [*predict, "p.csv"],
        }
        found: dict[str, list[Measured]] = {name: [] for name in runs}
        for repeat in range(options.repeats + 1):
            for name, words in runs.items():
                measured = run(place, words)
                if repeat:  # the first is the warm-up
                    found[name].append(measured)
    save(
        "model",
        {
            "settings": vars(options) | {"classes": {"train": 33, "predict": 10}},
            "median": {name: median([x.seconds for x in own]) for name, own in found.items()},
            "median of the processors' seconds": {
                name: median([x.processor for x in own]) for name, own in found.items()
            },
            "most anonymous memory, MB": {
                name: round(max(x.memory for x in own)) for name, own in found.items()
            },
            "load of the machine": [round(x, 1) for x in os.getloadavg()],
            "seconds": {
                name: " ".join(f"{x.seconds:.1f}" for x in own) for name, own in found.items()
            },
        },
    )


def write_index(place: Path, name: str, n: int, dim: int, labelled: int, classes: int) -> None:
    """An index of n documents with drawn vectors, of which the first are labelled."""
    rng = np.random.default_rng(0)
    directions = unit(rng.standard_normal((classes, dim), dtype=np.float32))
    vectors = np.lib.format.open_memmap(place / f"{name}.npy", "w+", np.float32, (n, dim))
    names = [f"class {c}" for c in range(classes)]
    with (place / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for start in range(0, n, DRAWS):
            size = min(DRAWS, n - start)
            has = rng.random((size, classes)) < SHARE
            noise = rng.standard_normal((size, dim), dtype=np.float32) / np.float32(dim**0.5)
            vectors[start : start + size] = unit(has.astype(np.float32) @ directions + noise)
            for row, own in enumerate(has, start=start):
                labels = [names[c] for c in np.flatnonzero(own)] if row < labelled else None
                record: dict[str, Any] = {"id": f"document {row}", "text": f"text {row}"}
                file.write(json.dumps(record | {"labels": labels}) + "\n")
    vectors.flush()
    (place / f"{name}.json").write_text(json.dumps(names))
    words = [f"{name}.jsonl", "--embeddings", f"{name}.npy", "--classes", f"{name}.json"]
    run(place, [*TOOL, "build", *words, "--out", name])


class Measured(NamedTuple):
    """What a process took.

    Attributes:
        seconds: by the clock.
        processor: seconds of all cores together.
        memory: the most anonymous memory that it was seen to have, in MB.
    """

    seconds: float
    processor: float
    memory: float


def run(place: Path, words: Sequence[str]) -> Measured:
    """What a process takes, from its start to its end."""
    started, before, most = time.perf_counter(), processor_seconds(), 0
    # what it says is little, and read at the end
    with subprocess.Popen(
        words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            most = max(most, anonymous(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - started
        _, err = process.communicate()
    if process.returncode:
        raise SystemExit(err)
    return Measured(seconds, processor_seconds() - before, most / 1000)


def processor_seconds() -> float:
    """Of all processes that were run and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def anonymous(process: int) -> int:
    """RssAnon of a process in kB; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0)


if __name__ == "__main__":
    main()
