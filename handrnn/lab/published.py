"""Accuracies of palindromes that course reports have published, 128 units: what to compare with.

Their values, read off tables and figures; they give no intervals, and few say over how many
sequences they are. No published report of a GRU is known here.
"""

import dataclasses

TASK = "palindrome"
UNITS = 128


@dataclasses.dataclass(frozen=True)
class Value:
    """One published accuracy, or the range of several reports.

    Attributes
    ----------
    cell : str
        Which network.
    length : int
        T, the whole palindrome.
    low, high : float
        Accuracy; equal ends are one value.
    """

    cell: str
    length: int
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Break:
    """Lengths between which the published curves of a network leave 100 %, and how to say so."""

    cell: str
    first: int
    last: int
    meaning: str


VALUES = (
    Value("RNN", 5, 1.00, 1.00),  # raw digit, every report
    Value("RNN", 10, 0.76, 1.00),  # raw digit, RMSprop, by seed and report
    Value("RNN", 12, 0.88, 0.88),  # one-hot digit, mean of five runs
    Value("RNN", 15, 0.10, 0.10),  # raw digit, RMSprop, chance
    Value("RNN", 16, 0.71, 0.71),  # one-hot digit, mean of five runs
    Value("RNN", 20, 0.10, 0.10),  # raw digit, RMSprop, chance
    Value("RNN", 22, 0.34, 0.34),  # one-hot digit, mean of five runs
    Value("RNN", 26, 0.51, 0.51),  # one-hot digit, mean of five runs, standard deviation up to 0.40
    Value("LSTM", 20, 1.00, 1.00),  # every report without a mistake in it
    Value("LSTM", 26, 1.00, 1.00),  # the best report
    Value("LSTM", 31, 0.90, 0.90),  # the longest length with a published number
)
BREAKS = (
    Break("RNN", 9, 20, "published: breaks at T = 9 to 20"),
    Break("LSTM", 20, 26, "published: perfect up to 20 or 26"),
)
