"""The output layer, softmax and sigmoid."""

from collections.abc import Iterator

from ...probe import planting
from . import entries, notation

LINES = notation.LINES
RNN_FORTH = notation.RNN_FORTH
LSTM_FORTH = notation.LSTM_FORTH


def prediction(cell: str) -> Iterator[entries.Mistake]:
    """What goes wrong in the output layer."""
    function = f"{cell}_cell_forward"
    right = LINES[function]["yt_pred"][0]
    W = "Wya" if cell == "rnn" else "Wy"
    options = [
        ("y-from-previous", "", right.replace("a_next", "a_prev"), "y is computed from a_prev."),
        ("term-missing", "by", right.replace(" + by", ""), "The bias by is left out of y."),
        ("softmax-wrong", "left out", f"np.dot({W}, a_next) + by", "There is no softmax on y."),
        (
            "softmax-wrong",
            "sigmoid",
            right.replace("softmax", "sigmoid"),
            "There is a sigmoid on y instead of softmax.",
        ),
        (
            "softmax-wrong",
            "tanh",
            right.replace("softmax", "np.tanh"),
            "There is a tanh on y instead of softmax.",
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
        yield notation.rewritten(function, id, variant, why, {"yt_pred": line})


def wrong_softmax() -> Iterator[entries.Mistake]:
    """softmax itself, in every function that calls it."""
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
        edit = {"softmax": tuple(planting.Edit(old, new) for old, new in edits)}
        yield entries.Mistake("softmax-wrong", variant, functions, edit, why, wrong, right)
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
        edit = {"softmax": tuple(planting.Edit(old, new) for old, new in edits)}
        yield entries.Mistake(
            "softmax-wrong", variant, ("softmax",), edit, why, wrong, right, warning=True
        )


def wrong_sigmoid() -> Iterator[entries.Mistake]:
    """The sigmoid itself, in every function that calls it."""
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
        (
            "softmax",
            "np.exp(z) / np.sum(np.exp(z), axis=0)",
            "This is softmax, not the sigmoid: its gates share out a column of ones.",
        ),
    ):
        edit = {"sigmoid": (planting.Edit("1 / (1 + np.exp(-z))", wrong),)}
        id = "softmax-wrong" if variant == "softmax" else "sigmoid-wrong"
        named = "in sigmoid" if variant == "softmax" else variant
        yield entries.Mistake(id, named, functions, edit, why, wrong, right)
