"""Copying: read ten symbols, wait, and say them again in order.

From S. Hochreiter and J. Schmidhuber (1997), in the form of M. Arjovsky, A. Shah and Y. Bengio
(2016): ten symbols, T - 1 blanks, a delimiter, ten blanks, and an answer at each of these T + 20
steps: blanks up to the delimiter's step, and then the ten symbols.
"""

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from . import base

SYMBOLS = 8
BLANK = 8
DELIMITER = 9
RECALLED = 10


@dataclasses.dataclass(frozen=True)
class Copy(base.Classes):
    """Repeat ten symbols after a wait.

    The loss is the mean over all T + 20 steps, most of which only ask for a blank. Who knows the
    step but has remembered no symbol says the blanks with certainty and gives each of the eight
    symbols an eighth: ``10 ln 8 / (T + 20)``. Accuracy counts the ten symbols only; guessing them
    gives an eighth.

    Parameters
    ----------
    coding : {"one-hot"}
        Ten numbers: the symbols 0 to 7, the blank 8, the delimiter 9. Answers are the classes 0
        to 8; the delimiter is never asked for.

    Examples
    --------
    T = 4: what is read, and what is to be said at the same step ("." is the blank, "|" the
    delimiter).

    >>> x, target = Copy().sample(np.random.default_rng(1), batch=1, length=4)
    >>> print(*["01234567.|"[symbol] for symbol in x[:, 0].argmax(axis=1)])
    3 4 6 7 0 1 6 7 1 2 . . . | . . . . . . . . . .
    >>> print(*["01234567."[symbol] for symbol in target[:, 0]])
    . . . . . . . . . . . . . . 3 4 6 7 0 1 6 7 1 2
    """

    shortest: ClassVar[int] = 1
    outputs: ClassVar[int] = SYMBOLS + 1
    every_step: ClassVar[bool] = True
    chance: ClassVar[float] = 1 / SYMBOLS

    @property
    def features(self) -> int:
        """Numbers read at each step: ten, for eight symbols, blank and delimiter."""
        return SYMBOLS + 2

    def sample(
        self, rng: np.random.Generator, batch: int, length: int
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int64]]:
        """Draw fresh examples.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the symbols.
        batch : int
            How many examples.
        length : int
            T, the steps between the last symbol read and the first to be said: T - 1 blanks and
            the delimiter.

        Returns
        -------
        x : ndarray, shape (T + 20, batch, 10)
            What the network reads, time first.
        target : ndarray of int64, shape (T + 20, batch)
            What it is to say at each step.

        Raises
        ------
        ValueError
            If the length is less than 1.
        """
        self.check_length(length)
        symbols = rng.integers(0, SYMBOLS, size=(RECALLED, batch))
        read = np.full((length + 2 * RECALLED, batch), BLANK)
        target = read.copy()
        read[:RECALLED] = symbols
        read[length + RECALLED - 1] = DELIMITER
        target[-RECALLED:] = symbols
        return base.one_hot(read, self.features, self.dtype), target

    def right(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Whether each of the ten symbols is right.

        Parameters
        ----------
        outputs : ndarray, shape (T + 20, B, 9)
        target : ndarray of int64, shape (T + 20, B)

        Returns
        -------
        ndarray of bool, shape (10, B)

        Raises
        ------
        ValueError
            If there is not one answer for each row of outputs.
        """
        return super().right(outputs, target)[-RECALLED:]

    def baseline(self, length: int) -> float:
        """Mean loss of an eighth for each symbol where one is due, ``10 ln 8 / (T + 20)``."""
        self.check_length(length)
        return RECALLED * math.log(SYMBOLS) / (length + 2 * RECALLED)
