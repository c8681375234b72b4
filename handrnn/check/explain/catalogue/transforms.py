"""Conventions: all results computed rightly, then changed once more."""

from collections.abc import Callable, Iterator

import numpy as np

from ...probe import probes
from . import entries


def _is_parameter(name: str) -> bool:
    return name.startswith(("dW", "dU", "db"))


def _divided(names: Callable[[str], bool]) -> entries.Transform:
    def transform(outputs: entries.Outputs, probe: probes.Probe) -> entries.Outputs:
        return {k: v / probe.B if names(k) else v for k, v in outputs.items()}

    return transform


def _clipped(most: float, names: Callable[[str], bool]) -> entries.Transform:
    def transform(outputs: entries.Outputs, probe: probes.Probe) -> entries.Outputs:
        return {k: np.clip(v, -most, most) if names(k) else v for k, v in outputs.items()}

    return transform


def _scaled(factor: float) -> entries.Transform:
    def transform(outputs: entries.Outputs, probe: probes.Probe) -> entries.Outputs:
        return {k: factor * v for k, v in outputs.items()}

    return transform


def conventions() -> Iterator[entries.Mistake]:
    """Means for sums, clipping, the sign."""
    backwards = ("lstm_cell_backward", "lstm_backward", "rnn_cell_backward", "rnn_backward")
    groups: dict[str, Callable[[str], bool]] = {
        "parameter gradients": _is_parameter,
        "weight gradients": lambda name: name.startswith(("dW", "dU")),
        "everything": lambda name: True,
    }
    for variant, names in groups.items():
        mixed = (
            "" if variant == "everything" else "; the others are not: a sum and a mean are mixed"
        )
        yield entries.Mistake(
            "divided-by-m",
            variant,
            backwards,
            {},
            f"{variant.capitalize()} divided by the number of examples{mixed}.",
            "1 / m * np.dot(dft, concat.T)",
            "np.dot(dft, concat.T)",
            transform=_divided(names),
        )
    for most in (1, 5, 10):
        for variant in ("parameter gradients", "everything"):
            yield entries.Mistake(
                "clipped-inside",
                f"{variant} at {most}",
                backwards,
                {},
                f"{variant.capitalize()} clipped at {most} inside the function: clipping is "
                "a step of its own, after it.",
                f"np.clip(dWf, -{most}, {most}, out=dWf)",
                "",
                transform=_clipped(most, groups[variant]),
            )
    yield entries.Mistake(
        "wrong-variable",
        "sign of everything",
        backwards,
        {},
        "Every gradient has the wrong sign.",
        transform=_scaled(-1),
    )
