"""The directory of one run: what stands in it, who may write in it, and how it is read.

``config.json`` is the run, ``metrics.csv`` its checks, ``checkpoint.npz`` the state to go on from
while it is unfinished, ``weights.npz`` the final weights, and ``done.json``, written last, the
result; ``failed.txt`` says why the latest attempt failed. ``lock`` is held by the process that
writes. Files are replaced as a whole, and the metrics grow by whole lines.
"""

import contextlib
import csv
import dataclasses
import errno
import io
import json
import os
import pathlib
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from .. import __version__, writing
from . import model, torch_model, training
from . import run as run_module

CONFIG, METRICS, DONE = "config.json", "metrics.csv", "done.json"
CHECKPOINT, WEIGHTS = "checkpoint.npz", "weights.npz"
FAILED, LOCK = "failed.txt", "lock"

_COLUMNS = [field.name for field in dataclasses.fields(training.Check)]
_STATUS = pathlib.Path("/proc/self/status")
_BYTES_IN_MIB = 2**20


@dataclasses.dataclass(frozen=True)
class Record:
    """A finished run: what it was, what came of it, and how many seconds it took."""

    run: run_module.Run
    result: training.Result
    seconds: float


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """The files of a finished run as data, so that they can travel to where they are kept.

    Attributes
    ----------
    done : dict
        The content of ``done.json``.
    metrics : bytes
        The content of ``metrics.csv``.
    weights : bytes
        The content of ``weights.npz``.
    """

    done: dict[str, Any]
    metrics: bytes
    weights: bytes


def write_json(path: pathlib.Path, content: dict) -> None:
    """Write a JSON file as a whole."""
    writing.write(path, (json.dumps(content, indent=2) + "\n").encode())


def make_directory(directory: pathlib.Path) -> None:
    """Make the directory of a sweep; OSError where nothing can be written."""
    directory.mkdir(parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK):
        raise PermissionError(f"{directory} cannot be written to")


def check_lock_is_there() -> None:
    """Raise ModuleNotFoundError, saying what to install, if filelock is missing."""
    try:
        import filelock  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError("sweeps need filelock: pip install 'handrnn[plots]'") from None


@contextlib.contextmanager
def lock(directory: pathlib.Path) -> Iterator[bool]:
    """Hold a run's directory, and lend True; lend False if another process holds it.

    The system itself takes the lock from a process that dies. The file stays: were it removed,
    two processes could hold two files of one name.
    """
    check_lock_is_there()
    import filelock

    held = filelock.FileLock(directory / LOCK)
    try:
        held.acquire(blocking=False)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        held.release()


@contextlib.contextmanager
def metrics(
    directory: pathlib.Path, checks: Iterable[training.Check]
) -> Iterator[Callable[[training.Check], None]]:
    """Write the checks made so far, and lend what appends the next ones, readable at once."""
    path = directory / METRICS
    header = csv_line(_COLUMNS)
    writing.write(path, header + b"".join(csv_line(dataclasses.astuple(check)) for check in checks))
    with path.open("ab", buffering=0) as file:
        yield lambda check: _append(file, csv_line(dataclasses.astuple(check)))
        os.fsync(file.fileno())


def csv_line(values: Iterable[object]) -> bytes:
    """One line of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _append(file: BinaryIO, line: bytes) -> None:
    """Append a whole line or nothing: on a full disk a part of it may fit."""
    before = os.fstat(file.fileno()).st_size
    try:
        if file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        os.ftruncate(file.fileno(), before)
        raise OSError(error.errno, error.strerror, file.name) from None


def finish(
    directory: pathlib.Path, result: training.Result, seconds: float, engine: str = "numpy"
) -> None:
    """Write the result, which makes the run finished, and remove its checkpoint."""
    content = {
        "result": dataclasses.asdict(result),
        "seconds": round(seconds, 3),
        "peak_memory_mib": peak_memory(),
        "versions": {"python": platform.python_version(), **versions(engine)},
    }
    _finish(directory, content)


def _finish(directory: pathlib.Path, done: dict[str, Any]) -> None:
    (directory / FAILED).unlink(missing_ok=True)
    write_json(directory / DONE, done)
    remove_checkpoint(directory)


def versions(engine: str) -> dict[str, str]:
    """Versions of the packages that decide the bits of a run of this engine."""
    found = {"numpy": np.__version__, "handrnn": __version__}
    if engine == "torch":
        found["torch"] = torch_model.version()
    return found


def write_weights(directory: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the final parameters of a run, of all the arrays of its last state."""
    content = io.BytesIO()
    parameters: dict = {
        name: array for name, array in arrays.items() if name.split(".")[0] in model.PARTS
    }
    np.savez(content, **parameters)
    writing.write(directory / WEIGHTS, content.getvalue())


def note_failure(directory: pathlib.Path, why: str) -> None:
    """Leave word of why a run failed.

    Nothing is left where that cannot be written either, where another process has taken the run
    up, or where one has finished it.
    """
    if not directory.is_dir():
        return
    with contextlib.suppress(OSError), lock(directory) as free:
        if free and not (directory / DONE).exists():
            writing.write(directory / FAILED, f"{why}\n".encode())


def read_failure(directory: pathlib.Path) -> str | None:
    """Read why the latest attempt of a run failed; None if it did not."""
    try:
        return (directory / FAILED).read_text(errors="replace").strip()
    except OSError:
        return None


def remove_checkpoint(directory: pathlib.Path) -> None:
    """Remove a run's checkpoint, and the draft that a killed process may have left of one."""
    (directory / CHECKPOINT).unlink(missing_ok=True)
    writing.draft(directory / CHECKPOINT).unlink(missing_ok=True)


def peak_memory() -> float | None:
    """Most memory that this process has held so far, in MiB; None where the system keeps no count.

    A process that executes several runs tells the most of any of them.
    """
    # Linux's getrusage begins with what the process held that started this one.
    with contextlib.suppress(OSError):
        highest = re.search(r"^VmHWM:\s*(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
        if highest is not None:
            return round(int(highest[1]) * 1024 / _BYTES_IN_MIB, 1)
    try:
        import resource
    except ModuleNotFoundError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / _BYTES_IN_MIB, 1)


def read(directory: pathlib.Path) -> Record | None:
    """Read a finished run.

    Returns
    -------
    Record or None
        None if it is not finished, or its files are damaged or not as this version writes them.
    """
    try:
        return _read(directory)
    except ValueError:
        return None


def _read(directory: pathlib.Path) -> Record | None:
    """Read a finished run; ValueError if another version of handrnn has written it."""
    try:
        done = json.loads((directory / DONE).read_text())
        config = json.loads((directory / CONFIG).read_text())
    except (OSError, ValueError):
        return None
    settings = _fields(directory / CONFIG, config, run_module.Run)
    if not isinstance(done, dict) or not done.keys() >= {"result", "seconds"}:
        raise _unknown(directory / DONE, "result or seconds missing")
    result = _fields(directory / DONE, done["result"], training.Result)
    try:
        run = run_module.Run(**settings)
    except ValueError as error:
        raise _unknown(directory / CONFIG, str(error)) from None
    numbers = {"seconds": done["seconds"], **result}
    for name in ("seconds", "accuracy", "steps"):
        if not isinstance(numbers[name], int | float):
            raise _unknown(directory / DONE, f"{name} is {numbers[name]!r}")
    return Record(run, training.Result(**result), done["seconds"])


def _fields(path: pathlib.Path, content: Any, kind: type) -> dict[str, Any]:
    """Return a file's content; ValueError if it has not exactly the fields of this kind."""
    known = {field.name for field in dataclasses.fields(kind)}
    there = set(content) if isinstance(content, dict) else set()
    for names, what in ((there - known, "unknown"), (known - there, "missing")):
        if names:
            raise _unknown(path, f"{', '.join(sorted(names))} {what}")
    return content


def _unknown(path: pathlib.Path, why: str) -> ValueError:
    return ValueError(
        f"{path} was not written by this version of handrnn ({why}): "
        "choose another directory, or remove that one"
    )


def has_its_metrics(directory: pathlib.Path, record: Record) -> bool:
    """Whether the metrics go to the end of the run."""
    last = read_last_check(directory)
    return last is not None and last.get("step") == str(record.result.steps)


def _has_its_weights(directory: pathlib.Path, record: Record) -> bool:
    """Whether the weights are those that the run ended with."""
    path = directory / WEIGHTS
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = model.fingerprint(arrays[name] for name in arrays.files)
    except Exception:  # cut off, empty, of another kind: whatever NumPy and zipfile say of it
        return False
    return found == record.result.fingerprint


def read_all(directory: str | os.PathLike) -> list[Record]:
    """Read all finished runs of a sweep, ordered by name.

    A run whose metrics are damaged is left out, and so is one in a directory of another name: a
    copy would count twice.
    """
    found = []
    for path in sorted(done.parent for done in pathlib.Path(directory).glob(f"*/{DONE}")):
        record = read(path)
        if record is not None and record.run.name == path.name and has_its_metrics(path, record):
            found.append(record)
    return found


def table(directory: str | os.PathLike) -> dict[str, list[Any]]:
    """Read all finished runs of a sweep as columns: what pandas and polars take.

    Returns
    -------
    dict of str to list
        One entry for each run of `read_all`: its ``name``, all fields of its `run.Run` and its
        `training.Result`, and its ``seconds``. The updates that were done, ``steps`` of the result,
        are ``updates`` here: ``steps`` is their cap.

    Raises
    ------
    ValueError
        If there is no such directory.
    """
    if not pathlib.Path(directory).is_dir():
        raise ValueError(f"{os.fspath(directory)} is not a directory")
    records = read_all(directory)
    columns = {"name": [record.run.name for record in records]}
    for field in dataclasses.fields(run_module.Run):
        columns[field.name] = [getattr(record.run, field.name) for record in records]
    for field in dataclasses.fields(training.Result):
        name = "updates" if field.name == "steps" else field.name
        columns[name] = [getattr(record.result, field.name) for record in records]
    return {**columns, "seconds": [record.seconds for record in records]}


def read_checks(directory: pathlib.Path) -> list[dict[str, str]]:
    """Read the whole lines of a run's metrics, each a dict by column.

    Lines that do not hold a value for each column are nobody's and left out.
    """
    try:
        text = (directory / METRICS).read_text(errors="replace")
        lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        rows = list(csv.DictReader(lines, restkey="more"))
    except (OSError, csv.Error):
        return []
    return [row for row in rows if "more" not in row and None not in row.values()]


def read_last_check(directory: pathlib.Path) -> dict[str, str] | None:
    """Read the latest whole line of a run's metrics; None if there is none yet."""
    checks = read_checks(directory)
    return checks[-1] if checks else None


def is_done(run: run_module.Run, directory: pathlib.Path) -> bool:
    """Whether the run is finished in its directory; errors as `read_done`."""
    return read_done(run, directory) is not None


def read_done(run: run_module.Run, directory: pathlib.Path) -> Record | None:
    """Read a run if it is finished in its directory, and its files are not damaged.

    Raises
    ------
    ValueError
        If a finished run of other parameters, or of another version, is in the directory.
    """
    record = _read(directory)
    if record is None:
        return None
    different = [
        f"{name} = {there!r}, not {asked!r}"
        for name, (there, asked) in run_module.differences(record.run, run).items()
    ]
    if different:
        raise ValueError(
            f"{directory} holds a finished run with {'; '.join(different)}: "
            "choose another directory, or remove that one"
        )
    whole = has_its_metrics(directory, record) and _has_its_weights(directory, record)
    return record if whole else None


def as_data(directory: pathlib.Path) -> RunFiles:
    """Read the files of a finished run as they are."""
    done = json.loads((directory / DONE).read_text())
    return RunFiles(done, (directory / METRICS).read_bytes(), (directory / WEIGHTS).read_bytes())


def take_in(run: run_module.Run, directory: pathlib.Path, finished: RunFiles) -> bool:
    """Write what a run executed out of sight has sent, unless it is there already.

    Returns
    -------
    bool
        Whether the run is finished here now; False if another process holds its directory.
    """
    if is_done(run, directory):
        return True
    directory.mkdir(parents=True, exist_ok=True)
    with lock(directory) as free:
        if free and not is_done(run, directory):
            (directory / DONE).unlink(missing_ok=True)  # of damaged files; these shall not fit it
            write_json(directory / CONFIG, dataclasses.asdict(run))
            writing.write(directory / METRICS, finished.metrics)
            writing.write(directory / WEIGHTS, finished.weights)
            _finish(directory, finished.done)
    return free
