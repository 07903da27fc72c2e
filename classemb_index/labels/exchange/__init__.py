"""The formats in which labels go out to people and come back: a table, and the tools that they use."""

from __future__ import annotations

from collections.abc import Mapping

from .argilla import ARGILLA
from .base import Format
from .doccano import DOCCANO
from .label_studio import LABEL_STUDIO
from .prodigy import PRODIGY
from .tables import TABLE

FORMATS: Mapping[str, Format] = {
    "table": TABLE,
    "label-studio": LABEL_STUDIO,
    "argilla": ARGILLA,
    "doccano": DOCCANO,
    "prodigy": PRODIGY,
}
