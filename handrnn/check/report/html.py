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

from . import data, said

MOST_SQUARES = 48  # of time: beyond, neighbouring steps share one
MOST_NUMBERED = 16  # squares that leave room for a number in each
LEVELS = (-13, -10, -7, -5, -3, -1)  # powers of ten between the colours
LIGHT = ("#efeff2", "#fbe9c6", "#f9d08b", "#f4a957", "#e57b33", "#c94a24", "#96201d")
DARK = ("#2b2b31", "#4a2d1c", "#6e3a1b", "#9c4c1c", "#cf6a24", "#f29b4b", "#ffd9a0")
MARKS = {"pass": "✓", "fail": "✗", "other": "!"}

# Notebooks have a theme of their own, which need not be that of the system.
STYLE = """
.handrnn { color-scheme: light dark; color: light-dark(#1d1d1f, #ececf0); overflow-wrap: break-word;
  --line: light-dark(#d9d9de, #3c3c44); font: 15px/1.5 system-ui, sans-serif; }
[data-jp-theme-light="true"] .handrnn, .vscode-light .handrnn { color-scheme: light; }
[data-jp-theme-light="false"] .handrnn, .vscode-dark .handrnn { color-scheme: dark; }
body.handrnn { background: light-dark(#fff, #17171a); margin: auto; padding: 1.5rem;
  max-width: 62rem; }
.handrnn h2 { margin: 2rem 0 .3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.handrnn h3, .handrnn p { margin: 1rem 0 .3rem; }
.handrnn .wide { overflow-x: auto; }
.handrnn table { border-collapse: collapse; margin: .6rem 0; font-size: .93em; }
.handrnn th, .handrnn td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); color: inherit; background: none; }
.handrnn th, .handrnn b, .handrnn td:first-child { white-space: nowrap; }
.handrnn th, .handrnn .soft { color: light-dark(#62626a, #a2a2ac); }
.handrnn .pass { color: light-dark(#1a7f45, #5fd08c); }
.handrnn .fail { color: light-dark(#b3261e, #ff8a80); }
.handrnn .other { color: light-dark(#8a5a00, #f0bf5c); }
.handrnn code { font: .92em/1.45 ui-monospace, monospace; white-space: pre-wrap; color: inherit;
  background: light-dark(#f6f6f8, #212126); padding: .1rem .3rem; border-radius: 3px; }
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
    files = enumerate(reports.files)
    body = [f'<section id="file{k}">{"".join(_file(file))}</section>' for k, file in files]
    if len(body) != 1:
        body = [f"<p>{_text(reports.headline())}</p>", _overview(reports), *body]
    title = _text(reports.headline())
    return PAGE.format(policy=POLICY, title=title, style=STYLE, body="\n".join(body))


def fragment(file: data.FileReport) -> str:
    """The report of one file, to stand within a page such as a notebook."""
    return f'<style>{STYLE}</style>\n<div class="handrnn">{"".join(_file(file))}</div>\n'


def _text(value: object) -> str:
    return escape(str(value), quote=True)


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
        (_verdict(f.verdict), _text(said.title(f)), _text(f.place), _in_short(f))
        for f in file.functions.values()
    ]
    for one in file.not_judged:
        command = f"<br>try <code>{_text(one.command)}</code>" if one.command else ""
        words = (_text(one.name), _text(one.place), _text(one.why) + command)
        rows.append((_verdict(data.NOT_JUDGED), *words))
    if rows:
        yield _table(("verdict", "function", "place", "what"), rows)
    for function in file.wrong:
        told = list(said.of_function(function))
        if told or function.tensors:
            yield f"<h3>{_verdict(function.verdict)} {_text(said.title(function))}</h3>\n"
        yield _table((), ((label, _words(label, text)) for label, text in told)) if told else ""
        yield picture(function.tensors) if function.tensors else ""
    ends = list(said.of_file(file))
    ends += [("u", said.UNIT)] if any(f.tensors for f in file.wrong) else []
    yield from (f'<p class="soft">{_text(f"{label}: {text}")}</p>\n' for label, text in ends)
    versions = ", ".join(f"{name} {version}" for name, version in file.versions.items())
    yield f'<p class="soft">{_text(versions)}</p>\n' if versions else ""


def _in_short(function: data.FunctionReport) -> str:
    ids = ", ".join(mistake.id for mistake in function.mistakes)
    return _text(ids) if ids else "<br>".join(_text(note) for note in function.notes)


def _words(label: str, text: str) -> str:
    kind = {"not": "minus", "-": "minus", "write": "plus", "+": "plus"}.get(label, "")
    return f'<code class="{kind}">{_text(text)}</code>' if label in said.CODE else _text(text)


# ---------------------------------------------------------------------------------------- pictures


def picture(tensors: Sequence[data.Tensor]) -> str:
    """A table: of each tensor the error as numbers, and by time step, by gate or as a whole."""
    steps = max((len(t.profile.get("time", ())) for t in tensors), default=0)
    group = max(1, math.ceil(steps / MOST_SQUARES))
    heads = ("", "error", "u", "of what is allowed", "powers of ten, by time step or gate")
    legend = "".join(f'<span class="e{k}">{edge}</span>' for k, edge in enumerate(("·", *LEVELS)))
    rows = [_row(tensor, group, steps > MOST_NUMBERED) for tensor in tensors]
    last = f'<div class="map soft">{legend} or more, of the largest value</div>'
    return _table(heads, [*rows, ("", "", "", "", last)])


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
