"""The judgement of one submission: right or wrong, where, and which mistake.

Each course function of a submission runs on two probes, alone and with the submission's other
functions (`runs`), so that bugs can neither hide each other nor blame each other. The textbook says
what is right; `explain` runs the catalogue for what is wrong, and `damage` is what else it does.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import __version__, compare
from ..dialects import dialect as dialects
from ..dialects import match as matching
from ..explain import explain
from ..gradients import files as own_losses
from ..load import parts
from ..probe import probes, truth
from ..report import data as report
from ..run import runner
from . import by_hand, damage, outline, runs, submitted, target, witness, wording

RESIZED = tuple(zip(runs.USUAL, runs.RESIZED, strict=True))
Mend = Callable[..., dict[str, report.FunctionReport]]


def judge(
    submission: parts.Submission,
    *,
    wanted: Sequence[str] = (),
    seconds: float = 10.0,
    live: Any = None,
    dialect: dialects.Dialect | None = None,
    second_opinion: bool | str = True,
    allow: Sequence[str] = (),
    mend: Mend | None = None,
    loss: str | None = None,
) -> report.FileReport:
    """Judge every function of a submission that a dialect knows.

    Parameters
    ----------
    submission : parts.Submission
    wanted : names of the functions to judge; NOT FOUND is reported for those that are not there.
        Empty: all that are there.
    seconds : limit of each run of each function
    live : functions of the running program by name, instead of the submission's code
    dialect : the only one to look for; None: all that there are
    second_opinion : whether torch, where it is installed, is asked about the reference where
        something fails; "always": also where nothing does
    allow : libraries that may give the answer: see `by_hand`
    mend : adds to the reports what mends it (`repair.fixes`); None: nothing does
    loss : the function or method that computes a loss and gradients; None: those that are clear

    Returns
    -------
    report.FileReport
    """
    known = [dialect] if dialect else list(dialects.all_dialects().values())
    found = submitted.targets(submission, known)
    targets = [one for one in found if not wanted or _is_wanted(one, wanted, found)]
    trials = runs.tried(submission, targets, seconds, live)
    why = {one.name: _unjudged(one, trials) for one in targets}
    skipped = [
        report.NotJudged(one.name, one.definition.line, why[one.name], cell=one.definition.cell)
        for one in targets
        if why[one.name]
    ]
    functions = {
        one.name: _by_whom(one, _judged(one, trials, submission, seconds, live), submission, allow)
        for one in targets
        if not why[one.name]
    }
    functions = _with_partners(functions, trials, targets)
    if mend is not None and live is None:
        functions = _mended(mend, functions, targets, trials, submission, seconds, dialect)
    functions |= _broken(submission, functions, wanted, known)
    every = live is None and dialect is None
    layers = _layers(submission, targets, wanted, seconds) if every else {}
    private = _private_helpers(submission, targets, trials, layers) - set(wanted)
    functions = {name: f for name, f in functions.items() if name not in private}
    failed = any(f.verdict == report.FAIL for f in functions.values())
    if second_opinion and (failed or second_opinion == "always") and witness.available():
        functions = _witnessed(functions, targets, probes.draw(0))
    functions |= layers
    if every:
        there = {one.called for one in found} | {*layers}
        of_torch, unread = _of_torch(submission, there, wanted, seconds, live)
        functions |= of_torch
        skipped += unread
    if every or loss:
        there = {one.called for one in found} | {_class_of(name) for name in functions}
        own, unread = _own_losses(submission, there, wanted, seconds, loss)
        functions |= own
        skipped += unread
    classes = {name.split(".")[0] for name in functions}
    named = [*functions, *(one.name for one in skipped)]
    beyond = outline.not_judged(submission, found, named, known)
    reasons = {one.name: one.why for one in (*beyond, *skipped)}
    for name in wanted:
        if name not in functions and name not in classes:
            where = reasons.get(name, "")
            functions[name] = report.FunctionReport(name, report.NOT_FOUND, where=where)
    whole = report.FileReport(
        str(submission.path or submission.name),
        functions,
        tuple(submission.problems),
        (*submission.notes, *(_of_ones_own(name) for name in sorted(private))),
        versions={"handrnn": __version__, "numpy": np.__version__},
        not_judged=(*skipped, *beyond),
        recurrent=any(name not in truth.ELEMENTARY for name in functions),
        runs=submission.runs,
    )
    return whole.beside({piece.cell: piece.shown for piece in submission.pieces})


def _mended(
    mend: Mend,
    functions: dict[str, report.FunctionReport],
    targets: Sequence[target.Target],
    trials: dict[str, runs.Ways],
    submission: parts.Submission,
    seconds: float,
    dialect: dialects.Dialect | None,
) -> dict[str, report.FunctionReport]:
    """The reports, with the lines that mend what is wrong."""
    asked = []
    for one in targets:
        judged = functions.get(one.name)
        if judged is not None and judged.verdict in (report.FAIL, report.CRASHED):
            ways = trials[one.name]
            right_cell = one.calls_its_cell and _right_by_itself(one.steps_function, trials)
            chosen = _deciding(one, ways, right_cell)
            way = next(name for name, tried in ways.items() if tried is chosen)
            asked.append((one, way))

    def anew(other: parts.Submission) -> report.FileReport:
        return judge(other, seconds=seconds, dialect=dialect, second_opinion=False)

    return mend(functions, asked, submission, anew) if asked else functions


def _by_whom(
    one: target.Target,
    judged: report.FunctionReport,
    submission: parts.Submission,
    allow: Sequence[str],
) -> report.FunctionReport:
    """The report of a right function, if it computes its answer itself."""
    if not judged.passed or not submission.chunks:
        return judged
    found = by_hand.borrowed(submission, [one.called, *one.uses], allow)
    if found is None:
        return judged
    library, line = found
    where = f"its answer comes from {library}: right, but not by hand (--allow {library})"
    return replace(judged, verdict=report.NOT_BY_HAND, where=where, line=line)


def _is_wanted(one: target.Target, wanted: Sequence[str], found: Sequence[target.Target]) -> bool:
    """Whether a target was asked for, or makes the cache of one that was."""
    names = {one.name, one.name.partition(" (")[0], one.definition.name, one.function.owner}
    if names & set(wanted):
        return True
    return any(
        other.function.needs and other.forward is one.match and other.name in wanted
        for other in found
    )


def _unjudged(one: target.Target, trials: dict[str, runs.Ways]) -> str:
    """Why a target cannot be judged by itself, if so: it goes on from another one's results."""
    if not one.definition.filled:
        return ""
    ways = trials[one.name]
    if any(runs.all_right(ways[way]) for way in ("alone", "own", "chain")):
        return ""
    if one.function.needs and one.forward is None:
        wanted = one.match.dialect.forward_of(one.function)
        name = wanted.name if wanted else "the forward function"
        return f"it goes on from the cache of {name}, which is not in the file"
    before = [[t.before for t in ways[way] if t.before] for way in ("alone", "own") if ways[way]]
    if one.function.owner and before and all(before):  # with right partners and its own
        return f"{before[0][0]} does not return: repair that first"
    step = one.steps_function
    lost = one.calls_its_cell and not all(trial.returned for trial in ways["alone"])
    form = {t.outcome.error.type for t in ways["alone"] if t.outcome.error} == {"AttributeError"}
    follows = one.function.needs or one.function.owner or form  # caches are objects of its own
    wrong = step in trials and not _right_by_itself(step, trials)
    if follows and lost and wrong and not runs.all_right(trials[step]["chain"]):
        return f"it goes on from what {step} returns, which is wrong: repair that first"
    source = one.forward.function.name if one.forward else ""
    if one.function.needs and source in trials and not _right_by_itself(source, trials):
        return f"its cache comes from {source}, which is wrong: repair that first"
    source = one.before
    if source in trials and not _right_by_itself(source, trials):
        return f"it goes on from what {source} keeps, which is wrong: repair that first"
    return ""


def _layers(
    submission: parts.Submission,
    targets: Sequence[target.Target],
    wanted: Sequence[str],
    seconds: float,
) -> dict[str, report.FunctionReport]:
    """Reports of the methods of recurrent layer classes."""
    if not _has_classes(submission):
        return {}
    from ..sequences import layer_classes

    known = {one.called for one in targets}
    judged = (
        (definition.name, one)
        for definition in submission.definitions.values()
        if layer_classes.is_layer(definition) and definition.name not in known
        if not wanted or definition.name in {name.split(".")[0] for name in wanted}
        for one in layer_classes.judge_class(submission, definition, seconds)
    )
    return {
        one.name: one for name, one in judged if not wanted or name in wanted or one.name in wanted
    }


def _of_torch(
    submission: parts.Submission,
    known: set[str],
    wanted: Sequence[str],
    seconds: float,
    live: Any,
) -> tuple[dict[str, report.FunctionReport], list[report.NotJudged]]:
    """Reports of the classes that are modules of torch; and those that cannot be read."""
    if live is not None or not _has_classes(submission):
        return {}, []
    from ..sequences import module_classes

    classes, asked = {_class_of(name) for name in known}, {_class_of(name) for name in wanted}
    rest = [
        one
        for name, one in submission.definitions.items()
        if name not in classes and (not asked or name in asked)
    ]
    found, unread = module_classes.judge_file(submission, rest, seconds)
    return {
        name: one
        for name, one in found.items()
        if not wanted or name in wanted or _class_of(name) in wanted
    }, unread


def _own_losses(
    submission: parts.Submission,
    known: set[str],
    wanted: Sequence[str],
    seconds: float,
    loss: str | None,
) -> own_losses.Found:
    """Reports of what computes a loss and gradients of its own; and what could not be called."""
    found, unread = own_losses.judge_file(submission, known, seconds, loss)
    if loss and loss not in found and loss not in {one.name for one in unread}:
        return {loss: report.FunctionReport(loss, report.NOT_FOUND)}, []
    asked = {loss, *wanted, *(_class_of(name) for name in wanted)} if wanted else None
    chosen = {n: f for n, f in found.items() if not asked or asked & {n, _class_of(n)}}
    return chosen, unread


def _has_classes(submission: parts.Submission) -> bool:
    """Whether there is anything for `sequences`, which is not imported without."""
    return any(one.kind == parts.CLASS for one in submission.definitions.values())


def _private_helpers(
    submission: parts.Submission,
    targets: Sequence[target.Target],
    trials: dict[str, runs.Ways],
    layers: dict[str, report.FunctionReport],
) -> set[str]:
    """Helpers that only share their name with the course's: what uses them is right with them."""
    found = set()
    for helper in targets:
        if helper.name not in truth.ELEMENTARY or not helper.definition.filled:
            continue
        name = helper.definition.name
        users = [
            runs.right_with_own(trials[one.name])
            for one in targets
            if one is not helper and one.definition.filled and name in one.uses
        ]
        users += [
            layers[method].passed
            for method in layers
            if name in _uses(submission, _class_of(method))
        ]
        if users and all(users) and not runs.all_right(trials[helper.name]["alone"]):
            found.add(helper.name)
    return found


def _uses(submission: parts.Submission, name: str) -> frozenset[str]:
    return submitted.looked_up(submission, name, submission.definitions[name])


def _class_of(method: str) -> str:
    return method.split(".")[0]


def _of_ones_own(name: str) -> str:
    return f"your {name} differs from the course's but works where you use it"


def _broken(
    submission: parts.Submission,
    functions: dict[str, report.FunctionReport],
    wanted: Sequence[str],
    judging: Sequence[dialects.Dialect],
) -> dict[str, report.FunctionReport]:
    """Reports of functions of a dialect that do not parse."""
    reports = {}
    for theirs, problem in submission.broken.items():
        known = {n for d in judging for n in d.functions}
        name = theirs if theirs in known else matching.canonical(theirs)
        if name in known and name not in functions and (not wanted or name in wanted):
            reports[name] = report.FunctionReport(name, report.CRASHED, where=problem)
    return reports


def _judged(
    one: target.Target,
    trials: dict[str, runs.Ways],
    submission: parts.Submission,
    seconds: float,
    live: Any,
) -> report.FunctionReport:
    """The report of one function."""
    definition = one.definition
    base = report.FunctionReport(
        one.name,
        report.NOT_FILLED_IN,
        line=definition.line,
        cell=definition.cell,
        source=wording.first_line(definition.source),
        notes=one.match.notes,
        dialect=one.match.dialect.name,
    )
    if not definition.filled:
        return replace(base, where=wording.gaps(definition.source))
    ways = trials[one.name]
    right_cell = one.calls_its_cell and _right_by_itself(one.steps_function, trials)
    chosen = _deciding(one, ways, right_cell)
    base = replace(
        base,
        seconds=sum(trial.outcome.seconds for way in ways.values() for trial in way),
        output=chosen[0].outcome.stdout,
        notes=base.notes + wording.notes(chosen),
        tensors=_tensors(one, chosen),
    )
    if not all(trial.returned for trial in chosen):
        return _stopped(one, base, chosen, submission, seconds, live)
    named = damage.of_calls(one, _by_itself(one, ways, chosen))
    if all(trial.right for trial in chosen):
        at_the_edge = [trial for way in runs.EDGES for trial in ways[way]]
        base = replace(base, notes=base.notes + wording.edge_note(one, at_the_edge))
        base = replace(base, notes=base.notes + wording.company_note(one, ways, chosen))
        base = replace(base, notes=base.notes + wording.untaken_note(one))
        base = replace(base, notes=base.notes + wording.lacking_note(one, submission))
        resized = next(ways[r] for w, r in RESIZED if ways[w] is chosen)
        if not all(trial.right for trial in resized):
            return wording.sized(one, base, resized[0])
        late = [t for way in ("again", "again own") for t in ways[way] if _is_late(t)]
        if late:
            return _stopped(one, base, late, submission, seconds, live)
        named += damage.kept_state(ways) + damage.unusable_caches(one, trials)
        named += damage.loose_form(one, trials)
        return _harmful(one, base, named)
    first = next(trial for trial in chosen if not trial.right)
    if _empty(first):
        where = wording.nothing(first, definition.source)
        return replace(base, verdict=report.NOT_FILLED_IN, where=where)
    own = one.lines
    named = named + explain.explain(
        one,
        _cases(sorted(chosen, key=lambda trial: trial.right)),
        without_cell=one.calls_its_cell and (right_cell or chosen is ways["alone"]),
        own=own,
    )
    line, source = own.find(named, first.wrong)
    return replace(
        base,
        verdict=report.FAIL,
        mistakes=wording.imported(submission, named),
        where=wording.where(first),
        line=line,
        source=source,
    )


def _is_late(trial: runs.Trial) -> bool:
    return trial.outcome.status == runner.TIMED_OUT


def _by_itself(one: target.Target, ways: runs.Ways, chosen: list[runs.Trial]) -> list[runs.Trial]:
    """The trials that show what a function itself does besides: not what its cell does."""
    alone = ways["alone"]
    apart = one.calls_its_cell and alone and all(trial.returned for trial in alone)
    return alone if apart else chosen


def _harmful(
    one: target.Target, base: report.FunctionReport, named: tuple[report.Named, ...]
) -> report.FunctionReport:
    """The report of a function whose results are right, whatever else it does."""
    if not named:
        return replace(base, verdict=report.PASS, line=None, cell=None, source="")
    line, source = one.lines.find(named, ())
    where = "its results are right, but it has a harmful side effect"
    return replace(base, verdict=report.FAIL, mistakes=named, where=where, line=line, source=source)


def _cases(trials: Sequence[runs.Trial]) -> list[explain.Case]:
    """What `explain` takes of each trial that returned."""
    return [(t.probe, t.flat, t.wrong) for t in trials if t.flat is not None]


def _deciding(one: target.Target, ways: runs.Ways, right_cell: bool) -> list[runs.Trial]:
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
    own = own or (chain if one.function.needs else [])
    better = runs.all_right(own) or _count_right(own) > _count_right(alone)
    if better and not one.has_partners:
        return own
    private = any(t.flat is None or t.flat.problems for t in alone)
    if private and own and all(t.returned for t in own):
        return own
    if private and chain and all(t.returned for t in chain):
        return chain
    if right_cell and own and all(t.returned for t in own):
        return own
    return chain if right_cell and not own and all(t.returned for t in chain) else alone


def _count_right(tried: Sequence[runs.Trial]) -> int:
    return sum(d.passed for trial in tried for d in trial.differences)


def _right_by_itself(name: str, trials: dict[str, runs.Ways]) -> bool:
    """Whether the submission has this function and its numbers are right, in whatever order."""
    ways = [trials[name][way] for way in ("alone", "own")] if name in trials else []
    return any(
        bool(tried) and all(trial.differences and not trial.wrong for trial in tried)
        for tried in ways
    )


def _tensors(one: target.Target, chosen: Sequence[runs.Trial]) -> tuple[report.Tensor, ...]:
    """Every result that was compared, at its worst over the probes."""
    return report.worst(
        report.Tensor(d.name, d.error, d.units, d.share, d.problem or "", _profile(one, trial, d))
        for trial in chosen
        for d in trial.differences
    )


def _profile(
    one: target.Target, trial: runs.Trial, difference: compare.Difference
) -> dict[str, list[float]]:
    """What a picture shows of a wrong result."""
    if difference.passed or difference.problem or trial.flat is None:
        return {}
    name = difference.name
    reference = one.expected(trial.probe)[name]
    return report.profile(trial.flat.outputs[name], reference, one.layout(name))


def _empty(first: runs.Trial) -> bool:
    value = first.outcome.value
    return value is None or (
        isinstance(value, tuple | list) and bool(value) and any(part is None for part in value)
    )


def _stopped(
    one: target.Target,
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
    line = outcome.error.line or one.definition.line
    frames = outcome.error.frames
    stopped = replace(
        base,
        line=line,
        cell=frames[-1].cell if frames else one.definition.cell,
        source=one.lines.text(line) or wording.failing_line(submission, frames),
    )
    if outcome.status == runner.TIMED_OUT:
        text = f"it did not return within {seconds:g} s"
        return replace(stopped, verdict=report.TIMED_OUT, where=text)
    crashed = replace(
        stopped,
        verdict=report.CRASHED,
        where=explain.message(one, outcome.error),
        mistakes=damage.of_calls(one, chosen),
    )
    known = explain.of_stop(one, outcome.error, crashed.source)
    known = known or _square(one, submission, seconds, live)
    return replace(crashed, mistakes=crashed.mistakes + known)


def _square(
    one: target.Target, submission: parts.Submission, seconds: float, live: Any
) -> tuple[report.Named, ...]:
    """What it is that raises unless all matrices are square."""
    trials = runs.on_square(one, submission, seconds, live)
    if not all(trial.returned for trial in trials) or all(trial.right for trial in trials):
        return ()
    found = explain.explain(one, _cases(trials))
    return tuple(named for named in found if named.id != "unexplained")


def _with_partners(
    functions: dict[str, report.FunctionReport],
    trials: dict[str, runs.Ways],
    targets: Sequence[target.Target],
) -> dict[str, report.FunctionReport]:
    """Say of a right function that the submission's other functions spoil its results."""
    result = dict(functions)
    target_of = {one.name: one for one in targets}
    for name, judged in functions.items():
        if not judged.passed or runs.all_right(trials[name]["chain"]):
            continue  # what is right on its own caches needs no others
        for way in ("own", "chain"):
            tried = trials[name][way]
            if tried and not runs.all_right(tried):
                result |= _spoilt(target_of, name, way, tried, result)
                break
    return result


def _spoilt(
    target_of: dict[str, target.Target],
    name: str,
    way: str,
    tried: Sequence[runs.Trial],
    functions: dict[str, report.FunctionReport],
) -> dict[str, report.FunctionReport]:
    """A right function whose results are wrong in company: a note, or whose fault it is."""
    one, judged = target_of[name], functions[name]
    called, source = set(one.uses), None
    if one.forward is not None:
        source = target_of[one.forward.function.name]
        called |= {source.called} | source.uses
    others = (n for n in functions if n.partition(".")[0] in called and not n.endswith(")"))
    guilty = [n for n in others if not functions[n].passed]
    trial = next(trial for trial in tried if not trial.right)
    company = "with your own functions" if way == "own" else "on your own caches"
    wrong = ", ".join(trial.wrong) or (
        trial.outcome.error.message if trial.outcome.error else trial.outcome.status
    )
    blamed = one
    if not guilty and source is not None and one.function.needs:
        # right on a right cache of the same form: what is handed over is not what was computed
        blamed, guilty = source, [source.name]
    noted = judged
    if guilty:
        note = f"right by itself; {company} not ({wrong}): repair {', '.join(guilty)} first"
        noted = replace(judged, notes=(*judged.notes, note))
    if blamed is one and guilty:
        return {name: noted}
    return {name: noted, blamed.name: _blamed(blamed, functions[blamed.name], one, tried, company)}


def _blamed(
    blamed: target.Target,
    judged: report.FunctionReport,
    one: target.Target,
    tried: Sequence[runs.Trial],
    company: str,
) -> report.FunctionReport:
    """The report of what spoils the results of a right function, itself or its forward function."""
    trial = next(trial for trial in tried if not trial.right)
    failed = replace(judged, verdict=report.FAIL, cell=blamed.definition.cell)
    if all(t.flat is not None for t in tried):
        known = explain.explain(one, _cases(tried), own=blamed.lines)
        if known[0].id != "unexplained":
            line, source = blamed.lines.find(known, trial.wrong)
            where = f"{company}: {wording.where(trial)}"
            return replace(failed, mistakes=known, where=where, line=line, source=source)
    reason = trial.outcome.error.message if trial.outcome.error else trial.outcome.status
    wrong = ", ".join(trial.wrong) or reason
    why = "Each function is right by itself, but together they are not"
    caches = blamed.function.cache_given is not None or one.forward is not None
    if caches:
        handed = "what the forward function hands over in its caches"
        why += f": {handed} is not what the backward function reads"
    proof = f"{company}: {wrong}"
    named = report.Named("caches-wrong" if caches else "unexplained", f"{why}.", proof)
    return replace(
        failed, mistakes=(named,), where=f"{company}: {wrong}", line=blamed.definition.line
    )


def _witnessed(
    functions: dict[str, report.FunctionReport],
    targets: Sequence[target.Target],
    probe: probes.Probe,
) -> dict[str, report.FunctionReport]:
    """The second opinion on the reference of each cell that was judged."""
    cell_of = {
        one.name: one.function.cell
        for one in targets
        if one.name in functions
        if functions[one.name].verdict != report.NOT_FILLED_IN
    }
    opinion = {cell: witness.confirm(probe, cell) for cell in set(cell_of.values()) if cell}
    return {
        name: replace(f, witness=opinion.get(cell_of.get(name, ""), ""))
        for name, f in functions.items()
    }
