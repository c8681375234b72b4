"""A sweep: many runs, executed side by side, each in a directory of its own.

A run's directory holds ``config.json`` (the run), ``metrics.csv`` (its checks, written as they are
made) and, at the very end, ``done.json`` (the result). A sweep that is started again skips what is
done and begins anew what is not, so it can be interrupted at any time.
"""

import concurrent.futures
import contextlib
import csv
import dataclasses
import json
import multiprocessing
import os
import pathlib
import platform
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from .. import __version__
from . import progress, threads, training
from . import run as run_module

CONFIG, METRICS, DONE = "config.json", "metrics.csv", "done.json"

POLL_SECONDS = 0.5

# Time of an update per time step, relative to the RNN's.
_PRICE = {"RNN": 1.0, "LSTM": 3.0}
# A curriculum spends few of its updates at the full length, and few in all.
_CURRICULUM_SHARE = 0.1


@dataclasses.dataclass(frozen=True)
class Record:
    """A finished run: what it was, what came of it, and how many seconds it took."""

    run: run_module.Run
    result: training.Result
    seconds: float


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a sweep did.

    Attributes
    ----------
    records : list of Record
        All the sweep's finished runs, in the order asked for, skipped ones included.
    skipped : int
        How many of them had been done before.
    failed : dict of str to str
        Name of each run that raised, and what it said.
    """

    records: list[Record]
    skipped: int
    failed: dict[str, str]


def sweep(
    runs: Iterable[run_module.Run],
    directory: str | os.PathLike,
    executor: concurrent.futures.Executor | None = None,
    workers: int = 2,
    show_progress: bool = True,
) -> Outcome:
    """Execute all runs that are not done yet.

    Parameters
    ----------
    runs : iterable of Run
        What to execute; names have to differ.
    directory : path
        Each run gets the subdirectory of its name. Executors on other machines have to see it.
    executor : concurrent.futures.Executor, optional
        Where to execute; by default a pool of `workers` processes of one BLAS thread each.
    workers : int
        Size of the default pool.
    show_progress : bool
        Whether to show progress bars; they stay away by themselves outside a terminal.

    Returns
    -------
    Outcome
        Finished runs and failed ones. A run that raises does not stop the others.

    Raises
    ------
    ValueError
        If two runs share a name, or if a finished run in `directory` has the name of one of
        these but other parameters.
    KeyboardInterrupt
        On Ctrl-C; finished runs stay finished.
    """
    runs = list(runs)
    directory = pathlib.Path(directory)
    _check_names(runs)
    done = {run.name for run in runs if is_done(run, directory / run.name)}
    waiting = sorted((run for run in runs if run.name not in done), key=cost, reverse=True)
    with contextlib.ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(process_pool(min(workers, max(1, len(waiting)))))
        futures = {
            executor.submit(execute, run, os.fspath(directory / run.name)): run for run in waiting
        }
        bars = stack.enter_context(progress.bars(runs, done, cost, show_progress))
        failed = _collect(futures, directory, bars)
    records = [read(directory / run.name) for run in runs if run.name not in failed]
    return Outcome([record for record in records if record is not None], len(done), failed)


def _check_names(runs: list[run_module.Run]) -> None:
    seen = set()
    for run in runs:
        if run.name in seen:
            raise ValueError(f"two runs of the sweep are called {run.name}: change a label")
        seen.add(run.name)


def _collect(
    futures: Mapping[concurrent.futures.Future, run_module.Run],
    directory: pathlib.Path,
    bars: progress.Bars,
) -> dict[str, str]:
    """Wait for all futures, showing how far each run is; return what failed."""
    failed = {}
    pending = set(futures)
    while pending:
        ended, pending = concurrent.futures.wait(pending, timeout=POLL_SECONDS)
        for future in ended:
            run = futures[future]
            error = future.exception()
            if error is not None:
                failed[run.name] = f"{type(error).__name__}: {error}"
            bars.end(run)
        for future in pending:
            run = futures[future]
            bars.advance(run, read_last_check(directory / run.name))
    return failed


def cost(run: run_module.Run) -> float:
    """Expected time of a run, in time steps of an RNN: the longest are started first."""
    share = 1.0 if run.curriculum is None else _CURRICULUM_SHARE
    return share * _PRICE[run.cell] * run.length * run.steps


def execute(run: run_module.Run, directory: str) -> None:
    """Train one run and write its files; what an unfinished attempt left is replaced."""
    path = pathlib.Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    (path / DONE).unlink(missing_ok=True)
    write_json(path / CONFIG, dataclasses.asdict(run))
    start = time.perf_counter()
    with (path / METRICS).open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in dataclasses.fields(training.Check)])
        writer.writeheader()

        def report(check: training.Check) -> None:
            writer.writerow(dataclasses.asdict(check))
            file.flush()

        result = training.train(run, report)
    seconds = round(time.perf_counter() - start, 3)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "handrnn": __version__,
    }
    write_json(
        path / DONE,
        {"result": dataclasses.asdict(result), "seconds": seconds, "versions": versions},
    )


def write_json(path: pathlib.Path, content: dict) -> None:
    """Write a file that is either there as a whole or not at all."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read(directory: pathlib.Path) -> Record | None:
    """Read a finished run; None if it is not finished or its files are damaged."""
    try:
        done = json.loads((directory / DONE).read_text())
        run = run_module.Run(**json.loads((directory / CONFIG).read_text()))
        return Record(run, training.Result(**done["result"]), done["seconds"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_all(directory: str | os.PathLike) -> list[Record]:
    """Read all finished runs of a sweep, ordered by name."""
    records = (read(path.parent) for path in sorted(pathlib.Path(directory).glob(f"*/{DONE}")))
    return [record for record in records if record is not None]


def is_done(run: run_module.Run, directory: pathlib.Path) -> bool:
    """Whether the run is finished in its directory; ValueError if another one is."""
    record = read(directory)
    if record is None:
        return False
    there, asked = dataclasses.asdict(record.run), dataclasses.asdict(run)
    different = [
        f"{name} = {there[name]!r}, not {asked[name]!r}"
        for name in asked
        if there[name] != asked[name]
    ]
    if different:
        raise ValueError(
            f"{directory} holds a finished run with {'; '.join(different)}: "
            "choose another directory, or remove that one"
        )
    return True


def read_last_check(directory: pathlib.Path) -> dict[str, str] | None:
    """Read the latest whole line of a run's metrics; None if there is none yet."""
    try:
        lines = (directory / METRICS).read_text().splitlines(keepends=True)
    except OSError:
        return None
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < 2:
        return None
    return next(csv.DictReader([whole[0], whole[-1]]))


@contextlib.contextmanager
def process_pool(workers: int) -> Iterator[concurrent.futures.Executor]:
    """Lend a pool of fresh processes of one BLAS thread each.

    Leaving the context by an exception, Ctrl-C among them, ends the processes at once.
    """
    others = set(multiprocessing.active_children())
    pool = concurrent.futures.ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare_worker,
    )
    with threads.one_thread_in_children():
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise
        pool.shutdown()


def _prepare_worker() -> None:
    # A terminal sends Ctrl-C to the workers too; only the parent should answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed: nobody would collect its runs."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
