"""Learning rates step by step against torch's."""

import copy
from typing import Any

import numpy as np
import pytest

from handrnn import nn, optim
from handrnn.optim import lr_scheduler

EPOCHS = 60
METRICS = np.repeat(np.random.default_rng(0).normal(size=20), 3) + np.linspace(2, 0, EPOCHS)
CASES: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 1, "gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 60}),
    ("CosineAnnealingLR", {"T_max": 13, "eta_min": 0.01}),
    ("ReduceLROnPlateau", {"patience": 3}),
    ("ReduceLROnPlateau", {"patience": 0, "factor": 0.5, "min_lr": 0.03, "mode": "max"}),
    ("ReduceLROnPlateau", {"patience": 1, "cooldown": 4, "threshold": 0.3}),
    ("ReduceLROnPlateau", {"patience": 1, "threshold": 0.5, "threshold_mode": "abs"}),
    (
        "ReduceLROnPlateau",
        {"patience": 1, "threshold": 0.5, "threshold_mode": "abs", "mode": "max"},
    ),
    ("ReduceLROnPlateau", {"patience": 2, "threshold": 0.2, "mode": "max"}),
    ("ReduceLROnPlateau", {"patience": 0, "eps": 0.01}),
]


def rates(scheduler, optimizer, plateau, epochs=range(EPOCHS)):
    """The learning rate after each step."""
    found = []
    for epoch in epochs:
        optimizer.step()
        scheduler.step(*([METRICS[epoch]] if plateau else []))
        (lr,) = scheduler.get_last_lr()
        found.append(lr)
    return found


def made(kind, options):
    optimizer = optim.SGD(nn.Linear(2, 2, rng=0), lr=0.1)
    return getattr(lr_scheduler, kind)(optimizer, **options), optimizer


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_rates_are_torchs(kind, options):
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    theirs = torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), lr=0.1)
    plateau = kind == "ReduceLROnPlateau"
    witness = getattr(torch.optim.lr_scheduler, kind)(theirs, **options)
    scheduler, optimizer = made(kind, options)
    found, expected = rates(scheduler, optimizer, plateau), rates(witness, theirs, plateau)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert optimizer.lr == found[-1]
    assert len(set(found)) > 1, "the case changes nothing"


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_it_goes_on_from_its_state(kind, options):
    plateau = kind == "ReduceLROnPlateau"
    whole = rates(*made(kind, options), plateau)
    scheduler, optimizer = made(kind, options)
    first = rates(scheduler, optimizer, plateau, range(25))
    kept = copy.deepcopy(scheduler.state_dict()), optimizer.state_dict()
    again, second = made(kind, options)
    again.load_state_dict(kept[0])
    second.load_state_dict(kept[1])
    assert first + rates(again, second, plateau, range(25, EPOCHS)) == whole


def test_misuse_is_one_clear_error():
    optimizer: Any = optim.SGD(nn.Linear(2, 2, rng=0), lr=0.1)
    linear: Any = nn.Linear(2, 2)
    wrong: Any = "least"
    for call, message in (
        (lambda: lr_scheduler.StepLR(linear, 3), "optimizer is a Linear"),
        (lambda: lr_scheduler.StepLR(optimizer, 0), "step_size is 0"),
        (lambda: lr_scheduler.CosineAnnealingLR(optimizer, 0), "T_max is 0"),
        (lambda: lr_scheduler.ReduceLROnPlateau(optimizer, factor=1.0), "factor is 1.0"),
        (lambda: lr_scheduler.ReduceLROnPlateau(optimizer, wrong), "mode is 'least'"),
        (
            lambda: lr_scheduler.ReduceLROnPlateau(optimizer, threshold_mode=wrong),
            "threshold_mode is 'least'",
        ),
        (lambda: lr_scheduler.StepLR(optimizer, 3).load_state_dict({"x": 1}), "state_dict has"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call()
