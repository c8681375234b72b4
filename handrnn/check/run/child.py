"""The process in which a submission runs: the only place that executes one.

`main` reads the job, sets the limits, and goes through the steps: a fresh namespace, copies of the
arguments, the call, and a file with what came of it. Nothing is judged here. What the submission
does to its process (prints, warnings, replaced functions, changed directories, started processes)
stays in it and is undone before the next step.
"""

import copy
import faulthandler
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..dialects import standin
from . import bridges, codec, containment, scopes

ROUNDING = 1e-6  # of the largest value: two calls with the same numbers differ by less
FRAMES = (3, 8)  # of a long traceback: the outermost and the innermost


class _NotThereError(Exception):
    """What a step builds on is not there."""


def callee(target: Any) -> str:
    """The name of the function, class or method that a step calls."""
    return target if isinstance(target, str) else target[2]


def nothing_from(name: str) -> str:
    """Why a step is not run, in words."""
    return f"skipped: it needs the result of your {name}, which returned nothing"


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
        self.job = codec.read_parts(folder / "job.data")
        self.nonce = self._part("nonce")
        self.journal = journal
        self.program = program or scopes.Program(self._part("program"))
        self.partners = standin.partners(self._part("dialect"))
        self.scopes: dict[str, scopes.Scope] = {}  # in which objects were made
        self.kept: dict[str, Any] = {}
        self.callees: dict[str, str] = {}  # what each step called
        self.own_process = containment.GET_PID()
        numbers = (None, None) if journal is None else (1, 2)
        self.outputs = (
            containment.Output(folder / "stdout", numbers[0]),
            containment.Output(folder / "stderr", numbers[1]),
        )
        self.removed = containment.RemovedNames()
        self.originals = containment.Originals()
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
        self.notes = containment.limit_resources(limits["memory"], limits["cpu_seconds"])
        containment.limit_processes()
        if self._part("beside") is not None:
            beside = scopes.BesideFinder(Path(self._part("beside")))
            sys.meta_path[:] = [beside, *sys.meta_path, scopes.PackageFinder(beside)]
        sys.meta_path.append(bridges.BridgeFinder())

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
        self.callees[step["id"]] = callee(step["target"])
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
        if containment.GET_PID() != self.own_process:
            containment.EXIT(0)

    def _call(self, step: dict[str, Any], result: dict[str, Any]) -> None:
        """One call, and everything that is to be known of it."""
        with containment.contained(self.outputs, result["warnings"], self.program.labels):
            if step["task"] is not None:
                self.say("call")
                result.update(status="returned", value=self._repaired(step["task"]))
                return
            scope = self._scope(step)
            function = self._target(step, scope, result)
            if function is None:
                return
            untouched = {**step, "arguments": copy.deepcopy(step["arguments"])}
            arguments = self._given(step, "arguments")
            before = None if step["before"] is None else self._given(step, "before")
            scope.supply(scopes.offered(function, arguments))
            self.say("call")
            started = time.perf_counter()
            try:
                if before is not None:
                    function(*before)
                    self.say("call")
                value = function(*arguments)
            finally:
                self._leave_if_forked()
                result["replaced"] = self.originals.restore()
                result["seconds"] = time.perf_counter() - started
                result["globals_read"] = list(scope.outside.read)
                result["stdout"], result["stderr"] = (output.text() for output in self.outputs)
            if step["repeats"]:
                result["differs"] = self._repeated(untouched, function, value)
        result["warnings"] += self.removed.notes()
        result.update(status="returned", value=value, arguments=arguments)
        if step["keep"]:
            self.kept[step["id"]] = value
            self.scopes[step["id"]] = scope

    def _repeated(self, step: dict[str, Any], function: Any, value: Any) -> str:
        """Call it again and again; in which call something else came of it, and what."""
        calls = step["repeats"] + 1
        first = [array.copy() for array in codec.encode(value)[1].values()]
        for number in range(2, calls + 1):
            again = {**step, "arguments": copy.deepcopy(step["arguments"])}
            arguments = self._given(again, "arguments")
            self.say("call")
            try:
                gives = function(*arguments)
            except Exception as error:
                differs = ": ".join(self._failure(error)[:2])
            else:
                self.originals.restore()
                same = _same_numbers(first, list(codec.encode(gives)[1].values()))
                differs = "" if same else "other numbers"
            self._leave_if_forked()
            if differs:
                return f"call {number} of {calls}: {differs}"
        return ""

    def _repaired(self, task: np.ndarray) -> dict[str, Any]:
        """What mends a function, as plain data."""
        import pickle

        function, *arguments = pickle.loads(task.tobytes())  # of our own parent
        return function(self, *arguments)

    def _scope(self, step: dict[str, Any]) -> scopes.Scope:
        """A fresh namespace; of a method, that in which its object was made."""
        target = step["target"]
        known = None if isinstance(target, str) else self.scopes.get(target[1].step)
        return known or self.program.scope(self.partners)

    def _given(self, step: dict[str, Any], name: str) -> list[Any]:
        """The arguments of a call: copies, and tensors where these are wanted."""
        memo: dict[int, Any] = {}
        given = list(step[name])
        filled = self._filled(_tensors(given) if step["tensors"] else given, memo)
        if self.partners is not None:
            self.partners.copied(memo)
        return filled

    def _target(self, step: dict[str, Any], scope: scopes.Scope, result: dict[str, Any]) -> Any:
        """What is to be called; None if the submission has none, and the result says so."""
        target = step["target"]
        if not isinstance(target, str):
            return getattr(self._at(target[1]), target[2])
        if step["partners"] == "right":
            scope.stand_in(step["own"] or target)
        function = scope.namespace.get(target)
        if function is None and target in scope.outside.broken:
            raise scope.outside.broken[target]
        if function is None and step["own"] not in ("", target):  # what it works on, not itself
            function = scope.offered.get(target)
        if callable(function):
            return function
        result.update(status="missing", error=["Missing", f"there is no function {target}", []])
        return None

    def _at(self, reference: codec.Ref) -> Any:
        """What an earlier step returned, at that place."""
        theirs = self.callees.get(reference.step, reference.step)
        if reference.step not in self.kept:
            raise _NotThereError(nothing_from(theirs))
        value = self.kept[reference.step]
        for key in reference.path:
            try:
                value = value[key]
            except Exception as error:
                message = f"what your {theirs} returned has nothing at [{key!r}]"
                raise _NotThereError(message) from error
        return value

    def _filled(self, value: Any, memo: dict[int, Any]) -> Any:
        """The same value with copies instead of references."""
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
        if result["status"] != "returned":  # else it was done after the call
            self.originals.restore()
        written, final = self.folder / "part.data", self.folder / f"result{number}.data"
        try:
            codec.write(written, nonce=self.nonce, number=number, **result)
        except BaseException as error:
            self._leave_if_forked()
            message = f"what it returned cannot be taken apart: {self._failure(error)[1]}"
            failed = {"status": "raised", "error": [type(error).__name__, message, []]}
            codec.write(written, nonce=self.nonce, number=number, **failed)
        os.replace(written, final)  # noqa: PTH105 -- bound late, after it has been restored


def _same_numbers(first: list[np.ndarray], again: list[np.ndarray]) -> bool:
    """Whether two calls gave the same arrays, up to what the order of additions can do."""
    if [array.shape for array in first] != [array.shape for array in again]:
        return False
    numbers = [pair for pair in zip(first, again, strict=True) if pair[0].dtype.kind in "fc"]
    return all(np.allclose(a, b, ROUNDING, ROUNDING * _largest(a), True) for a, b in numbers)


def _largest(array: np.ndarray) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def _tensors(value: Any) -> Any:
    """The same value with tensors of torch for its floating arrays."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        import torch

        return torch.from_numpy(value)
    if isinstance(value, dict):
        return {key: _tensors(entry) for key, entry in value.items()}
    if type(value) in (tuple, list):
        entries = [_tensors(entry) for entry in value]
        return tuple(entries) if type(value) is tuple else entries
    return value


def _said(error: BaseException) -> str:
    """The message of an exception; what it is about where it has none."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    return str(error) or "raised without a message"


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # a generator, a lock, lists a million deep
        return value


# The process ---------------------------------------------------------------------------------


def begin(folder: Path, program: Any, journal: int) -> None:
    """Do a job in this process, and end it. Does not return.

    Parameters
    ----------
    folder : with the file ``job.data`` and the empty folder ``work``
    program : `scopes.Live` functions, None for the submission in the job
    journal : file descriptor on which the parent hears how far it is
    """
    status = 1
    try:
        containment.supervise(journal)
        faults = (folder / "faults").open("w")
        faulthandler.enable(faults)
        if hasattr(faulthandler, "register"):
            faulthandler.register(signal.SIGUSR1, faults)
        os.chdir(folder / "work")
        Worker(folder, program, containment.out_of_the_way(journal)).work()
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
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    finally:
        begin(folder, program, journal)


def main() -> None:
    """Do the job in the folder that the command line names."""
    begin(Path(sys.argv[1]), None, os.dup(1))
