"""What a submission returned, laid out by the names of the course, and what is odd about it.

What can be compared is found, wherever it is: in a dict or a tuple, under other names, in caches of
any form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ... import compare, slots
from ..dialects import dialect as dialects
from ..dialects import match as matching
from ..probe import probes
from ..run import codec
from . import target

CLOSE = 1e-3  # two quantities of a probe are never this close; float32 and worse dtypes are


@dataclass(frozen=True)
class Flat:
    """What a submission returned, laid out by name.

    Attributes
    ----------
    outputs : arrays by name of the result; what could not be found is not there
    problems : what breaks the contract of the function, in words
    notes : what is different and harmless
    suspects : ids of mistakes that the form of what was returned speaks for (``caches-wrong``)
    form : how it gives what is asked for in another form
    """

    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)
    form: list[str] = field(default_factory=list)


def flatten(
    one: target.Target, values: Sequence[tuple[dialects.Call, Any]], probe: probes.Probe
) -> Flat:
    """What a submission returned, laid out by name; whatever it is, nothing is raised.

    Parameters
    ----------
    one : the target
    values : the calls of the dialect, and what came of each
    probe : the numbers
    """
    flat = Flat()
    truth = one.expected(probe)
    for call, value in values:
        names = {term.name for term in dialects.slots_in(call.gives)}
        if names & set(truth):
            _flatten_call(one, flat, call, value, probe, truth)
    lost = [s.name for s in one.gives if s.name in truth and s.name not in flat.outputs]
    if lost and not flat.problems:
        flat.problems.append(f"{', '.join(lost)} cannot be found in what is returned")
    return flat


def _flatten_call(
    one: target.Target,
    flat: Flat,
    call: dialects.Call,
    value: Any,
    probe: probes.Probe,
    truth: dict[str, np.ndarray],
) -> None:
    first = call.gives[0]
    if len(call.gives) > 1:
        _flatten_results(one, flat, call, value, probe, truth)
    elif isinstance(first, dialects.Bundle):
        _flatten_bundle(one, flat, first, value, truth)
    elif isinstance(first, slots.Slot):
        alone = isinstance(value, tuple | list) and len(value) == 1
        _take(flat, first.name, value[0] if alone else value, truth[first.name].shape)


def _kind_of(value: Any) -> str:
    """What a value is, with its article."""
    kind = str(getattr(value, "type", type(value).__name__))
    if kind == codec.TOO_BIG:
        return "a value too deep or too large"
    if any(kind in dialect.functions for dialect in dialects.all_dialects().values()):
        return f"an object of the class {kind}"
    if isinstance(value, np.ndarray):
        kind = "array"
        if value.dtype.kind not in "fciub":
            kind += " of text" if value.dtype.kind in "US" else f" of {value.dtype}"
    elif kind == "Tensor" and getattr(value, "repr", "").startswith("tensor("):
        kind = "torch.Tensor"
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def _array(value: Any) -> np.ndarray | None:
    """A numeric array of what may be one, None for everything else."""
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        array = np.asarray(value)
    elif isinstance(value, list | tuple):
        try:
            array = np.asarray(value)
        except (ValueError, TypeError):
            return None
    else:
        return None
    return array if array.dtype.kind in "fciub" else None


def _take(flat: Flat, name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Put one result into flat, with what is odd about it."""
    if value is None:
        flat.problems.append(f"{name} is None")
        return
    array = _array(value)
    if array is None:
        wanted = "an ndarray is needed" if _kind_of(value).endswith("Tensor") else ""
        flat.problems.append(
            f"{name} is {_kind_of(value)}{': ' + wanted if wanted else ', not an array of numbers'}"
        )
        return
    if array.dtype.kind == "c":
        flat.problems.append(f"{name} is complex ({array.dtype})")
    elif array.dtype.kind in "iub":
        flat.notes.append(f"{name} holds {array.dtype}, not floating-point numbers")
        array = array.astype(np.float64)
    if array.shape != shape:
        if _squeezed(array.shape) == _squeezed(shape) and array.size:
            flat.notes.append(f"{name} has shape {array.shape}, asked for is {shape}")
            array = array.reshape(shape)
        else:
            transposed = ", its transpose" if array.shape == shape[::-1] else ""
            flat.problems.append(f"{name} has shape {array.shape}{transposed}, not {shape}")
    flat.outputs[name] = array


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _by_name(
    one: target.Target, flat: Flat, value: Mapping[Any, Any], names: Sequence[str]
) -> dict[str, Any]:
    """Entries of a mapping by the dialect's names, as far as they are there."""
    rest = {matching.plain(key): key for key in value}
    found = {}
    for name in names:
        if name in value:
            found[name] = value[name]
            rest.pop(matching.plain(name), None)
    for name in names:
        if name in found:
            continue
        for spelling in _spellings(one, name):
            if spelling in rest:
                key = rest.pop(spelling)
                found[name] = value[key]
                if key != one.respelt(name):
                    flat.notes.append(f"{key} is taken for {name}")
                break
    if rest:
        flat.notes.append(f"also returns {', '.join(str(key) for key in rest.values())}")
    return found


def _spellings(one: target.Target, name: str) -> list[str]:
    """Names, in plain letters, under which a result may come; those of other dialects too."""
    found = [matching.plain(name), matching.plain(one.respelt(name))]
    respelt = one.match.dialect.respelt
    if name[1:] in respelt:
        found.append(matching.plain(f"d{respelt[name[1:]]}"))
    slot = next((s for s in one.gives if s.name == name), None)
    if slot is None:
        return [*found, "cache", "caches"]
    if not slot.gates:
        return [*found, *sorted(matching.spellings(slot.quantity))]
    same = matching.same_atoms(slot)
    letters = {"i": "iu", "g": "cgm"}
    if len(slot.gates) == 1:
        kind = "b" if slot.on[0].startswith("bias") else "w"
        same = [*same, *(f"d{kind}{letter}" for letter in letters.get(slot.gates, slot.gates))]
    return [*found, *same]


def _flatten_bundle(
    one: target.Target,
    flat: Flat,
    bundle: dialects.Bundle,
    value: Any,
    truth: Mapping[str, np.ndarray],
) -> None:
    """Results that come in a dict by name, or in a list or tuple."""
    right = {s.name: truth[s.name] for s in dialects.slots_in((bundle,)) if s.name in truth}
    if isinstance(value, Mapping):
        names = dict(zip(bundle.keys, (s.name for s in dialects.slots_in((bundle,))), strict=False))
        value = {names.get(key, key): entry for key, entry in value.items()}
        found = _by_name(one, flat, value, list(right))
    elif isinstance(value, tuple | list) and len(value) == len(right):
        named = bundle.kind == "dict"
        found = _one_after_another(flat, value, right, named)
    elif isinstance(value, tuple | list) and bundle.kind != "dict" and len(value) > len(right):
        found = dict(zip(right, value, strict=False))
    else:
        wanted = "a dict" if bundle.kind == "dict" else f"a {bundle.kind}"
        flat.problems.append(f"returns {_described(value)}, not {wanted} of {', '.join(right)}")
        return
    for name, array in right.items():
        if name in found:
            _take(flat, name, found[name], array.shape)
        else:
            flat.problems.append(f"{name} is missing in what is returned")


def _one_after_another(
    flat: Flat, value: Sequence[Any], right: Mapping[str, np.ndarray], named: bool
) -> dict[str, Any]:
    """Gradients without names: in the dialect's order, unless another one fits."""
    arrays = [_array(entry) for entry in value]
    pairs = zip(arrays, right.values(), strict=True)
    order = _order(arrays, right, (True,))
    if order is None and not all(_alike(array, reference) for array, reference in pairs):
        order = _order(arrays, right, (True, False))
    order = order or list(right)
    listed = "" if order == list(right) else f" ({', '.join(order)})"
    if named:
        flat.notes.append(f"returns its gradients one after another{listed}, asked for is a dict")
        flat.form.append(flat.notes[-1])
    elif listed:
        flat.problems.append(f"returns {', '.join(order)}: asked for are {', '.join(right)}")
    found = dict(zip(order, value, strict=True))
    return {name: found[name] for name in right}


def _order(
    arrays: Sequence[np.ndarray | None], right: Mapping[str, np.ndarray], closely: Sequence[bool]
) -> list[str] | None:
    """Which gradient each array is, by its values or (False) by its shape; None if not all are."""
    left, order = dict(right), {}
    for close in closely:
        for k, array in enumerate(arrays):
            fitting = [name for name, value in left.items() if _alike(array, value, close)]
            if k not in order and fitting:
                order[k] = fitting[0]
                del left[fitting[0]]
    return None if left else [order[k] for k in range(len(arrays))]


def _alike(array: np.ndarray | None, reference: np.ndarray, close: bool = False) -> bool:
    """Whether an array has the shape of a result, axes of length 1 aside, or its values too."""
    if array is None or _squeezed(array.shape) != _squeezed(reference.shape):
        return False
    return not close or error(array.reshape(reference.shape), reference) < CLOSE


def _described(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"{len(value)} result{'s' * (len(value) != 1)}"
    return _kind_of(value)


def _flatten_results(
    one: target.Target,
    flat: Flat,
    call: dialects.Call,
    value: Any,
    probe: probes.Probe,
    truth: dict[str, np.ndarray],
) -> None:
    names = [getattr(term, "name", "") for term in call.gives]
    if isinstance(value, Mapping):
        flat.notes.append("returns a dict, asked for is a tuple")
        found = _by_name(one, flat, value, names)
    elif isinstance(value, tuple | list):
        if len(value) != len(names):
            flat.problems.append(
                f"returns {_described(value)}, not {len(names)} results: {', '.join(names)}"
            )
        found = _in_order(flat, dict(zip(names, value, strict=False)), truth)
    else:
        flat.problems.append(
            f"returns {_described(value)}, not {len(names)} results: {', '.join(names)}"
        )
        return
    for name in names:
        if name in found and name in truth:
            _take(flat, name, found[name], truth[name].shape)
        elif name in truth and isinstance(value, Mapping):
            flat.problems.append(f"{name} is missing in what is returned")
    for term in call.gives:
        if isinstance(term, dialects.Bundle) and not term.cache and term.name in found:
            _flatten_bundle(one, flat, term, found[term.name], truth)
    bundle = one.function.cache_given
    if bundle is not None and bundle.name in found:
        _flatten_caches(one, flat, found[bundle.name], probe, truth)


def _in_order(flat: Flat, found: dict[str, Any], truth: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The results under their own names, should they have come in another order."""
    arrays = {name: _array(value) for name, value in found.items() if name in truth}
    moved = {}
    for name, array in arrays.items():
        if array is None or error(array, truth[name]) < CLOSE:
            continue
        for other in arrays:
            if other == name or array.shape != truth[other].shape:
                continue
            fits = array.shape != truth[name].shape or error(array, truth[other]) < CLOSE
            theirs = arrays[other]
            if fits and (theirs is None or error(theirs, truth[other]) >= CLOSE):
                moved[name] = other
    if set(moved) != set(moved.values()) or not moved:
        return found
    order = [moved.get(name, name) for name in found]
    flat.problems.append(f"returns {', '.join(order)}: the order is {', '.join(found)}")
    return {moved.get(name, name): value for name, value in found.items()}


def error(found: np.ndarray, expected: np.ndarray) -> float:
    """The normwise error, infinite where shapes differ or a value is not finite."""
    if np.shape(found) != np.shape(expected):
        return float("inf")
    value = compare.normwise_error(np.asarray(found), np.asarray(expected))
    return value if np.isfinite(value) else float("inf")


# ------------------------------------------------------------------------------------------- caches


def _leaves(value: Any) -> dict[tuple[Any, ...], np.ndarray]:
    """The arrays inside tuples, lists and dicts, by path."""
    found = (
        (path, _array(leaf))
        for path, leaf in codec.leaves(value)
        if isinstance(leaf, np.ndarray | np.generic)
    )
    return {path: array for path, array in found if array is not None}


def _steps(value: Any, T: int) -> list[Any] | None:
    """The caches of all steps, wherever they stand: in value itself or one level down."""
    inside = list(value.values()) if isinstance(value, Mapping) else value
    for candidate in (value, *(inside if isinstance(inside, tuple | list) else ())):
        if isinstance(candidate, tuple | list) and len(candidate) == T:
            paths = [set(_leaves(step)) for step in candidate]
            nested = all(isinstance(step, tuple | list | Mapping) for step in candidate)
            if nested and paths[0] and all(path == paths[0] for path in paths):
                return list(candidate)
    return None


def _stacked(steps: Sequence[Any]) -> dict[tuple[Any, ...], np.ndarray]:
    """The leaves of all steps, one array a path with time in front."""
    leaves = [_leaves(step) for step in steps]
    alike = [p for p in leaves[0] if len({step[p].shape for step in leaves}) == 1]
    return {path: np.stack([step[path] for step in leaves]) for path in alike}


def _flatten_caches(
    one: target.Target,
    flat: Flat,
    value: Any,
    probe: probes.Probe,
    truth: dict[str, np.ndarray],
) -> None:
    one_step = one.function.kind == "cell_forward"
    prefix = "cache." if one_step else "caches."
    if one_step:
        leaves, form = _leaves(value), value
    else:
        steps = _steps(value, probe.T)
        if steps is None:
            _odd_caches(flat, value, one, probe, truth)
            return
        leaves, form = _stacked(steps), steps[0]
        _flatten_x(flat, value, truth["caches.x"])
    anchors = _anchors(one, flat, probe, one_step)
    wanted = {name: truth[prefix + name] for name in _entries(one)}
    own = {n: a for n, a in flat.outputs.items() if n in truth}
    right = all(error(own[n], truth[n]) < CLOSE for n in own if n in truth)
    placed = _by_place(one, form, leaves, wanted, anchors)
    if placed is None:
        placed, order = _by_value(leaves, wanted, anchors)
        flat.notes.append(_form(prefix[:-1], form, order, len(wanted)))
        missing = [name for name in wanted if name not in placed]
        holds = "the cache holds" if one_step else "the caches hold"
        flat.notes.extend(f"{holds} no {name}" for name in missing)
        if missing and _has_course_form(one, form):
            flat.suspects.append("caches-wrong")
    elif right:
        placed = _gates_in_order(flat, placed, wanted)
    for name, array in placed.items():
        flat.outputs[prefix + name] = array


def _entries(one: target.Target) -> dict[str, str]:
    """The entries of the cache of a step in order, and what they are in the textbook."""
    assert one.function.cache_given is not None
    return {s.name: s.quantity for s in dialects.step_slots(one.function.cache_given)}


def _has_course_form(one: target.Target, form: Any) -> bool:
    """Whether a cache of a step is a tuple as the course's, the parameters last."""
    size = len(_entries(one)) + 1
    return isinstance(form, tuple | list) and len(form) == size and isinstance(form[-1], Mapping)


def _form(name: str, form: Any, order: Mapping[tuple[Any, ...], str], size: int) -> str:
    """How a cache differs that holds its entries elsewhere."""
    if isinstance(form, tuple | list) and len(order) == size and all(len(p) == 1 for p in order):
        listed = [
            "parameters" if isinstance(entry, Mapping) else order.get((k,), "something else")
            for k, entry in enumerate(form)
        ]
        theirs = "has its entries" if name == "cache" else "have the entries of a step"
        return f"the {name} {theirs} in another order than the course's: " + ", ".join(listed)
    return f"the {name} {'has' if name == 'cache' else 'have'} another form than the course's"


def _flatten_x(flat: Flat, value: Any, x: np.ndarray) -> None:
    for array in _leaves(value).values():
        if error(array, x) < CLOSE:
            flat.outputs["caches.x"] = array
            return
    last = value[-1] if isinstance(value, tuple) and len(value) == 2 else None
    if isinstance(last, np.ndarray) and last.shape == x.shape:
        flat.outputs["caches.x"] = last
    else:
        flat.notes.append("the caches do not hold x")


def _anchors(
    one: target.Target, flat: Flat, probe: probes.Probe, one_step: bool
) -> dict[str, np.ndarray]:
    """What must be in the caches whatever the gates are: the inputs and the own results."""
    known = one.known(probe)
    named = {quantity: name for name, quantity in _entries(one).items()}
    results = {s.quantity: flat.outputs.get(s.name) for s in one.gives}
    found = {named["xt"]: probe.x[0] if one_step else probe.x}
    for letter in "hc" if one.function.cell == "lstm" else "h":
        start = known[f"{letter}_prev" if one_step else f"{letter}0"]
        if one_step:
            found[named[f"{letter}_prev"]] = start
        array = results.get(f"{letter}_next" if one_step else letter)
        if array is None or array.shape[:2] != start.shape:
            continue
        if one_step:
            found[named[f"{letter}_next"]] = array
        else:
            after = array.transpose(2, 0, 1)
            found[named[f"{letter}_next"]] = after
            found[named[f"{letter}_prev"]] = np.concatenate((start[None], after[:-1]))
    return found


def _by_place(
    one: target.Target,
    form: Any,
    leaves: Mapping[tuple[Any, ...], np.ndarray],
    wanted: Mapping[str, np.ndarray],
    anchors: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray] | None:
    """The entries of a cache in the course's order, or of a dict with its names; else None."""
    names = list(_entries(one))
    if isinstance(form, Mapping):
        keys = {matching.plain(key): key for key in form}
        placed = {
            n: leaves.get((keys[matching.plain(n)],)) for n in names if matching.plain(n) in keys
        }
    elif isinstance(form, tuple | list) and len(form) == len(names) + 1:
        placed = {name: leaves.get((k,)) for k, name in enumerate(names)}
    else:
        return None
    found = {
        name: array
        for name, array in placed.items()
        if array is not None and array.shape == wanted[name].shape
    }
    good = [name for name in anchors if name in found and _speaks(found[name], anchors[name])]
    if len(found) < len(names) or 2 * len(good) <= len(anchors):
        return None
    return found


def _speaks(found: np.ndarray, anchor: np.ndarray) -> bool:
    """Whether an entry is what it should be, or has its first or last step where it does not go."""
    if error(found, anchor) < CLOSE:
        return True
    if found.ndim < 3:
        return False
    ends = [(found[k], anchor[j]) for k in (0, -1) for j in (0, -1)]
    return any(error(one, other) < CLOSE for one, other in ends)


def _by_value(
    leaves: Mapping[tuple[Any, ...], np.ndarray],
    wanted: Mapping[str, np.ndarray],
    anchors: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[tuple[Any, ...], str]]:
    """The entries of a cache of any form, each the array that holds its values; their places."""
    found, places = {}, {}
    for name, value in wanted.items():
        value = anchors.get(name, value)
        for path, array in leaves.items():
            if path not in places and error(array, value) < CLOSE:
                found[name] = array
                places[path] = name
                break
    return found, places


def _gates_in_order(
    flat: Flat, placed: dict[str, np.ndarray], wanted: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Gates that a correct forward pass keeps in another order than the course does."""
    gates = [name for name in ("ft", "it", "cct", "ot") if name in placed]
    order = []
    for name in gates:
        fitting = [gate for gate in gates if error(placed[name], wanted[gate]) < CLOSE]
        order += fitting[:1]
    if order == gates or sorted(order) != sorted(gates):
        return placed
    flat.notes.append("the cache holds its gates in the order " + ", ".join(order))
    moved = {gate: placed[name] for name, gate in zip(gates, order, strict=True)}
    return placed | moved


def _odd_caches(
    flat: Flat,
    value: Any,
    one: target.Target,
    probe: probes.Probe,
    truth: dict[str, np.ndarray],
) -> None:
    """Say what is in caches that do not hold one entry a step."""
    arrays = _leaves(value)
    prefix = "caches."
    wanted = {name: truth[prefix + name] for name in _entries(one)}
    by_quantity = {
        path: stacked
        for path, array in arrays.items()
        for stacked in (array, np.moveaxis(array, -1, 0))
        if array.ndim == 3 and stacked.shape[0] == probe.T
    }
    by_quantity |= _lists_of_steps(value, probe.T)
    placed, _ = _by_value(by_quantity, wanted, _anchors(one, flat, probe, one_step=False))
    if len(placed) > 1:
        flat.notes.append("the caches hold one array a quantity, the course's one entry a step")
        flat.outputs.update({prefix + name: array for name, array in placed.items()})
        return
    made = _objects(value, probe.T)
    if made:  # nobody can look into them but what reads them
        flat.notes.append(f"the caches hold an object a step, of the class {made}")
        return
    flat.suspects.append("caches-wrong")
    after = wanted[next(iter(wanted))][-1]
    last = [array for array in arrays.values() if error(array, after) < CLOSE]
    size = len(_entries(one))
    if last and len(arrays) <= 2 * (size + 10):
        flat.notes.append(f"the caches hold one step only, the last of {probe.T}")
    elif last:
        flat.notes.append("the caches hold the entries of all steps in one row")
    else:
        flat.notes.append(f"the caches are {_described(value)} without one entry a step")


def _objects(value: Any, T: int) -> str:
    """The class of the objects, one a step, that caches hold in themselves or one level down."""
    inside = list(value.values()) if isinstance(value, Mapping) else value
    for candidate in (value, *(inside if isinstance(inside, tuple | list) else ())):
        if isinstance(candidate, tuple | list) and len(candidate) == T:
            kinds = {one.type if type(one) is codec.Opaque else "" for one in candidate}
            if len(kinds) == 1 and not kinds & {"", codec.TOO_BIG, "NoneType"}:
                return kinds.pop()
    return ""


def _lists_of_steps(
    value: Any, T: int, path: tuple[Any, ...] = ()
) -> dict[tuple[Any, ...], np.ndarray]:
    """Lists of T arrays of one shape inside value, each as one array with time in front."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, tuple | list):
        arrays = [entry for entry in value if isinstance(entry, np.ndarray)]
        if len(arrays) == len(value) == T and len({array.shape for array in arrays}) == 1:
            return {path: np.stack(arrays)}
        items = list(enumerate(value))
    found = {}
    for key, entry in items:
        found |= _lists_of_steps(entry, T, (*path, key))
    return found
