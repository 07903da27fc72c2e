"""The classes as people change them: added, renamed, merged, removed, described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

Change: TypeAlias = Literal["add", "rename", "merge", "remove", "describe"]


class ClassChange(NamedTuple):
    """A change of one class.

    Attributes:
        change: what is done.
        name: of the class, before it is done.
        value: the new name of a renamed class, the class that a merged one goes into, the group of an
            added one, or the text that describes one; None for none.
    """

    change: Change
    name: str
    value: str | None = None


class StoredChange(NamedTuple):
    """A change as the log has it: classes by number, which no renaming changes."""

    action: int
    change: Change
    number: int
    value: str | None
    into: int | None


class Merge(NamedTuple):
    """What is known of the class `gone` counts for the class `into` from this action on."""

    action: int
    gone: int
    into: int


@dataclass(frozen=True)
class LabelClass:
    """A class that the label store knows.

    Attributes:
        first_name: the name under which it came, as a source may still have it.
        name: its present one.
        group: "frequent" or "rare" where that was said when it was added.
        description: what is embedded in place of its name; None for the name itself.
        is_added: whether it was added by hand, so that no source needs to have it.
        is_removed: whether it was removed and not added again.
        merged_into: number of the class that it is a part of, or None.
    """

    first_name: str
    name: str
    group: str | None = None
    description: str | None = None
    is_added: bool = False
    is_removed: bool = False
    merged_into: int | None = None


@dataclass(frozen=True)
class Register:
    """Every class that was ever named in the store, by number, after all changes.

    Attributes:
        classes: by number, rising.
        merges: first to last.
        numbers: by every name that a class has or had, that of the whole where it was merged; of two
            that share a name, of the one that has it now.
    """

    classes: Mapping[int, LabelClass]
    merges: tuple[Merge, ...]
    numbers: Mapping[str, int]

    @classmethod
    def replay(
        cls, first_names: Iterable[tuple[int, str]], changes: Iterable[StoredChange]
    ) -> Register:
        """What the changes make of the classes, in their order."""
        classes = {number: LabelClass(name, name) for number, name in first_names}
        merges: list[Merge] = []
        former: list[tuple[str, int]] = []
        for action, change, number, value, into in changes:
            own = classes[number]
            if change == "rename" and value is not None:
                former.append((own.name, number))
                own = replace(own, name=value)
            elif change == "merge" and into is not None:
                merges.append(Merge(action, number, into))
                own = replace(own, merged_into=into)
            elif change == "add":
                own = replace(own, group=value, is_added=True, is_removed=False)
            elif change == "remove":
                own = replace(own, is_added=False, is_removed=True)
            else:
                own = replace(own, description=value)
            classes[number] = own
        by_rank = sorted(classes.items(), key=lambda item: _rank(item[1]), reverse=True)
        numbers = dict(former) | {own.name: number for number, own in by_rank}
        whole = {name: _whole(classes, number) for name, number in numbers.items()}
        return cls(classes, tuple(merges), whole)

    def source_number(self, name: str) -> int | None:
        """Number of the class that a source means by this name; None for one that the store never saw."""
        return self._first_numbers.get(name, self.numbers.get(name))

    def present(self, number: int | None) -> LabelClass | None:
        """The class of this number, or the one that it was merged into; None where it was removed."""
        if number is None:
            return None
        own = self.classes[_whole(self.classes, number)]
        return None if own.is_removed else own

    @cached_property
    def names_now(self) -> dict[int, str]:
        """By number, what each class is called now; one that was removed is left out."""
        present = {number: self.present(number) for number in self.classes}
        return {number: own.name for number, own in present.items() if own is not None}

    def name_now(self, name: str) -> str | None:
        """What the class of this name is called now; None where it was removed, or never was here."""
        return self.names_now.get(self.numbers.get(name, 0))

    def has_gone(self, name: str) -> bool:
        """Whether a class had this name and was renamed, merged or removed since."""
        if (number := self.numbers.get(name)) is None:
            return False
        own = self.present(number)
        return own is None or own.name != name

    @cached_property
    def _first_numbers(self) -> Mapping[str, int]:
        """Of two classes that came under one name, the earlier: its documents are the source's."""
        return {
            own.first_name: number for number, own in sorted(self.classes.items(), reverse=True)
        }


def _whole(classes: Mapping[int, LabelClass], number: int) -> int:
    """Number of the class that this one was merged into in the end, or its own."""
    while (into := classes[number].merged_into) is not None:
        number = into
    return number


def _rank(own: LabelClass) -> int:
    """Which of several classes of one name the name stands for: the present, the removed, the merged."""
    return 2 * (own.merged_into is not None) + own.is_removed
