"""Train one run, and score it on sequences it never saw.

Held-out accuracy is measured in two stages: every ``check_every`` updates on ``screen`` fresh
sequences, and on ``confirm`` other fresh ones when the screening is a new best (or good enough to
stop). Only confirmed accuracies are reported, because the best of many small screenings is luck
as much as skill.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import model, tasks, threads, torch_model
from . import run as run_module

FLAT = 0.99
CLEARLY_BELOW_BASELINE = 1 - 0.05 / math.log(10)
EVALUATION_BATCH = 500
STREAMS: tuple[str, ...] = ("weights", "training", "screening", "confirming")


Learner = model.Model | torch_model.Model


@dataclasses.dataclass(frozen=True)
class Check:
    """One held-out check during training.

    Attributes
    ----------
    step : int
        Updates done.
    trained_length : int
        Length trained on at this step; shorter than the run's during a curriculum.
    loss : float
        Mean training loss since the last check; infinite or nan at the one where the run diverged.
    screened : float
        Accuracy on ``screen`` fresh sequences of the run's length.
    confirmed : float or None
        Accuracy on ``confirm`` other fresh sequences, where it was measured.
    """

    step: int
    trained_length: int
    loss: float
    screened: float
    confirmed: float | None


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of a run.

    Attributes
    ----------
    accuracy : float
        Highest confirmed held-out accuracy.
    accuracy_step : int
        The update after which it was measured.
    stopped : {"solved", "diverged", "flat", "cap"}
        Why training ended: the run's ``solved`` confirmed twice running; the training loss was no
        longer finite; the averaged loss fell by less than 1 % over ``patience`` updates and lies
        clearly below what can be had without memory; the cap on updates.
    steps : int
        Updates done, the one that diverged included.
    confirmations : int
        Over how many confirmations ``accuracy`` is the maximum.
    fingerprint : str
        SHA-256 of the final parameters: equal for runs that agree to the last bit.
    """

    accuracy: float
    accuracy_step: int
    stopped: str
    steps: int
    confirmations: int
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class State:
    """A run after one of its checks: all that is needed to go on to the same bits.

    Attributes
    ----------
    numbers : dict
        JSON-able: ``run``, ``step``, ``generators`` (states of the streams of random numbers),
        ``curriculum`` and ``checks`` (those made so far, as dicts).
    arrays : dict of str to ndarray
        Parameters, the optimizer's state, and ``history``, the latest training losses at the
        present length.
    """

    numbers: dict[str, Any]
    arrays: model.Arrays


def train(
    run: run_module.Run,
    report: Callable[[Check], None] | None = None,
    *,
    resume: State | None = None,
    keep: Callable[[State], None] | None = None,
) -> Result:
    """Train and score one run.

    Parameters
    ----------
    run : Run
        All parameters.
    report : callable, optional
        Called with each `Check` as soon as it is made; after a `resume` with the new ones only.
    resume : State, optional
        Go on from here, to the same bits as without an interruption.
    keep : callable, optional
        Called after each check with the `State` to resume from.

    Returns
    -------
    Result
        The highest held-out accuracy, and why training ended.

    Raises
    ------
    ValueError
        If `resume` is the state of another run.
    ModuleNotFoundError, RuntimeError
        If the run's engine or device is missing, or what holds BLAS to one thread.

    Notes
    -----
    The four streams of random numbers (weights, training, screening, confirming) are spawned from
    ``SeedSequence((seed, length))``, so no run depends on any other.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(threads.one_thread_here())
        if run.engine == "torch":
            stack.enter_context(torch_model.one_thread_here())
        trainer = Trainer(run)
        if resume is not None:
            trainer.restore(resume)
        # The loss shows what overflows.
        stack.enter_context(np.errstate(over="ignore", invalid="ignore"))
        while (stopped := trainer.why_to_stop()) is None:
            check = trainer.go_on_to_next_check()
            if report is not None:
                report(check)
            if keep is not None:
                keep(trainer.state())
        return trainer.result(stopped)


def learner(run: run_module.Run, task: tasks.Task, rng: np.random.Generator) -> Learner:
    """Return the network of a run in the run's engine, with the weights that it starts from."""
    kind = torch_model.Model if run.engine == "torch" else model.Model
    return kind(run, task, rng)


class Trainer:
    """A run in progress."""

    def __init__(self, run: run_module.Run) -> None:
        self.run = run
        self.task = tasks.TASKS[run.task](coding=run.coding, dtype=np.dtype(run.dtype))
        streams = np.random.SeedSequence((run.seed, run.length)).spawn(len(STREAMS))
        self.generators: dict[str, np.random.Generator] = dict(
            zip(STREAMS, map(np.random.default_rng, streams), strict=True)
        )
        self.learner = learner(run, self.task, self.generators["weights"])
        self.curriculum = Curriculum(run)
        self.step = 0
        # Training losses at the present length, as many of the latest as are ever read.
        self.history: list[float] = []
        self.remembered = max(2 * run.patience, run.check_every)
        self.checks: list[Check] = []

    def go_on_to_next_check(self) -> Check:
        """Train until the next check is due, and make it."""
        while True:
            self._update()
            is_due = self.step % self.run.check_every == 0 or self.step == self.run.steps
            if is_due or not math.isfinite(self.history[-1]):
                return self._check()

    def _update(self) -> None:
        if self.curriculum.is_learnt():
            self.curriculum.grow()
            self.history.clear()
        self.step += 1
        x, target = self.task.sample(
            self.generators["training"], self.run.batch, self.curriculum.length
        )
        loss, accuracy = self.learner.update(x, target)
        self.history.append(loss)
        del self.history[: -self.remembered]
        self.curriculum.record(accuracy)

    def _check(self) -> Check:
        screened = self._score("screening", self.run.screen)
        confirmed = None
        if screened >= self.run.solved or all(screened > c.screened for c in self.checks):
            confirmed = self._score("confirming", self.run.confirm)
        mean_loss = float(np.mean(self.history[-self.run.check_every :]))
        check = Check(self.step, self.curriculum.length, mean_loss, screened, confirmed)
        self.checks.append(check)
        return check

    def _score(self, stream: str, count: int) -> float:
        return accuracy(self.learner, self.task, self.generators[stream], count, self.run.length)

    def why_to_stop(self) -> str | None:
        """Say why training ends after the latest check; None if it goes on."""
        if not self.checks:
            return None
        if not math.isfinite(self.checks[-1].loss):
            return "diverged"
        if is_solved(self.checks, self.run.solved):
            return "solved"
        baseline = self.task.baseline(self.run.length)
        if self.curriculum.is_over() and is_flat(self.history, self.run.patience, baseline):
            return "flat"
        return "cap" if self.step == self.run.steps else None

    def result(self, stopped: str) -> Result:
        """Sum up the checks."""
        confirmed = {c.step: c.confirmed for c in self.checks if c.confirmed is not None}
        best_step = max(confirmed, key=lambda step: confirmed[step])
        return Result(
            accuracy=confirmed[best_step],
            accuracy_step=best_step,
            stopped=stopped,
            steps=self.step,
            confirmations=len(confirmed),
            fingerprint=self.learner.fingerprint(),
        )

    def state(self) -> State:
        """Return all that `restore` needs; copies throughout."""
        numbers = {
            "run": dataclasses.asdict(self.run),
            "step": self.step,
            "generators": {name: g.bit_generator.state for name, g in self.generators.items()},
            "curriculum": self.curriculum.state(),
            "checks": [dataclasses.asdict(check) for check in self.checks],
        }
        return State(numbers, {**self.learner.arrays(), "history": np.array(self.history)})

    def restore(self, state: State) -> None:
        """Take the place where the state was taken; ValueError if it is another run's."""
        numbers = state.numbers
        other = run_module.Run(**numbers["run"])
        different = [
            f"{name} = {there!r}, not {mine!r}"
            for name, (there, mine) in run_module.differences(other, self.run).items()
        ]
        if different:
            raise ValueError(f"this is the state of a run with {'; '.join(different)}")
        self.step = numbers["step"]
        for name, generator in self.generators.items():
            generator.bit_generator.state = numbers["generators"][name]
        self.curriculum.restore(numbers["curriculum"])
        self.checks = [Check(**check) for check in numbers["checks"]]
        arrays = dict(state.arrays)
        self.history = arrays.pop("history").tolist()
        self.learner.load(arrays)


def accuracy(
    learner: Learner, task: tasks.Task, rng: np.random.Generator, count: int, length: int
) -> float:
    """Share of right answers on `count` fresh sequences."""
    right = answers = 0
    for start in range(0, count, EVALUATION_BATCH):
        x, target = task.sample(rng, min(EVALUATION_BATCH, count - start), length)
        judged = task.right(learner.outputs(x), target)
        right += int(np.count_nonzero(judged))
        answers += judged.size
    return right / answers


class Curriculum:
    """The length trained on: it grows when learnt, until it is the run's length.

    Learnt means that the running training accuracy, an average that forgets a tenth at each
    update, has passed the run's ``ready``. All lengths are odd or even as the run's own is: what
    a network makes of the shortcut in even palindromes is of no use at odd ones.

    Attributes
    ----------
    length : int
        Length to train on at present.
    """

    def __init__(self, run: run_module.Run) -> None:
        self.goal = run.length
        self.growth = run.growth
        self.ready = run.ready
        self.length = run.length if run.curriculum is None else self._like_goal(run.curriculum)
        self.running_accuracy = 0.0

    def _like_goal(self, length: int) -> int:
        """Make a length as odd or even as the goal, and no longer than that."""
        return min(length + (self.goal - length) % 2, self.goal)

    def record(self, accuracy: float) -> None:
        """Take in the training accuracy of one update."""
        self.running_accuracy += 0.1 * (accuracy - self.running_accuracy)

    def is_learnt(self) -> bool:
        """Whether the present length is learnt and a longer one is to come."""
        return not self.is_over() and self.running_accuracy > self.ready

    def is_over(self) -> bool:
        """Whether the run's own length is reached."""
        return self.length == self.goal

    def grow(self) -> None:
        """Go on to the next length."""
        self.length = self._like_goal(max(self.length + 1, math.floor(self.growth * self.length)))
        self.running_accuracy = 0.0

    def state(self) -> dict[str, Any]:
        """Return what `restore` takes."""
        return {"length": self.length, "running_accuracy": self.running_accuracy}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.length, self.running_accuracy = state["length"], state["running_accuracy"]


def is_solved(checks: Sequence[Check], solved: float) -> bool:
    """Whether this accuracy was confirmed at the last two checks."""
    last_two = [check.confirmed or 0.0 for check in checks[-2:]]
    return len(last_two) == 2 and min(last_two) >= solved


def is_flat(history: Sequence[float], patience: int, baseline: float) -> bool:
    """Whether the loss has come down and falls no longer.

    The mean over the last `patience` losses is compared with the mean over those before. A loss
    that still lies at the `baseline`, the best that can be had without memory, is waiting, not
    flat: such plateaus last for hundreds of updates before they break.
    """
    if len(history) < 2 * patience:
        return False
    recent = np.mean(history[-patience:])
    before = np.mean(history[-2 * patience : -patience])
    return bool(recent < CLEARLY_BELOW_BASELINE * baseline and recent > FLAT * before)
