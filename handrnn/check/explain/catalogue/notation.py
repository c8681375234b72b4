"""The course's notation, and the textbook's line for each of the course's.

`rewritten` and `edited` make entries: whole lines in the course's notation, translated, or pieces
of the textbook's text.
"""

import re
from collections.abc import Mapping, Sequence

from ...probe import planting
from . import entries

GATES = {"f": "ft", "i": "it", "g": "cct", "o": "ot"}  # the textbook's letter, the course's name
LETTER = {"f": "f", "i": "i", "g": "c", "o": "o"}  # of the gate in Wf, Wi, Wc, Wo
WORDS = {"f": "forget gate", "i": "update gate", "g": "candidate", "o": "output gate"}
FACTOR = {"f": "c_prev", "i": "cct", "g": "it"}  # what c_next is multiplied by in d c_next / d gate
SLOPE = {"f": "ft * (1 - ft)", "i": "it * (1 - it)", "g": "(1 - cct**2)", "o": "ot * (1 - ot)"}
PATH = "ot * (1 - np.tanh(c_next)**2)"  # d a_next / d c_next
LSTM_FORTH = ("lstm_cell_forward", "lstm_forward")
RNN_FORTH = ("rnn_cell_forward", "rnn_forward")


def delta(gate: str) -> str:
    """The name of the gradient with respect to what goes into a gate: ``dft``."""
    return f"d{GATES[gate]}"


# lines of the cells: the course's line, and the textbook's line in its place
LINES = {
    "lstm_cell_backward": {
        **{
            delta(gate): (
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
            " + ".join(f"np.dot(W{LETTER[k]}[:, :n_a].T, {delta(k)})" for k in "figo"),
            "dh_prev = dconcat[:R]",
        ),
        "dxt": (
            " + ".join(f"np.dot(W{LETTER[k]}[:, n_a:].T, {delta(k)})" for k in "figo"),
            "dxt = dconcat[R:]",
        ),
        **{
            f"dW{LETTER[k]}": (f"np.dot({delta(k)}, concat.T)", f"dW{k} = dz{k} @ concat.T")
            for k in "figo"
        },
        **{
            f"db{LETTER[k]}": (
                f"np.sum({delta(k)}, axis=1, keepdims=True)",
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
    **{delta(gate): f"dz{gate}" for gate in GATES},
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


def replaced(text: str, names: Mapping[str, str]) -> str:
    """A line with other names put in, attributes and parts of words left alone."""
    return re.sub(r"(?<![.\w])[A-Za-z_]\w*", lambda found: names.get(found[0], found[0]), text)


def _textbook(function: str, text: str) -> str:
    """Course notation as it reads inside a function of the textbook."""
    names = _ALL_NAMES | _NAMES[function]
    if function != "lstm_cell_backward":
        names = names | {"xt": "xt", "a_prev": "h_prev"}
    return replaced(text, names)


def rewritten(
    function: str, id: str, variant: str, why: str, wrong: Mapping[str, str]
) -> entries.Mistake:
    """A mistake that rewrites lines of a cell, given in the course's notation."""
    edits = []
    for name, line in wrong.items():
        _, old = LINES[function][name]
        edits.append(planting.Edit(old, f"{old.partition(' = ')[0]} = {_textbook(function, line)}"))
    name = next(iter(wrong))
    return entries.Mistake(
        id,
        variant,
        (function, function.replace("_cell", "")),
        {function: tuple(edits)},
        why,
        f"{name} = {wrong[name]}",
        f"{name} = {LINES[function][name][0]}",
    )


def edited(
    function: str,
    id: str,
    variant: str,
    why: str,
    edits: Sequence[tuple[str, str]],
    wrong: str,
    right: str,
) -> entries.Mistake:
    """A mistake that changes pieces of the textbook's lines."""
    functions = (function, function.replace("_cell", "")) if "_cell" in function else (function,)
    many = tuple(planting.Edit(old, new) for old, new in edits)
    return entries.Mistake(id, variant, functions, {function: many}, why, wrong, right)
