"""Which statements of a submission are kept: definitions, imports, simple constants."""

import __future__

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from . import definitions, parsing, parts

MOST_PROBLEMS = 20
CALLED_IN_CONSTANTS = {
    *("float", "int", "complex", "bool", "str", "range", "dict", "list", "tuple", "set"),
    *("finfo", "sqrt", "float16", "float32", "float64", "longdouble", "int32", "int64", "array"),
    *("dtype", "vectorize", "partial", "namedtuple"),
}
# what draws, reads, writes or plots: a value made with one of these is not kept
NOT_RUN = {
    *(
        "random",
        "rand",
        "randn",
        "randint",
        "default_rng",
        "secrets",
        "matplotlib",
        "pyplot",
        "plt",
    ),
    *("open", "input", "print", "exec", "eval", "compile", "exit", "quit", "breakpoint", "system"),
    *("load", "loadtxt", "genfromtxt", "fromfile", "read", "read_text", "read_bytes", "read_csv"),
    *("urlopen", "urlretrieve", "get_ipython", "__import__"),
}
BUILT_IN = set(dir(builtins))


@dataclass
class _Kept:
    """A statement that is kept, with the names that it binds."""

    kind: str
    node: ast.stmt
    piece: parts.Piece
    names: tuple[str, ...]
    code: CodeType | None = None

    def reads(self) -> set[str]:
        """The names that it looks up in the module, those that functions in it look up included."""
        names: set[str] = set()
        codes = [self.code] if self.code else []
        for code in codes:  # it grows by the functions within
            names.update(code.co_names)
            codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        return names


class Sorter:
    """Decides statement by statement what of a submission is kept."""

    def __init__(self, submission: parts.Submission) -> None:
        self.submission = submission
        self.kept: list[_Kept] = []
        self.known: set[str] = set()
        self.own: set[str] = set()  # functions and classes
        self.barred: set[str] = set()  # imported names that a value is not made with
        self.changed: set[str] = set()  # names that the statements left out bind or change
        self.left_out = 0

    def piece(self, piece: parts.Piece) -> None:
        broken: dict[str | None, tuple[str, int]] = {}
        for statement in parsing.statements(piece, broken):
            self.statement(statement, piece)
        for name, (message, line) in broken.items():
            text = f"{_place(piece, line)}: {message}"
            later = self.submission.definitions.get(name or "")
            if later and (later.cell, later.line) > (piece.cell, line):  # written anew, and well
                self.submission.problems.append(f"{name}: {text}")
            else:
                self._problem(name, text)

    def _problem(self, name: str | None, text: str) -> None:
        if name is None:
            self.submission.problems.append(text)
            return
        self.submission.problems.append(f"{name}: {text}")
        self.submission.broken[name] = text

    def statement(self, statement: ast.stmt, piece: parts.Piece, nested: bool = False) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._keep("import", statement, piece, _imported(statement))
            self.barred.update(_barred(statement))
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._define(statement, statement.name, piece)
        elif _is_lambda(statement):
            self._define(statement, statement.targets[0].id, piece)  # pyright: ignore
        elif not nested and self._is_constant(statement):
            self._keep("constant", statement, piece, _bound(statement))
        elif not nested and _assigns(statement) and self._can_run(statement):
            self._keep("value", statement, piece, _bound(statement))
        elif isinstance(statement, ast.If | ast.Try | ast.With) and not _is_main(statement):
            for inner in _within(statement):
                self.statement(inner, piece, nested or isinstance(statement, ast.If))
        else:
            self._leave_out(statement)

    def _keep(self, kind: str, node: ast.stmt, piece: parts.Piece, names: Iterable[str]) -> None:
        self.kept.append(_Kept(kind, node, piece, tuple(names)))
        self.known.update(self.kept[-1].names)

    def _define(self, node: Any, name: str, piece: parts.Piece) -> None:
        self.submission.definitions.pop(name, None)  # so that the last one is also last in order
        self.submission.definitions[name] = definitions.definition(node, name, piece)
        self.submission.broken.pop(name, None)
        self.own.add(name)
        self._keep("definition", node, piece, [name])

    def _leave_out(self, statement: ast.stmt) -> None:
        docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if docstring or isinstance(statement, ast.Pass):
            return
        self.left_out += 1
        self.changed.update(_bound(statement))

    def _is_constant(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.Assign):
            plain = all(_is_names(target) for target in statement.targets)
            return plain and self._is_simple(statement.value)
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            return isinstance(statement.target, ast.Name) and self._is_simple(statement.value)
        return False

    def _is_simple(self, node: ast.expr | None) -> bool:
        """Whether a value can be computed without running anything of weight."""
        if node is None or isinstance(node, ast.Constant | ast.Lambda):
            return True
        if isinstance(node, ast.Name):
            return node.id in self.known or node.id in CALLED_IN_CONSTANTS
        if isinstance(node, ast.Attribute):
            return self._is_simple(node.value)
        if isinstance(node, ast.UnaryOp):
            return self._is_simple(node.operand)
        if isinstance(node, ast.BinOp):
            return self._is_simple(node.left) and self._is_simple(node.right)
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return all(self._is_simple(entry) for entry in node.elts)
        if isinstance(node, ast.Dict):
            return all(self._is_simple(entry) for entry in (*node.keys, *node.values))
        return isinstance(node, ast.Call) and self._is_simple_call(node)

    def _is_simple_call(self, call: ast.Call) -> bool:
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else None
        name = function.id if isinstance(function, ast.Name) else name
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return (
            name in CALLED_IN_CONSTANTS
            and self._is_simple(function)
            and all(self._is_simple(value) for value in values)
        )

    def _can_run(self, statement: ast.stmt) -> bool:
        """Whether a value depends on nothing but what is kept."""
        inner = _bound_within([statement])
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _called(node) in self.own:
                return False
            if isinstance(node, ast.AugAssign) and not self.known & set(_bound(node)):
                return False
            if isinstance(node, ast.Attribute) and not _is_read(node):
                return False
            if isinstance(node, ast.Name) and node.id not in inner and not self._is_kept(node):
                return False
        return True

    def _is_kept(self, name: ast.Name) -> bool:
        if name.id in NOT_RUN | self.barred:
            return False
        if isinstance(name.ctx, ast.Store) or name.id in self.known | BUILT_IN:
            return True
        return "*" in self.known and name.id not in self.changed

    def finish(self) -> None:
        """Turn what is kept into code, without the imports that nothing kept uses."""
        kept = [entry for entry in self.kept if not self._is_stale(entry) and self._compile(entry)]
        read = _read(kept)
        for entry in kept:
            if entry.kind == "import":
                self.submission.chunks += _import_chunks(entry.node, entry.piece, read)
            elif entry.kind == "value" and not read & set(entry.names):
                self.left_out += 1
            elif entry.code is not None:
                self.submission.chunks.append(parts.Chunk(entry.kind, entry.names, entry.code))
        if self.left_out:
            self.submission.notes.append(
                f"left out {self.left_out} {_statements_that_are(self.left_out)} no definition,"
                " import or simple constant"
            )

    def _is_stale(self, entry: _Kept) -> bool:
        """A constant that the statements left out change would be worth another value."""
        return entry.kind in ("constant", "value") and bool(self.changed & set(entry.names))

    def _compile(self, entry: _Kept) -> bool:
        """Whether it can be compiled, or needs not be."""
        if entry.kind == "import":
            return True
        try:
            entry.code = _code(entry.node, entry.piece)
        except (
            parsing.CANNOT_PARSE
        ) as error:  # "return" outside a function parses and does not compile
            name = getattr(entry.node, "name", None)
            line = getattr(error, "lineno", None) or entry.node.lineno
            self._problem(name, f"{_place(entry.piece, line)}: {getattr(error, 'msg', error)}")
            self.submission.definitions.pop(name or "", None)
        return entry.code is not None


def _statements_that_are(count: int) -> str:
    return "statement that is" if count == 1 else "statements that are"


def _place(piece: parts.Piece, line: int) -> str:
    return f"line {line}" if piece.cell is None else f"cell {piece.cell}, line {line}"


def _code(node: ast.stmt, piece: parts.Piece) -> CodeType:
    module = ast.Module([node], [])
    # annotations are not evaluated: they may name what is not installed
    flags = __future__.annotations.compiler_flag
    return compile(module, piece.label, "exec", flags=flags, dont_inherit=True)


def _within(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of a block, of all its branches."""
    for part in ("body", "handlers", "orelse", "finalbody"):
        for inner in getattr(statement, part, []):
            yield from inner.body if isinstance(inner, ast.ExceptHandler) else [inner]


def _is_main(statement: ast.stmt) -> bool:
    """Whether it is ``if __name__ == ...``."""
    if not isinstance(statement, ast.If):
        return False
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(statement.test))


def _is_names(target: ast.expr) -> bool:
    entries = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    return all(isinstance(entry, ast.Name) for entry in entries)


def _is_lambda(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Lambda)
        and isinstance(statement.targets[0], ast.Name)
    )


def _imported(statement: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.asname or alias.name.split(".")[0] for alias in statement.names]


def _barred(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """The names that are imported from what values are not made with."""
    origin = (getattr(statement, "module", None) or "").split(".")
    return [
        name
        for name, alias in zip(_imported(statement), statement.names, strict=True)
        if NOT_RUN & {*origin, *alias.name.split(".")}
    ]


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a statement binds, or changes in place (``parameters["Wf"] = ...``)."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    parts: list[ast.AST] = [statement]
    if isinstance(statement, ast.Assign):
        parts = list(statement.targets)
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign):
        parts = [statement.target]
    names = [_base(node) for part in parts for node in ast.walk(part) if isinstance(node, ast.expr)]
    inner = _bound_within(parts)
    return list(dict.fromkeys(name for name in names if name and name not in inner))


def _bound_within(parts: Iterable[ast.AST]) -> set[str]:
    """Names of comprehensions and lambdas, which are not those of the module."""
    nodes = [node for part in parts for node in ast.walk(part)]
    targets = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _assigns(statement: ast.stmt) -> bool:
    """Whether it gives values to names and does nothing else, possibly on a condition."""
    if isinstance(statement, ast.If | ast.Try) and not _is_main(statement):
        inner = list(_within(statement))
        kept = [s for s in inner if not isinstance(s, ast.Pass)]
        return bool(kept) and all(_assigns(s) for s in kept)
    return isinstance(statement, ast.Assign | ast.AugAssign) or (
        isinstance(statement, ast.AnnAssign) and statement.value is not None
    )


def _is_read(attribute: ast.Attribute) -> bool:
    return isinstance(attribute.ctx, ast.Load) and attribute.attr not in NOT_RUN


def _called(call: ast.Call) -> str | None:
    return call.func.id if isinstance(call.func, ast.Name) else None


def _read(kept: Sequence[_Kept]) -> set[str]:
    """The names that definitions, constants, and the values that these read look up."""
    names = set[str]().union(*(e.reads() for e in kept if e.kind in ("definition", "constant")))
    for entry in reversed(kept):
        if entry.kind == "value" and names & set(entry.names):
            names |= entry.reads()
    return names


def _base(node: ast.expr) -> str | None:
    if not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return None
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _import_chunks(node: ast.stmt, piece: parts.Piece, used: set[str]) -> list[parts.Chunk]:
    """One chunk a name: a module that is missing takes no other with it."""
    chunks = []
    for alias in node.names:  # pyright: ignore
        bound = alias.asname or alias.name.split(".")[0]
        if getattr(node, "module", None) == "__future__" or (bound != "*" and bound not in used):
            continue
        single = ast.copy_location(_single_import(node, alias), node)
        chunks.append(_import_chunk(single, piece, bound, alias.name))
    return chunks


def _single_import(node: ast.stmt, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.ImportFrom):
        # a file that is judged alone has no package: what was relative is looked for beside it
        return ast.ImportFrom(node.module or alias.name, [alias], 0)
    return ast.Import([alias])


def _import_chunk(node: ast.stmt, piece: parts.Piece, bound: str, name: str) -> parts.Chunk:
    code = _code(node, piece)
    if isinstance(node, ast.ImportFrom):
        return parts.Chunk("import", (bound,), code, node.module or "", name)
    return parts.Chunk("import", (bound,), code, name)
