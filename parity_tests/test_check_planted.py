"""Mistakes planted into right submissions of every dialect do not pass, and stay where they are."""

from pathlib import Path

import numpy as np
import pytest

from handrnn import check
from handrnn.check.dialects import dialect as dialects
from handrnn.check.judge import submitted
from handrnn.check.load import loading
from handrnn.check.probe import probes
from parity_tests import operators

SUBMISSIONS = Path(__file__).parent / "submissions"
FILES = {
    "cs231n": ("terse", "unit_loops", "whole_sequence_inline"),
    "cmu": ("rnn_loops_and_prints", "own_activations"),
    "dlfs2": ("rnn_only_float64", "lstm_hsplit", "gru_split_attributes"),
    "holberton": ("0-rnn_cell_terse", "2-gru_cell_methods", "3-lstm_cell_compact"),
}
SIZES = (2, 3, 5, 4)  # of B, I, H, Y: none that the checker uses


def wrong_ones(name, files):
    """(file, function, what, program) of changes that alter a forward function's own results."""
    dialect = dialects.all_dialects()[name]
    for file in files:
        source = (SUBMISSIONS / name / "right" / f"{file}.py").read_text()
        targets = {one.name: one for one in submitted.targets(loading.from_text(source), [dialect])}
        sizes = dict(zip("BIHY", SIZES, strict=True)) | dict(dialect.sizes)
        probe = probes.draw(5, T=4, sizes=tuple(sizes[letter] for letter in "BIHY"))
        for function, what, program in operators.planted(source):
            one = targets.get(function)
            if one is None or one.function.needs:
                continue
            if operators.differs(one, source, program, probe):
                yield file, function, what, program


def drawn(name, count, files):
    """Some of them, the same at every run."""
    found = list(wrong_ones(name, files))
    rng = np.random.default_rng(np.random.SeedSequence(len(name)))
    return [found[k] for k in sorted(rng.permutation(len(found))[:count])]


def assert_caught(planted):
    file, function, what, program = planted
    report = check.text(program, second_opinion=False)
    judged = report.functions.get(function)
    left = {one.name for one in report.not_judged}
    assert not report.passed, f"{file}: {what} passes"
    assert judged is None or not judged.passed, f"{file}: {function}: {what} passes"
    assert judged is not None or function in left, f"{file}: {function} is not spoken of"


@pytest.mark.sample(4)
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_mistake_is_caught_where_it_is(name):
    (planted,) = drawn(name, 1, FILES[name][:1])
    assert_caught(planted)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(FILES))
def test_forty_mistakes_are_caught_where_they_are(name):
    some = drawn(name, 40, FILES[name])
    assert len(some) == 40
    for planted in some:
        assert_caught(planted)
