"""What public functions ask of their arguments: the right kind, or an error that names it.

`TypeError` for another kind of thing, `ValueError` for one that is out of range.
"""

import numbers
import operator
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Function = TypeVar("Function", bound=Callable)
ANY = "biufcmMOSUV"  # every kind of dtype
PLURAL = ("lengths", "targets", "weights", "probabilities", "dprobabilities")


def quiet(function: Function) -> Function:
    """The same function; what is not finite goes through it without a warning, as in torch."""
    return np.errstate(divide="ignore", over="ignore", invalid="ignore")(function)


def number(name: str, value: Any, lowest: float | None = None) -> Any:
    """A real number, from `lowest` on where that is given, and then not nan; as it came."""
    if isinstance(value, bool | np.bool_) or not isinstance(_scalar(value), numbers.Real):
        raise TypeError(f"{name} is {_shown(value)}: a number is needed")
    if lowest is not None and not value >= lowest:
        below = "it cannot be negative" if lowest == 0 else f"it must be at least {lowest:g}"
        raise ValueError(f"{name} is {value}: {below}")
    return value


def _scalar(value: Any) -> Any:
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def whole(name: str, value: Any, lowest: int) -> int:
    """A whole number, from `lowest` on, that an axis of an array may have."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {_shown(value)}: an integer is needed") from None
    if value < lowest:
        raise ValueError(f"{name} is {value}: it must be at least {lowest}")
    if value > np.iinfo(np.intp).max:
        raise ValueError(f"{name} is {value}: no array is as large")
    return value


def flag(name: str, value: Any) -> bool:
    """True or False."""
    value = _scalar(value)
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is {_shown(value)}: True or False is needed")
    return bool(value)


def array(
    name: str, value: Any, kinds: str = "fiu", needed: str = "numbers are"
) -> npt.NDArray[Any]:
    """An array of a dtype of these kinds, of what may be one; a mask would be lost."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, whose mask would be lost: fill it first")
    try:
        found = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} is ragged: its rows are not of one length") from None
    if found.dtype.kind not in kinds:
        verb = "are" if name in PLURAL else "is"
        raise TypeError(f"{name} {verb} {found.dtype}: {needed} needed")
    return found


def floating(name: str, value: Any) -> npt.NDArray[Any]:
    """An array of float32, float64 or long double."""
    found = array(name, value, "f", "float32 or float64 is")
    if found.dtype == np.float16:
        raise TypeError(f"{name} is float16: float32 or float64 is needed")
    return found


def dtype(name: str, value: Any) -> np.dtype:
    """A dtype of floating-point numbers."""
    try:
        found = np.dtype(value if value is not None else object)
    except (TypeError, ValueError):
        found = None
    if found is None or found.kind != "f":
        shown = found if found is not None and value is not None else _shown(value)
        raise TypeError(f"{name} is {shown}: a floating-point dtype is needed")
    return found


def source(name: str, value: Any) -> np.random.Generator:
    """A generator of random numbers, of one or of what may be its seed."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        return np.random.default_rng(value)
    except (TypeError, ValueError):
        needed = "a numpy.random.Generator, or a whole number from 0 on, is needed"
        negative = isinstance(value, int) and not isinstance(value, bool)
        kind = ValueError if negative else TypeError
        raise kind(f"{name} is {_shown(value)}: {needed}") from None


def shape(name: str, value: Any) -> tuple[int, ...]:
    """Sizes of axes."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise TypeError(f"{name} is {_shown(value)}: a tuple of sizes is needed")
    return tuple(whole(f"{name}[{axis}]", size, 0) for axis, size in enumerate(value))


def mapping(name: str, value: Any) -> Mapping[Any, Any]:
    """A dict, or something like it."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is a {type(value).__name__}: a dict is needed")
    return value


def text(name: str, value: Any) -> str:
    """Text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {_shown(value)}: text is needed")
    return value


def names(name: str, value: Any) -> tuple[str, ...]:
    """Several names, in a list or a tuple."""
    if isinstance(value, str) or not isinstance(value, Sequence | Set):
        raise TypeError(f"{name} is {_shown(value)}: a list of names is needed")
    return tuple(text(name, one) for one in value)


def _shown(value: Any) -> str:
    """A value in a message, in one short line."""
    text = repr(value).partition("\n")[0]
    return text if len(text) <= 60 else f"a {type(value).__name__}"
