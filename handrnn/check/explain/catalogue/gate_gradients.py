"""Backward of the LSTM cell: what goes wrong in dft, dit, dcct, dot and dc_prev."""

from collections.abc import Iterator, Sequence
from itertools import permutations

from . import entries, notation

GATES = notation.GATES
SLOPE = notation.SLOPE
PATH = notation.PATH
LINES = notation.LINES
delta = notation.delta


def derivatives() -> Iterator[entries.Mistake]:
    """Derivatives of the activations."""
    function = "lstm_cell_backward"
    missing = "activation-derivative-missing"
    slopes = {gate: f"{gate} * (1 - {gate})" for gate in "fio"}
    for gates in ("fio", *"fio"):
        names = _each([delta(gate) for gate in gates])
        variant = names if len(gates) == 1 else "all gates"
        first = delta(gates[0])
        right = LINES[function][first][0]
        without = right.removesuffix(f" * {SLOPE[gates[0]]}")
        name = GATES[gates[0]]

        def edits(new: str, gates: str = gates) -> list[tuple[str, str]]:
            return [(f"d{g} * {slopes[g]}", f"d{g} * {new.replace('@', g)}") for g in gates]

        for id, after, new, why in (
            (missing, "", "1", f"{names} lacks the derivative of the sigmoid."),
            (
                "sigmoid-for-derivative",
                f" * {name}",
                "@",
                f"{names} is multiplied by the gate itself, not by its derivative.",
            ),
            (
                "sigmoid-for-derivative",
                f" * (1 - {name})",
                "(1 - @)",
                f"{names} lacks half of the sigmoid's derivative, the gate itself.",
            ),
            (
                "sigmoid-for-derivative",
                f" * sigmoid({name})",
                "sigmoid(@)",
                f"{names} is multiplied by the sigmoid of the gate, not by the derivative.",
            ),
            (
                "derivative-of-activated",
                f" * sigmoid({name}) * (1 - sigmoid({name}))",
                "sigmoid(@) * (1 - sigmoid(@))",
                f"In {names} the sigmoid's derivative is taken at the gate, which is a sigmoid "
                "already.",
            ),
            (
                "wrong-activation",
                f" * (1 - {name}**2)",
                "(1 - @**2)",
                f"{names} has the derivative of tanh where the gate is a sigmoid.",
            ),
            (
                "misplaced-parentheses",
                f" * {name} * 1 - {name}",
                "@ * 1 - @",
                f"In {names} the brackets around 1 - {name} are missing.",
            ),
            (
                "wrong-variable",
                f" * {name} * (1 + {name})",
                "@ * (1 + @)",
                f"{names} has a plus where the sigmoid's derivative has a minus.",
            ),
            (
                "wrong-variable",
                f" * {name} * ({name} - 1)",
                "@ * (@ - 1)",
                f"{names} has the wrong sign.",
            ),
        ):
            extra = "" if not after else f", {after.removeprefix(' * ')}"
            yield notation.edited(
                function,
                id,
                variant + extra,
                why,
                edits(new),
                f"{first} = {without}{after}",
                f"{first} = {right}",
            )
    for mine, other in permutations("fio", 2):
        wrong = {"both": f"{other} * (1 - {other})", "second": f"{mine} * (1 - {other})"}
        for which, new in wrong.items():
            name = delta(mine)
            right = LINES[function][name][0]
            shown = notation.replaced(new, {gate: GATES[gate] for gate in "fio"})
            yield notation.edited(
                function,
                "wrong-variable",
                f"{name}, derivative of {GATES[other]}, {which}",
                f"{name} has the derivative of another gate, {GATES[other]}.",
                [(f"d{mine} * {slopes[mine]}", f"d{mine} * {new}")],
                f"{name} = {right.removesuffix(SLOPE[mine])}{shown}",
                f"{name} = {right}",
            )
    name, (right, _) = "dcct", LINES[function]["dcct"]
    for id, variant, new, shown, why in (
        (missing, "dcct", "dg", "", "dcct lacks the derivative of tanh."),
        (
            "derivative-of-activated",
            "dcct",
            "dg * (1 - np.tanh(g) ** 2)",
            "(1 - np.tanh(cct)**2)",
            "The derivative of tanh in dcct is taken at cct, which is a tanh already.",
        ),
        (
            "extra-candidate-factor",
            "",
            "dg * g * (1 - g**2)",
            "cct * (1 - cct**2)",
            "dcct has a factor cct too many, as an old text of the assignment prints it.",
        ),
        (
            "extra-candidate-factor",
            "tanh(cct)",
            "dg * g * (1 - np.tanh(g) ** 2)",
            "cct * (1 - np.tanh(cct)**2)",
            "dcct has a factor cct too many and a tanh too many, as an old text prints it.",
        ),
        (
            "wrong-activation",
            "dcct",
            "dg * g * (1 - g)",
            "cct * (1 - cct)",
            "dcct has the derivative of the sigmoid where the candidate is a tanh.",
        ),
        (
            "misplaced-parentheses",
            "dcct, square of all",
            "dg * (1 - g) ** 2",
            "(1 - cct)**2",
            "The square in dcct is around 1 - cct, not around cct alone.",
        ),
        (
            "misplaced-parentheses",
            "dcct, no brackets",
            "dg * 1 - g**2",
            "1 - cct**2",
            "The brackets around 1 - cct**2 are missing in dcct.",
        ),
        (
            "sigmoid-for-derivative",
            "dcct, tanh",
            "dg * g",
            "cct",
            "dcct is multiplied by the candidate itself, not by the derivative of tanh.",
        ),
        (
            "wrong-variable",
            "dcct, 1 - cct",
            "dg * (1 - g)",
            "(1 - cct)",
            "cct is not squared in the derivative of tanh.",
        ),
        (
            "wrong-variable",
            "dcct, 1 + cct**2",
            "dg * (1 + g**2)",
            "(1 + cct**2)",
            "There is a plus for a minus in the derivative of tanh in dcct.",
        ),
        (
            "derivative-of-activated",
            "dcct, of the product",
            "dg * (1 - np.tanh(i * g) ** 2)",
            "(1 - np.tanh(it * cct)**2)",
            "The derivative of tanh in dcct is taken at it * cct.",
        ),
    ):
        wrong = right.removesuffix(" * (1 - cct**2)") + (f" * {shown}" if shown else "")
        edit = ("dg * (1 - g**2)", new)
        yield notation.edited(
            function, id, variant, why, [edit], f"dcct = {wrong}", f"dcct = {right}"
        )
    yield notation.edited(
        function,
        missing,
        "everything",
        "No gate has the derivative of its activation.",
        [(f"d{g} * {slopes[g]}", f"d{g}") for g in "fio"] + [("dg * (1 - g**2)", "dg")],
        "dft = dc * c_prev",
        "dft = dc * c_prev * ft * (1 - ft)",
    )
    yield notation.edited(
        function,
        "derivative-of-activated",
        "everything",
        "Every derivative is taken at a value that is activated already.",
        [(slopes[g], slopes[g].replace(g, f"sigmoid({g})")) for g in "fio"]
        + [("(1 - g**2)", "(1 - np.tanh(g) ** 2)")],
        "dft = ... * sigmoid(ft) * (1 - sigmoid(ft))",
        "dft = ... * ft * (1 - ft)",
    )


PARTS = {  # of the line of a gate: name -> (factor, what comes after)
    "dft": ("c_prev", " * ft * (1 - ft)"),
    "dit": ("cct", " * it * (1 - it)"),
    "dcct": ("it", " * (1 - cct**2)"),
    "dc_prev": ("ft", ""),
}


def cell_state() -> Iterator[entries.Mistake]:
    """What goes wrong in dc_next * factor + ot * (1 - tanh(c_next)**2) * factor * da_next."""
    function = "lstm_cell_backward"
    parentheses, wrong_variable = "misplaced-parentheses", "wrong-variable"
    missing = "term-missing"
    t = "np.tanh(c_next)**2"
    # whole: (id, variant, expression with @ the factor and # what comes after, why)
    forms = (
        (
            parentheses,
            "dc_next outside",
            f"dc_next * @ + {PATH} * @ * da_next#",
            "{0}: the last factor belongs to the whole sum; dc_next is left outside.",
        ),
        (
            parentheses,
            "da_next outside",
            f"dc_next * @# + {PATH} * @ * da_next",
            "{0}: the last factor belongs to the whole sum; the path through a_next is outside.",
        ),
        (
            parentheses,
            "factors inside the derivative",
            f"(dc_next * @ + ot * (1 - {t} * @ * da_next))#",
            "{0}: the bracket of 1 - tanh(c_next)**2 closes too late, factors are inside it.",
        ),
        (
            parentheses,
            "factors inside, dc_next outside",
            f"dc_next * @ + ot * (1 - {t} * @ * da_next)#",
            "{0}: the bracket of 1 - tanh(c_next)**2 closes too late, and dc_next is outside.",
        ),
        (
            parentheses,
            "no bracket around 1 - tanh",
            f"(dc_next * @ + ot * 1 - {t} * @ * da_next)#",
            "{0}: the bracket around 1 - tanh(c_next)**2 is missing.",
        ),
        (
            parentheses,
            "dc_next inside",
            f"((dc_next + da_next) * {PATH} * @)#",
            "{0}: dc_next reaches c_next directly: the slope of a_next is not a factor of it.",
        ),
        (
            parentheses,
            "factor on da_next only",
            f"(dc_next + {PATH} * @ * da_next)#",
            "{0}: dc_next lacks its factor.",
        ),
        (
            parentheses,
            "factor on dc_next only",
            f"(dc_next * @ + {PATH} * da_next)#",
            "{0}: the path through a_next lacks its factor.",
        ),
        (
            parentheses,
            "square of all",
            "(dc_next * @ + ot * (1 - np.tanh(c_next))**2 * @ * da_next)#",
            "{0}: the square is around 1 - tanh(c_next), not around tanh(c_next) alone.",
        ),
        (
            parentheses,
            "square inside tanh",
            "(dc_next * @ + ot * (1 - np.tanh(c_next**2)) * @ * da_next)#",
            "{0}: c_next is squared, not tanh(c_next).",
        ),
        (
            "one-path-not-carried",
            "dc_next",
            f"{PATH} * @ * da_next#",
            "{0} lacks dc_next: the gradient that arrives along the cell state is left out.",
        ),
        (
            "one-path-not-carried",
            "da_next",
            "dc_next * @#",
            "{0} lacks the path through a_next: only dc_next is in it.",
        ),
        (
            missing,
            "ot",
            f"(dc_next * @ + (1 - {t}) * @ * da_next)#",
            "{0} lacks the factor ot in the path through a_next.",
        ),
        (
            "activation-derivative-missing",
            "tanh(c_next)",
            "(dc_next * @ + ot * @ * da_next)#",
            "{0} lacks the derivative of tanh(c_next).",
        ),
        (missing, "da_next", f"(dc_next * @ + {PATH} * @)#", "{0} lacks the factor da_next."),
        (
            wrong_variable,
            "tanh(c_prev)",
            "(dc_next * @ + ot * (1 - np.tanh(c_prev)**2) * @ * da_next)#",
            "{0} takes tanh at c_prev instead of c_next.",
        ),
        (
            wrong_variable,
            "tanh(a_next)",
            "(dc_next * @ + ot * (1 - np.tanh(a_next)**2) * @ * da_next)#",
            "{0} takes tanh at a_next instead of c_next.",
        ),
        (
            wrong_variable,
            "a_next",
            "(dc_next * @ + ot * (1 - a_next**2) * @ * da_next)#",
            "{0} has a_next instead of tanh(c_next).",
        ),
        (
            wrong_variable,
            "c_next",
            "(dc_next * @ + ot * (1 - c_next**2) * @ * da_next)#",
            "{0} has c_next instead of tanh(c_next).",
        ),
        (
            wrong_variable,
            "tanh(cct)",
            "(dc_next * @ + ot * (1 - np.tanh(cct)**2) * @ * da_next)#",
            "{0} takes tanh at cct instead of c_next.",
        ),
        (
            "sigmoid-for-derivative",
            "tanh",
            "(dc_next * @ + ot * np.tanh(c_next) * @ * da_next)#",
            "{0} has tanh(c_next) instead of its derivative.",
        ),
        (
            "derivative-of-activated",
            "tanh twice",
            "(dc_next * @ + ot * (1 - np.tanh(np.tanh(c_next))**2) * @ * da_next)#",
            "{0} takes tanh of c_next twice.",
        ),
        (
            wrong_variable,
            "tanh not squared",
            "(dc_next * @ + ot * (1 - np.tanh(c_next)) * @ * da_next)#",
            "{0} lacks the square of tanh(c_next).",
        ),
        (
            wrong_variable,
            "dc_next for da_next",
            f"(dc_next * @ + {PATH} * @ * dc_next)#",
            "{0} has dc_next instead of da_next.",
        ),
        (
            "plus-for-times",
            "factor",
            f"(dc_next + @ + {PATH} * @ * da_next)#",
            "{0} has a plus where dc_next is multiplied.",
        ),
        *(
            (
                wrong_variable,
                f"{gate} for ot",
                f"(dc_next * @ + {gate} * (1 - {t}) * @ * da_next)#",
                f"{{0}} has {gate} instead of ot.",
            )
            for gate in ("ft", "it", "cct")
        ),
    )
    groups = [list(PARTS), ["dft", "dit", "dcct"], *([name] for name in PARTS)]
    for (id, variant, form, why), group in ((f, g) for g in groups for f in forms):
        what = "all lines" if len(group) == 4 else ", ".join(group)
        said = "each line" if len(group) == 4 else _each(group)
        lines = {}
        for name in group:
            factor, after = PARTS[name]
            line = form.replace("@", factor).replace("#", after)
            lines[name] = line
        if "dc_prev" in group and "outside" in variant:
            continue  # no factor comes after its sum
        if len(group) == 4 and variant == "dc_next":
            continue  # final-cell-gradient-ignored
        yield notation.rewritten(function, id, f"{variant}: {what}", why.format(said), lines)
    printed = {
        name: f"dc_next * {factor} + {PATH} * {factor} * da_next{after}"
        for name, (factor, after) in PARTS.items()
        if name != "dc_prev"
    }
    for slope in ("(1 - cct**2)", "(1 - np.tanh(cct)**2)"):
        extra = printed["dcct"].replace("(1 - cct**2)", f"cct * {slope}")
        yield notation.rewritten(
            function,
            "extra-candidate-factor",
            f"as printed, {slope}",
            "The lines are those that an old text of the assignment prints: dc_next outside of the "
            "product, and a factor cct too many in dcct.",
            {"dcct": extra, **{k: v for k, v in printed.items() if k != "dcct"}},
        )
    # dcct with the factor of dft, dit with that of dcct, ...
    factors = ("c_prev", "cct", "it", "ft", "ot", "c_next")
    for name, (factor, after) in PARTS.items():
        for other in factors:
            if other != factor and (name, other) != ("dft", "c_next"):
                yield notation.rewritten(
                    function,
                    wrong_variable if other != "c_next" else "state-offset",
                    f"{name} with {other}",
                    f"{name} has {other} instead of {factor}: copy and paste.",
                    {name: f"(dc_next * {other} + {PATH} * {other} * da_next){after}"},
                )
                yield notation.rewritten(
                    function,
                    wrong_variable,
                    f"{name} with {other} once",
                    f"{name} has {other} instead of {factor}, in the path through a_next.",
                    {name: f"(dc_next * {factor} + {PATH} * {other} * da_next){after}"},
                )
    for name, value, why in (
        ("c_next", "c_next", "the tanh is missing"),
        ("tanh(a_next)", "np.tanh(a_next)", "a_next is used instead of c_next"),
        ("tanh(c_prev)", "np.tanh(c_prev)", "c_prev is used instead of c_next"),
        ("tanh(cct)", "np.tanh(cct)", "cct is used instead of c_next"),
        ("a_next", "a_next", "a_next is used instead of tanh(c_next)"),
        ("derivative", "(1 - np.tanh(c_next)**2)", "the derivative is used instead of tanh"),
        ("c_prev", "c_prev", "c_prev is used instead of tanh(c_next)"),
    ):
        yield notation.rewritten(
            function,
            "state-offset" if "c_prev" in name else wrong_variable,
            f"dot with {name}",
            f"In dot {why}.",
            {"dot": f"da_next * {value} * ot * (1 - ot)"},
        )
    yield notation.rewritten(
        function,
        wrong_variable,
        "dot with dc_next",
        "In dot dc_next is used instead of da_next.",
        {"dot": "dc_next * np.tanh(c_next) * ot * (1 - ot)"},
    )
    yield notation.rewritten(
        function,
        "term-missing",
        "dot without tanh(c_next)",
        "dot lacks the factor tanh(c_next).",
        {"dot": "da_next * ot * (1 - ot)"},
    )
    yield notation.edited(
        function,
        "final-cell-gradient-ignored",
        "",
        "dc_next is ignored: the gradient that arrives at the cell state never enters.",
        [("dc = dc_next + dh_full", "dc = dh_full")],
        "dft = ot * (1 - np.tanh(c_next)**2) * c_prev * da_next * ft * (1 - ft)",
        f"dft = {LINES[function]['dft'][0]}",
    )


def _each(names: Sequence[str]) -> str:
    """The subject of a sentence about one quantity, or about each of several."""
    return names[0] if len(names) == 1 else f"each of {', '.join(names[:-1])} and {names[-1]}"
