"""The course functions of a submission, as they are to be judged."""

import dis
import inspect
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

from ..dialects import dialects, recognition
from ..explain import lines
from ..load import loading, parts
from ..run import scopes

EPSILON = re.compile(r"sum\(.*\)\s*\+\s*(1e-|1\.0e-|eps)", re.IGNORECASE)  # in a denominator
IN_BOTH = ("rnn_cell_forward", "softmax", "sigmoid")  # take the same arguments in both dialects
ELEMENTARY = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Target:
    """A function of the submission that is one of the course's.

    `epsilon`: somewhere in the submission, a small number is added to a sum. `uses`: the names that
    it looks up, by itself or in what it calls.
    """

    definition: parts.Definition
    function: dialects.Function
    call: dialects.Call
    notes: tuple[str, ...]
    epsilon: bool = False
    uses: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name under which it is reported: the course's."""
        return self.function.name

    @property
    def cell_name(self) -> str:
        """The name of the function of one step that a sequence function calls."""
        return f"{self.function.cell}_cell_{self.function.kind}"

    @property
    def calls_its_cell(self) -> bool:
        """Whether a sequence function leaves its equations to the function of a step."""
        kind = self.function.kind
        return kind in ("forward", "backward") and f"cell_{kind}" in self.definition.source

    @property
    def has_partners(self) -> bool:
        """Whether it leaves work to another course function: more than a step, or a helper."""
        step = self.function.kind.startswith("cell_")
        return not step and bool(self.uses & {*scopes.CELLS, *scopes.LOOPS} - {self.name})

    @property
    def helpers(self) -> list[str]:
        """The submission's own functions named like the course's helpers that it uses."""
        return [name for name in ELEMENTARY if name in self.uses - {self.definition.name}]

    @property
    def lines(self) -> lines.Lines:
        """Its lines, read in the course's notation."""
        return lines.Lines(self.definition, self.function, self.call.order)

    def step(self, way: str, k: int) -> str:
        """The id of its run on probe k in one of the ways."""
        return f"{self.name}/{way}/{k}"


def definition_of(fn: Any, name: str | None) -> parts.Definition:
    """What `loading` would say of a function, were it in a file; what cannot be read is not."""
    theirs = getattr(fn, "__name__", type(fn).__name__)
    try:
        lines, line = inspect.getsourcelines(fn)
        source = textwrap.dedent("".join(lines))
        read = loading.from_text(source).definitions[theirs]
        return replace(read, name=name or theirs, line=line)
    except (OSError, TypeError, KeyError):
        pass
    try:
        arguments = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        arguments = ()
    described = tuple((a.name, a.default is not a.empty) for a in arguments)
    return parts.Definition(name or theirs, "function", 1, None, described, "", True)


def methods(submission: parts.Submission) -> list[str]:
    """Classes that hold course functions: what is in a class is not judged."""
    found = []
    for definition in submission.definitions.values():
        methods = re.findall(r"^\s+def (\w+)\(", definition.source, re.MULTILINE)
        names = {recognition.course_name(name) for name in methods} - {None, *ELEMENTARY}
        if definition.kind == "class" and names:
            found.append(
                f"class {definition.name} has methods named like course functions: not judged"
            )
    return found


def functions(
    submission: parts.Submission, wanted: Sequence[str], dialect: str | None
) -> list[Target]:
    """The course functions of a submission, in the order of the course; exact names win."""
    found: dict[str, Target] = {}
    usual = dialect or _usual_dialect(submission)
    for definition in submission.definitions.values():
        unsure = recognition.course_name(definition.name) in IN_BOTH
        recognised = recognition.recognise(definition, usual if unsure else dialect)
        if recognised is None:
            continue
        name = recognised.function.name
        if name not in found or definition.name == name:
            found[name] = Target(
                definition,
                recognised.function,
                recognised.call,
                tuple(recognised.notes),
                uses=looked_up(submission, definition),
            )
    order = [name for _, name in dialects.ALL]
    chosen = [found[name] for name in dict.fromkeys(order) if name in found]
    if any(EPSILON.search(d.source) for d in submission.definitions.values()):
        chosen = [replace(target, epsilon=True) for target in chosen]
    if any(target.call.update_gate == "u" for target in chosen):
        chosen = [replace(t, call=replace(t.call, update_gate="u")) for t in chosen]
    return [target for target in chosen if not wanted or target.name in wanted]


def looked_up(submission: parts.Submission, definition: parts.Definition) -> frozenset[str]:
    """The names of the submission that a definition looks up, by itself or in what it looks up."""
    if not submission.chunks:  # a function of the running program: all that is known is its text
        return frozenset(re.findall(r"\w+", definition.source))
    codes: dict[str, list[CodeType]] = {}
    for chunk in submission.chunks:
        for name in chunk.names:
            codes.setdefault(name, []).append(chunk.code)
    found, new = set[str](), {definition.name}
    while new:
        found |= new
        new = {n for name in new for code in codes.get(name, ()) for n in _globals(code)} - found
    return frozenset(found & codes.keys())


def _globals(code: CodeType) -> set[str]:
    """The names that a piece of code looks up in its module, those of functions in it included."""
    instructions = dis.get_instructions(code)
    names = {i.argval for i in instructions if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inner = (_globals(part) for part in code.co_consts if isinstance(part, CodeType))
    return names.union(*inner)


def _usual_dialect(submission: parts.Submission) -> str | None:
    """The dialect of most functions whose arguments tell it; None if there are none."""
    recognised = [recognition.recognise(d) for d in submission.definitions.values()]
    told = [r.function.dialect for r in recognised if r and r.function.name not in IN_BOTH]
    return max(dialects.DIALECTS, key=told.count) if told else None
