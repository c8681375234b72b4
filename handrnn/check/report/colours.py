"""Colours for a report on a terminal: its verdicts, and the lines that go and come in a fix."""

import os
import re
from typing import TextIO

from . import data, text

RED, GREEN, YELLOW = "31", "32", "33"
OF_VERDICT = dict.fromkeys(data.VERDICTS, YELLOW) | {
    data.PASS: GREEN,
    text.MARKS[data.PASS]: GREEN,
    **dict.fromkeys((data.FAIL, data.CRASHED, data.TIMED_OUT), RED),
    **{text.MARKS[verdict]: RED for verdict in (data.CRASHED, data.TIMED_OUT)},
}
_VERDICT = re.compile(rf"^(?:{'|'.join(data.VERDICTS)})(?= )", re.M)
_MARK = re.compile(r"(?<=  )(?:ok|FAIL|crash|time)(?=  |$)", re.M)  # a cell of the overview
_EDIT = re.compile(r"^ {4}(?:fix| {3}) {7}(?:\S.* )?line \d+  ([-+]) .*$", re.M)


def wanted(stream: TextIO) -> bool:
    """Whether a stream takes colours: FORCE_COLOR and NO_COLOR decide, else whether it is a
    terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def coloured(report: str) -> str:
    """The same text with the colours of a terminal."""
    report = _EDIT.sub(lambda m: _in(RED if m[1] == "-" else GREEN, m[0]), report)
    for pattern in (_VERDICT, _MARK):
        report = pattern.sub(lambda m: _in(OF_VERDICT[m[0]], m[0]), report)
    return report


def _in(colour: str, words: str) -> str:
    return f"\x1b[{colour}m{words}\x1b[0m"
