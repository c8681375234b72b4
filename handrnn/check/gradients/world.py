"""What a call reads and changes, copied before every call: a loss as a function of parameters.

The roots of a world are the arguments, the object whose method is called, and the globals, closures
and default arguments of the functions. Every array in it has a path from there. A call may do what
it likes to its world (update weights, keep states, clip in place): the next one starts from the
same values.
"""

import contextlib
import copy
import random
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Path = tuple[Any, ...]
DEEPEST = 6
MOST_LEAVES = 5000
PLAIN = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)


class World:
    """The state around some functions.

    Parameters
    ----------
    functions : what is called; what they read decides what is kept
    inputs : the arguments, by name or position
    call : is given the world with fresh copies, and calls the functions
    steps : number of time steps: the length of the axes that are cut; None: nothing is cut
    """

    def __init__(
        self,
        functions: Sequence[Callable],
        inputs: dict[Any, Any],
        call: Callable[["World"], Any],
        steps: int | None = None,
    ) -> None:
        self.call = call
        self.steps = steps
        reached = _reached(functions)
        selves = {k: owner_of(f) for k, f in enumerate(functions)}
        self.functions = reached
        self.owners = [function.__globals__ for function in reached]
        self.cells = [cell for function in reached for cell in function.__closure__ or ()]
        cells = {}
        for k, cell in enumerate(self.cells):
            try:
                cells[k] = cell.cell_contents
            except ValueError:  # not yet given a value
                continue
        self.pristine: dict[str, dict[Any, Any]] = {
            "inputs": inputs,
            "self": {k: one for k, one in selves.items() if not isinstance(one, PLAIN)},
            "globals": _globals(reached),
            "defaults": {k: list(f.__defaults__) for k, f in enumerate(reached) if f.__defaults__},
            "closure": {k: one for k, one in cells.items() if not isinstance(one, PLAIN)},
        }
        self.now = self.pristine
        self.extra: Any = None  # what a call has found besides what it returns
        self.cut_to: int | None = None
        self.known: dict[Path, list[Path]] = {}

    def method(self, function: Callable, k: int) -> Callable:
        """The k-th function, of the fresh copy of its object."""
        if k not in self.now["self"]:
            return function
        return getattr(self.now["self"][k], getattr(function, "__name__", "__call__"))

    def run(self, values: Mapping[Path, np.ndarray], steps: int | None = None) -> Any:
        """What the call returns with these values of parameters, cut to so many time steps."""
        self.now = _copied(self.pristine)
        for path, value in values.items():
            self._put(path, value)
        self.cut_to = steps if self.steps else None
        if self.cut_to and self.steps:
            given = self.now["inputs"]
            self.now["inputs"] = {k: cut(v, self.steps, self.cut_to) for k, v in given.items()}
        self._hand_over(self.now)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 -- what is called may draw from the global stream
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return self.call(self)

    def _hand_over(self, values: Mapping[str, Mapping[Any, Any]]) -> None:
        """Give globals and closures their values."""
        for owner in self.owners:
            owner.update((k, v) for k, v in values["globals"].items() if k in owner)
        for k, value in values["closure"].items():
            self.cells[k].cell_contents = value
        for k, given in values["defaults"].items():
            self.functions[k].__defaults__ = tuple(given)

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Globals, closures and random numbers are afterwards what they were."""
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            yield
        finally:
            self._hand_over(self.pristine)
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002

    def after(self) -> dict[str, Any]:
        """The world as the last call left it, with what it gave to globals."""
        names = {name: owner[name] for owner in self.owners for name in self.now["globals"]
                 if name in owner}  # fmt: skip
        return {**self.now, "globals": names}

    def _put(self, path: Path, value: np.ndarray) -> None:
        array = at(self.now, path)
        if array.dtype == value.dtype:
            array[...] = value  # views of it follow
            return
        for other in self._aliases(path):
            holder, key = at(self.now, other[:-1]), other[-1]
            if isinstance(holder, dict | list):
                holder[key] = value
            elif not isinstance(holder, tuple):
                setattr(holder, key, value)

    def at(self, path: Path) -> Any:
        """What a path leads to, before the call."""
        return at(self.pristine, path)

    def _aliases(self, path: Path) -> list[Path]:
        """All paths to an array."""
        if path not in self.known:
            array = at(self.pristine, path)
            self.known[path] = [p for p, leaf in leaves(self.pristine) if leaf is array]
        return self.known[path]

    def arrays(self) -> dict[Path, np.ndarray]:
        """Every array of floating-point numbers before the call, by its first path."""
        found: dict[int, tuple[Path, np.ndarray]] = {}
        for path, leaf in leaves(self.pristine):
            if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" and leaf.ndim:
                found.setdefault(id(leaf), (path, leaf))
        return dict(found.values())


def _reached(functions: Sequence[Callable]) -> list[types.FunctionType]:
    """Python's functions among these, and those of the same modules that they may call."""
    seen: dict[int, Any] = {}
    waiting: list[Any] = [*functions, *(type(owner_of(one)) for one in functions)]
    while waiting:
        one = waiting.pop()
        one = getattr(one, "__func__", one)
        if id(one) in seen or str(getattr(one, "__module__", "")).startswith(("numpy", "scipy")):
            continue
        seen[id(one)] = one
        if isinstance(one, type):
            members = [member for base in one.__mro__[:-1] for member in vars(base).values()]
        elif isinstance(one, types.FunctionType):
            members = [one.__globals__.get(name) for name in _names(one.__code__)]
            members += [cell.cell_contents for cell in one.__closure__ or () if _is_full(cell)]
            members += [type(m) for m in members if hasattr(m, "__dict__")]
        else:
            continue
        kinds = (types.FunctionType, types.MethodType, type, staticmethod, classmethod)
        waiting += [member for member in members if isinstance(member, kinds)]
    return [one for one in seen.values() if isinstance(one, types.FunctionType)]


def owner_of(function: Any) -> Any:
    """The object whose method it is; of an object that can be called the object."""
    return getattr(function, "__self__", function)


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _names(code: types.CodeType) -> set[str]:
    inner = (_names(part) for part in code.co_consts if isinstance(part, types.CodeType))
    return {*code.co_names}.union(*inner)


def _globals(functions: Sequence[types.FunctionType]) -> dict[str, Any]:
    """The data among the globals that functions look up."""
    found = {}
    for function in functions:
        for name in sorted(_names(function.__code__)):
            value = function.__globals__.get(name)
            if value is not None and not isinstance(value, (*PLAIN, np.ufunc)):
                found[name] = value
    return found


def _copied(world: dict[str, dict[Any, Any]]) -> dict[str, dict[Any, Any]]:
    """Copies that share what the originals share; what cannot be copied stays."""
    memo: dict[int, Any] = {}
    copies: dict[str, dict[Any, Any]] = {}
    for root, entries in world.items():
        copies[root] = {}
        for key, value in entries.items():
            try:
                copies[root][key] = copy.deepcopy(value, memo)
            except Exception:  # a module, a lock, a generator
                copies[root][key] = value
    return copies


def leaves(value: Any, path: Path = (), within: tuple[int, ...] = ()) -> Iterator[tuple[Path, Any]]:
    """What is in dicts, lists, tuples and objects, with the path to it."""
    entries: Any = None
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list | tuple):
        entries = list(enumerate(value))
    elif hasattr(value, "__dict__") and not isinstance(value, (*PLAIN, np.ndarray)):
        entries = list(vars(value).items())
    if entries is None:
        yield path, value
    elif len(path) < DEEPEST and id(value) not in within and len(entries) <= MOST_LEAVES:
        for key, entry in entries:
            yield from leaves(entry, (*path, key), (*within, id(value)))


def at(value: Any, path: Path) -> Any:
    """What a path leads to."""
    for key in path:
        value = value[key] if isinstance(value, dict | list | tuple) else getattr(value, key)
    return value


def cut(value: Any, whole: int, steps: int) -> Any:
    """The first steps of a list, or of the first axis of that length."""
    if isinstance(value, list | tuple):
        if len(value) == whole:
            return value[:steps]
        return type(value)(cut(entry, whole, steps) for entry in value)
    if isinstance(value, np.ndarray) and whole in value.shape:
        axis = value.shape.index(whole)
        return value[(slice(None),) * axis + (slice(steps),)]
    return value
