"""How far handrnn and torch are, in float64, from the truth: the textbook in long double.

Where long double is no more than double (Windows, Apple's processors) there is no such truth:
what remains is that engine, textbook and torch, all in float64, agree.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from handrnn import compare
from parity_tests import harness

LARGEST_ERROR = 1e-13
TORCH_FACTOR = 8
NEEDS_TORCH = "needs torch: pip install 'handrnn[test]'"

HAS_LONG_DOUBLE = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
needs_long_double = pytest.mark.skipif(
    not HAS_LONG_DOUBLE,
    reason="np.longdouble is only double here: no truth to hold float64 against",
)

SIZES: dict[str, Any] = {"T": 9, "B": 3, "I": 5, "H": 6, "P": 4}
PILE: dict[str, Any] = {"num_layers": 2, "bidirectional": True, "lengths": (4, 8, 1)}
CASES = [
    harness.Case(cell, **SIZES, **options, scale=scale, seed=500)
    for cell in harness.CELLS
    for options in ({}, PILE)
    for scale in harness.SCALES
]


@cache
def bundle_and_truth(case: harness.Case) -> tuple[harness.Bundle, harness.Quantities]:
    bundle, _ = next(harness.redraws(case))
    return bundle, harness.oracle(bundle, np.longdouble)


def largest_error(found: harness.Quantities, truth: harness.Quantities) -> float:
    assert found.keys() == truth.keys()
    return max(compare.normwise_error(found[name], truth[name]) for name in truth)


@needs_long_double
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_truth_is_computed_in_long_double(case):
    _, truth = bundle_and_truth(case)
    assert {value.dtype for value in truth.values()} == {np.dtype(np.longdouble)}
    rounded = {name: value.astype(np.float64) for name, value in truth.items()}
    # digits beyond double everywhere, and no larger difference than double's rounding
    assert all(np.any(rounded[name] != truth[name]) for name in truth)
    assert largest_error(rounded, truth) <= compare.unit_roundoff(np.float64)


@needs_long_double
@pytest.mark.parametrize("case", CASES, ids=str)
def test_handrnn_is_close_to_the_truth(case):
    bundle, truth = bundle_and_truth(case)
    report = compare.compare(
        harness.ours(bundle),
        truth,
        budget=LARGEST_ERROR,
        layouts=harness.layouts(case),
        dtype=np.float64,
    )
    assert report.passed, f"{case}\n{report}"


@needs_long_double
@pytest.mark.parametrize("case", CASES, ids=str)
def test_handrnn_is_as_close_as_torch(case):
    pytest.importorskip("torch", reason=NEEDS_TORCH)
    bundle, truth = bundle_and_truth(case)
    ours = largest_error(harness.ours(bundle), truth)
    torchs = largest_error(harness.torchs(bundle), truth)
    assert torchs <= LARGEST_ERROR
    assert ours <= TORCH_FACTOR * torchs


@needs_long_double
@pytest.mark.parametrize("cell", harness.CELLS)
def test_the_bound_is_tight(cell):
    """Weights off by a thousand units of rounding are seen."""
    case = next(case for case in CASES if case.cell == cell)
    bundle, truth = bundle_and_truth(case)
    factor = 1 + 1000 * 2 * compare.unit_roundoff(np.float64)
    params = {name: value * factor for name, value in bundle.params.items()}
    assert largest_error(harness.ours(replace(bundle, params=params)), truth) > LARGEST_ERROR


# Engine = textbook = torch, all in float64, whatever long double is.


def agree(case: harness.Case, one: harness.Quantities, other: harness.Quantities) -> None:
    report = compare.compare(
        one, other, budget=harness.FLOAT64_BUDGET, layouts=harness.layouts(case)
    )
    assert report.passed, f"{case}\n{report}"


@pytest.mark.parametrize("cell", harness.CELLS)
def test_engine_and_textbook_agree(cell):
    bundle, textbooks = next(harness.redraws(harness.Case(cell, **SIZES, **PILE, seed=600)))
    agree(bundle.case, harness.ours(bundle), textbooks)


@pytest.mark.parametrize("cell", harness.CELLS)
def test_engine_textbook_and_torch_agree(cell):
    pytest.importorskip("torch", reason=NEEDS_TORCH)
    bundle, textbooks = next(harness.redraws(harness.Case(cell, **SIZES, **PILE, seed=700)))
    ours, torchs = harness.ours(bundle), harness.torchs(bundle)
    agree(bundle.case, ours, textbooks)
    agree(bundle.case, textbooks, torchs)
    agree(bundle.case, torchs, ours)
