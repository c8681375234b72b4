"""What the checker says, in every format: text, JSON, JUnit, CSV, HTML; and what hints hide."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from handrnn import compare
from handrnn.check.report import page, report

NASTY = "<script>alert('x')</script>&\"</pre>]]>\x00\x1b[2J"
NAN = float("nan")


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
                "SECRET-WHY dc_prev is not carried",
                "SECRET-PROOF equals the reference",
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
    )


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
    return report.FileReport("anna.py", functions, ("line 3: no syntax",), ("a plot left out",))


@pytest.fixture
def nasty():
    named = report.Named(NASTY, NASTY, NASTY, NASTY, NASTY)
    tensors = (
        report.Tensor(NASTY, 0.5, 1e15, 1e13, "", {"time": [0.5, 0.0], NASTY: [1.0]}),
        report.Tensor(NASTY, 0.5, 1e15, 1e13, "", {f"gate {NASTY}": [0.5]}),
        report.Tensor(NASTY, 0.5, 1e15, 1e13, NASTY),
    )
    function = report.FunctionReport(
        NASTY, report.FAIL, (named,), NASTY, 1, 2, NASTY, (NASTY,), tensors, NASTY, NASTY
    )
    return report.FileReport(NASTY, {NASTY: function}, (NASTY,), (NASTY,), versions={NASTY: NASTY})


def right():
    function = report.FunctionReport("rnn_forward", report.PASS)
    return report.FileReport("right.py", {"rnn_forward": function})


EMPTY = report.FileReport("empty.py", {}, ("empty.py is empty",))

FORMATS = {
    "text": str,
    "json": report.FileReport.to_json,
    "json of many": lambda file: report.to_json([file]),
    "junit": lambda file: report.junit([file]),
    "csv": lambda file: report.table([file]),
    "overview": lambda file: report.overview([file]),
    "fragment": page.fragment,
    "page": lambda file: page.page([file]),
    "notebook": lambda file: file._repr_html_(),
}


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


def test_the_picture_shows_each_step_and_gate(mixed):
    picture = page.picture(mixed.functions["lstm_backward"].tensors)
    root = ElementTree.fromstring(picture)
    titles = {
        element[0].text: element[1].get("class") for element in root.iter("g") if len(element) > 1
    }
    assert titles["dx, t = 0: 5.0e-01 of the largest value"] == "e6"
    assert titles["dx, t = 5: 0.0e+00 of the largest value"] == "e0"
    assert titles["dW_ih, gate f: 5.0e-01 of the largest value"] == "e6"
    assert titles["dW_ih, gate i: 0.0e+00 of the largest value"] == "e0"
    assert titles["dbf, whole: 0.0e+00 of the largest value"] == "e0"
    assert len(titles) == 6 + 4 + 1
    assert "has the shape (3, 4)" in picture


def test_a_picture_of_many_steps_keeps_every_error():
    errors = [0.0] * 500
    errors[321] = 0.5
    many = (report.Tensor("dx", 0.5, 1e15, 1e13, "", {"time": errors}),)
    root = ElementTree.fromstring(page.picture(many))
    cells = [g for g in root.iter("g") if g[1].get("class") == "e6"]
    assert len(cells) == 1
    assert re.search(r"t = (\d+) to (\d+)", cells[0][0].text or "")
    assert len(list(root.iter("g"))) <= page.MOST_COLUMNS


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
    assert json.loads(report.to_json([mixed], single=True)) == content
    many = json.loads(report.to_json([mixed, right()]))
    assert many["passed"] is False
    assert [file["path"] for file in many["files"]] == ["anna.py", "right.py"]
    assert json.loads(report.to_json([right()], single=True))["passed"] is True


def test_junit_counts_and_names(mixed):
    root = ElementTree.fromstring(report.junit([mixed, right(), EMPTY]).encode())
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "2", "3")
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["anna.py", "right.py", "empty.py"]
    for suite in suites:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
    failure = root.find("testsuite/testcase[@name='lstm_backward']/failure")
    assert failure is not None
    assert "one-path-not-carried" in failure.get("message", "")
    assert "line 214" in (failure.text or "")
    assert root.find("testsuite/testcase[@name='rnn_forward']/failure") is None


def test_csv_is_a_class_table(mixed):
    rows = list(csv.DictReader(io.StringIO(report.table([mixed, right(), EMPTY]))))
    assert len(rows) == 7
    assert rows[1] == {
        "file": "anna.py",
        "function": "lstm_backward",
        "verdict": "FAIL",
        "mistakes": "one-path-not-carried",
        "line": "214",
        "cell": "3",
    }
    assert rows[-1]["verdict"] == "NOT FOUND"


def test_csv_holds_no_formulas():
    odd = report.FileReport('=HYPERLINK("x"),1\n', {"+f": wrong("+f")})
    (row,) = csv.DictReader(io.StringIO(report.table([odd])))
    assert row["file"] == '\'=HYPERLINK("x"),1\n'
    assert row["function"] == "'+f"


def test_overview_counts(mixed):
    """In the order of the course, whatever that of the reports."""
    text = report.overview([mixed, right(), EMPTY])
    lines = text.splitlines()
    assert lines[1].split() == ["anna.py", "ok", "crash", "ill", "FAIL", "empty"]
    assert lines[2].split() == ["right.py", "ok", "-", "-", "-", "-"]
    assert lines[3].split(maxsplit=1) == ["empty.py", "empty.py is empty"]
    assert lines[4].split() == ["right", "2", "0", "0", "0", "0"]
    assert "1 of 3 files right (2 PASS, 1 FAIL" in text
    assert "most frequent: one-path-not-carried (1)" in text


def test_overview_fits_long_names():
    long = report.FileReport("a/" * 60 + "me.py", right().functions)
    assert max(map(len, report.overview([long]).splitlines())) < 100
    assert "me.py" in report.overview([long])


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


@pytest.mark.parametrize("name", ["fragment", "page", "notebook"])
def test_html_escapes_whatever_a_stranger_wrote(nasty, name):
    text = FORMATS[name](nasty)
    found = Tags(text)
    assert not found.tags & {"script", "iframe", "img", "object", "link", "a"}
    assert not [pair for pair in found.attributes if pair[1].startswith("on")]
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_page_needs_nothing_from_outside(mixed, nasty):
    text = page.page([mixed, nasty, EMPTY, right()])
    found = Tags(text)
    targets = [value for _, name, value in found.attributes if name in ("href", "src")]
    assert targets == ["#file0", "#file1", "#file2", "#file3"]
    assert not re.search(r"url\(|@import|https?://", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert text.count("<h2>") == 4
    for words in ("SECRET-WRONG", "SECRET-RIGHT", "SECRET-SOURCE", "cell 3, line 214", "0.0%"):
        assert words in text


@pytest.mark.parametrize("name", list(FORMATS))
def test_nothing_breaks_a_format(nasty, name):
    for file in (nasty, EMPTY, right(), report.FileReport("", {})):
        text = FORMATS[name](file)
        assert isinstance(text, str)
        assert text
    if name == "junit":
        ElementTree.fromstring(FORMATS[name](nasty).encode())


# ------------------------------------------------------------------------------------------- hints


@pytest.mark.parametrize("name", list(FORMATS))
def test_hints_hide_what_they_must_in_every_format(mixed, name):
    def shown(level):
        return FORMATS[name](mixed.hinted(level))

    assert "FAIL" in shown("verdict")
    for level in ("verdict", "place"):
        assert "SECRET" not in shown(level)
        assert "one-path-not-carried" not in shown(level)
    for words in ("PLACE", "214", "time step", "gate f", "ValueError"):
        assert words not in shown("verdict")
    if name not in ("csv", "overview"):
        assert "PLACE" in shown("place")
        assert "SECRET-RIGHT" in shown("mistake")
    if name != "overview":
        assert "214" in shown("place")


def test_hints_are_checked(mixed):
    with pytest.raises(ValueError, match="hint is 'none'"):
        mixed.hinted("none")


def test_a_line_without_its_text_ends_without_a_colon():
    """A place is a line alone."""
    function = report.FunctionReport("f", report.FAIL, line=39, source="a = b")
    assert "your code line 39: a = b" in str(function)
    assert str(function.hinted("place")).endswith("your code line 39")


# ----------------------------------------------------------------------------------------- writing


def test_write_replaces_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "a report.html"
    report.write(path, "one")
    report.write(path, "zwei é")
    assert path.read_text(encoding="utf-8") == "zwei é"
    assert [p.name for p in tmp_path.iterdir()] == ["a report.html"]
    with pytest.raises(OSError, match="No such file"):
        report.write(tmp_path / "none" / "x", "one")

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(report.os, "fdopen", fails)
    with pytest.raises(OSError, match="disk full"):
        report.write(path, "three")
    assert path.read_text(encoding="utf-8") == "zwei é"
    assert [p.name for p in tmp_path.iterdir()] == ["a report.html"]


def test_nothing_judged_is_no_pass():
    assert not report.all_passed([])
    assert not report.all_passed([EMPTY])
    assert not report.all_passed([right(), EMPTY])
    assert report.all_passed([right()])
