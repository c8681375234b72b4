"""Progress of a sweep on a terminal: one bar for all of it, and one for each run alive."""

import contextlib
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping

from . import files
from . import run as run_module

# More runs may be alive on a cluster than a terminal has lines.
MOST_BARS = 8
# For so many seconds the speed that was expected counts as much as the one that is seen.
EXPECTED_SECONDS = 10.0


class Bars:
    """Quiet progress: takes every report, shows nothing and reads nothing."""

    def advance(self, run: run_module.Run) -> None:
        """Look how far a run is, by its metrics."""

    def end(self, run: run_module.Run, accuracy: float | None) -> None:
        """Take in that a run has ended, and its accuracy; None if it failed."""

    def tick(self) -> None:
        """Show what time has gone and is left."""


class _TerminalBars(Bars):
    def __init__(
        self,
        tqdm: type,
        runs: list[run_module.Run],
        done: Mapping[str, float],
        directory: pathlib.Path,
        cost: Callable[[run_module.Run], float],
        speed: float,
    ) -> None:
        self.tqdm = tqdm
        self.speed = speed
        self.directory = directory
        self.cost = cost
        self.total = len(runs)
        self.ended = len(done)
        self.alive = set()
        self.own_bars = {}
        self.best = max(done.values(), default=None)
        waiting = [run for run in runs if run.name not in done]
        self.start = {run.name: _step(self._last_check(run)) for run in waiting}
        # What was spent before this sweep tells nothing about the speed of this one.
        self.spent = {run.name: self._spent_at(run, self.start[run.name]) for run in waiting}
        self.overall = tqdm(
            total=sum(map(cost, waiting)),
            initial=sum(self.spent.values()),
            bar_format="{l_bar}{bar}| {elapsed} gone{postfix}",
            desc="all runs",
            smoothing=0,
        )
        self.tick()

    def _last_check(self, run: run_module.Run) -> dict[str, str] | None:
        return files.read_last_check(self.directory / run.name)

    def advance(self, run: run_module.Run) -> None:
        check = self._last_check(run)
        step = _step(check)
        began = run.name in self.alive or step != self.start[run.name]
        if check is None or step is None or not began:  # an earlier sweep's metrics
            return
        self.alive.add(run.name)
        self._see(check.get("confirmed"))
        if run.name not in self.own_bars and len(self.own_bars) < MOST_BARS:
            self.own_bars[run.name] = self.tqdm(
                total=run.steps,
                bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} updates{postfix}",
                desc=run.name,
                leave=False,
            )
        if run.name in self.own_bars:
            bar = self.own_bars[run.name]
            bar.set_postfix_str(
                f"loss {check.get('loss', ''):.5}, accuracy {check.get('screened')}"
            )
            bar.update(step - bar.n)
            bar.refresh()
        self._spend(run, self._spent_at(run, step))

    def end(self, run: run_module.Run, accuracy: float | None) -> None:
        if run.name in self.own_bars:
            self.own_bars.pop(run.name).close()
        self.alive.discard(run.name)
        self.ended += 1
        self._see(accuracy)
        self._spend(run, self.cost(run))

    def _see(self, accuracy: float | str | None) -> None:
        with contextlib.suppress(TypeError, ValueError):  # not measured at this check
            self.best = max(float(accuracy or ""), self.best or 0.0)

    def tick(self) -> None:
        best = "" if self.best is None else f", best {self.best:.4f}"
        counts = f"{self.ended} of {self.total} runs, {len(self.alive)} alive"
        left = self.overall.format_interval(self._seconds_left())
        self.overall.set_postfix_str(f"about {left} left ({counts}{best})")

    def _seconds_left(self) -> float:
        bar = self.overall
        expected = EXPECTED_SECONDS * self.speed
        elapsed = bar.format_dict["elapsed"]
        speed = (bar.n - bar.initial + expected) / (elapsed + EXPECTED_SECONDS)
        return max(0.0, bar.total - bar.n) / speed

    def _spent_at(self, run: run_module.Run, step: int | None) -> float:
        return self.cost(run) * min(1.0, (step or 0) / run.steps)

    def _spend(self, run: run_module.Run, spent: float) -> None:
        self.overall.update(spent - self.spent[run.name])
        self.spent[run.name] = spent
        self.tick()

    def close(self) -> None:
        for bar in (*self.own_bars.values(), self.overall):
            bar.close()


def _step(check: dict[str, str] | None) -> int | None:
    try:
        return None if check is None else int(check["step"])
    except (KeyError, TypeError, ValueError):  # somebody else's file
        return None


@contextlib.contextmanager
def bars(
    runs: Iterable[run_module.Run],
    done: Mapping[str, float],
    directory: pathlib.Path,
    cost: Callable[[run_module.Run], float],
    show: bool,
    speed: float = 1.0,
) -> Iterator[Bars]:
    """Lend the bars of a sweep; quiet ones if not `show`, or if stderr is not a terminal.

    Parameters
    ----------
    runs : iterable of Run
        All runs of the sweep.
    done : mapping of str to float
        Accuracies of those that are done already, by name.
    directory : Path
        Where the directories of the runs are.
    cost : callable
        Expected time of a run, in any unit.
    show : bool
        Whether to show anything at all.
    speed : float
        How much of the cost is expected to be done in a second: the time that is left follows from
        it at first, and then from what is seen.
    """
    if not (show and sys.stderr.isatty()):
        yield Bars()
        return
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        print("progress bars need tqdm: pip install 'handrnn[plots]'", file=sys.stderr)
        yield Bars()
        return
    terminal = _TerminalBars(tqdm, list(runs), done, directory, cost, speed)
    try:
        yield terminal
    finally:
        terminal.close()
