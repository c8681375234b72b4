"""`handrnn.check.gradient`: the gradients of a function of the running program."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..report import data as report
from ..run import runner
from . import measure, pairs, reports, world

SECONDS = 60.0


def gradient(
    f: Callable,
    parameters: Mapping[str, np.ndarray] | Sequence[str],
    gradients: Any = None,
    *,
    inputs: Sequence[Any] | Mapping[str, Any] = (),
    loss: Callable | None = None,
    cotangent: Any = None,
    steps: int | None = None,
    rate: float | None = None,
    seconds: float = SECONDS,
    hint: str = report.HINTS[-1],
) -> report.FileReport:
    """Judge whether gradients by hand are the derivative of the author's own loss.

    No reference is needed: the loss is differentiated numerically, by a complex step where the code
    lets complex numbers through, else by extrapolated differences with an estimate of their error.
    `f` runs in a forked copy of this process, each time with the same values.

    Parameters
    ----------
    f : function or bound method
        ``f(*inputs)`` returns a loss, or outputs (see `cotangent`), and with it or beside it
        computes gradients.
    parameters : dict of arrays, or sequence of names
        The parameters: the very arrays that `f` works with, as arguments, attributes of its object,
        globals or in a closure; an array that is none of these is given to `f` by its name. Or
        names of attributes of its object or of its globals.
    gradients : optional
        None: looked for in what `f` returns, in attributes, globals and arrays filled in place, by
        name, shape and order, and last in how the weights change. A dict of arrays by the names of
        the parameters; a sequence of arrays in their order; a function without arguments that is
        called after `f` and returns one of these; or the rule by which `f` changes the weights:
        "sgd", "momentum", "adagrad", "rmsprop" or "adam", from a state that is all zero.
    inputs : sequence or dict
        Arguments of `f`, by position or by name.
    loss : function, optional
        Called with the same arguments: the loss, where `f` does not return it.
    cotangent : array, optional
        The loss is the sum of this times the first thing that `f` returns.
    steps : int, optional
        Number of time steps: what has an axis of this length is cut to see from which step on a
        gradient is wrong. None: the length of the first list among the inputs.
    rate : float, optional
        The learning rate, where a gradient is only seen in how the weights change. None: looked for
        by its name.
    seconds : float
        Limit of the whole.
    hint : {"fix", "mistake", "sentence", "place", "verdict"}
        How much the report gives away; "fix" shows no more than "mistake" here.

    Returns
    -------
    FileReport
        With one function. PASS; FAIL, with each wrong parameter and the time step; or
        ILL-CONDITIONED, where the derivative is not known well enough to decide.

    Raises
    ------
    TypeError
        If `f` cannot be called, or `parameters` is neither a dict of floating-point arrays nor
        names.
    ValueError
        If `f` does not read a parameter, if gradients are given for other names, if the loss is not
        a finite number, if no loss or gradient is found, or if there is no such hint.

    Examples
    --------
    >>> import numpy as np
    >>> from handrnn import check
    >>> def f(w, x):
    ...     return np.sum((w @ x) ** 2), 2 * (w @ x)[:, None] * x
    >>> report = check.gradient(f, {"w": np.eye(2)}, inputs={"x": np.array([1.0, 2.0])})
    >>> report.passed
    True
    """
    runner.check_seconds(seconds)
    report.check_hint(hint)
    if not callable(f):
        raise TypeError(f"{f!r} cannot be called: a function is needed")
    given: dict[Any, Any] = dict(inputs) if isinstance(inputs, Mapping) else dict(enumerate(inputs))
    functions = [one for one in (f, loss, gradients) if callable(one)]
    names = _keywords(f, parameters, given, functions)
    around = world.World(functions, {**given, **names}, _caller(f, loss, gradients), None)
    paths = _paths(around, parameters)
    around.steps = steps or next((len(v) for v in given.values() if isinstance(v, list)), None)
    spec = measure.Spec(
        {path: name for name, path in paths.items()},
        _loss_in(loss, cotangent),
        _asked(gradients, paths),
        ("returned",) if loss is not None else _returned(f),
        rate,
    )
    called = getattr(f, "__name__", type(f).__name__)
    outcome = runner.run_live(
        {"gradient": _Judge(around, spec)},  # pyright: ignore[reportArgumentType]
        [runner.Step("gradient", "gradient")],
        seconds=seconds,
    )["gradient"]
    base = report.FunctionReport(
        called, report.FAIL, output=outcome.stdout, seconds=outcome.seconds
    )
    if outcome.error is not None and outcome.error.type == "UnfitError":
        raise ValueError(f"{called}: {outcome.error.message}")
    if outcome.returned:
        judged = reports.judged([outcome.value], base)
    else:
        judged = reports.stopped(outcome, base)
    return report.FileReport(called, {called: judged}).hinted(hint)


class _Judge:
    """What runs in the copy of this process."""

    def __init__(self, around: world.World, spec: measure.Spec) -> None:
        self.around, self.spec = around, spec

    def __call__(self) -> dict[str, Any]:
        pristine = self.around.pristine
        values = {p: np.array(world.at(pristine, p), float) for p in self.spec.parameters}
        with self.around.restored():
            return asdict(measure.judge(self.around, self.spec, values))


def _keywords(f: Any, parameters: Any, given: dict[Any, Any], functions: list) -> dict[str, Any]:
    """The parameters that f takes by name and that are not among its inputs."""
    if not isinstance(parameters, Mapping):
        return {}
    try:
        taken = inspect.signature(f).parameters
    except (TypeError, ValueError):
        return {}
    order = list(taken)
    filled = {order[k] for k in given if isinstance(k, int) and k < len(order)} | {*given}
    return {name: a for name, a in parameters.items() if name in taken and name not in filled}


def _paths(around: world.World, parameters: Any) -> dict[str, world.Path]:
    """Where the parameters are."""
    known = around.arrays()
    found = {}
    if isinstance(parameters, Mapping):
        places = {id(world.at(around.pristine, path)): path for path in known}
        for name, array in parameters.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
                raise TypeError(f"parameter {name} must be an array of floating-point numbers")
            if id(array) not in places:
                raise ValueError(
                    f"f does not read the array {name}: it is not an argument of this name, nor"
                    " found in its arguments, its object, its globals or its closure"
                )
            found[str(name)] = places[id(array)]
        return found
    if isinstance(parameters, str) or not all(isinstance(name, str) for name in parameters):
        raise TypeError("parameters must be a dict of arrays by name, or a sequence of names")
    for name in parameters:
        fitting = [path for path in known if path[-1] == name and path[0] != "inputs"]
        if not fitting:
            raise ValueError(f"f has no array {name}: neither its object nor its globals do")
        found[name] = min(fitting, key=lambda path: (path[0] != "self", len(path)))
    return found


def _caller(f: Callable, loss: Callable | None, gradients: Any) -> Callable[[world.World], Any]:
    """Calls f, and what gives its loss and its gradients, in a world."""

    def call(around: world.World) -> Any:
        given = around.now["inputs"]
        positional = [given[k] for k in sorted(k for k in given if isinstance(k, int))]
        named = {k: v for k, v in given.items() if isinstance(k, str)}
        k = 1 + (loss is not None)
        value = None if loss is None else around.method(loss, 1)(*positional, **named)
        returned = around.method(f, 0)(*positional, **named)
        beside = around.method(gradients, k)() if callable(gradients) else None
        around.extra = (value, beside)
        return returned

    return call


def _loss_in(loss: Callable | None, cotangent: Any) -> Callable[[Any, world.World], complex]:
    def found(returned: Any, around: world.World) -> complex:
        if loss is not None:
            return measure.loss_in(around.extra[0], around)
        if cotangent is not None:
            outputs = next(a for _, a in world.leaves(returned) if isinstance(a, np.ndarray))
            weights = np.asarray(cotangent)
            if around.cut_to:
                weights = world.cut(weights, around.steps or 0, around.cut_to)
            return complex(np.sum(outputs * weights))
        return measure.loss_in(returned, around)

    return found


def _asked(gradients: Any, paths: Mapping[str, world.Path]) -> Any:
    """What is asked for as gradients, by path."""
    if gradients is None:
        return None
    if isinstance(gradients, str):
        if gradients not in pairs.RULES:
            raise ValueError(
                f"gradients is {gradients!r}: a rule is one of {', '.join(pairs.RULES)}"
            )
        return gradients
    if callable(gradients):
        return lambda returned, around: _by_path(around.extra[1], paths)
    return _by_path(gradients, paths)


def _by_path(gradients: Any, paths: Mapping[str, world.Path]) -> dict[world.Path, Any]:
    if not isinstance(gradients, Mapping):
        gradients = dict(zip(paths, gradients, strict=True))
    unknown = [name for name in gradients if name not in paths]
    if unknown:
        raise ValueError(
            f"gradients has {unknown[0]}, which is not a parameter: {', '.join(paths)}"
        )
    return {paths[name]: array for name, array in gradients.items()}


def _returned(f: Callable) -> Any:
    """The names in the return statement of a function, if its source is there."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    except (OSError, TypeError, SyntaxError):
        return ()
    return names_returned(tree)


def names_returned(tree: ast.AST) -> Any:
    """What the last ``return`` of a function calls what it returns: a name, or a tuple of these."""
    function = next((n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)), None)
    if function is None:
        return ()
    assigned = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Tuple | ast.List)
    }
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    return _names(returns[-1], assigned) if returns else ()


def _names(node: ast.expr, assigned: Mapping[str, ast.expr], deep: int = 3) -> Any:
    if isinstance(node, ast.Name) and node.id in assigned and deep:
        return _names(assigned[node.id], assigned, deep - 1)
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_names(entry, assigned, deep) for entry in node.elts)
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
