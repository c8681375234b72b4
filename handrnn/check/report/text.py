"""Reports for a terminal: one of them, or many on one screen."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from . import data, said

MARKS = {
    data.PASS: "ok",
    data.ILL_CONDITIONED: "ill",
    data.CRASHED: "crash",
    data.TIMED_OUT: "time",
    data.NOT_FILLED_IN: "empty",
    data.NOT_BY_HAND: "lib",
    data.NOT_FOUND: "-",
}


def render(reports: data.Reports) -> str:
    """The report of the only file, or the overview."""
    return (file(reports.files[0]) if len(reports.files) == 1 else overview(reports)) + "\n"


def file(report: data.FileReport) -> str:
    """The report of one file: what is wrong first, then what is right, then what was not judged."""
    right = [line for f in report.functions.values() if f.passed for line in _function(f)]
    left = [line for one in report.not_judged for line in _not_judged(one)]
    blocks = [[report.headline()], *map(_function, report.wrong), right, left]
    text = "\n\n".join("\n".join(lines) for lines in blocks if lines)
    ends = [f"{label}: {end}" for label, end in (*said.of_file(report), *said.legend(text))]
    return "\n".join([text, *ends])


def beside_functions(report: data.FileReport) -> str:
    """What the report of a file holds besides its functions."""
    left = [line for one in report.not_judged for line in _not_judged(one)]
    ends = [f"{label}: {end}" for label, end in said.of_file(report)]
    return "\n".join([report.headline(), *left, *ends])


def function(report: data.FunctionReport) -> str:
    """The report of one function."""
    return "\n".join(_function(report))


def _function(f: data.FunctionReport) -> list[str]:
    score = f"  ({f.score})" if f.score else ""
    lines = [f"{f.verdict:<15}{said.title(f)}{score}{_margin(f)}"]
    for label, words in said.of_function(f):
        if label in ("-", "+"):
            first = not any(line.startswith("    fix") for line in lines)
            place, _, code = words.partition("  ")
            lines.append(f"    {'fix' if first else '':<10}{place}  {label} {code}")
        elif label in ("not", "write"):
            lines += _wrapped("", f"{label:<7}{words}")
        else:
            lines += _wrapped(label, words)
    return lines


def _margin(f: data.FunctionReport) -> str:
    """How much of the budget of rounding the worst quantity used."""
    worst = max((t for t in f.tensors if not t.problem), key=lambda t: t.share, default=None)
    if worst is None or not f.passed or not worst.share or f.dialect == data.OWN_LOSS:
        return ""
    return f"  (rounding: {worst.units:.2g} u of {worst.units / worst.share:.0f})"


def _not_judged(one: data.NotJudged) -> list[str]:
    """What was seen and not judged, and the command that would judge it."""
    where = f" ({one.place})" if one.place else ""
    lines = _wrapped("", f"{one.name}{where}: {one.why}")
    lines[0] = f"{'not judged':<15}{lines[0].strip()}"
    return [*lines, *([f"    {'try':<10}{one.command}"] if one.command else [])]


def _wrapped(label: str, text: str) -> list[str]:
    start = f"    {label:<10}"
    return textwrap.wrap(text, 100, initial_indent=start, subsequent_indent=" " * 14) or [start]


def overview(reports: data.Reports) -> str:
    """Many files on one screen: who, and the verdict on each function; totals below."""
    names = reports.columns()
    heads = _short(names)
    labels = _labels(reports)
    width = min(40, max(map(len, labels), default=0))

    def row(who: str, cells: Sequence[object], end: str = "") -> str:
        who = who if len(who) <= width else f"...{who[3 - width :]}"
        columns = [f"{cell!s:<{max(5, len(h))}}" for cell, h in zip(cells, heads, strict=False)]
        return "  ".join([f"{who:<{width}}", *columns, *([end] if end else [])]).rstrip()

    lines = [row("", heads)]
    for label, file in zip(labels, reports.files, strict=True):
        if not file.functions:
            lines.append(row(label, (), file.problems[0] if file.problems else file.summary()))
            continue
        judged = [file.functions.get(name) for name in names]
        marks = [MARKS.get(f.verdict, f.verdict) if f else "-" for f in judged]
        ends = [f"{file.score}"] if file.graded else []
        ends += [] if file.recurrent else ["nothing recurrent"]
        absent = all(f.verdict == data.NOT_FOUND for f in file.functions.values())
        ends += file.problems[:1] if absent else []
        lines.append(row(label, marks, ", ".join(ends)))
    right = [sum(n in r.functions and r.functions[n].passed for r in reports.files) for n in names]
    return "\n".join([*lines, row("right", right), "", *_totals(reports)])


def _labels(reports: data.Reports) -> list[str]:
    """Whose each file is; the path of one who has several, or where nobody is known."""
    count = Counter(file.student for file in reports.files)
    return [
        file.student if file.student and count[file.student] == 1 else file.path
        for file in reports.files
    ]


def _short(names: Sequence[str]) -> list[str]:
    """lstm_cell_backward as lstm_cell_bwd, to save room where there are several."""
    if len(names) < 4:
        return list(names)
    return [name.replace("forward", "fwd").replace("backward", "bwd") for name in names]


def _totals(reports: data.Reports) -> Iterator[str]:
    functions = [f for file in reports.files for f in file.functions.values()]
    verdicts = Counter(f.verdict for f in functions)
    counts = [f"{verdicts[v]} {v}" for v in data.VERDICTS if v in verdicts]
    left = sum(len(file.not_judged) for file in reports.files)
    counts += [f"{left} {data.NOT_JUDGED}"] if left else []
    yield f"{reports.headline()} ({', '.join(counts)})"
    ids = Counter(
        id for file in reports.files for id in {m.id: 0 for f in file.wrong for m in f.mistakes}
    )
    if ids:
        yield "most frequent: " + ", ".join(f"{id} ({n})" for id, n in ids.most_common(5))
