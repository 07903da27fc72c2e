"""What is noticed while a source is read, counted as it goes on and said in sentences at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

NAMED = 5  # labels, reasons or names that a sentence lists
ALIKE = 0.75  # of difflib's ratio, from which a label may be a class misspelt


@dataclass
class Findings:
    """Counts of one reading; whoever reads adds to them.

    Attributes:
        said: sentences about the source, each once, in the order they came up.
        missing: words that stand for unknown labels.
        separators: characters other than the separator that parted known names, with an example.
        unmatched: labels that are no class.
        unlabelled: documents whose labels are all no class, and which are so taken for unlabelled.
        left_out: documents whose labels are all no class, and which are left out.
        nameless: labels that the corpus's own table has no name for.
        skipped: records that were passed over, by reason.
        first_skipped: what was wrong with the first of them.
    """

    said: dict[str, None] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    separators: dict[str, str] = field(default_factory=dict)
    unmatched: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    left_out: int = 0
    nameless: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    first_skipped: str = ""

    def restart(self) -> None:
        """Forget the counts: the source is read once more."""
        vars(self).update(vars(Findings()))

    def say(self, sentence: str) -> None:
        """Keep a sentence for the end."""
        self.said[sentence] = None

    def skip(self, reason: str, message: str) -> None:
        """Count a record that is passed over."""
        self.first_skipped = self.first_skipped or message
        self.skipped[reason] += 1

    def sentences(self, classes: Collection[str]) -> Iterator[str]:
        """What a reader should know of the reading, a sentence each; the classes are the pool's."""
        yield from self.said
        if self.skipped:
            yield (
                f"{_number(self.skipped.total(), 'record')} passed over: "
                f"{', '.join(f'{reason} {n:,}' for reason, n in self.skipped.most_common())}; "
                f"the first: {self.first_skipped.partition('; ')[0]}"
            )
        if self.missing:
            yield (
                f"{_number(self.missing.total(), 'label')} taken for unknown: "
                f"{_counted(self.missing)}; write '-' or [] for none of the classes"
            )
        for separator, example in self.separators.items():
            yield f"labels are separated by {separator!r} too, as in {example!r}"
        if self.nameless:
            yield (
                f"{_number(len(self.nameless), 'label')} without a name in the label table: "
                f"{_counted(self.nameless)}"
            )
        if self.unmatched:
            yield self._unmatched_sentence(classes)

    def why_nothing(self, classes: Sequence[str]) -> str:
        """What to look at where no document is left."""
        if not self.left_out:
            return "check the file, or its classes"
        return (
            f"the labels of {_number(self.left_out, 'document')} are none of the classes "
            f"{some(classes)}; write both alike"
        )

    def _unmatched_sentence(self, classes: Collection[str]) -> str:
        n = self.unmatched.total()
        parts = [
            f"{_number(n, 'label')} {'matches' if n == 1 else 'match'} no class: "
            f"{_counted(self.unmatched)}"
        ]
        if near := nearest(self.unmatched, classes):
            parts.append(f"did you mean {' or '.join(near)}?")
        if self.unlabelled:
            parts.append(
                f"{_number(self.unlabelled, 'document')} without another label taken for unlabelled; "
                "--drop-other-labels takes them as known to have none of the classes"
            )
        if self.left_out:
            parts.append(f"{_number(self.left_out, 'document')} without another label left out")
        return "; ".join(parts)


def nearest(labels: Mapping[str, int], classes: Collection[str]) -> list[str]:
    """The classes that the labels may have meant, of the most frequent label first."""
    folded = {name.casefold(): name for name in reversed(list(classes))}
    found: dict[str, None] = {}
    for label in sorted(labels, key=lambda label: -labels[label])[:NAMED]:
        word = label.casefold().strip("[]'\" ")
        near = (
            get_close_matches(word, folded, n=1, cutoff=ALIKE)
            or [w for w in folded if w and w in word][:1]
        )
        found.update((folded[name], None) for name in near)
    return list(found)


def some(names: Iterable[str]) -> str:
    """The first names in quotes, and how many more there are."""
    quoted = [repr(name) for name in names]
    more = f" and {len(quoted) - NAMED} more" if len(quoted) > NAMED else ""
    return ", ".join(quoted[:NAMED]) + more


def _counted(counts: Counter[str]) -> str:
    """The most frequent with their numbers, and how many more there are."""
    parts = [f"{name!r} {n:,}" for name, n in counts.most_common(NAMED)]
    more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
    return ", ".join(parts) + more


def _number(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n:,} {word}s"
