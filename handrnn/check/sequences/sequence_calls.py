"""How the functions of a whole sequence are called, and what they return, in torch's axes."""

import contextlib
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..load import parts
from . import conventions

NAMES = {"hn": "h_n", "cn": "c_n", "h": "h_n", "c": "c_n", "output": "y", "outputs": "y"}


def name_of(function: Any) -> str:
    """What a function or module is called."""
    return getattr(function, "__qualname__", type(function).__qualname__)


# Functions: how they are called in the child, and what comes back ----------------------------


class _Forward:
    """In the child: the forward function alone."""

    def __init__(self, forward: Callable) -> None:
        self.forward = forward
        self.__code__ = getattr(forward, "__code__", None)  # whose lines failures pass through

    def __call__(self, given: Sequence[Any]) -> Any:
        return plain(self.forward(*given))


class _Both:
    """In the child: forward, then backward.

    What forward returned is looked at after backward, so that damage shows.
    """

    def __init__(self, forward: Callable, backward: Callable) -> None:
        self.forward = forward
        self.backward = backward
        self.__code__ = getattr(backward, "__code__", None)

    def __call__(self, given: Sequence[Any], arriving: Sequence[Any]) -> Any:
        returned = self.forward(*given)
        backward = plain(self.backward(*arriving))
        return {"forward": plain(returned), "backward": backward}


def plain(value: Any) -> Any:
    """The same tuples, lists and dicts with arrays of NumPy for those of other libraries."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        entries = [plain(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    if isinstance(value, np.ndarray | np.generic | None):
        return value
    for name in ("detach", "cpu"):  # of tensors: off the graph, off the accelerator
        value = getattr(value, name, lambda value=value: value)()
    for name, convert in (("__array__", np.asarray), ("__dlpack__", np.from_dlpack)):
        if hasattr(value, name):
            with contextlib.suppress(Exception):
                return convert(value)
    return value


class Functions:
    """A submission that is a forward and maybe a backward function."""

    def __init__(self, forward: Callable, backward: Callable | None, cell: str) -> None:
        self.name = name_of(forward)
        self.cell = cell
        self.live: dict[str, Callable] = {"forward": _Forward(forward)}
        if backward is not None:
            self.live["both"] = _Both(forward, backward)
        states = 2 if cell == "lstm" else 1
        self.signatures = list(_signatures(forward, cell))
        self.arriving = min(_arguments_of(backward, 1 + states), 1 + states)
        texts = [_source(function) for function in (forward, backward)]
        self.single = any(word in text for text in texts for word in parts.SINGLE)
        # a state whose gradient nobody speaks of may be unused, if there is a backward function
        spoken = texts[1] if backward is not None else "dh0 dc0"
        self.unused = "".join(letter for letter in "hc" if f"d{letter}0" not in spoken)

    def calls(self) -> Iterator[conventions.Call]:
        """Ways to call it, the likeliest first."""
        tensors = "torch" in sys.modules
        for given, biases in self.signatures:
            yield from conventions.calls(biases, given, tensors)

    def zeros(self, call: conventions.Call, names: Collection[str]) -> Iterator[str]:
        """The states that may start at zero: those it is not given, and those it may not use.

        A state that is given is used, unless the backward function does not speak of its gradient;
        a cell state that is returned is used.
        """
        states = "hc" if self.cell == "lstm" else "h"
        absent = "".join(letter for letter in states if letter not in call.given)
        yield absent
        unused = "".join(letter for letter in states if letter in absent + self.unused)
        if unused != absent and "c_n" not in names:
            if "c" in unused and "c" not in absent:
                yield "".join(letter for letter in states if letter in absent + "c")
            yield unused

    def forward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "forward"."""
        return [conventions.forward_arguments(case, call)]

    def backward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "both"."""
        arriving = conventions.backward_arguments(case, call)[: self.arriving]
        return [*self.forward_arguments(case, call), arriving]

    def fitted(self, case: conventions.Case, call: conventions.Call) -> conventions.Case:
        """The case with zeros for what it has no argument for, and for what it does not use."""
        all_of_it = ["dy", *(f"d{name}_n" for name in case.states)]
        returned = conventions.FORWARD if call.returns is None else call.returns
        arriving = [name for name in all_of_it if name[1:] in returned][: self.arriving]
        names = [name for name in all_of_it if name not in arriving]
        names += [f"{letter}0" for letter in call.zeros]
        return case.changed(**{name: np.zeros_like(case.arrays[name]) for name in names})

    def gradients(self, value: Any, call: conventions.Call) -> tuple[dict[str, Any], list[str]]:
        """What backward returned, by name; and problems in words."""
        return _by_name(value), []

    def notes(self, call: conventions.Call) -> list[str]:
        """What is worth knowing of how it is called."""
        said = list(call.words())
        names = conventions.FORWARD[: 3 if self.cell == "lstm" else 2]
        missing = [f"d{n}" for n in names if call.returns is None or n in call.returns]
        missing = missing[self.arriving :]
        if "both" in self.live and missing:
            words = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'}"
            said.append(f"backward has no argument for it: {words} zero, and not judged")
        return said


def _arguments_of(function: Any, default: int) -> int:
    """How many positional arguments a function takes."""
    try:
        values = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return default
    if any(p.kind is p.VAR_POSITIONAL for p in values):
        return default
    return max(sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in values), 1)


KINDS = {  # of arguments, by their names
    "h": re.compile(r"(h|a|s|state|hidden|init).*|.*_?h_?0?|prev_h|h_?prev", re.IGNORECASE),
    "c": re.compile(r"(c|cell|mem).*|.*_c|prev_c|c_?prev", re.IGNORECASE),
    "b": re.compile(r"(b|bias).*|.*bias.*", re.IGNORECASE),
}
BIASES = ("none", "one", "two")


def _signatures(forward: Callable, cell: str) -> Iterator[tuple[str, str]]:
    """The states and the biases that forward may take, by the names of its arguments first."""
    states = "hc" if cell == "lstm" else "h"
    count = _arguments_of(forward, 5 + len(states))
    splits = [(states, min(max(count - 3 - len(states), 0), 2))]
    splits += [(given, count - 3 - len(given)) for given in ("hc", "h", "c", "") if given in states]
    fitting = [(given, n) for given, n in dict.fromkeys(splits) if 0 <= n <= 2]
    names = _names_of(forward)
    fitting.sort(key=lambda split: -_agreement(names, *split) if len(names) == count else 0)
    for given, n in fitting:
        yield given, BIASES[n]


def _agreement(names: Sequence[str], given: str, biases: int) -> int:
    """How many arguments are called what they would be."""
    kinds = ["", *given, "", "", *("b" * biases)]
    return sum(
        bool(KINDS[kind].fullmatch(name))
        for kind, name in zip(kinds, names, strict=False)
        if kind in KINDS
    )


def _names_of(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (TypeError, OSError):
        return ""


def _by_name(value: Any) -> dict[str, Any]:
    """Gradients under the names used here, for names that differ in case and underscores."""
    known = {name.replace("_", "").lower(): name for name in conventions.GRADIENTS}
    known |= {"db": "db_ih"}
    if not isinstance(value, dict):
        return {}
    named = {known.get(str(key).replace("_", "").lower(), str(key)): v for key, v in value.items()}
    return {name: v for name, v in named.items() if v is not None}


# What was returned, in torch's axes ----------------------------------------------------------


def taken_apart(value: Any, cell: str) -> tuple[dict[str, Any], list[str]]:
    """y, h_n and c_n out of what forward returned; and problems in words."""
    names = conventions.FORWARD[: 3 if cell == "lstm" else 2]
    wanted = f"({', '.join(names)})"
    if isinstance(value, dict):
        named = {NAMES.get(str(key), str(key)): v for key, v in value.items()}
        found = {name: named[name] for name in names if name in named}
        return found, [] if found else [f"the dict that it returns has none of {wanted}"]
    if isinstance(value, np.ndarray):
        state = value.ndim < 3 or len(value) == 1
        return {"h_n" if state else "y": value}, []
    if not isinstance(value, tuple | list):
        return {}, [f"it returns {kind(value)}, {wanted} is wanted"]
    flat = [part for item in value for part in (item if isinstance(item, tuple | list) else [item])]
    flat = list(value) if len(value) == len(names) else flat
    problems = []
    if len(flat) != len(names) and (cell != "lstm" or len(flat) not in (1, 2)):
        problems = [f"it returns {len(flat)} values, {wanted} is wanted"]
    return dict(zip(names, flat, strict=False)), problems


def kind(value: Any) -> str:
    """What a value is, in a word."""
    return "None" if value is None else f"a {type(value).__name__}"


def as_array(name: str, value: Any) -> tuple[np.ndarray | None, str]:
    """A floating array, or why it is none."""
    if isinstance(value, list | tuple):
        try:
            value = np.array(value)
        except ValueError:
            return None, f"{name} is a list of parts that are not arrays"
    if not isinstance(value, np.ndarray | np.generic):
        return None, f"{name} is {kind(value)}, not an array"
    array = np.asarray(value)
    if array.dtype.kind == "c":
        return None, f"{name} is complex"
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    return (
        (array, "") if array.dtype.kind == "f" else (None, f"{name} is an array of {array.dtype}")
    )


def in_axes(
    name: str, value: Any, forms: Sequence[str], target: str, case: conventions.Case
) -> tuple[np.ndarray | None, str, str]:
    """An array moved from the first form that its shape fits; the form; or a problem in words.

    Parameters
    ----------
    name : of the quantity
    value : what was returned
    forms : axes it may have, "BH"; "1" for an axis of length one
    target : the axes to move to
    case : whose sizes the letters stand for
    """
    array, problem = as_array(name, value)
    if array is None:
        return None, "", problem
    sizes = {"T": case.T, "B": case.B, "I": case.I, "H": case.H, "1": 1}
    sizes["K"] = conventions.BLOCKS[case.cell] * case.H
    for form in forms:
        if array.shape == tuple(sizes[letter] for letter in form):
            return conventions.back(array, form, target), form, ""
    right = tuple(sizes[letter] for letter in forms[0])
    return None, "", f"{name} has the shape {array.shape}, {right} is right"


def _state_forms(call: conventions.Call) -> list[str]:
    return list(dict.fromkeys([call.finals, call.states, "BH", "1BH", "HB", "1HB"]))


def _output_forms(call: conventions.Call) -> list[str]:
    return list(dict.fromkeys([call.outputs, *map("".join, itertools.permutations("TBH"))]))


def outputs_in_axes(
    named: Mapping[str, Any], case: conventions.Case, call: conventions.Call
) -> tuple[conventions.Arrays, conventions.Call, list[str]]:
    """y (T, B, H), h_n, c_n (B, H); the call with the axes that they had; problems."""
    arrays, problems = {}, []
    for name, value in named.items():
        forms, target = (_output_forms(call), "TBH") if name == "y" else (_state_forms(call), "BH")
        array, form, problem = in_axes(name, value, forms, target, case)
        if array is None:
            problems.append(problem)
            continue
        arrays[name] = array
        call = call._replace(**{"outputs" if name == "y" else "finals": form})
    return arrays, call, problems


def gradients_in_axes(
    named: Mapping[str, Any], case: conventions.Case, call: conventions.Call
) -> tuple[conventions.Arrays, list[str], list[str]]:
    """Gradients in torch's axes; problems; and notes on what is not a gradient."""
    with_layers = ["1" + call.states.lstrip("1"), call.states.lstrip("1")]
    weights = {True: ("IK", "HK"), False: ("KI", "KH")}[call.transposed]
    bias = (["K1", "K"] if call.column else ["K", "K1"]) + ["1K"]
    forms = {
        "dx": ([call.axes], "TBI"),
        "dh0": ([call.states, *with_layers], "BH"),
        "dc0": ([call.states, *with_layers], "BH"),
        "dW_ih": ([weights[0]], "KI"),
        "dW_hh": ([weights[1]], "KH"),
        "db_ih": (bias, "K"),
        "db_hh": (bias, "K"),
    }
    arrays, problems, notes = {}, [], []
    for name, value in named.items():
        if name not in forms or (name == "dc0" and case.cell != "lstm"):
            notes.append(f"{name} is none of the gradients that are judged")
            continue
        array, _, problem = in_axes(name, value, *forms[name], case)
        if array is None:
            problems.append(problem)
        else:
            arrays[name] = array
    return arrays, problems, notes
