"""Help that names the rows of a table in the library."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

METHODS = "{methods}"  # stands in a help text for the names of all query methods


class NamingCommand(TyperCommand):
    """A command that fills the names into its help when it is asked for it.

    The tables import NumPy, which `classemb-index --help` does without.
    """

    def format_help(self, *args: Any, **named: Any) -> None:
        """The help, with the names of the rows."""
        from classemb_index.queries import methods

        for parameter in self.params:
            words = getattr(parameter, "help", None)
            if words and METHODS in words:
                parameter.help = words.replace(METHODS, ", ".join(methods.METHODS))  # type: ignore[attr-defined]
        super().format_help(*args, **named)
