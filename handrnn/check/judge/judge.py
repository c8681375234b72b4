"""The judgement of one submission: right or wrong, where, and which mistake.

Each course function of a submission runs on two probes, alone and with the submission's other
functions (`runs`), so that bugs can neither hide each other nor blame each other. The textbook says
what is right; `explain` runs the catalogue for what is wrong, and `damage` is what else it does.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import __version__, compare
from ..dialects import dialects, recognition
from ..explain import explain
from ..load import parts
from ..probe import probes
from ..report import report
from ..run import runner
from ..sequences import layer_classes
from . import damage, runs, submitted, witness, wording


def judge(
    submission: parts.Submission,
    *,
    wanted: Sequence[str] = (),
    seconds: float = 10.0,
    live: Any = None,
    dialect: str | None = None,
    second_opinion: bool = True,
) -> report.FileReport:
    """Judge every course function of a submission.

    Parameters
    ----------
    submission : parts.Submission
    wanted : names of the functions to judge; NOT FOUND is reported for those that are not there.
        Empty: all that are there.
    seconds : limit of each run of each function
    live : functions of the running program by name, instead of the submission's code
    dialect : "course" or "batch_first"; None: told function by function
    second_opinion : whether torch is asked about the reference, where it is installed

    Returns
    -------
    report.FileReport
    """
    targets = submitted.functions(submission, wanted, dialect)
    drawn = [probes.draw(seed) for seed in runs.SEEDS]
    trials = runs.tried(submission, targets, drawn, seconds, live)
    functions = {
        target.name: _judged(target, trials, submission, seconds, live) for target in targets
    }
    functions = _with_partners(functions, trials, targets) | _broken(submission, functions, wanted)
    layers = _layers(submission, wanted, seconds) if live is None else {}
    private = _private_helpers(submission, targets, trials, layers) - set(wanted)
    functions = {name: f for name, f in functions.items() if name not in private}
    if second_opinion and witness.available():
        functions = _witnessed(functions, targets, drawn[0])
    functions |= layers
    classes = {name.split(".")[0] for name in functions}
    for name in wanted:
        if name not in functions and name not in classes:
            functions[name] = report.FunctionReport(name, report.NOT_FOUND)
    return report.FileReport(
        str(submission.path or submission.name),
        functions,
        (*submission.problems, *submitted.methods(submission)),
        (*submission.notes, *(_of_ones_own(name) for name in sorted(private))),
        versions={"handrnn": __version__, "numpy": np.__version__},
    )


def _layers(
    submission: parts.Submission, wanted: Sequence[str], seconds: float
) -> dict[str, report.FunctionReport]:
    """Reports of the methods of recurrent layer classes."""
    judged = (
        (definition.name, one)
        for definition in submission.definitions.values()
        if layer_classes.is_layer(definition)
        if not wanted or definition.name in {name.split(".")[0] for name in wanted}
        for one in layer_classes.judge_class(submission, definition, seconds)
    )
    return {
        one.name: one for name, one in judged if not wanted or name in wanted or one.name in wanted
    }


def _private_helpers(
    submission: parts.Submission,
    targets: Sequence[submitted.Target],
    trials: dict[str, runs.Ways],
    layers: dict[str, report.FunctionReport],
) -> set[str]:
    """Helpers that only share their name with the course's: what uses them is right with them."""
    found = set()
    for helper in targets:
        if helper.name not in submitted.ELEMENTARY or not helper.definition.filled:
            continue
        name = helper.definition.name
        users = [
            runs.right_with_own(trials[target.name])
            for target in targets
            if target is not helper and target.definition.filled and name in target.uses
        ]
        users += [
            layers[method].passed
            for method in layers
            if name in submitted.looked_up(submission, submission.definitions[_class_of(method)])
        ]
        if users and all(users) and not runs.all_right(trials[helper.name]["alone"]):
            found.add(helper.name)
    return found


def _class_of(method: str) -> str:
    return method.split(".")[0]


def _of_ones_own(name: str) -> str:
    return f"your {name} is another function than the course's, and right where it is used"


def judge_live(
    fn: Any,
    name: str | None = None,
    dialect: str | None = None,
    *,
    seconds: float = 10.0,
    second_opinion: bool = True,
) -> report.FileReport:
    """Judge a function of the running program; see `handrnn.check.function`."""
    if not callable(fn):
        raise TypeError(f"{fn!r} cannot be called: a function is needed")
    if dialect not in (None, *dialects.DIALECTS):
        raise ValueError(f"dialect is {dialect!r}: it can be {', '.join(dialects.DIALECTS)}")
    definition = submitted.definition_of(fn, name)
    if recognition.recognise(definition, dialect) is None:
        names = ", ".join(dict.fromkeys(name for _, name in dialects.ALL))
        raise ValueError(f"{definition.name} is no course function: name= can be {names}")
    submission = parts.Submission(text=definition.source, definitions={definition.name: definition})
    return judge(
        submission,
        seconds=seconds,
        live={definition.name: fn},
        dialect=dialect,
        second_opinion=second_opinion,
    )


def _broken(
    submission: parts.Submission,
    functions: dict[str, report.FunctionReport],
    wanted: Sequence[str],
) -> dict[str, report.FunctionReport]:
    """Reports of the course functions that do not parse."""
    reports = {}
    for theirs, problem in submission.broken.items():
        name = recognition.course_name(theirs)
        if name is not None and name not in functions and (not wanted or name in wanted):
            reports[name] = report.FunctionReport(name, report.CRASHED, where=problem)
    return reports


def _judged(
    target: submitted.Target,
    trials: dict[str, runs.Ways],
    submission: parts.Submission,
    seconds: float,
    live: Any,
) -> report.FunctionReport:
    """The report of one function."""
    definition = target.definition
    base = report.FunctionReport(
        target.name,
        report.NOT_FILLED_IN,
        line=definition.line,
        cell=definition.cell,
        source=wording.first_line(definition.source),
        notes=target.notes,
    )
    if not definition.filled:
        return replace(base, where=wording.gaps(definition.source))
    ways = trials[target.name]
    right_cell = target.calls_its_cell and _right_by_itself(target.cell_name, trials)
    chosen = _deciding(target, ways, right_cell)
    base = replace(
        base,
        seconds=sum(trial.outcome.seconds for way in ways.values() for trial in way),
        output=chosen[0].outcome.stdout,
        notes=base.notes + wording.notes(chosen),
        tensors=_tensors(target, chosen),
    )
    if not all(trial.returned for trial in chosen):
        return _stopped(target, base, chosen, submission, seconds, live)
    named = damage.of_calls(target, chosen)
    if all(trial.right for trial in chosen):
        at_the_edge = [trial for way in runs.EDGES for trial in ways[way]]
        base = replace(base, notes=base.notes + wording.edge_note(target, at_the_edge))
        base = replace(base, notes=base.notes + wording.company_note(target, ways, chosen))
        named += damage.kept_state(ways) + damage.unusable_caches(target, trials)
        return _harmful(target, base, named)
    first = next(trial for trial in chosen if not trial.right)
    if _empty(first):
        where = wording.nothing(first, definition.source)
        return replace(base, verdict=report.NOT_FILLED_IN, where=where)
    own = target.lines
    named = named + explain.explain(
        target.function,
        _cases(sorted(chosen, key=lambda trial: trial.right)),
        without_cell=target.calls_its_cell and (right_cell or chosen is ways["alone"]),
        own=own,
    )
    line, source = own.find(named, first.wrong)
    return replace(
        base,
        verdict=report.FAIL,
        mistakes=named,
        where=wording.where(first),
        line=line,
        source=source,
    )


def _harmful(
    target: submitted.Target, base: report.FunctionReport, named: tuple[report.Named, ...]
) -> report.FunctionReport:
    """The report of a function whose results are right, whatever else it does."""
    if not named:
        return replace(base, verdict=report.PASS, line=None, cell=None, source="")
    line, source = target.lines.find(named, ())
    where = "its results are right, what else it does is not"
    return replace(base, verdict=report.FAIL, mistakes=named, where=where, line=line, source=source)


def _cases(trials: Sequence[runs.Trial]) -> list[explain.Case]:
    """What `explain` takes of each trial that returned."""
    return [(t.probe, t.flat, t.wrong) for t in trials if t.flat is not None]


def _deciding(target: submitted.Target, ways: runs.Ways, right_cell: bool) -> list[runs.Trial]:
    """The trials that the verdict rests on: alone, if the function can be run so.

    A function that only works with the submission's own cells and caches (other names, another
    order) is judged with them; so is a wrong one whose own cell is right, for that cell may copy
    what it keeps, and what a loop changes later then does no harm. One that calls no other course
    function but a sigmoid or a softmax, which may be another function than the course's of that
    name, is judged with its own if more is right so: there is nothing that could hide a mistake.
    """
    alone, own, chain = (ways[way] for way in ("alone", "own", "chain"))
    if runs.all_right(alone):
        return alone
    if runs.all_right(chain):
        return chain
    if runs.all_right(own) and all(runs.only_caches_wrong(t) for t in alone):
        return own
    better = runs.all_right(own) or _count_right(own) > _count_right(alone)
    if better and not target.has_partners:
        return own
    private = any(t.flat is None or t.flat.problems for t in alone)
    if private and all(t.returned for t in own):
        return own
    if private and chain and all(t.returned for t in chain):
        return chain
    return own if right_cell and all(t.returned for t in own) else alone


def _count_right(tried: Sequence[runs.Trial]) -> int:
    return sum(d.passed for trial in tried for d in trial.differences)


def _right_by_itself(name: str, trials: dict[str, runs.Ways]) -> bool:
    """Whether the submission has this function and its numbers are right, in whatever order."""
    ways = [trials[name][way] for way in ("alone", "own")] if name in trials else []
    return any(
        bool(tried) and all(trial.differences and not trial.wrong for trial in tried)
        for tried in ways
    )


def _tensors(target: submitted.Target, chosen: Sequence[runs.Trial]) -> tuple[report.Tensor, ...]:
    """Every result that was compared, at its worst over the probes."""
    return report.worst(
        report.Tensor(
            d.name, d.error, d.units, d.share, d.problem or "", _profile(target, trial, d)
        )
        for trial in chosen
        for d in trial.differences
    )


def _profile(
    target: submitted.Target, trial: runs.Trial, difference: compare.Difference
) -> dict[str, list[float]]:
    """What a picture shows of a wrong result."""
    if difference.passed or difference.problem or trial.flat is None:
        return {}
    name = difference.name
    reference = target.function.expected(trial.probe)[name]
    return report.profile(trial.flat.outputs[name], reference, target.function.layout(name))


def _empty(first: runs.Trial) -> bool:
    value = first.outcome.value
    return value is None or (
        isinstance(value, tuple | list) and bool(value) and any(part is None for part in value)
    )


def _stopped(
    target: submitted.Target,
    base: report.FunctionReport,
    chosen: Sequence[runs.Trial],
    submission: parts.Submission,
    seconds: float,
    live: Any,
) -> report.FunctionReport:
    """The report of a function that did not return."""
    outcome = next(trial.outcome for trial in chosen if not trial.returned)
    if outcome.error is None:
        return replace(base, verdict=report.CRASHED, where="its process ended without an answer")
    line = outcome.error.line or target.definition.line
    frames = outcome.error.frames
    stopped = replace(
        base,
        line=line,
        cell=frames[-1].cell if frames else target.definition.cell,
        source=target.lines.text(line) or wording.failing_line(submission, frames),
    )
    if outcome.status == runner.TIMED_OUT:
        text = f"it did not return within {seconds:g} s"
        return replace(stopped, verdict=report.TIMED_OUT, where=text)
    crashed = replace(
        stopped,
        verdict=report.CRASHED,
        where=explain.message(outcome.error),
        mistakes=damage.of_calls(target, chosen),
    )
    known = explain.of_stop(target.function, outcome.error, crashed.source)
    known = known or _square(target, submission, seconds, live)
    return replace(crashed, mistakes=crashed.mistakes + known)


def _square(
    target: submitted.Target, submission: parts.Submission, seconds: float, live: Any
) -> tuple[report.Named, ...]:
    """What it is that raises unless all matrices are square."""
    trials = runs.on_square(target, submission, seconds, live)
    if not all(trial.returned for trial in trials) or all(trial.right for trial in trials):
        return ()
    found = explain.explain(target.function, _cases(trials))
    return tuple(named for named in found if named.id != "unexplained")


def _with_partners(
    functions: dict[str, report.FunctionReport],
    trials: dict[str, runs.Ways],
    targets: Sequence[submitted.Target],
) -> dict[str, report.FunctionReport]:
    """Say of a right function that the submission's other functions spoil its results."""
    result = dict(functions)
    target_of = {target.name: target for target in targets}
    for name, judged in functions.items():
        if not judged.passed or runs.all_right(trials[name]["chain"]):
            continue  # what is right on its own caches needs no others
        for way in ("own", "chain"):
            tried = trials[name][way]
            if tried and not runs.all_right(tried):
                result[name] = _spoilt(target_of[name], judged, way, tried, result)
                break
    return result


def _spoilt(
    target: submitted.Target,
    judged: report.FunctionReport,
    way: str,
    tried: Sequence[runs.Trial],
    functions: dict[str, report.FunctionReport],
) -> report.FunctionReport:
    """A right function whose results are wrong in company: a note, or whose fault it is."""
    guilty = [name for name, other in functions.items() if not other.passed]
    trial = next(trial for trial in tried if not trial.right)
    company = "with your own functions" if way == "own" else "on your own caches"
    wrong = ", ".join(trial.wrong) or (
        trial.outcome.error.message if trial.outcome.error else trial.outcome.status
    )
    if guilty:
        note = f"right by itself; {company} not ({wrong}): repair {', '.join(guilty)} first"
        return replace(judged, notes=(*judged.notes, note))
    if all(t.flat is not None for t in tried):
        known = explain.explain(target.function, _cases(tried), own=target.lines)
        if known[0].id != "unexplained":
            line, source = target.lines.find(known, trial.wrong)
            return replace(
                judged,
                verdict=report.FAIL,
                mistakes=known,
                where=f"{company}: {wording.where(trial)}",
                line=line,
                cell=target.definition.cell,
                source=source,
            )
    return replace(
        judged,
        verdict=report.FAIL,
        mistakes=(
            report.Named(
                "caches-wrong",
                "Each function is right by itself, but together they are not: what the forward"
                " function hands over in its caches is not what the backward function reads.",
                f"{company}: {wrong}",
            ),
        ),
        where=f"{company}: {wrong}",
    )


def _witnessed(
    functions: dict[str, report.FunctionReport],
    targets: Sequence[submitted.Target],
    probe: probes.Probe,
) -> dict[str, report.FunctionReport]:
    """The second opinion on the reference of each cell that was judged."""
    cell_of = {
        target.name: target.function.cell
        for target in targets
        if target.name in functions
        if functions[target.name].verdict != report.NOT_FILLED_IN
    }
    opinion = {cell: witness.confirm(probe, cell) for cell in set(cell_of.values()) if cell}
    return {
        name: replace(f, witness=opinion.get(cell_of.get(name, ""), ""))
        for name, f in functions.items()
    }
