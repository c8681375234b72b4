"""The state of an unfinished run in a file: one npz without pickle, replaced as a whole."""

import dataclasses
import io
import json
import logging
import pathlib
import time
from collections.abc import Callable

import numpy as np

from .. import writing
from . import files, training
from . import run as run_module

# A checkpoint is due after so many seconds, and after so many times what the last one took.
SECONDS = 5.0
SHARE = 200.0

_DOCUMENT = "document"
_PREFIX = "array:"
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What an interrupted run goes on from.

    Attributes
    ----------
    state : training.State
        The state of training after a check.
    seconds : float
        Time spent up to there.
    """

    state: training.State
    seconds: float

    def checks(self) -> list[training.Check]:
        """All checks up to this one."""
        return [training.Check(**check) for check in self.state.numbers["checks"]]


def save(path: pathlib.Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; OSError, and the earlier one still there, if that is not possible."""
    document = {
        "versions": files.versions(checkpoint.state.numbers["run"]["engine"]),
        "seconds": checkpoint.seconds,
        "numbers": checkpoint.state.numbers,
        "arrays": list(checkpoint.state.arrays),
    }
    encoded = np.frombuffer(json.dumps(document).encode(), np.uint8)
    arrays = {_PREFIX + name: array for name, array in checkpoint.state.arrays.items()}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{_DOCUMENT: encoded}, **arrays)
    writing.write(path, content.getvalue())


def load(path: pathlib.Path, run: run_module.Run) -> Checkpoint | None:
    """Read the checkpoint of a run; None if there is none that the run can go on from.

    One that is damaged, of other parameters, or of other versions of the packages that decide the
    bits, is said in the log: the run then starts anew.

    Raises
    ------
    ModuleNotFoundError
        If the run's engine is missing.
    """
    if not path.exists():
        return None
    versions = files.versions(run.engine)
    try:
        document, arrays = _read(path)
        why = _why_unfit(document, run, versions)
        if why is None:
            state = training.State(document["numbers"], arrays)
            there = Checkpoint(state, float(document["seconds"]))
            there.checks()
            return there
    except Exception:  # there are as many exceptions as ways to damage an archive
        why = "damaged"
    _log.warning("%s is %s: its run starts anew", path, why)
    return None


def _why_unfit(document: dict, run: run_module.Run, versions: dict[str, str]) -> str | None:
    """Say why a run cannot go on from this document; None if it can."""
    for name, version in versions.items():
        if document["versions"][name] != version:
            return f"of {name} {document['versions'][name]}, not {version}"
    return None if document["numbers"]["run"] == dataclasses.asdict(run) else "of other parameters"


def _read(path: pathlib.Path) -> tuple[dict, dict[str, np.ndarray]]:
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
        document = json.loads(archive[_DOCUMENT].tobytes())
        return document, {name: archive[_PREFIX + name] for name in document["arrays"]}


class Keeper:
    """Writes checkpoints now and then, so that they cost a run next to nothing.

    Parameters
    ----------
    write : callable
        Takes a state and writes it.
    clock : callable
        The time in seconds.
    """

    def __init__(
        self,
        write: Callable[[training.State], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._write = write
        self._clock = clock
        self._due = clock() + SECONDS

    def __call__(self, state: training.State) -> None:
        """Take in the state after a check; write it if that is due."""
        start = self._clock()
        if start < self._due:
            return
        self._write(state)
        end = self._clock()
        self._due = end + max(SECONDS, SHARE * (end - start))
