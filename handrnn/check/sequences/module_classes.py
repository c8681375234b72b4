"""The classes of a file that are modules of torch, judged as `check.sequence` judges a module."""

import importlib.util
import re
from collections.abc import Iterable
from dataclasses import replace

from ..load import parts
from ..report import data as report
from ..run import runner
from . import modules, verdicts

CELLS = ("lstm", "gru", "rnn_tanh", "rnn_relu")
SIZES = {"T": 7, "B": 3, "scale": 2.0}
COMMAND = "check.sequence({name}(...), cell=...)  (from handrnn import check)"
TORCH = "torch"

Found = tuple[dict[str, report.FunctionReport], list[report.NotJudged]]


def judge_file(
    submission: parts.Submission, definitions: Iterable[parts.Definition], seconds: float
) -> Found:
    """Judge the classes of a submission that are modules of torch.

    Parameters
    ----------
    submission : of the file
    definitions : of the classes that may be such modules
    seconds : limit of each run

    Returns
    -------
    reports : "MyLSTM.forward" and, where forward is right, "MyLSTM.backward", which is autograd's
    not_judged : of each module of which nothing can be said, why, and what would judge it
    """
    candidates = [one for one in definitions if is_candidate(submission, one)]
    if not candidates:
        return {}, []
    if importlib.util.find_spec(TORCH) is None:
        modules_ = [one for one in candidates if "Module" in one.source.partition(":")[0]]
        return {}, [_not_judged(one, "needs torch, which is not installed") for one in modules_]
    cases = modules.cases_of(SIZES, 0)
    names = [one.name for one in candidates]
    given = (list(CELLS), cases, ["float64", "float32"])
    steps = [runner.Step(name, f"{name} run", given) for name in names]
    outcomes = runner.run(_with_entries(submission, names), steps, seconds=seconds)
    reports: dict[str, report.FunctionReport] = {}
    skipped = []
    for one in candidates:
        found = _judged(one, outcomes[one.name], cases)
        if isinstance(found, report.NotJudged):
            skipped.append(found)
        else:
            reports |= {function.name: function for function in found}
    return reports, skipped


def is_candidate(submission: parts.Submission, definition: parts.Definition) -> bool:
    """Whether a definition may be a module of torch: the child knows for sure."""
    imports = (c.module.partition(".")[0] for c in submission.chunks if c.kind == "import")
    based = re.match(r"class\s+\w+\s*\((?!\s*(object)?\s*\))", definition.source)
    known = definition.kind == parts.CLASS and "forward" in definition.methods and based
    return bool(known) and TORCH in {*imports}


def _with_entries(submission: parts.Submission, names: list[str]) -> parts.Submission:
    """The submission with what runs its classes, under names that no program can have."""
    module = "handrnn.check.sequences.in_child"
    lines = [f"from {module} import entries as _entries", ""]
    imported = compile(lines[0], "<handrnn>", "exec")
    chunks = [parts.Chunk("import", ("_entries",), imported, module, "entries")]
    for name in names:
        code = compile(f"globals().update(_entries(globals(), {name!r}))", "<handrnn>", "exec")
        chunks.append(parts.Chunk("definition", (f"{name} run",), code))
    return replace(submission, chunks=[*submission.chunks, *chunks])


def _not_judged(one: parts.Definition, why: str) -> report.NotJudged:
    return report.NotJudged(one.name, one.line, why, COMMAND.format(name=one.name), one.cell)


def _judged(
    one: parts.Definition, outcome: runner.Outcome, cases: list
) -> list[report.FunctionReport] | report.NotJudged:
    """The reports of one class; [] if it is not a module of torch."""
    forward = one.methods["forward"]
    base = report.FunctionReport(
        f"{one.name}.",
        report.FAIL,
        line=forward.line,
        cell=one.cell,
        source=forward.source.partition("\n")[0].strip(),
        notes=tuple(f"warning: {text}" for text in outcome.warnings),
        output=outcome.stdout,
        seconds=outcome.seconds,
        dialect=TORCH,
    )
    if not outcome.returned:
        return _stopped(one, base, outcome)
    if not outcome.value["module"]:
        return []
    if not forward.filled:
        return [replace(base, name=f"{one.name}.forward", verdict=report.NOT_FILLED_IN)]
    try:
        return list(modules.judged(outcome.value, CELLS, cases, base).values())
    except modules.UnreadableError as error:
        return _not_judged(one, str(error))


def _stopped(
    one: parts.Definition, base: report.FunctionReport, outcome: runner.Outcome
) -> list[report.FunctionReport] | report.NotJudged:
    """A class that cannot be made is not judged; one that hangs or ends its process is."""
    if outcome.status in (runner.TIMED_OUT, runner.DIED):
        verdict = verdicts.verdict_on(outcome)
        where = str(outcome.error)
        return [replace(base, name=f"{one.name}.forward", verdict=verdict, where=where)]
    if not re.search(r"Module|RNN|LSTM|GRU", one.source.partition(":")[0]):
        return []
    return _not_judged(one, f"it cannot be made to be called: {outcome.error}")
