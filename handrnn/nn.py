"""Face: RNN, LSTM, GRU, their cells and Linear, shaped and named as in torch.nn.

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

import math
import operator
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import cells, initializers, layouts, packings, sequence


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` with strict=False did not find, and had no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Arrays(Mapping):
    """Named arrays that live: reading gives the array itself, assigning writes into it."""

    def __init__(self, arrays):
        self._arrays = dict(arrays)

    def __getitem__(self, name):
        return self._arrays[name]

    def __setitem__(self, name, value):
        array = self._arrays[name]
        if np.shape(value) != array.shape:
            raise ValueError(f"{name} is {array.shape}, and was given {np.shape(value)}")
        array[...] = value

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return f"Arrays({', '.join(f'{name} {a.shape}' for name, a in self._arrays.items())})"


class Module:
    """What all modules share: named parameters, their gradients, and ways in and out.

    Attributes
    ----------
    params, grads : Arrays
        Under torch's names; live. Gradients accumulate until `zero_grad`.
    training : bool
        False after `eval`: forward then keeps nothing for backward, and dropout is off.
    dtype : numpy.dtype
    rng : numpy.random.Generator
        The module's own: its initial weights and its dropout come from it.
    """

    params: Arrays
    grads: Arrays

    def __init__(self, shapes, dtype, rng):
        dtype = np.dtype(dtype)
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype is {dtype}: float32 or float64 is needed")
        self.dtype = dtype
        self.rng = np.random.default_rng(rng).spawn(1)[0]
        self.training = True
        self._tape: Any = None
        self.params = Arrays({name: np.empty(shape, dtype) for name, shape in shapes.items()})
        self.grads = Arrays({name: np.zeros(shape, dtype) for name, shape in shapes.items()})
        self.reset_parameters()

    def reset_parameters(self):
        """Draw all parameters afresh, from the distribution that torch draws them from."""
        raise NotImplementedError

    def forward(self, *inputs, **options):
        """The same as calling the module."""
        raise NotImplementedError

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def train(self, mode=True):
        """Keep what backward needs, and drop out; or not. Returns the module."""
        self.training = bool(mode)
        return self

    def eval(self):
        """Forward only: no tape, no dropout. Returns the module."""
        return self.train(False)

    def zero_grad(self):
        """Set all gradients to zero."""
        for gradient in self.grads.values():
            gradient[...] = 0

    def state_dict(self):
        """A copy of every parameter, under torch's names."""
        return {name: array.copy() for name, array in self.params.items()}

    def load_state_dict(self, mapping, strict=True):
        """Copy parameters in, from arrays or torch tensors under torch's names.

        Returns
        -------
        IncompatibleKeys

        Raises
        ------
        ValueError
            Names (unless ``strict=False``) or shapes that do not fit, all of them at once;
            nothing is loaded then.
        """
        arrays = {name: _to_array(value) for name, value in mapping.items()}
        missing = [name for name in self.params if name not in arrays]
        unexpected = [name for name in arrays if name not in self.params]
        wrong = [
            f"{name} is {array.shape}, {self.params[name].shape} is needed"
            for name, array in arrays.items()
            if name in self.params and array.shape != self.params[name].shape
        ]
        wrong += [
            f"{name} holds {array.dtype}, numbers are needed"
            for name, array in arrays.items()
            if name in self.params and array.dtype.kind not in "fiu"
        ]
        if strict:
            wrong += [f"{name} is missing" for name in missing]
            wrong += [f"{name} is not a parameter" for name in unexpected]
        if wrong:
            raise ValueError(f"cannot load into {self!r}: " + "; ".join(wrong))
        for name in self.params.keys() & arrays.keys():
            self.params[name] = arrays[name]
        return IncompatibleKeys(missing, unexpected)

    def save(self, path):
        """Write all parameters to an .npz file, at once or not at all."""
        path = Path(path)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                np.savez(file, **self.state_dict())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def load(self, path):
        """Read parameters that `save` has written. Returns the module.

        Raises
        ------
        OSError
            A file that cannot be read.
        ValueError
            Another kind of file, or parameters that do not fit; nothing is loaded then.
        """
        with Path(path).open("rb") as file:
            try:
                arrays = dict(np.load(file, allow_pickle=False))
            except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
                message = f"{path} is not an .npz file that save has written"
                raise ValueError(message) from error
        self.load_state_dict(arrays)
        return self

    def to_torch(self):
        """The torch.nn module of the same kind with the same weights."""
        torch = _import_torch("to_torch")
        with torch.random.fork_rng(devices=[]):  # its initial weights are not wanted
            module = getattr(torch.nn, type(self).__name__)(
                **self._arguments(), dtype=getattr(torch, self.dtype.name)
            )
        module.load_state_dict(
            {name: torch.from_numpy(array) for name, array in self.state_dict().items()}
        )
        return module.train(self.training)

    def _arguments(self) -> dict[str, Any]:
        """What the constructor was given, by name."""
        raise NotImplementedError

    def _draw(self, initializer, fan):
        for name, array in self.params.items():
            self.params[name] = initializer(array.shape, fan, rng=self.rng, dtype=self.dtype)

    def _floats(self, array, name):
        """The caller's array, if it has this module's dtype."""
        array = np.asarray(array)
        if array.dtype != self.dtype:
            kind = type(self).__name__
            other = f", or {kind}(..., dtype=...)" if array.dtype.kind == "f" else ""
            raise TypeError(
                f"{name} is {array.dtype} but this {kind} is {self.dtype}:"
                f" {name}.astype({self.dtype.name!r}){other}"
            )
        return array

    def _taped(self):
        if not self._tape:
            raise RuntimeError(
                f"{type(self).__name__}.backward needs a forward in training mode before it"
            )
        return self._tape

    def __getattr__(self, name):
        params = self.__dict__.get("params", {})
        if name in params:
            return params[name]
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __setattr__(self, name, value):
        if name in self.__dict__.get("params", {}):
            self.params[name] = value
        else:
            super().__setattr__(name, value)

    def __dir__(self):
        return [*super().__dir__(), *self.params]


class Linear(Module):
    """y = x W^T + b, on the last axis of x.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    dtype : float32 (default) or float64
    rng : numpy.random.Generator or seed, optional
    """

    def __init__(
        self, in_features, out_features, bias=True, *, dtype: npt.DTypeLike = np.float32, rng=None
    ):
        self.in_features = _at_least(0, in_features, "in_features")
        self.out_features = _at_least(0, out_features, "out_features")
        shapes: dict[str, tuple[int, ...]] = {"weight": (out_features, in_features)}
        if bias:
            shapes["bias"] = (out_features,)
        super().__init__(shapes, dtype, rng)

    def reset_parameters(self):
        self._draw(initializers.torch_linear, max(self.in_features, 1))

    def forward(self, x):
        """Map (..., in_features) to (..., out_features)."""
        x = self._floats(x, "x")
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(
                f"x is {x.shape}: its last axis must be in_features, {self.in_features}"
            )
        self._tape = (x.copy(), self.weight.copy()) if self.training else None
        y = x @ self.weight.T
        if "bias" in self.params:
            y += self.bias
        return y

    def backward(self, d_output):
        """Gradient by x, given the gradient by y; gradients by the parameters into `grads`."""
        x, weight = self._taped()
        dy = self._floats(d_output, "d_output")
        _same_shape(dy, (*x.shape[:-1], self.out_features), "d_output")
        examples = math.prod(x.shape[:-1])  # reshape cannot tell from an array without elements
        rows = dy.reshape(examples, self.out_features)
        self.grads["weight"] += rows.T @ x.reshape(examples, self.in_features)
        if "bias" in self.params:
            self.grads["bias"] += rows.sum(axis=0)
        return dy @ weight

    def _arguments(self) -> dict[str, Any]:
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": "bias" in self.params,
        }

    def __repr__(self):
        return f"Linear({', '.join(f'{k}={v}' for k, v in self._arguments().items())})"


class Recurrent(Module):
    """Layers of a cell along a sequence, in one or two directions: RNN, LSTM and GRU.

    Sizes: T steps, B examples, I = input_size, H = hidden_size, L = num_layers, D directions,
    P outputs of one direction (hidden_size, or proj_size where there is one).
    """

    cell: Any

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        *,
        dtype: npt.DTypeLike = np.float32,
        rng=None,
    ):
        self.input_size = _at_least(1, input_size, "input_size")
        self.hidden_size = _at_least(1, hidden_size, "hidden_size")
        self.num_layers = _at_least(1, num_layers, "num_layers")
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} is {flag!r}: True or False is needed")
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = _probability(dropout)
        if self.dropout and num_layers == 1:
            warnings.warn(
                "dropout acts between layers: with num_layers=1 it does nothing", stacklevel=2
            )
        self.bidirectional = bool(bidirectional)
        self.proj_size = _at_least(0, proj_size, "proj_size")
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
        super().__init__(shapes, dtype, rng)

    def reset_parameters(self):
        self._draw(initializers.torch_recurrent, self.hidden_size)

    def forward(self, x, state=None, lengths=None, *, need_output=True) -> tuple[Any, Any]:
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
            False: None in place of the output, for who reads the final state only.

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
        if self.training:
            self._tape = tapes, masks, order, batched, T, B
        output = self._output(_unsort(core_x, order), batched) if need_output else None
        return output, self._state(ends, order, batched)

    def backward(self, d_output=None, d_state=None, *, need_dx=True) -> tuple[Any, Any]:
        """Gradients of a loss, back through the latest forward.

        Parameters
        ----------
        d_output : ndarray like output, optional
            Gradient by every output; what stands beyond a sequence's length is ignored.
        d_state : like state, optional
            Gradient by the final state; of the LSTM's pair one may be None.
        need_dx : bool
            False: None in place of dx, for who has no use for it.

        Returns
        -------
        dx : ndarray like x; zero beyond each length
        d_state0 : like state, by the initial state, given or not

        Gradients by the parameters are added to ``grads``. Calling it again adds them again.
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
                    self.grads[name] += gradient
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
        _same_shape(d_output, shape, "d_output")
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
            _same_shape(part, shape if batched else (shape[0], shape[2]), part_name)
            views.append((part if batched else part[:, None]).swapaxes(1, 2))
        return views

    def _sort(self, lengths, T, B, batched):
        """Which example stands in which column, longest first, and how many take each step."""
        if lengths is None:
            return slice(None), None
        if not batched:
            raise ValueError("lengths are for a batch: cut a single example to its length instead")
        lengths = np.asarray(lengths)
        if lengths.dtype.kind not in "iu":
            raise TypeError(f"lengths are {lengths.dtype}: integers are needed")
        _same_shape(lengths, (B,), "lengths")
        if B and not (lengths.min() >= 1 and lengths.max() <= T):
            raise ValueError(f"lengths must lie in 1..T = 1..{T}, got {lengths.tolist()}")
        active = (lengths[:, None] > np.arange(T)).sum(axis=0)
        return np.argsort(-lengths.astype(np.int64), kind="stable"), active

    def _dropout_mask(self, shape):
        T, features, B = shape
        kept = self.rng.random((T, B, features), self.dtype).swapaxes(1, 2) >= self.dropout
        return kept / self.dtype.type(1 - self.dropout or 1)

    def _to_core(self, x, batched):
        return layouts.to_core(x if batched else x[:, None], self.batch_first and batched)

    def _output(self, y, batched):
        y = layouts.from_core(y, self.batch_first and batched)
        return np.ascontiguousarray(y if batched else y[:, 0])

    def _state(self, parts, order, batched):
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

    def __repr__(self):
        return _representation(self)


class RNN(Recurrent):
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
        input_size,
        hidden_size,
        num_layers=1,
        nonlinearity="tanh",
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        *,
        dtype: npt.DTypeLike = np.float32,
        rng=None,
    ):
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
            dtype=dtype,
            rng=rng,
        )

    def _arguments(self) -> dict[str, Any]:
        return _with_nonlinearity(self, super()._arguments())


class LSTM(Recurrent):
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


class GRU(Recurrent):
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


class RecurrentCell(Module):
    """One step of a cell: RNNCell, LSTMCell, GRUCell.

    Calls in training mode are remembered, and each `backward` goes back through the latest one
    not yet gone through: a loop over time is followed by a loop back. The next call after that
    begins anew and forgets what is left.
    """

    cell: Any

    def __init__(
        self, input_size, hidden_size, bias=True, *, dtype: npt.DTypeLike = np.float32, rng=None
    ):
        self.input_size = _at_least(1, input_size, "input_size")
        self.hidden_size = _at_least(1, hidden_size, "hidden_size")
        self.bias = bool(bias)
        shapes = packings.torch_shapes(len(self.cell.gates), input_size, hidden_size, self.bias)
        super().__init__(shapes, dtype, rng)
        self._tape = []
        self._going_back = False

    def reset_parameters(self):
        self._draw(initializers.torch_recurrent, self.hidden_size)

    def forward(self, x, state=None):
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
            zeros = np.zeros(shape, self.dtype)
            state = zeros if len(self.cell.states) == 1 else (zeros, zeros)
        start = [part.T for part in self._columns(state, shape, "state")]
        weights = packings.TORCH.read(self.cell, self.params)
        _, end, tape = sequence.forward(
            self.cell, np.atleast_2d(x).T[None], start, weights, keep=self.training
        )
        if self._going_back or not self.training:
            self._tape, self._going_back = [], False
        if self.training:
            self._tape.append((tape, shape))
        return self._rows(end, shape)

    def backward(self, d_state):
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
            self.grads[name] += gradient
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
            _same_shape(part, shape, name)
            parts.append(np.atleast_2d(part))
        return parts

    @staticmethod
    def _row(part, shape):
        return np.ascontiguousarray(part.T).reshape(shape)

    def _rows(self, parts, shape):
        arrays = tuple(self._row(part, shape) for part in parts)
        return arrays[0] if len(arrays) == 1 else arrays

    def _arguments(self) -> dict[str, Any]:
        arguments = {"input_size": self.input_size, "hidden_size": self.hidden_size}
        return arguments | ({} if self.bias else {"bias": False})

    def __repr__(self):
        return _representation(self)


class RNNCell(RecurrentCell):
    """One step of `RNN`; parameters ``weight_ih, weight_hh, bias_ih, bias_hh``."""

    def __init__(
        self,
        input_size,
        hidden_size,
        bias=True,
        nonlinearity="tanh",
        *,
        dtype: npt.DTypeLike = np.float32,
        rng=None,
    ):
        self.cell = _rnn_cell(nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, dtype=dtype, rng=rng)

    def _arguments(self) -> dict[str, Any]:
        return _with_nonlinearity(self, super()._arguments())


class LSTMCell(RecurrentCell):
    """One step of `LSTM`; parameters ``weight_ih, weight_hh, bias_ih, bias_hh``."""

    cell = cells.LSTM


class GRUCell(RecurrentCell):
    """One step of `GRU`; parameters ``weight_ih, weight_hh, bias_ih, bias_hh``."""

    cell = cells.GRU


def from_torch(module, *, rng=None):
    """The module of this package for a torch.nn module, with a copy of its weights.

    Parameters
    ----------
    module : torch.nn.RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell or Linear
        On any device, float32 or float64.
    rng : numpy.random.Generator or seed, optional
        For dropout.

    Raises
    ------
    TypeError
        Any other module or dtype.
    """
    kinds = {kind.__name__: kind for kind in (RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell, Linear)}
    name = type(module).__name__
    if name not in kinds or not type(module).__module__.startswith("torch.nn."):
        raise TypeError(f"cannot convert a {name}: one of {', '.join(kinds)} is needed")
    state = {key: _to_array(value) for key, value in module.state_dict().items()}
    options = {"dtype": next(iter(state.values())).dtype, "rng": rng}
    if name == "Linear":
        sizes = {"in_features": module.in_features, "out_features": module.out_features}
        options |= sizes | {"bias": module.bias is not None}
    else:
        names = ["input_size", "hidden_size", "bias"]
        if not name.endswith("Cell"):
            names += ["num_layers", "batch_first", "dropout", "bidirectional"]
        if name.startswith("RNN"):
            names.append("nonlinearity")
        if name == "LSTM":
            names.append("proj_size")
        options |= {key: getattr(module, key) for key in names}
    mine = kinds[name](**options)
    mine.load_state_dict(state)
    return mine.train(module.training)


def _unsort(array, order):
    if isinstance(order, slice):
        return array
    back = np.empty_like(array)
    back[..., order] = array
    return back


def _to_array(value):
    """An array of a torch tensor (on any device, part of a graph or not) or of anything else."""
    if hasattr(value, "detach"):
        try:
            value = value.detach().cpu().numpy()
        except TypeError:
            raise TypeError(f"NumPy has no {value.dtype}: value.float() it first") from None
    return np.asarray(value)


def _import_torch(what):
    try:
        import torch
    except ImportError:
        raise ImportError(f"{what} needs torch: pip install 'handrnn[torch]'") from None
    return torch


def _same_shape(array, shape, name):
    if array.shape != shape:
        raise ValueError(f"{name} is {array.shape}: {shape} is needed")


def _at_least(least, value, name):
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}: an integer is needed") from None
    if value < least:
        raise ValueError(f"{name} is {value}: at least {least} is needed")
    return value


def _probability(value):
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.floating)
        or not 0 <= value <= 1
    ):
        raise ValueError(f"dropout is {value!r}: a probability in [0, 1] is needed")
    return float(value)


def _rnn_cell(nonlinearity):
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity is {nonlinearity!r}: 'tanh' or 'relu' is needed")
    return cells.RNN if nonlinearity == "tanh" else cells.ReluRNN


def _with_nonlinearity(module, arguments):
    return arguments | ({} if module.nonlinearity == "tanh" else {"nonlinearity": "relu"})


def _representation(module):
    (_, first), (_, second), *options = module._arguments().items()
    options = "".join(f", {name}={value}" for name, value in options)
    return f"{type(module).__name__}({first}, {second}{options})"
