"""One run of an experiment, with all of its parameters, and the presets.

Everything that decides the outcome stands in a `Run`, and nothing else does: the same run gives the
same bits wherever it is executed.
"""

import dataclasses
import math
import re
from typing import Any

from . import tasks

_CHOICES = {
    "task": tuple(tasks.TASKS),
    "cell": ("RNN", "LSTM"),
    "coding": tasks.palindrome.CODINGS,
    "initialisation": ("linear", "orthogonal"),
    "optimizer": ("RMSprop", "Adam"),
    "dtype": ("float32", "float64"),
}
_COUNTS = ("hidden", "batch", "steps", "check_every", "screen", "confirm", "patience")
_POSITIVE = ("rate", "clip", "input_gain")


@dataclasses.dataclass(frozen=True)
class Run:
    """All parameters of one training run. A value that is not allowed raises ValueError.

    Attributes
    ----------
    label : str
        Name of the recipe: curves of one label belong together. Letters, digits, ``_``.
    task : {"palindrome"}
        What to learn.
    length : int
        T. For palindromes the whole palindrome; the network reads T - 1 digits.
    cell : {"RNN", "LSTM"}
        Which network of `handrnn.nn`, one layer, one direction.
    seed : int
        With the length, decides every random number of the run. Both cells and all recipes see
        the same sequences at the same seed and length.
    hidden : int
        Hidden units.
    coding : {"raw", "one-hot"}
        How a digit enters the network.
    initialisation : {"linear", "orthogonal"}
        ``"linear"``: every array U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as `torch.nn.Linear` draws
        its own. ``"orthogonal"``: orthogonal recurrent weights for each gate, input weights
        N(0, ``input_gain**2``), zero biases; the read-out stays as `nn.Linear` draws it.
    input_gain : float
        Standard deviation of the input weights of the orthogonal initialisation.
    forget_bias : float or None
        Start of the LSTM's forget bias; None leaves what the initialisation gives.
    optimizer : {"RMSprop", "Adam"}
        With torch's defaults, but for the rate.
    rate : float
        Learning rate.
    clip : float
        The gradient's norm over all parameters is clipped to this between backward and step.
    curriculum : int or None
        Length to start from; it doubles whenever the running training accuracy passes 95 %,
        until it is ``length``. None trains on ``length`` throughout.
    batch : int
        Fresh sequences in an update.
    steps : int
        Cap on the number of updates.
    check_every : int
        Updates between two held-out checks.
    screen, confirm : int
        Fresh sequences of a screening and of a confirmation.
    patience : int
        Updates over which the loss is averaged to judge that it no longer falls.
    dtype : {"float32", "float64"}
        Of weights and inputs.

    Examples
    --------
    >>> Run(length=20, cell="GPU")
    Traceback (most recent call last):
        ...
    ValueError: cell = 'GPU' is not one of 'RNN', 'LSTM'
    """

    label: str = "custom"
    task: str = "palindrome"
    length: int = 5
    cell: str = "RNN"
    seed: int = 0
    hidden: int = 128
    coding: str = "raw"
    initialisation: str = "linear"
    input_gain: float = 0.05
    forget_bias: float | None = None
    optimizer: str = "RMSprop"
    rate: float = 1e-3
    clip: float = 10.0
    curriculum: int | None = None
    batch: int = 128
    steps: int = 3000
    check_every: int = 50
    screen: int = 1000
    confirm: int = 10000
    patience: int = 500
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(
                    f"{name} = {value!r} is not one of {', '.join(map(repr, allowed))}"
                )
        if re.fullmatch(r"\w+", self.label) is None:
            raise ValueError(f"label = {self.label!r} may hold letters, digits and _ only")
        for name in _COUNTS:
            _check_whole(name, getattr(self, name), at_least=1)
        _check_whole("seed", self.seed, at_least=0)
        shortest = tasks.TASKS[self.task].shortest
        _check_whole("length", self.length, at_least=shortest)
        if self.curriculum is not None:
            _check_whole("curriculum", self.curriculum, at_least=shortest)
        for name in _POSITIVE:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} = {value!r} has to be a finite number above 0")
        if self.forget_bias is not None:
            if self.cell != "LSTM":
                raise ValueError(
                    f"forget_bias = {self.forget_bias!r}: an {self.cell} has no forget gate"
                )
            if not math.isfinite(self.forget_bias):
                raise ValueError(f"forget_bias = {self.forget_bias!r} has to be a finite number")

    @property
    def name(self) -> str:
        """Name of the run's directory in a sweep."""
        return f"{self.label}-{self.cell}-T{self.length:03d}-seed{self.seed}"


def _check_whole(name: str, value: object, at_least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} = {value!r} has to be a whole number of at least {at_least}")


def faithful(cell: str, length: int, seed: int, **changes: Any) -> Run:
    """Return the run of the assignment's own setting.

    Raw digits, every array drawn as `torch.nn.Linear` draws it, RMSprop at 1e-3, the gradient's
    norm clipped at 10.

    Parameters
    ----------
    cell : {"RNN", "LSTM"}
        Which network.
    length, seed : int
        As in `Run`.
    **changes
        Other fields of `Run`, in place of what the preset says.
    """
    settings = {
        "label": "faithful",
        "coding": "raw",
        "initialisation": "linear",
        "optimizer": "RMSprop",
        "rate": 1e-3,
        "clip": 10.0,
        "curriculum": None,
    }
    return Run(**{**settings, "cell": cell, "length": length, "seed": seed, **changes})


def tuned(cell: str, length: int, seed: int, **changes: Any) -> Run:
    """Return the run of the recipe that lets memory reach further.

    One-hot digits, orthogonal recurrence under small input weights, Adam, the gradient's norm
    clipped at 1, palindromes that grow from T = 5; for the LSTM an open forget gate and twice the
    rate. Parameters as in `faithful`.
    """
    settings = {
        "label": "tuned",
        "coding": "one-hot",
        "initialisation": "orthogonal",
        "input_gain": 0.05,
        "forget_bias": 3.0 if cell == "LSTM" else None,
        "optimizer": "Adam",
        "rate": 2e-3 if cell == "LSTM" else 1e-3,
        "clip": 1.0,
        "curriculum": 5,
    }
    return Run(**{**settings, "cell": cell, "length": length, "seed": seed, **changes})


PRESETS = {"faithful": faithful, "tuned": tuned}
