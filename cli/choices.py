"""Help that names the rows of a table in the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from typer.core import TyperCommand, TyperOption

# stand in a help text for all names
METHODS, STRATEGIES, BACKENDS = "{methods}", "{strategies}", "{backends}"
FORMATS = "{formats}"


class NamingCommand(TyperCommand):
    """A command that fills the names into its help when it is asked for it.

    The tables import NumPy, which `classemb-index --help` does without.
    """

    def format_help(self, *args: Any, **named: Any) -> None:
        """The help, with the names of the rows."""
        for option in self.params:
            if isinstance(option, TyperOption):
                for place, names in _NAMES.items():
                    if place in (option.help or ""):
                        option.help = str(option.help).replace(place, ", ".join(names()))
        super().format_help(*args, **named)


def _methods() -> Iterable[str]:
    from classemb_index.queries.methods import METHODS

    return METHODS


def _strategies() -> Iterable[str]:
    from classemb_index.strategies.selection import STRATEGIES

    return STRATEGIES


def _backends() -> Iterable[str]:
    from classemb_index.index.backends import BACKENDS

    return (f"{name} ({row.about})" for name, row in BACKENDS.items())


def _formats() -> Iterable[str]:
    from classemb_index.labels.exchange import FORMATS

    return (f"{name} ({row.about})" for name, row in FORMATS.items())


_NAMES: Mapping[str, Callable[[], Iterable[str]]] = {
    METHODS: _methods,
    STRATEGIES: _strategies,
    BACKENDS: _backends,
    FORMATS: _formats,
}
