"""Optimizers: pure update rules, and above them classes that apply a rule to modules.

A rule (`sgd`, `rmsprop`, `adam`, `adamw`) maps (weights, gradient, state) to (new weights, new
state). Weights are an array or a plain float; the state is a dict, None or empty at first, that
goes back into the rule with the next gradient. A rule modifies nothing that it is given, and the
dtype follows the weights. Names, defaults and formulas are torch's.

The classes (`SGD`, `RMSprop`, `Adam`, `AdamW`) hold modules: anything with ``params`` and
``grads``, mappings from the same names to live arrays, and ``zero_grad()``, such as those of
`handrnn.nn`. Gradients of such modules are clipped by `clip_grad_norm` and `clip_grad_value`.
`lr_scheduler` changes learning rates during training.
"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .. import border
from . import lr_scheduler as lr_scheduler

State = dict[str, Any]


class Module(Protocol):
    """What an optimizer needs of a network."""

    @property
    def params(self) -> Mapping[str, npt.NDArray[Any]]:
        """Weights by name: live arrays."""
        ...

    @property
    def grads(self) -> Mapping[str, npt.NDArray[Any]]:
        """Gradients under the same names: live arrays."""
        ...

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        ...


@border.quiet
def sgd(
    weights: Any,
    gradient: Any,
    state: Mapping[str, Any] | None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> tuple[Any, State]:
    """Gradient descent: weights - lr gradient, with momentum w - lr buffer.

    The buffer is the first gradient, then momentum buffer + (1 - dampening) gradient. Source of the
    formulas: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum
    in deep learning" (2013), as torch.optim.SGD writes them.

    Parameters
    ----------
    weights : ndarray or float
    gradient : ndarray or float, of the shape of `weights`
    state : mapping or None
        ``momentum_buffer``, if there is momentum.
    lr : float
        Learning rate.
    momentum, dampening : float
    weight_decay : float
        Times the weights, it is added to the gradient.
    nesterov : bool
        Look ahead: walk along gradient + momentum buffer.
    maximize : bool
        Climb instead of descending.

    Returns
    -------
    weights : ndarray or float
    state : dict

    Raises
    ------
    ValueError
        If gradient and weights differ in shape.
    TypeError
        If the weights are an array of integers.
    """
    gradient = _to_descend(weights, gradient, weight_decay, maximize)
    lr, momentum, dampening = _floats(lr=lr, momentum=momentum, dampening=dampening)
    if momentum == 0:
        return weights - lr * gradient, {}
    state = _state(state)
    if state:
        buffer = momentum * state["momentum_buffer"]
        buffer += (1 - dampening) * gradient
    else:
        buffer = 1.0 * gradient  # a copy: the gradient belongs to the caller
    direction = gradient + momentum * buffer if nesterov else buffer
    return weights - lr * direction, {"momentum_buffer": buffer}


@border.quiet
def rmsprop(
    weights: Any,
    gradient: Any,
    state: Mapping[str, Any] | None,
    *,
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
    maximize: bool = False,
) -> tuple[Any, State]:
    """Gradient descent with each element's gradient divided by its recent root mean square.

    square_avg = alpha square_avg + (1 - alpha) gradient^2, from zero; weights - lr gradient /
    (sqrt(square_avg) + eps). Source: Hinton, "Neural networks for machine learning", lecture 6
    (2012); centered: Graves, "Generating sequences with recurrent neural networks" (2013).

    Parameters
    ----------
    weights : ndarray or float
    gradient : ndarray or float, of the shape of `weights`
    state : mapping or None
        ``square_avg``, and as the options say ``grad_avg``, ``momentum_buffer``.
    lr : float
        Learning rate.
    alpha : float
        How much of the average is kept at each step.
    eps : float
        Added to the root.
    weight_decay : float
        Times the weights, it is added to the gradient.
    momentum : float
    centered : bool
        Divide by the standard deviation instead of the root mean square.
    maximize : bool
        Climb instead of descending.

    Returns
    -------
    weights : ndarray or float
    state : dict

    Raises
    ------
    ValueError
        If gradient and weights differ in shape.
    TypeError
        If the weights are an array of integers.
    """
    gradient = _to_descend(weights, gradient, weight_decay, maximize)
    lr, alpha, eps, momentum = _floats(lr=lr, alpha=alpha, eps=eps, momentum=momentum)
    state = _state(state)
    square_avg = _average(state.get("square_avg"), gradient * gradient, alpha)
    new_state: State = {"square_avg": square_avg}
    variance = square_avg
    if centered:
        grad_avg = _average(state.get("grad_avg"), gradient, alpha)
        new_state["grad_avg"] = grad_avg
        # Rounding can take the variance of equal gradients below zero, where there is no root.
        variance = np.maximum(square_avg - grad_avg * grad_avg, 0)
    divisor: Any = np.sqrt(variance)
    divisor += eps
    direction = gradient / divisor
    if momentum > 0:
        if "momentum_buffer" in state:
            direction += momentum * state["momentum_buffer"]
        new_state["momentum_buffer"] = direction
    return weights - lr * direction, new_state


@border.quiet
def adam(
    weights: Any,
    gradient: Any,
    state: Mapping[str, Any] | None,
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    maximize: bool = False,
) -> tuple[Any, State]:
    """Adam: running averages of gradient and squared gradient, corrected for their start at zero.

    Sources: Kingma and Ba, "Adam: a method for stochastic optimization" (2015); amsgrad: Reddi,
    Kale and Kumar, "On the convergence of Adam and beyond" (2018).

    Parameters
    ----------
    weights : ndarray or float
    gradient : ndarray or float, of the shape of `weights`
    state : mapping or None
        ``step``, ``exp_avg``, ``exp_avg_sq``, with `amsgrad` also ``max_exp_avg_sq``.
    lr : float
        Learning rate.
    betas : (float, float)
        How much is kept at each step of the average of the gradient, and of its square.
    eps : float
        Added to the root.
    weight_decay : float
        Times the weights, it is added to the gradient.
    amsgrad : bool
        Divide by the root of the largest average of squares so far.
    maximize : bool
        Climb instead of descending.

    Returns
    -------
    weights : ndarray or float
    state : dict

    Raises
    ------
    ValueError
        If gradient and weights differ in shape.
    TypeError
        If the weights are an array of integers.
    """
    gradient = _to_descend(weights, gradient, weight_decay, maximize)
    (lr, eps), (beta1, beta2) = _floats(lr=lr, eps=eps), _pair(betas)
    state = _state(state)
    step = state.get("step", 0) + 1
    exp_avg = _average(state.get("exp_avg"), gradient, beta1)
    exp_avg_sq = _average(state.get("exp_avg_sq"), gradient * gradient, beta2)
    new_state: State = {"step": step, "exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    if amsgrad:
        exp_avg_sq = np.maximum(exp_avg_sq, state.get("max_exp_avg_sq", 0.0))
        new_state["max_exp_avg_sq"] = exp_avg_sq
    divisor: Any = np.sqrt(exp_avg_sq)
    divisor /= math.sqrt(1 - beta2**step)
    divisor += eps
    change = exp_avg / divisor
    change *= lr / (1 - beta1**step)
    return weights - change, new_state


@border.quiet
def adamw(
    weights: Any,
    gradient: Any,
    state: Mapping[str, Any] | None,
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    amsgrad: bool = False,
    maximize: bool = False,
) -> tuple[Any, State]:
    """`adam`, but the decay shrinks the weights by lr weight_decay and leaves the averages alone.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019). Parameters,
    results and errors are those of `adam`.
    """
    rate, decay = _floats(lr=lr, weight_decay=weight_decay)
    shrunk = _weights(weights) * (1 - rate * decay)
    options: dict[str, Any] = {"betas": betas, "eps": eps, "amsgrad": amsgrad}
    return adam(shrunk, gradient, state, lr=lr, maximize=maximize, **options)


def _to_descend(weights, gradient, weight_decay, maximize) -> Any:
    """The gradient of what is to become small, decay included, in the dtype of the weights.

    Options pass through float(), here and in the rules: a NumPy scalar would turn float32 weights
    into float64.
    """
    weights = _weights(weights)
    given = border.array("gradient", gradient)
    if given.shape != np.shape(weights):
        raise ValueError(
            f"gradient has shape {given.shape} but weights have shape {np.shape(weights)}"
        )
    if hasattr(weights, "dtype"):
        gradient = np.asarray(given, weights.dtype)
    if border.flag("maximize", maximize):
        gradient = -gradient
    (decay,) = _floats(weight_decay=weight_decay)
    if decay != 0:
        gradient = gradient + decay * weights
    return gradient


def _weights(weights: Any) -> Any:
    """Weights as they are, an array or a plain number."""
    if not hasattr(weights, "dtype"):
        return border.number("weights", weights)
    border.array("weights", weights, "f", "float32 or float64 is")
    return weights


def _floats(**numbers: Any) -> tuple[float, ...]:
    return tuple(float(border.number(name, value)) for name, value in numbers.items())


def _pair(betas: Any) -> tuple[float, float]:
    """Both of Adam's betas."""
    needed = f"betas are {betas!r:.60}: two numbers in [0, 1) are needed"
    if not isinstance(betas, Sequence | np.ndarray) or isinstance(betas, str | bytes):
        raise TypeError(needed)
    if len(betas) != 2 or not all(0 <= border.number("betas", beta) < 1 for beta in betas):
        raise ValueError(needed)
    return float(betas[0]), float(betas[1])


def _state(state: Any) -> Mapping[str, Any]:
    return {} if state is None else border.mapping("state", state)


def _average(average, value, keep) -> Any:
    """keep average + (1 - keep) value, where no average yet counts as zero."""
    new = (1 - keep) * value
    if average is not None:
        new += keep * average
    return new


class Optimizer:
    """What all optimizers share. Use `SGD`, `RMSprop`, `Adam` or `AdamW`.

    Attributes
    ----------
    lr : float
        Learning rate; it may be changed between steps.
    options : dict
        All other options of the rule, likewise.
    modules : tuple of modules
    """

    def __init__(self, modules: tuple[Module, ...], lr: float, options: dict[str, Any]) -> None:
        self.modules = _checked(type(self).__name__, modules)
        self.lr = lr
        self.options = options
        self._states: list[dict[str, State]] = [{} for _ in modules]

    def _update(
        self, weights: npt.NDArray[Any], gradient: npt.NDArray[Any], state: State | None
    ) -> tuple[Any, State]:
        raise NotImplementedError

    def step(self) -> None:
        """Update all weights of all modules in place, once.

        Gradients that no backward has touched are zeros and are used like any others: decay and
        momentum act on such weights too. Frozen parameters are left alone.
        """
        for module, states in zip(self.modules, self._states, strict=True):
            grads, frozen = module.grads, _frozen(module)
            for name, weights in module.params.items():
                if name in frozen:
                    continue
                new, states[name] = self._update(weights, grads[name], states.get(name))
                weights[...] = new

    def zero_grad(self) -> None:
        """Set all gradients of all modules to zero."""
        for module in self.modules:
            module.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """Everything that a later `load_state_dict` needs to continue; copies throughout.

        Returns
        -------
        dict
            ``lr``: float; ``options``: dict; ``state``: dict of the rule's states by position of
            the module ("0", "1", ...) and name of the parameter. Those that are empty are left
            out, so it is empty before the first step.
        """
        states = {
            str(i): {name: _copy(state) for name, state in states.items() if state}
            for i, states in enumerate(self._states)
        }
        return {
            "lr": self.lr,
            "options": dict(self.options),
            "state": {i: states for i, states in states.items() if states},
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue where the `state_dict` of an optimizer of this kind was taken.

        Arrays are copied, in the dtype of the weights they belong to.

        Raises
        ------
        ValueError
            If names or shapes do not fit, all listed at once; nothing is loaded then.
        """
        missing = {"lr", "options", "state"} - border.mapping("state_dict", state_dict).keys()
        if missing:
            raise ValueError(f"state_dict lacks {', '.join(sorted(missing))}")
        options = border.mapping("state_dict['options']", state_dict["options"])
        border.mapping("state_dict['state']", state_dict["state"])
        loaded = copy.copy(self)
        loaded.options = {name: options.get(name, mine) for name, mine in self.options.items()}
        problems = [
            *_differences("option", self.options, options),
            *loaded._problems(state_dict["state"]),
        ]
        if problems:
            kind = type(self).__name__
            raise ValueError(f"state_dict does not fit this {kind}: {'; '.join(problems)}")
        self.lr = float(state_dict["lr"])
        self.options = dict(options)
        for i, module in enumerate(self.modules):
            given = state_dict["state"].get(str(i), {})
            self._states[i] = {
                name: _copy(state, module.params[name].dtype) for name, state in given.items()
            }

    def _problems(self, given: Mapping[str, Mapping[str, State]]) -> Iterator[str]:
        """What does not fit in the "state" of a state_dict."""
        if not given:
            return
        flat = {f"{i}.{name}": state for i in given for name, state in given[i].items()}
        params = {
            f"{i}.{name}": weights
            for i, module in enumerate(self.modules)
            for name, weights in module.params.items()
            if name not in _frozen(module) or f"{i}.{name}" in flat
        }
        yield from _differences("parameter", params, flat)
        for name in sorted(params.keys() & flat.keys()):
            weights = params[name]
            _, parts = self._update(weights, np.zeros_like(weights), None)
            yield from _differences(f"state of {name}:", parts, flat[name])
            for part, value in flat[name].items():
                if part != "step" and np.shape(value) != weights.shape:
                    yield f"{part} of {name} is {np.shape(value)} instead of {weights.shape}"

    def __repr__(self) -> str:
        arguments = {"lr": self.lr, **self.options}
        inside = ", ".join(f"{name}={value}" for name, value in arguments.items())
        return f"{type(self).__name__}({inside})"


class SGD(Optimizer):
    """`sgd` on the weights of modules.

    Parameters
    ----------
    *modules
        Objects with ``params``, ``grads`` and ``zero_grad()``.
    lr, momentum, dampening, weight_decay, nesterov, maximize
        As in `sgd`.

    Raises
    ------
    TypeError
        If an argument is not a module.
    ValueError
        If there is no module, a module is given twice, or a number is out of range.
    """

    def __init__(
        self,
        *modules: Module,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        _not_negative(lr=lr, momentum=momentum, weight_decay=weight_decay)
        border.number("dampening", dampening)
        border.flag("nesterov", nesterov)
        border.flag("maximize", maximize)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "nesterov needs a momentum above zero and no dampening"
                f" (momentum is {momentum}, dampening is {dampening})"
            )
        options = {
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(modules, lr, options)

    def _update(self, weights, gradient, state):
        return sgd(weights, gradient, state, lr=self.lr, **self.options)


class RMSprop(Optimizer):
    """`rmsprop` on the weights of modules.

    Parameters
    ----------
    *modules
        Objects with ``params``, ``grads`` and ``zero_grad()``.
    lr, alpha, eps, weight_decay, momentum, centered, maximize
        As in `rmsprop`.

    Raises
    ------
    TypeError
        If an argument is not a module.
    ValueError
        If there is no module, a module is given twice, or a number is out of range.
    """

    def __init__(
        self,
        *modules: Module,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        _not_negative(lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum)
        border.flag("centered", centered)
        border.flag("maximize", maximize)
        options = {
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(modules, lr, options)

    def _update(self, weights, gradient, state):
        return rmsprop(weights, gradient, state, lr=self.lr, **self.options)


class Adam(Optimizer):
    """`adam` on the weights of modules.

    Parameters
    ----------
    *modules
        Objects with ``params``, ``grads`` and ``zero_grad()``.
    lr, betas, eps, weight_decay, amsgrad, maximize
        As in `adam`.

    Raises
    ------
    TypeError
        If an argument is not a module.
    ValueError
        If there is no module, a module is given twice, or a number is out of range.
    """

    def __init__(
        self,
        *modules: Module,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        _not_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        border.flag("amsgrad", amsgrad)
        border.flag("maximize", maximize)
        options = {
            "betas": _pair(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(modules, lr, options)

    def _update(self, weights, gradient, state):
        return adam(weights, gradient, state, lr=self.lr, **self.options)


class AdamW(Adam):
    """`adamw` on the weights of modules: parameters and errors of `Adam`, another default decay."""

    def __init__(
        self,
        *modules: Module,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            *modules,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def _update(self, weights, gradient, state):
        return adamw(weights, gradient, state, lr=self.lr, **self.options)


@border.quiet
def clip_grad_norm(
    *modules: Module,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale the gradients of all modules so that their norm together is at most `max_norm`.

    The factor is max_norm / (norm + 1e-6), or 1 where that is larger. As in torch, norms are
    computed in the dtype of the gradients: float32 gradients around 1e20 have an infinite norm and
    become zero. Infinite or undefined elements become nan, a nan makes everything nan.

    Parameters
    ----------
    *modules
        Objects with ``params``, ``grads`` and ``zero_grad()``. Gradients are changed in place.
    max_norm : float
    norm_type : float
        The p of the p-norm; `math.inf` for the largest absolute value.
    error_if_nonfinite : bool
        Raise instead of scaling by an infinite or undefined norm.

    Returns
    -------
    float
        The norm of all gradients as they were.

    Raises
    ------
    TypeError
        If an argument is not a module.
    ValueError
        If there is no module, a module is given twice, or `max_norm` is negative.
    FloatingPointError
        If the norm is not finite and `error_if_nonfinite` is set.
    """
    _not_negative(max_norm=max_norm)
    norm_type = float(border.number("norm_type", norm_type))
    border.flag("error_if_nonfinite", error_if_nonfinite)
    grads = _all_grads("clip_grad_norm", modules)
    norms = [np.linalg.norm(grad.ravel(), norm_type) for grad in grads]
    total = float(np.linalg.norm(np.array(norms), norm_type))
    if error_if_nonfinite and not math.isfinite(total):
        raise FloatingPointError(
            f"the norm of the gradients is {total}: they were left as they are"
        )
    factor = float(max_norm) / (total + 1e-6)
    if not factor >= 1:  # nan goes through
        for grad in grads:
            grad *= factor
    return total


def clip_grad_value(*modules: Module, clip_value: float) -> None:
    """Clip each element of the gradients of all modules to [-clip_value, clip_value], in place.

    Raises
    ------
    TypeError
        If an argument is not a module.
    ValueError
        If there is no module, a module is given twice, or `clip_value` is negative.
    """
    _not_negative(clip_value=clip_value)
    for grad in _all_grads("clip_grad_value", modules):
        np.clip(grad, -float(clip_value), float(clip_value), out=grad)


def _frozen(module: Module) -> frozenset[str]:
    """The names of a module's parameters that are not trained, where it knows such a thing."""
    return getattr(module, "frozen", frozenset())


def _all_grads(caller, modules):
    return [grad for module in _checked(caller, modules) for grad in module.grads.values()]


def _checked(caller, modules):
    """The modules; or an error, if there is none, one is given twice or one is not a module."""
    if not modules:
        raise ValueError(f"{caller} was given no modules, such as an nn.LSTM")
    for position, module in enumerate(modules, start=1):
        if not all(hasattr(module, name) for name in ("params", "grads", "zero_grad")):
            raise TypeError(
                f"argument {position} of {caller} is a {type(module).__name__}: modules, which have"
                " params, grads and zero_grad, are given one by one; options by their names"
            )
        if any(module is other for other in modules[: position - 1]):
            raise ValueError(f"argument {position} of {caller} is a module that was given before")
    return modules


def _not_negative(**numbers):
    for name, number in numbers.items():
        border.number(name, number, 0)


def _differences(kind, expected, given):
    yield from (f"{kind} {name} is missing" for name in expected if name not in given)
    yield from (f"{kind} {name} is unknown" for name in given if name not in expected)


def _copy(state, dtype=None):
    return {
        part: int(value) if part == "step" else np.array(value, dtype)
        for part, value in state.items()
    }
