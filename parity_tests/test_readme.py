"""The README files say what is so: code and commands run, lines are the source's, files exist."""

import re
import shlex
from pathlib import Path

import pytest

from handrnn.check import cli
from handrnn.check.dialects import dialect as dialects
from parity_tests import canaries, test_grid

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (".", "handrnn", "handrnn/check", "handrnn/check/dialects", "handrnn/lab")
PAGES = {
    folder: (ROOT / folder / "README.md").read_text(encoding="utf-8")
    for folder in (*FOLDERS, "parity_tests", "scripts")
}
README = PAGES["."]


def blocks(language, *folders):
    """The blocks of code of some pages, or of all, by place."""
    return {
        f"{folder}-{number}": block
        for folder in folders or PAGES
        for number, block in enumerate(
            re.findall(rf"^```{language}\n(.*?)^```", PAGES[folder], re.M | re.S)
        )
    }


CODE = blocks("python")
COMMANDS = [line for block in blocks("sh").values() for line in block.splitlines() if line]
SESSIONS = {  # what is printed, by command
    command: printed
    for folder, page in PAGES.items()
    if folder != "handrnn/check/dialects"
    for command, printed in re.findall(r"^```\n\$ (handrnn check .*)\n((?:.*\n)*?)```", page, re.M)
}
# The checker's commands run here, but for those whose output is shown, which run as sessions;
# test_check_dialects runs those of the dialects; .ci/run runs all, with what installs and trains.
OURS = {
    place: lines
    for place, block in blocks("sh", ".", "handrnn/check").items()
    if (
        lines := [
            line
            for line in block.splitlines()
            if line.startswith("handrnn ") and line.partition("  # ")[0] not in SESSIONS
        ]
    )
}


@pytest.fixture
def top(tmp_path, monkeypatch):
    """A directory with what the top level has, in which files may be written."""
    for name in ("handrnn", "parity_tests", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", CODE.values(), ids=CODE)
def test_code_runs(block, top):
    if "import torch" in block:
        pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    names = {}
    exec(block, names)
    if "loss" in names:
        assert names["loss"] < 0.1, "the example on the first screen learns its task"


@pytest.mark.parametrize("lines", OURS.values(), ids=OURS)
def test_commands_run(lines, top):
    for line in lines:
        command, _, status = line.partition("  # exit status ")
        arguments = shlex.split(command)[1:]
        if arguments[0] == "check" and "--no-torch" not in arguments:
            arguments.append("--no-torch")
        assert cli.main(arguments) == int(status or 0), line


@pytest.mark.parametrize(("command", "expected"), SESSIONS.items(), ids=SESSIONS)
def test_sessions_are_what_check_prints(command, expected, capsys, top):
    """But for numbers of rounding, and whether there are any: these are another machine's."""
    wrong = bool(re.search("FAIL|not-carried", expected))
    assert cli.main([*command.split()[1:], "--no-torch"]) == wrong
    rounding = re.compile(r"\(rounding: .*\)|^u: a unit of rounding(?:.*\n)*|to \de[-+]\d+", re.M)
    printed = capsys.readouterr().out
    assert rounding.sub("", printed).split() == rounding.sub("", expected).split()


def test_commands_are_where_they_are_run():
    """Every script has a command, which .ci/run runs; so has every part of the suite."""
    for script in (ROOT / "scripts").glob("*.py"):
        shown = f"python scripts/{script.name}"
        assert any(shown in line for line in COMMANDS) or script.name == "readme.py", shown
    assert any(line.endswith("&& pytest") for line in COMMANDS)
    assert "pytest -m long --every=40" in COMMANDS


def test_front_door_is_short():
    assert len(README.encode()) <= 9000


def test_lines_beside_the_equations_are_those_of_cells():
    source = (ROOT / "handrnn" / "cells.py").read_text()
    rows = re.findall(r"^\| [a-z]\S*.* = .* \| (`.*`) \|$", README, re.M)
    assert len(rows) == 8
    for line in re.findall(r"`([^`]+)`", " ".join(rows)):
        assert line in source, line


def test_numbers_are_those_of_the_tests():
    assert f" {len(test_grid.CASES)} cases cover" in README
    assert f"on {len(test_grid.CASES)} cases that cover" in PAGES["parity_tests"]
    assert f" {len(canaries.CANARIES)} mistakes are planted" in README
    assert f"{len(canaries.CANARIES)} lines changed" in PAGES["parity_tests"]


def test_short_table_is_that_of_the_long_one():
    section = PAGES["scripts"].split("<!-- accuracy -->")[1].split("<!-- /accuracy -->")[0]
    long = dict(re.findall(r"^\| (\w+ \w+) \|.* (\d+|none) \|$", section, re.M))
    rows = re.findall(r"^\| (\w+) \|(?: at least)? (\d+) \|(?: at least)? (\d+) \|$", README, re.M)
    assert [cell for cell, *_ in rows] == ["RNN", "LSTM"]
    for cell, faithful, tuned in rows:
        assert (long[f"faithful {cell}"], long[f"tuned {cell}"]) == (faithful, tuned)


def test_scripts_write_sections_that_are_there():
    """Each on one page of those that they write."""
    written = set()
    for script in (*ROOT.glob("scripts/*.py"), *ROOT.glob("parity_tests/[!t]*.py")):
        written |= set(re.findall(r'readme\.(?:replace|publish|show)\("(.*?)"', script.read_text()))
    pages = [PAGES[folder] for folder in (".", "scripts", "parity_tests")]
    there = [name for page in pages for name in re.findall(r"^<!-- (\w\S*) -->$", page, re.M)]
    assert sorted(there) == sorted(written)


def test_every_dialect_is_named():
    for name in dialects.all_dialects():
        assert f"`{name}`" in README, name


def test_every_page_is_tested():
    parts = ("handrnn", "parity_tests", "scripts")
    found = {path.parent for part in parts for path in (ROOT / part).rglob("README.md")}
    assert {ROOT, *found} == {ROOT / folder for folder in PAGES}


@pytest.mark.parametrize("folder", PAGES)
def test_links_lead_somewhere(folder):
    page = PAGES[folder]
    for link in re.findall(r"\]\(([^)]+)\)", page):
        path, _, anchor = link.partition("#")
        where = ROOT / folder / path if path else ROOT / folder / "README.md"
        assert "://" in link or where.exists(), link
        if anchor and "://" not in link:
            heads = re.findall(r"^#+ (.*)$", where.read_text(encoding="utf-8"), re.M)
            anchors = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
            assert anchor in anchors, link
    for script in re.findall(r"(scripts/\w+\.py)", page):
        assert (ROOT / script).exists(), script


def test_tree_names_every_module():
    tree = README.split("## The house")[1]
    for path in (ROOT / "handrnn").glob("*.py"):
        assert path.name in tree or path.name == "__init__.py", path.name
    for path in (ROOT / "scripts").glob("*.py"):
        assert path.name in tree or path.name == "readme.py", path.name
