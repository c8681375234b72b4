"""What a right program computes on the way: every value of the textbook, told by how it looks.

The textbook's functions run on a probe with each of their sub-expressions recorded, and with what
other ways to write the same equations have besides: products with a part of a weight matrix, gates
one above the other, all time steps in one array, sums over the steps so far. A value is recognised
by its `Looks`, which do not depend on axes or on the order of rows, so that a transposed or
stacked array is recognised as well.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ... import textbook
from ..judge import target
from ..probe import planting, probes, truth

Sums = np.ndarray  # of the count of numbers, their squares, themselves, their absolute values
SINGLE_DIGITS = (4, 3)  # of the sum of squares, and of the mean sign, in float32
DIGITS = (8, 6)
LONGEST = 10**5  # numbers of an array that is looked at

GATES: dict[str, dict[str, str]] = {  # the weights and what they act on, by gate
    "rnn": {"h": "Whh h_prev;Wxh xt"},
    "lstm": {k: f"W{k}[:,:R] h_prev;W{k}[:,R:] xt" for k in "ifgo"},
    "gru": {k: f"W{k}[:,:H] h_prev;W{k}[:,H:] xt" for k in "ru"},
}
DZ = {"rnn": {"h": "dz"}, "lstm": {k: f"dz{k}" for k in "ifgo"}, "gru": {"r": "dzr", "u": "dzu"}}


def sums(value: Any) -> Sums | None:
    """What the looks of an array are made of; None of what is not an array of finite numbers."""
    if not isinstance(value, np.ndarray) and hasattr(value, "detach"):
        value = value.detach().numpy()
    if not isinstance(value, np.ndarray | np.floating) or np.size(value) > LONGEST:
        return None
    flat = np.asarray(value).ravel()
    if flat.dtype.kind != "f" or not flat.size:
        return None
    flat = flat.astype(float)
    found = np.array([flat.size, flat @ flat, flat.sum(), np.abs(flat).sum()])
    return found if np.isfinite(found).all() and found[1] else None


def looks(found: Sums, single: bool = False) -> tuple:
    """By which equal arrays are recognised, in any axes and order of entries."""
    squares, sign = SINGLE_DIGITS if single else DIGITS
    return int(found[0]), f"{found[1]:.{squares}g}", round(found[2] / found[3], sign) + 0.0


class _Recorder(ast.NodeTransformer):
    """Hands each sub-expression on through ``__seen__(text, value)``."""

    def visit(self, node: Any) -> Any:
        """The node, its parts wrapped, and itself."""
        text = ast.unparse(node) if isinstance(node, ast.expr) else ""
        special = getattr(self, f"visit_{type(node).__name__}", self.generic_visit)
        node = special(node)
        kinds = ast.BinOp | ast.UnaryOp | ast.Call | ast.Attribute | ast.Subscript | ast.Name
        if not isinstance(node, kinds) or not isinstance(
            getattr(node, "ctx", ast.Load()), ast.Load
        ):
            return node
        if isinstance(node, ast.Name) and node.id in ("np", "parameters", "cache"):
            return node
        seen = ast.Name("__seen__", ast.Load())
        return ast.Call(seen, [ast.Constant(text), node], [])

    def visit_Call(self, node: ast.Call) -> Any:
        """A call: its function is not a value."""
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """``.T`` of something; ``np.tanh`` is not a value."""
        return node if ast.unparse(node).startswith("np.") else self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> Any:
        """Before it, what else is computed in other ways to write it."""
        return [ast.parse("__more__(locals())").body[0], node]

    def visit_If(self, node: ast.If) -> Any:
        """Output layers and projections are what they are."""
        node.body = [self.visit(one) for one in node.body]
        return node


@dataclass
class Quantities:
    """The values of a right program on one probe.

    Attributes
    ----------
    names : of each look, the quantities that have it: ("dzf", number of the call)
    values : of each quantity at each call
    """

    single: bool = False
    names: dict[tuple, set[tuple[str, int]]] = field(default_factory=dict)
    values: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)

    def of(self, value: Any) -> set[tuple[str, int]]:
        """The quantities that a value is; empty if it is none."""
        found = sums(value)
        return set() if found is None else self.names.get(looks(found, self.single), set())

    def learn(self, name: str, call: int, value: Any) -> None:
        """Remember a quantity."""
        found = sums(value)
        if found is not None:
            self.values.setdefault(name, {})[call] = np.array(value)
            self._put(name, call, found)

    def given(self, value: Any) -> None:
        """Remember what a program is given, whatever it is."""
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list | tuple):
            for part in value:
                self.given(part)
        elif not self.of(value):
            self.learn("given", 0, value)

    def _put(self, name: str, call: int, found: Sums) -> None:
        if found[3] == found[0] or not found[3]:  # ones
            return
        self.names.setdefault(looks(found, self.single), set()).add((name, call))

    def stack(self) -> None:
        """Learn what all gates, all steps, and the steps so far have together."""
        steps = {n: {k: sums(v) for k, v in vs.items()} for n, vs in self.values.items()}
        rows = dict(steps)
        for group in _families(steps):
            calls = set.intersection(*(set(steps[name]) for name in group))
            joint = "+".join(group)
            rows[joint] = {k: sum(steps[n][k] for n in group) for k in calls}  # pyright: ignore
            for k, total in rows[joint].items():
                self._put(joint, k, total)  # pyright: ignore
        for name, calls in rows.items():
            if len(calls) > 1:
                self._put(f"all {name}", 0, sum(calls.values()))  # pyright: ignore

    def gather(self, backward: bool) -> None:
        """Learn sums over the steps so far, of gradients with respect to weights."""
        for name, calls in list(self.values.items()):
            gradient = name.startswith(("dW", "db", "dz")) or " @ " in name or "np.sum" in name
            if not backward or not gradient or len(calls) < 2:
                continue
            total: Any = 0
            for k in sorted(calls):
                total = total + calls[k]
                self._put(f"sum {name}", k, sums(total))  # pyright: ignore


def _families(names: Mapping[str, Any]) -> Iterator[list[str]]:
    """Groups of quantities that differ in nothing but the gate."""
    for gates in ("ifgo", "run", "ru"):
        for name in names:
            if gates[0] not in name:
                continue
            for old in {f"W{gates[0]}", f"b{gates[0]}", f"dz{gates[0]}", f"d{gates[0]}", gates[0]}:
                if old not in name:
                    continue
                group = [name.replace(old, old[:-1] + gate) for gate in gates]
                if all(other in names for other in group) and len({*group}) == len(gates):
                    yield group


def more(cell: str, backward: bool) -> list[str]:
    """Other ways to write the equations of a cell: expressions in the textbook's names."""
    found: list[str] = []
    for gate, products in GATES.get(cell, {}).items():
        parts = [product.split(" ") for product in products.split(";")]
        dz = DZ[cell][gate]
        for weights, on in parts:
            if backward:
                found += [f"{dz} @ {on}.T", f"{weights}.T @ {dz}", weights]
            else:
                found += [f"{weights} @ {on}", weights]
    if not backward:
        for gate in GATES.get(cell, {}):
            if cell == "lstm":
                found += [f"-(W{gate} @ concat + b{gate})", f"W{gate} @ concat"]
    if cell == "lstm" and backward:
        found += ["np.tanh(c_next)", "1 - np.tanh(c_next)**2", "dh_next * o"]
        found += ["dh_next * o * (1 - np.tanh(c_next)**2)", "dc * c_prev * f"]
        found += [f"{k} * (1 - {k})" for k in "ifo"]
        found += ["1 - g**2", "dc"]
    if cell == "rnn" and backward:
        found += ["1 - h_next**2"]
    if cell == "gru" and backward:
        found += [f"{k} * (1 - {k})" for k in "ru"]
        found += ["1 - n**2", "Whn.T @ dhn"]
        found += ["Wxn.T @ dzn", "dhn @ h_prev.T", "dzn @ xt.T", "dh_next * u"]
    return found


def of_target(one: target.Target, probe: probes.Probe) -> Quantities:
    """The quantities of a right program instead of a target."""
    function = one.function
    made = Quantities(one.says_single)
    cell, kind = truth.split(function.of)
    if not cell:
        for name, value in _elementary(kind, probe.z).items():
            made.learn(name, 0, value)
        return made
    known = one.known(probe)
    for name, value in known.items():
        made.learn(name, 0, value)
        if np.ndim(value) == 3 and name not in ("both",):
            for t, step in enumerate(value):
                made.learn(name, t + 1, step)
    names = ["cell_forward", "forward", "cell_backward", "backward"]
    functions = _recording(cell, [f"{cell}_{n}" for n in names], function.variant, made)
    truth.results(function.of, known, functions)
    for name, value in one.expected(probe).items():
        made.learn(f"result {name}", 0, value)
    factor = 1 / probe.B if "mean" in one.match.dialect.gradients else 1
    if factor != 1:
        for name, calls in list(made.values.items()):
            if name.startswith(("dW", "db", "dz")) and ("@" in name or name[1] in "Wb"):
                for k, value in calls.items():
                    made.learn(f"mean {name}", k, value * factor)
    made.gather(kind.endswith("backward"))
    made.stack()
    return made


def _elementary(name: str, z: np.ndarray) -> dict[str, np.ndarray]:
    """What is computed on the way to a sigmoid or a softmax of the columns of z."""
    right = truth.results(name, {"z": z})
    if name == "sigmoid":
        return right | {"z": z, "e": np.exp(-z), "d": 1 + np.exp(-z)}
    shifted = z - np.max(z, axis=0, keepdims=True)
    powers = np.exp(shifted)
    found = right | {"z": z, "shifted": shifted, "powers": powers}
    return found | {"most": np.max(z, axis=0), "total": np.sum(powers, axis=0), "plain": np.exp(z)}


def _recording(cell: str, names: Sequence[str], variant: tuple[str, ...], made: Quantities) -> Any:
    """The textbook's functions, each of which tells ``made`` all that it computes."""
    edits: dict[str, list[planting.Edit]] = {}
    for part in variant:
        for name, many in truth.VARIANTS[part].items():
            edits.setdefault(name, []).extend(many)
    space: dict[str, Any] = dict(vars(textbook))
    for name in names:
        space |= _recorded(name, cell, planting.changed(name, edits.get(name, ())), made, space)
    return type("Functions", (), {n: staticmethod(space[n]) for n in textbook_functions(space)})


def textbook_functions(space: Mapping[str, Any]) -> list[str]:
    """The names of functions in a namespace."""
    return [name for name, value in space.items() if callable(value) and name[0].islower()]


def _recorded(
    name: str, cell: str, text: str, made: Quantities, space: dict[str, Any]
) -> dict[str, Any]:
    calls = [0]

    def seen(what: str, value: Any) -> Any:
        made.learn(what, calls[0], value)
        return value

    def also(values: dict[str, Any]) -> None:
        if "_cell_" in name:
            values = {**(values.get("cache") or {}), **values}
            within = {**vars(textbook), **values}
            within |= dict.fromkeys("RH", len(values["h_prev"]))
            for k, v in values.items():
                made.learn(k, calls[0], v)
            for expression in more(cell, name.endswith("backward")):
                made.learn(expression, calls[0], eval(expression, within))
        calls[0] += 1

    tree = ast.fix_missing_locations(_Recorder().visit(ast.parse(text)))
    space |= {f"__seen_{name}": seen, f"__more_{name}": also}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("__seen__", "__more__"):
            node.id = f"{node.id[:-2]}_{name}"
    exec(compile(tree, f"<recorded {name}>", "exec"), space)
    return {name: space[name]}
