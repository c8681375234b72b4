"""Which branch of an ``if`` or a ``try`` runs, as far as that can be told without running it."""

import ast
import builtins
import importlib.util
import itertools
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LOOKED_INTO = {"sys", "os", "math", "platform", "typing", "builtins", "numpy"}  # modules
BRIDGES = {"past", "future", "six", "numba"}  # what they mean is supplied
PRESENT = object()  # a name that has a value, which is not known
PLAIN = (types.ModuleType, str, int, float, tuple, type(None))  # the same wherever it runs
LOOKED_AT = (  # the parts of an expression that do nothing
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.Compare),
    *(ast.UnaryOp, ast.Call, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop),
)
CALLED = {"hasattr", "globals", "locals", "vars", "dir"}
MOST_PARTS = 50  # of an expression that is looked at


class UnknownError(Exception):
    """It takes running the program to tell."""


class _Module:
    """What of a module is the same wherever it runs."""

    def __init__(self, module: types.ModuleType, **instead: Any) -> None:
        self._module = module
        self.__dict__.update(instead)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if callable(found) or isinstance(found, PLAIN):
            return found
        raise UnknownError


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
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for name, alias in zip(names, statement.names, strict=True):
                module = getattr(statement, "module", alias.name) or ""
                self.imported.update({module, module.split(".")[0]})
                if module in LOOKED_INTO and module in sys.modules:
                    found = _Module(sys.modules[module])
                    if isinstance(statement, ast.ImportFrom):
                        found = getattr(found, alias.name, PRESENT)
                    values[name] = found
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
        if isinstance(node, ast.BoolOp):
            return self._of_both(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return not self.value(node.operand)
        parts = list(itertools.islice(ast.walk(node), MOST_PARTS + 1))
        called = [part.func for part in parts if isinstance(part, ast.Call)]
        plain = all(isinstance(function, ast.Name) and function.id in CALLED for function in called)
        if len(parts) > MOST_PARTS or not plain or not all(isinstance(p, LOOKED_AT) for p in parts):
            raise UnknownError
        names = {part.id: self._of_name(part.id) for part in parts if isinstance(part, ast.Name)}
        try:
            return eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}}, names)
        except (TypeError, AttributeError, LookupError, ValueError):
            raise UnknownError from None

    def _of_name(self, name: str) -> Any:
        value = self.names.get(name, PRESENT)
        if isinstance(value, _Module) and value._module is sys:
            return _Module(sys, modules={name for name in self.imported if self._is_there(name)})
        if name in CALLED and name not in self.names and "*" not in self.names:
            return hasattr if name == "hasattr" else lambda: self.names
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
