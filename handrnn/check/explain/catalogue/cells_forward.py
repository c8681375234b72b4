"""What goes wrong in one step forward."""

from collections.abc import Iterator
from itertools import combinations

from . import entries, notation

GATES = notation.GATES
LETTER = notation.LETTER
WORDS = notation.WORDS
LINES = notation.LINES


def lstm_cell() -> Iterator[entries.Mistake]:
    """Gates and states of the LSTM."""
    function = "lstm_cell_forward"
    lines = LINES[function]

    def line(id: str, variant: str, why: str, **wrong: str) -> entries.Mistake:
        return notation.rewritten(function, id, variant, why, wrong)

    no_gate = "output-gate-dropped"
    yield line(no_gate, "", "The output gate is left out of a_next.", a_next="np.tanh(c_next)")
    yield line(
        "no-tanh-on-cell",
        "",
        "There is no tanh on the cell state: a_next = ot * c_next is a different model.",
        a_next="ot * c_next",
    )
    yield line(
        "wrong-activation",
        "a_next, sigmoid",
        "There is a sigmoid on the cell state instead of tanh.",
        a_next="ot * sigmoid(c_next)",
    )
    yield line(
        "plus-for-times", "a_next", "There is + for * in a_next.", a_next="ot + np.tanh(c_next)"
    )
    for name in ("c_prev", "cct", "it"):
        yield line(
            "state-offset" if name == "c_prev" else "wrong-variable",
            f"a_next with tanh({name})",
            f"a_next has {name} instead of c_next.",
            a_next=f"ot * np.tanh({name})",
        )
    for gate in ("ft", "it"):
        yield line(
            "wrong-variable",
            f"a_next with {gate}",
            f"a_next has {gate} instead of ot.",
            a_next=f"{gate} * np.tanh(c_next)",
        )
    for id, variant, c_next, why in (
        (
            "plus-for-times",
            "c_next, candidate",
            "ft * c_prev + it + cct",
            "There is + for * between it and cct.",
        ),
        (
            "plus-for-times",
            "c_next, forget",
            "ft + c_prev + it * cct",
            "There is + for * between ft and c_prev.",
        ),
        (
            "plus-for-times",
            "c_next, both",
            "ft + c_prev + it + cct",
            "There is + for * twice in c_next.",
        ),
        (
            "plus-for-times",
            "c_next, times for plus",
            "ft * c_prev * it * cct",
            "There is * for + in c_next.",
        ),
        (
            "plus-for-times",
            "c_next, brackets",
            "ft * (c_prev + it * cct)",
            "ft multiplies all of c_next.",
        ),
        (
            "plus-for-times",
            "c_next, minus",
            "ft * c_prev - it * cct",
            "There is - for + in c_next.",
        ),
        ("term-missing", "it", "ft * c_prev + cct", "The update gate is left out of c_next."),
        ("term-missing", "ft", "c_prev + it * cct", "The forget gate is left out of c_next."),
        ("term-missing", "c_prev", "it * cct", "c_prev is left out of c_next."),
        ("term-missing", "c_prev, gate kept", "ft + it * cct", "c_prev is left out of c_next."),
        ("term-missing", "candidate", "ft * c_prev", "The candidate is left out of c_next."),
        ("term-missing", "cct", "ft * c_prev + it", "cct is left out of c_next."),
        ("term-missing", "gates", "c_prev + cct", "Both gates are left out of c_next."),
        ("gates-swapped", "c_next", "it * c_prev + ft * cct", "ft and it are swapped in c_next."),
        (
            "wrong-variable",
            "c_next, ft twice",
            "ft * c_prev + ft * cct",
            "ft stands for it in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, it twice",
            "it * c_prev + it * cct",
            "it stands for ft in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, 1 - ft",
            "ft * c_prev + (1 - ft) * cct",
            "1 - ft stands for it in c_next: the gates are coupled.",
        ),
        (
            "wrong-variable",
            "c_next, 1 - it",
            "(1 - it) * c_prev + it * cct",
            "1 - it stands for ft in c_next: the gates are coupled.",
        ),
        (
            "wrong-variable",
            "c_next, ot for it",
            "ft * c_prev + ot * cct",
            "ot stands for it in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, ot for ft",
            "ot * c_prev + it * cct",
            "ot stands for ft in c_next.",
        ),
        (
            "wrong-variable",
            "c_next, a_prev",
            "ft * a_prev + it * cct",
            "a_prev stands for c_prev in c_next.",
        ),
        (
            "wrong-activation",
            "c_next",
            "np.tanh(ft * c_prev + it * cct)",
            "There is a tanh too many on c_next.",
        ),
    ):
        yield line(id, variant, why, c_next=c_next)
    for gate, name in GATES.items():
        right = lines[name][0]
        own, words = LETTER[gate], WORDS[gate]
        bare = right.replace(f" + b{own}", "")
        yield line(
            "term-missing", f"b{own}", f"The bias of the {words} is left out.", **{name: bare}
        )
        other = "np.tanh" if gate != "g" else "sigmoid"
        usual = "sigmoid" if gate != "g" else "np.tanh"
        for id, activation, why in (
            ("wrong-activation", other, f"The {words} has {other} instead of {usual}."),
            ("softmax-wrong", "softmax", f"The {words} is a softmax instead of {usual}."),
            ("wrong-activation", "", f"The {words} has no activation."),
        ):
            wrong = right.replace(usual, activation, 1)
            variant = f"gate {name}" if id == "softmax-wrong" else f"{name}, {activation or 'none'}"
            yield line(id, variant, why, **{name: wrong})
        for theirs in "figo":
            if theirs == gate:
                continue
            W, b = f"W{LETTER[theirs]}", f"b{LETTER[theirs]}"
            yield line(
                "one-bias-for-several",
                f"{b} in {name}",
                f"The {words} has the bias {b} of another gate.",
                **{name: right.replace(f"b{own})", f"{b})")},
            )
            yield line(
                "wrong-variable",
                f"{W} in {name}",
                f"The {words} has the weights {W} of another gate.",
                **{name: right.replace(f"W{own},", f"{W},")},
            )
            yield line(
                "wrong-variable",
                f"{W}, {b} in {name}",
                f"The {words} has the weights and the bias of another gate.",
                **{name: right.replace(f"W{own},", f"{W},").replace(f"b{own})", f"{b})")},
            )
    for gate in "figo":
        b = f"b{LETTER[gate]}"
        wrong = {
            name: lines[name][0].replace(f"b{LETTER[k]})", f"{b})")
            for k, name in GATES.items()
            if k != gate
        }
        yield line("one-bias-for-several", f"{b} in all", f"All gates have the bias {b}.", **wrong)
    yield line(
        "forget-bias",
        "",
        "1 is added to the bias of the forget gate inside the function: it belongs in the initial"
        " value of bf.",
        ft=lines["ft"][0].replace("bf", "bf + 1"),
    )
    everywhere = {name: lines[name][0].replace(f" + b{LETTER[k]}", "") for k, name in GATES.items()}
    yield line("term-missing", "all biases", "The biases of all gates are left out.", **everywhere)
    for mine, other in combinations("figo", 2):
        swap = {
            f"{x}{LETTER[a]}": f"{x}{LETTER[b]}"
            for a, b in ((mine, other), (other, mine))
            for x in "Wb"
        }
        wrong = {GATES[k]: notation.replaced(lines[GATES[k]][0], swap) for k in (mine, other)}
        yield line(
            "gates-swapped",
            f"{GATES[mine]} and {GATES[other]}",
            f"The {WORDS[mine]} has the weights of the {WORDS[other]}, and the other way round: "
            "consistent in itself, but not with anyone else's weights.",
            **wrong,
        )
    for variant, concat, why in (
        (
            "forward",
            "np.concatenate((xt, a_prev))",
            "concat is [xt; a_prev]: the weights are made for [a_prev; xt].",
        ),
    ):
        yield line("concat-order", variant, why, concat=concat)
    yield line(
        "term-missing",
        "a_prev",
        "a_prev is left out of concat: the network has no recurrence.",
        concat="np.concatenate((np.zeros_like(a_prev), xt))",
    )
    yield line(
        "wrong-variable",
        "c_prev in concat",
        "concat holds c_prev instead of a_prev.",
        concat="np.concatenate((c_prev, xt))",
    )


def rnn_cell() -> Iterator[entries.Mistake]:
    """The state of the RNN."""
    function = "rnn_cell_forward"
    right = "a_next = np.tanh(np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba)"
    for id, variant, old, new, wrong, why in (
        ("term-missing", "ba", " + bh", "", right.replace(" + ba", ""), "The bias ba is left out."),
        (
            "no-transpose",
            "forward",
            "Whh @ h_prev",
            "Whh.T @ h_prev",
            right.replace("Waa,", "Waa.T,"),
            "Waa is transposed; since it is square, NumPy raises no error.",
        ),
        (
            "term-missing",
            "Waa a_prev",
            "Whh @ h_prev + ",
            "",
            right.replace(" + np.dot(Waa, a_prev)", ""),
            "The recurrent term is left out.",
        ),
        (
            "term-missing",
            "Wax xt",
            " + Wxh @ xt",
            "",
            right.replace("np.dot(Wax, xt) + ", ""),
            "The input is left out.",
        ),
        (
            "wrong-activation",
            "sigmoid",
            "h_next = np.tanh(z)",
            "h_next = sigmoid(z)",
            right.replace("np.tanh", "sigmoid"),
            "There is a sigmoid instead of tanh.",
        ),
        (
            "wrong-activation",
            "relu",
            "h_next = np.tanh(z)",
            "h_next = np.maximum(z, 0)",
            "a_next = np.maximum(0, np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba)",
            "There is a relu instead of tanh.",
        ),
        (
            "softmax-wrong",
            "a_next",
            "h_next = np.tanh(z)",
            "h_next = softmax(z)",
            right.replace("np.tanh", "softmax"),
            "There is a softmax instead of tanh.",
        ),
        (
            "wrong-activation",
            "none",
            "h_next = np.tanh(z)",
            "h_next = z",
            "a_next = np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba",
            "There is no tanh on a_next.",
        ),
        (
            "misplaced-parentheses",
            "bias outside",
            "h_next = np.tanh(z)",
            "h_next = np.tanh(Whh @ h_prev + Wxh @ xt) + bh",
            "a_next = np.tanh(np.dot(Wax, xt) + np.dot(Waa, a_prev)) + ba",
            "The bias is added outside of tanh.",
        ),
        (
            "misplaced-parentheses",
            "recurrence outside",
            "h_next = np.tanh(z)",
            "h_next = np.tanh(Wxh @ xt) + Whh @ h_prev + bh",
            "a_next = np.tanh(np.dot(Wax, xt)) + np.dot(Waa, a_prev) + ba",
            "tanh closes too early.",
        ),
        (
            "counted-twice",
            "tanh",
            "h_next = np.tanh(z)",
            "h_next = np.tanh(np.tanh(z))",
            right.replace("np.tanh(", "np.tanh(np.tanh(") + ")",
            "tanh is applied twice.",
        ),
        (
            "plus-for-times",
            "minus",
            " + bh",
            " - bh",
            right.replace(" + ba", " - ba"),
            "The bias is subtracted.",
        ),
    ):
        yield notation.edited(function, id, variant, why, [(old, new)], wrong, right)
