"""What is said: plain data (`data`), and one renderer a format (`FORMATS`)."""

from collections.abc import Callable
from typing import NamedTuple

from . import as_json, data, html, junit, table, text


class Format(NamedTuple):
    """How reports are rendered, what that is, and whether it may go to the standard output."""

    render: Callable[[data.Reports], str]
    words: str
    stdout: bool = False


TEXT = Format(text.render, "for a terminal")
FORMATS = {
    "json": Format(as_json.render, "everything, as JSON; - prints it instead of the report", True),
    "html": Format(html.render, "one self-contained page, with pictures of the errors"),
    "junit": Format(junit.render, "JUnit XML: a test suite a file, a test case a function"),
    "csv": Format(table.render, "the class table: a row a function"),
}
