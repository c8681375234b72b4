"""First digit: read random digits, and say which one came first.

The control of the palindromes. The network reads as many digits and answers the same question, but
each of the others is drawn by itself: there is no shortcut, at odd or even lengths.
"""

import numpy as np
import numpy.typing as npt

from . import base


class FirstDigit(base.Digits):
    """Name the first of many random digits.

    Examples
    --------
    The length counts the answer, as it does for palindromes: six are five inputs and one answer.

    >>> task = FirstDigit(coding="raw")
    >>> x, target = task.sample(np.random.default_rng(0), batch=3, length=6)
    >>> for read, answer in zip(x[:, :, 0].T, target):
    ...     print(read, "->", answer)
    [8. 2. 0. 8. 5.] -> 8
    [6. 3. 0. 6. 6.] -> 6
    [5. 0. 1. 9. 9.] -> 5
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
            T, one more than the digits read, so that the first is to be remembered as long as in
            a palindrome of T digits.

        Returns
        -------
        x : ndarray, shape (T - 1, batch, features)
            What the network reads, time first.
        target : ndarray of int64, shape (batch,)
            The first digit.

        Raises
        ------
        ValueError
            If the length is less than 2.
        """
        self.check_length(length)
        read = rng.integers(0, 10, size=(length - 1, batch))
        return self.encode(read), read[0]
