"""Every mistake planted into the engine turns the ordinary comparison red, by a number."""

import sys
from dataclasses import replace

import pytest

import handrnn
from handrnn import cells
from parity_tests import canaries, harness

ALL_CASES = [case for cell in harness.CELLS for case in canaries.cases(cell)]


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_the_unchanged_engine_passes(case):
    assert canaries.failures(case, canaries.copy_of_the_engine()) == ()


@pytest.mark.sample(2)
@pytest.mark.parametrize("canary", canaries.CANARIES, ids=lambda canary: canary.id)
def test_canary(canary):
    kills = canaries.kills(canary)
    survived = [cell for cell, kill in kills.items() if kill is None]
    assert not survived, f"{canary.id} ({canary.why}) is not seen in {', '.join(survived)}"
    first = kills[canary.cells[0]]
    assert first is not None
    assert first.difference.name == canary.killer, f"{canary.id}: {first.difference}"


def test_there_are_enough_and_no_two_are_the_same():
    assert len(canaries.CANARIES) >= 30
    assert len({canary.id for canary in canaries.CANARIES}) == len(canaries.CANARIES)
    wrong = {canaries.planted_source(canary) for canary in canaries.CANARIES}
    assert len(wrong) == len(canaries.CANARIES)


def test_every_kind_is_planted_or_said_to_be_impossible():
    kinds = [kind for group in canaries.KINDS.values() for kind in group]
    assert list(dict.fromkeys(canary.kind for canary in canaries.CANARIES)) == kinds
    assert not set(kinds) & set(canaries.NOT_PLANTED)


def test_planting_leaves_the_installed_engine_alone():
    nn, modules, step = handrnn.nn, set(sys.modules), cells.LSTM.step
    source = canaries._source("cells")
    canary = next(canary for canary in canaries.CANARIES if canary.id == "output-gate-dropped")
    copy = canaries.copy_of_the_engine(canary)
    with canaries.in_use(copy):
        assert handrnn.nn is copy
    assert handrnn.nn is nn
    assert nn.cells is cells
    assert copy.cells is not cells
    assert copy.sequence is copy.packings.sequence
    assert copy.sequence is not nn.sequence
    assert cells.LSTM.step is step
    assert set(sys.modules) == modules
    assert canaries._source("cells") == source


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"line": "no such line"}, "'no such line' stands 0 times in cells.LSTM.emit"),
        ({"line": "o"}, r"'o' stands \d+ times in cells.LSTM.emit"),
        ({"place": "LSTM.remit"}, "cells.LSTM.remit is not there"),
    ],
)
def test_a_canary_that_does_not_fit_its_place_is_refused(change, message):
    canary = canaries.Canary(
        "no-tanh-on-cell", "cells", "LSTM.emit", "tanh(c, out)", "out[...] = c", "", (), "y"
    )
    assert "out[...] = c" in canaries.planted_source(canary)
    with pytest.raises(ValueError, match=message):
        canaries.planted_source(replace(canary, **change))


def test_a_change_without_effect_survives():
    canary = canaries.Canary(
        "none", "cells", "LSTM.emit", "out *= o", "out *= o * 1", "", ("lstm",), "y"
    )
    assert canaries.kills(canary) == {"lstm": None}


def test_what_is_not_finite_is_no_kill():
    canary = canaries.Canary(
        "none", "cells", "LSTM.emit", "out *= o", "out *= np.nan", "", ("lstm",), "y"
    )
    with pytest.raises(ValueError, match=r"none: lstm .* are not finite"):
        canaries.kills(canary)
