"""Random calls of every public face: see `fuzz`."""

import collections

import numpy as np
import pytest

from parity_tests import fuzz


def wrong(calls):
    """What came of calls that were neither answered nor refused as they should be."""
    found = [(seed, *fuzz.one(seed)) for seed in calls]
    return [one for one in found if one[-1] not in ("answered", "refused")]


def test_every_call_is_answered_or_refused_by_name():
    assert wrong(range(2000)) == []


@pytest.mark.long
def test_twenty_thousand_calls():
    assert wrong(range(2000, 20_000)) == []


def test_every_face_answers_and_refuses():
    came = collections.defaultdict(set)
    for seed in range(300):
        face, _, what = fuzz.one(seed)
        came[face].add(what)
    assert set(came) == {face.__name__ for face in fuzz.FACES}
    assert all(what == {"answered", "refused"} for what in came.values())


@pytest.mark.parametrize(
    ("name", "instead", "said"),
    [
        ("mse", lambda prediction, **_: prediction, "a mask is lost"),
        ("mse", lambda prediction, **_: 1 / np.zeros(2), "RuntimeWarning"),
        ("mse", lambda prediction, **_: float("no"), "names no argument"),
        ("mse", lambda prediction, **_: {}["no"], "KeyError"),
    ],
)
def test_a_face_that_answers_wrongly_is_seen(monkeypatch, name, instead, said):
    monkeypatch.setattr(fuzz, "FACES", (fuzz.loss,))
    monkeypatch.setattr(fuzz.losses, name, instead)
    with np.errstate(all="warn"):
        assert any(said in one[-1] for one in wrong(range(1500)))
