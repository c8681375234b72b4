"""Reports as HTML: a fragment for a notebook; `page` makes whole pages of the same pieces.

For each wrong function there is a table of its errors: a row a quantity, a square a time step or a
gate. The colour of a square, and the number in it, is the power of ten of the error relative to the
quantity's largest value.

Whatever comes from a submission is text of a stranger: all of it is escaped.
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

# Notebooks have a theme of their own, which need not be that of the system: Jupyter, VS Code and
# Colab each say which it is, and have variables for their colours.
STYLE = """
.handrnn { color-scheme: light dark; overflow-wrap: break-word;
  font: 15px/1.5 system-ui, sans-serif;
  color: var(--jp-content-font-color1, var(--vscode-editor-foreground,
    var(--colab-primary-text-color, light-dark(#1d1d1f, #ececf0))));
  background: var(--jp-layout-color0, var(--vscode-editor-background,
    var(--colab-primary-surface-color, light-dark(#fff, #17171a))));
  --line: light-dark(#d9d9de, #3c3c44); }
[data-jp-theme-light="true"] .handrnn, .vscode-light .handrnn, [theme="light"] .handrnn {
  color-scheme: light; }
[data-jp-theme-light="false"] .handrnn, .vscode-dark .handrnn, .vscode-high-contrast .handrnn,
[theme="dark"] .handrnn { color-scheme: dark; }
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


def fragment(file: data.FileReport) -> str:
    """The report of one file, to stand within a page such as a notebook."""
    return _within("".join(section(file)))


def fragment_of_function(function: data.FunctionReport) -> str:
    """The report of one function, to stand within a page such as a notebook."""
    title = f"<h3>{verdict(function.verdict)} {_title(function)}</h3>\n"
    return _within("".join(_function(function)) or title)


def _within(body: str) -> str:
    return f'<style>{STYLE}</style>\n<div class="handrnn">{body}</div>\n'


def escaped(value: object) -> str:
    """Escaped."""
    return escape(str(value), quote=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], sortable: bool = False) -> str:
    """A table of cells that are HTML already; sortable: its heads are buttons, for a script."""
    button = '<button type="button">{}</button>' if sortable else "{}"
    head = "".join(f"<th>{button.format(escaped(one))}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    inner = f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inner}</table></div>\n'


def verdict(word: str) -> str:
    """A verdict in its colour, with its mark."""
    kind = {data.PASS: "pass", data.FAIL: "fail"}.get(word, "other")
    return f'<b class="{kind}">{MARKS[kind]} {escaped(word)}</b>'


def section(file: data.FileReport) -> Iterator[str]:
    """All about one file."""
    yield f"<h2>{escaped(file.student or file.path)}: {escaped(file.summary())}</h2>\n"
    yield f'<p class="soft">{escaped(file.path)}</p>\n' if file.student else ""
    rows = [
        (verdict(f.verdict), _title(f), escaped(f.place), _in_short(f))
        for f in file.functions.values()
    ]
    for one in file.not_judged:
        command = f"<br>try <code>{escaped(one.command)}</code>" if one.command else ""
        words = (escaped(one.name), escaped(one.place), escaped(one.why) + command)
        rows.append((verdict(data.NOT_JUDGED), *words))
    if rows:
        yield table(("verdict", "function", "place", "what"), rows)
    for function in file.wrong:
        yield from _function(function)
    ends = list(said.of_file(file))
    ends += [("u", said.UNIT)] if any(f.tensors for f in file.wrong) else []
    yield from (f'<p class="soft">{escaped(f"{label}: {text}")}</p>\n' for label, text in ends)
    versions = ", ".join(f"{name} {version}" for name, version in file.versions.items())
    yield f'<p class="soft">{escaped(versions)}</p>\n' if versions else ""


def _function(function: data.FunctionReport) -> Iterator[str]:
    told = list(said.of_function(function))
    if told or function.tensors:
        yield f"<h3>{verdict(function.verdict)} {_title(function)}</h3>\n"
    yield table((), ((label, _words(label, words)) for label, words in told)) if told else ""
    yield picture(function.tensors) if function.tensors else ""


def _title(function: data.FunctionReport) -> str:
    score = f" ({function.score})" if function.score else ""
    return escaped(f"{said.title(function)}{score}")


def _in_short(function: data.FunctionReport) -> str:
    ids = [f"<b>{escaped(mistake.id)}</b>" for mistake in function.mistakes]
    return ", ".join(ids) or "<br>".join(map(escaped, function.notes))


def _words(label: str, words: str) -> str:
    kind = {"not": "minus", "-": "minus", "write": "plus", "+": "plus"}.get(label, "")
    return f'<code class="{kind}">{escaped(words)}</code>' if label in said.CODE else escaped(words)


# ---------------------------------------------------------------------------------------- pictures


def picture(tensors: Sequence[data.Tensor]) -> str:
    """A table: of each tensor the error as numbers, and by time step, by gate or as a whole."""
    steps = max((len(t.profile.get("time", ())) for t in tensors), default=0)
    group = max(1, math.ceil(steps / MOST_SQUARES))
    heads = ("", "error", "u", "of what is allowed", "powers of ten, by time step or gate")
    legend = "".join(f'<span class="e{k}">{edge}</span>' for k, edge in enumerate(("·", *LEVELS)))
    rows = [_row(tensor, group, steps > MOST_NUMBERED) for tensor in tensors]
    last = f'<div class="map soft">{legend} or more, of the largest value</div>'
    return table(heads, [*rows, ("", "", "", "", last)])


def _row(tensor: data.Tensor, group: int, thin: bool) -> tuple[str, ...]:
    kind = "pass" if tensor.passed else "fail"
    name = f'<span class="{kind}">{MARKS[kind]} {escaped(tensor.name)}</span>'
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
    drawn = f'<div class="map">{"".join(squares)}</div>' if squares else escaped(tensor.problem)
    if tensor.problem:
        return (name, "", "", "", drawn)
    share = f"{tensor.share:.1%}" if tensor.share < 10 else "&gt; 1000%"
    return (name, f"{tensor.error:.1e}", f"{tensor.units:.2g}", share, drawn)


def _square(error: float, what: str, label: str = "", thin: bool = False) -> str:
    """One square: its colour, its number, and the words that show when it is pointed at."""
    power = math.inf if not math.isfinite(error) else math.log10(error) if error > 0 else -math.inf
    level = sum(power >= edge for edge in LEVELS)
    number = "nan" if math.isinf(power) and power > 0 else f"{math.floor(power)}" if level else "·"
    title = escaped(f"{what}: {error:.1e} of the largest value")
    kind = f"e{level} thin" if thin else f"e{level}"
    return f'<span class="{kind}" title="{title}">{"" if thin else escaped(label + number)}</span>'
