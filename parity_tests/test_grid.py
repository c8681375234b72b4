"""handrnn, the textbook and torch over a grid of cases, and one big case a cell and dtype.

The grid is a covering selection: for every cell in both dtypes, every combination of values of
any three other factors that is possible at all appears in a case. Hence every pair does.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from handrnn import compare
from parity_tests import canaries, harness

NEEDS_TORCH = "needs torch: pip install 'handrnn[test]'"
needs_torch = pytest.mark.skipif(not canaries.HAS_TORCH, reason=NEEDS_TORCH)

FACTORS = {
    "num_layers": (1, 2, 3),
    "bidirectional": (False, True),
    "batch_first": (False, True),
    "bias": (True, False),
    "ragged": (False, True),
    "sizes": ("distinct", "one", "T=1", "B=1"),
    "with_state": (True, False),
    "batched": (True, False),
    "scale": tuple(harness.SCALES),
    "closed": (False, True),
}
NAMES = tuple(FACTORS)
STRENGTH = 3  # factors, beside cell and dtype, whose every combination appears

Row = tuple[object, ...]


def is_possible(row: Row) -> bool:
    """An unbatched input has no lengths, no batch to come first and no batch size to choose.

    A gate is closed by its bias.
    """
    choice = dict(zip(NAMES, row, strict=True))
    batched_only = choice["ragged"] or choice["batch_first"] or choice["sizes"] == "B=1"
    return bool(
        (choice["batched"] or not batched_only) and (choice["bias"] or not choice["closed"])
    )


def combinations_of(row: Row, strength: int) -> Iterator[tuple]:
    """The values of every few factors of a row, as ((factor, value), ...)."""
    return combinations(zip(NAMES, row, strict=True), strength)


def covering_selection(rng: np.random.Generator) -> list[Row]:
    """Rows that together hold every combination: greedy, always the row with the most new ones."""
    rows = [row for row in product(*FACTORS.values()) if is_possible(row)]
    rows = [rows[k] for k in rng.permutation(len(rows))]
    number: dict[tuple, int] = {}
    held = np.array(
        [
            [number.setdefault(few, len(number)) for few in combinations_of(row, STRENGTH)]
            for row in rows
        ]
    )
    missing = np.ones(len(number), dtype=bool)
    selection = []
    while np.any(missing):
        best = np.argmax(np.sum(missing[held], axis=1))
        missing[held[best]] = False
        selection.append(rows[best])
    return selection


def sizes_of(kind: str, cell: str, batched: bool, rng: np.random.Generator) -> dict[str, int]:
    """T, B, I, H, P: all different but for what the kind says; T >= 5 but where it is one."""
    if kind == "one":
        # a projection is smaller than what it projects
        return {"T": 1, "B": 1, "I": 1, "H": 2 if cell == "lstm_proj" else 1, "P": 1}
    B, P, I, H, T = rng.permutation((2, 3, 4)).tolist()[:2] + rng.permutation((5, 6, 7)).tolist()
    return {
        "T": 1 if kind == "T=1" else T,
        "B": 1 if kind == "B=1" or not batched else B,
        "I": I,
        "H": H,
        "P": P,
    }


def lengths_of(T: int, B: int, rng: np.random.Generator) -> tuple[int, ...]:
    """One example of length 1, the others at random, in no order."""
    lengths = rng.integers(1, T + 1, B)
    lengths[rng.integers(B)] = 1
    return tuple(lengths.tolist())


def case_of(cell: str, dtype: str, row: Row, seed: int) -> harness.Case:
    rng = np.random.default_rng(np.random.SeedSequence((seed, 1)))
    options: dict[str, Any] = dict(zip(NAMES, row, strict=True))
    sizes = sizes_of(options.pop("sizes"), cell, options["batched"], rng)
    lengths = lengths_of(sizes["T"], sizes["B"], rng) if options.pop("ragged") else None
    if not harness.SIGMOIDS[cell]:
        options["closed"] = False  # the simple networks have no gates
    return harness.Case(cell=cell, dtype=dtype, lengths=lengths, seed=seed, **sizes, **options)


def grid() -> list[tuple[Row, harness.Case]]:
    found = []
    for number, (cell, dtype) in enumerate(product(harness.CELLS, harness.DTYPES)):
        rng = np.random.default_rng(np.random.SeedSequence((number, 2)))
        for row in covering_selection(rng):
            # far apart, so that no two cases redraw the same numbers
            found.append((row, case_of(cell, dtype, row, seed=10_000 * len(found))))
    return found


GRID = grid()
CASES = [case for _, case in GRID]


def test_every_combination_of_the_factors_appears():
    possible_rows = [row for row in product(*FACTORS.values()) if is_possible(row)]
    possible = {few for row in possible_rows for few in combinations_of(row, STRENGTH)}
    appear = {
        (case.cell, case.dtype, few) for row, case in GRID for few in combinations_of(row, STRENGTH)
    }
    assert appear == set(product(harness.CELLS, harness.DTYPES, possible))


def test_every_pair_that_is_possible_appears():
    pairs = {
        pair
        for row, case in GRID
        for pair in combinations(
            (("cell", case.cell), ("dtype", case.dtype), *zip(NAMES, row, strict=True)), 2
        )
    }
    excluded = {
        (("batch_first", True), ("batched", False)),
        (("ragged", True), ("batched", False)),
        (("sizes", "B=1"), ("batched", False)),
        (("bias", False), ("closed", True)),
    }
    values = {"cell": harness.CELLS, "dtype": harness.DTYPES, **FACTORS}
    for one, other in combinations(values, 2):
        for pair in product(values[one], values[other]):
            pair = ((one, pair[0]), (other, pair[1]))
            assert (pair in pairs) != (pair in excluded), pair


def test_the_grid_is_of_the_intended_size():
    assert 200 <= len(CASES) <= 400
    assert len(set(CASES)) == len(CASES)


def test_the_cases_are_what_the_grid_promises():
    ragged = [case for case in CASES if case.lengths is not None]
    assert all(1 in case.lengths for case in ragged if case.lengths)
    assert any(
        list(case.lengths or ()) != sorted(case.lengths or (), reverse=True) for case in ragged
    )
    assert any(max(case.lengths or ()) < case.T for case in ragged)
    for cell, gates in harness.SIGMOIDS.items():
        closed = [harness.draw(case) for case in CASES if case.cell == cell and case.closed]
        assert {gate for bundle in closed for gate in gates_closed_in(bundle)} == set(gates)
    distinct = [case for row, case in GRID if "distinct" in row and case.batched]
    for case in distinct:
        assert len({case.T, case.B, case.I, case.H, case.P}) == 5
        assert case.T >= 5


def gates_closed_in(bundle: harness.Bundle) -> list[str]:
    """The gates of the first layer whose bias keeps them shut."""
    gates = harness.TORCH_GATES[bundle.case.cell]
    biases = np.split(bundle.params["bias_ih_l0"], len(gates))
    return [gate for gate, bias in zip(gates, biases, strict=True) if np.all(bias <= -20)]


@pytest.mark.sample(4)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_grid(case: harness.Case):
    if not canaries.HAS_TORCH:
        hold_against_the_textbook(case)
        return
    judgement = harness.judge(case)
    assert judgement.passed, str(judgement)


def hold_against_the_textbook(case: harness.Case) -> None:
    """What is left without torch, whose errors are the measure in float32."""
    if case.dtype == "float32":
        pytest.skip(NEEDS_TORCH)
    bundle, truth = next(harness.redraws(case))
    report = compare.compare(
        harness.ours(bundle),
        truth,
        budget=harness.FLOAT64_BUDGET,
        layouts=harness.layouts(case),
        zero_allowed=harness.zero_allowed(case),
    )
    assert report.passed, f"{case}\n{report}"


# relu gets one example: even so only about one draw in forty has none of its half million values
# too near zero for float32 (see the harness).
BIG = [
    harness.Case(
        cell=cell,
        T=300,
        B=1 if cell == "rnn_relu" else 3,
        I=64,
        H=256,
        P=96,
        num_layers=3,
        bidirectional=True,
        dtype=dtype,
    )
    for cell in harness.CELLS
    for dtype in harness.DTYPES
]


@pytest.mark.long
@needs_torch
@pytest.mark.parametrize("case", BIG, ids=str)
def test_big(case: harness.Case):
    judgement = harness.judge(case)
    assert judgement.passed, str(judgement)


# The judge itself: it must refuse what is wrong.


def without_final_cotangents(bundle: harness.Bundle) -> harness.Quantities:
    zeros = tuple(np.zeros_like(part) for part in bundle.dstate_n)
    return harness.textbooks(replace(bundle, dstate_n=zeros))


def with_weights_slightly_off(bundle: harness.Bundle) -> harness.Quantities:
    # where numbers are few torch can be far off in float32 by bad luck, and allows as much
    single = 1e-3 if harness.is_size_one(bundle.case) else 2e-5
    share = {"float32": single, "float64": 1e-10}[bundle.case.dtype]
    params = {name: value * value.dtype.type(1 + share) for name, value in bundle.params.items()}
    return harness.textbooks(replace(bundle, params=params))


def with_zero_gradients(bundle: harness.Bundle) -> harness.Quantities:
    found = harness.textbooks(bundle)
    return {name: value * (0 if name[0] == "d" else 1) for name, value in found.items()}


def without_dh0(bundle: harness.Bundle) -> harness.Quantities:
    found = harness.textbooks(bundle)
    del found["dh0"]
    return found


def in_float16(bundle: harness.Bundle) -> harness.Quantities:
    return {name: value.astype(np.float16) for name, value in harness.textbooks(bundle).items()}


WRONG = (
    without_final_cotangents,
    with_weights_slightly_off,
    with_zero_gradients,
    without_dh0,
    in_float16,
)


@pytest.mark.sample(2)
@needs_torch
@pytest.mark.parametrize("H", [1, 6])
@pytest.mark.parametrize("dtype", harness.DTYPES)
@pytest.mark.parametrize("cell", ["rnn_tanh", "rnn_relu", "lstm", "gru"])
def test_the_judge_refuses_what_is_wrong(cell, dtype, H):
    case = harness.Case(cell=cell, H=H, dtype=dtype, seed=77)
    assert harness.judge(case, harness.textbooks).passed
    for wrong in WRONG:
        assert not harness.judge(case, wrong).passed, wrong.__name__


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({}, ()),
        ({"T": 1}, ()),
        ({"with_state": False}, ()),
        ({"with_state": False, "lengths": (1, 1, 2, 1)}, ()),
        ({"with_state": False, "lengths": (1, 1, 1, 1)}, ("dweight_hh_l0",)),
        ({"with_state": False, "T": 1}, ("dweight_hh_l0",)),
        (
            {"with_state": False, "T": 1, "cell": "gru", "closed": True},
            ("dweight_hh_l0[r]", "dweight_hh_l0[u]", "dweight_hh_l0[n]"),
        ),
        ({"T": 1, "closed": True}, ()),
    ],
)
def test_only_what_is_zero_by_mathematics_may_be_zero(options, allowed):
    assert harness.zero_allowed(harness.Case(**options)) == allowed


def test_a_changed_input_is_noticed(monkeypatch):
    make = harness._our_module

    def module_that_scales_dy(case):
        module = make(case)
        backward = module.backward

        def scaling(d_output, d_state):
            found = backward(d_output=d_output, d_state=d_state)
            d_output *= 0.5
            return found

        module.backward = scaling
        return module

    monkeypatch.setattr(harness, "_our_module", module_that_scales_dy)
    with pytest.raises(AssertionError, match="an input was changed"):
        harness.ours(harness.draw(harness.Case()))


def test_the_same_seed_draws_the_same_numbers():
    one, other = harness.draw(harness.Case(seed=4)), harness.draw(harness.Case(seed=4))
    another = harness.draw(harness.Case(seed=5))
    for name, value in one.params.items():
        np.testing.assert_array_equal(value, other.params[name])
        assert np.all(value != another.params[name])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cell": "elman"}, "cell is 'elman': it can be rnn_tanh"),
        ({"T": 0}, "sizes and layers start at 1, not 0"),
        ({"seed": -1}, "seed is -1: it cannot be negative"),
        ({"cell": "lstm_proj", "P": 6}, r"P is 6: it must be in 1\.\.5"),
        ({"closed": True, "bias": False}, "a gate is closed by its bias: bias must not be False"),
        ({"closed": True, "cell": "rnn_relu"}, "rnn_relu has no gate to close"),
        ({"batched": False}, "an unbatched input is one example, not 4"),
        ({"batched": False, "B": 1, "lengths": (1,)}, "an unbatched input takes no lengths"),
        ({"lengths": (1, 8, 1, 1)}, r"lengths are \(1, 8, 1, 1\): 4 numbers in 1\.\.7"),
    ],
)
def test_an_impossible_case_says_why(wrong, message):
    with pytest.raises(ValueError, match=message):
        harness.Case(**wrong)


@needs_torch
def test_by_hand(capsys):
    assert harness.main(["--candidate", "textbook", "--lengths", "3", "7", "1"]) == 0
    assert capsys.readouterr().out.endswith("PASS\n")
    with pytest.raises(SystemExit):
        harness.main(["--lengths", "9"])
    assert "lengths are (9,): 1 numbers in 1..7" in capsys.readouterr().err
