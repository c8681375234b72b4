"""What the course functions ask of their arguments, and what they answer if that is not met.

Shapes are tuples of the assignment's symbols: ``("n_a", "n_a + n_x")``, ``("n_a", 1)``. What a
symbol stands for in a call is what most of the arguments say, so that the odd one out is named; if
there is no majority, the parameters are right.
"""

import difflib
import functools
from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from .. import border

JOINED = "n_a + n_x"  # the axis of [a_prev; xt]
REFUSED = (np.matrix, np.ma.MaskedArray)  # the one keeps two axes, the other's mask would be lost


def check(arrays, shapes):
    """An error about the argument that does not fit the others, if there is one.

    Parameters
    ----------
    arrays : dict of the arguments by name
    shapes : dict of their shapes in symbols

    Raises
    ------
    TypeError
        Anything but a floating-point array.
    ValueError
        A shape that does not fit.
    """
    for name, array in arrays.items():
        check_kind(name, array, shapes[name])
    given = [(array.shape, shapes[name]) for name, array in arrays.items()]
    given.sort(key=lambda pair: "m" in pair[1])  # parameters have no axis of examples
    sizes = _sizes(given)
    for name, array in arrays.items():
        needed = tuple([sizes.get(symbol, symbol) for symbol in shapes[name]])
        if array.shape != needed:
            beside = _beside(name, needed, arrays, shapes)
            raise ValueError(misfit(name, array, needed, shapes[name]) + beside)


def _beside(name, needed, arrays, shapes):
    """Two of the others, first those that have an axis of the symbol that does not fit."""
    sizes = zip(shapes[name], arrays[name].shape, needed, strict=False)
    wrong = {symbol for symbol, size, right in sizes if size != right}
    others = [other for other in arrays if other != name]
    others.sort(
        key=lambda other: wrong.isdisjoint(" + ".join(map(str, shapes[other])).split(" + "))
    )
    written = [f"{other} {arrays[other].shape}" for other in others[:2]]
    return f", beside {' and '.join(written)}" if written else ""


def check_steps(entries, shapes, places):
    """An error about the first entry that is not shaped as it is in the first step."""
    for name, symbols in shapes.items():
        needed = entries[0][name].shape
        for t, entry in enumerate(entries):
            array, place = entry[name], f"{name} in {places[t]}"
            check_kind(place, array, symbols)
            if array.shape != needed:
                raise ValueError(misfit(place, array, needed, symbols))


def misfit(name, array, needed, symbols):
    """What is wrong with a shape."""
    return f"{name} is {array.shape}: {_written(needed)} is needed, {_written(symbols)}"


def check_kind(name, array, symbols):
    """A TypeError about anything but a floating-point array; most subclasses are arrays too."""
    if not isinstance(array, np.ndarray) or isinstance(array, REFUSED):
        kind = type(array).__name__
        raise TypeError(f"{name} is of type {kind}: a NumPy array {_written(symbols)} is needed")
    if array.dtype.kind != "f" or array.dtype == np.float16:
        raise TypeError(
            f"{name} {array.shape} is {array.dtype}: float32 or float64 is needed,"
            f" {_written(symbols)}"
        )


def of_real_numbers(function):
    """A function of z that takes real numbers only: a TypeError about anything else."""

    @functools.wraps(function)
    def checked(z):
        return function(border.array("z", z, "fiub", "real numbers are"))

    return checked


def equal(one, other):
    """Whether two arrays hold the same numbers, in the precision of the narrower one."""
    if one is other:
        return True
    dtype = min(one.dtype, other.dtype, key=lambda dtype: dtype.itemsize)
    with np.errstate(all="ignore"):
        pair = one.astype(dtype, copy=False), other.astype(dtype, copy=False)
    return np.array_equal(*pair, equal_nan=True)


def _sizes(given):
    """Size by symbol, from pairs (shape, symbols)."""
    votes = defaultdict(Counter)
    for shape, symbols in given:
        if len(shape) == len(symbols):
            for symbol, size in zip(symbols, shape, strict=True):
                votes[symbol][size] += 1
    if JOINED in votes:
        n_a = _winner(votes["n_a"])
        for joined, count in votes.pop(JOINED).items():
            if joined > n_a:
                votes["n_x"][joined - n_a] += count
    sizes = {symbol: _winner(votes_for) for symbol, votes_for in votes.items()} | {1: 1}
    if "n_a" in sizes and "n_x" in sizes:
        sizes[JOINED] = sizes["n_a"] + sizes["n_x"]
    return sizes


def _winner(votes_for):
    return max(votes_for, key=votes_for.__getitem__)


def _written(shape):
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def pick(parameters, names, whose="parameters"):
    """The entries of a dict by their names, or an error about those that are not there.

    Raises
    ------
    TypeError
        Anything but a dict.
    ValueError
        A name that is missing.
    """
    if not isinstance(parameters, Mapping):
        kind = type(parameters).__name__
        raise TypeError(f"{whose} is of type {kind}: a dict of {', '.join(names)} is needed")
    missing = [name for name in names if name not in parameters]
    if missing:
        others = {str(key).casefold(): key for key in parameters if key not in names}
        hints = []
        for name in missing:
            near = difflib.get_close_matches(name.casefold(), others, n=1)
            hints.append(f"{name} (is it {others[near[0]]!r}?)" if near else name)
        raise ValueError(f"{whose} lack {', '.join(hints)}: {', '.join(names)} are needed")
    return {name: parameters[name] for name in names}


def unpack(entries, names, whose):
    """The entries of a tuple or list by names, or an error if there are more or fewer.

    Raises
    ------
    TypeError
        Anything but a tuple or list.
    ValueError
        Another number of entries.
    """
    if not isinstance(entries, tuple | list):
        kind = type(entries).__name__
        raise TypeError(f"{whose} is of type {kind}: a tuple ({', '.join(names)}) is needed")
    if len(entries) != len(names):
        raise ValueError(f"{whose} has {len(entries)} entries: ({', '.join(names)}) is needed")
    return dict(zip(names, entries, strict=True))


def count_steps(da, T_x, symbols, where):
    """The number of steps of da, or an error if there are not so many."""
    check_kind("da", da, symbols)
    if da.ndim != 3:
        raise ValueError(f"da is {da.shape}: {_written(symbols)} is needed")
    T = da.shape[symbols.index("T")]
    if T_x < T:
        raise ValueError(
            f"da is {da.shape}, {_written(symbols)}, with {T} steps: {where} has {T_x}"
        )
    return T
