"""What a dialect's file leaves open, or has wrong, found with a right solution.

A place that is left open is written ``?``: the axes of an array (``x_t = "xt: ?"``), the order of
gates (``"[?] x: ?"``, one order a cell), what a weight acts on (``"[f] ?: ?"``), a whole array
that its name explains (``h_prev = "?"``), ``gradients = "?"`` (sum or mean) and, in [variants],
``gru = "?"``. Function by function, forward before backward, every way to fill the places that it
uses is tried: first the shapes, where one that raises rules out all that share them, then the
values. What is right for one function is where the search for the next begins. Candidates are
counted; nothing depends on time.
"""

import contextlib
import copy
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ... import slots
from ..judge import runs, submitted, target
from ..load import parts
from . import dialect as dialects
from . import match as matching

MOST = 4000  # candidates for one function, at each of the two stages
MOST_ENUMERATED = 200_000
KEPT = 8  # candidates that go on to the next function
SECONDS = 10.0
MATRIX = ("R KH", "KH R", "K R H", "K H R", "R K H", "R HK", "HK R")
BIAS = ("KH", "1 KH", "KH 1", "K H", "HK")
VARIANTS = ("", "reset-before", "update-turned", "reset-before update-turned")
KINDS = ("cell_forward", "forward", "cell_backward", "backward", "softmax", "sigmoid")
_ENTRY = re.compile(r"(?:\[(?P<gates>[^\]]*)\](?P<on>[^:]*)|(?P<quantity>[^:]*)):(?P<axes>.*)")
_SHAPES = {"axes", "on", "whole"}  # what changes the shapes of arrays

Choice = Mapping[tuple[str, ...], str]


class SearchError(dialects.DialectError):
    """A place that cannot be filled, in words for the author of the file."""


@dataclass(frozen=True)
class Place:
    """Something that a file says, or leaves open.

    Attributes
    ----------
    where : section, key and part: ("arrays", "x_t", "axes"), ("weights", "gru", "order")
    options : all that can stand there
    array : whose it is, "" of what holds for a cell or for the whole file
    """

    where: tuple[str, ...]
    options: tuple[str, ...]
    array: str = ""


@dataclass(frozen=True)
class Found:
    """What came of a search: the choices that are right, best first; and of which functions none."""

    choices: tuple[Choice, ...]
    failed: tuple[str, ...] = ()


def filled(said: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    """The tables of a file with what was chosen; the first option where nothing was."""
    whole = copy.deepcopy(dict(said))
    for where, words in dialects.entries(said):
        touched = {(*where, "axes"), (*where, "on"), (*where[:2], "order"), where}
        if dialects.OPEN not in words and not touched & choice.keys():
            continue
        inside = whole
        for key in where[:-1]:
            inside = inside[key]
        inside[where[-1]] = _words(said, where, words, choice)
    return whole


def _words(said: Mapping[str, Any], where: tuple[str, ...], words: str, choice: Choice) -> str:
    """The words of one entry with what was chosen."""
    chosen = {p.where: choice.get(p.where, p.options[0]) for p in _places(said, where, words)}
    changed = {w: choice[w] for w in _possible(said, where, words) if w in choice} | chosen
    if not changed:
        return words
    whole = changed.get(where, changed.get((*where, "whole")))
    if whole is not None:
        return whole
    found = _taken_apart(where, words)
    gates = changed.get((*where[:2], "order"), found["gates"]) if found["gates"] else ""
    on = changed.get((*where, "on"), found["on"])
    axes = changed.get((*where, "axes"), found["axes"])
    return f"{f'[{gates}] {on}' if gates else found['quantity']}: {axes}"


def _taken_apart(where: tuple[str, ...], words: str) -> dict[str, str]:
    """Gates, on, quantity and axes of an entry; "?" for those that are open."""
    match = _ENTRY.fullmatch(words.strip())
    if match is None and words.strip() != dialects.OPEN:
        raise SearchError(f"{where[-1]} = {words!r}: 'quantity: axes' is needed, or ?")
    found = match.groupdict("") if match else {"gates": "", "on": "", "axes": dialects.OPEN}
    found.setdefault("quantity", dialects.OPEN)
    return {part: " ".join(text.split()) for part, text in found.items()}


def _places(said: Mapping[str, Any], where: tuple[str, ...], words: str) -> list[Place]:
    """The open places of one entry."""
    possible = _possible(said, where, words)
    if where in possible:
        return [possible[where]] if words.strip() == dialects.OPEN else []
    if where[0] not in ("arrays", "weights"):
        return []
    found = _taken_apart(where, words)
    found |= {"order": found["gates"], "whole": found["quantity"]}
    return [p for w, p in possible.items() if found[w[-1]] == dialects.OPEN]


def _possible(said: Mapping[str, Any], where: tuple[str, ...], words: str) -> dict[Any, Place]:
    """Everything that could be another in one entry, open or not."""
    section, name = where[0], where[-1]
    if section == "gradients":
        added = ("sum, added", "mean, added") if "added" in words else ()
        return {where: Place(where, added or ("sum", "mean"))}
    if section == "variants":
        return {where: Place(where, VARIANTS)}
    if section not in ("arrays", "weights"):
        return {}
    found = _taken_apart(where, words)
    places = []
    if found["gates"]:
        places = _of_weight(said, where, found)
    elif found["quantity"] == dialects.OPEN:
        whole = [f"{q}: {axes}" for q in _quantities(name) for axes in _axes(slots.AXES[q])]
        places.append(Place((*where, "whole"), tuple(whole), name))
    elif found["quantity"] in slots.AXES:
        places.append(Place((*where, "axes"), _axes(slots.AXES[found["quantity"]]), name))
    return {place.where: place for place in places}


def _of_weight(said: Mapping[str, Any], where: tuple[str, ...], found: Mapping) -> list[Place]:
    cell, name = where[1], where[-1]
    letters = "".join(found["gates"].split())
    one = len(slots.GATES[cell]) == 1 if letters == dialects.OPEN else len(letters) == 1
    places = []
    if letters == dialects.OPEN or len(letters) > 1:
        places.append(Place((*where[:2], "order"), _orders(slots.GATES[cell])))
    biases = [n for n in said["weights"][cell] if n[:1].lower() == "b"]
    bias = name in biases if found["on"] == dialects.OPEN else found["on"].startswith("bias")
    if found["on"] == dialects.OPEN or bias or len(found["on"].split()) > 1:
        parts = ("x", "h", "x h", "h x")
        several = ("bias", "bias_x", "bias_h") if len(biases) > 1 else ("bias",)
        places.append(Place((*where, "on"), several if bias else parts, name))
    axes = BIAS if bias else MATRIX
    if one:
        axes = tuple(a.replace("K", "") for a in axes if "HK" not in a and "K " not in a)
    return [*places, Place((*where, "axes"), axes, name)]


@cache
def _orders(letters: str) -> tuple[str, ...]:
    return tuple(" ".join(order) for order in itertools.permutations(letters))


def _axes(letters: str) -> tuple[str, ...]:
    return (letters, f"{letters} 1", f"1 {letters}") if len(letters) == 1 else _orders(letters)


def _quantities(name: str) -> tuple[str, ...]:
    """What an array may be, by its name."""
    own = matching.plain(name)
    found = [q for q in slots.AXES if own == matching.plain(q)]
    found += [q for q in slots.AXES if q not in found and own in matching.spellings(q)]
    if not found:
        raise SearchError(f'{name} = "?": the name does not say what it is: write "xt: ?" or such')
    return tuple(found)


# ------------------------------------------------------------------------------------ the search


def open_places(said: Mapping[str, Any]) -> dict[tuple[str, ...], Place]:
    """The places that are left open."""
    found = (_places(said, where, words) for where, words in dialects.entries(said))
    return {place.where: place for places in found for place in places}


def all_places(said: Mapping[str, Any]) -> dict[tuple[str, ...], Place]:
    """Everything that could be another."""
    found = (_possible(said, where, words) for where, words in dialects.entries(said))
    return {at: place for places in found for at, place in places.items()}


def of_function(
    places: Mapping[tuple[str, ...], Place], function: dialects.Function
) -> list[Place]:
    """The places that matter to a function."""
    terms = [t for c in function.calls for t in (*c.takes, *c.gives)]
    terms += [s for t in terms if isinstance(t, dialects.Bundle) and t.cache for s in t.terms]
    found = list(dialects.slots_in(terms))
    names = {s.name for s in found} | {s.name[1:] for s in found if s.quantity == "dW"}
    weights = any(s.gates for s in found)

    def matters(place: Place) -> bool:
        section, key = place.where[0], place.where[-2 if place.array else -1]
        if section == "arrays":
            return place.array in names
        if section == "weights":
            own = place.where[1] == function.cell
            return own and (place.array in names if place.array else weights)
        if section == "variants":
            return key in (function.cell, function.name)
        return function.kind.endswith("backward")

    return [place for place in places.values() if matters(place)]


def search(said: Mapping[str, Any], submission: parts.Submission) -> Found:
    """Fill what is left open so that the functions of a solution are right, one after another."""
    places = open_places(said)
    choices: list[Choice] = [{}]
    failed = []
    functions = dialects.made(filled(said, {}), "own").functions.values()
    for function in sorted(functions, key=lambda f: KINDS.index(f.kind)):
        right = complete(said, submission, function.name, of_function(places, function), choices)
        choices = right or choices
        failed += [] if right else [function.name]
    return Found(tuple(choices), tuple(failed))


def repair(
    said: Mapping[str, Any], submission: parts.Submission, function: dialects.Function
) -> list[Choice]:
    """What to say otherwise so that a function is right: one thing, else as many as it takes."""
    places = of_function(all_places(said), function)
    single = [{place.where: option} for place in places for option in place.options]
    right = [c for c, trial in trials(said, submission, function.name, single) if trial.right]
    some = (
        [p for p in places if p.where[-1] == "on"],
        [p for p in places if p.where[0] == "arrays"],
        [p for p in places if p.where[0] == "weights"],
        places,
    )
    for group in some:
        with contextlib.suppress(SearchError):
            right = right or complete(said, submission, function.name, group, [{}])
    return right


def complete(
    said: Mapping[str, Any],
    submission: parts.Submission,
    name: str,
    places: Sequence[Place],
    before: Sequence[Choice],
) -> list[Choice]:
    """The choices, each one of those before and these places filled, that make a function right."""
    shapes = [place for place in places if place.where[-1] in _SHAPES]
    groups: dict[Any, list[Choice]] = {}
    for choice in _product(before, shapes):
        one = _target(said, submission, name, choice)
        if one is not None:
            groups.setdefault(_shapes(one), []).append(choice)
    first = [group[0] for group in groups.values()]
    group_of = {id(group[0]): group for group in groups.values()}
    runs_ = trials(said, submission, name, first)
    returned = [c for choice, trial in runs_ if trial.returned for c in group_of[id(choice)]]
    whole = _product(returned, [place for place in places if place not in shapes])
    return [c for c, trial in trials(said, submission, name, whole) if trial.right][:KEPT]


def _shapes(one: target.Target) -> Any:
    sizes = one.drawn[0].sizes
    return tuple(s.shape(sizes) for c in one.match.calls for s in dialects.slots_in(c.takes))


def _product(before: Sequence[Choice], places: Sequence[Place]) -> list[Choice]:
    """Each of the choices with each way to fill the places, arrays of one kind alike."""
    found: list[Choice] = []
    for choice in before:
        new = [place for place in places if place.where not in choice]
        if math.prod(len(place.options) for place in new) <= MOST_ENUMERATED:
            for options in itertools.product(*(place.options for place in new)):
                one = dict(choice) | dict(zip((p.where for p in new), options, strict=True))
                if _alike(one):
                    found.append(one)
        if len(found) > MOST or not found:
            names = ", ".join(sorted({p.array or p.where[-1] for p in new}))
            raise SearchError(f"too much is left open at once to be tried ({names}): say some of it")
    return found


def _alike(choice: Choice) -> bool:
    """Whether examples and steps have the same place in all arrays, and gates in all weights."""
    axes = [(w, v.rpartition(":")[2].strip()) for w, v in choice.items() if w[-1] in _SHAPES]
    plain = [re.sub("[IHYF]", "F", words) for w, words in axes if w[0] == "arrays" and "B" in words]
    packed = {"HK" in words for w, words in axes if w[0] == "weights" and w[-1] == "axes"}
    return len(set(plain)) <= len({len(words) for words in plain}) and len(packed) <= 1


def trials(
    said: Mapping[str, Any],
    submission: parts.Submission,
    name: str,
    choices: Sequence[Choice],
) -> Iterator[tuple[Choice, runs.Trial]]:
    """Run a function of the solution as each choice has it, all in one process."""
    made = [(c, one) for c in choices if (one := _target(said, submission, name, c)) is not None]
    tried = runs.together(submission, [one for _, one in made], SECONDS)
    for (choice, _), trial in zip(made, tried, strict=True):
        if trial is not None:
            yield choice, trial


def _target(
    said: Mapping[str, Any], submission: parts.Submission, name: str, choice: Choice
) -> target.Target | None:
    """A function of the solution as a choice has it; None if it cannot be so."""
    try:
        dialect = dialects.made(filled(said, choice), "own")
    except dialects.DialectError:
        return None
    found = submitted.targets(submission, [dialect])
    return next((one for one in found if one.function.name == name), None)
