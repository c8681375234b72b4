"""Which functions of a file compute a loss and its gradients, in which order, and what they need.

Nothing is executed. What is clear by its name is found by itself: min-char-rnn's ``lossFun`` and
its kin, ``training_step``, ``bptt(x, y)``, a ``backward`` with a ``forward`` and a loss beside it.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..load import parsing, parts
from . import live

MAIN = (  # what computes gradients, the clearest names first
    r"loss_?(fun|func|function|fn)|(loss|cost)_?(and_?)?(grads?|gradients?)|(get|compute)_?loss_?.*grad.*",
    r"(train(ing)?|sgd|numpy_sdg|adagrad|optimi[sz]er?|learn|fit)_?(step|batch|on_?batch|one|sequence)?"
    r"|update|step",
    r"bptt|back_?prop(agat(e|ion))?(_?through_?time)?|backwards?(_?pass)?|(compute_?|get_?)?grad(ient)?s?",
)
FORWARD = re.compile(r"(?i)_*(forward(_?prop(agation)?|_?pass|s)?|feed_?forward|fprop)")
LOSS = re.compile(
    r"(?i)_*(calc(ulate)?_?|compute_?|get_?)?(total_?)?(loss|cost|error|nll|cross_?entropy)(_?fun|_?function)?"
)
RECURRENT = re.compile(
    r"(?i)rnn|lstm|gru|recurrent|bptt|hidden|h_?prev|prev_?h|\bhs?\b|\bh\[|lossfun"
)
RUNS_BACK = re.compile(r"reversed\(|\[::-1\]|range\([^\n]*-\s*1\s*\)")
HAS_LOSS = re.compile(r"(?i)loss|cost|error|nll")
TARGET = re.compile(
    r"(?i)targets?.*|ys?|y_?(seq|true|batch|t|train)|labels?|t|ts|expected|truth|answers?|outputs?"
)


@dataclass(frozen=True)
class Call:
    """A call of a plan.

    Parameters
    ----------
    name : of the function or method
    arguments : (name, whether it has a default)
    names : what it calls what it returns
    wraps : whether it may take a list of sequences where the others take one
    """

    name: str
    arguments: tuple[tuple[str, bool], ...]
    names: object
    wraps: bool = False


@dataclass(frozen=True)
class Plan:
    """Calls that give a loss and gradients.

    Parameters
    ----------
    name : "lossFun", "RNN.bptt"
    owner : the class whose methods they are, "" for functions
    calls : in order
    definition : of what computes the gradients
    apart : whether the loss comes of a function of its own
    """

    name: str
    owner: str
    calls: tuple[Call, ...]
    definition: parts.Definition
    apart: bool = False


def plans(
    submission: parts.Submission, taken: Iterable[str], asked: str | None = None
) -> Iterator[Plan]:
    """The plans of a submission: at most one for its functions, one a class.

    Parameters
    ----------
    submission : of the file
    taken : definitions that are judged already
    asked : the function or method to judge, ``lossFun`` or ``RNN.bptt``; None: those that are clear
    """
    taken = {*taken}
    known = {n: d for n, d in submission.definitions.items() if asked or n not in taken}
    functions = {n: d for n, d in known.items() if d.kind == parts.FUNCTION and d.filled}
    classes = [d for d in known.values() if d.kind == parts.CLASS]
    if asked:
        owner, _, name = asked.rpartition(".")
        classes = [d for d in classes if d.name == owner]
        functions = {} if owner else functions
    else:
        name = None
    for owner, own in (("", functions), *((c.name, dict(c.methods)) for c in classes)):
        main = own.get(name) if name else _main(own, owner)
        if main:
            yield _plan(owner, main, own)


def _main(own: Mapping[str, parts.Definition], owner: str) -> parts.Definition | None:
    """The definition that computes gradients, if it is clear which one does."""
    text = "\n".join(one.source for one in own.values())
    chain = any(FORWARD.fullmatch(name) for name in own) and HAS_LOSS.search(text)
    ranked = []
    for name, one in own.items():
        words = [word for word, _ in one.arguments]
        targets = any(TARGET.fullmatch(word) for word in words)
        rank = next(
            (k for k, p in enumerate(MAIN) if re.fullmatch(f"(?i)_*({p})", name)), len(MAIN)
        )
        whole = RUNS_BACK.search(one.source) and HAS_LOSS.search(one.source) and len(words) > 1
        recurrent = RECURRENT.search(text if owner else one.source)
        if (
            one.filled
            and recurrent
            and (targets or (rank == 2 and chain))
            and (rank < len(MAIN) or whole)
        ):
            ranked.append((not (whole and targets), rank, len(ranked), one))
    return min(ranked)[-1] if ranked else None


def _plan(owner: str, main: parts.Definition, own: Mapping[str, parts.Definition]) -> Plan:
    calls = [_call(main, owner)]
    forward = next((d for n, d in own.items() if FORWARD.fullmatch(n)), None)
    body = main.source.partition("\n")[2]
    backward = re.fullmatch(f"(?i)_*({MAIN[2]})", main.name)
    if backward and forward and forward is not main and f"{forward.name}(" not in body:
        calls.insert(0, _call(forward, owner))
    has = any(HAS_LOSS.search(str(call.names)) for call in calls)
    losses = [d for n, d in own.items() if LOSS.fullmatch(n) and d is not main and d.filled]
    losses.sort(key=lambda d: "total" not in d.name)
    if losses and not has:
        calls.insert(len(calls) - 1, _call(losses[0], owner, wraps=True))
    name = f"{owner}.{main.name}" if owner else main.name
    return Plan(name, owner, tuple(calls), main, bool(losses) and not has)


def _call(one: parts.Definition, owner: str, wraps: bool = False) -> Call:
    tree = ast.parse(parsing.dedented(one.source))
    arguments = (
        one.arguments[1:] if owner and one.arguments[:1] == (("self", False),) else one.arguments
    )
    return Call(one.name, arguments, live.names_returned(tree), wraps)


# What stands outside of definitions ----------------------------------------------------------


GIVES_VALUES = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.With | ast.Try | ast.If


def set_up(submission: parts.Submission) -> list[str]:
    """The statements at the top of a file that may give its globals their values, as text.

    Training itself is left out: endless loops, calls of functions for what they do. Everything in
    ``if __name__ == "__main__"`` counts as at the top.
    """
    bodies = [parsing.read(piece).body for piece in submission.pieces]
    return [ast.unparse(statement) for body in bodies for statement in _flat(body)]


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for one in body:
        loops = any(isinstance(node, ast.While) for node in ast.walk(one))
        if isinstance(one, ast.If) and "__name__" in ast.unparse(one.test):
            yield from _flat(one.body)
        elif isinstance(one, ast.Import | ast.ImportFrom):
            names = [getattr(one, "module", None) or alias.name for alias in one.names]
            if all(name.partition(".")[0] in {*sys.stdlib_module_names, "numpy"} for name in names):
                yield one
        elif (
            (isinstance(one, GIVES_VALUES) and not loops)
            or _is_late(one)
            or (isinstance(one, ast.For) and _only_assigns(one.body))
        ):
            yield one


def _is_late(one: ast.stmt) -> bool:
    """Whether it cannot be defined before globals have their values: ``def f(x, p=parameters)``."""
    if not isinstance(one, ast.FunctionDef):
        return False
    return any(isinstance(n, ast.Name) for d in one.args.defaults for n in ast.walk(d))


def _only_assigns(body: Sequence[ast.stmt]) -> bool:
    return all(isinstance(one, ast.Assign) for one in body)
