"""Reports as HTML: a fragment for a notebook, or one page that needs nothing from outside.

For each wrong function there is a table of its errors: a row a quantity, a square a time step or a
gate. The colour of a square, and the number in it, is the power of ten of the error relative to the
quantity's largest value.

Whatever comes from a submission is text of a stranger: all of it is escaped, and the page forbids
scripts and anything from elsewhere.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from . import data

MOST_SQUARES = 48  # of time: beyond, neighbouring steps share one
MOST_NUMBERED = 16  # squares that leave room for a number in each
LEVELS = (-13, -10, -7, -5, -3, -1)  # powers of ten between the colours
LIGHT = ("#efeff2", "#fbe9c6", "#f9d08b", "#f4a957", "#e57b33", "#c94a24", "#96201d")
DARK = ("#2b2b31", "#4a2d1c", "#6e3a1b", "#9c4c1c", "#cf6a24", "#f29b4b", "#ffd9a0")
REMARKS = {"problem": "other", "note": "soft"}
MARKS = {"pass": "✓", "fail": "✗", "other": "!"}

# Notebooks have a theme of their own, which need not be that of the system.
STYLE = """
.handrnn { color-scheme: light dark; color: light-dark(#1d1d1f, #ececf0); overflow-wrap: anywhere;
  --soft: light-dark(#62626a, #a2a2ac); --line: light-dark(#d9d9de, #3c3c44);
  font: 15px/1.5 system-ui, sans-serif; }
[data-jp-theme-light="true"] .handrnn, .vscode-light .handrnn { color-scheme: light; }
[data-jp-theme-light="false"] .handrnn, .vscode-dark .handrnn { color-scheme: dark; }
body.handrnn { background: light-dark(#fff, #17171a); margin: auto; padding: 1.5rem;
  max-width: 62rem; }
.handrnn h2 { font-size: 1.2rem; margin: 2rem 0 .3rem; border-top: 1px solid var(--line);
  padding-top: 1rem; }
.handrnn h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
.handrnn p { margin: .35rem 0; }
.handrnn .wide { overflow-x: auto; }
.handrnn table { border-collapse: collapse; margin: .6rem 0; font-size: .93em; }
.handrnn th, .handrnn td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); color: inherit; background: none; }
.handrnn thead th { overflow-wrap: normal; }
.handrnn thead th, .handrnn .soft { color: var(--soft); }
.handrnn b { white-space: nowrap; }
.handrnn .pass { color: light-dark(#1a7f45, #5fd08c); }
.handrnn .fail { color: light-dark(#b3261e, #ff8a80); }
.handrnn .other { color: light-dark(#8a5a00, #f0bf5c); }
.handrnn code, .handrnn pre { font: .92em/1.45 ui-monospace, monospace; }
.handrnn pre { background: light-dark(#f6f6f8, #212126); color: inherit; padding: .5rem .7rem;
  margin: .4rem 0; overflow-x: auto; border-radius: 4px; }
.handrnn pre span { display: block; }
.handrnn .minus { background: light-dark(#fdecea, #40201e); }
.handrnn .plus { background: light-dark(#e8f5ec, #17341f); }
.handrnn .map { white-space: nowrap; font-size: 11px; line-height: 20px; }
.handrnn .map span { display: inline-block; min-width: 30px; height: 20px; margin-right: 2px;
  text-align: center; border-radius: 2px; vertical-align: top; }
.handrnn .map .thin { min-width: 12px; }
""" + "".join(
    f".handrnn .e{k} {{ background: light-dark({light}, {dark});"
    f" color: light-dark({'#fff' if k > 4 else '#1d1d1f'}, {'#1d1d1f' if k > 4 else '#fff'}); }}\n"
    for k, (light, dark) in enumerate(zip(LIGHT, DARK, strict=True))
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>handrnn check: {title}</title>
<style>{style}</style></head><body class="handrnn">
<h1>handrnn check</h1>
{body}
</body></html>
"""


def render(reports: data.Reports) -> str:
    """One self-contained page: a table of all files, then each of them."""
    files = reports.files
    body = [
        f'<section id="file{k}">{"".join(_file(file))}</section>' for k, file in enumerate(files)
    ]
    if len(files) != 1:
        body = [_p(reports.headline()), _overview(reports), *body]
    title = _text(reports.headline())
    return PAGE.format(policy=POLICY, title=title, style=STYLE, body="\n".join(body))


def fragment(file: data.FileReport) -> str:
    """The report of one file, to stand within a page such as a notebook."""
    return f'<style>{STYLE}</style>\n<div class="handrnn">{"".join(_file(file))}</div>\n'


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _p(value: object, kind: str = "") -> str:
    return f'<p class="{kind}">{_text(value)}</p>\n' if kind else f"<p>{_text(value)}</p>\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{_text(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n{body}</table></div>\n'


def _verdict(verdict: str) -> str:
    kind = {data.PASS: "pass", data.FAIL: "fail"}.get(verdict, "other")
    return f'<b class="{kind}">{MARKS[kind]} {_text(verdict)}</b>'


def _overview(reports: data.Reports) -> str:
    """Who, and the verdict on each function."""
    names = reports.columns()
    rows = []
    for k, file in enumerate(reports.files):
        found = (file.functions.get(name) for name in names)
        cells = (_verdict(f.verdict) if f else "-" for f in found)
        rows.append([f'<a href="#file{k}">{_text(file.path)}</a>', *cells])
    return _table(["file", *names], rows)


def _file(file: data.FileReport) -> Iterator[str]:
    yield f"<h2>{_text(file.headline())}</h2>\n"
    rows = [
        (_verdict(f.verdict), _text(f.title), _text(f.place), _in_short(f))
        for f in file.functions.values()
    ]
    rows += [
        (
            _verdict(data.NOT_JUDGED),
            _text(one.name),
            _text(data.place(one.line, one.cell)),
            _text(one.why) + (f"<br>try <code>{_text(one.command)}</code>" if one.command else ""),
        )
        for one in file.not_judged
    ]
    if rows:
        yield _table(("verdict", "function", "place", "what"), rows)
    yield from (_p(f"{kind}: {remark}", REMARKS[kind]) for kind, remark in file.remarks)
    for function in file.wrong:
        yield from _wrong(function)
    witnesses = dict.fromkeys(f.witness for f in file.wrong if f.witness)
    yield from (_p(f"correct values: {witness}", "soft") for witness in witnesses)
    if any(f.tensors or data.legend(f.where) for f in file.wrong):
        yield _p(data.UNIT, "soft")
    versions = ", ".join(f"{name} {version}" for name, version in file.versions.items())
    yield _p(versions, "soft") if versions else ""


def _in_short(function: data.FunctionReport) -> str:
    ids = ", ".join(mistake.id for mistake in function.mistakes)
    return _text(ids) if ids else "<br>".join(_text(note) for note in function.remarks)


def _wrong(function: data.FunctionReport) -> Iterator[str]:
    """All about one function that did not pass, as far as the hint allows."""
    if not (function.mistakes or function.where or function.tensors or function.notes):
        return
    yield f"<h3>{_verdict(function.verdict)} {_text(function.title)}</h3>\n"
    for mistake, proof in zip(function.mistakes, function.proofs, strict=True):
        yield f"<p><b>{_text(mistake.id)}</b>: {_text(mistake.explanation)}</p>\n"
        if not function.advice:
            yield _lines(("", "-", mistake.wrong), ("", "+", mistake.right))
        yield _p(f"proof: {proof}", "soft") if proof else ""
    if function.advice:
        yield _lines(*function.advice.lines())
        yield _p(f"So it passes, on {function.advice.probes} random inputs more.", "soft")
    yield _p(f"where: {function.where}") if function.where else ""
    if all(function.own_line):
        yield _p(f"your code, {function.own_line[0]}:")
        yield f"<pre>{_text(function.own_line[1])}</pre>\n"
    yield from (_p(f"note: {note}", "soft") for note in function.remarks)
    yield picture(function.tensors) if function.tensors else ""


def _lines(*lines: tuple[str, str, str]) -> str:
    """(place, sign, text) of the lines that go and come."""
    kinds = {"-": "minus", "+": "plus"}
    spans = [
        f'<span class="{kinds[sign]}">{_text(f"{place}  {sign} {text}".strip())}</span>'
        for place, sign, text in lines
        if text
    ]
    return f"<pre>{''.join(spans)}</pre>\n" if spans else ""


# ---------------------------------------------------------------------------------------- pictures


def picture(tensors: Sequence[data.Tensor]) -> str:
    """A table: of each tensor the error as numbers, and by time step, by gate or as a whole."""
    steps = max((len(t.profile.get("time", ())) for t in tensors), default=0)
    group = max(1, math.ceil(steps / MOST_SQUARES))
    heads = ("", "error", "u", "of what is allowed", "powers of ten, by time step or gate")
    squares = [(str(edge), k) for k, edge in enumerate(LEVELS, 1)]
    legend = "".join(f'<span class="e{k}">{text}</span>' for text, k in [("·", 0), *squares])
    return _table(
        heads,
        [
            *(_row(tensor, group, steps > MOST_NUMBERED) for tensor in tensors),
            ("", "", "", "", f'<div class="map soft">{legend} or more, of the largest value</div>'),
        ],
    )


def _row(tensor: data.Tensor, group: int, thin: bool) -> tuple[str, ...]:
    kind = "pass" if tensor.passed else "fail"
    name = f'<span class="{kind}">{MARKS[kind]} {_text(tensor.name)}</span>'
    times = tensor.profile.get("time", ())
    squares = []
    for first in range(0, len(times), group):
        last = min(len(times), first + group) - 1
        when = f"t = {first}" if first == last else f"t = {first} to {last}"
        squares.append(_square(max(times[first : last + 1]), f"{tensor.name}, {when}", thin=thin))
    gates = {n: max(e) for n, e in tensor.profile.items() if n.startswith("gate ") and e}
    if not times and not tensor.problem:
        for part, error in (gates or {"whole": tensor.error}).items():
            label = f"{part.removeprefix('gate ')} " if gates else ""
            squares.append(_square(error, f"{tensor.name}, {part}", label))
    drawn = f'<div class="map">{"".join(squares)}</div>' if squares else _text(tensor.problem)
    if tensor.problem:
        return (name, "", "", "", drawn)
    share = f"{tensor.share:.1%}" if tensor.share < 10 else "&gt; 1000%"
    return (name, f"{tensor.error:.1e}", f"{tensor.units:.2g}", share, drawn)


def _square(error: float, what: str, label: str = "", thin: bool = False) -> str:
    """One square: its colour, its number, and the words that show when it is pointed at."""
    power = math.inf if not math.isfinite(error) else math.log10(error) if error > 0 else -math.inf
    level = sum(power >= edge for edge in LEVELS)
    number = "nan" if math.isinf(power) and power > 0 else f"{math.floor(power)}" if level else "·"
    title = _text(f"{what}: {error:.1e} of the largest value")
    kind = f"e{level} thin" if thin else f"e{level}"
    return f'<span class="{kind}" title="{title}">{"" if thin else _text(label + number)}</span>'
