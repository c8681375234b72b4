"""Small changes of the package, one at a time: do the tests that cover a module see each?

Each mutant is drawn from a seed: another comparison, sign, number or truth value, a condition the
other way round, a statement left out. It is put into a copy of the repository, and the tests of its
module run there until the first that fails. Ctrl-C ends it, with the table of what was judged.
From the top of the repository::

    python -m parity_tests.mutants --count 60 --seed 0
"""

import argparse
import ast
import collections
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np

from scripts import readme

HOUSE = pathlib.Path(__file__).parents[1]
COPIED = ("handrnn", "parity_tests", "scripts", "pyproject.toml", "README.md")
SECONDS = 300  # for the tests of a module, on a machine that has much else to do
TESTS = {  # module or folder: the tests that cover it, the quick ones first
    "border": "fuzz optim losses initializers nn",
    "cells": "sequence nn",
    "sequence": "sequence nn",
    "slots": "slots layouts",
    "packings": "layouts slots nn",
    "layouts": "layouts",
    "textbook": "textbook truth",
    "compare": "compare",
    "losses": "losses",
    "initializers": "initializers",
    "optim/lr_scheduler": "lr_scheduler",
    "optim": "optim",
    "modules": "modules hostile nn",
    "padding": "modules nn",
    "nn": "nn fuzz",
    "course": "course published_cs231n",
    "layers": "layers_recurrent layers_images",
    "check/load": "check_loading check_class hostile",
    "check/run": "hostile check_isolation check_loading",
    "check/report": "check_report check_formats check_cli check_class",
    "check/files": "check_cli hostile check_report",
    "check/dialects": "check_dialects check_standin check",
    "check/assignments": "check_dialects",
    "check/probe": "check_truth check_planted check",
    "check/judge": "check_company check_findings check",
    "check/gradients": "check_gradient",
    "check/explain": "check_findings check_cases",
    "check/repair": "check_repair",
    "check/sequences": "check_sequences check_modules",
    "check/cli": "hostile check_cli",
    "check/submissions": "check_cli check_class hostile",
    "check/notebook": "check_notebook",
    "command_line": "command_line",
    "check/__init__": "check check_cli",
    "lab/tasks": "lab_tasks",
    "lab/run": "lab_settings lab_sweep",
    "lab/settings": "lab_settings",
    "lab/files": "lab_files",
    "lab/checkpoint": "lab_files",
    "lab/report": "lab_report",
    "lab": "lab lab_files lab_figures",
}
OTHER = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq},
    **{ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot},
    **{ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div},
    **{ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And},
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: the module, the line, and the text of a part of it before and after."""

    module: str
    line: int
    before: str
    after: str
    start: tuple[int, int]
    end: tuple[int, int]

    def __str__(self) -> str:
        return f"handrnn/{self.module}.py:{self.line}: {self.before} -> {self.after}"

    def applied(self, text: str) -> str:
        """The text of the module with the change in it."""
        lines = text.splitlines(keepends=True)
        (first, column), (last, end) = self.start, self.end
        head = lines[first - 1].encode()[:column].decode()
        tail = lines[last - 1].encode()[end:].decode()
        return "".join([*lines[: first - 1], head + self.after + tail, *lines[last:]])


def of_module(module: str, text: str) -> Iterator[Mutant]:
    """All mutants of a module."""
    tree = ast.parse(text)
    left_out = {id(n) for part in ast.walk(tree) for n in _not_run(part)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        for changed in _changes(node):
            before, after = ast.get_source_segment(text, node), ast.unparse(changed)
            place = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore
            if isinstance(changed, ast.expr) and not isinstance(changed, ast.Constant):
                after = f"({after})"
            yield Mutant(module, place[0][0], before or "", after, *place)


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, annotations and the text of messages: no test of numbers is asked to see them."""
    parts: list[ast.AST | None] = []
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
        parts += [node.body[0]] if ast.get_docstring(node) else []
    if isinstance(node, ast.arg | ast.AnnAssign):
        parts.append(node.annotation)
    if isinstance(node, ast.FunctionDef):
        parts.append(node.returns)
    if isinstance(node, ast.JoinedStr):
        parts.append(node)
    return (inner for part in parts if part is not None for inner in ast.walk(part))


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a part of a program."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OTHER:
        yield ast.Compare(node.left, [OTHER[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OTHER:
        yield type(node)(**{**dict(ast.iter_fields(node)), "op": OTHER[type(node.op)]()})
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(OTHER[type(node.op)](), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Expr | ast.Raise | ast.AugAssign):
        yield ast.Pass()


def drawn(count: int, seed: int, only: Sequence[str] = ("",)) -> list[Mutant]:
    """So many mutants, from the modules in proportion to what can be changed in them."""
    every = [
        mutant
        for path in sorted((HOUSE / "handrnn").rglob("*.py"))
        if (module := path.relative_to(HOUSE / "handrnn").with_suffix("").as_posix())
        if module.startswith(tuple(only)) and tests_of(module)
        for mutant in of_module(module, path.read_text())
    ]
    chosen = np.random.default_rng(seed).choice(len(every), min(count, len(every)), replace=False)
    return [every[k] for k in chosen]


def tests_of(module: str) -> list[str]:
    """The files of tests that cover a module."""
    fitting = [name for name in TESTS if module == name or module.startswith(f"{name}/")]
    names = TESTS[max(fitting, key=len)].split() if fitting else []
    return [f"parity_tests/test_{name}.py" for name in names]


def room_of(module: str) -> str:
    """Where a module is counted in the table."""
    parts = module.split("/")
    return "/".join(parts[:2]) if parts[0] == "check" else parts[0]


@contextlib.contextmanager
def copied() -> Iterator[pathlib.Path]:
    """A copy of the repository."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        for part in COPIED:
            source, target = HOUSE / part, pathlib.Path(name, part)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        yield pathlib.Path(name)


def judged(mutant: Mutant, copy: pathlib.Path) -> str:
    """What the tests make of a mutant: "killed", "timed out" or "survived"."""
    path = copy / "handrnn" / f"{mutant.module}.py"
    text = path.read_text()
    path.write_text(mutant.applied(text))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider"]
    with (copy / "output").open("wb") as output:
        tests = subprocess.Popen(
            [*command, *tests_of(mutant.module)],
            cwd=copy,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        status = tests.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return "timed out"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tests.pid, signal.SIGKILL)
        tests.wait()
        path.write_text(text)
    if status not in (0, 1, 2):  # 2: it cannot even be imported
        raise RuntimeError((copy / "output").read_text())
    return "killed" if status else "survived"


def table(results: dict[Mutant, str]) -> str:
    """By room: how many were drawn, killed, and survived."""
    rows: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for mutant, came in results.items():
        for room in (room_of(mutant.module), "all"):
            rows[room][came] += 1
    order = sorted(rows, key=lambda room: (room == "all", room))
    came = ("killed", "timed out", "survived")
    lines = [
        [room, str(rows[room].total()), *(str(rows[room][one]) for one in came)] for room in order
    ]
    return readme.table(["module", "drawn", *came], lines)


def main() -> None:
    """Draw mutants, have the tests judge them, print the survivors and the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    words = "modules whose name begins so: check/run"
    parser.add_argument("--only", nargs="+", default=("",), metavar="NAME", help=words)
    parser.add_argument("--readme", action="store_true", help=readme.WORDS)
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    results: dict[Mutant, str] = {}
    with copied() as copy, contextlib.suppress(KeyboardInterrupt):
        for mutant in drawn(options.count, options.seed, options.only):
            results[mutant] = "" if options.list else judged(mutant, copy)
            print(f"{results[mutant]:<10}{mutant}", flush=True)
    if not options.list:
        survivors = [f"- `{mutant}`" for mutant, came in results.items() if came != "killed"]
        words = f"Seed {options.seed}. What survived:\n\n" + "\n".join(survivors)
        readme.show("mutants", table(results), words if survivors else "", options.readme)


if __name__ == "__main__":
    main()
