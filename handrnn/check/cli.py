"""The checker's commands: check files, draw a case for another language, judge its answer.

Exit status: 0 if all that was asked for passes, 1 if not, 2 for misuse and where the checker itself
fails.
"""

import argparse
import contextlib
import math
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .. import writing
from . import report, submissions
from .dialects import dialect as dialects
from .files import cases
from .load import loading
from .repair import applying, fixes
from .report import colours, data, delivery, feedback, output, points
from .run import runner

PASSED, FAILED, MISUSE = 0, 1, 2
MISUSES = (
    *(submissions.MisuseError, delivery.DeliveryError, cases.CaseError),
    *(dialects.DialectError, runner.CannotRunError, output.PrintError),
)
INTERRUPTED = 130
SECONDS = 10.0
SHORTEST = 1e-3  # seconds of a run: in less nothing can be run
MOST_JOBS = 1000

CHECK = """\
Judge the recurrent functions and classes in Python files and notebooks, found by their names and
arguments: rnn_cell_forward, lstm_backward and so on, as the well-known courses and books have them
('handrnn dialects' lists these), layer classes RNN and LSTM, and your own assignment (--dialect).
What computes its own loss (lossFun, training_step, bptt; --loss) is judged without a reference: are
its gradients the derivative of that loss?

Of a file only definitions, imports and simple constants run, each function in a process of its own
with limits of time and memory. This guards against accidents, not against attacks: do not run what
you do not trust. The textbook decides; torch, where it is installed, is its witness.

Verdicts: PASS, FAIL, ILL-CONDITIONED (rounding alone can do this much), CRASHED, TIMED OUT,
NOT FILLED IN (a template), NOT FOUND (asked for, and not there), NOT BY HAND (right, but by a
library that has the answer: --allow). Only PASS passes."""

CHECK_EPILOG = """\
exit status:
  0  something recurrent was judged, and all that was judged passes
  1  something does not pass, or was asked for and is not there
  2  misuse: no such file or folder, a folder without .py and .ipynb files, a function that no
     dialect has, a dialect that cannot be read, a report that cannot be written;
     or the checker itself could not judge a file

examples:
  handrnn check my_rnn.py
  handrnn check assignment.ipynb --html report.html
  handrnn check my_rnn.py::lstm_backward --hint place
  handrnn check submissions.zip --csv class.csv --html class.html --feedback feedback/
  handrnn check submissions/ --points points.toml --hint sentence --jobs 4
  handrnn check my_rnn.py --output-format github --output-format sarif=results.sarif
  handrnn check my_rnn.py --require lstm_forward lstm_backward --junit results.xml
  handrnn check submissions/ --dialect mine.toml
  handrnn check my_lstm.py --loss Model.train_on

JSON of one file: {"passed": ..., "functions": {NAME: {"verdict": ..., "mistakes": [{"id": ...,
"explanation": ...}], "where": ..., "line": ...}}, "not_judged": [{"name": ..., "why": ...,
"command": ...}]}; of several or of a folder: {"passed": ..., "files": [...]}."""

ORACLE = """\
Write a case: inputs, weights, initial states and cotangents (the gradients of a loss with respect
to the outputs) of one recurrent layer in one direction, and what is right for them, in float64.

The file itself says what its arrays are ("about"). Compute any of the expected arrays in any
language, write them under the same names into an .npz or .json file, and give both files to
'handrnn compare'. Weights are packed as torch packs them: blocks of H rows, one a gate, in the
order i, f, g, o (LSTM) or r, u, n (GRU; torch calls u z; the reset gate acts after the product)."""

ORACLE_EPILOG = """\
exit status:
  0  the file was written
  2  misuse: sizes below 1, a file that cannot be written, numbers that overflow

files:
  .npz   each array under its name; "about": bytes of JSON text in UTF-8
  .json  {"about": {...}, NAME: {"shape": [...], "values": nested lists}, ...}

examples:
  handrnn oracle lstm --T 7 --B 3 --I 5 --H 4 --out case.npz
  handrnn oracle gru --dtype float32 --seed 3 --out case.json"""

COMPARE = """\
Judge what another implementation made of a case of 'handrnn oracle'.

The answer is an .npz file, or a .json file such as {"y": [[[...]]], "dW_ih": {"shape": [16, 5],
"values": [...]}}, with any of the expected arrays; a flat list is in row-major order. What is left
out is not judged. What is not an array of the case is a failure. Up to 64 units of rounding are
right, of float32 where the array or the case is float32; more where rounding is measured to do
more. A different order of axes or gates, a missing bias and other misunderstandings are named."""

COMPARE_EPILOG = """\
exit status:
  0  something was given, and all of it passes
  1  something fails, is ill-conditioned or unknown, or nothing was given that can be judged
  2  misuse: files that cannot be read, a first file that is not a case

examples:
  handrnn compare case.npz answer.npz
  handrnn compare case.json answer.json --dtype float32
  handrnn compare case.npz answer.npz --json -"""

DIALECTS = """\
A dialect is how an assignment names its functions, lays out its arrays and packs its weights: one
TOML file. Without arguments, list those that come with handrnn; with the name of one, print its
file, a model for your own.

'try' holds a file of yours against a solution that you know to be right, and says what does not
fit and what to write instead. Whatever is written ? in the file (axes, orders of gates, what a
weight acts on) is searched for, so that a file can be begun with little more than signatures.
handrnn/check/dialects/README.md explains the format with an example."""

DIALECTS_EPILOG = """\
exit status:
  0  every function of the file fits the solution
  1  something does not fit
  2  misuse: no such dialect, a file that cannot be read, too many places left open

examples:
  handrnn dialects
  handrnn dialects cs231n > mine.toml
  handrnn dialects try mine.toml solution.py
  handrnn check submissions/ --dialect mine.toml"""

MISTAKES = "Print the catalogue of mistakes as a page of Markdown, one section a kind."


SIZES = {
    "T": (7, "time steps"),
    "B": (3, "examples"),
    "I": (5, "inputs"),
    "H": (4, "hidden units"),
    "seed": (0, "of the random numbers; the same seed gives the same case"),
}


def parser() -> argparse.ArgumentParser:
    """The arguments of the checker's commands alone; `handrnn.command_line` knows them all."""
    whole = argparse.ArgumentParser(prog="handrnn", allow_abbrev=False)
    add_commands(whole.add_subparsers(metavar="COMMAND", required=True))
    return whole


def add_commands(commands: Any) -> None:
    """Add the checker's commands to the subcommands of a parser."""
    style = argparse.RawDescriptionHelpFormatter  # keeps line breaks
    add = partial(commands.add_parser, formatter_class=style, allow_abbrev=False)
    for run, options, help, description, epilog in (
        (_check, _check_options, "judge Python files and notebooks", CHECK, CHECK_EPILOG),
        (_oracle, _oracle_options, "write a case for any language", ORACLE, ORACLE_EPILOG),
        (_compare, _compare_options, "judge the answer to a case", COMPARE, COMPARE_EPILOG),
        (_dialects, _dialects_options, "list, print and try dialects", DIALECTS, DIALECTS_EPILOG),
        (_mistakes, lambda add: None, "list the mistakes that 'check' names", MISTAKES, ""),
    ):
        name = run.__name__.removeprefix("_")
        command = add(name, help=help, description=description, epilog=epilog)
        command.set_defaults(run=run)
        options(command.add_argument)


def _check_options(add: Any) -> None:
    words = "a .py file, a notebook, a folder or zip archive of them, or FILE::FUNCTION"
    add("paths", metavar="PATH", nargs="+", help=words)
    words = "functions that each file must have; without them it does not pass"
    add("--require", metavar="NAME", nargs="+", action="extend", default=[], help=words)
    words = "judge by this dialect alone: the name of one, or the path of a TOML file of yours"
    add("--dialect", metavar="DIALECT", help=words)
    words = """the function or method (RNN.bptt) that computes a loss and its gradients, which are
        held against the derivative of that loss; without it, those with the usual names"""
    add("--loss", metavar="NAME", help=words)
    words = """how much to reveal: right or wrong; also where; also which mistake it is; also how it
        is written instead; also the fix of your own lines (default). Applies to every output"""
    add("--hint", choices=data.HINTS, default=data.HINTS[-1], help=words)
    words = "write the file with its mended lines to OUT; for one PATH, and never over it"
    add("--fix", metavar="OUT", help=words)
    words = "points for each function, and partial credit: a TOML file"
    add("--points", metavar="FILE", help=words)
    words = "write a page and a text for each student into DIR"
    add("--feedback", metavar="DIR", help=words)
    switches = [name for name, one in report.FORMATS.items() if one.switch]
    delivery.add_options(add, switches)
    words = "seconds that each run of a function may take (default %(default)g)"
    add("--timeout", metavar="S", type=float, default=SECONDS, help=words)
    words = "files judged at a time (default: the number of processors, here %(default)s)"
    add("--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help=words)
    add(
        "--witness",
        action="store_true",
        help="ask torch about the reference even where nothing fails",
    )
    add(
        "--allow",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help="libraries that may give the answer (torch, keras, jax, tensorflow, handrnn)",
    )
    add("--no-torch", action="store_true", help="do not ask torch, even where it is installed")


def _oracle_options(add: Any) -> None:
    add("cell", choices=cases.CELLS)
    for name, (default, words) in SIZES.items():
        words += f" (default {default})"
        add(f"--{name}", metavar="N", type=int, default=default, help=words)
    words = "weights are uniform on +-S / sqrt(H) (default %(default)g)"
    add("--scale", metavar="S", type=float, default=2.0, help=words)
    add("--dtype", choices=cases.DTYPES, default="float64", help="of what is given")
    add("--out", metavar="FILE", required=True, help="an .npz or a .json file")


def _dialects_options(add: Any) -> None:
    words = "the name of a dialect, or of your file; or: try FILE SOLUTION"
    add("what", metavar="NAME", nargs="*", help=words)


def _compare_options(add: Any) -> None:
    add("case", metavar="CASE", help="a file that 'handrnn oracle' wrote")
    add("answer", metavar="ANSWER", help="an .npz or a .json file")
    words = "what the answer was computed in (default: what its arrays are; of .json float64)"
    add("--dtype", choices=cases.DTYPES, help=words)
    delivery.add_options(add, ["json"], several=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of these commands, with the arguments of this process by default; its exit status."""
    options = parser().parse_args(arguments)
    try:
        with _ended_by_signals():
            return options.run(options)
    except MISUSES as why:
        print(f"handrnn: {_printable(str(why))}", file=sys.stderr)
        return MISUSE
    except KeyboardInterrupt:
        print("handrnn: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED  # whoever read the report has had enough


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """What would end the process at once ends it as an exception does: nothing is left behind."""

    def end(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _print(text: str, colour: bool = False) -> None:
    """Print what may hold anything a submission holds, on a terminal that may not know it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    text = _printable(text).encode(encoding, "replace").decode(encoding)
    output.show(colours.coloured(text) if colour else text)


def _show(report: str, name: str) -> None:
    """Print a report in a format; text has colours, where they are wanted."""
    _print(report, name == "text" and colours.wanted(sys.stdout))


def _printable(text: str) -> str:
    """Without control characters, which could change what else stands on a terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)


# ------------------------------------------------------------------------------------------- check


def _check(options: argparse.Namespace) -> int:
    _verify_numbers(options)
    delivery.check(options.outputs)
    if options.feedback and (path := Path(options.feedback)).exists() and not path.is_dir():
        raise submissions.MisuseError(f"{path} is not a folder: --feedback needs one")
    scheme = _scheme(options.points) if options.points else None
    required = [*options.require, *(scheme.weights if scheme else ())]
    with tempfile.TemporaryDirectory(prefix="handrnn-check-") as scratch:
        asked = submissions.asked(options.paths, Path(scratch))
        submissions.verify_names(asked, required, options.dialect)
        files = [one.path for one in asked]
        _verify_fix(files, options)
        fix = [] if options.fix is None else [("--fix", options.fix)]
        read = [*options.paths, *files, options.dialect, options.points]
        delivery.protect(options.outputs, [path for path in read if path is not None], fix)
        judged = submissions.judged(asked, _how(options), required, options.jobs, options.quiet)
        if options.fix:
            _write_fixed(asked[0].path, judged[0], options.fix)
    if scheme:
        judged = [points.graded(one, scheme) for one in judged]
    files = tuple(one.hinted(options.hint) for one in judged)
    single = len(options.paths) == 1 and not any(one.found.student for one in asked)
    reports = data.Reports(files, single)
    _report(reports, options)
    return MISUSE if reports.failed else PASSED if reports.passed else FAILED


def _verify_numbers(options: argparse.Namespace) -> None:
    """Raise submissions.MisuseError for limits that are none."""
    if not SHORTEST <= options.timeout < math.inf:
        words = f"--timeout must be a finite number of seconds, {SHORTEST:g} or more"
        raise submissions.MisuseError(words)
    if not 1 <= options.jobs <= MOST_JOBS:
        raise submissions.MisuseError(f"--jobs must be from 1 to {MOST_JOBS}")


def _scheme(path: str) -> points.Scheme:
    try:
        return points.read(path)
    except OSError as error:
        raise submissions.MisuseError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise submissions.MisuseError(str(error)) from None


def _how(options: argparse.Namespace) -> dict[str, Any]:
    """How every file is judged."""
    how: dict[str, Any] = {"seconds": options.timeout, "allow": options.allow}
    if options.loss:
        how["loss"] = options.loss
    if options.hint == data.HINTS[-1] or options.fix:
        how["mend"] = fixes.with_fixes
    how["second_opinion"] = "always" if options.witness else not options.no_torch
    if options.dialect:
        how["dialect"] = dialects.find(options.dialect)
    return how


def _report(reports: data.Reports, options: argparse.Namespace) -> None:
    """Write and print what was asked for."""

    def render(name: str) -> str:
        return report.FORMATS[name].render(reports)

    if options.feedback:
        try:
            feedback.write(reports, options.feedback)
        except OSError as error:
            why = f"{options.feedback} cannot be written: {error.strerror}"
            raise submissions.MisuseError(why) from None
    delivery.deliver(options.outputs, options.quiet, render, _show)


def _verify_fix(paths: Sequence[Path], options: argparse.Namespace) -> None:
    """Raise submissions.MisuseError where a mended file cannot be written."""
    if options.fix is None:
        return
    out = Path(options.fix)
    if len(paths) != 1 or str(paths[0]) in ("-", "/dev/stdin"):
        raise submissions.MisuseError("--fix OUT takes one file")
    with contextlib.suppress(OSError, ValueError):  # which is said of every output
        if out.samefile(paths[0]):
            what = f"{out} is {paths[0]}"
            raise submissions.MisuseError(f"--fix never writes over what is checked: {what}")


def _write_fixed(path: Path, judged: data.FileReport, out: str) -> None:
    """The file with its mended lines, if there are any; what is not mended is said."""
    edits = applying.edits_of(judged)
    wrong = [name for name, f in judged.functions.items() if not f.passed and f.fix is None]
    if edits:
        writing.write(out, applying.applied(path, edits))
    left = f"; not mended: {', '.join(wrong)}" if wrong else ""
    many = f"{len(edits)} place{'s' * (len(edits) != 1)} mended" if edits else "nothing is mended"
    what = f"{many} in {out}" if edits else f"{many}, {out} is not written"
    print(f"handrnn: {what}{left}", file=sys.stderr)


# ---------------------------------------------------------------------------------- other languages


def _dialects(options: argparse.Namespace) -> int:
    what = options.what
    if what[:1] == ["try"] and len(what) == 3:
        return _try(Path(what[1]), what[2])
    if len(what) > 1:
        raise submissions.MisuseError("dialects takes nothing, one NAME, or: try FILE SOLUTION")
    if what:
        _print(dialects.find(what[0]).text)
        return PASSED
    for dialect in dialects.all_dialects().values():
        _print(f"{dialect.name}: {dialect.about}\n    {', '.join(dialect.functions)}\n")
    return PASSED


def _try(file: Path, solution: str) -> int:
    from .assignments import trying  # here, as below: 'check' needs none of it

    if not Path(solution).is_file():
        raise submissions.MisuseError(f"{solution} is not a file: a right solution is needed")
    held = trying.hold(dialects.read(file), str(file), loading.load(solution))
    _print("\n".join(held.lines()) + "\n")
    return PASSED if held.passed else FAILED


def _mistakes(options: argparse.Namespace) -> int:
    from .report import manual

    _print(manual.markdown() + "\n")
    return PASSED


def _oracle(options: argparse.Namespace) -> int:
    path = Path(options.out)
    cases.suffix(path)
    delivery.protect([], [], [("--out", options.out)])
    given = {name: getattr(options, name) for name in (*SIZES, "scale", "dtype")}
    case = cases.draw(options.cell, **given)
    cases.write(case, path)
    _print(f"{path}: {case}\n")
    return PASSED


def _compare(options: argparse.Namespace) -> int:
    from .files import answers

    delivery.protect(options.outputs, [options.case, options.answer])
    case = cases.read(options.case)
    answers.verify(case)
    judged = answers.judge(case, cases.load(options.answer), dtype=options.dtype)
    render = {"json": judged.to_json, "text": lambda: f"{judged}\n"}
    delivery.deliver(options.outputs, options.quiet, lambda name: render[name](), _show)
    return PASSED if judged.passed else FAILED
