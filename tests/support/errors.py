"""What an error says."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def refusal(error: type[Exception], call: Callable[[], object]) -> str:
    """The message of the error that the call raises."""
    with pytest.raises(error) as found:
        call()
    return str(found.value)
