"""Next symbol: a random text that says everything twice, of which every next symbol is asked for.

A block of random symbols is followed by itself. The network reads the text symbol by symbol, and at
each step says which one comes next. In the first half nobody can know; from the second on it is the
symbol that stood one block earlier.
"""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from . import base

SYMBOLS = 8


@dataclasses.dataclass(frozen=True)
class NextSymbol(base.Classes):
    """Predict each next symbol of a block that is said twice.

    The loss is that of a language model: the mean over all T - 1 predictions, those that nobody
    can make included, so a perfect memory does not bring it to zero. The T // 2 - 1 symbols left of
    the first block cost ln 8 each in any case, the others nothing: at best the loss is
    ``(T // 2 - 1) / (T - 1) * ln 8``. Who remembers nothing pays ln 8 throughout. Accuracy counts
    the predictable symbols only; guessing gives an eighth.

    Parameters
    ----------
    coding : {"one-hot"}
        Eight numbers, one a symbol.

    Examples
    --------
    T = 11 is a block of five, the same again, and its first symbol once more; the six last are
    predictable.

    >>> task = NextSymbol()
    >>> x, target = task.sample(np.random.default_rng(2), batch=1, length=11)
    >>> print(*x[:, 0].argmax(axis=1))
    6 2 0 2 3 6 2 0 2 3
    >>> print(*target[:, 0])
    2 0 2 3 6 2 0 2 3 6
    >>> perfect = base.one_hot(target, 8, np.float64)
    >>> task.right(perfect, target).shape
    (6, 1)
    """

    shortest: ClassVar[int] = 2
    outputs: ClassVar[int] = SYMBOLS
    every_step: ClassVar[bool] = True
    chance: ClassVar[float] = 1 / SYMBOLS

    @property
    def features(self) -> int:
        """Numbers read at each step: eight, one a symbol."""
        return SYMBOLS

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
            T, the symbols of the whole text: a block of T // 2, the same again, and at odd T its
            first symbol once more.

        Returns
        -------
        x : ndarray, shape (T - 1, batch, 8)
            All symbols but the last, time first.
        target : ndarray of int64, shape (T - 1, batch)
            All symbols but the first.

        Raises
        ------
        ValueError
            If the length is less than 2.
        """
        self.check_length(length)
        block = rng.integers(0, SYMBOLS, size=(length // 2, batch))
        text = block[np.arange(length) % len(block)]
        return base.one_hot(text[:-1], SYMBOLS, self.dtype), text[1:]

    def right(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Whether each predictable symbol, one that was said before, is right.

        Parameters
        ----------
        outputs : ndarray, shape (T - 1, B, 8)
        target : ndarray of int64, shape (T - 1, B)

        Returns
        -------
        ndarray of bool, shape (T - T // 2, B)

        Raises
        ------
        ValueError
            If there is not one answer for each row of outputs.
        """
        length = len(target) + 1
        return super().right(outputs, target)[length // 2 - 1 :]  # from the second block on
