"""Right functions and classes that stand for a submission's: by value what the textbook says.

Every function of a dialect is called as the dialect calls it, with stand-ins in every place.
"""

import numpy as np
import pytest

from handrnn.check.dialects import dialect as dialects
from handrnn.check.dialects import match, standin
from handrnn.check.judge import returned, target
from handrnn.check.load import parts
from handrnn.check.probe import probes

KNOWN = dialects.all_dialects()
SEEDS = (0, 1)
CLOSE = 1e-12
EVERY = [
    pytest.param(dialect, function, id=f"{dialect.name}: {function.name}")
    for dialect in KNOWN.values()
    for function in dialect.functions.values()
    if function.cell
]


def target_of(dialect, function):
    """A function of a dialect, as if a submission had it and its forward function."""

    def matched(one):
        definition = parts.Definition(one.name, "function", 1, None, (), "", True)
        return match.Match(definition, dialect, one, one.calls)

    forward = dialect.forward_of(function) if function.needs else None
    return target.Target(matched(function), matched(forward) if forward else None)


def probe_of(dialect, seed):
    sizes = {"B": 3, "I": 5, "H": 4, "Y": 2} | dict(dialect.sizes)
    return probes.draw(seed, sizes=(sizes["B"], sizes["I"], sizes["H"], sizes["Y"]))


def called(partners, one, probe, kept=None):
    """What comes of each call of a function, and what is kept by name."""
    kept = dict(kept or {})
    values = []
    for call in one.match.calls:
        given = one.packed(call.takes, probe, kept)
        if one.match.dialect.tensors:
            given = [tensors(value) for value in given]
        if call.kind == "make":
            value = kept[call.owner] = partners.make(call.target)(*given)
        elif call.kind == "function":
            value = partners.make(call.target)(*given)
        elif call.kind == "set":
            value = setattr(kept[call.owner], call.target, *given)
        else:
            value = getattr(kept[call.owner], call.target.split("|")[0])
            value = value(*given) if call.kind == "method" else value
        values.append((call, value))
        several = len(call.gives) > 1
        for term, part in zip(call.gives, value if several else [value], strict=False):
            if isinstance(term, dialects.Kept):
                kept[term.name] = part
    return values, kept


def tensors(value):
    """Arrays as tensors of torch."""
    import torch

    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def arrays(value):
    """Tensors of torch as arrays."""
    if isinstance(value, tuple):
        return tuple(arrays(part) for part in value)
    return value.numpy() if hasattr(value, "numpy") else value


def result_of(partners, one, probe):
    """The results of the stand-in for a function, on its own forward function's cache."""
    kept = {}
    if one.function.needs:
        forward = target_of(one.match.dialect, one.forward.function)
        _, kept = called(partners, forward, probe)
    values, _ = called(partners, one, probe, kept)
    return [(call, arrays(value)) for call, value in values]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dialect", "function"), EVERY)
def test_a_stand_in_equals_the_textbook(dialect, function, seed):
    if dialect.tensors:
        pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    one, probe = target_of(dialect, function), probe_of(dialect, seed)
    partners = standin.Partners(dialect, {}, {})
    flat = returned.flatten(one, result_of(partners, one, probe), probe)
    assert (flat.problems, flat.notes) == ([], [])
    right = one.expected(probe)
    assert flat.outputs.keys() == right.keys()
    for name, value in right.items():
        assert returned.error(flat.outputs[name], value) < CLOSE, name
