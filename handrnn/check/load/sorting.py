"""Which statements of a submission are kept: definitions, imports, simple constants."""

import __future__

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

from . import conditions, definitions, parsing, parts, python2

MOST_PROBLEMS = 20
CALLED_IN_CONSTANTS = {
    *("float", "int", "complex", "bool", "str", "range", "dict", "list", "tuple", "set"),
    *("finfo", "sqrt", "float16", "float32", "float64", "longdouble", "int32", "int64", "array"),
    *("dtype", "vectorize", "partial", "namedtuple"),
}
# what draws, reads, writes or plots: a value made with one of these is not kept
NOT_RUN = {
    *("random", "rand", "randn", "randint", "default_rng", "secrets"),
    *("matplotlib", "pyplot", "plt"),
    *("open", "input", "print", "exec", "eval", "compile", "exit", "quit", "breakpoint", "system"),
    *("load", "loadtxt", "genfromtxt", "fromfile", "read", "read_text", "read_bytes", "read_csv"),
    *("urlopen", "urlretrieve", "get_ipython", "__import__"),
}
BUILT_IN = set(dir(builtins))
BLOCKS = ast.If | ast.Try | ast.With
GIVE_ANY_NAME = {
    "exec",
    "eval",
    "execfile",
    "globals",
    "vars",
    "get_ipython",
    "runpy",
    "__import__",
}
LONGEST_NAME = 60  # of what is called, in a message


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
        self.unread: list[tuple[str, int, str]] = []
        self.python2 = False
        self.whole = True  # no cells, and all of it could be read
        self.mentioned: set[str] = set()  # what may be bound somewhere
        folder = submission.path.resolve().parent if submission.path else None
        self.conditions = conditions.Conditions(folder)

    def piece(self, piece: parts.Piece) -> None:
        """Sort the statements of one piece."""
        read = parsing.read(piece)
        self.whole &= piece.cell is None and read.source == piece.source and not read.broken
        piece = replace(piece, source=read.source)
        self.python2 |= read.python2
        self.mentioned |= set[str]().union(*map(_mentioned, read.body))
        for statement in read.body:
            self.statement(statement, piece)
        for name, message, line in read.broken:
            text = f"{_place(piece, line)}: {message}"
            later = self.submission.definitions.get(name or "")
            if later and (later.cell, later.line) > (piece.cell, line):  # written anew, and well
                self.submission.problems.append(f"{name}: {text}")
            else:
                self._problem(name, text)
        if self.submission.path and piece.cell is None and not read.python2:
            self.submission.runs &= not read.broken
            if not read.broken:
                self._refused(read, piece)

    def _refused(self, read: parsing.Read, piece: parts.Piece) -> None:
        """A file that Python does not run has a problem, even if all of its functions are right."""
        why = read.refused
        rest = [_without_body(statement) for statement in read.body]
        try:
            compile(ast.Module(rest, []), piece.label, "exec", dont_inherit=True)
        except SyntaxError as error:
            why = (error.msg, error.lineno or 1)
        except parsing.CANNOT_PARSE:
            pass  # too deep: told with its definition
        if why:
            self._problem(None, f"{_place(piece, why[1])}: {why[0]}: Python does not run this file")
            self.submission.runs = False

    def _problem(self, name: str | None, text: str) -> None:
        if name is None:
            self.submission.problems.append(text)
            return
        self.submission.problems.append(f"{name}: {text}")
        self.submission.broken.setdefault(name, text)

    def statement(self, statement: ast.stmt, piece: parts.Piece, nested: bool = False) -> None:
        """Keep a statement, or leave it out."""
        statement = _as_import(statement)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._keep("import", statement, piece, _imported(statement))
            self.barred.update(_barred(statement))
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._define(statement, statement.name, piece)
        elif _is_lambda(statement):
            self._define(statement, statement.targets[0].id, piece)  # pyright: ignore
        elif aliases := self._aliases(statement):
            for definition in aliases:
                self._list(definition)
            self._keep("definition", statement, piece, [one.name for one in aliases])
        elif isinstance(statement, BLOCKS) and self._block(statement, piece, nested):
            pass
        elif not nested and self._is_constant(statement):
            self._keep("constant", statement, piece, _bound(statement))
        elif not nested and _assigns(statement) and self._can_run(statement):
            self._keep("value", statement, piece, _bound(statement))
        elif isinstance(statement, BLOCKS):
            self._note_undecided(statement, piece)
            for inner in _within(statement):
                self.statement(inner, piece, nested or isinstance(statement, ast.If))
        else:
            self._leave_out(statement)

    def _block(self, statement: ast.stmt, piece: parts.Piece, nested: bool) -> bool:
        """Sort what runs of a block, if that is known."""
        taken = self.conditions.taken(statement)
        if taken is None:
            return False
        runs = {id(inner) for inner in taken}
        for inner in taken:
            self.statement(inner, piece, nested)
        for inner in _within(statement):
            if id(inner) not in runs:
                self._outline(inner, piece)
        self.left_out += _is_main(statement)
        return True

    def _outline(self, statement: ast.stmt, piece: parts.Piece) -> None:
        """Only list what is defined."""
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found = definitions.definition(statement, statement.name, piece)
            self.submission.outline.append(found)
        elif isinstance(statement, BLOCKS):
            for inner in _within(statement):
                self._outline(inner, piece)

    def _note_undecided(self, statement: ast.stmt, piece: parts.Piece) -> None:
        """Several definitions of one name, of which only the program knows which is used."""
        branches = [set(_defined(branch)) for branch in _branches(statement)]
        times = Counter(name for names in branches for name in names)
        for name in sorted(name for name, count in times.items() if count > 1):
            self.submission.notes.append(
                f"{_place(piece, statement.lineno)}: which {name} is used is only known when the"
                " file runs: the last one is judged"
            )

    def _keep(self, kind: str, node: ast.stmt, piece: parts.Piece, names: Iterable[str]) -> None:
        self.kept.append(_Kept(kind, node, piece, tuple(names)))
        self.known.update(self.kept[-1].names)
        self.conditions.bind(node, self.kept[-1].names)

    def _define(self, node: Any, name: str, piece: parts.Piece) -> None:
        self._list(definitions.definition(node, name, piece))
        self._keep("definition", node, piece, [name])

    def _list(self, definition: parts.Definition) -> None:
        name = definition.name
        self.submission.definitions.pop(name, None)  # so that the last one is also last in order
        self.submission.definitions[name] = definition
        self.submission.outline.append(definition)
        self.submission.broken.pop(name, None)
        self.own.add(name)

    def _aliases(self, statement: ast.stmt) -> list[parts.Definition]:
        """Definitions that an assignment gives other names, if it does nothing else."""
        if not isinstance(statement, ast.Assign):
            return []
        given = [
            p for target in statement.targets for p in definitions.pairs(target, statement.value)
        ]
        found = [self._meant(value, target.id) for target, value in given]
        return [one for one in found if one] if found and all(found) else []

    def _meant(self, value: ast.expr, name: str) -> parts.Definition | None:
        """The definition that an expression is: ``f``, ``LSTM.forward``, ``partial(f, n=3)``."""
        if isinstance(value, ast.IfExp):
            try:
                taken = value.body if self.conditions.value(value.test) else value.orelse
            except conditions.UnknownError:
                return None
            return self._meant(taken, name)
        if isinstance(value, ast.Name) and value.id in self.own:
            return definitions.renamed(self.submission.definitions[value.id], name)
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            owner = self.submission.definitions.get(value.value.id)
            method = owner.methods.get(value.attr) if owner else None
            return definitions.renamed(method, name) if method else None
        if isinstance(value, ast.Call) and value.args and self._is_wrapper(value, name):
            meant = self._meant(value.args[0], name)
            if meant and _last_part(value.func) == "partial":
                named = [keyword.arg for keyword in value.keywords if keyword.arg]
                return definitions.renamed(meant, name, len(value.args) - 1, named)
            return meant
        return None

    def _is_wrapper(self, call: ast.Call, name: str) -> bool:
        """Whether it is a decorator by assignment: imported, or one that the function replaces."""
        function = call.func.func if isinstance(call.func, ast.Call) else call.func
        first = _first_part(function)
        others = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
        if _last_part(function) in NOT_RUN or not all(map(self._is_simple, others)):
            return False
        if first in self.own:
            return isinstance(call.args[0], ast.Name) and call.args[0].id == name
        return first in self.known and first not in self.barred

    def _leave_out(self, statement: ast.stmt) -> None:
        docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if docstring or isinstance(statement, ast.Pass):
            return
        self.left_out += 1
        bound = _bound(statement)
        self.changed.update(bound)
        self.conditions.bind(ast.Pass(), bound)
        if isinstance(statement, ast.Assign):
            why = _why_unread(statement.value)
            names = [name for target in statement.targets for name in self._given(target)]
            self.unread += [(name, statement.lineno, why) for name in names]

    def _given(self, target: ast.expr) -> Iterable[str]:
        """The names that are given a value, and methods of the submission's classes."""
        if isinstance(target, ast.Attribute) and _first_part(target) in self.own:
            return [ast.unparse(target)]
        entries = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        return [entry.id for entry in entries if isinstance(entry, ast.Name)]

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
        values = [call.func, *call.args, *(keyword.value for keyword in call.keywords)]
        return _last_part(call.func) in CALLED_IN_CONSTANTS and all(map(self._is_simple, values))

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
        if name.id in NOT_RUN or name.id in self.barred:
            return False
        if isinstance(name.ctx, ast.Store) or name.id in self.known or name.id in BUILT_IN:
            return True
        return "*" in self.known and name.id not in self.changed

    def finish(self, all_imports: bool) -> None:
        """Turn what is kept into code; imports that nothing kept uses only if all are asked for."""
        kept = [entry for entry in self.kept if not self._is_stale(entry) and self._compile(entry)]
        read = _read(kept)
        self._supply_python2(read)
        for entry in kept:
            if entry.kind == "import":
                used = {*read, *entry.names} if all_imports else read
                self.submission.chunks += _import_chunks(entry.node, entry.piece, used)
            elif entry.kind == "value" and not read & set(entry.names):
                self.left_out += 1
            elif entry.code is not None:
                self.submission.chunks.append(parts.Chunk(entry.kind, entry.names, entry.code))
        self.submission.unread = tuple(self.unread)
        self.submission.missing = self._missing()
        if self.left_out:
            self.submission.notes.append(f"left out {_statements(self.left_out)}")

    def _missing(self) -> frozenset[str]:
        """What is supplied to a part of a program, and would be missing in one that is whole.

        A file that imports is whole; text, and functions without any import, were taken from
        somewhere.
        """
        imports = [entry for entry in self.kept if entry.kind == "import"]
        if self.submission.path is None or not self.whole or not imports or "*" in self.known:
            return frozenset()
        given = self.mentioned
        return frozenset() if given & GIVE_ANY_NAME else frozenset(parts.SUPPLIED) - given

    def _supply_python2(self, read: set[str]) -> None:
        """The names that only Python 2 has, where they are used and not defined."""
        names = [n for n in python2.SUPPLIED if n in read and n not in self.known]
        self.python2 |= bool(python2.SIGNS.intersection(names))
        if self.python2:
            self.submission.notes.append(python2.NOTE)
            for name in names:
                code = compile(python2.SUPPLIED[name], "<Python 2>", "exec")
                self.submission.chunks.append(parts.Chunk("import", (name,), code, "builtins"))

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


def _statements(count: int) -> str:
    if count == 1:
        return "1 statement that is not a definition, import or simple constant"
    return f"{count} statements that are not definitions, imports or simple constants"


def _place(piece: parts.Piece, line: int) -> str:
    return f"line {line}" if piece.cell is None else f"{piece.shown}, line {line}"


def _why_unread(value: ast.expr) -> str:
    if isinstance(value, ast.Call):
        return f"it is what {ast.unparse(value.func)[:LONGEST_NAME]}(...) returns, which is not run"
    return "what gives it its value is not run"


def _first_part(node: ast.expr) -> str | None:
    """``np`` of ``np.linalg.norm``."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _last_part(node: ast.expr) -> str | None:
    """``norm`` of ``np.linalg.norm``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _without_body(statement: ast.stmt) -> ast.stmt:
    """An empty statement instead of a definition, which is compiled by itself."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ast.copy_location(ast.Pass(), statement)
    return statement


def _as_import(statement: ast.stmt) -> ast.stmt:
    """``x = __import__("module").x`` as the import that it is; else the same."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return statement
    name, value = statement.targets[0].id, statement.value
    taken = value.attr if isinstance(value, ast.Attribute) else None
    call = value.value if isinstance(value, ast.Attribute) else value
    if not isinstance(call, ast.Call) or len(call.args) != 1 or len(statement.targets) > 1:
        return statement
    module = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    if _last_part(call.func) not in ("__import__", "import_module") or not isinstance(module, str):
        return statement
    if taken is None:
        return ast.copy_location(ast.Import([ast.alias(module, name)]), statement)
    return ast.copy_location(ast.ImportFrom(module, [ast.alias(taken, name)], 0), statement)


def _code(node: ast.stmt, piece: parts.Piece) -> CodeType:
    module = ast.Module([node], [])
    # annotations are not evaluated: they may name what is not installed
    flags = __future__.annotations.compiler_flag
    return compile(module, piece.label, "exec", flags=flags, dont_inherit=True)


def _branches(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The branches of a block."""
    for part in ("body", "handlers", "orelse", "finalbody"):
        found = getattr(statement, part, [])
        if part == "handlers":
            yield from (handler.body for handler in found)
        elif found:
            yield found


def _within(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of a block, of all its branches."""
    for branch in _branches(statement):
        yield from branch


def _defined(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """The functions and classes that statements define, those in blocks included."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, BLOCKS):
            yield from _defined(_within(statement))


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


def _mentioned(tree: ast.AST) -> set[str]:
    """All names but those that are only looked up: what may be bound, by whatever statement."""
    found: set[str] = set()
    methods: set[int] = set()  # no names of the module
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            methods |= {id(inner) for inner in node.body}
        if isinstance(node, ast.Name):
            found |= {node.id} if node.id in GIVE_ANY_NAME else set()
            found |= set() if isinstance(node.ctx, ast.Load) else {node.id}
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found |= set() if id(node) in methods else {node.name}
        elif isinstance(node, ast.Global):
            found.update(node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


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
        single = ast.fix_missing_locations(ast.copy_location(_single_import(node, alias), node))
        chunks.append(_import_chunk(single, piece, bound, alias.name))
    return chunks


def _single_import(node: ast.stmt, alias: ast.alias) -> ast.stmt:
    bound = alias.asname or alias.name
    if isinstance(node, ast.ImportFrom):
        module, name = python2.MOVED.get((node.module, alias.name), (node.module, alias.name))
        # a file that is judged alone has no package: what was relative is looked for beside it
        return ast.ImportFrom(module or name, [ast.alias(name, bound if name != "*" else None)], 0)
    if (alias.name, None) in python2.MOVED:
        return ast.Import([ast.alias(python2.MOVED[alias.name, None][0], bound)])
    return ast.Import([alias])


def _import_chunk(node: ast.stmt, piece: parts.Piece, bound: str, name: str) -> parts.Chunk:
    code = _code(node, piece)
    if isinstance(node, ast.ImportFrom):
        return parts.Chunk("import", (bound,), code, node.module or "", name)
    return parts.Chunk("import", (bound,), code, name)
