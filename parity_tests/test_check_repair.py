"""Mended lines: the author's own file, with the smallest change that makes it right."""

import json
import textwrap
from typing import Any

import numpy as np
import pytest

from handrnn import check
from handrnn.check import cli
from handrnn.check.judge import judge
from handrnn.check.load import loading
from handrnn.check.repair import applying, fixes, quantities, texts
from parity_tests import repairs, wrong
from parity_tests.sampling import sampled

SUBMISSIONS = wrong.SUBMISSIONS
OWN = (SUBMISSIONS / "my_lstm.py").read_text()


def mended(text, name, **options) -> tuple[Any, str]:
    """The report of one function, which must have a fix; and the mended text."""
    judged = check.text(text, second_opinion=False, **options)
    one = judged.functions[name]
    assert one.fix is not None, one
    return one, applying.changed(text, applying.edits_of(judged))


def passes(text, name):
    """Whether a function of a text passes."""
    return check.text(text, second_opinion=False, hint="mistake").functions[name].passed


# ------------------------------------------------------------------------------- by hand, by kind

HEAD = "import numpy as np\n\n\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n\n\n"
CELL = """
def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters) = cache
    n_a = a_next.shape[0]
    tanh_c = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - tanh_c ** 2)
    dot = da_next * tanh_c * ot * (1 - ot)
    dcct = dc * it * (1 - cct ** 2)
    dit = dc * cct * it * (1 - it)
    dft = dc * c_prev * ft * (1 - ft)
    concat = np.concatenate((a_prev, xt), axis=0)
    dWf = np.dot(dft, concat.T)
    dWi = np.dot(dit, concat.T)
    dWc = np.dot(dcct, concat.T)
    dWo = np.dot(dot, concat.T)
    dbf = np.sum(dft, axis=1, keepdims=True)
    dbi = np.sum(dit, axis=1, keepdims=True)
    dbc = np.sum(dcct, axis=1, keepdims=True)
    dbo = np.sum(dot, axis=1, keepdims=True)
    Wf, Wi = parameters["Wf"], parameters["Wi"]
    Wc, Wo = parameters["Wc"], parameters["Wo"]
    d = np.dot(Wf.T, dft) + np.dot(Wi.T, dit) + np.dot(Wc.T, dcct) + np.dot(Wo.T, dot)
    return {"dxt": d[n_a:], "da_prev": d[:n_a], "dc_prev": dc * ft, "dWf": dWf, "dbf": dbf,
            "dWi": dWi, "dbi": dbi, "dWc": dWc, "dbc": dbc, "dWo": dWo, "dbo": dbo}
"""
LINES = {  # what is written, and what a repair makes of it
    "a variable": ("dft = dc * c_next * ft * (1 - ft)", "dft = dc * c_prev * ft * (1 - ft)"),
    "a factor": ("dcct = dc * it", "dcct = dc * it * (1 - cct ** 2)"),
    "a square": ("dcct = dc * it * (1 - cct)", "dcct = dc * it * (1 - cct ** 2)"),
    "a sign": ("dit = dc * cct * it * (1 + it)", "dit = dc * cct * it * (1 - it)"),
    "a bracket": ("dit = dc * cct * it * 1 - it", "dit = dc * cct * it * (1 - it)"),
    "a transpose": ("dWf = np.dot(dft, concat)", "dWf = np.dot(dft, concat.T)"),
    "an axis": ("dbf = np.sum(dft, axis=0)", "dbf = np.sum(dft, axis=1, keepdims=True)"),
    "a sum": ("dbf = dft", "dbf = np.sum(dft, axis=1, keepdims=True)"),
    "a name that is not there": ("dWi = np.dot(dti, concat.T)", "dWi = np.dot(dit, concat.T)"),
    "a tuple": ("concat = np.concatenate(a_prev, xt)", None),
    "an order": ("concat = np.concatenate((xt, a_prev), axis=0)", None),
}


def right_line(old):
    """The line of CELL that has the same name before its equal sign."""
    name = old.partition(" = ")[0]
    (line,) = (one for one in CELL.splitlines() if one.strip().startswith(f"{name} = "))
    return line.strip()


@pytest.mark.sample(6)
@pytest.mark.parametrize("kind", LINES)
def test_one_line_is_mended(kind):
    written, wanted = LINES[kind]
    text = HEAD + CELL.replace(right_line(written), written)
    one, after = mended(text, "lstm_cell_backward")
    (edit,) = one.fix.edits
    assert edit.old.strip() == written
    assert edit.line == 1 + text.splitlines().index(edit.old)
    assert wanted is None or edit.new.strip() == wanted
    assert one.fix.verified
    assert one.line == edit.line
    assert passes(after, "lstm_cell_backward")


def test_several_lines_are_mended_one_after_another():
    text = HEAD + CELL
    for kind in ("a variable", "a square", "a sign"):
        written, _ = LINES[kind]
        text = text.replace(right_line(written), written)
    one, after = mended(text, "lstm_cell_backward")
    assert after == HEAD + CELL
    assert len(one.fix.edits) == 3


def test_what_nothing_explains_is_named_by_the_difference():
    written = "dft = dc * c_prev * ft * (1 - it)"
    one, _ = mended(HEAD + CELL.replace(right_line(written), written), "lstm_cell_backward")
    assert [mistake.id for mistake in one.mistakes] == ["wrong-variable"]


# ---------------------------------------------------------------------------------- what is said


def test_a_report_shows_the_lines(capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    out = tmp_path / "out.json"
    cli.main(["check", str(path), "--no-torch", "--json", str(out)])
    assert 'line 67  +         dc_prev = gradients["dc_prev"]' in capsys.readouterr().out
    fix = json.loads(out.read_text())["functions"]["lstm_backward"]["fix"]
    new = '        dc_prev = gradients["dc_prev"]'
    (edit,) = fix["edits"]
    assert edit | {"shown": ""} == {"line": 67, "cell": None, "old": "", "new": new, "shown": ""}
    assert fix["verified"] is True
    assert fix["probes"] == fixes.UNSEEN


@pytest.mark.sample(2)
@pytest.mark.parametrize("hint", ["verdict", "place", "sentence", "mistake"])
def test_lower_hints_give_no_line_away(hint):
    judged = check.text(OWN, second_opinion=False, hint=hint)
    assert judged.functions["lstm_backward"].fix is None


@pytest.mark.long
def test_a_teacher_who_takes_the_file_gives_no_line_away(capsys, tmp_path):
    path, out = tmp_path / "mine.py", tmp_path / "mended.py"
    path.write_text(OWN)
    cli.main(["check", str(path), "--no-torch", "--fix", str(out), "--hint", "mistake"])
    assert out.exists()
    assert "fix " not in capsys.readouterr().out


def test_a_hint_that_there_is_not():
    with pytest.raises(ValueError, match="hint is 'all': it can be verdict, place"):
        check.text(OWN, hint="all")  # pyright: ignore[reportArgumentType]


def test_the_mended_file_is_written_and_passes(capsys, tmp_path):
    path, out = tmp_path / "mine.py", tmp_path / "mended.py"
    path.write_text(OWN)
    assert cli.main(["check", str(path), "--no-torch", "--fix", str(out), "-q"]) == 1
    assert "1 place mended" in capsys.readouterr().err
    assert path.read_text() == OWN
    assert cli.main(["check", str(out), "--no-torch"]) == 0


@pytest.mark.long
def test_a_mended_notebook_passes(capsys, tmp_path):
    path, out = tmp_path / "mine.ipynb", tmp_path / "mended.ipynb"
    cells = [{"cell_type": "markdown", "source": ["# Mine"], "metadata": {}}]
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 3}
    cells.append({**code, "source": OWN.splitlines(keepends=True)})
    path.write_text(
        json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    )
    assert cli.main(["check", str(path), "--no-torch", "--fix", str(out), "-q"]) == 1
    assert cli.main(["check", str(out), "--no-torch"]) == 0
    after = json.loads(out.read_text())
    assert after["cells"][0] == cells[0]
    assert isinstance(after["cells"][1]["source"], list)


def test_it_never_writes_over_what_is_checked(capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    for out in (path, link):
        assert cli.main(["check", str(path), "--fix", str(out)]) == 2
    assert path.read_text() == OWN
    assert "never writes over" in capsys.readouterr().err


@pytest.mark.long
def test_where_nothing_is_mended_nothing_is_written(capsys, tmp_path):
    path, out = tmp_path / "mine.py", tmp_path / "out.py"
    path.write_text(applying.changed(OWN, applying.edits_of(check.text(OWN))))
    assert cli.main(["check", str(path), "--no-torch", "--fix", str(out), "-q"]) == 0
    assert not out.exists()
    assert "nothing is mended" in capsys.readouterr().err


@pytest.mark.long
def test_ends_of_lines_stay(tmp_path):
    edits = applying.edits_of(check.text(OWN, second_opinion=False))
    after = applying.changed(OWN.replace("\n", "\r\n"), edits)
    assert after.count("\r\n") == after.count("\n") == OWN.count("\n") + 1


# ------------------------------------------------------------------------- what is never a repair


@pytest.mark.long
def test_hard_coded_sizes_are_no_repair():
    """Right on the sizes of one probe only: with the loop as it stands there is no fix."""
    loop = "reversed(range(T_x))"
    assert loop in OWN
    one = check.text(OWN.replace(loop, "reversed(range(6))"), second_opinion=False)
    fix = one.functions["lstm_backward"].fix
    assert fix is None or any("range(6)" in edit.old for edit in fix.edits)


def test_what_misbehaves_when_it_is_watched_gets_no_fix(tmp_path):
    guard = "    import sys, os\n    if '__tick__' in globals(): os._exit(0)\n"
    text = HEAD + CELL.replace(right_line("dcct = "), "dcct = dc * it").replace(
        "    n_a = a_next", guard + "    n_a = a_next"
    )
    one = check.text(text, second_opinion=False).functions["lstm_cell_backward"]
    assert not one.passed
    assert one.fix is None


LOOP = textwrap.dedent(
    """
    import numpy as np
    def rnn_backward(da, caches):
        caches, x = caches
        a1, a0, x1, parameters = caches[0]
        n_a, m, T = da.shape
        dx = np.zeros((x1.shape[0], m, T)); dWax = 0; dWaa = 0; dba = 0
        carried = np.zeros((n_a, m))
        t = T - 1
        while t >= 0:
            g = rnn_cell_backward(da[:, :, t] + carried, caches[t])
            carried = g["da_prev"]
            dx[:, :, t] = g["dxt"]
            dWax = dWax + g["dWax"]; dWaa = dWaa + g["dWaa"]; dba = dba + g["dba"]
            t -= 1
        return {"dx": dx, "da0": carried, "dWax": dWax, "dWaa": dWaa, "dba": dba}
    """
)
LOOPS = {  # text of LOOP, and what is written instead
    "not carried": ('carried = g["da_prev"]', 'last = g["da_prev"]'),
    "not taken": ("da[:, :, t] + carried", "da[:, :, t]"),
    "not added up": ('dWaa = dWaa + g["dWaa"]', 'dWaa = g["dWaa"]'),
    "too early": ('dx[:, :, t] = g["dxt"]', 'dx[:, :, t - 1] = g["dxt"]'),
    "in place": ("da[:, :, t] + carried", "np.add(da[:, :, t], carried, out=da[:, :, t])"),
}


@pytest.mark.sample(5)
@pytest.mark.parametrize("kind", LOOPS)
def test_a_loop_is_mended(kind):
    text = LOOP.replace(*LOOPS[kind])
    one, after = mended(text, "rnn_backward")
    assert passes(LOOP, "rnn_backward")
    assert passes(after, "rnn_backward")
    assert len(one.fix.edits) <= 2


@pytest.mark.long
def test_an_endless_loop_made_by_a_change_ends():
    one = check.text(LOOP.replace("t >= 0", "t > 0"), second_opinion=False)
    assert not one.functions["rnn_backward"].passed


# ------------------------------------------------------------------------------------- the corpora


def verify(found):
    """Most are mended, each for good, and by nothing but lines of their own kind."""
    assert all(one.right_again for one in found if one.mended)
    for edit in (edit for one in found for edit in one.edits):
        for word in ("handrnn", "try:", "except", "__tick__", "__seen__", "__other__"):
            assert word not in edit.new
    assert sum(one.mended for one in found) >= 0.7 * len(found)


@pytest.mark.long
def test_the_same_report_twice():
    case = next(case for case in repairs.kills() if "columns.lstm_backward: no-carry" in case.name)
    first, second = (repairs.tried(case) for _ in range(2))
    assert first.edits == second.edits != ()


@pytest.mark.long
@pytest.mark.parametrize("part", range(32))
def test_wrong_submissions_are_mended(part):
    verify([repairs.tried(case) for case in [*repairs.kills(), *repairs.others()][part::256]])


KINDS = {  # wrong submissions, by what it takes to mend them
    "a term too many in an argument": "course_columns/45",
    "indices exchanged": "cmu/45",
    "the branches of a condition": "course_columns/90",
    "a loop from the wrong end": "eecs498/7",
    "one of two lists from the wrong end": "eecs498/16",
    "an attribute that does not exist": "dlfs2/8",
    "two lines of which neither helps alone": "dlfs2/21",
    "an assignment in place": "cs231n/78",
    "concatenate for stack": "cs231n/24",
    "a slice in a loop over gates": "course_columns/58",
    "values exchanged": "course_columns/67",
    "the axes of einsum": "course_columns/112",
    "the bound of a loop": "course_columns/130",
    "a list that is summed along the wrong axis": "course_columns/144",
    "a mean that is a sum": "own/35",
    "a key that is never added up": "course_columns/126",
}


@pytest.mark.sample(16)
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_submission_is_mended(kind):
    case = next(case for case in repairs.others() if case.name == KINDS[kind])
    found = repairs.tried(case)
    assert found.mended
    assert found.right_again


RIGHT = sorted(SUBMISSIONS.glob("*/right/*.py"))


@pytest.mark.sample(12)
@pytest.mark.parametrize("path", sampled(RIGHT, 12), ids=lambda path: path.stem)
def test_right_code_is_never_touched(path):
    judged = judge.judge(loading.load(path), second_opinion=False, mend=fixes.with_fixes)
    assert all(one.fix is None for one in judged.functions.values())


# ---------------------------------------------------------------------------------- small parts


@pytest.mark.parametrize("turned", [False, True])
def test_a_quantity_is_recognised_in_any_axes(turned):
    made = quantities.Quantities()
    value = np.random.default_rng(0).standard_normal((3, 4))
    made.learn("dzf", 2, value)
    assert made.of(value.T if turned else value * (1 + 1e-13)) == {("dzf", 2)}
    assert not made.of(-value)
    assert not made.of(value * 1.001)


def test_variants_of_an_expression_parse():
    text = texts.Text("f", "def f(a, b):\n    return np.dot(a.T, (1 - b) * a[:, 1]) + b @ a\n")
    tree: Any = text.tree
    (statement,) = tree.body[0].body
    around = texts.Around({"a": (2, 2), "b": (2, 2)}, ["sigmoid"], "np", ["n"])
    found = [change.applied(text.text) for change in texts.variants(text, statement.value, around)]
    assert len(found) > 300
    parsed = sum(_parses(one) for one in found)
    assert parsed >= 0.8 * len(found)


def _parses(text):
    try:
        compile(text, "f", "exec")
    except SyntaxError:
        return False
    return True
