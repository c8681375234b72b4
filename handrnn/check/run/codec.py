"""Values as data: nested tuples, lists, dicts and arrays to and from files.

What a submission returns crosses from its process to the judge as numbers and JSON, never as a
pickle: reading a file executes nothing. `encode` takes a value apart into a structure (JSON) and
arrays, `decode` puts it together again with fresh copies. Whatever is not data becomes an `Opaque`:
its type and the head of its ``repr``.

A file is one line of JSON, the structure and how many bytes there are of each dtype, and then these
bytes: one flat array a dtype.
"""

import json
import math
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

DEEPEST = 20
MOST_VALUES = 100_000
MOST_BYTES = 256 * 2**20
LONGEST_REPR = 200

TOO_BIG = "too-big"  # the type of what was cut
NUMBERS_AND_TEXT = "biufcmMSU"  # the kinds of dtype that an archive holds without pickle

Structure = dict[str, Any]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Opaque:
    """A value that is not data: what is known of it.

    Parameters
    ----------
    type : name of its type, or "too-big" for what was cut
    repr : head of its ``repr``, or why it was cut
    """

    type: str
    repr: str


@dataclass(frozen=True)
class Tensor(Opaque):
    """A tensor of torch, which is not an array: whether its numbers count is for the judge to say.

    Parameters
    ----------
    numbers : what is in it
    """

    numbers: np.ndarray = field(compare=False, kw_only=True)


@dataclass(frozen=True)
class Ref:
    """A place in what an earlier step returned: to be filled in where the steps run.

    Parameters
    ----------
    step : id of that step
    path : indices and keys that lead from the returned value to the place, () for all of it
    """

    step: str
    path: tuple[int | str, ...] = ()


class _TooBigError(Exception):
    """A value has more parts or more bytes than are carried."""


class _Encoder:
    """Takes one value apart; counts what it holds."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self.values = 0
        self.bytes = 0
        self.within: list[int] = []

    def encode(self, value: Any) -> Structure:
        self.values += 1
        if self.values > MOST_VALUES:
            raise _TooBigError(f"more than {MOST_VALUES} values")
        if isinstance(value, tuple | list | dict):
            return self._container(value)
        if isinstance(value, np.ndarray | np.generic):
            return self._array(value)
        return self._plain(value)

    def _container(self, value: tuple | list | dict) -> Structure:
        if id(value) in self.within:
            return _too_big("contains itself")
        if len(self.within) >= DEEPEST:
            return _too_big(f"nested more than {DEEPEST} deep")
        self.within.append(id(value))
        # the methods of the built-in types: a subclass may have replaced its own
        if isinstance(value, dict):
            items = [[self.encode(key), self.encode(entry)] for key, entry in dict.items(value)]
            kind = "dict"
        elif isinstance(value, tuple):
            items = [self.encode(entry) for entry in tuple.__iter__(value)]
            kind = "tuple"
        else:
            items = [self.encode(entry) for entry in list.__iter__(value)]
            kind = "list"
        self.within.pop()
        return {"kind": kind, "items": items}

    def _array(self, value: np.ndarray | np.generic) -> Structure:
        array = np.asarray(value).view(np.ndarray)
        masked = isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)
        if array.dtype.kind not in NUMBERS_AND_TEXT or masked:
            return _opaque(value)
        self.bytes += array.nbytes
        if self.bytes > MOST_BYTES:
            raise _TooBigError(f"arrays of more than {MOST_BYTES // 2**20} MB")
        key = str(len(self.arrays))
        self.arrays[key] = array
        return {"kind": "array" if isinstance(value, np.ndarray) else "scalar", "key": key}

    def _plain(self, value: Any) -> Structure:
        if value is None or type(value) is bool:
            return {"kind": "plain", "value": value}
        if type(value) is str:
            return {"kind": "plain", "value": value} if len(value) <= 10**6 else _opaque(value)
        if type(value) is int:
            return {"kind": "plain", "value": value} if abs(value) < 2**64 else _opaque(value)
        if type(value) is float:
            return {"kind": "plain", "value": value}
        if type(value) is complex:
            return {"kind": "complex", "parts": [value.real, value.imag]}
        if type(value) is Ref:
            return {"kind": "reference", "step": value.step, "path": list(value.path)}
        if type(value) is Opaque:
            return {"kind": "object", "type": value.type, "repr": value.repr}
        numbers = _numbers_of_tensor(value)
        if numbers is None:
            return _opaque(value)
        return {**_opaque(value), "kind": "tensor", "numbers": self._array(numbers)}


def encode(value: Any) -> tuple[Structure, Arrays]:
    """Take a value apart.

    Parameters
    ----------
    value : anything; arrays, NumPy scalars, tuples, lists, dicts, None, bool, int, float, complex,
        str, `Ref` and `Opaque` are carried, everything else becomes an `Opaque`

    Returns
    -------
    structure : what JSON can hold; an array is named by its key
    arrays : the arrays by key, not copied. Subclasses of arrays, tuples, lists and dicts are
        carried as what they are subclasses of; an array that occurs twice is there twice
    """
    encoder = _Encoder()
    try:
        structure = encoder.encode(value)
    except _TooBigError as error:
        return _too_big(str(error)), {}
    return structure, encoder.arrays


def _too_big(why: str) -> Structure:
    return {"kind": "object", "type": TOO_BIG, "repr": why}


def _numbers_of_tensor(value: Any) -> np.ndarray | None:
    """What is in a tensor of torch on the processor; None for everything else."""
    torch = sys.modules.get("torch")
    try:
        if torch is None or not isinstance(value, torch.Tensor):
            return None
        numbers = value.detach().numpy()
    except Exception:  # it is elsewhere, or of a dtype that NumPy does not have
        return None
    return numbers if isinstance(numbers, np.ndarray) else None


def _opaque(value: Any) -> Structure:
    name = type(value).__qualname__
    if isinstance(value, np.ndarray):
        kind = "masked array" if isinstance(value, np.ma.MaskedArray) else "array"
        return {
            "kind": "object",
            "type": f"{kind} of {value.dtype}",
            "repr": f"shape {value.shape}",
        }
    if isinstance(value, int):  # its digits may be too many to be printed
        return {"kind": "object", "type": name, "repr": f"an integer of {value.bit_length()} bits"}
    try:
        text = repr(value)[:LONGEST_REPR]
    except Exception:  # whatever a foreign __repr__ does, there is something to report
        text = "its __repr__ raises"
    return {"kind": "object", "type": str(name), "repr": text}


def decode(structure: Structure, arrays: Arrays) -> Any:
    """Put a value together again; every array is a fresh copy in C order.

    Raises
    ------
    ValueError
        If the structure is not one that `encode` makes, or an array is missing.
    """
    try:
        return _decode(structure, arrays)
    except (KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError(f"not an encoded value: {error!r}") from error


def _decode(structure: Structure, arrays: Arrays) -> Any:
    kind = structure["kind"]
    if kind == "plain":
        return structure["value"]
    if kind == "array":
        return arrays[structure["key"]].copy()
    if kind == "scalar":
        return arrays[structure["key"]][()]
    if kind == "tuple":
        return tuple(_decode(entry, arrays) for entry in structure["items"])
    if kind == "list":
        return [_decode(entry, arrays) for entry in structure["items"]]
    if kind == "dict":
        pairs = structure["items"]
        return {_hashable(_decode(key, arrays)): _decode(entry, arrays) for key, entry in pairs}
    if kind == "complex":
        return complex(*structure["parts"])
    if kind == "reference":
        return Ref(structure["step"], tuple(structure["path"]))
    if kind == "tensor":
        numbers = _decode(structure["numbers"], arrays)
        return Tensor(str(structure["type"]), str(structure["repr"]), numbers=numbers)
    if kind == "object":
        return Opaque(str(structure["type"]), str(structure["repr"]))
    raise ValueError(f"an encoded value has no kind {kind!r}")


def _hashable(key: Any) -> Any:
    """A dict's key: what was hashable as an object may have become a list or an array."""
    try:
        hash(key)
    except TypeError:
        return Opaque(type(key).__qualname__, repr(key)[:LONGEST_REPR])
    return key


def without_tensors(value: Any) -> tuple[Any, bool]:
    """The same tuples, lists and dicts with arrays instead of tensors; whether it held any."""
    if isinstance(value, Tensor):
        return value.numbers, True
    if isinstance(value, dict):
        pairs = {key: without_tensors(entry) for key, entry in value.items()}
        return {k: entry for k, (entry, _) in pairs.items()}, any(t for _, t in pairs.values())
    if isinstance(value, tuple | list):
        entries = [without_tensors(entry) for entry in value]
        return type(value)(entry for entry, _ in entries), any(found for _, found in entries)
    return value, False


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every (path, value) in nested tuples, lists and dicts that is none of these itself.

    Goes no deeper than `DEEPEST`.
    """
    if isinstance(value, tuple | list | dict) and len(path) < DEEPEST:
        entries = dict.items(value) if isinstance(value, dict) else enumerate(value)
        for key, entry in entries:
            yield from leaves(entry, (*path, key))
    else:
        yield path, value


class _Flats:
    """One flat array a dtype, and where in it each array lies."""

    def __init__(self) -> None:
        self.parts: dict[str, list[np.ndarray]] = {}
        self.sizes: dict[str, int] = {}

    def add(self, array: np.ndarray) -> list:
        """Put an array at the end of the flat one of its dtype: [dtype, offset, shape]."""
        dtype = array.dtype.str
        offset = self.sizes.get(dtype, 0)
        self.parts.setdefault(dtype, []).append(array.ravel())
        self.sizes[dtype] = offset + array.size
        return [dtype, offset, list(array.shape)]

    def joined(self) -> dict[str, bytes]:
        """The bytes of the flat array of each dtype."""
        return {dtype: b"".join(a.tobytes() for a in parts) for dtype, parts in self.parts.items()}


def write(path: str | Path, **named: Any) -> None:
    """Write named values into one file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    flats, values = _Flats(), {}
    for name, value in named.items():
        structure, arrays = encode(value)
        index = {key: flats.add(array) for key, array in arrays.items()}
        values[name] = {"structure": structure, "index": index}
    joined = flats.joined()
    sizes = {dtype: len(flat) for dtype, flat in joined.items()}
    text = json.dumps({"values": values, "sizes": sizes})
    with Path(path).open("wb") as file:
        file.write(b"\n".join([text.encode(), b"".join(joined.values())]))


def read(path: str | Path) -> dict[str, Any]:
    """The named values of a file that `write` wrote; nothing in it is executed.

    Raises as `read_parts` does.
    """
    return {name: decode(*parts) for name, parts in read_parts(path).items()}


def read_parts(path: str | Path) -> dict[str, tuple[Structure, Arrays]]:
    """What `read` reads, not yet put together: `decode` gives fresh copies as often as it is asked.

    Raises
    ------
    ValueError
        If the file is none of these, or is cut off.
    OSError
        If it cannot be read.
    """
    with opened(path) as file:
        text, _, content = file.read().partition(b"\n")
    try:
        written, flats, start = json.loads(text), {}, 0
        for dtype, size in written["sizes"].items():
            flats[dtype] = np.frombuffer(content[start : start + size], np.dtype(dtype))
            start += size
        if start != len(content):
            raise ValueError("it is cut off")
        return {name: _parts(value, flats) for name, value in written["values"].items()}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} holds no encoded values: {error!r}") from error


def opened(path: str | Path) -> BinaryIO:
    """Open a regular file for reading: anything else might never end.

    Raises
    ------
    OSError
        If it is a pipe, a link or a device, or cannot be read.
    """
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    file = open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is not a regular file")
    return file


def _parts(value: dict[str, Any], flats: Arrays) -> tuple[Structure, Arrays]:
    arrays = {}
    for key, (dtype, offset, shape) in value["index"].items():
        size = math.prod(shape)
        arrays[key] = flats[dtype][offset : offset + size].reshape(shape)
    return value["structure"], arrays
