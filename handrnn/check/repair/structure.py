"""Changes of a function's statements: what is carried, added up, copied, indexed, and when."""

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import texts

Change = texts.Change
Text = texts.Text

MOST_AXES = 4
Simple = ast.Assign | ast.AugAssign | ast.Expr | ast.AnnAssign


Shapes = Mapping[str, tuple[int, ...]]


def changes(
    text: Text, shapes: Callable[[ast.AST], Shapes], innocent: Sequence[ast.stmt]
) -> Iterator[Change]:
    """Every change of the statements of a definition that people need, the likely ones first.

    Parameters
    ----------
    text : of the definition
    shapes : those of the arrays that can be seen at the end of a loop
    innocent : statements on which something right depends: these are let be
    """
    free = {(node.lineno, node.col_offset) for node in innocent}
    functions = [n for n in ast.walk(text.tree) if isinstance(n, ast.FunctionDef)]
    for function in functions:
        yield from _of_statements(text, function, free)
    for function in functions:
        yield from _of_targets(text, function)
    for function in functions:
        for loop in (n for n in texts.within(function) if isinstance(n, ast.For | ast.While)):
            yield from _of_loop(text, function, loop, shapes(loop))
    for function in functions:
        yield from _of_order(text, function, free)
        yield from _of_arguments(text, function)


def _line(text: Text, node: ast.stmt, new: str, kind: str, cost: float = 1.0) -> Change:
    """A statement replaced."""
    start, end = text.span(node)
    return Change(text.name, ((start, end, new),), kind, cost, text.of(node), new)


def _after(text: Text, node: ast.stmt, new: str, kind: str, cost: float = 1.0) -> Change:
    """A line put after a statement, as deep as it is."""
    _, end = text.rows(node)
    before = "" if text.text[:end].endswith("\n") else "\n"
    row = f"{before}{text.indent(node)}{new}\n"
    return Change(text.name, ((end, end, row),), kind, cost, "", new)


def _before(text: Text, node: ast.stmt, new: str, kind: str, cost: float = 1.0) -> Change:
    start, _ = text.rows(node)
    return Change(text.name, ((start, start, f"{text.indent(node)}{new}\n"),), kind, cost, "", new)


def _gone(text: Text, node: ast.stmt, kind: str, cost: float = 1.5) -> Change:
    """A statement taken away."""
    return Change(text.name, ((*text.rows(node), ""),), kind, cost, text.of(node), "")


Places = set[tuple[int, int]]


def _of_arguments(text: Text, function: ast.FunctionDef) -> Iterator[Change]:
    """Copies of what a function is given, before it changes anything."""
    first = next((n for n in function.body if not _plain(n)), None)
    for argument in function.args.args if first is not None else ():
        if argument.arg != "self" and first is not None:
            new = f"{argument.arg} = {argument.arg}.copy()"
            yield _before(text, first, new, "copy", 1.5)


def _of_statements(text: Text, function: ast.FunctionDef, free: Places) -> Iterator[Change]:
    for node in texts.within(function):
        if isinstance(node, ast.If):
            yield from _tests(text, node.test)
            if not node.orelse:
                yield _always(text, node)
        if (node.lineno, node.col_offset) in free:
            continue
        yield from of_statement(text, node)


def of_statement(text: Text, node: ast.stmt) -> Iterator[Change]:
    """An assignment that adds up, multiplies or replaces, where it did something else."""
    if isinstance(node, ast.AugAssign):
        target, value = text.of(node.target), text.of(node.value)
        yield _line(text, node, f"{target} = {value}", "assigned", 1.1)
        for sign in ("+", "-", "*"):
            if sign != texts.SIGNS.get(type(node.op)):
                yield _line(text, node, f"{target} {sign}= {value}", "operator", 1.1)
        yield _line(
            text,
            node,
            f"{target} = {target} {texts.SIGNS.get(type(node.op), '+')} {value}",
            "in-place",
            1,
        )
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
        yield from _swapped(text, node.targets[0], "unpacking-order")
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = text.of(node.targets[0]), text.of(node.value)
        if not isinstance(node.targets[0], ast.Tuple):
            yield _line(text, node, f"{target} += {value}", "added-up", 1)
            if isinstance(node.targets[0], ast.Subscript):
                yield _line(text, node, f"{target} *= {value}", "operator", 1.3)
                held = text.of(node.targets[0].value)
                yield _line(text, node, f"{held}.append({value})", "appended", 1.2)
            if isinstance(node.value, ast.Name | ast.Subscript | ast.Attribute):
                yield _line(text, node, f"{target} = {value}.copy()", "copy", 1)


def _tests(text: Text, test: ast.expr) -> Iterator[Change]:
    """A condition with other bounds, another comparison, or the other way round."""

    def put(new: str, cost: float) -> Change:
        return Change(text.name, ((*text.span(test), new),), "condition", cost, text.of(test), new)

    yield put(f"not ({text.of(test)})", 1.3)
    for new in texts.comparisons(text, test):
        yield put(new, 1.2)


def _always(text: Text, node: ast.If) -> Change:
    """What is done under a condition, done without it."""
    start, end = text.rows(node)
    first, _ = text.rows(node.body[0])
    shift = len(text.indent(node.body[0])) - len(text.indent(node))
    rows = text.text[first:end].split("\n")
    new = "\n".join(row[shift:] for row in rows)
    condition = f"if {text.of(node.test)}:"
    return Change(text.name, ((start, end, new),), "condition", 1.2, condition, new.strip())


def _stored(node: ast.AST) -> list[str]:
    """The names that a piece of program binds, in its order."""
    names = (
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )
    return [*dict.fromkeys(names)]


def _read(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _of_loop(text: Text, function: ast.FunctionDef, loop: Any, shapes: Shapes) -> Iterator[Change]:
    if isinstance(loop, ast.For):
        yield from _directions(text, loop)
    else:
        yield from _tests(text, loop.test)
    yield from _carries(text, function, loop, shapes)
    body = _body_holding(function, loop)
    at = body.index(loop)
    for node in body[at + 1 : at + 14]:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
            yield _moved(text, node, loop.body[-1], "into-loop", 1.2)
    for node in loop.body:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) and len(loop.body) > 1:
            yield _out_of(text, node, loop, "out-of-loop", 1.4)
    for node in body[max(0, at - 6) : at]:
        if isinstance(node, ast.Assign) and len(loop.body) > 1:
            yield _moved(text, node, loop.body[0], "into-loop", 1.6, before=True)


def _body_holding(function: ast.AST, node: ast.stmt) -> list[ast.stmt]:
    for parent in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(parent, name, None)
            if isinstance(body, list) and node in body:
                return body
    return []


def _moved(
    text: Text, node: ast.stmt, beside: ast.stmt, kind: str, cost: float, before: bool = False
) -> Change:
    """A statement put behind another one, or before it, and as deep."""
    start, end = text.rows(node)
    shift = " " * (len(text.indent(beside)) - len(text.indent(node)))
    rows = text.text[start:end].rstrip("\n").split("\n")
    block = "".join(f"{shift}{row}\n" for row in rows)
    place = text.rows(beside)[0 if before else 1]
    return Change(
        text.name,
        ((start, end, ""), (place, place, block)),
        kind,
        cost,
        text.of(node),
        block.strip(),
    )


def _out_of(text: Text, node: ast.stmt, loop: ast.stmt, kind: str, cost: float) -> Change:
    """A statement of a loop put behind the loop."""
    start, end = text.rows(node)
    shift = len(text.indent(node)) - len(text.indent(loop))
    rows = text.text[start:end].rstrip("\n").split("\n")
    block = "".join(f"{row[shift:]}\n" for row in rows)
    place = text.rows(loop)[1]
    return Change(
        text.name,
        ((start, end, ""), (place, place, block)),
        kind,
        cost,
        text.of(node),
        block.strip(),
    )


def _carries(text: Text, function: ast.FunctionDef, loop: Any, shapes: Shapes) -> Iterator[Change]:
    """What a step hands to the next one."""
    inside = {name for node in loop.body for name in _stored(node)}
    before = set(_stored(function)) | {a.arg for a in function.args.args}
    grown = {text.of(n.target) for n in ast.walk(loop) if isinstance(n, ast.AugAssign)}
    read = set().union(*(_read(node) for node in loop.body))
    counters = _read_of_target(loop)
    left = sorted((before & read) - grown - counters - {"np", "self"})
    still = [name for name in left if name not in inside and name in shapes]
    given = [*_handed(text, loop), *(n for n in _stored_in(loop.body) if n not in counters)]
    singles: dict[str, list[Change]] = {}
    for name in still:
        for value in given:
            if value != name and shapes.get(value, shapes[name]) == shapes[name]:
                one = _after(text, loop.body[-1], f"{name} = {value}", "carry", 1)
                singles.setdefault(name, []).append(one)
                yield one
    held = {id(node) for node in ast.walk(loop)}
    outside = {n for node in texts.within(function) if id(node) not in held for n in _own(node)}
    dead = sorted((inside & outside) - read)
    yield from _unused_into_calls(
        text, loop, dead, [one for many in singles.values() for one in many]
    )
    yield from _carried_into_calls(text, loop, still, given, shapes)
    for first, second in itertools.combinations(singles, 2):
        for a, b in itertools.product(singles[first], singles[second]):
            if a.new.partition(" = ")[2] != b.new.partition(" = ")[2]:
                row = a.spans[0][2] + b.spans[0][2].lstrip("\n")
                at = a.spans[0][0]
                yield Change(text.name, ((at, at, row),), "carry", 2, "", f"{a.new}; {b.new}")


def _read_of_target(loop: Any) -> set[str]:
    return set(_stored(loop.target)) if isinstance(loop, ast.For) else set()


def _stored_in(body: Sequence[ast.stmt]) -> list[str]:
    return [*dict.fromkeys(name for node in body for name in _stored(node))]


def _handed(text: Text, loop: Any) -> list[str]:
    """What a step's gradients hand on: entries of dicts, by the keys that are read anywhere."""
    found = []
    for node in ast.walk(loop):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                name = target.id
                found += [
                    f"{name}[{key!r}]" for key in ("da_prev", "dc_prev", "dh_prev", "dprev_h")
                ]
    quote = '"' if '["' in text.text else "'"
    return [entry.replace("'", quote) for entry in found]


def _own(node: ast.stmt) -> set[str]:
    """The names that a simple statement binds."""
    return set(_stored(node)) if isinstance(node, ast.Assign | ast.AugAssign) else set()


def _unused_into_calls(
    text: Text, loop: Any, dead: Sequence[str], singles: Sequence[Change]
) -> Iterator[Change]:
    """What a step hands on and the next one does not take, alone and with what is not handed on."""
    calls = [n.value for n in ast.walk(loop) if isinstance(n, ast.Assign)]
    for call in (node for node in calls if isinstance(node, ast.Call)):
        for argument, name in itertools.product(call.args[:2], dead):
            own = text.of(argument)
            taken = (*text.span(argument), f"{own} + {name}")
            yield Change(text.name, (taken,), "carry", 1.5, own, taken[2])
            for one in singles:
                new = f"{taken[2]}; {one.new}"
                yield Change(text.name, (taken, *one.spans), "carry", 2, own, new)


def _carried_into_calls(
    text: Text, loop: Any, still: Sequence[str], given: Sequence[str], shapes: Shapes
) -> Iterator[Change]:
    """What is carried, and goes into the call of a step: one change at two places."""
    for node in ast.walk(loop):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        call = node.value
        for argument in call.args[:3]:
            own = text.of(argument)
            start, end = text.span(argument)
            for name in still:
                if name in _read(argument):
                    continue
                same = [v for v in given if shapes.get(v, shapes[name]) == shapes[name]]
                for value in same[:8]:
                    for new in (f"{own} + {name}", name):
                        _, last = text.rows(loop.body[-1])
                        row = f"{text.indent(loop.body[-1])}{name} = {value}\n"
                        if not text.text[:last].endswith("\n"):
                            row = f"\n{row}"
                        spans = ((start, end, new), (last, last, row))
                        yield Change(
                            text.name, spans, "carry", 2.2, own, f"{new}; {name} = {value}"
                        )


def _directions(text: Text, loop: ast.For) -> Iterator[Change]:
    """The steps in another order, one more of them, or one less."""
    own = text.of(loop.iter)

    def put(new: str, cost: float = 1.0) -> Change:
        start, end = text.span(loop.iter)
        return Change(text.name, ((start, end, new),), "direction", cost, own, new)

    yield put(f"reversed({own})")
    yield put(f"reversed(list({own}))", 1.5)
    if isinstance(loop.iter, ast.Call) and text.of(loop.iter.func) == "reversed":
        yield put(text.of(loop.iter.args[0]))
    for node in ast.walk(loop.iter):
        if isinstance(node, ast.Call) and text.of(node.func) == "range":
            yield from _ranges(text, node, loop)
    yield from _turned_round(text, loop.iter)


def _turned_round(text: Text, steps: ast.expr) -> Iterator[Change]:
    """Each of the lists that a loop goes through, from its other end."""
    for node in ast.walk(steps):
        if isinstance(node, ast.Call) and text.of(node.func).endswith("transpose"):
            axes = [text.of(axis) for axis in node.args]
            for other in itertools.permutations(axes) if 1 < len(axes) <= MOST_AXES else ():
                new = f"{text.of(node.func)}({', '.join(other)})"
                yield Change(text.name, ((*text.span(node), new),), "axes", 1, text.of(node), new)
        turned = isinstance(node, ast.Subscript) and text.of(node.slice) == "::-1"
        if isinstance(node, ast.Name | ast.Subscript | ast.Attribute):
            start, end = text.span(node)
            own = text.text[start:end]
            new = text.of(node.value) if turned else f"{own}[::-1]"  # pyright: ignore
            yield Change(text.name, ((start, end, new),), "direction", 1.1, own, new)


def _ranges(text: Text, call: ast.Call, loop: ast.For) -> Iterator[Change]:
    arguments = [text.of(argument) for argument in call.args]
    start, end = text.span(call)

    def put(*new: str) -> Change:
        return Change(
            text.name,
            ((start, end, f"range({', '.join(new)})"),),
            "direction",
            1,
            text.of(call),
            f"range({', '.join(new)})",
        )

    if len(arguments) == 1:
        (T,) = arguments
        yield put(f"{T} - 1", "-1", "-1")
        yield put("1", T)
        yield put(f"{T} + 1")
        yield put(f"{T} - 1")
        if isinstance(call.args[0], ast.BinOp):
            yield put(text.of(call.args[0].left))
    if len(arguments) == 2:
        a, b = arguments
        yield put(b)
        for new in ((a, f"{b} + 1"), (a, f"{b} - 1"), (f"{a} - 1", b), (f"{a} + 1", b), ("0", b)):
            yield put(*new)
        if isinstance(call.args[1], ast.BinOp):
            yield put(a, text.of(call.args[1].left))
    if len(arguments) == 3:
        a, b, c = arguments
        for first in (a, f"{a} - 1", f"{a} + 1"):
            for last in (b, "-1", "0"):
                if (first, last) != (a, b):
                    yield put(first, last, c)
        if isinstance(call.args[0], ast.BinOp):
            left = text.of(call.args[0].left)
            for last in (b, "-1"):
                yield put(left, last, c)
                yield put(f"{left} - 1", last, c)
        yield put(a)


def _of_order(text: Text, function: ast.FunctionDef, free: Places) -> Iterator[Change]:
    """Statements that stand too early or too late, twice, or where they should not."""
    for parent in [function, *texts.within(function)]:
        for name in ("body", "orelse"):
            body = getattr(parent, name, None) or ()
            for one, other in itertools.pairwise(body):
                if isinstance(one, Simple) and isinstance(other, Simple) and not _plain(one):
                    yield _moved(text, one, other, "order", 1.3)
            for k, one in enumerate(body):
                if (one.lineno, one.col_offset) in free:
                    continue
                if isinstance(one, ast.For) and len(body) > 1 and not _stored_in(one.body):
                    yield _gone(text, one, "statement-too-many", 1.3)
                if isinstance(one, Simple) and not _plain(one) and len(body) > 1:
                    yield _gone(text, one, "statement-too-many", 1.6)
                    for other in body[k + 2 :]:
                        if isinstance(other, Simple):
                            yield _moved(text, one, other, "order", 1.6)


def _plain(node: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _of_targets(text: Text, function: ast.FunctionDef) -> Iterator[Change]:
    """Where results go: other indices, other names, another order."""
    stored = _stored(function)
    for node in texts.within(function):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if isinstance(node, ast.AugAssign):
            targets = [node.target]
        for target in targets:
            yield from _of_target(text, target, stored)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield from _swapped(text, node.value, "return-order")
        value = getattr(node, "value", None)
        if isinstance(value, ast.Call) and len(value.args) > 1:
            yield from _swapped(text, value, "exchanged")
        if isinstance(node, ast.Assign) and isinstance(value, ast.Tuple | ast.List):
            yield from _swapped(text, value, "exchanged")


def _of_target(text: Text, target: ast.expr, stored: Sequence[str]) -> Iterator[Change]:
    start, end = text.span(target)
    own = text.of(target)

    def put(new: str, kind: str, cost: float) -> Change:
        return Change(text.name, ((start, end, new),), kind, cost, own, new)

    if isinstance(target, ast.Tuple):
        yield from _swapped(text, target, "unpacking-order")
    if isinstance(target, ast.Subscript):
        value = text.of(target.value)
        parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
        for k, part in enumerate(parts):
            if isinstance(part, ast.Slice) or (
                isinstance(part, ast.Constant) and isinstance(part.value, str)
            ):
                continue
            inner = text.of(part)
            counters = [n for n in sorted(_read(part)) if n != inner]
            for new in (*counters, f"{inner} + 1", f"{inner} - 1"):
                rest = [text.of(p) if j != k else new for j, p in enumerate(parts)]
                yield put(f"{value}[{', '.join(rest)}]", "index", 1)
            if isinstance(part, ast.BinOp):
                rest = [text.of(p) if j != k else text.of(part.left) for j, p in enumerate(parts)]
                yield put(f"{value}[{', '.join(rest)}]", "index", 1)
    if isinstance(target, ast.Name):
        for other in stored:
            if other != own:
                yield put(other, "stored-under", 1.5)


def _swapped(text: Text, node: Any, kind: str) -> Iterator[Change]:
    """Two entries of a tuple exchanged."""
    parts = node.args if isinstance(node, ast.Call) else node.elts
    for one, other in itertools.combinations(parts, 2):
        a, b = text.of(one), text.of(other)
        spans = ((*text.span(one), b), (*text.span(other), a))
        yield Change(text.name, spans, kind, 1.2, text.of(node), f"{b}, {a}")
