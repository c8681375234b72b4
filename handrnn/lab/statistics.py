"""What a few seeds tell: medians, bands, shares of solved seeds, and what luck alone would give."""

from collections.abc import Mapping, Sequence

import numpy as np

NEARLY_ALL_RIGHT = 0.99
MOST_SEEDS = 0.8
LEVEL = 0.95  # of all bands and intervals
_DRAWS = 2000
_TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])


def bootstrap_band(values: Sequence[float], rng: np.random.Generator) -> tuple[float, float]:
    """Percentile bootstrap band of the median: 95 % of 2,000 resampled medians lie inside.

    Every resampled median lies between the least and the greatest value, so the band of
    accuracies stays inside [0, 1].

    Parameters
    ----------
    values : sequence of float
        One value a seed, at least one.
    rng : numpy.random.Generator
        Source of the resampling.

    Returns
    -------
    low, high : float
        Ends of the band.
    """
    resampled = rng.choice(np.asarray(values), size=(_DRAWS, len(values)))
    low, high = np.quantile(np.median(resampled, axis=1), _TAILS)
    return float(low), float(high)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's score interval for a proportion (E. B. Wilson, 1927), at 95 %.

    Parameters
    ----------
    successes, trials : int
        How many of how many; at least one trial.

    Returns
    -------
    low, high : float
        Ends of the interval, inside [0, 1].
    """
    from scipy import stats

    interval = stats.binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def count_solved(accuracies: Sequence[float]) -> int:
    """How many of the seeds reach 99 %."""
    return int(np.count_nonzero(np.asarray(accuracies) >= NEARLY_ALL_RIGHT))


def share_solved(accuracies: Sequence[float]) -> float:
    """Share of the seeds that reach 99 %."""
    return count_solved(accuracies) / len(accuracies)


def longest_solved(accuracies: Mapping[int, Sequence[float]]) -> int | None:
    """L99: the longest length at which at least 80 % of the seeds reach 99 %.

    Parameters
    ----------
    accuracies : mapping of int to sequence of float
        Length to the accuracies of its seeds.

    Returns
    -------
    int or None
        None if there is no such length.

    Examples
    --------
    >>> longest_solved({5: [1.0, 1.0], 10: [1.0, 0.995], 15: [1.0, 0.4], 20: [0.1, 0.1]})
    10
    """
    solved = [length for length, values in accuracies.items() if share_solved(values) >= MOST_SEEDS]
    return max(solved, default=None)


def chance_band(chance: float, sequences: int, checks: int) -> tuple[float, float]:
    """Band, 95 %, of the highest of several accuracies that are pure guessing.

    Parameters
    ----------
    chance : float
        Of a guess to be right.
    sequences : int
        Sequences in one check.
    checks : int
        Independent checks, of which the highest counts.

    Returns
    -------
    low, high : float
        Ends of the band.

    Examples
    --------
    The best of 3,000 training batches of 128 looks like learning, and is not:

    >>> low, high = chance_band(chance=0.1, sequences=128, checks=3000)
    >>> f"{low:.2f} to {high:.2f}"
    '0.19 to 0.23'
    """
    from scipy import stats

    # The maximum is below a value when all checks are.
    tails = _TAILS ** (1 / checks)
    low, high = stats.binom.ppf(tails, sequences, chance) / sequences
    return float(low), float(high)
