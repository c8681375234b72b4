"""Mistakes in whole sequences: the catalogue's, those of loops with final states, and conventions.

Each entry changes the textbook, or the results after it. One is named only if with it every result
of the submission is reproduced to rounding, in every case that was run.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from ..probe import planting, truth
from ..report import data as report
from ..sequences import conventions
from . import catalogue, explain

PAIRS = 400  # of mistakes that are run, those first that explain most numbers
LONGEST = 16  # steps: in longer sequences rounding may hide what is the same

Arrays = dict[str, np.ndarray]
Edit = planting.Edit
PARAMETERS = {
    "rnn": ("Whh", "Wxh", "bh"),
    "lstm": tuple(f"{kind}{gate}" for gate in "ifgo" for kind in "Wb"),
    "gru": ("Wr", "br", "Wu", "bu", "Wxn", "bxn", "Whn", "bhn"),
}


@dataclass(frozen=True)
class Entry:
    """One mistake: edits of the textbook, a change of the results or of what goes in, or both."""

    id: str
    why: str
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)
    transform: Callable[[Arrays, conventions.Case], Arrays] | None = None
    wrong: str = ""
    right: str = ""
    change: Callable[[conventions.Case], conventions.Case] | None = None

    def __hash__(self) -> int:
        return id(self)


def of_trials(
    trials: Sequence[Any], forward: report.FunctionReport | None
) -> tuple[report.Named, ...]:
    """The mistakes that explain what came back.

    Parameters
    ----------
    trials : sequence_trials.Trial, of one direction
    forward : the report on the forward function, if this is the backward one

    Returns
    -------
    tuple of report.Named
        Never empty: one "unexplained" if there is nothing better.
    """
    short = [t for t in trials if t.case.T <= LONGEST and t.ours and not _lost(t)]
    short = short[-2:]
    if not any(trial.wrong for trial in short):
        return _unexplained(trials)
    again = _accumulated(trials)
    if again:
        return again
    cell = short[0].reading.cell.split("_")[0]
    if forward is None:
        return _of_forward(cell, short) or _unexplained(trials)
    return _of_backward(cell, short, forward) or _unexplained(trials)


def _of_forward(cell: str, trials: Sequence[Any]) -> tuple[report.Named, ...]:
    """Mistakes in the outputs; () if none explains them."""
    if any("y" not in trial.ours for trial in trials):
        return ()
    other = _other_activation(trials)
    if other:
        return other
    entries = forward_entries(cell)
    made = _made(entries, trials[0])
    fits = _singles(made, trials)
    if not fits and not explain.equal(trials[0].ours["y"][0], trials[0].right["y"][0]):
        fits, trials = _under_other_readings(entries, trials)
    return _named(fits or _pair(made, trials), trials, "")


def _of_backward(
    cell: str, trials: Sequence[Any], forward: report.FunctionReport
) -> tuple[report.Named, ...]:
    """Mistakes in the gradients; () if none explains them."""
    made = _made(backward_entries(cell), trials[0])
    fits = _singles(made, trials)
    if fits or forward.passed:
        return _named(fits or _pair(made, trials), trials, "")
    inside = [entry for entry in forward_entries(cell) if entry.transform is None]
    lead = "The gradients are right for what forward computes, which is wrong. "
    found = _named(_singles(_made(inside, trials[0]), trials), trials, lead)
    return found or _consistent([e for e in inside if _is_told(e, forward)], trials[0], lead)


def _is_told(entry: Entry, forward: report.FunctionReport) -> bool:
    return any((entry.id, entry.why) == (m.id, m.explanation) for m in forward.mistakes)


STEP = 1e-5  # of central differences
SLOPE = 1e-7  # how far they may be off, relative


def _consistent(entries: Sequence[Entry], trial: Any, lead: str) -> tuple[report.Named, ...]:
    """Whether gradients are those of forward with a mistake: differences of its loss say so."""
    for reading in conventions.readings(trial.reading.cell):
        turned = replace(trial, reading=reading)
        for entry in entries:
            if all(_is_slope(entry, turned, name) for name in trial.ours):
                proof = (
                    "each of your gradients, along a random direction, is the slope of the loss of"
                    f" the reference with this mistake{_in_order(reading)}"
                )
                return (report.Named(entry.id, lead + entry.why, proof, entry.wrong, entry.right),)
    return ()


def _is_slope(entry: Entry, trial: Any, name: str) -> bool:
    """Whether a gradient agrees with central differences along one direction."""
    of = name.removeprefix("d")
    start = trial.case.arrays[of]
    direction = np.random.default_rng(len(of)).standard_normal(start.shape)
    losses = []
    for sign in (1, -1):
        moved = trial.case.changed(**{of: start + sign * STEP * direction})
        made = made_by((entry,), replace(trial, case=moved), gradients=False)
        if made is None:
            return False
        arriving = (("y", "dy"), ("h_n", "dh_n"), ("c_n", "dc_n"))
        losses.append(sum(np.sum(made[y] * moved.arrays[d]) for y, d in arriving if y in made))
    slope, theirs = (losses[0] - losses[1]) / (2 * STEP), np.sum(trial.ours[name] * direction)
    scale = np.max(np.abs(trial.ours[name])) * np.sqrt(direction.size)
    return abs(slope - theirs) <= SLOPE * max(scale, abs(slope))


def _in_order(reading: conventions.Reading) -> str:
    """What of a reading is not torch's, in words."""
    usual = conventions.usual(reading.cell)
    order = "" if reading.order == usual.order else f", with the gates {', '.join(reading.gates)}"
    turned = ", with z as the share of the candidate" * ("update-turned" in reading.variant)
    return order + turned + ", with r before the product" * ("reset-before" in reading.variant)


def _other_activation(trials: Sequence[Any]) -> tuple[report.Named, ...]:
    """Whether it is the RNN with the other nonlinearity."""
    others = {"rnn_tanh": "rnn_relu", "rnn_relu": "rnn_tanh"}
    cell = trials[0].reading.cell
    if cell not in others:
        return ()
    turned = [replace(trial, reading=trial.reading._replace(cell=others[cell])) for trial in trials]
    if not all(_explains(made_by((), trial), trial) for trial in turned):
        return ()
    name = others[cell].removeprefix("rnn_")
    why = f"It is the RNN with {name}: a right one, if that is intended (cell='{others[cell]}')."
    proof = f"all results equal those of the RNN with {name}, in {len(trials)} cases"
    return (report.Named("wrong-activation", why, proof),)


def _lost(trial: Any) -> bool:
    """Whether nothing can be told from the numbers."""
    return any(
        not np.all(np.isfinite(trial.right[name])) or not np.any(np.isfinite(array))
        for name, array in trial.ours.items()
    )


def made_by(entries: Sequence[Entry], trial: Any, *, gradients: bool = True) -> Arrays | None:
    """The textbook's results with mistakes; None where they exclude each other or cannot run."""
    edits: dict[str, list[Edit]] = {}
    for entry in entries:
        for name, many in entry.edits.items():
            edits.setdefault(name, []).extend(many)
    try:
        with np.errstate(all="ignore"):
            case = trial.case
            for entry in entries:
                case = case if entry.change is None else entry.change(case)
            made = conventions.results(case, trial.reading, edits, gradients=gradients)
            for entry in entries:
                if entry.transform is not None:
                    made = {**made, **entry.transform(made, trial.case)}
    except (ValueError, IndexError, KeyError, TypeError, NameError, AttributeError):
        return None
    return made


def _explains(made: Arrays | None, trial: Any) -> bool:
    return made is not None and all(
        name in made and explain.equal(array, made[name]) for name, array in trial.ours.items()
    )


def _gradients_in(trial: Any) -> bool:
    return any(name in conventions.GRADIENTS for name in trial.ours)


def _made(entries: Sequence[Entry], trial: Any) -> dict[Entry, Arrays]:
    """What each mistake alone makes of a case."""
    wanted = _gradients_in(trial)
    made = {entry: made_by((entry,), trial, gradients=wanted) for entry in entries}
    return {entry: results for entry, results in made.items() if results is not None}


def _fits(entries: Sequence[Entry], trials: Sequence[Any]) -> bool:
    """Whether mistakes reproduce all results in all cases."""
    return all(
        _explains(made_by(entries, trial, gradients=_gradients_in(trial)), trial)
        for trial in trials
    )


def _singles(made: Mapping[Entry, Arrays], trials: Sequence[Any]) -> list[tuple[Entry, ...]]:
    """Single mistakes that reproduce all results."""
    fits = [(entry,) for entry, results in made.items() if _explains(results, trials[0])]
    return [fit for fit in fits if _fits(fit, trials[1:])]


def _pair(made: Mapping[Entry, Arrays], trials: Sequence[Any]) -> list[tuple[Entry, ...]]:
    """Two mistakes that together do what none does alone; likely ones first."""
    first = trials[0]
    wrong = set(first.wrong)
    changes = {
        entry: {n for n in first.ours if n in m and not explain.equal(m[n], first.right[n])}
        for entry, m in made.items()
    }
    candidates = [entry for entry, names in changes.items() if names and names <= wrong]
    if len(candidates) < 2:
        return []
    explained = np.array([_explained(made[entry], first) for entry in candidates], np.float64)
    count = explained.sum(axis=1)
    together = count[:, None] + count - explained @ explained.T  # numbers that either explains
    pairs = [
        (a, b)
        for a, b in itertools.combinations(range(len(candidates)), 2)
        if changes[candidates[a]] | changes[candidates[b]] == wrong
    ]
    pairs.sort(key=lambda pair: -together[pair])
    for a, b in pairs[:PAIRS]:
        if _fits((candidates[a], candidates[b]), trials):
            return [(candidates[a], candidates[b])]
    return []


def _explained(made: Arrays, trial: Any) -> np.ndarray:
    """Which of the wrong numbers are what a mistake makes of them, flat."""
    found = []
    for name in trial.wrong:
        ours, right, theirs = (part[name] for part in (trial.ours, trial.right, made))
        slack = explain.SAME_SINGLE if ours.dtype == np.float32 else explain.SAME
        with np.errstate(all="ignore"):
            near = slack * np.max(np.abs(right))
            fits = ours.shape == theirs.shape and np.abs(ours - theirs) <= near
            found.append(fits & (np.abs(ours - right) > near))
    return np.concatenate([part.ravel() for part in found])


def _under_other_readings(
    entries: Sequence[Entry], trials: Sequence[Any]
) -> tuple[list[tuple[Entry, ...]], Sequence[Any]]:
    """One mistake in an implementation that has its gates in another order.

    What does not give the first step right is left out quickly.
    """
    start = trials[0].ours["y"][:1]
    a = trials[0].case.arrays
    one = replace(trials[0].case, T=1).changed(x=a["x"][:1], dy=a["dy"][:1])
    for reading in conventions.readings(trials[0].reading.cell):
        turned = [replace(trial, reading=reading) for trial in trials]
        first = replace(turned[0], case=one, ours={"y": start})
        for entry in entries:
            inside = entry.edits or entry.change
            if inside and _fits((entry,), [first]) and _fits((entry,), turned):
                return [(entry,)], turned
    return [], trials


def _named(
    fits: Sequence[tuple[Entry, ...]], trials: Sequence[Any], lead: str
) -> tuple[report.Named, ...]:
    """What is said of the mistakes that were found; () if there are none."""
    named: dict[str, report.Named] = {}
    first = trials[0]
    for fit in fits:
        made = made_by(fit, first, gradients=_gradients_in(first))
        assert made is not None
        names = [name for name in first.wrong if name in made] or list(first.ours)
        error = max(explain.error(first.ours[name], made[name]) for name in names)
        planted = "this mistake" if len(fit) == 1 else "both mistakes together"
        proof = (
            f"planting {planted} in the reference reproduces your {names[0]} (to {error:.0e}) and"
            f" all your other results, on {len(trials)} random inputs{_in_order(first.reading)}"
        )
        for entry in fit:
            found = report.Named(entry.id, lead + entry.why, proof, entry.wrong, entry.right)
            named.setdefault(entry.id if len(fit) == 1 else entry.why, found)
    return tuple(named.values())


def _accumulated(trials: Sequence[Any]) -> tuple[report.Named, ...]:
    """Whether the second call's gradients hold those of the first."""
    if len(trials) < 2:
        return ()
    first, second = trials[0], trials[1]
    if first.wrong or not second.wrong or "dW_hh" not in second.ours:
        return ()
    for name in second.wrong:
        if not explain.equal(second.ours[name], second.right[name] + first.right[name]):
            return ()
    why = "The gradients of the call before are still in these: they are not set to zero between."
    proof = f"your {second.wrong[0]} of the second call is the sum of both calls'"
    return (report.Named("not-reset", why, proof),)


# What cannot be named ------------------------------------------------------------------------


def _unexplained(trials: Sequence[Any]) -> tuple[report.Named, ...]:
    said = []
    bad = [trial for trial in reversed(trials) if trial.wrong]
    for name in bad[0].wrong if bad else ():
        trial = bad[0]
        if name in trial.ours:
            axes = conventions.layout(name, trial.reading).axes
            text = explain.likeness(name, trial.ours[name], trial.right, axes)
            said += [text] if text else []
    words = "no entry of the catalogue explains it" + (": " + "; ".join(said[:4]) if said else "")
    return (report.Named("unexplained", words),)


# The entries ---------------------------------------------------------------------------------


@cache
def forward_entries(cell: str) -> tuple[Entry, ...]:
    """The mistakes in the forward pass of "rnn", "lstm" or "gru"."""
    cells = (*_of_catalogue(f"{cell}_forward", cell), *_gru_forward(cell))
    return (*cells, *_biases(), *_outputs())


@cache
def backward_entries(cell: str) -> tuple[Entry, ...]:
    """The mistakes in the backward pass of "rnn", "lstm" or "gru"."""
    return (
        *_loops(cell),
        *_of_catalogue(f"{cell}_backward", cell),
        *_gru_backward(cell),
        *_conventions(cell),
    )


def _of_catalogue(function: str, cell: str) -> Iterator[Entry]:
    """What the catalogue plants into the cell or the loop; its transforms know other names."""
    if cell == "gru":
        return
    for mistake in catalogue.of_textbook(function):
        if mistake.edits and mistake.transform is None and not mistake.square:
            edits = {name: tuple(many) for name, many in mistake.edits.items()}
            yield Entry(mistake.id, mistake.why, edits, None, mistake.wrong, mistake.right)


def _loops(cell: str) -> Iterator[Entry]:
    """Loops over time, with gradients that arrive at the final states."""
    function = f"{cell}_backward"

    def entry(id: str, why: str, *edits: tuple[str, str]) -> Entry:
        return Entry(id, why, {function: tuple(Edit(old, new) for old, new in edits)})

    last, never = "dh_T * (t == T - 1)", "0 * dh_T"
    h, c = "dy[t] + dh", "dh, dc, caches"
    both = "dy[t] + dh, dc,"
    why = "Nothing is carried from step t+1 back to step t"
    if cell == "lstm":
        yield entry("no-carry", f"{why}.", (both, f"dy[t] + {last}, dc_T * (t == T - 1),"))
        text = f"{why}, and the gradients on the final states are ignored."
        yield entry("no-carry", text, (both, f"dy[t] + {never}, 0 * dc_T,"))
        yield entry(
            "no-carry", f"{why}; dc_n is ignored too.", (both, f"dy[t] + {last}, 0 * dc_T,")
        )
        text = "dc is not carried from step t+1 to t: the path along the cell state is cut."
        yield entry("one-path-not-carried", text, (c, "dh, dc_T * (t == T - 1), caches"))
        yield entry("one-path-not-carried", text, (c, "dh, 0 * dc_T, caches"))
        text = "dc_n, the gradient that arrives at the last cell state, is ignored."
        yield entry("final-cell-gradient-ignored", text, ("dc = dc_T", "dc = 0 * dc_T"))
        text = "dh_n and dc_n, the gradients that arrive at the final states, are ignored."
        yield entry(
            "final-cell-gradient-ignored",
            text,
            ("dc = dc_T", "dc = 0 * dc_T"),
            ("dh = dh_T", f"dh = {never}"),
        )
        text = "dh is not carried from step t+1 to t: the path along the hidden state is cut."
        yield entry("one-path-not-carried", text, (h, f"dy[t] + {last}"))
        yield entry("one-path-not-carried", text, (h, f"dy[t] + {never}"))
    else:
        yield entry("no-carry", f"{why}.", (h, f"dy[t] + {last}"))
        yield entry("no-carry", f"{why}; dh_n is ignored too.", (h, f"dy[t] + {never}"))
    text = "dh_n, the gradient that arrives at the last hidden state, is ignored."
    yield entry("final-state-gradient-ignored", text, ("dh = dh_T", f"dh = {never}"))
    text = "dh_n is added at every step; it arrives at the last one only."
    yield entry("counted-twice", text, (h, "dy[t] + dh + dh_T * (t < T - 1)"))
    text = "dh_n is counted twice."
    yield entry("counted-twice", text, ("dh = dh_T", "dh = 2 * dh_T"))
    text = "dy of the last step is counted twice."
    yield entry("counted-twice", text, ("dh = dh_T", "dh = dh_T + dy[T - 1]"))
    yield from _steps(entry)
    yield from _sums(cell, entry)
    yield from _halves(cell, entry)


def _steps(entry: Callable[..., Entry]) -> Iterator[Entry]:
    loop, h = "for t in reversed(range(T)):", "dy[t] + dh"
    for steps, why in (
        ("range(T - 1)", "The loop starts at T-2: the last step is left out."),
        ("range(1, T)", "The loop ends at t = 1: the first step is left out."),
    ):
        yield entry("last-step-skipped", why, (loop, f"for t in reversed({steps}):"))
    why = "The loop runs from the first step to the last: gradients go forward in time."
    yield entry("time-reversed", why, (loop, "for t in range(T):"))
    why = "dy is read from the wrong end."
    yield entry("state-offset", why, (h, "dy[T - 1 - t] + dh"))
    why = "dy enters at the last step only."
    yield entry("term-missing", why, (h, "dy[t] * (t == T - 1) + dh"))
    yield entry("term-missing", "dy is ignored.", (h, "0 * dy[t] + dh"))


def _sums(cell: str, entry: Callable[..., Entry]) -> Iterator[Entry]:
    names = PARAMETERS[cell]
    groups = [names, *((name,) for name in names)]
    groups += [tuple(name for name in names if name[0] == kind) for kind in ("W", "b")]
    for group in groups:
        what = ", ".join(f"d{name}" for name in group)
        why = f"{what}: assigned at every step instead of being added up; only t = 0 is left."
        edits = [(f'd{n} = d{n} + gradients["d{n}"]', f'd{n} = gradients["d{n}"]') for n in group]
        yield entry("not-accumulated", why, *edits)
        why = f"{what}: only the last step's."
        edits = [(f'+ gradients["d{n}"]', f'+ gradients["d{n}"] * (t == T - 1)') for n in group]
        yield entry("not-accumulated", why, *edits)


def _halves(cell: str, entry: Callable[..., Entry]) -> Iterator[Entry]:
    """The same where the matrices on x and on h are apart, as in dW_ih and dW_hh."""
    joint = [n for n in PARAMETERS[cell] if n[0] == "W" and n not in ("Whh", "Wxh", "Wxn", "Whn")]
    for name, own in (("dW_ih", ":, H:"), ("dW_hh", ":, :H")):
        alone = {"dW_ih": "Wxn", "dW_hh": "Whn"}[name]
        edits = []
        for n in joint:
            old, now = f'd{n} = d{n} + gradients["d{n}"]', f'gradients["d{n}"]'
            cut = own.replace("H", "dh_T.shape[0]")
            edits.append((old, f"{old}; d{n}[{cut}] = {now}[{cut}]"))
        if cell == "gru":
            edits.append(
                (
                    f'd{alone} = d{alone} + gradients["d{alone}"]',
                    f'd{alone} = gradients["d{alone}"]',
                )
            )
        why = f"{name} is assigned at every step instead of being added up; only t = 0 is left."
        if joint:
            yield entry("not-accumulated", why, *edits)


def _biases() -> Iterator[Entry]:
    """One of the two biases left out."""
    for name, other in (("b_hh", "b_ih"), ("b_ih", "b_hh")):

        def change(case: conventions.Case, name: str = name) -> conventions.Case:
            return case.changed(**{name: np.zeros_like(case.arrays[name])})

        why = f"{name} is ignored: the bias of a gate is the sum of {other} and {name}."
        yield Entry("one-bias-for-several", why, change=change)


def _gru_forward(cell: str) -> Iterator[Entry]:
    if cell != "gru":
        return
    function = "gru_cell_forward"
    for id, why, old, new in (
        ("one-bias-for-several", "The bias of n beside h is left out.", "+ bhn", ""),
        ("plus-for-times", "The reset gate is added instead of multiplied.", "r * hn", "r + hn"),
        ("term-missing", "The reset gate is left out.", "r * hn", "hn"),
        ("term-missing", "The old state is left out of h.", "+ u * h_prev", ""),
        ("wrong-activation", "The candidate has no tanh.", "np.tanh(xn + r * hn)", "xn + r * hn"),
        (
            "wrong-activation",
            "The candidate has a sigmoid instead of a tanh.",
            "np.tanh(xn + r * hn)",
            "sigmoid(xn + r * hn)",
        ),
        ("wrong-variable", "1 - z is missing.", "(1 - u) * n", "n"),
        ("wrong-variable", "r multiplies all of the candidate.", "xn + r * hn", "r * (xn + hn)"),
    ):
        yield Entry(id, why, {function: (Edit(old, new),)})


def _gru_backward(cell: str) -> Iterator[Entry]:
    if cell != "gru":
        return
    function = "gru_cell_backward"
    missing = "activation-derivative-missing"
    for id, why, old, new in (
        (missing, "The derivative of the sigmoid is missing in r.", "dr * r * (1 - r)", "dr"),
        (missing, "The derivative of the sigmoid is missing in z.", "du * u * (1 - u)", "du"),
        (missing, "The derivative of tanh is missing in n.", "dn * (1 - n**2)", "dn"),
        (
            "derivative-of-activated",
            "The derivative of tanh is taken at n, which is a tanh already.",
            "dn * (1 - n**2)",
            "dn * (1 - np.tanh(n) ** 2)",
        ),
        ("term-missing", "The direct path dh * z is missing in dh.", "+ dh_next * u", ""),
        ("term-missing", "The path through n is missing in dh.", "+ Whn.T @ dhn", ""),
        ("term-missing", "The paths through r and z are missing in dh.", "dconcat[:H] + ", ""),
        ("term-missing", "The paths through r and z are missing in dx.", "dconcat[H:] + ", ""),
        ("term-missing", "The path through n is missing in dx.", "+ Wxn.T @ dzn", ""),
        ("no-transpose", "W_hn is not transposed in dh.", "Whn.T @ dhn", "Whn @ dhn"),
        (
            "wrong-variable",
            "The reset gate is missing in the gradient of W_hn h.",
            "dzn * r",
            "dzn",
        ),
        ("wrong-variable", "dz has the wrong sign.", "(h_prev - n)", "(n - h_prev)"),
        ("wrong-variable", "dz is computed from h alone.", "(h_prev - n)", "h_prev"),
        (
            "second-bias",
            "db_hh of the candidate is that of b_ih: it lacks the factor r.",
            "np.sum(dhn,",
            "np.sum(dzn,",
        ),
    ):
        yield Entry(id, why, {function: (Edit(old, new),)})
    for name, edits in truth.VARIANTS.items():
        why = f"The gradients are those of another GRU than forward's: the variant {name}."
        yield Entry("gru-variants-mixed", why, {function: edits[function]})


# Changes of the results


def _change(id: str, why: str, **parts: Callable[[Arrays, conventions.Case], Any]) -> Entry:
    """Single results replaced."""

    def transform(made: Arrays, case: conventions.Case) -> Arrays:
        return {name: part(made, case) for name, part in parts.items() if name in made}

    return Entry(id, why, {}, transform)


def _outputs() -> Iterator[Entry]:
    id = "wrong-variable"
    yield _change(id, "h_n is y of the first step.", h_n=lambda m, _: m["y"][0])
    yield _change(id, "h_n is y of the last step but one.", h_n=lambda m, _: m["y"][-2])
    yield _change(id, "h_n is the initial state.", h_n=lambda _, case: case.arrays["h0"])
    yield _change(id, "h_n is the last cell state.", h_n=lambda m, _: m["c_n"])
    yield _change(id, "c_n is the last hidden state.", c_n=lambda m, _: m["h_n"])
    yield _change(id, "c_n is the cell state of the first step.", c_n=lambda m, _: m["c"][0])
    yield _change(id, "c_n is that of the last step but one.", c_n=lambda m, _: m["c"][-2])
    yield _change(id, "c_n is the initial cell state.", c_n=lambda _, case: case.arrays["c0"])
    yield _change(
        id, "h_n and c_n are swapped.", h_n=lambda m, _: m["c_n"], c_n=lambda m, _: m["h_n"]
    )
    yield _change(id, "y holds the cell states.", y=lambda m, _: m["c"])
    yield _change(
        "time-reversed", "y is in the reversed order of time.", y=lambda m, _: m["y"][::-1]
    )
    zero = np.zeros_like
    yield _change("term-missing", "h_n is left at zero.", h_n=lambda m, _: zero(m["h_n"]))
    yield _change("term-missing", "c_n is left at zero.", c_n=lambda m, _: zero(m["c_n"]))
    yield Entry(
        "state-offset",
        "y holds the states before each step: it starts with h0 and lacks the last.",
        {},
        lambda m, case: {"y": np.concatenate([case.arrays["h0"][None], m["y"][:-1]])},
    )


def _conventions(cell: str) -> Iterator[Entry]:
    weights = ("dW_ih", "dW_hh", "db_ih", "db_hh")
    for names, of in ((weights, "parameter gradients"), (conventions.GRADIENTS, "gradients")):
        for text, count in (
            ("the number of examples", lambda case: case.B),
            ("the number of steps", lambda case: case.T),
            ("the number of steps and examples", lambda case: case.T * case.B),
        ):
            yield Entry(
                "divided-by-m",
                f"The {of} are divided by {text}: they are of a mean, not of the sum.",
                {},
                lambda m, case, names=names, count=count: {
                    n: m[n] / count(case) for n in names if n in m
                },
            )
    for limit in (0.5, 1.0, 5.0, 10.0):
        for names, of in ((weights, "parameter gradients"), (conventions.GRADIENTS, "gradients")):
            yield Entry(
                "clipped-inside",
                f"The {of} are clipped to +-{limit:g} inside backward.",
                {},
                lambda m, _, names=names, limit=limit: {
                    n: np.clip(m[n], -limit, limit) for n in names if n in m
                },
            )
    zero = np.zeros_like
    id = "second-bias"
    yield _change(
        id, "db_hh is left at zero; b_hh is added as b_ih is.", db_hh=lambda m, _: zero(m["db_hh"])
    )
    yield _change(
        "not-accumulated",
        "The bias gradient db_ih is left at zero: nothing is ever added to it.",
        db_ih=lambda m, _: zero(m["db_ih"]),
    )
    yield _change(
        id,
        "The bias gradient is split between the two biases; each should get all of it.",
        db_hh=lambda m, _: m["db_hh"] / 2,
        db_ih=lambda m, _: m["db_ih"] / 2,
    )
    id = "wrong-variable"
    yield _change(
        id, "dh0 and dc0 are swapped.", dh0=lambda m, _: m["dc0"], dc0=lambda m, _: m["dh0"]
    )
    yield _change(id, "dh0 is dc0.", dh0=lambda m, _: m["dc0"])
    yield _change(id, "dc0 is dh0.", dc0=lambda m, _: m["dh0"])
    for name in ("dx", "dh0", "dc0", "dW_ih", "dW_hh"):
        yield _change(
            "term-missing", f"{name} is left at zero.", **{name: lambda m, _, n=name: zero(m[n])}
        )
    if cell == "gru":  # the catalogue has it for the others
        yield _change(
            "time-reversed", "dx is in the reversed order of time.", dx=lambda m, _: m["dx"][::-1]
        )
