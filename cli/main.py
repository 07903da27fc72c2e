"""The commands of `classemb-index`, and the one place where an error becomes a line."""

from __future__ import annotations

import io
import signal
import sys

import typer

from classemb_index.errors import ClassembError

from .analyze import analyze
from .annotate import annotate
from .build import build
from .choices import NamingCommand
from .classes import classes
from .evaluate import evaluate
from .info import doctor, info, verify
from .labels import labels
from .next import next_, status
from .predict import predict
from .query import query
from .report import report
from .reproduce import reproduce
from .select import select
from .simulate import simulate
from .train import train

commands = typer.Typer(
    name="classemb-index",
    help="Find and learn rare classes in a large pool of documents that is embedded once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for command in (
    build,
    query,
    select,
    annotate,
    next_,
    status,
    train,
    predict,
    evaluate,
    analyze,
    simulate,
    report,
    reproduce,
    info,
    verify,
    doctor,
):
    commands.command(command.__name__.rstrip("_"), cls=NamingCommand)(command)
commands.add_typer(labels)
commands.add_typer(classes)


def app() -> None:
    """Run the command line; what a user can act on is one `Error:` line and exit code 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # out as Ctrl-C does, cleaning up
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 has no tick mark
    try:
        commands()
    except ClassembError as error:
        _fail(str(error))
    except OSError as error:  # a folder that cannot be written, a full disk
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}")


def _fail(message: str) -> None:
    sys.stderr.write(f"Error: {' '.join(message.split())}\n")
    sys.exit(1)
