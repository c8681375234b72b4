"""The reports as HTML: a fragment for a notebook, or one page that needs nothing from outside.

For each wrong function there is a picture of its errors: a row a quantity, a column a time step,
and what has no time (gradients by weights) beside it. The colour, and the number in each cell, is
the power of ten of the error relative to the quantity's largest value.

Whatever comes from a submission is text of a stranger: all of it is escaped, and the page forbids
scripts and anything from elsewhere.
"""

import html
import math
from collections.abc import Iterator, Sequence

from . import report

MOST_COLUMNS = 48  # of time: beyond, neighbouring steps share one
MOST_NUMBERED = 16  # columns that leave room for a number in each cell
LEVELS = (-13, -10, -7, -5, -3, -1)  # powers of ten between the colours
LABEL, ROW, GAP, HEAD = 130, 22, 14, 20  # pixels

LIGHT = """--ink: #1d1d1f; --soft: #62626a; --line: #d9d9de; --paper: #ffffff; --panel: #f6f6f8;
  --right: #1a7f45; --wrong: #b3261e; --other: #8a5a00; --minus: #fdecea; --plus: #e8f5ec;
  --e0: #efeff2; --e1: #fbe9c6; --e2: #f9d08b; --e3: #f4a957; --e4: #e57b33; --e5: #c94a24;
  --e6: #96201d; --t0: #62626a; --t1: #1d1d1f; --t5: #ffffff;"""
DARK = """--ink: #ececf0; --soft: #a2a2ac; --line: #3c3c44; --paper: #17171a; --panel: #212126;
  --right: #5fd08c; --wrong: #ff8a80; --other: #f0bf5c; --minus: #40201e; --plus: #17341f;
  --e0: #2b2b31; --e1: #4a2d1c; --e2: #6e3a1b; --e3: #9c4c1c; --e4: #cf6a24; --e5: #f29b4b;
  --e6: #ffd9a0; --t0: #a2a2ac; --t1: #ffffff; --t5: #1d1d1f;"""
# notebooks have a theme of their own, which need not be that of the system
THEMES = f"""
.handrnn {{ {LIGHT} }}
@media (prefers-color-scheme: dark) {{ .handrnn {{ {DARK} }} }}
[data-jp-theme-light="true"] .handrnn, .vscode-light .handrnn {{ {LIGHT} }}
[data-jp-theme-light="false"] .handrnn, .vscode-dark .handrnn {{ {DARK} }}
"""
RULES = """
.handrnn { color: var(--ink); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
body.handrnn { background: var(--paper); margin: 0 auto; padding: 1.5rem; max-width: 62rem; }
.handrnn h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
.handrnn h2 { font-size: 1.2rem; margin: 2rem 0 .3rem; border-top: 1px solid var(--line);
  padding-top: 1rem; }
.handrnn h3 { font-size: 1.02rem; margin: 1.4rem 0 .3rem; }
.handrnn p { margin: .35rem 0; }
.handrnn table { border-collapse: collapse; margin: .6rem 0; font-size: .93em; }
.handrnn .wide { overflow-x: auto; }
.handrnn th, .handrnn td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); color: inherit; background: none; }
.handrnn th { color: var(--soft); font-weight: 600; }
.handrnn .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.handrnn .verdict { font-weight: 700; white-space: nowrap; }
.handrnn .pass { color: var(--right); } .handrnn .fail { color: var(--wrong); }
.handrnn .other { color: var(--other); } .handrnn .soft { color: var(--soft); }
.handrnn code, .handrnn pre { font: .92em/1.45 ui-monospace, monospace; }
.handrnn pre { background: var(--panel); color: inherit; padding: .5rem .7rem; margin: .4rem 0;
  overflow-x: auto; border-radius: 4px; }
.handrnn pre span { display: block; }
.handrnn .minus { background: var(--minus); } .handrnn .plus { background: var(--plus); }
.handrnn a { color: inherit; }
.handrnn svg { display: block; margin: .5rem 0; max-width: 100%; height: auto; }
.handrnn svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.handrnn svg .small { font-size: 11px; fill: var(--soft); }
.handrnn svg .in { text-anchor: middle; font-size: 11px; fill: var(--t1); }
.handrnn svg .in0 { fill: var(--t0); } .handrnn svg .in5, .handrnn svg .in6 { fill: var(--t5); }
"""
STYLE = (
    THEMES
    + RULES
    + "".join(f".handrnn svg .e{k} {{ fill: var(--e{k}); }}\n" for k in range(len(LEVELS) + 1))
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(reports: Sequence[report.FileReport]) -> str:
    """One self-contained HTML file: a table of all files, then each of them."""
    right = sum(r.passed for r in reports)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>handrnn check: {right} of {len(reports)} files right</title>",
        f'<style>{STYLE}</style></head><body class="handrnn">',
        "<h1>handrnn check</h1>",
    ]
    if len(reports) != 1:
        parts += [f"<p>{right} of {len(reports)} files right</p>", *_overview(reports)]
    for k, file in enumerate(reports):
        parts += [f'<section id="file{k}">', *_file(file), "</section>"]
    return "\n".join([*parts, "</body></html>", ""])


def fragment(file: report.FileReport) -> str:
    """The report of one file, to stand within a page such as a notebook."""
    return "\n".join([f"<style>{STYLE}</style>", '<div class="handrnn">', *_file(file), "</div>"])


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)


def _verdict(verdict: str) -> str:
    kind = {report.PASS: "pass", report.FAIL: "fail"}.get(verdict, "other")
    mark = {"pass": "✓", "fail": "✗", "other": "!"}[kind]
    return f'<span class="verdict {kind}">{mark} {_text(verdict)}</span>'


def _overview(reports: Sequence[report.FileReport]) -> Iterator[str]:
    """Who, and the verdict on each function."""
    names = report.columns(reports)
    yield '<div class="wide"><table><thead><tr><th>file</th>'
    yield "".join(f"<th>{_text(name)}</th>" for name in names)
    yield "</tr></thead><tbody>"
    for k, file in enumerate(reports):
        yield f'<tr><td><a href="#file{k}">{_text(file.path)}</a></td>'
        for name in names:
            function = file.functions.get(name)
            yield f"<td>{_verdict(function.verdict) if function else '-'}</td>"
        yield "</tr>"
    yield "</tbody></table></div>"


def _file(file: report.FileReport) -> Iterator[str]:
    yield f"<h2>{_text(file.headline())}</h2>"
    if file.functions:
        yield '<div class="wide"><table><thead><tr><th>verdict</th><th>function</th><th>place</th>'
        yield "<th>what</th></tr></thead><tbody>"
        for function in file.functions.values():
            yield f"<tr><td>{_verdict(function.verdict)}</td><td>{_text(function.name)}</td>"
            yield f"<td>{_text(_place(function))}</td><td>{_in_short(function)}</td></tr>"
        yield "</tbody></table></div>"
    for problem in file.problems:
        yield f'<p class="other">problem: {_text(problem)}</p>'
    for note in file.notes:
        yield f'<p class="soft">note: {_text(note)}</p>'
    for function in file.functions.values():
        if not function.passed:
            yield from _wrong(function)
    if file.versions:
        versions = ", ".join(f"{name} {version}" for name, version in file.versions.items())
        yield f'<p class="soft">{_text(versions)}</p>'


def _place(function: report.FunctionReport) -> str:
    if function.line is None:
        return ""
    cell = "" if function.cell is None else f"cell {function.cell}, "
    return f"{cell}line {function.line}"


def _in_short(function: report.FunctionReport) -> str:
    if function.mistakes:
        return _text(", ".join(mistake.id for mistake in function.mistakes))
    return "<br>".join(_text(note) for note in function.notes)


def _wrong(function: report.FunctionReport) -> Iterator[str]:
    """All about one function that did not pass, as far as the hint allows."""
    if not (function.mistakes or function.where or function.tensors or function.notes):
        return
    yield f"<h3>{_verdict(function.verdict)} {_text(function.name)}</h3>"
    for mistake in function.mistakes:
        yield f"<p><b>{_text(mistake.id)}</b>: {_text(mistake.explanation)}</p>"
        if mistake.wrong or mistake.right:
            yield (
                "<pre>"
                + "".join(
                    f'<span class="{kind}">{sign} {_text(line)}</span>'
                    for kind, sign, line in (
                        ("minus", "-", mistake.wrong),
                        ("plus", "+", mistake.right),
                    )
                    if line
                )
                + "</pre>"
            )
        if mistake.proof:
            yield f'<p class="soft">proof: {_text(mistake.proof)}</p>'
    if function.where:
        yield f"<p>where: {_text(function.where)}</p>"
    if function.line is not None:
        yield f"<p>your code, {_text(_place(function))}:</p>" if function.source else ""
        yield f"<pre>{_text(function.source.strip())}</pre>" if function.source else ""
    yield from (f'<p class="soft">note: {_text(note)}</p>' for note in function.notes)
    if function.tensors:
        yield picture(function.tensors)
        yield from _tensors(function.tensors)
    if function.witness:
        yield f'<p class="soft">witness: {_text(function.witness)}</p>'
    if function.output:
        yield f"<details><summary>what it printed</summary><pre>{_text(function.output)}</pre>"
        yield "</details>"


def _tensors(tensors: Sequence[report.Tensor]) -> Iterator[str]:
    yield "<details><summary>errors in numbers</summary><table><thead><tr><th>quantity</th>"
    yield '<th class="number">error</th><th class="number">in units of rounding</th>'
    yield '<th class="number">share of what is allowed</th></tr></thead><tbody>'
    for tensor in tensors:
        kind = "pass" if tensor.passed else "fail"
        yield f'<tr><td class="{kind}">{"✓" if tensor.passed else "✗"} {_text(tensor.name)}</td>'
        if tensor.problem:
            yield f'<td colspan="3">{_text(tensor.problem)}</td></tr>'
            continue
        share = f"{tensor.share:.1%}" if tensor.share < 10 else "&gt; 1000%"
        yield f'<td class="number">{tensor.error:.1e}</td>'
        yield f'<td class="number">{tensor.units:.2g} u</td><td class="number">{share}</td></tr>'
    yield "</tbody></table></details>"


# ---------------------------------------------------------------------------------------- pictures


def picture(tensors: Sequence[report.Tensor]) -> str:
    """A heat map as inline SVG: the error of each tensor by time step, by gate or as a whole."""
    steps = max((len(t.profile.get("time", ())) for t in tensors), default=0)
    group = max(1, math.ceil(steps / MOST_COLUMNS))
    columns = math.ceil(steps / group)
    gates = max((len(_gates(t)) for t in tensors), default=0)
    without_time = any("time" not in t.profile for t in tensors)
    cell = 32 if columns <= MOST_NUMBERED else 14
    beside = LABEL + columns * cell + (GAP if columns else 0)
    width = max(beside + max(1, gates) * 44 + 190, LABEL + 44 * (len(LEVELS) + 1) + 80)
    height = HEAD + len(tensors) * ROW + 34
    parts = [
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>Errors by quantity and time step, as powers of ten</title>",
        *_head(columns, group, cell, beside if without_time else None),
    ]
    for k, tensor in enumerate(tensors):
        y = HEAD + k * ROW
        mark = "✓" if tensor.passed else "✗"
        parts.append(f'<text x="0" y="{y + 15}">{mark} {_text(_cut(tensor.name))}</text>')
        if tensor.problem and not tensor.profile:
            parts.append(
                f'<text class="small" x="{LABEL}" y="{y + 15}">{_text(_cut(tensor.problem, 70))}'
                "</text>"
            )
            continue
        for column, error in enumerate(_grouped(tensor.profile.get("time", []), group)):
            first, last = column * group, min(steps, (column + 1) * group) - 1
            when = f"t = {first}" if first == last else f"t = {first} to {last}"
            x = LABEL + column * cell
            parts.append(_cell(x, y, cell, error, f"{tensor.name}, {when}", cell > 20))
        if "time" not in tensor.profile:
            for column, (name, error) in enumerate(_whole(tensor)):
                x = beside + column * 44
                parts.append(_cell(x, y, 44, error, f"{tensor.name}, {name}", True, name))
    parts += _legend(HEAD + len(tensors) * ROW + 12)
    return "".join([*parts, "</svg>"])


def _cut(text: str, most: int = 18) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _gates(tensor: report.Tensor) -> dict[str, list[float]]:
    return {name: errors for name, errors in tensor.profile.items() if name.startswith("gate ")}


def _whole(tensor: report.Tensor) -> list[tuple[str, float]]:
    """What has no time: a number a gate, or one for the whole."""
    gates = _gates(tensor)
    return [(name, max(errors)) for name, errors in gates.items()] or [("whole", tensor.error)]


def _grouped(errors: Sequence[float], group: int) -> list[float]:
    return [max(errors[k : k + group]) for k in range(0, len(errors), group)]


def _head(columns: int, group: int, cell: int, beside: int | None) -> Iterator[str]:
    if columns:
        yield f'<text class="small" x="{LABEL - 22}" y="14">t =</text>'
    every = 1 if cell > 20 else 4
    for column in range(0, columns, every):
        x = LABEL + (column + 0.5) * cell
        yield f'<text class="small" text-anchor="middle" x="{x}" y="14">{column * group}</text>'
    if beside is not None:
        yield f'<text class="small" x="{beside}" y="14">without time</text>'


def _cell(
    x: float, y: float, width: float, error: float, what: str, numbered: bool, label: str = ""
) -> str:
    """One square: its colour, its number, and the words that show when it is pointed at."""
    power = _power(error)
    level = sum(power >= edge for edge in LEVELS)
    words = f"{what}: {error:.1e} of the largest value"
    parts = [
        f'<g><title>{_text(words)}</title><rect class="e{level}" x="{x + 1}" y="{y + 1}"'
        f' width="{width - 2}" height="{ROW - 2}" rx="2"/>'
    ]
    if numbered:
        number = "·" if level == 0 else "nan" if not math.isfinite(error) else f"{power:.0f}"
        gate = f"{label.removeprefix('gate ')} " if label.startswith("gate ") else ""
        parts.append(
            f'<text class="in in{level}" x="{x + width / 2}" y="{y + 15}">{_text(gate + number)}'
            "</text>"
        )
    return "".join([*parts, "</g>"])


def _power(error: float) -> float:
    if not math.isfinite(error):
        return math.inf
    return math.floor(math.log10(error)) if error > 0 else -math.inf


def _legend(y: float) -> Iterator[str]:
    yield f'<text class="small" x="0" y="{y + 14}">error, 10 to the</text>'
    for level in range(len(LEVELS) + 1):
        x = LABEL + level * 44
        text = "less" if level == 0 else f"{LEVELS[level - 1]}"
        yield f'<rect class="e{level}" x="{x}" y="{y}" width="44" height="{ROW - 2}"/>'
        yield f'<text class="in in{level}" x="{x + 22}" y="{y + 14}">{text}</text>'
    x = LABEL + (len(LEVELS) + 1) * 44 + 6
    yield f'<text class="small" x="{x}" y="{y + 14}">or more</text>'
