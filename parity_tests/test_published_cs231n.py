"""Stanford CS231n's own expected arrays, as its notebooks print them, against the dialect."""

import json
from pathlib import Path

import numpy as np
import pytest

from handrnn.check.dialects import dialect, standin

PUBLISHED = json.loads((Path(__file__).parent / "published_cs231n.json").read_text())
CS231N = dialect.all_dialects()["cs231n"]
CASES = {case["function"]: case for case in PUBLISHED["cases"]}


def drawn(case):
    """The inputs of a case in the order of the function's arguments."""
    given = case["inputs"]
    names = {"x_t": "x"}
    takes = [dialect.shown(term) for term in CS231N.functions[case["function"]].takes]
    order = [names.get(name, name) for name in takes]
    return [
        np.linspace(*given[name]["linspace"], num=int(np.prod(given[name]["shape"]))).reshape(
            given[name]["shape"]
        )
        for name in order
    ]


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_published_numbers_come_out(name):
    case = CASES[name]
    function = standin.function(CS231N, CS231N.functions[name], {})
    *results, _ = function(*drawn(case))
    expected = [np.array(value) for value in case["expected"].values()]
    for ours, published in zip(results, expected, strict=True):
        # printed with eight digits or more; the notebook asks for 1e-7
        error = np.max(np.abs(ours - published) / np.maximum(1e-8, np.abs(ours) + abs(published)))
        assert error < 1e-7


def test_all_four_are_there():
    assert sorted(CASES) == [
        "lstm_forward",
        "lstm_step_forward",
        "rnn_forward",
        "rnn_step_forward",
    ]
