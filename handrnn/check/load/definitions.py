"""What there is to know of a function or class, and whether it is filled in."""

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from . import parts

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def definition(node: Any, name: str, piece: parts.Piece) -> parts.Definition:
    """What there is to know of one definition."""
    is_class = isinstance(node, ast.ClassDef)
    functions = [n for n in node.body if isinstance(n, FUNCTIONS)] if is_class else []
    methods = {f.name: definition(f, f.name, piece) for f in functions}
    return parts.Definition(
        name=name,
        kind=parts.CLASS if is_class else parts.FUNCTION,
        line=node.lineno,
        cell=piece.cell,
        arguments=_class_arguments(functions) if is_class else _arguments(_function(node).args),
        source="\n".join(piece.lines[node.lineno - 1 : node.end_lineno]),
        filled=_is_filled_class(node, methods) if is_class else _is_filled(node),
        methods=methods,
    )


def renamed(
    known: parts.Definition, name: str, given: int = 0, named: Collection[str] = ()
) -> parts.Definition:
    """The same definition under another name, and with values for some of its arguments."""
    arguments = [(n, default or n in named) for n, default in known.arguments[given:]]
    return replace(known, name=name, arguments=tuple(arguments))


def _function(node: Any) -> Any:
    return node.value if isinstance(node, ast.Assign) else node


def _class_arguments(methods: list[Any]) -> tuple[tuple[str, bool], ...]:
    constructors = [method for method in methods if method.name == "__init__"]
    return _arguments(constructors[-1].args)[1:] if constructors else ()


def _arguments(arguments: ast.arguments) -> tuple[tuple[str, bool], ...]:
    ordered = [*arguments.posonlyargs, *arguments.args]
    without = len(ordered) - len(arguments.defaults)
    found = [(argument.arg, n >= without) for n, argument in enumerate(ordered)]
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append((argument.arg, default is not None))
    return tuple(found)


def _is_filled_class(node: ast.ClassDef, methods: Mapping[str, parts.Definition]) -> bool:
    """Whether it inherits, holds something else than methods, or has a method that is filled in."""
    if not methods:
        return bool(node.bases) or not all(_says_nothing(statement) for statement in node.body)
    beside = [method for name, method in methods.items() if name != "__init__"]
    return any(method.filled for method in beside or methods.values())


def _is_filled(function: Any) -> bool:
    """Whether something was written where a template leaves a place for it."""
    if isinstance(function, ast.Assign):  # a lambda
        return True
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
    """None where only a value can stand: ``range(None)``, ``x, y = None``, ``dW += None``."""
    if isinstance(node, ast.Assign) and _is_none(node.value):
        return any(isinstance(target, ast.Tuple | ast.List) for target in node.targets)
    if isinstance(node, ast.AugAssign | ast.For):
        return _is_none(node.value if isinstance(node, ast.AugAssign) else node.iter)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"range", "reversed"} and any(_is_none(a) for a in node.args)
    return False


def _left_none(nodes: list[ast.AST]) -> bool:
    """Whether a name is given None, never anything else, and used.

    A None that is only handed on (``f(x, mask)``, ``return h, cache``) or asked for
    (``mask is None``) may be meant.
    """
    names = [node for node in nodes if isinstance(node, ast.Name)]
    stored = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    given_none = Counter(_given_none(nodes))
    left = {name for name, times in given_none.items() if times == stored[name]}
    if not left:
        return False
    handed_on = {id(name) for node in nodes for name in _handed_on(node, left)}
    used = (node for node in names if isinstance(node.ctx, ast.Load) and id(node) not in handed_on)
    return any(node.id in left for node in used)


def _given_none(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (t.id for t, value in pairs(target, node.value) if _is_none(value))


def pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.Name, ast.expr]]:
    """Names and the values given to them, tuples taken apart."""
    if isinstance(target, ast.Name):
        return [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        both = zip(target.elts, value.elts, strict=False)
        return [(t, v) for t, v in both if isinstance(t, ast.Name)]
    return []


def _handed_on(node: ast.AST, left: set[str]) -> Iterable[ast.AST]:
    """The parts of a node that may well be None."""
    if isinstance(node, ast.Call):
        return (*node.args, *(keyword.value for keyword in node.keywords))
    if isinstance(node, ast.Compare) and any(_is_none(right) for right in node.comparators):
        return (node.left,)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        entries = node.value.elts
        all_left = all(isinstance(entry, ast.Name) and entry.id in left for entry in entries)
        return () if all_left else entries
    return ()
