"""Which array is the gradient of which parameter: by name, by shape, by order, by what changed.

A gradient is looked for in what the call returned, then in what it left in its world: attributes,
globals, arrays filled in place. Where there is none, the change of the weights shows it, if the
rule of the update is known: SGD and momentum change a weight by -rate * g in a first step; Adagrad
and RMSprop add g * g to an array beside it, Adam's first moment is a share of g.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import world

Path = world.Path
BEFORE = r"(d|g|grad|grads|gradient|delta|del|nabla|dl?d|djd|ded|dcostd|dlossd|partial)"
AFTER = r"(d|g|grad|grads|gradient|delta|dot|bar)"
LIKE_GRADIENT = re.compile(r"(?i)grad|delta|nabla|^_?d_?[a-z]|^_?g_?[WUVb]")
HELD = re.compile(r"(?i)v|val|values?|data|arrays?|params?")  # what an object calls its array
BESIDE = re.compile(r"(?i)d|g|grads?|gradients?|diff|delta")  # and the gradient of that
RULES = ("sgd", "momentum", "adagrad", "rmsprop", "adam")
RATE = re.compile(r"(?i)^(lr|learning_?rate|eta|alpha|rate|step_?size|l_?rate)$")
DECAY = re.compile(r"(?i)^(decay|decay_?rate|rho|gamma|beta_?1|b1|beta)$")


class Pair(NamedTuple):
    """A parameter, its gradient, and how they found each other."""

    path: Path
    gradient: np.ndarray
    how: str = ""  # in words, if a reader should know


def plain(name: Any) -> str:
    """A name without what spellings differ in."""
    return re.sub(r"[\W_]", "", str(name)).lower()


def name_of(path: Path) -> str:
    """What a parameter is called: its last name, with an index if there is one."""
    words = [k for k, key in enumerate(path) if isinstance(key, str)]
    held = len(words) > 2 and HELD.fullmatch(str(path[words[-1]]))
    start = words[-2] if held else words[-1]
    rest = "".join(f"[{key}]" for key in path[start + 1 :] if isinstance(key, int))
    return f"{path[start]}{rest}"


def named(value: Any, names: Any) -> Any:
    """What was returned, as a dict by the names that the ``return`` statement gives."""
    if isinstance(names, str):
        return {names: value}
    if isinstance(value, tuple | list) and len(names) == len(value):
        found: dict[Any, Any] = {}
        for k, (entry, name) in enumerate(zip(value, names, strict=True)):
            one = {name or k: entry} if isinstance(name, str) else {k: named(entry, name)}
            found.update(one)
        return found
    return value


def paired(
    parameters: Mapping[Path, np.ndarray], returned: Any, before: Any, after: Any
) -> tuple[list[Pair], list[str]]:
    """The pairs, and what a reader should know.

    Parameters
    ----------
    parameters : by path
    returned : by the call
    before, after : its world
    """
    theirs = {p for p, leaf in world.leaves(after) for own in parameters if p == own}
    inside = [(p, a) for p, a in world.leaves(after) if p not in theirs and _is_array(a)]
    shown = [(p, a) for p, a in world.leaves(returned, ("returned",)) if _is_array(a)]
    changed = [(p, a) for p, a in inside if not _same(before, p, a)]
    pairs: dict[Path, Pair] = {}
    used: set[int] = set()
    for candidates in (shown, [*changed, *inside]):  # of two that fit alike the one that changed
        for path in parameters:
            if path not in pairs:
                _by_name(path, parameters[path], candidates, used, pairs)
    notes: list[str] = []
    for candidates in (shown, changed):
        _by_shape(parameters, candidates, used, pairs, notes)
    return [pairs[path] for path in parameters if path in pairs], notes


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f"


def _same(before: Any, path: Path, value: np.ndarray) -> bool:
    try:
        return np.array_equal(world.at(before, path), value)
    except (LookupError, AttributeError, TypeError, ValueError):
        return False


def _by_name(
    path: Path,
    value: np.ndarray,
    candidates: Iterable[tuple[Path, np.ndarray]],
    used: set[int],
    pairs: dict[Path, Pair],
) -> None:
    own = plain(name_of(path))
    pattern = re.compile(rf"{BEFORE}{re.escape(own)}|{re.escape(own)}{AFTER}")
    fitting = []
    for place, array in candidates:
        words = [plain(key) for key in place[1:]]
        inside = any(isinstance(k, str) and LIKE_GRADIENT.search(k) for k in place[1:-1])
        same = own in words[-1:] or own == plain(name_of(place))
        beside = place[:-1] == path[:-1] and HELD.fullmatch(str(path[-1]))
        beside = beside and BESIDE.fullmatch(words[-1])
        swapped = [b for a, b in zip(path, place, strict=False) if a != b]
        parallel = len(path) == len(place) and len(swapped) == 1 and path[-1] == place[-1]
        beside = beside or (parallel and LIKE_GRADIENT.search(str(swapped[0])))
        known = pattern.fullmatch(plain(name_of(place))) or beside
        if known or (same and (inside or place[0] == "returned")):
            common = sum(a == b for a, b in zip(place, path, strict=False))
            fitting.append((common, array.size == value.size, -len(fitting), array))
    fitting = [one for one in fitting if id(one[3]) not in used]
    if fitting:
        best = max(fitting, key=lambda one: one[:3])[3]
        used.add(id(best))
        pairs[path] = Pair(path, best)


def _by_shape(
    parameters: Mapping[Path, np.ndarray],
    candidates: Sequence[tuple[Path, np.ndarray]],
    used: set[int],
    pairs: dict[Path, Pair],
    notes: list[str],
) -> None:
    left = [(p, a) for p, a in candidates if id(a) not in used and a.ndim and _may_be(p)]
    rest = {path: a for path, a in parameters.items() if path not in pairs}
    for shape in dict.fromkeys(a.shape for a in rest.values()):
        mine = [path for path, a in rest.items() if a.shape == shape]
        theirs = [(p, a) for p, a in left if a.shape == shape]
        if not theirs or len(theirs) < len(mine):
            continue
        names = ", ".join(map(name_of, mine))
        if len(theirs) > len(mine):
            notes.append(
                f"{len(theirs)} arrays may be the gradient of {names}: the first is taken;"
                " gradients={name: ...} says which"
            )
        elif len(mine) > 1:
            notes.append(f"the gradients of {names} are told apart by their order")
        for path, (_, array) in zip(mine, theirs, strict=False):
            used.add(id(array))
            pairs[path] = Pair(path, array)


def _may_be(place: Path) -> bool:
    """Whether its names leave it open that it is a gradient."""
    words = [key for key in place[1:] if isinstance(key, str)]
    if any(LIKE_GRADIENT.search(word) for word in words):
        return True
    return place[0] == "returned" and not words


def of_change(
    parameters: Mapping[Path, np.ndarray],
    before: Any,
    after: Any,
    rule: str | None = None,
    rate: float | None = None,
) -> tuple[list[Pair], str, bool]:
    """Gradients from how the weights changed.

    Parameters
    ----------
    parameters : by path, as they were before
    before, after : the world of the call
    rule : one of `RULES`; None: told by what it leaves
    rate : the learning rate; None: looked for by its name

    Returns
    -------
    pairs, rule : the rule; "" where nothing changed
    free : whether the gradients are known only up to a factor common to all
    """
    now = {path: _at(after, path) for path in parameters}
    steps = {
        path: now[path] - a
        for path, a in parameters.items()
        if np.shape(now[path]) == a.shape and not np.array_equal(now[path], a)
    }
    if not steps:
        return [], "", False
    beside = {path: _beside(path, parameters, before, after) for path in steps}
    known = _numbers(before)
    rate = rate or next((v for k, v in known.items() if RATE.match(k) and v), None)
    decay = next((v for k, v in known.items() if DECAY.match(k) and 0 < v < 1), None)
    size = float(np.median(np.abs(np.concatenate([s[s != 0] for s in steps.values()]))))
    told, rule = rule is not None, rule or _rule(steps, beside, rate, size)
    if rule in ("sgd", "momentum"):
        return [Pair(p, -s / (rate or 1)) for p, s in steps.items()], rule, rate is None
    if rule == "adam":
        share, free = 1 - (decay or 0.9), decay is None
        moments = {
            p: _first(found, lambda m, p=p: m * steps[p] <= 0) for p, found in beside.items()
        }
        return [Pair(p, m / share) for p, m in moments.items() if m is not None], rule, free
    share = 1 - (decay or 0.9) if rate is None else round((rate / size) ** 2, 3)
    share = 1.0 if rule == "adagrad" else share
    squares = {p: _first(found, lambda m: m >= 0) for p, found in beside.items()}
    free = rate is None and (rule == "rmsprop" or not told)
    pairs = [
        Pair(p, -np.sign(steps[p]) * np.sqrt(s / share))
        for p, s in squares.items()
        if s is not None
    ]
    return pairs, rule, free


def _first(found: Sequence[np.ndarray], fits: Any) -> np.ndarray | None:
    return next((one for one in found if np.all(fits(one))), None)


def _rule(
    steps: Mapping[Path, np.ndarray],
    beside: Mapping[Path, list[np.ndarray]],
    rate: float | None,
    size: float,
) -> str:
    """The rule whose first step looks like this: those that divide by its size step evenly."""
    sizes = np.abs(np.concatenate([s[s != 0] for s in steps.values()]))
    if np.mean(np.abs(sizes - size) < 0.02 * size) < 0.5:
        return "sgd"
    if all(_first(s, lambda m, p=p: m * steps[p] <= 0) is not None for p, s in beside.items()):
        return "adam"
    return "rmsprop" if rate and abs(size - rate) > 0.02 * rate else "adagrad"


def _at(value: Any, path: Path) -> Any:
    try:
        return world.at(value, path)
    except (LookupError, AttributeError, TypeError):
        return None


def _beside(
    path: Path, parameters: Mapping[Path, np.ndarray], before: Any, after: Any
) -> list[np.ndarray]:
    """How the arrays changed that an update keeps beside a parameter: those that share its name."""
    own, found = plain(name_of(path)), []
    for place, array in world.leaves(after):
        if place in parameters or not _is_array(array) or array.shape != parameters[path].shape:
            continue
        words = [plain(name_of(place)), plain(place[-1])]
        if any(own in word for word in words) or place[-1] == path[-1]:
            change = array - _start(before, place, array)
            found += [change] if change.any() else []
    return found


def _start(before: Any, path: Path, like: np.ndarray) -> Any:
    value = _at(before, path)
    return value if np.shape(value) == like.shape else 0.0


def _numbers(before: Any) -> dict[str, float]:
    """Numbers by name: rates and decays are among them."""
    found: dict[str, float] = {}
    classes = [vars(type(one)) for one in before["self"].values()]
    for path, leaf in (*world.leaves(before), *world.leaves([dict(one) for one in classes])):
        if isinstance(leaf, float) and path and isinstance(path[-1], str):
            found.setdefault(path[-1], leaf)
    return found
