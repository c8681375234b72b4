"""What the checker once got wrong, found with the wrong functions of ``submissions/wrong``."""

import pytest

from handrnn import check
from handrnn.check.report import data as report
from parity_tests import wrong

CRASHES_ON_A_VECTOR = [
    entry
    for _, entry in wrong.entries()
    if entry["base"].startswith("cmu/right/gru") and entry["kind"] == "crash"
]


def judged(base, *edits):
    """The report of a right submission with some of its lines replaced: (line, old, new)."""
    text = (wrong.SUBMISSIONS / base).read_text()
    edits = [dict(zip(("line", "old", "new"), edit, strict=True)) for edit in edits]
    return check.text(wrong.changed(text, edits), second_opinion=False)


def kinds(function):
    return [one.id for one in function.mistakes]


@pytest.mark.parametrize("entry", CRASHES_ON_A_VECTOR[-4:])
def test_what_raises_is_judged_in_a_dialect_without_examples(entry):
    """Its square matrices keep the one example that the dialect prescribes."""
    edits = [(one["line"], one["old"], one["new"]) for one in entry["edits"]]
    found = judged(entry["base"], *edits)
    assert found.functions[entry["function"]].verdict == report.CRASHED
    assert not found.problems
