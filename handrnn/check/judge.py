"""The judgement of one submission: right or wrong, where, and which mistake.

Each course function of a submission runs on two probes, three ways: *alone*, where every other
course function that it calls is a right one; as it *is*, with the submission's own; and, for a
backward function, as a *chain*, on the caches of the submission's own forward function. So bugs can
neither hide each other nor blame each other. The textbook says what is right; `explain` runs the
catalogue for what is wrong.
"""

import inspect
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import __version__, compare
from . import (
    catalogue,
    dialects,
    explain,
    layer_classes,
    lines,
    loading,
    probes,
    report,
    runner,
    witness,
)

SEEDS = (0, 1)
EPSILON = re.compile(r"sum\(.*\)\s*\+\s*(1e-|1\.0e-|eps)", re.IGNORECASE)  # in a denominator
PREDICTIONS = ("softmax", "yt_pred", "y_pred", "y", "y_t")
SLACK = 1e-7  # what an epsilon may change of these
FAR_OUT = 1000.0  # exp overflows there in float64
BUDGET = 64.0  # units of rounding: right implementations stay below 10 on these probes
EDGES = ("edge", "edge own", "edge chain")
WAYS = ("alone", "own", "chain", "again", *EDGES)
PARTNERS = {"course": "handrnn.course", "batch_first": "handrnn.course.batch_first"}
FORWARD_OF = {"cell_backward": "cell_forward", "backward": "forward"}
IN_BOTH = ("rnn_cell_forward", "softmax", "sigmoid")  # take the same arguments in both dialects
ELEMENTARY = ("softmax", "sigmoid")
SINGLE = ("float32", "np.single", "float16", "np.half")
# results of a step in the order in which they are computed; all others come as they are returned
UPSTREAM_FIRST = (
    *("cache.ft", "cache.it", "cache.cct", "c_next", "m_t", "cache.ot", "a_next", "a_t"),
    *("yt_pred", "y_t"),
)


@dataclass(frozen=True)
class Target:
    """A function of the submission that is one of the course's.

    `epsilon`: somewhere in the submission, a small number is added to a sum.
    """

    definition: loading.Definition
    function: dialects.Function
    call: dialects.Call
    notes: tuple[str, ...]
    epsilon: bool = False

    @property
    def name(self) -> str:
        """The name under which it is reported: the course's."""
        return self.function.name


@dataclass(frozen=True)
class Trial:
    """One run of a target on a probe, held against the textbook."""

    probe: probes.Probe
    outcome: runner.Outcome
    sent: Sequence[Any] = ()
    flat: dialects.Flat | None = None
    differences: tuple[compare.Difference, ...] = ()
    single: bool = False

    @property
    def returned(self) -> bool:
        """Whether there is something to compare."""
        return self.flat is not None

    @property
    def right(self) -> bool:
        """Whether all that was returned is right, and nothing is missing."""
        flat = self.flat
        return (
            flat is not None
            and not flat.problems
            and bool(self.differences)
            and all(d.passed for d in self.differences)
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the results that differ, those first that others are computed from."""
        names = [d.name for d in self.differences if not d.passed]
        first = [name for name in UPSTREAM_FIRST if name in names]
        return (*first, *(name for name in names if name not in first))


def judge(
    submission: loading.Submission,
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
    submission : loading.Submission
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
    targets = _targets(submission, wanted, dialect)
    drawn = [probes.draw(seed) for seed in SEEDS]
    steps = {target.name: _steps(target, targets, drawn) for target in targets}
    outcomes = {}
    for one in dialects.DIALECTS:
        of_one = [s for t in targets if t.function.dialect == one for s in steps[t.name]]
        outcomes |= _run(submission, one, of_one, seconds, live)
    sent = {step.id: step.arguments for many in steps.values() for step in many}
    trials = {
        target.name: {
            way: [
                _trial(
                    *(_at_the_edge(target) if way in EDGES else (target, probe)),
                    outcomes[key],
                    sent[key],
                )
                for k, probe in enumerate(drawn)
                if (key := _id(target, way, k)) in outcomes
            ]
            for way in WAYS
        }
        for target in targets
    }
    for target in targets:
        trials[target.name] = _with_own_caches(target, trials)
    functions: dict[str, report.FunctionReport] = {}
    for target in targets:
        judged = _judged(target, trials, submission, seconds, live)
        functions[target.name] = judged
    functions = _with_partners(functions, trials, targets) | _broken(submission, functions, wanted)
    if second_opinion and witness.available():
        functions = _witnessed(functions, targets, drawn[0])
    if live is None:
        functions |= _layers(submission, wanted, seconds)
    classes = {name.split(".")[0] for name in functions}
    for name in wanted:
        if name not in functions and name not in classes:
            functions[name] = report.FunctionReport(name, report.NOT_FOUND)
    return report.FileReport(
        str(submission.path or submission.name),
        functions,
        (*submission.problems, *_methods(submission)),
        tuple(submission.notes),
        versions={"handrnn": __version__, "numpy": np.__version__},
    )


def _layers(
    submission: loading.Submission, wanted: Sequence[str], seconds: float
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
    definition = _definition_of(fn, name)
    if dialects.recognise(definition, dialect) is None:
        names = ", ".join(dict.fromkeys(name for _, name in dialects.ALL))
        raise ValueError(f"{definition.name} is no course function: name= can be {names}")
    submission = loading.Submission(
        text=definition.source, definitions={definition.name: definition}
    )
    return judge(
        submission,
        seconds=seconds,
        live={definition.name: fn},
        dialect=dialect,
        second_opinion=second_opinion,
    )


def _definition_of(fn: Any, name: str | None) -> loading.Definition:
    """What `loading` would say of a function, were it in a file; what cannot be read is not."""
    theirs = getattr(fn, "__name__", type(fn).__name__)
    try:
        lines, line = inspect.getsourcelines(fn)
        source = textwrap.dedent("".join(lines))
        read = loading.from_text(source).definitions[theirs]
        return replace(read, name=name or theirs, line=line, end_line=line + len(lines) - 1)
    except (OSError, TypeError, KeyError):
        pass
    try:
        arguments = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        arguments = ()
    described = tuple((a.name, a.default is not a.empty) for a in arguments)
    return loading.Definition(name or theirs, "function", 1, 1, None, described, "", True)


def _broken(
    submission: loading.Submission,
    functions: dict[str, report.FunctionReport],
    wanted: Sequence[str],
) -> dict[str, report.FunctionReport]:
    """Reports of the course functions that do not parse."""
    reports = {}
    for theirs, problem in submission.broken.items():
        name = dialects.course_name(theirs)
        if name is not None and name not in functions and (not wanted or name in wanted):
            reports[name] = report.FunctionReport(name, report.CRASHED, where=problem)
    return reports


def _methods(submission: loading.Submission) -> list[str]:
    """Classes that hold course functions: what is in a class is not judged."""
    found = []
    for definition in submission.definitions.values():
        methods = re.findall(r"^\s+def (\w+)\(", definition.source, re.MULTILINE)
        names = {dialects.course_name(name) for name in methods} - {None, *ELEMENTARY}
        if definition.kind == "class" and names:
            found.append(
                f"class {definition.name} has methods named like course functions: not judged"
            )
    return found


def _targets(
    submission: loading.Submission, wanted: Sequence[str], dialect: str | None
) -> list[Target]:
    """The course functions of a submission, in the order of the course; exact names win."""
    found: dict[str, Target] = {}
    usual = dialect or _usual_dialect(submission)
    for definition in submission.definitions.values():
        unsure = dialects.course_name(definition.name) in IN_BOTH
        recognised = dialects.recognise(definition, usual if unsure else dialect)
        if recognised is None:
            continue
        name = recognised.function.name
        if name not in found or definition.name == name:
            found[name] = Target(
                definition, recognised.function, recognised.call, tuple(recognised.notes)
            )
    order = [name for _, name in dialects.ALL]
    chosen = [found[name] for name in dict.fromkeys(order) if name in found]
    if any(EPSILON.search(d.source) for d in submission.definitions.values()):
        chosen = [replace(target, epsilon=True) for target in chosen]
    if any(target.call.update_gate == "u" for target in chosen):
        chosen = [replace(t, call=replace(t.call, update_gate="u")) for t in chosen]
    return [target for target in chosen if not wanted or target.name in wanted]


def _usual_dialect(submission: loading.Submission) -> str | None:
    """The dialect of most functions whose arguments tell it; None if there are none."""
    recognised = [dialects.recognise(d) for d in submission.definitions.values()]
    told = [r.function.dialect for r in recognised if r and r.function.name not in IN_BOTH]
    return max(dialects.DIALECTS, key=told.count) if told else None


def _id(target: Target, way: str, k: int) -> str:
    return f"{target.name}/{way}/{k}"


def _steps(
    target: Target, targets: Sequence[Target], drawn: Sequence[probes.Probe]
) -> list[runner.Step]:
    """All runs of one target. Chains come after the forward functions that they build on."""
    if not target.definition.filled:
        return []
    forward = _partner_of(target, targets)
    steps = []
    for k, probe in enumerate(drawn):
        arguments = target.function.arguments(probe, target.call)
        for way, partners in (("alone", "correct"), ("own", "own")):
            steps.append(
                runner.Step(
                    _id(target, way, k),
                    target.definition.name,
                    arguments,
                    partners=partners,
                    keep=way == "own" and target.function.kind in FORWARD_OF.values(),
                )
            )
        if forward is not None:
            chained = _on_caches_of(_id(forward, "own", k), target, arguments)
            steps.append(
                runner.Step(
                    _id(target, "chain", k), target.definition.name, chained, partners="own"
                )
            )
    first, second = (target.function.arguments(probe, target.call) for probe in drawn)
    again = runner.Step(
        _id(target, "again", len(drawn) - 1),
        target.definition.name,
        second,
        partners="correct",
        before=first,
    )
    return [*steps, again, *_edge_steps(target, forward)]


def _edge_steps(target: Target, forward: Target | None) -> list[runner.Step]:
    """The same ways on the rare input: alone, with its own functions, on its own caches."""
    if not _has_edge(target):
        return []
    edge, probe = _at_the_edge(target)
    name = target.definition.name
    given = edge.function.arguments(probe, target.call)
    steps = [runner.Step(_id(target, "edge", 0), name, given, partners="correct")]
    if target.function.kind == "backward":
        steps.append(runner.Step(_id(target, "edge own", 0), name, given, partners="own"))
    if forward is not None:
        source = _id(target, "edge forward", 0)
        arguments = forward.function.arguments(probe, forward.call)
        chained = _on_caches_of(source, target, given)
        steps += [
            runner.Step(source, forward.definition.name, arguments, partners="own", keep=True),
            runner.Step(_id(target, "edge chain", 0), name, chained, partners="own"),
        ]
    return steps


def _on_caches_of(source: str, target: Target, arguments: Sequence[Any]) -> list[Any]:
    """Arguments with the caches that a step returned in the place of the documented ones."""
    caches = runner.Ref(source, (-1,))
    return [
        caches if name in ("cache", "caches") else value
        for name, value in zip(target.call.order, arguments, strict=True)
    ]


def _has_edge(target: Target) -> bool:
    """Whether there is a rare input on which a right function may fail: worth a note, no more."""
    function = target.function
    if function.kind in FORWARD_OF.values():
        return "exp(" in target.definition.source  # a softmax of its own, it may be
    return (function.dialect, function.name) in dialects.FAR or function.kind == "backward"


def _at_the_edge(target: Target) -> tuple[Target, probes.Probe]:
    """Where exp overflows; for BPTT, a da that is shorter than the caches."""
    near = probes.draw(SEEDS[0])
    far = dialects.FAR.get((target.function.dialect, target.name))
    if far is not None:
        return replace(target, function=far), near
    if target.function.kind == "backward":
        return target, probes.draw(SEEDS[0], T=7, T_back=4)
    far_out = {cell: {**p, "by": p["by"] + FAR_OUT} for cell, p in near.parameters.items()}
    return target, replace(near, parameters=far_out)


def _edge_note(target: Target, tried: Sequence[Trial]) -> tuple[str, ...]:
    """What happens on that input, whichever way it is run."""
    in_reason = _finite if target.function.kind in FORWARD_OF.values() else _right
    if not tried or any(in_reason(trial) for trial in tried):
        return ()
    if target.function.kind != "backward":
        if re.search(r"(?<!soft)max(imum)?\(", target.definition.source):
            return ("warning: one maximum for all examples: where exp underflows it returns nan",)
        return ("warning: no maximum is subtracted: where exp overflows it returns nan or inf",)
    return ("it does not take T from da: a da of fewer steps than the forward pass fails",)


def _right(trial: Trial) -> bool:
    return trial.right


def _finite(trial: Trial) -> bool:
    """Whether it returned numbers: so far out, rounding takes most of their digits."""
    return trial.returned and not any(d.problem for d in trial.differences)


def _company_note(
    target: Target, ways: dict[str, list[Trial]], chosen: Sequence[Trial]
) -> tuple[str, ...]:
    """Which of the submission's own functions a right one needs."""
    if chosen is ways["chain"]:
        return ("reads the caches of your own forward function, not those of the course",)
    if chosen is ways["own"] and _calls_its_cell(target) and not _all_right(ways["alone"]):
        return (f"right with your own {_cell_of(target)}, not with the course's",)
    return ()


def _partner_of(target: Target, targets: Sequence[Target]) -> Target | None:
    """The submission's own forward function, whose caches a backward function takes."""
    if target.function.dialect != "course" or target.function.kind not in FORWARD_OF:
        return None
    wanted = (target.function.cell, FORWARD_OF[target.function.kind])
    for other in targets:
        if (other.function.cell, other.function.kind) == wanted and other.definition.filled:
            return other
    return None


def _run(
    submission: loading.Submission,
    dialect: str,
    steps: list[runner.Step],
    seconds: float,
    live: Any,
) -> dict[str, runner.Outcome]:
    if not steps:
        return {}
    partners = PARTNERS[dialect]
    if live is not None:
        return runner.run_live(live, steps, seconds=seconds, correct_partners=partners)
    return runner.run(submission, steps, seconds=seconds, correct_partners=partners)


def _trial(target: Target, probe: probes.Probe, outcome: Any, sent: Sequence[Any]) -> Trial:
    """What came back, held against the textbook."""
    if outcome.status != "returned":
        return Trial(probe, outcome, sent)
    flat = target.function.flatten(outcome.value, probe)
    expected = target.function.expected(probe)
    lenient = any(word in target.definition.source for word in SINGLE)
    lenient |= any(array.dtype == np.float32 for array in flat.outputs.values())
    differences = []
    single = False
    for name, reference in expected.items():
        if name not in flat.outputs:
            continue
        found, imprecise = _difference(target, name, flat.outputs[name], reference, lenient)
        differences.append(found)
        single |= imprecise
    return Trial(probe, outcome, sent, flat, tuple(differences), single)


def _difference(
    target: Target, name: str, ours: np.ndarray, reference: np.ndarray, lenient: bool
) -> tuple[compare.Difference, bool]:
    """One result against its reference; and whether it has single precision only.

    A result in float64 of a function that says float32 somewhere, or that has another result in
    float32, was computed in float32.
    """
    if ours.shape != reference.shape:
        return compare.Difference(
            name, f"has the shape {ours.shape}, {reference.shape} is right"
        ), False
    if not np.all(np.isfinite(ours)):
        count = np.count_nonzero(~np.isfinite(ours))
        return compare.Difference(name, f"{count} of {ours.size} values are not finite"), False
    single = ours.dtype == np.float32
    unit = compare.unit_roundoff(np.float32 if single else np.float64)
    layout = target.function.layout(name)
    if layout.axes == ("unit", "example") and name.startswith("db"):  # a column: no examples
        ours, reference, layout = ours[:, 0], reference[:, 0], replace(layout, axes=("unit",))
    found = compare.locate(name, ours, reference, layout, budget=BUDGET * unit)
    if not found.passed and target.epsilon and name in PREDICTIONS and found.error < SLACK:
        return replace(found, budget=SLACK), single
    if not found.passed and lenient and not single:
        unit = compare.unit_roundoff(np.float32)
        rough = compare.locate(name, ours, reference, layout, budget=BUDGET * unit)
        if rough.passed:
            return replace(rough, units=rough.error / unit), True
    return found, single


def _judged(
    target: Target,
    trials: dict[str, dict[str, list[Trial]]],
    submission: loading.Submission,
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
        source=_first_line(definition.source),
        notes=target.notes,
    )
    if not definition.filled:
        return replace(base, where=_gaps(definition.source))
    ways = trials[target.name]
    right_cell = _calls_its_cell(target) and _right_alone(_cell_of(target), trials)
    chosen = _deciding(ways, right_cell)
    first = chosen[0]
    base = replace(
        base,
        seconds=sum(trial.outcome.seconds for way in ways.values() for trial in way),
        output=first.outcome.stdout,
        notes=base.notes + _notes(chosen),
        tensors=_tensors(target, chosen),
    )
    if not all(trial.returned for trial in chosen):
        return _stopped(target, base, chosen, submission, seconds, live)
    named = _damage(target, chosen)
    if all(trial.right for trial in chosen):
        at_the_edge = [trial for way in EDGES for trial in ways[way]]
        base = replace(base, notes=base.notes + _edge_note(target, at_the_edge))
        base = replace(base, notes=base.notes + _company_note(target, ways, chosen))
        named += _kept_state(ways) + _unusable_caches(target, trials)
        return _harmful(target, base, named)
    if _empty(chosen):
        where = _nothing(first, definition.source)
        return replace(base, verdict=report.NOT_FILLED_IN, where=where)
    own = _own(target)
    named = named + explain.explain(
        target.function,
        _cases(chosen),
        without_cell=_calls_its_cell(target) and (right_cell or chosen is ways["alone"]),
        own=own,
    )
    line, source = own.find(named, first.wrong)
    return replace(
        base,
        verdict=report.FAIL,
        mistakes=named,
        where=_where(first),
        line=line,
        source=source,
    )


def _gaps(source: str) -> str:
    """What a template has left open, in words."""
    names = re.findall(r"^\s*(\w[\w\[\]:, \"']*?)\s*=\s*None\b", source, re.MULTILINE)
    if not names:
        return "there is nothing in it yet"
    listed = ", ".join(dict.fromkeys(names))
    return f"{listed} {'are' if len(names) > 1 else 'is'} None"


def _nothing(trial: Trial, source: str) -> str:
    """What a function returns that returns None, or None in parts."""
    problems = trial.flat.problems if trial.flat is not None else []
    parts = [text for text in problems if text.endswith(" is None")]
    lost = "" if "return" in source else ": there is no return in it"
    return ", ".join(parts) or "it returns None" + lost


def _harmful(
    target: Target, base: report.FunctionReport, named: tuple[report.Named, ...]
) -> report.FunctionReport:
    """The report of a function whose results are right, whatever else it does."""
    if not named:
        return replace(base, verdict=report.PASS, line=None, cell=None, source="")
    line, source = _own(target).find(named, ())
    where = "its results are right, but " + "; ".join(mistake.proof for mistake in named)
    return replace(base, verdict=report.FAIL, mistakes=named, where=where, line=line, source=source)


def _cases(trials: Sequence[Trial]) -> list[explain.Case]:
    """What `explain` takes of each trial that returned."""
    return [(t.probe, t.flat, t.wrong) for t in trials if t.flat is not None]


def _own(target: Target) -> lines.Lines:
    """The lines of a function, read in the course's notation."""
    return lines.Lines(target.definition, target.function, target.call.order)


def _deciding(ways: dict[str, list[Trial]], right_cell: bool) -> list[Trial]:
    """The trials that the verdict rests on: alone, if the function can be run so.

    A function that only works with the submission's own cells and caches (other names, another
    order) is judged with them; so is a wrong one whose own cell is right, for the course's cell
    copies what it keeps, which hides what is changed later.
    """
    alone, own, chain = (ways[way] for way in ("alone", "own", "chain"))
    if all(t.right for t in alone):
        return alone
    private = any(t.outcome.status != "returned" for t in alone) or any(
        t.flat is not None and t.flat.problems for t in alone
    )
    if chain and all(t.right for t in chain) and _reads_other_caches(alone, chain):
        return chain
    if private and all(t.returned for t in own):
        return own
    if private and chain and all(t.returned for t in chain):
        return chain
    return own if right_cell and all(t.returned for t in own) else alone


def _cell_of(target: Target) -> str:
    """The name of the function of one step that a sequence function calls."""
    return f"{target.function.cell}_cell_{target.function.kind}"


def _right_alone(name: str, trials: dict[str, dict[str, list[Trial]]]) -> bool:
    """Whether the submission has this function and its numbers are right, in whatever order."""
    alone = trials[name]["alone"] if name in trials else []
    return bool(alone) and all(trial.differences and not trial.wrong for trial in alone)


def _calls_its_cell(target: Target) -> bool:
    """Whether a sequence function leaves its equations to the function of a step."""
    kind = target.function.kind
    return kind in ("forward", "backward") and f"cell_{kind}" in target.definition.source


def _reads_other_caches(alone: Sequence[Trial], chain: Sequence[Trial]) -> bool:
    """Whether documented caches mislead a function that is right on its own."""
    return bool(chain) and not all(t.right for t in alone)


def _notes(chosen: Sequence[Trial]) -> tuple[str, ...]:
    """What is different and harmless."""
    first = chosen[0]
    notes = list(first.flat.notes) if first.flat is not None else []
    if first.single:
        notes.append("it computes in float32: right to single precision")
    for d in first.differences:
        if d.passed and d.budget == SLACK:
            notes.append(f"an epsilon in the denominator puts {d.name} off by {d.error:.0e}")
    notes += [f"warning: {text}" for text in dict.fromkeys(first.outcome.warnings)]
    return tuple(notes)


def _tensors(target: Target, chosen: Sequence[Trial]) -> tuple[report.Tensor, ...]:
    """Every result that was compared, at its worst over the probes."""
    worst: dict[str, report.Tensor] = {}
    for trial in chosen:
        for d in trial.differences:
            tensor = report.Tensor(
                d.name, d.error, d.units, d.share, d.problem or "", _profile(target, trial, d)
            )
            known = worst.get(d.name)
            if known is None or tensor.problem or tensor.share > known.share:
                worst[d.name] = tensor
    return tuple(worst.values())


def _profile(
    target: Target, trial: Trial, difference: compare.Difference
) -> dict[str, list[float]]:
    """What a picture shows of a wrong result."""
    if difference.passed or difference.problem or trial.flat is None:
        return {}
    name = difference.name
    reference = target.function.expected(trial.probe)[name]
    return report.profile(trial.flat.outputs[name], reference, target.function.layout(name))


def _damage(target: Target, chosen: Sequence[Trial]) -> tuple[report.Named, ...]:
    """Mistakes that leave the results alone: arguments changed, globals read."""
    named = []
    own = _own(target)
    first = chosen[0].outcome
    if first.globals_read:
        names = ", ".join(first.globals_read)
        named.append(
            report.Named(
                "reads-global",
                f"It reads {names} from outside instead of taking it from its arguments: with"
                " another network, or another notebook, it computes with the wrong numbers.",
                f"no argument gives {names}"
                + ("; judged with " if first.supplied else "")
                + ", ".join(f"{k} = {v}" for k, v in first.supplied.items()),
                own.using(first.globals_read),
            )
        )
    changed = explain.changed_arguments(chosen[0], target.call.order)
    if changed:
        names = ", ".join(changed)
        upstream = any(name.startswith(("da", "dc")) for name in changed)
        named.append(
            report.Named(
                "upstream-in-place" if upstream else "argument-in-place",
                f"It changes its argument {names} in place, so whoever calls it goes on with other"
                " numbers.",
                f"{names} before and after the call are not the same",
                own.changing(changed),
            )
        )
    return tuple(named)


def _read_well(target: Target, trials: dict[str, dict[str, list[Trial]]]) -> bool:
    """Whether the submission's own backward function is right on the caches of this one."""
    cell = target.function.cell
    names = [target.name.replace("forward", "backward")]
    names += [f"{cell}_backward", f"{cell}_cell_backward"]
    chains = [trials[name]["chain"] for name in names if name in trials]
    return _all_right(next((chain for chain in chains if chain), []))


def _all_right(tried: Sequence[Trial]) -> bool:
    return bool(tried) and all(trial.right for trial in tried)


def _with_own_caches(
    target: Target, trials: dict[str, dict[str, list[Trial]]]
) -> dict[str, list[Trial]]:
    """The trials of a forward function, its caches judged by what reads them, if that is right."""
    ways = trials[target.name]
    if target.function.kind not in FORWARD_OF.values() or not _read_well(target, trials):
        return ways
    return {way: [_excused(trial) for trial in tried] for way, tried in ways.items()}


def _excused(trial: Trial) -> Trial:
    """A trial with a note in the place of entries of the caches that are not the course's."""
    others = [name for name in trial.wrong if name.startswith("cache")]
    if trial.flat is None or not others or len(others) < len(trial.wrong):
        return trial
    note = f"{', '.join(others)}: not the course's, and right for your own backward function"
    flat = replace(trial.flat, notes=[*trial.flat.notes, note])
    kept = tuple(d for d in trial.differences if d.passed)
    return replace(trial, flat=flat, differences=kept)


def _kept_state(ways: dict[str, list[Trial]]) -> tuple[report.Named, ...]:
    """What a first call leaves behind, if the second one in the same program goes wrong by it."""
    if not ways["again"] or not all(trial.right for trial in ways["alone"]):
        return ()
    fresh, second = ways["alone"][-1], ways["again"][-1]
    if second.flat is None:
        wrong = [str(second.outcome.error)]
    else:
        lost = [d.name for d in fresh.differences if d.name not in second.flat.outputs]
        wrong = [*second.flat.problems, *second.wrong, *lost]
    if not wrong:
        return ()
    return (
        report.Named(
            "keeps-state",
            "What one call keeps, in a global or in a default argument that is a list or a dict,"
            " is still there in the next one: it is right once only.",
            f"called twice, with other numbers, the second time it is wrong: {', '.join(wrong)}",
        ),
    )


def _unusable_caches(
    target: Target, trials: dict[str, dict[str, list[Trial]]]
) -> tuple[report.Named, ...]:
    """Caches without one entry a step, unless the submission's own backward function reads them."""
    entry = catalogue.detected(target.name, "caches")
    first = next(iter(trials[target.name]["own"]), None)
    if entry is None or first is None or first.flat is None or not first.flat.suspects:
        return ()
    if _read_well(target, trials):
        return ()
    notes = [note for note in first.flat.notes if "cache" in note]
    if target.function.kind == "cell_forward":
        proof = "; ".join(note for note in notes if " hold" in note and " no " in note)
        why = "The cache does not hold what the backward function takes from it."
        return (report.Named(entry.id, why, proof),)
    return (report.Named(entry.id, entry.why, "; ".join(notes), entry.wrong, entry.right),)


def _empty(chosen: Sequence[Trial]) -> bool:
    value = chosen[0].outcome.value
    return value is None or (
        isinstance(value, tuple | list) and bool(value) and any(part is None for part in value)
    )


def _where(trial: Trial) -> str:
    """Which results are wrong, and the first place."""
    assert trial.flat is not None
    words = list(trial.flat.problems)
    wrong = trial.wrong
    right = [d.name for d in trial.differences if d.passed]
    if any(trial.flat.outputs[name].dtype == np.float16 for name in wrong):
        words.append("float16 holds three digits only")
    if wrong:
        first = next(d for d in trial.differences if d.name == wrong[0])
        said = any(text.startswith(f"{first.name} has shape") for text in words)
        words += [*_gate(wrong, right), *([] if said else [str(first)])]
    if wrong and len(trial.differences) > 1:
        count, others = len(wrong), ", ".join(wrong[1:])
        words.append(
            f"{count} of {len(trial.differences)} results {'is' if count == 1 else 'are'} wrong"
            + (f": also {others}" if others else "")
            + (f"; right: {', '.join(right)}" if right else "")
        )
    return "; ".join(words)


def _gate(wrong: Sequence[str], right: Sequence[str]) -> list[str]:
    """The one gate whose gradients are wrong while those of the others are right, in words."""
    weights = [
        {name[2:].strip("_") for name in names if name[:2] in ("dW", "db")}
        for names in (wrong, right)
    ]
    gates = weights[0] - weights[1]
    if len(gates) != 1 or not gates <= set("ficoum"):
        return []
    return [f"only gate {gates.pop()} of the gates"]


def _stopped(
    target: Target,
    base: report.FunctionReport,
    chosen: Sequence[Trial],
    submission: loading.Submission,
    seconds: float,
    live: Any,
) -> report.FunctionReport:
    """The report of a function that did not return."""
    trial = next(trial for trial in chosen if not trial.returned)
    outcome = trial.outcome
    if outcome.status == "timed out":
        text = f"it did not return within {seconds:g} s"
        return replace(base, verdict=report.TIMED_OUT, where=text)
    if outcome.error is None:
        return replace(base, verdict=report.CRASHED, where="its process ended without an answer")
    line = outcome.error.line or target.definition.line
    frames = outcome.error.frames
    crashed = replace(
        base,
        verdict=report.CRASHED,
        where=f"{outcome.error.type}: {outcome.error.message}",
        line=line,
        cell=frames[-1].cell if frames else target.definition.cell,
        source=_own(target).text(line) or _line(submission, frames),
        mistakes=_damage(target, [trial]),
    )
    return replace(crashed, mistakes=crashed.mistakes + _square(target, submission, seconds, live))


def _line(submission: loading.Submission, frames: Sequence[runner.Frame]) -> str:
    """The text of the innermost line that a failure passed through."""
    for piece in submission.pieces:
        if frames and piece.cell == frames[-1].cell:
            return piece.source.split("\n")[frames[-1].line - piece.first_line].strip()
    return ""


def _square(
    target: Target, submission: loading.Submission, seconds: float, live: Any
) -> tuple[report.Named, ...]:
    """What it is that raises unless all matrices are square."""
    drawn = [probes.draw(seed, square=True) for seed in SEEDS]
    steps = [
        runner.Step(
            _id(target, "square", k),
            target.definition.name,
            target.function.arguments(probe, target.call),
            partners="correct",
            keep=False,
        )
        for k, probe in enumerate(drawn)
    ]
    outcomes = _run(submission, target.function.dialect, steps, seconds, live)
    trials = [
        _trial(target, probe, outcomes[_id(target, "square", k)], ())
        for k, probe in enumerate(drawn)
    ]
    if not all(trial.returned for trial in trials) or all(trial.right for trial in trials):
        return ()
    found = explain.explain(target.function, _cases(trials))
    return tuple(named for named in found if named.id != "unexplained")


def _with_partners(
    functions: dict[str, report.FunctionReport],
    trials: dict[str, dict[str, list[Trial]]],
    targets: Sequence[Target],
) -> dict[str, report.FunctionReport]:
    """Say of a right function that the submission's other functions spoil its results."""
    result = dict(functions)
    target_of = {target.name: target for target in targets}
    for name, judged in functions.items():
        if not judged.passed:
            continue
        own, chain = trials[name]["own"], trials[name]["chain"]
        # what is right on its own caches needs no others, which its own functions may not read
        for way, tried in () if _all_right(chain) else (("own", own), ("chain", chain)):
            if tried and not _all_right(tried):
                result[name] = _spoilt(target_of[name], judged, way, tried, result)
                break
    return result


def _spoilt(
    target: Target,
    judged: report.FunctionReport,
    way: str,
    tried: Sequence[Trial],
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
        known = explain.explain(target.function, _cases(tried), own=_own(target))
        if known[0].id != "unexplained":
            line, source = _own(target).find(known, trial.wrong)
            return replace(
                judged,
                verdict=report.FAIL,
                mistakes=known,
                where=f"{company}: {_where(trial)}",
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
    functions: dict[str, report.FunctionReport], targets: Sequence[Target], probe: probes.Probe
) -> dict[str, report.FunctionReport]:
    """The second opinion on the reference of each cell that was judged."""
    cell_of = {target.name: target.function.cell for target in targets}
    opinion = {cell: witness.confirm(probe, cell) for cell in set(cell_of.values()) if cell}
    return {
        name: replace(f, witness=opinion.get(cell_of.get(name, ""), ""))
        for name, f in functions.items()
    }


def _first_line(source: str) -> str:
    return source.strip().splitlines()[0] if source.strip() else ""
