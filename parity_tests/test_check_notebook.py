"""The checker in a notebook: all functions at once, the magics, cells, and what a report shows."""

import linecache
import os
import re
import warnings

import numpy as np
import pytest

import handrnn
from handrnn import check
from handrnn.check.explain import catalogue

BACKWARD = """
import numpy as np
from textwrap import dedent
def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = scaled(da_next, (1 - a_next) ** 2)
    return {"dxt": parameters["Wax"].T @ dz, "da_prev": parameters["Waa"].T @ dz,
            "dWax": dz @ xt.T, "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
"""
HELPERS = """
def scaled(da, factor):
    return da * factor
def my_hidden_states(n):
    return np.zeros(n)
def plot(): pass
class MyLSTM:
    pass
"""
RIGHT = BACKWARD.replace("(1 - a_next) ** 2", "1 - a_next ** 2")
FORWARD = """
def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    z = p["Wya"] @ a_next + p["by"]
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return a_next, e / e.sum(axis=0, keepdims=True), (a_next, a_prev, xt, parameters)
"""


def run(namespace, source, name):
    """Run a program whose text can be read, as that of a cell can."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), namespace)


@pytest.fixture
def names():
    names = {"__name__": "a_notebook"}
    run(names, HELPERS, "<helpers>")
    run(names, BACKWARD + FORWARD, "<functions>")
    return names


def judged(names, *only, **options):
    return check.functions(names, only, second_opinion=False, **options)


def test_all_functions_in_one_table_and_again(names, monkeypatch):
    """What is wrong is named with a place; once it is defined anew it passes."""
    found = judged(names)
    assert {name: f.verdict for name, f in found.functions.items()} == {
        "rnn_cell_forward": "PASS",
        "rnn_cell_backward": "FAIL",
    }
    wrong = found.functions["rnn_cell_backward"]
    assert [mistake.id for mistake in wrong.mistakes] == ["misplaced-parentheses"]
    assert wrong.place == "line 6"
    assert [one.name for one in found.not_judged] == ["my_hidden_states", "MyLSTM"]
    assert found.not_judged[1].why.startswith("classes are judged in a file")
    assert found.not_judged[1].command == "handrnn check NOTEBOOK.ipynb"
    assert found.path == "a_notebook"
    monkeypatch.setattr(catalogue, "_predict", None)  # what was predicted is kept
    again = judged(names, "rnn_cell_backward")
    assert str(again.functions["rnn_cell_backward"]) == str(wrong)
    run(names, RIGHT, "<again>")
    assert judged(names, "rnn_cell_backward").passed


def test_hints_in_a_notebook(names):
    found = judged(names, "rnn_cell_backward", hint="verdict")
    assert "misplaced" not in found._repr_html_() + str(found)
    with pytest.raises(ValueError, match="hint is 'none'"):
        judged(names, hint="none")


def test_hints_of_sequences_and_gradients():
    def loss(w, x):
        return np.sum(w * x), np.full(2, x + 1)

    with pytest.raises(ValueError, match="hint is 'none'"):
        check.sequence(loss, hint="none")
    with pytest.raises(ValueError, match="hint is 'none'"):
        check.gradient(loss, {"w": np.ones(2)}, hint="none")
    found = check.gradient(loss, {"w": np.ones(2)}, inputs={"x": 2.0}, hint="verdict")
    (one,) = found.functions.values()
    assert (one.verdict, one.where, one.tensors) == ("FAIL", "", ())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "nothing is not a function that was defined here"),
        ("dedent", "dedent is not a function that was defined here"),
        ("plot", "plot is not a function of a dialect: name= can be rnn_cell_forward"),
        ("MyLSTM", "MyLSTM: classes are judged in a file"),
    ],
)
def test_names_that_are_none_of_a_dialect(names, name, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        judged(names, name)


def test_nothing_to_judge_is_no_pass():
    found = judged({"__name__": "empty"})
    assert not found.passed
    assert "nothing was judged" in found.headline()


def test_what_a_report_shows(names):
    """One line in a list, all of it where it is printed or displayed."""
    found = judged(names)
    one = found.functions["rnn_cell_backward"]
    assert repr(found) == "<FileReport a_notebook: 1 of 2 right>"
    assert repr(one) == "<FunctionReport rnn_cell_backward: FAIL>"
    for text in (str(one), one._repr_html_(), str(found), found._repr_html_()):
        assert "misplaced-parentheses" in text


def test_what_is_for_users():
    assert set(dir(check)) == set(check.__all__)
    assert all(getattr(check, name) is not None for name in dir(check))


def test_a_page_follows_the_notebooks_theme(names):
    """Of Jupyter, VS Code and Colab: their switch and their colours, before those of the system."""
    text = judged(names)._repr_html_()
    for words in (
        '[data-jp-theme-light="false"]',
        ".vscode-dark",
        '[theme="dark"]',
        "var(--jp-content-font-color1",
        "var(--vscode-editor-foreground",
        "var(--colab-primary-text-color",
        "light-dark(",
    ):
        assert words in text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_library_that_warns_of_forks_is_not_heard(names):
    """As JAX does, in these words."""
    loud = [True]

    def warn():
        if loud:
            warnings.warn(
                "os.fork() was called. os.fork() is incompatible with multithreaded code, and JAX"
                " is multithreaded, so this will likely lead to a deadlock.",
                RuntimeWarning,
                stacklevel=1,
            )

    os.register_at_fork(before=warn)
    try:
        assert judged(names, "rnn_cell_forward").passed
    finally:
        loud.clear()


# ------------------------------------------------------------------------------------------ magics


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """An IPython shell with the extension."""
    pytest.importorskip("IPython", reason="needs IPython: pip install 'handrnn[report]'")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    options = Config()
    options.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=options)
    shell.user_ns["__name__"] = "__main__"
    handrnn.load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


def cell(shell, source):
    """What the cell shows."""
    done = shell.run_cell(source, store_history=True)
    return done.result if done.success else done.error_in_exec


def test_the_magics(shell, capsys):
    """Functions of earlier cells, those of this cell, and the cells by what stands beside them."""
    for source in (HELPERS, "import numpy as np", BACKWARD.lstrip()):
        assert cell(shell, source) is None
    found = cell(shell, "%check rnn_cell_backward --hint sentence")
    assert found.hint == "sentence"
    assert found.functions["rnn_cell_backward"].place == "In [3], line 5"
    assert found.path == "this notebook"
    assert "In [3], line 5" in capsys.readouterr().out
    cell(shell, f"%%check\n{RIGHT}\ndef plot(): pass")
    again = [*shell.user_ns["Out"].values()][-1]  # what was shown
    assert (again.passed, list(again.functions)) == (True, ["rnn_cell_backward"])
    assert cell(shell, "%check").functions["rnn_cell_backward"].passed
    capsys.readouterr()
    for line in ("%check nothing", "%check --colour red", "%check --hint none", "%%check\n1"):
        cell(shell, line)
        error = capsys.readouterr().err
        assert error.startswith("UsageError: ")
        assert len(error.splitlines()) == 1
