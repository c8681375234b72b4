"""The record of one mistake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...probe import planting, probes

Outputs = dict[str, np.ndarray]
Transform = Callable[[Outputs, probes.Probe], Outputs]
DETECTORS = ("arguments", "globals", "aliases", "caches", "dtype")


@dataclass(frozen=True)
class Mistake:
    """One way of getting a course function wrong.

    Attributes
    ----------
    id : one of `kinds.KINDS`
    variant : which gate, which line, which way of writing it; with the id it names the entry
    functions : the course functions that it shows in, the one it is written in first
    edits : of the textbook, by function
    why : one sentence
    wrong, right : the line as it is written and as it should be, in the course's notation
    transform : of the results, (outputs, probe) -> outputs, after the edits
    detector : what shows a mistake that changes no result, one of `DETECTORS`, or ""
    warning : seen where exp overflows only (`Target.edge`), which is not a failure
    square : runs on square probes only (``probes.draw(seed, square=True)``)
    cached : only what is cached is wrong, so that it is none in the batch-first dialect
    """

    id: str
    variant: str
    functions: tuple[str, ...]
    edits: Mapping[str, tuple[planting.Edit, ...]] = field(compare=False)
    why: str
    wrong: str = ""
    right: str = ""
    transform: Transform | None = None
    detector: str = ""
    warning: bool = False
    square: bool = False
    cached: bool = False

    def __str__(self) -> str:
        return f"{self.id} ({self.variant})" if self.variant else self.id
