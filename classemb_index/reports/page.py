"""Markdown tables, and a page of HTML from a Markdown text that needs no network and no other file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape as html_escape
from pathlib import Path
from urllib.parse import unquote

STYLE = """
:root { color-scheme: light dark; --line: #d8dde3; --soft: #f4f6f8; --dim: #5b6672; --mark: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --line: #39424c; --soft: #1f262d; --dim: #9aa7b4; --mark: #56b4e9; }
  img { background: #fff; }
}
body { font: 16px/1.55 system-ui, sans-serif; max-width: 70rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; }
h2 { margin-top: 3rem; border-bottom: 2px solid var(--mark); padding-bottom: .2rem; }
h3 { margin-top: 2rem; } a { color: var(--mark); }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums;
        display: block; overflow-x: auto; margin: 1rem 0; }
th, td { padding: .28rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { background: var(--soft); text-align: left; white-space: normal; vertical-align: bottom; }
img { max-width: 100%; border-radius: 4px; }
img:not(:only-child) { max-width: 49%; }
blockquote { margin: .8rem 0; padding: .1rem .9rem; border-left: 3px solid var(--line);
             color: var(--dim); font-size: .84rem; }
"""


class Markdown(str):
    """Text that is Markdown already, so that a table takes it as it is."""


def escape(text: str) -> Markdown:
    """The text as it is written, in a Markdown table too."""
    for character in "\\`*_[]<>|&#~":
        text = text.replace(character, f"\\{character}")
    return Markdown(" ".join(text.split()))


def code(name: str) -> Markdown:
    """The name in a type of fixed width, unless it has what would end it."""
    return Markdown(f"`{name}`") if set(name).isdisjoint("`|\\\n") else escape(name)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """A Markdown table; the first `words` columns are aligned left, the others are numbers.

    A cell is read as it is written, whatever it holds, unless it is `Markdown`.
    """
    marks = [Markdown(":--" if place < words else "--:") for place in range(len(header))]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in (header, marks, *rows))


def write_page(markdown: str, title: str, folder: Path) -> list[Path]:
    """Write report.html, which holds its pictures, and report.md; returns their paths."""
    (folder / "report.md").write_text(markdown, encoding="utf-8")
    (folder / "report.html").write_text(page(markdown, title, folder), encoding="utf-8")
    return [folder / "report.html", folder / "report.md"]


def page(markdown: str, title: str, folder: Path) -> str:
    """One HTML page of a Markdown text; its pictures, SVG files under `folder`, are part of the page."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for image in (part for token in tokens for part in token.children or []):
        if image.type == "image":
            picture = (folder / unquote(str(image.attrs["src"]))).read_bytes()
            image.attrs["src"] = f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}"
    body = parser.renderer.render(tokens, parser.options, {})
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{body}</body>\n</html>\n"
    )


def _cell(text: str) -> Markdown:
    return text if isinstance(text, Markdown) else escape(text)
