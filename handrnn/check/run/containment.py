"""What a submission does to its process is kept within limits, and undone."""

import builtins
import contextlib
import io
import itertools
import json
import marshal
import math
import os
import random
import signal
import sys
import time
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if sys.platform != "win32":
    import resource
else:
    resource = None

GET_PID, EXIT = os.getpid, os._exit  # as they are before a submission replaces them
MOST_PRINTED = 2000  # characters of each of stdout and stderr
MOST_WARNINGS = 3
LONGEST_WARNING = 200  # characters
MOST_PROCESSES = 16
LARGEST_FILE = 300 * 2**20
PROCESS_EVENTS = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
PROCESS_EVENTS |= {"subprocess.Popen", "pty.spawn"}
SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36  # of Linux's prctl
HEARD = {signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD} if os.name == "posix" else set()
WATCHED = (np, np.linalg, np.random, builtins, os, json, math, io, marshal, time)


REMOVED = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "complex": complex,
    "str": str,
}


class RemovedNames:
    """Names that NumPy once had for Python's own types mean these still, and it is noted."""

    def __init__(self) -> None:
        self.seen: dict[str, None] = {}
        self._others = vars(np)["__getattr__"]
        np.__getattr__ = self._look_up

    def _look_up(self, name: str) -> Any:
        if name not in REMOVED:
            return self._others(name)
        self.seen[name] = None
        return REMOVED[name]

    def notes(self) -> list[str]:
        """What was looked up since the last time, in words."""
        names = list(self.seen)
        self.seen.clear()
        return [f"np.{name} left NumPy in 1.24: write {name}" for name in names]


class Head(io.RawIOBase):
    """A stream that keeps the head of what is written and lets the rest go."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._left = 4 * MOST_PRINTED

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor of the file."""
        return self._descriptor

    def write(self, data: Any) -> int:
        """Write what still fits."""
        size = len(data)
        if self._left > 0:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, bytes(data[: self._left]))
            self._left -= size
        return size


class Output:
    """Standard output or error as a file, emptied for every step."""

    def __init__(self, path: Path, number: int | None) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self.number = number
        self.descriptor = out_of_the_way(os.open(path, flags, 0o600))

    def fresh(self) -> io.TextIOWrapper:
        """Empty it, and a stream that writes to it."""
        if self.number is not None:
            os.dup2(self.descriptor, self.number)
        os.ftruncate(self.descriptor, 0)
        head: Any = Head(self.descriptor)
        return io.TextIOWrapper(head, "utf-8", errors="replace", write_through=True)

    def text(self) -> str:
        """The head of what was written."""
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        data = os.read(self.descriptor, 4 * MOST_PRINTED)
        return data.decode("utf-8", errors="replace")[:MOST_PRINTED]


def out_of_the_way(descriptor: int) -> int:
    """The same file under a number that a submission does not close by accident."""
    if resource is None:
        return descriptor
    import fcntl

    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    away = 200 if allowed == resource.RLIM_INFINITY else min(200, allowed // 2)
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, away)
    os.close(descriptor)
    return moved


class Originals:
    """The libraries as they were, to undo what a submission replaces in them."""

    def __init__(self) -> None:
        self.modules = [(m.__name__, m, vars(m), dict(vars(m))) for m in WATCHED]
        self.loaded = sys.modules

    def restore(self) -> list[str]:
        """Undo, without a built-in function: that may be replaced too. The names it concerned."""
        replaced = []
        for name, module, now, entries in self.modules:
            self.loaded[name] = module
            changed = [k for k, value in entries.items() if k not in now or now[k] is not value]
            for key in changed:
                now[key] = entries[key]
                replaced += [f"{name}.{key}"]
        return replaced


def limit_resources(memory: int, cpu_seconds: float) -> list[str]:
    """Limit memory, processor time and file sizes; what could not be limited, in words."""
    if resource is None:
        return ["this system sets no limits on memory and file sizes"]
    limits = {
        "RLIMIT_AS": _memory_now() + memory,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": LARGEST_FILE,
        "RLIMIT_CPU": math.ceil(min(cpu_seconds, 2**30)),
    }
    notes = []
    for name, value in limits.items():
        try:
            number = getattr(resource, name)
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, hard))
        except (AttributeError, ValueError, OSError):
            notes.append(f"the limit {name} could not be set")
    return notes


def _memory_now() -> int:
    """Address space in use, where Linux tells it."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def end_with_parent(by: int = signal.SIGTERM) -> None:
    """Have Linux send this process a signal when its parent is killed."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, by)


class Processor(NamedTuple):
    """Whether a process has a processor, or waits for one; and how many seconds it has had."""

    ready: bool
    used: float


def processor(supervisor: int) -> Processor | None:
    """What a supervisor's worker has of the machine; None where the system does not tell."""
    try:
        tasks = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text()
        worker = tasks.split()[0]
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])  # user and system
        return Processor(fields[0] == "R", ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, IndexError, ValueError):
        return None


def supervise(journal: int) -> None:
    """Return in a fork of this process, which ends all that the fork leaves behind. On Linux.

    Whoever loses its parent becomes a child of the supervisor, however it was started. To it
    SIGTERM means to end the fork, and SIGUSR1 is handed on; it ends as the fork did.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1)
    end_with_parent()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    worker = os.fork()
    if worker:
        _watch(worker, journal)
    os.setsid()
    end_with_parent(signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(worker: int, journal: int) -> None:
    """What the supervisor does. Does not return."""
    status = None
    try:
        os.close(journal)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # nor does it hold the pipe in this way
        while status is None:
            heard = signal.sigwait(HEARD)
            if heard != signal.SIGCHLD:
                os.kill(worker, signal.SIGKILL if heard == signal.SIGTERM else heard)
            status = _reaped(worker)
        children = Path(f"/proc/{GET_PID()}/task/{GET_PID()}/children")
        while left := children.read_text().split():
            for pid in left:
                os.kill(int(pid), signal.SIGKILL)
            os.waitpid(-1, 0)
    finally:
        _end_like(status or 0)


def _reaped(worker: int) -> int | None:
    """The status of the worker, if it is among those that have ended."""
    status = None
    while status is None:
        pid, ended = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return None
        status = ended if pid == worker else None
    return status


def _end_like(status: int) -> None:
    """End with the status of another process."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        limit_resources(0, 1)  # no second core file
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(GET_PID(), -code)
    EXIT(code & 255)


def limit_processes() -> None:
    """Let this process start a few others, and those none: a fork in a loop ends soon."""
    own, started = GET_PID(), itertools.count(1)

    def refuse(event: str, arguments: Any) -> None:
        if event in PROCESS_EVENTS and (GET_PID() != own or next(started) > MOST_PROCESSES):
            raise RuntimeError("a submission may not start that many processes")

    sys.addaudithook(refuse)


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in what takes longer, where there are alarms and it runs Python code."""
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return

    def late(number: int, frame: Any) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} s to define")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def contained(outputs: tuple[Output, Output], seen: list[str], labels: set[str]) -> Iterator[None]:
    """Streams, warnings, random state, directory and error state of one call.

    Parameters
    ----------
    outputs : where what it prints goes
    seen : its warnings are put here
    labels : the names that the submission's code goes by
    """
    streams = sys.stdout, sys.stderr
    depth, folder = sys.getrecursionlimit(), Path.cwd()
    np.random.seed(0)  # noqa: NPY002 -- submissions draw from the global stream
    random.seed(0)
    sys.stdout, sys.stderr = outputs[0].fresh(), outputs[1].fresh()
    try:
        with np.errstate(), warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _collector(seen, labels)
            yield
    finally:
        sys.stdout, sys.stderr = streams
        sys.setrecursionlimit(depth)
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        folder.mkdir(exist_ok=True)
        os.chdir(folder)


def _collector(seen: list[str], labels: set[str]) -> Any:
    known = set()

    def collect(message: Any, category: Any, filename: str, lineno: int, *rest: Any) -> None:
        text = f"{category.__name__}: {message}"[:LONGEST_WARNING]
        if text in known or len(known) >= MOST_WARNINGS:
            return
        known.add(text)
        line = _own_line(sys._getframe(), labels)
        seen.append(text if line is None else f"{text} (line {line})")

    return collect


def _own_line(frame: types.FrameType | None, labels: set[str]) -> int | None:
    """The line of the submission that is being executed."""
    while frame is not None and frame.f_code.co_filename not in labels:
        frame = frame.f_back
    return None if frame is None else frame.f_lineno
