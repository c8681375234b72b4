"""What is said: plain data (`data`), and one renderer a format (`FORMATS`)."""

import importlib
from typing import NamedTuple

from . import data


class Format(NamedTuple):
    """The module that renders reports, and what it writes.

    `switch`: it has an option with its name. `lines`: on standard output others may stand beside
    it.
    """

    module: str
    words: str
    switch: bool = False
    lines: bool = False

    def render(self, reports: data.Reports) -> str:
        """The text; its module is imported when there is something to render."""
        return importlib.import_module(f".{self.module}", __name__).render(reports)


FORMATS = {
    "text": Format("text", "what is printed otherwise", lines=True),
    "json": Format("as_json", "everything, as JSON", True),
    "html": Format("page", "one self-contained page, with pictures of the errors", True),
    "junit": Format("junit", "JUnit XML: a test suite a file, a test case a function", True),
    "csv": Format("table", "the class table: a row a student", True),
    "csv-long": Format("long_table", "the long table: a row a function", True),
    "gradescope": Format("gradescope", "results.json of Gradescope"),
    "prairielearn": Format("prairielearn", "results.json of PrairieLearn"),
    "coderunner": Format("coderunner", "JSON of a Moodle CodeRunner grader"),
    "github": Format("github", "annotations of GitHub Actions", lines=True),
    "sarif": Format("sarif", "SARIF 2.1.0, for code scanning"),
    "editor": Format("editor", "FILE:LINE: ID MESSAGE, for editors", lines=True),
}
