"""Annotate a pool from nothing, as a person with a spreadsheet would, and time every step.

The labels of a source answer in the person's place. Classes change on the way: one is added after
the second batch and one renamed after the third, when more documents come too. A model of the labels
predicts the rest, and the true labels judge it.

    python examples/annotate.py reuters.jsonl.gz --out work

writes the files of the annotation, and `steps.json` with the seconds of each command and what was found.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from classemb_index import Pool, Record

COMMAND = Path(sys.executable).with_name("classemb-index")
CLASSES = "earnings,cocoa,coffee,gold,natural gas,shipping"
ADD_AFTER, RENAME_AFTER = 2, 3  # batches


class Annotator:
    """Somebody who knows the true labels, with a terminal, and a clock.

    Args:
        truth: class names by document id.
        classes: that are asked for, by their present names, to the names of the truth.
        folder: for all files.
    """

    def __init__(
        self, truth: dict[str, tuple[str, ...]], classes: Sequence[str], folder: Path
    ) -> None:
        self.truth, self.folder = truth, folder
        self.name_of = {name: name for name in classes}
        self.steps: list[dict[str, Any]] = []

    def run(self, *words: object) -> str:
        """What a command prints; its seconds are noted."""
        asked = [str(word) for word in words]
        started = time.perf_counter()
        code, out, err = self.call(asked)
        seconds = round(time.perf_counter() - started, 2)
        if code:
            sys.exit(f"{' '.join(asked)}: {err}")
        told = [line for line in err.splitlines() if "taken over" in line]
        self.steps.append({"command": " ".join(asked), "seconds": seconds, "told": told})
        return out

    def call(self, asked: Sequence[str]) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command in the folder."""
        done = subprocess.run([COMMAND, *asked], cwd=self.folder, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def build(self, records: Iterable[Record], encoder: str) -> None:
        """Build the index of these documents, without their labels."""
        lines = (json.dumps({"id": r.id, "text": r.text}) + "\n" for r in records)
        (self.folder / "pool.jsonl").write_text("".join(lines), encoding="utf-8")
        own = ("--classes", "classes.json", "--encoder", encoder, "--out", "index")
        self.run("build", "pool.jsonl", *own)

    def fill(self, name: str) -> None:
        """Write the true labels into a batch, as it was written for a spreadsheet."""
        path = self.folder / name
        rows = self.rows(name)
        for row in rows:
            true = self.truth[row["id"]]
            row["labels"] = (
                "; ".join(own for own, old in self.name_of.items() if old in true) or "-"
            )
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, rows[0])
            table.writeheader()
            table.writerows(rows)

    def judged(self, name: str, labelled: str) -> dict[str, dict[str, int]]:
        """Of the documents without a label, how many are predicted, how many rightly, how many have it."""
        known = {row["id"] for row in self.rows(labelled)}
        rows = [row for row in self.rows(name) if row["id"] not in known]
        judged = {}
        for own, old in self.name_of.items():
            said = {row["id"] for row in rows if own in row["predicted"].split("; ")}
            have = {row["id"] for row in rows if old in self.truth[row["id"]]}
            judged[own] = {"predicted": len(said), "right": len(said & have), "left": len(have)}
        return judged

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a table that a command wrote."""
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def found(self) -> dict[str, int]:
        """Labelled documents of each class so far."""
        status = json.loads(self.run("status", "index", "--json"))
        return {entry["class"]: entry["yes"] for entry in status["classes"]}


def label(
    person: Annotator,
    batches: int,
    batch: int,
    added: str,
    renamed: tuple[str, str],
    more_documents: Callable[[], None],
) -> list[dict[str, int]]:
    """Batch after batch, with the changes in between; what was found before each, and in the end."""
    (old, new), found, filled = renamed, [], []
    for number in range(1, batches + 1):
        name = f"batch{number}.csv"
        person.run("next", "index", "--batch", batch, "--out", name, *filled)
        person.fill(name)
        filled = ["--import", name]
        found.append(person.found())  # in the batches before this one
        if number == ADD_AFTER:
            person.run("classes", "add", added, "--index", "index")
            person.name_of[added] = added
        if number == RENAME_AFTER:
            person.run("classes", "rename", old, new, "--index", "index")
            person.name_of = {new if n == old else n: o for n, o in person.name_of.items()}
            more_documents()
    person.run("labels", "import", name, "--index", "index")
    return [*found, person.found()]


def show(result: dict[str, Any], old: str, new: str) -> None:
    """Commands with their seconds, what was found of each class, and how right the model is."""
    for step in result["steps"]:
        words = f"{step['seconds']:8.2f} s  classemb-index {step['command']}"
        typer.echo("  ".join([words, *step["told"]]))
    for own, n in result["in_pool"].items():
        earlier = old if own == new else own
        so_far = [str(counts.get(own, counts.get(earlier, "-"))) for counts in result["found"]]
        typer.echo(f"{own}: {' '.join(so_far)} of {n}")
    for own, counts in result["predicted"].items():
        typer.echo(
            "{}: {right} of {predicted} predicted have it, of {left} left".format(own, **counts)
        )


def annotate(
    source: Annotated[
        str, typer.Argument(help="Documents with labels; any source that `build` takes.")
    ],
    out: Annotated[Path, typer.Option(help="A new folder for all files.")],
    classes: Annotated[str, typer.Option(help="Class names from the start.")] = CLASSES,
    added: Annotated[str, typer.Option(help="The class that is added.")] = "sugar",
    renamed: Annotated[
        str, typer.Option(help="The class that is renamed, OLD=NEW.")
    ] = "natural gas=gas",
    first: Annotated[int, typer.Option(help="Documents at the start.")] = 440,
    later: Annotated[int, typer.Option(help="Documents that come later.")] = 60,
    batches: Annotated[int, typer.Option(min=RENAME_AFTER + 1, help="Batches.")] = 5,
    batch: Annotated[int, typer.Option(help="Documents of a batch.")] = 20,
    encoder: Annotated[str, typer.Option(help="Of the documents.")] = "minilm",
    seed: Annotated[int, typer.Option(help="Of the draw of documents.")] = 0,
) -> None:
    """Annotate a pool from nothing, and predict the rest; print commands, seconds and what was found."""
    names, (old, new) = [name.strip() for name in classes.split(",")], renamed.split("=")
    pool = list(Pool.read(source).records())
    drawn = np.random.default_rng(seed).permutation(len(pool))[: first + later]
    records = [pool[place] for place in drawn]
    out.mkdir(parents=True)
    truth = {record.id: record.labels or () for record in records}
    person = Annotator(truth, names, out)
    (out / "classes.json").write_text(json.dumps(names), encoding="utf-8")
    person.build(records[:first], encoder)
    person.run("query", "index", "--class", names[1], "-k", 5)
    more_documents = partial(person.build, records, encoder)
    found = label(person, batches, batch, added, (old, new), more_documents)
    person.run("labels", "export", "--index", "index", "--out", "labelled.csv")
    in_pool = {n: sum(o in true for true in truth.values()) for n, o in person.name_of.items()}
    person.run("train", "index", "--model", "probe", "--out", "model")
    person.run("predict", "index", "--model", "model", "--out", "predictions.csv")
    predicted = person.judged("predictions.csv", labelled="labelled.csv")
    result = {"steps": person.steps, "found": found, "in_pool": in_pool, "predicted": predicted}
    (out / "steps.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    show(result, old, new)


if __name__ == "__main__":
    typer.run(annotate)
