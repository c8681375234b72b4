"""The network of a run: a recurrent layer of `handrnn.nn`, and a read-out of its last state."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import initializers, nn
from . import run as run_module
from . import tasks

CELLS: dict[str, Callable[..., nn.RNN | nn.LSTM]] = {"RNN": nn.RNN, "LSTM": nn.LSTM}

EVALUATION_BATCH = 500


class Model:
    """A recurrent layer and the linear read-out of its last hidden state.

    Parameters
    ----------
    run : Run
        Cell, sizes, initialisation and dtype.
    task : Task
        How many numbers are read at a step and how many classes there are.
    rng : numpy.random.Generator
        Source of the initial weights.
    """

    def __init__(self, run: run_module.Run, task: tasks.Task, rng: np.random.Generator) -> None:
        dtype: Any = np.dtype(run.dtype)
        self.layer = CELLS[run.cell](task.features, run.hidden, dtype=dtype, rng=rng)
        self.readout = nn.Linear(run.hidden, task.classes, dtype=dtype, rng=rng)
        self.modules = (self.layer, self.readout)
        initialise(self.layer, run, rng)

    def logits(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Read x (T, B, features) from a zero state and return the logits (B, classes)."""
        _, state = self.layer(x)
        last_hidden = state[0] if isinstance(state, tuple) else state
        return self.readout(last_hidden[0])

    def backward(self, dlogits: npt.NDArray[np.floating]) -> None:
        """Add the gradients of a loss with cotangent dlogits to the parameters' gradients."""
        dhidden = self.readout.backward(dlogits)[np.newaxis]
        is_lstm = isinstance(self.layer, nn.LSTM)
        self.layer.backward(d_state=(dhidden, np.zeros_like(dhidden)) if is_lstm else dhidden)
        # One bias a gate: a second one would only let the optimizer move their sum twice as fast.
        self.layer.grads["bias_hh_l0"][...] = 0

    @contextlib.contextmanager
    def inference(self) -> Iterator[None]:
        """Keep no tape within this context."""
        for module in self.modules:
            module.eval()
        try:
            yield
        finally:
            for module in self.modules:
                module.train()

    def accuracy(
        self, task: tasks.Task, rng: np.random.Generator, count: int, length: int
    ) -> float:
        """Share of right answers on `count` fresh sequences."""
        right = 0
        with self.inference():
            for start in range(0, count, EVALUATION_BATCH):
                x, target = task.sample(rng, min(EVALUATION_BATCH, count - start), length)
                right += int(np.sum(self.logits(x).argmax(axis=1) == target))
        return right / count

    def fingerprint(self) -> str:
        """SHA-256 of all parameters."""
        digest = hashlib.sha256()
        for module in self.modules:
            for array in module.params.values():
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def initialise(layer: nn.RNN | nn.LSTM, run: run_module.Run, rng: np.random.Generator) -> None:
    """Draw the layer's weights anew, as the run's ``initialisation`` says."""
    inputs, hidden = layer.input_size, layer.hidden_size
    weight_ih, weight_hh = layer.params["weight_ih_l0"], layer.params["weight_hh_l0"]
    bias_ih, bias_hh = layer.params["bias_ih_l0"], layer.params["bias_hh_l0"]
    bias_hh[...] = 0
    if run.initialisation == "linear":
        weight_ih[...] = initializers.torch_linear(weight_ih.shape, inputs, rng=rng)
        weight_hh[...] = initializers.torch_linear(weight_hh.shape, hidden, rng=rng)
        # The one bias belongs to the linear map of the input, and shares its fan-in.
        bias_ih[...] = initializers.torch_linear(bias_ih.shape, inputs, rng=rng)
    else:
        weight_ih[...] = initializers.normal(weight_ih.shape, run.input_gain, rng=rng)
        for gate in weight_hh.reshape(-1, hidden, hidden):
            gate[...] = initializers.orthogonal(gate.shape, rng=rng)
        bias_ih[...] = 0
    if run.forget_bias is not None:
        forget = initializers.forget_bias(hidden, 1.0) == 1
        bias_ih[forget] = run.forget_bias
