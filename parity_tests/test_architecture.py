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
    "cells": set(),
    "sequence": {"cells"},
    "layouts": {"cells", "sequence"},
    "textbook": set(),
    "compare": set(),
    "losses": set(),
    "initializers": {"layouts"},
    "optim": set(),
    "nn": {"cells", "sequence", "layouts", "initializers"},
    "course": {"cells", "sequence", "layouts", "losses"},
    "layers": {"cells", "sequence", "layouts", "losses", "optim", "initializers"},
    "check": {"__init__", "compare", "textbook", "layouts", "nn"},
    "__main__": set(),
    "__init__": {
        "compare",
        "course",
        "initializers",
        "layouts",
        "losses",
        "nn",
        "optim",
        "textbook",
    },
    "lab": {"__init__", "sequence", "layouts", "nn", "losses", "optim", "initializers"},
}
ON_REQUEST = {
    *("torch", "matplotlib", "tqdm", "threadpoolctl", "sklearn", "filelock", "dask", "distributed"),
    *("nbformat", "nbclient"),
}
RECURRENT = {"cells", "sequence", "textbook"}  # where the equations are
POINTWISE = {"layers/TanH", "layers/Sigmoid"}  # layers that are nothing but these functions


def tree(name):
    """The syntax tree of a module."""
    return ast.parse(MODULES[name].read_text())


def imports_within(name):
    """(module, names imported from it or None) of every import from this package."""
    found = []
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = Path(name).parent
            for _ in range(node.level - 1):
                package = package.parent
            if node.module:
                found.append(((package / node.module).as_posix(), [a.name for a in node.names]))
            else:
                found += [((package / alias.name).as_posix(), None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handrnn"):
            found.append(("absolute", [node.module]))
    return found


def is_module(name):
    return name in MODULES or f"{name}/__init__" in MODULES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_one_way_and_as_modules(name):
    """Nobody imports upwards, and names are not taken out of the modules they live in."""
    room = name.split("/")[0]
    assert room in ARROWS, f"{name}: a new room needs its arrows written down here"
    for target, names in imports_within(name):
        assert target != "absolute", (
            f"{name} imports {names}: inside the house imports are relative"
        )
        if target == "__version__":
            continue
        assert names is None, f"{name} takes {names} out of {target}: import the module instead"
        assert is_module(target), f"{name} imports {target}"
        head = target.split("/")[0]
        assert head in ARROWS[room] | {room}, f"{name} imports {target}"


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
