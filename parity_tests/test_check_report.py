"""What the checker says, in every format: text, JSON, JUnit, CSV, HTML; and what hints hide."""

import base64
import csv
import functools
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from handrnn import check, compare, writing
from handrnn.check import report as formats
from handrnn.check.report import data as report
from handrnn.check.report import html, page, said

NASTY = "<script>alert('x')</script>&\"</pre>]]>\x00\x1b[2J"
NAN = float("nan")
RNN_CELL_BACKWARD = """import numpy as np
def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = (1 - a_next) ** 2 * da_next
    return {"dxt": parameters["Wax"].T @ dz, "da_prev": parameters["Waa"].T @ dz,
            "dWax": dz @ xt.T, "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
"""


def tensor(name, axes, shape, bad=None, gates=(), backward=True):
    """A tensor of ones whose reference differs by 0.5 at the indices in bad."""
    reference = np.ones(shape)
    ours = reference.copy()
    if bad is not None:
        ours[bad] += 0.5
    layout = compare.Layout(axes, gates, backward=backward)
    found = compare.locate(name, ours, reference, layout, budget=64 * 2.0**-53)
    profile = report.profile(ours, reference, layout)
    return report.Tensor(name, found.error, found.units, found.share, "", profile)


def wrong(name="lstm_backward"):
    return report.FunctionReport(
        name,
        report.FAIL,
        (
            report.Named(
                "one-path-not-carried",
                "SENTENCE dc_prev is not carried",
                "SECRET-PROOF reproduces your dx",
                "SECRET-WRONG dc_prevt stays 0",
                "SECRET-RIGHT dc_prevt = gradients['dc_prev']",
            ),
        ),
        "PLACE dx: first bad at time step 4",
        214,
        3,
        "SECRET-SOURCE gradients = f()",
        ("SECRET-NOTE float32",),
        (
            tensor("dx", ("unit", "example", "time"), (4, 3, 6), np.s_[1, :, :5]),
            tensor("dW_ih", (("gate", "unit"), "input"), (16, 5), np.s_[5, 2], tuple("ifgo")),
            tensor("dbf", ("unit", "input"), (4, 1)),
            report.Tensor("da0", NAN, NAN, NAN, "has the shape (3, 4): (4, 3) is right"),
        ),
        "confirmed by torch 2.13.0 to 3e-16",
        "SECRET-OUTPUT PASS",
        0.25,
        "cs231n",
        report.Fix((report.Edit(214, 3, "SECRET-OLD f()", "SECRET-NEW g()"),), True, 3),
    )


NODE = report.NotJudged("LstmNode", 12, "WHY unknown names", "handrnn check a.py --dialect d.toml")


@pytest.fixture
def mixed():
    functions = {
        "rnn_forward": report.FunctionReport("rnn_forward", report.PASS, notes=("1-D biases",)),
        "lstm_backward": wrong(),
        "softmax": report.FunctionReport("softmax", report.NOT_FILLED_IN),
        "rnn_backward": report.FunctionReport(
            "rnn_backward", report.CRASHED, where="ValueError: shapes", line=7
        ),
        "lstm_forward": report.FunctionReport("lstm_forward", report.ILL_CONDITIONED),
    }
    return report.FileReport(
        "anna.py",
        functions,
        ("line 3: no syntax",),
        ("SECRET-LEFT-OUT a plot",),
        not_judged=(NODE,),
    )


@pytest.fixture
def nasty():
    named = report.Named(NASTY, NASTY, NASTY, NASTY, NASTY)
    tensors = (
        report.Tensor(NASTY, 0.5, 1e15, 1e13, "", {"time": [0.5, 0.0], NASTY: [1.0]}),
        report.Tensor(NASTY, 0.5, 1e15, 1e13, "", {f"gate {NASTY}": [0.5]}),
        report.Tensor(NASTY, 0.5, 1e15, 1e13, NASTY),
    )
    function = report.FunctionReport(
        NASTY,
        report.FAIL,
        (named,),
        NASTY,
        1,
        2,
        NASTY,
        (NASTY,),
        tensors,
        NASTY,
        NASTY,
        0.0,
        NASTY,
    )
    mended = replace(
        function, name=f"2{NASTY}", fix=report.Fix((report.Edit(1, 2, NASTY, NASTY),), True, 3)
    )
    return report.FileReport(
        NASTY,
        {one.name: one for one in (function, mended)},
        (NASTY,),
        (NASTY,),
        versions={NASTY: NASTY},
        not_judged=(report.NotJudged(NASTY, 1, NASTY, NASTY, 2),),
    )


def right():
    function = report.FunctionReport("rnn_forward", report.PASS)
    return report.FileReport("right.py", {"rnn_forward": function})


EMPTY = report.FileReport("empty.py", {}, ("empty.py is empty",))
HELPER = report.FileReport(
    "helper.py", {"softmax": report.FunctionReport("softmax", report.PASS)}, recurrent=False
)


def render(name, *files, single=False):
    """Reports in a format, or as text."""
    return formats.FORMATS[name].render(report.Reports(files, single))


FORMATS = {
    **{name: functools.partial(render, name) for name in formats.FORMATS},
    "json of one": report.FileReport.to_json,
    "one": str,
    "overview": lambda file: render("text", file, right()),
    "fragment": html.fragment,
    "page of several": lambda file: render("html", file, right()),
    "notebook": lambda file: file._repr_html_(),
    "repr": repr,
    "csv of a class": lambda file: render("csv", replace(file, student="anna"), right()),
    "editor of several": lambda file: render("editor", file, right()),
}


FINDINGS = ("github", "editor", "editor of several")  # they say nothing of what is right

# ---------------------------------------------------------------------------------------- pictures


def test_profile_holds_the_largest_error_along_each_axis():
    reference = np.full((3, 2, 4), 2.0)
    ours = reference.copy()
    ours[1, 0, 2] += 1.0
    ours[2, 1, 3] += 0.5
    found = report.profile(ours, reference, compare.Layout(("time", "example", "unit")))
    assert found == {"time": [0.0, 0.5, 0.25], "unit": [0.0, 0.0, 0.5, 0.25]}


def test_profile_by_gate():
    reference = np.full((4, 5), -4.0)
    ours = reference.copy()
    ours[3, 1] = np.nan
    layout = compare.Layout((("gate", "unit"), "input"), ("f", "o"))
    found = report.profile(ours, reference, layout)
    assert found == {"unit": [0.0, np.inf], "gate f": [0.0, 0.0], "gate o": [0.0, np.inf]}
    assert report.profile(ours[:2], reference, layout) == {}
    assert report.profile(np.array("x"), np.array(1.0), compare.Layout(())) == {}


def squares(tensors):
    """The class of each square of a picture, by its words."""
    root = ElementTree.fromstring(html.picture(tensors))
    spans = [one for one in root.iter("span") if one.get("title")]
    return {one.get("title", ""): one.get("class", "") for one in spans}


def test_the_picture_shows_each_step_and_gate(mixed):
    tensors = mixed.functions["lstm_backward"].tensors
    found = squares(tensors)
    assert found["dx, t = 0: 5.0e-01 of the largest value"] == "e6"
    assert found["dx, t = 5: 0.0e+00 of the largest value"] == "e0"
    assert found["dW_ih, gate f: 5.0e-01 of the largest value"] == "e6"
    assert found["dW_ih, gate i: 0.0e+00 of the largest value"] == "e0"
    assert found["dbf, whole: 0.0e+00 of the largest value"] == "e0"
    assert len(found) == 6 + 4 + 1
    assert "has the shape (3, 4)" in html.picture(tensors)


def test_a_picture_of_many_steps_keeps_every_error():
    errors = [0.0] * 500
    errors[321] = 0.5
    found = squares((report.Tensor("dx", 0.5, 1e15, 1e13, "", {"time": errors}),))
    bad = [words for words, kind in found.items() if "e6" in kind.split()]
    assert len(bad) == 1
    first, last = map(int, re.findall(r"t = (\d+) to (\d+)", bad[0])[0])
    assert first <= 321 <= last
    assert len(found) <= html.MOST_SQUARES


@pytest.mark.parametrize(
    ("error", "level"),
    [(0.0, 0), (9e-14, 0), (1e-13, 1), (2e-6, 3), (9e-2, 5), (0.1, 6), (NAN, 6), (np.inf, 6)],
)
def test_the_colour_is_the_power_of_ten(error, level):
    (kind,) = squares((report.Tensor("dx", error, 1.0, 2.0),)).values()
    assert kind == f"e{level}"


# ----------------------------------------------------------------------------------------- formats


def test_json_has_the_names_of_the_attributes(mixed):
    content = json.loads(mixed.to_json())
    assert content["passed"] is False
    function = content["functions"]["lstm_backward"]
    assert function["verdict"] == "FAIL"
    assert function["mistakes"][0]["id"] == "one-path-not-carried"
    assert "dc_prev" in function["mistakes"][0]["explanation"]
    assert (function["line"], function["cell"]) == (214, 3)
    assert function["where"].startswith("PLACE")
    assert function["tensors"][3]["error"] is None
    assert content["functions"]["rnn_forward"]["passed"] is True
    assert function["dialect"] == "cs231n"
    edit = {"line": 214, "cell": 3, "old": "SECRET-OLD f()", "new": "SECRET-NEW g()", "shown": ""}
    assert function["fix"] == {"edits": [edit], "verified": True, "probes": 3}
    assert content["not_judged"] == [
        {
            "name": "LstmNode",
            "line": 12,
            "cell": None,
            "why": "WHY unknown names",
            "command": "handrnn check a.py --dialect d.toml",
            "shown": "",
        }
    ]
    assert (content["recurrent"], content["hint"]) == (True, "fix")
    assert json.loads(json.dumps(mixed.hinted("verdict").to_dict())) == json.loads(
        render("json", mixed.hinted("verdict"), single=True)
    )
    assert json.loads(render("json", mixed, single=True)) == content
    assert json.loads(render("json", mixed))["files"] == [content]
    many = json.loads(render("json", mixed, right()))
    assert many["passed"] is False
    assert [file["path"] for file in many["files"]] == ["anna.py", "right.py"]
    assert json.loads(render("json", right(), single=True))["passed"] is True


def test_junit_counts_and_names(mixed):
    files = (mixed, right(), EMPTY, HELPER)
    root = ElementTree.fromstring(render("junit", *files).encode())
    counts = [root.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["10", "2", "4", "1"]
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == [
        "anna.py",
        "right.py",
        "empty.py",
        "helper.py",
    ]
    for suite in suites:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    failure = root.find("testsuite/testcase[@name='lstm_backward']/failure")
    assert failure is not None
    assert "one-path-not-carried" in failure.get("message", "")
    assert "line 214" in (failure.text or "")
    assert root.find("testsuite/testcase[@name='rnn_forward']/failure") is None
    skipped = root.find("testsuite/testcase[@name='LstmNode']/skipped")
    assert skipped is not None
    assert skipped.get("message") == "WHY unknown names"
    assert "--dialect d.toml" in (skipped.text or "")


def test_the_long_table_has_a_row_a_function(mixed):
    rows = list(csv.DictReader(io.StringIO(render("csv-long", mixed, right(), EMPTY))))
    assert len(rows) == 8
    assert rows[1] == {
        "file": "anna.py",
        "function": "lstm_backward",
        "verdict": "FAIL",
        "mistakes": "one-path-not-carried",
        "line": "214",
        "cell": "3",
        "dialect": "cs231n",
    }
    assert (rows[5]["function"], rows[5]["verdict"]) == ("LstmNode", "NOT JUDGED")
    assert (rows[5]["line"], rows[5]["cell"], rows[5]["mistakes"]) == ("12", "", "")
    assert rows[-1]["verdict"] == "NOT FOUND"


def test_csv_holds_no_formulas():
    odd = report.FileReport('=HYPERLINK("x"),1\n', {"+f": wrong("+f")})
    (row,) = csv.DictReader(io.StringIO(render("csv-long", odd)))
    assert row["file"] == '\'=HYPERLINK("x"),1\n'
    assert row["function"] == "'+f"
    (row,) = csv.DictReader(io.StringIO(render("csv", odd)))
    assert row["student"] == row["files"] == '\'=HYPERLINK("x"),1\n'
    assert row["'+f"] == "FAIL"


def test_overview_counts(mixed):
    """In the order of the course, whatever that of the reports."""
    text = render("text", mixed, right(), EMPTY, HELPER)
    lines = text.splitlines()
    assert lines[1].split() == ["anna.py", "ok", "crash", "ill", "FAIL", "empty"]
    assert lines[2].split() == ["right.py", "ok", "-", "-", "-", "-"]
    assert lines[3].split(maxsplit=1) == ["empty.py", "empty.py is empty"]
    assert lines[4].split() == ["helper.py", "-", "-", "-", "-", "ok", "nothing", "recurrent"]
    assert lines[5].split() == ["right", "2", "0", "0", "0", "1"]
    assert "1 of 4 files right (3 PASS, 1 FAIL" in text
    assert "1 NOT FILLED IN, 1 NOT JUDGED)" in text
    assert "most frequent: one-path-not-carried (1)" in text


def test_overview_fits_long_names():
    long = report.FileReport("a/" * 60 + "me.py", right().functions)
    text = render("text", long, right())
    assert max(map(len, text.splitlines())) < 100
    assert "me.py" in text


class Tags(HTMLParser):
    """Collects the tags of a page and complains of unbalanced ones."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.attributes = set(), [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ["fragment", "html", "page of several", "notebook"])
def test_html_escapes_whatever_a_stranger_wrote(nasty, name):
    text = FORMATS[name](nasty)
    found = Tags(text)
    assert not found.tags & {"iframe", "img", "object", "link"}
    links = {value for _, attribute, value in found.attributes if attribute in ("href", "src")}
    assert links == ({"#student0", "#student1"} if name == "page of several" else set())
    assert not [pair for pair in found.attributes if pair[1].startswith("on")]
    ours = f"<script>{page.SCRIPT}</script>"
    assert text.count(ours) == (name == "page of several")
    assert "<script" not in text.replace(ours, "")
    assert "&lt;script&gt;" in text


def test_a_page_needs_nothing_from_outside(mixed, nasty):
    text = render("html", mixed, nasty, EMPTY, right())
    found = Tags(text)
    targets = {value for _, name, value in found.attributes if name in ("href", "src")}
    assert targets == {"#student0", "#student1", "#student2", "#student3"}
    assert not re.search(r"url\(|@import|https?://", text)
    (policy,) = (value for _, name, value in found.attributes if "default-src" in (value or ""))
    digest = base64.b64encode(hashlib.sha256(page.SCRIPT.encode()).digest()).decode()
    styles = "style-src 'unsafe-inline'"
    assert policy == f"default-src 'none'; {styles}; script-src 'sha256-{digest}'"
    assert "color-scheme: light dark" in text
    assert text.count("<h2>") == 4
    for words in ("SECRET-OLD", "SECRET-NEW", "cell 3, line 214", "0.0%"):
        assert words in text
    for words in ("lstm_backward (cs231n)", "NOT JUDGED", "LstmNode", "--dialect d.toml"):
        assert words in text
    assert text.count(said.UNIT) == 2  # of mixed and nasty
    for words in ("SECRET-WRONG", "SECRET-RIGHT", "SECRET-SOURCE"):
        assert words in render("html", mixed.hinted("mistake"))


@pytest.mark.parametrize("name", list(FORMATS))
def test_nothing_breaks_a_format(nasty, name):
    for file in (nasty, EMPTY, right(), report.FileReport("", {})):
        text = FORMATS[name](file)
        assert isinstance(text, str)
        assert text or (file.passed and name in FINDINGS)
    if name == "junit":
        ElementTree.fromstring(FORMATS[name](nasty).encode())


# ------------------------------------------------------------------------------------------- hints

SHOWN = {  # level: words that it shows, and no level before it
    "verdict": ("FAIL", "WHY unknown names"),
    "place": ("PLACE", "214", "ValueError"),
    "sentence": ("one-path-not-carried", "SENTENCE"),
    "mistake": ("SECRET-PROOF", "SECRET-WRONG", "SECRET-RIGHT", "SECRET-SOURCE", "SECRET-NOTE"),
    "fix": ("SECRET-OLD", "SECRET-NEW"),
}
LINES = {"verdict": ("lstm_backward",), "place": ("214",), "sentence": SHOWN["sentence"]}
ALONE = {  # formats that show little: the levels of which they show all words, and some words
    "csv": {"verdict": ("FAIL",), "sentence": ("one-path-not-carried",)},
    "csv of a class": {"verdict": ("FAIL", "anna"), "sentence": ("one-path-not-carried",)},
    "csv-long": {"verdict": ("FAIL",), "place": ("214",), "sentence": ("one-path-not-carried",)},
    "editor": LINES,
    "editor of several": LINES,
    "overview": {"verdict": ("FAIL",), "sentence": ("one-path-not-carried",)},
    "repr": {"verdict": ("1 of 5 right",)},
}
SUPERSEDED = ("SECRET-WRONG", "SECRET-RIGHT", "SECRET-SOURCE")  # where there is a fix, by that
ALL_DATA = ("json", "json of one")


@pytest.mark.sample(4)
@pytest.mark.parametrize("level", report.HINTS)
@pytest.mark.parametrize("name", list(FORMATS))
def test_a_hint_shows_its_words_and_no_others(mixed, name, level):
    shown = FORMATS[name](mixed.hinted(level))
    rank = report.HINTS.index(level)
    for at in report.HINTS[rank + 1 :]:
        assert not [words for words in SHOWN[at] if words in shown]
    if rank < report.HINTS.index("mistake"):
        assert "SECRET" not in shown
    for at in report.HINTS[: rank + 1]:
        words = ALONE[name].get(at, ()) if name in ALONE else SHOWN[at]
        if level == "fix" and name not in ALL_DATA:
            words = [word for word in words if word not in SUPERSEDED]
        assert not [word for word in words if word not in shown]
    if level == "verdict":
        assert not re.search("time step|gate f|line 7", shown.replace(html.STYLE, ""))
    if name in ("junit", *ALL_DATA):
        assert ("SECRET-OUTPUT" in shown) == (rank >= report.HINTS.index("mistake"))


def test_hints_are_checked(mixed):
    with pytest.raises(ValueError, match="hint is 'none'"):
        mixed.hinted("none")


def test_a_line_without_its_text_ends_without_a_colon():
    """A place is a line alone."""
    function = report.FunctionReport("f", report.FAIL, line=39, source="a = b")
    assert "your code line 39: a = b" in str(function)
    for level in ("place", "sentence"):
        assert str(function.hinted(level)).endswith("your code line 39")


# -------------------------------------------------------------------------------------------- text


def test_one_report(mixed):
    """Wrong ones first, then right ones, then what was not judged."""
    lines = str(mixed).splitlines()
    starts = [line.split("  ")[0] for line in lines if line and not line.startswith(" ")]
    assert starts[:7] == [
        "anna.py: 1 of 5 right",
        *("FAIL", "NOT FILLED IN", "CRASHED", "ILL-CONDITIONEDlstm_forward"),
        *("PASS", "not judged"),
    ]
    assert "FAIL           lstm_backward (cs231n)" in lines
    assert "not judged     LstmNode (line 12): WHY unknown names" in lines
    assert "    try       handrnn check a.py --dialect d.toml" in lines
    assert "correct values: confirmed by torch 2.13.0 to 3e-16" in lines
    assert repr(mixed) == "<FileReport anna.py: 1 of 5 right>"


def test_a_fix_takes_the_place_of_the_lines_that_it_changes(mixed):
    function = mixed.functions["lstm_backward"]
    lines = str(function).splitlines()
    at = lines.index("    fix       cell 3, line 214  - SECRET-OLD f()")
    assert lines[at + 1] == "              cell 3, line 214  + SECRET-NEW g()"
    assert not any("your code" in line or "write" in line for line in lines)
    edits = (
        report.Edit(7, None, "", "    a = 1\n    b = 2"),
        report.Edit(9, None, "    c = 3", ""),
    )
    lines = str(replace(function, fix=report.Fix(edits, True, 3))).splitlines()
    at = lines.index("    fix       line 7  +     a = 1")
    assert lines[at + 1 : at + 3] == [
        "              line 7  +     b = 2",
        "              line 9  -     c = 3",
    ]
    assert "    your code cell 3, line 214: SECRET-SOURCE gradients = f()" in lines


def test_a_fix_that_was_not_verified_is_no_advice(mixed):
    function = mixed.functions["lstm_backward"]
    edit = report.Edit(214, 3, "SECRET-OLD f()", "SECRET-NEW g()")
    unsure = replace(function, fix=report.Fix((edit,), False, 0))
    for text in (str(unsure), html.fragment(report.FileReport("a", {"f": unsure}))):
        assert "SECRET-NEW" not in text
        assert "SECRET-RIGHT" in text


def test_nothing_is_said_twice():
    """A proof that is the place or the note; one that several mistakes share; the witness."""
    named = [report.Named(f"id-{k}", "WHY", "it holds no c, on 2 inputs") for k in range(2)]
    function = report.FunctionReport(
        "f",
        report.FAIL,
        (report.Named("id-2", "WHY", "PLACE"), *named),
        "at PLACE",
        notes=("it holds no c", "PLACE", "other"),
        witness="confirmed",
    )
    file = report.FileReport("a.py", {"f": function, "g": replace(function, name="g")})
    for text in (str(file), html.fragment(file)):
        assert [text.count(words) for words in ("PLACE", "it holds no c", "confirmed")] == [2, 2, 1]
        assert text.count("other") - html.STYLE.count("other") * ("<style>" in text) == 2


def test_u_is_explained_once_and_where_it_is_printed():
    wrong = report.FunctionReport("f", report.FAIL, where="dx: off by 1e-09 (3e+06\nu)")
    tensor = report.Tensor("y", 1e-16, 4.5, 0.07)
    right = report.FunctionReport("g", report.PASS, tensors=(tensor,))
    for functions in ([wrong], [right], [wrong, right]):
        file = report.FileReport("a.py", {one.name: one for one in functions})
        assert str(file).count(said.UNIT) == 1
        assert said.UNIT not in str(file.hinted("verdict"))
    assert "PASS           g  (rounding: 4.5 u of 64)" in str(right)


def test_cells_and_lines_are_named_in_one_way():
    assert report.place(None, 3) == ""
    assert report.place(7) == "line 7"
    assert report.place(7, 5) == "cell 5, line 7"
    assert report.place(7, 5, "In [12]") == "In [12], line 7"


def test_cells_are_counted_as_the_notebook_shows_them(tmp_path):
    """In every format, of what fails and of what is not judged."""
    cells = [
        {"cell_type": "markdown", "source": "# LSTM"},
        {"cell_type": "code", "execution_count": 5, "source": RNN_CELL_BACKWARD},
        {"cell_type": "code", "execution_count": 9, "source": "def hidden_start(n): return n"},
    ]
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
    found = check.file(path, second_opinion=False)
    one, left = found.functions["rnn_cell_backward"], found.not_judged[0]
    assert (one.cell, one.place, left.place) == (2, "In [5], line 4", "In [9], line 1")
    edits = (report.Edit(4, 2, "a", "b"), report.Edit(1, 3, "c", "d"))
    mended = replace(one, fix=report.Fix(edits, True, 3)).beside({2: "In [5]", 3: "In [9]"})
    assert mended.fix is not None
    assert [place for _, place, _ in mended.fix.lines()][1:3] == [
        "In [5], line 4",
        "In [9], line 1",
    ]
    for name in set(formats.FORMATS) - {"csv"}:
        assert "In [5]" in render(name, found)
        assert "cell 2" not in render(name, found)
    assert "In [5], line 4" in str(found)
    assert "hidden_start (In [9], line 1)" in str(found)
    assert "In [" not in str(found.hinted("verdict").functions["rnn_cell_backward"])


# ----------------------------------------------------------------------------------------- writing


def test_write_replaces_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "a report.html"
    writing.write(path, "one")
    writing.write(path, "zwei é")
    assert path.read_text(encoding="utf-8") == "zwei é"
    assert [p.name for p in tmp_path.iterdir()] == ["a report.html"]
    with pytest.raises(OSError, match="No such file"):
        writing.write(tmp_path / "none" / "x", "one")

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(writing.os, "fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        writing.write(path, "three")
    assert path.read_text(encoding="utf-8") == "zwei é"
    assert [p.name for p in tmp_path.iterdir()] == ["a report.html"]


def test_nothing_judged_is_no_pass():
    for files in ((), (EMPTY,), (right(), EMPTY), (right(), HELPER)):
        assert not report.Reports(files).passed
    assert report.Reports((right(),)).passed


def test_a_right_helper_is_no_pass():
    assert not HELPER.passed
    assert HELPER.summary() == "1 of 1 right, but no recurrent function was judged"
    assert replace(HELPER, functions={"f": wrong("f")}).summary().startswith("0 of 1 right, and no")
    assert EMPTY.summary() == "nothing was judged"
    assert report.FileReport("a", {}).summary().startswith("nothing was judged: no function")
    with pytest.raises(AssertionError, match="no recurrent function"):
        HELPER.raise_if_failed()
    root = ElementTree.fromstring(render("junit", HELPER).encode())
    assert [case.get("name") for case in root.iter("testcase")] == [
        "softmax",
        "recurrent functions",
    ]
    assert (root.get("failures"), root.get("errors")) == ("0", "1")
