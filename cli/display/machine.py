"""Answers of `info` and `doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from .console import out, titled

if TYPE_CHECKING:
    from classemb_index.doctor import Finding
    from classemb_index.index.index import EmbeddingIndex
    from classemb_index.pool.published import Published


def show_info(index: EmbeddingIndex) -> None:
    """What an index holds."""
    manifest, pool = index.manifest, index.pool
    encoder = manifest.encoder
    facts = titled(f"{manifest.name} in {index.folder}", left=("", ""), header=False)
    splits = {
        split or "none": int((pool.splits == split).sum()) for split in sorted(set(pool.splits))
    }
    size = sum(entry["bytes"] for entry in manifest.files.values())
    for name, value in {
        "source": manifest.source,
        "documents": f"{manifest.n} ({', '.join(f'{k} {v}' for k, v in splits.items())})",
        "labels known": f"{int(pool.is_known.sum())}",
        "vectors": f"{manifest.n} x {manifest.dim} {manifest.dtype}",
        "encoder": "none: vectors were given"
        if encoder.name is None
        else f"{encoder.name} (max length {encoder.max_length}, "
        f"{encoder.precision or 'vectors were given'})",
        "fingerprint": (encoder.fingerprint or "-")[:16],
        "backend": manifest.backend,
        "paper": _published(index.published),
        "size": f"{size / 1e6:.1f} MB",
        "built": f"{manifest.created} by {manifest.tool_version}",
    }.items():
        facts.add_row(name, escape(value))
    out.print(facts, "")
    table = titled("Classes", left=("class", "group"), right=("documents", "share"))
    group_of = {name: group for group, names in pool.groups.items() for name in names}
    counts = zip(pool.labels.sum(axis=0).tolist(), pool.known.sum(axis=0).tolist(), strict=True)
    for name, (documents, known) in zip(pool.classes, counts, strict=True):
        share = f"{documents / max(1, known):.2%}"
        table.add_row(escape(name), group_of.get(name, "-"), str(documents), share)
    out.print(table)


def show_findings(findings: Sequence[Finding]) -> None:
    """What `doctor` found."""
    table = titled("This machine", left=("", "", ""), header=False)
    for finding in findings:
        mark = "[green]ok[/green]" if finding.is_fine else "[red]problem[/red]"
        table.add_row(mark, finding.what, escape(finding.detail))
    out.print(table)


def _published(paper: Published) -> str:
    """What the paper reports of the corpus, in a line; - where a recipe has none."""
    if not paper.is_given:
        return "-"
    sizes = ", ".join(f"{split} {size}" for split, size in (paper.documents or {}).items())
    return f"{paper.corpus}: {sizes}; macro-F1 {paper.macro_f1} on the whole train split"
