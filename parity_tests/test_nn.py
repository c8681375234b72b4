"""The face: every promise of handrnn.nn, next to torch.nn where torch makes the same one."""

import copy
import inspect
import pathlib
import pickle
import tracemalloc
import zipfile
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from handrnn import nn

T, B, I, H, P = 5, 4, 3, 6, 2
EVERYTHING = {"num_layers": 2, "bias": False, "batch_first": True, "bidirectional": True}
SEQUENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "RNN": ("RNN", {}),
    "RNN relu": ("RNN", {"nonlinearity": "relu"}),
    "LSTM": ("LSTM", {}),
    "LSTM projected": ("LSTM", {"proj_size": P}),
    "GRU": ("GRU", {}),
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_layers": 3},
    {"bidirectional": True},
    {"bias": False},
    {"batch_first": True},
    {"num_layers": 2, "dropout": 0.25},
    EVERYTHING | {"dropout": 0.5},
]
CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "RNNCell": ("RNNCell", {}),
    "RNNCell relu": ("RNNCell", {"nonlinearity": "relu"}),
    "LSTMCell": ("LSTMCell", {}),
    "GRUCell": ("GRUCell", {}),
}
MODULES = SEQUENCES | CELLS | {"Linear": ("Linear", {})}
CASES = [
    *[
        (name, kind, own | more)
        for (name, (kind, own)), more in product(SEQUENCES.items(), OPTIONS)
    ],
    *[
        (name, kind, own | more)
        for name, (kind, own) in MODULES.items()
        if name not in SEQUENCES
        for more in ({}, {"bias": False})
    ],
]
every_sequence = pytest.mark.parametrize("name", SEQUENCES)
every_cell = pytest.mark.parametrize("name", CELLS)
every_module = pytest.mark.parametrize("name", MODULES)
every_case = pytest.mark.parametrize(
    ("kind", "options"),
    [pytest.param(kind, options, id=f"{name}-{options}") for name, kind, options in CASES],
)


@pytest.fixture(scope="module")
def torch():
    """The witness, or a skip that says how to get it."""
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


def make(name, rng: Any = 0, **more) -> Any:
    """A float64 module."""
    kind, options = MODULES[name]
    return getattr(nn, kind)(I, H, **{"dtype": np.float64, "rng": rng} | options | more)


def witness(torch, module):
    """The torch module with the same weights, built without `to_torch`."""
    options = {"dtype": getattr(torch, module.dtype.name)} | module._arguments()
    theirs = getattr(torch.nn, type(module).__name__)(**options)
    theirs.load_state_dict({n: torch.tensor(a) for n, a in module.params.items()})
    return theirs.train(module.training)


def normal(*shape, seed=0, dtype: Any = np.float64):
    """Numbers that nothing is hidden by."""
    return (
        np.random.default_rng(np.random.SeedSequence((9, seed)))
        .standard_normal(shape)
        .astype(dtype)
    )


def is_lstm(module):
    """Whether the state is a pair."""
    return isinstance(module, nn.LSTM | nn.LSTMCell)


def example(module, *, seed=0, T=T, B=B, unbatched=False) -> Any:
    """(x, state, d_output, d_state) for any module but Linear, random, in the module's shapes."""
    one = () if unbatched else (B,)
    dtype, hidden = module.dtype, module.hidden_size
    if isinstance(module, nn.RecurrentCell):
        shapes = [(*one, I), (*one, hidden), (*one, hidden), ()]
    else:
        D = 2 if module.bidirectional else 1
        R = module.proj_size or hidden
        LD = module.num_layers * D
        steps = (B, T) if module.batch_first and not unbatched else (T, *one)
        shapes = [(*steps, I), (LD, *one, R), (LD, *one, hidden), (*steps, D * R)]
    x, h, c, dy, dh, dc = (
        normal(*shape, seed=(seed + 1) * 10 + k, dtype=dtype)
        for k, shape in enumerate([*shapes[:3], shapes[3], *shapes[1:3]])
    )
    return (x, (h, c), dy, (dh, dc)) if is_lstm(module) else (x, h, dy, dh)


def parts(state):
    """The arrays of a state."""
    return list(state) if isinstance(state, tuple) else [state]


def run(module, x, state, dy, d_state, **options):
    """Forward and backward of any module but Linear: a flat list of arrays, and the gradients."""
    if isinstance(module, nn.RecurrentCell):
        end = module(x, state)
        dx, d_start = module.backward(d_state)
        found = [*parts(end), dx, *parts(d_start)]
    else:
        y, end = module(x, state, **options)
        dx, d_start = module.backward(dy, d_state)
        found = [y, *parts(end), dx, *parts(d_start)]
    return [*found, *(g.copy() for g in module.grads.values())]


def run_torch(torch, theirs, x, state, dy, d_state):
    """The same by autograd."""
    x = torch.tensor(x, requires_grad=True)
    starts = [torch.tensor(part, requires_grad=True) for part in parts(state)]
    result = theirs(x, tuple(starts) if len(starts) == 2 else starts[0])
    ends = [result] if dy.ndim == 0 else list(result)
    ends = [*ends[:-1], *(ends[-1] if isinstance(ends[-1], tuple) else [ends[-1]])]
    given = parts(d_state) if dy.ndim == 0 else [dy, *parts(d_state)]
    torch.autograd.backward(ends, [torch.tensor(d) for d in given])
    grads = [x.grad, *(s.grad for s in starts), *(p.grad for p in theirs.parameters())]
    return [tensor.detach().numpy() for tensor in [*ends, *grads]]


def close(found, expected, tolerance=1e-12):
    """Normwise, array by array; a reference of zeros proves nothing."""
    for index, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert a.shape == b.shape, index
        if b.size:
            assert np.abs(b).max() > 0, f"array {index}: the reference is zero"
            assert np.abs(a - b).max() <= tolerance * np.abs(b).max(), index


def same(found, expected):
    """The same bits."""
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# ------------------------------------------------------------------------ construction and weights


@every_case
def test_parameters_have_torchs_names_shapes_and_order(torch, kind, options):
    mine, theirs = getattr(nn, kind)(I, H, **options), getattr(torch.nn, kind)(I, H, **options)
    expected = {n: tuple(p.shape) for n, p in theirs.state_dict().items()}
    assert {n: a.shape for n, a in mine.params.items()} == expected
    assert list(mine.params) == list(mine.grads) == list(mine.state_dict()) == list(expected)
    assert [n for n in dir(mine) if n in expected] == sorted(expected)
    assert {a.dtype for a in [*mine.params.values(), *mine.grads.values()]} == {np.dtype("float32")}


@every_case
def test_repr_is_torchs(torch, kind, options):
    mine, theirs = getattr(nn, kind)(I, H, **options), getattr(torch.nn, kind)(I, H, **options)
    shown = ", nonlinearity=relu" if kind == "RNN" and "nonlinearity" in options else ""
    assert repr(mine) == f"{repr(theirs)[:-1]}{shown})"


POSITIONAL = {
    "RNN": (I, H, 2, "relu", False, True, 0.25, True),
    "LSTM": (I, H, 2, False, True, 0.25, True, P),
    "GRU": (I, H, 2, False, True, 0.25, True),
    "RNNCell": (I, H, False, "relu"),
    "LSTMCell": (I, H, False),
    "GRUCell": (I, H, False),
    "Linear": (I, H, False),
}


@pytest.mark.parametrize(("kind", "positional"), POSITIONAL.items())
@pytest.mark.parametrize("all_of_them", [True, False])
def test_arguments_and_defaults_are_torchs(torch, kind, positional, all_of_them):
    arguments = positional if all_of_them else positional[:2]
    mine, theirs = getattr(nn, kind)(*arguments), getattr(torch.nn, kind)(*arguments)
    ours_alone = {"device", "dtype", "rng"}
    ours_alone |= {"proj_size"} if kind == "GRU" else set()  # refused, as there
    names = [n for n in inspect.signature(type(mine)).parameters if n not in ours_alone]
    assert len(names) == len(positional)
    for name in names:
        expected = getattr(theirs, name)
        if name == "bias" and kind == "Linear":
            assert ("bias" in mine.params) == (expected is not None)
        else:
            assert getattr(mine, name) == expected, name
    with pytest.raises(TypeError, match=r"positional|integer"):
        getattr(nn, kind)(*positional, np.float64)


@pytest.mark.sample(3)
@pytest.mark.parametrize(("kind", "options"), [*MODULES.values(), ("LSTM", EVERYTHING)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_distribution_is_torchs(kind, options, dtype):
    inputs, hidden = 50, 40
    module = getattr(nn, kind)(inputs, hidden, **options, dtype=dtype, rng=3)
    bound = 1 / np.sqrt(inputs if kind == "Linear" else hidden)
    for name, array in module.params.items():
        assert array.dtype == dtype
        assert np.abs(array).max() <= dtype(bound), name
        p = stats.kstest(array.ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue
        assert p > 1e-3, (name, p)
    flat = np.concatenate([a.ravel() for a in module.params.values()])
    assert stats.kstest(flat, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3
    assert len(np.unique(flat)) > 0.99 * flat.size  # no array is a copy of another


@every_module
def test_initial_distribution_of_torch_has_the_same_ends(torch, name):
    kind, options = MODULES[name]
    torch.manual_seed(0)
    for parameter in getattr(torch.nn, kind)(50, 40, **options).parameters():
        largest = parameter.abs().max().item() * np.sqrt(50 if kind == "Linear" else 40)
        assert 0.8 < largest <= 1 + 1e-6


@every_module
def test_same_seed_same_bits(name):
    def weights(rng):
        return make(name, rng=rng).params.values()

    same(weights(7), weights(7))
    same(weights(7), weights(np.random.default_rng(7)))
    one_generator = np.random.default_rng(7)
    for others in (weights(8), weights(None), (weights(one_generator), weights(one_generator))[1]):
        assert not any(np.array_equal(a, b) for a, b in zip(weights(7), others, strict=True))


@every_module
def test_parameters_can_be_drawn_afresh(name):
    module = make(name)
    before = module.state_dict()
    live = dict(module.params)
    module.reset_parameters()
    assert all(live[n] is a for n, a in module.params.items())
    assert not any(np.array_equal(before[n], a) for n, a in module.params.items())


BAD_CONSTRUCTIONS = {
    "input_size zero": ("LSTM", (0, H), {}, "input_size is 0"),
    "input_size negative": ("RNN", (-1, H), {}, "input_size is -1"),
    "input_size float": ("GRU", (3.0, H), {}, "input_size is 3.0"),
    "hidden_size zero": ("GRU", (I, 0), {}, "hidden_size is 0"),
    "hidden_size float": ("LSTM", (I, 6.5), {}, "hidden_size is 6.5"),
    "num_layers zero": ("RNN", (I, H), {"num_layers": 0}, "num_layers is 0"),
    "num_layers float": ("RNN", (I, H), {"num_layers": 2.0}, "num_layers is 2.0"),
    "bias not bool": ("LSTM", (I, H), {"bias": 1}, "bias is 1"),
    "batch_first not bool": ("LSTM", (I, H), {"batch_first": "yes"}, "batch_first is 'yes'"),
    "dropout above one": ("LSTM", (I, H, 2), {"dropout": 1.5}, "dropout is 1.5"),
    "dropout negative": ("GRU", (I, H, 2), {"dropout": -0.1}, "dropout is -0.1"),
    "dropout bool": ("GRU", (I, H, 2), {"dropout": True}, "dropout is True"),
    "dropout string": ("GRU", (I, H, 2), {"dropout": "half"}, "dropout is 'half'|could not"),
    "nonlinearity": ("RNN", (I, H), {"nonlinearity": "sigmoid"}, "nonlinearity is 'sigmoid'"),
    "proj_size equal": ("LSTM", (I, H), {"proj_size": H}, "proj_size 6 must be smaller"),
    "proj_size larger": ("LSTM", (I, H), {"proj_size": 7}, "proj_size 7 must be smaller"),
    "proj_size negative": ("LSTM", (I, H), {"proj_size": -1}, "proj_size is -1"),
    "proj_size of a GRU": ("GRU", (I, H), {"proj_size": P}, "proj_size"),
    "proj_size of an RNN": ("RNN", (I, H), {"proj_size": P}, "proj_size"),
    "unknown option": ("LSTM", (I, H), {"layers": 2}, "layers"),
    "integer dtype": ("LSTM", (I, H), {"dtype": "int64"}, "dtype is int64"),
    "Linear negative": ("Linear", (-1, H), {}, "in_features is -1"),
    "cell float": ("LSTMCell", (I, 2.5), {}, "hidden_size is 2.5"),
}


@pytest.mark.parametrize("bad", BAD_CONSTRUCTIONS)
def test_constructions_that_are_refused(bad):
    kind, sizes, options, message = BAD_CONSTRUCTIONS[bad]
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(nn, kind)(*sizes, **options)


@pytest.mark.parametrize("bad", BAD_CONSTRUCTIONS)
def test_constructions_that_torch_refuses_too(torch, bad):
    kind, sizes, options, _ = BAD_CONSTRUCTIONS[bad]
    if "dtype" in options:
        options = {"dtype": getattr(torch, options["dtype"])}
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        getattr(torch.nn, kind)(*sizes, **options)


@pytest.mark.parametrize("dtype", ["float16", "complex128", "longdouble"])
def test_a_module_is_single_or_double(dtype):
    with pytest.raises(TypeError, match="float32 or float64 is needed"):
        nn.LSTM(I, H, dtype=dtype)


@pytest.mark.parametrize("p", [0, 1, np.float32(0.5), np.float64(0.5)])
def test_dropout_is_any_number_in_its_range(torch, p):
    assert nn.LSTM(I, H, 2, dropout=p).dropout == torch.nn.LSTM(I, H, 2, dropout=p).dropout == p


def test_dropout_in_a_single_layer_warns_as_torch_does(torch):
    for library in (nn, torch.nn):
        with pytest.warns(UserWarning, match="dropout") as caught:
            library.LSTM(I, H, dropout=0.5)
        assert library is not nn or caught[0].filename == __file__


# -------------------------------------------------------------------------------- calls, one by one


def pair(m, a):
    """The state of an LSTM as a pair."""
    return (a, a) if is_lstm(m) or type(m).__name__.startswith("LSTM") else a


BAD_CALLS = {
    "features": (lambda m, a: m(a(T, B, I + 1)), "x has 4 features but these weights take 3"),
    "unbatched features": (lambda m, a: m(a(T, I + 1)), r"\(x is \(T, I\) = \(5, 4\)\)"),
    "one axis": (lambda m, a: m(a(I)), r"x is \(3,\)"),
    "four axes": (lambda m, a: m(a(1, T, B, I)), r"x is \(1, 5, 4, 3\)"),
    "no steps": (lambda m, a: m(a(0, B, I)), "Expected sequence length to be larger than 0"),
    "no steps, unbatched": (lambda m, a: m(a(0, I)), "Expected sequence length to be larger"),
    "other dtype": (lambda m, a: m(a(T, B, I, dtype="float32")), "x is float32 but this"),
    "half precision": (lambda m, a: m(a(T, B, I, dtype="float16")), "x is float16 but this"),
    "integers": (lambda m, a: m(a(T, B, I, dtype="int64")), "x is int64 but this"),
    "state layers": (lambda m, a: m(a(T, B, I), pair(m, a(1, B, H))), "state"),
    "state batch": (lambda m, a: m(a(T, B, I), pair(m, a(2, 1, H))), "state"),
    "state features": (lambda m, a: m(a(T, B, I), pair(m, a(2, B, H + 1))), "state"),
    "state unbatched": (lambda m, a: m(a(T, B, I), pair(m, a(2, H))), "state"),
    "x unbatched": (lambda m, a: m(a(T, I), pair(m, a(2, B, H))), "state"),
    "state dtype": (lambda m, a: m(a(T, B, I), pair(m, a(2, B, H, dtype="float32"))), "state"),
    "state pair or not": (
        lambda m, a: m(a(T, B, I), a(2, B, H) if pair(m, 0) else (a(2, B, H),) * 2),
        "state",
    ),
}


@every_sequence
@pytest.mark.parametrize("bad", BAD_CALLS)
def test_calls_that_are_refused(name, bad):
    call, message = BAD_CALLS[bad]
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        call(make(name, num_layers=2), lambda *shape, dtype="float64": np.ones(shape, dtype))


@every_sequence
@pytest.mark.parametrize("bad", BAD_CALLS)
def test_calls_that_torch_refuses_too(torch, name, bad):
    theirs = witness(torch, make(name, num_layers=2))
    with pytest.raises((ValueError, TypeError, RuntimeError, AttributeError)):
        BAD_CALLS[bad][0](
            theirs, lambda *shape, dtype="float64": torch.ones(shape, dtype=getattr(torch, dtype))
        )


BAD_CELL_CALLS = {
    "features": (lambda m, a: m(a(B, I + 1)), r"x is \(4, 4\)"),
    "three axes": (lambda m, a: m(a(1, B, I)), r"x is \(1, 4, 3\)"),
    "no axis": (lambda m, a: m(a()), r"x is \(\)"),
    "dtype": (lambda m, a: m(a(B, I, dtype="float32")), "x is float32"),
    "integers": (lambda m, a: m(a(B, I, dtype="int64")), "x is int64"),
    "state batch": (lambda m, a: m(a(B, I), pair(m, a(B + 1, H))), r"state is \(5, 6\)"),
    "state features": (lambda m, a: m(a(B, I), pair(m, a(B, H + 1))), r"state is \(4, 7\)"),
    "state three axes": (lambda m, a: m(a(B, I), pair(m, a(1, B, H))), r"state is \(1, 4, 6\)"),
    "state dtype": (lambda m, a: m(a(B, I), pair(m, a(B, H, dtype="float32"))), "state is float32"),
}


@every_cell
@pytest.mark.parametrize("bad", BAD_CELL_CALLS)
def test_cell_calls_that_are_refused(name, bad):
    call, message = BAD_CELL_CALLS[bad]
    with pytest.raises((ValueError, TypeError), match=message):
        call(make(name), lambda *shape, dtype="float64": np.ones(shape, dtype))


@every_cell
@pytest.mark.parametrize("bad", BAD_CELL_CALLS)
def test_cell_calls_that_torch_refuses_too(torch, name, bad):
    theirs = witness(torch, make(name))
    with pytest.raises((ValueError, TypeError, RuntimeError, IndexError)):
        BAD_CELL_CALLS[bad][0](
            theirs, lambda *shape, dtype="float64": torch.ones(shape, dtype=getattr(torch, dtype))
        )


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((B, I + 1), "float64", r"x is \(4, 4\): its last axis must be in_features, 3"),
        ((), "float64", r"x is \(\)"),
        ((B, I), "float32", "x is float32 but this Linear is float64"),
        ((B, I), "int64", "x is int64"),
    ],
)
def test_linear_calls_that_are_refused(shape, dtype, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make("Linear")(np.ones(shape, dtype))


@every_sequence
@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([0, 1, 2, 3], r"1\.\.T = 1\.\.5, got \[0, 1, 2, 3\]"),
        ([1, 2, 3, 6], r"1\.\.T = 1\.\.5, got \[1, 2, 3, 6\]"),
        ([-1, 2, 3, 4], r"1\.\.T"),
        ([1, 2, 3], r"lengths is \(3,\): \(4,\)|lengths are \(3,\)"),
        ([[1, 2, 3, 4]], r"lengths is \(1, 4\): \(4,\)"),
        (3, r"lengths is \(\): \(4,\)"),
        ([1.0, 2.0, 3.0, 4.0], "lengths are float64: integers"),
        ([True] * 4, "lengths are bool: integers"),
    ],
)
def test_lengths_that_are_refused(name, lengths, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make(name)(np.ones((T, B, I)), lengths=lengths)


def test_lengths_are_for_a_batch():
    with pytest.raises(ValueError, match="lengths are for a batch"):
        make("GRU")(np.ones((T, I)), lengths=[T])


# -------------------------------------------------------------------------------------- the numbers


@every_sequence
@pytest.mark.parametrize("more", [{}, EVERYTHING])
@pytest.mark.parametrize("unbatched", [True, False])
def test_equals_torch(torch, name, more, unbatched):
    module = make(name, **more)
    given = example(module, unbatched=unbatched)
    close(run(module, *given), run_torch(torch, witness(torch, module), *given))


@every_sequence
@pytest.mark.parametrize("more", [{}, EVERYTHING])
def test_unbatched_is_a_batch_of_one(name, more):
    module, other = make(name, **more), make(name, **more)
    x, state, dy, d_state = example(module, unbatched=True)
    batch = 0 if module.batch_first else 1
    expected = run(
        other,
        np.expand_dims(x, batch),
        tuple(s[:, None] for s in state) if is_lstm(module) else state[:, None],
        np.expand_dims(dy, batch),
        tuple(s[:, None] for s in d_state) if is_lstm(module) else d_state[:, None],
    )
    found = run(module, x, state, dy, d_state)
    axes = [batch, 1, 1, batch, 1, 1] if is_lstm(module) else [batch, 1, batch, 1]
    same(
        found,
        [*(a.squeeze(k) for a, k in zip(expected, axes, strict=False)), *expected[len(axes) :]],
    )


@every_sequence
@pytest.mark.parametrize("more", [{}, EVERYTHING | {"dropout": 0.5}])
def test_no_examples(torch, name, more):
    module = make(name, **more)
    given = example(module, B=0)
    found, expected = run(module, *given), run_torch(torch, witness(torch, module), *given)
    assert [a.shape for a in found] == [a.shape for a in expected]
    assert not any(a.any() for a in [*found, *expected])
    y, _ = module(given[0], lengths=np.zeros(0, int))
    assert y.shape == found[0].shape


@every_sequence
def test_no_state_is_a_state_of_zeros(name):
    module, other = make(name, **EVERYTHING), make(name, **EVERYTHING)
    x, state, dy, d_state = example(module)
    zeros = tuple(np.zeros_like(s) for s in state) if is_lstm(module) else np.zeros_like(state)
    same(run(module, x, None, dy, d_state), run(other, x, zeros, dy, d_state))


@every_sequence
def test_a_gradient_left_out_is_zero(name):
    module, other = make(name, **EVERYTHING), make(name, **EVERYTHING)
    x, state, dy, d_state = example(module)
    none = (None, None) if is_lstm(module) else None
    zeros = tuple(0 * d for d in d_state) if is_lstm(module) else 0 * d_state
    same(run(module, x, state, dy, none), run(other, x, state, dy, zeros))
    same(run(module, x, state, None, d_state), run(other, x, state, 0 * dy, d_state))
    if is_lstm(module):
        for k in (0, 1):
            mixed = tuple(None if j == k else d for j, d in enumerate(d_state))
            filled = tuple(0 * d if j == k else d for j, d in enumerate(d_state))
            same(run(module, x, state, dy, mixed), run(other, x, state, dy, filled))


@every_cell
@pytest.mark.parametrize("more", [{}, {"bias": False}])
@pytest.mark.parametrize("unbatched", [True, False])
def test_one_step_of_a_cell_equals_torch(torch, name, more, unbatched):
    module = make(name, **more)
    given = example(module, unbatched=unbatched)
    close(run(module, *given), run_torch(torch, witness(torch, module), *given))


@every_cell
@pytest.mark.parametrize("with_state", [True, False])
def test_a_loop_over_a_cell_followed_by_a_loop_back(torch, name, with_state):
    module = make(name)
    theirs = witness(torch, module)
    x, dys = normal(6, B, I), normal(6, B, H, seed=1)
    _, state, _, d_state = example(module)
    state = state if with_state else None

    tensors = torch.tensor(x, requires_grad=True)
    starts = [torch.tensor(s, requires_grad=True) for s in parts(state)] if with_state else []
    end: Any = (tuple(starts) if is_lstm(module) else starts[0]) if with_state else None
    outputs = []
    for t in range(6):
        end = theirs(tensors[t], end)
        outputs.append(parts(end)[0])
    torch.autograd.backward(
        [*outputs, *parts(end)], [torch.tensor(d) for d in [*dys, *parts(d_state)]]
    )

    mine = state
    for t in range(6):
        mine = module(x[t], mine)
    close(parts(mine), [part.detach().numpy() for part in parts(end)])
    d, dx = d_state, np.empty_like(x)
    for t in reversed(range(6)):
        d = (d[0] + dys[t], d[1]) if is_lstm(module) else d + dys[t]
        dx[t], d = module.backward(d)
    close(
        [dx, *module.grads.values()],
        [tensors.grad.numpy(), *(p.grad.numpy() for p in theirs.parameters())],
    )
    if with_state:
        close(parts(d), [s.grad.numpy() for s in starts])
    with pytest.raises(RuntimeError, match="needs a forward"):
        module.backward(d)


@every_cell
def test_a_failed_backward_of_a_cell_can_be_repeated(name):
    module = make(name)
    x, state, dy, d_state = example(module)
    expected = run(module, x, state, dy, d_state)
    module.zero_grad()
    module(x, state)
    with pytest.raises(ValueError, match="d_state is"):
        module.backward(pair(module, np.ones((1, H))))
    assert not any(g.any() for g in module.grads.values())
    dx, _ = module.backward(d_state)
    np.testing.assert_array_equal(dx, expected[len(parts(state))])


@every_cell
def test_a_cell_remembers_its_calls_until_a_loop_back_is_over(name):
    module = make(name)
    x, state, _, d_state = example(module)
    module(x, state)
    module(x, state)
    module.zero_grad()
    module.backward(d_state)
    once = {key: value.copy() for key, value in module.grads.items()}
    module(x, state)  # begins anew: the first call of before is forgotten
    module.zero_grad()
    module.backward(d_state)
    for key, value in once.items():
        np.testing.assert_array_equal(module.grads[key], value)
    with pytest.raises(RuntimeError, match="needs a forward"):
        module.backward(d_state)


@every_cell
def test_a_cell_in_eval_mode_forgets_its_calls(name):
    module = make(name)
    x, state, _, d_state = example(module)
    module(x, state)
    module.eval()(x, state)
    with pytest.raises(RuntimeError, match="needs a forward"):
        module.backward(d_state)


@pytest.mark.parametrize("shape", [(I,), (B, I), (T, B, I), (2, T, B, I), (0, I), (T, 0, I)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_equals_torch(torch, shape, bias):
    module = make("Linear", bias=bias)
    theirs = witness(torch, module)
    x, dy = normal(*shape), normal(*shape[:-1], H, seed=1)
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor)
    expected.backward(torch.tensor(dy))
    y = module(x)
    dx = module.backward(dy)
    found = [y, dx, *module.grads.values()]
    grads = [p.grad.numpy() for p in theirs.parameters()]
    wanted = [expected.detach().numpy(), tensor.grad.numpy(), *grads]
    if x.size:
        close(found, wanted)
    else:
        same(found, wanted)


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 2), (2, 0)])
def test_linear_without_features(torch, inputs, outputs):
    module = nn.Linear(inputs, outputs, dtype=np.float64, rng=0)
    y = module(np.ones((B, inputs)))
    assert y.shape == (B, outputs)
    assert module.backward(np.ones((B, outputs))).shape == (B, inputs)
    np.testing.assert_array_equal(module.grads["bias"], np.full(outputs, B))


@every_sequence
@pytest.mark.parametrize("more", [{}, EVERYTHING])
def test_float32_stays_float32(name, more):
    single, double = make(name, dtype=np.float32, **more), make(name, **more)
    found = run(single, *example(single))
    assert {a.dtype for a in found} == {np.dtype(np.float32)}
    close(found, run(double, *example(double)), tolerance=1e-4)


# ------------------------------------------------------------------------------------- the lengths

LENGTHS = np.array([2, 5, 1, 4])


def padding(module, lengths=LENGTHS):
    """Where nothing stands, in the axes of x."""
    beyond = np.arange(T)[:, None] >= lengths
    return beyond.T if module.batch_first else beyond


@pytest.mark.sample(5)
@every_sequence
@pytest.mark.parametrize("more", [{}, EVERYTHING, {"num_layers": 2, "dropout": 0.5}])
@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e300])
def test_what_stands_in_the_padding_changes_nothing(name, more, garbage):
    module, other = make(name, **more), make(name, **more)
    x, state, dy, d_state = example(module)
    beyond = padding(module)
    x[beyond] = dy[beyond] = 0
    expected = run(other, x, state, dy, d_state, lengths=LENGTHS)
    x[beyond] = dy[beyond] = garbage
    found = run(module, x, state, dy, d_state, lengths=LENGTHS)
    same(found, expected)
    y, dx = found[0], found[1 + len(parts(state))]
    assert not y[beyond].any()
    assert not dx[beyond].any()
    assert all(row.any() for row in y[~beyond])


@pytest.mark.sample(3)
@every_sequence
@pytest.mark.parametrize("more", [{}, EVERYTHING])
@pytest.mark.parametrize("lengths", [LENGTHS, np.array([1, 2, 2, 3]), np.array([1, 1, 1, 1])])
def test_lengths_equal_a_packed_sequence(torch, name, more, lengths):
    module = make(name, **more)
    theirs = witness(torch, module)
    x, state, dy, d_state = example(module)
    rnn = torch.nn.utils.rnn

    class Packed:
        def __call__(self, x, state):
            packed = rnn.pack_padded_sequence(
                x, torch.tensor(lengths), module.batch_first, enforce_sorted=False
            )
            y, end = theirs(packed, state)
            y, _ = rnn.pad_packed_sequence(y, module.batch_first, total_length=T)
            return y, end

        def parameters(self):
            return theirs.parameters()

    expected = run_torch(torch, Packed(), x, state, dy, d_state)
    for form in (
        lengths,
        lengths.tolist(),
        tuple(lengths),
        torch.tensor(lengths),
        lengths.astype("u1"),
    ):
        module.zero_grad()
        close(run(module, x, state, dy, d_state, lengths=form), expected)


@every_sequence
def test_each_example_is_as_if_alone(name):
    module = make(name, **EVERYTHING)
    x, state, _, _ = example(module)
    y, end = module(x, state, lengths=LENGTHS)
    for b, length in enumerate(LENGTHS):
        alone = tuple(s[:, b] for s in state) if is_lstm(module) else state[:, b]
        y_alone, end_alone = module(x[b, :length], alone)
        close([y[b, :length]], [y_alone])
        close([part[:, b] for part in parts(end)], parts(end_alone))


@every_sequence
def test_full_lengths_are_no_lengths(name):
    module, other = make(name, **EVERYTHING), make(name, **EVERYTHING)
    given = example(module)
    close(run(module, *given, lengths=[T] * B), run(other, *given))


# ------------------------------------------------------------------- backward, gradients, ownership


@every_module
def test_backward_needs_a_forward_in_training(name):
    module = make(name)
    x = np.ones((B, I)) if name not in SEQUENCES else np.ones((T, B, I))
    module.eval()
    with pytest.raises(RuntimeError, match="needs a forward in training mode"):
        module.backward(np.ones((B, H)))
    module(x)
    with pytest.raises(RuntimeError, match="needs a forward in training mode"):
        module.backward(np.ones((B, H)))
    assert not any(g.any() for g in module.grads.values())


@every_sequence
def test_a_forward_in_eval_forgets_the_one_before(name):
    module = make(name)
    x, _, dy, _ = example(module)
    module(x)
    module.eval()(x)
    with pytest.raises(RuntimeError, match="needs a forward in training mode"):
        module.backward(dy)


BAD_GRADIENTS = {
    "none": ((None, None), "d_output, d_state, or both"),
    "output shape": ((np.ones((T, B, H + 1)), None), r"d_output is \(5, 4, 7\)"),
    "output that would broadcast": ((np.ones((T, 1, H)), None), r"d_output is \(5, 1, 6\)"),
    "output unbatched": ((np.ones((T, H)), None), r"d_output is \(5, 6\)"),
    "output dtype": ((np.ones((T, B, H), np.float32), None), "d_output is float32"),
    "state shape": ((None, np.ones((1, 1, H))), "d_state.* is"),
    "state unbatched": ((None, np.ones((1, H))), "d_state.* is"),
    "state dtype": ((None, np.ones((1, B, H), int)), "d_state.* is int64"),
    "good output, bad state": ((np.ones((T, B, H)), np.ones((2, B, H))), "d_state.* is"),
}


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bad", BAD_GRADIENTS)
def test_gradients_that_are_refused(name, bad):
    module = make(name)
    x, state, dy, d_state = example(module)
    expected = run(module, x, state, dy, d_state)
    (d_output, d_end), message = BAD_GRADIENTS[bad]
    with pytest.raises((ValueError, TypeError), match=message):
        module.backward(d_output, d_end if d_end is None else pair(module, d_end))
    same(module.grads.values(), expected[-len(module.grads) :])
    module.zero_grad()
    dx, _ = module.backward(dy, d_state)
    np.testing.assert_array_equal(dx, expected[1 + len(parts(state))])


def test_an_lstm_starts_from_both_of_its_states():
    with pytest.raises(TypeError, match="state c is object"):
        make("LSTM")(np.ones((T, B, I)), (np.ones((1, B, H)), None))


def test_gradient_of_an_lstms_state_is_a_pair():
    module = make("LSTM")
    x, state, _, (dh, dc) = example(module)
    module(x, state)
    for bad in (dh, (dh,), (dh, dc, dc), np.stack([dh, dc])):
        with pytest.raises(TypeError, match=r"d_state must be a pair \(h, c\)"):
            module.backward(None, bad)


@pytest.mark.parametrize(
    ("dy", "message"),
    [
        (np.ones((B, I)), r"d_output is \(4, 3\): \(4, 6\)"),
        (np.ones((1, H)), r"d_output is \(1, 6\): \(4, 6\)"),
        (np.ones((B, H), np.float32), "d_output is float32"),
    ],
)
def test_gradients_that_linear_refuses(dy, message):
    module = make("Linear")
    module(np.ones((B, I)))
    with pytest.raises((ValueError, TypeError), match=message):
        module.backward(dy)
    assert not any(g.any() for g in module.grads.values())


@every_module
def test_gradients_accumulate_until_zero_grad(name):
    module = make(name)
    live = dict(module.grads)

    def once():
        if name == "Linear":
            module(normal(B, I))
            module.backward(normal(B, H, seed=1))
        else:
            run(module, *example(module))

    once()
    first = {n: g.copy() for n, g in module.grads.items()}
    assert all(g.any() for g in first.values())
    once()
    same(module.grads.values(), [2 * g for g in first.values()])
    next(iter(live.values()))[...] = np.nan
    module.zero_grad()
    assert not any(g.any() for g in module.grads.values())
    once()
    same(module.grads.values(), first.values())
    assert all(module.grads[n] is g for n, g in live.items())


@every_sequence
def test_backward_again_adds_again(name):
    module = make(name)
    x, state, dy, d_state = example(module)
    expected = run(module, x, state, dy, d_state)
    dx, d_start = module.backward(dy, d_state)
    same(
        [dx, *parts(d_start)],
        expected[-len(module.grads) - 1 - len(parts(state)) : -len(module.grads)],
    )
    same(module.grads.values(), [2 * g for g in expected[-len(module.grads) :]])


@pytest.mark.parametrize("name", [*SEQUENCES, *CELLS])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_arrays_passed_in_are_never_modified(name, lengths):
    more = {} if name in CELLS else EVERYTHING | {"dropout": 0.5}
    module = make(name, **more)
    given = example(module)
    copies = copy.deepcopy(given)
    for array in [given[0], *parts(given[1]), given[2], *parts(given[3])]:
        array.setflags(write=False)
    options = {} if name in CELLS else {"lengths": lengths}
    run(module, *given, **options)
    for a, b in zip(given, copies, strict=True):
        same(parts(a), parts(b))
    np.testing.assert_array_equal(LENGTHS, [2, 5, 1, 4])


def arrays_in(thing):
    """All arrays inside tuples, lists and objects."""
    if isinstance(thing, np.ndarray):
        return [thing]
    if isinstance(thing, tuple | list):
        return [array for part in thing for array in arrays_in(part)]
    return []


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", [*SEQUENCES, *CELLS])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("sizes", [{}, {"T": 1, "B": 1}])
def test_what_leaves_is_nobody_elses(name, lengths, sizes):
    module, other = (make(name, **({} if name in CELLS else EVERYTHING)) for _ in range(2))
    x, state, dy, d_state = example(module, **sizes)
    if sizes and lengths is not None:
        lengths = np.array([1])
    options = {} if name in CELLS else {"lengths": lengths}
    expected = run(other, x, state, dy, d_state, **options)

    given = [x, *parts(state)]
    result = module(x, state, **options)
    outputs = arrays_in(result)
    inside = [*arrays_in(module._tape), *module.params.values(), *module.grads.values()]
    for a, b in product(outputs + given, inside):
        assert not np.may_share_memory(a, b)
    for a, b in product(outputs, given):
        assert not np.may_share_memory(a, b)
    assert all(a.flags.c_contiguous for a in outputs)
    for array in [*outputs, *given, *module.params.values()]:
        array[...] = 33.0
    gradients = arrays_in(
        module.backward(d_state) if name in CELLS else module.backward(dy, d_state)
    )
    for a, b in product(gradients, [*inside, *given, dy, *parts(d_state)]):
        assert not np.may_share_memory(a, b)
    same([*gradients, *module.grads.values()], expected[len(outputs) :])


def test_linear_owns_its_tape():
    module, other = make("Linear"), make("Linear")
    x, dy = normal(B, I), normal(B, H, seed=1)
    other(x)
    expected = [other.backward(dy), *other.grads.values()]
    y = module(x)
    for array in (x, y, *module.params.values()):
        array[...] = 33.0
    same([module.backward(dy), *module.grads.values()], expected)


@every_module
def test_weights_are_read_at_every_call(name):
    module, other = make(name), make(name, rng=1)
    x = np.ones((T, B, I)) if name in SEQUENCES else np.ones((B, I))
    module(x)
    for key, array in module.params.items():
        array[...] = other.params[key]
    same(arrays_in([module(x)]), arrays_in([other(x)]))


# --------------------------------------------------------------------- params, grads, state_dict


@every_module
def test_params_and_grads_are_live(name):
    module = make(name)
    for mapping in (module.params, module.grads):
        for key, array in mapping.items():
            before = array.copy()
            mapping[key] -= 0.5
            np.testing.assert_array_equal(array, before - 0.5)
            mapping[key] = before + 1
            assert mapping[key] is array
            np.testing.assert_array_equal(array, before + 1)
            for wrong in (np.ones((2, *array.shape)), np.ones(1), 1.0):
                with pytest.raises(ValueError, match=f"{key} is "):
                    mapping[key] = wrong
            np.testing.assert_array_equal(array, before + 1)
        assert "nothing" not in mapping
        with pytest.raises(KeyError):
            mapping["nothing"] = np.ones(1)
        assert all(key in repr(mapping) for key in mapping)


@every_module
def test_parameters_are_attributes_too(name):
    module = make(name)
    for key, array in module.params.items():
        assert getattr(module, key) is array
        setattr(module, key, np.full(array.shape, 2.5))
        assert module.params[key] is array
        assert (array == 2.5).all()
        getattr(module, key)[...] = 1
        assert (module.params[key] == 1).all()
        with pytest.raises(ValueError, match=f"{key} is "):
            setattr(module, key, np.ones(1))
    with pytest.raises(AttributeError, match=f"{type(module).__name__} has no weight_xy"):
        _ = module.weight_xy


def test_an_assigned_array_is_copied():
    module = make("RNN")
    mine = np.ones((H, I))
    module.weight_ih_l0 = mine
    mine[...] = 5
    assert (module.weight_ih_l0 == 1).all()


@every_module
def test_state_dict_goes_in_and_out(name):
    module, other = make(name), make(name, rng=1)
    state = module.state_dict()
    assert not other.load_state_dict(state).missing_keys
    same(other.params.values(), module.params.values())
    for array in state.values():
        array[...] = 9
    assert not any((a == 9).any() for m in (module, other) for a in m.params.values())


@every_module
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_state_dict_may_hold_tensors(torch, name, dtype):
    module = make(name)
    tensors = {
        n: torch.tensor(a.repeat(2, axis=-1), dtype=getattr(torch, dtype), requires_grad=True)[
            ..., ::2
        ]
        for n, a in module.state_dict().items()
    }
    other = make(name, rng=1)
    other.load_state_dict(tensors)
    same(
        other.params.values(), [a.astype(dtype).astype(np.float64) for a in module.params.values()]
    )


def test_everything_wrong_with_a_state_dict_is_said_at_once():
    module = make("LSTM")
    before = module.state_dict()
    bad = module.state_dict() | {"weight_ih_l0": np.ones((2, 2)), "weight_ih_l1": np.ones(3)}
    bad |= {"bias_hh_l0": np.array(["a"] * 4 * H), "other": np.ones(1)}
    del bad["weight_hh_l0"]
    with pytest.raises(ValueError, match="cannot load into LSTM") as caught:
        module.load_state_dict(bad)
    message = str(caught.value)
    for part in (
        "weight_ih_l0 is (2, 2), (24, 3) is needed",
        "bias_hh_l0 holds <U1",
        "weight_hh_l0 is missing",
        "weight_ih_l1 is not a parameter",
        "other is not a parameter",
    ):
        assert part in message
    same(module.state_dict().values(), before.values())
    with pytest.raises(ValueError, match="weight_ih_l0") as caught:
        module.load_state_dict(bad, strict=False)
    assert "missing" not in str(caught.value)
    same(module.state_dict().values(), before.values())


@pytest.mark.parametrize("values", [1j, "a", None])
def test_only_numbers_that_are_real_are_loaded(values):
    module = make("Linear")
    state = module.state_dict() | {"bias": np.full(H, values)}
    with pytest.raises(ValueError, match=r"bias holds .*, numbers are needed"):
        module.load_state_dict(state)


def test_load_state_dict_not_strict():
    module = make("GRU")
    before = module.state_dict()
    found = module.load_state_dict({"bias_ih_l0": np.ones(3 * H), "more": np.ones(1)}, strict=False)
    assert found.missing_keys == ["weight_ih_l0", "weight_hh_l0", "bias_hh_l0"]
    assert found.unexpected_keys == ["more"]
    assert (module.bias_ih_l0 == 1).all()
    np.testing.assert_array_equal(module.weight_hh_l0, before["weight_hh_l0"])


@pytest.mark.sample(6)
@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("training", [True, False])
def test_to_torch_and_back(torch, kind, options, dtype, training):
    mine = getattr(nn, kind)(I, H, **options, dtype=dtype, rng=0).train(training)
    before = torch.get_rng_state()
    theirs = mine.to_torch()
    assert torch.equal(torch.get_rng_state(), before)
    assert type(theirs) is getattr(torch.nn, kind)
    assert theirs.training == training
    again = nn.from_torch(theirs)
    assert type(again) is type(mine)
    assert again.training == training
    assert repr(again) == repr(mine)
    same(again.params.values(), mine.params.values())
    assert list(again.params) == list(mine.params)
    x = normal(*((B, T) if options.get("batch_first") else (T, B)), I, dtype=dtype)
    x = x if kind in ("RNN", "LSTM", "GRU") else x[0]
    results = [arrays_in([m.eval()(x)]) for m in (mine, again)]
    same(*results)
    with torch.no_grad():
        expected = theirs.eval()(torch.tensor(x))
    flat = expected if isinstance(expected, tuple) else (expected,)
    flat = [t.numpy() for part in flat for t in (part if isinstance(part, tuple) else (part,))]
    close(results[0], flat, tolerance=1e-12 if dtype == "float64" else 1e-5)
    for array, parameter in zip(mine.params.values(), theirs.parameters(), strict=True):
        array[...] = 7
        assert not (parameter == 7).any()


def test_from_torch_refuses_what_it_does_not_know(torch):
    for other in (
        torch.nn.ReLU(),
        torch.nn.Conv1d(1, 1, 1),
        torch.ones(2),
        None,
        {},
        nn.LSTM(I, H),
    ):
        with pytest.raises(TypeError, match="cannot convert"):
            nn.from_torch(other)
    with pytest.raises(TypeError, match="dtype is float16"):
        nn.from_torch(torch.nn.LSTM(I, H).half())


# ------------------------------------------------------------------------------------------- files


@pytest.mark.sample(3)
@every_module
@pytest.mark.parametrize("filename", ["weights.npz", "weights", "weights.v2"])
def test_save_and_load(tmp_path, name, filename):
    module, other = make(name), make(name, rng=1)
    path = tmp_path / filename
    module.save(path)
    assert [file.name for file in tmp_path.iterdir()] == [filename]
    assert zipfile.is_zipfile(path)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == sorted(module.params)
    assert other.load(str(path)) is other
    same(other.params.values(), module.params.values())
    other.save(str(path))
    same(make(name, rng=2).load(path).params.values(), module.params.values())


def test_a_saved_file_has_the_usual_permissions(tmp_path):
    make("RNN").save(tmp_path / "weights.npz")
    (tmp_path / "usual").write_text("")
    assert (tmp_path / "weights.npz").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(("where", "step"), [(np, "savez"), (pathlib.Path, "replace")])
def test_a_failing_save_leaves_the_old_file(tmp_path, monkeypatch, where, step):
    path = tmp_path / "weights.npz"
    make("GRU").save(path)
    before = path.read_bytes()

    def fails(file, *args, **arrays):
        if step == "savez":
            file.write(b"half a file")
        raise OSError("no space left")

    monkeypatch.setattr(where, step, fails)
    with pytest.raises(OSError, match="no space left"):
        make("GRU", rng=1).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["weights.npz"]


def test_loading_something_else_is_refused(tmp_path):
    module = make("GRU")
    before = module.state_dict()
    path = tmp_path / "file"
    module.save(path)
    whole = path.read_bytes()
    np.savez(tmp_path / "pickled.npz", weight_ih_l0=np.array([{}], dtype=object))
    np.save(tmp_path / "one.npy", np.ones(3))
    contents = [b"", b"garbage " * 50, whole[: len(whole) // 2], pickle.dumps({"weight": 1})]
    contents += [(tmp_path / n).read_bytes() for n in ("pickled.npz", "one.npy")]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"file is not an \.npz file that save has written"):
            module.load(path)
    LSTM = make("LSTM")
    LSTM.save(path)
    with pytest.raises(ValueError, match="cannot load into GRU"):
        module.load(path)
    with pytest.raises(FileNotFoundError):
        module.load(tmp_path / "nowhere.npz")
    same(module.params.values(), before.values())


# ----------------------------------------------------------------------------- training and dropout


@every_module
def test_train_and_eval(name):
    module = make(name)
    assert module.training is True
    assert module.eval() is module
    assert module.training is False
    assert module.train() is module
    assert module.training is True
    assert module.train(False).training is False
    x = np.ones((T, B, I)) if name in SEQUENCES else np.ones((B, I))
    same(arrays_in([module(x)]), arrays_in([module.train()(x)]))


@every_sequence
def test_eval_keeps_nothing(name):
    module = make(name, num_layers=3)
    x = normal(200, 16, I)

    def peak(training):
        tracemalloc.start()
        module.train(training)(x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    steps = 200 * 16 * (module.proj_size or H) * 8  # what the output of one layer takes
    assert peak(training=True) > peak(training=False) + 3 * steps


def masks_of(module, shape):
    """The scaled masks that the module's next forward draws: (T, B, features), their product.

    A relu network does it whose first layer is always one and whose next layers copy.
    """
    D = 2 if module.bidirectional else 1
    width = module.proj_size or module.hidden_size
    probe = nn.RNN(
        I,
        width,
        module.num_layers,
        "relu",
        dropout=module.dropout,
        bidirectional=module.bidirectional,
        dtype=module.dtype,
    )
    for name, array in probe.params.items():
        array[...] = 0
        if "ih_l0" in name and "bias" in name:
            array[...] = 1
        elif "weight_ih" in name and "l0" not in name:
            array[...] = np.eye(D * width)[width * name.endswith("reverse") :][:width]
    probe.rng = copy.deepcopy(module.rng)
    return probe(np.zeros(shape, module.dtype))[0]


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_dropout_has_its_rate_and_scale(layers, p):
    module = nn.RNN(I, 40, layers, dropout=p, rng=5)
    mask = masks_of(module, (50, 30, I))
    kept = (1 - p) ** (layers - 1)
    np.testing.assert_allclose(np.unique(mask), [0, 1 / kept], rtol=1e-6)  # and none after the last
    deviation = np.sqrt(kept * (1 - kept) / mask.size)
    assert abs((mask > 0).mean() - kept) < 4 * deviation
    for axis in range(3):  # every number has its own coin
        one, other = np.split(mask > 0, 2, axis)
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(one.size)


@every_sequence
@pytest.mark.parametrize("bidirectional", [True, False])
def test_dropout_between_layers_equals_torch_with_the_same_mask(torch, name, bidirectional):
    module = make(name, num_layers=2, dropout=0.4, bidirectional=bidirectional, rng=11)
    given = example(module)
    mask = torch.tensor(masks_of(module, (T, B, I)))
    layers = []
    for layer in (0, 1):
        arguments = module._arguments() | {"num_layers": 1, "dropout": 0.0}
        if layer:
            arguments["input_size"] = mask.shape[-1]
        one = getattr(torch.nn, type(module).__name__)(**arguments, dtype=torch.float64)
        one.load_state_dict(
            {
                n.replace("_l1", "_l0"): torch.tensor(a)
                for n, a in module.params.items()
                if f"_l{layer}" in n
            }
        )
        layers.append(one)

    class Both:
        def __call__(self, x, state):
            states = state if is_lstm(module) else (state,)
            split = [torch.chunk(s, 2) for s in states]
            y, first = layers[0](x, tuple(s[0] for s in split) if is_lstm(module) else split[0][0])
            y, second = layers[1](
                y * mask, tuple(s[1] for s in split) if is_lstm(module) else split[0][1]
            )
            ends = [torch.cat(s) for s in zip(parts(first), parts(second), strict=True)]
            return y, (tuple(ends) if is_lstm(module) else ends[0])

        def parameters(self):
            return [p for layer in layers for p in layer.parameters()]

    close(run(module, *given), run_torch(torch, Both(), *given))


def test_every_layers_gradient_goes_through_its_own_mask():
    p, scale = 0.3, 1 / 0.7
    module = nn.RNN(H, H, 3, "relu", dropout=p, dtype=np.float64, rng=2)
    for name, array in module.params.items():
        array[...] = np.eye(H) if "weight_ih" in name else "bias_ih" in name
    x, dy = abs(normal(T, B, H)), normal(T, B, H, seed=1)
    y, _ = module(x)  # ((x + 1) first mask + 1) second mask + 1: no slope is zero
    dx, _ = module.backward(dy)
    both = y > 1.001 + scale
    assert 0 < both.mean() < (y > 1).mean() < 1
    close([dx], [dy * scale**2 * both])


@every_sequence
def test_dropout_is_off_in_eval_and_spares_the_generator(name):
    module, plain = make(name, num_layers=2, dropout=0.5), make(name, num_layers=2)
    x, state, _, _ = example(module)
    same(arrays_in(module.eval()(x, state)), arrays_in(plain.eval()(x, state)))
    fresh = make(name, num_layers=2, dropout=0.5)
    same(arrays_in(module.train()(x, state)), arrays_in(fresh(x, state)))


@every_sequence
def test_dropout_comes_from_the_modules_own_generator(name):
    x = np.ones((T, B, I))

    def module(rng):
        return make(name, num_layers=2, dropout=0.5, rng=rng)

    one, again, other = module(3), module(3), module(4)
    np.random.default_rng().random()
    first, second = one(x)[0], one(x)[0]
    same([first, second], [again(x)[0], again(x)[0]])
    assert not np.array_equal(first, second)
    other.load_state_dict(one.state_dict())
    assert not np.array_equal(first, other(x)[0])

    def second_of_two(calls):
        both = np.random.default_rng(3)
        earlier, later = module(both), module(both)
        for _ in range(calls):
            earlier(x)
        return later(x)[0]

    same([second_of_two(0)], [second_of_two(2)])


@every_sequence
def test_dropout_of_everything(torch, name):
    module = make(name, num_layers=2, dropout=1.0)
    given = example(module)
    found = run(module, *given)
    expected = run_torch(torch, witness(torch, module), *given)
    x_and_first_layer = [a.any() for a in expected]
    assert not all(x_and_first_layer)
    for a, b in zip(found, expected, strict=True):
        if b.any():
            close([a], [b])
        else:
            assert not a.any()


# ------------------------------------------------------------------------- what nobody asks for


@pytest.mark.parametrize("lengths", [None, [3, 5, 1, 4]])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
@every_sequence
def test_without_output_and_dx_the_rest_has_the_same_bits(name, options, lengths):
    module = make(name, **options)
    x, state, dy, d_state = example(module)
    y, end = module(x, state, lengths)
    dx, d_start = module.backward(None, d_state)
    grads = {n: g.copy() for n, g in module.grads.items()}
    assert (y.shape, dx.shape) == (dy.shape, x.shape)
    module.zero_grad()

    y, less_end = module(x, state, lengths, need_output=False)
    dx, less_d_start = module.backward(None, d_state, need_dx=False)
    assert y is None
    assert dx is None
    same([*parts(less_end), *parts(less_d_start)], [*parts(end), *parts(d_start)])
    same(module.grads.values(), grads.values())


# ---------------------------------------------------------------------------------- pickle and copy


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("name", [*SEQUENCES, *CELLS])
def test_pickle_and_deepcopy(name, copied):
    module = make(name, **({} if name in CELLS else {"num_layers": 2, "dropout": 0.5}))
    x, state, dy, d_state = example(module)
    gradients = (d_state,) if name in CELLS else (dy, d_state)
    run(module, x, state, dy, d_state)
    module(x, state)
    other = copied(module)
    assert repr(other) == repr(module)
    for a, b in product(
        [*module.params.values(), *module.grads.values()],
        [*other.params.values(), *other.grads.values()],
    ):
        assert not np.may_share_memory(a, b)
    grads = {n: g.copy() for n, g in module.grads.items()}
    found = arrays_in(other.backward(*gradients))
    same(module.grads.values(), grads.values())
    same(found, arrays_in(module.backward(*gradients)))
    same(other.grads.values(), module.grads.values())
    same(run(other, x, state, dy, d_state), run(module, x, state, dy, d_state))
    other.params[next(iter(other.params))] += 1
    assert not np.array_equal(*(next(iter(m.params.values())) for m in (other, module)))


def test_pickle_and_deepcopy_of_linear():
    module = make("Linear")
    module(normal(B, I))
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        same([other.backward(normal(B, H))], [module.backward(normal(B, H))])
        assert other.weight is not module.weight


@pytest.mark.parametrize(("dtype", "advice"), [("float64", True), ("int64", False)])
def test_numbers_of_another_dtype_are_refused_with_what_to_do(dtype, advice):
    """A module of the dtype of integers is no advice."""
    with pytest.raises(TypeError, match=rf"x is {dtype} but this LSTM is float32") as caught:
        nn.LSTM(I, H)(np.ones((3, 2, I), dtype))
    assert ("or LSTM(..., dtype=...)" in str(caught.value)) is advice


@pytest.mark.parametrize(
    ("rng", "kind"), [(-1, ValueError), ("x", TypeError), (1.5, TypeError), (True, TypeError)]
)
def test_a_seed_is_a_whole_number_from_0_on(rng, kind):
    with pytest.raises(kind, match="rng is"):
        nn.LSTM(I, H, rng=rng)
