"""What the measures of one class have in common."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ClassEntry:
    """An entry of a measure; where it is of one class, it has the field `class_name`."""

    def document(self) -> dict[str, Any]:
        """The fields in their order, JSON-ready; a class's name stands under "class"."""
        return {"class" if key == "class_name" else key: v for key, v in asdict(self).items()}
