"""The network of a run in torch.nn: from the same weights, on the same batches, by autograd.

Where NumPy is not enough, the same run goes on here; where a curve is doubted, this is a second
witness. Gradients, loss, clipping and optimizer are torch's own.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import model, tasks
from . import run as run_module

if TYPE_CHECKING:
    import torch


class Model:
    """The same as `model.Model`, in torch; parameters and errors beyond are its own.

    Raises
    ------
    ModuleNotFoundError
        If torch is missing.
    RuntimeError
        If the run's device is missing.
    """

    def __init__(self, run: run_module.Run, task: tasks.Task, rng: np.random.Generator) -> None:
        self.torch = _import_torch()
        if run.device == "cuda" and not self.torch.cuda.is_available():
            raise RuntimeError("device = 'cuda': torch finds no CUDA device on this machine")
        self.task = task
        self.clip = run.clip
        self.device = self.torch.device(run.device)
        ours = model.initial_modules(run, task, rng)
        self.layer, self.readout = (module.to_torch().to(self.device) for module in ours)
        # One bias a gate: a second one would only let the optimizer move their sum twice as fast.
        self.layer.bias_hh_l0.requires_grad_(False)
        named = (
            (f"{part}.{name}", parameter)
            for part, module in zip(model.PARTS, (self.layer, self.readout), strict=True)
            for name, parameter in module.named_parameters()
        )
        self.parameters: dict[str, Any] = dict(named)
        self.trained = {k: p for k, p in self.parameters.items() if p.requires_grad}
        optimizer = getattr(self.torch.optim, run.optimizer)
        self.optimizer = optimizer(self.trained.values(), lr=run.rate, eps=run.epsilon)

    def forward(self, x: npt.NDArray[np.floating]) -> "torch.Tensor":
        """Read x (T, B, features) from a zero state.

        Returns
        -------
        Tensor (B, outputs), or (T, B, outputs) where the task is read at every step
        """
        hidden, _ = self.layer(self._tensor(x))
        return self.readout(hidden if self.task.every_step else hidden[-1])

    def loss(self, outputs: "torch.Tensor", target: npt.NDArray[Any]) -> "torch.Tensor":
        """Mean cross-entropy where the target is classes, mean squared error where it is numbers.

        That is what `Task.loss` is in every task.
        """
        functional = self.torch.nn.functional
        if target.dtype.kind == "f":
            return functional.mse_loss(outputs[..., 0], self._tensor(target))
        return functional.cross_entropy(outputs.flatten(0, -2), self._tensor(target).flatten())

    def update(self, x: npt.NDArray[np.floating], target: npt.NDArray[Any]) -> tuple[float, float]:
        """Do one update; return the loss and the accuracy on the batch before it."""
        outputs = self.forward(x)
        loss = self.loss(outputs, target)
        self.optimizer.zero_grad()
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.trained.values(), self.clip)
        self.optimizer.step()
        right = self.task.right(_array(outputs), target)
        return loss.item(), float(np.mean(right))

    def outputs(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Do what `forward` does, and keep nothing."""
        with self.torch.no_grad():
            return _array(self.forward(x))

    def arrays(self) -> model.Arrays:
        """Return copies of the parameters and of the optimizer's state, by name."""
        arrays = {name: _array(parameter).copy() for name, parameter in self.parameters.items()}
        for name, parameter in self.trained.items():
            for kind, value in self.optimizer.state.get(parameter, {}).items():
                arrays[f"optimizer.{name}.{kind}"] = _array(value).copy()
        return arrays

    def load(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what `arrays` returned; ValueError if names or shapes do not fit."""
        for name, parameter in self.parameters.items():
            if name not in arrays or arrays[name].shape != tuple(parameter.shape):
                raise ValueError(f"{name} is missing, or not {tuple(parameter.shape)}")
        with self.torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(self._tensor(arrays[name]))
        states = {
            position: {
                kind: self.torch.tensor(value)
                for kind, value in model.under(arrays, f"optimizer.{name}.").items()
            }
            for position, name in enumerate(self.trained)
        }
        kept = {position: state for position, state in states.items() if state}
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": kept})

    def fingerprint(self) -> str:
        """SHA-256 of all parameters."""
        return model.fingerprint(_array(parameter) for parameter in self.parameters.values())

    def _tensor(self, array: npt.NDArray[Any]) -> "torch.Tensor":
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def _array(tensor: "torch.Tensor") -> npt.NDArray[Any]:
    return tensor.detach().cpu().numpy()


@contextlib.contextmanager
def one_thread_here() -> Iterator[None]:
    """Hold torch to one thread within this context."""
    torch = _import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def version() -> str:
    """Version of torch; ModuleNotFoundError if it is missing."""
    return str(_import_torch().__version__)


def _import_torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "engine = 'torch' needs torch: pip install 'handrnn[torch]'"
        ) from None
    return torch
