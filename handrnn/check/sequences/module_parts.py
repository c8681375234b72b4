"""Which parameter of a module plays which part, by shapes and names; what they leave open is tried.

A layer in one direction has matrices on the input and on the hidden state, apart or joined, whole
or one a gate, and none, one or two biases. Parameters of several layers or directions are reported
apart by numbers and words in their names.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]

GATE = "[ifgocrzn]"  # in the names of parameters
INPUT = re.compile(rf"ih|x2h|i2h|xh|w?ih|input|inp|in|x|i|kernel|w?x.?|{GATE}x|i{GATE}")
OF_THE_STATE = {"hh", "h2h", "hidden", "hid", "recurrent", "rec", "u"}
HIDDEN = re.compile(rf"state|prev|w?hh?|{GATE}h|h{GATE}")
BACKWARDS = re.compile(r"reverse|bwd|back", re.IGNORECASE)
NUMBER = re.compile(r"(?:^|[._]|_l)(\d+)(?=$|[._])")


class UnfitError(ValueError):
    """The parameters of a module are not those of one layer of this cell."""


class Part(NamedTuple):
    """What a parameter is: of a role, the block of one gate or all of them.

    ``order`` is that of its axes: K gates, H units, C columns.
    """

    name: str
    role: str  # "W_ih", "W_hh", "joint", "b_ih", "b_hh"
    shape: tuple[int, ...]
    gate: int | None = None
    order: str = "KHC"

    def packed(self, whole: np.ndarray, H: int) -> np.ndarray:
        """The parameter, of all rows of its role (K*H, C)."""
        rows = whole if self.gate is None else whole[self.gate * H : (self.gate + 1) * H]
        block = rows.reshape(len(rows) // H, H, -1)
        return block.transpose(["KHC".index(letter) for letter in self.order]).reshape(self.shape)

    def unpacked(self, value: np.ndarray, H: int) -> np.ndarray:
        """The other way round: its rows (K*H, C)."""
        K = value.size // (H * self._columns(value, H))
        sizes = {"K": K, "H": H, "C": value.size // (K * H)}
        block = value.reshape([sizes[letter] for letter in self.order])
        rows = block.transpose([self.order.index(letter) for letter in "KHC"])
        return rows.reshape(K * H, -1)

    def _columns(self, value: np.ndarray, H: int) -> int:
        if self.role.startswith("b"):
            return 1
        return self.shape[-1] if self.order == "KHC" else self.shape[-2]

    def words(self) -> str:
        """What it is."""
        role = "[W_ih, W_hh]" if self.role == "joint" else self.role
        turned = ", transposed" if self.order != "KHC" else ""
        return f"{role}{'' if self.gate is None else f' of gate {self.gate + 1}'}{turned}"


class Layout(NamedTuple):
    """The parts of all layers, those of both directions of a layer one after the other."""

    I: int
    H: int
    directions: int
    layers: tuple[tuple[Part, ...], ...]

    @property
    def biases(self) -> str:
        """ "two", "one", "hidden" (beside h) or "none"."""
        known = {("b_hh", "b_ih"): "two", ("b_ih",): "one", ("b_hh",): "hidden", (): "none"}
        return known[tuple(sorted({part.role for part in self.layers[0] if part.role[0] == "b"}))]

    @property
    def joint(self) -> bool:
        """Whether one matrix acts on input and hidden state."""
        return any(part.role == "joint" for part in self.layers[0])

    def packed(self, arrays: Arrays, joint: str) -> Arrays:
        """Parameters by name, of the arrays of a case; ``joint`` is "xh" or "hx"."""
        found = {}
        for layer, parts in enumerate(self.layers):
            whole = {role: arrays[self._named(role, layer)] for role in ROLES}
            both = (whole["W_ih"], whole["W_hh"])
            whole["joint"] = np.hstack(both if joint == "xh" else both[::-1])
            found |= {part.name: part.packed(whole[part.role], self.H) for part in parts}
        return found

    def unpacked(self, gradients: Mapping[str, np.ndarray], joint: str) -> Arrays:
        """Gradients with respect to the arrays of a case."""
        found: Arrays = {}
        for layer, parts in enumerate(self.layers):
            blocks: dict[str, list[np.ndarray]] = {}
            for part in parts:
                if part.name in gradients:
                    rows = part.unpacked(gradients[part.name], self.H)
                    blocks.setdefault(part.role, []).append(rows)
            whole = {role: np.concatenate(some) for role, some in blocks.items()}
            if "joint" in whole:
                both = whole.pop("joint")
                at = both.shape[1] - self.H if joint == "xh" else self.H
                names = ("W_ih", "W_hh") if joint == "xh" else ("W_hh", "W_ih")
                whole |= dict(zip(names, np.split(both, [at], axis=1), strict=True))
            for role, rows in whole.items():
                value = rows[:, 0] if role.startswith("b") else rows
                found[f"d{self._named(role, layer)}"] = value
        return found

    def _named(self, role: str, layer: int) -> str:
        return role if len(self.layers) == 1 else f"{role}_{layer}"


ROLES = ("W_ih", "W_hh", "b_ih", "b_hh")


def layouts(shapes: Shapes, K: int, sizes: Sequence[tuple[int, int]]) -> Iterator[Layout]:
    """Every way in which parameters make one or more layers, likely ones first.

    Parameters
    ----------
    shapes : of all parameters, by name, in the order of their definition
    K : gates
    sizes : numbers of inputs and hidden units, likely ones

    Raises
    ------
    UnfitError
        If there is none.
    """
    found, failure = False, None
    for groups, backwards in _groupings(shapes):
        for I, H in _size_pairs(groups[0], K, sizes):
            try:
                for layout in _of_groups(groups, backwards, K, I, H):
                    found = True
                    yield layout
            except UnfitError as error:
                failure = failure or error
            if found:
                break
        if found:
            return
    raise failure or UnfitError("it has no parameters of a recurrent layer")


def _groupings(shapes: Shapes) -> Iterator[tuple[list[Shapes], bool]]:
    """Parameters in groups, one a layer and direction; whether names say what runs backwards."""
    yield [shapes], False
    for key in (_numbers, _first_word):
        groups: dict[object, dict[str, tuple[int, ...]]] = {}
        for name, shape in shapes.items():
            groups.setdefault(key(name), {})[name] = shape
        if len(groups) > 1 and len({len(group) for group in groups.values()}) == 1:
            backwards = [any(BACKWARDS.search(name) for name in group) for group in groups.values()]
            in_turn = len(groups) % 2 == 0 and backwards == [False, True] * (len(groups) // 2)
            yield list(groups.values()), in_turn


def _numbers(name: str) -> object:
    return (*NUMBER.findall(name)[:1], bool(BACKWARDS.search(name)))


def _first_word(name: str) -> object:
    return name.partition(".")[0]


def _size_pairs(
    shapes: Shapes, K: int, likely: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Numbers of inputs and hidden units that it may have, likely ones first."""
    yield from likely
    sizes = sorted({size for shape in shapes.values() for size in shape})
    sizes += [size // K for size in sizes if size % K == 0 and size // K not in sizes]
    sizes += sorted({a - b for a in sizes for b in sizes if a > b} - set(sizes))
    yield from itertools.product(sizes, sizes)


def _of_groups(
    groups: Sequence[Shapes], backwards: bool, K: int, I: int, H: int
) -> Iterator[Layout]:
    """Layouts of these groups; UnfitError if there is none."""
    firsts = list(_variants(groups[0], K, I, H))
    known = False
    for directions in (2, 1) if len(groups) % 2 == 0 else (1,):
        if directions == 1 and backwards:
            continue
        for first in firsts:
            layers = [first]
            for number, group in enumerate(groups[1:], 1):
                inputs = I if number < directions else directions * H
                layers.append(_like(first, group, (I, inputs, H)))
            if all(layers):
                known = True
                yield Layout(I, H, directions, tuple(map(tuple, layers)))
    if not known:
        raise UnfitError("its parameters do not make layers in one or two directions")


def _like(first: Sequence[Part], group: Shapes, sizes: tuple[int, int, int]) -> list[Part]:
    """A group whose parts are those of the first, with other inputs; [] if they are not."""
    I, inputs, H = sizes
    parts = []
    for part, (name, shape) in zip(first, group.items(), strict=True):
        columns = {"W_ih": (I, inputs), "joint": (I + H, inputs + H)}.get(part.role)
        wanted = part.shape
        if columns is not None:
            at = len(wanted) - 1 if part.order == "KHC" else len(wanted) - 2
            wanted = tuple(columns[1] if k == at else size for k, size in enumerate(wanted))
        if shape != wanted:
            return []
        parts.append(part._replace(name=name, shape=shape))
    return parts


def _variants(shapes: Shapes, K: int, I: int, H: int) -> Iterator[list[Part]]:
    """The parts of one layer: where matrices are square, both ways round."""
    seen = []
    failure = None
    for swapped, turned in itertools.product((False, True), repeat=2):
        try:
            parts = _parts(shapes, K, (I, H), swapped, turned)
        except UnfitError as error:
            failure = failure or error
            continue
        if parts not in seen:
            seen.append(parts)
            yield parts
    if not seen:
        raise failure or UnfitError("it has no parameters")


def _parts(
    shapes: Shapes, K: int, sizes: tuple[int, int], swapped: bool, turned: bool
) -> list[Part]:
    """Which part each parameter plays.

    Parameters
    ----------
    shapes, K : as for `layouts`
    sizes : I, H
    swapped : where nothing tells matrices on x and on h apart, whether that on h comes first
    turned : whether square matrices stand the other way round than those that are not square
    """
    fits = {name: _fits(name, shape, K, *sizes) for name, shape in shapes.items()}
    sure = [some[0].order for some in fits.values() if len(some) == 1 and some[0].role[0] != "b"]
    likely = sure[0] if sure else "KHC"
    parts = []
    for name, some in fits.items():
        roles = list(dict.fromkeys(part.role for part in some))
        side = f"W_{_side(name)}"
        role = side if side in roles else roles[-1 if swapped else 0]
        of_role = [part for part in some if part.role == role]
        of_role.sort(key=lambda part: (part.order == likely) == turned)
        parts.append(of_role[0])
    if swapped and len({part.role for part in parts if part.role[0] == "W"}) == 1:
        raise UnfitError("its parameters do not make one recurrent layer")
    if all(_is_open(some) for some in fits.values() if some[0].role != "b"):
        parts = _by_turns(parts)
    parts = _numbered(_biases_named(parts, K), K)
    roles = {role: [p for p in parts if p.role == role] for role in ("W_ih", "W_hh", "joint")}
    apart = roles["W_ih"] and roles["W_hh"] and not roles["joint"]
    if not (apart or (roles["joint"] and not roles["W_ih"] and not roles["W_hh"])):
        raise UnfitError("its parameters do not make one recurrent layer")
    return parts


def _fits(name: str, shape: tuple[int, ...], K: int, I: int, H: int) -> list[Part]:
    """All parts that a parameter may play by its shape."""
    long = tuple(size for size in shape if size != 1)
    stacked = long == (K, H) and (K != H or len(shape) > 2)
    if stacked or (len(long) <= 1 and np.prod(shape) in (H, K * H)):
        return [Part(name, "b", shape, None if np.prod(shape) == K * H else 0)]
    fits = []
    for role, C in (("W_ih", I), ("W_hh", H), ("joint", I + H)):
        for forms, gate in (((K * H, C), (C, K * H)), None), (((H, C), (C, H)), 0):
            orders = zip(forms, ("KHC", "CKH"), strict=True)
            fits += [Part(name, role, shape, gate, o) for form, o in orders if shape == form]
        stacked = {(K, H, C): "KHC", (K, C, H): "KCH"}
        fits += [Part(name, role, shape, None, o) for form, o in stacked.items() if shape == form]
    if not fits:
        raise UnfitError(f"its parameter {name} {shape} has no part in a layer of {H} units")
    if K == 1:
        fits = [part for part in fits if part.gate is None]
    return fits


def _is_open(fits: Sequence[Part]) -> bool:
    """Whether a matrix may be on x or on h."""
    return {"W_ih", "W_hh"} <= {part.role for part in fits}


def _by_turns(parts: list[Part]) -> list[Part]:
    """Square matrices that no name tells apart: the first half is on x, the second on h."""
    same = [part for part in parts if part.role[0] == "W"]
    alike = len({part.role for part in same}) == 1 and len({part.shape for part in same}) == 1
    if not alike or len(same) % 2 or any(_side(part.name) for part in same):
        return parts
    names = [part.name for part in same]
    roles = dict(zip(names, ["W_ih", "W_hh"] * (len(names) // 2), strict=True))
    if len(names) > 2:
        half = len(names) // 2
        roles = {name: "W_ih" if k < half else "W_hh" for k, name in enumerate(names)}
    return [part._replace(role=roles.get(part.name, part.role)) for part in parts]


def _side(name: str) -> str:
    """ "hh", "ih" or "", by the words in a parameter's name."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"_l\d+(_reverse)?$", "", name).lower())
    if any(word in OF_THE_STATE for word in words):
        return "hh"
    if any(INPUT.fullmatch(word) for word in words):
        return "ih"
    return "hh" if any(HIDDEN.fullmatch(word) for word in words) else ""


def _biases_named(parts: Sequence[Part], K: int) -> list[Part]:
    """Biases as b_ih or b_hh: by the matrix beside them, by their names, else by their order.

    As many as there are gates are one a gate.
    """
    biases = [part for part in parts if part.role == "b"]
    single = sum(part.gate is not None for part in biases) == K > 1 or len(biases) == 1
    beside: dict[str, set[str]] = {}
    for part in parts:
        if part.role != "b" and part.name.endswith(".weight"):
            beside.setdefault(part.name.rpartition(".")[0], set()).add(part.role)
    sides = []
    for part in biases:
        owner = beside.get(part.name.rpartition(".")[0], set())
        owned = "" if len(owner) != 1 else "hh" if "W_hh" in owner else "ih"
        sides.append(owned or ("" if part.gate is not None else _side(part.name)))
    if single and len(set(sides)) > 1:
        sides = ["ih"] * len(biases)
    half = len(biases) / 2
    roles = [
        f"b_{side or ('hh' if k >= half and not single else 'ih')}" for k, side in enumerate(sides)
    ]
    named = dict(zip((part.name for part in biases), roles, strict=True))
    return [part._replace(role=named.get(part.name, part.role)) for part in parts]


def _numbered(parts: Sequence[Part], K: int) -> list[Part]:
    """Parts of single gates, numbered in the order of their definition."""
    counts: dict[str, Iterator[int]] = {}
    numbered = []
    for part in parts:
        if part.gate is not None and K > 1:
            part = part._replace(gate=next(counts.setdefault(part.role, itertools.count())))
        else:
            part = part._replace(gate=None)
        numbered.append(part)
    for role in {p.role for p in numbered}:
        some = [p for p in numbered if p.role == role]
        if len(some) != (1 if some[0].gate is None else K):
            names = ", ".join(p.name for p in some)
            raise UnfitError(f"its parameters {names} do not make one layer in one direction")
    return numbered
