"""The tasks of the laboratory: one file a task, all with the same few words.

palindrome
    The last digit of a palindrome, which is the first one read.
first_digit
    The first of random digits: palindromes without their shortcut.
adding
    The sum of the two marked numbers.
copy
    Ten symbols, said again after a wait.
temporal_order
    Which two of X and Y came, and in which order.
next_symbol
    Every next symbol of a text that says everything twice.
"""

from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from . import adding, copy, first_digit, next_symbol, palindrome, temporal_order


class Task(Protocol):
    """What a run needs to know about a task.

    Attributes
    ----------
    codings : tuple of str
        The codings the task knows; the first is its usual one.
    shortest : int
        The least length that leaves something to predict.
    outputs : int
        Numbers the read-out gives for an answer.
    every_step : bool
        Whether the read-out reads every hidden state, or the last one only.
    chance : float
        Accuracy of guessing without reading.
    """

    codings: ClassVar[tuple[str, ...]]
    shortest: ClassVar[int]
    outputs: ClassVar[int]
    every_step: ClassVar[bool]
    chance: ClassVar[float]

    def __init__(self, coding: str = ..., dtype: npt.DTypeLike = ...) -> None: ...

    @property
    def features(self) -> int:
        """Numbers the network reads at each step."""
        ...

    def sample(
        self, rng: np.random.Generator, batch: int, length: int
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[Any]]:
        """Draw fresh examples: inputs (steps, B, features), and the target.

        The target is (steps, B) where the task answers at every step, else (B,). A length below
        `shortest` raises ValueError.
        """
        ...

    def loss(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> tuple[float, npt.NDArray[np.floating]]:
        """Mean loss of outputs (B, outputs), or (steps, B, outputs), and its gradient."""
        ...

    def right(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Whether each answer that counts is right: the mean is the accuracy."""
        ...

    def baseline(self, length: int) -> float:
        """Mean loss of the best answers without memory.

        They may depend on the step and on what is known of the task, but on nothing that is read.
        """
        ...


TASKS: dict[str, type[Task]] = {
    "palindrome": palindrome.Palindrome,
    "first_digit": first_digit.FirstDigit,
    "adding": adding.Adding,
    "copy": copy.Copy,
    "temporal_order": temporal_order.TemporalOrder,
    "next_symbol": next_symbol.NextSymbol,
}
