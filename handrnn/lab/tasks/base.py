"""What tasks have in common: the checks of their settings, answers that are classes, digits."""

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ... import losses


def one_hot(
    symbols: npt.NDArray[np.int64], count: int, dtype: npt.DTypeLike
) -> npt.NDArray[np.floating]:
    """Turn each symbol 0 ... count - 1 into `count` numbers, one of them 1, the others 0.

    Parameters
    ----------
    symbols : ndarray of int64, any shape
    count : int
        How many symbols there are.
    dtype : dtype
        float32 or float64, the type of the numbers.

    Returns
    -------
    ndarray, the shape of `symbols` and one more axis of size `count`

    Examples
    --------
    >>> one_hot(np.array([2, 0]), count=3, dtype=np.float64)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    return np.eye(count, dtype=dtype)[symbols]


@dataclasses.dataclass(frozen=True)
class Base:
    """Coding and dtype of the inputs, checked.

    Parameters
    ----------
    coding : str
        One of ``codings``: how what is read becomes numbers.
    dtype : dtype
        float32 or float64, the type of the inputs.

    Raises
    ------
    ValueError
        If the task does not know the coding.
    """

    coding: str
    dtype: npt.DTypeLike = np.float32

    codings: ClassVar[tuple[str, ...]]
    shortest: ClassVar[int]
    outputs: ClassVar[int]

    def __post_init__(self) -> None:
        if self.coding not in self.codings:
            known = ", ".join(map(repr, self.codings))
            raise ValueError(f"coding = {self.coding!r}: {type(self).__name__} knows {known}")

    def check_length(self, length: int) -> None:
        """Raise ValueError if `length` leaves nothing to predict."""
        if length < self.shortest:
            raise ValueError(
                f"length = {length}: {type(self).__name__} needs at least {self.shortest}"
            )


@dataclasses.dataclass(frozen=True)
class Classes(Base):
    """A task whose answers are classes: cross-entropy, and right is the highest output."""

    coding: str = "one-hot"

    codings: ClassVar[tuple[str, ...]] = ("one-hot",)

    def loss(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> tuple[float, npt.NDArray[np.floating]]:
        """Mean cross-entropy over all answers, and its gradient.

        Parameters
        ----------
        outputs : ndarray, shape (B, outputs) or (steps, B, outputs)
            Logits.
        target : ndarray of int64, shape (B,) or (steps, B)
            The right classes.

        Returns
        -------
        loss : float
        d_outputs : ndarray of the shape and dtype of `outputs`

        Raises
        ------
        ValueError
            If there is not one answer for each row of outputs.
        """
        check_answers(outputs, target)
        logits = outputs.reshape(-1, outputs.shape[-1])
        loss, d_logits = losses.cross_entropy(logits, target.reshape(-1))
        return float(loss), d_logits.reshape(outputs.shape)

    def right(
        self, outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Whether each answer is right: an array of the shape of `target`.

        Parameters and errors are those of `loss`.
        """
        check_answers(outputs, target)
        return outputs.argmax(axis=-1) == target

    def baseline(self, length: int) -> float:
        """Mean loss of equal odds for each class, the logarithm of their number at any length."""
        self.check_length(length)
        return math.log(self.outputs)


def check_answers(outputs: npt.NDArray[np.floating], target: npt.NDArray[Any]) -> None:
    """Raise ValueError if there is not one answer for each row of outputs."""
    if outputs.shape[:-1] != target.shape:
        raise ValueError(
            f"outputs have shape {outputs.shape}, which asks for answers of shape"
            f" {outputs.shape[:-1]}, but target has shape {target.shape}"
        )


@dataclasses.dataclass(frozen=True)
class Digits(Classes):
    """A task that reads digits and answers with a digit.

    Its codings are ``"raw"``, where a digit is one number, 0 to 9, and ``"one-hot"``, where it is
    ten numbers, one of them 1, the others 0.
    """

    coding: str = "raw"

    codings: ClassVar[tuple[str, ...]] = ("raw", "one-hot")
    shortest: ClassVar[int] = 2
    outputs: ClassVar[int] = 10
    every_step: ClassVar[bool] = False
    chance: ClassVar[float] = 1 / 10

    @property
    def features(self) -> int:
        """Numbers read at each step: 1 for the raw digit, 10 for one-hot."""
        return 1 if self.coding == "raw" else 10

    def encode(self, read: npt.NDArray[np.int64]) -> npt.NDArray[np.floating]:
        """Turn digits (steps, batch) into inputs (steps, batch, features)."""
        if self.coding == "raw":
            return read[:, :, np.newaxis].astype(self.dtype)
        return one_hot(read, 10, self.dtype)
