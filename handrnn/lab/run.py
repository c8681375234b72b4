"""One run of an experiment, with all of its parameters, and the presets.

Everything that decides the outcome stands in a `Run`, and nothing else does: the same run gives the
same bits wherever it is executed.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Iterable
from typing import Any

from . import tasks

_CHOICES = {
    "task": tuple(tasks.TASKS),
    "cell": ("RNN", "LSTM", "GRU", "reluRNN"),
    "initialisation": ("linear", "orthogonal", "xavier", "small", "identity"),
    "optimizer": ("RMSprop", "Adam"),
    "dtype": ("float32", "float64"),
    "engine": ("numpy", "torch"),
    "device": ("cpu", "cuda"),
}
_COUNTS = ("hidden", "batch", "steps", "check_every", "screen", "confirm", "patience")
_POSITIVE = ("rate", "epsilon", "clip", "input_gain")
_SHARES = ("ready", "solved")
REMEMBERING = ("LSTM", "GRU")  # cells with a gate that keeps the state


@dataclasses.dataclass(frozen=True)
class Run:
    """All parameters of one training run. A value that is not allowed raises ValueError.

    Attributes
    ----------
    label : str
        Name of the recipe: curves of one label belong together. Letters, digits, ``_``.
    task : str
        What to learn: a name of `tasks.TASKS`.
    length : int
        T. For palindromes the whole palindrome; the network reads T - 1 digits.
    cell : {"RNN", "LSTM", "GRU", "reluRNN"}
        Which network of `handrnn.nn`, one layer, one direction, one bias a gate.
    seed : int
        With the length, decides every random number of the run. All cells and all recipes see
        the same sequences at the same task, seed, length, batch and lengths trained on.
    hidden : int
        Hidden units.
    coding : str
        How a symbol enters the network; by default as is usual for the task.
    initialisation : {"linear", "orthogonal", "xavier", "small", "identity"}
        ``"linear"``: every array U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as `torch.nn.Linear` draws
        its own. All others have zero biases. ``"orthogonal"`` and ``"identity"``: recurrent
        weights of that kind for each gate, input weights N(0, ``input_gain**2``); the read-out
        stays as `nn.Linear` draws it. ``"xavier"``: the uniform distribution of Glorot and Bengio
        for each gate and the read-out. ``"small"``: all weights N(0, 0.01**2).
    input_gain : float
        Standard deviation of the input weights of the orthogonal and identity initialisations.
    forget_bias : float or None
        Start of the bias of the gate that keeps the state, the LSTM's forget gate and the GRU's
        update gate; None leaves what the initialisation gives.
    chrono : bool
        Start that bias at ln U[1, T - 1] for each unit, and of the LSTM the input gate's at the
        negative of it, so that units remember over 2 to T steps (Tallec and Ollivier, 2018).
    optimizer : {"RMSprop", "Adam"}
        With torch's defaults, but for the rate and epsilon.
    rate : float
        Learning rate.
    epsilon : float
        What the optimizer adds to the root of the averaged squares it divides by. With torch's
        1e-8 the gradients of a network that has learnt a length are blown up to whole steps; more
        lets it rest.
    clip : float
        The gradient's norm over all parameters is clipped to this between backward and step.
    curriculum : int or None
        Length to start from; it grows until it is ``length``, odd or even as that is. None trains
        on ``length`` throughout.
    growth : float
        The curriculum's length is multiplied by this (and rounded down, but at least one longer)
        when it is learnt.
    ready : float
        A length of the curriculum is learnt when the running training accuracy is above this.
    batch : int
        Fresh sequences in an update.
    steps : int
        Cap on the number of updates.
    check_every : int
        Updates between two held-out checks.
    screen, confirm : int
        Fresh sequences of a screening and of a confirmation.
    solved : float
        Training ends when this accuracy was confirmed at two checks running.
    patience : int
        Updates over which the loss is averaged to judge that it no longer falls.
    dtype : {"float32", "float64"}
        Of weights and inputs.
    engine : {"numpy", "torch"}
        What trains: this package, or torch.nn from the same weights on the same batches.
    device : {"cpu", "cuda"}
        Where the torch engine trains.

    Examples
    --------
    >>> Run(length=20, cell="LTSM")
    Traceback (most recent call last):
        ...
    ValueError: cell = 'LTSM' is not one of 'RNN', 'LSTM', 'GRU', 'reluRNN': did you mean 'LSTM'?
    """

    label: str = "custom"
    task: str = "palindrome"
    length: int = 5
    cell: str = "RNN"
    seed: int = 0
    hidden: int = 128
    coding: str = ""
    initialisation: str = "linear"
    input_gain: float = 0.05
    forget_bias: float | None = None
    chrono: bool = False
    optimizer: str = "RMSprop"
    rate: float = 1e-3
    epsilon: float = 1e-8
    clip: float = 10.0
    curriculum: int | None = None
    growth: float = 2.0
    ready: float = 0.95
    batch: int = 128
    steps: int = 3000
    check_every: int = 50
    screen: int = 1000
    confirm: int = 10000
    solved: float = 0.999
    patience: int = 500
    dtype: str = "float32"
    engine: str = "numpy"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            _check_choice(name, getattr(self, name), allowed)
        codings = tasks.TASKS[self.task].codings
        if self.coding == "":
            object.__setattr__(self, "coding", codings[0])
        _check_choice("coding", self.coding, codings)
        if not isinstance(self.label, str) or re.fullmatch(r"\w+", self.label) is None:
            raise ValueError(f"label = {self.label!r} may hold letters, digits and _ only")
        for name in _COUNTS:
            _check_whole(name, getattr(self, name), at_least=1)
        _check_whole("seed", self.seed, at_least=0)
        shortest = tasks.TASKS[self.task].shortest
        _check_whole("length", self.length, at_least=shortest)
        if self.curriculum is not None:
            _check_whole("curriculum", self.curriculum, at_least=shortest)
        for name in _POSITIVE:
            self._check_number(name, "above 0", lambda value: value > 0)
        self._check_number("growth", "above 1", lambda value: value > 1)
        for name in _SHARES:
            self._check_number(name, "in (0, 1]", lambda value: 0 < value <= 1)
        self._check_start_of_the_gates()
        if self.device == "cuda" and self.engine != "torch":
            raise ValueError("device = 'cuda' needs engine = 'torch': NumPy computes on the CPU")

    def _check_number(self, name: str, where: str, holds: Any) -> None:
        value = getattr(self, name)
        if not (_is_number(value) and math.isfinite(value) and holds(value)):
            raise ValueError(f"{name} = {value!r} has to be a finite number {where}")
        object.__setattr__(self, name, float(value))

    def _check_start_of_the_gates(self) -> None:
        if not isinstance(self.chrono, bool):
            raise ValueError(f"chrono = {self.chrono!r} has to be True or False")
        for name, unset in (("forget_bias", None), ("chrono", False)):
            value = getattr(self, name)
            if value is not unset and self.cell not in REMEMBERING:
                article = "a" if self.cell == "reluRNN" else "an"
                raise ValueError(f"{name} = {value!r}: {article} {self.cell} has no forget gate")
        if self.forget_bias is not None:
            if self.chrono:
                raise ValueError("forget_bias and chrono are two starts of the same bias: take one")
            self._check_number("forget_bias", "or None", lambda value: True)
        if self.chrono and self.length < 3:
            raise ValueError(f"chrono = True needs a length of at least 3, not {self.length}")

    @property
    def name(self) -> str:
        """Name of the run's directory in a sweep."""
        return f"{self.label}-{self.cell}-T{self.length:03d}-seed{self.seed}"


def differences(a: Run, b: Run) -> dict[str, tuple[Any, Any]]:
    """Return the parameters in which two runs differ, by name, each as its value in `a` and in `b`.

    Examples
    --------
    >>> differences(Run(cell="GRU", rate=0.1), Run(cell="GRU", rate=0.2))
    {'rate': (0.1, 0.2)}
    """
    here, there = dataclasses.asdict(a), dataclasses.asdict(b)
    return {name: (here[name], there[name]) for name in here if here[name] != there[name]}


def _check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        listed = ", ".join(map(repr, allowed))
        raise ValueError(f"{name} = {value!r} is not one of {listed}{did_you_mean(value, allowed)}")


def did_you_mean(given: object, known: Iterable[str], show: Any = repr) -> str:
    """Return the end of an error's line: the known name nearest to the given one, if one is near.

    Parameters
    ----------
    given : object
        What was not found; only text is near to anything.
    known : iterable of str
        What there is.
    show : callable
        How to write the name.

    Returns
    -------
    str
        Empty if nothing is near.

    Examples
    --------
    >>> did_you_mean("lstm", ["RNN", "LSTM"])
    ": did you mean 'LSTM'?"
    >>> did_you_mean("transformer", ["RNN", "LSTM"])
    ''
    """
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(given).lower(), by_lower_case, n=1)
    return f": did you mean {show(by_lower_case[near[0]])}?" if near else ""


def _check_whole(name: str, value: object, at_least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} = {value!r} has to be a whole number of at least {at_least}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def faithful(cell: str, length: int, seed: int, **changes: Any) -> Run:
    """Return the run of the assignment's own setting.

    Raw digits (in other tasks the usual coding), every array drawn as `torch.nn.Linear` draws it,
    RMSprop at 1e-3, the gradient's norm clipped at 10.

    Parameters
    ----------
    cell : {"RNN", "LSTM", "GRU", "reluRNN"}
        Which network.
    length, seed : int
        As in `Run`.
    **changes
        Other fields of `Run`, instead of what the preset says.
    """
    settings = {
        "label": "faithful",
        "coding": "",
        "initialisation": "linear",
        "optimizer": "RMSprop",
        "rate": 1e-3,
        "clip": 10.0,
        "curriculum": None,
    }
    return Run(**{**settings, "cell": cell, "length": length, "seed": seed, **changes})


_TUNED_CELLS = {
    "RNN": {"epsilon": 1e-3, "clip": 0.1, "growth": 1.3, "ready": 0.98, "patience": 2000},
    "LSTM": {"forget_bias": 3.0, "rate": 2e-3},
    "GRU": {"forget_bias": 3.0, "rate": 2e-3},
    "reluRNN": {"initialisation": "identity", "input_gain": 0.01, "rate": 3e-4},
}


def tuned(cell: str, length: int, seed: int, **changes: Any) -> Run:
    """Return the run of the recipe that lets memory reach further.

    One-hot symbols where the task has them, orthogonal recurrence under small input weights, Adam,
    the gradient's norm clipped at 1, sequences that grow from T = 5; for the LSTM and the GRU an
    open gate and twice the rate; for the RNN, which forgets what it has learnt if it is pushed,
    smaller steps for small gradients, a norm clipped at 0.1 and lengths that grow more slowly; for
    the relu RNN an identity instead of the orthogonal matrix, smaller input weights and a third of
    the rate. Parameters as in `faithful`.
    """
    task = tasks.TASKS.get(changes.get("task", "palindrome"), tasks.palindrome.Palindrome)
    settings = {
        "label": "tuned",
        "coding": "one-hot" if "one-hot" in task.codings else "",
        "initialisation": "orthogonal",
        "input_gain": 0.05,
        "forget_bias": None,
        "optimizer": "Adam",
        "rate": 1e-3,
        "clip": 1.0,
        "curriculum": max(5, task.shortest),
        **_TUNED_CELLS.get(cell, {}),
    }
    if changes.get("chrono"):
        settings["forget_bias"] = None
    return Run(**{**settings, "cell": cell, "length": length, "seed": seed, **changes})


PRESETS = {"faithful": faithful, "tuned": tuned}
