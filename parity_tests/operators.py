"""Mistakes planted into right submissions: small changes of one function of a program.

`planted` makes them from the program's own syntax tree, so that they know nothing of any dialect
and of what the checker looks for. Not every one changes what the program computes; `differs` runs
both and tells.
"""

import ast
import contextlib
import copy
import io
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}
CALLS = {
    "tanh": "sin",
    "sum": "mean",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "hstack": "vstack",
}


class _Change(ast.NodeTransformer):
    """Changes the k-th place of a tree at which an operator applies."""

    def __init__(self, k: int) -> None:
        self.left = k
        self.said = ""

    def _here(self, node: ast.AST, new: ast.AST) -> ast.AST:
        self.left -= 1
        if self.left != -1:
            return node
        new = ast.fix_missing_locations(ast.copy_location(new, node))
        self.said = f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)} -> {ast.unparse(new)}"
        return new

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        changed: Any = node
        if isinstance(node.op, ast.Mult | ast.Add | ast.Sub):
            changed = self._here(node, node.left)
            if changed is node:
                changed = self._here(node, node.right)
        if changed is node and type(node.op) in SWAPPED:
            new = ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
            changed = self._here(node, new)
        if changed is node and isinstance(node.op, ast.Pow):
            changed = self._here(node, node.left)
        if changed is node and isinstance(node.op, ast.MatMult):
            changed = self._here(node, ast.BinOp(node.right, node.op, node.left))
        return changed

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if node.attr == "T":
            return self._here(node, node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        return self._here(node, ast.Assign([node.target], node.value))

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            other = ast.Attribute(node.func.value, CALLS[node.func.attr], ast.Load())
            return self._here(node, ast.Call(other, node.args, node.keywords))
        if isinstance(node.func, ast.Name) and node.func.id == "reversed":
            return self._here(node, node.args[0])
        return node

    def visit_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value < 5:
            return self._here(node, ast.Constant(node.value + 1))
        return node

    def visit_Name(self, node: ast.Name) -> Any:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.body = [self.visit(part) for part in node.body]
        return node


def planted(source: str) -> Iterator[tuple[str, str, str]]:
    """(function or Class.method, what was changed, the changed program), one change each."""
    tree = ast.parse(source)
    for owner, place, function in _functions(tree):
        if ast.get_docstring(function):
            function.body = function.body[1:] or [ast.Pass()]
        for k in range(10_000):
            change = _Change(k)
            new = change.visit(copy.deepcopy(function))
            if not change.said:
                break
            other = copy.deepcopy(tree)
            body = (
                other.body
                if not owner
                else next(
                    n.body for n in other.body if isinstance(n, ast.ClassDef) and n.name == owner
                )
            )
            body[place] = new
            name = f"{owner}.{function.name}" if owner else function.name
            yield name, change.said, ast.unparse(ast.fix_missing_locations(other))


def _functions(tree: ast.Module) -> Iterator[tuple[str, int, ast.FunctionDef]]:
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.FunctionDef):
            yield "", place, node
        elif isinstance(node, ast.ClassDef):
            for inner, method in enumerate(node.body):
                if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                    yield node.name, inner, method


# ---------------------------------------------------------------------- whether it changes anything


def _program(source: str) -> dict[str, Any]:
    module = types.ModuleType("planted")
    sys.modules["planted"] = module
    exec(compile(source, "planted", "exec"), vars(module))
    return vars(module)


def results(one: Any, source: str, probe: Any) -> list[np.ndarray] | None:
    """All arrays that the calls of a target give on a probe; None if one raises."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return _results(one, source, probe)
    except Exception:
        return None


def _results(one: Any, source: str, probe: Any) -> list[np.ndarray]:
    program = _program(source)
    kept: dict[str, Any] = {}
    found: list[np.ndarray] = []
    for call in one.match.calls:
        given = one.packed(call.takes, probe, kept)
        if call.kind == "make":
            kept[call.owner] = program[call.target](*given)
        elif call.kind == "set":
            setattr(kept[call.owner], call.target, given[0])
        else:
            found += [
                np.array(leaf, float) for leaf in _leaves(_called(one, call, program, kept, given))
            ]
    return found


def _called(one: Any, call: Any, program: dict[str, Any], kept: dict[str, Any], given: Any) -> Any:
    if call.kind == "get":
        return getattr(kept[call.owner], call.target.partition("|")[0])
    if call.kind == "method":
        return getattr(kept[call.owner], call.target)(*given)
    return program[one.definition.name](*given)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for entry in value:
            yield from _leaves(entry)
    elif isinstance(value, np.ndarray):
        yield value.copy()


def differs(one: Any, source: str, changed: str, probe: Any) -> bool:
    """Whether a changed program gives other numbers than the right one, caches aside."""
    right, wrong = (results(one, text, probe) for text in (source, changed))
    if right is None:
        return False
    if wrong is None or len(wrong) != len(right):
        return True
    return any(
        a.shape != b.shape or not np.allclose(a, b, rtol=1e-6, atol=1e-9)
        for a, b in zip(right, wrong, strict=True)
    )
