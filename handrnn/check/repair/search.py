"""Mends a function of a submission: the smallest change of its own lines that makes it right.

What a right program computes is known (`quantities`), so a statement that computes nothing of it is
suspected, and a small change of its expression after which it computes something is worth a run of
the whole. What is a matter of statements (`structure`) is tried by running it. A change is kept if
more becomes right; the budget counts candidates, never seconds.
"""

import ast
import builtins
import contextlib
import difflib
import types
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..judge import target
from ..probe import probes
from . import formulas, quantities, structure, texts, trials

MOST_RUNS = 800  # of the whole function
MOST_EVALUATED = 20_000  # expressions
MOST_CHANGES = 12  # of one function
MOST_OPERANDS = 40
MOST_LOCAL = 40  # of one expression
FIRST, FEW, SHARE = 2, 12, 240
FEEDING = 3  # expressions that give a suspect its values
HELD = 5  # cost of a quantity that there is already
BRANCHES = 3  # ways to go on that are tried where results alone do not say which
CHANGING = {"append", "appendleft", "clear", "extend", "fill", "insert", "pop", "popleft"}
CHANGING |= {"popitem", "remove", "reverse", "setdefault", "sort", "update"}
SEED = 11  # that nothing is judged on
SIZES = (3, 6, 5, 2)  # B, I, H, Y


@dataclass(frozen=True)
class Mended:
    """What makes a function right.

    Attributes
    ----------
    changes : in the order in which they were found
    texts : of the definitions, with all of them
    right : (before, after) and of how many results are right
    whole : everything is right
    """

    changes: tuple[texts.Change, ...]
    texts: dict[str, str]
    right: tuple[float, float, int]
    whole: bool


@dataclass
class Search:
    """The search for one function."""

    bench: trials.Bench
    probe: probes.Probe
    known: quantities.Quantities
    evaluated: int = 0
    tried: dict[tuple, trials.Score] = field(default_factory=dict)
    makes: dict[tuple, frozenset] = field(default_factory=dict)  # what a change computes
    any_shape: bool = False  # a shape is wrong, so those of operands say nothing

    # what a text is worth

    def score(self, changed: dict[str, str]) -> trials.Score:
        """How right these texts are; each is run once."""
        key = tuple(changed.values())
        if key not in self.tried:
            self.tried[key] = self.bench.score(changed, self.probe)
        return self.tried[key]

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.bench.runs >= MOST_RUNS or self.evaluated >= MOST_EVALUATED

    def mend(self) -> Mended | None:
        """The changes that make it right, or some of it; None if nothing helps."""
        start = dict(self.bench.sources)
        first = self.score(start)
        if first.right:  # it is not its results that are wrong
            self.bench.harm = True
            self.tried.clear()
            first = self.score(start)
        if first.right:
            return None
        changes, changed, score = self._go_on(start, first, ())
        if not changes:
            return None
        if len(changes) > 1:
            changed = self._fewer(start, changed, score)
            whole = "\n".join(changed.values())
            changes = tuple(change for change in changes if change.new in whole) or changes
        return Mended(changes, changed, (first.results, score.results, score.of), score.right)

    def _go_on(
        self, changed: dict[str, str], score: trials.Score, before: tuple[texts.Change, ...]
    ) -> Any:
        """Depth first: the change that mends most, then what is still wrong."""
        best = (before, changed, score)
        if score.right or len(before) >= MOST_CHANGES:
            return best
        for change in self.steps(changed, score, before)[: 1 if before else BRANCHES]:
            after = changed | {change.definition: change.applied(changed[change.definition])}
            found = self._go_on(after, self.score(after), (*before, change))
            if found[2].rank > best[2].rank:
                best = found
            if best[2].right or self.spent:
                break
        return best

    def _fewer(
        self, start: dict[str, str], changed: dict[str, str], score: trials.Score
    ) -> dict[str, str]:
        """The same without the changed lines that are not needed."""
        for name in start:
            for fewer in texts.without_one(start[name], changed[name]):
                other = changed | {name: fewer}
                if self.score(other).rank >= score.rank:
                    return self._fewer(start, other, score)
        return changed

    # candidates

    def steps(
        self, changed: dict[str, str], score: trials.Score, before: Sequence[texts.Change] = ()
    ) -> list[texts.Change]:
        """Changes after which more is right, the best first."""
        at = self._round(changed, score, before)
        stages = (
            self._misspelt,
            self._again,
            self._near,
            self._handed_on,
            self._further,
            self._elsewhere,
            self._equations,
            self._mixed,
            self._statements,
            self._at_last,
        )
        found: list[texts.Change] = []
        for stage in stages:
            more = stage(at)
            if found and more:
                more = sorted((*found, *more), key=lambda change: self._rank(at, change))
            found = more or found
            if found and (stage not in (self._near, self._again) or self._one_more(at, found)):
                break
        return found

    def _one_more(self, at: "Round", found: Sequence[texts.Change]) -> bool:
        """Whether a change makes a whole result right."""
        made = max((self.score(at.after(change)) for change in found), key=lambda one: one.rank)
        return made.right or made.results >= at.score.results + 1

    def _rank(self, at: "Round", change: texts.Change) -> tuple:
        """What is right with a change, and how small it is: the least first."""
        made = self.score(at.after(change))
        return *(-part for part in made.rank), made.notes, change.cost

    def _round(
        self, changed: dict[str, str], score: trials.Score, before: Sequence[texts.Change]
    ) -> "Round":
        """What is known of these texts before anything is changed."""
        statements = self.bench.trace(changed, self.probe)
        views = {name: texts.Text(name, text) for name, text in changed.items()}
        self.any_shape = score.problems > 0 or score.line is not None
        places = [
            Place(one, views[one.definition], root)
            for one in statements
            for root in views[one.definition].roots_of(one)
        ]
        for place in places:
            place.values = self._values(place.statement, place.view.of_root(place.root))
        guilty = [place for place in places if self._may_be_guilty(place, changed, score)]
        suspects = [place for place in guilty if place.first_wrong is not None]
        suspects.sort(key=lambda place: place.first_wrong or 0)
        if score.line is not None:
            name, line = score.line
            suspects.sort(key=lambda place: not place.at(name, line))
        others = [place for place in guilty if place.first_wrong is None and score.line is None]
        return Round(changed, score, before, statements, views, places, guilty, suspects, others)

    # the stages: each gives the changes that help, the best first; none if it knows of none

    def _misspelt(self, at: "Round") -> list[texts.Change]:
        """Where it stops at something that does not exist: what does, the most similar first."""
        if at.score.line is None:
            return []
        name, line = at.score.line
        ran = [one for one in at.statements if one.definition == name]
        if name not in at.views or not ran:
            return []
        view, names = at.views[name], ran[-1].before[-1]
        found = [
            texts.Change(name, ((*view.span(node), new),), "name", 1, view.of(node), new)
            for node in view.at_line(line)
            for new in self._instead(view, node, names)
        ]
        return self._better(at, found, at_once=True)

    def _instead(self, view: texts.Text, node: ast.AST, names: Mapping[str, Any]) -> list[str]:
        """What can stand for a name, an attribute or a key that does not exist."""
        lead = end = own = ""
        known: Iterable[Any] = ()
        if isinstance(node, ast.Name):
            mine = {f"self.{n}" for n in dir(names["self"])} if "self" in names else set()
            own, known = node.id, {*names, *self.bench.own, *dir(builtins)} | mine
        elif isinstance(node, ast.Attribute):
            value = self.bench.evaluated(view.of_root(node.value), names)
            lead, own = f"{view.of(node.value)}.", node.attr
            known = () if isinstance(value, Exception) else dir(value)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            value = self.bench.evaluated(view.of_root(node.value), names)
            quote = view.of(node.slice)[0]
            lead, own, end = f"{view.of(node.value)}[{quote}", node.slice.value, f"{quote}]"
            known = value if isinstance(value, dict) else ()
        if own in known or not isinstance(own, str):
            return []
        alike = lambda other: -difflib.SequenceMatcher(None, own, other).ratio()  # noqa: E731
        usual = sorted(n for n in known if isinstance(n, str) and "__" not in n)
        return [lead + other + end for other in sorted(usual, key=alike)[:FEW]]

    def _again(self, at: "Round") -> list[texts.Change]:
        """What has just helped, at other statements."""
        last = at.before[-1] if at.before else None
        if last is None or last.kind not in ("added-up", "assigned", "copy"):
            return []
        return self._better(at, [c for c in self._structure(at, ()) if c.kind == last.kind])

    def _near(self, at: "Round") -> list[texts.Change]:
        """At the first statements that go wrong, and at those that give them their values."""
        for suspect in at.suspects[:FIRST] if at.score.line is not None else ():
            if better := self._better(at, self._local(suspect, plain=True)):
                return better
        for suspect in at.suspects[:FIRST]:
            feeding = [place for place in at.guilty if place.feeds(suspect)]
            feeding.sort(key=lambda place: -place.statement.node.lineno)
            found: list[texts.Change] = []
            for place in (*feeding[:FEEDING], suspect):
                if id(place) not in at.local:
                    at.local[id(place)] = [*self._local(place)]
                    found += self._better(at, at.local[id(place)])
                    found += self._better(at, self._own_statement(place))
            if found:
                return sorted(found, key=lambda change: self._rank(at, change))
        return []

    def _own_statement(self, place: "Place") -> list[texts.Change]:
        """What an assignment does with its value."""
        node = place.view.node(place.statement.node)
        return [*structure.of_statement(place.view, node)]

    def _handed_on(self, at: "Round") -> list[texts.Change]:
        """Where the first time step is right and a later one is not: what is handed on."""
        if not any(place.known for place in at.suspects):
            return []
        kinds = {"carry", "added-up", "direction", "copy", "exchanged", "unpacking-order"}
        kinds |= {"condition", "axes"}
        found = [change for change in self._structure(at, ()) if change.kind in kinds]
        return self._better(at, found[:SHARE], at_once=True)

    def _further(self, at: "Round") -> list[texts.Change]:
        """With which all is right for longer, though no result is yet."""
        if not at.suspects:
            return []
        near = [change for changes in at.local.values() for change in changes[:FEW]]
        near = [change for change in near if change.cost < HELD]
        found = []
        for change in [*near, *self._formulas(at.suspects[0])]:
            if not self.spent:
                after = at.after(change)
                if self.score(after).rank >= at.score.rank:
                    when, wrong = self._goes_right(after)
                    idle = not self._is_missing(at, change)
                    found.append((-when, idle, wrong, change.cost, len(found), change))
        found = [one for one in found if -one[0] > (at.suspects[0].first_wrong or 0)]
        found.sort(key=lambda one: one[:5])
        return [change for *_, change in found]

    def _is_missing(self, at: "Round", change: texts.Change) -> bool:
        """Whether a change computes what is there nowhere, and what uses it is not either."""
        cell = self.bench.one.function.cell
        uses = formulas.uses(cell) if cell in formulas.GATES else {}
        there = {n for place in at.places for v in place.values if v for n, _ in v[0]}
        made = {name for name, _ in self.makes.get((change.definition, change.spans), ())}
        new = (uses[name] for name in made & set(uses) - there)
        return any(not users or users - there for users in new)

    def _elsewhere(self, at: "Round") -> list[texts.Change]:
        """At statements that compute something right, and perhaps the wrong one."""
        some = [place for place in at.others if id(place) not in at.local]
        few = max(FEW, SHARE // max(1, len(some)))
        found = [change for place in some for change in [*self._local(place)][:few]]
        return self._better(at, found[:SHARE])

    def _equations(self, at: "Round") -> list[texts.Change]:
        """The textbook's equations at the first statements that go wrong."""
        for place in at.suspects[:FIRST]:
            if better := self._better(at, self._formulas(place)):
                return better
        return []

    def _mixed(self, at: "Round") -> list[texts.Change]:
        """At statements that run more than once, for what is right as for what is wrong."""
        some = [p for p in at.places if p not in at.guilty and len(p.statement.before) > 1]
        some.sort(key=lambda place: place.first_wrong is None)
        found = [change for place in some for change in [*self._local(place)][:FEW]]
        return self._better(at, found[:SHARE])

    def _statements(self, at: "Round") -> list[texts.Change]:
        """Whole statements."""
        innocent = [place.statement.node for place in at.places if place not in at.guilty]
        return self._better(at, self._structure(at, innocent), at_once=True)

    def _at_last(self, at: "Round") -> list[texts.Change]:
        """At all other statements, and whatever an expression then computes."""
        for place in at.suspects[FIRST:]:
            if better := self._better(at, [*self._local(place), *self._formulas(place)]):
                return better
        for place in at.guilty:
            if better := self._better(at, self._unfiltered(place), at_once=True):
                return better
        return []

    def _structure(self, at: "Round", innocent: Sequence[ast.stmt]) -> Iterator[texts.Change]:
        """The changes of statements."""
        for view in at.views.values():

            def shapes(loop: Any, view: texts.Text = view) -> dict[str, tuple[int, ...]]:
                return self._shapes(at.statements, view, loop)

            yield from structure.changes(view, shapes, innocent)

    def _may_be_guilty(self, place: "Place", changed: dict[str, str], score: trials.Score) -> bool:
        """Whether nothing that is right depends on an expression, and something wrong does."""
        if score.line is not None or not score.outputs:
            return True
        start, end = place.view.span(place.root)
        own = place.view.of(place.root)
        other = place.view.text[:start] + f"__other__({own})" + place.view.text[end:]
        made = self.bench.score(changed | {place.view.name: other}, self.probe)
        if made.line is not None or not made.outputs:
            return True
        moved = {
            name
            for name, value in score.outputs.items()
            if not np.array_equal(value, made.outputs.get(name, value), equal_nan=True)
        }
        return not moved - score.wrong and (bool(moved) or not score.wrong)

    def _shapes(
        self, statements: Sequence[trials.Statement], view: texts.Text, loop: Any
    ) -> dict[str, tuple[int, ...]]:
        """The shapes of arrays that can be seen at the end of a loop."""
        inside = {(n.lineno, n.col_offset) for n in ast.walk(loop) if isinstance(n, ast.stmt)}
        found: dict[str, tuple[int, ...]] = {}
        for one in statements:
            if one.definition == view.name and (one.node.lineno, one.node.col_offset) in inside:
                values = one.before[-1].items()
                found |= {n: np.shape(v) for n, v in values if isinstance(v, np.ndarray)}
        return found

    def _goes_right(self, changed: dict[str, str]) -> tuple[float, int]:
        """When it computes something that is nothing known for the first time, and how often."""
        views = {name: texts.Text(name, text) for name, text in changed.items()}
        least, wrong = float("inf"), 0
        statements = self.bench.trace(changed, self.probe)
        for one in statements:
            view = views[one.definition]
            for root in view.roots_of(one):
                values = self._values(one, view.of_root(root))
                known = _leading(values)
                if known < len(one.when):
                    least = min(least, one.when[known])
                    wrong += 1
        return (least, wrong) if statements else (0, 0)

    def _better(
        self, at: "Round", candidates: Iterable[texts.Change], at_once: bool = False
    ) -> list[texts.Change]:
        """Those of the candidates that make more right, the best and smallest first."""
        found = []
        for change in candidates:
            if self.spent:
                break
            made = self.score(at.after(change))
            if made.rank > at.score.rank:
                found.append(change)
                if at_once and made.right and change.cost <= 1:
                    break
        return sorted(found, key=lambda change: self._rank(at, change))

    def _values(self, statement: trials.Statement, text: str, least: int = 0) -> list[Any]:
        """What an expression is, each time that its statement ran; None where it is nothing known.

        Parameters
        ----------
        statement, text : the expression
        least : it is given up where it is nothing before that many
        """
        try:
            code = compile(text, "<expression>", "eval")
        except (SyntaxError, ValueError):
            return [None]
        found: list[Any] = []
        self.evaluated += 1
        for names in statement.before:
            value = self.bench.evaluated(code, names)
            known = None
            if not isinstance(value, Exception):
                known = _trivial(value) or trials.recognised(value, self.known)
            found.append(
                known
                and (known, np.shape(value) if isinstance(value, np.ndarray) else (), _mark(value))
            )
            if known is None and len(found) <= least:
                break
        return found

    def _around(
        self, statement: trials.Statement, view: texts.Text, plain: bool = False
    ) -> texts.Around:
        """What can be put into the expressions of a statement; no operands if it is plain."""
        names = statement.before[-1]
        operands: dict[Any, tuple[str, tuple[int, ...]]] = {}
        for text in self._fragments(statement, view) if not plain else ():
            seen = [self._seen(text, at) for at in (names, statement.before[0])]
            if seen != [None, None]:
                its_shape = next(one[0] for one in seen if one is not None)
                operands.setdefault(tuple(seen), (text, its_shape))
        space = self.bench.space
        np_name = next((n for n, v in space.items() if v is np), "np")
        functions = [f"{np_name}.tanh", *(n for n in self._functions(view) if n != "tanh")]
        integers = [n for n, v in names.items() if type(v) is int]
        keys = {
            view.of(n)
            for n in ast.walk(view.tree)
            if isinstance(n, ast.Constant)
            and isinstance(n.value, str)
            and n.value.isidentifier()
            and len(n.value) < 12
        }
        shapes: dict[str, Any] = {}

        def shape(text: str) -> tuple[int, ...] | None:
            if self.any_shape:
                return None
            if text not in shapes:
                value = self.bench.evaluated(f"({text}\n)", names)
                known = isinstance(value, Exception) or np.isscalar(value)
                shapes[text] = (
                    np.shape(value) if isinstance(value, np.ndarray) else None if known else (-1,)
                )
            return shapes[text]

        chosen = dict([*operands.values()][:MOST_OPERANDS])
        return texts.Around(chosen, functions, np_name, (*integers, *sorted(keys)), shape)

    def _seen(self, text: str, names: Mapping[str, Any]) -> tuple[Any, tuple] | None:
        """The shape and the looks of an operand; None of what is not an array, or all zero."""
        value = names.get(text) if text.isidentifier() else self.bench.evaluated(text, names)
        found = quantities.sums(value)
        if value is None or found is None:
            return None
        return np.shape(value), quantities.looks(found)

    def _functions(self, view: texts.Text) -> list[str]:
        """Functions of one argument that the submission has."""
        found = []
        for name in ("sigmoid", "tanh", "softmax", *self.bench.sources):
            value = self.bench.space.get(name)
            own = isinstance(value, types.FunctionType) and value.__code__.co_argcount == 1
            if own or isinstance(value, np.ufunc):
                found.append(name)
        return [*dict.fromkeys(found)]

    def _fragments(self, statement: trials.Statement, view: texts.Text) -> list[str]:
        """Texts of what can stand for an array at a statement: names first, the nearest first."""
        names = statement.before[-1]
        found = [
            n for n in names if isinstance(names[n], np.ndarray) or hasattr(names[n], "detach")
        ]
        mine = names.get("self")
        if mine is not None:
            with contextlib.suppress(TypeError):
                found += [f"self.{n}" for n, v in vars(mine).items() if isinstance(v, np.ndarray)]
        said = view.of(view.node(statement.node))
        dicts = [name for name, value in names.items() if isinstance(value, dict)]
        dicts.sort(key=lambda name: f"{name}[" not in said)
        quote = '"' if view.text.count('["') > view.text.count("['") else "'"
        for name in dicts:
            keys = [key for key in names[name] if isinstance(key, str)][:16]
            found += [f"{name}[{quote}{key}{quote}]" for key in keys]
        for node in ast.walk(view.tree):
            if isinstance(node, ast.Subscript | ast.Attribute | ast.Call) and isinstance(
                getattr(node, "ctx", ast.Load()), ast.Load
            ):
                text = view.of(node)
                if len(text) < 40 and "\n" not in text and not _changes_something(node):
                    found.append(text)
        return [*dict.fromkeys(found)]

    def _local(self, place: "Place", plain: bool = False) -> Iterator[texts.Change]:
        """Changes of an expression after which it computes something right for longer."""
        around = self._around(place.statement, place.view, plain)
        start, end = place.view.span(place.root)
        found, seen, own = [], set(), place.known
        for change in texts.variants(place.view, place.root, around):
            if self.spent:
                break
            new = change.applied(place.view.text)
            text = new[start : end + len(new) - len(place.view.text)]
            if text in seen:
                continue
            seen.add(text)
            values = self._values(place.statement, f"({text}\n)", own)
            shorter = change.kind.endswith("too-many")
            if (distance := _hopeful(values, place.values, shorter)) is not None:
                more = HELD * self._held(place, values)
                more += 0.5 * isinstance(place.statement.node, ast.Return)
                new = replace(change, cost=change.cost + more)
                self.makes[new.definition, new.spans] = _first_other(values, place.values)
                cost = new.cost + distance + 0.01 * len(change.new)
                found.append((cost, len(found), _added_up(place, new)))
        found.sort(key=lambda one: one[:2])
        yield from (change for *_, change in found[:MOST_LOCAL])

    def _held(self, place: "Place", values: Sequence[Any]) -> bool:
        """Whether a value is a name's already, or only a part of what is wanted."""
        first = next(
            (k for k, (a, b) in enumerate(zip(values, place.values, strict=False)) if a != b), 0
        )
        what = {name for name in values[first][0] if _is_named(name[0])}
        if not what:
            return True
        names = place.statement.before[first]
        read = {
            n.id
            for n in ast.walk(place.statement.node)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        held = (self.known.of(value) for name, value in names.items() if name not in read)
        return any(what & one for one in held)

    def _unfiltered(self, place: "Place") -> Iterator[texts.Change]:
        """Changes of an expression, whatever it then computes."""
        for change in texts.variants(
            place.view, place.root, self._around(place.statement, place.view)
        ):
            if change.kind not in ("factor-missing", "term-missing") and change.cost <= 1.3:
                yield change

    def _formulas(self, place: "Place") -> Iterator[texts.Change]:
        """The textbook's own equations in the submission's names."""
        fragments = self._fragments(place.statement, place.view)
        one = self.bench.one
        for new in formulas.written(one, place.statement, fragments, self.bench, self.known):
            values = self._values(place.statement, new, place.known)
            if _leading(values) > place.known and not self._held(place, values):
                start, end = place.view.span(place.root)
                own = place.view.of(place.root)
                cost = 3 + 2 * (1 - difflib.SequenceMatcher(None, own, new).ratio())
                span = (start, end, new)
                self.makes[place.view.name, (span,)] = values[place.known][0]
                yield texts.Change(place.view.name, (span,), "formula", cost, own, new)


@dataclass
class Round:
    """Texts that are not right yet, and what is known of them.

    Attributes
    ----------
    changed, score : the texts, and how right they are
    before : the changes that led to them
    statements, views, places : what ran, the texts, and their expressions
    guilty : expressions on which nothing that is right depends
    suspects : those of them that compute nothing known, the first to do so first
    others : those that do
    local : by the id of a place, its changes
    """

    changed: dict[str, str]
    score: trials.Score
    before: Sequence[texts.Change]
    statements: list[trials.Statement]
    views: dict[str, texts.Text]
    places: list["Place"]
    guilty: list["Place"]
    suspects: list["Place"]
    others: list["Place"]
    local: dict[int, list[texts.Change]] = field(default_factory=dict)

    def after(self, change: texts.Change) -> dict[str, str]:
        """The texts with a change."""
        new = change.applied(self.changed[change.definition])
        return self.changed | {change.definition: new}


@dataclass(eq=False)
class Place:
    """An expression of a statement, and what it is each time that the statement runs."""

    statement: trials.Statement
    view: texts.Text
    root: ast.expr
    values: list[Any] = field(default_factory=list)

    def feeds(self, other: "Place") -> bool:
        """Whether it gives a name its value that another expression uses."""
        targets = getattr(self.statement.node, "targets", ())
        stored = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        read = {n.id for n in ast.walk(other.root) if isinstance(n, ast.Name)}
        return self.view is other.view and bool(stored & read)

    @property
    def known(self) -> int:
        """How many times in a row, from the first on, it is something that is known."""
        return _leading(self.values)

    @property
    def first_wrong(self) -> int | None:
        """When it is nothing known for the first time."""
        return None if self.known == len(self.values) else self.statement.when[self.known]

    def at(self, name: str, line: int) -> bool:
        """Whether it stands at a line."""
        node = self.statement.node
        return self.view.name == name and node.lineno <= line <= (node.end_lineno or line)


def _changes_something(node: ast.AST) -> bool:
    """Whether a call is of a method that changes what it belongs to."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in CHANGING


def _is_named(name: str) -> bool:
    """Whether a quantity has a name of its own: it is not only a part of an equation."""
    return all(part.isidentifier() for word in name.split(" ") for part in word.split("+"))


def _added_up(place: "Place", change: texts.Change) -> texts.Change:
    """A sum with what the statement assigns to, as it is written: ``+=``."""
    node = place.statement.node
    if change.kind != "term-missing" or not isinstance(node, ast.Assign) or len(node.targets) > 1:
        return change
    own, target = place.view.of(place.root), place.view.of(place.view.node(node.targets[0]))
    if change.old != own or change.new != f"{own} + {target}":
        return change
    start, _ = place.view.span(place.view.node(node.targets[0]))
    _, end = place.view.span(place.root)
    new = f"{target} += {own}"
    return texts.Change(
        change.definition, ((start, end, new),), "added-up", 1, f"{target} = {own}", new
    )


def _hopeful(new: Sequence[Any], old: Sequence[Any], shorter: bool = False) -> float | None:
    """Whether an expression is something else that is known, where it differs first.

    How far that is: nearest are the same quantity of another time step, and the first known one.
    Zeros are known only if they come of a part taken away.
    """
    pairs = enumerate(zip(new, old, strict=False))
    first = next((k for k, (one, other) in pairs if one != other), None)
    if first is None or new[first] is None:
        return None
    if new[first][0] == {("", 0)} and not shorter:
        return None
    if old[first] is None:
        return 0.0
    (what, shape, _), (before, former, _) = new[first], old[first]
    same = {name for name, _ in what} & {name for name, _ in before}
    return (0.3 if same else 0.6) + 0.3 * (bool(former) and shape != former)


def _first_other(new: Sequence[Any], old: Sequence[Any]) -> frozenset:
    """What an expression is where it differs first."""
    pairs = zip(new, old, strict=False)
    return next((one[0] for one, other in pairs if one and one != other), frozenset())


def _mark(value: Any) -> str:
    """What differs where the entries of an array stand in another order."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size > 10**4:
        return ""
    return f"{float(value.ravel() @ np.cos(np.arange(value.size))):.5g}"


def _leading(values: Sequence[Any]) -> int:
    return next((k for k, value in enumerate(values) if value is None), len(values))


def _trivial(value: Any) -> frozenset | None:
    """What is not an array of numbers, and so neither right nor wrong; zeros and ones."""
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        numbers: Any = value
        found = np.asarray(numbers.detach() if hasattr(value, "detach") else value)
        if found.dtype.kind == "f" and found.size:
            return (
                frozenset({("", 0)})
                if (found == found.flat[0]).all() and found.flat[0] in (0, 1)
                else None
            )
        return frozenset({("", 0)})
    if isinstance(value, tuple | list | dict):
        parts = list(value.values()) if isinstance(value, dict) else list(value)
        return frozenset({("", 0)}) if all(_trivial(part) for part in parts) else None
    if isinstance(value, float | np.floating):
        return None
    return frozenset({("", 0)})


def task(worker: Any, one: target.Target, way: str, sources: dict[str, str]) -> dict[str, Any]:
    """Mend one target, in the child; plain data.

    Where right functions beside it do not help, perhaps the author's own do.
    """
    found = _tried(worker, one, way, sources)
    if way == "alone" and one.uses and not found["whole"]:
        other = _tried(worker, one, "own", sources)
        return other if other["whole"] else found
    return found


def _tried(worker: Any, one: target.Target, way: str, sources: dict[str, str]) -> dict[str, Any]:
    own = trials.Bench(worker, one, way, sources)
    sizes = dict(one.match.dialect.sizes)
    chosen = tuple(({"B": 3, "I": 5, "H": 4, "Y": 2} | sizes)[k] for k in "BIHY") if sizes else None
    T = next(T for T in (4, 6, 7, 9) if T not in (chosen or SIZES))
    probe = probes.draw(SEED, T=T, sizes=chosen or SIZES)  # pyright: ignore
    known = quantities.of_target(one, probe)
    for arguments in own.given(probe):
        known.given(arguments)
    search = Search(own, probe, known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what it tries
        found = search.mend()
    stats = {"runs": own.runs, "evaluated": search.evaluated}
    if found is None:
        return {"changes": [], "texts": {}, "right": (0, 0, 0), "whole": False, **stats}
    whole = found.whole and all(own.score(found.texts, other).right for other in unseen(chosen))
    changes = [(c.definition, c.kind, c.old, c.new) for c in found.changes]
    return {"changes": changes, "texts": found.texts, "right": found.right, "whole": whole, **stats}


def unseen(sizes: Any) -> list[probes.Probe]:
    """Probes of other sizes that no repair has seen."""
    if sizes:
        return [probes.draw(seed, T=T, sizes=sizes) for seed, T in ((12, 6), (13, 1), (14, 3))]
    return [
        probes.draw(12),
        probes.draw(13, T=1, sizes=(1, 3, 2, 3)),
        probes.draw(14, square=True, T=3),
    ]
