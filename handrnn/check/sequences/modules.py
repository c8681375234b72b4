"""Modules of torch as submissions: which parameter plays which part, and gradients by autograd.

torch itself is imported in the child alone, where the module runs.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import conventions

Arrays = dict[str, np.ndarray]

# words in the names of parameters that say which side of the cell they are on
HIDDEN = {"hh", "h2h", "hidden", "hid", "recurrent", "rec", "state", "prev", "h", "u"}
INPUT = {"ih", "x2h", "i2h", "xh", "input", "inp", "in", "x", "i", "kernel"}
STATES = {"tuple": "module(x, (h0, c0))", "each": "module(x, h0)", "none": "module(x)"}


class UnfitError(ValueError):
    """The parameters of a module are not those of one layer of this cell."""


class Part(NamedTuple):
    """What a parameter is: of a role, the block of one gate or all of them, transposed or not."""

    name: str
    role: str  # "W_ih", "W_hh", "joint", "b_ih", "b_hh"
    shape: tuple[int, ...]
    gate: int | None = None
    transposed: bool = False


def parts_of(shapes: Mapping[str, tuple[int, ...]], K: int, I: int, H: int) -> list[Part]:
    """Which part each parameter plays.

    Parameters
    ----------
    shapes : of all parameters, by name, in the order of their definition
    K, I, H : gates, inputs, hidden units

    Raises
    ------
    UnfitError
        If a parameter plays none, or one is missing.
    """
    parts = [_part(name, shape, K, I, H) for name, shape in shapes.items()]
    parts = _numbered(_biases_named(parts), K)
    roles = {role: [p for p in parts if p.role == role] for role in ("W_ih", "W_hh", "joint")}
    whole = {role: len(found) in ({1} | {K}) for role, found in roles.items()}
    apart = whole["W_ih"] and whole["W_hh"] and not roles["joint"]
    if not (apart or (whole["joint"] and not roles["W_ih"] and not roles["W_hh"])):
        raise UnfitError("its parameters do not make one recurrent layer")
    return parts


def _part(name: str, shape: tuple[int, ...], K: int, I: int, H: int) -> Part:
    """The part by shape, and by name where shapes leave it open."""
    if len([size for size in shape if size != 1]) <= 1 and np.prod(shape) in (H, K * H):
        return Part(name, "b", shape, None if np.prod(shape) == K * H else 0)
    fits = []
    for role, columns in (("W_ih", I), ("W_hh", H), ("joint", I + H)):
        for rows, gate in ((K * H, None), (H, 0)):
            fits += [Part(name, role, shape, gate)] if shape == (rows, columns) else []
            fits += [Part(name, role, shape, gate, True)] if shape == (columns, rows) else []
    if not fits:
        raise UnfitError(f"its parameter {name} {shape} has no part in a layer of {H} units")
    likely = [part for part in fits if part.role == f"W_{_side(name)}"]
    return (likely or fits)[0]


def _side(name: str) -> str:
    """ "hh", "ih" or "", by the words in a parameter's name."""
    words = set(re.split(r"[^a-z0-9]+", re.sub(r"_l\d+$", "", name).lower()))
    return "hh" if words & HIDDEN else "ih" if words & INPUT else ""


def _biases_named(parts: Sequence[Part]) -> list[Part]:
    """Biases as b_ih or b_hh: by the matrix beside them, by their names, else by their order."""
    beside = {p.name.rpartition(".")[0]: p.role for p in parts if p.role != "b" and "." in p.name}
    count = itertools.count()
    half = sum(p.role == "b" for p in parts) / 2
    named = []
    for part in parts:
        if part.role == "b":
            second = next(count) >= half and half > 1
            role = "b_hh" if second else "b_ih"
            owner = beside.get(part.name.rpartition(".")[0])
            if owner is not None:
                role = "b_hh" if owner == "W_hh" else "b_ih"
            elif _side(part.name):
                role = f"b_{_side(part.name)}"
            part = part._replace(role=role)
        named.append(part)
    return named


def _numbered(parts: Sequence[Part], K: int) -> list[Part]:
    """Parts of single gates, numbered in the order of their definition."""
    counts: dict[str, Iterator[int]] = {}
    numbered = []
    for part in parts:
        if part.gate is not None and K > 1:
            number = next(counts.setdefault(part.role, itertools.count()))
            if number >= K:
                raise UnfitError(f"its parameter {part.name} {part.shape} is one too many")
            part = part._replace(gate=number)
        else:
            part = part._replace(gate=None)
        numbered.append(part)
    for role in {p.role for p in numbered}:
        some = [p for p in numbered if p.role == role]
        if len(some) != (1 if some[0].gate is None else K):
            names = ", ".join(p.name for p in some)
            raise UnfitError(f"its parameters {names} do not make one layer in one direction")
    return numbered


def _size_pairs(
    module: Any, shapes: Sequence[tuple[int, ...]], K: int
) -> Iterator[tuple[int, int]]:
    """Numbers of inputs and hidden units that it may have, likely ones first."""
    I, H = getattr(module, "input_size", None), getattr(module, "hidden_size", None)
    if isinstance(I, int) and isinstance(H, int):
        yield I, H
    sizes = sorted({size for shape in shapes for size in shape})
    sizes += [size // K for size in sizes if size % K == 0 and size // K not in sizes]
    sizes += sorted({a - b for a in sizes for b in sizes if a > b} - set(sizes))
    yield from itertools.product(sizes, sizes)


class Subject:
    """A submission that is a torch.nn.Module."""

    def __init__(self, module: Any, cell: str) -> None:
        self.name = type(module).__qualname__
        self.cell = cell
        self.single = False
        self.batch_first = bool(getattr(module, "batch_first", False))
        self.I, self.H, self.parts = _fitted(module, conventions.BLOCKS[cell])
        roles = {part.role for part in self.parts}
        known = {("b_hh", "b_ih"): "two", ("b_ih",): "one", ("b_hh",): "hidden", (): "none"}
        self.biases = known[tuple(sorted(role for role in roles if role[0] == "b"))]
        self.live: dict[str, Callable] = {"forward": _Run(module), "both": _Run(module)}

    def calls(self) -> Iterator[conventions.Call]:
        """Ways to call it, the likeliest first."""
        axes = ["BTI", "TBI"] if self.batch_first else ["TBI", "BTI"]
        styles = ["tuple", "each", "none"]
        joints = ["xh", "hx"] if any(p.role == "joint" for p in self.parts) else ["xh"]
        types = ["float64", "float32"]
        for dtype, style, states, order, joint in itertools.product(
            types, styles, ["1BH", "BH"], axes, joints
        ):
            yield conventions.Call(
                axes=order,
                states=states,
                biases=self.biases,
                dtype=dtype,
                outputs=order.replace("I", "H"),
                finals=states,
                style=style,
                joint=joint,
            )

    def forward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "forward"."""
        given = conventions.forward_arguments(case, call)
        states = given[1 : 1 + len(case.states)] if call.style != "none" else []
        return [self._packed(case, call), given[0], states, call.style]

    def backward_arguments(self, case: conventions.Case, call: conventions.Call) -> list[Any]:
        """Arguments of the target "both"."""
        arriving = conventions.backward_arguments(case, call)
        return [*self.forward_arguments(case, call), arriving]

    def fitted(self, case: conventions.Case, call: conventions.Call) -> conventions.Case:
        """The case, from zero states if the module takes none."""
        if call.style != "none":
            return case
        names = [f"{name}0" for name in case.states]
        return case.changed(**{name: np.zeros_like(case.arrays[name]) for name in names})

    def optional(
        self, ours: Arrays, case: conventions.Case, problems: list[str]
    ) -> tuple[conventions.Case, list[str]]:
        """The case with zeros for final states that it does not return."""
        left = [f"d{name}_n" for name in case.states if f"{name}_n" not in ours]
        zeros = {name: np.zeros_like(case.arrays[name]) for name in left}
        return case.changed(**zeros), [] if "y" in ours and len(ours) == 1 else problems

    def gradients(self, value: Any, call: conventions.Call) -> tuple[dict[str, Any], list[str]]:
        """What autograd returned, by the names used here; and problems in words."""
        if not isinstance(value, dict):
            return {}, []
        unused = [name for name, gradient in value.items() if gradient is None]
        problems = [f"no gradient reaches {', '.join(unused)}"] if unused else []
        named = {name: g for name, g in value.items() if name in ("dx", "dh0", "dc0")}
        ready = {name: g for name, g in value.items() if g is not None}
        return {n: g for n, g in named.items() if g is not None} | self._unpacked(
            ready, call
        ), problems

    def notes(self, call: conventions.Call) -> list[str]:
        """Which parameter plays which part, and how it is called."""
        parts = [f"{p.name} is {self._words(p)}" for p in self.parts]
        said = [word for word in call.words() if not word.startswith(("weights", "there", "h0"))]
        style = STATES[call.style]
        style = style.replace("(h0, c0)", "h0") if self.cell != "lstm" else style
        if call.style == "each" and self.cell == "lstm":
            style = "module(x, h0, c0)"
        said.append(
            f"called as {style}" + (": judged from zero states" if call.style == "none" else "")
        )
        return [*said, "; ".join(parts)]

    def _words(self, part: Part) -> str:
        role = "[W_ih, W_hh]" if part.role == "joint" else part.role
        turned = ", transposed" if part.transposed else ""
        return f"{role}{'' if part.gate is None else f' of gate {part.gate + 1}'}{turned}"

    def _packed(self, case: conventions.Case, call: conventions.Call) -> Arrays:
        """The case's weights by the names of the module's parameters."""
        a = case.arrays
        whole = {name: a[name] for name in ("W_ih", "W_hh", "b_ih", "b_hh")}
        halves = (a["W_ih"], a["W_hh"]) if call.joint == "xh" else (a["W_hh"], a["W_ih"])
        whole["joint"] = np.hstack(halves)
        packed = {}
        for part in self.parts:
            block = whole[part.role]
            if part.gate is not None:
                block = block[part.gate * case.H : (part.gate + 1) * case.H]
            block = block.T if part.transposed else block
            packed[part.name] = np.ascontiguousarray(block.reshape(part.shape), dtype=call.dtype)
        return packed

    def _unpacked(self, gradients: Mapping[str, Any], call: conventions.Call) -> Arrays:
        """The gradients of the parameters as dW_ih, dW_hh, db_ih, db_hh."""
        blocks: dict[str, list[np.ndarray]] = {}
        for part in self.parts:
            if part.name in gradients:
                gradient = np.asarray(gradients[part.name])
                gradient = gradient.T if part.transposed else gradient
                flat = gradient.reshape(-1) if part.role.startswith("b") else gradient
                blocks.setdefault(part.role, []).append(flat)
        whole = {f"d{role}": np.concatenate(some) for role, some in blocks.items()}
        if "djoint" in whole:
            at = self.I if call.joint == "xh" else self.H
            first, second = np.split(whole.pop("djoint"), [at], axis=1)
            pair = (first, second) if call.joint == "xh" else (second, first)
            whole |= dict(zip(("dW_ih", "dW_hh"), pair, strict=True))
        return whole


def _fitted(module: Any, K: int) -> tuple[int, int, list[Part]]:
    """Sizes and parts of a module."""
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
    if not shapes:
        raise UnfitError("it has no parameters")
    failure = None
    for I, H in _size_pairs(module, list(shapes.values()), K):
        try:
            return I, H, parts_of(shapes, K, I, H)
        except UnfitError as error:
            failure = failure or error
    raise UnfitError(f"it is no single layer in one direction with {K} gate(s): {failure}")


class _Run:
    """In the child: the module with given parameters, and its gradients if any arrive."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.__code__ = getattr(type(module).forward, "__code__", None)

    def __call__(
        self,
        parameters: Mapping[str, np.ndarray],
        x: np.ndarray,
        states: Sequence[np.ndarray],
        style: str,
        arriving: Sequence[np.ndarray] | None = None,
    ) -> Any:
        import torch

        torch.set_num_threads(1)  # other threads did not come along into this copy of the process
        module = self.module.to(dtype=torch.from_numpy(x).dtype).eval()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(torch.tensor(parameters[name]))
        given = [torch.tensor(a, requires_grad=True) for a in (x, *states)]
        returned = module(*_arranged(given, style))
        parts = list(_tensors(returned))
        arrays = tuple(part.detach().numpy().copy() for part in parts)
        forward = arrays if len(arrays) != 1 else arrays[0]  # pyright: ignore
        if arriving is None:
            return forward
        cotangents = [
            torch.tensor(d).reshape(part.shape) for part, d in zip(parts, arriving, strict=False)
        ]
        named = dict(module.named_parameters())
        named = dict(zip(("dx", "dh0", "dc0"), given, strict=False)) | named
        gradients = torch.autograd.grad(
            parts[: len(cotangents)], list(named.values()), cotangents, allow_unused=True
        )
        values = (None if g is None else g.numpy().copy() for g in gradients)
        return {"forward": forward, "backward": dict(zip(named, values, strict=True))}


def _arranged(given: list[Any], style: str) -> list[Any]:
    x, *states = given
    if style == "none":
        return [x]
    return [x, tuple(states)] if style == "tuple" and len(states) > 1 else given


def _tensors(returned: Any) -> Iterator[Any]:
    """The tensors in what a module returned, in order."""
    if isinstance(returned, tuple | list):
        for part in returned:
            yield from _tensors(part)
    else:
        yield returned
