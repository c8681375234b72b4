"""Reports as course systems, CI and editors take them: each against the fields it documents."""

import json
import re
from dataclasses import replace

import pytest

from handrnn.check import report as formats
from handrnn.check.report import data, findings, points

ENTRY = data.Named("one-path-not-carried", "dc_prev is\nnot carried", "PROOF", "WRONG", "RIGHT")
RIGHT = data.FunctionReport("lstm_forward", data.PASS)
WRONG = data.FunctionReport("lstm_backward", data.FAIL, (ENTRY,), "dx: t = 4", 21, source="SOURCE")
LEFT = data.NotJudged("Node", 3, "no dialect has it", "handrnn check a.py --dialect d.toml")


def file(*functions, **fields):
    return data.FileReport("a b.py", {one.name: one for one in functions}, **fields)


MIXED = file(RIGHT, WRONG, not_judged=(LEFT,))
NOTEBOOK = file(replace(WRONG, cell=5, shown="In [12]"))
EMPTY = file(problems=("a b.py is empty",))
SCHEME = points.Scheme({"lstm_forward": 1, "lstm_backward": 3}, {})


def rendered(name, *files):
    return formats.FORMATS[name].render(data.Reports(files))


def parsed(name, *files):
    return json.loads(rendered(name, *files))


def typed(content, fields):
    """Every field is one that is documented, and of its type."""
    assert set(content) <= set(fields)
    for name, value in content.items():
        assert isinstance(value, fields[name]), name
        assert not (isinstance(value, bool) and fields[name] is not bool), name


NUMBER = (int, float)


def test_gradescope():
    """The fields of results.json, as Gradescope's documentation of autograders lists them."""
    content = parsed("gradescope", points.graded(MIXED, SCHEME))
    top = {"score": NUMBER, "execution_time": NUMBER, "output": str, "output_format": str}
    top |= {"visibility": str, "stdout_visibility": str, "tests": list, "extra_data": dict}
    typed(content, top)
    test = {"score": NUMBER, "max_score": NUMBER, "status": str, "name": str, "number": str}
    test |= {"output": str, "output_format": str, "tags": list, "visibility": str}
    for one in content["tests"]:
        typed(one, test)
        assert one["status"] in ("passed", "failed")
        assert one["output_format"] in ("text", "html", "simple_format", "md", "ansi")
        assert one["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
    right, wrong = content["tests"]
    assert (right["score"], right["max_score"], right["status"]) == (1, 1, "passed")
    assert (wrong["score"], wrong["max_score"], wrong["status"]) == (0, 3, "failed")
    assert content["score"] == 1
    assert "dc_prev" in wrong["output"]
    assert "Node (line 3)" in content["output"]
    empty = parsed("gradescope", EMPTY)
    assert (empty["score"], empty["tests"]) == (0, [])
    assert "a b.py is empty" in empty["output"]


def test_prairielearn():
    """The fields of results.json, as PrairieLearn's documentation of external graders has them."""
    content = parsed("prairielearn", points.graded(MIXED, SCHEME))
    top = {"gradable": bool, "score": NUMBER, "message": str, "output": str, "images": list}
    typed(content, top | {"format_errors": list, "tests": list})
    test = {"name": str, "description": str, "points": NUMBER, "max_points": NUMBER}
    for one in content["tests"]:
        typed(one, test | {"message": str, "output": str, "images": list})
    assert (content["gradable"], content["score"], content["format_errors"]) == (True, 0.25, [])
    assert [(t["points"], t["max_points"]) for t in content["tests"]] == [(1, 1), (0, 3)]


@pytest.mark.parametrize("unusable", [EMPTY, file(RIGHT, failed=True)])
def test_what_cannot_be_judged_is_not_gradable(unusable):
    content = parsed("prairielearn", unusable)
    assert content["gradable"] is False
    assert content["format_errors"]


def test_coderunner():
    """A combinator grader: a fraction, and a table whose first row are heads."""
    content = parsed("coderunner", points.graded(MIXED, SCHEME))
    fields = {"fraction": NUMBER, "prologuehtml": str, "testresults": list, "epiloguehtml": str}
    typed(content, fields | {"columnformats": list, "feedbackhtml": str, "showdifferences": bool})
    heads, *rows = content["testresults"]
    assert heads[0] == "iscorrect"
    assert [len(row) for row in rows] == [len(heads)] * 2
    assert len(content["columnformats"]) == len(heads) - 1
    assert set(content["columnformats"]) <= {"%s", "%h"}
    assert [row[:4] for row in rows] == [
        [True, "lstm_forward", "PASS", "1 / 1"],
        [False, "lstm_backward", "FAIL", "0 / 3"],
    ]
    assert content["fraction"] == 0.25
    assert "&lt;b&gt;" in parsed("coderunner", replace(EMPTY, problems=("<b>",)))["epiloguehtml"]


@pytest.mark.parametrize("name", ["gradescope", "prairielearn", "coderunner"])
def test_several_files_are_told_apart(name):
    content = json.dumps(parsed(name, MIXED, replace(MIXED, path="c.py")))
    assert "a b.py: lstm_backward" in content
    assert "c.py: lstm_backward" in content


def test_github_annotations():
    """Workflow commands: properties and message escaped, one a line."""
    odd = replace(MIXED, path="a,b:c%.py")
    lines = rendered("github", odd, NOTEBOOK, EMPTY).splitlines()
    shape = re.compile(r"::(error|notice) file=([^,:]+)(,line=\d+)?,title=([^,:]+)::(.+)")
    found = [shape.fullmatch(line).groups() for line in lines]  # pyright: ignore
    assert [one[:4] for one in found] == [
        ("error", "a%2Cb%3Ac%25.py", ",line=21", "one-path-not-carried"),
        ("notice", "a%2Cb%3Ac%25.py", ",line=3", "not-judged"),
        ("error", "a b.py", None, "one-path-not-carried"),  # a cell's line is not one of the file
        ("error", "a b.py", None, "not-found"),
    ]
    assert "%0A" in found[0][4]


def test_lines_for_editors():
    assert rendered("editor", MIXED, NOTEBOOK, EMPTY).splitlines() == [
        "a b.py:21: one-path-not-carried lstm_backward: dc_prev is not carried",
        "a b.py:3: not-judged Node: no dialect has it",
        "a b.py:In [12]:21: one-path-not-carried lstm_backward: dc_prev is not carried",
        "a b.py:1: not-found a b.py is empty",
    ]


LEVELS = {"none", "note", "warning", "error"}
RESULT = {"ruleId": str, "ruleIndex": int, "level": str, "message": dict, "locations": list}


def test_sarif():
    """What the standard's schema requires of a log, a run, a tool, a rule and a result."""
    content = parsed("sarif", MIXED, NOTEBOOK, EMPTY)
    assert set(content) == {"$schema", "version", "runs"}
    assert content["version"] == "2.1.0"
    (run,) = content["runs"]
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    assert (driver["name"], type(driver["version"])) == ("handrnn check", str)
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in driver["rules"])
    for one in run["results"]:
        typed(one, RESULT)
        assert ids[one["ruleIndex"]] == one["ruleId"]
        assert one["level"] in LEVELS
        assert one["message"]["text"]
    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"a%20b.py"}
    assert [place.get("region") for place in places] == [
        {"startLine": 21},
        {"startLine": 3},
        None,
        None,
    ]
    absolute = parsed("sarif", replace(MIXED, path="/home/a b.py"))["runs"][0]["results"][0]
    place = absolute["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "file:///home/a%20b.py"


@pytest.mark.parametrize("verdict", [*data.VERDICTS[1:], data.NOT_JUDGED])
def test_every_verdict_has_a_meaning(verdict):
    (one,) = findings.of(data.Reports((file(replace(WRONG, mistakes=(), verdict=verdict)),)))
    assert one.id == verdict.lower().replace(" ", "-")
    assert findings.meaning(one.id).endswith(".")


@pytest.mark.parametrize("level", data.HINTS)
@pytest.mark.parametrize("name", ["github", "editor", "sarif"])
def test_ids_are_those_that_the_hint_shows(name, level):
    text = rendered(name, MIXED.hinted(level))
    shown = data.HINTS.index(level) >= data.HINTS.index("sentence")
    assert ("one-path-not-carried" in text) == shown
    assert shown or "fail" in text
    assert ("21" in text) == (level != "verdict")


# ----------------------------------------------------------------------------------------- points


def tensor(right):
    return data.Tensor("dx", 0.0, 0.0, 0.5 if right else 2.0)


def test_points():
    some = replace(WRONG, tensors=(*[tensor(True)] * 3, tensor(False)))
    judged = file(RIGHT, some)
    weights = {"lstm_forward": 2, "lstm_backward": 4, "rnn_forward": 1}
    assert judged.points(weights) == 2
    assert judged.points(weights, {"FAIL": "results"}) == 5
    assert judged.points(weights, {"FAIL": 0.25, "NOT FOUND": 1}) == 4
    for level in data.HINTS:  # the same, whatever is shown
        hinted = judged.hinted(level)
        assert hinted.points(weights, {"FAIL": "results"}) == 5
        assert "right" not in hinted.to_dict()["functions"]["lstm_backward"]


def test_a_function_that_fails_never_earns_all():
    """Its results are right, and what else it does is not."""
    harmful = replace(WRONG, tensors=(tensor(True),) * 3)
    assert file(harmful).points({"lstm_backward": 4}, {"FAIL": "results"}) == 3
    assert file(WRONG).points({"lstm_backward": 4}, {"FAIL": "results"}) == 0
    third = replace(WRONG, tensors=(tensor(True), tensor(False), tensor(False)))
    assert file(third).points({"lstm_backward": 1}, {"FAIL": "results"}) == 0.33


def test_graded_reports_say_so():
    graded = points.graded(file(RIGHT, WRONG), SCHEME)
    assert graded.headline() == "a b.py: 1 of 2 right, 1 of 4 points"
    assert "FAIL           lstm_backward  (0 of 3 points)" in str(graded)
    assert "(0 of 3 points)" in graded._repr_html_()
    assert graded.to_dict()["functions"]["lstm_backward"]["score"] == {"earned": 0, "possible": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[points]", "for no function"),
        ("[points]\nf = -1", "for f are -1"),
        ("[points]\nf = true", "for f are True"),
        ("[points]\nf = nan", "for f are nan"),
        ("[points]\nf = 1\n[partial]\nfail = 1", "for 'fail': it can be FAIL, NOT BY HAND"),
        ("[points]\nf = 1\n[partial]\nPASS = 1", "for 'PASS'"),
        ("[points]\nf = 1\n[partial]\nFAIL = 2", 'from 0 to 1 or "results"'),
        ('[points]\nf = 1\n[partial]\nFAIL = "half"', "is 'half'"),
        ("[weights]\nf = 1", "weights is not one of its tables"),
        ("points = 3", "tables"),
        ("[points", "points.toml: "),
    ],
)
def test_points_that_make_no_sense(tmp_path, text, said):
    path = tmp_path / "points.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        points.read(path)
