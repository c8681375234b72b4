"""What changes no result: a detector shows it."""

from collections.abc import Iterator

from ...probe import truth
from . import entries


def detected() -> Iterator[entries.Mistake]:
    """One entry a detector and kind."""
    cells = [f"{cell}_{kind}" for cell in ("lstm", "rnn") for kind in truth.KINDS]
    every = tuple(sorted([*cells, *truth.ELEMENTARY]))
    backwards = tuple(name for name in every if name.endswith("backward"))
    forwards = tuple(name for name in every if name.endswith("forward"))
    for id, variant, functions, detector, why, wrong, right in (
        (
            "upstream-in-place",
            "",
            backwards,
            "arguments",
            "An argument is changed in place: whoever uses it afterwards, a gradient check for "
            "one, sees other numbers.",
            "da[:, :, t] += da_prevt",
            "da_next = da[:, :, t] + da_prevt",
        ),
        (
            "argument-in-place",
            "",
            forwards,
            "arguments",
            "An argument is changed in place: the caller's numbers are not what they were.",
            "a0 += ...",
            "a_next = a0 + ...",
        ),
        (
            "reads-global",
            "",
            every,
            "globals",
            "A global is read instead of an argument: right in the notebook, and another "
            "model's weights, or a NameError, elsewhere.",
            "np.dot(Wf[:, :n_a].T, dft)  # Wf from the notebook",
            "Wf = parameters['Wf']",
        ),
        (
            "c-is-a",
            "one array",
            ("lstm_forward",),
            "aliases",
            "Two results are one array: changing one changes the other.",
            "c = a",
            "c = np.zeros((n_a, m, T_x))",
        ),
        (
            "caches-wrong",
            "form",
            forwards,
            "caches",
            "The caches do not hold one cache a step: backward cannot find them.",
            "caches += cache",
            "caches.append(cache)",
        ),
        (
            "float32",
            "",
            every,
            "dtype",
            "The results are float32 though the arguments are float64.",
            "np.zeros((n_a, m, T_x), dtype=np.float32)",
            "np.zeros((n_a, m, T_x))",
        ),
    ):
        yield entries.Mistake(id, variant, functions, {}, why, wrong, right, detector=detector)
