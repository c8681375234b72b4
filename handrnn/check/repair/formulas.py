"""The textbook's equations, written in the names of a submission.

An equation is put together from what can be seen at a statement: a quantity that a name holds is
that name, transposed if the submission has it the other way round; one that none holds is written
out. Products and sums are written as the submission writes them.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..probe import planting

DEEPEST = 6
GATES = {"rnn": "", "lstm": "ifgo", "gru": "ru"}  # those with one matrix on [h_prev; xt]


@cache
def equations(cell: str) -> dict[str, str]:
    """The textbook's assignments of one step, and the same with weights in two parts."""
    found: dict[str, str] = {}
    for way in ("forward", "backward"):
        (function,) = ast.parse(planting.code(f"{cell}_cell_{way}")).body
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name, text = node.targets[0].id, ast.unparse(node.value)
                if not any(word in text for word in ("cache", "parameters", "{", "shape")):
                    found.setdefault(name, text)
    down = found.pop("dconcat", "")
    for gate in GATES[cell]:
        both = f"Wx{gate} @ xt + Wh{gate} @ h_prev"
        found[f"{gate} "] = found[gate].replace(f"W{gate} @ concat", both)
        for part, on in (("h", "h_prev"), ("x", "xt")):
            found[f"dW{part}{gate}"] = found[f"dW{gate}"].replace("concat", on)
    for part, name in (("h", "dh_prev"), ("x", "dxt")):
        mine = re.sub(rf"\bW([{GATES[cell]}])\b", rf"W{part}\1", down) if down else ""
        found[name] = re.sub(r"dconcat\[.*?\]", mine, found[name])
    return found | ({"dconcat": down} if down else {})


@cache
def uses(cell: str) -> dict[str, frozenset[str]]:
    """For each quantity with an equation, those whose equations use it."""
    found: dict[str, set[str]] = {name: set() for name in equations(cell) if name.isidentifier()}
    for name in found:
        for node in ast.walk(ast.parse(equations(cell)[name])):
            if isinstance(node, ast.Name) and node.id in found:
                found[node.id].add(name)
    return {name: frozenset(many) for name, many in found.items()}


PARTS = {  # parts of the textbook's matrices, by the equations' names for them
    "lstm": {f"W{p}{k}": f"W.{k}.{p}" for p in "hx" for k in "ifgo"},
    "gru": {f"W{p}{k}": f"W.{k}.{p}" for p in "hx" for k in "run"},
    "rnn": {"Whh": "W.h.h", "Wxh": "W.h.x", "bh": "b.h"},
}


class _CannotError(Exception):
    """Something that an equation needs cannot be seen."""


@dataclass
class Writer:
    """Writes equations at one statement.

    Attributes
    ----------
    cell : whose equations
    there : of each quantity, the submission's text and whether it is transposed
    dot : how it writes a product: "{} @ {}", "np.dot({}, {})"
    np, sigmoid : its names for these
    keeps : whether sums over examples keep their axis
    units : what counts the hidden units
    """

    cell: str
    there: Mapping[str, tuple[str, bool]]
    dot: str
    np: str
    sigmoid: str
    keeps: bool = True
    units: str = ""

    def written(self, name: str, turned: bool) -> str:
        """The equation of a quantity, written out."""
        tree = ast.parse(equations(self.cell)[name], mode="eval").body
        return self._text(tree, turned, DEEPEST)[0]

    def _text(self, node: ast.expr, turned: bool, deep: int) -> tuple[str, int]:
        """An expression, and how tightly it holds together."""
        whole = ast.unparse(node)
        if isinstance(node, ast.Name) or whole in self.there:
            return self._name(whole, turned, deep)
        if isinstance(node, ast.Constant):
            return str(node.value), 5
        if isinstance(node, ast.Attribute):
            return self._text(node.value, not turned, deep)
        if isinstance(node, ast.Call):
            return self._call(node, turned, deep)
        if not isinstance(node, ast.BinOp):
            raise _CannotError(ast.unparse(node))
        return self._operation(node, turned, deep)

    def _name(self, name: str, turned: bool, deep: int) -> tuple[str, int]:
        if name in self.there:
            text, other = self.there[name]
            return (text if turned == other else f"{text}.T"), 5
        if name[0] == "W" and name[1:2] in "hx" and f"W{name[2:]}" in self.there and self.units:
            text, other = self.there[f"W{name[2:]}"]
            cut = f":{self.units}" if name[1] == "h" else f"{self.units}:"
            part = f"{text}[{cut}, :]" if other else f"{text}[:, {cut}]"
            return (part if turned == other else f"{part}.T"), 5
        if name not in equations(self.cell) or not deep:
            raise _CannotError(name)
        tree = ast.parse(equations(self.cell)[name], mode="eval").body
        return self._text(tree, turned, deep - 1)

    def _call(self, node: ast.Call, turned: bool, deep: int) -> tuple[str, int]:
        name = ast.unparse(node.func)
        if name == "np.concatenate":
            parts = node.args[0].elts  # pyright: ignore[reportAttributeAccessIssue]
            inside = ", ".join(self._text(part, turned, deep)[0] for part in parts)
            return f"{self.np}.concatenate(({inside}), axis={int(turned)})", 5
        inside, _ = self._text(node.args[0], turned, deep)
        if name == "np.sum":
            keep = ", keepdims=True" if self.keeps else ""
            return f"{self.np}.sum({inside}, axis={0 if turned else 1}{keep})", 5
        function = self.sigmoid if name == "sigmoid" else f"{self.np}.tanh"
        return (f"{function}({inside})" if function else f"1 / (1 + {self.np}.exp(-({inside})))"), (
            5 if function else 2
        )

    def _operation(self, node: ast.BinOp, turned: bool, deep: int) -> tuple[str, int]:
        left, right = self._text(node.left, turned, deep), self._text(node.right, turned, deep)
        if isinstance(node.op, ast.MatMult):
            left, right = (right, left) if turned else (left, right)
            call = self.dot.endswith(")")
            a = left[0] if call or left[1] >= 2 else f"({left[0]})"
            b = right[0] if call or right[1] > 2 else f"({right[0]})"
            return self.dot.format(a, b), 5 if call else 2
        signs = {ast.Add: ("+", 1), ast.Sub: ("-", 1), ast.Mult: ("*", 2), ast.Pow: ("**", 4)}
        sign, own = signs[type(node.op)]
        a = left[0] if left[1] >= own + (own == 4) else f"({left[0]})"
        b = right[0] if right[1] > own or (own == right[1] and sign in "+*") else f"({right[0]})"
        return f"{a} {sign} {b}", own


def writer(one: Any, statement: Any, fragments: Sequence[str], bench: Any, known: Any) -> Writer:
    """Who writes equations at a statement, in the names that are seen there."""
    names = statement.before[0]
    cell = one.function.cell
    source = "\n".join(bench.sources.values())
    np_name = next((n for n, v in bench.space.items() if v is np), "np")
    dot = f"{np_name}.dot({{}}, {{}})" if ".dot(" in source and " @ " not in source else "{} @ {}"
    there: dict[str, tuple[str, bool]] = {}
    parts = {atom: name for name, atom in PARTS.get(cell, {}).items()}
    for text in fragments:
        value = bench.evaluated(text, names)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            continue
        for name, call in sorted(known.of(value)):
            turned = _turned(known.values.get(name, {}).get(call), value)
            for called in (name, parts.get(name)):
                if turned is not None and called:
                    there.setdefault(called, (text, turned))
    sigmoid = "sigmoid" if "sigmoid" in bench.space or "sigmoid" in source else ""
    H = np.shape(known.values.get("h_prev", {0: np.zeros((1, 1))})[0])[0]
    units = next((n for n, v in names.items() if type(v) is int and v == H), "")
    return Writer(cell, there, dot, np_name, sigmoid, "keepdims=True" in source, units)


def _turned(reference: np.ndarray | None, value: np.ndarray) -> bool | None:
    """Whether a value is a quantity transposed; None if it is neither."""
    if reference is None:
        return None
    if reference.shape == value.shape and np.allclose(reference, value, rtol=1e-6):
        return False
    if reference.ndim == 2 and reference.T.shape == value.shape:
        return True if np.allclose(reference.T, value, rtol=1e-6) else None
    if reference.ndim == 2 and 1 in reference.shape and value.ndim == 1:
        return False if np.allclose(reference.ravel(), value, rtol=1e-6) else None
    return None


def written(
    one: Any, statement: Any, fragments: Sequence[str], bench: Any, known: Any
) -> Iterator[str]:
    """The equations of all quantities that can be written at a statement."""
    if one.function.cell not in GATES:
        return
    found = writer(one, statement, fragments, bench, known)
    both = [turned for _, turned in found.there.values()]
    turned = both.count(True) > both.count(False)
    for name in equations(found.cell):
        for way in (turned, not turned):
            try:
                yield found.written(name, way)
            except _CannotError:
                break
