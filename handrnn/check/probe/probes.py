"""The numbers that submissions are run on.

A `Probe` leaves nothing at zero and no two sizes alike, so that no mistake can hide in a zero
state, a square matrix or a batch of one. Everything is in the textbook's notation and axes; the
`dialects` turn it into the arguments of a course function.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from ... import textbook

# gradients come out well above ten, so that clipping them at ten shows
COTANGENT_SCALE = 20.0
STEP = 1e-7
MOST_AMPLIFICATION = 50.0


@dataclass(frozen=True, eq=False)
class Probe:
    """One set of numbers to run a submission on, in the textbook's notation.

    Attributes
    ----------
    seed : of `draw`
    T, B, I, H, Y : steps, examples, inputs, hidden units, outputs
    x : (T, I, B)
    h0, c0 : (H, B); c0 is the cell state before a single step: sequences of the course start at 0
    parameters : of "rnn", "lstm" and "gru", by the textbook's names, Why (Y, H) and by (Y, 1) too
    dy : (T_back, H, B) gradient on each hidden state; T_back is T unless `draw` was told otherwise
    dh_next, dc_next : (H, B) gradients that arrive at a single step, or at a sequence's last states
    z : (Y, B) what softmax and sigmoid are called with
    z_far : (Y, B) the same, so far out that exp(z) overflows in float64
    shares : (H, 4) of two biases of a gate, what the second one has
    """

    seed: int
    T: int
    B: int
    I: int
    H: int
    Y: int
    x: np.ndarray
    h0: np.ndarray
    c0: np.ndarray
    parameters: Mapping[str, Mapping[str, np.ndarray]]
    dy: np.ndarray
    dh_next: np.ndarray
    dc_next: np.ndarray
    z: np.ndarray
    z_far: np.ndarray
    shares: np.ndarray

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes by letter."""
        return {letter: getattr(self, letter) for letter in "TBIHY"}


@cache
def draw(
    seed: int,
    *,
    square: bool = False,
    T: int = 6,
    T_back: int | None = None,
    scale: float = 2.0,
    sizes: tuple[int, int, int, int] | None = None,
) -> Probe:
    """A well-conditioned probe.

    Inputs and states are N(0, 1), weights and biases U(+-scale / sqrt(H)), cotangents
    N(0, `COTANGENT_SCALE`). A draw that amplifies small changes of the inputs by more than
    `MOST_AMPLIFICATION` is drawn again; the same seed gives the same bits.

    Parameters
    ----------
    seed : >= 0
    square : I, B and Y as large as H: what has the wrong shape for lack of a transpose then runs
    T : steps forward
    T_back : steps of dy; None: T
    scale : of the weights
    sizes : B, I, H, Y; None: no two alike, or all alike if `square`

    Raises
    ------
    ValueError
        If no draw is well conditioned, which takes a large T or scale.
    """
    for attempt in range(20):
        rng = np.random.default_rng(np.random.SeedSequence((seed, attempt)))
        shape = sizes or ((4, 4, 4, 4) if square else (3, 5, 4, 2))
        probe = _drawn(rng, seed, shape, T, T if T_back is None else T_back, scale)
        if amplification(probe) <= MOST_AMPLIFICATION:
            return probe
    raise ValueError(f"no well-conditioned probe for seed {seed}, T = {T}, scale {scale}")


def _drawn(
    rng: np.random.Generator,
    seed: int,
    sizes: tuple[int, int, int, int],
    T: int,
    T_back: int,
    scale: float,
) -> Probe:
    B, I, H, Y = sizes
    bound = scale / np.sqrt(H)

    def weights(*shape: int) -> np.ndarray:
        return rng.uniform(-bound, bound, shape)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape)

    rnn = {"Whh": weights(H, H), "Wxh": weights(H, I), "bh": weights(H, 1)}
    lstm = {}
    for gate in "ifgo":
        lstm[f"W{gate}"] = weights(H, H + I)
        lstm[f"b{gate}"] = weights(H, 1)
    for parameters in (rnn, lstm):
        parameters["Why"] = weights(Y, H)
        parameters["by"] = weights(Y, 1)
    first = {
        "x": normal(T, I, B),
        "h0": normal(H, B),
        "c0": normal(H, B),
        "dy": COTANGENT_SCALE * normal(T_back, H, B),
        "dh_next": COTANGENT_SCALE * normal(H, B),
        "dc_next": COTANGENT_SCALE * normal(H, B),
        "z": 2 * normal(Y, B),
        # columns lie far apart too: one maximum for the whole matrix leaves nothing of the lowest
        "z_far": normal(Y, B) + 1000 * np.arange(B),
    }
    gru = {}
    for gate in "ru":
        gru[f"W{gate}"] = weights(H, H + I)
        gru[f"b{gate}"] = weights(H, 1)
    gru |= {"Wxn": weights(H, I), "bxn": weights(H, 1), "Whn": weights(H, H), "bhn": weights(H, 1)}
    gru |= {"Why": weights(Y, H), "by": weights(Y, 1)}
    return Probe(
        seed=seed,
        T=T,
        B=B,
        I=I,
        H=H,
        Y=Y,
        parameters={"rnn": rnn, "lstm": lstm, "gru": gru},
        shares=weights(H, 4),
        **first,
    )


def amplification(probe: Probe) -> float:
    """How much larger a small change of the inputs is by the time it reaches the results.

    The inputs (x, states, weights) are changed by `STEP` of their size, each element in a direction
    of its own; the largest relative change (rms) of a hidden state, a cell state or a gradient
    is returned in units of `STEP`.
    """
    rng = np.random.default_rng(probe.seed)

    def moved(values: np.ndarray) -> np.ndarray:
        return values * (1 + STEP * rng.standard_normal(values.shape))

    worst = 0.0
    for cell, states in (("rnn", ("h0",)), ("lstm", ("h0", "c0"))):
        inputs = {"x": probe.x} | {name: getattr(probe, name) for name in states}
        before = _results(probe, cell, inputs, probe.parameters[cell])
        after = _results(
            probe,
            cell,
            {name: moved(value) for name, value in inputs.items()},
            {name: moved(value) for name, value in probe.parameters[cell].items()},
        )
        for name in before:
            worst = max(worst, _rms(after[name] - before[name]) / _rms(before[name]))
    return worst / STEP


def _results(
    probe: Probe, cell: str, inputs: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    forward = vars(textbook)[f"{cell}_forward"]
    backward = vars(textbook)[f"{cell}_backward"]
    *states, caches = forward(*inputs.values(), dict(parameters))
    arriving = (probe.dh_next, probe.dc_next)[: len(states)]
    results = dict(zip(("h", "c"), states, strict=False))
    return results | backward(probe.dy, *arriving, caches)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
