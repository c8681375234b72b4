"""Recurrent networks written by hand in NumPy, held to PyTorch to the last digit."""

from . import compare, course, initializers, layouts, losses, nn, optim, textbook

__all__ = ["compare", "course", "initializers", "layouts", "losses", "nn", "optim", "textbook"]
__version__ = "0.1.0"
