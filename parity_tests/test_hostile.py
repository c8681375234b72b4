"""Everything in `hostile` holds."""

import sys

import pytest

from handrnn.check.load import loading
from handrnn.check.run import runner
from parity_tests import hostile

ALL = [(kind, name) for kind, attacks in hostile.ATTACKS.items() for name in attacks]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and devices")
@pytest.mark.parametrize(("kind", "name"), ALL)
def test_it_holds(tmp_path, monkeypatch, kind, name):
    monkeypatch.chdir(tmp_path)
    if "address" in name:
        pytest.importorskip("distributed")
    hostile.ATTACKS[kind][name](tmp_path)


class Spoken:
    """A child that says words, a tenth of the limit apart."""

    def __init__(self, *lines):
        self.lines = [line.split() for line in lines]
        self.left = self.nonce = 0
        self.heard = []

    def next(self):
        self.heard.append(self.left)
        self.left -= 1
        return self.lines.pop(0) if self.lines else []


def test_each_call_of_a_step_has_the_limit_for_itself(tmp_path):
    """A slow function is not late because it is called again; and a liar gains nothing."""
    step = runner.Step("a", "f", before=[], repeats=1)
    spoken = Spoken("ready", "start 0", *["call"] * 5)
    made = runner._Runner({}, [], lambda *_: None, 10, 0)  # pyright: ignore
    made._follow(spoken, tmp_path, [step])  # pyright: ignore
    assert spoken.heard[2:] == [10, 10, 10, 10, 9, 8]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("def f(:\n    pass\n", False),
        ("print 'x'\n", True),
        ("", True),
        ("%matplotlib inline\n", False),
    ],
)
def test_whether_python_runs_a_file(tmp_path, text, runs):
    """Python 2 is read by its meaning; what no Python runs is never wholly right."""
    path = tmp_path / "x.py"
    path.write_text(hostile.RIGHT + text)
    assert loading.load(path).runs is runs
