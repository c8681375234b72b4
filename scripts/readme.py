"""Tables and numbers of the README, each between two comments that name the script behind it."""

import shutil
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def replace(section: str, text: str) -> None:
    """Put text between ``<!-- section -->`` and ``<!-- /section -->``."""
    before, opening, rest = README.read_text().partition(f"<!-- {section} -->\n")
    _, closing, after = rest.partition(f"<!-- /{section} -->")
    if not (opening and closing):
        raise ValueError(f"{README.name} has no section {section}")
    README.write_text(before + opening + text.strip() + "\n" + closing + after)
    print(f"{README.name}: section {section} written")


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(
    section: str, head: list[str], rows: list[list[str]], caption: str, figure: Path
) -> None:
    """Write a table into the README, and a figure with its numbers beside these scripts."""
    target = Path(__file__).resolve().parent / "figures"
    target.mkdir(exist_ok=True)
    for path in (figure, figure.with_suffix(".csv")):
        shutil.copyfile(path, target / path.name)
    replace(section, f"{table(head, rows)}\n\n{caption}")
