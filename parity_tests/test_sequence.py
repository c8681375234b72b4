"""The engine by itself: its own derivative, its borders, and what it shares with nobody."""

import itertools
import tracemalloc
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import special

from handrnn import cells, nn, packings, sequence

T, B, I, H, P = 7, 5, 3, 4, 2
KINDS = {
    "rnn": cells.RNN,
    "relu": cells.ReluRNN,
    "lstm": cells.LSTM,
    "lstm_proj": cells.LSTM,
    "gru": cells.GRU,
}
HOLOMORPHIC = [kind for kind in KINDS if kind != "relu"]
ACTIVE = {  # how many columns take each step: none said, sorted lengths, and those back in time
    "full": None,
    "ragged": (5, 4, 4, 2, 1, 1, 0),
    "ragged_back": (0, 1, 1, 2, 4, 4, 5),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_active = pytest.mark.parametrize("active", ACTIVE)
keep_or_not = pytest.mark.parametrize("keep", [True, False])

Arrays = dict[str, np.ndarray]


class Problem(NamedTuple):
    """All that goes into the engine, by name; and the cotangents, by the name of the output."""

    cell: Any
    given: Arrays
    cotangents: Arrays
    active: np.ndarray | None


def draw(kind, *, T=T, B=B, I=I, dtype: Any = np.float64, active="full", bias=True, seed=0):
    """A problem with nothing at zero, and NaN wherever nobody may look."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    cell, R = KINDS[kind], P if kind == "lstm_proj" else H
    KH = len(cell.gates) * H
    shapes = {"x": (T, I, B), "h": (R, B), "c": (H, B), "W_ih": (KH, I), "W_hh": (KH, R)}
    shapes |= {"b_ih": (KH,), "b_hh": (KH,)} if bias else {}
    shapes |= {"W_hr": (P, H)} if kind == "lstm_proj" else {}
    if cell.states == ("h",):
        del shapes["c"]
    outputs = {"y": (T, R, B)} | {state: shapes[state] for state in cell.states}
    given = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    dys = {name: rng.standard_normal(shape).astype(dtype) for name, shape in outputs.items()}
    counts = None if ACTIVE[active] is None else np.array(ACTIVE[active][:T])
    if counts is not None:
        for t, k in enumerate(counts):
            given["x"][t, :, k:] = dys["y"][t, :, k:] = np.nan
    return Problem(cell, given, dys, counts)


def forward(problem, keep=True) -> Any:
    """The outputs by name, and the tape."""
    cell, given, _, active = problem
    weights = sequence.Weights(**{n: a for n, a in given.items() if n[0] in "Wb"})
    state = tuple(given[name] for name in cell.states)
    y, end, tape = sequence.forward(cell, given["x"], state, weights, active=active, keep=keep)
    return {"y": y, **dict(zip(cell.states, end, strict=True))}, tape


def backward(problem, tape, **changed):
    """The gradients, by the name of what they are the gradient by."""
    cell, _, cotangents, _ = problem
    cotangents = cotangents | changed
    d_end = tuple(cotangents[name] for name in cell.states)
    dx, d_state, d_weights = sequence.backward(tape, cotangents["y"], d_end)
    gradients = {"x": dx, **dict(zip(cell.states, d_state, strict=True)), **d_weights._asdict()}
    return {name: gradients[name] for name in gradients if gradients[name] is not None}


def run(problem):
    """(outputs, gradients) by name."""
    outputs, tape = forward(problem)
    gradients = backward(problem, tape)
    assert gradients.keys() == problem.given.keys()
    return outputs, gradients


def arrays_of(tape):
    """All arrays of a tape."""
    weights = [w for w in tape.weights if w is not None]
    return [
        tape.x,
        tape.gates,
        *tape.states,
        *weights,
        *([] if tape.active is None else [tape.active]),
    ]


def same(a, b):
    """The same bits under the same names."""
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
        assert a[name].dtype == b[name].dtype, name


def close(a, b, tolerance=1e-12, zeros=False):
    """Normwise, tensor by tensor; a reference of zeros proves nothing, unless it is declared."""
    assert a.keys() == b.keys()
    for name in a:
        largest = np.abs(b[name]).max()
        assert largest > 0 or zeros, f"{name}: the reference is zero"
        assert np.abs(a[name] - b[name]).max() <= tolerance * largest, name


# ------------------------------------------------------------------------------- its own gradient


@pytest.mark.sample(2)
@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@pytest.mark.parametrize("steps", [1, 5])
@every_active
@pytest.mark.parametrize("kind", HOLOMORPHIC)
def test_backward_is_the_complex_step_derivative_of_forward(kind, active, steps, dtype):
    problem = draw(kind, T=steps, B=2, dtype=dtype, active="full")
    if active != "full":
        back = active == "ragged_back"
        counts = np.array([0, 1, 1, 2, 2] if back else [2, 2, 1, 1, 0])[: 1 if steps == 1 else None]
        counts[counts == 0] += steps == 1
        problem = problem._replace(active=counts)
    tiny = dtype("1e-30")
    outputs, gradients = run(problem)
    assert {a.dtype for a in [*outputs.values(), *gradients.values()]} == {np.dtype(dtype)}

    complexes = {name: a.astype(np.result_type(dtype, 1j)) for name, a in problem.given.items()}
    expected = {name: np.empty_like(a) for name, a in problem.given.items()}
    for name, a in complexes.items():
        for index in np.ndindex(a.shape):
            a[index] += 1j * tiny
            stepped, _ = forward(problem._replace(given=complexes), keep=False)
            a[index] -= 1j * tiny
            slope = sum((problem.cotangents[n] * stepped[n].imag / tiny).sum() for n in stepped)
            expected[name][index] = slope
    close(gradients, expected, tolerance=450 * np.finfo(dtype).eps)  # 1e-13 in float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("active", ["full", "ragged", "ragged_back"])
@pytest.mark.parametrize("bias", [True, False])
def test_relu_on_small_integers_is_exact(dtype, active, bias):
    limit, size = (2**24, 1) if dtype == np.float32 else (2**53, 20)
    rng = np.random.default_rng(np.random.SeedSequence((3, size)))
    problem = draw("relu", active=active, bias=bias)
    whole = problem._replace(
        given={n: rng.integers(-size, size + 1, a.shape) for n, a in problem.given.items()},
        cotangents={n: rng.integers(-3, 4, a.shape) for n, a in problem.cotangents.items()},
    )
    expected = relu_in_integers(whole)
    absolute = whole._replace(
        given={n: abs(a) for n, a in whole.given.items()},
        cotangents={n: abs(a) for n, a in whole.cotangents.items()},
    )
    bounds = relu_in_integers(absolute)  # of every partial sum, in whatever order
    assert all(a.max() < limit for side in bounds for a in side.values())

    floats = problem._replace(
        given={n: a.astype(dtype) for n, a in whole.given.items()},
        cotangents={n: a.astype(dtype) for n, a in whole.cotangents.items()},
    )
    if problem.active is not None:
        for t, k in enumerate(problem.active):
            floats.given["x"][t, :, k:] = floats.cotangents["y"][t, :, k:] = np.nan
    for found, wanted in zip(run(floats), expected, strict=True):
        same(found, {name: a.astype(dtype) for name, a in wanted.items()})
        assert all(a.any() for a in wanted.values())


def relu_in_integers(problem):
    """Outputs and gradients of the relu network, in the integers of its inputs."""
    given, dys = problem.given, problem.cotangents
    x, W_ih, W_hh = given["x"], given["W_ih"], given["W_hh"]
    b = sum(given[n] for n in ("b_ih", "b_hh") if n in given)
    b = np.broadcast_to(b, len(W_ih))[:, None]
    steps, _, examples = x.shape
    counts = np.full(steps, examples) if problem.active is None else problem.active
    taken = np.arange(examples) < counts[:, None]  # (T, B)
    h, y = [given["h"]], []
    for t in range(steps):
        new = np.maximum(W_ih @ x[t] + W_hh @ h[t] + b, 0)
        h.append(np.where(taken[t], new, h[t]))
        y.append(np.where(taken[t], new, 0))

    d = {name: np.zeros_like(a) for name, a in given.items()}
    dh = dys["h"]
    for t in reversed(range(steps)):
        dz = np.where(taken[t] & (h[t + 1] > 0), dh + dys["y"][t], 0)
        d["x"][t] = W_ih.T @ dz
        d["W_ih"] += dz @ x[t].T
        d["W_hh"] += dz @ h[t].T
        for name in ("b_ih", "b_hh"):
            if name in given:
                d[name] += dz.sum(axis=1)
        dh = np.where(taken[t], W_hh.T @ dz, dh)
    d["h"] = dh
    return {"y": np.array(y), "h": h[-1]}, d


# ------------------------------------------------------------------------------------ the chunks


@pytest.mark.sample(5)
@every_kind
@every_active
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_chunks_do_not_show(monkeypatch, kind, active, steps):
    problem = draw(kind, active=active)
    outputs, gradients = run(problem)
    monkeypatch.setattr(sequence, "CHUNK_BYTES", 1)
    monkeypatch.setattr(sequence, "CHUNK_COLUMNS", steps * B)
    chunked = run(problem)
    close(chunked[0], outputs)
    close(chunked[1], gradients)
    without_tape, tape = forward(problem, keep=False)
    assert tape is None
    same(without_tape, chunked[0])


@every_kind
@every_active
def test_without_a_tape_the_same_bits(kind, active):
    problem = draw(kind, active=active)
    same(forward(problem, keep=False)[0], forward(problem)[0])


@every_kind
def test_without_a_tape_memory_does_not_grow(kind):
    def beyond_output(steps, keep):
        problem = draw(kind, T=steps, B=32)
        tracemalloc.start()
        outputs, _tape = forward(problem, keep)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - outputs["y"].nbytes

    beyond_output(300, keep=False)
    few, many = (beyond_output(steps, keep=False) for steps in (300, 1200))
    assert many < few + 10_000
    assert beyond_output(1200, keep=True) > many + 500_000


# ----------------------------------------------------------------------------- several sequences


@every_kind
@pytest.mark.parametrize("active", ["ragged", "ragged_back"])
def test_each_column_is_its_own_sequence(kind, active):
    problem = draw(kind, active=active)
    assert problem.active is not None
    outputs, gradients = run(problem)
    sums = {n: np.zeros_like(a) for n, a in problem.given.items() if n[0] in "Wb"}
    for column in range(B):
        steps = np.flatnonzero(problem.active > column)
        one = slice(column, column + 1)
        mine = {n: a if n in sums else a[..., one] for n, a in problem.given.items()}
        mine["x"] = mine["x"][steps]
        cotangents = {n: a[..., one] for n, a in problem.cotangents.items()}
        cotangents["y"] = cotangents["y"][steps]
        y, d = run(Problem(problem.cell, mine, cotangents, None))
        idle = np.setdiff1d(np.arange(T), steps)
        assert not outputs["y"][idle][..., one].any()
        assert not gradients["x"][idle][..., one].any()
        close(
            {n: a[..., one] for n, a in outputs.items()} | {"y": outputs["y"][steps][..., one]}, y
        )
        for name, gradient in d.items():
            if name in sums:
                sums[name] += gradient
            else:
                found = gradients[name][steps] if name == "x" else gradients[name]
                close({name: found[..., one]}, {name: gradient}, zeros=kind == "relu")
    close({n: gradients[n] for n in sums}, sums)


@every_kind
def test_many_columns_are_as_if_few(kind):
    """More columns than a transposing copy takes at once, and no multiple of those."""
    many, few = 299, 23
    problem = draw(kind, B=many)
    outputs, gradients = run(problem)
    parts = []
    for start in range(0, many, few):
        columns = slice(start, start + few)
        given = {n: a if n[0] in "Wb" else a[..., columns] for n, a in problem.given.items()}
        cotangents = {n: a[..., columns] for n, a in problem.cotangents.items()}
        parts.append(run(problem._replace(given=given, cotangents=cotangents)))
    close(outputs, {n: np.concatenate([y[n] for y, _ in parts], axis=-1) for n in outputs})
    expected = {
        n: sum(d[n] for _, d in parts)
        if n[0] in "Wb"
        else np.concatenate([d[n] for _, d in parts], axis=-1)
        for n in gradients
    }
    close(gradients, expected)


@every_kind
def test_all_columns_active_is_nothing_special(kind):
    problem = draw(kind)
    full = problem._replace(active=np.full(T, B))
    for found, expected in zip(run(full), run(problem), strict=True):
        close(found, expected)


# -------------------------------------------------------------------------------------- the edges


@every_kind
@pytest.mark.parametrize("bias", [True, False])
def test_no_examples(kind, bias):
    outputs, gradients = run(draw(kind, B=0, bias=bias))
    problem = draw(kind, B=0, bias=bias)
    same_shapes(outputs, problem.cotangents)
    same_shapes(gradients, problem.given)
    assert not any(gradients[name].any() for name in gradients)


@every_kind
@pytest.mark.parametrize("keep", [True, False])
def test_no_steps(kind, keep):
    problem = draw(kind, T=0)
    outputs, tape = forward(problem, keep)
    assert outputs["y"].shape == problem.cotangents["y"].shape
    same(
        {n: outputs[n] for n in problem.cell.states},
        {n: problem.given[n] for n in problem.cell.states},
    )
    if keep:
        gradients = backward(problem, tape)
        same_shapes(gradients, problem.given)
        for name, gradient in gradients.items():
            if name in problem.cell.states:
                np.testing.assert_array_equal(gradient, problem.cotangents[name])
            else:
                assert not gradient.any()


def same_shapes(a, b):
    """The same shapes under the same names."""
    assert {n: v.shape for n, v in a.items()} == {n: v.shape for n, v in b.items()}


@every_kind
@every_active
@keep_or_not
def test_float32_stays_float32(kind, active, keep):
    problem = draw(kind, dtype=np.float32, active=active)
    outputs, tape = forward(problem, keep)
    found = [*outputs.values()]
    if keep:
        found += [*backward(problem, tape).values(), *arrays_of(tape._replace(active=None))]
    assert {a.dtype for a in found} == {np.dtype(np.float32)}
    double = problem._replace(
        given={n: a.astype(np.float64) for n, a in problem.given.items()},
        cotangents={n: a.astype(np.float64) for n, a in problem.cotangents.items()},
    )
    close(outputs, forward(double)[0], tolerance=1e-5)


def test_one_double_among_the_inputs_makes_all_double():
    problem = draw("gru", dtype=np.float32)
    problem.given["h"] = problem.given["h"].astype(np.float64)
    for side in run(problem):
        assert {a.dtype for a in side.values()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.bool_])
@pytest.mark.parametrize("name", ["x", "h", "c", "W_ih", "W_hh", "b_ih", "b_hh", "W_hr"])
def test_other_numbers_are_refused(name, dtype):
    problem = draw("lstm_proj")
    problem.given[name] = problem.given[name].astype(dtype)
    with pytest.raises(TypeError, match=f"{name} is {np.dtype(dtype)}: float32 or float64"):
        forward(problem)


def test_relu_refuses_complex_numbers():
    problem = draw("relu")
    problem.given["x"] = problem.given["x"] + 1j
    with pytest.raises(TypeError, match="ReluRNN decides on signs"):
        forward(problem)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("x", (T, B), r"x is \(7, 5\): three axes \(T, I, B\)"),
        ("x", (T, 8, B), r"x has 8 features but these weights take 3 \(x is .* = \(7, 8, 5\)\)"),
        ("x", (T, I, 6), r"h is \(2, 5\): \(2, 6\)"),
        ("h", (H, B), r"h is \(4, 5\): \(2, 5\)"),
        ("h", (P, 1), r"h is \(2, 1\): \(2, 5\)"),
        ("c", (P, B), r"c is \(2, 5\): \(4, 5\)"),
        ("c", (B,), r"c is \(5,\): \(4, 5\)"),
        ("W_ih", (15, I), r"W_ih is \(15, 3\): .* 4 blocks, o, i, f, g"),
        ("W_ih", (16,), r"W_ih is \(16,\)"),
        ("W_hh", (16, H), r"W_hh is \(16, 4\): \(16, 2\)"),
        ("b_ih", (16, 1), r"b_ih is \(16, 1\): \(16,\)"),
        ("b_hh", (1,), r"b_hh is \(1,\): \(16,\)"),
        ("W_hr", (P, P), r"W_hr is \(2, 2\): \(2, 4\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(name, shape, message):
    problem = draw("lstm_proj")
    problem.given[name] = np.ones(shape)
    with pytest.raises(ValueError, match=message):
        forward(problem)


def test_one_bias_alone_is_refused():
    problem = draw("gru")
    del problem.given["b_hh"]
    with pytest.raises(ValueError, match="b_ih and b_hh are given together"):
        forward(problem)


def test_a_projection_is_for_the_lstm():
    problem = draw("gru")
    shapes = {"W_hr": (P, H), "W_hh": (3 * H, P), "h": (P, B)}
    problem.given.update({name: np.ones(shape) for name, shape in shapes.items()})
    with pytest.raises(ValueError, match="GRU has no projection"):
        forward(problem)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y": np.ones((T, H, 1))}, r"dy is \(7, 4, 1\): \(7, 4, 5\)"),
        ({"y": np.ones((T + 1, H, B))}, r"dy is \(8, 4, 5\): \(7, 4, 5\)"),
        ({"h": np.ones((H, 1))}, r"dh is \(4, 1\): \(4, 5\)"),
        ({"c": np.ones(B)}, r"dc is \(5,\): \(4, 5\)"),
    ],
)
def test_gradients_that_do_not_fit_are_named(changed, message):
    problem = draw("lstm")
    _, tape = forward(problem)
    with pytest.raises(ValueError, match=message):
        backward(problem, tape, **changed)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_the_state_is_a_tuple_of_the_cells_states(kind):
    cell, given, *_ = draw(kind)
    weights = sequence.Weights(**{n: a for n, a in given.items() if n[0] in "Wb"})
    names = ", ".join(cell.states)
    with pytest.raises(ValueError, match=rf"state holds 3 arrays: one each .* {names}$"):
        sequence.forward(cell, given["x"], (given["h"],) * 3, weights)


# ---------------------------------------------------------------------------------- what is shared


@every_kind
@every_active
def test_nothing_is_shared_with_the_tape(kind, active):
    problem = draw(kind, active=active)
    expected_outputs, expected = run(problem)

    mine = problem._replace(given={n: a.copy() for n, a in problem.given.items()})
    if problem.active is not None:
        mine = mine._replace(active=problem.active.copy())
    outputs, tape = forward(mine)
    same(outputs, expected_outputs)
    outside = [
        *mine.given.values(),
        *outputs.values(),
        *([] if mine.active is None else [mine.active]),
    ]
    gradients = backward(problem, tape)
    for a in [*outside, *gradients.values(), *problem.cotangents.values()]:
        assert not any(np.may_share_memory(a, kept) for kept in arrays_of(tape))
    same(gradients, expected)

    for a in [*outside, *gradients.values()]:
        a[...] = -77
    same(backward(problem, tape), expected)


@every_kind
@every_active
def test_nothing_given_is_changed(kind, active):
    problem = draw(kind, active=active)
    copies = draw(kind, active=active)
    for a in [*problem.given.values(), *problem.cotangents.values()]:
        a.setflags(write=False)
    run(problem)
    same(problem.given, copies.given)
    same(problem.cotangents, copies.cotangents)


@every_kind
@keep_or_not
def test_nothing_is_remembered_between_calls(kind, keep):
    problem, other = draw(kind), draw(kind, seed=1)
    before, _ = forward(problem, keep)
    for name, array in problem.given.items():
        array[...] = other.given[name]
    after, _ = forward(problem, keep)
    same(after, forward(other, keep)[0])
    assert not np.array_equal(before["y"], after["y"])


@every_kind
@every_active
def test_backward_twice_gives_the_same_bits(kind, active):
    problem = draw(kind, active=active)
    _, tape = forward(problem)
    same(backward(problem, tape), backward(problem, tape))


@pytest.mark.sample(2)
@every_kind
@pytest.mark.parametrize("without", [["y"], ["h"], ["c"], ["h", "c"], ["y", "c"], ["y", "h"]])
def test_a_gradient_left_out_is_zero(kind, without):
    problem = draw(kind)
    without = [name for name in without if name in problem.cotangents]
    _, tape = forward(problem)
    zeros = {name: np.zeros_like(problem.cotangents[name]) for name in without}
    same(backward(problem, tape, **dict.fromkeys(without)), backward(problem, tape, **zeros))


@every_kind
def test_no_gradient_at_the_end_at_all(kind):
    problem = draw(kind)
    _, tape = forward(problem)
    dx, d_state, _ = sequence.backward(tape, problem.cotangents["y"])
    expected = backward(problem, tape, **dict.fromkeys(problem.cell.states))
    names = ("x", *problem.cell.states)
    same(dict(zip(names, (dx, *d_state), strict=True)), {name: expected[name] for name in names})


@every_kind
@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
def test_the_order_in_memory_does_not_matter(kind, axes):
    problem = draw(kind)
    expected = run(problem)
    back = np.argsort(axes)
    x = np.ascontiguousarray(problem.given["x"].transpose(axes)).transpose(back)
    dy = np.ascontiguousarray(problem.cotangents["y"].transpose(axes)).transpose(back)
    given = {n: np.asfortranarray(a) for n, a in problem.given.items()} | {"x": x}
    found = run(problem._replace(given=given, cotangents=problem.cotangents | {"y": dy}))
    for mine, wanted in zip(found, expected, strict=True):
        close(mine, wanted)


def test_outputs_land_where_they_are_wanted():
    problem = draw("gru", active="ragged")
    expected, _ = forward(problem)
    room = np.full((B, T, 2 * H), 9.0)
    out = room[..., H:].transpose(1, 2, 0)
    cell, given, _, active = problem
    weights = sequence.Weights(**{n: a for n, a in given.items() if n[0] in "Wb"})
    y, _, _ = sequence.forward(cell, given["x"], (given["h"],), weights, out=out, active=active)
    assert y is out
    np.testing.assert_array_equal(out, expected["y"])
    assert (room[..., :H] == 9).all()


# ------------------------------------------------------------------------------------ the sigmoid


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_the_logistic_function(dtype):
    z = np.array([-1000, -3, -0.5, 0, 0.5, 3, 1000], dtype)
    found = cells.sigmoid(z)
    assert found.dtype == dtype
    close({"sigmoid": found}, {"sigmoid": special.expit(z)}, tolerance=2 * np.finfo(dtype).eps)
    slope = cells.sigmoid(z + 1e-30j).imag / dtype(1e-30)
    close({"slope": slope}, {"slope": found * (1 - found)}, tolerance=4 * np.finfo(dtype).eps)


# --------------------------------------------------------------- tapes made elsewhere, tapes cut up


def recorded(problem, tape, **changed):
    """The tape of the same forward pass, from what an outsider knows of it."""
    cell, given, *_ = problem
    weights = sequence.Weights(**{n: a for n, a in given.items() if n[0] in "Wb"})
    h, *cs = tape.states
    states = (h[:, : weights.W_hh.shape[1]], *cs)
    gates = tape.gates if cell.kept else None
    arguments = {"weights": weights, "x": given["x"], "states": states, "gates": gates} | changed
    return sequence.record(cell, **arguments)


def outside(kind, problem) -> Any:
    """States and gates of a forward pass of its own: one step and one gate at a time."""
    given, K = problem.given, len(problem.cell.gates)
    states, gates = [[given[name] for name in problem.cell.states]], []
    for x in problem.given["x"]:
        h, *c = states[-1]
        a = (given["W_hh"] @ h + given["b_hh"][:, None]).reshape(K, H, B)
        b = (given["W_ih"] @ x + given["b_ih"][:, None]).reshape(K, H, B)
        if kind == "gru":
            r, u = special.expit(a[:2] + b[:2])
            n = np.tanh(b[2] + r * a[2])
            states.append([(1 - u) * n + u * h])
            gates.append([r, u, a[2], n])
        elif kind in ("lstm", "lstm_proj"):
            o, i, f = special.expit(a[:3] + b[:3])
            g = np.tanh(a[3] + b[3])
            c = f * c[0] + i * g
            h = o * np.tanh(c)
            states.append([given["W_hr"] @ h if kind == "lstm_proj" else h, c])
            gates.append([o, i, f, g])
        else:
            states.append([np.tanh(a[0] + b[0]) if kind == "rnn" else np.maximum(a[0] + b[0], 0)])
    stacked = tuple(np.array(part) for part in zip(*states, strict=True))
    return {"states": stacked, "gates": np.array(gates) if gates else None}


@pytest.mark.sample(3)
@every_kind
@pytest.mark.parametrize("steps", [T, 1])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_recorded_tape_is_that_of_forward(kind, steps, bias, dtype):
    problem = draw(kind, T=steps, bias=bias, dtype=dtype)
    _, tape = forward(problem)
    again = recorded(problem, tape)
    assert {a.dtype for a in arrays_of(again)} == {np.dtype(dtype)}
    same(backward(problem, again), backward(problem, tape))


@every_kind
def test_a_forward_pass_made_elsewhere_can_be_recorded(kind):
    problem = draw(kind)
    _, tape = forward(problem)
    elsewhere = recorded(problem, tape, **outside(kind, problem))
    close(backward(problem, elsewhere), backward(problem, tape))


@every_kind
def test_a_recorded_tape_is_not_of_a_forward_pass_made_anew(kind):
    """What was said to have happened is taken at its word."""
    problem = draw(kind)
    _, tape = forward(problem)
    changed = outside(kind, problem)
    changed["states"][0][3] *= 0.5
    gradients = backward(problem, recorded(problem, tape, **changed))
    expected = backward(problem, tape)
    assert not np.array_equal(gradients["W_hh"], expected["W_hh"])


@every_kind
def test_a_recorded_tape_shares_memory_with_nothing(kind):
    problem = draw(kind)
    _, tape = forward(problem)
    given = outside(kind, problem)
    x = problem.given["x"].copy()
    arrays = [x, *problem.given.values(), *given["states"]]
    arrays += [] if given["gates"] is None else [given["gates"]]
    for array in arrays:
        array.setflags(write=False)
    again = recorded(problem, tape, x=x, **given)
    for kept in arrays_of(again):
        assert not any(np.may_share_memory(kept, array) for array in arrays)
    expected = backward(problem, again)
    for array in arrays:
        array.setflags(write=True)
        array[...] = -77
    same(backward(problem, again), expected)


@every_kind
def test_the_common_dtype_is_recorded(kind):
    problem = draw(kind, dtype=np.float32)
    _, tape = forward(problem)
    again = recorded(problem, tape, x=problem.given["x"].astype(np.float64))
    assert {a.dtype for a in arrays_of(again)} == {np.dtype(np.float64)}
    close(backward(problem, again), backward(problem, tape), tolerance=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "lstm_proj", "gru"])
def test_gates_that_are_kept_must_be_recorded(kind):
    problem = draw(kind)
    _, tape = forward(problem)
    with pytest.raises(ValueError, match=f"{problem.cell.__name__} keeps its gates"):
        recorded(problem, tape, gates=None)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("x", (T, 8, B), r"x has 8 features but these weights take 3 \(x is .* = \(7, 8, 5\)\)"),
        ("x", (T + 1, I, B), r"h is \(8, 2, 5\): \(9, 2, 5\) is needed"),
        ("x", (T, I), r"x is \(7, 3\): three axes"),
        ("h", (T, P, B), r"h is \(7, 2, 5\): \(8, 2, 5\) is needed"),
        ("h", (T + 1, H, B), r"h is \(4, 5\): \(2, 5\) is needed"),
        ("c", (T, H, B), r"c is \(7, 4, 5\): \(8, 4, 5\) is needed"),
        ("c", (T + 1, H, 1), r"c is \(4, 1\): \(4, 5\) is needed"),
        ("gates", (T, 3, H, B), r"gates is \(7, 3, 4, 5\): \(7, 4, 4, 5\) is needed"),
        ("gates", (T + 1, 4, H, B), r"gates is \(8, 4, 4, 5\): \(7, 4, 4, 5\) is needed"),
        ("gates", (T, 4 * H, B), r"gates is \(7, 16, 5\): \(7, 4, 4, 5\) is needed"),
    ],
)
def test_records_that_do_not_fit_are_named(name, shape, message):
    problem = draw("lstm_proj")
    _, tape = forward(problem)
    h, c = tape.states[0][:, :P], tape.states[1]
    wrong = np.ones(shape)
    changed = {"h": {"states": (wrong, c)}, "c": {"states": (h, wrong)}}.get(name, {name: wrong})
    with pytest.raises(ValueError, match=message):
        recorded(problem, tape, **changed)


def test_a_record_has_one_array_for_each_state():
    problem = draw("lstm")
    _, tape = forward(problem)
    with pytest.raises(ValueError, match=r"state holds 1 arrays: one each is needed for h, c"):
        recorded(problem, tape, states=(tape.states[1],))


@pytest.mark.parametrize("dtype", [np.int64, np.float16])
def test_a_record_of_other_numbers_is_refused(dtype):
    problem = draw("rnn")
    _, tape = forward(problem)
    with pytest.raises(TypeError, match=f"x is {np.dtype(dtype)}: float32 or float64"):
        recorded(problem, tape, x=problem.given["x"].astype(dtype))


@pytest.mark.sample(3)
@every_kind
@every_active
@pytest.mark.parametrize("cuts", [[1], [4], [T - 1], [2, 3], [0], [T]])
def test_backward_through_the_parts_of_a_tape_is_through_the_whole(kind, active, cuts):
    problem = draw(kind, active=active)
    _, tape = forward(problem)
    cell, _, cotangents, _ = problem
    parts, d_state = [], tuple(cotangents[name] for name in cell.states)
    edges = [0, *cuts, T]
    for start, stop in reversed(list(itertools.pairwise(edges))):
        piece = sequence.cut(tape, start, stop)
        dx, d_state, d_weights = sequence.backward(piece, cotangents["y"][start:stop], d_state)
        parts.insert(0, (dx, d_weights))
    found = {"x": np.concatenate([dx for dx, _ in parts])}
    found |= dict(zip(cell.states, d_state, strict=True))
    for name in sequence.Weights._fields:
        if name in problem.given:
            found[name] = np.sum([getattr(d_weights, name) for _, d_weights in parts], axis=0)
    close(found, backward(problem, tape), zeros=kind == "relu")


@every_kind
@every_active
def test_a_cut_lies_on_the_memory_of_the_tape_and_leaves_it_alone(kind, active):
    problem = draw(kind, active=active)
    _, tape = forward(problem)
    before = [array.copy() for array in arrays_of(tape)]
    piece = sequence.cut(tape, 2, 5)
    if problem.cell.kept:
        assert np.may_share_memory(piece.gates, tape.gates)
    assert np.may_share_memory(piece.x, tape.x)
    for one, whole in zip(piece.states, tape.states, strict=True):
        assert len(one) == 4
        assert np.may_share_memory(one, whole)
    d_state = tuple(problem.cotangents[name] for name in problem.cell.states)
    sequence.backward(piece, problem.cotangents["y"][2:5], d_state)
    for array, was in zip(arrays_of(tape), before, strict=True):
        if array.size:
            np.testing.assert_array_equal(array, was)


@every_kind
def test_a_recorded_tape_may_be_cut(kind):
    problem = draw(kind)
    _, tape = forward(problem)
    d_state = tuple(problem.cotangents[name] for name in problem.cell.states)
    found, expected = (
        sequence.backward(sequence.cut(each, 3, T), problem.cotangents["y"][3:], d_state)
        for each in (recorded(problem, tape), tape)
    )
    same(dict(enumerate(flat(found))), dict(enumerate(flat(expected))))


def flat(gradients):
    """dx, those by the states and those by the weights in one list."""
    dx, d_state, d_weights = gradients
    return [dx, *d_state, *(d for d in d_weights if d is not None)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_given_away_is_not_copied(dtype):
    """c and the gates become the tape's, unless they are of another dtype."""
    problem = draw("lstm")
    _, tape = forward(problem)
    c, gates = (array.astype(dtype) for array in (tape.states[1], tape.gates))
    states = (tape.states[0][:, :H], c)
    given = recorded(problem, tape, states=states, gates=gates, copy=False)
    assert (given.gates is gates) == (given.states[1] is c) == (dtype == np.float64)
    copied = recorded(problem, tape, states=states, gates=gates)
    for a, b in zip(arrays_of(copied), arrays_of(given), strict=True):
        np.testing.assert_array_equal(a, b)


@every_kind
@pytest.mark.parametrize("length", [1, 3, T])
def test_the_gradients_by_the_states_on_the_way(monkeypatch, kind, length):
    """Those at t are what the rest of the sequence gives for its start, and the output's at t."""
    monkeypatch.setattr(sequence, "_chunk_length", lambda *_: length)
    problem = draw(kind)
    outputs, tape = forward(problem)
    dy, d_end = problem.cotangents["y"], tuple(problem.cotangents[n] for n in problem.cell.states)
    along = tuple(np.full((T + 1, *outputs[n].shape), np.nan) for n in problem.cell.states)
    sequence.backward(tape, dy, d_end, d_states_along=along)
    for t in range(T):
        _, expected, _ = sequence.backward(sequence.cut(tape, t, T), dy[t:], d_end)
        of_output = (dy[t - 1] if t else 0, 0)
        for found, later, own in zip(along, expected, of_output, strict=False):
            np.testing.assert_allclose(found[t], later + own, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(along[0][T], d_end[0] + dy[T - 1])
    if len(along) == 2:
        np.testing.assert_array_equal(along[1][T], d_end[1])


def test_by_default_all_is_given_and_kept():
    """The outputs, and the tape that backward needs."""
    rnn = nn.RNN(3, 2, rng=0)
    weights = packings.TORCH.read(cells.RNN, rnn.params, "_l0")
    x = np.ones((4, 3, 5), np.float32)
    y, _, tape = sequence.forward(cells.RNN, x, (np.zeros((2, 5), np.float32),), weights)
    assert y.shape == (4, 2, 5)
    dx, _, _ = sequence.backward(tape, np.ones_like(y), None)
    assert dx.shape == x.shape
