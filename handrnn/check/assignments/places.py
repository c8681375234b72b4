"""What of a dialect's file can be filled in, or be said otherwise, and with what.

A place that is left open is written ``?``: the axes of an array (``x_t = "xt: ?"``), the order of
gates (``"[?] x: ?"``, one order a cell), what a weight acts on (``"[f] ?: ?"``), a whole array
that its name explains (``h_prev = "?"``), ``gradients = "?"`` (sum or mean) and, in [variants],
``gru = "?"``.
"""

import copy
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ... import slots
from ..dialects import dialect as dialects
from ..dialects import match as matching

MATRIX = ("R KH", "KH R", "K R H", "K H R", "R K H", "R HK", "HK R")
BIAS = ("KH", "1 KH", "KH 1", "K H", "HK")
VARIANTS = ("", "reset-before", "update-turned", "reset-before update-turned")
_ENTRY = re.compile(r"(?:\[(?P<gates>[^\]]*)\](?P<on>[^:]*)|(?P<quantity>[^:]*)):(?P<axes>.*)")
SHAPES = {"axes", "on", "whole"}  # what changes the shapes of arrays

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
    gates = found["gates"]
    if gates and (order := changed.get((*where[:2], "order"))):
        gates = " ".join(g for g in order.split() if g in gates or gates == dialects.OPEN)
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
    bias = _is_bias(name, found)
    others = ((n, _taken_apart((n,), words)) for n, words in said["weights"][cell].items())
    biases = [n for n, apart in others if _is_bias(n, apart) and apart["gates"] == found["gates"]]
    if found["on"] == dialects.OPEN or bias or len(found["on"].split()) > 1:
        parts = ("x", "h", "x h", "h x")
        several = ("bias", "bias_x", "bias_h") if len(biases) > 1 else ("bias",)
        places.append(Place((*where, "on"), several if bias else parts, name))
    axes = BIAS if bias else MATRIX
    if one:
        axes = tuple(a.replace("K", "") for a in axes if "HK" not in a and "K " not in a)
    return [*places, Place((*where, "axes"), axes, name)]


def _is_bias(name: str, found: Mapping[str, str]) -> bool:
    """Whether a weight is a bias, as the file says or as its name does."""
    by_name = found["on"] == dialects.OPEN and name[:1].lower() == "b"
    return by_name or found["on"].startswith("bias")


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
