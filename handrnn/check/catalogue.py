"""The mistakes that people make, each a change of the textbook's lines.

A `Mistake` has the stable id of its kind and a variant: which gate, which way of writing it. What
can be planted holds `planting.Edit`s of the textbook, or a transform of the results where the
mistake is one convention more (divided by the number of examples, clipped); what changes no number
is marked with the detector that shows it. `predict` says what a function with a mistake in it
would return; whoever returns just that has made it.

Mistakes are written in the notation of the course, column-major: a, Waa, ft, it, cct, ot. Where
an edit is a whole line of a cell, the textbook's line is translated from that notation, so that
the line which the person is shown is the one that was run.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations, permutations

import numpy as np

from . import dialects, planting, probes

Edit = planting.Edit

Outputs = dict[str, np.ndarray]

KINDS = (
    "no-carry",
    "one-path-not-carried",
    "not-accumulated",
    "no-transpose",
    "state-offset",
    "whh-off-by-one",
    "last-step-skipped",
    "upstream-in-place",
    "final-cell-gradient-ignored",
    "activation-derivative-missing",
    "sigmoid-for-derivative",
    "derivative-of-activated",
    "misplaced-parentheses",
    "extra-candidate-factor",
    "wrong-variable",
    "bias-not-summed",
    "divided-by-m",
    "transposes-left-out",
    "reads-global",
    "gradients-for-weights",
    "c-is-a",
    "cell-state-view",
    "a0-ignored",
    "a0-every-step",
    "output-gate-dropped",
    "no-tanh-on-cell",
    "y-from-previous",
    "softmax-wrong",
    "caches-wrong",
    "one-bias-for-several",
    "gates-swapped",
    "plus-for-times",
    "float32",
    # besides: conventions, published numbers, and what has no better name
    "clipped-inside",
    "historic-numbers",
    "argument-in-place",
    "sigmoid-wrong",
    "wrong-activation",
    "concat-order",
    "term-missing",
    "counted-twice",
    "time-reversed",
)
DETECTORS = ("arguments", "globals", "aliases", "caches", "dtype")


@dataclass(frozen=True)
class Mistake:
    """One way of getting a course function wrong.

    Attributes
    ----------
    id : one of `KINDS`
    variant : which gate, which line, which way of writing it; with the id it names the entry
    functions : the course functions that it shows in, the one it is written in first
    edits : of the textbook, by function
    why : one sentence
    wrong, right : the line as it is written and as it should be, in the course's notation
    transform : of the results, (outputs, probe) -> outputs, after the edits
    detector : what shows a mistake that changes no result, one of `DETECTORS`, or ""
    warning : seen where exp overflows only (`dialects.FAR`), which is no failure
    square : runs on square probes only (``probes.draw(seed, square=True)``)
    cached : only what is cached is wrong, so that it is none in the batch-first dialect
    """

    id: str
    variant: str
    functions: tuple[str, ...]
    edits: Mapping[str, tuple[Edit, ...]] = field(compare=False)
    why: str
    wrong: str = ""
    right: str = ""
    transform: Callable[[Outputs, probes.Probe], Outputs] | None = None
    detector: str = ""
    warning: bool = False
    square: bool = False
    cached: bool = False

    def __str__(self) -> str:
        return f"{self.id} ({self.variant})" if self.variant else self.id


@dataclass(frozen=True)
class Shown:
    """A mistake in the notation of one dialect: one sentence and the two lines."""

    why: str
    wrong: str
    right: str


# -------------------------------------------------------------------- notation: gates, lines, words

GATES = {"f": "ft", "i": "it", "g": "cct", "o": "ot"}  # the textbook's letter, the course's name
LETTER = {"f": "f", "i": "i", "g": "c", "o": "o"}  # of the gate in Wf, Wi, Wc, Wo
WORDS = {"f": "forget gate", "i": "update gate", "g": "candidate", "o": "output gate"}
FACTOR = {"f": "c_prev", "i": "cct", "g": "it"}  # what c_next is multiplied by in d c_next / d gate
SLOPE = {"f": "ft * (1 - ft)", "i": "it * (1 - it)", "g": "(1 - cct**2)", "o": "ot * (1 - ot)"}
PATH = "ot * (1 - np.tanh(c_next)**2)"  # d a_next / d c_next

LSTM_BACK = ("lstm_cell_backward", "lstm_backward")
RNN_BACK = ("rnn_cell_backward", "rnn_backward")
LSTM_FORTH = ("lstm_cell_forward", "lstm_forward")
RNN_FORTH = ("rnn_cell_forward", "rnn_forward")


def _delta(gate: str) -> str:
    return f"d{GATES[gate]}"


# lines of the cells: the course's line, and the textbook's line in its place
_LINES = {
    "lstm_cell_backward": {
        **{
            _delta(gate): (
                f"(dc_next * {factor} + {PATH} * {factor} * da_next) * {SLOPE[gate]}",
                f"dz{gate} = d{gate} * {gate} * (1 - {gate})"
                if gate != "g"
                else "dzg = dg * (1 - g**2)",
            )
            for gate, factor in FACTOR.items()
        },
        "dot": ("da_next * np.tanh(c_next) * ot * (1 - ot)", "dzo = do * o * (1 - o)"),
        "dc_prev": (f"dc_next * ft + {PATH} * ft * da_next", "dc_prev = dc * f"),
        "da_prev": (
            " + ".join(f"np.dot(W{LETTER[k]}[:, :n_a].T, {_delta(k)})" for k in "figo"),
            "dh_prev = dconcat[:R]",
        ),
        "dxt": (
            " + ".join(f"np.dot(W{LETTER[k]}[:, n_a:].T, {_delta(k)})" for k in "figo"),
            "dxt = dconcat[R:]",
        ),
        **{
            f"dW{LETTER[k]}": (f"np.dot({_delta(k)}, concat.T)", f"dW{k} = dz{k} @ concat.T")
            for k in "figo"
        },
        **{
            f"db{LETTER[k]}": (
                f"np.sum({_delta(k)}, axis=1, keepdims=True)",
                f"db{k} = np.sum(dz{k}, axis=1, keepdims=True)",
            )
            for k in "figo"
        },
    },
    "rnn_cell_backward": {
        "dtanh": ("(1 - a_next**2) * da_next", "dz = dh_next * (1 - h_next**2)"),
        "dxt": ("np.dot(Wax.T, dtanh)", "dxt = Wxh.T @ dz"),
        "da_prev": ("np.dot(Waa.T, dtanh)", "dh_prev = Whh.T @ dz"),
        "dWax": ("np.dot(dtanh, xt.T)", "dWxh = dz @ xt.T"),
        "dWaa": ("np.dot(dtanh, a_prev.T)", "dWhh = dz @ h_prev.T"),
        "dba": ("np.sum(dtanh, axis=1, keepdims=True)", "dbh = np.sum(dz, axis=1, keepdims=True)"),
    },
    "lstm_cell_forward": {
        "ft": ("sigmoid(np.dot(Wf, concat) + bf)", "f = sigmoid(Wf @ concat + bf)"),
        "it": ("sigmoid(np.dot(Wi, concat) + bi)", "i = sigmoid(Wi @ concat + bi)"),
        "cct": ("np.tanh(np.dot(Wc, concat) + bc)", "g = np.tanh(Wg @ concat + bg)"),
        "ot": ("sigmoid(np.dot(Wo, concat) + bo)", "o = sigmoid(Wo @ concat + bo)"),
        "c_next": ("ft * c_prev + it * cct", "c_next = f * c_prev + i * g"),
        "a_next": ("ot * np.tanh(c_next)", "h_next = o * np.tanh(c_next)"),
        "concat": ("np.concatenate((a_prev, xt))", "concat = np.concatenate((h_prev, xt))"),
        "yt_pred": ("softmax(np.dot(Wy, a_next) + by)", 'cache["y"] = softmax(Why @ h_next + by)'),
    },
    "rnn_cell_forward": {
        "yt_pred": ("softmax(np.dot(Wya, a_next) + by)", 'cache["y"] = softmax(Why @ h_next + by)')
    },
}
# the course's names in the textbook's functions
_NAMES = {
    "lstm_cell_backward": {"da_next": "dh_full", "a_next": "h_full", "n_a": "R"},
    "rnn_cell_backward": {"da_next": "dh_next", "a_next": "h_next", "dtanh": "dz"},
    "lstm_cell_forward": {"a_next": "h_next"},
    "rnn_cell_forward": {"a_next": "h_next"},
}
_ALL_NAMES = {
    **{_delta(gate): f"dz{gate}" for gate in GATES},
    **{name: gate for gate, name in GATES.items()},
    "Wc": "Wg",
    "bc": "bg",
    "dWc": "dWg",
    "dbc": "dbg",
    "Waa": "Whh",
    "Wax": "Wxh",
    "ba": "bh",
    "dWaa": "dWhh",
    "dWax": "dWxh",
    "dba": "dbh",
    "Wya": "Why",
    "Wy": "Why",
    "a_prev": 'cache["h_prev"]',
    "da_prev": "dh_prev",
    "xt": 'cache["xt"]',
}


def _replaced(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"(?<![.\w])[A-Za-z_]\w*", lambda found: names.get(found[0], found[0]), text)


def _textbook(function: str, text: str) -> str:
    """Course notation as it reads inside a function of the textbook."""
    names = _ALL_NAMES | _NAMES[function]
    if function != "lstm_cell_backward":
        names = names | {"xt": "xt", "a_prev": "h_prev"}
    return _replaced(text, names)


def _lines(function: str, id: str, variant: str, why: str, wrong: Mapping[str, str]) -> Mistake:
    """A mistake that rewrites lines of a cell, given in the course's notation."""
    edits = []
    for name, line in wrong.items():
        _, old = _LINES[function][name]
        edits.append(Edit(old, f"{old.partition(' = ')[0]} = {_textbook(function, line)}"))
    name = next(iter(wrong))
    return Mistake(
        id,
        variant,
        (function, function.replace("_cell", "")),
        {function: tuple(edits)},
        why,
        f"{name} = {wrong[name]}",
        f"{name} = {_LINES[function][name][0]}",
    )


def _edit(
    function: str,
    id: str,
    variant: str,
    why: str,
    edits: Sequence[tuple[str, str]],
    wrong: str,
    right: str,
) -> Mistake:
    """A mistake that changes pieces of the textbook's lines."""
    functions = (function, function.replace("_cell", "")) if "_cell" in function else (function,)
    many = tuple(Edit(old, new) for old, new in edits)
    return Mistake(id, variant, functions, {function: many}, why, wrong, right)


# ------------------------------------------------------------------------------------ through time

_RNN_LOOP = "rnn_cell_backward(da[:, :, t] + da_prevt, caches[t])"
_LSTM_LOOP = "lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])"
_CALL = {"rnn": _RNN_LOOP, "lstm": _LSTM_LOOP}
_PARAMETERS = {
    "rnn": {"Wax": "Wxh", "Waa": "Whh", "ba": "bh"},
    "lstm": {
        name: theirs
        for gate in "figo"
        for name, theirs in ((f"W{LETTER[gate]}", f"W{gate}"), (f"b{LETTER[gate]}", f"b{gate}"))
    },
}


def _no_carry() -> Iterator[Mistake]:
    why = "Nothing is carried from step t+1 back to step t: every step starts from zero gradients."
    not_da = ("dy[t] + dh", "dy[t] + dh_T")
    not_dc = ("dh, dc, caches", "dh, dc_T, caches")
    both = ("dy[t] + dh, dc,", "dy[t] + dh_T, dc_T,")
    stays = ('dh = gradients["dh_prev"]', "pass")
    rnn, lstm = "rnn_backward", "lstm_backward"
    calls = {
        rnn: ("rnn_cell_backward(da[:, :, t], caches[t])", _RNN_LOOP),
        lstm: (
            "lstm_cell_backward(da[:, :, t], dc_prevt, caches[t])  # dc_prevt stays 0",
            _LSTM_LOOP,
        ),
    }
    for function, edits in ((rnn, [not_da]), (lstm, [both])):
        yield _edit(function, "no-carry", "", why, edits, *calls[function])
    yield _edit(
        rnn, "no-carry", "da0 stays zero", f"{why} da0 stays zero too.", [stays], *calls[rnn]
    )
    edits = [stays, ('dc = gradients["dc_prev"]', "pass")]
    yield _edit(
        lstm, "no-carry", "da0 stays zero", f"{why} da0 stays zero too.", edits, *calls[lstm]
    )
    historic = [both] + [
        (f'db{gate} = db{gate} + gradients["db{gate}"]', f'db{gate} = dbf + gradients["db{gate}"]')
        for gate in "go"
    ]
    historic.append(
        ('dbi = dbi + gradients["dbi"]', 'dbi = dbf + gradients["dbf"] + gradients["dbi"]')
    )
    yield _edit(
        lstm,
        "historic-numbers",
        "",
        "These are the numbers that early editions of the assignment published, which were wrong: "
        "nothing is carried through time, and each bias gradient is added to dbf.",
        historic,
        "dbi = dbf + gradients['dbi']",
        "dbi = dbi + gradients['dbi']",
    )
    yield _edit(
        lstm,
        "one-path-not-carried",
        "dc",
        "dc_prev is not carried from step t+1 to t: the path along the cell state is cut.",
        [not_dc],
        "lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])  # dc_prevt stays 0",
        "dc_prevt = gradients['dc_prev']",
    )
    yield _edit(
        lstm,
        "one-path-not-carried",
        "da",
        "da_prev is not added to da[:, :, t]: the path along the hidden state is cut.",
        [("dy[t] + dh", "dy[t] + dh_T")],
        "lstm_cell_backward(da[:, :, t], dc_prevt, caches[t])",
        _LSTM_LOOP,
    )
    yield _edit(
        lstm,
        "one-path-not-carried",
        "da, da0 stays zero",
        "da_prev is never kept: the path along the hidden state is cut, and da0 stays zero.",
        [stays],
        "lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])  # da_prevt stays 0",
        "da_prevt = gradients['da_prev']",
    )


def _not_accumulated(cell: str) -> Iterator[Mistake]:
    function = f"{cell}_backward"
    names = _PARAMETERS[cell]
    groups = {"all": list(names)}
    groups["weights"] = [name for name in names if name[0] == "W"]
    groups["biases"] = [name for name in names if name[0] == "b"]
    groups |= {name: [name] for name in names}
    for variant, group in groups.items():
        if variant != "all" and variant not in names and len(group) == 1:
            continue
        shown = group[0]
        what = {"all": "The parameter gradients are", "weights": "The weight gradients are"}.get(
            variant, "The bias gradients are" if variant == "biases" else f"d{variant} is"
        )
        added = [f'd{names[name]} = d{names[name]} + gradients["d{names[name]}"]' for name in group]
        yield _edit(
            function,
            "not-accumulated",
            variant,
            f"{what} assigned at every step in place of added up: only t = 0, the last step that "
            "the loop comes to, is left (adding once after the loop does the same).",
            [(line, line.replace(f"{line.split(' ')[0]} + ", "")) for line in added],
            f"d{shown} = gradients['d{shown}']",
            f"d{shown} += gradients['d{shown}']",
        )
    for variant, condition, when in (
        ("last step only", "t == T - 1", "the step t = T-1"),
        ("last step left out", "t < T - 1", "every step but t = T-1"),
        ("first step left out", "t > 0", "every step but t = 0"),
    ):
        yield _edit(
            function,
            "not-accumulated" if variant == "last step only" else "last-step-skipped",
            variant,
            f"The parameter gradients hold {when} only.",
            [
                (f'+ gradients["d{name}"]', f'+ gradients["d{name}"] * ({condition})')
                for name in names.values()
            ],
            f"d{next(iter(names))} += gradients['d{next(iter(names))}']  # not at every step",
            f"d{next(iter(names))} += gradients['d{next(iter(names))}']",
        )


def _steps(cell: str) -> Iterator[Mistake]:
    function = f"{cell}_backward"
    call = _CALL[cell]
    loop = "for t in reversed(range(T)):"
    for variant, steps, why in (
        ("last", "range(T - 1)", "The loop starts at T-2: the last step, t = T-1, is left out."),
        ("first", "range(1, T)", "The loop ends at t = 1: the first step, t = 0, is left out."),
    ):
        yield _edit(
            function,
            "last-step-skipped",
            variant,
            why,
            [(loop, f"for t in reversed({steps}):")],
            f"for t in reversed({steps}):",
            loop,
        )
    yield _edit(
        function,
        "time-reversed",
        "",
        "The loop runs from the first step to the last: gradients are carried forward in time.",
        [(loop, "for t in range(T):")],
        "for t in range(T):",
        loop,
    )
    cached = 'caches["cells"][t]'
    for variant, index, why in (
        ("caches[t-1]", "t - 1", "Step t reads the cache of step t-1; at t = 0 that is the last."),
        ("caches[t+1]", "min(t + 1, T - 1)", "Step t reads the cache of step t+1."),
        ("caches reversed", "T - 1 - t", "The caches are read from the wrong end."),
        ("caches[0]", "0", "Every step reads the cache of step 0."),
        ("caches[-1]", "-1", "Every step reads the cache of the last step."),
    ):
        yield _edit(
            function,
            "state-offset",
            variant,
            why,
            [(cached, f'caches["cells"][{index}]')],
            call.replace("caches[t]", f"caches[{index.replace(' ', '')}]"),
            call,
        )
    for variant, index, why in (
        ("da[t-1]", "t - 1", "da is read one step early; at t = 0 that is the last step."),
        ("da[t+1]", "(t + 1) % T", "da is read one step late; the last step reads the first."),
        ("da reversed", "T - 1 - t", "da is read from the wrong end."),
        ("da[-1]", "-1", "Every step reads da of the last step."),
    ):
        yield _edit(
            function,
            "state-offset",
            variant,
            why,
            [("dy[t] + dh", f"dy[{index}] + dh")],
            call.replace("t]", f"{index.replace(' ', '')}]", 1),
            call,
        )
    yield _edit(
        function,
        "term-missing",
        "da of the last step only",
        "Only da of the last step enters: da[:, :, t] is not added at the steps before.",
        [("dh = dh_T", "dh = dy[T - 1]"), ("dy[t] + dh", "dh")],
        call.replace("da[:, :, t] + da_prevt", "da_prevt"),
        call,
    )
    yield _edit(
        function,
        "counted-twice",
        "da of the last step",
        "da of the last step is counted twice: da_prev starts from it, and the loop adds it again.",
        [("dh = dh_T", "dh = dy[T - 1]")],
        "da_prevt = da[:, :, T - 1]",
        "da_prevt = np.zeros((n_a, m))",
    )
    yield _edit(
        function,
        "counted-twice",
        "da_prev summed",
        "da_prev is added up over the steps: each step's replaces the one before.",
        [('dh = gradients["dh_prev"]', 'dh = dh + gradients["dh_prev"]')],
        "da_prevt += gradients['da_prev']",
        "da_prevt = gradients['da_prev']",
    )
    for variant, edits, wrong, why in (
        (
            "da0 zero",
            [("dh0 = dh", "dh0 = np.zeros_like(dh)")],
            "da0 = np.zeros((n_a, m))",
            "da0 is never set: it is da_prev of step 0.",
        ),
        (
            "da0 of the last step",
            [
                ("dh0 = dh", "dh0 = dh_last"),
                (
                    "dx[t] =",
                    "dh_last = gradients['dh_prev'] if t == T - 1 else dh_last\n        dx[t] =",
                ),
            ],
            "da0 = gradients['da_prev']  # of t = T-1",
            "da0 is da_prev of the last step, not of step 0.",
        ),
        (
            "da0 of step 1",
            [("dh0 = dh", "dh0 = dh_before"), ("dx[t] =", "dh_before = dh\n        dx[t] =")],
            "da0 = da_prevt  # before it is updated at t = 0",
            "da0 is da_prev of step 1, not of step 0.",
        ),
        (
            "da0 summed",
            [
                ("dh0 = dh", "dh0 = dh_sum"),
                ("dh = dh_T", "dh = dh_T\n    dh_sum = dh_T"),
                ("dx[t] =", "dh_sum = dh_sum + gradients['dh_prev']\n        dx[t] ="),
            ],
            "da0 += gradients['da_prev']",
            "da0 is added up over the steps: it is da_prev of step 0 alone.",
        ),
        (
            "dx reversed",
            [("dx[t] =", "dx[T - 1 - t] =")],
            "dx[:, :, T-1-t] = gradients['dxt']",
            "dx is written from the wrong end.",
        ),
        (
            "dx summed",
            [("dx[t] = ", "dx[t] = dx[(t + 1) % T] + ")],
            "dx[:, :, t] = dx[:, :, t+1] + gradients['dxt']",
            "dx is added up over the steps: each step has its own.",
        ),
    ):
        right = "dx[:, :, t] = gradients['dxt']" if "dx" in variant else "da0 = da_prevt"
        yield _edit(function, "wrong-variable", variant, why, edits, wrong, right)


def _lstm_loop() -> Iterator[Mistake]:
    function = "lstm_backward"
    yield _edit(
        function,
        "counted-twice",
        "dc_prev summed",
        "dc_prev is added up over the steps: each step's replaces the one before.",
        [('dc = gradients["dc_prev"]', 'dc = dc + gradients["dc_prev"]')],
        "dc_prevt += gradients['dc_prev']",
        "dc_prevt = gradients['dc_prev']",
    )
    for variant, edit, wrong, why in (
        (
            "da_prev for dc_prev",
            ('dc = gradients["dc_prev"]', 'dc = gradients["dh_prev"]'),
            "dc_prevt = gradients['da_prev']",
            "da_prev is carried where dc_prev is meant.",
        ),
        (
            "dc_prev for da_prev",
            ('dh = gradients["dh_prev"]', 'dh = gradients["dc_prev"]'),
            "da_prevt = gradients['dc_prev']",
            "dc_prev is carried where da_prev is meant.",
        ),
        (
            "dc_prev for da0",
            ("dh0 = dh", 'dh0 = gradients["dc_prev"]'),
            "da0 = gradients['dc_prev']",
            "da0 is dc_prev of step 0, not its da_prev.",
        ),
    ):
        right = wrong.split(" = ")[0]
        right += " = gradients['dc_prev']" if right == "dc_prevt" else " = gradients['da_prev']"
        yield _edit(function, "wrong-variable", variant, why, [edit], wrong, right)
    for kind in "Wb":
        for mine, other in permutations("figo", 2):
            name, theirs = f"d{kind}{LETTER[mine]}", f"d{kind}{LETTER[other]}"
            old, new = f'gradients["d{kind}{mine}"]', f'gradients["d{kind}{other}"]'
            yield _edit(
                function,
                "wrong-variable",
                f"{theirs} added to {name}",
                f"{theirs} is added to {name}: copy and paste.",
                [(old, new)],
                f"{name} += gradients['{theirs}']",
                f"{name} += gradients['{name}']",
            )
            old = f'd{kind}{mine} = d{kind}{mine} + gradients["d{kind}{mine}"]'
            yield _edit(
                function,
                "wrong-variable",
                f"{name} from {theirs}",
                f"{name} is computed from the sum in {theirs}: copy and paste.",
                [(old, old.replace(f"= d{kind}{mine} +", f"= d{kind}{other} +"))],
                f"{name} = {theirs} + gradients['{name}']",
                f"{name} = {name} + gradients['{name}']",
            )
            # where the sums stand in the other order than in the textbook; c_prev = 0 at t = 0, so
            # that the forget gate adds nothing at the last step that the loop comes to
            if "f" in mine + other and mine + other != "fi":
                continue
            later = "ifgo".index(other) > "ifgo".index(mine)
            sum_of = f"d{kind}{other} {'+' if later else '-'} {new}"
            yield _edit(
                function,
                "wrong-variable",
                f"{name} from {theirs} {'after' if later else 'before'} this step is added",
                f"{name} is computed from the sum in {theirs}: copy and paste.",
                [(old, old.replace(f"= d{kind}{mine} +", f"= {sum_of} +"))],
                f"{name} = {theirs} + gradients['{name}']",
                f"{name} = {name} + gradients['{name}']",
            )


# --------------------------------------------------------------------- backward of a cell: the LSTM


def _derivatives() -> Iterator[Mistake]:
    function = "lstm_cell_backward"
    missing = "activation-derivative-missing"
    slopes = {gate: f"{gate} * (1 - {gate})" for gate in "fio"}
    for gates in ("fio", *"fio"):
        names = ", ".join(_delta(gate) for gate in gates)
        variant = names if len(gates) == 1 else "all gates"
        first = _delta(gates[0])
        right = _LINES[function][first][0]
        without = right.removesuffix(f" * {SLOPE[gates[0]]}")
        name = GATES[gates[0]]

        def edits(new: str, gates: str = gates) -> list[tuple[str, str]]:
            return [(f"d{g} * {slopes[g]}", f"d{g} * {new.replace('@', g)}") for g in gates]

        for id, after, new, why in (
            (missing, "", "1", f"{names} lacks the derivative of the sigmoid."),
            (
                "sigmoid-for-derivative",
                f" * {name}",
                "@",
                f"{names} is multiplied by the gate itself, not by its derivative.",
            ),
            (
                "sigmoid-for-derivative",
                f" * (1 - {name})",
                "(1 - @)",
                f"{names} lacks half of the sigmoid's derivative, the gate itself.",
            ),
            (
                "sigmoid-for-derivative",
                f" * sigmoid({name})",
                "sigmoid(@)",
                f"{names} is multiplied by the sigmoid of the gate, not by the derivative.",
            ),
            (
                "derivative-of-activated",
                f" * sigmoid({name}) * (1 - sigmoid({name}))",
                "sigmoid(@) * (1 - sigmoid(@))",
                f"The sigmoid's derivative in {names} is taken at the gate, which is a sigmoid "
                "already.",
            ),
            (
                "wrong-activation",
                f" * (1 - {name}**2)",
                "(1 - @**2)",
                f"{names} has the derivative of tanh where the gate is a sigmoid.",
            ),
            (
                "misplaced-parentheses",
                f" * {name} * 1 - {name}",
                "@ * 1 - @",
                f"The brackets around 1 - {name} are missing in {names}.",
            ),
            (
                "wrong-variable",
                f" * {name} * (1 + {name})",
                "@ * (1 + @)",
                f"{names} has a plus where the sigmoid's derivative has a minus.",
            ),
            (
                "wrong-variable",
                f" * {name} * ({name} - 1)",
                "@ * (@ - 1)",
                f"{names} has the wrong sign.",
            ),
        ):
            extra = "" if not after else f", {after.removeprefix(' * ')}"
            yield _edit(
                function,
                id,
                variant + extra,
                why,
                edits(new),
                f"{first} = {without}{after}",
                f"{first} = {right}",
            )
    for mine, other in permutations("fio", 2):
        wrong = {"both": f"{other} * (1 - {other})", "second": f"{mine} * (1 - {other})"}
        for which, new in wrong.items():
            name = _delta(mine)
            right = _LINES[function][name][0]
            shown = _replaced(new, {gate: GATES[gate] for gate in "fio"})
            yield _edit(
                function,
                "wrong-variable",
                f"{name}, derivative of {GATES[other]}, {which}",
                f"{name} has the derivative of another gate, {GATES[other]}.",
                [(f"d{mine} * {slopes[mine]}", f"d{mine} * {new}")],
                f"{name} = {right.removesuffix(SLOPE[mine])}{shown}",
                f"{name} = {right}",
            )
    name, (right, _) = "dcct", _LINES[function]["dcct"]
    for id, variant, new, shown, why in (
        (missing, "dcct", "dg", "", "dcct lacks the derivative of tanh."),
        (
            "derivative-of-activated",
            "dcct",
            "dg * (1 - np.tanh(g) ** 2)",
            "(1 - np.tanh(cct)**2)",
            "The derivative of tanh in dcct is taken at cct, which is a tanh already.",
        ),
        (
            "extra-candidate-factor",
            "",
            "dg * g * (1 - g**2)",
            "cct * (1 - cct**2)",
            "dcct has a factor cct too many, as an old text of the assignment prints it.",
        ),
        (
            "extra-candidate-factor",
            "tanh(cct)",
            "dg * g * (1 - np.tanh(g) ** 2)",
            "cct * (1 - np.tanh(cct)**2)",
            "dcct has a factor cct too many and a tanh too many, as an old text prints it.",
        ),
        (
            "wrong-activation",
            "dcct",
            "dg * g * (1 - g)",
            "cct * (1 - cct)",
            "dcct has the derivative of the sigmoid where the candidate is a tanh.",
        ),
        (
            "misplaced-parentheses",
            "dcct, square of all",
            "dg * (1 - g) ** 2",
            "(1 - cct)**2",
            "The square in dcct is around 1 - cct, not around cct alone.",
        ),
        (
            "misplaced-parentheses",
            "dcct, no brackets",
            "dg * 1 - g**2",
            "1 - cct**2",
            "The brackets around 1 - cct**2 are missing in dcct.",
        ),
        (
            "sigmoid-for-derivative",
            "dcct, tanh",
            "dg * g",
            "cct",
            "dcct is multiplied by the candidate itself, not by the derivative of tanh.",
        ),
        (
            "wrong-variable",
            "dcct, 1 - cct",
            "dg * (1 - g)",
            "(1 - cct)",
            "cct is not squared in the derivative of tanh.",
        ),
        (
            "wrong-variable",
            "dcct, 1 + cct**2",
            "dg * (1 + g**2)",
            "(1 + cct**2)",
            "There is a plus for a minus in the derivative of tanh in dcct.",
        ),
        (
            "derivative-of-activated",
            "dcct, of the product",
            "dg * (1 - np.tanh(i * g) ** 2)",
            "(1 - np.tanh(it * cct)**2)",
            "The derivative of tanh in dcct is taken at it * cct.",
        ),
    ):
        wrong = right.removesuffix(" * (1 - cct**2)") + (f" * {shown}" if shown else "")
        edit = ("dg * (1 - g**2)", new)
        yield _edit(function, id, variant, why, [edit], f"dcct = {wrong}", f"dcct = {right}")
    yield _edit(
        function,
        missing,
        "everything",
        "No gate has the derivative of its activation.",
        [(f"d{g} * {slopes[g]}", f"d{g}") for g in "fio"] + [("dg * (1 - g**2)", "dg")],
        "dft = dc * c_prev",
        "dft = dc * c_prev * ft * (1 - ft)",
    )
    yield _edit(
        function,
        "derivative-of-activated",
        "everything",
        "Every derivative is taken at a value that is activated already.",
        [(slopes[g], slopes[g].replace(g, f"sigmoid({g})")) for g in "fio"]
        + [("(1 - g**2)", "(1 - np.tanh(g) ** 2)")],
        "dft = ... * sigmoid(ft) * (1 - sigmoid(ft))",
        "dft = ... * ft * (1 - ft)",
    )


_PARTS = {  # of the line of a gate: name -> (factor, what comes after)
    "dft": ("c_prev", " * ft * (1 - ft)"),
    "dit": ("cct", " * it * (1 - it)"),
    "dcct": ("it", " * (1 - cct**2)"),
    "dc_prev": ("ft", ""),
}


def _cell_state() -> Iterator[Mistake]:
    """What goes wrong in dc_next * factor + ot * (1 - tanh(c_next)**2) * factor * da_next."""
    function = "lstm_cell_backward"
    parentheses, wrong_variable = "misplaced-parentheses", "wrong-variable"
    missing = "term-missing"
    t = "np.tanh(c_next)**2"
    # whole: (id, variant, expression with @ the factor and # what comes after, why)
    forms = (
        (
            parentheses,
            "dc_next outside",
            f"dc_next * @ + {PATH} * @ * da_next#",
            "{0}: the last factor belongs to the whole sum; dc_next is left outside.",
        ),
        (
            parentheses,
            "da_next outside",
            f"dc_next * @# + {PATH} * @ * da_next",
            "{0}: the last factor belongs to the whole sum; the path through a_next is outside.",
        ),
        (
            parentheses,
            "factors inside the derivative",
            f"(dc_next * @ + ot * (1 - {t} * @ * da_next))#",
            "{0}: the bracket of 1 - tanh(c_next)**2 closes too late, factors are inside it.",
        ),
        (
            parentheses,
            "factors inside, dc_next outside",
            f"dc_next * @ + ot * (1 - {t} * @ * da_next)#",
            "{0}: the bracket of 1 - tanh(c_next)**2 closes too late, and dc_next is outside.",
        ),
        (
            parentheses,
            "no bracket around 1 - tanh",
            f"(dc_next * @ + ot * 1 - {t} * @ * da_next)#",
            "{0}: the bracket around 1 - tanh(c_next)**2 is missing.",
        ),
        (
            parentheses,
            "dc_next inside",
            f"((dc_next + da_next) * {PATH} * @)#",
            "{0}: dc_next reaches c_next directly: the slope of a_next is not a factor of it.",
        ),
        (
            parentheses,
            "factor on da_next only",
            f"(dc_next + {PATH} * @ * da_next)#",
            "{0}: dc_next lacks its factor.",
        ),
        (
            parentheses,
            "factor on dc_next only",
            f"(dc_next * @ + {PATH} * da_next)#",
            "{0}: the path through a_next lacks its factor.",
        ),
        (
            parentheses,
            "square of all",
            "(dc_next * @ + ot * (1 - np.tanh(c_next))**2 * @ * da_next)#",
            "{0}: the square is around 1 - tanh(c_next), not around tanh(c_next) alone.",
        ),
        (
            parentheses,
            "square inside tanh",
            "(dc_next * @ + ot * (1 - np.tanh(c_next**2)) * @ * da_next)#",
            "{0}: c_next is squared, not tanh(c_next).",
        ),
        (
            "one-path-not-carried",
            "dc_next",
            f"{PATH} * @ * da_next#",
            "{0} lacks dc_next: the gradient that arrives along the cell state is left out.",
        ),
        (
            "one-path-not-carried",
            "da_next",
            "dc_next * @#",
            "{0} lacks the path through a_next: only dc_next is in it.",
        ),
        (
            missing,
            "ot",
            f"(dc_next * @ + (1 - {t}) * @ * da_next)#",
            "{0} lacks the factor ot in the path through a_next.",
        ),
        (
            "activation-derivative-missing",
            "tanh(c_next)",
            "(dc_next * @ + ot * @ * da_next)#",
            "{0} lacks the derivative of tanh(c_next).",
        ),
        (missing, "da_next", f"(dc_next * @ + {PATH} * @)#", "{0} lacks the factor da_next."),
        (
            wrong_variable,
            "tanh(c_prev)",
            "(dc_next * @ + ot * (1 - np.tanh(c_prev)**2) * @ * da_next)#",
            "{0} takes tanh at c_prev where c_next is meant.",
        ),
        (
            wrong_variable,
            "tanh(a_next)",
            "(dc_next * @ + ot * (1 - np.tanh(a_next)**2) * @ * da_next)#",
            "{0} takes tanh at a_next where c_next is meant.",
        ),
        (
            wrong_variable,
            "a_next",
            "(dc_next * @ + ot * (1 - a_next**2) * @ * da_next)#",
            "{0} has a_next where tanh(c_next) is meant.",
        ),
        (
            wrong_variable,
            "c_next",
            "(dc_next * @ + ot * (1 - c_next**2) * @ * da_next)#",
            "{0} has c_next where tanh(c_next) is meant.",
        ),
        (
            wrong_variable,
            "tanh(cct)",
            "(dc_next * @ + ot * (1 - np.tanh(cct)**2) * @ * da_next)#",
            "{0} takes tanh at cct where c_next is meant.",
        ),
        (
            "sigmoid-for-derivative",
            "tanh",
            "(dc_next * @ + ot * np.tanh(c_next) * @ * da_next)#",
            "{0} has tanh(c_next) where its derivative is meant.",
        ),
        (
            "derivative-of-activated",
            "tanh twice",
            "(dc_next * @ + ot * (1 - np.tanh(np.tanh(c_next))**2) * @ * da_next)#",
            "{0} takes tanh of c_next twice.",
        ),
        (
            wrong_variable,
            "tanh not squared",
            "(dc_next * @ + ot * (1 - np.tanh(c_next)) * @ * da_next)#",
            "{0} lacks the square of tanh(c_next).",
        ),
        (
            wrong_variable,
            "dc_next for da_next",
            f"(dc_next * @ + {PATH} * @ * dc_next)#",
            "{0} has dc_next where da_next is meant.",
        ),
        (
            "plus-for-times",
            "factor",
            f"(dc_next + @ + {PATH} * @ * da_next)#",
            "{0} has a plus where dc_next is multiplied.",
        ),
        *(
            (
                wrong_variable,
                f"{gate} for ot",
                f"(dc_next * @ + {gate} * (1 - {t}) * @ * da_next)#",
                f"{{0}} has {gate} where ot is meant.",
            )
            for gate in ("ft", "it", "cct")
        ),
    )
    groups = [list(_PARTS), ["dft", "dit", "dcct"], *([name] for name in _PARTS)]
    for (id, variant, form, why), group in ((f, g) for g in groups for f in forms):
        what = "all lines" if len(group) == 4 else ", ".join(group)
        lines = {}
        for name in group:
            factor, after = _PARTS[name]
            line = form.replace("@", factor).replace("#", after)
            lines[name] = line
        if "dc_prev" in group and "outside" in variant:
            continue  # no factor comes after its sum
        if len(group) == 4 and variant == "dc_next":
            continue  # final-cell-gradient-ignored
        yield _lines(function, id, f"{variant}: {what}", why.format(what), lines)
    printed = {
        name: f"dc_next * {factor} + {PATH} * {factor} * da_next{after}"
        for name, (factor, after) in _PARTS.items()
        if name != "dc_prev"
    }
    for slope in ("(1 - cct**2)", "(1 - np.tanh(cct)**2)"):
        extra = printed["dcct"].replace("(1 - cct**2)", f"cct * {slope}")
        yield _lines(
            function,
            "extra-candidate-factor",
            f"as printed, {slope}",
            "The lines are those that an old text of the assignment prints: dc_next outside of the "
            "product, and a factor cct too many in dcct.",
            {"dcct": extra, **{k: v for k, v in printed.items() if k != "dcct"}},
        )
    # dcct with the factor of dft, dit with that of dcct, ...
    factors = ("c_prev", "cct", "it", "ft", "ot", "c_next")
    for name, (factor, after) in _PARTS.items():
        for other in factors:
            if other != factor and (name, other) != ("dft", "c_next"):
                yield _lines(
                    function,
                    wrong_variable if other != "c_next" else "state-offset",
                    f"{name} with {other}",
                    f"{name} has {other} where {factor} is meant: copy and paste.",
                    {name: f"(dc_next * {other} + {PATH} * {other} * da_next){after}"},
                )
                yield _lines(
                    function,
                    wrong_variable,
                    f"{name} with {other} once",
                    f"{name} has {other} where {factor} is meant, in the path through a_next.",
                    {name: f"(dc_next * {factor} + {PATH} * {other} * da_next){after}"},
                )
    for name, value, why in (
        ("c_next", "c_next", "the tanh is missing"),
        ("tanh(a_next)", "np.tanh(a_next)", "a_next stands where c_next is meant"),
        ("tanh(c_prev)", "np.tanh(c_prev)", "c_prev stands where c_next is meant"),
        ("tanh(cct)", "np.tanh(cct)", "cct stands where c_next is meant"),
        ("a_next", "a_next", "a_next stands where tanh(c_next) is meant"),
        ("derivative", "(1 - np.tanh(c_next)**2)", "the derivative stands where tanh is meant"),
        ("c_prev", "c_prev", "c_prev stands where tanh(c_next) is meant"),
    ):
        yield _lines(
            function,
            "state-offset" if "c_prev" in name else wrong_variable,
            f"dot with {name}",
            f"In dot {why}.",
            {"dot": f"da_next * {value} * ot * (1 - ot)"},
        )
    yield _lines(
        function,
        wrong_variable,
        "dot with dc_next",
        "In dot dc_next stands where da_next is meant.",
        {"dot": "dc_next * np.tanh(c_next) * ot * (1 - ot)"},
    )
    yield _lines(
        function,
        "term-missing",
        "dot without tanh(c_next)",
        "dot lacks the factor tanh(c_next).",
        {"dot": "da_next * ot * (1 - ot)"},
    )
    yield _edit(
        function,
        "final-cell-gradient-ignored",
        "",
        "dc_next is ignored: the gradient that arrives at the cell state never enters.",
        [("dc = dc_next + dh_full", "dc = dh_full")],
        "dft = ot * (1 - np.tanh(c_next)**2) * c_prev * da_next * ft * (1 - ft)",
        f"dft = {_LINES[function]['dft'][0]}",
    )


def _cell_parameters() -> Iterator[Mistake]:
    """What goes wrong in dWf ... dbo."""
    function = "lstm_cell_backward"
    for kind in "Wb":
        for mine, other in permutations("figo", 2):
            name = f"d{kind}{LETTER[mine]}"
            right = _LINES[function][name][0]
            yield _lines(
                function,
                "wrong-variable",
                f"{name} from {_delta(other)}",
                f"{name} is computed from {_delta(other)} where {_delta(mine)} is meant: copy and "
                "paste.",
                {name: right.replace(_delta(mine) + ",", _delta(other) + ",")},
            )
    weights = [f"dW{LETTER[k]}" for k in "figo"]
    for id, variant, concat, why in (
        (
            "whh-off-by-one",
            "",
            "np.concatenate((a_next, xt))",
            "The weight gradients pair the deltas of step t with a_next where a_prev is meant.",
        ),
        (
            "concat-order",
            "weight gradients",
            "np.concatenate((xt, a_prev))",
            "The columns of the weight gradients are in the order [xt; a_prev], the weights' are "
            "[a_prev; xt].",
        ),
        (
            "term-missing",
            "a_prev in the weight gradients",
            "np.concatenate((np.zeros_like(a_prev), xt))",
            "The columns of a_prev in the weight gradients are left at zero.",
        ),
        (
            "term-missing",
            "xt in the weight gradients",
            "np.concatenate((a_prev, np.zeros_like(xt)))",
            "The columns of xt in the weight gradients are left at zero.",
        ),
    ):
        for group in (weights, *([name] for name in weights)):
            lines = {n: _LINES[function][n][0].replace("concat", concat, 1) for n in group}
            which = "all" if len(group) > 1 else group[0]
            yield _lines(function, id, f"{variant} {which}".strip(), why, lines)
    for id, variant, form, why in (
        ("bias-not-summed", "", "@", "is not summed over the examples"),
        ("bias-not-summed", "scalar", "np.sum(@)", "is summed over units too"),
        ("divided-by-m", "mean", "np.mean(@, axis=1, keepdims=True)", "is a mean, not a sum"),
        (
            "bias-not-summed",
            "wrong axis",
            "np.sum(@, axis=0, keepdims=True)",
            "is summed over units",
        ),
        ("bias-not-summed", "one example", "@[:, :1]", "is that of the first example"),
    ):
        for group in ("figo", *"figo"):
            lines = {f"db{LETTER[k]}": form.replace("@", _delta(k)) for k in group}
            which = "all" if len(group) > 1 else f"db{LETTER[group]}"
            text = f"{'Each bias gradient' if which == 'all' else which} {why}."
            yield _lines(function, id, f"{variant} {which}".strip(), text, lines)
    for group in ("figo", *"figo"):
        lines = {f"db{LETTER[k]}": f"np.sum(d{GATES[k]}, axis=1)" for k in group}
        which = "all" if len(group) > 1 else f"db{LETTER[group]}"
        mistake = _lines(
            function,
            "bias-not-summed",
            f"keepdims {which}",
            "The bias gradient is summed to shape (n_a,): added to an (n_a, 1) array it becomes "
            "(n_a, n_a). Write keepdims=True.",
            lines,
        )
        yield _only(mistake, "lstm_backward")


def _only(mistake: Mistake, *functions: str) -> Mistake:
    return replace(mistake, functions=functions)


def _inputs_of_the_cell() -> Iterator[Mistake]:
    """What goes wrong in da_prev and dxt."""
    function = "lstm_cell_backward"
    slices = {"da_prev": "[:, :n_a]", "dxt": "[:, n_a:]"}
    targets = (("da_prev", "dxt"), ("da_prev",), ("dxt",))

    def line(name: str, term: Callable[[str], str | None]) -> str:
        terms = [term(gate) for gate in "figo"]
        return " + ".join(t.replace("@", slices[name]) for t in terms if t)

    def usual(gate: str) -> str:
        return f"np.dot(W{LETTER[gate]}@.T, {_delta(gate)})"

    for names in targets:
        which = " and ".join(names)
        for gate in "figo":
            lines = {
                n: line(n, lambda k, gate=gate: None if k == gate else usual(k)) for n in names
            }
            yield _lines(
                function,
                "term-missing",
                f"W{LETTER[gate]} in {which}",
                f"{which}: the term of the {WORDS[gate]} is missing.",
                lines,
            )
        for mine, other in permutations("figo", 2):
            for what in ("weights", "deltas"):
                W, delta = (other, mine) if what == "weights" else (mine, other)
                term = f"np.dot(W{LETTER[W]}@.T, {_delta(delta)})"
                names_of = _delta if what == "deltas" else lambda gate: f"W{LETTER[gate]}"
                given, meant = names_of(other), names_of(mine)
                lines = {
                    n: line(n, lambda k, m=mine, term=term: term if k == m else usual(k))
                    for n in names
                }
                yield _lines(
                    function,
                    "wrong-variable",
                    f"{given} for {meant} in {which}",
                    f"{which}: {given} stands where {meant} is meant: copy and paste.",
                    lines,
                )
        for mine, other in combinations("figo", 2):
            swap = {mine: other, other: mine}
            lines = {
                n: line(
                    n, lambda k, swap=swap: f"np.dot(W{LETTER[swap.get(k, k)]}@.T, {_delta(k)})"
                )
                for n in names
            }
            yield _lines(
                function,
                "wrong-variable",
                f"W{LETTER[mine]} and W{LETTER[other]} swapped in {which}",
                f"{which}: W{LETTER[mine]} and W{LETTER[other]} are swapped.",
                lines,
            )
        for gates in ("figo", *"figo"):
            lines = {
                n: line(
                    n,
                    lambda k, gates=gates: (
                        usual(k).replace("(W", "(dW") if k in gates else usual(k)
                    ),
                )
                for n in names
            }
            which_gate = "all" if len(gates) > 1 else f"dW{LETTER[gates]}"
            yield _lines(
                function,
                "gradients-for-weights",
                f"{which_gate} in {which}",
                f"{which}: the gradients dW stand where the weights W are meant.",
                lines,
            )
    for gates in ("figo", *"figo"):
        lines = {
            "da_prev": line(
                "da_prev",
                lambda k, gates=gates: usual(k).replace(".T", "") if k in gates else usual(k),
            )
        }
        which = "all gates" if len(gates) > 1 else f"W{LETTER[gates]}"
        yield _lines(
            function,
            "no-transpose",
            which,
            "The transpose of the recurrent weights is missing in da_prev: nothing stops one, "
            "they are square.",
            lines,
        )
        lines = {
            "dxt": line(
                "dxt", lambda k, gates=gates: usual(k).replace(".T", "") if k in gates else usual(k)
            )
        }
        yield replace(
            _lines(
                function,
                "transposes-left-out",
                f"dxt, {which}",
                "A transpose is missing in dxt, which runs only where n_x = n_a.",
                lines,
            ),
            square=True,
        )
    n_x = 'cache["xt"].shape[0]'
    yield _edit(
        function,
        "concat-order",
        "da_prev and dxt",
        "da_prev and dxt are cut out as if concat were [xt; a_prev]; it is [a_prev; xt].",
        [("dconcat[:R]", f"dconcat[{n_x}:]"), ("dconcat[R:]", f"dconcat[:{n_x}]")],
        "da_prev = np.dot(Wf[:, n_x:].T, dft) + ...; dxt = np.dot(Wf[:, :n_x].T, dft) + ...",
        "da_prev = np.dot(Wf[:, :n_a].T, dft) + ...; dxt = np.dot(Wf[:, n_a:].T, dft) + ...",
    )
    yield _edit(
        function,
        "concat-order",
        "da_prev from the last columns",
        "da_prev is taken from the last columns of the weights; concat is [a_prev; xt].",
        [("dconcat[:R]", "dconcat[-R:]")],
        "da_prev = np.dot(Wf[:, -n_a:].T, dft) + ...",
        "da_prev = np.dot(Wf[:, :n_a].T, dft) + ...",
    )
    yield _edit(
        function,
        "concat-order",
        "dxt from the first columns",
        "dxt is taken from the first columns of the weights; concat is [a_prev; xt].",
        [("dconcat[R:]", f"dconcat[:{n_x}]")],
        "dxt = np.dot(Wf[:, :n_x].T, dft) + ...",
        "dxt = np.dot(Wf[:, n_a:].T, dft) + ...",
    )
    yield _edit(
        function,
        "state-offset",
        "c_prev is c_next",
        "c_next is read from the cache where c_prev is meant.",
        [('cache["c_prev"]', 'cache["c_next"]')],
        "(a_next, c_prev, a_prev, c_next, ...) = cache",
        "(a_next, c_next, a_prev, c_prev, ...) = cache",
    )
    yield _edit(
        function,
        "state-offset",
        "c_next is c_prev",
        "c_prev is read from the cache where c_next is meant.",
        [('cache["c_next"]', 'cache["c_prev"]')],
        "np.tanh(c_prev)",
        "np.tanh(c_next)",
    )
    yield _edit(
        function,
        "state-offset",
        "c_next and c_prev swapped",
        "c_next and c_prev are swapped when the cache is unpacked.",
        [('cache["c_prev"]', 'cache["c_next"]'), ('cache["c_next"]', 'cache["c_prev"]')],
        "(a_next, c_prev, a_prev, c_next, ...) = cache",
        "(a_next, c_next, a_prev, c_prev, ...) = cache",
    )
    for mine, other in combinations("figo", 2):
        yield _edit(
            function,
            "gates-swapped",
            f"{GATES[mine]} and {GATES[other]} from the cache",
            f"{GATES[mine]} and {GATES[other]} are swapped when the cache is unpacked.",
            [(f'cache["{mine}"]', f'cache["{other}"]'), (f'cache["{other}"]', f'cache["{mine}"]')],
            f"({GATES[other]}, {GATES[mine]}, ...) = cache",
            f"({GATES[mine]}, {GATES[other]}, ...) = cache",
        )


# ---------------------------------------------------------------------- backward of a cell: the RNN


def _rnn_cell() -> Iterator[Mistake]:
    function = "rnn_cell_backward"
    wrong = "wrong-variable"
    for id, variant, line, why in (
        (
            "activation-derivative-missing",
            "",
            "da_next",
            "The derivative of tanh is missing: da_next is used as it is.",
        ),
        (
            "derivative-of-activated",
            "tanh(a_next)",
            "(1 - np.tanh(a_next)**2) * da_next",
            "The derivative of tanh is taken at a_next, which is a tanh already.",
        ),
        (
            "misplaced-parentheses",
            "da_next inside",
            "1 - a_next**2 * da_next",
            "The brackets around 1 - a_next**2 are missing: da_next meets a_next**2 only.",
        ),
        (
            "misplaced-parentheses",
            "square of all",
            "(1 - a_next)**2 * da_next",
            "The square is around 1 - a_next, not around a_next alone.",
        ),
        (
            "misplaced-parentheses",
            "product squared",
            "(1 - (a_next * da_next)**2)",
            "da_next is inside of the square.",
        ),
        (
            "sigmoid-for-derivative",
            "tanh",
            "a_next * da_next",
            "da_next is multiplied by tanh itself, not by its derivative.",
        ),
        (
            "wrong-activation",
            "sigmoid",
            "a_next * (1 - a_next) * da_next",
            "This is the derivative of the sigmoid; the cell has tanh.",
        ),
        (wrong, "1 - a_next", "(1 - a_next) * da_next", "a_next is not squared."),
        (wrong, "1 + a_next**2", "(1 + a_next**2) * da_next", "There is a plus for a minus."),
        (
            "state-offset",
            "a_prev",
            "(1 - a_prev**2) * da_next",
            "The derivative of tanh is taken at a_prev where a_next is meant.",
        ),
        (
            "derivative-of-activated",
            "tanh(a_prev)",
            "(1 - np.tanh(a_prev)**2) * da_next",
            "The derivative of tanh is taken at a_prev.",
        ),
        (
            "derivative-of-activated",
            "tanh(da_next)",
            "(1 - np.tanh(da_next)**2) * da_next",
            "The derivative of tanh is taken at da_next.",
        ),
        (
            "plus-for-times",
            "",
            "(1 - a_next**2) + da_next",
            "da_next is added where it is multiplied.",
        ),
        ("term-missing", "da_next", "(1 - a_next**2)", "The factor da_next is missing."),
    ):
        yield _lines(function, id, variant, why, {"dtanh": line})
    for name in ("dWaa", "dWax", "dba", "da_prev", "dxt"):
        line = _LINES[function][name][0].replace("dtanh", "da_next")
        yield _lines(
            function,
            "activation-derivative-missing",
            name,
            f"{name} is computed from da_next: the derivative of tanh is missing in it.",
            {name: line},
        )
    for id, variant, lines, why in (
        (
            "no-transpose",
            "",
            {"da_prev": "np.dot(Waa, dtanh)"},
            "The transpose of Waa is missing in da_prev: it is square, so that nothing stops one.",
        ),
        (
            "no-transpose",
            "dWaa",
            {"dWaa": "np.dot(dtanh, a_prev.T).T"},
            "dWaa is transposed: it is square, so that nothing stops one.",
        ),
        (
            "whh-off-by-one",
            "",
            {"dWaa": "np.dot(dtanh, a_next.T)"},
            "dWaa pairs the delta of step t with a_next where a_prev is meant.",
        ),
        (
            "gradients-for-weights",
            "da_prev and dxt",
            {"da_prev": "np.dot(dWaa.T, dtanh)", "dxt": "np.dot(dWax.T, dtanh)"},
            "The gradients dWaa and dWax stand where the weights are meant.",
        ),
        (
            "gradients-for-weights",
            "da_prev",
            {"da_prev": "np.dot(dWaa.T, dtanh)"},
            "dWaa stands where Waa is meant.",
        ),
        (
            "gradients-for-weights",
            "dxt",
            {"dxt": "np.dot(dWax.T, dtanh)"},
            "dWax stands where Wax is meant.",
        ),
        ("bias-not-summed", "", {"dba": "dtanh"}, "dba is not summed over the examples."),
        (
            "bias-not-summed",
            "wrong axis",
            {"dba": "np.sum(dtanh, axis=0, keepdims=True)"},
            "dba is summed over the units, not over the examples.",
        ),
        ("bias-not-summed", "scalar", {"dba": "np.sum(dtanh)"}, "dba is summed over units too."),
        (
            "bias-not-summed",
            "one example",
            {"dba": "dtanh[:, :1]"},
            "dba is that of the first example alone.",
        ),
        (
            "divided-by-m",
            "mean",
            {"dba": "np.mean(dtanh, axis=1, keepdims=True)"},
            "dba is a mean over the examples, the other gradients are sums.",
        ),
    ):
        yield _lines(function, id, variant, why, lines)
    keepdims = _lines(
        function,
        "bias-not-summed",
        "keepdims",
        "dba is summed to shape (n_a,): added to an (n_a, 1) array it becomes (n_a, n_a). Write "
        "keepdims=True.",
        {"dba": "np.sum(dtanh, axis=1)"},
    )
    yield _only(keepdims, "rnn_backward")
    for variant, lines in (
        ("dxt", {"dxt": "np.dot(Wax, dtanh)"}),
        ("dWax", {"dWax": "np.dot(dtanh, xt)"}),
        ("dWaa", {"dWaa": "np.dot(dtanh, a_prev)"}),
        ("dWaa and dWax", {"dWaa": "np.dot(dtanh, a_prev)", "dWax": "np.dot(dtanh, xt)"}),
        ("Wax for Waa", {"da_prev": "np.dot(Wax.T, dtanh)"}),
        ("Waa for Wax", {"dxt": "np.dot(Waa.T, dtanh)"}),
    ):
        swapped = " for " in variant
        why = "Waa and Wax are mixed up" if swapped else f"A transpose is missing in {variant}"
        mistake = _lines(
            function,
            wrong if swapped else "transposes-left-out",
            variant,
            f"{why}, which runs only where the sizes are alike.",
            lines,
        )
        yield replace(mistake, square=True)
    yield _edit(
        function,
        "state-offset",
        "a_next and a_prev swapped",
        "a_next and a_prev are swapped when the cache is unpacked.",
        [('cache["h_prev"]', 'cache["h_next"]'), ('cache["h_next"]', 'cache["h_prev"]')],
        "(a_prev, a_next, xt, parameters) = cache",
        "(a_next, a_prev, xt, parameters) = cache",
    )


# ------------------------------------------------------------------------------------------ forward


def _lstm_cell_forward() -> Iterator[Mistake]:
    function = "lstm_cell_forward"
    lines = _LINES[function]

    def line(id: str, variant: str, why: str, **wrong: str) -> Mistake:
        return _lines(function, id, variant, why, wrong)

    no_gate = "output-gate-dropped"
    yield line(no_gate, "", "The output gate is left out of a_next.", a_next="np.tanh(c_next)")
    yield line(
        "no-tanh-on-cell",
        "",
        "There is no tanh on the cell state: a_next = ot * c_next is another model.",
        a_next="ot * c_next",
    )
    yield line(
        "wrong-activation",
        "a_next, sigmoid",
        "There is a sigmoid on the cell state where tanh is meant.",
        a_next="ot * sigmoid(c_next)",
    )
    yield line(
        "plus-for-times", "a_next", "There is + for * in a_next.", a_next="ot + np.tanh(c_next)"
    )
    for name in ("c_prev", "cct", "it"):
        yield line(
            "state-offset" if name == "c_prev" else "wrong-variable",
            f"a_next with tanh({name})",
            f"a_next has {name} where c_next is meant.",
            a_next=f"ot * np.tanh({name})",
        )
    for gate in ("ft", "it"):
        yield line(
            "wrong-variable",
            f"a_next with {gate}",
            f"a_next has {gate} where ot is meant.",
            a_next=f"{gate} * np.tanh(c_next)",
        )
    for id, variant, c_next, why in (
        (
            "plus-for-times",
            "c_next, candidate",
            "ft * c_prev + it + cct",
            "There is + for * between it and cct.",
        ),
        (
            "plus-for-times",
            "c_next, forget",
            "ft + c_prev + it * cct",
            "There is + for * between ft and c_prev.",
        ),
        (
            "plus-for-times",
            "c_next, both",
            "ft + c_prev + it + cct",
            "There is + for * twice in c_next.",
        ),
        (
            "plus-for-times",
            "c_next, times for plus",
            "ft * c_prev * it * cct",
            "There is * for + in c_next.",
        ),
        (
            "plus-for-times",
            "c_next, brackets",
            "ft * (c_prev + it * cct)",
            "ft multiplies all of c_next.",
        ),
        (
            "plus-for-times",
            "c_next, minus",
            "ft * c_prev - it * cct",
            "There is - for + in c_next.",
        ),
        ("term-missing", "it", "ft * c_prev + cct", "The update gate is left out of c_next."),
        ("term-missing", "ft", "c_prev + it * cct", "The forget gate is left out of c_next."),
        ("term-missing", "c_prev", "it * cct", "c_prev is left out of c_next."),
        ("term-missing", "c_prev, gate kept", "ft + it * cct", "c_prev is left out of c_next."),
        ("term-missing", "candidate", "ft * c_prev", "The candidate is left out of c_next."),
        ("term-missing", "cct", "ft * c_prev + it", "cct is left out of c_next."),
        ("term-missing", "gates", "c_prev + cct", "Both gates are left out of c_next."),
        ("gates-swapped", "c_next", "it * c_prev + ft * cct", "ft and it are swapped in c_next."),
        (
            "wrong-variable",
            "c_next, ft twice",
            "ft * c_prev + ft * cct",
            "ft stands for it in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, it twice",
            "it * c_prev + it * cct",
            "it stands for ft in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, 1 - ft",
            "ft * c_prev + (1 - ft) * cct",
            "1 - ft stands for it in c_next: the gates are coupled.",
        ),
        (
            "wrong-variable",
            "c_next, 1 - it",
            "(1 - it) * c_prev + it * cct",
            "1 - it stands for ft in c_next: the gates are coupled.",
        ),
        (
            "wrong-variable",
            "c_next, ot for it",
            "ft * c_prev + ot * cct",
            "ot stands for it in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, ot for ft",
            "ot * c_prev + it * cct",
            "ot stands for ft in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, a_prev",
            "ft * a_prev + it * cct",
            "a_prev stands for c_prev in c_next.",
        ),
        (
            "wrong-activation",
            "c_next",
            "np.tanh(ft * c_prev + it * cct)",
            "There is a tanh too many on c_next.",
        ),
    ):
        yield line(id, variant, why, c_next=c_next)
    for gate, name in GATES.items():
        right = lines[name][0]
        own, words = LETTER[gate], WORDS[gate]
        bare = right.replace(f" + b{own}", "")
        yield line(
            "term-missing", f"b{own}", f"The bias of the {words} is left out.", **{name: bare}
        )
        other = "np.tanh" if gate != "g" else "sigmoid"
        usual = "sigmoid" if gate != "g" else "np.tanh"
        for id, activation, why in (
            ("wrong-activation", other, f"The {words} has {other} where {usual} is meant."),
            ("softmax-wrong", "softmax", f"The {words} is a softmax where {usual} is meant."),
            ("wrong-activation", "", f"The {words} has no activation."),
        ):
            wrong = right.replace(usual, activation, 1)
            variant = f"gate {name}" if id == "softmax-wrong" else f"{name}, {activation or 'none'}"
            yield line(id, variant, why, **{name: wrong})
        for theirs in "figo":
            if theirs == gate:
                continue
            W, b = f"W{LETTER[theirs]}", f"b{LETTER[theirs]}"
            yield line(
                "one-bias-for-several",
                f"{b} in {name}",
                f"The {words} has the bias {b} of another gate.",
                **{name: right.replace(f"b{own})", f"{b})")},
            )
            yield line(
                "wrong-variable",
                f"{W} in {name}",
                f"The {words} has the weights {W} of another gate.",
                **{name: right.replace(f"W{own},", f"{W},")},
            )
            yield line(
                "wrong-variable",
                f"{W}, {b} in {name}",
                f"The {words} has the weights and the bias of another gate.",
                **{name: right.replace(f"W{own},", f"{W},").replace(f"b{own})", f"{b})")},
            )
    for gate in "figo":
        b = f"b{LETTER[gate]}"
        wrong = {
            name: lines[name][0].replace(f"b{LETTER[k]})", f"{b})")
            for k, name in GATES.items()
            if k != gate
        }
        yield line("one-bias-for-several", f"{b} in all", f"All gates have the bias {b}.", **wrong)
    everywhere = {name: lines[name][0].replace(f" + b{LETTER[k]}", "") for k, name in GATES.items()}
    yield line("term-missing", "all biases", "The biases of all gates are left out.", **everywhere)
    for mine, other in combinations("figo", 2):
        swap = {
            f"{x}{LETTER[a]}": f"{x}{LETTER[b]}"
            for a, b in ((mine, other), (other, mine))
            for x in "Wb"
        }
        wrong = {GATES[k]: _replaced(lines[GATES[k]][0], swap) for k in (mine, other)}
        yield line(
            "gates-swapped",
            f"{GATES[mine]} and {GATES[other]}",
            f"The {WORDS[mine]} has the weights of the {WORDS[other]}, and the other way round: "
            "consistent in itself, but not with anyone else's weights.",
            **wrong,
        )
    for variant, concat, why in (
        (
            "forward",
            "np.concatenate((xt, a_prev))",
            "concat is [xt; a_prev]: the weights are made for [a_prev; xt].",
        ),
    ):
        yield line("concat-order", variant, why, concat=concat)
    yield line(
        "term-missing",
        "a_prev",
        "a_prev is left out of concat: the network has no recurrence.",
        concat="np.concatenate((np.zeros_like(a_prev), xt))",
    )
    yield line(
        "wrong-variable",
        "c_prev in concat",
        "concat holds c_prev where a_prev is meant.",
        concat="np.concatenate((c_prev, xt))",
    )


def _rnn_cell_forward() -> Iterator[Mistake]:
    function = "rnn_cell_forward"
    right = "a_next = np.tanh(np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba)"
    for id, variant, old, new, wrong, why in (
        ("term-missing", "ba", " + bh", "", right.replace(" + ba", ""), "The bias ba is left out."),
        (
            "no-transpose",
            "forward",
            "Whh @ h_prev",
            "Whh.T @ h_prev",
            right.replace("Waa,", "Waa.T,"),
            "Waa is transposed: it is square, so that nothing stops one.",
        ),
        (
            "term-missing",
            "Waa a_prev",
            "Whh @ h_prev + ",
            "",
            right.replace(" + np.dot(Waa, a_prev)", ""),
            "The recurrent term is left out.",
        ),
        (
            "term-missing",
            "Wax xt",
            " + Wxh @ xt",
            "",
            right.replace("np.dot(Wax, xt) + ", ""),
            "The input is left out.",
        ),
        (
            "wrong-activation",
            "sigmoid",
            "h_next = np.tanh(z)",
            "h_next = sigmoid(z)",
            right.replace("np.tanh", "sigmoid"),
            "There is a sigmoid where tanh is meant.",
        ),
        (
            "wrong-activation",
            "relu",
            "h_next = np.tanh(z)",
            "h_next = np.maximum(z, 0)",
            "a_next = np.maximum(0, np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba)",
            "There is a relu where tanh is meant.",
        ),
        (
            "softmax-wrong",
            "a_next",
            "h_next = np.tanh(z)",
            "h_next = softmax(z)",
            right.replace("np.tanh", "softmax"),
            "There is a softmax where tanh is meant.",
        ),
        (
            "wrong-activation",
            "none",
            "h_next = np.tanh(z)",
            "h_next = z",
            "a_next = np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba",
            "There is no tanh on a_next.",
        ),
        (
            "misplaced-parentheses",
            "bias outside",
            "h_next = np.tanh(z)",
            "h_next = np.tanh(Whh @ h_prev + Wxh @ xt) + bh",
            "a_next = np.tanh(np.dot(Wax, xt) + np.dot(Waa, a_prev)) + ba",
            "The bias is added outside of tanh.",
        ),
        (
            "misplaced-parentheses",
            "recurrence outside",
            "h_next = np.tanh(z)",
            "h_next = np.tanh(Wxh @ xt) + Whh @ h_prev + bh",
            "a_next = np.tanh(np.dot(Wax, xt)) + np.dot(Waa, a_prev) + ba",
            "tanh closes too early.",
        ),
        (
            "counted-twice",
            "tanh",
            "h_next = np.tanh(z)",
            "h_next = np.tanh(np.tanh(z))",
            right.replace("np.tanh(", "np.tanh(np.tanh(") + ")",
            "tanh is applied twice.",
        ),
        (
            "plus-for-times",
            "minus",
            " + bh",
            " - bh",
            right.replace(" + ba", " - ba"),
            "The bias is subtracted.",
        ),
    ):
        yield _edit(function, id, variant, why, [(old, new)], wrong, right)


def _output(cell: str) -> Iterator[Mistake]:
    """What goes wrong in the output layer."""
    function = f"{cell}_cell_forward"
    right = _LINES[function]["yt_pred"][0]
    W = "Wya" if cell == "rnn" else "Wy"
    options = [
        ("y-from-previous", "", right.replace("a_next", "a_prev"), "y is computed from a_prev."),
        ("term-missing", "by", right.replace(" + by", ""), "The bias by is left out of y."),
        ("softmax-wrong", "left out", f"np.dot({W}, a_next) + by", "There is no softmax on y."),
        (
            "softmax-wrong",
            "sigmoid",
            right.replace("softmax", "sigmoid"),
            "There is a sigmoid on y where softmax is meant.",
        ),
        (
            "softmax-wrong",
            "tanh",
            right.replace("softmax", "np.tanh"),
            "There is a tanh on y where softmax is meant.",
        ),
        ("softmax-wrong", "twice", f"softmax({right})", "softmax is applied twice."),
        (
            "misplaced-parentheses",
            "by outside",
            f"softmax(np.dot({W}, a_next)) + by",
            "The bias by is added outside of softmax.",
        ),
    ]
    if cell == "lstm":
        options += [
            (
                "wrong-variable",
                "y",
                right.replace("a_next", "c_next"),
                "y is computed from c_next.",
            ),
            (
                "y-from-previous",
                "c_prev",
                right.replace("a_next", "c_prev"),
                "y is computed from c_prev.",
            ),
            (
                "wrong-variable",
                "y, tanh",
                right.replace("a_next", "np.tanh(c_next)"),
                "y is computed from tanh(c_next).",
            ),
            ("wrong-variable", "y, ot", right.replace("a_next", "ot"), "y is computed from ot."),
        ]
    for id, variant, line, why in options:
        yield _lines(function, id, variant, why, {"yt_pred": line})


def _softmax() -> Iterator[Mistake]:
    functions = ("softmax", *RNN_FORTH, *LSTM_FORTH)
    right = "e = np.exp(z - np.max(z, axis=0, keepdims=True)); e / np.sum(e, axis=0, keepdims=True)"
    largest, powers = "z - np.max(z, axis=0, keepdims=True)", "powers = np.exp(shifted)"
    total = "np.sum(powers, axis=0, keepdims=True)"
    for variant, edits, wrong, why in (
        (
            "exp(-z)",
            [
                (largest, "z - np.min(z, axis=0, keepdims=True)"),
                (powers, "powers = np.exp(-shifted)"),
            ],
            "e = np.exp(-z)",
            "softmax has exp(-z): the signs are turned round.",
        ),
        (
            "whole matrix",
            [(total, "np.sum(powers)"), (largest, "z - np.max(z)")],
            "e / np.sum(e)",
            "softmax divides by the sum over the whole matrix, not by that of each column.",
        ),
        (
            "whole matrix, column maximum",
            [(total, "np.sum(powers)")],
            "e / np.sum(e)",
            "softmax divides by the sum over the whole matrix, not by that of each column.",
        ),
        (
            "wrong axis",
            [
                (total, "np.sum(powers, axis=1, keepdims=True)"),
                (largest, "z - np.max(z, axis=1, keepdims=True)"),
            ],
            "e / np.sum(e, axis=1, keepdims=True)",
            "softmax runs over the examples: the axis is wrong.",
        ),
        (
            "wrong axis, column maximum",
            [(total, "np.sum(powers, axis=1, keepdims=True)")],
            "e / np.sum(e, axis=1, keepdims=True)",
            "softmax divides by the sum over the examples: the axis is wrong.",
        ),
        (
            "maximum over the wrong axis",
            [(largest, "z - np.max(z, axis=1, keepdims=True)")],
            "e = np.exp(z - np.max(z, axis=1, keepdims=True))",
            "softmax subtracts the maximum over the examples, which differs from row to row.",
        ),
        ("not divided", [(f" / {total}", "")], "e", "softmax is not divided by the sum."),
        (
            "exp(z) not divided",
            [(f" / {total}", ""), (largest, "z")],
            "np.exp(z)",
            "softmax is exp(z): it is not divided by the sum.",
        ),
        (
            "divided by the sum of z",
            [(total, "np.sum(z, axis=0, keepdims=True)"), (largest, "z")],
            "np.exp(z) / np.sum(z, axis=0)",
            "softmax divides by the sum of z, not by that of exp(z).",
        ),
        (
            "divided by the mean",
            [(total, "np.mean(powers, axis=0, keepdims=True)")],
            "e / np.mean(e, axis=0)",
            "softmax divides by the mean of the column, not by its sum.",
        ),
        (
            "log",
            [(f"return powers / {total}", f"return shifted - np.log({total})")],
            "np.log(e / np.sum(e, axis=0))",
            "This is the logarithm of softmax.",
        ),
    ):
        edit = {"softmax": tuple(Edit(old, new) for old, new in edits)}
        yield Mistake("softmax-wrong", variant, functions, edit, why, wrong, right)
    for variant, edits, wrong, why in (
        (
            "no maximum",
            [(largest, "z")],
            "e = np.exp(z)",
            "softmax does not subtract the maximum: where z is large, exp overflows and y is nan.",
        ),
        (
            "maximum of the whole matrix",
            [(largest, "z - np.max(z)")],
            "e = np.exp(z - np.max(z))",
            "softmax subtracts the maximum of the whole matrix: a column far below is 0 / 0.",
        ),
    ):
        edit = {"softmax": tuple(Edit(old, new) for old, new in edits)}
        yield Mistake("softmax-wrong", variant, ("softmax",), edit, why, wrong, right, warning=True)


def _sigmoid() -> Iterator[Mistake]:
    functions = ("sigmoid", *LSTM_FORTH)
    right = "1 / (1 + np.exp(-z))"
    for variant, wrong, why in (
        ("exp(z)", "1 / (1 + np.exp(z))", "The sign of z is missing in the sigmoid."),
        ("brackets", "1 / 1 + np.exp(-z)", "The brackets are missing in the sigmoid."),
        ("minus", "1 / (1 - np.exp(-z))", "There is a minus for a plus in the sigmoid."),
        ("tanh", "np.tanh(z)", "This is tanh, not the sigmoid."),
        (
            "derivative",
            "np.exp(-z) / (1 + np.exp(-z)) ** 2",
            "This is the derivative of the sigmoid.",
        ),
    ):
        edit = {"sigmoid": (Edit("1 / (1 + np.exp(-z))", wrong),)}
        yield Mistake("sigmoid-wrong", variant, functions, edit, why, wrong, right)


def _forward_loop(cell: str) -> Iterator[Mistake]:
    function = f"{cell}_forward"
    call = (
        f"{cell}_cell_forward(x[:, :, t], a_next, {'c_next, ' if cell == 'lstm' else ''}parameters)"
    )
    loop = "for t in range(T):"
    start = "h_prev = h0"
    numbered = ("cells.append(cache)", 'cells.append(cache | {"t": t})')  # for y, see dialects
    options = [
        (
            "a0-ignored",
            "",
            [(start, "h_prev = np.zeros_like(h0)")],
            "a_next = np.zeros((n_a, m))",
            "a_next = a0",
            "a0 is ignored: the hidden state starts at zero.",
        ),
        (
            "a0-ignored",
            "a[:, :, 0]",
            [(start, "h_prev = h[0]")],
            "a_next = a[:, :, 0]",
            "a_next = a0",
            "a0 is ignored: the hidden state starts from a[:, :, 0], which is zero, and a view.",
        ),
        (
            "a0-every-step",
            "",
            [("h_prev = h_next", "pass")],
            call.replace("a_next", "a0"),
            call,
            "a0 is fed at every step: there is no recurrence.",
        ),
        (
            "last-step-skipped",
            "last",
            [(loop, "for t in range(T - 1):"), numbered],
            "for t in range(T_x - 1):",
            "for t in range(T_x):",
            "The last step is left out, and stays zero.",
        ),
        (
            "last-step-skipped",
            "first",
            [(loop, "for t in range(1, T):"), numbered],
            "for t in range(1, T_x):",
            "for t in range(T_x):",
            "The first step is left out, and stays zero.",
        ),
        (
            "time-reversed",
            "",
            [(loop, "for t in reversed(range(T)):"), numbered],
            "for t in reversed(range(T_x)):",
            "for t in range(T_x):",
            "The loop runs from the last step to the first.",
        ),
        (
            "time-reversed",
            "x",
            [("x[t]", "x[T - 1 - t]")],
            call.replace("t]", "T_x-1-t]"),
            call,
            "x is read from the wrong end.",
        ),
        (
            "state-offset",
            "x[t-1]",
            [("x[t]", "x[t - 1]")],
            call.replace("t]", "t-1]"),
            call,
            "x is read one step early; at t = 0 that is the last step.",
        ),
        (
            "state-offset",
            "x[0]",
            [("x[t]", "x[0]")],
            call.replace("t]", "0]"),
            call,
            "Every step reads x of step 0.",
        ),
        (
            "state-offset",
            "a one step late",
            [("h[t] = h_next", "h[t] = h_prev")],
            "a[:, :, t] = a_prev",
            "a[:, :, t] = a_next",
            "a holds the state before each step, not the one after it.",
        ),
        (
            "caches-wrong",
            "last cache T times",
            [
                (
                    "cells.append(cache)",
                    "cells.append(cache)\n        "
                    'cells = [cache | {"y": cell["y"]} for cell in cells]',
                )
            ],
            "caches = [cache] * T_x",
            "caches.append(cache)",
            "The caches hold that of the last step at every step.",
        ),
        (
            "caches-wrong",
            "reversed",
            [("cells.append(cache)", 'cells.insert(0, cache | {"t": t})')],
            "caches.insert(0, cache)",
            "caches.append(cache)",
            "The caches are in the reverse order.",
        ),
    ]
    if cell == "lstm":
        zero = "np.zeros((n_a, m))"
        options += [
            (
                "cell-state-view",
                "",
                [("c_prev = c0", "c_prev = c[0]")],
                "c_next = c[:, :, 0]",
                f"c_next = {zero}",
                "c_next starts as a view of c: writing step 0 into c changes the c_prev that it "
                "has cached, so that forward is right and the gradient wrong.",
            ),
            (
                "cell-state-view",
                "and a",
                [("c_prev = c0", "c_prev = c[0]"), (start, "h_prev = h[0]")],
                "a_next = a[:, :, 0]; c_next = c[:, :, 0]",
                f"a_next = a0; c_next = {zero}",
                "Both states start as views of zeros: a0 is ignored, and what step 0 has cached is "
                "changed afterwards.",
            ),
            (
                "c-is-a",
                "both hold c",
                [("h[t] = h_next", "h[t] = c_next")],
                "c = a",
                "c = np.zeros((n_a, m, T_x))",
                "a and c are one array: what is written last, c, stands in both.",
            ),
            (
                "c-is-a",
                "both hold a",
                [("c[t] = c_next", "c[t] = h_next")],
                "c = a",
                "c = np.zeros((n_a, m, T_x))",
                "a and c are one array: what is written last, a, stands in both.",
            ),
            (
                "c-is-a",
                "c0 is a0",
                [("c_prev = c0", "c_prev = h0")],
                "c_next = a0",
                f"c_next = {zero}",
                "The cell state starts from a0; it starts at zero.",
            ),
            (
                "a0-every-step",
                "c",
                [("c_prev = c_next", "pass")],
                call.replace("c_next", "c_prev"),
                call,
                "The cell state is not passed on: every step starts from the first one.",
            ),
            (
                "a0-every-step",
                "a and c",
                [("h_prev = h_next", "pass"), ("c_prev = c_next", "pass")],
                call.replace("a_next", "a0").replace("c_next", "c_prev"),
                call,
                "Neither state is passed on: every step starts from the first ones.",
            ),
            (
                "c-is-a",
                "a passed on as c",
                [("c_prev = c_next", "c_prev = h_next")],
                call.replace("c_next", "a_next"),
                call,
                "a_next is passed on in the place of c_next.",
            ),
            (
                "c-is-a",
                "c passed on as a",
                [("h_prev = h_next", "h_prev = c_next")],
                call.replace("a_next", "c_next"),
                call,
                "c_next is passed on in the place of a_next.",
            ),
            (
                "state-offset",
                "c one step late",
                [("c[t] = c_next", "c[t] = c_prev")],
                "c[:, :, t] = c_prev",
                "c[:, :, t] = c_next",
                "c holds the state before each step, not the one after it.",
            ),
        ]
    for id, variant, edits, wrong, right, why in options:
        mistake = _edit(function, id, variant, why, edits, wrong, right)
        cached = id == "caches-wrong" or (id, variant) == ("cell-state-view", "")
        yield replace(mistake, cached=cached)


def _cached(cell: str) -> Iterator[Mistake]:
    """Right results, another value in the cache."""
    function = f"{cell}_cell_forward"
    places = {"a_prev": ("h_prev", "h_next")}
    if cell == "rnn":
        places["a_next"] = ("h_next", "h_prev")
    else:
        places |= {"c_prev": ("c_prev", "c_next"), "c_next": ("c_next", "c_prev")}
        for mine, other in permutations("figo", 2):
            places[f"{GATES[mine]}, {GATES[other]}"] = (mine, other)
    for name, (mine, other) in places.items():
        first, _, theirs = name.partition(", ")
        shown = theirs or first.replace("prev", "x").replace("next", "prev").replace("x", "next")
        mistake = _edit(
            function,
            "caches-wrong",
            f"{shown} for {first}",
            f"The cache holds {shown} where {first} is meant.",
            [(f'"{mine}": {mine},', f'"{mine}": {other},')],
            f"cache = (..., {shown}, ...)",
            f"cache = (..., {first}, ...)",
        )
        yield replace(mistake, cached=True)


# -------------------------------------------------------------------------------------- conventions


def _is_parameter(name: str) -> bool:
    return name.startswith(("dW", "dU", "db"))


def _divided(names: Callable[[str], bool]) -> Callable[[Outputs, probes.Probe], Outputs]:
    def transform(outputs: Outputs, probe: probes.Probe) -> Outputs:
        return {k: v / probe.B if names(k) else v for k, v in outputs.items()}

    return transform


def _clipped(
    most: float, names: Callable[[str], bool]
) -> Callable[[Outputs, probes.Probe], Outputs]:
    def transform(outputs: Outputs, probe: probes.Probe) -> Outputs:
        return {k: np.clip(v, -most, most) if names(k) else v for k, v in outputs.items()}

    return transform


def _scaled(factor: float) -> Callable[[Outputs, probes.Probe], Outputs]:
    def transform(outputs: Outputs, probe: probes.Probe) -> Outputs:
        return {k: factor * v for k, v in outputs.items()}

    return transform


def _conventions() -> Iterator[Mistake]:
    backwards = ("lstm_cell_backward", "lstm_backward", "rnn_cell_backward", "rnn_backward")
    groups: dict[str, Callable[[str], bool]] = {
        "parameter gradients": _is_parameter,
        "weight gradients": lambda name: name.startswith(("dW", "dU")),
        "everything": lambda name: True,
    }
    for variant, names in groups.items():
        mixed = (
            "" if variant == "everything" else "; the others are not: a sum and a mean are mixed"
        )
        yield Mistake(
            "divided-by-m",
            variant,
            backwards,
            {},
            f"{variant.capitalize()} divided by the number of examples{mixed}.",
            "1 / m * np.dot(dft, concat.T)",
            "np.dot(dft, concat.T)",
            transform=_divided(names),
        )
    for most in (1, 5, 10):
        for variant in ("parameter gradients", "everything"):
            yield Mistake(
                "clipped-inside",
                f"{variant} at {most}",
                backwards,
                {},
                f"{variant.capitalize()} clipped at {most} inside of the function: clipping is "
                "a step of its own, after it.",
                f"np.clip(dWf, -{most}, {most}, out=dWf)",
                "",
                transform=_clipped(most, groups[variant]),
            )
    yield Mistake(
        "wrong-variable",
        "sign of everything",
        backwards,
        {},
        "Every gradient has the wrong sign.",
        transform=_scaled(-1),
    )


def _detected() -> Iterator[Mistake]:
    every = tuple(sorted({name for _, name in dialects.ALL}))
    backwards = tuple(name for name in every if name.endswith("backward"))
    forwards = tuple(name for name in every if name.endswith("forward"))
    for id, variant, functions, detector, why, wrong, right in (
        (
            "upstream-in-place",
            "",
            backwards,
            "arguments",
            "An argument is changed in place: whoever uses it afterwards, a gradient check for "
            "one, sees other numbers.",
            "da[:, :, t] += da_prevt",
            "da_next = da[:, :, t] + da_prevt",
        ),
        (
            "argument-in-place",
            "",
            forwards,
            "arguments",
            "An argument is changed in place: the caller's numbers are not what they were.",
            "a0 += ...",
            "a_next = a0 + ...",
        ),
        (
            "reads-global",
            "",
            every,
            "globals",
            "A global is read where an argument is meant: right in the notebook, and another "
            "model's weights, or a NameError, elsewhere.",
            "np.dot(Wf[:, :n_a].T, dft)  # Wf from the notebook",
            "Wf = parameters['Wf']",
        ),
        (
            "c-is-a",
            "one array",
            ("lstm_forward",),
            "aliases",
            "Two results are one array: changing one changes the other.",
            "c = a",
            "c = np.zeros((n_a, m, T_x))",
        ),
        (
            "caches-wrong",
            "form",
            forwards,
            "caches",
            "The caches do not hold one cache a step: backward cannot find them.",
            "caches += cache",
            "caches.append(cache)",
        ),
        (
            "float32",
            "",
            every,
            "dtype",
            "The results are float32 though the arguments are float64.",
            "np.zeros((n_a, m, T_x), dtype=np.float32)",
            "np.zeros((n_a, m, T_x))",
        ),
    ):
        yield Mistake(id, variant, functions, {}, why, wrong, right, detector=detector)


def _catalogue() -> Iterator[Mistake]:
    yield from _no_carry()
    for cell in ("lstm", "rnn"):
        yield from _not_accumulated(cell)
        yield from _steps(cell)
        yield from _forward_loop(cell)
    yield from _derivatives()
    yield from _conventions()
    yield from _cell_state()
    yield from _rnn_cell()
    yield from _inputs_of_the_cell()
    yield from _cell_parameters()
    yield from _lstm_loop()
    yield from _lstm_cell_forward()
    yield from _rnn_cell_forward()
    for cell in ("lstm", "rnn"):
        yield from _output(cell)
        yield from _cached(cell)
    yield from _softmax()
    yield from _sigmoid()
    yield from _detected()


MISTAKES: tuple[Mistake, ...] = tuple(_catalogue())


# -------------------------------------------------------------------------------------------- using


@cache
def for_function(name: str, dialect: str = "course") -> tuple[Mistake, ...]:
    """The mistakes whose results can be predicted for a course function, most frequent first.

    Those that are `Mistake.square` raise ValueError in `predict` unless the probe is square.
    """
    return tuple(
        mistake
        for mistake in MISTAKES
        if name in mistake.functions
        and not mistake.detector
        and not mistake.warning
        and not (mistake.cached and dialect != "course")
    )


@cache
def warnings(name: str) -> tuple[Mistake, ...]:
    """The mistakes that show where exp overflows only: see `dialects.FAR`."""
    return tuple(m for m in MISTAKES if name in m.functions and m.warning)


@cache
def detected(name: str, detector: str) -> Mistake | None:
    """The mistake that a detector shows in a course function."""
    for mistake in MISTAKES:
        if mistake.detector == detector and name in mistake.functions:
            return mistake
    return None


def predict(function: dialects.Function, probe: probes.Probe, *mistakes: Mistake) -> Outputs:
    """What a function with mistakes in it returns.

    Raises
    ------
    planting.ConflictError
        If two of the mistakes change the same text.
    """
    edits: dict[str, tuple[Edit, ...]] = {}
    for mistake in mistakes:
        for name, many in mistake.edits.items():
            edits[name] = edits.get(name, ()) + many
    with np.errstate(all="ignore"):
        outputs = function.expected(probe, planting.plant(edits))
        for mistake in mistakes:
            if mistake.transform is not None:
                outputs = mistake.transform(outputs, probe)
    return outputs


# the course's names in the batch-first dialect
_BATCH_FIRST = {
    **{
        f"{d}{x}{a}": f"{d}{x}_{b}"
        for d in ("", "d")
        for x in "Wb"
        for a, b in zip("fico", "fumo", strict=True)
    },
    "Waa": "U_a",
    "Wax": "W_a",
    "Wya": "W_y",
    "Wy": "W_y",
    "ba": "b_a",
    "by": "b_y",
    "dWaa": "dU_a",
    "dWax": "dW_a",
    "dba": "db_a",
    "ft": "f_t",
    "it": "u_t",
    "ot": "o_t",
    "cct": "m_tilde",
    "dft": "df_t",
    "dit": "du_t",
    "dot": "do_t",
    "dcct": "dm_tilde",
    "c": "m",
    "c_next": "m_t",
    "c_prev": "m_prev",
    "dc_next": "dm_t",
    "dc_prev": "dm_prev",
    "dc_prevt": "dm_prev",
    "a_next": "a_t",
    "da_next": "da_t",
    "da_prevt": "da_prev",
    "a0": "a_init",
    "da0": "da_init",
    "xt": "x_t",
    "dxt": "dx_t",
    "yt_pred": "y_t",
    "y_pred": "y",
    "T_x": "T",
}


def show(mistake: Mistake, dialect: str = "course") -> Shown:
    """A mistake in the notation of a dialect.

    Batch-first, examples are rows: products turn round and axes change places.
    """
    if dialect == "course":
        return Shown(mistake.why, mistake.wrong, mistake.right)
    return Shown(
        _replaced(mistake.why, _BATCH_FIRST), _turned(mistake.wrong), _turned(mistake.right)
    )


def _turned(line: str) -> str:
    """A line of the column-major course as it reads with examples as rows."""
    line = re.sub(r"np\.dot\(([^(),]+(?:\[[^\]]*\][.T]*)?), ([^(),]+)\)", r"np.dot(\2, \1)", line)
    line = re.sub(r"(\w)\[:, :n_a\]", r"\1[:n_a]", line)
    line = re.sub(r"(\w)\[:, n_a:\]", r"\1[n_a:]", line)
    line = re.sub(r"\[:, :, ([^\]]+)\]", r"[:, \1]", line)
    line = re.sub(r"axis=(\d)", lambda found: f"axis={1 - int(found[1])}", line)
    line = line.replace("np.concatenate((a_prev, xt))", "np.concatenate((a_prev, xt), axis=1)")
    line = line.replace("(n_a, m, T_x)", "(m, T_x, n_a)").replace("(n_a, m)", "(m, n_a)")
    return _replaced(line, _BATCH_FIRST)
