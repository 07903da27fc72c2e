"""What was asked for lately."""

from __future__ import annotations

from classemb_index.web.recent import Recent


def test_the_value_that_was_used_longest_ago_goes_first() -> None:
    recent = Recent[str, int](2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.get("a") == 1  # used after b
    recent.keep("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]
    recent.keep("a", 4)
    assert [recent.get(key) for key in "ac"] == [4, 3]
