"""Face: RNN, LSTM, GRU, their cells, and what goes with them, shaped and named as in torch.nn.

What torch does by autograd is asked for here: ``y, state = m(x)`` forward, and
``dx, d_state0 = m.backward(d_output, d_state)`` for the gradients of the latest forward.

>>> import numpy as np
>>> lstm = LSTM(input_size=3, hidden_size=4, rng=0)
>>> x = np.ones((5, 2, 3), np.float32)  # (T, B, I)
>>> y, (h_n, c_n) = lstm(x)
>>> dx, (dh_0, dc_0) = lstm.backward(d_output=np.ones_like(y))
>>> y.shape, dx.shape, lstm.grads["weight_hh_l0"].shape
((5, 2, 4), (5, 2, 3), (16, 4))
"""

import threading
import warnings
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

import numpy as np
import numpy.typing as npt

from . import border, cells, initializers, layouts, modules, packings, padding, sequence

Module = modules.Module
Parameter = modules.Parameter
Arrays = modules.Arrays
IncompatibleKeys = modules.IncompatibleKeys
Linear = modules.Linear
Embedding = modules.Embedding
Dropout = modules.Dropout
Sequential = modules.Sequential
pad_sequence = padding.pad_sequence
unpad_sequence = padding.unpad_sequence

Array = modules.Array
Pair = tuple[Array, Array]
State = TypeVar("State")  # of RNN and GRU an array, of the LSTM a pair of them


class Recurrent(modules.Module, Generic[State]):
    """Layers of a cell along a sequence, in one or two directions: RNN, LSTM and GRU.

    Sizes: T steps, B examples, I = input_size, H = hidden_size, L = num_layers, D directions,
    P outputs of one direction (hidden_size, or proj_size where there is one).
    """

    cell: Any
    gives_state = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        device: Any = None,
        dtype: npt.DTypeLike = np.float32,
        rng: modules.Seed = None,
    ) -> None:
        self.input_size = modules.at_least(1, input_size, "input_size")
        self.hidden_size = modules.at_least(1, hidden_size, "hidden_size")
        self.num_layers = modules.at_least(1, num_layers, "num_layers")
        self.bias = border.flag("bias", bias)
        self.batch_first = border.flag("batch_first", batch_first)
        self.dropout = modules.probability(dropout, "dropout")
        if self.dropout and num_layers == 1:
            warnings.warn(
                "dropout acts between layers: with num_layers=1 it does nothing", stacklevel=2
            )
        self.bidirectional = border.flag("bidirectional", bidirectional)
        self.proj_size = modules.at_least(0, proj_size, "proj_size")
        if self.proj_size and self.cell is not cells.LSTM:
            raise ValueError(f"proj_size is for the LSTM: {type(self).__name__} has no projection")
        if self.proj_size >= hidden_size:
            raise ValueError(
                f"proj_size {proj_size} must be smaller than hidden_size {hidden_size}"
            )
        self._outputs = self.proj_size or self.hidden_size
        self._directions = 2 if self.bidirectional else 1
        shapes = {}
        for layer in range(num_layers):
            inputs = self._directions * self._outputs if layer else input_size
            for reverse in range(self._directions):
                one = packings.torch_shapes(
                    len(self.cell.gates), inputs, hidden_size, bias, self.proj_size
                )
                suffix = packings.torch_suffix(layer, reverse)
                shapes |= {name + suffix: shape for name, shape in one.items()}
        super().__init__(shapes, dtype, rng, device)

    def reset_parameters(self) -> None:
        self._draw(initializers.torch_recurrent, self.hidden_size)

    @modules.by_one_thread
    def forward(
        self,
        x: npt.ArrayLike,
        state: State | None = None,
        lengths: npt.ArrayLike | None = None,
        *,
        need_output: bool = True,
    ) -> tuple[Any, State]:
        """Run along the sequence.

        Parameters
        ----------
        x : ndarray (T, B, I), with ``batch_first`` (B, T, I), or (T, I) for one example
        state : ndarray (L*D, B, P), optional; for the LSTM a pair of it and (L*D, B, H)
            Where to start: h_0, for the LSTM (h_0, c_0); without the axis B for one example.
            Zeros by default.
        lengths : B integers in 1..T, optional
            How long each example is, in any order. What x holds beyond is ignored.
        need_output : bool
            False: skip the output, where only the final state is needed; None is returned for it.

        Returns
        -------
        output : ndarray (T, B, D*P), or as x has its axes
            Hidden states of the last layer, forward direction first; zero beyond each length.
        state : like the argument
            h_n, for the LSTM (h_n, c_n): each example's at its own end (for the backward
            direction that is t = 0, after starting from the example's last step).
        """
        self._tape = None
        core_x, batched = self._core_input(x)
        T, _, B = core_x.shape
        starts = self._core_state(state, "state", B, batched)
        if starts is None:
            shapes = self._state_shapes(B)
            starts = [np.zeros(shape, self.dtype).swapaxes(1, 2) for shape in shapes]
        order, active = self._sort(lengths, T, B, batched)
        core_x = core_x[..., order]
        starts = [start[..., order] for start in starts]

        ends = [np.empty_like(start) for start in starts]
        tapes, masks = [], []
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                masks.append(self._dropout_mask(core_x.shape))
                core_x = core_x * masks[-1]
            y = np.empty((T, B, self._directions * self._outputs), self.dtype).swapaxes(1, 2)
            for reverse in range(self._directions):
                index = layer * self._directions + reverse
                time = slice(None, None, -1 if reverse else 1)
                suffix = packings.torch_suffix(layer, reverse)
                _, end, tape = sequence.forward(
                    self.cell,
                    core_x[time],
                    [start[index] for start in starts],
                    packings.TORCH.read(self.cell, self.params, suffix),
                    out=self._half(y, reverse)[time],
                    active=None if active is None else active[time],
                    keep=self.training,
                    need_y=need_output or layer + 1 < self.num_layers,
                )
                tapes.append(tape)
                for whole, part in zip(ends, end, strict=True):
                    whole[index] = part
            core_x = y
        self._keep((tapes, masks, order, batched, T, B))
        output = self._output(_unsort(core_x, order), batched) if need_output else None
        return output, self._state(ends, order, batched)

    @modules.by_one_thread
    def backward(
        self,
        d_output: npt.ArrayLike | None = None,
        d_state: Any = None,
        *,
        need_dx: bool = True,
    ) -> tuple[Any, State]:
        """Gradients of a loss, back through the latest forward.

        Parameters
        ----------
        d_output : ndarray like output, optional
            Gradient with respect to every output; what lies beyond a sequence's length is ignored.
        d_state : like state, optional
            Gradient with respect to the final state; of the LSTM's pair one may be None.
        need_dx : bool
            False: skip dx; None is returned for it.

        Returns
        -------
        dx : ndarray like x; zero beyond each length
        d_state0 : like state, with respect to the initial state, given or not

        Gradients with respect to the parameters are added to ``grads``, and once more if it is
        called again.
        """
        tapes, masks, order, batched, T, B = self._taped()
        if d_output is None and d_state is None:
            raise ValueError("backward needs d_output, d_state, or both")
        dy = None
        if d_output is not None:
            dy = self._core_gradient(d_output, T, B, batched)[..., order]
        d_ends = self._core_state(d_state, "d_state", B, batched, partly=True)
        if d_ends is not None:
            d_ends = [None if d is None else d[..., order] for d in d_ends]

        d_starts = [np.empty(s, self.dtype).swapaxes(1, 2) for s in self._state_shapes(B)]
        for layer in reversed(range(self.num_layers)):
            dx: Any = 0
            for reverse in range(self._directions):
                index = layer * self._directions + reverse
                time = slice(None, None, -1 if reverse else 1)
                by_x, by_start, by_weights = sequence.backward(
                    tapes[index],
                    None if dy is None else self._half(dy, reverse)[time],
                    d_ends and [None if d is None else d[index] for d in d_ends],
                    need_dx=need_dx or layer > 0,
                )
                if by_x is not None:
                    dx = by_x[time] if not reverse else dx + by_x[time]
                for whole, part in zip(d_starts, by_start, strict=True):
                    whole[index] = part
                suffix = packings.torch_suffix(layer, reverse)
                for name, gradient in packings.TORCH.write(self.cell, by_weights, suffix).items():
                    self._accumulate(name, gradient)
            dy = dx * masks[layer - 1] if masks and layer else dx
        by_input = self._output(_unsort(dy, order), batched) if need_dx else None
        return by_input, self._state(d_starts, order, batched)

    def _half(self, y, reverse):
        """The rows of a layer's output that belong to one direction."""
        return y[:, reverse * self._outputs : (reverse + 1) * self._outputs]

    def _state_shapes(self, B):
        LD = self.num_layers * self._directions
        return [(LD, B, self._outputs), (LD, B, self.hidden_size)][: len(self.cell.states)]

    def _core_input(self, x):
        x = self._floats(x, "x")
        if x.ndim not in (2, 3):
            raise ValueError(
                f"x is {x.shape}: {self._axes(True)} or, for one example, (T, I) is needed"
            )
        batched = x.ndim == 3
        core_x = self._to_core(x, batched)
        if core_x.shape[1] != self.input_size:
            raise ValueError(
                f"x has {core_x.shape[1]} features but these weights take {self.input_size}"
                f" (x is {self._axes(batched)} = {x.shape})"
            )
        if not len(core_x):
            raise RuntimeError(
                f"Expected sequence length to be larger than 0 in {type(self).__name__}"
                f" (x is {self._axes(batched)} = {x.shape})"
            )
        return core_x, batched

    def _core_gradient(self, d_output, T, B, batched):
        d_output = self._floats(d_output, "d_output")
        width = self._directions * self._outputs
        shape = ((B, T, width) if self.batch_first else (T, B, width)) if batched else (T, width)
        modules.same_shape(d_output, shape, "d_output")
        return self._to_core(d_output, batched)

    def _core_state(self, state, name, B, batched, partly=False):
        """The caller's state as a list of (L*D, features, B) views."""
        if state is None:
            return None
        names = [f"{name} {s}" for s in self.cell.states]
        if len(names) == 1:
            names, state = [name], [state]
        elif not isinstance(state, tuple | list) or len(state) != len(names):
            raise TypeError(f"{name} must be a pair (h, c) of arrays for an {type(self).__name__}")
        views = []
        for part, part_name, shape in zip(state, names, self._state_shapes(B), strict=True):
            if partly and part is None:
                views.append(None)
                continue
            part = self._floats(part, part_name)
            modules.same_shape(part, shape if batched else (shape[0], shape[2]), part_name)
            views.append((part if batched else part[:, None]).swapaxes(1, 2))
        return views

    def _sort(self, lengths, T, B, batched):
        """Which example stands in which column, longest first, and how many take each step."""
        if lengths is None:
            return slice(None), None
        if not batched:
            raise ValueError("lengths are for a batch: cut a single example to its length instead")
        lengths = border.array("lengths", lengths, "iu", "integers are")
        modules.same_shape(lengths, (B,), "lengths")
        if B and not (lengths.min() >= 1 and lengths.max() <= T):
            raise ValueError(f"lengths must lie in 1..T = 1..{T}, got {lengths.tolist()}")
        active = (lengths[:, None] > np.arange(T)).sum(axis=0)
        return np.argsort(-lengths.astype(np.int64), kind="stable"), active

    def _dropout_mask(self, shape):
        T, features, B = shape
        mask = modules.dropout_mask(self.rng, (T, B, features), self.dropout, self.dtype)
        return mask.swapaxes(1, 2)

    def _to_core(self, x, batched):
        return layouts.to_core(x if batched else x[:, None], self.batch_first and batched)

    def _output(self, y, batched):
        y = layouts.from_core(y, self.batch_first and batched)
        return np.ascontiguousarray(y if batched else y[:, 0])

    def _state(self, parts, order, batched) -> Any:
        arrays = [
            np.ascontiguousarray(
                _unsort(part, order).swapaxes(1, 2)[:, slice(None) if batched else 0]
            )
            for part in parts
        ]
        return arrays[0] if len(arrays) == 1 else tuple(arrays)

    def _axes(self, batched):
        if not batched:
            return "(T, I)"
        return "(B, T, I)" if self.batch_first else "(T, B, I)"

    def _arguments(self) -> dict[str, Any]:
        arguments = {"input_size": self.input_size, "hidden_size": self.hidden_size}
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        return arguments | {
            k: getattr(self, k) for k, v in defaults.items() if getattr(self, k) != v
        }

    def __repr__(self) -> str:
        return _representation(self)

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            x: npt.ArrayLike,
            state: State | None = None,
            lengths: npt.ArrayLike | None = None,
            *,
            need_output: Literal[True] = True,
        ) -> tuple[Array, State]: ...

        @overload
        def __call__(
            self,
            x: npt.ArrayLike,
            state: State | None = None,
            lengths: npt.ArrayLike | None = None,
            *,
            need_output: Literal[False],
        ) -> tuple[None, State]: ...

        def __call__(self, *inputs: Any, **options: Any) -> Any: ...


class RNN(Recurrent[Array]):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu instead of tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        Features of x and of the hidden state.
    num_layers : int
        Layers on top of each other.
    nonlinearity : "tanh" or "relu"
    bias : bool
        Without: no b_ih, b_hh.
    batch_first : bool
        x and output are (B, T, features) instead of (T, B, features); states are not affected.
    dropout : float in [0, 1]
        Probability of a zero in the output of every layer but the last, in training mode.
    bidirectional : bool
    dtype : float32 (default) or float64
    rng : numpy.random.Generator or seed, optional
        Source of the initial weights, U(-1/sqrt(hidden_size), 1/sqrt(hidden_size)), and of dropout.

    Notes
    -----
    Parameters are named as in torch: ``weight_ih_l0`` (H, I), ``weight_hh_l0`` (H, H),
    ``bias_ih_l0`` and ``bias_hh_l0`` (H,), then ``..._l0_reverse``, ``..._l1`` and so on.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: Any = None,
        dtype: npt.DTypeLike = np.float32,
        rng: modules.Seed = None,
    ) -> None:
        self.cell = _rnn_cell(nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            rng=rng,
        )

    def _arguments(self) -> dict[str, Any]:
        return _with_nonlinearity(self, super()._arguments())


class LSTM(Recurrent[Pair]):
    """Long short-term memory: c_t = f * c_{t-1} + i * g, h_t = o * tanh(c_t).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype, rng
        As for `RNN`.
    proj_size : int
        If positive, h_t = W_hr (o * tanh(c_t)) with so many features (Sak et al. 2014).

    Notes
    -----
    The state is a pair (h, c). Rows of weights and biases come in blocks i, f, g, o; a projection
    is ``weight_hr_l0`` (P, H).
    """

    cell = cells.LSTM


class GRU(Recurrent[Array]):
    """Gated recurrent unit: n = tanh(b_n + r a_n), h_t = n + z (h_{t-1} - n).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype, rng
        As for `RNN`.

    Notes
    -----
    a_n is the recurrent product with its bias, b_n the input product with its own: the reset gate
    acts after the product. Rows of weights and biases come in blocks r, z, n.
    """

    cell = cells.GRU


class RecurrentCell(modules.Module, Generic[State]):
    """One step of a cell: RNNCell, LSTMCell, GRUCell.

    Calls in training mode are remembered, and each `backward` goes back through the latest one
    not yet gone through: a loop over time is followed by a loop back. The next call after that
    begins anew and forgets what is left.
    """

    cell: Any

    gives_state = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: npt.DTypeLike = np.float32,
        rng: modules.Seed = None,
    ) -> None:
        self.input_size = modules.at_least(1, input_size, "input_size")
        self.hidden_size = modules.at_least(1, hidden_size, "hidden_size")
        self.bias = border.flag("bias", bias)
        shapes = packings.torch_shapes(len(self.cell.gates), input_size, hidden_size, self.bias)
        super().__init__(shapes, dtype, rng, device)
        self._tape = []
        self._going_back = False

    def reset_parameters(self) -> None:
        self._draw(initializers.torch_recurrent, self.hidden_size)

    @modules.by_one_thread
    def forward(self, x: npt.ArrayLike, state: State | None = None) -> State:
        """One step.

        Parameters
        ----------
        x : ndarray (B, I), or (I,) for one example
        state : ndarray (B, H), for the LSTM a pair of them, optional
            Zeros by default; (H,) for one example.

        Returns
        -------
        state : like the argument
        """
        x = self._floats(x, "x")
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ValueError(
                f"x is {x.shape}: (B, {self.input_size}) or ({self.input_size},) is needed"
            )
        shape = (*x.shape[:-1], self.hidden_size)
        if state is None:
            zeros = [np.zeros(shape, self.dtype)] * len(self.cell.states)
            start = [np.atleast_2d(part).T for part in zeros]
        else:
            start = [part.T for part in self._columns(state, shape, "state")]
        weights = packings.TORCH.read(self.cell, self.params)
        _, end, tape = sequence.forward(
            self.cell, np.atleast_2d(x).T[None], start, weights, keep=self.training
        )
        other = self._taped_by != threading.get_ident()
        if self._going_back or other or not self.training:
            self._tape, self._going_back = [], False
        if self.training:
            self._tape.append((tape, shape))
            self._taped_by = threading.get_ident()
        return self._rows(end, shape)

    @modules.by_one_thread
    def backward(self, d_state: Any) -> tuple[Array, State]:
        """Gradients back through one step.

        Parameters
        ----------
        d_state : like the state returned; of the LSTM's pair one may be None

        Returns
        -------
        dx : ndarray like x
        d_state0 : like the state given
        """
        tape, shape = self._taped()[-1]
        d_end = [d if d is None else d.T for d in self._columns(d_state, shape, "d_state", True)]
        dx, d_start, d_weights = sequence.backward(tape, None, d_end)
        self._tape.pop()
        self._going_back = True
        for name, gradient in packings.TORCH.write(self.cell, d_weights).items():
            self._accumulate(name, gradient)
        return self._row(dx[0], (*shape[:-1], self.input_size)), self._rows(d_start, shape)

    def _columns(self, state, shape, name, partly=False):
        if len(self.cell.states) == 1:
            state = [state]
        elif not isinstance(state, tuple | list) or len(state) != 2:
            raise TypeError(f"{name} must be a pair (h, c) of arrays for an {type(self).__name__}")
        parts = []
        for part in state:
            if partly and part is None:
                parts.append(None)
                continue
            part = self._floats(part, name)
            modules.same_shape(part, shape, name)
            parts.append(np.atleast_2d(part))
        return parts

    @staticmethod
    def _row(part, shape):
        return np.ascontiguousarray(part.T).reshape(shape)

    def _rows(self, parts, shape) -> Any:
        arrays = tuple(self._row(part, shape) for part in parts)
        return arrays[0] if len(arrays) == 1 else arrays

    def _arguments(self) -> dict[str, Any]:
        arguments = {"input_size": self.input_size, "hidden_size": self.hidden_size}
        return arguments | ({} if self.bias else {"bias": False})

    def __repr__(self) -> str:
        return _representation(self)

    if TYPE_CHECKING:
        __call__ = forward


class RNNCell(RecurrentCell[Array]):
    """One step of `RNN`; parameters ``weight_ih, weight_hh, bias_ih, bias_hh``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        *,
        device: Any = None,
        dtype: npt.DTypeLike = np.float32,
        rng: modules.Seed = None,
    ) -> None:
        self.cell = _rnn_cell(nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, device=device, dtype=dtype, rng=rng)

    def _arguments(self) -> dict[str, Any]:
        return _with_nonlinearity(self, super()._arguments())


class LSTMCell(RecurrentCell[Pair]):
    """One step of `LSTM`; parameters ``weight_ih, weight_hh, bias_ih, bias_hh``."""

    cell = cells.LSTM


class GRUCell(RecurrentCell[Array]):
    """One step of `GRU`; parameters ``weight_ih, weight_hh, bias_ih, bias_hh``."""

    cell = cells.GRU


_CONVERTED = {  # what a module of torch.nn is made with here, by kind
    **dict.fromkeys(
        ("RNN", "LSTM", "GRU"),
        (
            *("input_size", "hidden_size", "bias"),
            *("num_layers", "batch_first", "dropout", "bidirectional"),
        ),
    ),
    **dict.fromkeys(("RNNCell", "LSTMCell", "GRUCell"), ("input_size", "hidden_size", "bias")),
    "Linear": ("in_features", "out_features"),
    "Embedding": ("num_embeddings", "embedding_dim", "padding_idx"),
    "Dropout": ("p",),
    "Sequential": (),
}
_OWN = {"RNN": ("nonlinearity",), "RNNCell": ("nonlinearity",), "LSTM": ("proj_size",)}


def from_torch(module: Any, *, rng: modules.Seed = None) -> Any:
    """The module of this package for a torch.nn module, with a copy of its weights.

    Parameters
    ----------
    module : torch.nn.RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell, Linear, Embedding, Dropout or
        Sequential
        On any device, float32 or float64.
    rng : numpy.random.Generator or seed, optional
        For dropout.

    Returns
    -------
    Module
        Frozen where the torch module's parameters are.

    Raises
    ------
    TypeError
        Any other module or dtype, or an option that has no counterpart here.
    """
    kind = type(module).__name__
    if kind not in _CONVERTED or not type(module).__module__.startswith("torch.nn."):
        raise TypeError(f"cannot convert a {kind}: one of {', '.join(_CONVERTED)} is needed")
    if kind == "Sequential":
        rng = np.random.default_rng(rng)
        return Sequential(*(from_torch(one, rng=rng) for one in module)).train(module.training)
    state = {key: modules.to_array(value, key) for key, value in module.state_dict().items()}
    options = {key: getattr(module, key) for key in (*_CONVERTED[kind], *_OWN.get(kind, ()))}
    if kind == "Linear":
        options["bias"] = module.bias is not None
    if kind == "Embedding" and (module.max_norm is not None or module.scale_grad_by_freq):
        raise TypeError("cannot convert an Embedding with max_norm or scale_grad_by_freq")
    options |= {"dtype": next(iter(state.values())).dtype} if state else {}
    mine = globals()[kind](**options, rng=rng)
    mine.load_state_dict(state)
    for name, parameter in mine.named_parameters():
        parameter.requires_grad = getattr(module, name).requires_grad
    return mine.train(module.training)


def _unsort(array, order):
    if isinstance(order, slice):
        return array
    back = np.empty_like(array)
    back[..., order] = array
    return back


def _rnn_cell(nonlinearity):
    if not isinstance(nonlinearity, str) or nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity is {nonlinearity!r}: 'tanh' or 'relu' is needed")
    return cells.RNN if nonlinearity == "tanh" else cells.ReluRNN


def _with_nonlinearity(module, arguments):
    return arguments | ({} if module.nonlinearity == "tanh" else {"nonlinearity": "relu"})


def _representation(module):
    (_, first), (_, second), *options = module._arguments().items()
    options = "".join(f", {name}={value}" for name, value in options)
    return f"{type(module).__name__}({first}, {second}{options})"
