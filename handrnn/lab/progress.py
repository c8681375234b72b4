"""Progress of a sweep on a terminal: one bar for all of it, and one for each run alive."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator

from . import run as run_module


class Bars:
    """Quiet progress: takes every report and shows nothing."""

    def advance(self, run: run_module.Run, check: dict[str, str] | None) -> None:
        """Take in the latest check of a run, a row of its metrics; None before the first."""

    def end(self, run: run_module.Run) -> None:
        """Take in that a run has ended."""


class _TerminalBars(Bars):
    def __init__(
        self, tqdm: type, runs: list, done: set[str], cost: Callable[[run_module.Run], float]
    ) -> None:
        self.tqdm = tqdm
        self.cost = cost
        self.spent = {run.name: 0.0 for run in runs}
        self.alive = {}
        self.ended = len(done)
        waiting = [run for run in runs if run.name not in done]
        self.overall = tqdm(
            total=sum(map(cost, waiting)),
            bar_format="{l_bar}{bar}| {elapsed} gone, {remaining} left{postfix}",
            desc="all runs",
            smoothing=0,
        )
        self._count()

    def advance(self, run: run_module.Run, check: dict[str, str] | None) -> None:
        if check is None:
            return
        if run.name not in self.alive:
            self.alive[run.name] = self.tqdm(
                total=run.steps,
                bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} updates{postfix}",
                desc=run.name,
                leave=False,
            )
        bar = self.alive[run.name]
        step = int(check["step"])
        bar.set_postfix_str(f"loss {float(check['loss']):.3f}, accuracy {check['screened']}")
        bar.update(step - bar.n)
        bar.refresh()
        self._spend(run, self.cost(run) * step / run.steps)

    def end(self, run: run_module.Run) -> None:
        if run.name in self.alive:
            self.alive.pop(run.name).close()
        self.ended += 1
        self._count()
        self._spend(run, self.cost(run))

    def _count(self) -> None:
        self.overall.set_postfix_str(f"({self.ended} of {len(self.spent)} runs)")

    def _spend(self, run: run_module.Run, spent: float) -> None:
        self.overall.update(spent - self.spent[run.name])
        self.spent[run.name] = spent

    def close(self) -> None:
        for bar in (*self.alive.values(), self.overall):
            bar.close()


@contextlib.contextmanager
def bars(
    runs: Iterable[run_module.Run],
    done: set[str],
    cost: Callable[[run_module.Run], float],
    show: bool,
) -> Iterator[Bars]:
    """Lend the bars of a sweep; quiet ones if not `show`, or if stderr is no terminal.

    Parameters
    ----------
    runs : iterable of Run
        All runs of the sweep.
    done : set of str
        Names of those that are done already.
    cost : callable
        Expected time of a run, in any unit.
    show : bool
        Whether to show anything at all.
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
    terminal = _TerminalBars(tqdm, list(runs), done, cost)
    try:
        yield terminal
    finally:
        terminal.close()
