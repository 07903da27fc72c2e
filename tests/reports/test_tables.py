"""Tables as CSV and LaTeX: what is written can be read back, and typeset."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path

import pytest

from classemb_index.measures.geometry import ClassDistance
from classemb_index.measures.proximity import ClassProximity
from classemb_index.reports.tables import proximity_csv, proximity_latex, save_tables


def entry(
    size: int, name: str, hits: float | None = 2.0, paper: int | None = None
) -> ClassProximity:
    return ClassProximity(
        n_labelled=size,
        class_name=name,
        hits=hits,
        hits_sd=None if hits is None else 0.5,
        farthest=None if hits is None else 0.25,
        in_unlabelled=30.0,
        expected=1.5,
        lift=None if hits is None else hits / 1.5,
        draws=0 if hits is None else 5,
        paper=paper,
    )


ENTRIES = [
    entry(100, "a", paper=1),
    entry(100, "b", None, paper=7),
    entry(150, "a"),
    entry(150, "b"),
]


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_parses_back_to_every_column_of_every_entry() -> None:
    lines = read(proximity_csv(ENTRIES))
    assert len(lines) == 4
    for line, found in zip(lines, ENTRIES, strict=True):
        assert line == {
            key: "" if value is None else str(value) for key, value in asdict(found).items()
        }


def test_csv_keeps_commas_quotes_and_line_breaks_in_a_name() -> None:
    name = 'fruit, "citrus"\nand more'
    (line,) = read(proximity_csv([entry(100, name)]))
    assert line["class_name"] == name


def test_latex_has_a_column_a_class_and_four_rows_a_size_with_the_papers() -> None:
    assert proximity_latex(ENTRIES).splitlines() == [
        r"\begin{tabular}{rlrr}",
        r"\toprule",
        r"$|L|$ &  & a & b \\",
        r"\midrule",
        r"100 & nearest & 2.0 & -- \\",
        r" & farthest & 0.2 & -- \\",
        r" & random order & 1.5 & 1.5 \\",
        r" & paper & 1.0 & 7.0 \\",
        r"\midrule",
        r"150 & nearest & 2.0 & 2.0 \\",
        r" & farthest & 0.2 & 0.2 \\",
        r" & random order & 1.5 & 1.5 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_latex_names_the_size_where_no_class_was_queried() -> None:
    text = proximity_latex([entry(5, "a", None)])
    assert r"5 & random order & 1.5 \\" in text and "nearest" not in text


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("R&D", r"R\&D"),
        ("100 %", r"100 \%"),
        ("a_b", r"a\_b"),
        ("$5 #1", r"\$5 \#1"),
        ("{x}", r"\{x\}"),
        ("a~b^c", r"a\textasciitilde{}b\textasciicircum{}c"),
        ("C:\\new", r"C:\textbackslash{}new"),
    ],
)
def test_latex_escapes_what_tex_reads_as_its_own(name: str, escaped: str) -> None:
    header = proximity_latex([entry(100, name)]).splitlines()[2]
    assert header == rf"$|L|$ &  & {escaped} \\"


def test_all_tables_are_written(tmp_path: Path) -> None:
    distances = [ClassDistance("a", 0.25, 0.5), ClassDistance("b", None, None)]
    paths = save_tables(ENTRIES, distances, tmp_path)
    assert [path.name for path in paths] == ["proximity.csv", "proximity.tex", "distances.csv"]
    assert (tmp_path / "proximity.csv").read_text(encoding="utf-8") == proximity_csv(ENTRIES)
    assert (tmp_path / "proximity.tex").read_text(encoding="utf-8") == proximity_latex(ENTRIES)
    assert read((tmp_path / "distances.csv").read_text(encoding="utf-8")) == [
        {"class_name": "a", "same": "0.25", "other": "0.5"},
        {"class_name": "b", "same": "", "other": ""},
    ]
