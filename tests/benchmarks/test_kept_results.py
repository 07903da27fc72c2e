"""The kept results: small, complete as far as a reader is led, and each named in the README."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
README = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
KEPT = sorted(path for path in (BENCHMARKS / "results").rglob("*") if path.is_file())
MOST_BYTES = 2_000_000


def named_files() -> list[str]:
    """The paths, with a * for any one name, in the first column of the README's tables."""
    return re.findall(r"^\| `(results/[^`]+)` \|", README, flags=re.M)


def test_all_results_together_are_under_2_mb() -> None:
    assert sum(path.stat().st_size for path in KEPT) <= MOST_BYTES


@pytest.mark.parametrize("path", KEPT, ids=lambda path: str(path.relative_to(BENCHMARKS)))
def test_a_row_of_the_readme_says_what_a_kept_file_is(path: Path) -> None:
    name = PurePosixPath(path.relative_to(BENCHMARKS).as_posix())
    assert any(name.match(pattern) for pattern in named_files())


@pytest.mark.parametrize("pattern", named_files())
def test_a_row_of_the_readme_is_about_a_kept_file(pattern: str) -> None:
    assert list(BENCHMARKS.glob(pattern))


@pytest.mark.parametrize(
    "page",
    [path for path in KEPT if path.suffix == ".md"],
    ids=lambda path: str(path.relative_to(BENCHMARKS)),
)
def test_every_link_of_a_kept_page_leads_to_a_kept_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [
        link for link in links if "://" not in link and page.parent.joinpath(link) not in KEPT
    ]
    assert links and not missing
