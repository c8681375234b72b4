"""In the child: a submission's loss is set up with small sizes, called, and its gradients measured.

Sizes and data are supplied by their names: ``hidden_size`` is small, ``open`` gives a short text.
Ways to call it are tried in order, the likeliest first; a way under which the gradients are right
cannot be right by chance, so that the first such decides.
"""

import inspect
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from ..run import containment
from . import measure, pairs, world

SMALL = {"H": 3, "V": 5, "T": 4, "B": 2}
LARGEST = 8  # size that is left as it is
TEXT = "abcde\n".strip() * 40  # what every file that is opened holds
STATEMENT_SECONDS = 0.5
MOST_WAYS = 3  # ways to call it that are measured
SCALES = (0.8, 3.0)  # of parameters: at the larger one, what is clipped on the way shows
MEANINGS = (  # of names without underscores, in order
    (r"(lr|learningrate|eta|alpha|rate|stepsize|lambda|reg.*|decay.*)", 0.1),
    (r"(epochs?|n?iter.*|numepochs|nepochs?|layers?|n?layers|numlayers|every|print.*)", 1),
    (
        r"(seqlen.*|seqlength|sequence.*|t|timesteps?|ntimesteps|numsteps|nsteps|tx|.*trunc.*|bptt.*)",
        "T",
    ),
    (r"(batch.*|b|nbatch|m|n|bs)", "B"),
    (r"(.*(hid|unit|neuron|state|cell|latent).*|h|nh|na|hs|hsize|hdim|rnnsize|lstmsize)", "H"),
    (
        r"(.*(vocab|class|input|output|embed|feat|word|char|token|inp|out|dim|size).*|nx|ny|i|o|d|v|x|y|in|out|k|nin|nout|dx|dy)",
        "V",
    ),
)
SIZES = {  # told by globals
    "V": r"vocab.*|nchars|v|xsize|d",
    "I": r"n?(input|in|x)s?(size|dim|units)?",
    "O": r"n?(output|out|y)s?(size|dim|units)?",
    "H": MEANINGS[4][0],
}
INPUT = re.compile(
    r"(inputs?|xs?|x(seq|batch|in|train)|seqs?|sequences?|sentence|tokens?|data|batch|inp|words?|u|us|(input|x)seq.*|inputs?data)"
)
TARGET = re.compile(
    r"(targets?.*|ys?|y(seq|true|batch|train)|labels?|t|ts|d|ds|expected|truth|answers?|outputs?)"
)
STATE = re.compile(
    r"((prev|init(ial)?|last)?(h|c|s|a|m|hidden|cell|state|states|mem|memory)(idden)?s?(state|states)?(prev|previous|0|init|in|start|t|old|last)?|prevs?)"
)
SEQUENCE = re.compile(
    r"(seqlen.*|seqlength|sequence(len.*|size)|t|timesteps?|ntimesteps|numsteps|nsteps)"
)


class Way(NamedTuple):
    """Arguments for a call."""

    x: Any
    y: Any
    state: Any
    wraps: bool


def entries(
    namespace: dict[str, Any], statements: Sequence[str], plans: Mapping[str, Any]
) -> dict[str, Any]:
    """What is called in the child for each plan, by name."""
    return {f"{name} gradient": Run(namespace, statements, plan) for name, plan in plans.items()}


class Run:
    """A plan, carried out."""

    def __init__(self, namespace: dict[str, Any], statements: Sequence[str], plan: Any) -> None:
        self.namespace, self.statements = namespace, statements
        self.owner, self.calls, self.apart = plan
        self.sizes = dict(SMALL)

    def __call__(self) -> dict[str, Any]:
        """The points that were measured, or why none could be."""
        self._set_up()
        try:
            owner = self._made() if self.owner else None
        except Exception as error:
            return {"unfit": f"{self.owner} cannot be made with small sizes: {_said(error)}"}
        found: list[tuple[Way, list[measure.Judged]]] = []
        why: dict[str, None] = {}
        for way in self._ways():
            try:
                points = self._measured(owner, way)
            except measure.UnfitError as error:
                why = {str(error): None, **why}
                continue
            except Exception as error:
                why.setdefault(_said(error))
                continue
            found.append((way, points))
            if points[-1].state == measure.RIGHT or len(found) == MOST_WAYS:
                break
        if not found:
            return {"unfit": f"no way to call it was found: {next(iter(why), '')}"}
        way, points = min(found, key=lambda one: _wrong(one[1]))
        if points[-1].state == measure.WRONG:
            points = self._measured(owner, way, where=True)
        return {"points": [asdict(point) for point in points]}

    # values

    def _set_up(self) -> None:
        """Run what gives globals their values, small ones; what cannot run is left out."""
        namespace = self.namespace
        namespace["open"] = lambda *given, **named: io.StringIO(TEXT)
        for statement in self.statements:
            for _ in range(4):
                try:
                    with containment.time_limit(STATEMENT_SECONDS):
                        exec(compile(statement, "<set-up>", "exec"), namespace)
                except NameError as error:
                    size = self._size(error.name or "")
                    if size is None:
                        break
                    namespace[str(error.name)] = size
                    continue
                except BaseException:  # whatever a statement does that was not meant to be run
                    break
                break
            for name, value in list(namespace.items()):
                size = self._size(name) if type(value) is int and value > LARGEST else None
                if size is not None:
                    namespace[name] = size
        for key, pattern in SIZES.items():
            for name, value in self.namespace.items():
                if type(value) is int and re.fullmatch(pattern, pairs.plain(name)):
                    self.sizes[key] = value
        for key in "IO":
            self.sizes.setdefault(key, self.sizes["V"])
        if self.sizes["T"] in (self.sizes["V"], self.sizes["I"], self.sizes["O"]):
            self.sizes["T"] += 2

    def _size(self, name: str) -> Any:
        for pattern, meaning in MEANINGS:
            if re.fullmatch(pattern, pairs.plain(name)):
                return self.sizes[meaning] if isinstance(meaning, str) else meaning
        return None

    def _made(self) -> Any:
        """An object of the class, with small sizes."""
        cls, given = self.namespace[self.owner], {}
        unknown = iter(("V", "H", "V"))
        for name, one in inspect.signature(cls).parameters.items():
            if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
                continue
            size = self._size(name)
            known = self.namespace.get(name)
            if isinstance(one.default, bool | str | float) and one.default is not one.empty:
                continue
            if size is not None and not isinstance(known, list | dict | str | np.ndarray):
                given[name] = size
            elif known is not None and not callable(known):
                given[name] = known
            elif one.default is one.empty:
                given[name] = self.sizes[next(unknown, "V")]
        return cls(**given)

    def _ways(self) -> Iterator[Way]:
        """Arguments in the forms that people use."""
        H, V, T, B, I, O = (self.sizes[key] for key in "HVTBIO")
        rng = np.random.default_rng(1)
        x, y = (
            [int(k) % V for k in (0, 2, 1, 4, 3, 1)[:T]],
            [int(k) % V for k in (2, 1, 4, 3, 0, 3)[:T]],
        )
        real = rng.standard_normal((T, B, I))
        hot = np.eye(O)[np.array([y, y[::-1]]) % O] if O > 1 else rng.random((B, T, O))
        tokens = np.array([x, x[::-1]]), np.array([y, y[::-1]])
        columns, rows = [r[0][:, None] for r in real], [r[:1] for r in real]
        hot_columns = [h[:, None] for h in hot[0]]
        column, flat, row, batch = (H, 1), (H,), (1, H), (B, H)
        vectors, by_example = real[:, 0], np.moveaxis(real, 0, 1)
        for xs, ys, shape in (
            *((x, y, shape) for shape in (column, flat, row)),
            *((np.array(x), np.array(y), shape) for shape in (column, flat, row)),
            (columns, y, column), (columns, hot_columns, column),
            (list(vectors), y, flat), (list(vectors), list(hot[0]), flat), (rows, y, row),
            (rows, [h[None] for h in hot[0]], row), (np.array(columns), y, column),
            (np.array(columns), np.array(hot_columns), column),
            *((vectors, one, s) for one in (np.array(y), hot[0]) for s in (flat, column, row)),
            (by_example, tokens[1], batch), (by_example, hot, batch),
            (real, tokens[1].T, batch), (real, np.moveaxis(hot, 0, 1), batch),
            (vectors.T, hot[0].T, column), (vectors.T, np.array(y), column),
            (real.T, np.moveaxis(hot, -1, 0), (H, B)),
            (tokens[0], tokens[1], batch), (tokens[0].T, tokens[1].T, batch),
            (x, y[0], column), (x, hot_columns[0], column), (columns, y[0], column),
            (columns, hot_columns[0], column), (vectors, y[0], flat), (vectors, hot[0, 0], flat),
            (list(vectors), y[0], flat), (by_example, tokens[1][:, 0], batch),
            (by_example, hot[:, 0], batch), (real, tokens[1][:, 0], batch),
            (real, hot[:, 0], batch),
        ):  # fmt: skip
            for wraps in (False, True) if any(call[3] for call in self.calls) else (False,):
                yield Way(xs, ys, rng.uniform(-0.5, 0.5, shape), wraps)

    # a call

    def _measured(self, owner: Any, way: Way, where: bool = False) -> list[measure.Judged]:
        """The points of one way of calling it."""
        holder = self.namespace if owner is None else {n: getattr(owner, n) for n, *_ in self.calls}
        functions = [holder[name] for name, *_ in self.calls]
        given = self._given(way)
        steps = self.sizes["T"]
        around = world.World(functions, given, lambda now: self._call(now, functions, way), steps)
        with around.restored():
            return self._points(around, where)

    def _points(self, around: world.World, where: bool) -> list[measure.Judged]:
        """What comes of small and of large values; the small ones decide where these cannot."""
        values = _depended(around, _parameters(around))
        spec = measure.Spec(_names(values), measure.loss_in, optional=True, apart=self.apart)
        points: list[measure.Judged] = []
        for scale in SCALES:
            rng = np.random.default_rng(7)
            drawn = {p: rng.uniform(-scale, scale, np.shape(a)) for p, a in values.items()}
            try:
                judged = measure.judge(around, spec, drawn, where)
            except (measure.UnfitError, ArithmeticError, ValueError):
                if not points:
                    raise
                break
            if points and judged.state == measure.ILL:
                break
            points.append(judged)
            if judged.state != measure.RIGHT:
                break
        return points

    def _given(self, way: Way) -> dict[str, Any]:
        """The arguments that do not come of earlier calls, by name."""
        given, made = {}, set[str]()
        for _, arguments, names, wraps in self.calls:
            for name, optional in arguments:
                if name in made or (name, wraps) in given:
                    continue
                value = self._argument(name, optional, way, bool(wraps and way.wraps))
                if value is None and made:  # what the calls before returned last, by another name
                    continue
                if value is not None:
                    given[name if not (wraps and way.wraps) else f"[{name}]"] = value
                elif not optional:
                    raise measure.UnfitError(f"it is not clear what its argument {name} takes")
            made |= {*_flat(names)}
        return given

    def _argument(self, name: str, optional: bool, way: Way, wrapped: bool) -> Any:
        word, known = pairs.plain(name), self.namespace.get(name)
        if INPUT.fullmatch(word):
            return [way.x] if wrapped else way.x
        if TARGET.fullmatch(word):
            return [way.y] if wrapped else way.y
        if STATE.fullmatch(word):
            return way.state
        if optional:
            return None
        if known is not None and not callable(known):
            return known
        return self.namespace.get("params") if "param" in word else self._size(name)

    def _call(self, now: world.World, functions: Sequence[Any], way: Way) -> Any:
        """One call after the other, each with what those before it returned."""
        if now.cut_to:
            self._shorten(now)
        known, told, last = dict(now.now["inputs"]), {}, None
        for k, (_, arguments, names, wraps) in enumerate(self.calls):
            named = {
                n: known.get(n, last) for n, optional in arguments if n in known or not optional
            }
            if wraps and way.wraps:
                named |= {n: known[f"[{n}]"] for n, _ in arguments if f"[{n}]" in known}
            value = now.method(functions[k], k)(**named)
            returned = pairs.named(value, names)
            last = value[-1] if isinstance(value, tuple | list) and value else value
            if isinstance(returned, dict):
                known |= {n: v for n, v in returned.items() if isinstance(n, str)}
            told |= returned if isinstance(returned, dict) else {"loss" if wraps else k: value}
        return told

    def _shorten(self, now: world.World) -> None:
        """Sizes that count time steps are those of the sequence that was cut."""
        holders = [
            now.now["globals"],
            *(vars(o) for o in now.now["self"].values() if hasattr(o, "__dict__")),
        ]
        for holder in (*holders, self.namespace):
            for name, value in list(holder.items()):
                if (
                    type(value) is int
                    and value == now.steps
                    and SEQUENCE.fullmatch(pairs.plain(name))
                ):
                    holder[name] = now.cut_to


def _flat(names: Any) -> Iterator[str]:
    if isinstance(names, str):
        yield names
        return
    for name in names:
        yield from _flat(name)


def _parameters(around: world.World) -> list[world.Path]:
    """Arrays that may be parameters: no inputs, no states, no gradients."""
    found = {}
    for path in around.arrays():
        top = pairs.plain(path[1]).strip("[]") if path[0] == "inputs" else ""
        if top and (INPUT.fullmatch(top) or TARGET.fullmatch(top) or STATE.fullmatch(top)):
            continue
        if not any(
            pairs.LIKE_GRADIENT.search(str(key)) for key in path[1:] if isinstance(key, str)
        ):
            found[path] = pairs.plain(pairs.name_of(path))
    if any(STATE.fullmatch(word) and "h" in word for word in found.values()):  # else c is a bias
        return [path for path, word in found.items() if not STATE.fullmatch(word)]
    return list(found)


def _names(paths: Collection[world.Path]) -> dict[world.Path, str]:
    """Names that tell parameters apart."""
    names = {path: pairs.name_of(path) for path in paths}
    twice = {name for name in names.values() if [*names.values()].count(name) > 1}
    return {p: ".".join(map(str, p[2:])) if name in twice else name for p, name in names.items()}


def _depended(around: world.World, paths: Sequence[world.Path]) -> dict[world.Path, Any]:
    """The arrays that the loss depends on."""
    rng = np.random.default_rng(3)
    values = {p: rng.uniform(0.1, 0.5, np.shape(around.at(p))) for p in paths}

    def loss(values: Mapping[world.Path, Any]) -> complex:
        return measure.loss_in(around.run(values), around)

    base = loss(values)
    moved = {p: value * rng.uniform(0.5, 1.5, value.shape) for p, value in values.items()}
    found = {p: v for p, v in values.items() if loss({**values, p: moved[p]}) != base}
    if not found:
        raise measure.UnfitError("its loss depends on no array that was found")
    return found


def _wrong(points: Sequence[measure.Judged]) -> int:
    return sum(record.state != measure.RIGHT for record in points[-1].records)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
