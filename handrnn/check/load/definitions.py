"""What there is to know of a function or class, and whether it is filled in."""

import ast
from typing import Any

from . import parts


def definition(node: Any, name: str, piece: parts.Piece) -> parts.Definition:
    """What there is to know of one definition."""
    is_class = isinstance(node, ast.ClassDef)
    functions = [n for n in getattr(node, "body", []) if isinstance(n, ast.FunctionDef)]
    lines = piece.source.split("\n")[node.lineno - 1 : node.end_lineno]
    return parts.Definition(
        name=name,
        kind=parts.CLASS if is_class else parts.FUNCTION,
        line=node.lineno,
        cell=piece.cell,
        arguments=_class_arguments(functions) if is_class else _arguments(_function(node).args),
        source="\n".join(lines),
        filled=_is_filled(node) if isinstance(node, ast.FunctionDef) else True,
        methods={f.name: definition(f, f.name, piece) for f in functions} if is_class else {},
    )


def _function(node: Any) -> Any:
    return node.value if isinstance(node, ast.Assign) else node


def _class_arguments(methods: list[ast.FunctionDef]) -> tuple[tuple[str, bool], ...]:
    constructors = [method for method in methods if method.name == "__init__"]
    return _arguments(constructors[-1].args)[1:] if constructors else ()


def _arguments(arguments: ast.arguments) -> tuple[tuple[str, bool], ...]:
    ordered = [*arguments.posonlyargs, *arguments.args]
    without = len(ordered) - len(arguments.defaults)
    found = [(argument.arg, n >= without) for n, argument in enumerate(ordered)]
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append((argument.arg, default is not None))
    return tuple(found)


def _is_filled(function: ast.FunctionDef) -> bool:
    """Whether something was written where a template leaves a place for it."""
    body = [statement for statement in function.body if not _says_nothing(statement)]
    if not body:
        return False
    nodes = [node for statement in body for node in ast.walk(statement)]
    return not (any(_is_gap(node) for node in nodes) or _left_none(nodes))


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)  # a docstring, or ...
    if isinstance(statement, ast.Return):
        return statement.value is None or _is_none(statement.value)
    if isinstance(statement, ast.Raise):
        return "NotImplemented" in ast.dump(statement)
    return isinstance(statement, ast.Pass)


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_gap(node: ast.AST) -> bool:
    """None where only a value can stand: ``a[:, t] = None``, ``range(None)``, ``x, y = None``."""
    if isinstance(node, ast.Assign) and _is_none(node.value):
        return not all(isinstance(target, ast.Name) for target in node.targets)
    if isinstance(node, ast.AugAssign | ast.For):
        return _is_none(node.value if isinstance(node, ast.AugAssign) else node.iter)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"range", "reversed"} and any(_is_none(a) for a in node.args)
    return False


def _left_none(nodes: list[ast.AST]) -> bool:
    """Whether a name is given None, never anything else, and read."""
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    given_none = _given_none(nodes)
    compared = _compared_with_none(nodes)
    read = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    counts = {name: _times_stored(nodes, name) for name in stored & set(given_none)}
    return any(
        given_none.count(name) == times and name in read and name not in compared
        for name, times in counts.items()
    )


def _given_none(nodes: list[ast.AST]) -> list[str]:
    names = []
    for node in nodes:
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            names += [t.id for t, v in _pairs(target, node.value) if _is_none(v)]
    return names


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.Name, ast.expr]]:
    """Names and the values given to them, tuples taken apart."""
    if isinstance(target, ast.Name):
        return [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        both = zip(target.elts, value.elts, strict=False)
        return [(t, v) for t, v in both if isinstance(t, ast.Name)]
    return []


def _compared_with_none(nodes: list[ast.AST]) -> set[str]:
    compares = [n for n in nodes if isinstance(n, ast.Compare)]
    with_none = [n for n in compares if any(_is_none(right) for right in n.comparators)]
    return {n.left.id for n in with_none if isinstance(n.left, ast.Name)}


def _times_stored(nodes: list[ast.AST], name: str) -> int:
    stores = (n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return sum(store.id == name for store in stores)
