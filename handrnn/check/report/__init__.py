"""What is said: plain data (`data`), and one renderer a format (`FORMATS`)."""

import importlib
from typing import NamedTuple

from . import data


class Format(NamedTuple):
    """The module that renders reports, what that is, and whether standard output may take it."""

    module: str
    words: str
    stdout: bool = False

    def render(self, reports: data.Reports) -> str:
        """The text; its module is imported when there is something to render."""
        return importlib.import_module(f".{self.module}", __name__).render(reports)


TEXT = Format("text", "for a terminal")
FORMATS = {
    "json": Format("as_json", "everything, as JSON; - prints it instead of the report", True),
    "html": Format("html", "one self-contained page, with pictures of the errors"),
    "junit": Format("junit", "JUnit XML: a test suite a file, a test case a function"),
    "csv": Format("table", "the class table: a row a function"),
}
