"""Reads a submission and keeps what can be judged: definitions, imports, and the values they read.

A file or a notebook is parsed, never executed: training code, plots, prints, tests and what stands
under ``if __name__ == "__main__"`` are left out. So are values that depend on these, on chance, on
files, or on a call of one of the submission's own functions. Where a piece does not parse, it is
taken apart at its top-level statements, so that every function that does parse is kept.
`module_code` gives what is left as code objects, a statement each, with the line numbers of the
file; only the child process executes them.

Lines are counted from 1 in the file, or in the cell of a notebook. Cells are counted from 1, text
cells included.
"""

import __future__

import ast
import builtins
import codecs
import json
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import CodeType
from typing import Any

MOST_SOURCE = 20 * 2**20  # bytes of program text
MOST_NOTEBOOK = 200 * 2**20  # bytes of a notebook: nearly all of it are pictures
MOST_PROBLEMS = 20
MOST_ATTEMPTS = 60  # to find the end of a statement in a piece that does not parse as a whole

SUFFIXES = (".py", ".ipynb")
CANNOT_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)

FUNCTION = "function"
CLASS = "class"


@dataclass(frozen=True)
class Piece:
    """Program text that stands together: a file, or one cell of a notebook.

    Parameters
    ----------
    source : the text; lines end in a line feed
    first_line : number of its first line, 1
    cell : number of the cell, None for a file
    label : what tracebacks call it
    """

    source: str
    first_line: int = 1
    cell: int | None = None
    label: str = "<text>"


@dataclass(frozen=True)
class Definition:
    """A function or a class of a submission.

    Parameters
    ----------
    name : its name
    kind : "function" or "class"
    line, end_line : first line (the one with ``def`` or ``class``) and last one
    cell : the notebook's cell, None for a file
    arguments : (name, whether it has a default) in order; of ``__init__`` for a class
    source : its own text
    filled : False where the body is a template: empty, ``raise NotImplementedError``, or with None
        in the place of what was to be written
    docstring : its docstring, or ""
    methods : names of a class's methods
    """

    name: str
    kind: str
    line: int
    end_line: int
    cell: int | None
    arguments: tuple[tuple[str, bool], ...]
    source: str
    filled: bool
    docstring: str = ""
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """One statement that is kept.

    Parameters
    ----------
    kind : "import", "definition", "constant" (computed of literals) or "value" (of anything that is
        kept; only if a definition reads it)
    names : the names that it binds; ("*",) for a star import
    code : what the child executes
    module : what an import imports from
    attribute : the name taken out of that module, None for ``import module``
    """

    kind: str
    names: tuple[str, ...]
    code: CodeType
    module: str = ""
    attribute: str | None = None


@dataclass
class Submission:
    """What was read of one file.

    Parameters
    ----------
    path : where it was read, None for text
    text : all program text, the cells of a notebook one after another
    pieces : the text in pieces
    definitions : functions and classes by name; of several of one name the last
    problems : what is wrong with the file, in words, with the place
    notes : what was left out
    broken : functions that do not parse: name and problem
    chunks : the statements kept
    """

    path: Path | None = None
    text: str = ""
    pieces: list[Piece] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    chunks: list[Chunk] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name if self.path else "<text>"

    @property
    def constants(self) -> list[str]:
        """Names of the simple constants that were kept."""
        return [name for c in self.chunks if c.kind == "constant" for name in c.names]

    @property
    def imports(self) -> list[str]:
        """Names that the kept imports bind."""
        return [name for c in self.chunks if c.kind == "import" for name in c.names]


def find(specification: str | Path) -> list[tuple[Path, str | None]]:
    """The files that a path names, and the function asked for.

    Parameters
    ----------
    specification : a file, a folder (its ``.py`` and ``.ipynb`` files, sorted, folders within
        included, hidden ones left out), or ``path.py::lstm_backward``

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    """
    path, wanted = Path(specification), None
    if not path.exists() and "::" in str(specification):
        name, wanted = str(specification).rsplit("::", 1)
        path = Path(name)
    if path.is_dir():
        return [(file, wanted) for file in _files_in(path)]
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    return [(path, wanted or None)]


def _files_in(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return sorted(path for path in files if not _hidden(path.relative_to(folder)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def load(path: str | Path) -> Submission:
    """Read a file; whatever is wrong with it is told in `Submission.problems`.

    Parameters
    ----------
    path : Python program or notebook; what it is shows in its name or its first characters

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    submission = Submission(path=path)
    size = path.stat().st_size
    notebook = path.suffix == ".ipynb"
    most = MOST_NOTEBOOK if notebook else MOST_SOURCE
    if size > most:
        submission.problems.append(f"{path.name} has {size / 2**20:.0f} MB, more than is read")
        return submission
    text = _decoded(path.read_bytes(), submission)
    if text is None:
        return submission
    if notebook or (text.lstrip().startswith("{") and '"nbformat"' in text):
        submission.pieces = _cells(text, submission)
    else:
        submission.pieces = [Piece(text, label=path.name)]
    return _parsed(submission)


def from_text(text: str) -> Submission:
    """What `load` does, for a program given as text."""
    submission = Submission()
    submission.pieces = [Piece(_newlines(text))]
    return _parsed(submission)


def _decoded(data: bytes, submission: Submission) -> str | None:
    """The text of a file, in the encoding that its head declares; None for a binary one."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data:
        submission.problems.append(f"{submission.name} is a binary file, not a program")
        return None
    else:
        encoding = _declared(data)
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        submission.notes.append(f"{submission.name} is not in {encoding}: read as Latin-1")
        text = data.decode("latin-1")
    if not text.strip():
        submission.problems.append(f"{submission.name} is empty")
        return None
    return _newlines(text)


def _declared(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(BytesIO(data).readline)[0]
    except SyntaxError:
        return "utf-8"


def _newlines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _cells(text: str, submission: Submission) -> list[Piece]:
    """The code cells of a notebook.

    A notebook is JSON, and of its format only the cells' text is needed: ``json`` reads it in any
    version, also where nbformat is not installed or would refuse the file.
    """
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        submission.problems.append(f"{submission.name} is not a notebook: {error}")
        return []
    pieces = []
    for number, cell in enumerate(_cell_list(notebook), 1):
        source = _cell_source(cell)
        if source is not None:
            pieces.append(Piece(_newlines(source), cell=number, label=f"<cell {number}>"))
    if not pieces:
        submission.problems.append(f"{submission.name} is a notebook without a code cell")
    return pieces


def _cell_list(notebook: Any) -> list:
    if not isinstance(notebook, dict):
        return []
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")  # version 3
    sheets = sheets if isinstance(sheets, list) else []
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _cell_source(cell: Any) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", cell.get("input"))  # version 3 says input
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else None


def _parsed(submission: Submission) -> Submission:
    """Sort every statement of every piece: keep it, or leave it out."""
    submission.text = "\n".join(piece.source for piece in submission.pieces)
    if len(submission.text) > MOST_SOURCE:
        submission.problems.append(f"{submission.name} holds more program text than is read")
        return submission
    sorter = _Sorter(submission)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\s" in a docstring is none of our business
        for piece in submission.pieces:
            sorter.piece(piece)
        sorter.finish()
    del submission.problems[MOST_PROBLEMS:]
    return submission


# Parsing -------------------------------------------------------------------------------------

CELL_MAGIC = re.compile(r"\s*%%(\w+)")
MAGIC_LINE = re.compile(r"^(\s*)(?:[%!?].*|[\w.\[\]]+\?{1,2}\s*|\w+\s*=\s*[%!].*)$")
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "writefile", "python", "python3", "py"}


def _without_magics(source: str) -> str:
    """The program with what only a notebook understands blanked out; lines stay where they are."""
    first = CELL_MAGIC.match(source)
    if first and first[1] not in PYTHON_MAGICS:
        return "\n" * source.count("\n")
    return "\n".join(MAGIC_LINE.sub(r"\1pass", line) for line in source.split("\n"))


def _dedented(source: str) -> str:
    """A piece whose first line is indented is moved to the left, as notebooks do it."""
    indent = re.match(r"(?:[ \t]*(?:#.*)?\n)*([ \t]+)(?=\S)", source)
    if not indent:
        return source
    return re.sub(rf"^{re.escape(indent[1])}", "", source, flags=re.MULTILINE)


def _statements(piece: Piece, broken: dict[str | None, tuple[str, int]]) -> list[ast.stmt]:
    """The top-level statements of a piece; what does not parse goes to ``broken``."""
    for source in dict.fromkeys((piece.source, _clean(piece.source))):
        try:
            return ast.parse(source).body
        except CANNOT_PARSE:
            continue
    return _one_by_one(_clean(piece.source), broken)


def _clean(source: str) -> str:
    return _dedented(_without_magics(source))


TOP_LEVEL = re.compile(r"[^\s#)\]}]")
CONTINUES = re.compile(r"(else|elif|except|finally)\b")
UNFINISHED = re.compile(r"never closed|unterminated triple|EOF|expected an indented|expected 'exc")
DEFINES = re.compile(r"\s*(?:async\s+)?def\s+(\w+)|\s*class\s+(\w+)")


def _one_by_one(source: str, broken: dict[str | None, tuple[str, int]]) -> list[ast.stmt]:
    """Statements that parse each by itself, of a source that does not parse as a whole."""
    lines = source.split("\n")
    starts = [n for n, line in enumerate(lines) if TOP_LEVEL.match(line)]
    starts = [n for n in starts if not CONTINUES.match(lines[n])]
    ends = [*starts[1:], len(lines)]
    statements, at = [], 0
    while at < len(starts):
        taken, body = _shortest(lines, starts[at], ends[at : at + MOST_ATTEMPTS])
        if not taken:
            _note_broken(lines[starts[at] : ends[at]], starts[at], broken)
        statements += body
        at += max(taken, 1)
    return statements


def _shortest(lines: list[str], start: int, ends: Iterable[int]) -> tuple[int, list[ast.stmt]]:
    """The fewest stretches from a start that parse together: how many, and what they are."""
    for count, end in enumerate(ends, 1):
        try:
            body = ast.parse("\n".join(lines[start:end])).body
        except CANNOT_PARSE as error:
            if UNFINISHED.search(str(error)):
                continue
            break  # more of it would not help
        for statement in body:
            ast.increment_lineno(statement, start)
        return count, body
    return 0, []


def _note_broken(lines: list[str], start: int, broken: dict) -> None:
    named = DEFINES.match("\n".join(lines))
    name = (named[1] or named[2]) if named else None
    try:
        ast.parse("\n" * start + "\n".join(lines))  # messages name lines too
    except SyntaxError as error:
        broken.setdefault(name, (str(error.msg), error.lineno or start + 1))
    except CANNOT_PARSE as error:
        broken.setdefault(name, (f"cannot be parsed: {type(error).__name__}", start + 1))


# Sorting -------------------------------------------------------------------------------------

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
    piece: Piece
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


class _Sorter:
    """Decides statement by statement what of a submission is kept."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.kept: list[_Kept] = []
        self.known: set[str] = set()
        self.own: set[str] = set()  # functions and classes
        self.barred: set[str] = set()  # imported names that a value is not made with
        self.changed: set[str] = set()  # names that the statements left out bind or change
        self.left_out = 0

    def piece(self, piece: Piece) -> None:
        broken: dict[str | None, tuple[str, int]] = {}
        for statement in _statements(piece, broken):
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

    def statement(self, statement: ast.stmt, piece: Piece, nested: bool = False) -> None:
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

    def _keep(self, kind: str, node: ast.stmt, piece: Piece, names: Iterable[str]) -> None:
        self.kept.append(_Kept(kind, node, piece, tuple(names)))
        self.known.update(self.kept[-1].names)

    def _define(self, node: Any, name: str, piece: Piece) -> None:
        self.submission.definitions.pop(name, None)  # so that the last one is also last in order
        self.submission.definitions[name] = _definition(node, name, piece)
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
                self.submission.chunks.append(Chunk(entry.kind, entry.names, entry.code))
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
        except CANNOT_PARSE as error:  # "return" outside a function parses and does not compile
            name = getattr(entry.node, "name", None)
            line = getattr(error, "lineno", None) or entry.node.lineno
            self._problem(name, f"{_place(entry.piece, line)}: {getattr(error, 'msg', error)}")
            self.submission.definitions.pop(name or "", None)
        return entry.code is not None


def _statements_that_are(count: int) -> str:
    return "statement that is" if count == 1 else "statements that are"


def _place(piece: Piece, line: int) -> str:
    return f"line {line}" if piece.cell is None else f"cell {piece.cell}, line {line}"


def _code(node: ast.stmt, piece: Piece) -> CodeType:
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


def _import_chunks(node: ast.stmt, piece: Piece, used: set[str]) -> list[Chunk]:
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


def _import_chunk(node: ast.stmt, piece: Piece, bound: str, name: str) -> Chunk:
    code = _code(node, piece)
    if isinstance(node, ast.ImportFrom):
        return Chunk("import", (bound,), code, node.module or "", name)
    return Chunk("import", (bound,), code, name)


# Definitions ---------------------------------------------------------------------------------


def _definition(node: Any, name: str, piece: Piece) -> Definition:
    is_class = isinstance(node, ast.ClassDef)
    functions = [n for n in getattr(node, "body", []) if isinstance(n, ast.FunctionDef)]
    lines = piece.source.split("\n")[node.lineno - 1 : node.end_lineno]
    return Definition(
        name=name,
        kind=CLASS if is_class else FUNCTION,
        line=node.lineno,
        end_line=node.end_lineno,
        cell=piece.cell,
        arguments=_class_arguments(functions) if is_class else _arguments(_function(node).args),
        source="\n".join(lines),
        filled=_is_filled(node) if isinstance(node, ast.FunctionDef) else True,
        docstring=ast.get_docstring(node) or "" if hasattr(node, "name") else "",
        methods=tuple(function.name for function in functions) if is_class else (),
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


# What others ask of a submission -------------------------------------------------------------


def module_code(submission: Submission) -> list[Chunk]:
    """What the child executes: the statements kept, in order, with the lines of the file."""
    return submission.chunks


def line_of(submission: Submission, name: str, text: str | None = None) -> tuple[int, str] | None:
    """The submission's own line: its number and what stands there.

    Parameters
    ----------
    submission : what was loaded
    name : a definition
    text : what to look for within it, spaces not counted; None for the line of the definition

    Returns
    -------
    (line, its text without indentation), None where there is none. A notebook's cell is
    ``submission.definitions[name].cell``.
    """
    definition = submission.definitions.get(name)
    if definition is None:
        return None
    wanted = "".join((text or "").split())
    for number, line in enumerate(definition.source.split("\n"), definition.line):
        if wanted in "".join(line.split()):
            return number, line.strip()
    return None
