"""What users read is English as it is written: the habits of a translation are at zero."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CALQUES = {  # what it looks like, and how it is written
    r"(?<!there )(?<!There )\b(?:is|are) no (?!longer|more|less|better|fewer|such|\d)": "is not a",
    r"\bin (?:the )?place of\b": "instead of",
    r"\bwhere [^.;:]* (?:is|are) meant\b": "instead of",
    r"\b[Gg]radients? by (?:a|an|the|each|every|its|what|x|\w+_next)\b": "with respect to",
    r"\b(?:is|are) told(?! apart)\b": "is reported",
    r"\bfor who\b": "for those who",
    r"\binside of\b": "inside",
    r"\bshort cut": "shortcut",
    r"\bnothing stops one\b": "NumPy raises no error",
}
PAGES = [
    path
    for part in ("handrnn", "scripts", "parity_tests", ".github")
    for path in sorted((ROOT / part).rglob("*.md"))
    if "submissions" not in path.parts
]
SOURCES = [path for part in ("handrnn", "scripts") for path in sorted((ROOT / part).rglob("*.py"))]


def said(path):
    """The text of a page; of a program its docstrings, messages and help, and no code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return "\n".join(string for string in strings if isinstance(string, str))


def calques(text):
    """What is found of the habits, and how it is written."""
    text = re.sub(r"\s+", " ", text)
    return [(m[0], better) for form, better in CALQUES.items() for m in re.finditer(form, text)]


@pytest.mark.parametrize("part", ["pages", "handrnn", "scripts"])
def test_what_users_read_has_no_calques(part):
    pages = [ROOT / "README.md", *PAGES]
    chosen = pages if part == "pages" else [p for p in SOURCES if p.is_relative_to(ROOT / part)]
    assert chosen
    found = {path.relative_to(ROOT).as_posix(): calques(said(path)) for path in chosen}
    assert {name: those for name, those in found.items() if those} == {}


@pytest.mark.parametrize(
    "text",
    [
        "x is no array",
        "a relu in place of tanh",
        "c_next is read where c_prev is meant",
        "the gradient by the input",
        "what is wrong is told",
        "None, for who reads the state only",
        "clipped inside of the function",
        "a short cut",
        "it is square, so that nothing stops one",
    ],
)
def test_the_rule_sees_them(text):
    assert calques(text)


@pytest.mark.parametrize("text", ["there is no x", "it is no longer so", "the two are told apart"])
def test_the_rule_leaves_english_alone(text):
    assert not calques(text)
