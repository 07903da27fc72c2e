"""What can go wrong in a way that a user can act on.

    ClassembError
    ├── SourceError            a pool's source cannot be read, or a record of it is wrong
    │   └── RecordError        one record is wrong; the others may be right
    ├── RecipeError            an index recipe or a classes file is wrong
    ├── RequestError           a request asks for what is not there (k, batch, a size, a row)
    │   ├── UnknownClassError  a class that the pool does not have
    │   └── EmptyClassError    a class without a labelled document has no centroid
    ├── ModelError             a model that cannot be had, or cannot be used
    │   └── ModelFolderError   the folder of a trained model cannot be used as it is
    ├── MissingExtraError      a library that comes with an extra is not installed
    ├── IndexFolderError       an index folder cannot be used as it is
    │   ├── IndexMissingError  there is no index
    │   ├── IndexDamagedError  its files are not those that were written
    │   ├── IndexLockedError   another process is building it
    │   ├── IndexSchemaError   a newer version of the tool wrote it
    │   └── EncoderMismatchError  it was embedded with another encoder
    ├── LabelStoreError        the answers beside an index cannot be read or written
    ├── RunError               a run folder cannot be continued as asked
    └── ReportError            what a report is asked of is neither an index nor a run

The command line shows the message as one `Error:` line and exits with 1.
"""

from __future__ import annotations


class ClassembError(Exception):
    """Base of everything that a user can act on; its message says what, why and the way out."""


class SourceError(ClassembError):
    """A pool's source cannot be read, or one of its records is wrong."""


class RecordError(SourceError):
    """One record of a source is wrong; a build can go on past it.

    Args:
        message: where it stands and what is wrong.
        reason: the kind of fault in a few words, by which such records are counted.
    """

    def __init__(self, message: str, reason: str = "other faults") -> None:
        super().__init__(message)
        self.reason = reason


class RecipeError(ClassembError):
    """An index recipe or a classes file is wrong."""


class RequestError(ClassembError):
    """A request asks for what is not there."""


class UnknownClassError(RequestError):
    """The pool has no class of that name."""


class EmptyClassError(RequestError):
    """A class has no labelled document, so it has no centroid."""


class ModelError(ClassembError):
    """A model cannot be had or cannot be used."""


class ModelFolderError(ModelError):
    """The folder of a trained model cannot be used as it is."""


class MissingExtraError(ClassembError):
    """A library that comes with an extra is not installed."""


class IndexFolderError(ClassembError):
    """An index folder cannot be used as it is."""


class IndexMissingError(IndexFolderError):
    """There is no index at that place."""


class IndexDamagedError(IndexFolderError):
    """The files of an index are not those that were written."""


class IndexLockedError(IndexFolderError):
    """Another process is building this index."""


class IndexSchemaError(IndexFolderError):
    """A newer version of the tool wrote this index."""


class EncoderMismatchError(IndexFolderError):
    """The index was embedded with another encoder."""


class LabelStoreError(ClassembError):
    """The answers beside an index cannot be read or written."""


class RunError(ClassembError):
    """A run folder cannot be continued as asked."""


class ReportError(ClassembError):
    """What a report is asked of is neither an index nor a run."""


def in_one_line(error: Exception) -> str:
    """What went wrong, in one line; where no user can act on it, with the error's type."""
    words = " ".join(str(error).split())
    return words if isinstance(error, ClassembError) else f"{type(error).__name__}: {words}"
