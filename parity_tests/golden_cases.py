"""Collects the submissions of `golden`: the files, the kills, pairs of them, the tests' own.

``python -m parity_tests.golden_cases`` writes them, without a verdict, to ``golden.json.gz``, and
``python parity_tests/golden.py --write --missing`` judges them then. What is frozen needs none of
this any more: it goes when the tables do that it reads.
"""

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from handrnn.check import judge
from parity_tests import golden, kill_matrix, test_check_corpus

TESTS = ("", "_company", "_kinds", "_report", "_catalogue", "_cli", "_corpus", "_loading")
PAIRS = 200
HOSTILE_SECONDS = 1.0  # as in the tests
UNSTEADY = {"hostile/memory.py": ["sigmoid"]}  # it runs out of memory or of time
LONGEST = 20_000  # characters of a text that is worth keeping
BASES = ("right/plain_dot.py", *(f"kills/{name}.py" for name in kill_matrix.BASES))
BASES += ("my_lstm.py", "right/softmax_of_rows.py", "right/activation_and_input.py")

Named = tuple[str, golden.Case]


def case_of_file(path: Path, sort: str, seconds: float = 10.0) -> Named:
    """A whole file."""
    name = path.relative_to(golden.SUBMISSIONS).as_posix()
    case = {"sort": sort, "file": name, "wanted": [], "seconds": seconds}
    return name, case | ({"unsteady": UNSTEADY[name]} if name in UNSTEADY else {})


def case_of_text(
    sort: str, text: str, base: str, wanted: Sequence[str] = (), **more: Any
) -> golden.Case:
    """A text by what has been changed in a base; more: what is known about it."""
    old = golden.lines_of((golden.SUBMISSIONS / base).read_text() if base else "")
    new = golden.lines_of(text)
    edits = [
        [start + 1, "".join(old[start:end]), "".join(new[first:last])]
        for tag, start, end, first, last in difflib.SequenceMatcher(
            None, old, new, autojunk=False
        ).get_opcodes()
        if tag != "equal"
    ]
    case = {"sort": sort, "file": "", "base": base, "edits": edits, "digest": golden.digest(text)}
    case |= {"wanted": list(wanted), "seconds": 10.0, **more}
    assert golden.source_of(case) == text
    return case


def files() -> Iterator[Named]:
    """Right ones, hostile ones, the bases of the kills and the example."""
    for path in sorted((golden.SUBMISSIONS / "right").iterdir()):
        yield case_of_file(path, "right")
    for path in sorted((golden.SUBMISSIONS / "hostile").iterdir()):
        yield case_of_file(path, "hostile", HOSTILE_SECONDS)
    for path in sorted((golden.SUBMISSIONS / "kills").glob("*.py")):
        yield case_of_file(path, "base")
    yield case_of_file(golden.SUBMISSIONS / "my_lstm.py", "example")


def planted(sort: str, *kills: kill_matrix.Kill) -> Named:
    """One mistake in a submission, or several."""
    text, lines = kill_matrix.planted(*kills)
    facts = [
        {
            "function": kill.function,
            "id": kill.id,
            "variant": kill.entry[2],
            "entry_of": kill.entry[0],
            "blamed": list(kill.blamed),
            "verdict": kill.verdict,
            "lines": list(changed),
        }
        for kill, changed in zip(kills, lines, strict=True)
    ]
    return f"{sort}: {' + '.join(map(str, kills))}", case_of_text(
        sort, text, f"kills/{kills[0].base}.py", planted=facts
    )


def unforeseen() -> Iterator[Named]:
    """The mistakes that no catalogue names."""
    for odd in test_check_corpus.ODD:
        facts = [{"function": odd.function, "id": "unexplained", "variant": odd.name}]
        text, base = test_check_corpus.planted(odd), "right/plain_dot.py"
        case = case_of_text("unforeseen", text, base, [odd.function], planted=facts)
        yield f"unforeseen: plain_dot.{odd.function}: {odd.name}", case


class Recorder:
    """A plugin of pytest that keeps what the tests have judged."""

    def __init__(self):
        self.test = ""
        self.seen: dict[tuple[str, tuple[str, ...], float], str] = {}
        self.judge = judge.judge

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember which test runs."""
        self.test = item.nodeid.split("/")[-1]

    def __call__(self, submission: Any, **options: Any) -> Any:
        """Judge, and keep a program of one piece."""
        pieces = submission.pieces
        if len(pieces) == 1 and pieces[0].cell is None and options.get("live") is None:
            key = pieces[0].source, tuple(options.get("wanted", ())), options.get("seconds", 10.0)
            self.seen.setdefault(key, self.test)
        return self.judge(submission, **options)


def inline(known: set[tuple[str, tuple[str, ...]]]) -> Iterator[Named]:
    """What the tests judge besides, named after the test; the nearest base, if one is near."""
    recorder = Recorder()
    tests = [str(Path(__file__).parent / f"test_check{name}.py") for name in TESTS]
    judge.judge = recorder
    try:
        pytest.main(["-n0", "-m", "not long", *tests], plugins=[recorder])
    finally:
        judge.judge = recorder.judge
    texts = [p.read_text() for p in golden.SUBMISSIONS.rglob("*.py")]
    count: dict[str, int] = {}
    for (text, wanted, seconds), test in recorder.seen.items():
        if (text, wanted) in known or text in texts or len(text) > LONGEST:
            continue
        if text.lstrip().startswith("{"):
            continue
        cases = (case_of_text("inline", text, base, wanted) for base in ("", *BASES))
        best = min(cases, key=lambda case: sum(len(old + new) for _, old, new in case["edits"]))
        count[test] = count.get(test, 0) + 1
        yield f"inline: {' '.join(test.split())} #{count[test]}", best | {"seconds": seconds}


def main() -> int:
    """Write all of them."""
    cases = dict(files())
    cases |= dict(planted("kill", kill) for kill in kill_matrix.kills())
    cases |= dict(planted("pair", *pair) for pair in kill_matrix.pairs(PAIRS))
    cases |= dict(unforeseen())
    known = {
        (golden.source_of(case), tuple(case["wanted"]))
        for case in cases.values()
        if not case["file"]
    }
    cases |= dict(inline(known))
    golden.write({"versions": {}, "cases": cases})
    return 0


if __name__ == "__main__":
    sys.exit(main())
