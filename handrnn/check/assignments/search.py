"""What a dialect's file leaves open, or has wrong, found with a right solution.

Function by function, forward before backward, every way to fill the places that it uses is tried:
first the shapes, where one that raises rules out all that share them, then the values. What is
right for one function is where the search for the next begins. Candidates are counted; nothing
depends on time.
"""

import contextlib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..dialects import dialect as dialects
from ..judge import runs, submitted, target
from ..load import parts
from . import places

MOST = 4000  # candidates for one function, at each of the two stages
MOST_ENUMERATED = 200_000
KEPT = 8  # candidates that go on to the next function
SECONDS = 10.0
KINDS = ("cell_forward", "forward", "cell_backward", "backward", "softmax", "sigmoid")
Candidate = tuple[places.Choice, target.Target]


@dataclass(frozen=True)
class Found:
    """The choices that are right, the first one first; and the functions of which none is."""

    choices: tuple[places.Choice, ...]
    failed: tuple[str, ...] = ()


def search(said: Mapping[str, Any], submission: parts.Submission) -> Found:
    """Fill what is left open so that the functions of a solution are right, one after another."""
    opened = places.open_places(said)
    choices: list[places.Choice] = [{}]
    failed = []
    functions = dialects.made(places.filled(said, {}), "own").functions.values()
    for function in sorted(functions, key=lambda f: KINDS.index(f.kind)):
        mine = places.of_function(opened, function)
        right = complete(said, submission, function.name, mine, choices)
        choices = right or choices
        failed += [] if right else [function.name]
    return Found(tuple(choices), tuple(failed))


def repair(
    said: Mapping[str, Any], submission: parts.Submission, function: dialects.Function
) -> list[places.Choice]:
    """What to say otherwise so that a function is right: one thing, else as many as it takes."""
    wanted = places.of_function(places.all_places(said), function)
    single = [{place.where: option} for place in wanted for option in place.options]
    made = _targets(said, submission, function.name, single)
    right = [choice for choice, trial in trials(submission, made) if trial.right]
    some = (
        [p for p in wanted if p.where[-1] == "on"],
        [p for p in wanted if p.where[0] == "arrays"],
        [p for p in wanted if p.where[0] == "weights"],
        wanted,
    )
    for group in some:
        with contextlib.suppress(places.SearchError):
            right = right or complete(said, submission, function.name, group, [{}])
    return right


def complete(
    said: Mapping[str, Any],
    submission: parts.Submission,
    name: str,
    wanted: Sequence[places.Place],
    before: Sequence[places.Choice],
) -> list[places.Choice]:
    """The choices, each one of those before and these places filled, that make a function right.

    Those come first, and alone if any is right, that lay out arrays of one kind alike.
    """
    shapes = [place for place in wanted if place.where[-1] in places.SHAPES]
    others = [place for place in wanted if place not in shapes]
    right: list[places.Choice] = []
    for strict in (True, False):
        with contextlib.nullcontext() if strict else contextlib.suppress(places.SearchError):
            left: Sequence[places.Choice] = before
            if shapes:
                left = _by_shape(said, submission, name, _product(before, shapes, strict))
            made = _targets(said, submission, name, _product(left, others, strict))
            right = [choice for choice, trial in trials(submission, made) if trial.right]
        if right or not shapes:
            break
    return right[:KEPT]


def _by_shape(
    said: Mapping[str, Any],
    submission: parts.Submission,
    name: str,
    choices: Sequence[places.Choice],
) -> list[places.Choice]:
    """The choices with which a function returns; of those that share all shapes one is tried."""
    groups: dict[Any, list[Candidate]] = {}
    for candidate in _targets(said, submission, name, choices):
        groups.setdefault(_shapes(candidate[1]), []).append(candidate)
    first = [group[0] for group in groups.values()]
    returned = [c for c, trial in trials(submission, first) if trial.returned]
    return [c for group in groups.values() if group[0][0] in returned for c, _ in group]


def _shapes(one: target.Target) -> Any:
    sizes = one.drawn[0].sizes
    return tuple(s.shape(sizes) for c in one.match.calls for s in dialects.slots_in(c.takes))


def _product(
    before: Sequence[places.Choice], wanted: Sequence[places.Place], strict: bool
) -> list[places.Choice]:
    """Each of the choices with each way to fill the places."""
    found: list[places.Choice] = []
    for choice in before:
        new = [place for place in wanted if place.where not in choice]
        too_many = math.prod(len(place.options) for place in new) > MOST_ENUMERATED
        for options in () if too_many else itertools.product(*(place.options for place in new)):
            one = dict(choice) | dict(zip((p.where for p in new), options, strict=True))
            if _alike(one, strict):
                found.append(one)
        if too_many or len(found) > MOST:
            names = ", ".join(sorted({p.array or p.where[-1] for p in new}))
            words = f"too much is left open at once to be tried ({names}): write some of it"
            raise places.SearchError(words)
    return found


def _alike(choice: places.Choice, strict: bool) -> bool:
    """Whether examples and steps have the same place in all arrays; strictly: weights too."""
    chosen = [
        (w, v.rpartition(":")[2].strip()) for w, v in choice.items() if w[-1] in places.SHAPES
    ]
    plain = [re.sub("[IHYF]", "F", v) for w, v in chosen if w[0] == "arrays" and "B" in v]
    if len(set(plain)) > len({len(words) for words in plain}):
        return False
    axes = [(w[1], v) for w, v in chosen if w[0] == "weights" and w[-1] == "axes"]
    for cell in {cell for cell, _ in axes} if strict else ():
        own = {words for at, words in axes if at == cell}
        for kind in ({v for v in own if "R" in v}, {v for v in own if "R" not in v}):
            packed = {words for words in kind if "K" in words}
            if len(packed) > 1 or len({" ".join(v.replace("K", "").split()) for v in kind}) > 1:
                return False
    return True


def trials(
    submission: parts.Submission, candidates: Sequence[Candidate]
) -> Iterator[tuple[places.Choice, runs.Trial]]:
    """Run a function of the solution as each choice has it, all in one process."""
    tried = runs.together(submission, [one for _, one in candidates], SECONDS)
    for (choice, _), trial in zip(candidates, tried, strict=True):
        if trial is not None:
            yield choice, trial


def _targets(
    said: Mapping[str, Any],
    submission: parts.Submission,
    name: str,
    choices: Sequence[places.Choice],
) -> list[Candidate]:
    """A function of the solution as each choice has it, where it can be so."""
    cell = said["functions"][name].partition("_")[0]
    lines = {n: line for n, line in said["functions"].items() if line.startswith(cell)}
    found: list[Candidate] = []
    for choice in choices:
        with contextlib.suppress(dialects.DialectError):
            dialect = dialects.made(places.filled({**said, "functions": lines}, choice), "own")
            targets = submitted.targets(submission, [dialect])
            found += [(choice, one) for one in targets if one.function.name == name]
    return found
