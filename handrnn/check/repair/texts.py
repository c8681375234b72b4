"""Changes of a submission's text: where its expressions stand, and what may stand there instead."""

import ast
import difflib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Span = tuple[int, int, str]  # from, to, and what is put there


@dataclass(frozen=True)
class Change:
    """One change of the text of a definition.

    Attributes
    ----------
    definition : whose text it is
    spans : what is replaced
    kind : what sort of change it is
    cost : how far it is from what people forget
    old, new : the expressions that differ
    """

    definition: str
    spans: tuple[Span, ...]
    kind: str
    cost: float = 1.0
    old: str = ""
    new: str = ""

    def applied(self, text: str) -> str:
        """The text with it."""
        for start, end, new in sorted(self.spans, reverse=True):
            text = text[:start] + new + text[end:]
        return text


class Text:
    """The text of a definition, with its syntax and where each node of it stands."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.tree = ast.parse(text)
        self.lines = text.split("\n")
        self.starts = [0, *itertools.accumulate(len(line) + 1 for line in self.lines)]
        self.parents: dict[ast.AST, tuple[ast.AST, str]] = {}
        for parent in ast.walk(self.tree):
            for name_, value in ast.iter_fields(parent):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.parents[child] = (parent, name_)

    def offset(self, line: int, column: int) -> int:
        """Where a place of the syntax is, in characters."""
        text = self.lines[line - 1]
        if not text.isascii():
            column = len(text.encode()[:column].decode())
        return self.starts[line - 1] + column

    def span(self, node: Any) -> tuple[int, int]:
        """From where to where a node stands."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno, node.end_col_offset)

    def of(self, node: Any) -> str:
        """The author's text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def of_root(self, node: Any) -> str:
        """The author's text of an expression, to be evaluated: in brackets, it may have lines."""
        return f"({self.of(node)}\n)"

    def node(self, other: Any) -> Any:
        """The node that stands where one of an equal text stands."""
        place = (type(other), other.lineno, other.col_offset, other.end_col_offset)
        nodes: Any = ast.walk(self.tree)
        for node in nodes:
            if isinstance(node, type(other)) and place[1:] == (
                node.lineno,
                node.col_offset,
                node.end_col_offset,
            ):
                return node
        return other

    def roots_of(self, statement: Any) -> list[ast.expr]:
        """The expressions of a statement of an equal text, here."""
        number = (statement.node.lineno, statement.node.col_offset)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt) and (node.lineno, node.col_offset) == number:
                return list(roots(node))
        return []

    def at_line(self, line: int) -> Iterator[Any]:
        """The expressions that are on a line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.expr) and node.lineno <= line <= (node.end_lineno or line):
                yield node

    def indent(self, node: Any) -> str:
        """The white space before a statement."""
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def rows(self, node: Any) -> tuple[int, int]:
        """From where to where the lines of a statement stand, the last line feed included."""
        return self.starts[node.lineno - 1], min(self.starts[node.end_lineno], len(self.text))


def without_one(old: str, new: str) -> Iterator[str]:
    """Texts in which all lines but those of one place are as in the new one."""
    before, after = old.split("\n"), new.split("\n")
    codes = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    changes = [code for code in codes if code[0] != "equal"]
    for _, i, j, k, m in changes if len(changes) > 1 else ():
        yield "\n".join([*after[:k], *before[i:j], *after[m:]])


def ticking(tree: ast.AST) -> ast.AST:
    """The same tree; every loop counts its passes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.While):
            node.body.insert(0, ast.parse("__tick__()").body[0])
    return tree


def within(function: ast.AST) -> Iterator[ast.stmt]:
    """All statements in a function, those of functions in it excluded."""
    for name in ("body", "orelse", "finalbody", "handlers"):
        for child in getattr(function, name, None) or ():
            if isinstance(child, ast.stmt):
                yield child
            if not isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield from within(child)


def roots(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions whose values a statement uses, containers taken apart."""
    value = getattr(node, "value", None)
    if isinstance(node, ast.Expr) and isinstance(value, ast.Call):
        for argument in value.args:
            yield from _entries(argument)
        return
    if value is not None:
        yield from _entries(value)


def _entries(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.Tuple | ast.List):
        for entry in value.elts:
            yield from _entries(entry)
    elif isinstance(value, ast.Call) and len(value.args) > 1 and not _of_numpy(value.func):
        for argument in value.args:  # a step's function: what it is given
            yield from _entries(argument)
    elif isinstance(value, ast.Dict):
        for entry in value.values:
            yield from _entries(entry)
    elif isinstance(value, ast.Call) and value.keywords and ast.unparse(value.func) == "dict":
        for keyword in value.keywords:
            yield from _entries(keyword.value)
    else:
        yield value


def _of_numpy(function: ast.expr) -> bool:
    """Whether a call is of NumPy, or of an array: no step of a network."""
    name = ast.unparse(function)
    if name.partition(".")[0] in ("np", "numpy", "torch", "range", "zip"):
        return True
    own = name.startswith("self.") and name.count(".") == 1
    steps = ("forward", "backward", "step", "__call__")
    return isinstance(function, ast.Attribute) and not own and function.attr not in steps


# ------------------------------------------------------------------------------------ expressions

STRENGTH = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.MatMult: 2, ast.Div: 2, ast.Pow: 4}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.Pow: "**"}
FORMS = (
    "{}",
    "(1 - {})",
    "(1 - {} ** 2)",
    "{} * (1 - {})",
    "{np}.tanh({})",
    "(1 - {np}.tanh({}) ** 2)",
)


COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def strength(node: ast.AST) -> int:
    """How tightly an expression holds together."""
    if isinstance(node, ast.BinOp):
        return STRENGTH.get(type(node.op), 2)
    if isinstance(node, ast.UnaryOp):
        return 3
    if isinstance(node, ast.Compare | ast.BoolOp | ast.IfExp | ast.Lambda):
        return 0
    return 5


@dataclass
class Around:
    """What can be put into an expression.

    Attributes
    ----------
    operands : texts of arrays that can be seen where it stands, and their shapes
    functions : names of functions of one argument
    np : what the submission calls NumPy
    """

    operands: Mapping[str, tuple[int, ...]]
    functions: Sequence[str] = ()
    np: str = "np"
    integers: Sequence[str] = field(default_factory=tuple)
    shape: Callable[[str], tuple[int, ...] | None] = lambda text: None

    def fitting(self, text: str) -> list[str]:
        """The operands that can be added to an expression without a change of its shape."""
        shape = self.shape(text)
        if shape is None:
            return [*self.operands]
        return [one for one, other in self.operands.items() if _stretches(other, shape)]

    def alike(self, text: str) -> list[str]:
        """The operands of the shape of an expression; all, where that has none."""
        shape = self.shape(text)
        if shape is None:
            return [*self.operands]
        return [one for one, other in self.operands.items() if other == shape]


def _stretches(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of one shape is broadcast to another one."""
    pairs = zip(shape[::-1], to[::-1], strict=False)
    return 0 < len(shape) <= len(to) and all(n in (1, m) for n, m in pairs)


def fitted(new: str, old: ast.AST, parent: ast.AST, place: str) -> str:
    """A text in brackets, if it needs them where another expression stood."""
    try:
        power = strength(ast.parse(new, mode="eval").body)
    except SyntaxError:
        return new
    if isinstance(parent, ast.BinOp):
        own = strength(parent)
        right = place == "right" and not (own == 1 and isinstance(parent.op, ast.Add))
        needed = power < own or (power == own and (right or own == 4))
    elif isinstance(parent, ast.UnaryOp):
        needed = power < 3
    else:
        needed = (
            isinstance(parent, ast.Attribute | ast.Subscript) and place == "value" and power < 5
        )
    return f"({new})" if needed else new


def variants(text: Text, root: ast.expr, around: Around) -> Iterator[Change]:
    """Small changes of an expression, one at a time."""
    for node in ast.walk(root):
        if (
            not isinstance(node, ast.expr)
            or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        ) and not isinstance(node, ast.keyword):
            continue
        if isinstance(node, ast.expr) and _is_function(text, node, root):
            continue
        yield from _of_node(text, node, root, around)
    yield from _everywhere(text, root, around)
    yield from _brackets(text, root)


def _everywhere(text: Text, root: ast.expr, around: Around) -> Iterator[Change]:
    """One name for another, one slice for another, in several places of an expression."""
    places: dict[str, list[ast.AST]] = {}
    slices: dict[str, list[ast.AST]] = {}
    for node in ast.walk(root):
        if isinstance(node, ast.Name | ast.Subscript) and isinstance(node.ctx, ast.Load):
            places.setdefault(text.of(node), []).append(node)
        if isinstance(node, ast.Subscript) and ":" in text.of(node.slice):
            slices.setdefault(text.of(node.slice), []).append(node.slice)
    for (a, some), (b, others) in itertools.combinations(places.items(), 2):
        if a not in b and b not in a and (around.shape(a) == around.shape(b) or "." in a + b):
            spans = (*((*text.span(n), b) for n in some), *((*text.span(n), a) for n in others))
            yield Change(text.name, spans, "operand", 1.4, f"{a}, {b}", f"{b}, {a}")
    yield from _indices_exchanged(text, root)
    for own, nodes in places.items():
        alike = around.alike(own) if len(nodes) > 1 else ()
        for some in _several(nodes):
            for operand in alike:
                if operand != own:
                    yield _put(text, some, operand, own, "operand")
    every = {text.of(n.slice) for n in ast.walk(text.tree) if isinstance(n, ast.Subscript)}
    every |= {new for own in slices for new in _other_slices(own)}
    every |= {*_bounds(text)} if slices else set()
    for own, nodes in slices.items():
        for new in sorted(every):
            if ":" in new and new != own:
                yield _put(text, nodes, new, own, "slice")


def _indices_exchanged(text: Text, root: ast.expr) -> Iterator[Change]:
    """The indices of two arrays exchanged: ``a[None] * b[:, None]``."""
    indexed = [n for n in ast.walk(root) if isinstance(n, ast.Subscript)]
    for one, other in itertools.combinations(indexed, 2):
        a, b = text.of(one.slice), text.of(other.slice)
        if a != b and text.of(one.value) != text.of(other.value):
            spans = ((*text.span(one.slice), b), (*text.span(other.slice), a))
            new = f"{text.of(one.value)}[{b}], {text.of(other.value)}[{a}]"
            yield Change(text.name, spans, "axes", 1.2, f"{text.of(one)}, {text.of(other)}", new)


def _several(nodes: Sequence[ast.AST]) -> Iterator[Sequence[ast.AST]]:
    """All of some nodes, then some of them, but for one alone."""
    for many in range(len(nodes), 1, -1):
        if len(nodes) <= 4 or many == len(nodes):
            yield from itertools.combinations(nodes, many)


def _put(text: Text, nodes: Sequence[Any], new: str, own: str, kind: str) -> Change:
    spans = tuple((*text.span(node), new) for node in nodes)
    return Change(text.name, spans, kind, 1.2, own, new)


def _bounds(text: Text) -> Iterator[str]:
    """Slices of one axis from any start to any end that stand in the text."""
    slices = [n for n in ast.walk(text.tree) if isinstance(n, ast.Slice) and n.step is None]
    lower = {text.of(n.lower) if n.lower else "" for n in slices}
    upper = {text.of(n.upper) if n.upper else "" for n in slices}
    if len(lower) * len(upper) <= MOST_SLICES:
        yield from (f"{a}:{b}" for a in sorted(lower | upper) for b in sorted(upper | lower))


def _other_slices(own: str) -> Iterator[str]:
    """A slice turned round: its other end, and what it leaves out."""
    head, _, last = own.rpartition(", ")
    start, _, stop = last.partition(":")
    lead = f"{head}, " if head else ""
    for new in (f"{stop}:", f":{start}", f":{start.lstrip('-')}", f"-{stop}:"):
        if new not in (":", "-:"):
            yield lead + new


def _brackets(text: Text, root: ast.expr) -> Iterator[Change]:
    """A pair of brackets more, or elsewhere, anywhere in an expression."""
    start, end = text.span(root)
    own = text.text[start:end]
    if len(own) > 200 or "\n" in own:
        return
    tokens = [(m.start(), m.end()) for m in TOKENS.finditer(own)]
    pairs = _pairs_of(own)
    for gone in (None, *pairs):
        for (a, _), (_, b) in itertools.combinations(tokens, 2):
            if (
                gone is not None
                and a not in (gone[0], gone[0] + 1)
                and b not in (gone[1], gone[1] + 1)
            ):
                continue
            marks = [(a, "("), (b, ")")]
            chars = list(own)
            if gone is not None:
                chars[gone[0]] = chars[gone[1]] = ""
            new = "".join(
                "".join("(" for p, s in marks if s == "(" and p == k)
                + c
                + "".join(")" for p, s in marks if s == ")" and p == k + 1)
                for k, c in enumerate(chars)
            )
            if _balanced(own[a:b]) and new != own:
                yield Change(
                    text.name,
                    ((start, end, new),),
                    "brackets",
                    1.0 + 0.2 * (gone is not None),
                    own,
                    new,
                )


STACKING = (("hstack", "vstack", "dstack", "column_stack"), ("stack", "concatenate"))
JOINING = ("concatenate", "vstack", "hstack", "stack")
FAMILIES = (  # functions that stand for each other, and what sort of change that is
    *((family, "stack") for family in STACKING),
    (("sum", "mean"), "mean"),
    (("max", "sum"), "reduction"),
    (("multiply", "add", "subtract", "divide"), "operator"),
)
MOST_BLOCKS = 4
MOST_SLICES = 36
MOST_LETTERS = 4  # of an einsum
TOKENS = re.compile(r"\w+|\*\*|[^\s\w]")


def _balanced(part: str) -> bool:
    deep = 0
    for sign in part:
        deep += (sign in "([") - (sign in ")]")
        if deep < 0:
            return False
    return deep == 0


def _pairs_of(own: str) -> list[tuple[int, int]]:
    """The brackets that belong together and to no call."""
    found, opened = [], []
    for k, sign in enumerate(own):
        if sign == "(":
            opened.append((k, k > 0 and (own[k - 1].isalnum() or own[k - 1] in "_])")))
        elif sign == ")" and opened:
            start, call = opened.pop()
            if not call:
                found.append((start, k))
    return found


def _is_function(text: Text, node: ast.AST, root: ast.AST) -> bool:
    """Whether a node is what is called, or the module of it."""
    while node is not root:
        node, place = text.parents[node]
        if isinstance(node, ast.Call):
            return place == "func"
        if not isinstance(node, ast.Attribute):
            return False
    return False


def _of_node(text: Text, node: Any, root: ast.expr, around: Around) -> Iterator[Change]:
    own = text.of(node)
    parent, place = text.parents[node]
    start, end = bracketed(text, node)

    def put(new: str, kind: str, cost: float) -> Change:
        if (start, end) != text.span(node):  # it stands in brackets of its own
            inner = ast.parse(new, mode="eval").body if _parses(new) else None
            keeps = inner is not None and fitted(new, node, parent, place) != new
            return Change(
                text.name,
                ((start, end, f"({new})" if keeps or call_of(text, start) else new),),
                kind,
                cost,
                own,
                new,
            )
        return Change(
            text.name, ((start, end, fitted(new, node, parent, place)),), kind, cost, own, new
        )

    if isinstance(node, ast.BinOp):
        yield from _of_operation(text, node, put)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield put(text.of(node.operand), "sign", 1)
    for new in comparisons(text, node):
        yield put(new, "condition", 1.1)
    if isinstance(node, ast.IfExp):
        yield from _of_condition(text, node, put)
    if isinstance(node, ast.Call):
        yield from _of_call(text, node, put, around)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield put(text.of(node.value), "transpose", 1)
    if isinstance(node, ast.Constant):
        yield from _of_constant(text, node, put, around)
    if isinstance(node, ast.Subscript):
        yield from _of_subscript(text, node, put, around)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        atom = own if strength(node) == 5 else f"({own})"
        if not isinstance(parent, ast.Attribute):
            yield put(f"{atom}.T", "transpose", 1.2)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BinOp):
        yield from _by_operands(text, node, root, put, around)
        if not (
            isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult) and node is not root
        ):
            yield from _by_factors(text, node, put, around)
        if not (isinstance(parent, ast.BinOp) and strength(parent) == 1 and node is not root):
            for operand in around.fitting(own):
                yield put(f"{own} + {operand}", "term-missing", 1.3)
                yield put(f"{own} - {operand}", "term-missing", 1.6)


def call_of(text: Text, start: int) -> bool:
    """Whether an opening bracket belongs to a call."""
    return start > 0 and (text.text[start - 1].isalnum() or text.text[start - 1] in "_])")


def _parses(new: str) -> bool:
    try:
        ast.parse(new, mode="eval")
    except SyntaxError:
        return False
    return True


def bracketed(text: Text, node: ast.AST) -> tuple[int, int]:
    """Where a node stands, with the brackets that are there for its sake."""
    start, end = text.span(node)
    while True:
        left, right = start - 1, end
        while left >= 0 and text.text[left] in " \t":
            left -= 1
        while right < len(text.text) and text.text[right] in " \t":
            right += 1
        if left < 0 or right >= len(text.text) or text.text[left] != "(" or text.text[right] != ")":
            return start, end
        if call_of(text, left):
            return start, end
        start, end = left, right + 1


def _of_operation(text: Text, node: ast.BinOp, put: Any) -> Iterator[Change]:
    left, right = text.of(node.left), text.of(node.right)
    sign = SIGNS.get(type(node.op), "")
    held = lambda part: text.text[slice(*bracketed(text, part))]  # noqa: E731
    a, b = held(node.left), held(node.right)
    yield put(left, "operand-too-many", 1.1)
    yield put(right, "operand-too-many", 1.1)
    for kind, other in SIGNS.items():
        if other != sign:
            new = f"{_tight(node.left, left, kind)} {other} {_tight(node.right, right, kind, True)}"
            yield put(new, "operator", 1 + 0.5 * isinstance(node.right, ast.Constant))
    if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div):
        first = _tight(node.right, right, type(node.op))
        second = _tight(node.left, left, type(node.op), True)
        yield put(f"{first} {sign} {second}", "order", 1)
    if isinstance(node.op, ast.MatMult):
        for x, y in _turned(_tight(node.left, left, ast.Pow), _tight(node.right, right, ast.Pow)):
            yield put(f"{x} @ {y}", "transpose", 1.5)
    if isinstance(node.left, ast.BinOp) and a == left:
        inner = SIGNS.get(type(node.left.op), "")
        l, m = held(node.left.left), held(node.left.right)
        yield put(f"{l} {inner} ({m} {sign} {b})", "brackets", 1)
    if isinstance(node.right, ast.BinOp):
        inner = SIGNS.get(type(node.right.op), "")
        m, r = held(node.right.left), held(node.right.right)
        yield put(f"({a} {sign} {m}) {inner} {r}", "brackets", 1)
        yield put(f"{a} {sign} {m} {inner} {r}", "brackets", 1)
    if isinstance(node.op, ast.Mult) and right == "2":
        yield put(f"{a} ** 2", "square", 0.8)
    yield put(f"-({left} {sign} {right})" if sign in "+-" else f"-{a} {sign} {b}", "sign", 1.5)


def comparisons(text: Text, node: ast.expr) -> Iterator[str]:
    """Other comparisons of the same two things, and other bounds."""
    if not isinstance(node, ast.Compare) or len(node.ops) > 1:
        return
    bound, own = node.comparators[0], type(node.ops[0])
    left, right = (text.text[slice(*bracketed(text, part))] for part in (node.left, bound))
    for kind, sign in COMPARED.items():
        if own in COMPARED and kind is not own:
            yield f"{left} {sign} {right}"
    if isinstance(bound, ast.Constant) and isinstance(bound.value, int):
        for new in (bound.value - 1, bound.value + 1):
            yield f"{left} {COMPARED.get(own, '==')} {new}"


def _of_condition(text: Text, node: ast.IfExp, put: Any) -> Iterator[Change]:
    """A conditional expression with its branches exchanged, or without its condition."""
    test, body, other = (text.of(part) for part in (node.test, node.body, node.orelse))
    yield put(f"{other} if {test} else {body}", "condition", 1)
    yield put(body, "condition", 1.2)
    yield put(other, "condition", 1.2)


def _tight(node: ast.AST, text: str, kind: Any, right: bool = False) -> str:
    own = STRENGTH.get(kind, 2)
    power = strength(node)
    return f"({text})" if power < own or (power == own and right) else text


def _turned(a: str, b: str) -> Iterator[tuple[str, str]]:
    """Both ways round, each transposed or not."""
    plain = {x: x[:-2] if x.endswith(".T") else f"{x}.T" for x in (a, b)}
    for x, y in ((a, b), (b, a)):
        yield from itertools.product((x, plain[x]), (y, plain[y]))


def _of_call(text: Text, node: ast.Call, put: Any, around: Around) -> Iterator[Change]:
    name = text.of(node.func)
    arguments = [text.of(argument) for argument in node.args]
    keywords = [f"{k.arg}={text.of(k.value)}" for k in node.keywords if k.arg]
    owner, _, short = name.rpartition(".")

    def whole(parts: Sequence[str], function: str = name) -> str:
        return f"{function}({', '.join([*parts, *keywords])})"

    if len(arguments) == 1 and not isinstance(node.args[0], ast.Starred):
        yield put(arguments[0], "call-too-many", 1.1)
        for other in around.functions:
            if other != name:
                yield put(whole(arguments, other), "function", 1.1)
    if len(arguments) == 2:
        yield put(whole(arguments[::-1]), "order", 1)
    if short in ("clip", "maximum", "minimum"):
        yield put(arguments[0], "call-too-many", 1.1)
    for family, kind in FAMILIES:
        for other in family if short in family else ():
            if other != short:
                yield put(whole(arguments, f"{owner}.{other}"), kind, 1)
    if short in ("dot", "matmul") and len(arguments) == 2:
        yield from _of_product(node, arguments, put, whole)
    if short in ("get", "setdefault") and len(arguments) == 2:
        yield put(f"{whole([arguments[0], '0'])} + {arguments[1]}", "not-accumulated", 1)
    if short in ("sum", "mean", "max"):
        yield from _of_sum(name, arguments, keywords, put)
    if short in JOINING and arguments:
        yield from _of_join(text, node, keywords, put, whole)
    for i, j in itertools.combinations(range(len(arguments)), 2) if len(arguments) > 2 else ():
        swapped = list(arguments)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        yield put(whole(swapped), "order", 1.2)


def _of_product(
    node: ast.Call, arguments: Sequence[str], put: Any, whole: Callable
) -> Iterator[Change]:
    pairs = zip(node.args, arguments, strict=True)
    a, b = (x if strength(n) == 5 else f"({x})" for n, x in pairs)
    for x, y in _turned(a, b):
        yield put(whole((x, y)), "transpose", 1.3)
    first = _tight(node.args[0], arguments[0], ast.Mult)
    second = _tight(node.args[1], arguments[1], ast.Mult, True)
    yield put(f"{first} * {second}", "operator", 1)


def _of_sum(
    name: str, arguments: Sequence[str], keywords: Sequence[str], put: Any
) -> Iterator[Change]:
    """Over the other axis, over all, and with or without the axis that is gone."""
    rest = [k for k in keywords if not k.startswith(("axis", "keepdims"))]
    for axis, keep in itertools.product(("0", "1", None), (True, False)):
        said = [f"axis={axis}"] * (axis is not None) + ["keepdims=True"] * keep
        yield put(f"{name}({', '.join([*arguments[:1], *said, *rest])})", "axis", 1)


def _of_join(
    text: Text, node: ast.Call, keywords: Sequence[str], put: Any, whole: Callable
) -> Iterator[Change]:
    """Blocks in another order or along another axis; the tuple that they need."""
    name, (first, *others) = text.of(node.func), node.args
    if others:
        entries = [text.of(a) for a in node.args if not isinstance(a, ast.Constant)]
        for axis in ("", ", axis=1", ", axis=0", ", axis=-1"):
            if not (axis and keywords) and (not axis or name.endswith(STACKING[1])):
                new = ", ".join([f"({', '.join(entries)})", *keywords]) + axis
                yield put(f"{name}({new})", "tuple-forgotten", 0.8)
    rest = [k for k in keywords if not k.startswith("axis")]
    for axis in ("0", "1"):
        yield put(f"{name}({', '.join([text.of(first), *rest, f'axis={axis}'])})", "axis", 1)
    if isinstance(first, ast.Tuple | ast.List) and 1 < len(first.elts) <= MOST_BLOCKS:
        entries = [text.of(e) for e in first.elts]
        opening, closing = "()" if isinstance(first, ast.Tuple) else "[]"
        for order in itertools.permutations(entries):
            if list(order) != entries:
                blocks = f"{opening}{', '.join(order)}{closing}"
                yield put(whole([blocks, *map(text.of, others)]), "order", 1)


def _of_constant(text: Text, node: ast.Constant, put: Any, around: Around) -> Iterator[Change]:
    value = node.value
    if isinstance(value, str):
        for other in _of_subscripts(value):
            yield put(text.of(node).replace(value, other), "subscripts", 1)
        for other in around.integers:
            if other.startswith(("'", '"')) and ast.literal_eval(other) != value:
                yield put(other, "key", 1)
    elif isinstance(value, int) and not isinstance(value, bool):
        for other in sorted({value - 1, value + 1, 0, 1, -1, 2} - {value}):
            yield put(str(other), "constant", 1.2)
        for other in around.integers:
            if other.isidentifier():
                yield put(other, "constant", 1.5)
    elif isinstance(value, float):
        for other in ("0.0", "1.0"):
            yield put(other, "constant", 1.5)


def _of_subscripts(value: str) -> Iterator[str]:
    """Other sums of the products of ``einsum``: what is left of the axes, one operand turned."""
    given, arrow, left = value.replace(" ", "").partition("->")
    letters = sorted(set(given) - set(",."))
    if not arrow or len(letters) > MOST_LETTERS:
        return
    for many in range(len(letters) + 1):
        for other in itertools.permutations(letters, many):
            if "".join(other) != left:
                yield f"{given}->{''.join(other)}"
    operands = given.split(",")
    for k, one in enumerate(operands):
        if len(one) > 1:
            turned = ",".join(o[::-1] if j == k else o for j, o in enumerate(operands))
            yield f"{turned}->{left}"


def _of_subscript(text: Text, node: ast.Subscript, put: Any, around: Around) -> Iterator[Change]:
    value = text.of(node.value)
    yield put(value, "index", 1.5)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for k, part in enumerate(parts):
        own = text.of(part)

        def rest(new, k=k):
            return ", ".join([text.of(p) if j != k else new for j, p in enumerate(parts)])

        if isinstance(part, ast.Slice):
            continue
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            continue
        for new in () if isinstance(part, ast.Constant) else (f"{own} - 1", f"{own} + 1"):
            yield put(f"{value}[{rest(new)}]", "index", 1.1)
        for other in around.integers:
            if other.isidentifier() and other != own:
                yield put(f"{value}[{rest(other)}]", "index", 1.2)


def _by_factors(text: Text, node: ast.expr, put: Any, around: Around) -> Iterator[Change]:
    own = text.of(node)
    atom = own if strength(node) >= 2 else f"({own})"
    for operand in around.alike(own):
        for form in FORMS:
            factor = form.replace("{np}", around.np).format(*[operand] * form.count("{}"))
            yield put(f"{atom} * {factor}", "factor-missing", 1.2 + 0.1 * FORMS.index(form))


def _by_operands(
    text: Text, node: ast.expr, root: ast.expr, put: Any, around: Around
) -> Iterator[Change]:
    own = text.of(node)
    alike = around.alike(own)
    for operand in alike if not isinstance(node, ast.BinOp | ast.Call) or len(own) < 30 else ():
        if operand != own:
            yield put(operand, "operand", 1 if isinstance(node, ast.Name | ast.Attribute) else 1.3)
    atom = own if strength(node) >= 2 else f"({own})"
    yield put(f"{around.np}.tanh({own})", "call-missing", 1.2)
    for axis, keep in (("1", ", keepdims=True"), ("0", ""), ("1", ""), ("0", ", keepdims=True")):
        yield put(f"{around.np}.sum({own}, axis={axis}{keep})", "sum-missing", 1.2)
    if isinstance(node, ast.Name):
        for operand in alike:
            yield put(f"{around.np}.tanh({operand})", "operand", 1.5)
    yield put(f"-{atom}", "sign", 1.1)
    yield put(f"1 - {own}", "complement", 1.4)
    if strength(node) == 5:
        yield put(f"{own} ** 2", "square", 1.2)
        yield put(f"1 - {own} ** 2", "derivative", 1.3)
        yield put(f"{own} * (1 - {own})", "derivative", 1.3)
    if own == text.of(root):
        for count in filter(str.isidentifier, around.integers):
            yield put(f"{atom} / {count}", "not-averaged", 1.3)
    for function in around.functions:
        yield put(f"{function}({own})", "call-missing", 1.3)
