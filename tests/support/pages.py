"""What a reader sees of an HTML page, and of the Markdown that it was made from."""

from __future__ import annotations

import re
from html.parser import HTMLParser

Cells = list[list[str]]  # a table's, row by row, the header first

VOID = {"meta", "img", "br", "hr", "link"}


class Page(HTMLParser):
    """An HTML page, read.

    Attributes:
        title: of the window.
        headings: level and words, in their order.
        tables: cells as a browser shows them.
        alignments: "left" or "right", for each cell of the first table.
        quotes: the words of each block quotation.
        paragraphs: the words of each paragraph outside quotations.
        pictures: addresses and descriptions.
        tags: every element that occurs.
        links: addresses that a browser would fetch.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.headings: list[tuple[int, str]] = []
        self.tables: list[Cells] = []
        self.alignments: list[str] = []
        self.quotes: list[str] = []
        self.paragraphs: list[str] = []
        self.pictures: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self._open: list[str] = []
        self._words = ""
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attributes}
        self.tags.add(tag)
        self.links += [found[key] for key in ("src", "href", "srcset", "data") if key in found]
        if tag == "img":
            self.pictures.append((found["src"], found["alt"]))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td") and len(self.tables) == 1:
            self.alignments.append(found["style"].removeprefix("text-align:"))
        if tag in ("th", "td", "p", "title") or re.fullmatch("h[1-6]", tag):
            self._words = ""
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"</{tag}> closes something else"
        if tag == "title":
            self.title = self._words
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), self._words))
        elif tag in ("th", "td"):
            self.tables[-1][-1].append(self._words)
        elif tag == "p":
            (self.quotes if "blockquote" in self._open else self.paragraphs).append(self._words)

    def handle_data(self, data: str) -> None:
        self._words += data


def markdown_headings(text: str) -> list[tuple[int, str]]:
    """Level and words of each heading line."""
    found = re.findall(r"^(#+) (.+)$", text, flags=re.MULTILINE)
    return [(len(marks), plain(words)) for marks, words in found]


def markdown_tables(text: str) -> list[Cells]:
    """The cells of each pipe table, without the line of alignments."""
    tables = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        header, _, *rows = block.splitlines()
        tables.append([markdown_cells(line) for line in (header, *rows)])
    return tables


def markdown_cells(line: str) -> list[str]:
    """The cells of one line: a pipe behind a backslash belongs to its cell."""
    cells = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return [plain(cell.strip()) for cell in cells]


def plain(text: str) -> str:
    """Markdown as it is read: without backslashes and emphasis."""
    return re.sub(r"\\(.)|\*+|`", lambda found: found[1] or "", text)
