"""The demo pool: its shares, its language, and that no one word tells a class."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import pytest

from classemb_index.pool.demo import FREQUENT, RARE, demo_records, demo_text
from classemb_index.pool.documents import Record

CLASSES = FREQUENT + RARE


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(demo_records())


def share(name: str, records: Sequence[Record]) -> float:
    return sum(name in (record.labels or ()) for record in records) / len(records)


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_same_seed_gives_the_same_records(records: list[Record]) -> None:
    assert list(islice(demo_records(), 300)) == records[:300]


@pytest.mark.parametrize(
    ("seed", "digest"),
    [
        (0, "0cdd83d60ac8c746c05bfc49b5e7d6ae2016947e7ee7900517bf61093f5fae98"),
        (1, "e895e77c16514c35cf427c0e9a193dc34ac6e33112239f806bd534c83abd4c4a"),
        (2, "d0181582c97a1bcd9af62ecb8e532aa2858a5c878a340e391205961b17732037"),
    ],
)
def test_a_seed_gives_the_texts_that_it_always_gave(seed: int, digest: str) -> None:
    found = hashlib.sha256()
    for r in demo_records(seed=seed):
        found.update(json.dumps([r.id, r.text, r.labels, r.split]).encode() + b"\n")
    assert found.hexdigest() == digest


def test_another_seed_gives_other_texts(records: list[Record]) -> None:
    texts = {record.text for record in records}
    assert not any(record.text in texts for record in demo_records(50, seed=1))


def test_a_smaller_pool_is_the_start_of_a_larger_one(records: list[Record]) -> None:
    assert list(demo_records(60)) == records[:60]


def test_default_pool_has_2400_documents_in_three_splits(records: list[Record]) -> None:
    splits = Counter(record.split for record in records)
    assert splits == {"train": 1600, "dev": 400, "test": 400}


def test_ids_count_up_and_are_unique(records: list[Record]) -> None:
    assert records[0].id == "demo:0001"
    assert len({record.id for record in records}) == len(records)


def test_no_two_documents_have_the_same_text(records: list[Record]) -> None:
    assert len({record.text for record in records}) == len(records)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_each_frequent_class_is_in_12_to_40_percent_of_every_split(
    records: list[Record], split: str
) -> None:
    part = [record for record in records if record.split == split]
    assert all(0.12 <= share(name, part) <= 0.40 for name in FREQUENT)


def test_another_seed_has_about_the_same_shares(records: list[Record]) -> None:
    others = list(demo_records(1200, seed=7))
    assert all(abs(share(name, others) - share(name, records)) < 0.06 for name in CLASSES)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_each_rare_class_is_in_2_to_4_percent_of_every_split(
    records: list[Record], split: str
) -> None:
    part = [record for record in records if record.split == split]
    assert [share(name, part) for name in RARE] == [0.035, 0.03, 0.025, 0.025, 0.02]


def test_every_label_is_known_and_is_one_of_the_ten_classes(records: list[Record]) -> None:
    for record in records:
        assert record.labels is not None
        assert set(record.labels) <= set(CLASSES)
        assert len(set(record.labels)) == len(record.labels)


def test_documents_have_about_one_and_a_half_labels(records: list[Record]) -> None:
    counts = Counter(len(record.labels or ()) for record in records)
    assert set(counts) == {0, 1, 2, 3}
    assert 1.4 <= sum(n * count for n, count in counts.items()) / len(records) <= 1.8
    assert 0.02 <= counts[0] / len(records) <= 0.05


def test_rare_classes_mostly_come_with_a_frequent_one(records: list[Record]) -> None:
    rare = [record.labels or () for record in records if set(record.labels or ()) & set(RARE)]
    assert sum(len(labels) > 1 for labels in rare) > len(rare) / 2


def test_documents_have_40_to_150_words(records: list[Record]) -> None:
    lengths = [len(record.text.split()) for record in records]
    assert min(lengths) >= 40 and max(lengths) <= 150
    assert 75 <= sum(lengths) / len(lengths) <= 90


@pytest.mark.parametrize(
    "debris",
    [
        r"[{}\[\]|\n]",
        r"  ",
        r" [,.;:?]",
        r"[.,;:?]{2}",
        r"\b(\w+) \1\b",
        r"\b(a|an|the) (a|an|the)\b",
        r"\ba (?!one|unit|us|uni|eu)[aeiou8]",
        r"\ban (?!hour|honest|heir)[^aeiou8]",
    ],
)
def test_no_text_shows_its_template(records: list[Record], debris: str) -> None:
    pattern = re.compile(debris, re.IGNORECASE)
    assert [record.text for record in records if pattern.search(record.text)] == []


def test_sentences_start_with_a_capital_and_end(records: list[Record]) -> None:
    for record in records:
        assert not re.search(r"(^|[.?] )[a-z]", record.text)
        assert record.text.endswith((".", "?"))


@pytest.mark.parametrize("kind", ["events", "findings"])
def test_each_class_has_ten_scenarios_of_each_kind(kind: str) -> None:
    assert set(demo_text().classes) == set(CLASSES)
    assert all(len(set(getattr(about, kind))) >= 10 for about in demo_text().classes.values())


def test_every_class_can_be_acted_on_and_cleared() -> None:
    assert all(about.actions and about.cleared for about in demo_text().classes.values())


@pytest.mark.parametrize("name", CLASSES)
def test_no_one_word_tells_a_class(records: list[Record], name: str) -> None:
    in_pool = Counter(word for record in records for word in words(record.text))
    positives = [record for record in records if name in (record.labels or ())]
    in_class = Counter(word for record in positives for word in words(record.text))
    tell_tale = [
        word
        for word, count in in_class.items()
        if count / len(positives) > 0.6 and count / in_pool[word] > 0.9
    ]
    assert tell_tale == []


def test_the_words_of_a_class_are_also_used_where_it_is_not_concerned(
    records: list[Record],
) -> None:
    others = [record.text for record in records if "confined-spaces" not in (record.labels or ())]
    assert any("confined space" in text for text in others)
