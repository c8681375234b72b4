"""Whole pages of HTML that need nothing from outside: of one file, one student, or a class.

The page of a class shows who made which mistake, the most frequent first, and the verdicts on each
student; a click on the head of a column sorts by it. The page forbids all scripts but the one that
sorts, and anything from elsewhere.
"""

import base64
import hashlib
from collections.abc import Iterable

from . import data, html

STYLE = """
body.handrnn { margin: auto; padding: 1.5rem; max-width: 90rem; }
.handrnn section { max-width: 62rem; }
.handrnn td a, .handrnn .who a { white-space: nowrap; color: inherit; }
.handrnn .who { white-space: normal; min-width: 16rem; }
.handrnn th button { all: unset; cursor: pointer; }
.handrnn th button:focus-visible { outline: 2px solid currentColor; }
.handrnn th[aria-sort="ascending"] button::after { content: " \\2191"; }
.handrnn th[aria-sort="descending"] button::after { content: " \\2193"; }
"""
SCRIPT = """
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentNode, table = head.closest("table"), at = head.cellIndex;
    const up = head.getAttribute("aria-sort") !== "ascending";
    const of = row => row.cells[at].textContent;
    const order = new Intl.Collator(undefined, { numeric: true }).compare;
    const rows = [...table.tBodies[0].rows].sort((a, b) => order(of(a), of(b)));
    table.tBodies[0].append(...(up ? rows : rows.reverse()));
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
  });
}
"""
DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{DIGEST}'"
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
    """The page of the only file; of several, that of the class."""
    students = reports.students()
    body = [_section(f"student{k}", student.files) for k, student in enumerate(students)]
    if len(reports.files) == 1:
        return _page(reports.headline(), body)
    tables = [_mistakes(students), _overview(reports, students)]
    script = f"<script>{SCRIPT}</script>"
    head = f"<p>{html.escaped(reports.headline())}</p>"
    return _page(reports.headline(), [head, *tables, *body, script])


def of_student(student: data.Student) -> str:
    """The page of one student."""
    return _page(student.name, [_section("student", student.files)])


def _page(title: str, body: Iterable[str]) -> str:
    style = html.STYLE + STYLE
    text = html.escaped(title)
    return PAGE.format(policy=html.escaped(POLICY), title=text, style=style, body="\n".join(body))


def _section(id: str, files: Iterable[data.FileReport]) -> str:
    """The files of a student."""
    inner = "".join(part for file in files for part in html.section(file))
    return f'<section id="{id}">{inner}</section>'


def _mistakes(students: list[data.Student]) -> str:
    """Who made which mistake, the most frequent first; without names of mistakes, the verdicts."""
    who: dict[str, dict[int, None]] = {}
    where: dict[str, dict[str, None]] = {}
    for k, student in enumerate(students):
        for f in student.functions.values():
            for id in () if f.passed else [m.id for m in f.mistakes] or [f.verdict]:
                who.setdefault(id, {})[k] = None
                where.setdefault(id, {})[f.name] = None
    rows = []
    for id, made in sorted(who.items(), key=lambda item: -len(item[1])):
        links = f'<div class="who">{", ".join(_link(k, students[k].name) for k in made)}</div>'
        functions = ", ".join(map(html.escaped, where[id]))
        rows.append((f"<b>{html.escaped(id)}</b>", str(len(made)), links, functions))
    heads = ("mistake", "students", "who", "functions")
    return html.table(heads, rows, sortable=True) if rows else ""


def _overview(reports: data.Reports, students: list[data.Student]) -> str:
    """Each student, and the verdict on each function."""
    names = reports.columns()
    points = ["points"] if reports.graded else []
    rows = []
    for k, student in enumerate(students):
        found = [student.functions.get(name) for name in names]
        cells = [html.verdict(f.verdict) if f else "-" for f in found]
        score = [f"{student.score.earned:g}"] if points else []
        rows.append([_link(k, student.name), *score, *cells])
    return html.table(["student", *points, *names], rows, sortable=True)


def _link(number: int, name: str) -> str:
    return f'<a href="#student{number}">{html.escaped(name)}</a>'
