"""How the functions of a whole sequence are called, and what they return, in torch's axes."""

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        return self.forward(*given)


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
        return {"forward": returned, "backward": self.backward(*arriving)}


class Functions:
    """A submission that is a forward and maybe a backward function."""

    def __init__(self, forward: Callable, backward: Callable | None, cell: str) -> None:
        self.name = name_of(forward)
        self.cell = cell
        self.live: dict[str, Callable] = {"forward": _Forward(forward)}
        if backward is not None:
            self.live["both"] = _Both(forward, backward)
        states = 2 if cell == "lstm" else 1
        self.biases = _biases(forward, 3 + states)
        self.arriving = min(_arguments_of(backward, 1 + states), 1 + states)
        texts = [_source(function) for function in (forward, backward)]
        self.single = any(word in text for text in texts for word in parts.SINGLE)

    def calls(self) -> Iterator[conventions.Call]:
        """Ways to call it, the likeliest first."""
        return conventions.calls(self.biases)

    def forward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "forward"."""
        return [conventions.forward_arguments(case, call)]

    def backward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "both"."""
        arriving = conventions.backward_arguments(case, call)[: self.arriving]
        return [*self.forward_arguments(case, call), arriving]

    def fitted(self, case: conventions.Case, call: conventions.Call) -> conventions.Case:
        """The case with zeros for what it has no argument for."""
        names = ["dy", *(f"d{name}_n" for name in case.states)][self.arriving :]
        return case.changed(**{name: np.zeros_like(case.arrays[name]) for name in names})

    def gradients(self, value: Any, call: conventions.Call) -> tuple[dict[str, Any], list[str]]:
        """What backward returned, by name; and problems in words."""
        return _by_name(value), []

    def optional(
        self, ours: conventions.Arrays, case: conventions.Case, problems: list[str]
    ) -> tuple[conventions.Case, list[str]]:
        """The case with zeros for what did not come back, and the problems that count."""
        return case, problems

    def notes(self, call: conventions.Call) -> list[str]:
        """What is worth knowing of how it is called."""
        said = list(call.words())
        if "both" in self.live and self.arriving < 2 + (self.cell == "lstm"):
            missing = (
                ("dh_n and dc_n are", "dc_n is")[self.arriving - 1]
                if self.cell == "lstm"
                else "dh_n is"
            )
            said.append(f"backward has no argument for it: {missing} zero, and not judged")
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


def _biases(forward: Callable, others: int) -> str:
    """Whether forward takes two biases, one, or none."""
    count = _arguments_of(forward, others + 2) - others
    return ("none", "one", "two")[min(max(count, 0), 2)]


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (TypeError, OSError):
        return ""


def _by_name(value: Any) -> dict[str, Any]:
    """A dict of gradients by the names used here, for names that differ in case and underscores."""
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
        missing = [name for name in names if name not in named]
        problems = [f"{name} is missing from the dict it returns" for name in missing]
        return {name: named[name] for name in names if name in named}, problems
    if isinstance(value, np.ndarray):
        return {"y": value}, [f"it returns one array, {wanted} is wanted"]
    if not isinstance(value, tuple | list):
        return {}, [f"it returns {kind(value)}, {wanted} is wanted"]
    flat = [part for item in value for part in (item if isinstance(item, tuple | list) else [item])]
    flat = list(value) if len(value) == len(names) else flat
    problems = []
    if len(flat) != len(names):
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
            return None, f"{name} is a list of parts that are no array"
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
    """Gradients in torch's axes; problems; and notes on what is no gradient."""
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
