"""Gates and candidates that are nearly shut, wide open or anything between, element by element.

A comparison by the largest element of an array does not see what is wrong with its small ones. Here
every element is held against the long-double truth on its own scale. So that this means something,
all other numbers are small and positive: few sums cancel, and they saturate nothing themselves. The
measure is torch's largest error among the elements of one gate, in several draws close to each
other: in a single one torch is exact by chance.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from handrnn import cells, compare, course, textbook
from handrnn.course import batch_first
from handrnn.layers import Sigmoid
from parity_tests import canaries, harness
from parity_tests.test_truth import needs_long_double

PRE_ACTIVATIONS = (-700, -100, -40, -30, -20, -15, -12, -10, -8, -5, 0, 5, 20, 700)
PILE = {"num_layers": 2, "bidirectional": True}
DRAWS = 4
APART = 1e-3  # how far, relatively, one draw is from the next

needs_torch = pytest.mark.skipif(
    not canaries.HAS_TORCH, reason="needs torch: pip install 'handrnn[test]'"
)


def own_error(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """|found - truth| / |truth|, element by element: 0 where both are 0."""
    difference = np.abs(found - truth).astype(np.float64)
    scale = np.abs(truth)
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(difference == 0, 0, difference / np.where(difference == 0, 1, scale))


# ----------------------------------------------------------------------------- the sigmoid alone


def over_the_whole_range(dtype) -> np.ndarray:
    """From where the sigmoid is the smallest number there is to where it is one."""
    lowest = np.log(np.finfo(dtype).smallest_subnormal)
    near = np.linspace(-50, 50, 20_001)
    far = np.linspace(lowest, -lowest, 20_001)
    return np.concatenate((near, far, PRE_ACTIVATIONS)).astype(dtype)


def error_of_sigmoid(sigmoid, dtype) -> float:
    """In units of rounding, relative; where numbers are no longer normal, in units of the last."""
    z = over_the_whole_range(dtype)
    found = sigmoid(z)
    assert found.dtype == dtype
    truth = 1 / (1 + np.exp(-z.astype(np.longdouble)))
    unit = np.maximum(
        truth * compare.unit_roundoff(dtype), np.finfo(dtype).smallest_subnormal.astype(truth.dtype)
    )
    return float(np.max(np.abs(found - truth) / unit))


PUBLIC = {
    "cells": (cells.sigmoid, np.float32),
    "course": (course.sigmoid, np.float32),
    "batch_first": (batch_first.sigmoid, np.float32),
    "textbook": (textbook.sigmoid, np.float32),
    "textbook, float64": (textbook.sigmoid, np.float64),
    "cells, float64": (cells.sigmoid, np.float64),
    "course, float64": (course.sigmoid, np.float64),
    "batch_first, float64": (batch_first.sigmoid, np.float64),
    "layers, float64": (lambda z: Sigmoid.Sigmoid().forward(z), np.float64),
}


@needs_long_double
@pytest.mark.parametrize("name", PUBLIC)
def test_sigmoid_is_right_to_the_last_digit(name):
    assert error_of_sigmoid(*PUBLIC[name]) <= 2


@needs_long_double
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sigmoid_by_tanh_is_refused(dtype):
    assert error_of_sigmoid(lambda z: (0.5 + 0.5 * np.tanh(0.5 * z)).astype(dtype), dtype) > 1e6


@pytest.mark.parametrize("z", [-40, -40.0, np.float32(-40), np.array(-40), np.longdouble(-40)])
def test_sigmoid_of_one_number(z):
    found = cells.sigmoid(z)
    assert isinstance(found, np.floating)
    assert found.dtype == np.result_type(z, 0.5)
    np.testing.assert_allclose(found, 4.248354255291589e-18, rtol=2e-7)


def test_sigmoid_of_complex_numbers():
    """A complex step gives s (1 - s) with all its digits, far out as well."""
    z = np.array([-1000, *PRE_ACTIVATIONS[1:-1], 1000], np.float64)
    slope = cells.sigmoid(z + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slope, cells.sigmoid(z) * cells.sigmoid(-z), rtol=1e-15)


# ------------------------------------------------------------------------------- in the networks


def positive(bundle: harness.Bundle) -> harness.Bundle:
    """The same case with every number positive, and half as large."""
    return changed(bundle, lambda values: np.abs(values) / 2)


def nearby(bundle: harness.Bundle, number: int) -> harness.Bundle:
    """Another draw, relatively `APART` from this one at most."""
    rng = np.random.default_rng(number)

    def near(values: np.ndarray) -> np.ndarray:
        factor = 1 + APART * rng.uniform(-1, 1, values.shape)
        return (values * factor).astype(values.dtype)

    return changed(bundle, near)


def changed(bundle: harness.Bundle, change) -> harness.Bundle:
    return replace(
        bundle,
        params={name: change(value) for name, value in bundle.params.items()},
        x=change(bundle.x),
        state=tuple(change(part) for part in bundle.given_state()),
        dy=change(bundle.dy),
        dstate_n=tuple(change(part) for part in bundle.dstate_n),
    )


def own_errors(
    case: harness.Case, gate: str, z: float
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(quantity, our errors, torch's) with the bias of a gate at z, the largest over the draws."""
    drawn = positive(harness.draw(case))
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for number in range(DRAWS):
        bundle = harness.with_gate_at(nearby(drawn, number), gate, z, layers=case.num_layers)
        truth = harness.oracle(bundle, np.longdouble)
        ours, torchs = harness.ours(bundle), harness.torchs(bundle)
        for name in truth:
            errors = own_error(ours[name], truth[name]), own_error(torchs[name], truth[name])
            found.setdefault(name, []).append(errors)
    for name, errors in found.items():
        ours, torchs = (np.max(one, axis=0) for one in zip(*errors, strict=True))
        yield name, ours, torchs


NETWORKS = [
    pytest.param(cell, gate, options, id=f"{cell} {gate}{' pile' if options else ''}")
    for cell in ("rnn_tanh", "lstm", "lstm_proj", "gru")
    for gate in harness.TORCH_GATES[cell]
    for options in ({}, PILE)
]


def lost(case: harness.Case, gate: str, z: float) -> float:
    """What one unit in the last place of tanh(z) does to 1 - tanh(z)^2, layer by layer."""
    if gate in harness.SIGMOIDS[case.cell]:
        return 0.0
    with np.errstate(over="ignore"):
        one = 2 * compare.unit_roundoff(case.dtype) * np.cosh(np.longdouble(z)) ** 2
        return float(np.expm1(case.num_layers * np.log1p(one)))


def blocks(case: harness.Case, name: str, errors: np.ndarray) -> list[np.ndarray]:
    """The rows of each gate apart, in gradients that hold several."""
    if name.startswith(("dweight_ih", "dweight_hh", "dbias")):
        return np.split(errors, len(harness.TORCH_GATES[case.cell]))
    return [errors]


@pytest.mark.sample(8)
@needs_long_double
@needs_torch
@pytest.mark.parametrize("dtype", harness.DTYPES)
@pytest.mark.parametrize(("cell", "gate", "options"), NETWORKS)
def test_every_element_is_as_exact_as_torchs(cell, gate, options, dtype):
    """At most eight times torch's error; in float64 1e-12 where torch's is well below that.

    1 - tanh^2 of a saturated candidate is a difference of two numbers that are equal in most of
    their digits, for torch as for handrnn. NumPy's tanh is exact to one unit in the last place,
    torch's to half of one: where no digit is left, there is no comparison.
    """
    case = harness.Case(cell, T=4, B=3, I=5, H=4, P=2, dtype=dtype, seed=900, **options)
    u = compare.unit_roundoff(dtype)
    for z in PRE_ACTIVATIONS:
        for name, ours, torchs in own_errors(case, gate, z):
            both = zip(blocks(case, name, ours), blocks(case, name, torchs), strict=True)
            for mine, theirs in both:
                unit = lost(case, gate, z)
                allowed = harness.FLOAT32_FACTOR * max(np.max(theirs), u, unit)
                assert np.max(mine) <= allowed, f"{name} at {z}: {np.max(mine) / u} u"
                exact = harness.FLOAT32_FACTOR * np.maximum(theirs, unit) <= harness.FLOAT64_BUDGET
                assert np.all(mine[exact] <= harness.FLOAT64_BUDGET), f"{name} at {z}"


@needs_long_double
@pytest.mark.parametrize("dtype", harness.DTYPES)
@pytest.mark.parametrize("z", [-40, -20, -12, -5])
def test_a_closed_gate_has_the_digits_of_an_open_one(z, dtype):
    """What an LSTM lets through its output gate, without torch."""
    bundle = positive(harness.draw(harness.Case(dtype=dtype)))
    bundle = harness.with_gate_at(bundle, "o", z, layers=1)
    truth = harness.oracle(bundle, np.longdouble)["y"]
    error = own_error(harness.ours(bundle)["y"], truth)
    assert np.max(error) <= 64 * compare.unit_roundoff(dtype)
