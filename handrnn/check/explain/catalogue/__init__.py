"""The mistakes that people make, each a change of the textbook's lines.

A `Mistake` has the stable id of its kind (`kinds.KINDS`) and a variant: which gate, which way of
writing it. What can be planted holds `planting.Edit`s of the textbook, or a transform of the
results where the mistake is one convention more (divided by the number of examples, clipped); what
changes no number is marked with the detector that shows it. `predict` says what a function with a
mistake in it would return; whoever returns just that has made it.

Mistakes are written in the notation of the course, column-major: a, Waa, ft, it, cct, ot. Where
an edit is a whole line of a cell, the textbook's line is translated from that notation, so that
the line which the person is shown is the one that was run.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from ...judge import target
from ...probe import planting, probes, truth
from . import (
    cell_gradients,
    cells_forward,
    detectors,
    entries,
    gate_gradients,
    kinds,
    loops_backward,
    loops_forward,
    predictions,
    shown,
    transforms,
)

KINDS = kinds.KINDS
DETECTORS = entries.DETECTORS
Mistake = entries.Mistake
Shown = shown.Shown
show = shown.show


def _catalogue() -> Iterator[Mistake]:
    yield from loops_backward.no_carry()
    for cell in ("lstm", "rnn"):
        yield from loops_backward.not_accumulated(cell)
        yield from loops_backward.steps(cell)
        yield from loops_forward.loop(cell)
    yield from gate_gradients.derivatives()
    yield from transforms.conventions()
    yield from gate_gradients.cell_state()
    yield from cell_gradients.rnn_cell()
    yield from cell_gradients.inputs()
    yield from cell_gradients.parameters()
    yield from loops_backward.lstm_loop()
    yield from cells_forward.lstm_cell()
    yield from cells_forward.rnn_cell()
    for cell in ("lstm", "rnn"):
        yield from predictions.prediction(cell)
        yield from loops_forward.cached(cell)
    yield from predictions.wrong_softmax()
    yield from predictions.wrong_sigmoid()
    yield from detectors.detected()


@cache
def mistakes() -> tuple[Mistake, ...]:
    """All of them, in their order: made when a first function is wrong."""
    return tuple(_catalogue())


def for_function(one: target.Target) -> tuple[Mistake, ...]:
    """The mistakes whose results can be predicted for a function, most frequent first.

    Those that are `Mistake.square` raise ValueError in `predict` unless the probe is square.
    """
    return of_textbook(one.function.of, one.function.cache_given is not None or _backward(one))


def _backward(one: target.Target) -> bool:
    return one.function.cache_taken is not None


@cache
def of_textbook(of: str, cached: bool = True) -> tuple[Mistake, ...]:
    """The mistakes that can be planted into a function of the textbook."""
    return tuple(
        mistake
        for mistake in mistakes()
        if of in mistake.functions
        and not mistake.detector
        and not mistake.warning
        and not (mistake.cached and not cached)
    )


@cache
def detected(name: str, detector: str) -> Mistake | None:
    """The mistake that a detector shows in a course function."""
    for mistake in mistakes():
        if mistake.detector == detector and name in mistake.functions:
            return mistake
    return None


_PREDICTED: dict[Any, tuple[probes.Probe, entries.Outputs]] = {}
MOST_PREDICTED = 8192


def predict(one: target.Target, probe: probes.Probe, *mistakes: Mistake) -> entries.Outputs:
    """What a function with mistakes in it returns; kept for the next file, or the next try.

    Raises
    ------
    planting.ConflictError
        If two of the mistakes change the same text.
    """
    key = (one.function, one.match.dialect.name, one.match.calls, id(probe), mistakes)
    found = _PREDICTED.get(key)
    if found is None:
        found = (
            probe,
            _predict(one, probe, mistakes),
        )  # kept with it, the probe's id stays its own
        if len(_PREDICTED) >= MOST_PREDICTED:
            _PREDICTED.clear()
        _PREDICTED[key] = found
    return dict(found[1])


def _predict(
    one: target.Target, probe: probes.Probe, mistakes: tuple[Mistake, ...]
) -> entries.Outputs:
    edits: dict[str, tuple[planting.Edit, ...]] = {}
    for mistake in mistakes:
        for name, many in mistake.edits.items():
            edits[name] = edits.get(name, ()) + many
    with np.errstate(all="ignore"):
        outputs = one.expected(probe, truth.oracle(one.function.variant, edits))
        for mistake in mistakes:
            if mistake.transform is not None:
                outputs = mistake.transform(outputs, probe)
    return outputs
