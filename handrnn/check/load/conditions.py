"""Which branch of an ``if`` or a ``try`` runs, as far as that can be told without running it."""

import ast
import builtins
import importlib.util
import operator
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LOOKED_INTO = {"sys", "os", "math", "platform", "typing", "builtins", "numpy"}  # modules
BRIDGES = {"past", "future", "six", "numba"}  # what they mean is supplied
MOST_ENTRIES = 20  # of a list that is looked at
PRESENT = object()  # a name that has a value, which is not known
COMPARED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
PLAIN = (types.ModuleType, str, int, float, tuple, type(None))  # the same wherever it runs
NAMES_OF_MODULE = {"globals", "locals", "vars", "dir"}


class UnknownError(Exception):
    """It takes running the program to tell."""


class Conditions:
    """What is known of the names of a file while it is read from top to bottom.

    Parameters
    ----------
    folder : where modules of its own are looked for, None: nowhere
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "submission"}
        self.imported = {"sys"}
        self.found: dict[str, bool] = {}

    def bind(self, statement: ast.stmt, names: Sequence[str]) -> None:
        """Take note of what a statement gives to names."""
        values = dict.fromkeys(names, PRESENT)
        if isinstance(statement, ast.Assign) and len(statement.targets) == len(names) == 1:
            values = dict.fromkeys(names, self._known(statement.value))
        elif isinstance(statement, ast.Import):
            for name, alias in zip(names, statement.names, strict=True):
                self.imported.update({alias.name, alias.name.split(".")[0]})
                if alias.name in LOOKED_INTO:
                    values[name] = sys.modules.get(alias.name, PRESENT)
        elif isinstance(statement, ast.ImportFrom):
            self.imported.update({statement.module or "", (statement.module or "").split(".")[0]})
            if statement.module in LOOKED_INTO:
                module = sys.modules.get(statement.module)
                for name, alias in zip(names, statement.names, strict=True):
                    values[name] = getattr(module, alias.name, PRESENT)
        self.names.update(values)

    def _known(self, node: ast.expr) -> Any:
        try:
            return self.value(node)
        except UnknownError:
            return PRESENT

    def value(self, node: ast.expr) -> Any:
        """What an expression is worth.

        Raises
        ------
        UnknownError
            If that depends on anything but literals, constants of the file, and Python itself.
        """
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._of_name(node.id)
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= MOST_ENTRIES:
            return tuple(self.value(entry) for entry in node.elts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return not self.value(node.operand)
        if isinstance(node, ast.BoolOp):
            return self._of_both(node)
        try:
            return self._computed(node)
        except (TypeError, AttributeError, LookupError, ValueError):
            raise UnknownError from None

    def _of_name(self, name: str) -> Any:
        value = self.names.get(name, PRESENT)
        if value is PRESENT:
            raise UnknownError
        return value

    def _of_both(self, node: ast.BoolOp) -> Any:
        """``and`` and ``or``: one entry that decides is enough."""
        decides = isinstance(node.op, ast.Or)
        values = [self._known(entry) for entry in node.values]
        if any(value is not PRESENT and bool(value) is decides for value in values):
            return decides
        if any(value is PRESENT for value in values):
            raise UnknownError
        return not decides

    def _computed(self, node: ast.expr) -> Any:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.value(node.operand)
        if isinstance(node, ast.Attribute):
            if ast.unparse(node) == "sys.modules":
                return {name for name in self.imported if self._is_there(name)}
            found = getattr(self.value(node.value), node.attr)
            if callable(found) or isinstance(found, PLAIN):
                return found
        if isinstance(node, ast.Subscript):
            return self.value(node.value)[self._index(node.slice)]
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.value(node.left), self.value(node.comparators[0])
            return COMPARED[type(node.ops[0])](left, right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            if node.func.id == "hasattr":
                module, name = (self.value(given) for given in node.args)
                return hasattr(module, name)
            if node.func.id in NAMES_OF_MODULE and not node.args and "*" not in self.names:
                return self.names
        raise UnknownError

    def _index(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.Slice):
            return self.value(node)
        bounds = (node.lower, node.upper, node.step)
        return slice(*(None if bound is None else self.value(bound) for bound in bounds))

    def taken(self, statement: ast.stmt) -> list[ast.stmt] | None:
        """The statements of an ``if`` or a ``try`` that run; None if that is not known."""
        try:
            if isinstance(statement, ast.If):
                return statement.body if self.value(statement.test) else statement.orelse
            if isinstance(statement, ast.Try):
                return self._tried(statement)
        except UnknownError:
            pass
        return None

    def _tried(self, statement: ast.Try) -> list[ast.stmt]:
        defined: set[str] = set()
        for n, inner in enumerate(statement.body):
            raised = self._raised(inner, defined)
            if raised is not None:
                caught = self._caught(statement, raised)
                return [*statement.body[:n], *caught, *statement.finalbody]
        return [*statement.body, *statement.orelse, *statement.finalbody]

    def _caught(self, statement: ast.Try, raised: type[BaseException]) -> list[ast.stmt]:
        for handler in statement.handlers:
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            for kind in kinds:
                name = kind.id if isinstance(kind, ast.Name) else ""
                caught = getattr(builtins, name, None)
                if kind is None or (isinstance(caught, type) and issubclass(raised, caught)):
                    return handler.body
        raise UnknownError

    def _raised(self, node: ast.stmt, defined: set[str]) -> type[BaseException] | None:
        """What a statement of a ``try`` raises, None if nothing."""
        if isinstance(node, ast.Import):
            there = all(self._is_there(alias.name) for alias in node.names)
            defined.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
            return None if there else ModuleNotFoundError
        if isinstance(node, ast.ImportFrom):
            defined.update(alias.asname or alias.name for alias in node.names)
            return self._raised_by_import(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
            return None
        if isinstance(node, ast.Pass):
            return None
        if isinstance(node, ast.Expr | ast.Assign):
            value = node.value
            if isinstance(node, ast.Assign):
                defined.update(t.id for t in node.targets if isinstance(t, ast.Name))
            if isinstance(value, ast.Constant | ast.Lambda):
                return None
            if isinstance(value, ast.Name) and "*" not in self.names:
                there = {*self.names, *defined, *vars(builtins)}
                return None if value.id in there else NameError
            if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
                owner = self._of_name(value.value.id)
                return None if hasattr(owner, value.attr) else AttributeError
        raise UnknownError

    def _raised_by_import(self, node: ast.ImportFrom) -> type[BaseException] | None:
        module = node.module or node.names[0].name
        if not self._is_there(module):
            return ModuleNotFoundError
        loaded = (
            sys.modules.get(module) if module.split(".")[0] in sys.stdlib_module_names else None
        )
        names = [alias.name for alias in node.names if alias.name != "*"]
        missing = loaded is not None and not all(hasattr(loaded, name) for name in names)
        return ImportError if missing else None

    def _is_there(self, module: str) -> bool:
        """Whether a module would be found; nothing is imported."""
        first = module.split(".")[0]
        if first not in self.found:
            self.found[first] = first in BRIDGES or self._is_beside(first) or _is_installed(first)
        return self.found[first]

    def _is_beside(self, name: str) -> bool:
        if self.folder is None:
            return False
        return (self.folder / f"{name}.py").is_file() or (self.folder / name).is_dir()


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return name in sys.modules
