"""The kill matrix: every mistake of the catalogue, made in submissions that are right otherwise.

The submissions in ``submissions/kills`` are four ways of writing the course functions. A `Kill` is
one mistake in one of them: text of one function, and what somebody who makes the mistake writes
instead. The tables know the catalogue's names of the mistakes only, not its edits.

``python parity_tests/kill_matrix.py`` judges all of them and prints what was caught.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from handrnn.check.explain import catalogue
from handrnn.check.judge import judge
from handrnn.check.load import loading
from handrnn.check.report import data as report

FOLDER = Path(__file__).parent / "submissions" / "kills"
BASES = ("columns", "inlined", "helpers", "rows")
CLOSE = 3  # lines between the edit and the line that is reported

Entry = tuple[str, str, str]  # first function, id, variant
Edit = tuple[str, str]


@dataclass(frozen=True)
class Kill:
    """One mistake in one submission.

    Attributes
    ----------
    base : name of the submission
    function : that is changed, a course function or a helper
    entry : of the catalogue: its first function, id and variant
    edits : text that stands once in the function, and what is put in its place
    blamed : the functions that are wrong then
    verdict : of those
    note : where that is PASS, what a note has to say
    """

    base: str
    function: str
    entry: Entry
    edits: tuple[Edit, ...]
    blamed: tuple[str, ...]
    verdict: str = report.FAIL
    note: str = ""

    @property
    def id(self) -> str:
        """The id of the mistake."""
        return self.entry[1]

    def __str__(self) -> str:
        return f"{self.base}.{self.function}: {self.id} ({self.entry[2]})"


def entry_of(mistake: catalogue.Mistake) -> Entry:
    """What names an entry of the catalogue."""
    return mistake.functions[0], mistake.id, mistake.variant


@cache
def text_of(base: str) -> str:
    """The text of a submission without a mistake."""
    return (FOLDER / f"{base}.py").read_text()


def planted(*kills: Kill) -> tuple[str, tuple[tuple[int, ...], ...]]:
    """A submission with mistakes in it, and the numbers of the lines that each of them changed.

    Raises
    ------
    ValueError
        If the text of an edit does not stand in its function exactly once, or two edits overlap.
    """
    text = text_of(kills[0].base)
    places = sorted(
        (*_place(text, kill.function, old), new, number)
        for number, kill in enumerate(kills)
        for old, new in kill.edits
    )
    for (_, end, *_), (start, *_) in itertools.pairwise(places):
        if start < end:
            raise ValueError("two edits overlap")
    changed: list[list[int]] = [[] for _ in kills]
    parts, done = [], 0
    for start, end, new, number in places:
        parts += [text[done:start], new]
        done = end
        first = "".join(parts[:-1]).count("\n") + 1
        changed[number] += range(first, first + new.count("\n") + 1)
    return "".join([*parts, text[done:]]), tuple(tuple(lines) for lines in changed)


def _place(text: str, function: str, old: str) -> tuple[int, int]:
    """Where a piece of a function stands."""
    start = re.search(rf"^def {function}\(", text, re.MULTILINE)
    if start is None:
        raise ValueError(f"there is no {function}")
    after = re.search(r"^(def |if |GATES)", text[start.end() :], re.MULTILINE)
    stop = start.end() + after.start() if after else len(text)
    body = text[start.start() : stop]
    if body.count(old) != 1:
        raise ValueError(f"{old!r} stands {body.count(old)} times in {function}")
    place = start.start() + body.index(old)
    return place, place + len(old)


# ------------------------------------------------------------------------------------- the tables

GATES: tuple[str, ...] = ("ft", "it", "cct", "ot")  # as the variants of the catalogue call them
LETTERS: dict[str, str] = dict(zip(GATES, "fico", strict=True))
SIGMOIDS = ("ft", "it", "ot")
ALL_AND_EACH: tuple[tuple[str, ...], ...] = (GATES, *((gate,) for gate in GATES))
EVERY, FORWARDS = "lstm_backward", "lstm_cell_forward"  # what the detectors' entries name first
WEIGHTS = {"rnn": ("Wax", "Waa"), "lstm": ("Wf", "Wi", "Wc", "Wo")}
BIASES = {"rnn": ("ba",), "lstm": ("bf", "bi", "bc", "bo")}


class Table:
    """Collects the kills of one function of a submission."""

    def __init__(self, base: str, function: str, first: str = "", blamed: Sequence[str] = ()):
        self.base = base
        self.function = function
        self.first = first or function
        self.blamed = tuple(blamed) or (function,)

    def __call__(self, id: str, variant: str, *edits: Edit, **other) -> Kill:
        """One mistake: its id and variant, and pairs of old and new text."""
        first = other.pop("first", self.first)
        blamed = other.pop("blamed", self.blamed)
        return Kill(self.base, self.function, (first, id, variant), edits, blamed, **other)


def swapped(text: str, names: Mapping[str, str]) -> str:
    """A text with whole words exchanged."""
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), text)


# columns.py: the course's own style ------------------------------------------------------------

NAMES: dict[str, str] = {"ft": "forget", "it": "update", "cct": "cand", "ot": "out"}
DELTAS: dict[str, str] = {gate: f"d_{name}" for gate, name in NAMES.items()}
STATE = "out * (1 - np.tanh(cell) ** 2)"


def columns_loops(cell: str) -> Iterator[Kill]:
    """Back-propagation through time that calls the cell."""
    at = Table("columns", f"{cell}_backward")
    lstm = cell == "lstm"
    call = "da[:, :, t] + carried"
    keep = '        carried = grads["da_prev"]\n'
    keep_c = '        d_cell = grads["dc_prev"]\n'
    weights, biases = WEIGHTS[cell], BIASES[cell]
    sums = [f'd{name} += grads["d{name}"]' for name in (*weights, *biases)]
    loop = "for t in reversed(range(steps)):"
    cut = [(keep_c, "")] if lstm else []
    yield at("no-carry", "", (call, "da[:, :, t]"), *cut)
    yield at("no-carry", "da0 stays zero", (keep, ""), *cut)
    if lstm:
        published = [
            (f'{b} += grads["{b}"]', f'{b} = dbf + grads["{b}"]') for b in ("dbi", "dbc", "dbo")
        ]
        yield at("historic-numbers", "", (call, "da[:, :, t]"), *cut, *published)
        yield at("one-path-not-carried", "dc", *cut)
        yield at("one-path-not-carried", "da", (call, "da[:, :, t]"))
        yield at("one-path-not-carried", "da, da0 stays zero", (keep, ""))
        yield at("counted-twice", "dc_prev summed", ("d_cell = grads", "d_cell = d_cell + grads"))
        yield at(
            "wrong-variable",
            "da_prev for dc_prev",
            ('d_cell = grads["dc_prev"]', 'd_cell = grads["da_prev"]'),
        )
        yield at(
            "wrong-variable",
            "dc_prev for da_prev",
            ('carried = grads["da_prev"]', 'carried = grads["dc_prev"]'),
        )
        yield at("wrong-variable", "dc_prev for da0", ("da0 = carried", 'da0 = grads["dc_prev"]'))
        clip = '        np.clip(grads["dWf"], -5, 5, grads["dWi"])\n'
        yield at("clipped-inside", "dWf at 5 into dWi", (keep, clip + keep))
        for kind, (mine, other) in itertools.product("Wb", itertools.permutations("fico", 2)):
            name, theirs = f"d{kind}{mine}", f"d{kind}{other}"
            yield at(
                "wrong-variable",
                f"{theirs} added to {name}",
                (f'{name} += grads["{name}"]', f'{name} += grads["{theirs}"]'),
            )
            yield from columns_sum(at, name, theirs, sums)
    groups = {"all": (*weights, *biases), "weights": weights, "biases": biases}
    groups |= {name: (name,) for name in (*weights, *biases)}
    for variant, names in groups.items():
        if variant == "biases" and not lstm:
            continue
        yield at("not-accumulated", variant, *((f"d{name} += ", f"d{name} = ") for name in names))
    block = "".join(f"        {line}\n" for line in sums)
    indented = "".join(f"            {line}\n" for line in sums)
    yield at(
        "not-accumulated",
        "last step only",
        (block, "        if not np.any(dx[:, :, : steps - 1]):\n" + indented),
    )
    yield at(
        "last-step-skipped", "last step left out", (block, "        if t < steps - 1:\n" + indented)
    )
    yield at("last-step-skipped", "first step left out", (block, "        if t:\n" + indented))
    yield at("last-step-skipped", "last", (loop, "for t in reversed(range(steps - 1)):"))
    yield at("last-step-skipped", "first", (loop, "for t in range(steps - 1, 0, -1):"))
    yield at("time-reversed", "", (loop, "for t in range(steps):"))
    for variant, index in (
        ("caches[t-1]", "t - 1"),
        ("caches[t+1]", "min(t + 1, steps - 1)"),
        ("caches reversed", "-1 - t"),
        ("caches[0]", "0"),
        ("caches[-1]", "-1"),
    ):
        yield at("state-offset", variant, ("history[t]", f"history[{index}]"))
    for variant, index in (
        ("da[t-1]", "t - 1"),
        ("da[t+1]", "(t + 1) % steps"),
        ("da reversed", "steps - t - 1"),
        ("da[-1]", "-1"),
    ):
        yield at("state-offset", variant, (call, f"da[:, :, {index}] + carried"))
    start = "carried = np.zeros((n_a, m))"
    yield at(
        "term-missing",
        "da of the last step only",
        (start, "carried = da[:, :, -1]"),
        (call, "carried"),
    )
    yield at("counted-twice", "da of the last step", (start, "carried = da[:, :, steps - 1]"))
    yield at(
        "counted-twice",
        "da_prev summed",
        ('carried = grads["da_prev"]', 'carried = carried + grads["da_prev"]'),
    )
    last = "    da0 = carried\n"
    yield at("wrong-variable", "da0 zero", ("da0 = carried", "da0 = np.zeros((n_a, m))"))
    yield at("wrong-variable", "da0 of da", ("da0 = carried", "da0 = da[:, :, t]"))
    yield at(
        "wrong-variable",
        "da0 of the last step",
        (keep, keep + "        if t == steps - 1:\n            da0 = carried\n"),
        (last, ""),
    )
    yield at(
        "wrong-variable", "da0 of step 1", (keep, "        da0 = carried\n" + keep), (last, "")
    )
    yield at(
        "wrong-variable",
        "da0 summed",
        (f"    {start}\n", f"    {start}\n    da0 = 0\n"),
        (keep, keep + "        da0 = da0 + carried\n"),
        (last, ""),
    )
    yield at("wrong-variable", "dx reversed", ("dx[:, :, t]", "dx[:, :, -1 - t]"))
    yield at(
        "wrong-variable",
        "dx summed",
        ("dx[:, :, t] = ", "dx[:, :, t] = dx[:, :, min(t + 1, steps - 1)] + "),
    )
    yield at(
        "upstream-in-place",
        "",
        (f"grads = {cell}_cell", f"da[:, :, t] += carried\n        grads = {cell}_cell"),
        (call, "da[:, :, t]"),
        first=EVERY,
    )
    shape = "(n_a, n_a)" if cell == "rnn" else "(n_a, n_a + n_x)"
    last_weight = weights[-1]
    yield at(
        "reads-global",
        "",
        (f"d{last_weight} = np.zeros({shape})", f"d{last_weight} = np.zeros_like({last_weight})"),
        first=EVERY,
    )
    yield at(
        "float32",
        "",
        ("dx = np.zeros((n_x, m, steps))", "dx = np.zeros((n_x, m, steps), dtype=np.float32)"),
        first=EVERY,
        verdict=report.PASS,
        note="float32",
    )


def columns_sum(at: Table, name: str, theirs: str, sums: Sequence[str]) -> Iterator[Kill]:
    """A gradient computed from the sum of another one, before and after this step is added to it.

    The catalogue's entry without a word on it is of the order i, f, c, o.
    """
    line, wrong = f'{name} += grads["{name}"]', f'{name} = {theirs} + grads["{name}"]'
    lines = [other for other in sums if other != line]
    block = "".join(f"        {other}\n" for other in sums)
    k = next(k for k, other in enumerate(lines) if other.startswith(f"{theirs} +="))
    after = "ifco".index(theirs[-1]) < "ifco".index(name[-1])
    letters = name[-1] + theirs[-1]
    for place, when, plain in ((k, "before", not after), (k + 1, "after", after)):
        if not plain and "f" in letters and letters != "fi":
            continue  # the same: nothing is added to dWf at t = 0
        moved = [*lines[:place], wrong, *lines[place:]]
        variant = (
            f"{name} from {theirs}" if plain else f"{name} from {theirs} {when} this step is added"
        )
        yield at("wrong-variable", variant, (block, "".join(f"        {x}\n" for x in moved)))


SIGMOID_FORMS = (  # id, end of the variant, what stands where y * (1 - y) should, y the gate
    ("activation-derivative-missing", "", None),
    ("sigmoid-for-derivative", "{}", "{}"),
    ("sigmoid-for-derivative", "(1 - {})", "(1 - {})"),
    ("sigmoid-for-derivative", "sigmoid({})", "sigmoid({})"),
    (
        "derivative-of-activated",
        "sigmoid({0}) * (1 - sigmoid({0}))",
        "sigmoid({0}) * (1 - sigmoid({0}))",
    ),
    ("wrong-activation", "(1 - {}**2)", "(1 - {} ** 2)"),
    ("misplaced-parentheses", "{0} * 1 - {0}", "{0} * 1 - {0}"),
    ("wrong-variable", "{0} * (1 + {0})", "{0} * (1 + {0})"),
    ("wrong-variable", "{0} * ({0} - 1)", "{0} * ({0} - 1)"),
)
TANH_FORMS = (  # id, variant, what stands where (1 - y ** 2) should
    ("activation-derivative-missing", "dcct", None),
    ("derivative-of-activated", "dcct", "(1 - np.tanh({}) ** 2)"),
    ("extra-candidate-factor", "", "{0} * (1 - {0} ** 2)"),
    ("extra-candidate-factor", "tanh(cct)", "{0} * (1 - np.tanh({0}) ** 2)"),
    ("wrong-activation", "dcct", "{0} * (1 - {0})"),
    ("misplaced-parentheses", "dcct, square of all", "(1 - {}) ** 2"),
    ("misplaced-parentheses", "dcct, no brackets", "1 - {} ** 2"),
    ("sigmoid-for-derivative", "dcct, tanh", "{}"),
    ("wrong-variable", "dcct, 1 - cct", "(1 - {})"),
    ("wrong-variable", "dcct, 1 + cct**2", "(1 + {} ** 2)"),
    ("derivative-of-activated", "dcct, of the product", "(1 - np.tanh({1} * {0}) ** 2)"),
)


def derivatives(at: Table, names: Mapping[str, str], slope: str) -> Iterator[Kill]:
    """Derivatives of the gates' activations, in a cell that writes y * (1 - y) and (1 - y ** 2).

    Parameters
    ----------
    at : the table
    names : what the submission calls each gate
    slope : the derivative of tanh as it is written there, {} the gate
    """

    def edit(gate: str, form: str | None) -> Edit:
        name = names[gate]
        right = slope.format(name) if gate == "cct" else f"{name} * (1 - {name})"
        if form is None:
            return f" * {right}", ""
        return right, form.format(name, names["it"])

    for gates in (SIGMOIDS, *((gate,) for gate in SIGMOIDS)):
        which = "all gates" if len(gates) > 1 else f"d{gates[0]}"
        for id, ends, form in SIGMOID_FORMS:
            variant = f"{which}, {ends.format(gates[0])}" if ends else which
            yield at(id, variant, *(edit(gate, form) for gate in gates))
    for mine, other in itertools.permutations(SIGMOIDS, 2):
        variant = f"d{mine}, derivative of {other}"
        theirs = names[other]
        yield at("wrong-variable", f"{variant}, both", edit(mine, f"{theirs} * (1 - {theirs})"))
        yield at("wrong-variable", f"{variant}, second", edit(mine, f"{{}} * (1 - {theirs})"))
    for id, variant, form in TANH_FORMS:
        yield at(id, variant, edit("cct", form))
    yield at("activation-derivative-missing", "everything", *(edit(gate, None) for gate in GATES))
    activated = [edit(gate, "sigmoid({0}) * (1 - sigmoid({0}))") for gate in SIGMOIDS]
    yield at(
        "derivative-of-activated", "everything", *activated, edit("cct", "(1 - np.tanh({}) ** 2)")
    )


FACTORS = {"dft": "c_prev", "dit": "cand", "dcct": "update", "dc_prev": "forget"}
SLOPES = {
    "dft": " * forget * (1 - forget)",
    "dit": " * update * (1 - update)",
    "dcct": " * (1 - cand ** 2)",
    "dc_prev": "",
}
SUM_FORMS = (  # id, variant, the line: {k} the factor, {s} the slope of the gate
    (
        "misplaced-parentheses",
        "dc_next outside",
        "dc_next * {k} + out * (1 - np.tanh(cell) ** 2) * {k} * da_next{s}",
    ),
    (
        "misplaced-parentheses",
        "da_next outside",
        "dc_next * {k}{s} + out * (1 - np.tanh(cell) ** 2) * {k} * da_next",
    ),
    (
        "misplaced-parentheses",
        "factors inside the derivative",
        "(dc_next * {k} + out * (1 - np.tanh(cell) ** 2 * {k} * da_next)){s}",
    ),
    (
        "misplaced-parentheses",
        "factors inside, dc_next outside",
        "dc_next * {k} + out * (1 - np.tanh(cell) ** 2 * {k} * da_next){s}",
    ),
    (
        "misplaced-parentheses",
        "no bracket around 1 - tanh",
        "(dc_next * {k} + out * 1 - np.tanh(cell) ** 2 * {k} * da_next){s}",
    ),
    (
        "misplaced-parentheses",
        "dc_next inside",
        "(dc_next + da_next) * out * (1 - np.tanh(cell) ** 2) * {k}{s}",
    ),
    (
        "misplaced-parentheses",
        "factor on da_next only",
        "(dc_next + out * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}",
    ),
    (
        "misplaced-parentheses",
        "factor on dc_next only",
        "(dc_next * {k} + out * (1 - np.tanh(cell) ** 2) * da_next){s}",
    ),
    (
        "misplaced-parentheses",
        "square of all",
        "(dc_next * {k} + out * (1 - np.tanh(cell)) ** 2 * {k} * da_next){s}",
    ),
    (
        "misplaced-parentheses",
        "square inside tanh",
        "(dc_next * {k} + out * (1 - np.tanh(cell ** 2)) * {k} * da_next){s}",
    ),
    ("one-path-not-carried", "dc_next", "out * (1 - np.tanh(cell) ** 2) * {k} * da_next{s}"),
    ("one-path-not-carried", "da_next", "dc_next * {k}{s}"),
    ("term-missing", "ot", "(dc_next * {k} + (1 - np.tanh(cell) ** 2) * {k} * da_next){s}"),
    ("activation-derivative-missing", "tanh(c_next)", "(dc_next * {k} + out * {k} * da_next){s}"),
    ("term-missing", "da_next", "(dc_next * {k} + out * (1 - np.tanh(cell) ** 2) * {k}){s}"),
    (
        "wrong-variable",
        "tanh(c_prev)",
        "(dc_next * {k} + out * (1 - np.tanh(c_prev) ** 2) * {k} * da_next){s}",
    ),
    (
        "wrong-variable",
        "tanh(a_next)",
        "(dc_next * {k} + out * (1 - np.tanh(hidden) ** 2) * {k} * da_next){s}",
    ),
    ("wrong-variable", "a_next", "(dc_next * {k} + out * (1 - hidden ** 2) * {k} * da_next){s}"),
    ("wrong-variable", "c_next", "(dc_next * {k} + out * (1 - cell ** 2) * {k} * da_next){s}"),
    (
        "wrong-variable",
        "tanh(cct)",
        "(dc_next * {k} + out * (1 - np.tanh(cand) ** 2) * {k} * da_next){s}",
    ),
    ("sigmoid-for-derivative", "tanh", "(dc_next * {k} + out * np.tanh(cell) * {k} * da_next){s}"),
    (
        "derivative-of-activated",
        "tanh twice",
        "(dc_next * {k} + out * (1 - np.tanh(np.tanh(cell)) ** 2) * {k} * da_next){s}",
    ),
    (
        "wrong-variable",
        "tanh not squared",
        "(dc_next * {k} + out * (1 - np.tanh(cell)) * {k} * da_next){s}",
    ),
    (
        "wrong-variable",
        "dc_next for da_next",
        "(dc_next * {k} + out * (1 - np.tanh(cell) ** 2) * {k} * dc_next){s}",
    ),
    (
        "plus-for-times",
        "factor",
        "(dc_next + {k} + out * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}",
    ),
    (
        "wrong-variable",
        "ft for ot",
        "(dc_next * {k} + forget * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}",
    ),
    (
        "wrong-variable",
        "it for ot",
        "(dc_next * {k} + update * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}",
    ),
    (
        "wrong-variable",
        "cct for ot",
        "(dc_next * {k} + cand * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}",
    ),
)


def columns_cell_state() -> Iterator[Kill]:
    """The long lines d_forget, d_update, d_cand and d_cell of the LSTM's backward cell."""
    at = Table("columns", "lstm_cell_backward")
    groups = [
        ("dft", "dit", "dcct", "dc_prev"),
        ("dft", "dit", "dcct"),
        *((name,) for name in FACTORS),
    ]

    def line(name: str, form: str, factor: str = "") -> Edit:
        k, s = FACTORS[name], SLOPES[name]
        old = f"dc_next * {k} + {STATE} * {k} * da_next"
        old = f"({old}){s}" if s else old
        return old, form.format(k=factor or k, s=s, own=k)

    for (id, variant, form), group in itertools.product(SUM_FORMS, groups):
        what = "all lines" if len(group) == 4 else ", ".join(group)
        if ("dc_prev" in group and "outside" in variant) or (
            len(group) == 4 and variant == "dc_next"
        ):
            continue  # there is nothing outside; and all four: final-cell-gradient-ignored
        yield at(id, f"{variant}: {what}", *(line(name, form) for name in group))
    outside = SUM_FORMS[0][2]
    three = [line(name, outside) for name in ("dft", "dit")]
    for slope, written in (
        ("(1 - cct**2)", "(1 - cand ** 2)"),
        ("(1 - np.tanh(cct)**2)", "(1 - np.tanh(cand) ** 2)"),
    ):
        old, new = line("dcct", outside)
        new = new.replace("(1 - cand ** 2)", f"cand * {written}")
        yield at("extra-candidate-factor", f"as printed, {slope}", *three, (old, new))
    others = {
        "c_prev": "c_prev",
        "cct": "cand",
        "it": "update",
        "ft": "forget",
        "ot": "out",
        "c_next": "cell",
    }
    both = "(dc_next * {k} + out * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}"
    once = "(dc_next * {own} + out * (1 - np.tanh(cell) ** 2) * {k} * da_next){s}"
    for name, (other, theirs) in itertools.product(FACTORS, others.items()):
        if theirs == FACTORS[name] or (name, other) == ("dft", "c_next"):
            continue
        id = "state-offset" if other == "c_next" else "wrong-variable"
        yield at(id, f"{name} with {other}", line(name, both, theirs))
        yield at("wrong-variable", f"{name} with {other} once", line(name, once, theirs))
    right = "da_next * np.tanh(cell) * out * (1 - out)"
    for id, variant, value in (
        ("wrong-variable", "c_next", "cell"),
        ("wrong-variable", "tanh(a_next)", "np.tanh(hidden)"),
        ("state-offset", "tanh(c_prev)", "np.tanh(c_prev)"),
        ("wrong-variable", "tanh(cct)", "np.tanh(cand)"),
        ("wrong-variable", "a_next", "hidden"),
        ("wrong-variable", "derivative", "(1 - np.tanh(cell) ** 2)"),
        ("state-offset", "c_prev", "c_prev"),
    ):
        yield at(id, f"dot with {variant}", (right, right.replace("np.tanh(cell)", value)))
    yield at("wrong-variable", "dot with dc_next", (right, right.replace("da_next", "dc_next")))
    yield at("term-missing", "dot without tanh(c_next)", (right, "da_next * out * (1 - out)"))
    ignored = [line(name, "out * (1 - np.tanh(cell) ** 2) * {k} * da_next{s}") for name in FACTORS]
    yield at("final-cell-gradient-ignored", "", *ignored)


def columns_parameters() -> Iterator[Kill]:
    """dWf ... dbo of the LSTM's backward cell."""
    at = Table("columns", "lstm_cell_backward")
    weight = {g: f"dW{LETTERS[g]} = np.dot({DELTAS[g]}, both.T)" for g in GATES}
    bias = {g: f"db{LETTERS[g]} = np.sum({DELTAS[g]}, axis=1, keepdims=True)" for g in GATES}
    for kind, lines in (("W", weight), ("b", bias)):
        for mine, other in itertools.permutations(GATES, 2):
            line = lines[mine]
            yield at(
                "wrong-variable",
                f"d{kind}{LETTERS[mine]} from d{other}",
                (line, line.replace(DELTAS[mine], DELTAS[other])),
            )
    stacked = (
        ("whh-off-by-one", "", "np.concatenate((hidden, xt)).T"),
        ("concat-order", "weight gradients", "np.concatenate((xt, a_prev)).T"),
        ("term-missing", "a_prev in the weight gradients", "np.concatenate((0 * a_prev, xt)).T"),
        ("term-missing", "xt in the weight gradients", "np.concatenate((a_prev, 0 * xt)).T"),
    )
    for id, variant, value in stacked:
        for group in ALL_AND_EACH:
            which = "all" if group == GATES else f"dW{LETTERS[group[0]]}"
            edits = [(weight[gate], weight[gate].replace("both.T", value)) for gate in group]
            yield at(id, f"{variant} {which}".strip(), *edits)
    sums = (
        ("bias-not-summed", "", "{}"),
        ("bias-not-summed", "scalar", "np.sum({})"),
        ("divided-by-m", "mean", "np.mean({}, axis=1, keepdims=True)"),
        ("bias-not-summed", "wrong axis", "np.sum({}, axis=0, keepdims=True)"),
        ("bias-not-summed", "one example", "{}[:, 0].reshape(-1, 1)"),
        ("bias-not-summed", "keepdims", "np.sum({}, axis=1)"),
    )
    for id, variant, form in sums:
        blamed = ("lstm_backward",) if variant == "keepdims" else at.blamed
        for group in ALL_AND_EACH:
            which = "all" if group == GATES else f"db{LETTERS[group[0]]}"
            edits = [(bias[g], f"db{LETTERS[g]} = {form.format(DELTAS[g])}") for g in group]
            first = "lstm_backward" if variant == "keepdims" else at.first
            if variant != "keepdims":  # in this style it stops: see inlined.py
                yield at(id, f"{variant} {which}".strip(), *edits, first=first, blamed=blamed)
    names = ["dWf", "dWi", "dWc", "dWo", "dbf", "dbi", "dbc", "dbo"]
    end = "    return grads\n"
    for variant, some in (("parameter gradients", names), ("weight gradients", names[:4])):
        loop = f"    for key in {some}:\n        grads[key] = grads[key] / m\n"
        yield at("divided-by-m", variant, (end, loop + end))
    yield at(
        "divided-by-m",
        "everything",
        (end, "    grads = {k: v / m for k, v in grads.items()}\n" + end),
    )
    for most in (1, 5, 10):
        clip = (
            f"    for g in map(grads.get, {names}):\n        np.clip(g, -{most}, {most}, out=g)\n"
        )
        yield at("clipped-inside", f"parameter gradients at {most}", (end, clip + end))
        clip = f"    for g in grads.values():\n        np.clip(g, -{most}, {most}, out=g)\n"
        yield at("clipped-inside", f"everything at {most}", (end, clip + end))
    yield at(
        "wrong-variable",
        "sign of everything",
        (end, "    grads = {k: -v for k, v in grads.items()}\n" + end),
    )
    unpacked = (
        "    Wf, Wi, Wc, Wo = "
        'parameters["Wf"], parameters["Wi"], parameters["Wc"], parameters["Wo"]\n'
    )
    yield at("reads-global", "", (unpacked, ""), first=EVERY)


def columns_inputs() -> Iterator[Kill]:
    """d_prev and d_xt of the LSTM's backward cell, and what it reads from the cache."""
    at = Table("columns", "lstm_cell_backward")
    cuts = {"da_prev": ":, :n_a", "dxt": ":, n_a:"}

    def term(name: str, W: str, delta: str) -> str:
        return f"np.dot({W}[{cuts[name]}].T, {delta})"

    def line(name: str, terms: Sequence[str]) -> Edit:
        usual = [term(name, f"W{LETTERS[g]}", DELTAS[g]) for g in GATES]
        return " + ".join(usual), " + ".join(terms)

    for names in (("da_prev", "dxt"), ("da_prev",), ("dxt",)):
        which = " and ".join(names)
        for gate in GATES:
            W = f"W{LETTERS[gate]}"
            edits = [
                line(n, [term(n, f"W{LETTERS[g]}", DELTAS[g]) for g in GATES if g != gate])
                for n in names
            ]
            yield at("term-missing", f"{W} in {which}", *edits)
            edits = [
                line(n, [term(n, f"{'d' * (g == gate)}W{LETTERS[g]}", DELTAS[g]) for g in GATES])
                for n in names
            ]
            yield at("gradients-for-weights", f"d{W} in {which}", *edits)
        edits = [line(n, [term(n, f"dW{LETTERS[g]}", DELTAS[g]) for g in GATES]) for n in names]
        yield at("gradients-for-weights", f"all in {which}", *edits)
        for mine, other in itertools.permutations(GATES, 2):
            W = {g: LETTERS[other if g == mine else g] for g in GATES}
            edits = [line(n, [term(n, f"W{W[g]}", DELTAS[g]) for g in GATES]) for n in names]
            yield at("wrong-variable", f"W{LETTERS[other]} for W{LETTERS[mine]} in {which}", *edits)
            delta = {g: DELTAS[other if g == mine else g] for g in GATES}
            edits = [line(n, [term(n, f"W{LETTERS[g]}", delta[g]) for g in GATES]) for n in names]
            yield at("wrong-variable", f"d{other} for d{mine} in {which}", *edits)
        for mine, other in itertools.combinations(GATES, 2):
            swap = {mine: other, other: mine}
            edits = [
                line(n, [term(n, f"W{LETTERS[swap.get(g, g)]}", DELTAS[g]) for g in GATES])
                for n in names
            ]
            yield at(
                "wrong-variable",
                f"W{LETTERS[mine]} and W{LETTERS[other]} swapped in {which}",
                *edits,
            )
    for group in ALL_AND_EACH:
        which = "all gates" if group == GATES else f"W{LETTERS[group[0]]}"
        for id, variant, name in (
            ("no-transpose", which, "da_prev"),
            ("transposes-left-out", f"dxt, {which}", "dxt"),
        ):
            terms = [term(name, f"W{LETTERS[g]}", DELTAS[g]) for g in GATES]
            terms = [
                t.replace(".T", "") if g in group else t for t, g in zip(terms, GATES, strict=True)
            ]
            verdict = report.FAIL if name == "da_prev" else report.CRASHED
            yield at(id, variant, line(name, terms), verdict=verdict)
    first = [line(n, [term(n, f"W{LETTERS[g]}", DELTAS[g]) for g in GATES]) for n in cuts]
    previous = (first[0][0], first[0][0].replace(":n_a", "n_x:"))
    inputs = (first[1][0], first[1][0].replace("n_a:", ":n_x"))
    yield at("concat-order", "da_prev and dxt", previous, inputs)
    yield at(
        "concat-order",
        "da_prev from the last columns",
        (first[0][0], first[0][0].replace(":n_a", "-n_a:")),
    )
    yield at("concat-order", "dxt from the first columns", inputs)
    head = "(hidden, cell, a_prev, c_prev, forget, update, cand, out, xt, parameters)"
    for variant, wrong in (
        (
            "c_prev is c_next",
            head.replace("c_prev", "_") + " = cache\n    c_prev",
        ),
        (
            "c_next is c_prev",
            head.replace("cell", "_") + " = cache\n    cell",
        ),
        (
            "c_next and c_prev swapped",
            "(hidden, c_prev, a_prev, cell, forget, update, cand, out, xt, parameters)",
        ),
    ):
        end = " = cache[1]" if "c_prev is" in variant else " = cache[3]"
        yield at(
            "state-offset",
            variant,
            (f"{head} = cache", wrong + (" = cache" if "swapped" in variant else end)),
        )
    for mine, other in itertools.combinations(GATES, 2):
        pair = {NAMES[mine]: NAMES[other], NAMES[other]: NAMES[mine]}
        yield at("gates-swapped", f"{mine} and {other} from the cache", (head, swapped(head, pair)))


def columns_rnn_cell() -> Iterator[Kill]:
    """The RNN's backward cell."""
    at = Table("columns", "rnn_cell_backward")
    right = "(1 - hidden ** 2) * da_next"
    for id, variant, line in (
        ("activation-derivative-missing", "", "da_next"),
        ("derivative-of-activated", "tanh(a_next)", "(1 - np.tanh(hidden) ** 2) * da_next"),
        ("misplaced-parentheses", "da_next inside", "1 - hidden ** 2 * da_next"),
        ("misplaced-parentheses", "square of all", "(1 - hidden) ** 2 * da_next"),
        ("misplaced-parentheses", "product squared", "1 - (hidden * da_next) ** 2"),
        ("sigmoid-for-derivative", "tanh", "hidden * da_next"),
        ("wrong-activation", "sigmoid", "hidden * (1 - hidden) * da_next"),
        ("wrong-variable", "1 - a_next", "(1 - hidden) * da_next"),
        ("wrong-variable", "1 + a_next**2", "(1 + hidden ** 2) * da_next"),
        ("state-offset", "a_prev", "(1 - a_prev ** 2) * da_next"),
        ("derivative-of-activated", "tanh(a_prev)", "(1 - np.tanh(a_prev) ** 2) * da_next"),
        ("derivative-of-activated", "tanh(da_next)", "(1 - np.tanh(da_next) ** 2) * da_next"),
        ("plus-for-times", "", "(1 - hidden ** 2) + da_next"),
        ("term-missing", "da_next", "1 - hidden ** 2"),
    ):
        yield at(id, variant, (right, line))
    lines = {
        "dWaa": "np.dot(d_pre, a_prev.T)",
        "dWax": "np.dot(d_pre, xt.T)",
        "dba": "np.sum(d_pre, axis=1, keepdims=True)",
        "da_prev": "np.dot(Waa.T, d_pre)",
        "dxt": "np.dot(Wax.T, d_pre)",
    }
    for name, line in lines.items():
        edit = (line, line.replace("d_pre", "da_next"))
        yield at("activation-derivative-missing", name, edit)
    yield at("no-transpose", "", (lines["da_prev"], "np.dot(Waa, d_pre)"))
    yield at("no-transpose", "dWaa", (lines["dWaa"], "np.dot(a_prev, d_pre.T)"))
    yield at("whh-off-by-one", "", (lines["dWaa"], "np.dot(d_pre, hidden.T)"))
    wrong_a = (
        f"    d_prev = {lines['da_prev']}\n    d_Waa = {lines['dWaa']}\n",
        f"    d_Waa = {lines['dWaa']}\n    d_prev = np.dot(d_Waa.T, d_pre)\n",
    )
    wrong_x = (
        f"    d_xt = {lines['dxt']}\n    d_Wax = {lines['dWax']}\n",
        f"    d_Wax = {lines['dWax']}\n    d_xt = np.dot(d_Wax.T, d_pre)\n",
    )
    yield at("gradients-for-weights", "da_prev and dxt", wrong_a, wrong_x)
    yield at("gradients-for-weights", "da_prev", wrong_a)
    yield at("gradients-for-weights", "dxt", wrong_x)
    for id, variant, line in (
        ("bias-not-summed", "", "d_pre"),
        ("bias-not-summed", "wrong axis", "np.sum(d_pre, axis=0, keepdims=True)"),
        ("bias-not-summed", "scalar", "np.sum(d_pre)"),
        ("bias-not-summed", "one example", "d_pre[:, [0]]"),
        ("divided-by-m", "mean", "np.mean(d_pre, axis=1, keepdims=True)"),
    ):
        yield at(id, variant, (lines["dba"], line))
    square = {"verdict": report.CRASHED}
    yield at("transposes-left-out", "dxt", (lines["dxt"], "np.dot(Wax, d_pre)"), **square)
    no_x, no_a = (lines["dWax"], "np.dot(d_pre, xt)"), (lines["dWaa"], "np.dot(d_pre, a_prev)")
    yield at("transposes-left-out", "dWax", no_x, **square)
    yield at("transposes-left-out", "dWaa", no_a, **square)
    yield at("transposes-left-out", "dWaa and dWax", no_x, no_a, **square)
    yield at("wrong-variable", "Wax for Waa", (lines["da_prev"], "np.dot(Wax.T, d_pre)"))
    yield at("wrong-variable", "Waa for Wax", (lines["dxt"], "np.dot(Waa.T, d_pre)"))
    yield at(
        "state-offset", "a_next and a_prev swapped", ("(hidden, a_prev, xt", "(a_prev, hidden, xt")
    )
    end = "    return grads\n"
    names = '("dWax", "dWaa", "dba")'
    entry = {"first": "lstm_cell_backward"}
    yield at(
        "divided-by-m",
        "parameter gradients",
        (end, f"    for key in {names}:\n        grads[key] /= da_next.shape[1]\n" + end),
        **entry,
    )
    yield at(
        "clipped-inside",
        "everything at 5",
        (end, "    for key in grads:\n        np.clip(grads[key], -5, 5, out=grads[key])\n" + end),
        **entry,
    )
    yield at(
        "wrong-variable", "sign of everything", (right, "-(1 - hidden ** 2) * da_next"), **entry
    )


def columns_forward_cell() -> Iterator[Kill]:
    """The LSTM's forward cell."""
    at = Table("columns", "lstm_cell_forward")
    hidden, cell = "hidden = out * np.tanh(cell)", "cell = forget * c_prev + update * cand"
    for id, variant, line in (
        ("output-gate-dropped", "", "np.tanh(cell)"),
        ("no-tanh-on-cell", "", "out * cell"),
        ("wrong-activation", "a_next, sigmoid", "out * sigmoid(cell)"),
        ("plus-for-times", "a_next", "out + np.tanh(cell)"),
        ("state-offset", "a_next with tanh(c_prev)", "out * np.tanh(c_prev)"),
        ("wrong-variable", "a_next with tanh(cct)", "out * np.tanh(cand)"),
        ("wrong-variable", "a_next with tanh(it)", "out * np.tanh(update)"),
        ("wrong-variable", "a_next with ft", "forget * np.tanh(cell)"),
        ("wrong-variable", "a_next with it", "update * np.tanh(cell)"),
    ):
        yield at(id, variant, (hidden, f"hidden = {line}"))
    for id, variant, line in (
        ("plus-for-times", "c_next, candidate", "forget * c_prev + update + cand"),
        ("plus-for-times", "c_next, forget", "forget + c_prev + update * cand"),
        ("plus-for-times", "c_next, both", "(forget + c_prev) + (update + cand)"),
        ("plus-for-times", "c_next, times for plus", "forget * c_prev * update * cand"),
        ("plus-for-times", "c_next, brackets", "forget * (c_prev + update * cand)"),
        ("plus-for-times", "c_next, minus", "forget * c_prev - update * cand"),
        ("term-missing", "it", "forget * c_prev + cand"),
        ("term-missing", "ft", "c_prev + update * cand"),
        ("term-missing", "c_prev", "update * cand"),
        ("term-missing", "c_prev, gate kept", "forget + update * cand"),
        ("term-missing", "candidate", "forget * c_prev"),
        ("term-missing", "cct", "forget * c_prev + update"),
        ("term-missing", "gates", "c_prev + cand"),
        ("gates-swapped", "c_next", "update * c_prev + forget * cand"),
        ("wrong-variable", "c_next, ft twice", "forget * c_prev + forget * cand"),
        ("wrong-variable", "c_next, it twice", "update * c_prev + update * cand"),
        ("wrong-variable", "c_next, 1 - ft", "forget * c_prev + (1 - forget) * cand"),
        ("wrong-variable", "c_next, 1 - it", "(1 - update) * c_prev + update * cand"),
        ("wrong-variable", "c_next, ot for it", "forget * c_prev + out * cand"),
        ("wrong-variable", "c_next, ot for ft", "out * c_prev + update * cand"),
        ("wrong-variable", "c_next, a_prev", "forget * a_prev + update * cand"),
        ("wrong-activation", "c_next", "np.tanh(forget * c_prev + update * cand)"),
    ):
        yield at(id, variant, (cell, f"cell = {line}"))
    lines = {
        g: f"{'np.tanh' if g == 'cct' else 'sigmoid'}(np.dot(W{LETTERS[g]}, both) + b{LETTERS[g]})"
        for g in GATES
    }
    for gate, line in lines.items():
        own = LETTERS[gate]
        usual = line.partition("(")[0]
        other = "sigmoid" if gate == "cct" else "np.tanh"
        yield at("term-missing", f"b{own}", (line, line.replace(f" + b{own}", "")))
        yield at("wrong-activation", f"{gate}, {other}", (line, line.replace(usual, other)))
        yield at("softmax-wrong", f"gate {gate}", (line, line.replace(usual, "softmax")))
        yield at(
            "wrong-activation",
            f"{gate}, none",
            (line, line.removeprefix(f"{usual}(").removesuffix(")")),
        )
        for letter in "fico":
            if letter == own:
                continue
            bias = line.replace(f"b{own})", f"b{letter})")
            yield at("one-bias-for-several", f"b{letter} in {gate}", (line, bias))
            yield at(
                "wrong-variable",
                f"W{letter} in {gate}",
                (line, line.replace(f"W{own}", f"W{letter}")),
            )
            yield at(
                "wrong-variable",
                f"W{letter}, b{letter} in {gate}",
                (line, bias.replace(f"W{own}", f"W{letter}")),
            )
    for letter in "fico":
        edits = [
            (line, line.replace(f" + b{LETTERS[g]}", f" + b{letter}"))
            for g, line in lines.items()
            if LETTERS[g] != letter
        ]
        yield at("one-bias-for-several", f"b{letter} in all", *edits)
    yield at("forget-bias", "", ("np.dot(Wf, both) + bf", "np.dot(Wf, both) + bf + 1"))
    yield at(
        "term-missing",
        "all biases",
        *((line, line.replace(f" + b{LETTERS[g]}", "")) for g, line in lines.items()),
    )
    for mine, other in itertools.combinations(GATES, 2):
        a, b = LETTERS[mine], LETTERS[other]
        pair = {f"W{a}": f"W{b}", f"W{b}": f"W{a}", f"b{a}": f"b{b}", f"b{b}": f"b{a}"}
        yield at(
            "gates-swapped",
            f"{mine} and {other}",
            *((lines[g], swapped(lines[g], pair)) for g in (mine, other)),
        )
    both = "np.concatenate((a_prev, xt), axis=0)"
    yield at("concat-order", "forward", (both, "np.concatenate((xt, a_prev), axis=0)"))
    yield at(
        "term-missing", "a_prev", (both, "np.concatenate((np.zeros(a_prev.shape), xt), axis=0)")
    )
    yield at("wrong-variable", "c_prev in concat", (both, "np.concatenate((c_prev, xt), axis=0)"))
    memory = "(hidden, cell, a_prev, c_prev, forget, update, cand, out, xt, parameters)"
    for variant, kept in (
        (
            "a_next for a_prev",
            "(hidden, cell, hidden, c_prev, forget, update, cand, out, xt, parameters)",
        ),
        (
            "c_next for c_prev",
            "(hidden, cell, a_prev, cell, forget, update, cand, out, xt, parameters)",
        ),
        (
            "c_prev for c_next",
            "(hidden, c_prev, a_prev, c_prev, forget, update, cand, out, xt, parameters)",
        ),
    ):
        yield at("caches-wrong", variant, (memory, kept))
    for mine, other in itertools.permutations(GATES, 2):
        yield at(
            "caches-wrong",
            f"{other} for {mine}",
            (memory, swapped(memory, {NAMES[mine]: NAMES[other]})),
        )


def columns_rnn_forward_cell() -> Iterator[Kill]:
    """The RNN's forward cell."""
    at = Table("columns", "rnn_cell_forward")
    right = "np.tanh(np.dot(Waa, a_prev) + np.dot(Wax, xt) + ba)"
    for id, variant, line in (
        ("term-missing", "ba", "np.tanh(np.dot(Waa, a_prev) + np.dot(Wax, xt))"),
        ("no-transpose", "forward", "np.tanh(np.dot(Waa.T, a_prev) + np.dot(Wax, xt) + ba)"),
        ("term-missing", "Waa a_prev", "np.tanh(np.dot(Wax, xt) + ba)"),
        ("term-missing", "Wax xt", "np.tanh(np.dot(Waa, a_prev) + ba)"),
        ("wrong-activation", "sigmoid", "sigmoid(np.dot(Waa, a_prev) + np.dot(Wax, xt) + ba)"),
        ("wrong-activation", "relu", "np.maximum(0, np.dot(Waa, a_prev) + np.dot(Wax, xt) + ba)"),
        ("softmax-wrong", "a_next", "softmax(np.dot(Waa, a_prev) + np.dot(Wax, xt) + ba)"),
        ("wrong-activation", "none", "np.dot(Waa, a_prev) + np.dot(Wax, xt) + ba"),
        (
            "misplaced-parentheses",
            "bias outside",
            "np.tanh(np.dot(Waa, a_prev) + np.dot(Wax, xt)) + ba",
        ),
        (
            "misplaced-parentheses",
            "recurrence outside",
            "np.tanh(np.dot(Wax, xt)) + np.dot(Waa, a_prev) + ba",
        ),
        ("counted-twice", "tanh", f"np.tanh({right})"),
        ("plus-for-times", "minus", "np.tanh(np.dot(Waa, a_prev) + np.dot(Wax, xt) - ba)"),
    ):
        yield at(id, variant, (right, line))
    memory = "(hidden, a_prev, xt, parameters)"
    yield at("caches-wrong", "a_next for a_prev", (memory, "(hidden, hidden, xt, parameters)"))
    yield at("caches-wrong", "a_prev for a_next", (memory, "(a_prev, a_prev, xt, parameters)"))


def columns_output(cell: str) -> Iterator[Kill]:
    """The output layer of a forward cell."""
    at = Table("columns", f"{cell}_cell_forward")
    W = "Wya" if cell == "rnn" else "Wy"
    right = f"softmax(np.dot({W}, hidden) + by)"
    options = [
        ("y-from-previous", "", f"softmax(np.dot({W}, a_prev) + by)"),
        ("term-missing", "by", f"softmax(np.dot({W}, hidden))"),
        ("softmax-wrong", "left out", f"np.dot({W}, hidden) + by"),
        ("softmax-wrong", "sigmoid", f"sigmoid(np.dot({W}, hidden) + by)"),
        ("softmax-wrong", "tanh", f"np.tanh(np.dot({W}, hidden) + by)"),
        ("softmax-wrong", "twice", f"softmax({right})"),
        ("misplaced-parentheses", "by outside", f"softmax(np.dot({W}, hidden)) + by"),
    ]
    if cell == "lstm":
        options += [
            ("wrong-variable", "y", "softmax(np.dot(Wy, cell) + by)"),
            ("y-from-previous", "c_prev", "softmax(np.dot(Wy, c_prev) + by)"),
            ("wrong-variable", "y, tanh", "softmax(np.dot(Wy, np.tanh(cell)) + by)"),
            ("wrong-variable", "y, ot", "softmax(np.dot(Wy, out) + by)"),
        ]
    for id, variant, line in options:
        yield at(id, variant, (right, line))


def columns_forward_loops(cell: str) -> Iterator[Kill]:
    """The forward pass over a sequence."""
    at = Table("columns", f"{cell}_forward")
    start, loop, store = "    hidden = a0\n", "for t in range(steps):", "history.append(memory)"
    passed = "x[:, :, t], hidden, cell," if cell == "lstm" else "x[:, :, t], hidden,"
    yield at("a0-ignored", "", (start, "    hidden = np.zeros((n_a, m))\n"))
    yield at("a0-ignored", "a[:, :, 0]", (start, "    hidden = states[:, :, 0]\n"))
    yield at("state-offset", "a[t-1]", (passed, passed.replace("hidden", "states[:, :, t - 1]")))
    yield at("a0-every-step", "", (passed, passed.replace("hidden", "a0")))
    yield at("last-step-skipped", "last", (loop, "for t in range(steps - 1):"))
    yield at("last-step-skipped", "first", (loop, "for t in range(1, steps):"))
    yield at("time-reversed", "", (loop, "for t in range(steps)[::-1]:"))
    yield at("time-reversed", "x", (passed, passed.replace("t]", "-t - 1]")))
    yield at("state-offset", "x[t-1]", (passed, passed.replace("t]", "t - 1]")))
    yield at("state-offset", "x[0]", (passed, passed.replace("t]", "0]")))
    first = 1 if cell == "rnn" else 2
    yield at(
        "state-offset",
        "a one step late",
        ("states[:, :, t] = hidden", f"states[:, :, t] = memory[{first}]"),
    )
    yield at(
        "caches-wrong",
        "last cache T times",
        (f"    {store}\n", "    pass\n    history = [memory] * steps\n"),
    )
    yield at("caches-wrong", "reversed", (store, "history.insert(0, memory)"))
    yield at("caches-wrong", "form", (store, "history += memory"), first=FORWARDS)
    yield at("argument-in-place", "", (loop, f"x += 1\n    x -= 1\n    {loop}"), first=FORWARDS)
    yield at(
        "float32",
        "",
        (
            "states = np.zeros((n_a, m, steps))",
            "states = np.zeros((n_a, m, steps), dtype=np.float32)",
        ),
        first=EVERY,
        verdict=report.PASS,
        note="float32",
    )
    if cell == "rnn":
        return
    zero, cells = "    cell = np.zeros((n_a, m))\n", "cells = np.zeros((n_a, m, steps))"
    view = (zero, "    cell = cells[:, :, 0]\n")
    yield at("cell-state-view", "", view)
    yield at("cell-state-view", "and a", view, (start, "    hidden = states[:, :, 0]\n"))
    yield at("c-is-a", "both hold c", (cells, "cells = states"))
    swap = (
        "states[:, :, t] = hidden\n        cells[:, :, t] = cell",
        "cells[:, :, t] = cell\n        states[:, :, t] = hidden",
    )
    yield at("c-is-a", "both hold a", (cells, "cells = states"), swap)
    yield at("c-is-a", "one array", (cells, "cells = states"))
    yield at("c-is-a", "c0 is a0", (zero, "    cell = a0\n"))
    each = "hidden, cell, guess, memory = lstm_cell_forward(x[:, :, t], hidden, cell, parameters)"
    yield at("a0-every-step", "c", (passed, "x[:, :, t], hidden, np.zeros((n_a, m)),"))
    yield at("a0-every-step", "a and c", (passed, "x[:, :, t], a0, np.zeros((n_a, m)),"))
    keep = "cell if t == 0 else hidden"
    yield at("c-is-a", "a passed on as c", (passed, f"x[:, :, t], hidden, {keep},"))
    yield at(
        "c-is-a",
        "c passed on as a",
        (each, each.replace(" hidden,", " hidden if t == 0 else cell,")),
    )
    yield at(
        "state-offset", "c one step late", ("cells[:, :, t] = cell", "cells[:, :, t] = memory[3]")
    )


def columns() -> Iterator[Kill]:
    """Every mistake in columns.py; softmax and sigmoid are not written there."""
    for cell in ("rnn", "lstm"):
        yield from columns_loops(cell)
        yield from columns_forward_loops(cell)
        yield from columns_output(cell)
    yield from derivatives(Table("columns", "lstm_cell_backward"), NAMES, "(1 - {} ** 2)")
    yield from columns_cell_state()
    yield from columns_parameters()
    yield from columns_inputs()
    yield from columns_rnn_cell()
    yield from columns_forward_cell()
    yield from columns_rnn_forward_cell()


# inlined.py: everything in one function -----------------------------------------------------------

ORDER = {"fi": " before this step is added"}  # f comes first
SHORT: dict[str, str] = {"ft": "f", "it": "i", "cct": "g", "ot": "o"}
SHORT_ALL = SHORT | {"c_prev": "c_old", "c_next": "c"}
DC_FORMS = (  # id, variant, the gradient of the cell state, for all that is computed from it
    ("final-cell-gradient-ignored", "", "dh * o * (1 - {t} ** 2)"),
    ("one-path-not-carried", "da_next: all lines", "dc_in"),
    ("term-missing", "ot: all lines", "dc_in + dh * (1 - {t} ** 2)"),
    ("activation-derivative-missing", "tanh(c_next): all lines", "dc_in + dh * o"),
    ("term-missing", "da_next: all lines", "dc_in + o * (1 - {t} ** 2)"),
    ("wrong-variable", "tanh(c_prev): all lines", "dc_in + dh * o * (1 - np.tanh(c_old) ** 2)"),
    ("wrong-variable", "tanh(a_next): all lines", "dc_in + dh * o * (1 - np.tanh(h) ** 2)"),
    ("wrong-variable", "a_next: all lines", "dc_in + dh * o * (1 - h ** 2)"),
    ("wrong-variable", "c_next: all lines", "dc_in + dh * o * (1 - c ** 2)"),
    ("wrong-variable", "tanh(cct): all lines", "dc_in + dh * o * (1 - np.tanh(g) ** 2)"),
    ("sigmoid-for-derivative", "tanh: all lines", "dc_in + dh * o * {t}"),
    (
        "derivative-of-activated",
        "tanh twice: all lines",
        "dc_in + dh * o * (1 - np.tanh({t}) ** 2)",
    ),
    ("wrong-variable", "tanh not squared: all lines", "dc_in + dh * o * (1 - {t})"),
    ("wrong-variable", "dc_next for da_next: all lines", "dc_in + dc_in * o * (1 - {t} ** 2)"),
    ("wrong-variable", "ft for ot: all lines", "dc_in + dh * f * (1 - {t} ** 2)"),
    ("wrong-variable", "it for ot: all lines", "dc_in + dh * i * (1 - {t} ** 2)"),
    ("wrong-variable", "cct for ot: all lines", "dc_in + dh * g * (1 - {t} ** 2)"),
    ("misplaced-parentheses", "dc_next inside: all lines", "(dc_in + dh) * o * (1 - {t} ** 2)"),
    ("misplaced-parentheses", "square of all: all lines", "dc_in + dh * o * (1 - {t}) ** 2"),
    (
        "misplaced-parentheses",
        "square inside tanh: all lines",
        "dc_in + dh * o * (1 - np.tanh(c ** 2))",
    ),
)


def inlined_cell_state(function: str, slope: str) -> Iterator[Kill]:
    """The gradients with respect to the cell state and the gates, dc computed once."""
    at = Table("inlined", function, "lstm_cell_backward")
    right = f"dc_in + dh * o * {slope}"
    for id, variant, form in DC_FORMS:
        yield at(id, variant, (right, form.format(t="th")))
    products = {
        "dft": "dc * c_old * f",
        "dit": "dc * g * i",
        "dcct": "zg = dc * i",
        "dc_prev": "dc * f",
    }
    factor = {"dft": "c_old", "dit": "g", "dcct": "i", "dc_prev": "f"}
    ends = {"dft": " * f", "dit": " * i", "dcct": "", "dc_prev": ""}
    for name, (other, theirs) in itertools.product(products, SHORT_ALL.items()):
        if theirs == factor[name] or (name, other) == ("dft", "c_next"):
            continue
        id = "state-offset" if other == "c_next" else "wrong-variable"
        start = "zg = dc * " if name == "dcct" else "dc * "
        yield at(id, f"{name} with {other}", (products[name], f"{start}{theirs}{ends[name]}"))
    for id, variant, value in (
        ("wrong-variable", "dot with c_next", "dh * c * o"),
        ("wrong-variable", "dot with tanh(a_next)", "dh * np.tanh(h) * o"),
        ("state-offset", "dot with tanh(c_prev)", "dh * np.tanh(c_old) * o"),
        ("wrong-variable", "dot with tanh(cct)", "dh * np.tanh(g) * o"),
        ("wrong-variable", "dot with a_next", "dh * h * o"),
        ("wrong-variable", "dot with derivative", "dh * (1 - th ** 2) * o"),
        ("state-offset", "dot with c_prev", "dh * c_old * o"),
        ("wrong-variable", "dot with dc_next", "dc_in * th * o"),
        ("term-missing", "dot without tanh(c_next)", "dh * o"),
    ):
        yield at(id, variant, ("dh * th * o", value))


def inlined_unpacked(function: str, head: str, down: Mapping[str, str]) -> Iterator[Kill]:
    """What is read from the cache, and what flows down to a_prev and xt.

    Parameters
    ----------
    function : that is changed
    head : the names that the cache is unpacked to
    down : by letter, the product that carries each gate's delta down
    """
    at = Table("inlined", function, "lstm_cell_backward")
    yield at(
        "state-offset",
        "c_next and c_prev swapped",
        (head, swapped(head, {"c": "c_old", "c_old": "c"})),
    )
    for mine, other in itertools.combinations(GATES, 2):
        pair = {SHORT[mine]: SHORT[other], SHORT[other]: SHORT[mine]}
        yield at("gates-swapped", f"{mine} and {other} from the cache", (head, swapped(head, pair)))
    terms = [down[gate] for gate in GATES]
    right = " + ".join(terms)
    for gate in GATES:
        kept = " + ".join(term for term in terms if term != down[gate])
        yield at("term-missing", f"W{LETTERS[gate]} in da_prev and dxt", (right, kept))
    for mine, other in itertools.permutations(GATES, 2):
        a, b = LETTERS[mine], LETTERS[other]
        yield at(
            "wrong-variable",
            f"W{b} for W{a} in da_prev and dxt",
            (down[mine], down[mine].replace(f"W{a}", f"W{b}")),
        )
        delta = down[mine].replace(f"z{SHORT[mine]}", f"z{SHORT[other]}")
        yield at("wrong-variable", f"d{other} for d{mine} in da_prev and dxt", (down[mine], delta))
    stack = "np.vstack((h_old, x_t))"
    yield at("whh-off-by-one", "all", (stack, "np.vstack((h, x_t))"))
    yield at("concat-order", "weight gradients all", (stack, "np.vstack((x_t, h_old))"))
    yield at(
        "term-missing",
        "a_prev in the weight gradients all",
        (stack, "np.vstack((np.zeros_like(h), x_t))"),
    )
    yield at(
        "term-missing",
        "xt in the weight gradients all",
        (stack, "np.vstack((h_old, np.zeros_like(x_t)))"),
    )
    size = "x.shape[0]" if function == "lstm_backward" else "x_t.shape[0]"
    previous, inputs = ("down[:n]", f"down[{size}:]"), ("down[n:]", f"down[:{size}]")
    yield at("concat-order", "da_prev and dxt", previous, inputs)
    yield at("concat-order", "da_prev from the last columns", ("down[:n]", "down[-n:]"))
    yield at("concat-order", "dxt from the first columns", inputs)


def inlined_lstm_sums() -> Iterator[Kill]:
    """dWf ... dbo, added up in the loop."""
    at = Table("inlined", "lstm_backward", "lstm_cell_backward")
    loop = Table("inlined", "lstm_backward")
    z = {LETTERS[gate]: f"z{name}" for gate, name in SHORT.items()}
    weight = {k: f"gW{k} + {z[k]} @ stack.T" for k in "fico"}
    bias = {k: f"gb{k} + np.sum({z[k]}, axis=1, keepdims=True)" for k in "fico"}
    gate_of = {letter: gate for gate, letter in LETTERS.items()}
    for kind, lines in (("W", weight), ("b", bias)):
        for mine, other in itertools.permutations("fico", 2):
            wrong = lines[mine].replace(z[mine], z[other])
            yield at(
                "wrong-variable", f"d{kind}{mine} from d{gate_of[other]}", (lines[mine], wrong)
            )
            start = f"g{kind}{mine} + "
            yield loop(
                "wrong-variable",
                f"d{kind}{mine} from d{kind}{other}{ORDER.get(mine + other, '')}",
                (lines[mine], lines[mine].replace(start, f"g{kind}{other} + ")),
            )
    for id, variant, form in (
        ("bias-not-summed", "scalar", "np.sum({})"),
        ("divided-by-m", "mean", "np.mean({}, axis=1, keepdims=True)"),
        ("bias-not-summed", "one example", "{}[:, :1]"),
        ("bias-not-summed", "keepdims", "np.sum({}, axis=1)"),
    ):
        table = loop if variant == "keepdims" else at
        for letters in ("fico", *"fico"):
            which = "all" if len(letters) > 1 else f"db{letters}"
            edits = [(bias[k], f"gb{k} + {form.format(z[k])}") for k in letters]
            yield table(id, f"{variant} {which}", *edits)
    groups = {"all": "Wb", "weights": "W", "biases": "b"}
    for variant, kinds in groups.items():
        yield loop(
            "not-accumulated", variant, *((f"g{x}{k} + ", "") for x in kinds for k in "fico")
        )
    for kind, letter in itertools.product("Wb", "fico"):
        yield loop("not-accumulated", f"{kind}{letter}", (f"g{kind}{letter} + ", ""))
    shares = [(weight[k], f"{weight[k]} / m") for k in "fico"]
    yield at("divided-by-m", "weight gradients", *shares)
    yield at(
        "divided-by-m",
        "parameter gradients",
        *shares,
        *((bias[k], f"{bias[k]} / m") for k in "fico"),
    )
    all_of_them = "gWf, gWi, gWc, gWo, gbf, gbi, gbc, gbo"
    clip = f"    for w in ({all_of_them}):\n        np.clip(w, -{{0}}, {{0}}, out=w)\n"
    for most in (1, 5, 10):
        yield at(
            "clipped-inside",
            f"parameter gradients at {most}",
            ("    return {", clip.format(most) + "    return {"),
        )


def inlined_loops(cell: str) -> Iterator[Kill]:
    """Back-propagation through time that calls nothing."""
    at = Table("inlined", f"{cell}_backward")
    lstm = cell == "lstm"
    into, loop, tape = "da[:, :, t] + back", "for t in range(T - 1, -1, -1):", "tape[t]"
    back = "        back = down[:n]\n" if lstm else '        back = params["Waa"].T @ dz\n'
    carried = back.strip().removeprefix("back = ")
    cut = [("        dc_in = dc * f\n", "")] if lstm else []
    out = "gx[:, :, t] = down[n:]" if lstm else 'gx[:, :, t] = params["Wax"].T @ dz'
    yield at("no-carry", "", (into, "da[:, :, t]"), *cut)
    yield at("no-carry", "da0 stays zero", (back, back.replace("back =", "d_back =")), *cut)
    yield at("last-step-skipped", "last", (loop, "for t in range(T - 2, -1, -1):"))
    yield at("last-step-skipped", "first", (loop, "for t in range(T - 1, 0, -1):"))
    yield at("time-reversed", "", (loop, "for t in range(T):"))
    for variant, index in (
        ("caches[t-1]", "t - 1"),
        ("caches reversed", "T - 1 - t"),
        ("caches[0]", "0"),
        ("caches[-1]", "-1"),
    ):
        yield at("state-offset", variant, (tape, f"tape[{index}]"))
    for variant, index in (
        ("da[t-1]", "t - 1"),
        ("da[t+1]", "(t + 1) % T"),
        ("da reversed", "T - 1 - t"),
        ("da[-1]", "-1"),
    ):
        yield at("state-offset", variant, (into, f"da[:, :, {index}] + back"))
    if lstm:
        yield at(
            "state-offset",
            "c[t-1]",
            ("        th = ", "        c_old = tape[t - 1][1]\n        th = "),
        )
        yield at(
            "state-offset", "a[t-1] in dW", ("np.vstack((h_old,", "np.vstack((tape[t - 1][0],")
        )
    start = "back = np.zeros((n, m))"
    yield at(
        "term-missing", "da of the last step only", (start, "back = da[:, :, -1]"), (into, "back")
    )
    yield at("counted-twice", "da of the last step", (start, "back = da[:, :, -1]"))
    yield at("counted-twice", "da_prev summed", (back, back.replace("back = ", "back = back + ")))
    yield at("wrong-variable", "da0 zero", ('"da0": back', '"da0": np.zeros((n, m))'))
    yield at("wrong-variable", "da0 of da", ('"da0": back', '"da0": da[:, :, 0]'))
    yield at("wrong-variable", "dx reversed", ("gx[:, :, t]", "gx[:, :, T - 1 - t]"))
    yield at("wrong-variable", "dx summed", (out, out.replace("= ", "= gx[:, :, (t + 1) % T] + ")))
    first = (back, f"        if t == T - 1:\n            first = {carried}\n{back}")
    yield at("wrong-variable", "da0 of the last step", first, ('"da0": back', '"da0": first'))
    before = (back, f"        before = back\n{back}")
    yield at("wrong-variable", "da0 of step 1", before, ('"da0": back', '"da0": before'))
    yield at(
        "upstream-in-place",
        "",
        (f"dh = {into}", "dh = da[:, :, t]\n        dh += back"),
        first=EVERY,
    )
    unpacked = '    Wf, Wi, Wc, Wo = params["Wf"], params["Wi"], params["Wc"], params["Wo"]\n'
    taken = (unpacked, "") if lstm else ('params["Waa"].T @', "Waa.T @")
    yield at("reads-global", "", taken, first=EVERY)
    if lstm:
        yield at("one-path-not-carried", "dc", *cut)
        yield at("one-path-not-carried", "da", (into, "da[:, :, t]"))
        yield at(
            "one-path-not-carried", "da, da0 stays zero", (back, back.replace("back =", "d_back ="))
        )
        yield at("counted-twice", "dc_prev summed", ("dc_in = dc * f", "dc_in = dc_in + dc * f"))
        yield at("wrong-variable", "da_prev for dc_prev", ("dc_in = dc * f", "dc_in = down[:n]"))
        yield at("wrong-variable", "dc_prev for da_prev", (back, "        back = dc * f\n"))
        yield at("wrong-variable", "dc_prev for da0", ('"da0": back', '"da0": dc_in'))
        return
    names = {"Wax": "gW", "Waa": "gU", "ba": "gb"}
    yield at("not-accumulated", "all", *((f"{g} + ", "") for g in names.values()))
    yield at("not-accumulated", "weights", ("gW + ", ""), ("gU + ", ""))
    for name, g in names.items():
        yield at("not-accumulated", name, (f"{g} + ", ""))
    yield at("bias-not-summed", "keepdims", ("dz.sum(axis=1, keepdims=True)", "dz.sum(axis=1)"))
    cellwise = Table("inlined", "rnn_backward", "rnn_cell_backward")
    right = "dh * (1 - h ** 2)"
    for id, variant, line in (
        ("activation-derivative-missing", "", "dh"),
        ("derivative-of-activated", "tanh(a_next)", "dh * (1 - np.tanh(h) ** 2)"),
        ("misplaced-parentheses", "da_next inside", "1 - h ** 2 * dh"),
        ("misplaced-parentheses", "square of all", "dh * (1 - h) ** 2"),
        ("sigmoid-for-derivative", "tanh", "dh * h"),
        ("wrong-activation", "sigmoid", "dh * h * (1 - h)"),
        ("wrong-variable", "1 - a_next", "dh * (1 - h)"),
        ("wrong-variable", "1 + a_next**2", "dh * (1 + h ** 2)"),
        ("state-offset", "a_prev", "dh * (1 - h_old ** 2)"),
        ("plus-for-times", "", "dh + (1 - h ** 2)"),
        ("term-missing", "da_next", "1 - h ** 2"),
    ):
        yield cellwise(id, variant, (right, line))
    yield cellwise("no-transpose", "", ('params["Waa"].T @ dz', 'params["Waa"] @ dz'))
    yield cellwise("no-transpose", "dWaa", ("dz @ h_old.T", "(dz @ h_old.T).T"))
    yield cellwise("whh-off-by-one", "", ("dz @ h_old.T", "dz @ h.T"))
    yield cellwise("activation-derivative-missing", "dba", ("gb + dz", "gb + dh"))
    yield cellwise(
        "state-offset",
        "a_next and a_prev swapped",
        ("h, h_old, x_t, _ = tape[t]", "h_old, h, x_t, _ = tape[t]"),
    )


def inlined_forward() -> Iterator[Kill]:
    """The forward pass of the LSTM over a sequence, written out."""
    at = Table("inlined", "lstm_forward", "lstm_cell_forward")
    loop = Table("inlined", "lstm_forward")
    lines = {
        g: ("np.tanh" if g == "cct" else "sigmoid")
        + f'(W{LETTERS[g]} @ stack + params["b{LETTERS[g]}"])'
        for g in GATES
    }
    for gate, line in lines.items():
        own = LETTERS[gate]
        usual = line.partition("(")[0]
        other = "sigmoid" if gate == "cct" else "np.tanh"
        yield at("term-missing", f"b{own}", (line, line.replace(f' + params["b{own}"]', "")))
        yield at("wrong-activation", f"{gate}, {other}", (line, line.replace(usual, other)))
        yield at(
            "wrong-activation",
            f"{gate}, none",
            (line, line.removeprefix(f"{usual}(").removesuffix(")")),
        )
        for letter in "fico":
            if letter != own:
                yield at(
                    "one-bias-for-several",
                    f"b{letter} in {gate}",
                    (line, line.replace(f'"b{own}"', f'"b{letter}"')),
                )
                yield at(
                    "wrong-variable",
                    f"W{letter} in {gate}",
                    (line, line.replace(f"W{own}", f"W{letter}")),
                )
    for id, variant, old, new in (
        ("plus-for-times", "c_next, candidate", "f * c_old + i * g", "f * c_old + i + g"),
        ("plus-for-times", "c_next, forget", "f * c_old + i * g", "f + c_old + i * g"),
        ("plus-for-times", "c_next, brackets", "f * c_old + i * g", "f * (c_old + i * g)"),
        ("term-missing", "c_prev", "f * c_old + i * g", "i * g"),
        ("term-missing", "it", "f * c_old + i * g", "f * c_old + g"),
        ("gates-swapped", "c_next", "f * c_old + i * g", "i * c_old + f * g"),
        ("output-gate-dropped", "", "o * np.tanh(c)", "np.tanh(c)"),
        ("no-tanh-on-cell", "", "o * np.tanh(c)", "o * c"),
        ("state-offset", "a_next with tanh(c_prev)", "o * np.tanh(c)", "o * np.tanh(c_old)"),
        ("concat-order", "forward", "np.vstack((h_old, x_t))", "np.vstack((x_t, h_old))"),
        ("y-from-previous", "", '["Wy"] @ h +', '["Wy"] @ h_old +'),
        ("wrong-variable", "y", '["Wy"] @ h +', '["Wy"] @ c +'),
        ("term-missing", "by", ' + params["by"]', ""),
        ("caches-wrong", "c_next for c_prev", "(h, c, h_old, c_old, f", "(h, c, h_old, c, f"),
        ("caches-wrong", "a_next for a_prev", "(h, c, h_old, c_old, f", "(h, c, h, c_old, f"),
    ):
        yield at(id, variant, (old, new))
    for id, variant, old, new in (
        ("a0-ignored", "", "    h = a0\n", "    h = np.zeros((n, m))\n"),
        ("a0-every-step", "", "h_old, c_old = h, c", "h_old, c_old = a0, c"),
        ("a0-every-step", "c", "h_old, c_old = h, c", "h_old, c_old = h, np.zeros((n, m))"),
        ("c-is-a", "c0 is a0", "c = np.zeros((n, m))", "c = a0"),
        ("c-is-a", "both hold a", "cs.append(c)", "cs.append(h)"),
        ("c-is-a", "both hold c", "hs.append(h)", "hs.append(c)"),
        ("state-offset", "a one step late", "hs.append(h)", "hs.append(h_old)"),
        ("state-offset", "c one step late", "cs.append(c)", "cs.append(c_old)"),
        ("state-offset", "x[0]", "x[:, :, t]", "x[:, :, 0]"),
        ("time-reversed", "x", "x[:, :, t]", "x[:, :, -1 - t]"),
        ("caches-wrong", "reversed", "tape.append((h", "tape.insert(0, (h"),
    ):
        yield loop(id, variant, (old, new))
    yield loop(
        "caches-wrong",
        "form",
        (
            "tape.append((h, c, h_old, c_old, f, i, g, o, x_t, params))",
            "tape += (h, c, h_old, c_old, f, i, g, o, x_t, params)",
        ),
        first=FORWARDS,
    )


def inlined_elementary() -> Iterator[Kill]:
    """Softmax and sigmoid."""
    at = Table("inlined", "softmax")
    top, powers, total = (
        "np.max(z, axis=0, keepdims=True)",
        "np.exp(z - top)",
        "np.sum(e, axis=0, keepdims=True)",
    )
    for variant, *edits in (
        ("exp(-z)", (powers, "np.exp(-z)")),
        ("whole matrix", (total, "np.sum(e)"), (top, "np.max(z)")),
        ("whole matrix, column maximum", (total, "np.sum(e)")),
        (
            "wrong axis",
            (total, "np.sum(e, axis=1, keepdims=True)"),
            (top, "np.max(z, axis=1, keepdims=True)"),
        ),
        ("wrong axis, column maximum", (total, "np.sum(e, axis=1, keepdims=True)")),
        ("maximum over the wrong axis", (top, "np.max(z, axis=1, keepdims=True)")),
        ("not divided", (f" / {total}", "")),
        ("exp(z) not divided", (powers, "np.exp(z)"), (f" / {total}", "")),
        ("divided by the sum of z", (powers, "np.exp(z)"), (total, "np.sum(z, axis=0)")),
        ("divided by the mean", (total, "np.mean(e, axis=0)")),
        ("log", (f"return e / {total}", f"return np.log(e / {total})")),
    ):
        yield at("softmax-wrong", variant, *edits)
    for variant, edit in (
        ("no maximum", (powers, "np.exp(z)")),
        ("maximum of the whole matrix", (top, "z.max()")),
    ):
        yield at("softmax-wrong", variant, edit, verdict=report.PASS, note="warning")
    at = Table("inlined", "sigmoid")
    for variant, wrong in (
        ("exp(z)", "1.0 / (1.0 + np.exp(z))"),
        ("brackets", "1.0 / 1.0 + np.exp(-z)"),
        ("minus", "1.0 / (1.0 - np.exp(-z))"),
        ("tanh", "np.tanh(z)"),
        ("derivative", "1.0 / (1.0 + np.exp(-z)) * (1 - 1.0 / (1.0 + np.exp(-z)))"),
    ):
        yield at("sigmoid-wrong", variant, ("1.0 / (1.0 + np.exp(-z))", wrong))
    right = "return 1.0 / (1.0 + np.exp(-z))"
    yield at("softmax-wrong", "in sigmoid", (right, "e = np.exp(z)\n    return e / np.sum(e, 0)"))


def inlined() -> Iterator[Kill]:
    """Mistakes in inlined.py."""
    yield from inlined_elementary()
    yield from inlined_forward()
    for cell in ("rnn", "lstm"):
        yield from inlined_loops(cell)
    yield from inlined_lstm_sums()
    cell, loop = (
        Table("inlined", name, "lstm_cell_backward")
        for name in ("lstm_cell_backward", "lstm_backward")
    )
    yield from derivatives(cell, SHORT, "(1 - {0} * {0})")
    yield from derivatives(loop, SHORT, "(1 - {} ** 2)")
    yield from inlined_cell_state("lstm_cell_backward", "(1 - th * th)")
    yield from inlined_cell_state("lstm_backward", "(1 - th ** 2)")
    products = {gate: f'params["W{LETTERS[gate]}"].T @ z{name}' for gate, name in SHORT.items()}
    yield from inlined_unpacked(
        "lstm_cell_backward", "h, c, h_old, c_old, f, i, g, o, x_t, params = cache", products
    )
    products = {gate: f"W{LETTERS[gate]}.T @ z{name}" for gate, name in SHORT.items()}
    yield from inlined_unpacked(
        "lstm_backward", "h, c, h_old, c_old, f, i, g, o, x_t, _ = tape[t]", products
    )
    in_place = (
        "dc = dc_in + dh * o * (1 - th * th)",
        "dc = dc_in\n    dc += dh * o * (1 - th * th)",
    )
    yield cell("upstream-in-place", "", in_place, first=EVERY)


# helpers.py: what several functions share ---------------------------------------------------------


def helpers() -> Iterator[Kill]:
    """Mistakes in helpers.py: in its helpers, which several functions call, and in its loops."""
    cells = ("rnn_cell_forward", "lstm_cell_forward")
    at = Table("helpers", "distribution", "softmax", cells)
    for variant, *edits in (
        ("whole matrix, column maximum", ("v / v.sum(axis=0)", "v / v.sum()")),
        ("not divided", ("v / v.sum(axis=0)", "v")),
        ("wrong axis, column maximum", ("v / v.sum(axis=0)", "v / v.sum(axis=1, keepdims=True)")),
        ("divided by the mean", ("v / v.sum(axis=0)", "v / v.mean(axis=0)")),
        ("exp(-z)", ("np.exp(v - v.max(axis=0))", "np.exp(-v)")),
    ):
        yield at("softmax-wrong", variant, *edits)
    at = Table("helpers", "logistic", "sigmoid", ("lstm_cell_forward",))
    for variant, wrong in (
        ("exp(z)", "1 / (1 + np.exp(v))"),
        ("brackets", "1 / 1 + np.exp(-v)"),
        ("tanh", "np.tanh(v)"),
    ):
        yield at("sigmoid-wrong", variant, ("1 / (1 + np.exp(-v))", wrong))
    at = Table(
        "helpers",
        "over_examples",
        "lstm_cell_backward",
        ("rnn_cell_backward", "lstm_cell_backward"),
    )
    right = "v.sum(axis=1).reshape(-1, 1)"
    for id, variant, wrong in (
        ("divided-by-m", "mean all", "v.mean(axis=1).reshape(-1, 1)"),
        ("bias-not-summed", "scalar all", "v.sum()"),
        ("bias-not-summed", "all", "v"),
        ("bias-not-summed", "one example all", "v[:, :1]"),
    ):
        yield at(id, variant, (right, wrong))
    names = {"ft": "forget_gate", "it": "update_gate", "cct": "c_tilde", "ot": "output_gate"}
    at = Table("helpers", "lstm_cell_backward")
    yield from derivatives_of_helpers(at, names)
    for cell in ("rnn", "lstm"):
        at = Table("helpers", f"{cell}_backward")
        cut = [('        dc_next = one["dc_prev"]\n', "")] if cell == "lstm" else []
        into = "da[:, :, t] + da_next"
        yield at("no-carry", "", (into, "da[:, :, t]"), *cut)
        yield at("no-carry", "da0 stays zero", ('        da_next = one["da_prev"]\n', ""), *cut)
        yield at("not-accumulated", "all", ("total[name] + one[name]", "one[name]"))
        yield at("time-reversed", "", ("[::-1]", ""))
        yield at("state-offset", "caches[t-1]", ("caches[t]", "caches[t - 1]"))
        yield at("state-offset", "da[-1]", (into, "da[:, :, -1] + da_next"))
        yield at("wrong-variable", "dx reversed", ("dx[:, :, t]", "dx[:, :, -t - 1]"))
        if cell == "lstm":
            yield at("one-path-not-carried", "dc", *cut)
            yield at("one-path-not-carried", "da", (into, "da[:, :, t]"))
            yield at(
                "wrong-variable",
                "da_prev for dc_prev",
                ('dc_next = one["dc_prev"]', 'dc_next = one["da_prev"]'),
            )
    at = Table("helpers", "lstm_forward")
    yield at("a0-ignored", "", ("a, c = a0, ", "a, c = np.zeros_like(a0), "))
    yield at("a0-every-step", "", ("x[:, :, t], a, c", "x[:, :, t], a0, c"))
    yield at("c-is-a", "both hold a", ("y_all[:, :, t] = a, c, y", "y_all[:, :, t] = a, a, y"))
    yield at(
        "last-step-skipped",
        "last",
        ("a_all = np.empty(", "a_all = np.zeros("),
        ("c_all = np.empty(", "c_all = np.zeros("),
        ("y_all = np.empty(", "y_all = np.zeros("),
        ("range(T_x)", "range(T_x - 1)"),
    )
    at = Table("helpers", "lstm_cell_forward")
    letters = {"ft": "f", "it": "u", "cct": "c", "ot": "o"}
    for mine, other in itertools.permutations(GATES, 2):
        a, b = letters[mine], letters[other]
        yield at(
            "one-bias-for-several", f"b{LETTERS[other]} in {mine}", (f'p["b{a}"]', f'p["b{b}"]')
        )
        yield at("wrong-variable", f"W{LETTERS[other]} in {mine}", (f'p["W{a}"]', f'p["W{b}"]'))


def derivatives_of_helpers(at: Table, names: Mapping[str, str]) -> Iterator[Kill]:
    """Derivatives in the backward cell of helpers.py."""
    f, u, c = names["ft"], names["it"], names["cct"]
    for id, variant, old, new in (
        ("activation-derivative-missing", "dft", f" * {f} * (1 - {f})", ""),
        ("sigmoid-for-derivative", "dft, ft", f" * (1 - {f})", ""),
        ("activation-derivative-missing", "dit", f" * {u} * (1 - {u})", ""),
        ("derivative-of-activated", "dcct", f"np.square({c})", f"np.square(np.tanh({c}))"),
        ("extra-candidate-factor", "", f"(1 - np.square({c}))", f"{c} * (1 - np.square({c}))"),
        ("wrong-variable", "dcct, 1 - cct", f"np.square({c})", c),
        (
            "misplaced-parentheses",
            "dcct, square of all",
            f"(1 - np.square({c}))",
            f"np.square(1 - {c})",
        ),
        ("final-cell-gradient-ignored", "", "dc = dc_next + ", "dc = "),
        ("wrong-variable", "dot with c_next", "da_next * tanh_c *", "da_next * c *"),
        ("whh-off-by-one", "all", "np.r_[a_prev, xt]", "np.r_[a, xt]"),
        ("concat-order", "weight gradients all", "np.r_[a_prev, xt]", "np.r_[xt, a_prev]"),
        (
            "wrong-variable",
            "dc_prev with it",
            "dc * forget_gate\n    for",
            "dc * update_gate\n    for",
        ),
    ):
        yield at(id, variant, (old, new))


# rows.py: batch-first -----------------------------------------------------------------------------


def rows() -> Iterator[Kill]:
    """Mistakes in rows.py, where examples are rows."""
    at = Table("rows", "rnn_cell_forward")
    right = "np.tanh(x_t @ W_a + a_prev @ U_a + b_a)"
    for id, variant, line in (
        ("term-missing", "ba", "np.tanh(x_t @ W_a + a_prev @ U_a)"),
        ("no-transpose", "forward", "np.tanh(x_t @ W_a + a_prev @ U_a.T + b_a)"),
        ("wrong-activation", "sigmoid", "sigmoid(x_t @ W_a + a_prev @ U_a + b_a)"),
        ("misplaced-parentheses", "bias outside", "np.tanh(x_t @ W_a + a_prev @ U_a) + b_a"),
    ):
        yield at(id, variant, (right, line))
    yield at("y-from-previous", "", ("a_t @ W_y", "a_prev @ W_y"))
    at = Table("rows", "lstm_cell_forward")
    keep = "keep * m_prev + take * news"
    for id, variant, old, new in (
        ("output-gate-dropped", "", "show * np.tanh(m_t)", "np.tanh(m_t)"),
        ("no-tanh-on-cell", "", "show * np.tanh(m_t)", "show * m_t"),
        ("plus-for-times", "c_next, candidate", keep, "keep * m_prev + take + news"),
        ("plus-for-times", "c_next, forget", keep, "keep + m_prev + take * news"),
        ("gates-swapped", "c_next", keep, "take * m_prev + keep * news"),
        ("term-missing", "c_prev", keep, "take * news"),
        ("wrong-variable", "c_next, 1 - ft", keep, "keep * m_prev + (1 - keep) * news"),
        ("concat-order", "forward", "(a_prev, x_t)", "(x_t, a_prev)"),
        ("softmax-wrong", "left out", "softmax(a_t @ W_y + b_y)", "a_t @ W_y + b_y"),
        ("y-from-previous", "", "a_t @ W_y", "a_prev @ W_y"),
        ("wrong-variable", "y", "a_t @ W_y", "m_t @ W_y"),
        ("wrong-activation", "cct, sigmoid", "np.tanh(row @ W_m", "sigmoid(row @ W_m"),
    ):
        yield at(id, variant, (old, new))
    letters = {"ft": "f", "it": "u", "cct": "m", "ot": "o"}
    for mine, other in itertools.permutations(GATES, 2):
        a, b = letters[mine], letters[other]
        line = f"row @ W_{a} + b_{a}"
        yield at(
            "one-bias-for-several", f"b{LETTERS[other]} in {mine}", (line, f"row @ W_{a} + b_{b}")
        )
        yield at("wrong-variable", f"W{LETTERS[other]} in {mine}", (line, f"row @ W_{b} + b_{a}"))
    for cell in ("rnn", "lstm"):
        at = Table("rows", f"{cell}_forward")
        start = "state = a_init" if cell == "rnn" else "state, memory = a_init, "
        yield at("a0-ignored", "", (start, start.replace("a_init", "np.zeros_like(a_init)")))
        passed = "x[:, t], state,"
        yield at("a0-every-step", "", (passed, "x[:, t], a_init,"))
        yield at("time-reversed", "x", (passed, "x[:, T - 1 - t], state,"))
        yield at("state-offset", "x[t-1]", (passed, "x[:, t - 1], state,"))
        yield at("last-step-skipped", "last", ("range(T)", "range(T - 1)"))
        yield at(
            "argument-in-place",
            "",
            ("    for t in range(T):", "    x += 1\n    x -= 1\n    for t in range(T):"),
            first=FORWARDS,
        )
        at = Table("rows", f"{cell}_backward")
        carried = "da[:, t] + " + ("carried" if cell == "rnn" else "da_next")
        yield at("state-offset", "da[-1]", (carried, carried.replace("t]", "-1]")))
        if cell == "rnn":
            yield at("no-carry", "", (carried, "da[:, t]"))
            yield at(
                "not-accumulated", "all", *((f"{g} +=", f"{g} =") for g in ("dW_a", "dU_a", "db_a"))
            )
            yield at("not-accumulated", "ba", ("db_a +=", "db_a ="))
            yield at(
                "upstream-in-place",
                "",
                ("d_state = da[:, t] + carried", "d_state = da[:, t]\n        d_state += carried"),
                first=EVERY,
            )
            continue
        yield at("no-carry", "", (carried, "da[:, t]"), ("        dm_next = dm * f\n", ""))
        yield at("one-path-not-carried", "dc", ("        dm_next = dm * f\n", ""))
        yield at("one-path-not-carried", "da", (carried, "da[:, t]"))
        yield at("not-accumulated", "weights", *((f"dW_{k} +=", f"dW_{k} =") for k in "fumo"))
    at = Table("rows", "lstm_forward")
    yield at("c-is-a", "both hold a", ("m[:, t] = memory", "m[:, t] = state"))
    yield at("c-is-a", "both hold c", ("a[:, t] = state", "a[:, t] = memory"))
    at = Table("rows", "lstm_backward", "lstm_cell_backward")
    for id, variant, old, new in (
        ("activation-derivative-missing", "dft", "m_prev * f * (1 - f)", "m_prev"),
        ("sigmoid-for-derivative", "dit, it", "u * (1 - u)", "u"),
        ("derivative-of-activated", "dcct", "(1 - g**2)", "(1 - np.tanh(g) ** 2)"),
        ("wrong-variable", "dft with cct", "dm * m_prev", "dm * g"),
        ("wrong-variable", "dit with it", "dm * g * u", "dm * u * u"),
        ("wrong-variable", "dot with c_next", "da_t * np.tanh(m) * o", "da_t * m * o"),
        ("final-cell-gradient-ignored", "", "dm_next + da_t", "da_t"),
        ("term-missing", "ot: all lines", "da_t * o * (1", "da_t * (1"),
        ("divided-by-m", "mean dbf", "df.sum(axis=0)", "df.mean(axis=0)"),
        ("wrong-variable", "dWf from dit", "row.T @ df", "row.T @ du"),
        ("term-missing", "Wo in da_prev and dxt", " + do @ W_o.T", ""),
        ("concat-order", "da_prev from the last columns", "d_row[:, :n_a]", "d_row[:, -n_a:]"),
    ):
        yield at(id, variant, (old, new))
    at = Table("rows", "rnn_backward", "rnn_cell_backward")
    yield at("activation-derivative-missing", "", (" * (1 - states[t + 1] ** 2)", ""))
    yield at("state-offset", "a_prev", ("states[t + 1] ** 2", "states[t] ** 2"))
    yield at("no-transpose", "", ("dz @ U_a.T", "dz @ U_a"))
    yield at("whh-off-by-one", "", ("states[t].T @ dz", "states[t + 1].T @ dz"))
    at = Table("rows", "softmax")
    yield at(
        "softmax-wrong",
        "whole matrix, column maximum",
        ("powers.sum(axis=1, keepdims=True)", "powers.sum()"),
    )
    yield at(
        "softmax-wrong",
        "wrong axis, column maximum",
        ("powers.sum(axis=1, keepdims=True)", "powers.sum(axis=0)"),
    )
    at = Table("rows", "sigmoid")
    yield at("sigmoid-wrong", "exp(z)", ("np.exp(-z)", "np.exp(z)"))


def kills() -> list[Kill]:
    """All of them, every entry of the catalogue at least once."""
    return [*columns(), *inlined(), *helpers(), *rows()]


# ------------------------------------------------------------------------------------- judgement


def judged(text: str, wanted: Sequence[str] = ()) -> report.FileReport:
    """What the checker says of a submission, or of the functions wanted."""
    return judge.judge(loading.from_text(text), wanted=wanted, second_opinion=False)


def faults(kill: Kill, found: report.FileReport, lines: Sequence[int]) -> list[str]:
    """What is wrong with the report of a submission with one mistake; a wrong line is "line"."""
    said = []
    for name in kill.blamed:
        function = found.functions[name]
        if function.verdict != kill.verdict:
            said.append(f"{name} is {function.verdict}")
        names = {mistake.id for mistake in function.mistakes}
        if kill.verdict == report.PASS:
            if not any(kill.note in note for note in function.notes):
                said.append(f"no note in {name}")
            continue
        if kill.id not in names:
            said.append(f"named {', '.join(sorted(names)) or 'nothing'} in {name}")
        if not function.where:
            said.append(f"no place in {name}")
        near = function.line and any(abs(function.line - line) <= CLOSE for line in lines)
        if kill.function == name and not near:
            said.append("line")
    for name, function in found.functions.items():
        if name not in kill.blamed and not function.passed:
            said.append(f"{name} is {function.verdict} too")
    return said


@dataclass(frozen=True)
class Found:
    """What the checker said of a submission with one mistake.

    Attributes
    ----------
    kill : the mistake
    faults : what is wrong with the report, see `faults`
    seconds : it took
    """

    kill: Kill
    faults: tuple[str, ...]
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether the verdict, the function, the place and the name are right."""
        return not [fault for fault in self.faults if fault != "line"]


def tried(kill: Kill, alone: bool = False) -> Found:
    """A mistake planted in its submission, and judged; alone: only the function that it is in."""
    text, (lines,) = planted(kill)
    start = time.perf_counter()
    said = faults(kill, judged(text, kill.blamed if alone else ()), lines)
    return Found(kill, tuple(said), time.perf_counter() - start)


def tried_alone(kill: Kill) -> Found:
    """`tried`, of the function that the mistake is in; a third of the time."""
    return tried(kill, alone=True)


def subset() -> list[Kill]:
    """One of each id."""
    return list({kill.id: kill for kill in kills()}.values())


def one_each() -> list[Kill]:
    """One of each entry of the catalogue."""
    return list({kill.entry: kill for kill in kills()}.values())


def in_parallel(
    function: Callable[[Any], Any], items: Sequence[Any], workers: int
) -> Iterator[Any]:
    """A function of this module on each item, in processes; results in order, as they come."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawned) as pool:
        yield from pool.map(function, items, chunksize=4)


Pair = tuple[Kill, Kill]


def pairs(count: int, seed: int = 0) -> list[Pair]:
    """Pairs of mistakes that fit into one submission, half of them into one function."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    plain = [kill for kill in kills() if kill.verdict == report.FAIL and len(kill.blamed) == 1]
    found: list[Pair] = []
    while len(found) < count:
        one = plain[rng.integers(len(plain))]
        same = len(found) % 2 == 0
        others = [k for k in plain if k.base == one.base and (k.function == one.function) == same]
        other = others[rng.integers(len(others))]
        if one.entry == other.entry:
            continue
        with contextlib.suppress(ValueError):
            planted(one, other)
            found.append((one, other))
    return found


@dataclass(frozen=True)
class PairFound:
    """What the checker said of a pair.

    Attributes
    ----------
    pair : the two mistakes
    failed : whether every function with a mistake in it has the verdict FAIL
    named : how many of the two were named
    masked : whether the results are those of one of the two alone
    said : what was named, for the log
    seconds : it took
    """

    pair: Pair
    failed: bool
    named: int
    masked: bool
    said: str
    seconds: float


def tried_pair(pair: Pair) -> PairFound:
    """Two mistakes planted in one submission, and judged."""
    text, _ = planted(*pair)
    start = time.perf_counter()
    found = judged(text)
    seconds = time.perf_counter() - start
    blamed = {name for kill in pair for name in kill.blamed}
    failed = all(found.functions[name].verdict == report.FAIL for name in blamed)
    said = Counter(mistake.id for name in blamed for mistake in found.functions[name].mistakes)
    wanted = Counter(kill.id for kill in pair)
    named = sum((wanted & said).values())
    masked = False
    if named < 2:
        alone = [_results(judged(planted(kill)[0])) for kill in pair]
        masked = _results(found) in alone
    return PairFound(pair, failed, named, masked, ", ".join(sorted(said)), seconds)


def _results(found: report.FileReport) -> str:
    """What tells whether two submissions return the same."""
    return repr(
        [
            (name, tensor.name, f"{tensor.error:.6e}", tensor.problem)
            for name, function in found.functions.items()
            for tensor in function.tensors
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Judge every mistake of the kill matrix.")
    parser.add_argument("words", nargs="*", help="judge only what has all of these in its name")
    parser.add_argument("--base", choices=BASES, help="judge one submission only")
    parser.add_argument("--sample", type=int, default=1, help="judge every n-th only")
    parser.add_argument("--pairs", type=int, help="judge this many random pairs instead")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    if options.pairs:
        return _main_pairs(options.pairs, options.workers)
    chosen = [k for k in kills() if all(word in str(k) for word in options.words)]
    chosen = [k for k in chosen if options.base in (None, k.base)][:: options.sample]
    start = time.perf_counter()
    results: list[Found] = []
    for found in in_parallel(tried, chosen, options.workers):
        results.append(found)
        if not found.caught:
            print(f"MISSED {found.kill}: {'; '.join(found.faults)}", flush=True)
        elif found.faults:
            print(f"line   {found.kill}", flush=True)
    bad = [found for found in results if not found.caught]
    astray = [found for found in results if "line" in found.faults]
    counts = Counter(kill.id for kill in chosen)
    missed = Counter(found.kill.id for found in bad)
    for id, count in sorted(counts.items()):
        print(f"{id:32s} {count - missed[id]:4d} of {count}")
    seconds = [found.seconds for found in results]
    print(f"{len(chosen) - len(bad)} of {len(chosen)} caught, {len(astray)} at another line;")
    print(f"{np.median(seconds):.2f} s each, at most {max(seconds):.2f} s,")
    print(f"{time.perf_counter() - start:.0f} s")
    return len(bad) > 0


def _main_pairs(count: int, workers: int) -> int:
    start = time.perf_counter()
    results: list[PairFound] = []
    for found in in_parallel(tried_pair, pairs(count), workers):
        results.append(found)
        if not found.failed or (found.named < 2 and not found.masked):
            print(f"{'named' if found.failed else 'NOT FAILED'} {found.named} of 2:")
            print(f"    {found.pair[0]} + {found.pair[1]}")
            print(f"    said: {found.said}, {found.seconds:.1f} s", flush=True)
    counted = [found for found in results if not found.masked]
    failed = sum(found.failed for found in results)
    both = sum(found.named == 2 for found in counted)
    print(f"{failed} of {count} failed; {count - len(counted)} masked; both named in {both} of")
    longest = max(found.seconds for found in results)
    print(f"{len(counted)}: {both / len(counted):.0%}; at most {longest:.2f} s each,")
    print(f"{time.perf_counter() - start:.0f} s")
    return int(failed < count)


if __name__ == "__main__":
    sys.exit(main())
