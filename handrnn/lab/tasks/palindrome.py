"""Palindromes: read all digits but the last, and say which one that is.

The last digit of a palindrome equals the first, so the network has to carry its first input
past ``length - 2`` others. An even palindrome leaves a shortcut: each of the other digits is read
once at an odd and once at an even position, so the alternating sum of the inputs is plus or minus
the first digit. An odd palindrome has a middle digit, read only once, and no such shortcut.
"""

import numpy as np
import numpy.typing as npt

from . import base


def digits(rng: np.random.Generator, batch: int, length: int) -> npt.NDArray[np.int64]:
    """Draw whole palindromes, uniformly among all of their length.

    Each digit is drawn by itself, so the length has no limit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the digits.
    batch : int
        How many palindromes.
    length : int
        Digits in each, the last one included.

    Returns
    -------
    ndarray of int64, shape (length, batch)
        One palindrome a column.

    Examples
    --------
    >>> for row in digits(np.random.default_rng(5), batch=3, length=7).T:
    ...     print(*row)
    6 8 6 0 6 8 6
    8 4 2 2 2 4 8
    0 5 9 3 9 5 0
    """
    left = rng.integers(0, 10, size=((length + 1) // 2, batch))
    return np.concatenate([left, left[: length // 2][::-1]])


class Palindrome(base.Digits):
    """Predict the last digit of a palindrome from the others.

    Examples
    --------
    A palindrome of five digits is four inputs and one answer:

    >>> task = Palindrome(coding="raw", dtype=np.float32)
    >>> x, target = task.sample(np.random.default_rng(0), batch=2, length=5)
    >>> x.shape
    (4, 2, 1)
    >>> x[:, 0, 0], target[0]
    (array([8., 5., 3., 5.], dtype=float32), np.int64(8))
    """

    def sample(
        self, rng: np.random.Generator, batch: int, length: int
    ) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int64]]:
        """Draw fresh examples.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of the digits.
        batch : int
            How many examples.
        length : int
            T, the length of the whole palindrome; the network reads T - 1 digits.

        Returns
        -------
        x : ndarray, shape (T - 1, batch, features)
            What the network reads, time first.
        target : ndarray of int64, shape (batch,)
            The last digit.

        Raises
        ------
        ValueError
            If the length is less than 2.
        """
        self.check_length(length)
        palindromes = digits(rng, batch, length)
        return self.encode(palindromes[:-1]), palindromes[-1]
