"""Draws cases and runs them through handrnn, through the textbook and through torch.

A `Case` is a choice of cell, sizes and options; `draw` fills it with random numbers: every weight,
every bias, the initial states, and a random cotangent on the outputs and on the final states.
`ours`, `oracle` and `torchs` answer with dicts of the same keys: y, h_n, c_n, dx, dh0, dc0 and
dweight_ih_l0, dweight_hh_l0, ... `judge` holds one against the other:

float64
    ours and the textbook equal torch: ``max|a - b| <= 1e-12 * max|b|`` for every tensor.
float32
    The truth is the textbook in float64 on the same float32 inputs. The error of each of our
    tensors is at most 8 times the largest of torch's own errors over the tensors of the case.
    Where a tensor holds a handful of numbers torch is exact by chance, so size-one cases are pooled
    over 32 redraws: the largest of our errors, tensor by tensor, against the largest of torch's.
    A draw in which one unit of rounding in the inputs moves the truth itself by more than 1000
    cannot tell right from wrong and is drawn again, whatever the candidate makes of it. Even so
    luck is not out of it: on fresh seeds correct code fails 19 of 1,713 pooled cases.
relu
    Units that are dead for all examples and steps leave gradients that are all zero and prove
    nothing: the case is redrawn with the next seed. In float32 also where rounding can put a value
    on the other side of zero: where a value of the truth before relu is within 16 units of rounding
    (of the largest) of zero, or torch itself is off by more than 1000.

By hand::

    python -m parity_tests.harness --cell lstm --layers 2 --bidirectional --lengths 3 7 1
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Any

import numpy as np

from handrnn import compare, textbook

CELLS = ("rnn_tanh", "rnn_relu", "lstm", "lstm_proj", "gru")
DTYPES = ("float32", "float64")
SCALES = {"torch": 1.0, "wide": 2.0}  # weights are uniform on +-scale / sqrt(H)
TORCH_GATES = {"rnn_tanh": "h", "rnn_relu": "h", "lstm": "ifgo", "lstm_proj": "ifgo", "gru": "run"}
SIGMOIDS = {"rnn_tanh": "", "rnn_relu": "", "lstm": "ifo", "lstm_proj": "ifo", "gru": "ru"}
CLOSED = (-30.0, -20.0)  # where the bias of a closed gate lies: it lets 1e-13 to 2e-9 through

FLOAT64_BUDGET = 1e-12
FLOAT32_FACTOR = 8
REDRAWS_OF_SIZE_ONE = 32
KINK_MARGIN_UNITS = 16
KINK_UNITS = 1000
ILL_CONDITIONED_UNITS = 1000
LARGEST_NUMBER_OF_REDRAWS = 5000

Quantities = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One choice of cell, sizes and options.

    T steps, B examples, I inputs, H hidden units, P units of the projection ("lstm_proj" only).
    `lengths` are the numbers of steps of the examples; an input that is not `batched` is (T, I).
    With `closed` one of the gates of the first layer is nearly shut by its bias; the gradients of
    weights and biases are then compared gate by gate, "dbias_ih_l0[f]".
    """

    cell: str = "lstm"
    T: int = 7
    B: int = 4
    I: int = 5
    H: int = 6
    P: int = 3
    num_layers: int = 1
    bidirectional: bool = False
    batch_first: bool = False
    bias: bool = True
    lengths: tuple[int, ...] | None = None
    dtype: str = "float64"
    with_state: bool = True
    batched: bool = True
    scale: str = "torch"
    closed: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.cell in CELLS, f"cell is {self.cell!r}: it can be {', '.join(CELLS)}")
        _require(self.dtype in DTYPES, f"dtype is {self.dtype!r}: it can be {', '.join(DTYPES)}")
        _require(self.scale in SCALES, f"scale is {self.scale!r}: it can be {', '.join(SCALES)}")
        sizes = (self.T, self.B, self.I, self.H, self.num_layers)
        _require(min(sizes) >= 1, f"sizes and layers start at 1, not {min(sizes)}")
        _require(self.seed >= 0, f"seed is {self.seed}: it cannot be negative")
        if self.cell == "lstm_proj":
            _require(1 <= self.P < self.H, f"P is {self.P}: it must be in 1..{self.H - 1}")
        if not self.batched:
            _require(self.B == 1, f"an unbatched input is one example, not {self.B}")
            _require(self.lengths is None, "an unbatched input takes no lengths")
            _require(not self.batch_first, "an unbatched input has no batch to come first")
        if self.closed:
            _require(self.bias, "a gate is closed by its bias: bias must not be False")
            _require(SIGMOIDS[self.cell] != "", f"{self.cell} has no gate to close")
        if self.lengths is not None:
            right = len(self.lengths) == self.B and all(1 <= n <= self.T for n in self.lengths)
            _require(right, f"lengths are {self.lengths}: {self.B} numbers in 1..{self.T}")

    @property
    def D(self) -> int:
        """Number of directions."""
        return 2 if self.bidirectional else 1

    @property
    def R(self) -> int:
        """Rows of a hidden state: P with a projection, else H."""
        return self.P if self.cell == "lstm_proj" else self.H

    @property
    def has_cell_state(self) -> bool:
        """Whether the state is (h, c)."""
        return self.cell.startswith("lstm")

    @property
    def state_names(self) -> tuple[str, ...]:
        """("h", "c") or ("h",)."""
        return ("h", "c") if self.has_cell_state else ("h",)

    def suffixes(self) -> Iterator[tuple[int, int, str]]:
        """(layer, direction, suffix of torch's parameter names)."""
        for layer in range(self.num_layers):
            for direction in range(self.D):
                yield layer, direction, f"_l{layer}" + "_reverse" * direction

    def __str__(self) -> str:
        changed = (f.name for f in fields(self)[1:] if getattr(self, f.name) != f.default)
        return " ".join([self.cell, *(f"{name}={getattr(self, name)}" for name in changed)])


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class Bundle:
    """The numbers of one case, read-only, in torch's shapes and under torch's names.

    `state` and `dstate_n` are (h,) or (h, c); `state` is None where the case gives none.
    """

    case: Case
    params: Quantities
    x: np.ndarray
    state: tuple[np.ndarray, ...] | None
    dy: np.ndarray
    dstate_n: tuple[np.ndarray, ...]

    def given_state(self) -> tuple[np.ndarray, ...]:
        """The initial state, zeros where the case gives none."""
        if self.state is not None:
            return self.state
        return tuple(np.zeros_like(part) for part in self.dstate_n)


def draw(case: Case) -> Bundle:
    """All numbers of a case, from its seed."""
    rng = np.random.default_rng(np.random.SeedSequence(case.seed))

    def normal(*shape: int) -> np.ndarray:
        return _frozen(rng.standard_normal(shape), case)

    params = {
        name: _frozen(rng.uniform(-1, 1, shape) * SCALES[case.scale] / np.sqrt(case.H), case)
        for name, shape in _parameter_shapes(case).items()
    }
    state_shapes = [_state_shape(case, size) for size in (case.R, case.H)][: len(case.state_names)]
    x = normal(*_sequence_shape(case, case.I))
    state = tuple(normal(*shape) for shape in state_shapes)
    dy = normal(*_sequence_shape(case, case.D * case.R))
    dstate_n = tuple(normal(*shape) for shape in state_shapes)
    bundle = Bundle(case, params, x, state if case.with_state else None, dy, dstate_n)
    if case.closed:
        gate = str(rng.choice(list(SIGMOIDS[case.cell])))
        return with_gate_at(bundle, gate, rng.uniform(*CLOSED), layers=1)
    return bundle


def with_gate_at(bundle: Bundle, gate: str, z: float, layers: int) -> Bundle:
    """The same numbers, but for the bias of one gate in so many layers: it is z."""
    case = bundle.case
    first = TORCH_GATES[case.cell].index(gate) * case.H
    params = dict(bundle.params)
    for layer, _, suffix in case.suffixes():
        if layer < layers:
            bias = params[f"bias_ih{suffix}"].copy()
            bias[first : first + case.H] = z
            params[f"bias_ih{suffix}"] = _frozen(bias, case)
    return replace(bundle, params=params)


def _frozen(values: np.ndarray, case: Case) -> np.ndarray:
    values = values.astype(case.dtype)
    values.flags.writeable = False
    return values


def _parameter_shapes(case: Case) -> dict[str, tuple[int, ...]]:
    rows = len(TORCH_GATES[case.cell]) * case.H
    shapes = {}
    for layer, _, suffix in case.suffixes():
        shapes[f"weight_ih{suffix}"] = (rows, case.I if layer == 0 else case.D * case.R)
        shapes[f"weight_hh{suffix}"] = (rows, case.R)
        if case.bias:
            shapes[f"bias_ih{suffix}"] = (rows,)
            shapes[f"bias_hh{suffix}"] = (rows,)
        if case.cell == "lstm_proj":
            shapes[f"weight_hr{suffix}"] = (case.P, case.H)
    return shapes


def _sequence_shape(case: Case, features: int) -> tuple[int, ...]:
    if not case.batched:
        return case.T, features
    return (case.B, case.T, features) if case.batch_first else (case.T, case.B, features)


def _state_shape(case: Case, size: int) -> tuple[int, ...]:
    pile = case.num_layers * case.D
    return (pile, case.B, size) if case.batched else (pile, size)


def _named(
    case: Case,
    y: np.ndarray,
    state_n: Sequence[np.ndarray],
    dx: np.ndarray,
    dstate_0: Sequence[np.ndarray],
    gradients: Quantities,
) -> Quantities:
    return {
        "y": y,
        **dict(zip(("h_n", "c_n"), state_n, strict=False)),
        "dx": dx,
        **dict(zip(("dh0", "dc0"), dstate_0, strict=False)),
        **_by_gate(case, {f"d{name}": gradient for name, gradient in gradients.items()}),
    }


def _by_gate(case: Case, gradients: Quantities) -> Quantities:
    """Where a gate is closed, every gate's part apart: that of the closed one is small."""
    if not case.closed:
        return gradients
    gates, H = TORCH_GATES[case.cell], case.H
    apart = {}
    for name, gradient in gradients.items():
        if "_hr_" in name:
            apart[name] = gradient
        else:
            apart |= {_of(name, g): gradient[k * H : (k + 1) * H] for k, g in enumerate(gates)}
    return apart


def _of(name: str, gate: str) -> str:
    return f"{name}[{gate}]"


# ---------------------------------------------------------------------------------------- handrnn


def ours(bundle: Bundle) -> Quantities:
    """All quantities by `handrnn.nn`, whose inputs must come out unchanged."""
    case = bundle.case
    module = _our_module(case)
    module.load_state_dict(bundle.params)
    x, dy = bundle.x.copy(), bundle.dy.copy()
    state = None if bundle.state is None else [part.copy() for part in bundle.state]
    dstate_n = [part.copy() for part in bundle.dstate_n]

    y, state_n = module(x, _pair_or_one(state), lengths=case.lengths)
    y, state_n = y.copy(), [part.copy() for part in _parts(case, state_n)]
    dx, dstate_0 = module.backward(d_output=dy, d_state=_pair_or_one(dstate_n))

    before = [bundle.x, bundle.dy, *(bundle.state or ()), *bundle.dstate_n]
    after = [x, dy, *(state or ()), *dstate_n]
    for was, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(was, now, err_msg="an input was changed")
    for name, value in bundle.params.items():
        np.testing.assert_array_equal(module.params[name], value, err_msg=f"{name} was changed")
    gradients = {name: module.grads[name] for name in bundle.params}
    return _named(case, y, state_n, dx, _parts(case, dstate_0), gradients)


def _our_module(case: Case) -> Any:
    from handrnn import nn

    options: dict[str, Any] = {
        "bias": case.bias,
        "batch_first": case.batch_first,
        "bidirectional": case.bidirectional,
        "dtype": np.dtype(case.dtype),
        "rng": np.random.default_rng(0),
    }
    if case.cell == "gru":
        return nn.GRU(case.I, case.H, case.num_layers, **options)
    if case.has_cell_state:
        proj_size = case.P if case.cell == "lstm_proj" else 0
        return nn.LSTM(case.I, case.H, case.num_layers, proj_size=proj_size, **options)
    nonlinearity: Any = case.cell.removeprefix("rnn_")
    return nn.RNN(case.I, case.H, case.num_layers, nonlinearity=nonlinearity, **options)


def _pair_or_one(parts: Sequence[Any] | None) -> Any:
    if parts is None:
        return None
    return tuple(parts) if len(parts) == 2 else parts[0]


def _parts(case: Case, state: Any) -> tuple[Any, ...]:
    return tuple(state) if case.has_cell_state else (state,)


# ------------------------------------------------------------------------------------------ torch


def torchs(bundle: Bundle) -> Quantities:
    """All quantities by `torch.nn` and autograd.

    Where the case gives no state, explicit zeros carry the gradient, and the outputs must be those
    of a call without a state.
    """
    torch = _torch()
    case = bundle.case

    def tensor(values: np.ndarray, *, gradient: bool = False) -> Any:
        return torch.tensor(values.copy(), requires_grad=gradient)

    module = _torch_module(case).to(getattr(torch, case.dtype))
    module.load_state_dict({name: tensor(value) for name, value in bundle.params.items()})
    x = tensor(bundle.x, gradient=True)
    state_0 = [tensor(part, gradient=True) for part in bundle.given_state()]
    y, state_n = _torch_forward(module, case, x, _pair_or_one(state_0))
    if bundle.state is None:
        y_without, state_n_without = _torch_forward(module, case, x, None)
        _require(torch.equal(y, y_without), "torch: no state is not a state of zeros")
        for a, b in zip(_parts(case, state_n), _parts(case, state_n_without), strict=True):
            _require(torch.equal(a, b), "torch: no state is not a state of zeros")

    outputs = [y, *_parts(case, state_n)]
    cotangents = [tensor(part) for part in (bundle.dy, *bundle.dstate_n)]
    torch.autograd.backward(outputs, cotangents)
    gradients = {name: value.grad.numpy() for name, value in module.named_parameters()}
    return _named(
        case,
        y.detach().numpy(),
        [part.detach().numpy() for part in _parts(case, state_n)],
        x.grad.numpy(),
        [part.grad.numpy() for part in state_0],
        {name: gradients[name] for name in bundle.params},
    )


def _torch() -> Any:
    try:
        import torch
    except ImportError as missing:
        raise ImportError("needs torch: pip install 'handrnn[test]'") from missing
    torch.set_num_threads(1)
    return torch


def _torch_module(case: Case) -> Any:
    torch = _torch()
    options: dict[str, Any] = {
        "num_layers": case.num_layers,
        "bias": case.bias,
        "batch_first": case.batch_first,
        "bidirectional": case.bidirectional,
    }
    if case.cell == "gru":
        return torch.nn.GRU(case.I, case.H, **options)
    if case.has_cell_state:
        proj_size = case.P if case.cell == "lstm_proj" else 0
        return torch.nn.LSTM(case.I, case.H, proj_size=proj_size, **options)
    nonlinearity: Any = case.cell.removeprefix("rnn_")
    return torch.nn.RNN(case.I, case.H, nonlinearity=nonlinearity, **options)


def _torch_forward(module: Any, case: Case, x: Any, state: Any) -> tuple[Any, Any]:
    if case.lengths is None:
        return module(x, state)
    rnn = _torch().nn.utils.rnn
    packed = rnn.pack_padded_sequence(
        x, list(case.lengths), batch_first=case.batch_first, enforce_sorted=False
    )
    output, state_n = module(packed, state)
    y, _ = rnn.pad_packed_sequence(output, batch_first=case.batch_first, total_length=case.T)
    return y, state_n


# --------------------------------------------------------------------------------------- textbook


def oracle(bundle: Bundle, dtype: Any = np.float64) -> Quantities:
    """All quantities by `handrnn.textbook`, computed in the given dtype."""
    case = bundle.case
    y, state_T, caches = _textbook_forward(bundle, dtype)
    gradients = textbook.stack_backward(
        _to_columns(case, bundle.dy.astype(dtype)),
        _split_states(case, bundle.dstate_n, dtype),
        caches,
    )
    dstate_0 = [gradients[f"d{name}0"] for name in case.state_names]
    joined = _join_gradients(case, gradients["parameters"])
    return _named(
        case,
        _from_columns(case, y),
        [_join_state(case, part) for part in state_T],
        _from_columns(case, gradients["dx"]),
        [_join_state(case, part) for part in dstate_0],
        {name: joined[name] for name in bundle.params},
    )


def _textbook_forward(bundle: Bundle, dtype: Any) -> tuple[Any, Any, textbook.Cache]:
    case = bundle.case
    return textbook.stack_forward(
        _to_columns(case, bundle.x.astype(dtype)),
        _split_states(case, bundle.given_state(), dtype),
        _split_parameters(case, bundle.params, dtype),
        "lstm" if case.has_cell_state else case.cell,
        case.lengths,
    )


def _to_columns(case: Case, sequence: np.ndarray) -> np.ndarray:
    """torch's (T, B, F), (B, T, F) or (T, F) as (T, F, B)."""
    if not case.batched:
        return sequence[:, :, np.newaxis]
    return sequence.transpose((1, 2, 0) if case.batch_first else (0, 2, 1))


def _from_columns(case: Case, sequence: np.ndarray) -> np.ndarray:
    if not case.batched:
        return sequence[:, :, 0]
    return sequence.transpose((2, 0, 1) if case.batch_first else (0, 2, 1))


def _split_states(case: Case, state: tuple[np.ndarray, ...], dtype: Any) -> tuple[np.ndarray, ...]:
    """torch's (layers * directions, B, size) as (layers, directions, size, B)."""
    shape = (case.num_layers, case.D, case.B)
    return tuple(part.astype(dtype).reshape(*shape, -1).swapaxes(2, 3) for part in state)


def _join_state(case: Case, state: np.ndarray) -> np.ndarray:
    return state.swapaxes(2, 3).reshape(_state_shape(case, state.shape[2]))


def _split_parameters(case: Case, params: Quantities, dtype: Any) -> list[list[Quantities]]:
    """torch's stacked matrices as one dict of matrices a layer and direction."""
    split: list[list[Quantities]] = [[] for _ in range(case.num_layers)]
    for layer, _, suffix in case.suffixes():
        weight_ih = params[f"weight_ih{suffix}"].astype(dtype)
        weight_hh = params[f"weight_hh{suffix}"].astype(dtype)
        zeros = np.zeros(len(weight_ih), dtype)
        bias_ih = params.get(f"bias_ih{suffix}", zeros).astype(dtype)[:, np.newaxis]
        bias_hh = params.get(f"bias_hh{suffix}", zeros).astype(dtype)[:, np.newaxis]
        split[layer].append(_split_cell(case, weight_ih, weight_hh, bias_ih, bias_hh))
        if case.cell == "lstm_proj":
            split[layer][-1]["Whr"] = params[f"weight_hr{suffix}"].astype(dtype)
    return split


def _split_cell(
    case: Case,
    weight_ih: np.ndarray,
    weight_hh: np.ndarray,
    bias_ih: np.ndarray,
    bias_hh: np.ndarray,
) -> Quantities:
    H = case.H
    if case.cell.startswith("rnn"):
        return {"Whh": weight_hh, "Wxh": weight_ih, "bh": bias_ih + bias_hh}
    concat = np.concatenate((weight_hh, weight_ih), axis=1)
    bias = bias_ih + bias_hh
    if case.has_cell_state:
        return {
            "Wi": concat[:H],
            "bi": bias[:H],
            "Wf": concat[H : 2 * H],
            "bf": bias[H : 2 * H],
            "Wg": concat[2 * H : 3 * H],
            "bg": bias[2 * H : 3 * H],
            "Wo": concat[3 * H :],
            "bo": bias[3 * H :],
        }
    return {
        "Wr": concat[:H],
        "br": bias[:H],
        "Wu": concat[H : 2 * H],
        "bu": bias[H : 2 * H],
        "Wxn": weight_ih[2 * H :],
        "bxn": bias_ih[2 * H :],
        "Whn": weight_hh[2 * H :],
        "bhn": bias_hh[2 * H :],
    }


def _join_gradients(case: Case, gradients: list[list[Quantities]]) -> Quantities:
    """One dict of gradients a layer and direction as torch's stacked matrices."""
    joined = {}
    for layer, direction, suffix in case.suffixes():
        d = gradients[layer][direction]
        ih, hh, bias_ih, bias_hh = _join_cell(case, d)
        joined[f"weight_ih{suffix}"] = ih
        joined[f"weight_hh{suffix}"] = hh
        joined[f"bias_ih{suffix}"] = bias_ih[:, 0]
        joined[f"bias_hh{suffix}"] = bias_hh[:, 0]
        if case.cell == "lstm_proj":
            joined[f"weight_hr{suffix}"] = d["dWhr"]
    return joined


def _join_cell(case: Case, d: Quantities) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    R = case.R
    if case.cell.startswith("rnn"):
        return d["dWxh"], d["dWhh"], d["dbh"], d["dbh"]
    if case.has_cell_state:
        concat = np.concatenate((d["dWi"], d["dWf"], d["dWg"], d["dWo"]))
        bias = np.concatenate((d["dbi"], d["dbf"], d["dbg"], d["dbo"]))
        return concat[:, R:], concat[:, :R], bias, bias
    concat = np.concatenate((d["dWr"], d["dWu"]))
    bias = np.concatenate((d["dbr"], d["dbu"]))
    return (
        np.concatenate((concat[:, R:], d["dWxn"])),
        np.concatenate((concat[:, :R], d["dWhn"])),
        np.concatenate((bias, d["dbxn"])),
        np.concatenate((bias, d["dbhn"])),
    )


# --------------------------------------------------------------------------------------- judgement


def layouts(case: Case) -> dict[str, compare.Layout]:
    """What the axes of every quantity of a case mean."""
    example = ("example",) if case.batched else ()
    time = ("example", "time") if case.batch_first else ("time", *example)
    gates = tuple(TORCH_GATES[case.cell]) if case.cell[:3] != "rnn" else ()
    rows = ("gate", "unit") if gates else "unit"
    last = case.num_layers - 1
    pile = compare.Layout((("layer", "direction"), *example, "unit"), directions=case.D)
    found = {
        "y": compare.Layout((*time, ("direction", "unit")), directions=case.D, layer=last),
        "h_n": pile,
        "c_n": pile,
        "dx": compare.Layout((*time, "input"), layer=0, backward=True),
        "dh0": replace(pile, backward=True),
        "dc0": replace(pile, backward=True),
    }
    for layer, direction, suffix in case.suffixes():
        place = {"layer": layer, "direction": ("forward", "reverse")[direction]}
        matrix = compare.Layout((rows, "input"), gates, backward=True, **place)
        found[f"dweight_ih{suffix}"] = matrix
        found[f"dweight_hh{suffix}"] = matrix
        found[f"dweight_hr{suffix}"] = replace(matrix, axes=("unit", "input"))
        found[f"dbias_ih{suffix}"] = replace(matrix, axes=(rows,))
        found[f"dbias_hh{suffix}"] = replace(matrix, axes=(rows,))
    for name, stacked in list(found.items()):
        if case.closed and ("gate", "unit") in stacked.axes:
            of_one = replace(stacked, axes=("unit", *stacked.axes[1:]), gates=())
            found |= {_of(name, gate): of_one for gate in gates}
    return found


def zero_allowed(case: Case) -> tuple[str, ...]:
    """The quantities that are zero by mathematics: no state and no second step, no dweight_hh.

    Nor then has the forget gate anything to forget.
    """
    steps = max(case.lengths or (case.T,))
    if case.with_state or steps > 1:
        return ()
    names = [f"dweight_hh{suffix}" for _, _, suffix in case.suffixes()]
    if not case.closed:
        return tuple(names)
    by_gate = [_of(name, gate) for name in names for gate in TORCH_GATES[case.cell]]
    if case.has_cell_state:
        kinds = ("dweight_ih", "dbias_ih", "dbias_hh")
        by_gate += [
            _of(f"{kind}{suffix}", "f") for kind in kinds for _, _, suffix in case.suffixes()
        ]
    return tuple(by_gate)


def is_size_one(case: Case) -> bool:
    """Whether tensors hold so few numbers that torch is exact by chance."""
    return case.R == 1


Draw = tuple[Bundle, Quantities]


def redraws(case: Case) -> Iterator[Draw]:
    """The draws of a case that can prove something, each with its truth, from its seed on.

    Raises
    ------
    RuntimeError
        If there are too few.
    """
    for seed in range(case.seed, case.seed + LARGEST_NUMBER_OF_REDRAWS):
        bundle = draw(replace(case, seed=seed))
        relu, single = case.cell == "rnn_relu", case.dtype == "float32"
        if relu and single and _near_a_kink(bundle):
            continue
        truth = oracle(bundle)
        if relu and not _proves_something(bundle, truth):
            continue
        if single and is_size_one(case) and _is_ill_conditioned(bundle, truth):
            continue
        yield bundle, truth
    raise RuntimeError(f"no more useful draws of {case}")


def _is_ill_conditioned(bundle: Bundle, truth: Quantities) -> bool:
    """Whether a unit of rounding in the inputs moves the truth further than any budget allows."""
    u = compare.unit_roundoff(bundle.case.dtype)
    rng = np.random.default_rng(bundle.case.seed)

    def shifted(values: Any) -> Any:
        if isinstance(values, dict):
            return {name: shifted(value) for name, value in values.items()}
        if isinstance(values, tuple):
            return tuple(map(shifted, values))
        return None if values is None else values * (1 + u * rng.choice((-1.0, 1.0), values.shape))

    numbers = ("params", "x", "state", "dy", "dstate_n")
    neighbour = replace(bundle, **{name: shifted(getattr(bundle, name)) for name in numbers})
    return max(_errors(oracle(neighbour), truth).values()) > ILL_CONDITIONED_UNITS * u


def _near_a_kink(bundle: Bundle) -> bool:
    _, _, caches = _textbook_forward(bundle, np.float64)
    runs = [run for layer in caches["tape"] for direction in layer for run in direction]
    before_relu = np.abs([cell["z"].ravel() for _, _, run in runs for cell in run["cells"]])
    margin = KINK_MARGIN_UNITS * compare.unit_roundoff(bundle.case.dtype)
    return bool(np.min(before_relu) < margin * np.max(before_relu))


def _proves_something(bundle: Bundle, truth: Quantities) -> bool:
    allowed = zero_allowed(bundle.case)
    if not all(np.any(value) for name, value in truth.items() if name not in allowed):
        return False
    if bundle.case.dtype == "float64":
        return True
    largest = max(_errors(torchs(bundle), truth).values())
    return largest <= KINK_UNITS * compare.unit_roundoff(bundle.case.dtype)


def _errors(found: Quantities, truth: Quantities) -> dict[str, float]:
    return {name: compare.normwise_error(found[name], truth[name]) for name in truth}


@dataclass(frozen=True)
class Judgement:
    """The verdict on a case.

    One report a comparison; in float32 also torch's own errors by quantity.
    """

    case: Case
    reports: tuple[compare.Report, ...]
    torch_errors: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether there was a comparison and all of them passed."""
        return bool(self.reports) and all(report.passed for report in self.reports)

    def __str__(self) -> str:
        return "\n".join([str(self.case), *map(str, self.reports)])

    def table(self) -> str:
        """Every comparison, quantity by quantity."""
        parts = [str(self.case)]
        for report in self.reports:
            parts += ["", report.title, report.table()]
        if self.torch_errors:
            parts += ["", "torch's own errors against the truth, in units of rounding (u)"]
            u = compare.unit_roundoff(self.case.dtype)
            width = max(map(len, self.torch_errors))
            parts += [f"{name:<{width}}  {e / u:8.2g}" for name, e in self.torch_errors.items()]
        return "\n".join(parts)


Candidate = Callable[[Bundle], Quantities]


def textbooks(bundle: Bundle) -> Quantities:
    """All quantities by the textbook in the dtype of the case."""
    return oracle(bundle, bundle.case.dtype)


def judge(case: Case, candidate: Candidate = ours) -> Judgement:
    """Hold a candidate against torch and the textbook, as said at the head of this module.

    Parameters
    ----------
    case : what to run
    candidate : maps a bundle to its quantities: `ours`, `textbooks` or somebody else's
    """
    if case.dtype == "float64":
        return _judge_float64(case, candidate)
    return _judge_float32(case, candidate)


def _judge_float64(case: Case, candidate: Candidate) -> Judgement:
    bundle, truth = next(redraws(case))
    reference = torchs(bundle)
    options: dict[str, Any] = {
        "budget": FLOAT64_BUDGET,
        "layouts": layouts(case),
        "zero_allowed": zero_allowed(case),
    }
    reports = (
        compare.compare(candidate(bundle), reference, title="ours = torch", **options),
        compare.compare(truth, reference, title="textbook = torch", **options),
    )
    return Judgement(bundle.case, reports)


def _judge_float32(case: Case, candidate: Candidate) -> Judgement:
    number = REDRAWS_OF_SIZE_ONE if is_size_one(case) else 1
    draws = list(islice(redraws(case), number))
    errors = [_errors(torchs(bundle), truth) for bundle, truth in draws]
    torch_errors = {name: max(error[name] for error in errors) for name in errors[0]}
    reports = [
        compare.compare(
            candidate(bundle),
            truth,
            budget=FLOAT32_FACTOR * max(torch_errors.values()),
            layouts=layouts(case),
            dtype=np.float32,
            zero_allowed=zero_allowed(case),
        )
        for bundle, truth in draws
    ]
    title = "ours = truth" + (f", the worst of {number} draws" if number > 1 else "")
    return Judgement(draws[0][0].case, (_worst(reports, title),), torch_errors)


def _worst(reports: Sequence[compare.Report], title: str) -> compare.Report:
    """Of every quantity its worst comparison."""
    worst: dict[str, compare.Difference] = {}
    for report in reports:
        for found in report.differences:
            known = worst.setdefault(found.name, found)
            if known.passed and (not found.passed or found.error > known.error):
                worst[found.name] = found
    return compare.Report(tuple(worst.values()), title)


# ----------------------------------------------------------------------------------------- by hand


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m parity_tests.harness",
        description="Draw one case, run it through handrnn, the textbook and torch, compare.",
    )
    default = Case()
    parser.add_argument("--cell", choices=CELLS, default=default.cell)
    for name, meaning in {
        "T": "time steps",
        "B": "examples",
        "I": "inputs",
        "H": "hidden units",
        "P": "units of the projection (lstm_proj)",
    }.items():
        value = getattr(default, name)
        parser.add_argument(f"-{name}", type=int, default=value, help=f"{meaning} ({value})")
    parser.add_argument("--layers", type=int, default=1, dest="num_layers")
    parser.add_argument("--bidirectional", action="store_true")
    parser.add_argument("--batch-first", action="store_true")
    parser.add_argument("--no-bias", action="store_false", dest="bias")
    parser.add_argument("--lengths", type=int, nargs="+", help="steps of each example; sets B")
    parser.add_argument("--dtype", choices=DTYPES, default=default.dtype)
    parser.add_argument("--no-state", action="store_false", dest="with_state")
    parser.add_argument("--unbatched", action="store_false", dest="batched", help="sets B to 1")
    parser.add_argument("--scale", choices=tuple(SCALES), default=default.scale)
    parser.add_argument("--closed", action="store_true", help="a gate of layer 0 is nearly shut")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--candidate", choices=("handrnn", "textbook"), default="handrnn")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one case, judge it, print the tables; 0 if everything passed, else 1."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    candidate = {"handrnn": ours, "textbook": textbooks}[options.pop("candidate")]
    if options["lengths"] is not None:
        options["lengths"] = tuple(options["lengths"])
        options["B"] = len(options["lengths"])
    if not options["batched"]:
        options["B"] = 1
    try:
        case = Case(**options)
    except ValueError as wrong:
        parser.error(str(wrong))
    try:
        judgement = judge(case, candidate)
    except ImportError as missing:
        parser.exit(1, f"{parser.prog} {missing}\n")
    print(judgement.table())
    print()
    print("PASS" if judgement.passed else f"FAIL\n{judgement}")
    return 0 if judgement.passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
