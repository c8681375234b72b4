"""Which course function a definition is, and how it wants its arguments."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import dialects


@dataclass(frozen=True)
class Recognised:
    """A definition of a submission that is a course function.

    Attributes
    ----------
    function : which one
    call : how it wants its arguments
    notes : what is different from the course
    """

    function: dialects.Function
    call: dialects.Call
    notes: tuple[str, ...] = ()


_WORDS = {
    "rnn": ("rnn", "vanillarnn"),
    "lstm": ("lstm",),
    "cell": ("cell", "step", "unit", "timestep"),
    "forward": ("forward", "forwards", "fwd", "fprop", "forwardprop", "forwardpass"),
    "backward": ("backward", "backwards", "bwd", "bprop", "backprop", "bptt", "backwardpass"),
}
_FILLING = {"my", "np", "numpy", "pass", "prop", "propagation", "propagate", "sequence", "full"}
_FILLING |= {"v1", "v2", "v3", "new", "one", "single", "solution", "vanilla", "simple"}


def _word(token: str) -> str | None:
    for word, spellings in _WORDS.items():
        if token in spellings:
            return word
    close = difflib.get_close_matches(token, _WORDS, n=1, cutoff=0.8)
    return close[0] if close else None


def course_name(name: str) -> str | None:
    """The course function that a name stands for: ``lstm_backward`` for ``lstmBackwards``."""
    if dialects.plain(name) in ("softmax", "sigmoid"):
        return dialects.plain(name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    tokens = [token for token in spaced.lower().split("_") if token and token not in _FILLING]
    words = {_word(token) for token in tokens}
    if None in words or len(words & {"rnn", "lstm"}) != 1:
        return None
    if len(words & {"forward", "backward"}) != 1:
        return None
    return "_".join(
        word for word in ("rnn", "lstm", "cell", "forward", "backward") if word in words
    )


# other names of arguments, in plain letters
_ARGUMENTS = {
    "xt": ("x", "xtt", "input", "inputt"),
    "x": ("xs", "inputs", "X"),
    "x_t": ("xt", "x"),
    "a_prev": ("aprev", "hprev", "aprevt", "prevh", "aprevious", "hiddenprev"),
    "a0": ("ainit", "h0", "aprev", "hprev", "ainitial"),
    "a_init": ("a0", "h0", "aprev"),
    "c_prev": ("cprev", "cellprev", "cprevt", "prevc"),
    "m_prev": ("cprev", "memoryprev"),
    "c0": ("cinit", "cprev"),
    "m_init": ("m0", "c0"),
    "parameters": ("params", "parameter", "param", "weights", "theta", "p"),
    "da_next": ("danext", "dhnext", "da", "dat"),
    "dc_next": ("dcnext", "dc", "dct"),
    "da": ("das", "dh", "danext", "gradients", "dout"),
    "cache": ("caches", "memory"),
    "caches": ("cache", "memory"),
    "T_x": ("tx", "t"),
    "m": ("m", "batchsize"),
    "Wi": ("wu",),
    "bi": ("bu",),
    "W_u": ("wi",),
    "b_u": ("bi",),
    "W_m": ("wc",),
    "b_m": ("bc",),
}
_TAKES_ANY = re.compile(r"^\s*(?:async\s+)?def\s+\w+\s*\([^)]*(?<![\w)*])\*\w", re.MULTILINE)


def recognise(definition: Any, dialect: str | None = None) -> Recognised | None:
    """The course function that a definition is, or None.

    Parameters
    ----------
    definition : with ``name``, ``arguments`` [(name, whether it has a default)] and ``source``
    dialect : "course" or "batch_first"; None: told by names of arguments and by the text
    """
    name = course_name(definition.name)
    if name is None:
        return None
    source = getattr(definition, "source", "") or ""
    arguments = list(definition.arguments)
    if dialect is None:
        dialect = _dialect(name, [argument for argument, _ in arguments], source)
    function = dialects.ALL.get((dialect, name))
    if function is None:
        return None
    notes = []
    if name != definition.name:
        notes.append(f"{definition.name} is taken for {name}")
    order = _order(function, arguments)
    if order is None:
        other_helper = not function.cell and not _TAKES_ANY.search(source)
        if name != definition.name or other_helper:
            return None
        theirs = dialects.listed([argument for argument, _ in arguments])
        notes.append(
            f"takes ({theirs}); the course's function takes ({dialects.listed(function.takes)})"
        )
        order = function.takes
    elif order != function.takes and _TAKES_ANY.search(source):
        order = function.takes
    elif order != function.takes:
        notes.append(
            f"takes ({dialects.listed(order)}); the course's takes"
            f" ({dialects.listed(function.takes)})"
        )
    update_gate = "u" if _names_wu(arguments, source) and dialect == "course" else "i"
    if update_gate == "u":
        notes.append("calls the update gate Wu, bu")
    order = tuple(dialects.renamed(entry, update_gate) for entry in order)
    return Recognised(function, dialects.Call(order, update_gate), tuple(notes))


def _names_wu(arguments: Sequence[tuple[str, bool]], source: str) -> bool:
    letters = set(re.findall(r"""\[\s*["'][Wb]([iu])["']\s*\]""", source))
    return "Wu" in {name for name, _ in arguments} or letters == {"u"}


def _dialect(name: str, arguments: Sequence[str], source: str) -> str:
    plain = {dialects.plain(argument) for argument in arguments}
    if plain & {"cache", "caches", "a0", "cprev"}:
        return "course"
    if plain & {"ainit", "mprev", "minit"}:
        return "batch_first"
    if re.search(r"""parameters\s*(\[\s*["']|\.get\()""", source):
        return "course"
    unpacked = re.search(r"[,)][^=\n]*=\s*parameters\s*$", source, re.MULTILINE)
    if unpacked and ("batch_first", name) in dialects.ALL:
        return "batch_first"
    return "course"


def _order(
    function: dialects.Function, arguments: Sequence[tuple[str, bool]]
) -> tuple[str, ...] | None:
    """What each argument is, told by its name, else by its place."""
    required = [name for name, default in arguments if not default]
    if len(required) == len(function.takes):
        named = [_argument(function, name) for name in required]
        moved = set(named) == set(function.takes) and tuple(named) != function.takes
        return tuple(n for n in named if n) if moved else function.takes
    named = [_argument(function, name) for name in required]
    if None in named or len(set(named)) < len(named):
        optional = [name for name, _ in arguments]
        return function.takes if len(required) < len(function.takes) <= len(optional) else None
    return tuple(name for name in named if name)


def _argument(function: dialects.Function, name: str) -> str | None:
    plain = dialects.plain(name)
    possible = [*function.takes, *_possible(function)]
    for candidate in possible:
        if plain == dialects.plain(candidate):
            return candidate
    for candidate in possible:
        if plain in _ARGUMENTS.get(candidate, ()):
            return candidate
    return None


def _possible(function: dialects.Function) -> list[str]:
    if function.cell == "":
        return []
    states = ["a0", "c0"] if function.dialect == "course" else ["a_init", "m_init"]
    sizes = ["n_x", "n_a", "n_y", "m", "T_x"]
    return [
        *dialects.PARAMETERS[function.dialect, function.cell],
        "parameters",
        "x",
        *states,
        *sizes,
    ]
