"""Reports as ``results.json`` of a Gradescope autograder: a test a function."""

from typing import Any

from . import as_json, data, text


def render(reports: data.Reports) -> str:
    """The points of each function; without points, 1 for each that passes."""
    content = {
        "score": reports.score.earned,
        "output": "\n\n".join(map(text.beside_functions, reports.files)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(*one, number) for number, one in enumerate(reports.tests(), 1)],
    }
    return as_json.text(content) + "\n"


def _test(name: str, f: data.FunctionReport, number: int) -> dict[str, Any]:
    return {
        "name": name,
        "number": str(number),
        "score": f.credit.earned,
        "max_score": f.credit.possible,
        "status": "passed" if f.passed else "failed",
        "output": text.function(f),
        "output_format": "text",
        "visibility": "visible",
    }
