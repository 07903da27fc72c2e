"""Index, run and model folders, sorted by the documents that they are about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ReportError, RequestError
from ..index.index import EmbeddingIndex
from ..index.store import MANIFEST
from ..measures.analysis import Analysis, analyze_index
from ..measures.curves import Summary, read_summary
from ..measures.rounds import CONFIG
from ..models.folder import FACTS, read_evaluation, read_facts
from ..pool.published import Published
from ..queries.annotated import open_annotated


@dataclass(frozen=True)
class RunConfig:
    """The settings of a run, as a report shows them.

    Attributes:
        index: its index's name.
        documents: sha256 of that index's documents.
        encoder: that index's encoder; None where the vectors were given.
        model: the classifier's short name.
        classifier: how it is trained.
        schedule: sizes.
        strategies: by strategy, what was chosen of it.
        machine: what it ran on.
        versions: of the libraries.
    """

    index: str
    documents: str
    encoder: str | None
    model: str
    classifier: Mapping[str, Any]
    schedule: Mapping[str, Any]
    strategies: Mapping[str, Mapping[str, Any]]
    machine: Mapping[str, Any]
    versions: Mapping[str, Any]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> RunConfig:
        """The settings in a run's config.json.

        Raises:
            KeyError, TypeError, AttributeError: it is not what `simulate` writes.
        """
        index, classifier = table["index"], table["classifier"]
        return cls(
            index=index["name"],
            documents=index["documents"],
            encoder=index.get("encoder"),
            model=Path(classifier["model"]).name,
            classifier=_table(classifier),
            schedule=_table(table["schedule"]),
            strategies={name: _table(own) for name, own in _table(table.get("strategies")).items()},
            machine=_table(table.get("machine")),
            versions=_table(table["versions"]),
        )


@dataclass(frozen=True)
class Run:
    """A run folder of `simulate`.

    Attributes:
        folder: where it lies.
        config: its settings.
        summary: what it found.
    """

    folder: Path
    config: RunConfig
    summary: Summary

    @property
    def model(self) -> str:
        """The classifier's short name."""
        return self.config.model


@dataclass(frozen=True)
class Model:
    """A model folder of `train`.

    Attributes:
        folder: where it lies.
        facts: of its training.
        evaluation: what `evaluate` found of it, or None.
    """

    folder: Path
    facts: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None


@dataclass(frozen=True)
class Corpus:
    """What a report says about one corpus.

    Attributes:
        name: of its index.
        index: None where only runs were given.
        analysis: Tables 2 and 3 and Figures 3 to 6; None without an index.
        runs: on the same documents.
        models: of labels of the same documents.
    """

    name: str
    index: EmbeddingIndex | None
    analysis: Analysis | None
    runs: Sequence[Run]
    models: Sequence[Model] = ()

    @property
    def paper(self) -> Published:
        """The published numbers of its recipe."""
        return self.index.published if self.index else Published()


def read_corpora(folders: Sequence[Path]) -> list[Corpus]:
    """Index, run and model folders sorted by the documents that they are about; indexes are analyzed.

    Args:
        folders: in the order of the report; one given twice is read once.

    Raises:
        ReportError: a folder is no index, finished run or model, two are indexes of the same
            documents, an index has too few documents with known labels, or none is given.
        ModelFolderError: a model is damaged.
        IndexFolderError: an index cannot be used as it is.
        RunError: a run has no summary.
    """
    indexes: dict[str, EmbeddingIndex] = {}
    runs: dict[str, list[Run]] = {}
    models: dict[str, list[Model]] = {}
    for folder in dict.fromkeys(folders):
        if (folder / MANIFEST).is_file():
            index, _ = open_annotated(folder)
            documents = index.documents_digest
            if documents in indexes:
                raise ReportError(
                    f"{indexes[documents].folder} and {folder} are indexes of the same documents; "
                    "name one of them"
                )
            indexes[documents] = index
            runs.setdefault(documents, [])
        elif (folder / CONFIG).is_file():
            run = _read_run(folder)
            runs.setdefault(run.config.documents, []).append(run)
        elif (folder / FACTS).is_file():
            model = Model(folder, read_facts(folder), read_evaluation(folder))
            documents = model.facts["index"]["documents_sha256"]
            models.setdefault(documents, []).append(model)
            runs.setdefault(documents, [])
        else:
            raise ReportError(
                f"{folder} is no index (build), run folder (simulate) or model (train); name folders of "
                "these"
            )
    if not runs:
        raise ReportError("a report needs an index, a run folder or a model; name at least one")
    corpora = []
    for documents, own in runs.items():
        index_of_run, learnt = indexes.get(documents), models.get(documents, [])
        names = [index_of_run.manifest.name] if index_of_run else []
        names += [run.config.index for run in own] + [m.facts["index"]["name"] for m in learnt]
        corpora.append(
            Corpus(
                name=names[0],
                index=index_of_run,
                analysis=_analysis(index_of_run) if index_of_run else None,
                runs=own,
                models=learnt,
            )
        )
    return corpora


def _analysis(index: EmbeddingIndex) -> Analysis:
    try:
        return analyze_index(index)
    except RequestError as cause:
        known = int((index.pool.answerable).sum())
        raise ReportError(
            f"the index in {index.folder} has {known} documents with known labels to draw from, too few "
            "for Tables 2 and 3 (200 are enough); name its runs alone"
        ) from cause


def _read_run(folder: Path) -> Run:
    summary = read_summary(folder)
    try:
        config = RunConfig.of(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise ReportError(f"{folder / CONFIG} cannot be read; run simulate again") from cause
    return Run(folder, config, summary)


def _table(value: Any) -> dict[str, Any]:
    return dict((value or {}).items())
