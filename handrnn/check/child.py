"""The process in which a submission runs: the only place that executes one.

`main` reads the job, sets the limits, and goes through the steps: a fresh namespace, copies of the
arguments, the call, and a file with what came of it. Nothing is judged here. What the submission
does to its process (prints, warnings, replaced functions, changed directories, started processes)
stays in it and is undone before the next step.
"""

import builtins
import contextlib
import copy
import faulthandler
import importlib
import importlib.abc
import importlib.util
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import codec

if sys.platform != "win32":
    import resource
else:
    resource = None

MOST_PRINTED = 2000  # characters of each of stdout and stderr
MOST_WARNINGS = 3
LONGEST_WARNING = 200  # characters
MOST_ALIASES = 500
MOST_LOOKED_AT = 5000  # values among which shared memory is looked for
MOST_PROCESSES = 16
LARGEST_FILE = 300 * 2**20
FRAMES = (3, 8)  # of a long traceback: the outermost and the innermost
STATEMENT_SECONDS = 0.5  # for each statement at the top of the file, and each definition

CELLS = tuple(f"{cell}_cell_{way}" for cell in ("rnn", "lstm") for way in ("forward", "backward"))
LOOPS = tuple(f"{cell}_{way}" for cell in ("rnn", "lstm") for way in ("forward", "backward"))
HELPERS = ("sigmoid", "softmax")
ALWAYS_THERE = {"np": np, "numpy": np, "math": math}
COURSE_MODULE_NAMES = ("util", "rnn", "lstm", "helper")

GET_PID, EXIT = os.getpid, os._exit  # as they are before a submission replaces them

PROCESS_EVENTS = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
PROCESS_EVENTS |= {"subprocess.Popen", "pty.spawn"}
WATCHED = (np, np.linalg, np.random, builtins, os, json, math, io, marshal, time)


class Absent:
    """Stands for a module, or a name from one, that is not installed here; using it says so."""

    def __init__(self, name: str, course: types.ModuleType | None = None) -> None:
        self._name = name
        self._course = course

    def _refuse(self) -> Any:
        raise ModuleNotFoundError(f"{self._name} is not installed here, and not beside the file")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._course, name, None) if self._course else None
        return found if callable(found) else self._refuse()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._refuse()


class Outside(dict):
    """The names that a submission does not define: the built-in ones, and what is supplied.

    A name that is looked up here is not defined by the submission, so that lookups show which
    globals a function really reads.
    """

    def __init__(self) -> None:
        super().__init__(vars(builtins))
        self.from_arguments: dict[str, Any] = {}
        self.from_course: dict[str, tuple[Any, str]] = {}
        self.read: dict[str, None] = {}
        self.supplied: dict[str, str] = {}
        self.broken: dict[str, BaseException] = {}  # definitions and values that raised

    def __getitem__(self, name: str) -> Any:
        if name in self.from_arguments:
            self.read[name] = None
            return self.from_arguments[name]
        if name in self.broken:
            raise self.broken[name]
        if dict.__contains__(self, name):
            return dict.__getitem__(self, name)
        if name in self.from_course:
            value, self.supplied[name] = self.from_course[name]
            return value
        if not name.startswith("__"):
            self.read[name] = None
        raise KeyError(name)


class Scope:
    """The namespace of one step, and what is beyond it."""

    def __init__(self, course: types.ModuleType | None) -> None:
        self.outside = Outside()
        self.course = course
        self.namespace: dict[str, Any] = {
            "__name__": "submission",
            "__builtins__": self.outside,
        }
        self.data: set[str] = set()  # names that hold constants
        self.stale: dict[str, Any] = {}  # data that lies about in the session of a live function
        self.outside.from_course = {name: (m, name) for name, m in ALWAYS_THERE.items()}
        if course is not None:
            self._offer(course, course.__name__)

    def _offer(self, course: types.ModuleType, origin: str) -> None:
        functions = {name: getattr(course, name) for name in course.__all__}
        for name, value in functions.items():
            if callable(value):
                self.outside.from_course[name] = (value, origin)

    def execute(self, chunk: dict[str, Any]) -> BaseException | None:
        """Execute one statement of the submission; what it raised, should it raise."""
        try:
            with time_limit(None if chunk["kind"] == "import" else STATEMENT_SECONDS):
                exec(chunk["code"], self.namespace)
        except BaseException as error:  # sys.exit() in a decorator too
            self.fail(chunk, error)
            return error
        for name in chunk["names"]:
            self.outside.broken.pop(name, None)
        if chunk["kind"] in ("constant", "value"):
            self.data.update(chunk["names"])
        else:
            self.data.difference_update(chunk["names"])
        return None

    def fail(self, chunk: dict[str, Any], error: BaseException) -> None:
        """What a statement was to define is not there; only who needs it is told why."""
        if chunk["kind"] == "import":
            self._absent(chunk)
            return
        for name in chunk["names"]:
            self.namespace.pop(name, None)
            self.outside.broken[name] = error

    def _absent(self, chunk: dict[str, Any]) -> None:
        """A module that is missing: what the course has of it is found outside, by its name."""
        module, attribute, name = chunk["module"], chunk["attribute"], chunk["names"][0]
        helper = any(part in module.lower() for part in COURSE_MODULE_NAMES)
        course = self.course if helper else None
        if attribute == "*":
            return
        if attribute is None:
            self.namespace[name] = Absent(module, course)
        elif course is not None and callable(getattr(course, attribute, None)):
            origin = f"{course.__name__}, for the missing {module}"
            self.outside.from_course[name] = (getattr(course, attribute), origin)
        elif name not in self.outside.from_course:
            self.namespace[name] = Absent(f"{module}.{attribute}")

    def set_partners(self, partners: str | dict[str, str], target: str) -> None:
        """Put the correct functions into the place of the submission's own.

        Parameters
        ----------
        partners : "own", "correct", or {name: "own", "correct" or the name of a course function}
        target : the function to be called, which stays its own
        """
        if self.course is None or partners == "own":
            return
        if partners == "correct":
            partners = {name: name for name in (*CELLS, *LOOPS, *HELPERS) if self._fits(name)}
        for name, by in partners.items():  # pyright: ignore
            correct = getattr(self.course, name if by == "correct" else by, None)
            if by != "own" and name != target and correct is not None:
                self.namespace[name] = correct

    def _fits(self, name: str) -> bool:
        """Whether the course's function can stand for the submission's: a helper may differ."""
        code = getattr(self.namespace.get(name), "__code__", None)
        return name not in HELPERS or code is None or code.co_argcount == 1

    def supply(self, values: dict[str, Any]) -> None:
        """What functions may read as globals; the submission's constants of that name give way.

        So do its matrices, whatever they are called: they have the sizes of one network.
        """
        for name in self.data & set(self.namespace):
            if any(np.ndim(leaf) > 1 for leaf in _leaves(self.namespace[name]) if _is_array(leaf)):
                self.stale[name] = self.namespace[name]
        self.outside.from_arguments = self.stale | values
        for name in self.data & set(self.outside.from_arguments):
            self.namespace.pop(name, None)
        self.outside.read.clear()  # what default arguments and decorators read


class Program:
    """A submission read from a file, as statements."""

    def __init__(self, chunks: list[dict[str, Any]], labels: list[str]) -> None:
        self.chunks = [{**c, "code": marshal.loads(c["code"].tobytes())} for c in chunks]
        self.labels = set(labels)
        self.too_slow: dict[int, BaseException] = {}  # statements that are not tried again

    def scope(self, course: types.ModuleType | None) -> Scope:
        """A fresh namespace in which the statements have been executed."""
        scope = Scope(course)
        for number, chunk in enumerate(self.chunks):
            if number in self.too_slow:
                scope.fail(chunk, self.too_slow[number])
                continue
            error = scope.execute(chunk)
            if isinstance(error, TimeoutError):
                self.too_slow[number] = error
        return scope


class Live:
    """Functions that exist already: they and the functions that they call are made anew, each time
    with a namespace of their own.
    """

    def __init__(self, functions: dict[str, Callable]) -> None:
        self.functions = functions
        codes = (getattr(function, "__code__", None) for function in functions.values())
        self.labels = {code.co_filename for code in codes if code is not None}

    def scope(self, course: types.ModuleType | None) -> Scope:
        """A copy of the functions' namespaces, with what is data in them known as such."""
        scope = Scope(course)
        sources = []
        for function in self.functions.values():
            namespace = getattr(function, "__globals__", {})
            if not any(namespace is source for source in sources):
                sources.append(namespace)
                scope.namespace.update(self._fresh(namespace, scope))
        for name, function in self.functions.items():
            scope.namespace[name] = _anew(function, scope.namespace)
        return scope

    def _fresh(self, namespace: dict[str, Any], scope: Scope) -> dict[str, Any]:
        values = {}
        for name, value in namespace.items():
            if name.startswith("__"):
                continue
            own = getattr(value, "__globals__", None) is namespace
            values[name] = _anew(value, scope.namespace) if own else value
            if not (callable(value) or isinstance(value, types.ModuleType)):
                scope.data.add(name)
            if any(isinstance(leaf, np.ndarray) for leaf in _leaves(value)):
                scope.stale[name] = values.pop(name)
        return values


def _anew(function: Any, namespace: dict[str, Any]) -> Any:
    """The same function with another namespace; anything else unchanged."""
    if not isinstance(function, types.FunctionType):
        return function
    copied = types.FunctionType(
        function.__code__,
        namespace,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copied.__kwdefaults__ = function.__kwdefaults__
    copied.__dict__.update(function.__dict__)
    return copied


class BesideFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the files beside a submission as it is read itself: definitions only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The file of that name, unless the standard library has one."""
        file = self.folder / f"{name}.py"
        if path is not None or name in sys.stdlib_module_names or not file.is_file():
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(file))

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute its definitions, imports and simple constants."""
        from . import loading

        submission = loading.load(str(module.__spec__.origin))  # pyright: ignore
        for chunk in submission.chunks:
            with contextlib.suppress(Exception):
                exec(chunk.code, vars(module))


# Containment ---------------------------------------------------------------------------------


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
        self.descriptor = _out_of_the_way(os.open(path, flags, 0o600))

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


def _out_of_the_way(descriptor: int) -> int:
    """The same file under a number that a submission does not close by accident."""
    if sys.platform == "win32":
        return descriptor
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)
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
            for key, value in entries.items():
                if now.get(key, now) is not value:
                    now[key] = value
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
        "RLIMIT_CPU": math.ceil(cpu_seconds),
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


def end_with_parent() -> None:
    """Have Linux end this process when its parent is killed."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


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


# One step ------------------------------------------------------------------------------------


class _NotThereError(Exception):
    """What a step builds on is not there."""


class Worker:
    """Goes through the steps of a job.

    Parameters
    ----------
    folder : with the job, the results and the outputs
    program : what to run, None to take it from the job
    journal : file descriptor on which the parent hears how far it is; None if there is no parent,
        and the steps run in the caller's own process
    """

    def __init__(self, folder: Path, program: Any, journal: int | None) -> None:
        self.folder = folder
        self.job = codec.read_parts(folder / "job.npz")
        self.nonce = self._part("nonce")
        self.journal = journal
        self.program = program or Program(self._part("chunks"), self._part("labels"))
        self.course = _course(self._part("course"))
        self.kept: dict[str, Any] = {}
        self.own_process = GET_PID()
        numbers = (None, None) if journal is None else (1, 2)
        self.outputs = (
            Output(folder / "stdout", numbers[0]),
            Output(folder / "stderr", numbers[1]),
        )
        self.originals = Originals()
        self.notes: list[str] = []

    def _part(self, name: str) -> Any:
        return codec.decode(*self.job[name])

    def work(self) -> None:
        """Limits, then every step."""
        if self.journal is None:
            self.notes = ["it could not be isolated: there is no fork here"]
        else:
            self._limit()
        self.say("ready")
        for number in range(self._part("count")):
            self.say(f"start {number}")
            self._step(number)
            self.say(f"done {number}")
        self.say("end")

    def _limit(self) -> None:
        limits = self._part("limits")
        self.notes = limit_resources(limits["memory"], limits["cpu_seconds"])
        limit_processes()
        end_with_parent()
        if self._part("beside") is not None:
            sys.meta_path.insert(0, BesideFinder(Path(self._part("beside"))))

    def say(self, what: str) -> None:
        """Tell the parent; where the pipe is gone, there is nobody left to work for."""
        if self.journal is None:
            return
        try:
            os.write(self.journal, f"{self.nonce} {what}\n".encode())
        except OSError:
            os._exit(1)

    def _step(self, number: int) -> None:
        step = self._part(f"step{number}")
        result: dict[str, Any] = {"status": "raised", "notes": self.notes, "warnings": []}
        try:
            self._call(step, result)
        except _NotThereError as error:
            result.update(status="not run", error=["NotRun", str(error), []])
        except BaseException as error:  # sys.exit() and KeyboardInterrupt too
            self._leave_if_forked()
            result["error"] = self._failure(error)
        self._write(number, result)

    def _leave_if_forked(self) -> None:
        """A copy of this process that the submission made has no part in the job."""
        if GET_PID() != self.own_process:
            EXIT(0)

    def _call(self, step: dict[str, Any], result: dict[str, Any]) -> None:
        """One call, and everything that is to be known of it."""
        with contained(self.outputs, result["warnings"], self.program.labels):
            scope = self.program.scope(self.course)
            function = self._target(step, scope, result)
            if function is None:
                return
            arguments, keywords, supply = self._resolved(step)
            scope.supply(_offered(function, arguments, keywords) | supply)
            self.say("call")
            started = time.perf_counter()
            try:
                if step["before"] is not None:
                    function(*step["before"])
                value = function(*arguments, **keywords)
            finally:
                self._leave_if_forked()
                result["replaced"] = self.originals.restore()
                result["seconds"] = time.perf_counter() - started
                result["globals_read"] = list(scope.outside.read)
                result["supplied"] = scope.outside.supplied
                result["stdout"], result["stderr"] = (output.text() for output in self.outputs)
        result.update(status="returned", value=value, arguments=arguments, keywords=keywords)
        result["aliases"] = aliases(value, arguments)
        if step["keep"]:
            self.kept[step["id"]] = value

    def _target(self, step: dict[str, Any], scope: Scope, result: dict[str, Any]) -> Any:
        """What is to be called; None if the submission has none, and the result says so."""
        target = step["target"]
        if not isinstance(target, str):
            return getattr(self._at(target[1]), target[2])
        if step["partners"] != "own" and self.course is None:
            raise _NotThereError(f"{self._part('course')} cannot be imported")
        scope.set_partners(step["partners"], target)
        function = scope.namespace.get(target)
        if callable(function):
            return function
        if target in scope.outside.broken:
            raise scope.outside.broken[target]
        result.update(status="missing", error=["Missing", f"there is no function {target}", []])
        return None

    def _at(self, reference: codec.Ref) -> Any:
        """What an earlier step returned, at that place."""
        if reference.step not in self.kept:
            raise _NotThereError(f"it builds on {reference.step}, which returned nothing")
        value = self.kept[reference.step]
        for key in reference.path:
            try:
                value = value[key]
            except Exception as error:
                message = f"{reference.step} returned nothing at {list(reference.path)}"
                raise _NotThereError(message) from error
        return value

    def _resolved(self, step: dict[str, Any]) -> tuple[list, dict[str, Any], dict[str, Any]]:
        """Arguments, keywords and supplies with copies in the place of references."""
        memo: dict[int, Any] = {}
        given = [list(step["arguments"]), step["keywords"], step["supply"]]
        arguments, keywords, supply = self._filled(given, memo)
        return arguments, keywords, supply

    def _filled(self, value: Any, memo: dict[int, Any]) -> Any:
        if isinstance(value, codec.Ref):
            return _copied(self._at(value), memo)
        if isinstance(value, dict):
            return {key: self._filled(entry, memo) for key, entry in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self._filled(entry, memo) for entry in value)
        return value

    def _failure(self, error: BaseException) -> list:
        """Type, message and the submission's own lines."""
        try:
            message = _said(error)[:500]
        except BaseException:  # whatever a foreign __str__ does
            message = "its message cannot be printed"
        frames, trace = [], error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename in self.program.labels:
                frames.append([code.co_filename, trace.tb_lineno, code.co_name])
            trace = trace.tb_next
        first, last = FRAMES
        if len(frames) > first + last:
            frames = frames[:first] + frames[-last:]
        return [type(error).__name__, message, frames]

    def _write(self, number: int, result: dict[str, Any]) -> None:
        """The result under its final name, once it is whole."""
        self.originals.restore()
        written, final = self.folder / "part.npz", self.folder / f"result{number}.npz"
        try:
            codec.write(written, nonce=self.nonce, number=number, **result)
        except BaseException as error:
            self._leave_if_forked()
            message = f"what it returned cannot be taken apart: {self._failure(error)[1]}"
            failed = {"status": "raised", "error": [type(error).__name__, message, []]}
            codec.write(written, nonce=self.nonce, number=number, **failed)
        os.replace(written, final)  # noqa: PTH105 -- bound late, after it has been restored


def _said(error: BaseException) -> str:
    """The message of an exception; what it is about where it has none."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    return str(error) or "raised without a message"


def _course(name: str) -> types.ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # a generator, a lock, lists a million deep
        return value


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _leaves(value: Any) -> Iterator[Any]:
    found = itertools.islice(codec.leaves(value), MOST_LOOKED_AT)
    return (leaf for _, leaf in found)


SIZES = {  # what the axes of the course's arguments count, column-major
    **dict.fromkeys(("x", "da"), ("", "m", "T_x")),
    **dict.fromkeys(("xt", "a0", "a_prev", "c_prev", "da_next", "dc_next"), ("", "m")),
    **dict.fromkeys(("Wf", "Waa", "ba", "bf"), ("n_a",)),
    **dict.fromkeys(("Wya", "Wy", "by"), ("n_y",)),
    "Wax": ("", "n_x"),
}
SPELLINGS = {"n_a": ("n_a", "na"), "n_x": ("n_x", "nx"), "n_y": ("n_y", "ny"), "m": ("m",)}
SPELLINGS["T_x"] = ("T_x", "Tx", "T")


def _sizes(offered: dict[str, Any]) -> dict[str, int]:
    """The sizes that functions read as globals, from the shapes of the arguments."""
    shapes = {name: np.shape(v) for name, v in offered.items() if isinstance(v, np.ndarray)}
    sizes: dict[str, int] = {}
    for name, axes in SIZES.items():
        sizes |= {axis: n for axis, n in zip(axes, shapes.get(name, ()), strict=False) if axis}
    if len(shapes.get("Wf", ())) == 2:  # it acts on a_prev and xt
        sizes["n_x"] = shapes["Wf"][1] - shapes["Wf"][0]
    return {spelling: n for size, n in sizes.items() for spelling in SPELLINGS[size]}


def _offered(function: Any, arguments: list, keywords: dict[str, Any]) -> dict[str, Any]:
    """What the arguments hold, by name: their own names, the keys of dicts in them, sizes."""
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    offered = dict(zip(names, arguments, strict=False)) | keywords
    for path, leaf in itertools.islice(codec.leaves(arguments), MOST_LOOKED_AT):
        if path and isinstance(path[-1], str) and path[-1].isidentifier():
            offered.setdefault(path[-1], leaf)
    weights = _first_dict(arguments)
    named = {} if weights is None else dict.fromkeys(("parameters", "params"), weights)
    return _sizes(offered) | named | offered


def _first_dict(value: Any) -> dict | None:
    """The first dict in nested tuples and lists: the parameters, inside caches too."""
    for _ in range(codec.DEEPEST):  # a list may contain itself
        if isinstance(value, tuple | list):
            within = [entry for entry in value if isinstance(entry, dict | tuple | list)]
            dicts = [entry for entry in within if isinstance(entry, dict)]
            value = (dicts or within or [None])[0]
    return value if isinstance(value, dict) else None


def aliases(value: Any, arguments: list) -> list[tuple[tuple, tuple]]:
    """Pairs of places whose arrays share memory, those nearest the top first.

    Parameters
    ----------
    value : what a call returned; its places are ("returned", ...)
    arguments : what it was called with; their places are ("argument", ...)

    Returns
    -------
    pairs : an array that is at several places is paired at its first one with each of the others
    """
    places = _array_places(("returned",), value) + _array_places(("argument",), arguments)
    first: dict[int, tuple[tuple, np.ndarray]] = {}
    pairs = []
    for path, array in places:
        if id(array) in first:
            pairs.append((first[id(array)][0], path))
        else:
            first[id(array)] = (path, array)
    pairs += _overlapping(list(first.values()))
    pairs = [pair for pair in pairs if any(path[0] == "returned" for path in pair)]
    return sorted(pairs, key=lambda pair: len(pair[0]) + len(pair[1]))[:MOST_ALIASES]


def _array_places(start: tuple, value: Any) -> list[tuple[tuple, np.ndarray]]:
    found = itertools.islice(codec.leaves(value, start), MOST_LOOKED_AT)
    return [(path, leaf) for path, leaf in found if isinstance(leaf, np.ndarray) and leaf.size]


def _overlapping(places: list[tuple[tuple, np.ndarray]]) -> list[tuple[tuple, tuple]]:
    """Pairs of different array objects on the same memory."""
    bounds = [np.lib.array_utils.byte_bounds(array) for _, array in places]
    order = sorted(range(len(places)), key=lambda n: bounds[n])
    pairs: list[tuple[tuple, tuple]] = []
    open_: list[int] = []
    for n in order:
        open_ = [m for m in open_ if bounds[m][1] > bounds[n][0]]
        for m in open_:
            if len(pairs) < MOST_ALIASES and _share(places[m][1], places[n][1]):
                pairs.append((places[min(m, n)][0], places[max(m, n)][0]))
        open_.append(n)
    return pairs


def _share(one: np.ndarray, other: np.ndarray) -> bool:
    try:
        return np.shares_memory(one, other, max_work=10_000)  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return True


# The process ---------------------------------------------------------------------------------


def begin(folder: Path, program: Any, journal: int) -> None:
    """Do a job in this process, and end it. Does not return.

    Parameters
    ----------
    folder : with the file ``job.npz`` and the empty folder ``work``
    program : `Live` functions, None for the submission in the job
    journal : file descriptor on which the parent hears how far it is
    """
    status = 1
    try:
        faults = (folder / "faults").open("w")
        faulthandler.enable(faults)
        if hasattr(faulthandler, "register"):
            faulthandler.register(signal.SIGUSR1, faults)
        os.chdir(folder / "work")
        Worker(folder, program, _out_of_the_way(journal)).work()
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)  # whatever threads, exit handlers and __del__ would still do


def begin_forked(folder: Path, program: Any, journal: int) -> None:
    """`begin` in a fresh fork: first what of the parent it must not touch is let go."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    finally:
        begin(folder, program, journal)


def main() -> None:
    """Do the job in the folder that the command line names."""
    begin(Path(sys.argv[1]), None, os.dup(1))
