"""What the loops of the forward functions get wrong, and what the cells put into caches."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from . import entries, notation

GATES = notation.GATES


def loop(cell: str) -> Iterator[entries.Mistake]:
    """The loop over the steps."""
    function = f"{cell}_forward"
    call = (
        f"{cell}_cell_forward(x[:, :, t], a_next, {'c_next, ' if cell == 'lstm' else ''}parameters)"
    )
    loop = "for t in range(T):"
    start = "h_prev = h0"
    numbered = ("cells.append(cache)", 'cells.append(cache | {"t": t})')  # for y, see dialects
    options = [
        (
            "a0-ignored",
            "",
            [(start, "h_prev = np.zeros_like(h0)")],
            "a_next = np.zeros((n_a, m))",
            "a_next = a0",
            "a0 is ignored: the hidden state starts at zero.",
        ),
        (
            "a0-ignored",
            "a[:, :, 0]",
            [(start, "h_prev = h[0]")],
            "a_next = a[:, :, 0]",
            "a_next = a0",
            "a0 is ignored: the hidden state starts from a[:, :, 0], which is zero, and a view.",
        ),
        (
            "state-offset",
            "a[t-1]",
            [(start, "h_prev = h[-1]"), ("h_prev = h_next", "h_prev = h[t]")],
            call.replace("a_next", "a[:, :, t-1]"),
            f"a_next = a0; {call}",
            "The state before a step is read from the results, as a[:, :, t-1]: at t = 0 that is"
            " the last step, which is still zero, and a0 is never used.",
        ),
        (
            "a0-every-step",
            "",
            [("h_prev = h_next", "pass")],
            call.replace("a_next", "a0"),
            call,
            "a0 is fed at every step: there is no recurrence.",
        ),
        (
            "last-step-skipped",
            "last",
            [(loop, "for t in range(T - 1):"), numbered],
            "for t in range(T_x - 1):",
            "for t in range(T_x):",
            "The last step is left out, and stays zero.",
        ),
        (
            "last-step-skipped",
            "first",
            [(loop, "for t in range(1, T):"), numbered],
            "for t in range(1, T_x):",
            "for t in range(T_x):",
            "The first step is left out, and stays zero.",
        ),
        (
            "time-reversed",
            "",
            [(loop, "for t in reversed(range(T)):"), numbered],
            "for t in reversed(range(T_x)):",
            "for t in range(T_x):",
            "The loop runs from the last step to the first.",
        ),
        (
            "time-reversed",
            "x",
            [("x[t]", "x[T - 1 - t]")],
            call.replace("t]", "T_x-1-t]"),
            call,
            "x is read from the wrong end.",
        ),
        (
            "state-offset",
            "x[t-1]",
            [("x[t]", "x[t - 1]")],
            call.replace("t]", "t-1]"),
            call,
            "x is read one step early; at t = 0 that is the last step.",
        ),
        (
            "state-offset",
            "x[0]",
            [("x[t]", "x[0]")],
            call.replace("t]", "0]"),
            call,
            "Every step reads x of step 0.",
        ),
        (
            "state-offset",
            "a one step late",
            [("h[t] = h_next", "h[t] = h_prev")],
            "a[:, :, t] = a_prev",
            "a[:, :, t] = a_next",
            "a holds the state before each step, not the one after it.",
        ),
        (
            "caches-wrong",
            "last cache T times",
            [
                (
                    "cells.append(cache)",
                    "cells.append(cache)\n        "
                    'cells = [cache | {"y": cell["y"]} for cell in cells]',
                )
            ],
            "caches = [cache] * T_x",
            "caches.append(cache)",
            "The caches hold that of the last step at every step.",
        ),
        (
            "caches-wrong",
            "reversed",
            [("cells.append(cache)", 'cells.insert(0, cache | {"t": t})')],
            "caches.insert(0, cache)",
            "caches.append(cache)",
            "The caches are in the reverse order.",
        ),
    ]
    if cell == "lstm":
        zero = "np.zeros((n_a, m))"
        options += [
            (
                "cell-state-view",
                "",
                [("c_prev = c0", "c_prev = c[0]")],
                "c_next = c[:, :, 0]",
                f"c_next = {zero}",
                "c_next starts as a view of c: writing step 0 into c changes the c_prev that it "
                "has cached, so that forward is right and the gradient wrong.",
            ),
            (
                "cell-state-view",
                "and a",
                [("c_prev = c0", "c_prev = c[0]"), (start, "h_prev = h[0]")],
                "a_next = a[:, :, 0]; c_next = c[:, :, 0]",
                f"a_next = a0; c_next = {zero}",
                "Both states start as views of zeros: a0 is ignored, and what step 0 has cached is "
                "changed afterwards.",
            ),
            (
                "c-is-a",
                "both hold c",
                [("h[t] = h_next", "h[t] = c_next")],
                "c = a",
                "c = np.zeros((n_a, m, T_x))",
                "a and c are one array: what is written last, c, stands in both.",
            ),
            (
                "c-is-a",
                "both hold a",
                [("c[t] = c_next", "c[t] = h_next")],
                "c = a",
                "c = np.zeros((n_a, m, T_x))",
                "a and c are one array: what is written last, a, stands in both.",
            ),
            (
                "c-is-a",
                "c0 is a0",
                [("c_prev = c0", "c_prev = h0")],
                "c_next = a0",
                f"c_next = {zero}",
                "The cell state starts from a0; it starts at zero.",
            ),
            (
                "a0-every-step",
                "c",
                [("c_prev = c_next", "pass")],
                call.replace("c_next", "c_prev"),
                call,
                "The cell state is not passed on: every step starts from the first one.",
            ),
            (
                "a0-every-step",
                "a and c",
                [("h_prev = h_next", "pass"), ("c_prev = c_next", "pass")],
                call.replace("a_next", "a0").replace("c_next", "c_prev"),
                call,
                "Neither state is passed on: every step starts from the first ones.",
            ),
            (
                "c-is-a",
                "a passed on as c",
                [("c_prev = c_next", "c_prev = h_next")],
                call.replace("c_next", "a_next"),
                call,
                "a_next is passed on instead of c_next.",
            ),
            (
                "c-is-a",
                "c passed on as a",
                [("h_prev = h_next", "h_prev = c_next")],
                call.replace("a_next", "c_next"),
                call,
                "c_next is passed on instead of a_next.",
            ),
            (
                "state-offset",
                "c one step late",
                [("c[t] = c_next", "c[t] = c_prev")],
                "c[:, :, t] = c_prev",
                "c[:, :, t] = c_next",
                "c holds the state before each step, not the one after it.",
            ),
        ]
    for id, variant, edits, wrong, right, why in options:
        mistake = notation.edited(function, id, variant, why, edits, wrong, right)
        cached = id == "caches-wrong" or (id, variant) == ("cell-state-view", "")
        yield replace(mistake, cached=cached)


def cached(cell: str) -> Iterator[entries.Mistake]:
    """Right results, another value in the cache."""
    function = f"{cell}_cell_forward"
    places = {"a_prev": ("h_prev", "h_next")}
    if cell == "rnn":
        places["a_next"] = ("h_next", "h_prev")
    else:
        places |= {"c_prev": ("c_prev", "c_next"), "c_next": ("c_next", "c_prev")}
        for mine, other in permutations("figo", 2):
            places[f"{GATES[mine]}, {GATES[other]}"] = (mine, other)
    for name, (mine, other) in places.items():
        first, _, theirs = name.partition(", ")
        shown = theirs or first.replace("prev", "x").replace("next", "prev").replace("x", "next")
        mistake = notation.edited(
            function,
            "caches-wrong",
            f"{shown} for {first}",
            f"The cache holds {shown} instead of {first}.",
            [(f'"{mine}": {mine},', f'"{mine}": {other},')],
            f"cache = (..., {shown}, ...)",
            f"cache = (..., {first}, ...)",
        )
        yield replace(mistake, cached=True)
