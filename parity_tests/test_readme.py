"""The README says what is so: its code runs, its lines are those of the source, its files exist."""

import re
from pathlib import Path

import pytest

from handrnn.check import cli
from parity_tests import test_grid

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_code_runs(block):
    if "import torch" in BLOCKS[block]:
        pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    names = {}
    exec(BLOCKS[block], names)
    if "loss" in names:
        assert names["loss"] < 0.1, "the example on the first screen learns its task"


def test_lines_beside_the_equations_are_those_of_cells():
    source = (ROOT / "handrnn" / "cells.py").read_text()
    rows = re.findall(r"^\| [a-z]\S*.* = .* \| (`.*`) \|$", README, re.M)
    assert len(rows) == 8
    for line in re.findall(r"`([^`]+)`", " ".join(rows)):
        assert line in source, line


def test_the_number_of_cases_is_that_of_the_grid():
    assert f"on {len(test_grid.CASES)} cases that cover" in README


def test_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in link or (ROOT / link).exists(), link
    for script in re.findall(r"(scripts/\w+\.py)", README):
        assert (ROOT / script).exists(), script


def test_tree_names_every_module():
    tree = README.split("## The house")[1]
    for path in (ROOT / "handrnn").glob("*.py"):
        assert path.name in tree or path.name == "__init__.py", path.name
    for path in (ROOT / "scripts").glob("*.py"):
        assert path.name in tree or path.name == "readme.py", path.name


def test_the_session_is_what_check_prints(capsys, monkeypatch):
    """But for numbers of rounding, and whether there are any: these are another machine's."""
    (session,) = re.findall(r"^```\n\$ handrnn (check .*)\n((?:.*\n)*?)```", README, re.M)
    monkeypatch.chdir(ROOT)
    assert cli.main([*session[0].split(), "--no-torch"]) == 1
    rounding = re.compile(r"\(rounding: .*\)|^u: a unit of rounding(?:.*\n)*|to \de[-+]\d+", re.M)
    printed = capsys.readouterr().out
    assert rounding.sub("", printed).split() == rounding.sub("", session[1]).split()
