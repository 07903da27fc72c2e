"""`classemb-index info`, `verify` and `doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from .display.console import show_json, show_lines
from .display.machine import show_findings, show_info
from .options import Index, Json, open_index


def info(index: Index = None, as_json: Json = False) -> None:
    """Show what an index holds."""
    opened = open_index(index)
    if as_json:
        show_json(asdict(opened.manifest))
    else:
        show_info(opened)


def verify(
    index: Index = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Check as well that this model is the one the index was embedded with."),
    ] = None,
) -> None:
    """Check every byte of an index against its manifest, and that its answers can be read."""
    from classemb_index.labels.store import LabelStore

    opened = open_index(index)
    lines = opened.verify()
    if encoder is not None:
        from classemb_index.models.encoder import SentenceBertEncoder

        opened.check_encoder(
            SentenceBertEncoder(encoder, max_length=opened.manifest.encoder.max_length)
        )
        lines.append(f"{encoder} is the encoder that it was embedded with")
    store = LabelStore(opened.folder)
    store.check()
    if actions := store.actions():
        lines.append(f"{store.path.name} can be read, with {len(actions)} actions")
    show_lines([*lines, f"{opened.folder} is whole"])


def doctor(as_json: Json = False) -> None:
    """Show what this machine has of what the tool can use."""
    from classemb_index.doctor import examine

    findings = examine()
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        show_findings(findings)
    if not all(finding.is_fine for finding in findings):
        raise typer.Exit(1)
