"""The golden verdicts: what the checker said of many submissions on the day they were frozen.

``golden.json.gz`` holds submissions and verdicts as data. A case is a file of ``submissions``, or a
text: edits of such a file, or of nothing. No part of the checker and no table of mistakes is needed
to write it out again: `source_of` takes the case alone.

``python parity_tests/golden.py`` judges all of it with the code at hand, prints what is different,
the worst first, and exits with 1 if something passes that did not, or the other way round. What has
been looked at and found better, or no worse, than it was is in ``golden_accepted.toml``: it is
counted and not printed.
"""

import argparse
import gzip
import hashlib
import json
import platform
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from handrnn import check

GOLDEN = Path(__file__).parent / "golden.json.gz"
ACCEPTED = Path(__file__).parent / "golden_accepted.toml"
SUBMISSIONS = Path(__file__).parent / "submissions"
FLIP, VERDICT, IDS, LINE, PLACE, WORDS = KINDS = (
    "PASS or not",
    "another verdict",
    "mistakes",
    "line",
    "place",
    "words",
)
HELD = (FLIP, VERDICT, IDS, LINE, PLACE)  # words may change
FIELDS = {"verdict": VERDICT, "ids": IDS, "line": LINE, "cell": LINE}
NOT_REPORTED = "not reported"
PLACED = re.compile(r"([\w.]+): off by [^;]*; first bad at ([^(;]+?)(?= \(|;|$)")
OFTEN = 50  # cases between two savings of a freeze

Case = dict[str, Any]
Change = tuple[str, str]  # one of KINDS, and in words


class Accepted(NamedTuple):
    """A difference that has been looked at.

    Attributes
    ----------
    case, said : patterns, as of files, of the name of the case and of "function: what is said"
    kinds : of `KINDS`
    right : "now" or "then": which of the two is right; "both" where it is a matter of taste
    why : in a sentence
    """

    case: str
    said: str
    kinds: tuple[str, ...]
    right: str
    why: str


@cache
def accepted() -> tuple[Accepted, ...]:
    """All differences that are accepted."""
    table = tomllib.loads(ACCEPTED.read_text())["accepted"]
    return tuple(Accepted(**{**one, "kinds": tuple(one["kinds"])}) for one in table)


def acceptance(name: str, change: Change) -> Accepted | None:
    """Why a difference is accepted; None: it is not."""
    kind, said = change
    for one in accepted():
        if kind in one.kinds and fnmatchcase(name, one.case) and fnmatchcase(said, one.said):
            return one
    return None


def read() -> dict[str, Any]:
    """All that is frozen: "versions", and "cases" by name."""
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


def write(frozen: dict[str, Any]) -> None:
    """Store it, a case a line, the same bytes for the same cases."""
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in frozen["cases"].items()]
    cases = ",\n".join(lines)
    text = f'{{"versions": {json.dumps(frozen["versions"])},\n"cases": {{\n{cases}\n}}}}\n'
    new = GOLDEN.with_suffix(".new")
    new.write_bytes(gzip.compress(text.encode(), mtime=0))
    new.replace(GOLDEN)


def lines_of(text: str) -> list[str]:
    """Its lines with their ends; a line ends in a line feed and in nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def digest(text: str) -> str:
    """What tells whether a text is the one that was frozen."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def source_of(case: Case) -> str:
    """The text of a case: its base with the edits, each a line number, old text and new text.

    Raises
    ------
    ValueError
        If the base is not the file that it was.
    """
    base = (SUBMISSIONS / case["base"]).read_text() if case["base"] else ""
    lines, parts, done = lines_of(base), [], 0
    for first, old, new in case["edits"]:
        parts += [*lines[done : first - 1], new]
        done = first - 1 + len(lines_of(old))
        if "".join(lines[first - 1 : done]) != old:
            raise ValueError(f"{case['base']} has changed at line {first}")
    text = "".join([*parts, *lines[done:]])
    if digest(text) != case["digest"]:
        raise ValueError(f"{case['base']} has changed")
    return text


def judged(case: Case) -> dict[str, Any]:
    """What the code at hand says of a case: "functions" by name, and "problems" of the whole."""
    options = {"wanted": case["wanted"], "seconds": case["seconds"], "second_opinion": False}
    if case["file"]:
        found = check.file(SUBMISSIONS / case["file"], hint="mistake", **options)
    else:
        found = check.text(source_of(case), hint="mistake", **options)
    functions = {}
    for name, f in found.functions.items():
        said = {"verdict": f.verdict, "ids": [mistake.id for mistake in f.mistakes]}
        said |= {
            "where": f.where,
            "line": f.line,
            "cell": f.cell,
            "notes": [_steady(note) for note in f.notes],
        }
        functions[name] = {key: value for key, value in said.items() if value}
    return {"functions": functions, "problems": list(found.problems)}


def _steady(note: str) -> str:
    """A note without the number of a process, another one every time."""
    return re.sub(r"subprocess \d+", "subprocess N", note)


def changes(case: Case, now: dict[str, Any]) -> Iterator[Change]:
    """What is said otherwise now; of an "unsteady" function only whether it passes is compared."""
    before = case["found"]
    for name in {**before["functions"], **now["functions"]}:
        old = before["functions"].get(name, {"verdict": NOT_REPORTED})
        new = now["functions"].get(name, {"verdict": NOT_REPORTED})
        words = f"{name}: {old['verdict']} -> {new['verdict']}"
        if (old["verdict"] == "PASS") != (new["verdict"] == "PASS"):
            yield FLIP, words
            continue
        if name in case.get("unsteady", ()):
            continue
        if NOT_REPORTED in (old["verdict"], new["verdict"]):
            yield VERDICT, words
            continue
        for field, kind in FIELDS.items():
            if old.get(field) != new.get(field):
                yield kind, f"{name}: {field} {old.get(field)} -> {new.get(field)}"
        places = [_place(said.get("where", "")) for said in (old, new)]
        if places[0] != places[1]:
            yield PLACE, f"{name}: {places[0]} -> {places[1]}"
        for field in ("where", "notes"):
            if old.get(field) != new.get(field):
                yield WORDS, f"{name}: {field} {old.get(field)} -> {new.get(field)}"
    if before["problems"] != now["problems"]:
        yield WORDS, f"{before['problems']} -> {now['problems']}"


def _place(where: str) -> tuple[str, str] | None:
    """The first wrong result and its first bad element; None where none is said."""
    found = PLACED.search(where)
    return (found[1], found[2]) if found else None


def chosen(cases: dict[str, Case], only: str = "", sample: int = 1) -> dict[str, Case]:
    """Every n-th of the cases with a piece of text in their name."""
    return {name: cases[name] for name in [n for n in cases if only in n][::sample]}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare the checker with its frozen verdicts.")
    parser.add_argument("--sample", type=int, default=1, help="judge every n-th case only")
    parser.add_argument("--only", default="", metavar="NAME", help="only cases with this in a name")
    parser.add_argument("--write", action="store_true", help="freeze what the code at hand says")
    parser.add_argument("--missing", action="store_true", help="only what has no verdict yet")
    options = parser.parse_args(arguments)
    start, frozen = time.perf_counter(), read()
    found: list[tuple[str, str, str]] = []
    signed: Counter[str] = Counter()
    cases = chosen(frozen["cases"], options.only, options.sample)
    if options.missing:
        cases = {name: case for name, case in cases.items() if "found" not in case}
    for number, (name, case) in enumerate(cases.items(), 1):
        try:
            now = judged(case)
        except Exception as error:  # nothing that the checker does must end the comparison
            found.append((FLIP, name, f"judging it raised {error!r}"))
            continue
        for change in changes(case, now) if "found" in case else ():
            why = acceptance(name, change)
            signed[why.why if why else ""] += 1
            if why is None:
                found.append((change[0], name, change[1]))
        if options.write:
            case["found"] = now
        if number % OFTEN == 0:
            print(f"{number} of {len(cases)}", file=sys.stderr, flush=True)
            if options.write:
                write(frozen)
    if options.write:
        versions = {"python": platform.python_version(), "numpy": np.__version__}
        write({**frozen, "versions": versions})
    for kind, name, said in sorted(found, key=lambda one: KINDS.index(one[0])):
        print(f"{kind}: {name}\n    {said}")
    del signed[""]
    for why, count in signed.most_common():
        print(f"accepted {count} times: {why}")
    counts = Counter(kind for kind, *_ in found)
    told = [f"{kind}: {counts[kind]}" for kind in KINDS if counts[kind]]
    unknown = sum("found" not in case for case in cases.values())
    told += [f"never frozen: {unknown}"] if unknown else []
    seconds = time.perf_counter() - start
    print(f"{len(cases)} cases, {seconds:.0f} s; {', '.join(told) or 'no difference'}")
    return int(counts[FLIP] > 0)


if __name__ == "__main__":
    sys.exit(main())
