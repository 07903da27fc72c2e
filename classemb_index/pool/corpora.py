"""The paper's corpora in their own forms: EURLEX57K and the arXiv metadata snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import SourceError
from .documents import SPLITS
from .files import FORMS, Raw, json_object, read_text
from .findings import Findings

LABEL_TABLE = "EURLEX57K.json"
ARXIV_FORM = (
    "read as the arXiv metadata snapshot: texts from 'abstract', labels from 'categories' at each "
    "space; in another file name them: --labels-field categories"
)
NATIVE_FIELDS = ("abstract", "categories", "celex_id", "eurovoc_concepts")


def from_native(raw: Mapping[str, Any], found: Findings) -> Mapping[str, Any]:
    """The usual fields of a record that has those of a known corpus, else the record itself."""
    if "abstract" in raw and "categories" in raw and "text" not in raw:
        # the arXiv metadata snapshot; its text is the abstract, as in the paper
        found.say(ARXIV_FORM)
        id_, categories = raw.get("id"), raw["categories"]
        return {
            **raw,
            "id": id_ and f"arxiv:{id_}",
            "text": " ".join(str(raw["abstract"] or "").split()),
            "labels": categories.split() if isinstance(categories, str) else categories,
        }
    if "celex_id" in raw and "eurovoc_concepts" in raw:  # EURLEX57K as the hub has it
        return {
            **raw,
            "id": raw["celex_id"] and f"celex:{raw['celex_id']}",
            "labels": raw["eurovoc_concepts"],
        }
    return raw


def eurlex_folder(folder: Path, found: Findings) -> Iterator[Raw]:
    """EURLEX57K as published: train/, dev/, test/ of JSON files, and a label table beside them.

    The text is header, recitals and main body; labels are names where the table has them, and
    `found` counts those that it does not have.

    Raises:
        SourceError: the folder has no train/ or no label table, or a file is not JSON.
    """
    root = next((f for f in (folder, folder / "dataset") if (f / "train").is_dir()), None)
    if root is None:
        raise SourceError(
            f"{folder} has no train/ folder of JSON files, so it is not EURLEX57K; a source is {FORMS}"
        )
    names = _label_names(folder, root)
    for split in SPLITS:
        for path in sorted((root / split).glob("[!.]*.json")):
            act = json_object(read_text(path), str(path))
            body = act.get("main_body") or ""
            parts = [act.get("header"), act.get("recitals")]
            parts += body if isinstance(body, list) else [body]
            concepts = act.get("concepts")
            found.nameless.update(c for c in concepts or () if c not in names)
            yield (
                str(path),
                {
                    "id": f"celex:{act.get('celex_id') or path.stem}",
                    "title": act.get("title"),
                    "text": "\n".join(str(part).strip() for part in parts if part),
                    "labels": None if concepts is None else [names.get(c, c) for c in concepts],
                    "split": split,
                },
            )


def _label_names(folder: Path, root: Path) -> Mapping[str, str]:
    places = [place / LABEL_TABLE for place in (folder, root, folder.parent)]
    table = next((place for place in places if place.is_file()), None)
    if table is None:
        raise SourceError(
            f"{folder} has no label table {LABEL_TABLE} (EuroVoc id to label) in it or beside it; "
            "it comes with the corpus"
        )
    return {
        concept: str(entry.get("label", concept)) if isinstance(entry, dict) else str(entry)
        for concept, entry in json_object(read_text(table), str(table)).items()
    }
