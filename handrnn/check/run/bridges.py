"""What the packages between Python 2 and 3 mean, where they are not installed; numba too.

All of them give other names to what Python 3 has, so that one table serves for all.
"""

import builtins
import functools
import importlib.abc
import importlib.util
import io
import types
from collections.abc import Callable
from typing import Any

PACKAGES = {"past", "future", "six", "numba"}


def _same(*given: Any, **options: Any) -> Any:
    """A decorator that changes no value, with options or without."""
    if len(given) == 1 and not options and callable(given[0]):
        return given[0]
    return lambda function: function


def _with_metaclass(meta: type, *bases: type) -> type:
    return meta("WithMetaclass", bases or (object,), {})


def _nothing(*given: Any) -> None:
    """What prepares Python 2 for Python 3 has nothing to do here."""


def _called(method: str) -> Callable:
    return lambda of, *given: getattr(of, method)(*given)


MEANINGS = {
    **{name: value for name, value in vars(builtins).items() if not name.startswith("_")},
    **{"xrange": range, "raw_input": input, "unicode": str, "basestring": str, "long": int},
    **{"unichr": chr, "reduce": functools.reduce, "cmp": lambda a, b: (a > b) - (a < b)},
    **{"PY2": False, "PY3": True, "string_types": (str,), "integer_types": (int,)},
    **{"text_type": str, "binary_type": bytes, "StringIO": io.StringIO, "BytesIO": io.BytesIO},
    **{f"iter{what}": _called(what) for what in ("items", "keys", "values")},
    **{f"view{what}": _called(what) for what in ("items", "keys", "values")},
    **{"next": next, "u": str, "b": str.encode, "print_": print, "native_str": str},
    **{"old_div": lambda a, b: a // b if isinstance(a, int) and isinstance(b, int) else a / b},
    **{"with_metaclass": _with_metaclass, "add_metaclass": _same, "install_aliases": _nothing},
    **{"python_2_unicode_compatible": _same, "jit": _same, "njit": _same, "vectorize": _same},
    **{"prange": range, "standard_library": types.SimpleNamespace(install_aliases=_nothing)},
}


class BridgeFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the packages that nobody else has found."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """A package with every meaning in it."""
        if name.split(".")[0] not in PACKAGES:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        vars(module).update(MEANINGS)
