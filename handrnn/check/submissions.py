"""What is asked for on the command line, as reports: a file, or those of a whole class at once."""

import contextlib
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .dialects import dialect as dialects
from .dialects import match as matching
from .judge import judge
from .load import collecting, loading
from .report import data
from .run import runner

LAST_SECONDS = 1.0  # for what is interrupted to put things away


class MisuseError(Exception):
    """What was asked for makes no sense, in one line."""


@dataclass(frozen=True)
class Asked:
    """A file, and the functions asked for in it; none: all that are there."""

    found: collecting.Found
    wanted: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.found.path


def asked(paths: Sequence[str], scratch: Path) -> list[Asked]:
    """All files that these paths name, each once; archives are unpacked into `scratch`.

    Raises
    ------
    MisuseError
        If there is nothing of that name, or nothing to judge in it.
    """
    collector = collecting.Collector(scratch)
    files: dict[Path, list[collecting.Found]] = {}
    for specification in paths:
        try:
            found = collector.collect(specification)
        except (OSError, ValueError) as error:
            raise MisuseError(str(error)) from None
        if not found:
            raise MisuseError(f"{specification} is a folder without .py and .ipynb files")
        for one in found:
            files.setdefault(one.path, []).append(one)
    return [Asked(found[0], _wanted(found)) for found in files.values()]


def _wanted(found: Iterable[collecting.Found]) -> tuple[str, ...]:
    names = [one.wanted for one in found]
    return () if None in names else tuple(filter(None, names))


def verify_names(
    files: Sequence[Asked], required: Iterable[str], dialect: str | None = None
) -> None:
    """Raise MisuseError for functions that neither a dialect nor a file has.

    Parameters
    ----------
    files : each must have what is wanted of it
    required : one of the files must have these
    dialect : the only one; None: all built-in ones
    """
    chosen = [dialects.find(dialect)] if dialect else dialects.all_dialects().values()
    known = {name for one in chosen for name in matching.names(one)}
    places = [(name, [one]) for one in files for name in one.wanted]
    for name, where in [*places, *((name, files) for name in required)]:
        word = re.compile(rf"\b{re.escape(name.rpartition('.')[2])}\b")
        if name in known or any(word.search(_text(one.path)) for one in where):
            continue
        what = f"the dialect {dialect}" if dialect else "a dialect"
        place = where[0].path.name if len(where) == 1 else "any of the files"
        near = dialects.nearest(name, known)
        raise MisuseError(f"{name} is neither a function of {what} nor in {place}{near}")


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text("utf-8", "replace")
    return ""


def judged(
    files: Sequence[Asked],
    how: Mapping[str, Any],
    required: Sequence[str] = (),
    jobs: int = 1,
    quiet: bool = False,
) -> list[data.FileReport]:
    """A report on every file, in order; several files at a time, each in its own processes.

    Parameters
    ----------
    files : what to judge
    how : options of `judge.judge`
    required : functions that each file must have
    jobs : files that are judged at a time
    quiet : whether no progress is shown, on a terminal
    """

    def one(item: Asked) -> data.FileReport:
        return _with_required(_one(item, how), required)

    return list(_with_progress(in_threads(one, files, jobs), len(files), quiet))


def in_threads(one: Callable, items: Sequence, jobs: int) -> Iterator:
    """one(item) for every item, in order, several at a time; an interrupt ends all of them."""
    results = [futures.Future() for _ in items]
    waiting = iter(list(zip(items, results, strict=True)))
    lock = threading.Lock()

    def work() -> None:
        while not runner.STOPPED.is_set():
            with lock:
                item, result = next(waiting, (None, None))
            if result is None:
                return
            try:
                result.set_result(one(item))
            except BaseException as error:
                result.set_exception(error)

    runner.STOPPED.clear()
    # no pool: Python would wait for its threads before it ends
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, len(items)))]
    for thread in threads:
        thread.start()
    try:
        for result in results:
            yield result.result()
    finally:
        runner.STOPPED.set()
        for thread in threads:
            thread.join(LAST_SECONDS / len(threads))
        runner.STOPPED.clear()


def _one(item: Asked, how: Mapping[str, Any]) -> data.FileReport:
    """The report on one file, whatever happens: a file that breaks the checker does not pass."""
    judged = _judged(item.path, item.wanted, item.found.problem, how)
    student = item.found.student
    return replace(judged, path=item.found.shown, student=student) if student else judged


def _judged(
    path: Path, wanted: tuple[str, ...], problem: str, how: Mapping[str, Any]
) -> data.FileReport:
    failed = False
    try:
        if not problem:
            return judge.judge(loading.load(path), wanted=wanted, **how)
    except runner.CannotRunError as error:
        problem, failed = f"{path.name} could not be judged: {error}", True
    except OSError as error:
        problem = f"{path.name} cannot be read: {error.strerror or error}"
    except Exception as error:
        problem = f"the checker itself failed, please report it: {type(error).__name__}: {error}"
        failed = True
    return _with_required(data.FileReport(str(path), {}, (problem,), failed=failed), wanted)


def _with_required(judged: data.FileReport, names: Sequence[str]) -> data.FileReport:
    missing = [name for name in names if name not in judged.functions]
    found = {name: data.FunctionReport(name, data.NOT_FOUND) for name in missing}
    return replace(judged, functions=judged.functions | found)


def _with_progress(
    reports: Iterator[data.FileReport], total: int, quiet: bool
) -> Iterator[data.FileReport]:
    """The same, with a bar and the time left, where there is a terminal."""
    if quiet or total < 2 or not sys.stderr.isatty():
        return reports
    try:
        import tqdm
    except ImportError:
        print(f"handrnn: {total} files; pip install tqdm shows the progress", file=sys.stderr)
        return reports
    return iter(tqdm.tqdm(reports, total=total, unit="file", leave=False))
