"""Points: a weight for each function, and partial credit for what does not pass."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from . import data

RESULTS = "results"  # as partial credit: the share of results that are right
DIGITS = 2


@dataclass(frozen=True)
class Scheme:
    """How points are given.

    Attributes
    ----------
    weights : points for each function that passes, by name
    partial : fraction of them for a verdict other than PASS, or "results"; without an entry, 0

    Raises
    ------
    ValueError
        If one of them is not possible.
    """

    weights: Mapping[str, float]
    partial: Mapping[str, float | str]

    def __post_init__(self) -> None:
        if not self.weights:
            raise ValueError("points are given for no function: at least one is needed")
        for name, weight in self.weights.items():
            if not (_is_number(weight) and 0 <= weight < math.inf):
                raise ValueError(f"the points for {name} are {weight!r}: a number >= 0 is needed")
        known = [verdict for verdict in data.VERDICTS if verdict != data.PASS]
        for verdict, part in self.partial.items():
            if verdict not in known:
                raise ValueError(f"partial credit for {verdict!r}: it can be {', '.join(known)}")
            if part != RESULTS and not (_is_number(part) and 0 <= float(part) <= 1):
                needed = f'a number from 0 to 1 or "{RESULTS}" is needed'
                raise ValueError(f"partial credit for {verdict} is {part!r}: {needed}")

    def score(self, f: data.FunctionReport) -> data.Score:
        """The points for a function."""
        part = 1.0 if f.passed else self.partial.get(f.verdict, 0.0)
        weight = self.weights[f.name]
        earned = weight * (f.share if part == RESULTS else float(part))
        return data.Score(round(earned, DIGITS), weight)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read(path: str | Path) -> Scheme:
    """The scheme in a TOML file: a table [points] and, if need be, a table [partial].

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not such a file.
    """
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
        unknown = [name for name in content if name not in ("points", "partial")]
        if unknown:
            raise ValueError(f"{unknown[0]} is not one of its tables: [points], [partial]")
        tables = [content.get(name, {}) for name in ("points", "partial")]
        if not all(isinstance(table, dict) for table in tables):
            raise ValueError("points and partial are tables: [points], [partial]")
        return Scheme(*tables)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def graded(file: data.FileReport, scheme: Scheme) -> data.FileReport:
    """The report with points; a function that is not there is NOT FOUND, and earns none."""
    missing = [name for name in scheme.weights if name not in file.functions]
    found = {name: data.FunctionReport(name, data.NOT_FOUND) for name in missing}
    functions = {
        name: replace(f, score=scheme.score(f)) if name in scheme.weights else f
        for name, f in (file.functions | found).items()
    }
    return replace(file, functions=functions)
