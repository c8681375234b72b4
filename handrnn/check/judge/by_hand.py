"""Whether a function computes its answer itself, or has it from a library that knows it.

Looked for is what stands in the text: the library's recurrent layers and its automatic gradients in
what the function uses, by whatever way the library was imported, helper modules beside the file
included. Tensors and their operations are tools like arrays.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..load import loading, parts

LIBRARIES = ("handrnn", "torch", "keras", "jax", "tensorflow")
LAYERS = re.compile(r"(RNN|LSTM|GRU|SimpleRNN)(Cell|Base)?")
GRADIENTS = {
    *("backward", "grad", "requires_grad", "requires_grad_", "vjp", "jvp", "jacobian"),
    *("value_and_grad", "GradientTape", "linearize"),
}


def borrowed(
    submission: parts.Submission, names: Sequence[str], allowed: Sequence[str]
) -> tuple[str, int | None] | None:
    """The library that some definitions get their answer from, and the line; None if there is none.

    Parameters
    ----------
    submission : of the file
    names : of its definitions that a function uses, its own included
    allowed : libraries that may be used
    """
    modules = _imported(submission, Path(submission.path).parent if submission.path else None)
    if not modules and not any(library in submission.text for library in LIBRARIES):
        return None
    for name in sorted(names):
        definition = submission.definitions.get(name)
        if definition is None:
            continue
        for library, line in _uses(definition, modules):
            if library not in allowed:
                return library, definition.line + line - 1
    return None


def _imported(submission: parts.Submission, folder: Path | None) -> dict[str, str]:
    """The library behind each name that is imported, or made with one; "" where it is another."""
    found: dict[str, str] = {}
    for chunk in submission.chunks:
        if chunk.kind == "import":
            library = _library(chunk.module, folder)
            if library:
                found |= dict.fromkeys(chunk.names, library)
                if "*" in chunk.names:
                    found["*"] = library
    return found


def _library(module: str, folder: Path | None) -> str:
    """The library that a module is of, or that a module beside the file imports."""
    top = module.partition(".")[0]
    if top in LIBRARIES:
        return top
    beside = folder / f"{top}.py" if folder is not None and top else None
    if beside is None or not beside.is_file():
        return ""
    try:
        inner = loading.load(beside, all_imports=True)
    except OSError:
        return ""
    imports = (c.module.partition(".")[0] for c in inner.chunks if c.kind == "import")
    return next((library for library in imports if library in LIBRARIES), "")


def _uses(definition: parts.Definition, modules: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The libraries whose layers or gradients a definition uses, with its own lines."""
    try:
        tree = ast.parse(definition.source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in LIBRARIES:
            if _loads(tree, node):
                yield str(node.value), node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or node.names[0].name
            if module.partition(".")[0] == "handrnn":
                yield "handrnn", node.lineno
        elif isinstance(node, ast.Name) and node.id in modules:
            library = modules[node.id]
            if library == "handrnn" or LAYERS.fullmatch(node.id):
                yield library, node.lineno
        elif isinstance(node, ast.Attribute) and set(modules.values()) - {"handrnn"}:
            library = sorted(set(modules.values()) - {"handrnn"})[0]
            if LAYERS.fullmatch(node.attr) or (node.attr in GRADIENTS and not _of_self(node)):
                yield library, node.lineno


def _of_self(node: ast.Attribute) -> bool:
    """Whether it is an attribute of one's own object: ``self.cell.backward`` is by hand."""
    value: ast.expr = node.value
    while isinstance(value, ast.Attribute | ast.Subscript):
        value = value.value
    called = isinstance(value, ast.Name) and value.id in ("self", "cls", "layer", "cell")
    return called or (node.attr == "grad" and isinstance(node.ctx, ast.Store))


def _loads(tree: ast.AST, constant: ast.Constant) -> bool:
    """Whether a name of a library is what a module is looked up by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and constant in node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            return called in ("import_module", "__import__", "find_spec", "get")
        if isinstance(node, ast.Subscript) and node.slice is constant:
            return getattr(node.value, "attr", getattr(node.value, "id", "")) == "modules"
    return False
