"""The catalogue of mistakes as a page to read, MISTAKES.md of the checker."""

from ..explain import catalogue

HEAD = """\
# The mistakes that `handrnn check` names

Every id that a report can give, and what it means. Where lines are shown, the mistake is planted
into the textbook, these lines changed, and run on the numbers that your function was run on. It is
named if it gives all of your function's results, right ones and wrong ones, to rounding. Of
mistakes that can be written for several gates or in several ways the first is shown, in the
notation of the course's column-major functions.

Made by `handrnn mistakes` from the folder `catalogue`: change it there.
"""


def markdown():
    """The page, in Markdown: one section an id, in the order of `catalogue.KINDS`."""
    sections = (_section(kind, meaning) for kind, meaning in catalogue.KINDS.items())
    return "\n".join([HEAD, *sections])


def _section(kind, meaning):
    lines = [f"## `{kind}`", "", meaning, ""]
    mistakes = [mistake for mistake in catalogue.mistakes() if mistake.id == kind]
    if mistakes:
        lines += _example(mistakes[0])
        ways = f"One of {len(mistakes)} ways: " if len(mistakes) > 1 else ""
        functions = dict.fromkeys(name for mistake in mistakes for name in mistake.functions)
        lines += [f"{ways}{mistakes[0].why}", ""]
        lines += [f"In {', '.join(f'`{name}`' for name in functions)}.", ""]
    return "\n".join(lines)


def _example(mistake):
    """The wrong line and the right one."""
    if not mistake.wrong:
        return []
    right = [f"+ {mistake.right}"] if mistake.right else []
    return ["```diff", f"- {mistake.wrong}", *right, "```", ""]
