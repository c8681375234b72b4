"""Tables and numbers of the README files, each between two comments that name its section."""

from pathlib import Path

from handrnn import writing

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / folder / "README.md" for folder in (".", "scripts", "parity_tests")]
FIGURES = ROOT / "scripts" / "figures"


def replace(section: str, text: str) -> None:
    """Put text between ``<!-- section -->`` and ``<!-- /section -->``, in the page with both."""
    for page in PAGES:
        before, opening, rest = page.read_text(encoding="utf-8").partition(f"<!-- {section} -->\n")
        _, closing, after = rest.partition(f"<!-- /{section} -->")
        if opening and closing:
            break
    else:
        raise ValueError(f"no README has a section {section}")
    written = before + opening + text.strip() + "\n" + closing + after
    writing.write(page, written.encode())
    print(f"{page}: section {section} written")


WORDS = "write the table into the README"


def show(section: str, table: str, caption: str, write: bool) -> None:
    """Print a table and what is said below it; write both into their page where that is asked."""
    text = f"{table}\n\n{caption}" if caption else table
    print(text)
    if write:
        replace(section, text)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(
    section: str, head: list[str], rows: list[list[str]], caption: str, figure: Path
) -> None:
    """Write a table into its page, and a figure with its numbers beside these scripts."""
    copy(figure)
    copy(figure.with_suffix(".csv"))
    replace(section, f"{table(head, rows)}\n\n{caption}")


def copy(path: Path) -> None:
    """Copy a file of a sweep to the figures beside these scripts."""
    FIGURES.mkdir(exist_ok=True)
    writing.write(FIGURES / path.name, path.read_bytes())
