"""Every id that a report can name a mistake by is in the one list, with a sentence."""

import ast
import re
from pathlib import Path

import pytest

from handrnn.check.explain import catalogue, sequence_mistakes
from handrnn.check.repair import differences
from handrnn.check.report import manual

HOUSE = Path(catalogue.__file__).parents[2]
CELLS = ("rnn", "lstm", "gru")
RECORDS = {"Named", "Entry", "_change", "entry"}  # what takes an id as its first argument
ENTRIES = {
    entry.id
    for cell in CELLS
    for entries in (sequence_mistakes.forward_entries, sequence_mistakes.backward_entries)
    for entry in entries(cell)
}


def first_arguments(name):
    """What stands for the id in every call in the checker that makes a record of that name."""
    for path in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called == name:
                    yield node.args[0]


def written_out(node):
    """The ids that an expression can be, as far as they are written there."""
    if isinstance(node, ast.IfExp):
        return written_out(node.body) | written_out(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) else set()


NAMED = set().union(*(written_out(node) for node in first_arguments("Named")))


def test_every_id_of_an_entry_is_listed():
    assert {mistake.id for mistake in catalogue.mistakes()} <= set(catalogue.KINDS)
    assert set(catalogue.KINDS) >= ENTRIES
    assert len(ENTRIES) > 20


@pytest.mark.long
def test_every_id_of_a_detector_is_listed():
    """Written in the code; what is not written there is the id of an entry."""
    assert set(catalogue.KINDS) >= NAMED
    assert len(NAMED) > 8
    for node in first_arguments("Named"):
        assert written_out(node) or (isinstance(node, ast.Attribute) and node.attr == "id")
    for record in RECORDS - {"Named"}:
        for node in first_arguments(record):
            assert written_out(node) <= set(catalogue.KINDS), ast.unparse(node)


def test_every_id_of_a_difference_is_listed():
    """Whatever a repair has changed."""
    room = Path(differences.__file__).parent
    text = "".join((room / name).read_text() for name in ("texts.py", "structure.py", "search.py"))
    kinds = set(re.findall(r'"([a-z-]+)", (?:\d|cost)|kind == "([a-z-]+)"', text))
    kinds = {kind for pair in kinds for kind in pair if kind} | {"formula", "carry", "copy"}
    assert len(kinds) > 25
    for kind in kinds:
        for function in ("cell_forward", "backward", "softmax"):
            for old, new in (("a * b", "a + b"), ("np.tanh(a)", "a"), ("a", "a * b * (1 - b)")):
                for carried in (False, True):
                    id = differences.id_of(function, kind, old, new, carried)
                    assert id in catalogue.KINDS, (kind, id)


def test_nothing_else_is_listed():
    used = {mistake.id for mistake in catalogue.mistakes()} | ENTRIES | NAMED
    assert set(catalogue.KINDS) == used


@pytest.mark.parametrize("kind", catalogue.KINDS)
def test_the_page_has_a_section_on_each(kind):
    meaning = catalogue.KINDS[kind]
    assert meaning.endswith(".")
    assert len(meaning.split()) > 3
    assert f"## `{kind}`\n\n{meaning}\n" in manual.markdown()
