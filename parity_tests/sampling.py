"""What of many alike is tried in the default suite; `pytest -m long` tries the others."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(values: Iterable[Any], every: int) -> list[Any]:
    """The parameters of a test, all but every n-th of them marked as long; the first is not."""
    return [
        pytest.param(value, marks=[pytest.mark.long] if k % every else [])
        for k, value in enumerate(values)
    ]
