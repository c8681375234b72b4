"""The command ``handrnn``: its help, what it imports, and how it completes."""

import os
import subprocess
import sys

import pytest

from handrnn import command_line
from parity_tests import lab_harness

COMMANDS = [name for names in command_line.ROOMS.values() for name in names]


def loaded(*arguments):
    """The modules that a command line imports."""
    program = (
        "import sys\nfrom handrnn import command_line\n"
        "try:\n    command_line.main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_without_arguments_the_help_shows_the_three_uses(capsys):
    assert command_line.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    for use in ("handrnn check my_lstm.py", "nn.LSTM", "handrnn run", "handrnn report"):
        assert use in err
    for name in COMMANDS:
        assert f"\n    {name} " in err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_belongs_to_its_room(name, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main([name, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: handrnn {name} ")


def test_no_room_imports_what_another_one_needs():
    check, run = loaded("check", "--help"), loaded("run", "--help")
    assert "handrnn.check.cli" in check
    assert not any(name.startswith("handrnn.lab") for name in check)
    assert "handrnn.lab.cli" in run
    assert not any(name.startswith("handrnn.check") for name in run)
    heavy = {"torch", "matplotlib", "tqdm", "threadpoolctl", "filelock", "dask", "argcomplete"}
    assert not heavy & (check | run)


def test_a_shell_completes(tmp_path):
    lab_harness.needs("argcomplete", "completion")
    answer, line = tmp_path / "answer", "handrnn compare a b --dt"
    shell = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "IFS": " "}
    shell |= {"_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "_ARGCOMPLETE_IFS": " "}
    command = [sys.executable, "-m", "handrnn"]
    subprocess.run(command, env=lab_harness.ENVIRONMENT | shell, check=True)
    assert answer.read_text().split() == ["--dtype"]


def test_nothing_is_said_where_argcomplete_is_missing(capsys, monkeypatch):
    monkeypatch.setitem(os.environ, "_ARGCOMPLETE", "1")
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert command_line.main([]) == 1
    assert capsys.readouterr() == ("", "")
