"""Markdown tables, names as they are written, and pages that need no other file."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from classemb_index.reports.page import Markdown, code, escape, page, table
from tests.support.pages import Page

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>'
NAMES = [
    "a|b*c_<x>[y]",
    "`code` and ~~not~~",
    r"back\slash",
    r"pipe behind one \| of them",
    "![picture](x.svg)",
    "[link](http://example.org)",
    "<script>alert(1)</script>",
    "&lt; stays &amp;lt;",
    "# no heading",
    "__dunder__ **bold** $x$",
    "*x*",
    'ship\'s flag, "Ünïcode" 税',
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_cell_is_read_as_it_is_written(name: str, tmp_path: Path) -> None:
    text = table(["class", name], [[name, "1"], [escape(name), code(name)]])
    found = Page(page(text, "t", tmp_path))
    assert found.tables == [[["class", name], [name, "1"], [name, name]]]
    assert not {"script", "x", "a", "img", "em", "strong"} & found.tags


def test_a_cell_of_markdown_is_taken_as_it_is(tmp_path: Path) -> None:
    text = table(["one", Markdown("*two*")], [[Markdown("**x**"), code("alps")]])
    assert text.splitlines()[::2] == ["| one | *two* |", "| **x** | `alps` |"]
    found = Page(page(text, "t", tmp_path))
    assert found.tables == [[["one", "two"], ["x", "alps"]]]
    assert {"strong", "em", "code"} <= found.tags


def test_a_text_that_markdown_was_put_into_is_no_markdown() -> None:
    (line,) = table(["a"], [[f"ours, {escape('b*c')}"]]).splitlines()[2:]
    assert line == r"| ours, b\\\*c |"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_heading_and_a_sentence_is_read_as_it_is_written(
    name: str, tmp_path: Path
) -> None:
    found = Page(page(f"## On {escape(name)}\n\nIt is {escape(name)}.\n", "t", tmp_path))
    assert (found.headings, found.paragraphs) == ([(2, f"On {name}")], [f"It is {name}."])


def test_line_breaks_in_a_name_are_spaces() -> None:
    assert escape("two\nlines\tand  more ") == "two lines and more"


def test_raw_html_in_a_text_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    text = page("<script>alert(1)</script>\n\nand <b>this</b> too", "t", tmp_path)
    found = Page(text)
    assert found.paragraphs == ["<script>alert(1)</script>", "and <b>this</b> too"]
    assert not {"script", "b"} & found.tags


def test_a_table_is_words_to_the_left_and_numbers_to_the_right(tmp_path: Path) -> None:
    text = table(["corpus", "", "n"], [["x", "ours", "1"], ["y", "paper", "2"]], words=2)
    assert text.splitlines() == [
        "| corpus |  | n |",
        "| :-- | :-- | --: |",
        "| x | ours | 1 |",
        "| y | paper | 2 |",
    ]
    found = Page(page(text, "t", tmp_path))
    assert found.tables == [[["corpus", "", "n"], ["x", "ours", "1"], ["y", "paper", "2"]]]
    assert found.alignments == ["left", "left", "right"] * 3


def test_a_table_without_rows_is_its_header(tmp_path: Path) -> None:
    assert Page(page(table(["a", "b"], []), "t", tmp_path)).tables == [[["a", "b"]]]


@pytest.mark.parametrize(
    ("file", "link"), [("one.svg", "one.svg"), ("für zwei.svg", "f%C3%BCr%20zwei.svg")]
)
def test_a_picture_is_part_of_the_page(tmp_path: Path, file: str, link: str) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / file).write_text(PICTURE, encoding="utf-8")
    text = page(f"![what it shows](figures/{link})", "t", tmp_path)
    ((source, words),) = Page(text).pictures
    kind, _, data = source.partition(",")
    assert (kind, words) == ("data:image/svg+xml;base64", "what it shows")
    assert base64.b64decode(data).decode() == PICTURE
    assert "figures/" not in text


def test_a_page_asks_for_nothing_outside_itself(tmp_path: Path) -> None:
    (tmp_path / "one.svg").write_text(PICTURE, encoding="utf-8")
    text = page("# One\n\n![x](one.svg)\n\n![y](one.svg)", "t", tmp_path)
    found = Page(text)
    assert len(found.links) == 2 and all(link.startswith("data:") for link in found.links)
    for link in found.links:
        text = text.replace(link, "")
    assert not {"script", "link", "iframe", "object", "a"} & found.tags
    assert all(word not in text for word in ("http", "//", "url(", "@import"))


def test_a_page_has_the_title_as_it_is_written(tmp_path: Path) -> None:
    title = "</title><script>a & b</script>"
    found = Page(page("text", title, tmp_path))
    assert found.title == title and "script" not in found.tags


def test_a_page_is_one_whole_document_in_utf_8(tmp_path: Path) -> None:
    text = page("# Zürich", "t", tmp_path)
    assert text.startswith("<!doctype html>\n<html") and text.endswith("</html>\n")
    assert '<meta charset="utf-8">' in text
    assert Page(text).headings == [(1, "Zürich")]
