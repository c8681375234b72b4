"""In the child: modules of torch are made, called in every way that is known, and differentiated.

Nothing is judged here: what came back goes to the parent as arrays, with the way it was called.
torch is imported here alone.
"""

import copy
import inspect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import conventions, module_parts

SMALL = {"T": 7, "B": 3, "I": 5, "H": 6, "V": 13}
MOST_KEPT = 64  # a size that is larger by default is made small
MEANINGS = (  # of the names of a constructor's arguments, in order: what is small, or a value
    (r"bidirectional|batch_first", False),
    (r"bias", True),
    (r"dropout|drop|p_drop", 0.0),
    (r"device", "cpu"),
    (r"nonlinearity|activation", "tanh"),
    (r"(num|n)_?(hidden_)?layers?|depth|stacks?", 1),
    (r".*(vocab|tokens|letters|chars|num_embed|n_words).*", "V"),
    (r".*(seq|steps|length|bptt|time).*|t", "T"),
    (r".*batch.*", "B"),
    (r".*(hid|unit|state|cell|rnn|lstm|gru|n_h).*|h", "H"),
    (r".*(out|class|label|categor|tag|target|n_y).*|y|o", "H"),
    (r".*(in_|_in|inp|emb|feat|dim|nin|n_x|size).*|x|i|d|in", "I"),
)
AFTER = ("LogSoftmax", "Softmax")
MOST_READOUTS = 3


def entries(namespace: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What is called in the child to run a class of a submission, by name."""
    return {f"{name} run": Run(lambda: _made(namespace[name]), namespace[name])}


def _made(cls: Any) -> Any:
    """An object of a class, small where its constructor leaves the sizes open."""
    given, asked = {}, set()
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        meaning = _meaning(parameter.name, asked)
        size = SMALL.get(meaning) if isinstance(meaning, str) else None
        default = parameter.default
        if default is parameter.empty:
            given[parameter] = meaning if size is None else size
        elif size is not None and isinstance(default, int) and default > MOST_KEPT:
            given[parameter] = size
    positional = [v for p, v in given.items() if p.kind is p.POSITIONAL_ONLY]
    return cls(
        *positional, **{p.name: v for p, v in given.items() if p.kind is not p.POSITIONAL_ONLY}
    )


def _meaning(name: str, asked: set[str]) -> Any:
    """What an argument of a constructor is, by its name; else inputs first, then hidden units."""
    for pattern, meaning in MEANINGS:
        if re.fullmatch(pattern, name.lower()):
            asked.add(str(meaning))
            return meaning
    meaning = "I" if "I" not in asked else "H"
    asked.add(meaning)
    return meaning


class Run:
    """A module, called in every way that may be the right one."""

    def __init__(self, make: Any, cls: Any) -> None:
        self.make = make
        self.cls = cls
        self.__code__ = getattr(getattr(cls, "forward", None), "__code__", None)

    def __call__(self, cells: Sequence[str], cases: Sequence[Mapping], types: Sequence[str]) -> Any:
        """What is known of the module, and every attempt that returned.

        Parameters
        ----------
        cells : whose number of gates to try, likely ones first
        cases : of `conventions.draw`, less the sizes that the module decides
        types : to compute in, each tried only if none before it ran unless all are wanted
        """
        import torch

        if isinstance(self.cls, type) and not issubclass(self.cls, torch.nn.Module):
            return {"module": False}
        if not isinstance(self.cls, type) and not callable(self.cls):
            return {"module": False}
        torch.set_num_threads(1)  # other threads did not come along into a copy of the process
        before = torch.get_default_dtype()
        try:
            torch.set_default_dtype(torch.float64)
            torch.manual_seed(0)
            module = self.make().eval()
            return {"module": True, **_tried(module, cells, cases, types)}
        finally:
            torch.set_default_dtype(before)


def _tried(
    module: Any, cells: Sequence[str], cases: Sequence[Mapping], types: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {"attempts": [], "errors": [], "unfit": [], "held": _held(module)}
    text = " ".join(found["held"]) or type(module).__name__
    found["hinted"] = bool(re.search("rnn|lstm|gru", text, re.IGNORECASE))
    hints = {cell for cell in ("lstm", "gru") if cell in text.lower()}
    hints |= {"rnn"} if found["held"] and not hints else set()
    cells = [cell for cell in cells if not hints or cell.partition("_")[0] in hints]
    for K in dict.fromkeys(conventions.BLOCKS[cell] for cell in cells):
        cell = next(cell for cell in cells if conventions.BLOCKS[cell] == K)
        try:
            for option in _readings(module, K):
                made = []
                for dtype, (bare, layout) in itertools.product(types, option.layouts):
                    if not made or made[0]["dtype"] == dtype:
                        made += _attempts(bare, layout, cell, cases, dtype, option, found["errors"])
                found["attempts"] += made
                if made:
                    break
        except module_parts.UnfitError as error:
            found["unfit"].append(f"with {K} gate{'s' * (K > 1)}: {error}")
    return found


def _held(module: Any) -> list[str]:
    """The recurrent layers of torch in a module: "lstm: LSTM"."""
    import torch

    kinds = (torch.nn.RNNBase, torch.nn.RNNCellBase)
    named = [(name, part) for name, part in module.named_modules() if isinstance(part, kinds)]
    own = [(n, p) for n, p in named if type(p).__module__.startswith("torch.nn")]
    return [f"{name}: {type(part).__name__}" for name, part in own if name]


# Parameters ----------------------------------------------------------------------------------


class Option(NamedTuple):
    """A module without what stands around the recurrence, and what its parameters may be.

    ``left`` says what was left out, ``fixed`` are parameters that are made the identity.
    """

    layouts: list[tuple[Any, module_parts.Layout]]
    left: list[str]
    fixed: list[str]


def _readings(module: Any, K: int) -> Iterator[Option]:
    """What may be the recurrence of a module, the likeliest first.

    An embedding, and layers that read the states out, are replaced by the identity; a matrix that
    reads them out is made one.
    """
    failure, found = None, False
    likely = [pair for pair in (_sizes(module), (SMALL["I"], SMALL["H"])) if all(pair)]
    for left in _left_out(module):
        bare, words = _without(module, left)
        shapes = {name: tuple(p.shape) for name, p in bare.named_parameters()}
        fixed = [name for name in left if name in shapes]
        try:
            shapes = {name: shape for name, shape in shapes.items() if name not in fixed}
            known = [(bare, layout) for layout in module_parts.layouts(shapes, K, likely)]
        except module_parts.UnfitError as error:
            failure = failure or error
            continue
        found = True
        yield Option(known, words, fixed)
    if not found:
        raise failure or module_parts.UnfitError("it has no parameters")


def _sizes(module: Any) -> tuple[int, int]:
    I, H = getattr(module, "input_size", 0), getattr(module, "hidden_size", 0)
    return (I, H) if isinstance(I, int) and isinstance(H, int) else (0, 0)


def _left_out(module: Any) -> Iterator[list[str]]:
    """What may be no part of the recurrence, likely ones first: paths and names of parameters."""
    import torch

    linears = [n for n, p in module.named_modules() if isinstance(p, torch.nn.Linear) and n]
    plain = [name for name, _ in module.named_parameters() if "." not in name]
    yield []
    for name in reversed(linears):
        yield [name]
    for count in (2, 1):
        if len(plain) > count:
            yield plain[-count:]
    for count in range(2, min(len(linears), MOST_READOUTS) + 1):
        yield linears[-count:]


def _without(module: Any, left: Sequence[str]) -> tuple[Any, list[str]]:
    """A copy with the identity for embeddings, for what is left out and for softmaxes; in words."""
    import torch

    bare, words = copy.deepcopy(module), []
    for name, part in list(bare.named_modules()):
        kind = type(part).__name__
        before = isinstance(part, torch.nn.Embedding)
        if name and (before or name in left or kind in AFTER):
            owner = bare.get_submodule(name.rpartition(".")[0])
            setattr(owner, name.rpartition(".")[2], torch.nn.Identity())
            if before:
                words.append(f"{name} ({kind}) stands before the layer")
            elif kind not in AFTER:
                words.append(f"{name} ({kind}) reads the states out")
    matrices = [name for name in left if name in dict(module.named_parameters())]
    words += [f"{' and '.join(matrices)} read the states out"] if matrices else []
    return bare, words


# Calls ---------------------------------------------------------------------------------------


def _ways(layout: module_parts.Layout, cell: str, batch_first: bool) -> Iterator[dict[str, Any]]:
    """Ways to call a module, the likeliest first; a cell of one step is called step by step."""
    many = len(layout.layers) > 1
    styles = [("tuple", "each"), ("each",)][conventions.BLOCKS[cell] != 4]
    axes = ["BTI", "TBI"] if batch_first else ["TBI", "BTI"]
    for style in (*styles, *(("pairs",) if many else ())):
        for form in ("LBH",) if many else ("1BH", "BH"):
            for order in axes:
                yield {"style": style, "states": form, "axes": order}
    if not many:
        for style in styles:
            yield {"style": style, "states": "BH", "axes": "BI"}
    for order in axes:
        yield {"style": "none", "states": "", "axes": order}


def _attempts(
    module: Any,
    layout: module_parts.Layout,
    cell: str,
    cases: Sequence[Mapping],
    dtype: str,
    option: Option,
    errors: list,
) -> Iterator[dict[str, Any]]:
    """What came of calling a module in each way that returns, in all cases."""
    stateful = False
    for way in _ways(layout, cell, bool(getattr(module, "batch_first", False))):
        if way["style"] == "none" and stateful:
            return
        for joint in ("xh", "hx") if layout.joint else ("xh",):
            head = {**way, "joint": joint, "dtype": dtype, "K": conventions.BLOCKS[cell]}
            try:
                runs = [_run(module, layout, cell, case, head, option.fixed) for case in cases]
            except Exception as error:
                errors.append([_call_of(way), type(error).__name__, str(error)[:300]])
                break
            stateful = stateful or way["style"] != "none"
            said = {"left": option.left, "parts": _parts_in_words(layout), "layout": _plain(layout)}
            yield {**head, **said, "runs": runs}


def _call_of(way: Mapping[str, Any]) -> str:
    states = {"none": "", "tuple": ", (h0, c0)", "each": ", h0, ...", "pairs": ", [(h0, c0), ...]"}
    return f"module(x{states[way['style']]}) with x ({', '.join(way['axes'])})"


def _parts_in_words(layout: module_parts.Layout) -> str:
    """Which parameter plays which part."""
    many = len(layout.layers) > 1
    return "; ".join(
        f"{part.name} is {part.words()}"
        + (f" of layer {k // layout.directions + 1}" if many else "")
        + (("", " backwards")[k % layout.directions] if many else "")
        for k, parts in enumerate(layout.layers)
        for part in parts
    )


def _plain(layout: module_parts.Layout) -> list[Any]:
    """A layout as data."""
    return [layout.I, layout.H, layout.directions, [list(map(list, p)) for p in layout.layers]]


def _run(
    module: Any,
    layout: module_parts.Layout,
    cell: str,
    options: Mapping[str, Any],
    way: Mapping[str, Any],
    fixed: Sequence[str],
) -> dict[str, Any]:
    """One case: what is returned, twice, and the gradients of each array of it."""
    import torch

    case = conventions.of_layout(cell, layout, options, way["style"] == "none")
    dtype = getattr(torch, way["dtype"])
    torch.set_default_dtype(dtype)
    module = copy.deepcopy(module).to(dtype)
    packed = layout.packed(dict(case.arrays), way["joint"])
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in fixed:
                square = parameter.ndim == 2
                parameter.copy_(torch.eye(*parameter.shape) if square else 0 * parameter)
            else:
                parameter.copy_(torch.tensor(packed[name]))
    x, states = _given(case, way, dtype)
    before = [tensor.detach().clone() for tensor in (x, *states)]
    returned = list(_tensors(_called(module, way, x, states)))
    outputs = [part.detach().numpy().copy() for part in returned]
    gradients = _gradients(module, returned, x, states)
    unchanged = all(torch.equal(a, b) for a, b in zip(before, (x, *states), strict=True))
    again = [part.detach().numpy() for part in _tensors(_called(module, way, x, states))]
    same = len(again) == len(outputs) and all(map(_same, outputs, again))
    return {"outputs": outputs, "same": same, "unchanged": unchanged, "gradients": gradients}


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _given(case: conventions.Case, way: Mapping[str, Any], dtype: Any) -> tuple[Any, list[Any]]:
    """x and the states, as leaves of the graph: of each state all layers, or one a layer."""
    import torch

    x = case.arrays["x"]
    x = x if way["axes"] == "BI" else conventions.moved(x, "TBI", way["axes"])
    states = []
    for letter in case.states if way["style"] != "none" else ():
        each = [case.arrays[name] for name in case.of_layers(f"{letter}0")]
        states += each if way["style"] == "pairs" or way["states"] == "BH" else [np.stack(each)]
    x, *states = (torch.tensor(a, dtype=dtype, requires_grad=True) for a in (x, *states))
    return x, states


def _called(module: Any, way: Mapping[str, Any], x: Any, states: list[Any]) -> Any:
    """What a module returns; of a cell of one step what it returns along the sequence."""
    if way["axes"] == "BI":
        return _looped(module, way, x, states)
    if way["style"] == "none":
        return module(x)
    if way["style"] == "pairs":
        half = len(states) // 2
        return module(x, list(zip(states[:half], states[half:], strict=True)))
    return module(x, tuple(states)) if way["style"] == "tuple" else module(x, *states)


def _looped(module: Any, way: Mapping[str, Any], x: Any, states: list[Any]) -> Any:
    """A cell along a sequence: y, and the last states."""
    import torch

    y = []
    for xt in x:
        given = (tuple(states),) if way["style"] == "tuple" else states
        returned = list(_tensors(module(xt, *given)))
        shape = states[0].shape
        fitting = [part for part in returned if part.shape == shape]
        if len(fitting) < len(states):
            raise ValueError(f"a cell that returns no new states of shape {tuple(shape)}")
        states = fitting[-len(states) :]
        y.append(states[0])
    return torch.stack(y), *states


def _tensors(returned: Any) -> Iterator[Any]:
    """The tensors in what a module returned, in order."""
    import torch

    if isinstance(returned, tuple | list):
        for part in returned:
            yield from _tensors(part)
    elif isinstance(returned, torch.Tensor):
        yield returned
    elif returned is not None:
        raise TypeError(f"it returns a {type(returned).__name__}")


def _gradients(
    module: Any, returned: Sequence[Any], x: Any, states: Sequence[Any]
) -> list[dict[str, Any]]:
    """The gradients of each tensor that was returned, for a cotangent of its own."""
    import torch

    leaves = {"x": x} | {f"state{k}": state for k, state in enumerate(states)}
    leaves |= dict(module.named_parameters())
    found = []
    for k, part in enumerate(returned):
        rng = np.random.default_rng((k, *part.shape))
        arriving = rng.standard_normal(tuple(part.shape))
        made: dict[str, Any] = {"arriving": arriving}
        try:
            gradients = torch.autograd.grad(
                part,
                list(leaves.values()),
                torch.tensor(arriving, dtype=part.dtype),
                retain_graph=True,
                allow_unused=True,
            )
            named = zip(leaves, gradients, strict=True)
            made["by"] = {name: None if g is None else g.numpy().copy() for name, g in named}
        except RuntimeError as error:
            made["error"] = str(error)[:300]
        found.append(made)
    return found
