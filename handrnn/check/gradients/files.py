"""The losses of a file, judged by whether its gradients are theirs."""

from collections.abc import Iterable
from dataclasses import replace

from ..load import parts
from ..report import data as report
from ..run import runner
from . import plans, reports

COMMAND = "check.gradient(f, parameters, inputs=...)  (from handrnn import check)"

CALLS = 10

Found = tuple[dict[str, report.FunctionReport], list[report.NotJudged]]


def judge_file(
    submission: parts.Submission, taken: Iterable[str], seconds: float, loss: str | None = None
) -> Found:
    """Judge what computes a loss and gradients in a submission.

    Parameters
    ----------
    submission : of the file
    taken : definitions that are judged already
    seconds : limit; a judgement makes many calls, and may take ten times as long
    loss : the function or method to judge; None: what is clear by its name

    Returns
    -------
    reports : by name
    not_judged : of each that could not be called, why
    """
    found = {plan.name: plan for plan in plans.plans(submission, taken, loss)}
    if not found or not submission.chunks:
        return {}, []
    steps = [runner.Step(name, f"{name} gradient") for name in found]
    limit = CALLS * seconds  # of all calls of one judgement together
    outcomes = runner.run(_with_entries(submission, found), steps, seconds=limit)
    functions, skipped = {}, []
    for name, plan in found.items():
        definition, outcome = plan.definition, outcomes[name]
        base = report.FunctionReport(
            name,
            report.FAIL,
            line=definition.line,
            cell=definition.cell,
            source=definition.source.partition("\n")[0].strip(),
            notes=tuple(f"warning: {text}" for text in outcome.warnings),
            output=outcome.stdout,
            seconds=outcome.seconds,
        )
        if not outcome.returned:
            functions[name] = reports.stopped(outcome, base)
        elif "unfit" in outcome.value:
            why = outcome.value["unfit"]
            skipped.append(report.NotJudged(name, base.line, why, COMMAND, base.cell))
        else:
            functions[name] = reports.judged(outcome.value["points"], base)
    return functions, skipped


def _with_entries(submission: parts.Submission, found: dict[str, plans.Plan]) -> parts.Submission:
    """The submission with what runs its losses, under names that no program can have."""
    module = "handrnn.check.gradients.in_child"
    carried = {
        name: (
            plan.owner,
            [(c.name, c.arguments, c.names, c.wraps) for c in plan.calls],
            plan.apart,
        )
        for name, plan in found.items()
    }
    statements = plans.set_up(submission)
    imported = compile(f"from {module} import entries as _entries", "<handrnn>", "exec")
    text = f"globals().update(_entries(globals(), {statements!r}, {carried!r}))"
    names = tuple(f"{name} gradient" for name in found)
    chunks = [
        parts.Chunk("import", ("_entries",), imported, module, "entries"),
        parts.Chunk("definition", names, compile(text, "<handrnn>", "exec")),
    ]
    return replace(submission, chunks=[*submission.chunks, *chunks])
