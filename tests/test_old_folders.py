"""Indexes and run folders of earlier commits: opened, queried and continued as they were then."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classemb_index import EmbeddingIndex
from tests.support.pictures import leave_pictures_blank

OLD = Path(__file__).parent / "fixtures" / "old"
UNREAD = "backend_parameters"  # of the manifest; no version ever wrote or read anything in it
TRUSTED = ".prevalence"  # was estimated from labels that nobody knew to be a random sample
STRATEGIES = ("random", "class-embedding", "dal", "anchoral")  # as then; portfolio is another one
EVERY_SCHEMA = pytest.mark.parametrize("schema", ["schema-1", "schema-2"])


@pytest.fixture
def old(tmp_path: Path, schema: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of one schema, copied to where the command line runs; no picture is drawn."""
    leave_pictures_blank(monkeypatch)
    shutil.copytree(OLD / schema, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def without_portfolio(old: Path) -> Path:
    """The run folders as if portfolio, which selects in another way by now, had not been run."""
    for folder in (old / "interrupted", old / "complete"):
        lines = (folder / "rounds.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        left = [line for line in lines if '"strategy": "portfolio"' not in line]
        # the last line was cut where the run was interrupted
        cut = [left.pop()[:40].rstrip() if left and not left[-1].endswith("\n") else '{"strat']
        text = "".join(left) + ("".join(cut) if folder.name == "interrupted" else "")
        (folder / "rounds.jsonl").write_text(text, encoding="utf-8")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        del config["strategies"]["portfolio"]
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    path = old / "complete" / "summary.json"
    path.write_text(json.dumps(_without_portfolio(summary(old / "complete"))), encoding="utf-8")
    return old


def _without_portfolio(found: Any) -> Any:
    if isinstance(found, dict):
        return {k: _without_portfolio(v) for k, v in found.items() if k != "portfolio"}
    if isinstance(found, list):
        kept = [x for x in found if not isinstance(x, dict) or x.get("strategy") != "portfolio"]
        return [_without_portfolio(x) for x in kept]
    return found


def simulation(folder: Path) -> list[str]:
    """The recorded command without portfolio, with plain heads as they were then."""
    words = recorded(folder, "commands.json")["simulate"][1:]
    place = words.index("portfolio")
    return [*words[: place - 1], *words[place + 1 :], "--no-names"]


def recorded(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))["found"]


def asked(cli: Callable[..., Any], entry: dict[str, Any]) -> Any:
    """What a recorded command answers now."""
    command, *words = entry["asked"]
    outcome = cli(command, "index", *words)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where a value is not the recorded one; numbers may differ by 1e-6, and keys may be new."""
    if path.endswith(TRUSTED):
        if found is not None:
            yield f"{path} is {found}, not null"
    elif isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key in found:
                yield from differences(found[key], value, f"{path}.{key}")
            else:
                yield f"{path}.{key} is missing"
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{path}[{place}]")
    elif isinstance(expected, float) and isinstance(found, float):
        if found != pytest.approx(expected, abs=1e-6, nan_ok=True):
            yield f"{path} is {found}, not {expected}"
    elif found != expected or type(found) is not type(expected):
        yield f"{path} is {found!r}, not {expected!r}"


def assert_recorded(found: Any, expected: Any) -> None:
    assert list(differences(found, expected)) == []


def rounds(path: Path) -> dict[tuple[str, int, int], dict[str, Any]]:
    """The rounds of a run folder by strategy, seed and round, without how long they took."""
    entries = [json.loads(line) for line in (path / "rounds.jsonl").read_bytes().splitlines()]
    by_cell = {(e["strategy"], e["seed"], e["round"]): e for e in entries}
    assert len(by_cell) == len(entries)
    return {
        cell: {k: v for k, v in entry.items() if k != "seconds"} for cell, entry in by_cell.items()
    }


def summary(path: Path) -> Any:
    return json.loads((path / "summary.json").read_text(encoding="utf-8"))


@EVERY_SCHEMA
def test_an_old_index_says_what_it_holds(cli: Callable[..., Any], old: Path, schema: str) -> None:
    entry = recorded(old, "answers.json")["info"]
    expected = {key: value for key, value in entry["answer"].items() if key != UNREAD}
    assert_recorded(asked(cli, entry), expected)
    assert expected["schema_version"] == int(schema[-1])


@EVERY_SCHEMA
def test_an_old_index_is_whole(cli: Callable[..., Any], old: Path) -> None:
    outcome = cli("verify", "index")
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[-1] == "index is whole"


@EVERY_SCHEMA
def test_an_old_index_is_built_again_as_schema_3_and_keeps_its_vectors(
    old: Path, schema: str
) -> None:
    before = EmbeddingIndex.open(old / "index")
    vectors, records = before.embeddings(), list(before.pool.records())
    (old / "index" / "labels.sqlite").write_text("answers")
    after = EmbeddingIndex.build(before.pool, None, old / "index", embeddings=vectors)
    assert (before.manifest.schema_version, after.manifest.schema_version) == (int(schema[-1]), 3)
    np.testing.assert_allclose(after.embeddings(), vectors, atol=1e-6)
    assert list(after.pool.records()) == records
    assert len(after.verify()) == 3
    named = {after.path_of(file).name for file in after.manifest.files}
    found = {path.name for path in (old / "index").iterdir()}
    assert found == {"manifest.json", ".lock", "labels.sqlite", *named}


@EVERY_SCHEMA
def test_a_query_of_an_old_index_finds_the_same_documents(
    cli: Callable[..., Any], old: Path
) -> None:
    """By the methods that `auto` took then; today it is one of its own."""
    entry = recorded(old, "answers.json")["query"]
    expected = entry["answer"]
    (method,) = {answer["method"] for answer in expected["classes"]}
    answers = [answer | {"why": None} for answer in expected["classes"]]
    entry["asked"] += ["--method", method]
    assert_recorded(asked(cli, entry), expected | {"classes": answers})


@EVERY_SCHEMA
def test_centroids_find_what_the_commit_that_built_the_index_found(
    cli: Callable[..., Any], old: Path
) -> None:
    entry = recorded(old, "centroid.json")
    assert_recorded(asked(cli, entry), entry["answer"])


@EVERY_SCHEMA
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_selection_from_an_old_index_is_the_same(
    cli: Callable[..., Any], old: Path, strategy: str
) -> None:
    entry = recorded(old, "answers.json")[f"select {strategy}"]
    entry["asked"].append("--no-names")  # the probe was plain then
    assert_recorded(asked(cli, entry), entry["answer"])


@EVERY_SCHEMA
def test_an_analysis_of_an_old_index_is_the_same(cli: Callable[..., Any], old: Path) -> None:
    expected = json.loads((old / "analysis.json").read_text(encoding="utf-8"))
    words = recorded(old, "commands.json")["analyze"]
    assert_recorded(asked(cli, {"asked": [*words, "--json"]}), expected)


@EVERY_SCHEMA
def test_an_interrupted_old_run_is_continued_to_the_same_rounds(
    cli: Callable[..., Any], without_portfolio: Path
) -> None:
    old = without_portfolio
    path = old / "interrupted" / "rounds.jsonl"
    kept, _, cut = path.read_bytes().rpartition(b"\n")
    assert cut and not (old / "interrupted" / "summary.json").exists()
    words = simulation(old)
    outcome = cli("simulate", "index", *words, "--workers", "1", "--out", "interrupted")
    assert outcome.code == 0, outcome.err
    assert path.read_bytes().startswith(kept + b"\n")
    found, expected = rounds(old / "interrupted"), rounds(old / "complete")
    assert found.keys() == expected.keys()
    for cell, entry in expected.items():
        assert_recorded(found[cell], entry)
    assert_recorded(summary(old / "interrupted"), summary(old / "complete"))


@EVERY_SCHEMA
def test_a_finished_old_run_is_shown_and_not_run_again(
    cli: Callable[..., Any], without_portfolio: Path
) -> None:
    old = without_portfolio
    before = {p.name: p.read_bytes() for p in (old / "complete").iterdir()}
    words = simulation(old)
    outcome = cli("simulate", "index", *words, "--workers", "1", "--out", "complete", "--json")
    assert outcome.code == 0, outcome.err
    assert (old / "complete" / "rounds.jsonl").read_bytes() == before["rounds.jsonl"]
    assert (old / "complete" / "config.json").read_bytes() == before["config.json"]
    expected = json.loads(before["summary.json"])
    assert_recorded(summary(old / "complete"), expected)
    assert_recorded(json.loads(outcome.out)["curves"], expected["curves"])


@EVERY_SCHEMA
def test_other_settings_do_not_continue_an_old_run(
    cli: Callable[..., Any], without_portfolio: Path
) -> None:
    old = without_portfolio
    words = simulation(old)
    before = (old / "interrupted" / "rounds.jsonl").read_bytes()
    again = [*words, "--workers", "1", "--out", "interrupted", "--discriminator-epochs", "4"]
    outcome = cli("simulate", "index", *again)
    assert (outcome.code, outcome.err) == (
        1,
        "Error: the run in interrupted was started with other settings: "
        "strategies.dal.discriminator_epochs 3 there, 4 now; "
        "give the same ones to continue it, or choose another --out\n",
    )
    assert (old / "interrupted" / "rounds.jsonl").read_bytes() == before


@EVERY_SCHEMA
def test_an_old_run_of_a_strategy_that_selects_in_another_way_is_not_continued(
    cli: Callable[..., Any], old: Path, schema: str
) -> None:
    words = recorded(old, "commands.json")["simulate"][1:]
    before = (old / "interrupted" / "rounds.jsonl").read_bytes()
    again = [*words, "--workers", "1", "--out", "interrupted", "--no-names"]
    outcome = cli("simulate", "index", *again)
    assert outcome.code == 1
    assert "strategies.portfolio.version None there, 2 now" in outcome.err
    assert (old / "interrupted" / "rounds.jsonl").read_bytes() == before


@EVERY_SCHEMA
def test_an_old_index_and_its_run_are_reported(cli: Callable[..., Any], old: Path) -> None:
    outcome = cli("report", "index", "complete", "--out", "page")
    assert outcome.code == 0, outcome.err
    page = (old / "page" / "report.md").read_text(encoding="utf-8")
    for curve in summary(old / "complete")["curves"]:
        row = f"| {curve['strategy']} | 2 | {curve['area']:.3f} |"
        assert row in page
