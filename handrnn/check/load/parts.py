"""What is kept of a submission: its pieces, statements and definitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import CodeType

FUNCTION = "function"
CLASS = "class"
SUPPLIED = ("sigmoid", "softmax", "np", "numpy", "math")  # where a submission lacks them
SINGLE = (
    "float32",
    "np.single",
    "float16",
    "np.half",
    "dtype='f'",
    'dtype="f"',
    "astype('f')",
)  # in the source of what computes in it


@dataclass(frozen=True)
class Piece:
    """Program text that stands together: a file, or one cell of a notebook.

    Parameters
    ----------
    source : the text; lines end in a line feed
    cell : number of the cell among all cells, None for a file
    label : what tracebacks call it
    shown : what the notebook shows beside the cell, "In [5]"; "cell 7" if it has not been run
    """

    source: str
    cell: int | None = None
    label: str = "<text>"
    shown: str = ""

    @cached_property
    def lines(self) -> list[str]:
        """The source, line by line."""
        return self.source.split("\n")


@dataclass(frozen=True)
class Definition:
    """A function or a class of a submission.

    Parameters
    ----------
    name : its name
    kind : "function" or "class"
    line : its first one, with ``def`` or ``class``
    cell : the notebook's cell, None for a file
    arguments : (name, whether it has a default) in order; of ``__init__`` for a class
    source : its own text, as it was parsed
    filled : False where the body is plainly a template: empty, ``raise NotImplementedError``, or
        with names that are None, never anything else, and used; of a class, where all methods are
    methods : of a class, by name
    """

    name: str
    kind: str
    line: int
    cell: int | None
    arguments: tuple[tuple[str, bool], ...]
    source: str
    filled: bool
    methods: Mapping[str, "Definition"] = field(default_factory=dict)


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
    outline : all classes and functions at the top of the file and in its blocks, those that another
        of the same name replaces and those in branches that do not run included
    runs : whether Python would run the file as it stands
    unread : names whose value is not known, since what gives it is not run: (name, line, why)
    missing : names of `SUPPLIED` that nothing could give where the file runs by itself
    """

    path: Path | None = None
    text: str = ""
    pieces: list[Piece] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    chunks: list[Chunk] = field(default_factory=list)
    outline: list[Definition] = field(default_factory=list)
    runs: bool = True
    unread: tuple[tuple[str, int, str], ...] = ()
    missing: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name if self.path else "<text>"
