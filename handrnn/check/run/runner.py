"""Runs a submission's functions in a process of their own, and brings back what they return.

The child (`child`) is the leader of a process group with limits on time, memory and file sizes, its
input closed, its output captured, its working directory an empty temporary one. Each step's result
is a file of data (`codec`), marked with a number that only this run knows, and announced on a pipe.
What does not arrive in this way did not return: an endless loop, ``os._exit(0)`` or a segmentation
fault ends as "timed out" or "died", and the steps after it go on in a new child. At the end
everything the submission started is ended by its process group. This contains accidents, not
attackers.

Where there are no process groups or no ``resource`` (Windows), the limits that are missing are
reported in the notes of each `Outcome`.
"""

import contextlib
import functools
import marshal
import math
import os
import queue
import re
import secrets
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from ... import border
from ..load import parts
from . import child, codec, containment, scopes

SECONDS = 10.0
MEMORY = 2 * 2**30
START_SECONDS = 60.0  # for the interpreter and NumPy, on a machine that has much else to do
SLICE = 0.05  # in which the parent waits
SHARE = 8  # processes that may share a processor before a submission's time runs out too early
SPARE_FILES = 8  # descriptors that are kept free
SILENT_SECONDS = 0.5  # for a process to end once it has closed the pipe
ROOM = 2**20  # bytes that must be free where results are written
ENDING_SECONDS = 5.0  # for its supervisor to end what it has started
CAN_FORK = hasattr(os, "fork")
SUPERVISED = sys.platform == "linux"

RETURNED = "returned"
RAISED = "raised"
TIMED_OUT = "timed out"
DIED = "died"
NOT_RUN = "not run"
MISSING = "missing"

LONGEST_LINE = 200  # that a child says
MOST_LINES = 10_000  # that are not yet heard
STOPPED = threading.Event()  # while it is set, every run in progress ends, and none begins

Ref = codec.Ref
Target = str | tuple[str, codec.Ref, str]


class CannotRunError(RuntimeError):
    """The checker itself could not run something, whatever the submission is."""


@dataclass(frozen=True)
class Step:
    """One call.

    Parameters
    ----------
    id : name of the step; its result is found under it
    target : name of a function or class of the submission, or ("method", Ref, name)
    arguments : positional arguments; a `Ref` anywhere inside stands for what an earlier step
        returned. Every step gets copies of its own
    partners : which other functions of the dialect it calls: "own" ones, or "right" stand-ins
    keep : whether what it returns is kept in the child although no later step refers to it
    before : positional arguments of a call that is made first, in the same namespace, to see what
        it leaves behind; None: there is none
    repeats : how often it is called again, in the same namespace and with the same arguments
    tensors : whether arrays are handed over as tensors of torch
    own : the name of the submission that is judged, and stays its own among right partners; "":
        the target
    task : a repair instead of the call (`repair.fixes`)
    """

    id: str
    target: Target
    arguments: Sequence[Any] = ()
    partners: str = "own"
    keep: bool = False
    before: Sequence[Any] | None = None
    repeats: int = 0
    tensors: bool = False
    own: str = ""
    task: np.ndarray | None = None

    @functools.cached_property
    def sources(self) -> frozenset[str]:
        """The ids of the steps that it refers to."""
        values = [self.target, list(self.arguments), list(self.before or ())]
        return frozenset(leaf.step for _, leaf in codec.leaves(values) if isinstance(leaf, Ref))


@dataclass(frozen=True)
class Frame:
    """A line of the submission that a failure passed through.

    Parameters
    ----------
    file : file, or "<cell 7>"
    line : line in it
    function : function that it belongs to
    cell : the notebook's cell, None for a file
    """

    file: str
    line: int
    function: str
    cell: int | None = None


@dataclass(frozen=True)
class Failure:
    """Why a step returned nothing.

    Parameters
    ----------
    type : name of the exception, or the status
    message : in words
    frames : the submission's own lines, the outermost first
    """

    type: str
    message: str
    frames: tuple[Frame, ...] = ()

    @property
    def line(self) -> int | None:
        """The innermost of the submission's lines."""
        return self.frames[-1].line if self.frames else None

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Parameters
    ----------
    step : its id
    status : "returned", "raised", "timed out", "died", "not run" (a step that it builds on failed)
        or "missing" (the submission has no such function)
    value : what was returned, decoded
    error : why nothing was
    arguments_after : the arguments after the call
    globals_read : names that the function takes from outside although its arguments give them, or
        nothing does
    replaced : names of NumPy or the standard library that the call replaced ("numpy.allclose")
    stdout, stderr : the first 2,000 characters printed
    warnings : warnings raised, each once
    notes : limits that could not be set
    seconds : how long the step's calls took
    differs : in which of all calls with the same arguments it first gave something else, and what
        came of it: "call 7 of 18: ..."; "": in none
    """

    step: str
    status: str
    value: Any = None
    error: Failure | None = None
    arguments_after: tuple[Any, ...] = ()
    globals_read: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    stdout: str = ""
    stderr: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    differs: str = ""

    @property
    def returned(self) -> bool:
        """Whether the call returned."""
        return self.status == RETURNED


def run(
    submission: parts.Submission,
    steps: Sequence[Step],
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    dialect: Mapping[str, Any] | None = None,
) -> dict[str, Outcome]:
    """Call functions of a submission in a process of their own.

    Parameters
    ----------
    submission : what `loading.load` read
    steps : the calls, in order
    seconds : time limit of each call of each step. Once a target has run out of time or has ended
        the process, it is not tried again with the same partners
    memory : bytes that the child may take beyond what it starts with
    dialect : its "name" and "text", and "called": what the submission calls its functions; it has
        the right partners, and supplies what the submission lacks

    Returns
    -------
    {step id: Outcome}, one for every step, whatever happens

    Raises
    ------
    ValueError
        If two steps share an id, a step refers to one that does not come before it, or seconds is
        not a finite number above 0.
    CannotRunError
        If no process can be started, or there is no room for its files.
    """
    beside = submission.path.resolve().parent if submission.path else None
    job = {
        "program": _as_data(submission),
        "beside": None if beside is None else str(beside),
        "dialect": dialect,
    }
    labels = [piece.label for piece in submission.pieces]
    return _Runner(job, labels, _spawn, seconds, memory).run(steps)


def run_live(
    functions: dict[str, Callable],
    steps: Sequence[Step],
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    dialect: Mapping[str, Any] | None = None,
) -> dict[str, Outcome]:
    """Call functions that exist already, in a forked copy of this process.

    They, and the functions of the same modules that they call, are made anew with copied
    namespaces, so that nothing of this process is changed. Where there is no fork they run in this
    process, without limits, and the notes say so.

    Parameters
    ----------
    functions : by the names that steps use
    steps, seconds, memory, dialect, what is returned and raised : as for `run`
    """
    live = scopes.Live(functions)
    job = {
        "program": None,
        "beside": None,
        "dialect": dialect,
    }
    start = functools.partial(_fork if CAN_FORK else _here, live)
    return _Runner(job, sorted(live.labels), start, seconds, memory).run(steps)


def _as_data(submission: parts.Submission) -> np.ndarray:
    """The program as bytes: it may have more parts than a value that is carried."""
    chunks = [vars(chunk) for chunk in submission.chunks]
    labels = [piece.label for piece in submission.pieces]
    return np.frombuffer(marshal.dumps((chunks, labels, sorted(submission.missing))), np.uint8)


# A child, seen from its parent ---------------------------------------------------------------


class _Child(Protocol):
    """A process that was started."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...


class _Forked:
    """A forked copy of this process, with the methods of `subprocess.Popen` that are needed."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._ended(os.WNOHANG)

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        return self._ended(0) or 0

    def _ended(self, options: int) -> int | None:
        if self.status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status


@dataclass
class _Started:
    """A child and the pipe on which it says how far it is; ``left`` seconds until it must."""

    child: _Child
    pipe: BinaryIO
    nonce: str
    lines: queue.Queue = field(default_factory=lambda: queue.Queue(MOST_LINES))
    left: float = START_SECONDS
    over: bool = False
    used: float | None = None  # seconds of a processor, when it was last looked at

    def __post_init__(self) -> None:
        # a thread, because a pipe cannot be read with a time limit on every system
        self.listener = threading.Thread(target=self._listen, daemon=True)
        try:
            self.listener.start()
        except Exception:  # no more threads
            _kill_group(self.child.pid)
            self.child.wait()
            self.pipe.close()
            raise

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := self.pipe.readline(LONGEST_LINE):
                words = line.decode("ascii", "replace").split()
                if words[:1] == [self.nonce]:
                    with contextlib.suppress(queue.Full):
                        self.lines.put_nowait(words[1:])
        self.over = True

    def next(self) -> list[str] | None:
        """What it says next, in words: [] once it is silent for good, None when its time is up."""
        while self.left > 0:
            if STOPPED.is_set():
                raise CannotRunError("it was interrupted")
            asked = time.monotonic()
            words = self._heard()
            # a machine that stood still meanwhile is not held against the submission
            passed = min(time.monotonic() - asked, 2 * SLICE)
            self.left -= passed if words else self._counted(passed)
            if words is None:
                return []
            if words:
                return words
        return None

    def _counted(self, passed: float) -> float:
        """Seconds that count: of a processor, while it waits for nothing but one."""
        now = containment.processor(self.child.pid)
        before, self.used = self.used, now and now.used
        if now is None or before is None or not now.ready:
            return passed
        return min(passed, max(passed / SHARE, now.used - before))

    def _heard(self) -> list[str] | None:
        """A line, [] if there is none for a while, None if there will be none."""
        over = self.over  # asked first: what it said last is in the queue by then
        try:
            return self.lines.get(timeout=0 if over else SLICE)
        except queue.Empty:
            if not over and self.child.poll() is not None:
                self.listener.join(SILENT_SECONDS)  # what it said last may not have been read yet
                self.over = True  # for a process that it left behind holds the pipe
            return None if over else []

    def goes_on(self, seconds: float) -> bool:
        """Whether it is there still after a while, in which it may end by itself."""
        deadline = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        return self.child.poll() is None

    def end(self) -> int:
        """End it and everything that it started; its exit status."""
        if SUPERVISED and self.goes_on(0):
            os.kill(self.child.pid, signal.SIGTERM)
            self.goes_on(ENDING_SECONDS)
        _kill_group(self.child.pid)
        status = self.child.wait()
        _kill_group(self.child.pid)
        _kill_marked(self.nonce)
        self.listener.join(timeout=1)
        if not self.listener.is_alive():  # else somebody holds the other end still
            self.pipe.close()
        return status


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)  # which ends a process at once where there are no groups


def _kill_marked(nonce: str) -> None:
    """End what left the group, where Linux shows the environment that it inherited."""
    mark = f"{MARK}={nonce}".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)


MARK = "HANDRNN_CHECK"
INHERITED = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", "SYSTEMROOT", "LANG", "LC_ALL"),
)
ONE_THREAD = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def _environment(folder: Path, nonce: str) -> dict[str, str]:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    house = str(Path(__file__).resolve().parents[3])
    paths = [house, environment.get("PYTHONPATH", "")]
    work = str(folder / "work")
    return {
        **environment,
        **dict.fromkeys(ONE_THREAD, "1"),
        **dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), work),
        MARK: nonce,
        "MPLBACKEND": "Agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONUTF8": "1",
    }


# a package without its own __init__, which would bring along the judge and all that it needs: the
# child has no use for them, and they are half of its start
BEGIN = """
import sys, types
import handrnn
room = types.ModuleType("handrnn.check")
room.__path__ = [f"{handrnn.__path__[0]}/check"]
sys.modules["handrnn.check"] = room
from handrnn.check.run import child
child.main()
"""


def _spawn(folder: Path, nonce: str) -> _Started:
    """A new interpreter, leader of its own session."""
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", BEGIN, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder / "work",
            env=_environment(folder, nonce),
            start_new_session=True,
        )
    assert process.stdout is not None
    return _Started(process, process.stdout, nonce)  # pyright: ignore[reportArgumentType]


def _fork(program: scopes.Live, folder: Path, nonce: str) -> _Started:
    """A copy of this process, leader of its own session."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # that other threads run here does not matter: the copy does nothing but call the functions
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)  # JAX
        pid = os.fork()
    if not pid:
        child.begin_forked(folder, program, writing)
    os.close(writing)
    return _Started(_Forked(pid), os.fdopen(reading, "rb"), nonce)


def _here(program: scopes.Live, folder: Path, nonce: str) -> None:
    """In this process, where there is no fork."""
    child.Worker(folder, program, None).work()


# Steps to outcomes ---------------------------------------------------------------------------


@dataclass
class _Runner:
    """Takes steps through as many children as it needs."""

    job: dict[str, Any]
    labels: Sequence[str]  # what tracebacks call the submission
    start: Callable[[Path, str], _Started | None]
    seconds: float
    memory: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    lost: dict[str, Outcome] = field(default_factory=dict)  # what not to try again, by target
    gone: set[str] = field(default_factory=set)  # steps that returned once and cannot be repeated
    targets: dict[str, Target] = field(default_factory=dict)  # by step

    def run(self, steps: Sequence[Step]) -> dict[str, Outcome]:
        """Every step's outcome, in the order of the steps."""
        _check(steps)
        check_seconds(self.seconds)
        self.targets = {step.id: step.target for step in steps}
        while pending := self._pending(steps):
            known = len(self.outcomes) + len(self.gone)
            try:
                self._attempt(_with_sources(pending, steps), pending)
            except (OSError, RuntimeError) as error:
                if isinstance(error, CannotRunError):
                    raise
                why = getattr(error, "strerror", None) or error
                raise CannotRunError(f"no process can be run here: {why}") from error
            if len(self.outcomes) + len(self.gone) == known:
                self._give_up(pending, "nothing came of it")
        return {step.id: self.outcomes[step.id] for step in steps}

    def _pending(self, steps: Sequence[Step]) -> list[Step]:
        """Steps that can and should still be run; those that cannot be get their outcome."""
        pending = []
        for step in steps:
            if step.id not in self.outcomes:
                self._settle(step)
            if step.id not in self.outcomes:
                pending.append(step)
        return pending

    def _settle(self, step: Step) -> None:
        for source in step.sources:
            before = self.outcomes.get(source)
            if source in self.gone or (before is not None and not before.returned):
                name = child.callee(self.targets[source])
                why = Failure("NotRun", child.nothing_from(name))
                self.outcomes[step.id] = Outcome(step.id, NOT_RUN, error=why)
                return
        if _key(step) in self.lost:
            self.outcomes[step.id] = replace(self.lost[_key(step)], step=step.id)

    def _give_up(self, steps: list[Step], message: str, status: str = DIED) -> None:
        for step in steps:
            error = Failure(status, message)
            self.outcomes.setdefault(step.id, Outcome(step.id, status, error=error))

    def _attempt(self, steps: list[Step], pending: list[Step]) -> None:
        with contextlib.ExitStack() as spare:
            for _ in range(SPARE_FILES):  # to put things away with, should all others be in use
                spare.callback(os.close, os.open(os.devnull, os.O_RDONLY))
            prefix = "handrnn-check-"
            with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
                try:
                    self._attempt_in(Path(name), steps, pending)
                finally:
                    spare.close()

    def _attempt_in(self, folder: Path, steps: list[Step], pending: list[Step]) -> None:
        nonce = secrets.token_hex(16)
        (folder / "work").mkdir()
        self._write_job(folder, nonce, steps)
        started = self.start(folder, nonce)
        if started is None:
            self._take_all(folder, nonce, steps)
            return
        try:
            at, phase, late = self._follow(started, folder, steps)
            if late:
                _ask_where(started.child.pid, folder)
            silent = phase != "end" and not late and started.goes_on(SILENT_SECONDS)
        finally:
            status = started.end()
        if not phase:  # it did not get as far as the submission
            raise CannotRunError(f"its process did not start: {_last_error(folder)}")
        if phase != "end":
            _look_for_room(folder)
            loss = _Loss(folder, None if silent else status, late, self.seconds, self.labels)
            self._lose(loss, steps, at, phase, pending)

    def _write_job(self, folder: Path, nonce: str, steps: list[Step]) -> None:
        referred = {source for step in steps for source in step.sources}
        parts = {f"step{n}": _job_of(step, step.id in referred) for n, step in enumerate(steps)}
        processor = self.seconds * sum(map(_calls, steps)) + START_SECONDS
        limits = {"memory": self.memory, "cpu_seconds": processor}
        head = {"nonce": nonce, "count": len(steps), "limits": limits}
        codec.write(folder / "job.data", **head, **self.job, **parts)

    def _follow(
        self, started: _Started, folder: Path, steps: list[Step]
    ) -> tuple[int | None, str, bool]:
        """Take results as they come; the step and the phase it ended in, and if time ran out."""
        at, phase, expected = None, "", iter([*_script(len(steps)), []])
        after, calls = next(expected), 0
        while True:
            words = started.next()
            if not words:
                return at, phase, words is None
            if words != after and words != ["call"]:  # it lies
                continue
            phase = words[0]
            if phase == "end":
                return None, phase, False
            if phase == "start":
                at = int(words[1])
                started.left = self.seconds
                calls = _calls(steps[at])
            if phase == "call" and calls:  # each has the limit for itself
                started.left = self.seconds
                calls -= 1
            if phase == "done":
                self._take(folder, started.nonce, steps, int(words[1]))
                at = None
            after = next(expected) if words == after else after

    def _take(self, folder: Path, nonce: str, steps: list[Step], number: int) -> None:
        step = steps[number]
        outcome = _outcome(step, folder / f"result{number}.data", nonce, number)
        if step.id not in self.outcomes:
            self.outcomes[step.id] = outcome
        elif not outcome.returned:
            self.gone.add(step.id)

    def _take_all(self, folder: Path, nonce: str, steps: list[Step]) -> None:
        for number in range(len(steps)):
            self._take(folder, nonce, steps, number)

    def _lose(
        self, loss: "_Loss", steps: list[Step], at: int | None, phase: str, pending: list[Step]
    ) -> None:
        """A child ended too early: what was running is lost, what cannot go better is given up."""
        if at is None or phase == "start":  # it does not even get as far as the call
            culprits = pending
        else:
            culprits = [steps[at]]
            self.lost[_key(steps[at])] = loss.outcome(steps[at])
        for step in culprits:
            if step.id in self.outcomes:
                self.gone.add(step.id)
            else:
                self.outcomes[step.id] = loss.outcome(step)


def _calls(step: Step) -> int:
    """How many calls a step makes."""
    return 1 + step.repeats + (step.before is not None)


def _script(count: int) -> Iterator[list[str]]:
    """What a child says, in order."""
    yield ["ready"]
    for number in range(count):
        yield ["start", str(number)]
        yield ["done", str(number)]
    yield ["end"]


def check_seconds(seconds: float) -> None:
    """Refuse a limit that is none: a ValueError."""
    if not 0 < border.number("seconds", seconds) < math.inf:
        raise ValueError(f"seconds must be a finite number above 0: got {seconds!r}")


def _last_error(folder: Path) -> str:
    """What a child that did not start says of it."""
    said = _head(folder / "stderr").strip().split("\n")
    return ([line for line in said if "rror" in line] or [said[-1] or "no reason is known"])[-1]


def _look_for_room(folder: Path) -> None:
    """Whether a child could write its results; an OSError if not."""
    with (folder / "room").open("wb") as file:
        file.write(bytes(ROOM))


def _check(steps: Sequence[Step]) -> None:
    known: set[str] = set()
    for step in steps:
        if step.id in known:
            raise ValueError(f"two steps are called {step.id}")
        for source in step.sources:
            if source not in known:
                raise ValueError(f"step {step.id} builds on {source}, which does not come before")
        known.add(step.id)


def _with_sources(pending: list[Step], steps: Sequence[Step]) -> list[Step]:
    """The pending steps and those that they build on, in order."""
    wanted = {step.id for step in pending}
    for step in reversed(steps):
        if step.id in wanted:
            wanted |= step.sources
    return [step for step in steps if step.id in wanted]


def _key(step: Step) -> str:
    """Steps with the same target and partners fail in the same way."""
    return repr((step.target, step.partners))


def _job_of(step: Step, referred: bool) -> dict[str, Any]:
    return {
        "id": step.id,
        "target": step.target,
        "arguments": list(step.arguments),
        "before": None if step.before is None else list(step.before),
        "repeats": step.repeats,
        "partners": step.partners,
        "tensors": step.tensors,
        "own": step.own,
        "task": step.task,
        "keep": step.keep or referred,
    }


def _outcome(step: Step, path: Path, nonce: str, number: int) -> Outcome:
    """What a result file says; a file that is not one of this run counts for nothing."""
    try:
        result = codec.read(path)
        if result.pop("nonce") != nonce or result.pop("number") != number:
            raise ValueError("it belongs to another run")
        return _outcome_of(step, result)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        failure = Failure(DIED, f"its result cannot be read: {error}")
        return Outcome(step.id, DIED, error=failure)


def _outcome_of(step: Step, result: dict[str, Any]) -> Outcome:
    error = result.pop("error", None)
    lists = ("globals_read", "replaced", "warnings", "notes")
    values: dict[str, Any] = {name: tuple(result.pop(name, ())) for name in lists}
    return Outcome(
        step.id,
        error=None if error is None else Failure(error[0], error[1], _frames(error[2])),
        arguments_after=tuple(result.pop("arguments", ())),
        **values,
        **result,
    )


def _frames(found: Sequence[Sequence[Any]]) -> tuple[Frame, ...]:
    return tuple(Frame(file, int(line), name, _cell(file)) for file, line, name in found)


def _cell(file: str) -> int | None:
    cell = re.fullmatch(r"<cell (\d+)>", file)
    return int(cell[1]) if cell else None


# A child that ended too early ----------------------------------------------------------------


def _ask_where(pid: int, folder: Path) -> None:
    """Have a child that hangs write down where it is."""
    if not hasattr(signal, "SIGUSR1"):
        return
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGUSR1)
        for _ in range(20):
            time.sleep(0.005)  # it is written in pieces, and nothing says when it is whole
            if (folder / "faults").stat().st_size:
                time.sleep(0.005)
                return


@dataclass
class _Loss:
    """What is known of the end of a child."""

    folder: Path
    status: int | None
    late: bool
    seconds: float
    labels: Sequence[str]

    def __post_init__(self) -> None:
        self.frames = _frames_in(self.folder / "faults", self.labels)
        self.stdout, self.stderr = (_head(self.folder / name) for name in ("stdout", "stderr"))

    def outcome(self, step: Step) -> Outcome:
        """The outcome of a step that was lost with the child."""
        status = TIMED_OUT if self.late else DIED
        error = Failure(status, self._message(), self.frames)
        return Outcome(step.id, status, error=error, stdout=self.stdout, stderr=self.stderr)

    def _message(self) -> str:
        if self.late:
            return f"it did not return within {self.seconds:g} s"
        if self.status is None:
            return "it cut its process off, by closing its files or starting another program"
        if self.status < 0:
            return f"it ended the process by signal {-self.status} ({_signal_name(-self.status)})"
        return f"it ended the process with exit status {self.status} before it returned"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


FAULT_LINE = re.compile(r'File "(.*)", line (\d+) in (.*)')


def _frames_in(path: Path, labels: Sequence[str]) -> tuple[Frame, ...]:
    """The submission's lines in what the fault handler wrote, the outermost first."""
    # the fault handler writes ASCII
    own = {label.encode("ascii", "backslashreplace").decode(): label for label in labels}
    found = FAULT_LINE.findall(_head(path, 100_000))
    return _frames([(own[file], line, name) for file, line, name in reversed(found) if file in own])


def _head(path: Path, size: int = containment.MOST_PRINTED) -> str:
    try:
        with codec.opened(path) as file:
            return file.read(4 * size).decode("utf-8", "replace")[:size]
    except OSError:
        return ""
