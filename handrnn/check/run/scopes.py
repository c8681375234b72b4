"""The namespaces in which a submission runs: its own names, and what it is given beyond them.

A name that it does not define is looked up in `Outside`, so that it shows which globals a function
reads; the right functions of the course stand there, and take the place of its own where it is
judged alone.
"""

import builtins
import importlib
import importlib.abc
import importlib.util
import itertools
import marshal
import math
import sys
import types
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ... import textbook
from . import codec, containment

MOST_LOOKED_AT = 5000  # values among which shared memory is looked for
STATEMENT_SECONDS = 0.5  # for each statement at the top of the file, and each definition
HELPERS = ("sigmoid", "softmax")
MODULE = "<submission>"  # what its namespace is called: no file can be imported by that name
ALWAYS_THERE = {"np": np, "numpy": np, "math": math}
NOTEBOOK = "_tmp"  # at the end of the names that the notebook of the course gives its arguments
COURSE_MODULE_NAMES = ("util", "rnn", "lstm", "helper")


class Absent:
    """Stands for a module, or a name from one, that is not installed here; using it says so."""

    def __init__(self, name: str, offered: Mapping[str, Any] | None = None) -> None:
        self._name = name
        self._offered = offered or {}

    def _refuse(self) -> Any:
        raise ModuleNotFoundError(f"{self._name} is not installed here, and not beside the file")

    def __getattr__(self, name: str) -> Any:
        return self._offered[name] if name in self._offered else self._refuse()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._refuse()

    def __mro_entries__(self, bases: tuple) -> tuple[type]:
        """A class may name it as a base, and do without what it would inherit."""
        return (type(self._name.rpartition(".")[2], (_AbsentBase,), {"_name": self._name}),)


class _AbsentBase:
    """A base class that is not installed here."""

    _name = ""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        message = f"{type(self).__name__} has no {name!r} here: {self._name} is not installed"
        raise AttributeError(message)


class Outside(dict):
    """The names that a submission does not define: the built-in ones, and what is supplied.

    A name that is looked up here is not defined by the submission, so that lookups show which
    globals a function really reads.
    """

    def __init__(self) -> None:
        super().__init__(vars(builtins))
        self.from_arguments: dict[str, Any] = {}
        self.from_course: dict[str, Any] = {}
        self.read: dict[str, None] = {}
        self.broken: dict[str, BaseException] = {}  # definitions and values that raised
        self.stars: list[str] = []  # imports of everything from what is not there, in words

    def __getitem__(self, name: str) -> Any:
        for meant in (name.removesuffix(NOTEBOOK), name):
            if meant in self.from_arguments:
                self.read[name] = None
                return self.from_arguments[meant]
        if name in self.broken:
            raise self.broken[name]
        if dict.__contains__(self, name):
            return dict.__getitem__(self, name)
        if name in self.from_course:
            return self.from_course[name]
        if name.startswith("__"):
            raise KeyError(name)
        self.read[name] = None
        if self.stars:
            raise NameError(f"{name} is not defined here; {'; '.join(self.stars)}", name=name)
        raise KeyError(name)


class Scope:
    """The namespace of one step, and what is beyond it.

    Parameters
    ----------
    partners : right functions to stand for the submission's; None: there are none
    missing : names that are not supplied, as the program would not have them by itself
    """

    def __init__(self, partners: Any, missing: Container[str] = ()) -> None:
        self.outside = Outside()
        self.partners = partners
        self.module = types.ModuleType(MODULE)
        self.namespace: dict[str, Any] = vars(self.module)
        self.namespace["__builtins__"] = self.outside
        self.data: set[str] = set()  # names that hold constants
        self.stale: dict[str, Any] = {}  # data that lies about in the session of a live function
        helpers = {name: getattr(textbook, name) for name in HELPERS}
        self.offered = helpers if partners is None else partners.offered()
        supplied = ALWAYS_THERE | self.offered
        self.missing = missing
        self.outside.from_course = {n: v for n, v in supplied.items() if n not in missing}

    def execute(self, chunk: dict[str, Any]) -> BaseException | None:
        """Execute one statement of the submission; what it raised, should it raise."""
        try:
            with containment.time_limit(None if chunk["kind"] == "import" else STATEMENT_SECONDS):
                exec(chunk["code"], self.namespace)
        except BaseException as error:  # sys.exit() in a decorator too
            self.fail(chunk, error)
            return error
        for name in chunk["names"]:
            self.outside.broken.pop(name, None)
        self.data.difference_update(chunk["names"])
        if chunk["kind"] in ("constant", "value"):  # m = np.matmul is not a size
            names = chunk["names"]
            self.data.update(n for n in names if not callable(self.namespace.get(n)))
        return None

    def fail(self, chunk: dict[str, Any], error: BaseException) -> None:
        """What a statement was to define is not there; only what needs it says why."""
        if chunk["kind"] == "import":
            self._absent(chunk)
            return
        for name in chunk["names"]:
            self.namespace.pop(name, None)
            self.outside.broken[name] = error

    def _absent(self, chunk: dict[str, Any]) -> None:
        """A module that is missing: what the course has of it is found outside, by its name."""
        module, attribute, name = chunk["module"], chunk["attribute"], chunk["names"][0]
        imports = () if self.partners is None else self.partners.dialect.imports
        helper = any(part in module.lower() for part in (*COURSE_MODULE_NAMES, *imports))
        offered = self.offered if helper else {}
        if attribute == "*":
            file = chunk["code"].co_filename.strip("<>")
            self.outside.stars.append(f"{file} imports * from {module}, which is not installed")
            return
        if attribute is None:
            self.namespace[name] = Absent(module, offered)
        elif attribute in offered:
            self.outside.from_course[name] = offered[attribute]
        elif name not in self.outside.from_course:
            self.namespace[name] = Absent(f"{module}.{attribute}")

    def stand_in(self, target: str) -> None:
        """Put right functions into the place of the submission's own, but for the target."""
        for name in self.partners.called:
            if name != target and name not in self.missing and self._fits(name):
                self.namespace[name] = self.partners.make(name, self.namespace.get(name))

    def _fits(self, name: str) -> bool:
        """Whether a right function can stand for the submission's: a helper may differ."""
        code = getattr(self.namespace.get(name), "__code__", None)
        return name not in HELPERS or code is None or code.co_argcount == 1

    def supply(self, values: dict[str, Any]) -> None:
        """What functions may read as globals; the submission's constants of that name give way.

        So do its matrices, whatever they are called: they have the sizes of one network.
        """
        for name in self.data & set(self.namespace):
            if any(np.ndim(leaf) > 1 for leaf in _leaves(self.namespace[name]) if _is_array(leaf)):
                self.stale[name] = self.namespace[name]
        self.outside.from_arguments = self.stale | values
        for name in self.data & set(self.outside.from_arguments):
            self.namespace.pop(name, None)
        self.outside.read.clear()  # what default arguments and decorators read


class Program:
    """A submission read from a file, as statements."""

    def __init__(self, data: np.ndarray) -> None:
        self.chunks, labels, missing = marshal.loads(data.tobytes())
        self.labels, self.missing = set(labels), frozenset(missing)
        self.too_slow: dict[int, BaseException] = {}  # statements that are not tried again

    def scope(self, partners: Any) -> Scope:
        """A fresh namespace in which the statements have been executed.

        It is that of a module known to Python: data classes look their module up.
        """
        scope = Scope(partners, self.missing)
        sys.modules[MODULE] = scope.module
        for number, chunk in enumerate(self.chunks):
            if number in self.too_slow:
                scope.fail(chunk, self.too_slow[number])
                continue
            error = scope.execute(chunk)
            if isinstance(error, TimeoutError):
                self.too_slow[number] = error
        return scope


class Live:
    """Functions that exist already: they and the functions that they call are made anew, each time
    with a namespace of their own.
    """

    def __init__(self, functions: dict[str, Callable]) -> None:
        self.functions = functions
        codes = (getattr(function, "__code__", None) for function in functions.values())
        self.labels = {code.co_filename for code in codes if code is not None}

    def scope(self, partners: Any) -> Scope:
        """A copy of the functions' namespaces, with what is data in them known as such."""
        scope = Scope(partners)
        sources = []
        for function in self.functions.values():
            namespace = getattr(function, "__globals__", {})
            if not any(namespace is source for source in sources):
                sources.append(namespace)
                scope.namespace.update(self._fresh(namespace, scope))
        for name, function in self.functions.items():
            scope.namespace[name] = _anew(function, scope.namespace)
        return scope

    def _fresh(self, namespace: dict[str, Any], scope: Scope) -> dict[str, Any]:
        values = {}
        for name, value in namespace.items():
            if name.startswith("__"):
                continue
            own = getattr(value, "__globals__", None) is namespace
            values[name] = _anew(value, scope.namespace) if own else value
            if not (callable(value) or isinstance(value, types.ModuleType)):
                scope.data.add(name)
            if any(isinstance(leaf, np.ndarray) for leaf in _leaves(value)):
                scope.stale[name] = values.pop(name)
        return values


def _anew(function: Any, namespace: dict[str, Any]) -> Any:
    """The same function with another namespace; anything else unchanged."""
    if not isinstance(function, types.FunctionType):
        return function
    copied = types.FunctionType(
        function.__code__,
        namespace,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copied.__kwdefaults__ = function.__kwdefaults__
    copied.__dict__.update(function.__dict__)
    return copied


class BesideFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the files beside a submission as it is read itself: definitions only.

    Parameters
    ----------
    folder : where they are
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages: list[Path] = []  # folders within that were imported

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The file of that name, unless the standard library has one."""
        if path is None and name in sys.stdlib_module_names:
            return None
        own = [folder for folder in self.packages if path is None or str(folder) in path]
        for folder in [self.folder, *own] if path is None else own:
            file = folder / f"{name.rpartition('.')[2]}.py"
            if file.is_file():
                return importlib.util.spec_from_loader(name, self, origin=str(file))
        return self.package(name, own) if path is not None else None

    def package(self, name: str, folders: list[Path]) -> Any:
        """The folder of that name in one of the folders."""
        found = (folder / name.rpartition(".")[2] for folder in folders)
        for package in (package for package in found if any(package.glob("*.py"))):
            self.packages.append(package)
            origin = str(package / "__init__.py")
            spec: Any = importlib.util.spec_from_loader(name, self, origin=origin, is_package=True)
            spec.submodule_search_locations = [str(package)]
            return spec
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute its definitions, imports and simple constants."""
        from ..load import loading

        file = Path(str(module.__spec__.origin))  # pyright: ignore
        if not file.is_file():
            return
        scope = Scope(None)
        scope.namespace = vars(module)
        scope.namespace["__builtins__"] = scope.outside
        for chunk in loading.load(file, all_imports=True).chunks:
            scope.execute(vars(chunk))


class PackageFinder(importlib.abc.MetaPathFinder):
    """Imports the folders beside a submission, of a name that nothing installed has."""

    def __init__(self, beside: BesideFinder) -> None:
        self.beside = beside

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The folder of that name."""
        return self.beside.package(name, [self.beside.folder]) if path is None else None


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _leaves(value: Any) -> Iterator[Any]:
    found = itertools.islice(codec.leaves(value), MOST_LOOKED_AT)
    return (leaf for _, leaf in found)


SIZES = {  # what the axes of the course's arguments count, column-major
    **dict.fromkeys(("x", "da"), ("", "m", "T_x")),
    **dict.fromkeys(("xt", "a0", "a_prev", "c_prev", "da_next", "dc_next"), ("", "m")),
    **dict.fromkeys(("Wf", "Waa", "ba", "bf"), ("n_a",)),
    **dict.fromkeys(("Wya", "Wy", "by"), ("n_y",)),
    "Wax": ("", "n_x"),
}
SPELLINGS = {
    "n_a": ("n_a", "na"),
    "n_x": ("n_x", "nx"),
    "n_y": ("n_y", "ny"),
    "m": ("m",),
    "T_x": ("T_x", "Tx", "T"),
}


def _sizes(offered: dict[str, Any]) -> dict[str, int]:
    """The sizes that functions read as globals, from the shapes of the arguments."""
    shapes = {name: np.shape(v) for name, v in offered.items() if isinstance(v, np.ndarray)}
    sizes: dict[str, int] = {}
    for name, axes in SIZES.items():
        sizes |= {axis: n for axis, n in zip(axes, shapes.get(name, ()), strict=False) if axis}
    if len(shapes.get("Wf", ())) == 2:  # it acts on a_prev and xt
        sizes["n_x"] = shapes["Wf"][1] - shapes["Wf"][0]
    return {spelling: n for size, n in sizes.items() for spelling in SPELLINGS[size]}


def offered(function: Any, arguments: list) -> dict[str, Any]:
    """What the arguments hold, by name: their own names, the keys of dicts in them, sizes."""
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    offered: dict[str, Any] = dict(zip(names, arguments, strict=False))
    for path, leaf in itertools.islice(codec.leaves(arguments), MOST_LOOKED_AT):
        if path and isinstance(path[-1], str) and path[-1].isidentifier():
            offered.setdefault(path[-1], leaf)
    weights = _first_dict(arguments)
    named = {} if weights is None else dict.fromkeys(("parameters", "params"), weights)
    return _sizes(offered) | named | offered


def _first_dict(value: Any) -> dict | None:
    """The first dict in nested tuples and lists: the parameters, inside caches too."""
    for _ in range(codec.DEEPEST):  # a list may contain itself
        if isinstance(value, tuple | list):
            within = [entry for entry in value if isinstance(entry, dict | tuple | list)]
            dicts = [entry for entry in within if isinstance(entry, dict)]
            value = (dicts or within or [None])[0]
    return value if isinstance(value, dict) else None
