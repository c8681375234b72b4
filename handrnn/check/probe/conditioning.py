"""What rounding can do to a result, measured: the same computation with every operation disturbed.

A `Disturbed` array carries random factors along. Whatever NumPy computes with it is changed at
random by up to a unit of rounding, element by element, as rounding changes it: sums and products of
matrices in each of their terms. A dozen such runs give the error that a correct implementation in
that precision may have (Monte-Carlo arithmetic).

References
----------
Parker, "Monte Carlo arithmetic: exploiting randomness in floating-point arithmetic", 1997.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import compare

RUNS = 12
EXACT = (np.negative, np.maximum, np.minimum, np.absolute, np.sign)
DRAWN_AT_ONCE = 1 << 14


class Noise:
    """Factors 1 + unit * e with e uniform in -1..1, no factor twice.

    Parameters
    ----------
    rng : numpy.random.Generator
    unit : of rounding
    """

    def __init__(self, rng: np.random.Generator, unit: float) -> None:
        self.rng, self.unit = rng, unit
        self.drawn, self.used = np.empty(0), 0

    def factors(self, shape: tuple[int, ...]) -> np.ndarray:
        """As many as an array of that shape has elements."""
        size = math.prod(shape)
        if self.used + size > len(self.drawn):
            self.drawn = 1 + self.unit * self.rng.uniform(-1, 1, max(size, DRAWN_AT_ONCE))
            self.used = 0
        taken = self.drawn[self.used : self.used + size]
        self.used += size
        return taken.reshape(shape)


class Disturbed(np.ndarray):
    """An array whose every operation rounds at random, by its `noise`."""

    noise: Any = None

    def __array_finalize__(self, obj: Any) -> None:
        """Carry the noise along."""
        self.noise = getattr(obj, "noise", None)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute, and disturb what comes out; of sums, what goes in."""
        plain = [a.view(np.ndarray) if isinstance(a, Disturbed) else a for a in inputs]
        if ufunc is np.matmul or (ufunc is np.add and method == "reduce"):
            plain[0] = plain[0] * self.noise.factors(plain[0].shape)
        result = getattr(ufunc, method)(*plain, **options)
        if not isinstance(result, np.ndarray | np.floating) or result.dtype.kind != "f":
            return result
        if ufunc not in EXACT:
            result = result * self.noise.factors(result.shape)
        return disturbed(np.asarray(result), self.noise)


def disturbed(values: np.ndarray, noise: Noise) -> Disturbed:
    """The array as one whose every operation rounds at random."""
    array = values.view(Disturbed)
    array.noise = noise
    return array


def spread(
    compute: Callable[[Callable[[np.ndarray], np.ndarray]], Mapping[str, np.ndarray]],
    reference: Mapping[str, np.ndarray],
    unit: float,
) -> dict[str, float]:
    """The error that rounding leaves in each result.

    Parameters
    ----------
    compute : takes a function that it has to apply to all arrays that go in; gives results by name
    reference : the results without disturbance
    unit : of rounding

    Returns
    -------
    dict
        root of the mean square, over `RUNS` runs, of the normwise error; infinite where a run
        leaves the finite numbers
    """
    squares = dict.fromkeys(reference, 0.0)
    for run in range(RUNS):
        rng = np.random.default_rng(np.random.SeedSequence((run, RUNS)))
        with np.errstate(all="ignore"):
            noise = Noise(rng, unit)
            results = compute(lambda values, noise=noise: disturbed(values, noise))
            for name, values in reference.items():
                error = compare.normwise_error(np.asarray(results[name]), values)
                squares[name] += error**2 if np.isfinite(error) else float("inf")
    return {name: float(np.sqrt(square / RUNS)) for name, square in squares.items()}
