"""What a function does wrong while its results are right.

Arguments changed in place, globals read, state kept from call to call, caches that nobody can read.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..explain import catalogue, explain
from ..load import parts
from ..report import data as report
from ..run import codec, scopes
from . import runs, target

THROWN_AWAY = re.compile(  # caches.append(cache), and then caches = (cache, x)
    r"(?P<list>\w+)\.append\((?P<one>\w+)\)(?s:.*)^[ \t]*(?P<line>\w+ = \((?P=one), \w+\))",
    re.MULTILINE,
)
SIZES = {spelling for spellings in scopes.SPELLINGS.values() for spelling in spellings}


def of_calls(one: target.Target, chosen: Sequence[runs.Trial]) -> tuple[report.Named, ...]:
    """Mistakes that leave the results alone: arguments changed, globals read."""
    named = []
    own = one.lines
    read = _data_read(one, chosen)
    if read:
        names, them = ", ".join(read), "it" if len(read) == 1 else "them"
        named.append(
            report.Named(
                "reads-global",
                f"It reads {names} from outside instead of taking {them} from its arguments: with"
                " another network, or another notebook, it computes with the wrong numbers.",
                _whence(one, read, judged=any(trial.returned for trial in chosen)),
                own.using(read),
            )
        )
    changed = _changed_arguments(one, chosen)
    if changed:
        names = ", ".join(changed)
        upstream = any(name.startswith("d") for name in changed)
        named.append(
            report.Named(
                "upstream-in-place" if upstream else "argument-in-place",
                f"It changes its argument {names} in place, so whoever calls it goes on with other"
                " numbers.",
                f"{names} before and after the call are not the same",
                own.changing(changed),
            )
        )
    return tuple(named)


def kept_state(ways: runs.Ways) -> tuple[report.Named, ...]:
    """What a first call leaves behind, if the second one in the same program goes wrong by it."""
    way, again = ("alone", "again") if runs.all_right(ways["alone"]) else ("own", "again own")
    if not ways[again] or not runs.all_right(ways[way]):
        return ()
    fresh, second = ways[way][-1], ways[again][-1]
    if second.flat is None:
        wrong = [str(second.outcome.error)]
    else:
        lost = [d.name for d in fresh.differences if d.name not in second.flat.outputs]
        wrong = [*second.flat.problems, *second.wrong, *lost]
    if second.outcome.differs:
        why = "It does not give the same for the same numbers: it keeps something, or leaves it to"
        proof = f"called again with the same numbers, {second.outcome.differs}"
        return (report.Named("keeps-state", f"{why} chance.", proof),)
    if not wrong:
        return ()
    return (
        report.Named(
            "keeps-state",
            "State leaks from one call to the next, by a global or by a default argument that is a"
            " list or a dict, so that only the first call is right.",
            f"called twice, with other numbers, the second time it is wrong: {', '.join(wrong)}",
        ),
    )


def unusable_caches(one: target.Target, trials: dict[str, runs.Ways]) -> tuple[report.Named, ...]:
    """Caches without one entry a step, unless the submission's own backward function reads them."""
    first = next(iter(trials[one.name]["own"]), None)
    if first is None or first.flat is None or not first.flat.suspects:
        return ()
    entry = catalogue.detected(one.function.of, "caches")
    if entry is None:
        return ()
    if runs.read_well(one, trials):
        return ()
    thrown = THROWN_AWAY.search(one.definition.source)
    notes = [note for note in first.flat.notes if "cache" in note]
    if one.function.kind == "cell_forward":
        proof = "; ".join(note for note in notes if " hold" in note and " no " in note)
        why = "The cache does not hold what the backward function takes from it."
        return (report.Named(entry.id, why, proof),)
    if thrown:
        line, filled = thrown["line"], thrown["list"]
        why = f"{filled} is filled step by step and thrown away: the last cache is handed on alone."
        right = line.replace(f"({thrown['one']},", f"({filled},")
        return (report.Named(entry.id, why, "; ".join(notes), line, right),)
    return (report.Named(entry.id, entry.why, "; ".join(notes), entry.wrong, entry.right),)


def loose_form(one: target.Target, trials: dict[str, runs.Ways]) -> tuple[report.Named, ...]:
    """Gradients without names where a dict is asked for, unless the author's loop reads them."""
    ways = trials[one.name]
    found = [said for way in ways.values() for t in way if t.flat for said in t.flat.form]
    loops = [name for name in trials if name.replace("_backward", "_cell_backward") == one.name]
    if not found or any(runs.right_with_own(trials[name]) for name in loops):
        return ()
    return (report.Named("unexplained", f"It {found[0]}; its numbers are right."),)


def _data_read(one: target.Target, chosen: Sequence[runs.Trial]) -> list[str]:
    """Names of numbers that are read as globals; what is nowhere may be a module or a helper."""
    known = one.names | SIZES | {*one.order}
    names = dict.fromkeys(name for trial in chosen for name in trial.outcome.globals_read)
    lost = _undefined(chosen) | {*parts.SUPPLIED}
    return [name for name in names if name in known or name not in lost]


def _undefined(chosen: Sequence[runs.Trial]) -> set[str]:
    """Names on which a call ended because they are nowhere."""
    errors = [trial.outcome.error for trial in chosen if trial.outcome.error is not None]
    return {explain.undefined(error.message) for error in errors if error.type == "NameError"}


def _whence(one: target.Target, read: Sequence[str], *, judged: bool) -> str:
    """What names read as globals are not taken from, and what they were judged with."""
    order, weights = one.order, one.weights
    holders = [name for name in ("parameters", "cache", "caches") if name in order]
    said = []
    kept = weights | {"parameters"}
    plain = {n: n.removesuffix(scopes.NOTEBOOK) for n in read}
    held = [n for n in read if holders and plain[n] in kept and n not in order]
    if held:
        value = "value" if len(held) == 1 else "values"
        said.append(f"{_are(held)} not taken from {holders[0]}")
        said += [f"judged with the {value} that {holders[0]} holds"] if judged else []
    sizes = [name for name in read if plain[name] in SIZES and name not in order]
    if sizes:
        said.append(f"{_are(sizes)} not taken from the shapes of the arguments")
        said += ["judged with what these say"] if judged else []
    given = [name for name in read if plain[name] in order and name not in held]
    said += [f"{_are(given)} read outside, not handed on"] if given else []
    others = [name for name in read if name not in (*held, *sizes, *given)]
    said += [f"no argument gives {', '.join(others)}"] if others else []
    return "; ".join(said)


def _are(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _changed_arguments(one: target.Target, chosen: Sequence[runs.Trial]) -> list[str]:
    """Names of the arguments that are not what they were before one of the calls."""
    names = []
    for trial in chosen:
        after, _ = codec.without_tensors(trial.outcome.arguments_after)
        for argument, before, now in zip(one.order, trial.sent, after, strict=False):
            names += [name for name, a, b in _leaves(argument, before, now) if not _unchanged(a, b)]
    return list(dict.fromkeys(names))


def _leaves(name: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Pairs of arrays at the same place of two nested values."""
    if isinstance(before, np.ndarray):
        yield name, before, after
    elif isinstance(before, dict):
        for key in before:
            now = after.get(key) if isinstance(after, dict) else None
            yield from _leaves(str(key), before[key], now)
    elif isinstance(before, list | tuple):
        whole = isinstance(after, list | tuple) and len(after) == len(before)
        for k, item in enumerate(before):
            yield from _leaves(name, item, after[k] if whole else None)


def _unchanged(before: Any, after: Any) -> bool:
    return (
        isinstance(after, np.ndarray)
        and after.dtype == before.dtype
        and np.array_equal(before, after, equal_nan=True)
    )
