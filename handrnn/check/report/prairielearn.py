"""Reports as ``results.json`` of an external grader of PrairieLearn: a test a function."""

from typing import Any

from . import as_json, data, text


def render(reports: data.Reports) -> str:
    """The points of each function; what cannot be judged at all is not gradable, and costs no try.

    Without points, each function that passes earns 1.
    """
    gradable = not reports.failed and any(file.functions for file in reports.files)
    problems = [problem for file in reports.files for problem in file.problems]
    content = {
        "gradable": gradable,
        "score": reports.score.share,
        "message": "; ".join(file.headline() for file in reports.files),
        "output": "\n\n".join(map(text.beside_functions, reports.files)),
        "format_errors": [] if gradable else problems or ["there is nothing to judge"],
        "tests": [_test(*one) for one in reports.tests()],
    }
    return as_json.text(content) + "\n"


def _test(name: str, f: data.FunctionReport) -> dict[str, Any]:
    return {
        "name": name,
        "points": f.credit.earned,
        "max_points": f.credit.possible,
        "message": f.verdict,
        "output": text.function(f),
    }
