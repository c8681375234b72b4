"""The report's colours: on a terminal, and nowhere else."""

import re

import pytest

from handrnn import command_line
from handrnn.check.judge import judge
from handrnn.check.report import data, text

FIX = data.Fix((data.Edit(3, None, "    dc = dc * f\n", "    dc *= f\n"),), True, 3)
WRONG = data.FunctionReport("lstm_backward", data.FAIL, fix=FIX)
RIGHT = data.FunctionReport("lstm_forward", data.PASS)
REPORT = data.FileReport("a.py", {f.name: f for f in (WRONG, RIGHT)})


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """What 'handrnn check' prints of one file or of two, on a terminal or not."""
    monkeypatch.setattr(judge, "judge", lambda *_, **__: REPORT)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    paths = ["a.py", "b.py"]
    for path in paths:
        (tmp_path / path).write_text("")

    def check(terminal, files=1):
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
        assert command_line.main(["check", *paths[:files]]) == 1
        return capsys.readouterr().out

    return check


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_where_there_are_colours(printed, monkeypatch, environment, terminal, coloured):
    plain = printed(False)
    assert plain == text.render(data.Reports((REPORT,)))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = printed(terminal)
    assert ("\x1b[" in found) == coloured
    assert re.sub(r"\x1b\[\d+m", "", found) == plain


def test_what_is_coloured(printed):
    found = printed(True)
    for line in (
        "\x1b[31mFAIL\x1b[0m           lstm_backward",
        "\x1b[32mPASS\x1b[0m           lstm_forward",
        "\x1b[31m    fix       line 3  -     dc = dc * f\x1b[0m",
        "\x1b[32m              line 3  +     dc *= f\x1b[0m",
    ):
        assert line in found.splitlines()
    assert found.count("\x1b") == 8
    overview = printed(True, files=2)
    assert re.search("a.py  \x1b.32mok\x1b.0m +\x1b.31mFAIL\x1b.0m\n", overview)
