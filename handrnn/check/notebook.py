"""In a notebook: ``%load_ext handrnn``, then ``%check`` or ``%%check``; and cells as it shows them.

``%check`` judges all functions of the notebook that a dialect knows, ``%check lstm_backward`` one
of them, and ``%%check`` at the head of a cell runs the cell and judges the functions in it.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any, NoReturn

from .judge import running
from .report import data


def load(shell: Any) -> None:
    """Add the magics to an IPython shell."""

    def check(line: str, cell: str | None = None) -> data.FileReport | None:
        return _check(shell, line, cell)

    check.__doc__ = __doc__
    shell.register_magic_function(check, "line_cell", "check")


def _check(shell: Any, line: str, cell: str | None) -> data.FileReport | None:
    from IPython.core.error import UsageError

    try:
        names, options = _asked(line)
        if cell is None:
            return functions(shell.user_ns, names, **options)
        before = dict(shell.user_ns)
        if not shell.run_cell(cell).success:
            return None  # IPython has shown why
        names += [
            name
            for name, value in shell.user_ns.items()
            if isinstance(value, FunctionType) and before.get(name) is not value
        ]
        if not names:
            raise ValueError("there is no function in this cell")
        return functions(shell.user_ns, names, strict=False, **options)
    except ValueError as error:
        raise UsageError(str(error)) from None


class _Parser(argparse.ArgumentParser):
    """Raises ValueError for what it does not understand."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{self.prog}: {message}")


def _asked(line: str) -> tuple[list[str], dict[str, Any]]:
    """The functions asked for, and the options of `functions`."""
    parser = _Parser(prog="%check", add_help=False)
    parser.add_argument("names", nargs="*", metavar="FUNCTION")
    parser.add_argument("--hint", choices=data.HINTS, default=data.HINTS[-1])
    parser.add_argument("--dialect")
    options = vars(parser.parse_args(shlex.split(line)))
    return options.pop("names"), options


def functions(
    namespace: Mapping[str, Any], names: Any = (), *, hint: str = data.HINTS[-1], **options: Any
) -> data.FileReport:
    """`handrnn.check.functions`."""
    data.check_hint(hint)
    judged = running.judge_namespace(namespace, names, **options)
    return with_cells(judged, namespace).hinted(hint)


def with_cells(judged: data.FileReport, namespace: Mapping[str, Any]) -> data.FileReport:
    """The report with the cells that functions stand in, where there is a notebook."""
    IPython = sys.modules.get("IPython")
    shell = IPython and IPython.get_ipython()
    if not shell or not hasattr(shell.compile, "format_code_name"):
        return judged
    functions = {}
    for name, f in judged.functions.items():
        code = getattr(namespace.get(name), "__code__", None)
        told = shell.compile.format_code_name(code.co_filename) if code else None
        number = "".join(filter(str.isdigit, told[1])) if told else ""
        cell = {"cell": int(number), "shown": f"In [{number}]"} if number else {}
        functions[name] = replace(f, **cell)
    return replace(judged, functions=functions)
