"""Reports as JUnit XML: a test suite a file, a test case a function."""

import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

from . import data

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(reports: data.Reports) -> str:
    """FAIL and ILL-CONDITIONED are failures; what could not be judged is an error.

    What was seen and not judged is skipped. A file in which nothing recurrent was judged has one
    case more, with an error.
    """
    root = ElementTree.Element("testsuites", name="handrnn check")
    for file in reports.files:
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(file.path))
        for f in file.functions.values():
            kind = "failure" if f.verdict in (data.FAIL, data.ILL_CONDITIONED) else "error"
            found = () if f.passed else (kind, f.verdict, _summary(f), str(f))
            case = _case(suite, f.name, f.seconds, *found)
            if f.output:
                ElementTree.SubElement(case, "system-out").text = _xml(f.output)
        for one in file.not_judged:
            _case(suite, one.name, 0.0, "skipped", data.NOT_JUDGED, one.why, one.command)
        if not file.functions or not file.recurrent:
            found = ("error", data.NOT_FOUND, file.headline(), str(file))
            _case(suite, "recurrent functions", 0.0, *found)
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, name: str, seconds: float = 0.0, *found: str) -> Any:
    """A test case; found: nothing where it passed, else the kind of result, type, message, text."""
    about = {"classname": suite.get("name", ""), "name": _xml(name), "time": f"{seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", about)
    if found:
        kind, type, message, text = map(_xml, found)
        ElementTree.SubElement(case, kind, type=type, message=message).text = text
    return case


def _count(element: ElementTree.Element) -> None:
    found = Counter(one.tag for one in element.iter())
    element.set("tests", str(found["testcase"]))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(found[tag]))


def _xml(text: str) -> str:
    """The text without what XML has no way to hold."""
    return _NOT_XML.sub("\ufffd", text)


def _summary(function: data.FunctionReport) -> str:
    """One line on what is wrong."""
    named = "; ".join(f"{m.id}: {m.explanation}" for m in function.mistakes)
    return named or function.where or function.verdict
