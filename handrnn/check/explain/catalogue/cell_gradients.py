"""Backward of a cell: the gradients of parameters, state and input; all of the RNN cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations

from . import entries, notation

GATES = notation.GATES
LETTER = notation.LETTER
WORDS = notation.WORDS
LINES = notation.LINES
delta = notation.delta


def parameters() -> Iterator[entries.Mistake]:
    """What goes wrong in dWf ... dbo."""
    function = "lstm_cell_backward"
    for kind in "Wb":
        for mine, other in permutations("figo", 2):
            name = f"d{kind}{LETTER[mine]}"
            right = LINES[function][name][0]
            yield notation.rewritten(
                function,
                "wrong-variable",
                f"{name} from {delta(other)}",
                f"{name} is computed from {delta(other)} instead of {delta(mine)}: copy and paste.",
                {name: right.replace(delta(mine) + ",", delta(other) + ",")},
            )
    weights = [f"dW{LETTER[k]}" for k in "figo"]
    for id, variant, concat, why in (
        (
            "whh-off-by-one",
            "",
            "np.concatenate((a_next, xt))",
            "The weight gradients pair the deltas of step t with a_next instead of a_prev.",
        ),
        (
            "concat-order",
            "weight gradients",
            "np.concatenate((xt, a_prev))",
            "The columns of the weight gradients are in the order [xt; a_prev], the weights' are "
            "[a_prev; xt].",
        ),
        (
            "term-missing",
            "a_prev in the weight gradients",
            "np.concatenate((np.zeros_like(a_prev), xt))",
            "The columns of a_prev in the weight gradients are left at zero.",
        ),
        (
            "term-missing",
            "xt in the weight gradients",
            "np.concatenate((a_prev, np.zeros_like(xt)))",
            "The columns of xt in the weight gradients are left at zero.",
        ),
    ):
        for group in (weights, *([name] for name in weights)):
            lines = {n: LINES[function][n][0].replace("concat", concat, 1) for n in group}
            which = "all" if len(group) > 1 else group[0]
            yield notation.rewritten(function, id, f"{variant} {which}".strip(), why, lines)
    for id, variant, form, why in (
        ("bias-not-summed", "", "@", "is not summed over the examples"),
        ("bias-not-summed", "scalar", "np.sum(@)", "is summed over units too"),
        ("divided-by-m", "mean", "np.mean(@, axis=1, keepdims=True)", "is a mean, not a sum"),
        (
            "bias-not-summed",
            "wrong axis",
            "np.sum(@, axis=0, keepdims=True)",
            "is summed over units",
        ),
        ("bias-not-summed", "one example", "@[:, :1]", "is that of the first example"),
    ):
        for group in ("figo", *"figo"):
            lines = {f"db{LETTER[k]}": form.replace("@", delta(k)) for k in group}
            which = "all" if len(group) > 1 else f"db{LETTER[group]}"
            text = f"{'Each bias gradient' if which == 'all' else which} {why}."
            yield notation.rewritten(function, id, f"{variant} {which}".strip(), text, lines)
    for group in ("figo", *"figo"):
        lines = {f"db{LETTER[k]}": f"np.sum(d{GATES[k]}, axis=1)" for k in group}
        which = "all" if len(group) > 1 else f"db{LETTER[group]}"
        mistake = notation.rewritten(
            function,
            "bias-not-summed",
            f"keepdims {which}",
            "The bias gradient is summed to shape (n_a,): added to an (n_a, 1) array it becomes "
            "(n_a, n_a). Write keepdims=True.",
            lines,
        )
        yield _only(mistake, "lstm_backward")


def _only(mistake: entries.Mistake, *functions: str) -> entries.Mistake:
    return replace(mistake, functions=functions)


def inputs() -> Iterator[entries.Mistake]:
    """What goes wrong in da_prev and dxt."""
    function = "lstm_cell_backward"
    slices = {"da_prev": "[:, :n_a]", "dxt": "[:, n_a:]"}
    targets = (("da_prev", "dxt"), ("da_prev",), ("dxt",))

    def sums(names: Sequence[str], term: Callable[[str], str | None]) -> dict[str, str]:
        """The lines of these names, a term a gate; @ stands for the columns."""
        terms = [text for gate in "figo" if (text := term(gate))]
        return {name: " + ".join(terms).replace("@", slices[name]) for name in names}

    def usual(gate: str) -> str:
        return f"np.dot(W{LETTER[gate]}@.T, {delta(gate)})"

    for names in targets:
        which = " and ".join(names)
        for gate in "figo":
            lines = sums(names, lambda k, gate=gate: None if k == gate else usual(k))
            yield notation.rewritten(
                function,
                "term-missing",
                f"W{LETTER[gate]} in {which}",
                f"{which}: the term of the {WORDS[gate]} is missing.",
                lines,
            )
        for mine, other in permutations("figo", 2):
            for what in ("weights", "deltas"):
                W, dz = (other, mine) if what == "weights" else (mine, other)
                term = f"np.dot(W{LETTER[W]}@.T, {delta(dz)})"
                names_of = delta if what == "deltas" else lambda gate: f"W{LETTER[gate]}"
                given, meant = names_of(other), names_of(mine)
                lines = sums(names, lambda k, m=mine, term=term: term if k == m else usual(k))
                yield notation.rewritten(
                    function,
                    "wrong-variable",
                    f"{given} for {meant} in {which}",
                    f"{which}: {given} is used instead of {meant}: copy and paste.",
                    lines,
                )
        for mine, other in combinations("figo", 2):
            swap = {mine: other, other: mine}
            lines = sums(
                names, lambda k, swap=swap: f"np.dot(W{LETTER[swap.get(k, k)]}@.T, {delta(k)})"
            )
            yield notation.rewritten(
                function,
                "wrong-variable",
                f"W{LETTER[mine]} and W{LETTER[other]} swapped in {which}",
                f"{which}: W{LETTER[mine]} and W{LETTER[other]} are swapped.",
                lines,
            )
        for gates in ("figo", *"figo"):
            lines = sums(
                names,
                lambda k, gates=gates: usual(k).replace("(W", "(dW") if k in gates else usual(k),
            )
            which_gate = "all" if len(gates) > 1 else f"dW{LETTER[gates]}"
            yield notation.rewritten(
                function,
                "gradients-for-weights",
                f"{which_gate} in {which}",
                f"{which}: the gradients dW are used instead of the weights W.",
                lines,
            )
    for gates in ("figo", *"figo"):
        lines = sums(
            ("da_prev",),
            lambda k, gates=gates: usual(k).replace(".T", "") if k in gates else usual(k),
        )
        which = "all gates" if len(gates) > 1 else f"W{LETTER[gates]}"
        yield notation.rewritten(
            function,
            "no-transpose",
            which,
            "The transpose of the recurrent weights is missing in da_prev; since they are square, "
            "NumPy raises no error.",
            lines,
        )
        lines = sums(
            ("dxt",), lambda k, gates=gates: usual(k).replace(".T", "") if k in gates else usual(k)
        )
        yield replace(
            notation.rewritten(
                function,
                "transposes-left-out",
                f"dxt, {which}",
                "A transpose is missing in dxt, which runs only where n_x = n_a.",
                lines,
            ),
            square=True,
        )
    n_x = 'cache["xt"].shape[0]'
    yield notation.edited(
        function,
        "concat-order",
        "da_prev and dxt",
        "da_prev and dxt are cut out as if concat were [xt; a_prev]; it is [a_prev; xt].",
        [("dconcat[:R]", f"dconcat[{n_x}:]"), ("dconcat[R:]", f"dconcat[:{n_x}]")],
        "da_prev = np.dot(Wf[:, n_x:].T, dft) + ...; dxt = np.dot(Wf[:, :n_x].T, dft) + ...",
        "da_prev = np.dot(Wf[:, :n_a].T, dft) + ...; dxt = np.dot(Wf[:, n_a:].T, dft) + ...",
    )
    yield notation.edited(
        function,
        "concat-order",
        "da_prev from the last columns",
        "da_prev is taken from the last columns of the weights; concat is [a_prev; xt].",
        [("dconcat[:R]", "dconcat[-R:]")],
        "da_prev = np.dot(Wf[:, -n_a:].T, dft) + ...",
        "da_prev = np.dot(Wf[:, :n_a].T, dft) + ...",
    )
    yield notation.edited(
        function,
        "concat-order",
        "dxt from the first columns",
        "dxt is taken from the first columns of the weights; concat is [a_prev; xt].",
        [("dconcat[R:]", f"dconcat[:{n_x}]")],
        "dxt = np.dot(Wf[:, :n_x].T, dft) + ...",
        "dxt = np.dot(Wf[:, n_a:].T, dft) + ...",
    )
    yield notation.edited(
        function,
        "state-offset",
        "c_prev is c_next",
        "c_next is read from the cache instead of c_prev.",
        [('cache["c_prev"]', 'cache["c_next"]')],
        "(a_next, c_prev, a_prev, c_next, ...) = cache",
        "(a_next, c_next, a_prev, c_prev, ...) = cache",
    )
    yield notation.edited(
        function,
        "state-offset",
        "c_next is c_prev",
        "c_prev is read from the cache instead of c_next.",
        [('cache["c_next"]', 'cache["c_prev"]')],
        "np.tanh(c_prev)",
        "np.tanh(c_next)",
    )
    yield notation.edited(
        function,
        "state-offset",
        "c_next and c_prev swapped",
        "c_next and c_prev are swapped when the cache is unpacked.",
        [('cache["c_prev"]', 'cache["c_next"]'), ('cache["c_next"]', 'cache["c_prev"]')],
        "(a_next, c_prev, a_prev, c_next, ...) = cache",
        "(a_next, c_next, a_prev, c_prev, ...) = cache",
    )
    for mine, other in combinations("figo", 2):
        yield notation.edited(
            function,
            "gates-swapped",
            f"{GATES[mine]} and {GATES[other]} from the cache",
            f"{GATES[mine]} and {GATES[other]} are swapped when the cache is unpacked.",
            [(f'cache["{mine}"]', f'cache["{other}"]'), (f'cache["{other}"]', f'cache["{mine}"]')],
            f"({GATES[other]}, {GATES[mine]}, ...) = cache",
            f"({GATES[mine]}, {GATES[other]}, ...) = cache",
        )


def rnn_cell() -> Iterator[entries.Mistake]:
    """Everything in the backward function of the RNN cell."""
    function = "rnn_cell_backward"
    wrong = "wrong-variable"
    for id, variant, line, why in (
        (
            "activation-derivative-missing",
            "",
            "da_next",
            "The derivative of tanh is missing: da_next is used as it is.",
        ),
        (
            "derivative-of-activated",
            "tanh(a_next)",
            "(1 - np.tanh(a_next)**2) * da_next",
            "The derivative of tanh is taken at a_next, which is a tanh already.",
        ),
        (
            "misplaced-parentheses",
            "da_next inside",
            "1 - a_next**2 * da_next",
            "The brackets around 1 - a_next**2 are missing: da_next meets a_next**2 only.",
        ),
        (
            "misplaced-parentheses",
            "square of all",
            "(1 - a_next)**2 * da_next",
            "The square is around 1 - a_next, not around a_next alone.",
        ),
        (
            "misplaced-parentheses",
            "product squared",
            "(1 - (a_next * da_next)**2)",
            "da_next is inside the square.",
        ),
        (
            "sigmoid-for-derivative",
            "tanh",
            "a_next * da_next",
            "da_next is multiplied by tanh itself, not by its derivative.",
        ),
        (
            "wrong-activation",
            "sigmoid",
            "a_next * (1 - a_next) * da_next",
            "This is the derivative of the sigmoid; the cell has tanh.",
        ),
        (wrong, "1 - a_next", "(1 - a_next) * da_next", "a_next is not squared."),
        (wrong, "1 + a_next**2", "(1 + a_next**2) * da_next", "There is a plus for a minus."),
        (
            "state-offset",
            "a_prev",
            "(1 - a_prev**2) * da_next",
            "The derivative of tanh is taken at a_prev instead of a_next.",
        ),
        (
            "derivative-of-activated",
            "tanh(a_prev)",
            "(1 - np.tanh(a_prev)**2) * da_next",
            "The derivative of tanh is taken at a_prev.",
        ),
        (
            "derivative-of-activated",
            "tanh(da_next)",
            "(1 - np.tanh(da_next)**2) * da_next",
            "The derivative of tanh is taken at da_next.",
        ),
        (
            "plus-for-times",
            "",
            "(1 - a_next**2) + da_next",
            "da_next is added where it is multiplied.",
        ),
        ("term-missing", "da_next", "(1 - a_next**2)", "The factor da_next is missing."),
    ):
        yield notation.rewritten(function, id, variant, why, {"dtanh": line})
    for name in ("dWaa", "dWax", "dba", "da_prev", "dxt"):
        line = LINES[function][name][0].replace("dtanh", "da_next")
        yield notation.rewritten(
            function,
            "activation-derivative-missing",
            name,
            f"{name} is computed from da_next: the derivative of tanh is missing in it.",
            {name: line},
        )
    for id, variant, lines, why in (
        (
            "no-transpose",
            "",
            {"da_prev": "np.dot(Waa, dtanh)"},
            "The transpose of Waa is missing in da_prev; it is square, so NumPy raises no error.",
        ),
        (
            "no-transpose",
            "dWaa",
            {"dWaa": "np.dot(dtanh, a_prev.T).T"},
            "dWaa is transposed; since it is square, NumPy raises no error.",
        ),
        (
            "whh-off-by-one",
            "",
            {"dWaa": "np.dot(dtanh, a_next.T)"},
            "dWaa pairs the delta of step t with a_next instead of a_prev.",
        ),
        (
            "gradients-for-weights",
            "da_prev and dxt",
            {"da_prev": "np.dot(dWaa.T, dtanh)", "dxt": "np.dot(dWax.T, dtanh)"},
            "The gradients dWaa and dWax are used instead of the weights.",
        ),
        (
            "gradients-for-weights",
            "da_prev",
            {"da_prev": "np.dot(dWaa.T, dtanh)"},
            "dWaa is used instead of Waa.",
        ),
        (
            "gradients-for-weights",
            "dxt",
            {"dxt": "np.dot(dWax.T, dtanh)"},
            "dWax is used instead of Wax.",
        ),
        ("bias-not-summed", "", {"dba": "dtanh"}, "dba is not summed over the examples."),
        (
            "bias-not-summed",
            "wrong axis",
            {"dba": "np.sum(dtanh, axis=0, keepdims=True)"},
            "dba is summed over the units, not over the examples.",
        ),
        ("bias-not-summed", "scalar", {"dba": "np.sum(dtanh)"}, "dba is summed over units too."),
        (
            "bias-not-summed",
            "one example",
            {"dba": "dtanh[:, :1]"},
            "dba is that of the first example alone.",
        ),
        (
            "divided-by-m",
            "mean",
            {"dba": "np.mean(dtanh, axis=1, keepdims=True)"},
            "dba is a mean over the examples, the other gradients are sums.",
        ),
    ):
        yield notation.rewritten(function, id, variant, why, lines)
    keepdims = notation.rewritten(
        function,
        "bias-not-summed",
        "keepdims",
        "dba is summed to shape (n_a,): added to an (n_a, 1) array it becomes (n_a, n_a). Write "
        "keepdims=True.",
        {"dba": "np.sum(dtanh, axis=1)"},
    )
    yield _only(keepdims, "rnn_backward")
    for variant, lines in (
        ("dxt", {"dxt": "np.dot(Wax, dtanh)"}),
        ("dWax", {"dWax": "np.dot(dtanh, xt)"}),
        ("dWaa", {"dWaa": "np.dot(dtanh, a_prev)"}),
        ("dWaa and dWax", {"dWaa": "np.dot(dtanh, a_prev)", "dWax": "np.dot(dtanh, xt)"}),
        ("Wax for Waa", {"da_prev": "np.dot(Wax.T, dtanh)"}),
        ("Waa for Wax", {"dxt": "np.dot(Waa.T, dtanh)"}),
    ):
        swapped = " for " in variant
        why = "Waa and Wax are mixed up" if swapped else f"A transpose is missing in {variant}"
        mistake = notation.rewritten(
            function,
            wrong if swapped else "transposes-left-out",
            variant,
            f"{why}, which runs only where the sizes are alike.",
            lines,
        )
        yield replace(mistake, square=True)
    yield notation.edited(
        function,
        "state-offset",
        "a_next and a_prev swapped",
        "a_next and a_prev are swapped when the cache is unpacked.",
        [('cache["h_prev"]', 'cache["h_next"]'), ('cache["h_next"]', 'cache["h_prev"]')],
        "(a_prev, a_next, xt, parameters) = cache",
        "(a_next, a_prev, xt, parameters) = cache",
    )
