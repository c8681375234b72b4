"""Reports as annotations of GitHub Actions: ``::error file=F,line=L,title=T::message``."""

from . import data, findings

COMMANDS = {findings.ERROR: "error", findings.NOTE: "notice"}


def render(reports: data.Reports) -> str:
    """A line a finding."""
    return "".join(f"{_line(one)}\n" for one in findings.of(reports))


def _line(one: findings.Finding) -> str:
    # a line in a cell is not a line of the notebook's file: there it stands in the message only
    line = f",line={one.line}" if one.line is not None and not one.cell else ""
    head = f"file={_property(one.path)}{line},title={_property(one.id)}"
    return f"::{COMMANDS[one.level]} {head}::{_text(one.details)}"


def _text(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")
