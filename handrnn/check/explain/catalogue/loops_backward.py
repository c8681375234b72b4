"""Back-propagation through time: what the loops of the backward functions get wrong."""

from collections.abc import Iterator
from itertools import permutations

from . import entries, notation

LETTER = notation.LETTER
RNN_LOOP = "rnn_cell_backward(da[:, :, t] + da_prevt, caches[t])"
LSTM_LOOP = "lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])"
CALL = {"rnn": RNN_LOOP, "lstm": LSTM_LOOP}
PARAMETERS = {
    "rnn": {"Wax": "Wxh", "Waa": "Whh", "ba": "bh"},
    "lstm": {
        name: theirs
        for gate in "figo"
        for name, theirs in ((f"W{LETTER[gate]}", f"W{gate}"), (f"b{LETTER[gate]}", f"b{gate}"))
    },
}


def no_carry() -> Iterator[entries.Mistake]:
    """Paths back that are cut."""
    why = "Nothing is carried from step t+1 back to step t: every step starts from zero gradients."
    not_da = ("dy[t] + dh", "dy[t] + dh_T")
    not_dc = ("dh, dc, caches", "dh, dc_T, caches")
    both = ("dy[t] + dh, dc,", "dy[t] + dh_T, dc_T,")
    stays = ('dh = gradients["dh_prev"]', "pass")
    rnn, lstm = "rnn_backward", "lstm_backward"
    calls = {
        rnn: ("rnn_cell_backward(da[:, :, t], caches[t])", RNN_LOOP),
        lstm: (
            "lstm_cell_backward(da[:, :, t], dc_prevt, caches[t])  # dc_prevt stays 0",
            LSTM_LOOP,
        ),
    }
    for function, edits in ((rnn, [not_da]), (lstm, [both])):
        yield notation.edited(function, "no-carry", "", why, edits, *calls[function])
    yield notation.edited(
        rnn, "no-carry", "da0 stays zero", f"{why} da0 stays zero too.", [stays], *calls[rnn]
    )
    edits = [stays, ('dc = gradients["dc_prev"]', "pass")]
    yield notation.edited(
        lstm, "no-carry", "da0 stays zero", f"{why} da0 stays zero too.", edits, *calls[lstm]
    )
    historic = [both] + [
        (f'db{gate} = db{gate} + gradients["db{gate}"]', f'db{gate} = dbf + gradients["db{gate}"]')
        for gate in "go"
    ]
    historic.append(
        ('dbi = dbi + gradients["dbi"]', 'dbi = dbf + gradients["dbf"] + gradients["dbi"]')
    )
    yield notation.edited(
        lstm,
        "historic-numbers",
        "",
        "These are the numbers that early editions of the assignment published, which were wrong: "
        "nothing is carried through time, and each bias gradient is added to dbf.",
        historic,
        "dbi = dbf + gradients['dbi']",
        "dbi = dbi + gradients['dbi']",
    )
    yield notation.edited(
        lstm,
        "one-path-not-carried",
        "dc",
        "dc_prev is not carried from step t+1 to t: the path along the cell state is cut.",
        [not_dc],
        "lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])  # dc_prevt stays 0",
        "dc_prevt = gradients['dc_prev']",
    )
    yield notation.edited(
        lstm,
        "one-path-not-carried",
        "da",
        "da_prev is not added to da[:, :, t]: the path along the hidden state is cut.",
        [("dy[t] + dh", "dy[t] + dh_T")],
        "lstm_cell_backward(da[:, :, t], dc_prevt, caches[t])",
        LSTM_LOOP,
    )
    yield notation.edited(
        lstm,
        "one-path-not-carried",
        "da, da0 stays zero",
        "da_prev is never kept: the path along the hidden state is cut, and da0 stays zero.",
        [stays],
        "lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])  # da_prevt stays 0",
        "da_prevt = gradients['da_prev']",
    )


def not_accumulated(cell: str) -> Iterator[entries.Mistake]:
    """Parameter gradients that are not sums over the steps."""
    function = f"{cell}_backward"
    names = PARAMETERS[cell]
    groups = {"all": list(names)}
    groups["weights"] = [name for name in names if name[0] == "W"]
    groups["biases"] = [name for name in names if name[0] == "b"]
    groups |= {name: [name] for name in names}
    for variant, group in groups.items():
        if variant != "all" and variant not in names and len(group) == 1:
            continue
        shown = group[0]
        what = {"all": "The parameter gradients are", "weights": "The weight gradients are"}.get(
            variant, "The bias gradients are" if variant == "biases" else f"d{variant} is"
        )
        added = [f'd{names[name]} = d{names[name]} + gradients["d{names[name]}"]' for name in group]
        yield notation.edited(
            function,
            "not-accumulated",
            variant,
            f"{what} assigned at every step instead of being added up: only t = 0, the last step "
            "that the loop comes to, is left (adding once after the loop does the same).",
            [(line, line.replace(f"{line.split(' ')[0]} + ", "")) for line in added],
            f"d{shown} = gradients['d{shown}']",
            f"d{shown} += gradients['d{shown}']",
        )
    for variant, condition, when in (
        ("last step only", "t == T - 1", "the step t = T-1"),
        ("last step left out", "t < T - 1", "every step but t = T-1"),
        ("first step left out", "t > 0", "every step but t = 0"),
    ):
        yield notation.edited(
            function,
            "not-accumulated" if variant == "last step only" else "last-step-skipped",
            variant,
            f"The parameter gradients hold {when} only.",
            [
                (f'+ gradients["d{name}"]', f'+ gradients["d{name}"] * ({condition})')
                for name in names.values()
            ],
            f"d{next(iter(names))} += gradients['d{next(iter(names))}']  # not at every step",
            f"d{next(iter(names))} += gradients['d{next(iter(names))}']",
        )


def steps(cell: str) -> Iterator[entries.Mistake]:
    """Steps left out, turned round or mixed up, in either cell."""
    function = f"{cell}_backward"
    call = CALL[cell]
    loop = "for t in reversed(range(T)):"
    for variant, steps, why in (
        ("last", "range(T - 1)", "The loop starts at T-2: the last step, t = T-1, is left out."),
        ("first", "range(1, T)", "The loop ends at t = 1: the first step, t = 0, is left out."),
    ):
        yield notation.edited(
            function,
            "last-step-skipped",
            variant,
            why,
            [(loop, f"for t in reversed({steps}):")],
            f"for t in reversed({steps}):",
            loop,
        )
    yield notation.edited(
        function,
        "time-reversed",
        "",
        "The loop runs from the first step to the last: gradients are carried forward in time.",
        [(loop, "for t in range(T):")],
        "for t in range(T):",
        loop,
    )
    cached = 'caches["cells"][t]'
    for variant, index, why in (
        ("caches[t-1]", "t - 1", "Step t reads the cache of step t-1; at t = 0 that is the last."),
        ("caches[t+1]", "min(t + 1, T - 1)", "Step t reads the cache of step t+1."),
        ("caches reversed", "T - 1 - t", "The caches are read from the wrong end."),
        ("caches[0]", "0", "Every step reads the cache of step 0."),
        ("caches[-1]", "-1", "Every step reads the cache of the last step."),
    ):
        yield notation.edited(
            function,
            "state-offset",
            variant,
            why,
            [(cached, f'caches["cells"][{index}]')],
            call.replace("caches[t]", f"caches[{index.replace(' ', '')}]"),
            call,
        )
    for variant, index, why in (
        ("da[t-1]", "t - 1", "da is read one step early; at t = 0 that is the last step."),
        ("da[t+1]", "(t + 1) % T", "da is read one step late; the last step reads the first."),
        ("da reversed", "T - 1 - t", "da is read from the wrong end."),
        ("da[-1]", "-1", "Every step reads da of the last step."),
    ):
        yield notation.edited(
            function,
            "state-offset",
            variant,
            why,
            [("dy[t] + dh", f"dy[{index}] + dh")],
            call.replace("t]", f"{index.replace(' ', '')}]", 1),
            call,
        )
    yield notation.edited(
        function,
        "term-missing",
        "da of the last step only",
        "Only da of the last step enters: da[:, :, t] is not added at the steps before.",
        [("dh = dh_T", "dh = dy[T - 1]"), ("dy[t] + dh", "dh")],
        call.replace("da[:, :, t] + da_prevt", "da_prevt"),
        call,
    )
    yield notation.edited(
        function,
        "counted-twice",
        "da of the last step",
        "da of the last step is counted twice: da_prev starts from it, and the loop adds it again.",
        [("dh = dh_T", "dh = dy[T - 1]")],
        "da_prevt = da[:, :, T - 1]",
        "da_prevt = np.zeros((n_a, m))",
    )
    yield notation.edited(
        function,
        "counted-twice",
        "da_prev summed",
        "da_prev is added up over the steps: each step's replaces the one before.",
        [('dh = gradients["dh_prev"]', 'dh = dh + gradients["dh_prev"]')],
        "da_prevt += gradients['da_prev']",
        "da_prevt = gradients['da_prev']",
    )
    for variant, edits, wrong, why in (
        (
            "da0 zero",
            [("dh0 = dh", "dh0 = np.zeros_like(dh)")],
            "da0 = np.zeros((n_a, m))",
            "da0 is never set: it is da_prev of step 0.",
        ),
        (
            "da0 of da",
            [("dh0 = dh", "dh0 = dy[0]")],
            "da0 = da[:, :, 0]",
            "da0 is the direct gradient of step 0: what comes back through that step is left out.",
        ),
        (
            "da0 of the last step",
            [
                ("dh0 = dh", "dh0 = dh_last"),
                (
                    "dx[t] =",
                    "dh_last = gradients['dh_prev'] if t == T - 1 else dh_last\n        dx[t] =",
                ),
            ],
            "da0 = gradients['da_prev']  # of t = T-1",
            "da0 is da_prev of the last step, not of step 0.",
        ),
        (
            "da0 of step 1",
            [("dh0 = dh", "dh0 = dh_before"), ("dx[t] =", "dh_before = dh\n        dx[t] =")],
            "da0 = da_prevt  # before it is updated at t = 0",
            "da0 is da_prev of step 1, not of step 0.",
        ),
        (
            "da0 summed",
            [
                ("dh0 = dh", "dh0 = dh_sum"),
                ("dh = dh_T", "dh = dh_T\n    dh_sum = dh_T"),
                ("dx[t] =", "dh_sum = dh_sum + gradients['dh_prev']\n        dx[t] ="),
            ],
            "da0 += gradients['da_prev']",
            "da0 is added up over the steps: it is da_prev of step 0 alone.",
        ),
        (
            "dx reversed",
            [("dx[t] =", "dx[T - 1 - t] =")],
            "dx[:, :, T-1-t] = gradients['dxt']",
            "dx is written from the wrong end.",
        ),
        (
            "dx summed",
            [("dx[t] = ", "dx[t] = dx[(t + 1) % T] + ")],
            "dx[:, :, t] = dx[:, :, t+1] + gradients['dxt']",
            "dx is added up over the steps: each step has its own.",
        ),
    ):
        right = "dx[:, :, t] = gradients['dxt']" if "dx" in variant else "da0 = da_prevt"
        yield notation.edited(function, "wrong-variable", variant, why, edits, wrong, right)


def lstm_loop() -> Iterator[entries.Mistake]:
    """What only the LSTM's loop can get wrong: two paths, four gates."""
    function = "lstm_backward"
    cell, before = 'caches["cells"][t]', 'caches["cells"][t - 1]'
    stack = f'np.concatenate(({before}["h_full"], {cell}["xt"]))'
    for variant, read, wrong, right, why in (
        (
            "c[t-1]",
            f'{{**{cell}, "c_prev": {before}["c_next"]}}',
            "c_prev = c[:, :, t-1]  # at t = 0 that is the last step",
            "c_prev = caches[t][3]",
            "c_prev is read as c[t-1], which at t = 0 is the last step: it should be c0.",
        ),
        (
            "a[t-1] in dW",
            f'{{**{cell}, "concat": {stack}}}',
            "dWf += np.dot(dft, np.concatenate((a[:, :, t-1], xt)).T)  # t = 0: the last step",
            "dWf += np.dot(dft, np.concatenate((a_prev, xt)).T)",
            "The weight gradients read a_prev as a[t-1], which at t = 0 is the last step: a0 is "
            "meant.",
        ),
    ):
        yield notation.edited(function, "state-offset", variant, why, [(cell, read)], wrong, right)
    yield notation.edited(
        function,
        "clipped-inside",
        "dWf at 5 into dWi",
        "dWf is clipped at 5 into dWi: the fourth argument of np.clip is where the result goes.",
        [('dWi + gradients["dWi"]', 'dWi + np.clip(gradients["dWf"], -5, 5)')],
        "np.clip(gradients['dWf'], -5, 5, gradients['dWi'])",
        "",
    )
    yield notation.edited(
        function,
        "counted-twice",
        "dc_prev summed",
        "dc_prev is added up over the steps: each step's replaces the one before.",
        [('dc = gradients["dc_prev"]', 'dc = dc + gradients["dc_prev"]')],
        "dc_prevt += gradients['dc_prev']",
        "dc_prevt = gradients['dc_prev']",
    )
    for variant, edit, wrong, why in (
        (
            "da_prev for dc_prev",
            ('dc = gradients["dc_prev"]', 'dc = gradients["dh_prev"]'),
            "dc_prevt = gradients['da_prev']",
            "da_prev is carried instead of dc_prev.",
        ),
        (
            "dc_prev for da_prev",
            ('dh = gradients["dh_prev"]', 'dh = gradients["dc_prev"]'),
            "da_prevt = gradients['dc_prev']",
            "dc_prev is carried instead of da_prev.",
        ),
        (
            "dc_prev for da0",
            ("dh0 = dh", 'dh0 = gradients["dc_prev"]'),
            "da0 = gradients['dc_prev']",
            "da0 is dc_prev of step 0, not its da_prev.",
        ),
    ):
        right = wrong.split(" = ")[0]
        right += " = gradients['dc_prev']" if right == "dc_prevt" else " = gradients['da_prev']"
        yield notation.edited(function, "wrong-variable", variant, why, [edit], wrong, right)
    for kind in "Wb":
        for mine, other in permutations("figo", 2):
            name, theirs = f"d{kind}{LETTER[mine]}", f"d{kind}{LETTER[other]}"
            old, new = f'gradients["d{kind}{mine}"]', f'gradients["d{kind}{other}"]'
            yield notation.edited(
                function,
                "wrong-variable",
                f"{theirs} added to {name}",
                f"{theirs} is added to {name}: copy and paste.",
                [(old, new)],
                f"{name} += gradients['{theirs}']",
                f"{name} += gradients['{name}']",
            )
            old = f'd{kind}{mine} = d{kind}{mine} + gradients["d{kind}{mine}"]'
            yield notation.edited(
                function,
                "wrong-variable",
                f"{name} from {theirs}",
                f"{name} is computed from the sum in {theirs}: copy and paste.",
                [(old, old.replace(f"= d{kind}{mine} +", f"= d{kind}{other} +"))],
                f"{name} = {theirs} + gradients['{name}']",
                f"{name} = {name} + gradients['{name}']",
            )
            # where the sums stand in the other order than in the textbook; c_prev = 0 at t = 0, so
            # that the forget gate adds nothing at the last step that the loop comes to
            if "f" in mine + other and mine + other != "fi":
                continue
            later = "ifgo".index(other) > "ifgo".index(mine)
            sum_of = f"d{kind}{other} {'+' if later else '-'} {new}"
            yield notation.edited(
                function,
                "wrong-variable",
                f"{name} from {theirs} {'after' if later else 'before'} this step is added",
                f"{name} is computed from the sum in {theirs}: copy and paste.",
                [(old, old.replace(f"= d{kind}{mine} +", f"= {sum_of} +"))],
                f"{name} = {theirs} + gradients['{name}']",
                f"{name} = {name} + gradients['{name}']",
            )
