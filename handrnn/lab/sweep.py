"""A sweep: many runs, executed side by side, each in a directory of its own.

A sweep that is started again skips what is done and goes on with what is not, from its last
checkpoint, so it can be interrupted or killed at any time. Two sweeps may share a directory: each
run is executed by one of them. `files` says what a run's directory holds.
"""

import concurrent.futures
import contextlib
import dataclasses
import logging
import os
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterable

from . import checkpoint, executors, files, progress, training
from . import run as run_module

POLL_SECONDS = 0.5
LOST = "its executor has given it up or was lost; the same command goes on from there"

# Time of an update per time step, relative to the RNN's.
_PRICE = {"RNN": 1.0, "reluRNN": 1.0, "GRU": 2.5, "LSTM": 3.0}
# Time steps of an RNN, 128 units on batches of 128, that a worker does in a second: roughly.
_SPEED = 2500.0
# A curriculum spends few of its updates at the full length, and few in all.
_CURRICULUM_SHARE = 0.1

_log = logging.getLogger(__name__)


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

    records: list[files.Record]
    skipped: int
    failed: dict[str, str]


def sweep(
    runs: Iterable[run_module.Run],
    directory: str | os.PathLike,
    executor: concurrent.futures.Executor | None = None,
    workers: int = 2,
    show_progress: bool = True,
    *,
    remote: bool = False,
) -> Outcome:
    """Execute all runs that are not done yet.

    Parameters
    ----------
    runs : iterable of Run
        What to execute; names have to differ.
    directory : path
        Each run gets the subdirectory of its name.
    executor : concurrent.futures.Executor, optional
        Where to execute; by default a pool of `workers` processes of one BLAS thread each.
    workers : int
        Size of the default pool.
    show_progress : bool
        Whether to show progress bars; they stay away by themselves outside a terminal.
    remote : bool
        Whether the executor's machines may not see `directory`. Where one does not, a run is
        executed in a temporary directory, and its files are sent back when it ends.

    Returns
    -------
    Outcome
        Finished runs and failed ones. A run that raises does not stop the others.

    Raises
    ------
    ValueError
        If two runs share a name, or if a finished run in `directory` has the name of one of
        these but other parameters, or was written by another version.
    OSError
        If there is something to execute and `directory` cannot be written to.
    ModuleNotFoundError
        If filelock is missing.
    KeyboardInterrupt
        On Ctrl-C; finished runs stay finished.
    """
    runs = list(runs)
    directory = pathlib.Path(directory).absolute()  # a worker elsewhere has another place to be
    _check_names(runs)
    files.check_lock_is_there()
    found = (files.read_done(run, directory / run.name) for run in runs)
    done = {record.run.name: record.result.accuracy for record in found if record is not None}
    waiting = sorted((run for run in runs if run.name not in done), key=cost, reverse=True)
    failed = {}
    if waiting:
        files.make_directory(directory)
        call = execute_anywhere if remote else execute
        with contextlib.ExitStack() as stack:
            if executor is None:
                executor = stack.enter_context(executors.process_pool(min(workers, len(waiting))))
            shown = progress.bars(runs, done, directory, cost, show_progress, workers * _SPEED)
            bars = stack.enter_context(shown)
            failed = _Collection(executor, call, directory, bars).execute(waiting)
    records = [files.read(directory / run.name) for run in runs if run.name not in failed]
    return Outcome([record for record in records if record is not None], len(done), failed)


def _check_names(runs: list[run_module.Run]) -> None:
    seen = set()
    for run in runs:
        if run.name in seen:
            raise ValueError(f"two runs of the sweep are called {run.name}: change a label")
        seen.add(run.name)


class _Collection:
    """Runs under way in an executor, and what came of those that ended."""

    def __init__(
        self,
        executor: concurrent.futures.Executor,
        call: Callable[[run_module.Run, str], files.RunFiles | None],
        directory: pathlib.Path,
        bars: progress.Bars,
    ) -> None:
        self.executor = executor
        self.call = call
        self.directory = directory
        self.bars = bars
        self.pending: dict[concurrent.futures.Future, run_module.Run] = {}
        self.elsewhere: list[run_module.Run] = []  # held by another sweep when last tried
        self.failed: dict[str, str] = {}

    def execute(self, runs: list[run_module.Run]) -> dict[str, str]:
        """Execute all runs, showing how far each is; return what failed."""
        self._submit(runs)
        last_look = time.monotonic()
        while self.pending or self.elsewhere:
            ended, _ = concurrent.futures.wait(
                self.pending,
                timeout=POLL_SECONDS,
                return_when=concurrent.futures.FIRST_COMPLETED,
            )
            for future in ended:
                self._end(self.pending.pop(future), future)
            if self.elsewhere and not self.pending:
                time.sleep(POLL_SECONDS)
            if time.monotonic() - last_look >= POLL_SECONDS:
                last_look = time.monotonic()
                self._give_up_if_lost()
                self._show()
                again, self.elsewhere = self.elsewhere, []
                self._submit(again)
        return self.failed

    def _submit(self, runs: list[run_module.Run]) -> None:
        for run in runs:
            path = os.fspath(self.directory / run.name)
            self.pending[self.executor.submit(self.call, run, path)] = run

    def _end(self, run: run_module.Run, future: concurrent.futures.Future) -> None:
        try:
            finished = future.result()
            if finished is None or not files.take_in(run, self.directory / run.name, finished):
                self.elsewhere.append(run)
                return
            self.bars.end(run, finished.done["result"]["accuracy"])
            return
        except concurrent.futures.CancelledError:
            why = LOST
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        self._fail(run, why)

    def _give_up_if_lost(self) -> None:
        """Wait no longer for the runs of an executor that says that it is lost."""
        is_lost = getattr(self.executor, "is_lost", None)
        if is_lost is not None and is_lost():
            for future in [future for future in self.pending if not future.done()]:
                self._fail(self.pending.pop(future), LOST)

    def _fail(self, run: run_module.Run, why: str) -> None:
        self.failed[run.name] = why
        files.note_failure(self.directory / run.name, why)
        self.bars.end(run, None)

    def _show(self) -> None:
        for run in (*self.pending.values(), *self.elsewhere):
            self.bars.advance(run)
        self.bars.tick()


def cost(run: run_module.Run) -> float:
    """Expected time of a run, in time steps of an RNN: the longest are started first."""
    share = 1.0 if run.curriculum is None else _CURRICULUM_SHARE
    return share * _PRICE[run.cell] * run.length * run.steps


def execute_anywhere(run: run_module.Run, directory: str) -> files.RunFiles | None:
    """Execute a run as `execute` does, or beside it all where the sweep's directory is not seen."""
    if os.access(pathlib.Path(directory).parent, os.W_OK):
        return execute(run, directory)
    with tempfile.TemporaryDirectory(prefix="handrnn-") as elsewhere:
        return execute(run, elsewhere)


def execute(run: run_module.Run, directory: str) -> files.RunFiles | None:
    """Train one run and write its files, going on from its checkpoint if there is one.

    Returns
    -------
    RunFiles or None
        The files as data; None if another process is executing the run at this moment.

    Raises
    ------
    ValueError
        If a run of other parameters, or of another version, is finished there.
    OSError
        If a file cannot be written.
    ModuleNotFoundError, RuntimeError
        As `training.train`.
    """
    path = pathlib.Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    with files.lock(path) as free:
        if not free:
            return None
        if not files.is_done(run, path):
            _train(run, path)
        return files.as_data(path)


def _train(run: run_module.Run, path: pathlib.Path) -> None:
    if (path / files.DONE).exists():
        _log.warning("%s holds a finished run with damaged files: it is done again", path)
        (path / files.DONE).unlink()
    (path / files.FAILED).unlink(missing_ok=True)
    earlier = checkpoint.load(path / files.CHECKPOINT, run)
    files.write_json(path / files.CONFIG, dataclasses.asdict(run))
    checks = [] if earlier is None else earlier.checks()
    start = time.perf_counter() - (0.0 if earlier is None else earlier.seconds)

    def keep(state: training.State) -> None:
        seconds = time.perf_counter() - start
        checkpoint.save(path / files.CHECKPOINT, checkpoint.Checkpoint(state, seconds))

    keeper = checkpoint.Keeper(keep)
    latest = None if earlier is None else earlier.state

    def take(state: training.State) -> None:
        nonlocal latest
        latest = state
        keeper(state)

    with files.metrics(path, checks) as append:
        result = training.train(run, append, resume=latest, keep=take)
    assert latest is not None
    files.write_weights(path, latest.arrays)
    files.finish(path, result, time.perf_counter() - start, run.engine)
