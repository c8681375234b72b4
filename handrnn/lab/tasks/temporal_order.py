"""Temporal order: two of the symbols read are X or Y; say which two, and in which order.

Task 6a of S. Hochreiter and J. Schmidhuber (1997), where the two stand at steps 10 to 20 and 50 to
60 of about a hundred. As in R. Pascanu, T. Mikolov and Y. Bengio (2013), these places grow with the
length, and no symbols mark the beginning and the end.
"""

import dataclasses
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from . import base

SYMBOLS = "XYabcd"
ANSWERS = ("XX", "XY", "YX", "YY")


@dataclasses.dataclass(frozen=True)
class TemporalOrder(base.Classes):
    """Say in which order X and Y came among the distractors a, b, c, d.

    Each of the two is X or Y with equal odds, so there are four answers, equally likely: guessing
    is right in a quarter of the cases, at a loss of ln 4.

    Parameters
    ----------
    coding : {"one-hot"}
        Six numbers, one for each of X, Y, a, b, c, d.

    Examples
    --------
    >>> x, target = TemporalOrder().sample(np.random.default_rng(0), batch=3, length=20)
    >>> for symbols, answer in zip(x.argmax(axis=2).T, target):
    ...     print("".join(SYMBOLS[symbol] for symbol in symbols), "->", ANSWERS[answer])
    dbaYcccdbadXabacbbdc -> YX
    cbacYcdcddaYbbaccbdd -> YY
    caadYcbaccXcbaacddbc -> YX
    """

    shortest: ClassVar[int] = 2
    outputs: ClassVar[int] = len(ANSWERS)
    every_step: ClassVar[bool] = False
    chance: ClassVar[float] = 1 / len(ANSWERS)

    @property
    def features(self) -> int:
        """Numbers read at each step: six, one a symbol."""
        return len(SYMBOLS)

    def sample(
        self, rng: np.random.Generator, batch: int, length: int
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int64]]:
        """Draw fresh examples.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of symbols and places.
        batch : int
            How many examples.
        length : int
            T, the symbols read. Counted from 0, the first X or Y stands at one of the steps
            T/10 ... 2T/10 and the second at one of 5T/10 ... 6T/10, ends included and rounded
            down.

        Returns
        -------
        x : ndarray, shape (T, batch, 6)
            What the network reads, time first.
        target : ndarray of int64, shape (batch,)
            Place of the answer in XX, XY, YX, YY.

        Raises
        ------
        ValueError
            If the length is less than 2.
        """
        self.check_length(length)
        read = rng.integers(2, len(SYMBOLS), size=(length, batch))
        first, second = rng.integers(0, 2, size=(2, batch))
        columns = np.arange(batch)
        read[_places(rng, batch, length, 1), columns] = first
        read[_places(rng, batch, length, 5), columns] = second
        return base.one_hot(read, self.features, self.dtype), 2 * first + second


def _places(rng: np.random.Generator, batch: int, length: int, tenth: int) -> npt.NDArray[np.int64]:
    """Steps between `tenth` tenths of the length and one tenth more."""
    low, high = tenth * length // 10, (tenth + 1) * length // 10
    return rng.integers(low, high, size=batch, endpoint=True)
