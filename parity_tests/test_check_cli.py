"""The command: exit statuses, help, misuse, files written, several files at a time."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import handrnn
from handrnn import command_line
from handrnn.check import cli
from handrnn.check.assignments import trying
from handrnn.check.explain import catalogue
from handrnn.check.files import cases
from handrnn.check.judge import judge
from handrnn.check.report import FORMATS
from handrnn.check.report import data as report
from handrnn.check.run import runner

RIGHT = """
import numpy as np
print("PASS")

def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dtanh = (1 - a_next**2) * da_next
    return {"dxt": parameters["Wax"].T @ dtanh, "da_prev": parameters["Waa"].T @ dtanh,
            "dWax": dtanh @ xt.T, "dWaa": dtanh @ a_prev.T, "dba": dtanh.sum(axis=1, keepdims=True)}
"""
WRONG = RIGHT.replace("(1 - a_next**2)", "(1 - a_next) ** 2")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a right file, a wrong one, and things that are no submission."""
    monkeypatch.chdir(tmp_path)
    class_ = tmp_path / "the class"
    (class_ / "sub").mkdir(parents=True)
    (class_ / ".hidden").mkdir()
    (class_ / "__pycache__").mkdir()
    (class_ / "anna b.py").write_text(RIGHT)
    (class_ / "sub" / "bert.py").write_text(WRONG)
    (class_ / ".hidden" / "x.py").write_text(WRONG)
    (class_ / "__pycache__" / "x.py").write_text(WRONG)
    (class_ / "notes.txt").write_text("lstm_backward")
    return class_


def run(capsys, *arguments):
    """Status, standard output and standard error of the command in this process."""
    try:
        status = command_line.main([str(a) for a in arguments])
    except SystemExit as exit:
        status = exit.code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return status, captured.out, captured.err


# ------------------------------------------------------------------------------------ one for real


def test_a_right_and_a_wrong_file(capsys, folder):
    status, out, err = run(capsys, "check", folder / "anna b.py", "--no-torch")
    assert (status, err) == (0, "")
    assert "1 of 1 right" in out
    status, out, err = run(capsys, "check", folder / "sub" / "bert.py", "--no-torch")
    assert (status, err) == (1, "")
    assert "misplaced-parentheses" in out
    assert "line 7" in out


def test_every_report_of_a_folder(capsys, folder, tmp_path):
    files = {kind: tmp_path / f"a {kind}" for kind in ("json", "html", "junit", "csv", "csv-long")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    status, out, err = run(capsys, "check", folder, "--no-torch", "--jobs", 2, *options)
    assert (status, err) == (1, "")
    assert "1 of 2 files right" in out
    content = json.loads(files["json"].read_text())
    assert [file["passed"] for file in content["files"]] == [True, False]
    assert content["passed"] is False
    assert ElementTree.parse(files["junit"]).getroot().get("failures") == "1"
    for kind in ("csv", "csv-long"):
        rows = list(csv.DictReader(files[kind].read_text().splitlines()))
        assert [row["mistakes"] for row in rows] == ["", "misplaced-parentheses"]
    assert 'class="e6"' in files["html"].read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["the class", *(p.name for p in files.values())]
    )


def test_json_on_standard_output(capsys, folder):
    status, out, _ = run(capsys, "check", folder / "sub" / "bert.py", "--json", "-", "--no-torch")
    content = json.loads(out)
    assert status == 1
    function = content["functions"]["rnn_cell_backward"]
    assert function["verdict"] == "FAIL"
    assert [m["id"] for m in function["mistakes"]] == ["misplaced-parentheses"]
    assert function["line"] == 7


def test_the_command_runs_as_a_module(folder):
    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "handrnn", *map(str, arguments)], capture_output=True, text=True
        )

    done = command("check", folder / "anna b.py", "--no-torch", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = command("check", "none.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "handrnn: there is no file or folder none.py\n"
    assert command("--version").stdout == f"handrnn {handrnn.__version__}\n"


# ---------------------------------------------------------------------------- with a judge of straw


@pytest.fixture
def straw(monkeypatch):
    """A judge that says of each file what its text says: verdicts, a word a function."""
    asked = []

    def judged(submission, *, wanted, seconds, second_opinion, allow=(), mend=None):
        asked.append((submission.path.name, wanted, seconds, second_opinion))
        words = submission.text.split("#")[-1].split()
        if "explode" in words:
            raise RuntimeError("a bug of ours")
        names = [name for name in ("lstm_forward", "lstm_backward") if not wanted or name in wanted]
        functions = {
            name: report.FunctionReport(
                name,
                word.replace("_", " "),
                (report.Named("no-carry", "WHY", "SECRET"),) if word == "FAIL" else (),
                where="PLACE\x1b[2J" if word == "FAIL" else "",
            )
            for name, word in zip(names, words, strict=False)
        }
        return report.FileReport(str(submission.path), functions)

    monkeypatch.setattr(judge, "judge", judged)
    return asked


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(**verdicts):
        for name, words in verdicts.items():
            (tmp_path / f"{name}.py").write_text(f"# {words}")

    return write


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("PASS PASS", 0),
        ("PASS", 0),
        ("PASS FAIL", 1),
        ("ILL-CONDITIONED", 1),
        ("CRASHED", 1),
        ("TIMED_OUT", 1),
        ("NOT_FILLED_IN", 1),
        ("NOT_FOUND", 1),
        ("", 1),
        ("explode", 2),
    ],
)
def test_only_pass_is_a_pass(capsys, straw, files, words, status):
    files(a=words, b="PASS")
    assert run(capsys, "check", "a.py")[0] == status
    assert run(capsys, "check", "b.py", "a.py")[0] == status
    assert run(capsys, "check", ".")[0] == status


def test_our_own_bug_is_a_line_and_no_pass(capsys, straw, files):
    files(a="explode", b="PASS")
    status, out, _ = run(capsys, "check", "a.py")
    assert status == 2
    assert "the checker itself failed, please report it: RuntimeError: a bug of ours" in out
    status, out, _ = run(capsys, "check", "a.py::lstm_backward", "--json", "-")
    assert status == 2
    assert json.loads(out)["functions"]["lstm_backward"]["verdict"] == "NOT FOUND"
    assert json.loads(out)["failed"] is True


def test_where_no_process_can_be_run_nothing_is_said_of_the_file(capsys, files, monkeypatch):
    def cannot(*job, **options):
        raise runner.CannotRunError("no process can be run here: no room")

    monkeypatch.setattr(judge, "judge", cannot)
    files(a="PASS")
    status, out, _ = run(capsys, "check", "a.py")
    assert status == 2
    assert "a.py could not be judged: no process can be run here: no room" in out
    monkeypatch.setattr(trying, "hold", cannot)
    status, out, error = run(capsys, "dialects", "try", "a.py", "a.py")
    assert (status, out) == (2, "")
    assert error == "handrnn: no process can be run here: no room\n"


def test_what_is_required_must_be_there(capsys, straw, files):
    files(a="PASS")
    assert run(capsys, "check", "a.py", "--require", "lstm_forward")[0] == 0
    status, out, _ = run(
        capsys,
        "check",
        "a.py",
        "--require",
        "lstm_forward",
        "--require",
        "lstm_backward",
        "softmax",
    )
    assert status == 1
    assert "NOT FOUND      lstm_backward" in out
    assert "NOT FOUND      softmax" in out


def test_functions_are_asked_for_by_name(capsys, straw, files):
    files(a="PASS PASS")
    run(capsys, "check", "a.py::lstm_backward", "a.py::lstm_forward", "--timeout", 3, "--no-torch")
    assert straw == [("a.py", ("lstm_backward", "lstm_forward"), 3.0, False)]
    straw.clear()
    run(capsys, "check", "a.py::lstm_backward", "a.py", "--no-torch")
    assert straw == [("a.py", (), cli.SECONDS, False)]


def test_reports_come_in_order(capsys, straw, files):
    names = [f"s{k:02}" for k in range(12)]
    files(**dict.fromkeys(names, "PASS FAIL"))
    _, out, _ = run(capsys, "check", ".", "--jobs", 4, "--json", "-")
    assert [f["path"] for f in json.loads(out)["files"]] == [f"{name}.py" for name in names]


def test_json_of_a_folder_is_a_list_whatever_is_in_it(capsys, straw, files):
    files(a="PASS")
    assert "files" in json.loads(run(capsys, "check", ".", "--json", "-")[1])
    assert "functions" in json.loads(run(capsys, "check", "a.py", "--json", "-")[1])


@pytest.mark.parametrize("level", report.HINTS)
def test_hints_hold_for_every_report(capsys, straw, files, tmp_path, level):
    files(a="FAIL")
    outputs = [f"--output-format={kind}={tmp_path / kind}" for kind in FORMATS]
    options = ["--hint", level, "--feedback", tmp_path / "feedback", *outputs]
    _, out, _ = run(capsys, "check", "a.py", *options)
    paths = [*(tmp_path / kind for kind in FORMATS), *(tmp_path / "feedback").iterdir()]
    texts = [out, *(path.read_text("utf-8") for path in paths)]
    assert len(texts) == len(FORMATS) + 3
    assert all("lstm_forward" in text for text in texts)
    rank = report.HINTS.index(level)
    assert any("SECRET" in text for text in texts) == (rank >= report.HINTS.index("mistake"))
    assert any("no-carry" in text for text in texts) == (rank >= report.HINTS.index("sentence"))
    assert any("PLACE" in text for text in texts) == (level != "verdict")


def test_nothing_reaches_the_terminal_but_text(capsys, straw, files):
    files(a="FAIL")
    out = run(capsys, "check", "a.py")[1]
    assert "PLACE" in out
    assert "\x1b" not in out


def test_a_terminal_that_knows_no_unicode(straw, files, tmp_path, monkeypatch):
    files(é="PASS")
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["check", "é.py"]) == 0
    assert "?.py: 1 of 1 right" in (tmp_path / "out").read_text("ascii")


def test_a_bar_where_there_is_a_terminal(capsys, straw, files, monkeypatch):
    pytest.importorskip("tqdm", reason="needs tqdm: pip install 'handrnn[plots]'")
    files(a="PASS", b="PASS")
    assert run(capsys, "check", "a.py", "b.py")[2] == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert "file" in run(capsys, "check", "a.py", "b.py")[2]
    assert run(capsys, "check", "a.py", "b.py", "--quiet")[1:] == ("", "")
    monkeypatch.setitem(sys.modules, "tqdm", None)
    status, _, err = run(capsys, "check", "a.py", "b.py")
    assert (status, err) == (0, "handrnn: 2 files; pip install tqdm shows the progress\n")


def test_interrupted(capsys, files, monkeypatch):
    files(a="PASS")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(judge, "judge", interrupt)
    status, out, err = run(capsys, "check", "a.py")
    assert (status, out, err) == (cli.INTERRUPTED, "", "handrnn: interrupted\n")


# ----------------------------------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "none.py"],
        ["check", "none.py::lstm_backward"],
        ["check", "empty"],
        ["check", "a.py", "none.py"],
        ["check", "a\0.py"],
        ["check", "x" * 5000],
        ["check", "a.py", "--hint", "everything"],
        ["check", "a.py", "--html", "none/x.html"],
        ["check", "a.py", "--html", "empty"],
        ["check", "a.py", "--json", "-", "--junit", "-"],
        ["check", "a.py", "--json", "-", "--output-format", "editor"],
        ["check", "a.py", "--output-format", "latex"],
        ["check", "a.py", "--output-format", "json=none/x.json"],
        ["check", "a.py", "--points", "none.toml"],
        ["check", "a.py", "--points", "a.py"],
        ["check", "a.py", "--feedback", "a.py"],
        ["check", "a.py", "--timeout", "0"],
        ["check", "a.py", "--timeout", "soon"],
        ["check", "a.py", "--jobs", "0"],
        ["check", "a.py", "--unknown"],
        ["oracle", "lstm"],
        ["oracle", "lstm2", "--out", "c.npz"],
        ["oracle", "lstm", "--out", "c.txt"],
        ["oracle", "lstm", "--out", "none/c.npz"],
        ["oracle", "lstm", "--T", "0", "--out", "c.npz"],
        ["oracle", "rnn_relu", "--T", "900", "--scale", "20", "--out", "c.npz"],
        ["compare", "a.py"],
        ["compare", "a.py", "a.py"],
        ["compare", "none.npz", "none.npz"],
        ["solve"],
    ],
)
def test_misuse(capsys, straw, files, tmp_path, arguments):
    files(a="PASS")
    (tmp_path / "empty").mkdir()
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert err.splitlines()[-1].startswith("handrnn")
    assert not straw
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.py", "empty"]


@pytest.mark.parametrize("command", [[], ["check"], ["oracle"], ["compare"]])
def test_help(capsys, command):
    status, out, err = run(capsys, *command, "--help")
    assert (status, err) == (0, "")
    assert "exit status:" in out
    assert max(map(len, out.splitlines())) <= 100
    if command:
        assert "examples:" in out
        assert f"  handrnn {command[0]} " in out


def examples():
    """The command lines that the help shows."""
    texts = (cli.CHECK_EPILOG, cli.ORACLE_EPILOG, cli.COMPARE_EPILOG)
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [line.split()[1:] for line in lines if line.startswith("handrnn ")]


@pytest.mark.parametrize("words", examples(), ids=" ".join)
def test_the_examples_of_the_help_are_understood(words):
    assert callable(cli.parser().parse_args(words).run)


# --------------------------------------------------------------------------------- oracle, compare


@pytest.fixture
def case_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sizes = ("--T", 4, "--B", 2, "--I", 3, "--H", 5)
    run(capsys, "oracle", "lstm", *sizes, "--seed", 7, "--out", "case.npz")
    return tmp_path / "case.npz"


@pytest.mark.sample(2)
@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_a_case_and_its_answers(capsys, case_file, tmp_path, suffix):
    case = cases.read(case_file)
    assert case.sizes == {"T": 4, "B": 2, "I": 3, "H": 5}
    assert case.seed == 7
    answer = tmp_path / f"answer.{suffix}"

    def write(arrays):
        if suffix == "npz":
            np.savez(answer, allow_pickle=False, **arrays)
        else:
            answer.write_text(json.dumps({n: values.tolist() for n, values in arrays.items()}))

    write(case.expected)
    status, out, err = run(capsys, "compare", case_file, answer)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == "PASS: 11 of 11 right"
    assert out.count("u: a unit of rounding") == (" u of 64 " in out)
    write({"dW_ih": case.expected["dW_ih"] + 1e-3, "y": case.expected["y"]})
    status, out, _ = run(capsys, "compare", case_file, answer, "--json", "-")
    content = json.loads(out)
    assert status == 1
    assert content["arrays"]["dW_ih"]["verdict"] == "FAIL"
    assert "gate i" in content["arrays"]["dW_ih"]["where"]
    assert content["arrays"]["y"]["verdict"] == "PASS"
    status, out, _ = run(capsys, "compare", case_file, answer, "--json", "j.json", "--quiet")
    assert (status, out) == (1, "")
    assert json.loads((tmp_path / "j.json").read_text()) == content
    write({})
    assert run(capsys, "compare", case_file, answer)[0] == 1
    answer.write_text("nonsense")
    assert run(capsys, "compare", case_file, answer)[0] == 2


def test_a_case_has_sizes_of_its_own():
    """No two are alike, so that no axis can be taken for another."""
    assert cases.draw("gru").sizes == {"T": 7, "B": 3, "I": 5, "H": 4}


def test_a_case_that_was_changed_judges_nothing(capsys, case_file, tmp_path):
    case = cases.read(case_file)
    wrong = {name: values + 1 for name, values in case.expected.items()}
    cases.write(replace(case, expected=wrong), case_file)
    np.savez(tmp_path / "answer.npz", allow_pickle=False, **wrong)
    status, out, err = run(capsys, "compare", case_file, "answer.npz")
    assert (status, out) == (2, "")
    assert "the case was changed" in err


def test_answers_hold_no_code(capsys, case_file, tmp_path):
    np.savez(tmp_path / "answer.npz", y=np.array([print], object))
    status, out, _ = run(capsys, "compare", case_file, "answer.npz")
    assert status == 1
    assert "FAIL" in out


def test_the_page_of_mistakes_is_that_of_the_catalogue(capsys):
    """``handrnn mistakes > handrnn/check/MISTAKES.md`` writes it anew."""
    status, out, _ = run(capsys, "mistakes")
    assert status == 0
    assert out == (Path(cli.__file__).parent / "MISTAKES.md").read_text()
    for kind in catalogue.KINDS:
        assert f"## `{kind}`" in out
