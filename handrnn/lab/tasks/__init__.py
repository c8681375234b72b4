"""The tasks of the laboratory: one file a task, all with the same two nouns, sample and classes."""

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from . import palindrome


class Task(Protocol):
    """What a run needs to know about a task.

    Attributes
    ----------
    classes : int
        Answers to choose from; the accuracy of guessing is ``1 / classes``.
    shortest : int
        The least length that leaves something to predict.
    """

    classes: ClassVar[int]
    shortest: ClassVar[int]

    @property
    def features(self) -> int:
        """Numbers the network reads at each step."""
        ...

    def sample(
        self, rng: np.random.Generator, batch: int, length: int
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int64]]:
        """Draw fresh examples: inputs (T, B, features) and targets (B,)."""
        ...


TASKS = {"palindrome": palindrome.Palindrome}
