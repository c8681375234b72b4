"""Recurrent networks written by hand in NumPy, held to PyTorch to the last digit."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import check, compare, course, initializers, layouts, losses, nn, optim, textbook

__all__ = [
    "check",
    "compare",
    "course",
    "initializers",
    "layouts",
    "losses",
    "nn",
    "optim",
    "textbook",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """A module is imported when it is first used."""
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext handrnn``: the magics ``%check`` and ``%%check``."""
    from .check import notebook

    notebook.load(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
