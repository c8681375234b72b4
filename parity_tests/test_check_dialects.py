"""Dialects: every corpus judged by its own, files of one's own, and what is said of wrong ones."""

import re
import shlex
from pathlib import Path

import pytest

from handrnn import check
from handrnn.check import cli
from handrnn.check.assignments import places, search, trying
from handrnn.check.dialects import dialect as dialects
from handrnn.check.load import loading
from handrnn.check.report import data as report

ROOT = Path(__file__).resolve().parent.parent
SUBMISSIONS = ROOT / "parity_tests" / "submissions"
OWN = SUBMISSIONS / "own"
PAGE = ROOT / "handrnn" / "check" / "dialects" / "README.md"
CORPORA = ("cs231n", "eecs498", "cmu", "dlfs2", "numpy_ml")
QUICK = {  # a few for the default suite; the others take minutes together
    *("cs231n/right/terse.py", "cs231n/wrong/three_in_one.py", "cs231n/right/half_filled_in.py"),
    *("cmu/right/rnn_cell_template.py", "cmu/wrong/rnn_not_divided.py"),
    *("dlfs2/right/lstm_hsplit.py", "dlfs2/wrong/bias_gradient_one_number.py"),
    "eecs498/wrong/one_tensor_for_all_states.py",
    *("numpy_ml/right/both_cells.py", "numpy_ml/wrong/accumulator_unused.py"),
}
HEAD = re.compile(r"^# (wrong|right by itself|follows): ([\w.]+)", re.M)


def files(kind):
    for corpus in CORPORA:
        for path in sorted((SUBMISSIONS / corpus / kind).glob("*.py")):
            name = f"{corpus}/{kind}/{path.name}"
            marks = [] if name in QUICK else [pytest.mark.long]
            yield pytest.param(path, id=name, marks=marks)


def judged(path, **options):
    if path.parent.parent.name == "eecs498":
        pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    return check.file(path, second_opinion=False, **options)


@pytest.mark.parametrize("path", list(files("right")))
def test_right_files_pass(path):
    found = judged(path).functions
    allowed = {report.PASS} | (
        {report.NOT_FILLED_IN} if path.name == "half_filled_in.py" else set()
    )
    assert found
    assert {f.verdict for f in found.values()} == allowed, found


@pytest.mark.sample(5)
@pytest.mark.parametrize("path", list(files("wrong")))
def test_wrong_files_fail_where_they_are_wrong(path):
    """At the functions of the header's lines, and not at those that are right by themselves."""
    found = judged(path)
    said = HEAD.findall(path.read_text())
    left = {one.name for one in found.not_judged}
    assert any(kind == "wrong" for kind, _ in said)
    for kind, name in said:
        ways = [f for n, f in found.functions.items() if n.partition(" (")[0] == name]
        wrong = [f for f in ways if f.verdict in (report.FAIL, report.CRASHED)]
        if kind == "wrong":  # or it cannot be judged before what it goes on from is repaired
            assert wrong or name in left, f"{name}: {found}"
        elif kind == "right by itself":
            assert not wrong, str(wrong[0])


@pytest.mark.long
def test_a_term_that_is_there_is_not_missing():
    """A state that stays zero gives what a missing term gives: the text tells which it is."""
    path = SUBMISSIONS / "numpy_ml" / "wrong" / "state_never_moves.py"
    named = judged(path).functions["RNNCell.forward"].mistakes
    assert [mistake.id for mistake in named] == ["a0-every-step"]
    text = path.read_text().replace('As[0] @ p["Waa"] + ', "")
    named = check.text(text, second_opinion=False).functions["RNNCell.forward"].mistakes
    assert "term-missing" in [mistake.id for mistake in named]


# --------------------------------------------------------------------------------- the command


def run(capsys, monkeypatch, line):
    """Status and output of a command line in the root of the project."""
    monkeypatch.chdir(ROOT)
    status = cli.main(shlex.split(line)[1:])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def commands():
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if line]
    return [line.partition("  # exit status ")[0] for line in lines]


STATUS = {"own/right.py --dialect": 0, "own/wrong.py": 1, "transposed.toml": 1, "begun.toml": 0}


LONG = [pytest.param(line, marks=pytest.mark.long) for line in commands() if "begun" in line]


@pytest.mark.parametrize("line", [*(line for line in commands() if "begun" not in line), *LONG])
def test_the_commands_of_the_page(capsys, monkeypatch, line):
    status, out, _ = run(capsys, monkeypatch, line)
    assert status == next(code for words, code in STATUS.items() if words in line)
    (whole,) = re.findall(r"^```toml\n(about.*?)^```", PAGE.read_text(), re.M | re.S)
    assert whole == (OWN / "sunspots.toml").read_text()
    if "begun" in line:
        completed = dict(dialects.entries(dialects.tables(whole)))
        for key, words in re.findall(r'^    (\w+) = "(.*)"$', out, re.M):
            assert any(w[-1] == key and words == right for w, right in completed.items()), key
    if "transposed" in line:
        assert f"$ {line}\n{out}" in PAGE.read_text()
    if "wrong" in line:
        assert re.findall("^FAIL +(.*)", out, re.M) == ["gru_tick_back (sunspots)"]


def test_dialects_are_listed_and_printed(capsys, monkeypatch):
    status, out, _ = run(capsys, monkeypatch, "handrnn dialects")
    assert status == 0
    assert all(f"{name}: " in out for name in dialects.all_dialects())
    status, out, _ = run(capsys, monkeypatch, "handrnn dialects cs231n")
    assert status == 0
    assert out == (PAGE.parent / "cs231n.toml").read_text()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("handrnn check x.py --dialect cs231", "did you mean cs231n?"),
        ("handrnn check x.py --dialect none.toml", "none.toml cannot be read"),
        ("handrnn check x.py --require lstm_bakward", "did you mean lstm_backward?"),
        ("handrnn check x.py::lstm_bakward", "did you mean lstm_backward?"),
        ("handrnn check x.py --dialect cs231n --require gru_forward", "did you mean"),
        ("handrnn dialects dlfs", "did you mean dlfs2?"),
        ("handrnn dialects try a.toml", "try FILE SOLUTION"),
        ("handrnn dialects try none.toml x.py", "cannot be read"),
        ("handrnn dialects try none.toml none.py", "is not a file"),
    ],
)
def test_misuse(capsys, tmp_path, monkeypatch, line, words):
    monkeypatch.chdir(tmp_path)
    Path("x.py").write_text("import numpy as np\n")
    assert cli.main(shlex.split(line)[1:]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert words in captured.err


OTHERS = """
class Cell:
    def step(self, h_prev):
        return h_prev
class Log:
    pass
def rnn_step(x, hidden):
    return hidden
def load(path):
    return path
def softmax(z):
    return z
"""


def test_what_another_dialect_alone_could_judge_is_said_of_the_one_that_was_asked_for():
    """No word of all dialects where only one was looked for."""
    by_name = {one.name: one.why for one in check.text(OTHERS).not_judged}
    assert by_name["Cell"] == "its methods are those of no dialect"
    alone = {one.name: one.why for one in check.text(OTHERS, dialect="dlfs2").not_judged}
    assert alone == {
        "Cell": "its methods are not those of the dialect dlfs2",
        "Log": "the dialect dlfs2 has no class of this name",
        "rnn_step": "its name and arguments are not those of the dialect dlfs2",
        "load": "the dialect dlfs2 has no function of this name",
        "softmax": "the dialect dlfs2 has no function of this name",
    }


# ------------------------------------------------------------------------------- files with errors


def changed(old, new):
    text = (OWN / "sunspots.toml").read_text()
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[arrays]", "[arrays", "not TOML"),
        ("[arrays]", "[array]", "no section [array]; did you mean arrays?"),
        ('inp = "xt: B I"', 'inp = "xt: B H"', "inp: the axes of this array can be I, B and 1"),
        ('inp = "xt: B I"', 'inp = "xt: B B"', "stands there twice"),
        ('inp = "xt: B I"', 'inp = "xx: B I"', "there is no quantity 'xx'"),
        ('inp = "xt: B I"', "inp = 3", "arrays.inp must be text in quotes"),
        ('inp = "xt: B I"', 'inp = "xt: ?"', "is left open"),
        ("[u r] x", "[u q] x", "no cell has the gates [u q]"),
        ("[u r] x: R KH", "[u r] x: KH", "an axis R"),
        ("[weights.gru]", "[weights.gro]", "a cell is one of rnn, lstm, gru"),
        ("gru_cell_forward:", "gru_step_forward:", "did you mean gru_"),
        ("inp, state, P -> new", "inp, sate, P -> new", "did you mean state?"),
        ("-> new, memo", "-> nwe, memo", "did you mean new?"),
        ('"reset-before"', '"reset-after"', "there are reset-before, update-turned"),
        ('"mean"', '"average"', '"sum", "mean"'),
        ('"{W, V, bias, Wc', '"{W, V, bias, Wc, (', "is not closed"),
    ],
)
def test_errors_in_a_file_are_one_clear_line(tmp_path, old, new, words):
    path = tmp_path / "mine.toml"
    path.write_text(changed(old, new))
    with pytest.raises(dialects.DialectError, match=r"mine\.toml: ") as caught:
        dialects.find(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dialect_by_name_path_and_itself():
    path = OWN / "sunspots.toml"
    source = (OWN / "right.py").read_text()
    for which in (path, str(path), dialects.find(path)):
        assert len(dialects.find(which).functions) == 4
    assert check.text(source, dialect=path, second_opinion=False).passed
    assert not check.text(source, second_opinion=False).passed
    names = {}
    exec(source, names)
    found = check.function(names["gru_tick"], dialect=path, second_opinion=False)
    assert found.passed
    with pytest.raises(ValueError, match="not a function of the dialect sunspots"):
        check.function(names["squash"], dialect=path)


def test_a_dialect_alone_is_looked_for():
    found = check.file(SUBMISSIONS / "cs231n/right/terse.py", dialect="dlfs2", second_opinion=False)
    assert not found.functions
    assert not found.passed


# ------------------------------------------------------------------------------------------ trying


def held(text, solution=OWN / "right.py"):
    return trying.hold(text, "mine.toml", loading.load(solution))


def only(text, *names):
    """A file with some of its functions only, so that a test is quick."""
    head, _, lines = text.partition("[functions]\n")
    kept = [line for line in lines.splitlines() if line.split(" = ")[0] in names]
    return f"{head}[functions]\n" + "\n".join(kept)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('gru_tick = "', 'gru_tock = "', "has no function gru_tock; did you mean gru_tick?"),
        ("inp, state, P -> new", "inp, P -> new", "not in the file: state"),
        ("inp, state, P -> new", "inp, state, P, W -> new", "the file gives it 4"),
        ("-> new, memo", "-> new, g_new, memo", "returns 2 results, not 3"),
        ("{W, V, bias, Wc, Vc, bias_c}", "{W, V, Wc, Vc, bias_c}", "looks up the key 'bias'"),
        ('state = "h_prev: B H"', 'state = "h_prev: H B"', "state: B H fits, shape (3, 4)"),
        ('new = "h_next: B H"', 'new = "h_next: H B"', "new: B H fits"),
        ("[u r]", "[r u]", "the order of the gates is u r; the file says r u"),
        ('Vc = "[n] h: R H"', 'Vc = "[n] h: H R"', "Vc: transposed: R H fits"),
        ('gru = "reset-before"', 'gru = ""', "the reset gate acts before the product"),
    ],
)
def test_what_does_not_fit_is_said(old, new, words):
    text = only(changed(old, new), "gru_tick", "gru_tock")
    found = held(text)
    assert not found.passed
    (said,) = found.misfits.values()
    assert words in "\n".join(said)
    assert words in "\n".join(found.lines())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"mean"', '"sum"', "are means over the examples; the file says sums"),
        ("bias: dbias,", "b: dbias,", "has no key b: it has W, V, bias"),
    ],
)
def test_what_does_not_fit_of_gradients(old, new, words):
    found = held(only(changed(old, new), "gru_tick", "gru_tick_back"))
    assert found.fits == ["gru_tick"]
    assert words in found.misfits["gru_tick_back"][0]


TWO_BIASES = """
import numpy as np
def step(x, h, W, U, b_in, b_rec):
    return np.tanh(x @ W + h @ U + b_in + b_rec)
"""
ONE_OF_TWO = """
[arrays]
x = "xt: B I"
h = "h_prev: B H"
new = "h_next: B H"
[weights.rnn]
W = "[h] x: R H"
U = "[h] h: R H"
b_in = "[h] bias: H"
b_rec = "[h] bias: H"
[functions]
step = "rnn_cell_forward: x, h, W, U, b_in, b_rec -> new"
"""


def test_two_biases_where_one_is_described():
    found = trying.hold(ONE_OF_TWO, "mine.toml", loading.from_text(TWO_BIASES))
    written = {where[-1]: words for where, words in found.write.items()}
    assert set(written.values()) <= {"[h] bias_x: H", "[h] bias_h: H"}
    assert written
    assert not trying.hold(
        ONE_OF_TWO.replace(", b_rec ->", " ->"), "m", loading.from_text(TWO_BIASES)
    ).passed


def test_signatures_are_enough():
    open_ = re.sub(r"\[h\] \w+: H$|\[h\] bias: H", "[?] ?: ?", ONE_OF_TWO)
    open_ = re.sub(r'": B \w"', '": ?"', re.sub(r"(xt|h_prev|h_next): B \w", r"\1: ?", open_))
    found = search.search(dialects.tables(open_), loading.from_text(TWO_BIASES))
    assert found.choices
    assert not found.failed
    said = places.filled(dialects.tables(open_), found.choices[0])
    assert said["arrays"] == {"x": "xt: B I", "h": "h_prev: B H", "new": "h_next: B H"}


def test_too_much_left_open_is_said():
    text = re.sub(
        r'"\[(u r|n)\] (x|h|bias): [^"]*"', '"[?] ?: ?"', (OWN / "sunspots.toml").read_text()
    )
    with pytest.raises(dialects.DialectError, match="too much is left open at once"):
        held(only(text, "gru_tick"))
