"""The name of a mistake: the difference between the author's expression and the right one."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ..judge import target
from ..report import data as report

Changed = tuple[str, str, str, str]  # definition, kind, old, new
SHORT = 60
DERIVATIVE = re.compile(
    r"\* (\w+) \* \(1 - \1\)|\* \(1 - [\w.()\[\]\"']+ ?\*\* ?2\)|\* \(1 - np\.tanh"
)


def named(
    one: target.Target, changes: Sequence[Changed], crashed: bool
) -> tuple[report.Named, ...]:
    """What each change of a repair says about the mistake, each thing once."""
    found: dict[tuple[str, str], report.Named] = {}
    for _, kind, before, after in changes:
        old, new = before.strip(), after.strip()
        what = report.Named("unexplained", _sentence(kind, old, new), wrong=old, right=new)
        id = id_of(one.function.kind, kind, old, new, carried=one.function.cell == "lstm")
        if crashed and id == "no-transpose":
            id = "transposes-left-out"
        found.setdefault((id, what.explanation), replace(what, id=id))
    return tuple(found.values())


def id_of(function: str, kind: str, old: str, new: str, carried: bool = False) -> str:
    """The id of one change.

    Parameters
    ----------
    function : the kind of the function, "cell_backward"
    kind, old, new : of the change
    carried : a cell state is carried besides the hidden state
    """
    backward = function.endswith("backward")
    single = carried and ";" not in new
    plain = {
        "added-up": "not-accumulated",
        "not-accumulated": "not-accumulated",
        "carry": "one-path-not-carried" if single else "no-carry",
        "copy": "unexplained" if backward else "cell-state-view",
        "brackets": "misplaced-parentheses",
        "function": "wrong-activation",
        "unpacking-order": "caches-wrong",
        "mean": "divided-by-m",
        "sum-missing": "bias-not-summed",
        "index": "state-offset",
    }
    name, _, value = new.partition(" = ")
    if kind == "copy" and value == f"{name}.copy()":
        return "argument-in-place"
    if kind in plain:
        return plain[kind]
    if kind == "operator":
        signs = {sign for sign in "+*-" if old.count(sign) != new.count(sign)}
        return "plus-for-times" if len(signs) > 1 else "wrong-variable"
    if kind == "axis":
        return (
            "softmax-wrong"
            if function == "softmax"
            else "bias-not-summed"
            if backward
            else "unexplained"
        )
    if (
        kind in ("factor-missing", "formula")
        and backward
        and DERIVATIVE.search(new.replace(old, ""))
    ):
        return "activation-derivative-missing" if kind == "factor-missing" else "unexplained"
    if kind in ("factor-missing", "term-missing"):
        return "term-missing"
    if kind == "call-too-many" and backward and "tanh" in old:
        return "derivative-of-activated"
    if kind == "transpose":
        return "no-transpose"
    if kind == "direction":
        return "last-step-skipped" if "reversed" not in old + new else "time-reversed"
    if kind in ("operand", "sign", "key", "order"):
        return "wrong-variable" if kind != "order" else "unexplained"
    return "unexplained"


def _sentence(kind: str, old: str, new: str) -> str:
    """What is wrong, in the author's own words."""
    before, after = _short(old), _short(new)
    words = {
        "added-up": f"`{after}` adds up what `{before}` overwrites at every step.",
        "carry": f"`{after}` is missing: nothing is handed on to the next step of the loop.",
        "copy": f"`{after}`: without a copy both names stand for one array.",
        "statement-too-many": f"`{before}` does not belong there.",
        "into-loop": f"`{after}` belongs into the loop.",
        "out-of-loop": f"`{after}` belongs after the loop.",
        "operand-too-many": f"`{before}` has a term or a factor too many: `{after}`.",
        "factor-missing": f"a factor is missing: `{after}`.",
        "term-missing": f"a term is missing: `{after}`.",
        "brackets": f"the brackets stand in the wrong place: `{after}`.",
        "transpose": f"a transpose is wrong or missing: `{after}`, not `{before}`.",
        "direction": f"the loop goes through the wrong steps: `{after}`, not `{before}`.",
        "unpacking-order": "the entries are unpacked in another order than they were packed.",
        "axis": f"`{after}`: the sum is over the wrong axis, or loses its shape.",
        "not-averaged": f"`{after}`: the gradient is a mean over the batch here.",
        "not-accumulated": f"`{after}` adds up what `{before}` overwrites.",
        "appended": f"the list has no such entry yet: `{after}`.",
        "name": f"`{before}` does not exist; `{after}` does.",
        "condition": f"the condition is wrong: `{after}`.",
        "axes": f"the axes are exchanged: `{after}`.",
        "stack": f"the blocks are joined along the wrong axis: `{after}`.",
        "exchanged": f"two of them are exchanged: `{after}`.",
        "order": f"the order is wrong: `{after}`.",
    }
    if kind in words:
        return words[kind]
    return f"`{before}` stands where `{after}` belongs." if old else f"`{after}` is missing."


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else f"{line[:SHORT]}..."
