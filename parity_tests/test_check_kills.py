"""Every mistake of the catalogue is caught in submissions that are not the textbook's own."""

import os
from collections import Counter

import pytest

from handrnn.check.explain import catalogue
from handrnn.check.report import data as report
from parity_tests import kill_matrix

COURSE = {
    f"{cell}_{kind}"
    for cell in ("rnn", "lstm")
    for kind in ("cell_forward", "forward", "cell_backward", "backward")
}
WORKERS = os.cpu_count() or 1


@pytest.mark.sample(4)
@pytest.mark.parametrize("base", kill_matrix.BASES)
def test_the_submissions_are_right_before_a_mistake_is_planted(base):
    """All eight functions; what they call besides; nothing else."""
    found = kill_matrix.judged(kill_matrix.text_of(base))
    assert found.passed, str(found)
    assert len(found.functions) >= 8
    if base != "rows":
        assert set(found.functions) >= COURSE


def test_every_entry_of_the_catalogue_has_a_submission():
    """One at least; and no kill stands for an entry that is not there."""
    entries = Counter(kill_matrix.entry_of(mistake) for mistake in catalogue.mistakes())
    assert set(entries.values()) == {1}
    assert {kill.entry for kill in kill_matrix.kills()} == set(entries)


def test_every_kill_is_another_text():
    """The text that is replaced is there once, and no two kills of an entry are alike."""
    texts = Counter((kill.entry, kill_matrix.planted(kill)[0]) for kill in kill_matrix.kills())
    assert all(text != kill_matrix.text_of(base) for base in kill_matrix.BASES for _, text in texts)
    assert max(texts.values()) == 1


def test_an_edit_that_does_not_fit_is_refused():
    """Text that is not there, or twice; edits that overlap."""
    kill = next(k for k in kill_matrix.kills() if k.base == "rows")
    for edits in ((("nowhere", ""),), (("a_prev", ""),)):
        with pytest.raises(ValueError, match="times in rnn_cell_forward"):
            kill_matrix.planted(kill_matrix.Kill("rows", kill.function, kill.entry, edits, ()))
    with pytest.raises(ValueError, match="overlap"):
        kill_matrix.planted(kill, kill)


@pytest.mark.long
@pytest.mark.parametrize("kill", kill_matrix.subset(), ids=str)
def test_a_kill_of_each_id(kill):
    """FAIL in the function with the mistake, and there alone; named, with a place."""
    found = kill_matrix.tried(kill)
    assert found.caught, f"{kill}: {'; '.join(found.faults)}"


def test_faults_are_seen():
    """A report that is not what it should be has faults."""
    kill = next(k for k in kill_matrix.kills() if k.base == "rows" and k.function == "softmax")
    text, (lines,) = kill_matrix.planted(kill)
    found = kill_matrix.judged(text)
    assert not kill_matrix.faults(kill, found, lines)
    right = kill_matrix.judged(kill_matrix.text_of("rows"))
    assert "softmax is PASS" in kill_matrix.faults(kill, right, lines)
    assert kill_matrix.faults(kill, found, [line + 40 for line in lines]) == ["line"]
    other = kill_matrix.Kill("rows", "sigmoid", kill.entry, kill.edits, ("sigmoid",), report.FAIL)
    assert "softmax is FAIL too" in kill_matrix.faults(other, found, lines)


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_every_entry_of_the_catalogue_is_killed(part):
    """And the line is mostly right. `python -m parity_tests.kill_matrix` tries more."""
    kills = kill_matrix.one_each()[part::8]
    found = list(kill_matrix.in_parallel(kill_matrix.tried_alone, kills, WORKERS))
    # a view of one's own array does no harm to a cache that another's cell has made
    found = [one if one.caught else kill_matrix.tried(one.kill) for one in found]
    missed = [f"{one.kill}: {'; '.join(one.faults)}" for one in found if not one.caught]
    assert not missed, "\n".join(missed)
    astray = sum("line" in one.faults for one in found)
    print(f"{len(found)} caught, the line of {astray} more than {kill_matrix.CLOSE} lines away")
    assert astray <= 0.15 * len(found)  # of all entries one in ten; parts differ


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_two_mistakes_at_once(part):
    """Every function with one fails; both are named in four pairs of five."""
    pairs = kill_matrix.pairs(200)[part::4]
    found = list(kill_matrix.in_parallel(kill_matrix.tried_pair, pairs, WORKERS))
    passed = [" + ".join(map(str, one.pair)) for one in found if not one.failed]
    assert not passed, "\n".join(passed)
    counted = [one for one in found if not one.masked]
    both = sum(one.named == 2 for one in counted)
    print(f"both named in {both} of {len(counted)} pairs, {len(found) - len(counted)} masked")
    assert len(counted) > 37
    assert both >= 0.8 * len(counted)


def test_a_mistake_that_is_made_twice_is_named_once():
    """The same sentence of the same id, in two lines."""
    both = [
        next(k for k in kill_matrix.kills() if k.base == "columns" and k.entry[2] == variant)
        for variant in ("Wax for Waa", "Waa for Wax")
    ]
    text, _ = kill_matrix.planted(*both)
    found = kill_matrix.judged(text).functions["rnn_cell_backward"]
    assert [mistake.id for mistake in found.mistakes] == ["wrong-variable"]
