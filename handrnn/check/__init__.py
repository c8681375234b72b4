"""The checker: is this hand-written RNN or LSTM right? If not: where, and which mistake.

>>> from handrnn import check
>>> report = check.text('''
... import numpy as np
... def rnn_cell_backward(da_next, cache):
...     a_next, a_prev, xt, parameters = cache
...     dz = (1 - a_next) ** 2 * da_next
...     return {"dxt": parameters["Wax"].T @ dz, "da_prev": parameters["Waa"].T @ dz,
...             "dWax": dz @ xt.T, "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
... ''', second_opinion=False)
>>> report.functions["rnn_cell_backward"].verdict
'FAIL'
>>> report.functions["rnn_cell_backward"].line
5

`file` judges the course functions in a file or notebook, `text` those in a string, `function` one
that is there already, `functions` all that a notebook has, `sequence` any implementation of a whole
sequence; `gradient` asks of anything with a loss whether its gradients are the derivative of that
loss; `assert_parity` is for tests. Submissions run in a process of their own, with limits of time
and memory: this guards against accidents, not against attacks.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .. import border
from . import notebook
from .dialects import dialect as dialects
from .judge import judge, running
from .load import loading
from .repair import fixes
from .report import data
from .run import runner

if TYPE_CHECKING:
    from .gradients import live
    from .sequences import sequences

    sequence = sequences.sequence
    gradient = live.gradient

SECONDS = runner.SECONDS

AnyDialect = str | Path | dialects.Dialect
Hint = Literal["verdict", "place", "sentence", "mistake", "fix"]
FileReport = data.FileReport
FunctionReport = data.FunctionReport
DialectError = dialects.DialectError
load_dialect = dialects.find


__all__ = [
    "DialectError",
    "FileReport",
    "FunctionReport",
    "assert_parity",
    "file",
    "function",
    "functions",
    "gradient",
    "load_dialect",
    "sequence",
    "text",
]


def __dir__() -> list[str]:
    """What is for users."""
    return __all__


def __getattr__(name: str) -> Any:
    """What judges whole sequences, and gradients of any loss, is imported when first used."""
    if name == "sequence":
        from .sequences import sequences

        return sequences.sequence
    if name == "gradient":
        from .gradients import live

        return live.gradient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _verify(hint, seconds, second_opinion, wanted=(), allow=(), loss=None):
    """Raise TypeError or ValueError for an option that is none."""
    data.check_hint(hint)
    runner.check_seconds(seconds)
    border.names("wanted", wanted)
    border.names("allow", allow)
    if loss is not None:
        border.text("loss", loss)
    if second_opinion != "always":
        border.flag("second_opinion", second_opinion)


def file(
    path: str | Path,
    *,
    wanted: Sequence[str] = (),
    dialect: AnyDialect | None = None,
    seconds: float = SECONDS,
    second_opinion: bool | Literal["always"] = True,
    allow: Sequence[str] = (),
    loss: str | None = None,
    hint: Hint = "fix",
) -> data.FileReport:
    """Judge the course functions, and recurrent layer classes, in a file.

    Parameters
    ----------
    path : str or Path
        A ``.py`` file or a notebook; ``path.py::lstm_backward`` for one of its functions.
    wanted : sequence of str
        Functions that must be there. Empty: all that are.
    dialect : str, Path or Dialect, optional
        The only dialect to look for: the name of a built-in one, the path of a TOML file, or what
        `load_dialect` returned. None: all built-in ones.
    seconds : float
        Limit of each run of each function.
    second_opinion : bool or "always"
        Whether torch, where it is installed, is asked to confirm the reference where something
        fails, or always.
    allow : sequence of str
        Libraries that may give the answer, such as "torch"; else a function that has its answer
        from one is NOT BY HAND.
    loss : str, optional
        The function, or the method ``RNN.bptt``, that computes a loss and its gradients, which are
        judged by the derivative of that loss. None: those with the usual names.
    hint : {"fix", "mistake", "sentence", "place", "verdict"}
        How much the report gives away; "fix": also the lines of yours, mended.

    Returns
    -------
    FileReport

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If it cannot be read.
    ValueError
        If the path names a folder, or several files: judge these one by one; if seconds is not a
        finite number above 0; if there is no such dialect, or its file cannot be read; if there is
        no such hint.
    """
    _verify(hint, seconds, second_opinion, wanted, allow, loss)
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is a {type(path).__name__}: the name of a file is needed")
    found = loading.find(path)
    if len(found) != 1:
        raise ValueError(f"{path} is {len(found)} files: check.file judges one")
    ((one, name),) = found
    names = (*wanted, *([name] if name else []))
    judged = judge.judge(
        loading.load(one),
        wanted=names,
        seconds=seconds,
        dialect=None if dialect is None else dialects.find(dialect),
        second_opinion=second_opinion,
        allow=allow,
        loss=loss,
        mend=fixes.with_fixes if hint == "fix" else None,
    )
    return judged.hinted(hint)


def text(
    source: str,
    *,
    wanted: Sequence[str] = (),
    dialect: AnyDialect | None = None,
    seconds: float = SECONDS,
    second_opinion: bool | Literal["always"] = True,
    allow: Sequence[str] = (),
    loss: str | None = None,
    hint: Hint = "fix",
) -> data.FileReport:
    """Judge the course functions in program text; see `file`."""
    _verify(hint, seconds, second_opinion, wanted, allow, loss)
    judged = judge.judge(
        loading.from_text(border.text("source", source)),
        wanted=wanted,
        seconds=seconds,
        dialect=None if dialect is None else dialects.find(dialect),
        second_opinion=second_opinion,
        allow=allow,
        loss=loss,
        mend=fixes.with_fixes if hint == "fix" else None,
    )
    return judged.hinted(hint)


def function(
    fn: Callable[..., Any],
    name: str | None = None,
    dialect: AnyDialect | None = None,
    *,
    seconds: float = SECONDS,
    second_opinion: bool = True,
    hint: Hint = "fix",
) -> data.FileReport:
    """Judge one course function of the running program.

    It runs in a forked copy of this process, so that a hang or a crash ends there; where the system
    cannot fork it runs here, and a note says so.

    Parameters
    ----------
    fn : function
    name : str, optional
        Which course function it is. None: its own name says so.
    dialect : str, Path or Dialect, optional
        As for `file`. None: the names of its arguments say so.
    seconds : float
        Limit of each run.
    second_opinion : bool
        Whether torch, where it is installed, is asked to confirm the reference.
    hint : {"fix", "mistake", "sentence", "place", "verdict"}
        How much the report gives away. Lines are mended in files only.

    Returns
    -------
    FileReport
        With one function.

    Raises
    ------
    TypeError
        If `fn` cannot be called.
    ValueError
        If it is not clear which function it is, or there is no such dialect.
    """
    _verify(hint, seconds, second_opinion)
    judged = running.judge_function(
        fn, name, dialect, seconds=seconds, second_opinion=second_opinion
    )
    return notebook.with_cells(judged, dict.fromkeys(judged.functions, fn)).hinted(hint)


def functions(
    namespace, names=(), dialect=None, *, seconds=SECONDS, second_opinion=True, hint="fix"
):
    """Judge all functions of a notebook, or of a program, that a dialect knows.

    They run as for `function`, so that a function that was defined anew is judged again at once.

    Parameters
    ----------
    namespace : dict
        ``globals()``. What was imported into it is not judged.
    names : sequence of str
        The functions to judge. Empty: all that a dialect knows.
    dialect : str, Path or Dialect, optional
        As for `file`.
    seconds : float
        Limit of each run of each function.
    second_opinion : bool
        Whether torch, where it is installed, is asked to confirm the reference.
    hint : {"fix", "mistake", "sentence", "place", "verdict"}
        How much the report gives away. Lines are mended in files only.

    Returns
    -------
    FileReport
        A notebook shows it as a table.

    Raises
    ------
    ValueError
        If a name is not that of a function that was defined there and that a dialect knows, or if
        there is no such dialect or hint.
    """
    options = {"seconds": seconds, "second_opinion": second_opinion, "hint": hint}
    return notebook.functions(namespace, names, dialect=dialect, **options)


def assert_parity(
    fn: Callable[..., Any],
    name: str | None = None,
    dialect: AnyDialect | None = None,
    **options: Any,
) -> None:
    """Raise AssertionError, with the report as its message, unless `function` says PASS.

    For a test: ``check.assert_parity(my_lstm_backward, "lstm_backward")``.
    """
    function(fn, name, dialect, **options).raise_if_failed()
