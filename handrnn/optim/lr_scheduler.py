"""Learning rates that change during training, under torch's names.

A scheduler changes ``optimizer.lr``: `StepLR` and `CosineAnnealingLR` at each `step`,
`ReduceLROnPlateau` when the quantity that it is given at each step no longer improves.
"""

import math
from typing import Any, Literal, Protocol

from .. import border


class Optimizer(Protocol):
    """What a scheduler needs: a learning rate that can be set."""

    lr: float


class LRScheduler:
    """What all schedulers share. Use `StepLR`, `CosineAnnealingLR` or `ReduceLROnPlateau`.

    Attributes
    ----------
    optimizer : Optimizer
    last_epoch : int
        Steps done.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not hasattr(optimizer, "lr"):
            raise TypeError(f"optimizer is a {type(optimizer).__name__}: one of optim is needed")
        self.optimizer = optimizer
        self.last_epoch = 0

    def get_last_lr(self) -> list[float]:
        """The learning rate, in a list as torch gives it, an entry a group of parameters."""
        return [self.optimizer.lr]

    def state_dict(self) -> dict[str, Any]:
        """All numbers that `load_state_dict` takes; the learning rate is the optimizer's."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a scheduler of the same kind was.

        Raises
        ------
        ValueError
            If the names are those of another kind; nothing is changed then.
        """
        own = self.state_dict()
        if state_dict.keys() != own.keys():
            raise ValueError(f"state_dict has {sorted(state_dict)}: {sorted(own)} is needed")
        vars(self).update(state_dict)


class StepLR(LRScheduler):
    """Multiply the learning rate by `gamma` at every `step_size`-th step.

    Raises
    ------
    ValueError
        If `step_size` is below 1.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        self.step_size = border.whole("step_size", step_size, 1)
        self.gamma = float(gamma)

    def step(self) -> None:
        """Call it after the optimizer's own step, once an epoch."""
        self.last_epoch += 1
        if self.last_epoch % self.step_size == 0:
            self.optimizer.lr *= self.gamma


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the learning rate there is down to `eta_min`, in `T_max` steps.

    After them it rises again as it fell. Source: Loshchilov and Hutter, "SGDR: stochastic gradient
    descent with warm restarts" (2017).

    Raises
    ------
    ValueError
        If `T_max` is below 1.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        super().__init__(optimizer)
        self.T_max = border.whole("T_max", T_max, 1)
        self.eta_min = float(eta_min)
        self.base_lr = float(optimizer.lr)

    def step(self) -> None:
        """Call it after the optimizer's own step, once an epoch."""
        self.last_epoch += 1
        share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        self.optimizer.lr = self.eta_min + (self.base_lr - self.eta_min) * share


class ReduceLROnPlateau(LRScheduler):
    """Multiply the learning rate by `factor` when a quantity has not improved for a while.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}
        Which way is better.
    factor : float below 1
    patience : int
        Steps without an improvement that are let pass; the next one lowers the learning rate.
    threshold : float
        What counts as an improvement: by this share of the best, or by this much.
    threshold_mode : {"rel", "abs"}
    cooldown : int
        Steps after a change in which none counts as bad.
    min_lr : float
        Never below this.
    eps : float
        A smaller change is not made.

    Raises
    ------
    ValueError
        If `factor` is 1 or more, or a mode is not one of these.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(optimizer)
        if not factor < 1:
            raise ValueError(f"factor is {factor}: below 1 is needed")
        if mode not in ("min", "max"):
            raise ValueError(f"mode is {mode!r}: 'min' or 'max' is needed")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode is {threshold_mode!r}: 'rel' or 'abs' is needed")
        self.mode, self.factor, self.patience = mode, float(factor), patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.min_lr, self.eps = cooldown, float(min_lr), eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0

    def step(self, metrics: float) -> None:
        """Take in the quantity, such as a held-out loss, once an epoch."""
        self.last_epoch += 1
        if self._is_better(float(metrics)):
            self.best = float(metrics)
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * value < sign * self.best * (1 - sign * self.threshold)
        return sign * value < sign * self.best - self.threshold

    def _reduce(self) -> None:
        lr = max(self.optimizer.lr * self.factor, self.min_lr)
        if self.optimizer.lr - lr > self.eps:
            self.optimizer.lr = lr
