"""What an answer meets: the same from the same annotator, or another one that came since."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import RequestError
from ..labels.log import Answer
from ..labels.standing import Given, Standing


class ConflictError(RequestError):
    """Somebody answered a document otherwise since it was shown; the message says who said what."""


def repeated(
    standing: Standing, annotator: str, answers: Sequence[Answer], seen: int, replace: bool
) -> int | None:
    """The action in which an annotator said all of it already, as when a connection was lost.

    Who answers again after others, and has seen what they said, says it anew.

    Args:
        standing: of the document.
        annotator: who answers.
        answers: to the document.
        seen: number of the last action that the page knew of.
        replace: whether the annotator was shown a conflict.

    Returns:
        None where something is new.
    """
    own = [given for given in standing.given if given.annotator == annotator]
    said = {given.class_name: given.said for given in own}
    if not own or (own[-1].said == "skip") != (answers[0].said == "skip"):
        return None
    if any(said.get(answer.class_name) != answer.said for answer in answers):
        return None
    last = own[-1].action
    is_last = not any(given.action > last for given in standing.given)
    return last if is_last or (last > seen and not replace) else None


def check_conflict(
    standing: Standing, annotator: str, answers: Sequence[Answer], seen: int
) -> None:
    """Nothing, when what came since says the same, or nothing of what is answered.

    Two annotators to whom a document was handed out for overlap are to differ where they do.

    Args:
        standing: of the document.
        annotator: who answers.
        answers: to the document.
        seen: number of the last action that the page knew of.

    Raises:
        ConflictError: it differs.
    """
    since = [
        given
        for given in standing.given
        if given.action > seen and (given.annotator == annotator or not standing.is_shared)
    ]
    says = {answer.class_name: answer.said for answer in answers}
    if (None in says) != any(given.said == "skip" for given in since[-1:]):
        differing = since
    else:
        holds = {given.class_name: given for given in since}
        differing = [own for name, own in holds.items() if says.get(name, own.said) != own.said]
    if differing:
        raise ConflictError(_told(differing[-1].annotator, annotator, standing.document, since))


def _told(who: str, annotator: str, document: str, since: Sequence[Given]) -> str:
    """Who said what of the document meanwhile."""
    own = [given for given in since if given.annotator == who]
    said = {given.class_name: given.said for given in own}
    names = [str(name) for name, answer in said.items() if answer == "yes"]
    what = ", ".join(names) or "none of the classes"
    does = "skipped" if own[-1].said == "skip" else "answered"
    name = "you" if who == annotator else who or "somebody"
    told = f"{name} {does} {document!r} since it was shown to you"
    return told if does == "skipped" else f"{told}: {what}"
