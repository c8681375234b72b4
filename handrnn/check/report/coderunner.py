"""Reports as the JSON of a combinator template grader of Moodle CodeRunner: a row a function."""

from . import as_json, data, text


def render(reports: data.Reports) -> str:
    """The fraction of the points, and a table; CodeRunner escapes what stands in it ("%s")."""
    rows = [
        [f.passed, name, f.verdict, f"{f.credit.earned:g} / {f.credit.possible:g}", _more(f)]
        for name, f in reports.tests()
    ]
    heads = ["iscorrect", "Function", "Verdict", "Points", "More"]
    content = {
        "fraction": reports.score.share,
        "testresults": [heads, *rows],
        "columnformats": ["%s"] * (len(heads) - 1),  # iscorrect has none
        "epiloguehtml": "".join(map(_escaped, map(text.beside_functions, reports.files))),
    }
    return as_json.text(content) + "\n"


def _more(f: data.FunctionReport) -> str:
    return "\n".join(text.function(f).splitlines()[1:])


def _escaped(words: str) -> str:
    from html import escape

    return f"<pre>{escape(words)}</pre>"
