"""The house rules: which way imports run, and where recurrent equations may stand."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import handrnn

HOUSE = Path(handrnn.__file__).parent
MODULES = {path.relative_to(HOUSE).with_suffix("").as_posix(): path for path in HOUSE.rglob("*.py")}

ARROWS = {  # module: the modules of the package that it may import
    "border": set(),
    "cells": set(),
    "sequence": set(),
    "slots": set(),
    "packings": {"cells", "sequence", "slots"},
    "layouts": {"border", "packings"},
    "textbook": set(),
    "compare": set(),
    "losses": {"border"},
    "initializers": {"border", "packings"},
    "optim": {"border"},
    "writing": set(),
    "modules": {"border", "initializers", "writing"},
    "padding": {"border"},
    "nn": {
        "border",
        "cells",
        "sequence",
        "packings",
        "layouts",
        "initializers",
        "modules",
        "padding",
    },
    "course": {"border", "cells", "sequence", "packings", "layouts", "losses"},
    "layers": {"cells", "sequence", "packings", "losses", "optim", "initializers"},
    "check": {"border", "compare", "textbook", "slots", "packings", "layouts", "writing"},
    "command_line": {"check", "lab"},
    "__main__": {"command_line"},
    "__init__": {
        "check",
        "compare",
        "course",
        "initializers",
        "layouts",
        "losses",
        "nn",
        "optim",
        "textbook",
    },
    "lab": {"sequence", "packings", "nn", "losses", "optim", "initializers", "writing"},
}
# Inside the checker a room is a folder, and may import of the others those that stand here. Three
# pairs still know each other: explain with judge, with sequences and with report. They are written
# down as they are, so that there will be no fourth.
CHECK_ARROWS = {
    "load": set(),
    "probe": set(),
    "report": {"explain"},  # its manual tells the catalogue
    "dialects": {"load", "probe"},
    "run": {"load", "dialects"},
    "files": {"explain", "load", "probe", "report"},
    "assignments": {"dialects", "judge", "load"},
    "explain": {"dialects", "judge", "probe", "report", "sequences"},
    "gradients": {"load", "report", "run"},
    "judge": {"dialects", "explain", "gradients", "load", "probe", "report", "run", "sequences"},
    "repair": {"judge", "load", "probe", "report", "run"},
    "sequences": {"explain", "files", "load", "probe", "report", "run"},
}
# modules of the checker's own top: they may import every room of it
ABOVE = {"cli", "notebook", "submissions", "__init__"}
ON_REQUEST = {
    *("torch", "matplotlib", "tqdm", "threadpoolctl", "sklearn", "filelock", "dask", "distributed"),
    *("nbformat", "nbclient", "argcomplete", "IPython"),
}
RECURRENT = {"cells", "sequence", "textbook"}  # where the equations are
# layers and stand-ins that are nothing but these functions
POINTWISE = {"layers/TanH", "layers/Sigmoid", "check/dialects/activations"}


def tree(name):
    """The syntax tree of a module."""
    return ast.parse(MODULES[name].read_text())


def imports_within(name):
    """The modules, or names in them, that are imported from this package."""
    return imports_of(tree(name), name)


def imports_of(syntax, name):
    """The same of the syntax tree of a module of that name."""
    found = []
    for node in ast.walk(syntax):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = Path(name).parent
            for _ in range(node.level - 1):
                package = package.parent
            targets = [
                (package / (node.module or "").replace(".", "/") / a.name) for a in node.names
            ]
            found += [target.as_posix() for target in targets]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handrnn"):
            found.append(f"absolute: {node.module}")
    return found


def is_module(name):
    return name in MODULES or f"{name}/__init__" in MODULES


def misfits(name, targets):
    """What a module imports and may not, in words."""
    room, *inner = name.split("/")
    found = []
    for target in targets:
        head, *rest = target.split("/")
        if target.startswith("absolute: "):
            found.append(f"{target}: inside the house imports are relative")
        elif target == "__version__":
            continue
        elif not is_module(target):
            found.append(f"{target} is not a module: import the module that it lives in instead")
        elif head != room:
            found += [] if head in ARROWS[room] else [f"{room} may not import {head}"]
        elif room == "check" and inner[0] not in ABOVE and rest and rest[0] != inner[0]:
            allowed = CHECK_ARROWS[inner[0]]
            found += [] if rest[0] in allowed else [f"check/{inner[0]} may not import {rest[0]}"]
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_one_way_and_as_modules(name):
    """Nobody imports upwards, and names are not taken out of the modules they live in."""
    room, *inner = name.split("/")
    assert room in ARROWS, f"{name}: a new room needs its arrows written down here"
    if room == "check" and inner[0] not in ABOVE:
        assert inner[0] in CHECK_ARROWS, f"{name}: a new room needs its arrows written down here"
    assert misfits(name, imports_within(name)) == []


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("check/load/parts", "from ..judge import judge", "check/load may not import judge"),
        ("check/probe/truth", "from ... import nn", "check may not import nn"),
        ("check/probe/truth", "from ...nn import LSTM", "nn/LSTM is not a module"),
        ("check/probe/truth", "from ..load.parts import Definition", "is not a module"),
        (
            "check/explain/catalogue/entries",
            "from ...run import codec",
            "explain may not import run",
        ),
        ("slots", "from . import cells", "slots may not import cells"),
        ("course/__init__", "from ..layouts import convert", "layouts/convert is not a module"),
        ("nn", "from handrnn import cells", "inside the house imports are relative"),
    ],
)
def test_the_rule_sees_an_import_that_is_not_allowed(name, code, said):
    assert said in "\n".join(misfits(name, imports_of(ast.parse(code), name)))


def test_no_arrow_is_written_down_in_vain():
    """Each is used somewhere: one that is not would be a door that nobody watches."""
    for room, allowed in CHECK_ARROWS.items():
        names = [name for name in MODULES if name.startswith(f"check/{room}/")]
        used = {
            target.split("/")[1]
            for name in names
            for target in imports_within(name)
            if target.startswith("check/")
        }
        assert allowed <= used, room
    for room, allowed in ARROWS.items():
        names = [name for name in MODULES if name.split("/")[0] == room]
        used = {target.split("/")[0] for name in names for target in imports_within(name)}
        assert allowed <= used | {"__init__"}, room


@pytest.mark.parametrize("name", sorted(MODULES))
def test_heavy_packages_are_imported_where_they_are_used(name):
    """No module imports torch, matplotlib, tqdm or scipy.stats when it is itself imported."""
    for node in tree(name).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for imported in names:
            top = imported.split(".")[0]
            assert top not in ON_REQUEST, f"{name} imports {imported} at its top"
            assert not imported.startswith("scipy.stats"), f"{name} imports {imported} at its top"


def recurrent_code(syntax):
    """Lines that look like a piece of a recurrent network: what faces must leave to the engine."""
    lines = []
    for node in ast.walk(syntax):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else called
            if called in {"tanh", "sigmoid", "expit"}:
                lines.append((node.lineno, f"calls {called}: a gate"))
        loop = isinstance(node, ast.For | ast.While | ast.ListComp | ast.GeneratorExp)
        if loop and any(_is_product(inner) for inner in ast.walk(node)):
            lines.append((node.lineno, "a matrix product in a loop"))
    return lines


def _is_product(node):
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, ast.MatMult)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"matmul", "dot", "einsum", "tensordot"}
    return False


@pytest.mark.parametrize("name", sorted(set(MODULES) - RECURRENT - POINTWISE))
def test_no_recurrence_outside_the_engine(name):
    """No gate, no loop over time with a product in it, no recurrent gradient in any other file."""
    assert recurrent_code(tree(name)) == []


@pytest.mark.parametrize(
    "code",
    [
        "for t in range(T):\n    h = act(W @ h + x[t])",
        "while t:\n    dh = np.dot(W.T, dz[t])",
        "i = sigmoid(z)",
        "h = np.tanh(z)",
        "hs = [np.matmul(W, x[t]) for t in range(T)]",
    ],
)
def test_the_rule_sees_recurrences(code):
    assert recurrent_code(ast.parse(code))


@pytest.mark.parametrize("name", sorted(RECURRENT))
def test_the_rule_sees_the_engine_itself(name):
    """Were the rule blind, it would see nothing here either."""
    assert recurrent_code(tree(name))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_public_names_are_documented(name):
    """Every module, and every public function and class at its top."""
    syntax = tree(name)
    assert ast.get_docstring(syntax), f"{name} has no docstring"
    for node in syntax.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name}.{node.name} has no docstring"


def test_import_is_light():
    """``import handrnn`` takes under 0.25 s, and brings nothing heavy along."""
    code = (
        "import sys, time; start = time.process_time(); import handrnn;"
        "print(time.process_time() - start, *sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    outputs = [run.stdout.split() for run in runs]
    assert min(float(seconds) for seconds, *_ in outputs) < 0.25
    loaded = set(outputs[0][1:])
    assert not loaded & (ON_REQUEST | {"scipy.stats"})
    assert not [name for name in loaded if name.startswith(("handrnn.check", "handrnn.lab"))]
    assert callable(handrnn.check.file), "imported when it is first used"
