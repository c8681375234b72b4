"""How many wrong submissions are mended: the table of repairs.

``python -m parity_tests.repairs`` judges the mistakes of the kill matrix and the wrong submissions
of every dialect, and prints for each set how many functions are mended, how many of the names are
right, and what it costs. ``--every 20`` takes each twentieth.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from handrnn import check
from handrnn.check.judge import judge
from handrnn.check.load import loading
from handrnn.check.repair import applying, fixes
from handrnn.check.report import data as report
from parity_tests import kill_matrix, wrong


@dataclass(frozen=True)
class Case:
    """A submission with one wrong function.

    Attributes
    ----------
    set : name of the set that it belongs to
    name : its own
    text : the submission
    function : that is wrong, as its author calls it
    id : of the mistake; "" where none is expected
    """

    set: str
    name: str
    text: str
    function: str
    id: str = ""
    dialect: str = ""


@dataclass(frozen=True)
class Found:
    """What came of a case."""

    case: Case
    mended: bool
    right_again: bool
    ids: tuple[str, ...]
    edits: tuple[report.Edit, ...]
    seconds: float


def kills() -> Iterator[Case]:
    """The kill matrix, less what is not a failure."""
    for kill in kill_matrix.kills():
        if kill.verdict == report.FAIL:
            text, _ = kill_matrix.planted(kill)
            for function in kill.blamed:
                yield Case(f"kills, {kill.base}", str(kill), text, function, kill.id)


def others() -> Iterator[Case]:
    """Wrong submissions of every dialect."""
    for (name, entry), case in zip(wrong.entries(), wrong.cases(), strict=True):
        dialect = wrong.dialect(entry["base"])
        folder = name.partition("/")[0]
        yield Case(folder, name, case.source, case.function, case.id or "", str(dialect or ""))


def tried(case: Case) -> Found:
    """Judge a case with repair, put the lines in, and judge it again."""
    dialect = check.load_dialect(case.dialect) if case.dialect else None
    started = processor()
    judged = judge.judge(
        loading.from_text(case.text), dialect=dialect, second_opinion=False, mend=fixes.with_fixes
    )
    seconds = processor() - started
    one = of(judged, case.function)
    if one is None or one.fix is None:
        return Found(case, False, False, ids(one), (), seconds)
    edits = one.fix.edits
    text = applying.changed(case.text, applying.edits_of(judged))
    anew = judge.judge(loading.from_text(text), dialect=dialect, second_opinion=False)
    again = of(anew, case.function)
    return Found(case, True, again is not None and again.passed, ids(one), edits, seconds)


def processor() -> float:
    """Seconds of processor time of this process and of those that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def of(judged: report.FileReport, function: str) -> report.FunctionReport | None:
    """The report of a function by the author's name, or by that of its dialect."""
    if function in judged.functions:
        return judged.functions[function]
    owner, _, method = function.rpartition(".")
    found = (f for name, f in judged.functions.items() if name.endswith(method) and owner in name)
    return next(found, None)


def ids(one: report.FunctionReport | None) -> tuple[str, ...]:
    """The ids of the mistakes that a report names."""
    return tuple(mistake.id for mistake in one.mistakes) if one else ()


def in_parallel(cases: Sequence[Case], workers: int) -> Iterator[Found]:
    """What came of each case, in order."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(tried, cases)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take each so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="sets whose name holds this")
    options = parser.parse_args(arguments)
    cases = [*kills(), *others()]
    cases = [case for case in cases if options.only in case.set][:: options.every]
    sets: dict[str, list[Found]] = {}
    for found in in_parallel(cases, options.workers):
        sets.setdefault(found.case.set, []).append(found)
        if not found.mended:
            print(f"not mended: {found.case.name} {found.case.function}", file=sys.stderr)
        elif not found.right_again:
            print(f"UNVERIFIED: {found.case.set}: {found.case.name}", file=sys.stderr)
    print("| set | functions | mended | named as expected | another name | seconds, median |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, many in sets.items():
        mended = sum(one.mended and one.right_again for one in many)
        wanted = [one for one in many if one.case.id]
        named = sum(one.case.id in one.ids for one in wanted)
        other = sum(bool({*one.ids} - {one.case.id, "unexplained"}) for one in wanted)
        middle = sorted(one.seconds for one in many)[len(many) // 2]
        right = f"{named} of {len(wanted)} | {other}"
        print(f"| {name} | {len(many)} | {mended} | {right} | {middle:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
