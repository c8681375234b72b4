"""Which line of a submission a mistake is in: its own statements, read in the dialect's notation.

A submission has names of its own. How they come and go shows what they stand for: the entries
of the cache that is unpacked, ``parameters["Wf"]``, the keys of the gradients that are returned.
With these names put in, a statement can be held against a wrong line of the catalogue.
"""

import ast
import difflib
import io
import itertools
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..dialects import dialect as dialects
from ..report import data as report

DELTAS = {"ft": "dft", "it": "dit", "cct": "dcct", "ot": "dot"}
GATE_KEYS = {"f": "ft", "i": "it", "u": "it", "c": "cct", "g": "cct", "o": "ot"}
CARRIED = {"da_prev": "da_prevt", "dc_prev": "dc_prevt"}
LIKE = 0.65  # a line that is less like a wrong one is not it
MARGIN = 0.05  # nor is one that is as like it as another line
ROOM = {"zeros", "zeros_like", "empty", "empty_like"}
PLAIN = {"np", "numpy", "dot", "matmul", "copy"}  # says nothing about which line it is


@dataclass(frozen=True)
class Statement:
    """One assignment, return or loop head of a function.

    Attributes
    ----------
    number : of its line, in the file
    target : what it assigns, in the dialect's notation
    words : names, numbers and operators, in the dialect's notation
    looped : whether it is inside a loop
    """

    number: int
    target: str
    words: tuple[str, ...]
    looped: bool

    @property
    def empty(self) -> bool:
        """Whether it computes nothing: it makes room for a result, or hands it on."""
        return bool(ROOM & set(self.words)) or self.words == (self.target, "=", self.target)


@dataclass(frozen=True)
class Lines:
    """The lines of one function of a submission.

    Attributes
    ----------
    definition : of the function, see `loading`
    function : which function of a dialect it is
    order : the dialect's names of its arguments
    """

    definition: Any
    function: dialects.Function
    order: tuple[str, ...]

    @cached_property
    def statements(self) -> list[Statement]:
        """Everything that the function does, in the dialect's notation."""
        tree = _tree(self.definition.source)
        if tree is None:
            return []
        names = _Names(self.function, self.order, self.definition.arguments)
        names.learn(tree)
        first = self.definition.line - 1
        return [
            Statement(first + number, target, _words(text), looped)
            for number, target, text, looped in _statements(tree, names)
        ]

    @property
    def bound(self) -> set[str]:
        """The names that are the function's own: its arguments, and what it assigns."""
        nodes = list(ast.walk(_tree(self.definition.source) or ast.Pass()))
        stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return stored | {n.arg for n in nodes if isinstance(n, ast.arg)}

    def untaken(self, given: int) -> list[tuple[str, str]]:
        """Arguments that have a default and decide on a branch, each with the default.

        Parameters
        ----------
        given : how many arguments it is called with; it is those after them
        """
        tree = _tree(self.definition.source)
        if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
            return []
        positional = [*tree.args.posonlyargs, *tree.args.args]
        own = len(positional) - len(self.definition.arguments) + len(tree.args.kwonlyargs)
        defaults = zip(positional[::-1], tree.args.defaults[::-1], strict=False)
        left = {id(one) for one in positional[max(own, 0) + given :]}
        pairs = [(one.arg, value) for one, value in defaults if id(one) in left][::-1]
        named = zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True)
        pairs += [(one.arg, value) for one, value in named if value is not None]
        tests = [n.test for n in ast.walk(tree) if isinstance(n, ast.If | ast.IfExp)]
        asked = {n.id for test in tests for n in ast.walk(test) if isinstance(n, ast.Name)}
        return [(name, ast.unparse(v)) for name, v in pairs if name in asked]

    def closeness(self, mistake: report.Named) -> float:
        """How like the wrong line of a mistake the likeliest line of the function is."""
        return max((_likeness(s, mistake) for s in self.statements), default=0.0)

    def has(self, mistake: report.Named) -> bool:
        """Whether the weights that a mistake leaves out of a line are used in the function."""
        lost = set(_words(mistake.right)) - set(_words(mistake.wrong))
        taken = (s for call in self.function.calls for s in dialects.slots_in(call.takes))
        lost &= {slot.name for slot in taken if slot.gates}
        used = (set(s.words) for s in self.statements if not s.empty)
        return bool(lost) and lost <= set[str]().union(*used)

    def find(self, named: Sequence[report.Named], wrong: Sequence[str]) -> tuple[int, str]:
        """The number and the text of the line that a mistake is in, the first that can be told.

        Without a mistake that has a line of its own, or where one result alone is wrong: the last
        line that assigns the first wrong result. Where no line is likelier than all others, the
        head of the function.

        Parameters
        ----------
        named : the mistakes
        wrong : names of the results that are wrong
        """
        written = [line.strip() for line in self.definition.source.splitlines()]
        for mistake in named:
            if mistake.wrong and mistake.wrong in written:
                return self.definition.line + written.index(mistake.wrong), mistake.wrong
            likely = self._likely(mistake, wrong)
            if likely is not None:
                return likely, self.text(likely)
        told = len(wrong) > 1 and any(mistake.wrong for mistake in named)
        for name in () if told else wrong:
            plain = name.split(".")[-1]
            assigning = [s for s in self.statements if s.target == plain and not s.empty]
            if assigning:
                last = max(s.number for s in assigning)
                return last, self.text(last)
        return self.definition.line, self.text(self.definition.line)

    def _likely(self, mistake: report.Named, wrong: Sequence[str]) -> int | None:
        """The line that is most like the wrong line of a mistake, if there is no doubt about it."""
        likeness: dict[int, float] = {}
        for statement in self.statements if mistake.wrong else ():
            if not statement.empty:
                score = _likeness(statement, mistake)
                likeness[statement.number] = max(score, likeness.get(statement.number, score))
        order = sorted(likeness, key=lambda number: -likeness[number])
        if not order or likeness[order[0]] < LIKE:
            return None
        if len(order) > 1 and likeness[order[0]] < likeness[order[1]] + MARGIN:
            return None
        return self._before(order[0], wrong)

    def _before(self, number: int, wrong: Sequence[str]) -> int | None:
        """The line of what the gradients of three gates are computed from, if all are wrong.

        None if there are several such lines.
        """
        fed = [s for s in self.statements if s.target in ("dft", "dit", "dcct")]
        weights = [name for name in wrong if name.startswith("dW")]
        if number not in [s.number for s in fed] or len(fed) != 3 or len(weights) != 3:
            return number
        shared = set.intersection(*(set(s.words) for s in fed))
        before = [s.number for s in self.statements if s.target in shared] or [number]
        return before[0] if len(before) == 1 else None

    def using(self, names: Sequence[str]) -> str:
        """The first line of the function's body that looks one of these names up, or ""."""
        body = _tree(self.definition.source)
        if body is None:
            return ""
        found = [n.lineno for n in ast.walk(body) if isinstance(n, ast.Name) and n.id in names]
        return self.text(self.definition.line - 1 + min(found)) if found else ""

    def changing(self, arguments: Sequence[str]) -> str:
        """The first line that changes one of these arguments (the course's names), or ""."""
        given = zip(self.definition.arguments, self.order, strict=False)
        own = [name for (name, _), meant in given if meant in arguments]
        names = "|".join(map(re.escape, [*own, *arguments]))
        changed = rf"\b({names})\b(\[.*\])?\s*[-+*/]=|\b({names})\b\[.*\]\s*=(?!=)"
        return self._first(rf"{changed}|\bout=({names})\b")

    def _first(self, pattern: str) -> str:
        body = self.definition.source.splitlines()[1:]
        return next((line.strip() for line in body if re.search(pattern, line)), "")

    def text(self, number: int) -> str:
        """A line of the function, by its number in the file."""
        lines = self.definition.source.splitlines()
        k = number - self.definition.line
        return lines[k].strip() if 0 <= k < len(lines) else ""


def _tree(source: str) -> ast.stmt | None:
    """A definition, indented as a method is or not, with lines from 1; None if there is none."""
    head = "if True:\n" if source[:1].isspace() else ""
    try:
        tree = ast.parse(head + source).body[0]
    except (SyntaxError, IndexError):
        return None
    return ast.increment_lineno(tree.body[0], -1) if isinstance(tree, ast.If) else tree


def _given(function: dialects.Function) -> list[str]:
    """The dialect's names of what a function returns, its cache aside."""
    return [slot.name for slot in dialects.slots_in(function.itself.gives)]


def _cached(function: dialects.Function) -> tuple[str, ...]:
    """The entries of the prescribed cache of one step, the parameters aside."""
    bundle = function.cache_given or function.cache_taken
    return () if bundle is None else dialects.step_entries(bundle)


def _likeness(statement: Statement, mistake: report.Named) -> float:
    """How well a statement fits what is wrong with it, and better than what would be right."""
    right = _words(mistake.right)
    best = 0.0
    for part in mistake.wrong.split(";"):
        words = _words(part)
        score = _ratio(statement.words, words)
        score += 0.5 * (score - _ratio(statement.words, right))
        score += 0.5 * (bool(statement.target) and statement.target == _target(part))
        best = max(best, score)
    return best + 0.1 * statement.looped


def _ratio(ours: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    return difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _target(text: str) -> str:
    """What a line of the catalogue assigns."""
    found = re.match(r"\s*(\w+)(\[[^\]]*\])?\s*[-+*]?=(?!=)", text)
    return found[1] if found else ""


def _words(text: str) -> tuple[str, ...]:
    """The names, numbers and operators of a piece of code."""
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP):
                words.append(token.string)
            elif token.type == tokenize.STRING:
                words.append(token.string.strip("\"'"))
    except (tokenize.TokenError, SyntaxError):
        pass
    brackets = set("()[]{}@,.:")
    return tuple(word for word in words if word not in PLAIN and word not in brackets)


# ----------------------------------------------------------------------------- names and statements


class _Names(ast.NodeTransformer):
    """What the names of a submission stand for, in the dialect's notation."""

    def __init__(
        self,
        function: dialects.Function,
        order: Sequence[str],
        arguments: Sequence[tuple[str, bool]],
    ) -> None:
        self.function = function
        self.meaning: dict[str, str] = {}
        self.by_gate: set[str] = set()  # dicts with a letter a gate
        for (name, _), meant in zip(arguments, order, strict=False):
            self.meaning[name] = meant

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Put the course's name instead of the submission's."""
        return ast.Name(self.meaning.get(node.id, node.id), node.ctx)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """``parameters["Wf"]`` is Wf; ``gradients["dWf"]`` keeps what it is taken from."""
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            if isinstance(node.value, ast.Name) and node.value.id in self.by_gate:
                return ast.Name(self.of_gate(key.value), node.ctx)
            if not key.value.startswith("d"):
                return ast.Name(key.value, node.ctx)
            owner = ast.Name("gradients", ast.Load())
            return ast.Subscript(owner, key, node.ctx)
        return self.generic_visit(node)

    def text(self, node: ast.AST) -> str:
        """A node as text, in the dialect's notation."""
        again = ast.parse(ast.unparse(node))  # a copy, for this changes it
        return ast.unparse(ast.fix_missing_locations(self.visit(again)))

    def target(self, node: ast.AST) -> str:
        """What an assignment is to: a name, or the key of a dict."""
        while isinstance(node, ast.Subscript | ast.Attribute):
            key = node.slice if isinstance(node, ast.Subscript) else None
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                return key.value
            node = node.value
        return self.text(node)

    def of_gate(self, letter: str) -> str:
        """What a dict has for a gate: the gate, or the gradient of what goes into it."""
        gate = GATE_KEYS.get(letter, letter)
        return DELTAS.get(gate, gate) if self.function.kind.endswith("backward") else gate

    def has_gates(self, node: ast.AST) -> bool:
        """Whether it is ``{"f": ..., "i": ..., "c": ..., "o": ...}``."""
        if not isinstance(node, ast.Dict) or self.function.cell != "lstm":
            return False
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        return len(keys) == len(node.keys) == 4 and set(keys) <= set(GATE_KEYS)

    def learn(self, tree: ast.AST) -> None:
        """Gather what the names stand for, the surest first."""
        pairs = list(_assigned(tree))
        for target, value in pairs:
            if self.is_cache(value) and isinstance(target, ast.Name):
                self._mean(target.id, "cache")
            if self.has_gates(value) and isinstance(target, ast.Name):
                self.by_gate.add(target.id)
            self._unpacked(target, value)
            self._taken(target, value)
        for key, value in _entries(tree):
            if isinstance(value, ast.Name):
                self._mean(value.id, key)
        for node in ast.walk(tree):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                for one, name in zip(node.value.elts, _given(self.function), strict=False):
                    if isinstance(one, ast.Name):
                        self._mean(one.id, name)
            if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
                self._cached(node)
        gates = {own: gate for own, gate in self.meaning.items() if gate in DELTAS}
        for name in {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}:
            bare = re.sub(r"^(delta|grad|dz|d|z)_?(?=.)", "", name)
            if name not in self.meaning and bare in gates:
                self.meaning[name] = DELTAS[gates[bare]]

    def _mean(self, own: str, meant: str) -> None:
        if own != "_" and not keyword.iskeyword(own):
            self.meaning.setdefault(own, meant)

    def _unpacked(self, target: ast.AST, value: ast.AST) -> None:
        """``a_next, ..., parameters = cache``"""
        if isinstance(target, ast.Tuple) and not isinstance(value, ast.Tuple | ast.Call):
            self._cached(target)

    def is_cache(self, node: ast.AST) -> bool:
        """Whether a tuple is as long as the course's cache of a step."""
        names = _cached(self.function)
        return bool(names) and isinstance(node, ast.Tuple) and len(node.elts) == len(names) + 1

    def _cached(self, node: ast.Tuple) -> None:
        if self.is_cache(node):
            names = (*_cached(self.function), "parameters")
            for one, name in zip(node.elts, names, strict=True):
                if isinstance(one, ast.Name):
                    self._mean(one.id, name)

    def _taken(self, target: ast.AST, value: ast.AST) -> None:
        """``Wf = parameters["Wf"]``, ``carried = gradients["da_prev"]``"""
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Subscript):
            return
        key = value.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            meant = CARRIED.get(key.value, key.value)
            if meant in CARRIED.values() or not meant.startswith("d"):
                self._mean(target.id, meant)


def _assigned(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, value) of each assignment; tuples on both sides are taken apart."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _apart(target, node.value)
        elif isinstance(node, ast.AugAssign):
            yield node.target, node.value


def _apart(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if (
        isinstance(target, ast.Tuple)
        and isinstance(value, ast.Tuple)
        and len(target.elts) == len(value.elts)
    ):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


def _entries(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(key, value) of dicts that are written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value


def _statements(tree: ast.AST, names: _Names) -> Iterator[tuple[int, str, str, bool]]:
    """(line, target, text, whether in a loop) of what a function does."""
    looped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While)
        for inner in ast.walk(node)
        if inner is not node
    }
    for node in ast.walk(tree):
        inside = id(node) in looped
        if isinstance(node, ast.Assign):
            for target, given in itertools.pairwise([*node.targets, node.value]):
                for one, value in _apart(target, given):
                    name = names.target(one)
                    yield value.lineno, name, f"{name} = {names.text(value)}", inside
        elif isinstance(node, ast.AugAssign):
            yield node.lineno, names.target(node.target), names.text(node), inside
        elif isinstance(node, ast.Expr | ast.Return) and node.value is not None:
            yield node.lineno, "", names.text(node.value), inside
        elif isinstance(node, ast.For):
            text = f"for {names.text(node.target)} in {names.text(node.iter)}:"
            yield node.lineno, "", text, inside
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    name = names.of_gate(key.value) if names.has_gates(node) else key.value
                    yield value.lineno, name, f"{name} = {names.text(value)}", inside
        elif isinstance(node, ast.Tuple) and names.is_cache(node):
            yield node.lineno, "cache", f"cache = {names.text(node)}", inside
