"""Where runs are executed: processes of this machine, or a Dask cluster."""

import concurrent.futures
import contextlib
import functools
import logging
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from . import threads

# How often a run is started whose process dies; once may be an accident.
ATTEMPTS = 3
DASK_SECONDS = 6
ADDRESS = r"(?:\w+://)?[^\s/]+:\d+|inproc://\S+"

_log = logging.getLogger(__name__)


class ProcessDiedError(RuntimeError):
    """The process that executed a run has died, again and again."""


class _Processes(concurrent.futures.Executor):
    """Threads that each lead one process, and start another one should it die.

    One pool of several processes breaks as a whole when one of them is killed, and does not tell
    what that one was doing. Here the other runs go on, and the one concerned is started again.
    """

    def __init__(self, workers: int) -> None:
        self._threads = concurrent.futures.ThreadPoolExecutor(workers)
        self._own = threading.local()
        self._pools: list[concurrent.futures.ProcessPoolExecutor] = []
        self._starting = threading.Lock()
        self._ended = False

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future:
        """Have a process call the function."""
        return self._threads.submit(self._execute, functools.partial(fn, *args, **kwargs))

    def _execute(self, call: Callable[[], Any]) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._start(call).result()
            except BrokenProcessPool:
                self._own.pool = None
                if self._ended:
                    raise
                if attempt < ATTEMPTS:
                    _log.warning("a worker process has died: its run is taken up by a new one")
        raise ProcessDiedError(
            f"its process died {ATTEMPTS} times: killed, or out of memory; "
            "the same command goes on from its last checkpoint"
        )

    def _start(self, call: Callable[[], Any]) -> concurrent.futures.Future:
        with self._starting:
            if self._ended:
                raise BrokenProcessPool("the sweep has ended")
            pool = getattr(self._own, "pool", None)
            if pool is None:
                pool = self._own.pool = concurrent.futures.ProcessPoolExecutor(
                    1,
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_prepare_worker,
                )
                self._pools.append(pool)
            return pool.submit(call)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when all is done, or, without `wait`, start no more of them."""
        if not wait:
            with self._starting:
                self._ended = True
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools:
            pool.shutdown(wait, cancel_futures=cancel_futures)


@contextlib.contextmanager
def process_pool(workers: int) -> Iterator[concurrent.futures.Executor]:
    """Lend a pool of fresh processes of one BLAS thread each.

    A call whose process dies is made again, in a new process, up to `ATTEMPTS` times in all.
    Leaving the context by an exception, Ctrl-C among them, ends the processes at once.
    """
    others = set(multiprocessing.active_children())
    pool = _Processes(workers)
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


@contextlib.contextmanager
def dask_cluster(address: str) -> Iterator[concurrent.futures.Executor]:
    """Lend the executor of a Dask cluster.

    A run whose worker dies is sent to another one by the scheduler. Workers need handrnn and
    threadpoolctl; they may see the sweep's directory or not. One that does not sends its files at
    the end of a run, and keeps no checkpoint that outlives it: should it die, its run starts anew.
    The bits are the same where the machines have the same kind of processor and the same NumPy.

    Parameters
    ----------
    address : str
        Of the scheduler, for instance ``"tcp://127.0.0.1:8786"``.

    Raises
    ------
    ModuleNotFoundError
        If distributed is missing.
    ConnectionError
        If no scheduler answers there.
    """
    if not re.fullmatch(ADDRESS, address):
        raise ConnectionError(f"{address!r} is not an address: tcp://host:8786 is needed")
    try:
        import distributed
    except ModuleNotFoundError:
        raise ModuleNotFoundError("clusters need Dask: pip install 'handrnn[cluster]'") from None
    # What it would log, tracebacks among it, is said in one line for each run concerned.
    for name in ("distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=DASK_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ConnectionError(f"no Dask scheduler answers at {address}: {reason}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            _log.warning("the cluster at %s has no workers yet: waiting for them", address)
        # A call made again, since another process held its run, is not a call already answered.
        executor: Any = client.get_executor(pure=False)
        # A result under way when the scheduler is lost may never be told as lost by its future.
        executor.is_lost = lambda: client.status == "closed"
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False)
            raise
