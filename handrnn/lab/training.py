"""Train one run, and score it on sequences it never saw.

Held-out accuracy is measured in two stages: every ``check_every`` updates on ``screen`` fresh
sequences, and on ``confirm`` other fresh ones when the screening is a new best (or good enough to
stop). Only confirmed accuracies are reported, because the best of many small screenings is luck
as much as skill.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .. import losses, optim
from . import model, tasks, threads
from . import run as run_module

OPTIMIZERS = {"RMSprop": optim.RMSprop, "Adam": optim.Adam}

SOLVED = 0.999
FLAT = 0.99
CLEARLY_BELOW_CHANCE = 0.05
READY = 0.95
GROWTH = 2


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
        Mean training loss since the last check.
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
    stopped : {"solved", "flat", "cap"}
        Why training ended: 99.9 % confirmed twice running; the averaged loss fell by less than
        1 % over ``patience`` updates and lies clearly below ln(classes); the cap on updates.
    steps : int
        Updates done.
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


def train(run: run_module.Run, report: Callable[[Check], None] | None = None) -> Result:
    """Train and score one run.

    Parameters
    ----------
    run : Run
        All parameters.
    report : callable, optional
        Called with each `Check` as soon as it is made.

    Returns
    -------
    Result
        The highest held-out accuracy, and why training ended.

    Raises
    ------
    FloatingPointError
        If the training loss is no longer finite.

    Notes
    -----
    The four streams of random numbers (weights, training, screening, confirming) are spawned from
    ``SeedSequence((seed, length))``, so no run depends on any other.
    """
    with threads.one_thread_here():
        return _train(run, report)


def _train(run: run_module.Run, report: Callable[[Check], None] | None) -> Result:
    streams = np.random.SeedSequence((run.seed, run.length)).spawn(4)
    weights, training, screening, confirming = map(np.random.default_rng, streams)
    task = tasks.TASKS[run.task](coding=run.coding, dtype=np.dtype(run.dtype))
    network = model.Model(run, task, weights)
    optimizer = OPTIMIZERS[run.optimizer](*network.modules, lr=run.rate)
    curriculum = Curriculum(run)
    history: list[float] = []  # training losses at the present length
    checks: list[Check] = []

    for step in range(1, run.steps + 1):
        if curriculum.is_learnt():
            curriculum.grow()
            history.clear()
        x, target = task.sample(training, run.batch, curriculum.length)
        loss, accuracy = update(network, optimizer, x, target, run.clip)
        if not math.isfinite(loss):
            raise FloatingPointError(f"the training loss is {loss} at update {step}")
        history.append(loss)
        curriculum.record(accuracy)
        if step % run.check_every != 0 and step != run.steps:
            continue

        screened = network.accuracy(task, screening, run.screen, run.length)
        confirmed = None
        if screened >= SOLVED or all(screened > check.screened for check in checks):
            confirmed = network.accuracy(task, confirming, run.confirm, run.length)
        mean_loss = float(np.mean(history[-run.check_every :]))
        checks.append(Check(step, curriculum.length, mean_loss, screened, confirmed))
        if report is not None:
            report(checks[-1])
        if is_solved(checks):
            return _result("solved", checks, network)
        if curriculum.is_over() and is_flat(history, run.patience, task.classes):
            return _result("flat", checks, network)
    return _result("cap", checks, network)


def update(
    network: model.Model,
    optimizer: optim.Optimizer,
    x: npt.NDArray[np.floating],
    target: npt.NDArray[np.int64],
    clip: float,
) -> tuple[float, float]:
    """Do one update; return the loss and the accuracy on the batch before it."""
    logits = network.logits(x)
    loss, dlogits = losses.cross_entropy(logits, target)
    optimizer.zero_grad()
    network.backward(dlogits)
    optim.clip_grad_norm(*network.modules, max_norm=clip)
    optimizer.step()
    return float(loss), float(np.mean(logits.argmax(axis=1) == target))


def _result(stopped: str, checks: list[Check], network: model.Model) -> Result:
    confirmed = {check.step: check.confirmed for check in checks if check.confirmed is not None}
    best_step = max(confirmed, key=lambda step: confirmed[step])
    return Result(
        accuracy=confirmed[best_step],
        accuracy_step=best_step,
        stopped=stopped,
        steps=checks[-1].step,
        confirmations=len(confirmed),
        fingerprint=network.fingerprint(),
    )


class Curriculum:
    """The length trained on: it doubles when learnt, until it is the run's length.

    Learnt means that the running training accuracy, an average that forgets a tenth at each
    update, has passed 95 %.

    Attributes
    ----------
    length : int
        Length to train on at present.
    """

    def __init__(self, run: run_module.Run) -> None:
        self.goal = run.length
        self.length = run.length if run.curriculum is None else min(run.curriculum, run.length)
        self.running_accuracy = 0.0

    def record(self, accuracy: float) -> None:
        """Take in the training accuracy of one update."""
        self.running_accuracy += 0.1 * (accuracy - self.running_accuracy)

    def is_learnt(self) -> bool:
        """Whether the present length is learnt and a longer one is to come."""
        return not self.is_over() and self.running_accuracy > READY

    def is_over(self) -> bool:
        """Whether the run's own length is reached."""
        return self.length == self.goal

    def grow(self) -> None:
        """Go on to the next length."""
        self.length = min(GROWTH * self.length, self.goal)
        self.running_accuracy = 0.0


def is_solved(checks: list[Check]) -> bool:
    """Whether 99.9 % was confirmed at the last two checks."""
    last_two = [check.confirmed or 0.0 for check in checks[-2:]]
    return len(last_two) == 2 and min(last_two) >= SOLVED


def is_flat(history: list[float], patience: int, classes: int) -> bool:
    """Whether the loss has come down and falls no longer.

    The mean over the last `patience` losses is compared with the mean over those before. A loss
    that still lies at ``ln(classes)`` is waiting, not flat: such plateaus last for hundreds of
    updates before they break.
    """
    if len(history) < 2 * patience:
        return False
    recent = np.mean(history[-patience:])
    before = np.mean(history[-2 * patience : -patience])
    return bool(recent < math.log(classes) - CLEARLY_BELOW_CHANCE and recent > FLAT * before)
