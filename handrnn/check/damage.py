"""What a function does wrong while its results are right.

Arguments changed in place, globals read, state kept from call to call, caches that nobody can read.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from . import catalogue, report, runs, submitted


def of_calls(target: submitted.Target, chosen: Sequence[runs.Trial]) -> tuple[report.Named, ...]:
    """Mistakes that leave the results alone: arguments changed, globals read."""
    named = []
    own = target.lines
    first = chosen[0].outcome
    if first.globals_read:
        names = ", ".join(first.globals_read)
        named.append(
            report.Named(
                "reads-global",
                f"It reads {names} from outside instead of taking it from its arguments: with"
                " another network, or another notebook, it computes with the wrong numbers.",
                f"no argument gives {names}"
                + ("; judged with " if first.supplied else "")
                + ", ".join(f"{k} = {v}" for k, v in first.supplied.items()),
                own.using(first.globals_read),
            )
        )
    changed = _changed_arguments(chosen[0], target.call.order)
    if changed:
        names = ", ".join(changed)
        upstream = any(name.startswith(("da", "dc")) for name in changed)
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
    if not ways["again"] or not all(trial.right for trial in ways["alone"]):
        return ()
    fresh, second = ways["alone"][-1], ways["again"][-1]
    if second.flat is None:
        wrong = [str(second.outcome.error)]
    else:
        lost = [d.name for d in fresh.differences if d.name not in second.flat.outputs]
        wrong = [*second.flat.problems, *second.wrong, *lost]
    if not wrong:
        return ()
    return (
        report.Named(
            "keeps-state",
            "What one call keeps, in a global or in a default argument that is a list or a dict,"
            " is still there in the next one: it is right once only.",
            f"called twice, with other numbers, the second time it is wrong: {', '.join(wrong)}",
        ),
    )


def unusable_caches(
    target: submitted.Target, trials: dict[str, runs.Ways]
) -> tuple[report.Named, ...]:
    """Caches without one entry a step, unless the submission's own backward function reads them."""
    entry = catalogue.detected(target.name, "caches")
    first = next(iter(trials[target.name]["own"]), None)
    if entry is None or first is None or first.flat is None or not first.flat.suspects:
        return ()
    if runs.read_well(target, trials):
        return ()
    notes = [note for note in first.flat.notes if "cache" in note]
    if target.function.kind == "cell_forward":
        proof = "; ".join(note for note in notes if " hold" in note and " no " in note)
        why = "The cache does not hold what the backward function takes from it."
        return (report.Named(entry.id, why, proof),)
    return (report.Named(entry.id, entry.why, "; ".join(notes), entry.wrong, entry.right),)


def _changed_arguments(trial: runs.Trial, order: Sequence[str]) -> list[str]:
    """Names of the arguments that are not what they were before the call."""
    after = trial.outcome.arguments_after
    names = []
    for argument, before, now in zip(order, trial.sent, after, strict=False):
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
