"""The catalogue of mistakes as a page to read, MISTAKES.md beside this file."""

from itertools import groupby

from . import catalogue

HEAD = """\
# The mistakes that `handrnn check` names

Each is planted into the textbook, one line changed, and run on the numbers that your function was
run on. It is named if it gives all of your function's results, right ones and wrong ones, to
rounding. Of mistakes that can be written for several gates or in several ways the first is shown,
in the notation of the course's column-major functions.

Made by `handrnn mistakes` from `catalogue.py`: change it there.
"""


def markdown():
    """The page, in Markdown: one section a kind of mistake, in the order of the catalogue."""
    order = {kind: k for k, kind in enumerate(catalogue.KINDS)}
    mistakes = sorted(catalogue.MISTAKES, key=lambda mistake: order[mistake.id])
    sections = (_section(kind, list(many)) for kind, many in groupby(mistakes, lambda m: m.id))
    return "\n".join([HEAD, *sections])


def _section(kind, mistakes):
    first = mistakes[0]
    functions = dict.fromkeys(name for mistake in mistakes for name in mistake.functions)
    ways = f" {len(mistakes)} ways of writing it are known." if len(mistakes) > 1 else ""
    lines = [f"## `{kind}`", "", f"{first.why}{ways}", ""]
    if first.wrong:
        lines += [
            "```diff",
            f"- {first.wrong}",
            *([f"+ {first.right}"] * bool(first.right)),
            "```",
            "",
        ]
    return "\n".join([*lines, f"In {', '.join(f'`{name}`' for name in functions)}.", ""])
