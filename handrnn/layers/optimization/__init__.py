"""Update rules and regularizers of the layers, as their optimizers use them."""

from . import Constraints, Optimizers

__all__ = ["Constraints", "Optimizers"]
