"""One page about a sweep: settings, figures, what came of each run, what failed, versions.

`html` writes one file that needs nothing beside it and no network; `notebook` writes the same as
a notebook with its outputs in it; `csv` writes one row per run, for other programs. All of them
read a sweep's directory and never train.
"""

import argparse
import base64
import collections
import dataclasses
import datetime
import functools
import html as html_module
import itertools
import json
import os
import pathlib
import shutil
import string
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import __version__, writing
from . import (
    command_line,
    drawing,
    figures,
    figures_ablation,
    figures_learning,
    figures_reach,
    files,
    gradients,
    settings,
    tasks,
)
from . import run as run_module

NAME = "report"
_TEMPLATE = pathlib.Path(__file__).with_name("report.html")
_PACKAGE = pathlib.Path(__file__).resolve().parents[2]  # what a kernel has to find
_FINGERPRINT = 12  # hexadecimal digits that tell runs apart
_FOLDS = 3  # pairs of a setting and its value in a row
_TIMEOUT = 600  # seconds for one cell of the notebook
_NAMED = ("label", "task", "cell", "length", "seed")


@dataclasses.dataclass(frozen=True)
class Finished:
    """A finished run with all that its directory tells.

    Attributes
    ----------
    record : Record
        The run, its result and its seconds.
    peak_memory : float or None
        MiB, where the system keeps count.
    versions : dict of str to str
        Of what it was trained with.
    when : datetime
        When its result was written, in UTC.
    """

    record: files.Record
    peak_memory: float | None
    versions: dict[str, str]
    when: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Unfinished:
    """A run without a result that can be read.

    Attributes
    ----------
    name : str
        Of its directory.
    run : Run or None
        What it is, if that can be read.
    why : str
        How far it is, or what is damaged.
    """

    name: str
    run: run_module.Run | None
    why: str


@dataclasses.dataclass(frozen=True, repr=False)
class Table:
    """Rows under a head. Columns of numbers are written to the right.

    In a notebook it shows itself.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return command_line.aligned(self.head, self.rows)

    def _repr_html_(self) -> str:
        kinds = [' class="number"' if name in self.numbers else "" for name in self.head]
        head = "".join(
            f"<th{kind}>{_escape(name)}</th>" for kind, name in zip(kinds, self.head, strict=True)
        )
        rows = "\n".join(
            "<tr>"
            + "".join(
                f"<td{kind}>{_escape(entry)}</td>" for kind, entry in zip(kinds, row, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        return (
            f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody>\n</table></div>"
        )


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure as bytes, and its caption; where it cannot be drawn, the reason in its place.

    In a notebook it shows itself.
    """

    caption: str
    svg: bytes = dataclasses.field(default=b"", repr=False)
    png: bytes = dataclasses.field(default=b"", repr=False)
    why_not: str = ""

    def _repr_png_(self) -> bytes | None:
        return self.png or None

    def _repr_html_(self) -> str | None:
        return None if self.png else self.html()

    def html(self) -> str:
        """Write the figure as HTML, the picture itself in it."""
        caption = _escape(self.caption)
        if not self.svg:
            return f'<p class="note">{caption}: {_escape(self.why_not)}</p>'
        encoded = base64.b64encode(self.svg).decode()
        return (
            f'<figure><img alt="{caption}" src="data:image/svg+xml;base64,{encoded}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a sweep's directory holds, and the tables made of it.

    Attributes
    ----------
    directory : Path
    finished : tuple of Finished
    unfinished : tuple of Unfinished
        Both ordered by name.
    """

    directory: pathlib.Path
    finished: tuple[Finished, ...]
    unfinished: tuple[Unfinished, ...]

    @property
    def name(self) -> str:
        """Name of the directory."""
        return self.directory.resolve().name

    def runs(self) -> list[run_module.Run]:
        """All runs whose settings can be read."""
        started = [one.run for one in self.unfinished if one.run is not None]
        return [one.record.run for one in self.finished] + started

    def summary(self) -> str:
        """How many runs, when, and how long they took."""
        text = drawing.counted(len(self.finished), "finished run")
        if self.unfinished:
            text += f", {len(self.unfinished)} without a result"
        if self.finished:
            times = sorted(one.when for one in self.finished)
            days = dict.fromkeys(f"{time:%Y-%m-%d %H:%M}" for time in (times[0], times[-1]))
            seconds = sum(one.record.seconds for one in self.finished)
            text += f"; finished {' to '.join(days)} UTC, {_duration(seconds)} of training in all"
        return text + "."

    def common(self) -> Table:
        """Settings that all runs share."""
        values = self._values()
        rows = [(name, shown[0]) for name, shown in values.items() if len(shown) == 1]
        return _side_by_side(("setting", "value"), rows)

    def varied(self) -> Table:
        """Settings in which runs differ, with all their values."""
        values = self._values()
        rows = [(name, ", ".join(shown)) for name, shown in values.items() if len(shown) > 1]
        return Table(("setting", "values"), tuple(rows))

    def _values(self) -> dict[str, list[str]]:
        """The different values of each setting, as text in their own order."""
        names = [field.name for field in dataclasses.fields(run_module.Run)]
        runs = self.runs()
        return {name: _different(getattr(run, name) for run in runs) for name in names if runs}

    def results(self) -> Table:
        """A row a finished run: how good, when, why it ended, and what it took."""
        varied = [row[0] for row in self.varied().rows]
        names = [name for name in _NAMED if name in ("cell", "length", "seed", *varied)]
        head = (
            *names,
            "accuracy",
            "at update",
            "ended by",
            "updates",
            "seconds",
            "peak MiB",
            "fingerprint",
        )
        ordered = sorted(self.finished, key=lambda one: _place(one.record.run))
        rows = tuple((*_settings(one, names), *_result(one)) for one in ordered)
        numbers = {"length", "seed", "accuracy", "at update", "updates", "seconds", "peak MiB"}
        return Table(head, rows, frozenset(numbers))

    def failures(self) -> Table:
        """A row a run without a result: how far it is, or what is damaged."""
        return Table(("run", "why"), tuple((one.name, one.why) for one in self.unfinished))

    def versions(self) -> Table:
        """What the finished runs were trained with, and how many of them."""
        counts = collections.Counter(tuple(one.versions.items()) for one in self.finished)
        names = list(dict.fromkeys(name for versions in counts for name, _ in versions))
        rows = [
            (*(dict(versions).get(name, "-") for name in names), str(count))
            for versions, count in counts.items()
        ]
        return Table((*names, "runs"), tuple(rows), frozenset({"runs"}))

    def pictures(self) -> list[Picture]:
        """Draw the figures of the finished runs, task by task.

        ModuleNotFoundError if matplotlib is missing.
        """
        drawing.require_matplotlib()
        drawn = []
        for task in tasks.TASKS:
            group = [one for one in self.finished if one.record.run.task == task]
            drawn += self._pictures_of(task, group) if group else []
        return drawn

    def _pictures_of(self, task: str, group: Sequence[Finished]) -> list[Picture]:
        """The figures read directories and write beside what they read: they get copies."""
        with tempfile.TemporaryDirectory(prefix="handrnn-") as name:
            copies = pathlib.Path(name)
            for one in group:
                copy = copies / one.record.run.name
                copy.mkdir()
                for file in (files.CONFIG, files.METRICS, files.DONE, files.WEIGHTS):
                    if (self.directory / copy.name / file).exists():
                        shutil.copyfile(self.directory / copy.name / file, copy / file)
            records = [one.record for one in group]
            return [
                self._picture(f"{task}: {what}", draw, copies) for what, draw in _drawings(records)
            ]

    def _picture(
        self, caption: str, draw: Callable[[pathlib.Path], pathlib.Path], copies: pathlib.Path
    ) -> Picture:
        try:
            png = draw(copies)
        except (ValueError, KeyError, TypeError) as error:  # such as numbers that are none
            return Picture(caption, why_not=str(error).replace(str(copies), self.name))
        return Picture(caption, png.with_suffix(".svg").read_bytes(), png.read_bytes())


def _drawings(
    records: Sequence[files.Record],
) -> list[tuple[str, Callable[[pathlib.Path], pathlib.Path]]]:
    """Which figures some runs are drawn in, each with its caption."""
    runs = [record.run for record in records]
    lengths = sorted({run.length for run in runs})
    drawings: list[tuple[str, Callable]] = [
        ("accuracy against length", figures.accuracy_vs_length),
    ]
    try:
        drawing.check_lines(drawing.labels(records))
    except ValueError:
        return [*drawings, ("seeds that solve each combination", figures_ablation.ablation)]
    if _is_climbed(runs):
        drawings.append(("the longest length solved", figures_reach.reach))
    for length in lengths:
        learning = functools.partial(figures_learning.learning, length=length)
        drawings.append((f"learning curves at T = {length}", learning))
    labels = {run.label for run in runs}
    if len(lengths) == len(labels) == 1 and drawing.FAITHFUL not in labels:
        drawings.append(("gradients at the hidden states", gradients.figure))
    return drawings


def _is_climbed(runs: Iterable[run_module.Run]) -> bool:
    """Whether some recipe of a cell was tried at several odd or several even lengths."""
    ways: dict[tuple[str, str, int], set[int]] = {}
    for run in runs:
        ways.setdefault((run.label, run.cell, run.length % 2), set()).add(run.length)
    return any(len(lengths) > 1 for lengths in ways.values())


def _side_by_side(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    """A long table of few columns, folded so that it fits a page."""
    height = -(-len(rows) // _FOLDS)
    padding = [("",) * len(head)] * (_FOLDS * height - len(rows))
    filled = [*rows, *padding]
    folds = [filled[start : start + height] for start in range(0, len(filled), height or 1)]
    lines = tuple(tuple(itertools.chain(*line)) for line in zip(*folds, strict=True))
    return Table(head * _FOLDS, lines)


def _different(values: Iterable[Any]) -> list[str]:
    distinct = set(values)
    numbers = [value for value in distinct if isinstance(value, int | float)]
    others = [value for value in distinct if not isinstance(value, int | float)]
    return [_shown(value) for value in (*sorted(numbers), *sorted(others, key=str))]


def _shown(value: Any) -> str:
    return "none" if value is None else f"{value:,}" if type(value) is int else str(value)


def _place(run: run_module.Run) -> tuple:
    return (
        list(tasks.TASKS).index(run.task),
        run.label,
        drawing.CELLS.index(run.cell),
        run.length,
        run.seed,
    )


def _settings(one: Finished, names: Iterable[str]) -> list[str]:
    return [str(getattr(one.record.run, name)) for name in names]


def _result(one: Finished) -> tuple[str, ...]:
    result = one.record.result
    return (
        f"{result.accuracy:.4f}",
        f"{result.accuracy_step:,}",
        result.stopped,
        f"{result.steps:,}",
        f"{one.record.seconds:,.1f}",
        "-" if one.peak_memory is None else f"{one.peak_memory:,.0f}",
        result.fingerprint[:_FINGERPRINT],
    )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return drawing.counted(round(seconds), "second")
    if seconds < 3600:
        return drawing.counted(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def _escape(text: str) -> str:
    return html_module.escape(text)


def read(directory: str | os.PathLike) -> Contents:
    """Read all runs of a sweep's directory, finished or not.

    Raises
    ------
    ValueError
        If there is no such directory, or no run in it.
    """
    directory = pathlib.Path(directory)
    if not directory.is_dir():
        raise ValueError(f"{directory} is not a directory")
    traces = (files.CONFIG, files.DONE, files.METRICS, files.CHECKPOINT)
    paths = [
        path
        for path in sorted(directory.iterdir())
        if any((path / file).exists() for file in traces)
    ]
    if not paths:
        raise ValueError(f"{directory} holds no run: there is nothing to report")
    runs = [_read(path) for path in paths]
    finished = tuple(one for one in runs if isinstance(one, Finished))
    return Contents(directory, finished, tuple(one for one in runs if isinstance(one, Unfinished)))


def _read(path: pathlib.Path) -> Finished | Unfinished:
    """Read one run; what is wrong with it is reported, and never raised."""
    try:
        config = json.loads((path / files.CONFIG).read_text())
        if config.keys() != settings.FIELDS.keys():
            why = f"{files.CONFIG} was not written by this version"
            return Unfinished(path.name, None, why)
        run = run_module.Run(**config)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return Unfinished(path.name, None, f"{files.CONFIG} cannot be read: {_line(error)}")
    if run.name != path.name:
        return Unfinished(path.name, None, f"the directory holds {run.name}, and is not called so")
    if not (path / files.DONE).exists():
        return Unfinished(path.name, run, _how_far(run, path))
    record = files.read(path)
    if record is None or not _is_sound(record):
        return Unfinished(path.name, run, f"{files.DONE} is damaged")
    if not files.has_its_metrics(path, record):
        return Unfinished(path.name, run, f"{files.METRICS} is damaged")
    done = json.loads((path / files.DONE).read_text())
    versions, memory = done.get("versions"), done.get("peak_memory_mib")
    when = (path / files.DONE).stat().st_mtime
    return Finished(
        record,
        memory if isinstance(memory, int | float) else None,
        {str(k): str(v) for k, v in versions.items()} if isinstance(versions, dict) else {},
        datetime.datetime.fromtimestamp(when, datetime.UTC),
    )


def _line(error: Exception) -> str:
    """What an error says, in one line and without a path."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return " ".join(str(error).split())


def _how_far(run: run_module.Run, path: pathlib.Path) -> str:
    failure = files.read_failure(path)
    if failure is not None:
        return f"failed: {failure}"
    last = files.read_last_check(path)
    if last is None:
        return "no check has been made yet"
    step, screened = last.get("step"), last.get("screened")
    return f"not finished: at update {step} of {run.steps}, with accuracy {screened}"


def _is_sound(record: files.Record) -> bool:
    """Whether the numbers of a result are numbers."""
    result = record.result
    numbers = (result.accuracy, result.accuracy_step, result.steps, record.seconds)
    texts = (result.stopped, result.fingerprint)
    return all(isinstance(number, int | float) for number in numbers) and all(
        isinstance(text, str) for text in texts
    )


def html(directory: str | os.PathLike, path: str | os.PathLike | None = None) -> pathlib.Path:
    """Write the report as one HTML file, its figures in it.

    Parameters
    ----------
    directory : path
        Of a sweep.
    path : path, optional
        What to write, by default ``report.html`` in the directory.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        As `read`; or if there is no directory to write into.
    OSError
        If the file cannot be written.
    ModuleNotFoundError
        If matplotlib is missing.
    """
    contents = read(directory)
    path = _target(directory, path, ".html")
    template = string.Template(_TEMPLATE.read_text(encoding="utf-8"))
    page = template.substitute(title=_escape(contents.name), body=_body(contents))
    writing.write(path, page.encode())
    return path


def _target(
    directory: str | os.PathLike, path: str | os.PathLike | None, suffix: str
) -> pathlib.Path:
    target = pathlib.Path(directory, NAME + suffix) if path is None else pathlib.Path(path)
    if not target.parent.is_dir():
        raise ValueError(f"{target.parent} is not a directory")
    return target


def _body(contents: Contents) -> str:
    parts = [
        f"<h1>{_escape(contents.name)}</h1>",
        f'<p class="summary">{_escape(contents.summary())}</p>',
        "<h2>Settings</h2>",
        *_section("<p>In what the runs differ:</p>", contents.varied()),
        *_section("<p>What they share:</p>", contents.common()),
        *_heading("Figures", [picture.html() for picture in contents.pictures()]),
        *_section("<h2>Runs</h2>", contents.results()),
        *_section("<h2>Without a result</h2>", contents.failures()),
        *_section("<h2>Versions</h2>", contents.versions()),
        f'<p class="summary">Written by handrnn {_escape(__version__)} from the files of the runs, '
        "which hold every check and setting.</p>",
    ]
    return "\n".join(parts)


def _section(heading: str, table: Table) -> list[str]:
    return [heading, table._repr_html_()] if table.rows else []


def _heading(title: str, parts: list[str]) -> list[str]:
    return [f"<h2>{title}</h2>", *parts] if parts else []


def notebook(directory: str | os.PathLike, path: str | os.PathLike | None = None) -> pathlib.Path:
    """Write the report as a notebook, executed, with its outputs in it.

    As `html`, by default ``report.ipynb`` in the directory; also ValueError if the notebook stops,
    and ModuleNotFoundError if nbformat, nbclient or ipykernel is missing.
    """
    _require_notebook()
    drawing.require_matplotlib()
    import nbformat

    contents = read(directory)
    path = _target(directory, path, ".ipynb")
    made = _cells(contents, os.path.relpath(directory, path.parent))
    _execute(made, path.parent)
    nbformat.validate(made)
    writing.write(path, (nbformat.writes(made) + "\n").encode())
    return path


def _require_notebook() -> None:
    try:
        import ipykernel  # noqa: F401
        import nbclient  # noqa: F401
        import nbformat  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "notebooks need nbclient: pip install 'handrnn[report]'"
        ) from None


def _cells(contents: Contents, directory: str) -> Any:
    """The notebook, not executed yet, that finds the sweep in this directory."""
    import nbformat

    v4: Any = nbformat.v4
    texts = [
        ("markdown", f"# {_escape(contents.name)}"),
        (
            "code",
            "from handrnn.lab import report\n\n"
            f"sweep = report.read({directory!r})\n"
            "print(sweep.summary())",
        ),
        ("markdown", "## Settings\nIn what the runs differ:"),
        ("code", "sweep.varied()"),
        ("markdown", "What they share:"),
        ("code", "sweep.common()"),
        ("markdown", "## Figures"),
        ("code", "for picture in sweep.pictures():\n    display(picture)"),
        ("markdown", "## Runs"),
        ("code", "sweep.results()"),
        ("markdown", "## Without a result"),
        ("code", "sweep.failures()"),
        ("markdown", "## Versions"),
        ("code", "sweep.versions()"),
    ]
    new = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    cells = [new[kind](text, id=f"cell-{place}") for place, (kind, text) in enumerate(texts)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _execute(made: Any, where: pathlib.Path) -> None:
    """Put the outputs into a notebook, computed by this package in a kernel of this Python."""
    import nbclient
    import nbclient.exceptions
    import traitlets.config

    found = os.pathsep.join(filter(None, (str(_PACKAGE), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory(prefix="handrnn-") as own:
        connection = {"connection_file": os.fspath(pathlib.Path(own, "kernel.json"))}
        if os.name == "posix":
            connection["transport"] = "ipc"  # sockets that nobody else can read
        client = nbclient.NotebookClient(
            made,
            config=traitlets.config.Config({"KernelManager": connection}),
            timeout=_TIMEOUT,
            resources={"metadata": {"path": os.fspath(where)}},
            record_timing=False,
            extra_arguments=["--HistoryManager.enabled=False"],
        )
        environment = {**os.environ, "PYTHONPATH": found, "IPYTHONDIR": own}
        try:
            client.execute(env=environment)
        except nbclient.exceptions.CellExecutionError as error:
            raise ValueError(f"the notebook stopped: {error.ename}: {error.evalue}") from None


def csv(directory: str | os.PathLike, path: str | os.PathLike | None = None) -> pathlib.Path:
    """Write the finished runs as a CSV file: one row per run, the columns of `files.table`.

    Parameters
    ----------
    directory : path
        Of a sweep.
    path : path, optional
        What to write, by default ``report.csv`` in the directory.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If no run in the directory is finished, or there is no directory to write into.
    OSError
        If the file cannot be written.
    """
    columns = files.table(directory)
    if not columns["name"]:
        raise ValueError(f"{os.fspath(directory)} holds no finished run: there is nothing to write")
    path = _target(directory, path, ".csv")
    rows = zip(*columns.values(), strict=True)
    writing.write(path, b"".join(map(files.csv_line, (columns, *rows))))
    return path


def add_command(commands: Any) -> None:
    """Add ``report`` to the subcommands of an argparse parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "report", help="write a page about a sweep's directory, by default in HTML"
    )
    parser.add_argument(
        "directory", type=pathlib.Path, metavar="DIR", help="of a sweep, such as results/tasks"
    )
    for kind, suffix in (("html", ".html"), ("notebook", ".ipynb"), ("csv", ".csv")):
        usual = f"DIR/{NAME}{suffix}"
        parser.add_argument(
            f"--{kind}",
            type=pathlib.Path,
            nargs="?",
            const=False,
            metavar="FILE",
            help=f"without a FILE: {usual}",
        )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write what was asked for, by default the HTML, and print where it is."""
    named = {name: getattr(options, name) for name in ("html", "notebook", "csv")}
    for (one, path), (other, another) in itertools.combinations(named.items(), 2):
        if path and another and _same(path, another):
            raise ValueError(f"--{one} and --{other} cannot both write {path}")
    nothing = all(path is None for path in named.values())
    if options.html is not None or nothing:
        print(html(options.directory, options.html or None))
    if options.notebook is not None:
        print(notebook(options.directory, options.notebook or None))
    if options.csv is not None:
        print(csv(options.directory, options.csv or None))
    return 0


def _same(one: pathlib.Path, other: pathlib.Path) -> bool:
    """Whether two names, links resolved, are those of one file."""
    return os.path.realpath(one) == os.path.realpath(other)
