"""The network of a run in NumPy: a recurrent layer, its read-out, and what trains them."""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import initializers, nn, optim
from . import run as run_module
from . import tasks

Arrays = dict[str, npt.NDArray[Any]]

CELLS: dict[str, Callable[..., nn.Recurrent]] = {
    "RNN": nn.RNN,
    "reluRNN": functools.partial(nn.RNN, nonlinearity="relu"),
    "LSTM": nn.LSTM,
    "GRU": nn.GRU,
}
OPTIMIZERS = {"RMSprop": optim.RMSprop, "Adam": optim.Adam}
PARTS = ("layer", "readout")
SMALL = 0.01


class Model:
    """A recurrent layer, the linear read-out of its hidden states, and their optimizer.

    Parameters
    ----------
    run : Run
        Cell, sizes, initialisation, dtype, optimizer, rate and clip.
    task : Task
        How many numbers are read at a step, what is made of them, and the loss.
    rng : numpy.random.Generator
        Source of the initial weights.
    """

    def __init__(self, run: run_module.Run, task: tasks.Task, rng: np.random.Generator) -> None:
        self.task = task
        self.clip = run.clip
        self.layer, self.readout = initial_modules(run, task, rng)
        self.modules = (self.layer, self.readout)
        self.optimizer = OPTIMIZERS[run.optimizer](*self.modules, lr=run.rate, eps=run.epsilon)

    def forward(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Read x (T, B, features) from a zero state, and keep what backward needs.

        Returns
        -------
        ndarray (B, outputs), or (T, B, outputs) where the task is read at every step
        """
        if self.task.every_step:
            return self.readout(self.layer(x)[0])
        _, state = self.layer(x, need_output=False)
        return self.readout((state[0] if isinstance(state, tuple) else state)[0])

    def backward(self, d_outputs: npt.NDArray[np.floating]) -> None:
        """Add the gradients of a loss with cotangent d_outputs to the parameters' gradients."""
        d_hidden = self.readout.backward(d_outputs)
        if self.task.every_step:
            self.layer.backward(d_hidden, need_dx=False)
        elif isinstance(self.layer, nn.LSTM):
            self.layer.backward(d_state=(d_hidden[np.newaxis], None), need_dx=False)
        else:
            self.layer.backward(d_state=d_hidden[np.newaxis], need_dx=False)
        # One bias a gate: a second one would only let the optimizer move their sum twice as fast.
        self.layer.grads["bias_hh_l0"][...] = 0

    def update(self, x: npt.NDArray[np.floating], target: npt.NDArray[Any]) -> tuple[float, float]:
        """Do one update; return the loss and the accuracy on the batch before it."""
        outputs = self.forward(x)
        loss, d_outputs = self.task.loss(outputs, target)
        self.optimizer.zero_grad()
        self.backward(d_outputs)
        optim.clip_grad_norm(*self.modules, max_norm=self.clip)
        self.optimizer.step()
        return float(loss), float(np.mean(self.task.right(outputs, target)))

    def outputs(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Do what `forward` does, and keep nothing."""
        for module in self.modules:
            module.eval()
        try:
            return self.forward(x)
        finally:
            for module in self.modules:
                module.train()

    def arrays(self) -> Arrays:
        """Return copies of the parameters and of the optimizer's state, by name."""
        arrays = {}
        states = self.optimizer.state_dict()["state"]
        for i, (part, module) in enumerate(zip(PARTS, self.modules, strict=True)):
            for name, array in module.state_dict().items():
                arrays[f"{part}.{name}"] = array
                for kind, value in states.get(str(i), {}).get(name, {}).items():
                    arrays[f"optimizer.{part}.{name}.{kind}"] = np.asarray(value)
        return arrays

    def load(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what `arrays` returned; ValueError if names or shapes do not fit."""
        states = {}
        for i, (part, module) in enumerate(zip(PARTS, self.modules, strict=True)):
            module.load_state_dict(under(arrays, f"{part}."))
            kept = {name: under(arrays, f"optimizer.{part}.{name}.") for name in module.params}
            states[str(i)] = {
                name: {kind: int(a) if kind == "step" else a for kind, a in state.items()}
                for name, state in kept.items()
                if state
            }
        kept = {i: state for i, state in states.items() if state}
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": kept})

    def fingerprint(self) -> str:
        """SHA-256 of all parameters."""
        return fingerprint(a for module in self.modules for a in module.params.values())


def under(arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Arrays:
    """Arrays whose names begin with the prefix, without it."""
    return {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}


def fingerprint(arrays: Iterable[npt.NDArray[Any]]) -> str:
    """SHA-256 of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def initial_modules(
    run: run_module.Run, task: tasks.Task, rng: np.random.Generator
) -> tuple[nn.Recurrent, nn.Linear]:
    """Return the layer and the read-out with the weights that a run starts from."""
    dtype: Any = np.dtype(run.dtype)
    layer = CELLS[run.cell](task.features, run.hidden, dtype=dtype, rng=rng)
    readout = nn.Linear(run.hidden, task.outputs, dtype=dtype, rng=rng)
    _draw_weights(layer, readout, run, rng)
    _set_gates(layer, run, rng)
    return layer, readout


def _draw_weights(
    layer: nn.Recurrent, readout: nn.Linear, run: run_module.Run, rng: np.random.Generator
) -> None:
    """Draw the weights anew, as the run's ``initialisation`` says."""
    inputs, hidden = layer.input_size, layer.hidden_size
    weight_ih, weight_hh = layer.params["weight_ih_l0"], layer.params["weight_hh_l0"]
    bias = layer.params["bias_ih_l0"]
    layer.params["bias_hh_l0"][...] = 0
    if run.initialisation == "linear":
        weight_ih[...] = initializers.torch_linear(weight_ih.shape, inputs, rng=rng)
        weight_hh[...] = initializers.torch_linear(weight_hh.shape, hidden, rng=rng)
        # The one bias belongs to the linear map of the input, and shares its fan-in.
        bias[...] = initializers.torch_linear(bias.shape, inputs, rng=rng)
        return
    bias[...] = 0
    if run.initialisation in ("orthogonal", "identity"):
        weight_ih[...] = initializers.normal(weight_ih.shape, run.input_gain, rng=rng)
        for gate in weight_hh.reshape(-1, hidden, hidden):
            if run.initialisation == "orthogonal":
                gate[...] = initializers.orthogonal(gate.shape, rng=rng)
            else:
                gate[...] = initializers.identity(gate.shape)
        return
    gates = [*weight_ih.reshape(-1, hidden, inputs), *weight_hh.reshape(-1, hidden, hidden)]
    for matrix in (*gates, readout.params["weight"]):
        if run.initialisation == "xavier":
            matrix[...] = initializers.xavier_uniform(matrix.shape, rng=rng)
        else:
            matrix[...] = initializers.normal(matrix.shape, SMALL, rng=rng)
    readout.params["bias"][...] = 0


def _set_gates(layer: nn.Recurrent, run: run_module.Run, rng: np.random.Generator) -> None:
    """Start the bias of the gate that keeps the state where the run says."""
    bias, hidden = layer.params["bias_ih_l0"], run.hidden
    if run.chrono:
        draw = initializers.chrono if run.cell == "LSTM" else initializers.chrono_gru
        drawn = draw(hidden, run.length, rng=rng)
        bias[drawn != 0] = drawn[drawn != 0]
    if run.forget_bias is not None:
        mark = initializers.forget_bias if run.cell == "LSTM" else initializers.update_bias
        bias[mark(hidden, 1.0) == 1] = run.forget_bias
