"""A function of a submission, run again and again with changes in its text.

All of it happens in the child process in which the submission runs (`run.child`): the same calls as
in its judgement, on other numbers, held against the textbook in the same way.
"""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..judge import runs, target
from ..probe import probes
from ..run import codec, runner
from . import quantities, texts

MOST_TICKS = 5000  # passes through loops in one run
LARGEST = 12  # times that a statement is looked at, and entries of a container

Texts = Mapping[str, str]  # of each definition that may be changed


class TooLongError(RuntimeError):
    """A run goes through more loops than any right one would."""


@dataclass(frozen=True)
class Score:
    """How right a run is.

    Attributes
    ----------
    results : results that are right, parts of those that are right in some time steps
    of : how many there are
    problems : what breaks the contract of the function
    line : (definition, line) at which it stopped, None if it returned
    """

    results: float
    of: int
    problems: int = 0
    line: tuple[str, int] | None = None
    error: str = ""
    wrong: frozenset[str] = frozenset()
    notes: int = 0
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def right(self) -> bool:
        """Whether everything is."""
        return self.results == self.of and not self.problems and self.line is None

    @property
    def rank(self) -> tuple[bool, float, int]:
        """By which runs are compared."""
        return self.line is None, round(self.results, 6), -self.problems


@dataclass
class Statement:
    """A statement of the submission, and what it has been in one run.

    Attributes
    ----------
    definition : in whose text it stands
    node : its syntax
    roots : the expressions whose values it uses
    before : the names that it could see, at each time it ran
    when : the number of each of these among all that ran
    """

    definition: str
    node: ast.stmt
    roots: list[ast.expr]
    before: list[dict[str, Any]]
    when: list[int] = field(default_factory=list)


class Bench:
    """The calls that judge one target, ready to be made with its text changed.

    Parameters
    ----------
    worker : `run.child.Worker` in whose process this is
    one, way : the target, and the way in which it was judged
    sources : the text of each definition that may be changed
    """

    def __init__(self, worker: Any, one: target.Target, way: str, sources: Texts) -> None:
        self.worker = worker
        self.one = one
        self.way = way
        self.sources = dict(sources)
        self.partners = "right" if way == "alone" else "own"
        self.runs = 0
        self.ticks = 0
        self.harm = False  # whether a changed argument counts as a problem
        self.harmed = 0
        self.compiled: dict[tuple[str, str, bool], Any] = {}
        self.planned: dict[int, tuple[runs.Run, list[dict[str, Any]]]] = {}
        self.scope = worker.program.scope(worker.partners)
        if self.partners == "right":
            self.scope.stand_in(one.called)
        self.space = self.scope.namespace
        for name in self._right_steps():
            self.space[name] = _remembered(self.space[name])
        self.own = dict(self.space)

    def _right_steps(self) -> list[str]:
        """The right functions of a single step backward that it calls: they only compute."""
        if self.partners != "right":
            return []
        known = self.one.match.dialect.functions
        called = self.worker.partners.called.items()
        of = {name: known[theirs].kind for name, theirs in called if theirs in known}
        steps = [n for n, kind in of.items() if kind == "cell_backward" and n in self.space]
        return [n for n in steps if n != self.one.called]

    # running

    def plan(self, probe: probes.Probe) -> tuple[runs.Run, list[dict[str, Any]]]:
        """The calls on a probe, and the steps that make them."""
        if id(probe) not in self.planned:
            plan = runs._Plan()
            made = plan._run(self.one, "own", probe, self.partners, chained=self.way == "chain")
            steps = plan.steps[self.one.match.dialect.name]
            self.planned[id(probe)] = (made, [runner._job_of(step, True) for step in steps])
        return self.planned[id(probe)]

    def given(self, probe: probes.Probe) -> list[Any]:
        """What the calls on a probe are given."""
        return [step["arguments"] for step in self.plan(probe)[1]]

    def values(self, changed: Texts, probe: probes.Probe, traced: Any = None) -> dict[str, Any]:
        """What each step returns; whatever is raised is raised."""
        _, steps = self.plan(probe)
        self._define(changed, traced)
        worker, kept = self.worker, {}
        worker.kept, self.ticks, self.harmed = kept, 0, 0
        self.runs += 1
        for step in steps:
            worker.callees[step["id"]] = ""
            where = step["target"]
            call = self.space[where] if isinstance(where, str) else None
            call = call or getattr(worker._at(where[1]), where[2])
            asked = worker._given(step, "arguments")
            given = self._fresh(asked)
            self.scope.supply({})
            kept[step["id"]] = call(*given)
            self.harmed += self.harm and _changed(asked, given)
        return kept

    def _fresh(self, given: list[Any]) -> list[Any]:
        """Copies of arguments: a run may change them."""
        memo: dict[int, Any] = {}
        copied = copy.deepcopy(given, memo)
        if self.worker.partners is not None:
            self.worker.partners.copied(memo)
        return copied

    def score(self, changed: Texts, probe: probes.Probe) -> Score:
        """How right it is with these texts."""
        planned, _ = self.plan(probe)
        expected = self.one.expected(probe)
        try:
            with np.errstate(all="ignore"):
                kept = self.values(changed, probe)
        except SyntaxError as error:
            return Score(-1, len(expected), line=("", error.lineno or 0))
        except Exception as error:
            return Score(0, len(expected), 0, _line(error), f"{type(error).__name__}: {error}")
        try:
            outcomes = {
                id: runner.Outcome(id, runner.RETURNED, codec.decode(*codec.encode(value)))
                for id, value in kept.items()
            }
            trial = runs._trial(planned, outcomes)
        except Exception as error:  # what came back cannot be taken apart
            return Score(0, len(expected), 1, None, str(error))
        return self._scored(trial, probe, expected)

    def _scored(self, trial: runs.Trial, probe: probes.Probe, expected: Mapping[str, Any]) -> Score:
        assert trial.flat is not None
        right = 0.0
        for one in trial.differences:
            right += 1.0 if one.passed else 0.5 * self._share(one.name, trial, expected[one.name])
        right_ones = {one.name for one in trial.differences if one.passed}
        wrong = frozenset(expected) - right_ones
        return Score(
            right,
            len(expected),
            len(trial.flat.problems) + self.harmed,
            wrong=wrong,
            notes=len(trial.flat.notes),
            outputs=trial.flat.outputs,
        )

    def _share(self, name: str, trial: runs.Trial, reference: np.ndarray) -> float:
        """Which share of the time steps of a result is right."""
        axes = self.one.layout(name).axes
        ours = trial.flat.outputs[name] if trial.flat else reference
        if "time" not in axes or ours.shape != reference.shape:
            return 0.0
        axis = axes.index("time")
        off = np.moveaxis(np.abs(ours - reference), axis, 0).reshape(
            len(np.moveaxis(ours, axis, 0)), -1
        )
        scale = np.abs(np.moveaxis(reference, axis, 0)).reshape(len(off), -1).max(1) + 1e-300
        return float(np.mean(off.max(1) <= (1e-4 if self.one.says_single else 1e-9) * scale))

    # the program

    def _define(self, changed: Texts, traced: Any) -> None:
        """The submission's definitions, with these texts instead of their own."""
        self.space.update(self.own)
        self.space["__tick__"] = self._tick
        self.space["__seen__"] = traced
        self.space["__other__"] = _other
        for name, text in changed.items():
            key = (name, text, traced is not None)
            if key not in self.compiled:
                tree: Any = ast.parse(text)
                if traced is not None:
                    tree = _Tracer(name).visit(tree)
                tree = ast.fix_missing_locations(texts.ticking(tree))
                self.compiled[key] = compile(tree, f"<text of {name}>", "exec")
            exec(self.compiled[key], self.space)

    def _tick(self) -> None:
        self.ticks += 1
        if self.ticks > MOST_TICKS:
            raise TooLongError("it goes through its loops for too long")

    def trace(self, changed: Texts, probe: probes.Probe) -> list[Statement]:
        """Every statement that ran, in the order in which they first did."""
        found: dict[tuple[str, int], Statement] = {}
        events = [0]
        nodes = {name: _statements(ast.parse(text)) for name, text in changed.items()}

        def seen(name: str, number: int, names: dict[str, Any]) -> None:
            node = nodes[name][number]
            one = found.setdefault(
                (name, number), Statement(name, node, list(texts.roots(node)), [])
            )
            events[0] += 1
            if len(one.before) < LARGEST:
                one.before.append(self._copied(names))
                one.when.append(events[0])

        try:
            with np.errstate(all="ignore"):
                self.values(changed, probe, seen)
        except Exception:
            pass  # as far as it came
        return list(found.values())

    def _copied(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """The values of names as they are now."""
        memo: dict[int, Any] = {}
        copied = {}
        for name, value in names.items():
            if not name.startswith("__"):
                try:
                    copied[name] = copy.deepcopy(value, memo)
                except Exception:
                    copied[name] = value
        if self.worker.partners is not None:
            self.worker.partners.copied(memo)
        return copied

    def evaluated(self, code: Any, names: Mapping[str, Any]) -> Any:
        """The value of an expression where these names can be seen; an Exception if it raises."""
        try:
            with np.errstate(all="ignore"):
                return eval(code, {**self.space, **names})
        except Exception as error:
            return error


def _changed(before: Any, after: Any) -> int:
    """How many arrays differ."""
    if isinstance(before, np.ndarray):
        return int(not np.array_equal(before, after, equal_nan=True))
    if isinstance(before, dict):
        return sum(_changed(part, after.get(name)) for name, part in before.items())
    if isinstance(before, tuple | list):
        return sum(_changed(a, b) for a, b in zip(before, after, strict=False))
    return 0


def _remembered(function: Callable) -> Callable:
    """The same function, computed once for equal arguments."""
    known: dict[Any, Any] = {}

    def remembered(*arguments: Any, **named: Any) -> Any:
        try:
            key = _key([arguments, sorted(named.items())])
        except TypeError:
            return function(*arguments, **named)
        if key not in known:
            known[key] = function(*arguments, **named)
        return copy.deepcopy(known[key])

    return remembered


def _key(value: Any) -> Any:
    """By which arguments are equal: arrays by their numbers, caches by what they hold."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, dict):
        return tuple((name, _key(part)) for name, part in value.items())
    if isinstance(value, tuple | list):
        return tuple(map(_key, value))
    if isinstance(value, int | float | str | None | np.floating):
        return value
    raise TypeError


def _line(error: BaseException) -> tuple[str, int] | None:
    """The innermost line of the texts that an exception passed through."""
    found, trace = ("", 0), error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith("<text of "):
            found = (file[len("<text of ") : -1], trace.tb_lineno)
        trace = trace.tb_next
    return found


def _statements(tree: ast.AST) -> list[ast.stmt]:
    """The simple statements of all functions in a tree, in the order of the text."""
    simple = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr
    inside = [
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in texts.within(function)
        if isinstance(node, simple)
    ]
    inside.sort(key=lambda node: (node.lineno, node.col_offset))
    return inside


class _Tracer(ast.NodeTransformer):
    """Puts ``__seen__(definition, number, locals())`` before every simple statement."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.numbers: dict[tuple[int, int], int] = {}

    def visit(self, node: ast.AST) -> Any:
        """The same tree; in the bodies of functions, each statement is announced."""
        if isinstance(node, ast.Module):
            found = _statements(node)
            self.numbers = {(n.lineno, n.col_offset): k for k, n in enumerate(found)}
        self.generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and not isinstance(node, ast.Module | ast.ClassDef):
                setattr(node, name, list(self._announced(body)))
        return node

    def _announced(self, body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
        for one in body:
            number = self.numbers.get((getattr(one, "lineno", -1), getattr(one, "col_offset", -1)))
            if number is not None and not isinstance(one, ast.FunctionDef | ast.For | ast.While):
                told = f"__seen__({self.name!r}, {number}, locals())"
                yield ast.parse(told).body[0]
            yield one


def recognised(value: Any, known: quantities.Quantities) -> frozenset | None:
    """What a value is of what a right program computes; None if it is nothing of it.

    Of several values together: what any of them is.
    """
    if isinstance(value, tuple | list):
        parts = [recognised(part, known) for part in value[:LARGEST]]
        return frozenset().union(*(part for part in parts if part)) or None
    if isinstance(value, dict):
        return recognised(list(value.values()), known)
    return frozenset(known.of(value)) or None


def _other(value: Any) -> Any:
    """A value that is not the same, so that what depends on it shows."""
    if isinstance(value, tuple | list):
        return type(value)(_other(part) for part in value)
    if isinstance(value, dict):
        return {key: _other(part) for key, part in value.items()}
    try:
        return value if isinstance(value, int | str) or value is None else value * 1.01 + 0.01
    except TypeError:
        return value
