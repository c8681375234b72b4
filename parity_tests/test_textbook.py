"""The textbook against torch, against a complex step of itself, against mistakes put into it."""

import inspect
import types
from itertools import product
from typing import Any

import numpy as np
import pytest

from handrnn import compare, textbook
from parity_tests import harness

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="needs torch: pip install 'handrnn[test]'")

SIZES = {
    "distinct": {},
    "one step": {"T": 1},
    "one example": {"B": 1},
    "unbatched": {"B": 1, "batched": False},
    "smallest": {"T": 1, "B": 1, "I": 1, "H": 2, "P": 1},
    "ragged": {"lengths": (3, 7, 1, 5)},
    "none reaches T": {"lengths": (2, 1, 4, 4), "batch_first": True},
    "no state": {"with_state": False, "bias": False},
    "stack": {"num_layers": 3, "bidirectional": True},
    "ragged stack": {"num_layers": 3, "bidirectional": True, "lengths": (3, 7, 1, 5)},
    "wide": {"T": 40, "H": 16, "P": 9, "scale": "wide"},
}


def options_for(case: harness.Case) -> dict[str, Any]:
    return {
        "budget": harness.FLOAT64_BUDGET,
        "layouts": harness.layouts(case),
        "zero_allowed": harness.zero_allowed(case),
    }


@pytest.mark.sample(2)
@needs_torch
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("cell", harness.CELLS)
def test_the_textbook_equals_torch(cell, sizes):
    case = harness.Case(cell=cell, seed=50, **SIZES[sizes])
    bundle, found = next(harness.redraws(case))
    report = compare.compare(found, harness.torchs(bundle), **options_for(case))
    assert report.passed, str(report)


# The complex step: for f analytic, Im f(x + ih) / h is f'(x) to rounding, for no difference of
# nearby numbers is taken. It holds the backward functions against the forward ones without torch.

STEP = 1e-100
COMPLEX_CELLS = ("rnn_tanh", "lstm", "lstm_proj", "gru")
T, B, I, H, P = 5, 3, 2, 4, 3


def random_arguments(cell: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Arguments by name (x, h0, c0, parameters) and cotangents by name (dy, dh_T, dc_T)."""
    case = harness.Case(cell=cell, T=T, B=B, I=I, H=H, P=P, seed=3)
    bundle = harness.draw(case)
    (direction,) = harness._split_parameters(case, bundle.params, np.float64)
    state = [part[0].T for part in bundle.given_state()]
    dstate = [part[0].T for part in bundle.dstate_n]
    arguments = {"x": bundle.x.swapaxes(1, 2), **direction[0]}
    arguments |= dict(zip(("h0", "c0"), state, strict=False))
    cotangents = {"dy": bundle.dy.swapaxes(1, 2)}
    cotangents |= dict(zip(("dh_T", "dc_T"), dstate, strict=False))
    return arguments, cotangents


def apart(
    arguments: dict[str, np.ndarray],
) -> tuple[np.ndarray, textbook.State, textbook.Parameters]:
    """x, (h0,) or (h0, c0), and the parameters."""
    state = tuple(arguments[name] for name in ("h0", "c0") if name in arguments)
    parameters = {k: v for k, v in arguments.items() if k not in ("x", "h0", "c0")}
    return arguments["x"], state, parameters


def run(cell: str, arguments: dict[str, np.ndarray]) -> tuple[Any, ...]:
    """h, the last states, caches."""
    along, caches = textbook.sequence_forward(*apart(arguments), cell.removesuffix("_proj"))
    return along[0], [state[-1] for state in along], caches


def backward(cell: str, cotangents: dict[str, np.ndarray], caches: Any) -> dict[str, np.ndarray]:
    dy, *dstate_T = cotangents.values()
    return textbook.sequence_backward(dy, tuple(dstate_T), caches, cell.removesuffix("_proj"))


def loss(cell: str, arguments: dict[str, np.ndarray], cotangents: dict[str, np.ndarray]) -> Any:
    """The scalar whose gradient on h and on the last states are the cotangents."""
    h, states_T, _ = run(cell, arguments)
    dy, *dstates_T = cotangents.values()
    total = np.sum(dy * h)
    for dstate, state in zip(dstates_T, states_T, strict=True):
        total += np.sum(dstate * state)
    return total


def complex_step(cell: str, name: str, arguments: dict, cotangents: dict) -> np.ndarray:
    gradient = np.zeros(arguments[name].shape)
    for index in np.ndindex(gradient.shape):
        moved = arguments[name].astype(complex)
        moved[index] += 1j * STEP
        gradient[index] = loss(cell, {**arguments, name: moved}, cotangents).imag / STEP
    return gradient


@pytest.mark.parametrize("cell", COMPLEX_CELLS)
def test_backward_is_the_complex_step_of_forward(cell):
    arguments, cotangents = random_arguments(cell)
    _, _, caches = run(cell, arguments)
    found = backward(cell, cotangents, caches)
    expected = {f"d{name}": complex_step(cell, name, arguments, cotangents) for name in arguments}
    report = compare.compare(found, expected, budget=1e-13)
    assert report.passed, str(report)


@pytest.mark.parametrize("cell", COMPLEX_CELLS)
def test_backward_may_cover_fewer_steps_than_forward(cell):
    arguments, cotangents = random_arguments(cell)
    fewer = {**cotangents, "dy": cotangents["dy"][:3]}
    _, _, all_caches = run(cell, arguments)
    _, _, caches = run(cell, {**arguments, "x": arguments["x"][:3]})
    found = backward(cell, fewer, all_caches)
    report = compare.compare(found, backward(cell, fewer, caches), budget=0)
    assert report.passed, str(report)


@pytest.mark.parametrize("cell", COMPLEX_CELLS)
def test_no_steps_leave_everything_as_it_is(cell):
    arguments, cotangents = random_arguments(cell)
    arguments["x"] = arguments["x"][:0]
    cotangents["dy"] = cotangents["dy"][:0]
    x, state, parameters = apart(arguments)
    (h, *_), caches = textbook.sequence_forward(x, state, parameters, cell.removesuffix("_proj"))
    assert h.shape == (0, state[0].shape[0], B)
    found = backward(cell, cotangents, caches)
    assert found["dx"].shape == (0, I, B)
    np.testing.assert_array_equal(found["dh0"], cotangents["dh_T"])
    assert not any(np.any(found[f"d{name}"]) for name in parameters)


@pytest.mark.parametrize("cell", harness.CELLS)
@pytest.mark.parametrize("given", [1, 2])
def test_along_its_own_states_a_sequence_is_itself(cell, given):
    arguments, cotangents = random_arguments(cell)
    x, state, parameters = apart(arguments)
    name = cell.removesuffix("_proj")
    states, caches = textbook.sequence_forward(x, state, parameters, name)
    along, caches_along = textbook.sequence_along(x, state, states[:given], parameters, name)
    for ours, right in zip(along, states, strict=True):
        np.testing.assert_array_equal(ours, right)
    found = backward(cell, cotangents, caches_along)
    for name, right in backward(cell, cotangents, caches).items():
        np.testing.assert_array_equal(found[name], right)


@pytest.mark.parametrize("cell", harness.CELLS)
@pytest.mark.parametrize("given", [1, 2])
def test_along_other_states_each_step_starts_from_them(cell, given):
    """One step at a time, from a state put there by hand; a c that is not given is carried on."""
    arguments, cotangents = random_arguments(cell)
    x, state, parameters = apart(arguments)
    name = cell.removesuffix("_proj")
    rng = np.random.default_rng(np.random.SeedSequence(11))
    theirs = tuple(rng.standard_normal((T, *part.shape)) for part in state)[:given]
    along, caches = textbook.sequence_along(x, state, theirs, parameters, name)
    before, tapes = state, []
    for t in range(T):
        after, tape = textbook.sequence_forward(x[t : t + 1], before, parameters, name)
        for part, right in zip(along, after, strict=True):
            np.testing.assert_array_equal(part[t], right[0])
        before = (*(part[t] for part in theirs), *(part[0] for part in after[given:]))
        tapes.append(tape)
    dy, *dstate = cotangents.values()
    steps = []
    for t in reversed(range(T)):
        steps.append(textbook.sequence_backward(dy[t : t + 1], tuple(dstate), tapes[t], name))
        dstate = [steps[-1][f"d{letter}0"] for letter in "hc"[: len(state)]]
    total: dict[str, Any] = {f"d{n}": sum(step[f"d{n}"] for step in steps) for n in parameters}
    total |= {n: steps[-1][n] for n in ("dh0", "dc0")[: len(state)]}
    total["dx"] = np.concatenate([step["dx"] for step in reversed(steps)])
    report = compare.compare(backward(cell, cotangents, caches), total, budget=1e-14)
    assert report.passed, str(report)


@pytest.mark.parametrize(
    ("cell", "dtype"),
    [
        *product(harness.CELLS, (np.float32, np.float64, np.longdouble)),
        *product(COMPLEX_CELLS, (np.complex128,)),
    ],
)
def test_the_dtype_follows_the_inputs(cell, dtype):
    case = harness.Case(cell=cell, num_layers=2, bidirectional=True, lengths=(3, 7, 1, 5))
    found = harness.oracle(harness.draw(case), dtype)
    assert {name: value.dtype for name, value in found.items() if value.dtype != dtype} == {}


@pytest.mark.parametrize("cell", harness.CELLS)
def test_longdouble_and_float32_agree_with_float64(cell):
    case = harness.Case(cell=cell, num_layers=2, bidirectional=True, lengths=(3, 7, 1, 5), seed=9)
    bundle, found = next(harness.redraws(case))
    truth = harness.oracle(bundle, np.longdouble)
    report = compare.compare(found, truth, budget=1e-14, dtype=np.float64)
    assert report.passed, str(report)
    found = harness.oracle(bundle, np.float32)
    inexact = {name: compare.normwise_error(found[name], truth[name]) for name in truth}
    assert max(inexact.values()) < 1e-4  # the inputs are float64, rounded here
    assert min(inexact.values()) > 1e-9
    if np.finfo(np.longdouble).eps < np.finfo(np.float64).eps:
        assert all(difference.error > 0 for difference in report.differences)


def test_sigmoid_is_exact_far_out_and_warns_of_nothing():
    for dtype in (np.float32, np.float64, np.longdouble):
        z = np.array([-20000, -100, -1, 0, 1, 100, 20000], dtype)
        found = textbook.sigmoid(z)
        assert found.dtype == dtype
        assert found[0] == 0
        assert found[3] == 0.5
        assert found[-1] == 1
        # small values keep their relative precision
        np.testing.assert_allclose(found[2], np.exp(dtype(-1)) / (1 + np.exp(dtype(-1))), rtol=3e-7)
    assert 0 < textbook.sigmoid(np.array(-700.0)) < 1e-300


def with_output_layer(cell: str) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Arguments of a cell, and an output layer Why (O, H), by (O, 1) for it."""
    arguments, _ = random_arguments(cell)
    rng = np.random.default_rng(5)
    return arguments, rng.standard_normal((6, H)), rng.standard_normal((6, 1))


@pytest.mark.parametrize("cell", ["rnn_tanh", "lstm"])
def test_an_output_layer_is_in_the_cache_and_changes_nothing_else(cell):
    arguments, Why, by = with_output_layer(cell)
    h, states, caches = run(cell, {**arguments, "Why": Why, "by": by})
    h_without, states_without, caches_without = run(cell, arguments)
    np.testing.assert_array_equal(h, h_without)
    np.testing.assert_array_equal(states, states_without)
    for step, (cache, without) in enumerate(
        zip(caches["cells"], caches_without["cells"], strict=True)
    ):
        assert set(cache) - set(without) == {"y"}
        z = Why @ h[step] + by
        powers = np.array([[np.exp(z[k, b]) for b in range(B)] for k in range(6)])
        np.testing.assert_allclose(cache["y"], powers / powers.sum(axis=0), rtol=1e-13)
    _, cotangents = random_arguments(cell)
    report = compare.compare(
        backward(cell, cotangents, caches), backward(cell, cotangents, caches_without), budget=0
    )
    assert report.passed, str(report)


@needs_torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1, 1000])
def test_softmax_equals_torch(dtype, scale):
    z = (scale * np.random.default_rng(6).standard_normal((5, 4))).astype(dtype)
    assert torch is not None
    expected = torch.softmax(torch.from_numpy(z), dim=0).numpy()
    report = compare.compare(
        {"softmax": textbook.softmax(z)},
        {"softmax": expected},
        budget=8 * compare.unit_roundoff(dtype),
    )
    assert report.passed, str(report)


def test_softmax_is_that_of_each_column():
    z = np.array([[0.0, -2000.0], [np.log(3.0), -2000.0], [-2000.0, 0.0]])
    for dtype in (np.float32, np.float64, np.longdouble):
        rounded = z.astype(dtype)
        rounded[1, 0] = np.log(dtype(3))
        found = textbook.softmax(rounded)
        assert found.dtype == dtype
        expected = np.array([[0.25, 0], [0.75, 0], [0, 1]])
        assert compare.normwise_error(found, expected) < 4 * compare.unit_roundoff(dtype)
    # it is analytic: a complex step differentiates it, y (1 - y) on the diagonal
    moved = z.astype(complex)
    moved[0, 0] += 1j * STEP
    np.testing.assert_allclose(textbook.softmax(moved)[0, 0].imag / STEP, 0.25 * 0.75, rtol=1e-13)


def test_unknown_choices_are_named():
    arguments, _ = random_arguments("rnn_tanh")
    parameters = {name: arguments[name] for name in ("Whh", "Wxh", "bh")}
    with pytest.raises(ValueError, match="nonlinearity is 'sine': it can be 'tanh' or 'relu'"):
        textbook.rnn_forward(arguments["x"], arguments["h0"], parameters, "sine")
    with pytest.raises(ValueError, match="cell is 'elman': it can be rnn_tanh, rnn_relu, lstm"):
        textbook.stack_forward(arguments["x"], (), [], "elman")


@pytest.mark.parametrize("cell", harness.CELLS)
def test_inputs_come_out_unchanged(cell):
    # the arrays of a bundle are read-only: an assignment into one would raise
    case = harness.Case(cell=cell, num_layers=2, bidirectional=True)
    bundle = harness.draw(case)
    before = harness.draw(case)
    harness.oracle(bundle)
    for name, value in bundle.params.items():
        assert not value.flags.writeable
        np.testing.assert_array_equal(value, before.params[name])
    np.testing.assert_array_equal(bundle.x, before.x)
    np.testing.assert_array_equal(bundle.dy, before.dy)


# Mistakes put into the textbook, one line at a time: the comparison must see each of them.

MISTAKES = [
    ("rnn_tanh", "rnn_backward", 'dh = gradients["dh_prev"]', "dh = np.zeros_like(dh_T)"),
    ("rnn_tanh", "rnn_backward", "dh = dh_T", "dh = np.zeros_like(dh_T)"),
    ("rnn_tanh", "rnn_backward", 'dWhh = dWhh + gradients["dWhh"]', 'dWhh = gradients["dWhh"]'),
    ("rnn_tanh", "rnn_cell_backward", "dh_prev = Whh.T @ dz", "dh_prev = Whh @ dz"),
    ("rnn_tanh", "rnn_cell_backward", "dz = dh_next * (1 - h_next**2)", "dz = dh_next"),
    ("rnn_tanh", "rnn_forward", "h_prev = h0", "h_prev = np.zeros_like(h0)"),
    ("rnn_relu", "rnn_cell_backward", 'dz = dh_next * (cache["z"] > 0)', "dz = dh_next"),
    ("lstm", "lstm_backward", 'dc = gradients["dc_prev"]', "dc = np.zeros_like(dc_T)"),
    ("lstm", "lstm_backward", "dc = dc_T", "dc = np.zeros_like(dc_T)"),
    ("lstm", "lstm_backward", 'dbf = dbf + gradients["dbf"]', 'dbf = dbf + gradients["dbi"]'),
    ("lstm", "lstm_cell_backward", "dzf = df * f * (1 - f)", "dzf = df"),
    ("lstm", "lstm_cell_backward", "df = dc * c_prev", "df = dc * c_next"),
    ("lstm", "lstm_cell_backward", "do = dh_full * np.tanh(c_next)", "do = dh_full * c_next"),
    ("lstm", "lstm_cell_forward", "h_next = o * np.tanh(c_next)", "h_next = np.tanh(c_next)"),
    ("lstm", "lstm_cell_forward", "c_next = f * c_prev + i * g", "c_next = i * c_prev + f * g"),
    (
        "lstm_proj",
        "lstm_cell_backward",
        'gradients["dWhr"] = dh_next @ h_full.T',
        'gradients["dWhr"] = dh_next @ np.tanh(c_next).T',
    ),
    ("gru", "gru_cell_forward", "hn = Whn @ h_prev + bhn", "hn = Whn @ (r * h_prev) + bhn"),
    ("gru", "gru_cell_backward", "dhn = dzn * r", "dhn = dzn"),
    ("gru", "gru_cell_backward", "du = dh_next * (h_prev - n)", "du = dh_next * (n - h_prev)"),
    (
        "lstm",
        "stack_backward",
        "np.sum([dx for dx, _, _ in directions], axis=0)",
        "directions[0][0]",
    ),
    ("lstm", "_direction_forward", "_flipped(run_h, reverse)", "run_h"),
]


def planted(function: str, right: str, wrong: str) -> types.ModuleType:
    """The textbook with one line of one function replaced."""
    source = inspect.getsource(textbook)
    body = inspect.getsource(getattr(textbook, function))
    lines = [line for line in body.splitlines() if right in line]
    assert len(lines) == 1, f"{right!r} is on {len(lines)} lines of {function}"
    changed = types.ModuleType("textbook_with_a_mistake")
    exec(
        source.replace(body, body.replace(lines[0], lines[0].replace(right, wrong))), vars(changed)
    )
    return changed


@pytest.mark.parametrize(("cell", "function", "right", "wrong"), MISTAKES)
def test_a_mistake_is_seen(cell, function, right, wrong, monkeypatch):
    case = harness.Case(cell=cell, num_layers=2, bidirectional=True, lengths=(3, 7, 1, 5), seed=1)
    bundle, truth = next(harness.redraws(case))
    reference = truth if torch is None else harness.torchs(bundle)
    options = options_for(case)
    assert compare.compare(harness.oracle(bundle), reference, **options).passed
    monkeypatch.setattr(harness, "textbook", planted(function, right, wrong))
    report = compare.compare(harness.oracle(bundle), reference, **options)
    assert not report.passed
    assert max(found.error for found in report.failures) > 1e-3
