"""`check.sequence` and the layer classes: right implementations pass, wrong ones are found out."""

import importlib.util
import itertools
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from handrnn import compare, textbook
from handrnn.check.explain import explain, sequence_mistakes
from handrnn.check.load import loading
from handrnn.check.report import data as report
from handrnn.check.run import runner
from handrnn.check.sequences import conventions, layer_classes, sequence_trials, sequences
from parity_tests.sampling import sampled

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="implementations are run in a fork of this process"
)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class HandLSTM:
    """Somebody's LSTM, in their conventions, with their mistakes."""

    def __init__(self, order="ifgo", *, mistake="", dtype=None, products="matmul"):
        self.order, self.mistake, self.dtype, self.products = order, mistake, dtype, products

    def product(self, a, W):
        if self.products == "einsum":
            return np.einsum("bi,ki->bk", a, W)
        if self.products == "loop":
            return np.array([[sum(w * v for w, v in zip(r, x, strict=True)) for r in W] for x in a])
        return a @ W.T

    def forward(self, x, h0, c0, W_ih, W_hh, b_ih, b_hh):
        given = (x, h0, c0, W_ih, W_hh, b_ih, b_hh)
        if self.dtype is not None:
            given = [a.astype(self.dtype) for a in given]
        x, h, c, W_ih, W_hh, b_ih, b_hh = given
        H = h.shape[1]
        self.tape, self.weights, y = [], (W_ih, W_hh), []
        for t in range(len(x)):
            if self.mistake == "h0 at every step":
                h = given[1]
            z = self.product(x[t], W_ih) + self.product(h, W_hh) + b_ih + b_hh
            block = {gate: z[:, k * H : (k + 1) * H] for k, gate in enumerate(self.order)}
            i, f, o = (sigmoid(block[gate]) for gate in "ifo")
            g = np.tanh(block["g"])
            c_prev, h_prev = c, h
            c = f * c + (i + g if self.mistake == "plus" else i * g)
            if self.mistake == "from step 3" and t >= 3:
                c = c * 1.0001
            h = o * (c if self.mistake == "no tanh" else np.tanh(c))
            self.tape.append((x[t], h_prev, c_prev, i, f, g, o, c, h))
            y.append(h)
        if self.mistake == "x in place":
            given[0][0] = 0
        self.y = np.stack(y)
        return self.y, self.y[0] if self.mistake == "h_n" else h, c

    def backward(self, dy, dh_n, dc_n):
        W_ih, W_hh = self.weights
        dW_ih, dW_hh, db = np.zeros_like(W_ih), np.zeros_like(W_hh), np.zeros(len(W_ih))
        if self.mistake == "kept":
            dW_ih = getattr(self, "dW_ih", dW_ih)
        if self.mistake == "y in place":
            self.y *= 2
        dh = 0 * dh_n if self.mistake == "dh_n" else dh_n
        dc = 0 * dc_n if self.mistake == "dc_n" else dc_n
        dx = np.zeros((len(self.tape), len(dh), W_ih.shape[1]))
        for t in reversed(range(len(self.tape))):
            x, h_prev, c_prev, i, f, g, o, c, h = self.tape[t]
            if t < len(self.tape) - 1 and self.mistake in ("no carry", "dc not carried"):
                dh, dc = dh * (self.mistake != "no carry"), np.zeros_like(dc)
            dh = dh + dy[t]
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            dz = {"i": dc * g * i * (1 - i), "f": dc * c_prev * f * (1 - f)}
            dz["o"] = dh * np.tanh(c) * o * (1 - o)
            activated = np.tanh(g) if self.mistake == "tanh twice" else g
            dz["g"] = dc * i * (1 - activated**2)
            if self.mistake == "no slope":
                dz["f"] = dc * c_prev
            stacked = np.concatenate([dz[gate] for gate in self.order], axis=1)
            dW_ih = dW_ih + stacked.T @ x
            now = stacked.T @ (h if self.mistake == "h for h_prev" else h_prev)
            dW_hh = now if self.mistake == "assigned" else dW_hh + now
            db = db + stacked.sum(0)
            dx[t] = stacked @ W_ih
            dh, dc = stacked @ W_hh, dc * f
            if self.mistake == "unheard of":
                dh = dh + 0.01 * h_prev
        self.dW_ih = dW_ih
        db_hh = np.zeros_like(db) if self.mistake == "second bias" else db
        gradients = {"dx": dx, "dh0": dh, "dc0": dc, "dW_ih": dW_ih, "dW_hh": dW_hh}
        gradients |= {"db_ih": db, "db_hh": db_hh}
        if self.mistake == "mean":
            names = ("dW_ih", "dW_hh", "db_ih", "db_hh")
            gradients |= {name: gradients[name] / len(dh) for name in names}
        return gradients


class HandGRU:
    """Somebody's GRU: the reset gate before or after the product, z either way round."""

    def __init__(self, order="run", *, before=False, turned=False, mistake=""):
        self.order, self.before, self.turned, self.mistake = order, before, turned, mistake

    def forward(self, x, h0, W_ih, W_hh, b_ih, b_hh):
        H, h, y = h0.shape[1], h0, []
        self.tape, self.weights, self.b_hh = [], (W_ih, W_hh), b_hh
        at = {gate: slice(k * H, (k + 1) * H) for k, gate in enumerate(self.order)}
        for xt in x:
            a, b = xt @ W_ih.T + b_ih, h @ W_hh.T + b_hh
            r, u = (sigmoid(a[:, at[gate]] + b[:, at[gate]]) for gate in "ru")
            Wn, bn = W_hh[at["n"]], b_hh[at["n"]]
            hn = (r * h) @ Wn.T + bn if self.before else r * (h @ Wn.T + bn)
            n = np.tanh(a[:, at["n"]] + hn)
            weight = u if self.turned else 1 - u
            self.tape.append((xt, h, r, u, n))
            h = weight * n + (1 - weight) * h
            y.append(h)
        return np.stack(y), h

    def backward(self, dy, dh_n):
        W_ih, W_hh = self.weights
        H = W_hh.shape[1]
        at = {gate: slice(k * H, (k + 1) * H) for k, gate in enumerate(self.order)}
        Wn, bn = W_hh[at["n"]], self.b_hh[at["n"]]
        dW_ih, dW_hh = np.zeros_like(W_ih), np.zeros_like(W_hh)
        db_ih, db_hh, dx, dh = np.zeros(3 * H), np.zeros(3 * H), [], dh_n
        for (x, h, r, u, n), d in zip(self.tape[::-1], dy[::-1], strict=True):
            dh = dh + d
            weight = u if self.turned else 1 - u
            dn = dh * weight * (1 - n**2)
            du = dh * (n - h) * (1 if self.turned else -1) * u * (1 - u)
            if self.before:
                dr, dhn = (dn @ Wn) * h, dn
                through, dWn = (dn @ Wn) * r, dn.T @ (r * h)
            else:
                dr, dhn = dn * (h @ Wn.T + bn), dn * r
                through, dWn = dhn @ Wn, dhn.T @ h
            dr = dr * r * (1 - r)
            if self.mistake == "no slope":
                dr = dr / (r * (1 - r))
            gate = {"r": dr, "u": du, "n": dn}
            dz = np.concatenate([gate[name] for name in self.order], axis=1)
            dW_ih += dz.T @ x
            db_ih += dz.sum(0)
            for name in "ru":
                dW_hh[at[name]] += gate[name].T @ h
                db_hh[at[name]] += gate[name].sum(0)
            dW_hh[at["n"]] += dWn
            db_hh[at["n"]] += (dn if self.mistake == "second bias" else dhn).sum(0)
            dx.append(dz @ W_ih)
            direct = dh * (1 - weight)
            dh = through + sum(gate[name] @ W_hh[at[name]] for name in "ru")
            if self.mistake != "direct path":
                dh = dh + direct
        names = ("dx", "dh0", "dW_ih", "dW_hh", "db_ih", "db_hh")
        return dict(zip(names, (np.stack(dx[::-1]), dh, dW_ih, dW_hh, db_ih, db_hh), strict=True))


class HandRNN:
    """Somebody's RNN."""

    def __init__(self, relu=False, mistake=""):
        self.relu, self.mistake = relu, mistake

    def forward(self, x, h0, W_ih, W_hh, b_ih, b_hh):
        self.h, self.x, self.weights = [h0], x, (W_ih, W_hh)
        for xt in x:
            z = xt @ W_ih.T + self.h[-1] @ W_hh.T + b_ih + b_hh
            self.h.append(np.maximum(z, 0) if self.relu else np.tanh(z))
        return np.stack(self.h[1:]), self.h[-1]

    def backward(self, dy, dh_n):
        W_ih, W_hh = self.weights
        dx, dh, dz = np.zeros_like(self.x), dh_n, np.zeros_like(dy)
        for t in reversed(range(len(dy))):
            h = self.h[t + 1]
            dz[t] = (dh + dy[t]) * ((h > 0) if self.relu else 1 - h**2)
            dx[t] = dz[t] @ W_ih
            dh = dz[t] @ (W_hh.T if self.mistake == "no transpose" else W_hh)
        dW_ih = np.einsum("tbk,tbi->ki", dz, self.x)
        dW_hh = np.einsum("tbk,tbh->kh", dz, np.stack(self.h[:-1]))
        db = dz.sum((0, 1))
        return {"dx": dx, "dh0": dh, "dW_ih": dW_ih, "dW_hh": dW_hh, "db_ih": db, "db_hh": db}


def ids(judged):
    return {mistake.id for mistake in judged.mistakes}


def notes(found):
    return " | ".join(note for function in found.functions.values() for note in function.notes)


# Right implementations -----------------------------------------------------------------------


@pytest.mark.parametrize("order", ["ifgo", "ifog", "oifg", "gofi"])
@pytest.mark.parametrize("products", ["matmul", "einsum", "loop"])
def test_any_order_of_gates_passes_and_is_reported(order, products):
    hand = HandLSTM(order, products=products)
    found = sequences.sequence(hand.forward, hand.backward)
    found.raise_if_failed()
    assert list(found.functions) == ["forward", "backward"]
    assert f"your gates are {', '.join(order)}" in notes(found)


@pytest.mark.sample(4)
@pytest.mark.parametrize("order", ["".join(p) for p in itertools.permutations("run")])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_variants_of_the_gru_pass_and_are_reported(order, before, turned):
    hand = HandGRU(order, before=before, turned=turned)
    found = sequences.sequence(hand.forward, hand.backward, cell="gru")
    found.raise_if_failed()
    assert f"your gates are {', '.join(order.replace('u', 'z'))}" in notes(found)
    assert ("reset gate before" in notes(found)) == before
    assert ("weighs the candidate" in notes(found)) == turned


@pytest.mark.parametrize(
    ("cell", "relu"), [("rnn", False), ("rnn_tanh", False), ("rnn_relu", True)]
)
def test_rnn(cell, relu):
    hand = HandRNN(relu)
    sequences.sequence(hand.forward, hand.backward, cell=cell).raise_if_failed()


def with_axes(hand, x_axes, *, transposed=False, layers=False, column=False):
    """The same implementation behind other axes."""
    y_axes = x_axes.replace("I", "H")

    def state(array, back=False):
        if column:
            return array.T
        return (array[None] if back else array[0]) if layers else array

    def turn(W):
        return W.T if transposed else W

    def forward(x, h0, c0, W_ih, W_hh, b_ih, b_hh):
        assert h0.ndim == (3 if layers else 2)
        assert W_ih.shape == ((5, 16) if transposed else (16, 5))
        b_ih, b_hh = (b[:, 0] if column else b for b in (b_ih, b_hh))
        x = conventions.moved(x, x_axes, "TBI")
        assert x.shape[1:] == (3, 5)
        y, h, c = hand.forward(x, state(h0), state(c0), turn(W_ih), turn(W_hh), b_ih, b_hh)
        return conventions.moved(y, "TBH", y_axes), state(h, True), state(c, True)

    def backward(dy, dh_n, dc_n):
        dy = conventions.moved(dy, y_axes, "TBH")
        made = hand.backward(dy, state(dh_n), state(dc_n))
        made |= {name: turn(made[name]) for name in ("dW_ih", "dW_hh")}
        made |= {name: state(made[name], True) for name in ("dh0", "dc0")}
        if column:
            made |= {name: made[name][:, None] for name in ("db_ih", "db_hh")}
        return made | {"dx": conventions.moved(made["dx"], "TBI", x_axes)}

    return forward, backward


@pytest.mark.parametrize("axes", sampled(["TBI", "BTI", "TIB", "IBT", "BIT", "ITB"], every=3))
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("form", ["", "layers", "column"])
def test_axes_are_found(axes, transposed, form):
    options = {form: True} if form else {}
    forward, backward = with_axes(HandLSTM("ogif"), axes, transposed=transposed, **options)
    found = sequences.sequence(forward, backward)
    found.raise_if_failed()
    assert "your gates are o, g, i, f" in notes(found)
    assert ("the transpose of torch's" in notes(found)) == transposed
    assert (f"x is ({', '.join(axes)})" in notes(found)) == (axes != "TBI")


def test_one_bias_and_none():
    hand = HandLSTM()

    def one(x, h0, c0, W_ih, W_hh, b):
        return hand.forward(x, h0, c0, W_ih, W_hh, b, np.zeros_like(b))

    def none(x, h0, c0, W_ih, W_hh):
        zeros = np.zeros(len(W_ih))
        return hand.forward(x, h0, c0, W_ih, W_hh, zeros, zeros)

    def backward(dy, dh_n, dc_n):
        made = hand.backward(dy, dh_n, dc_n)
        return {"dx": made["dx"], "dwih": made["dW_ih"], "db": made["db_ih"]}

    for forward, text in ((one, "there is one bias"), (none, "there is no bias")):
        found = sequences.sequence(forward, backward)
        found.raise_if_failed()
        assert text in notes(found)
        assert "not judged: dh0, dc0, dW_hh, db_hh" in notes(found)


def test_float32_throughout_passes_in_units_of_its_own():
    hand = HandLSTM(dtype=np.float32)
    found = sequences.sequence(hand.forward, hand.backward)
    found.raise_if_failed()
    tensor = next(t for t in found.functions["forward"].tensors if t.name == "y")
    assert 1e-8 < tensor.error < 1e-6
    assert 0 < tensor.units < 16
    assert "of 64)" in str(found)


def test_float32_inside_passes_with_a_note():
    hand = HandLSTM()

    def forward(x, *rest):
        y, h, c = hand.forward(x.astype(np.float32), *(a.astype("float32") for a in rest))
        return y.astype(float), h.astype(float), c.astype(float)

    found = sequences.sequence(forward)
    found.raise_if_failed()
    assert "it computes in float32" in notes(found)


def test_an_implementation_that_takes_float32_only():
    hand = HandLSTM()

    def forward(x, *rest):
        if x.dtype != np.float32:
            raise TypeError("only single precision")
        return hand.forward(x, *rest)

    found = sequences.sequence(forward)
    found.raise_if_failed()
    assert "it takes float32 only" in notes(found)


def test_final_states_in_a_tuple_and_a_backward_without_them():
    hand = HandLSTM()

    def forward(x, h0, c0, W_ih, W_hh, b_ih, b_hh):
        y, h, c = hand.forward(x, h0, c0, W_ih, W_hh, b_ih, b_hh)
        return y, (h, c)

    def backward(dy):
        return hand.backward(dy, np.zeros_like(dy[0]), np.zeros_like(dy[0]))

    found = sequences.sequence(forward, backward)
    found.raise_if_failed()
    assert "backward has no argument for it" in notes(found)


# Chaos ---------------------------------------------------------------------------------------

CHAOS = {"T": 512, "H": 24, "scale": 14.0}


def test_these_weights_are_chaotic():
    case = conventions.draw("lstm", 0, B=3, I=5, **CHAOS)
    assert conventions.spread(case, conventions.usual("lstm"), 2**-53)["y"] > 0.1


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    sampled([{}, {"products": "einsum"}, {"order": "ogif"}, {"dtype": np.float32}], every=4),
    ids=["plain", "einsum", "order", "float32"],
)
def test_chaotic_weights_never_fail_a_right_lstm(options):
    hand = HandLSTM(**options)
    found = sequences.sequence(hand.forward, hand.backward, **CHAOS)
    found.raise_if_failed()
    assert "each step is right by itself" in notes(found)


@pytest.mark.long
@pytest.mark.parametrize("H", [16, 48])
def test_chaotic_weights_never_fail_a_right_rnn_or_gru(H):
    """W_hh is three times torch's start, and more."""
    for cell, hand in (("rnn", HandRNN()), ("gru", HandGRU())):
        for scale in (3.0, 8.0):
            found = sequences.sequence(
                hand.forward, hand.backward, cell=cell, T=512, H=H, scale=scale
            )
            verdicts = {function.verdict for function in found.functions.values()}
            assert report.FAIL not in verdicts, str(found)
            assert found.functions["forward"].verdict == report.PASS


@pytest.mark.long
@pytest.mark.parametrize("mistake", sampled(["from step 3", "no carry", "dc_n", "plus"], every=4))
def test_chaotic_weights_hide_no_mistake(mistake):
    hand = HandLSTM(mistake=mistake)
    assert not sequences.sequence(hand.forward, hand.backward, **CHAOS).passed


@pytest.mark.long
def test_a_step_is_found_out_in_chaos_alone():
    """One wrong step, at T = 512 only, where no comparison of the whole could say anything."""
    hand = HandLSTM()

    def forward(x, *rest):
        y, h, c = hand.forward(x, *rest)
        if len(x) > 300:
            y[300, 1, 7] += 1e-9
        return y, h, c

    found = sequences.sequence(forward, **CHAOS)
    judged = found.functions["forward"]
    assert judged.verdict == report.FAIL
    assert "time step 300, example 1, unit 7" in judged.where


@pytest.mark.parametrize("at", [None, 5, 100])
def test_a_step_is_found_out_though_relu_grows_a_lot(at):
    """States grow to 1e75: beside those the first ones are nothing, yet each step is judged."""

    def forward(x, h, W_ih, W_hh, b_ih, b_hh):
        y = []
        for t in range(len(x)):
            h = np.maximum(x[t] @ W_ih.T + h @ W_hh.T + b_ih + b_hh, 0)
            if t == at and len(x) > 300:
                h = h * (1 + 1e-9)
            y.append(h)
        return np.array(y), h

    found = sequences.sequence(forward, cell="rnn_relu", T=512, H=24, scale=4.0)
    judged = found.functions["forward"]
    assert "each step is right by itself" in notes(found) or at is not None
    assert judged.verdict == (report.PASS if at is None else report.FAIL)
    assert f"first bad at time step {at}," in judged.where or at is None


def test_weights_that_overflow_are_ill_conditioned():
    hand = HandRNN(relu=True)
    with np.errstate(all="ignore"):
        found = sequences.sequence(
            hand.forward, hand.backward, cell="rnn_relu", T=400, H=40, scale=200.0
        )
    assert {f.verdict for f in found.functions.values()} <= {report.ILL_CONDITIONED, report.PASS}
    assert not found.passed


# Wrong implementations -----------------------------------------------------------------------

FORWARD_MISTAKES = {
    "h0 at every step": ("a0-every-step", "time step 1"),
    "plus": ("plus-for-times", "time step 0"),
    "no tanh": ("no-tanh-on-cell", "time step 0"),
    "h_n": ("wrong-variable", "h_n"),
    "from step 3": ("unexplained", "time step 3"),
}
BACKWARD_MISTAKES = {
    "dh_n": ("final-state-gradient-ignored", "dx"),
    "dc_n": ("final-cell-gradient-ignored", "dx"),
    "no carry": ("no-carry", "time step 5"),
    "dc not carried": ("one-path-not-carried", "time step 5"),
    "tanh twice": ("derivative-of-activated", "dx"),
    "no slope": ("activation-derivative-missing", "dx"),
    "h for h_prev": ("whh-off-by-one", "dW_hh"),
    "assigned": ("not-accumulated", "dW_hh"),
    "second bias": ("second-bias", "db_hh"),
    "mean": ("divided-by-m", "dW_ih"),
    "kept": ("not-reset", "dW_ih"),
    "unheard of": ("unexplained", "time step 5"),
}


@pytest.mark.parametrize("mistake", FORWARD_MISTAKES)
@pytest.mark.parametrize("order", sampled(["ifgo", "ogif"], every=2))
def test_mistakes_in_forward_are_named(mistake, order):
    hand = HandLSTM(order, mistake=mistake)
    judged = sequences.sequence(hand.forward).functions["forward"]
    id, place = FORWARD_MISTAKES[mistake]
    assert judged.verdict == report.FAIL
    assert id in ids(judged)
    assert place in judged.where


@pytest.mark.sample(5)
@pytest.mark.parametrize("mistake", BACKWARD_MISTAKES)
@pytest.mark.parametrize("order", sampled(["ifgo", "ogif"], every=2))
def test_mistakes_in_backward_are_named(mistake, order):
    hand = HandLSTM(order, mistake=mistake)
    found = sequences.sequence(hand.forward, hand.backward)
    judged = found.functions["backward"]
    id, place = BACKWARD_MISTAKES[mistake]
    assert found.functions["forward"].passed
    assert judged.verdict == report.FAIL
    assert id in ids(judged)
    assert place in judged.where


@pytest.mark.long
def test_two_mistakes_are_both_named():
    hand = HandLSTM(mistake="dc_n")

    def backward(dy, dh_n, dc_n):
        return hand.backward(dy, dh_n, dc_n) | {"dh0": np.zeros_like(dh_n)}

    judged = sequences.sequence(hand.forward, backward).functions["backward"]
    assert "final-cell-gradient-ignored" in ids(judged)
    assert len(judged.mistakes) == 2
    assert "both mistakes together" in judged.mistakes[0].proof


@pytest.mark.long
def test_gradients_that_are_right_for_a_wrong_forward_are_told():
    hand = HandLSTM(mistake="h0 at every step")
    found = sequences.sequence(hand.forward, hand.backward)
    backward = found.functions["backward"]
    assert backward.verdict == report.FAIL
    assert "a0-every-step" in ids(backward)
    assert "right for what forward computes" in backward.mistakes[0].explanation


@pytest.mark.parametrize(
    ("mistake", "id"),
    [
        ("no slope", "activation-derivative-missing"),
        ("direct path", "term-missing"),
        ("second bias", "second-bias"),
    ],
)
@pytest.mark.parametrize("before", [False, True])
def test_mistakes_in_a_gru_are_named(mistake, id, before):
    hand = HandGRU("urn", before=before, mistake=mistake)
    found = sequences.sequence(hand.forward, hand.backward, cell="gru")
    if mistake == "second bias" and before:
        found.raise_if_failed()  # with the reset gate before the product there is no difference
        return
    assert found.functions["backward"].verdict == report.FAIL
    assert id in ids(found.functions["backward"])


def test_mistakes_in_an_rnn_are_named():
    hand = HandRNN(mistake="no transpose")
    judged = sequences.sequence(hand.forward, hand.backward, cell="rnn").functions["backward"]
    assert ids(judged) == {"no-transpose"}
    hand = HandRNN(relu=True)
    judged = sequences.sequence(hand.forward, cell="rnn").functions["forward"]
    assert judged.verdict == report.FAIL
    assert ids(judged) == {"wrong-activation"}
    assert "rnn_relu" in judged.mistakes[0].explanation


def test_a_one_on_the_forget_gate_is_named():
    hand = HandLSTM("ifgo")

    def forward(x, h0, c0, W_ih, W_hh, b_ih, b_hh):
        return hand.forward(x, h0, c0, W_ih, W_hh, b_ih + np.repeat([0, 1, 0, 0], 4), b_hh)

    judged = sequences.sequence(forward).functions["forward"]
    assert judged.verdict == report.FAIL
    assert ids(judged) == {"forget-bias"}


@pytest.mark.sample(4)
@pytest.mark.parametrize("order", ["ifgo", "ogif"])
@pytest.mark.parametrize(("factors", "name"), [((1, 0), "b_hh"), ((0, 1), "b_ih")])
def test_a_bias_that_is_ignored_is_named(order, factors, name):
    hand = HandLSTM(order)

    def forward(x, h0, c0, W_ih, W_hh, b_ih, b_hh):
        return hand.forward(x, h0, c0, W_ih, W_hh, factors[0] * b_ih, factors[1] * b_hh)

    judged = sequences.sequence(forward).functions["forward"]
    assert judged.verdict == report.FAIL
    assert ids(judged) == {"one-bias-for-several"}
    assert judged.mistakes[0].explanation.startswith(f"{name} is ignored")


def test_a_bias_that_an_rnn_or_gru_ignores_is_named():
    for hand, cell in ((HandRNN(), "rnn"), (HandGRU(), "gru")):

        def forward(x, h0, W_ih, W_hh, b_ih, b_hh, hand=hand):
            return hand.forward(x, h0, W_ih, W_hh, b_ih, 0 * b_hh)

        judged = sequences.sequence(forward, cell=cell).functions["forward"]
        assert judged.verdict == report.FAIL
        assert ids(judged) == {"one-bias-for-several"}


def test_gradients_of_the_other_gru_fail():
    one, other = HandGRU(), HandGRU(before=True)

    def forward(*given):
        other.forward(*given)
        return one.forward(*given)

    judged = sequences.sequence(forward, other.backward, cell="gru").functions["backward"]
    assert judged.verdict == report.FAIL


def test_damage_fails():
    hand = HandLSTM(mistake="x in place")
    found = sequences.sequence(hand.forward, hand.backward)
    assert ids(found.functions["forward"]) == {"argument-in-place"}
    assert not found.functions["backward"].passed
    hand = HandLSTM(mistake="y in place")
    judged = sequences.sequence(hand.forward, hand.backward).functions["backward"]
    assert judged.verdict == report.FAIL
    assert ids(judged) == {"result-in-place"}


@pytest.mark.sample(3)
@pytest.mark.parametrize("factor", sampled([1 + 1e-12, 1 + 1e-7, 0.5, -1, 0, np.nan], every=2))
def test_no_scale_of_error_passes(factor):
    hand = HandLSTM()

    def forward(*given):
        y, h, c = hand.forward(*given)
        return y, h, c * factor

    def backward(dy, dh_n, dc_n):
        made = hand.backward(dy, dh_n, dc_n)
        return made | {"dW_hh": made["dW_hh"] * factor}

    assert sequences.sequence(forward).functions["forward"].verdict == report.FAIL
    found = sequences.sequence(hand.forward, backward)
    assert found.functions["backward"].verdict == report.FAIL


# Other contracts -----------------------------------------------------------------------------

CASES = Path(__file__).parent / "submissions" / "sequences"


def case(name):
    """The report on one of the submissions that are functions."""
    spec = importlib.util.spec_from_file_location(name, CASES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(there)
    return sequences.sequence(there.forward, there.backward, cell=there.CELL)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lstm_without_c0", "c0 is taken and not used: judged from zeros"),
        ("rnn_from_zeros", "h0 is taken and not used: judged from zeros"),
        ("last_output_only", "it returns h_n only"),
    ],
)
def test_less_than_the_contract_passes_and_is_reported(name, said):
    found = case(name)
    found.raise_if_failed()
    assert said in notes(found)


def test_an_lstm_that_takes_and_returns_c_may_not_ignore_it():
    hand = HandLSTM()

    def forward(x, h0, c0, *weights):
        return hand.forward(x, h0, np.zeros_like(c0), *weights)

    assert sequences.sequence(forward).functions["forward"].verdict == report.FAIL


def test_a_state_that_is_taken_and_not_used_is_a_mistake():
    """Unless there is a backward function, and it does not speak of its gradient."""

    def forward(x, h0, W_ih, W_hh, b_ih, b_hh):
        h, y = np.zeros_like(h0), []
        for xt in x:
            h = np.tanh(xt @ W_ih.T + b_ih + h @ W_hh.T + b_hh)
            y.append(h)
        return np.array(y), h

    assert sequences.sequence(forward, cell="rnn").functions["forward"].verdict == report.FAIL


@pytest.mark.long
def test_mistakes_of_the_kind_seen_in_public_are_named():
    backward = case("bias_left_at_zero").functions["backward"]
    assert ids(backward) == {"not-accumulated"}
    backward = case("two_bias_gradients_copied").functions["backward"]
    assert [mistake.id for mistake in backward.mistakes] == ["wrong-variable"] * 2
    found = case("no_tanh_on_c_consistent").functions
    assert ids(found["forward"]) == ids(found["backward"]) == {"no-tanh-on-cell"}
    assert "right for what forward computes" in found["backward"].mistakes[0].explanation
    assert "with the gates g, i, f, o" in found["forward"].mistakes[0].proof


@pytest.mark.parametrize("names", ["x W U b", "x W U", "x h0 W U", "x h0 W U b", "x h W U b1 b2"])
def test_arguments_are_told_by_their_names(names):
    def rnn(given):
        h = given.get("h0", given.get("h", np.zeros((3, 4))))
        bias = sum(value for name, value in given.items() if name[0] == "b")
        y = []
        for xt in given["x"]:
            h = np.tanh(xt @ given["W"].T + h @ given["U"].T + bias)
            y.append(h)
        return np.stack(y)

    arguments = names.split()
    scope = {"rnn": rnn}
    exec(f"def forward({', '.join(arguments)}): return rnn(dict({keywords(arguments)}))", scope)
    found = sequences.sequence(scope["forward"], cell="rnn")
    found.raise_if_failed()
    assert ("h0 is not an argument" in notes(found)) == (arguments[1] == "W")
    assert "it returns y only" in notes(found)


def keywords(names):
    return ", ".join(f"{name}={name}" for name in names)


class Foreign:
    """An array of another library."""

    def __init__(self, values):
        self.values = np.ascontiguousarray(values)


class WithArray(Foreign):
    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


class WithDLPack(Foreign):
    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


@pytest.mark.parametrize("library", [WithArray, WithDLPack])
def test_arrays_of_any_library(library):
    hand = HandLSTM()

    def forward(*given):
        return tuple(map(library, hand.forward(*given)))

    def backward(*given):
        return {name: library(value) for name, value in hand.backward(*given).items()}

    sequences.sequence(forward, backward).raise_if_failed()


def test_functions_of_torch(nn):
    import torch

    def forward(x, h, W_ih, W_hh, b):
        y = []
        for xt in x:
            h = torch.tanh(xt @ W_ih.T + h @ W_hh.T + b)
            y.append(h)
        return torch.stack(y), h

    found = sequences.sequence(forward, cell="rnn")
    found.raise_if_failed()
    assert "it takes tensors of torch" in notes(found)


def test_no_clock_is_looked_at():
    """What is named is a matter of what came back, not of how busy the machine is."""
    for module in (sequence_mistakes, layer_classes, sequences, conventions, sequence_trials):
        assert "time" not in vars(module)


# What does not return ------------------------------------------------------------------------


def test_a_layer_that_is_dead_has_zero_references():
    """A ReLU that never fires: its gradients are zero, and so is the scale of an error."""

    def forward(x, h0, W_ih, W_hh, b_ih, b_hh):
        y = np.maximum(x @ W_ih.T + h0 @ W_hh.T + b_ih + b_hh, 0)
        return y, y[-1]

    def backward(dy, dh_n):
        return {"dx": np.ones((1, 1, 5))}

    def one_more(*given):
        y, _ = forward(*given)
        return y + 1, y[-1] + 1

    dead = {"cell": "rnn_relu", "T": 1, "B": 1, "H": 1, "seed": 4}
    found = sequences.sequence(forward, backward, **dead).functions
    assert found["forward"].passed
    assert sequences.sequence(one_more, **dead).functions["forward"].verdict == report.FAIL
    (named,) = found["backward"].mistakes
    assert (named.id, named.explanation) == ("unexplained", "no entry of the catalogue explains it")


def hang(*given):
    while True:
        pass


def leave(*given):
    os._exit(0)


def politely(*given):
    sys.exit(0)


def template(*given):
    raise NotImplementedError


def nothing(*given):
    return None


BROKEN = {
    hang: report.TIMED_OUT,
    leave: report.CRASHED,
    politely: report.CRASHED,
    template: report.NOT_FILLED_IN,
    nothing: report.NOT_FILLED_IN,
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_what_does_not_return_is_no_pass(broken):
    start = time.monotonic()
    found = sequences.sequence(broken, broken, seconds=1.0)
    assert time.monotonic() - start < 20
    assert not found.passed
    assert found.functions["forward"].verdict == BROKEN[broken]
    hand = HandLSTM()
    found = sequences.sequence(hand.forward, broken, seconds=1.0)
    assert found.functions["forward"].passed
    assert found.functions["backward"].verdict == BROKEN[broken]


@pytest.mark.sample(9)
@pytest.mark.parametrize(
    "value",
    [
        3,
        "PASS",
        [],
        {},
        (1, 2, 3),
        np.zeros(3),
        (None, None, None),
        (np.zeros((7, 3, 4)),) * 2,
        (np.zeros((7, 3, 4)), np.zeros((3, 4)), np.zeros((3, 4))),
        (np.zeros((7, 3, 4), complex), np.zeros((3, 4)), np.zeros((3, 4))),
        (np.full((7, 3, 4), np.nan), np.zeros((3, 4)), np.zeros((3, 4))),
        (np.zeros((7, 3, 4), object), np.zeros((3, 4)), np.zeros((3, 4))),
        (np.zeros((7, 3, 4), np.float16), np.zeros((3, 4)), np.zeros((3, 4))),
    ],
    ids=range(13),
)
def test_odd_values_are_failures_with_words(value):
    hand = HandLSTM()

    def odd(*given):
        return value

    found = sequences.sequence(odd, odd)
    assert not any(function.passed for function in found.functions.values())
    assert found.functions["forward"].where
    judged = sequences.sequence(hand.forward, lambda *given: value).functions["backward"]
    assert not judged.passed


@pytest.mark.parametrize(
    "value",
    [{"dx": None}, {"dx": 1.0}, {"dx": np.zeros((5, 7, 3))}, {"dW_ih": np.zeros((5, 16))}, {7: 8}],
    ids=range(5),
)
def test_odd_gradients_are_failures(value):
    hand = HandLSTM()
    assert not sequences.sequence(hand.forward, lambda *given: value).functions["backward"].passed


def test_misuse_is_said_at_the_border():
    with pytest.raises(ValueError, match="cell is 'lstn'"):
        sequences.sequence(nothing, cell="lstn")
    with pytest.raises(ValueError, match="T is 0"):
        sequences.sequence(nothing, T=0)
    with pytest.raises(TypeError, match="backward is a int"):
        sequences.sequence(nothing, 3)  # pyright: ignore


def test_without_fork_it_says_so(monkeypatch):
    monkeypatch.setattr(runner, "CAN_FORK", False)
    hand = HandLSTM()
    found = sequences.sequence(hand.forward, hand.backward)
    assert found.passed
    assert "could not be isolated" in notes(found)


def test_a_check_is_quick():
    hand = HandLSTM()
    start = time.perf_counter()
    sequences.sequence(hand.forward, hand.backward).raise_if_failed()
    assert time.perf_counter() - start < 3


# The textbook under other readings -----------------------------------------------------------


@pytest.mark.parametrize(
    "variant", [r for r in conventions.readings("gru") if r.order == ("r", "u", "n")]
)
def test_variants_of_the_gru_have_their_own_gradients(variant):
    """The planted backward is that of the planted forward, by central differences."""
    case = conventions.draw("gru", 3, T=4, B=2, I=3, H=3, scale=2.0)
    made = conventions.results(case, variant)

    def loss(case):
        out = conventions.results(case, variant)
        return np.sum(out["y"] * case.arrays["dy"]) + np.sum(out["h_n"] * case.arrays["dh_n"])

    for name in ("x", "h0", "W_ih", "W_hh", "b_ih", "b_hh"):
        rng = np.random.default_rng(4)
        direction = rng.standard_normal(case.arrays[name].shape)
        step = 1e-6
        up, down = (
            loss(case.changed(**{name: case.arrays[name] + sign * step * direction}))
            for sign in (1, -1)
        )
        slope = np.sum(made[f"d{name}"] * direction)
        assert abs((up - down) / (2 * step) - slope) < 1e-8 * max(1, abs(slope))


def test_results_are_those_of_the_textbook():
    case = conventions.draw("lstm", 0, T=5, B=2, I=3, H=4, scale=2.0)
    a = case.arrays
    parameters = {}
    for k, gate in enumerate("ifgo"):
        rows = slice(4 * k, 4 * k + 4)
        parameters[f"W{gate}"] = np.hstack([a["W_hh"][rows], a["W_ih"][rows]])
        parameters[f"b{gate}"] = (a["b_ih"] + a["b_hh"])[rows, None]
    h, c, _ = textbook.lstm_forward(a["x"].transpose(0, 2, 1), a["h0"].T, a["c0"].T, parameters)
    made = conventions.results(case, conventions.usual("lstm"))
    assert compare.normwise_error(made["y"], h.transpose(0, 2, 1)) <= 1e-12
    assert compare.normwise_error(made["c_n"], c[-1].T) <= 1e-12


@pytest.mark.parametrize("cell", ["rnn_tanh", "gru", "lstm"])
def test_following_its_own_states_gives_the_textbook_again(cell):
    case = conventions.draw(cell, 0, T=6, B=2, I=3, H=4, scale=2.0)
    reading = conventions.readings(cell)[-1]
    made = conventions.results(case, reading)
    along = conventions.results(case, reading, y=made["y"])
    assert along.keys() == made.keys()
    for name, values in along.items():
        assert compare.normwise_error(values, made[name]) <= 1e-12


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_mistake_of_this_module_can_be_planted(cell):
    """Each entry runs; and all but those that nothing can show change a result."""
    case = conventions.draw(conventions.CELLS[cell], 0, T=7, B=3, I=5, H=4, scale=2.0)
    trial = sequence_trials.Trial(case, conventions.usual(case.cell), conventions.Call(), {}, {})
    right = conventions.results(case, trial.reading)
    own = (
        *sequence_mistakes._loops(cell),
        *sequence_mistakes._gru_forward(cell),
        *sequence_mistakes._gru_backward(cell),
    )
    for entry in own:
        made = sequence_mistakes.made_by((entry,), trial)
        assert made is not None, entry.why
        assert not all(explain.equal(made[n], right[n]) for n in right), entry.why


# torch ---------------------------------------------------------------------------------------

NEEDS = "needs torch: pip install 'handrnn[test]'"


@pytest.fixture(name="nn")
def _nn():
    return pytest.importorskip("torch", reason=NEEDS).nn


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", sampled([True, False], every=2))
@pytest.mark.parametrize(
    ("name", "cell", "options"),
    [
        ("LSTM", "lstm", {}),
        ("GRU", "gru", {}),
        ("RNN", "rnn", {}),
        ("RNN", "rnn_relu", {"nonlinearity": "relu"}),
    ],
)
@pytest.mark.parametrize("sizes", sampled([(6, 3), (4, 4)], every=2))
def test_modules_of_torch_pass(nn, name, cell, options, bias, batch_first, sizes):
    module = getattr(nn, name)(*sizes, bias=bias, batch_first=batch_first, **options)
    found = sequences.sequence(module, cell=cell)
    found.raise_if_failed()
    directions = ("forward", "backward")
    assert list(found.functions) == [*directions, *(f"{d} in float32" for d in directions)]
    assert "weight_ih_l0 is W_ih; weight_hh_l0 is W_hh" in notes(found)


def test_a_module_is_left_as_it_was(nn):
    module = nn.LSTM(5, 4)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    sequences.sequence(module).raise_if_failed()
    for name, parameter in module.named_parameters():
        assert parameter.equal(before[name])
        assert parameter.grad is None


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_module_whose_only_bias_is_beside_h(nn, cell):
    """In torch's GRU it stands inside the product with the reset gate."""
    import torch

    class Beside(nn.Module):
        def __init__(self):
            super().__init__()
            K = 4 if cell == "lstm" else 3
            self.x2h = nn.Linear(5, 4 * K, bias=False)
            self.h2h = nn.Linear(4, 4 * K)

        def forward(self, x, state):
            h, c = state if cell == "lstm" else (state, None)
            y = []
            for xt in x:
                a, b = self.x2h(xt).chunk(4 - (c is None), 1), self.h2h(h).chunk(4 - (c is None), 1)
                if c is None:
                    r, z = ((a[k] + b[k]).sigmoid() for k in (0, 1))
                    n = (a[2] + r * b[2]).tanh()
                    h = (1 - z) * n + z * h
                else:
                    i, f, o = ((a[k] + b[k]).sigmoid() for k in (0, 1, 3))
                    c = f * c + i * (a[2] + b[2]).tanh()
                    h = o * c.tanh()
                y.append(h)
            return torch.stack(y), h if c is None else (h, c)

    found = sequences.sequence(Beside(), cell=cell)
    found.raise_if_failed()
    assert "h2h.bias is b_hh" in notes(found)


def joint_lstm(nn, detached=False, order="hx"):
    import torch

    class Joint(nn.Module):
        def __init__(self):
            super().__init__()
            self.gates = nn.Linear(9, 16)

        def forward(self, x, state):
            h, c = state
            y = []
            for xt in x:
                both = [h, xt] if order == "hx" else [xt, h]
                f, i, g, o = self.gates(torch.cat(both, 1)).chunk(4, 1)
                before = c.detach() if detached else c
                c = f.sigmoid() * before + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                y.append(h)
            return torch.stack(y), (h, c)

    return Joint()


@pytest.mark.parametrize("order", ["hx", "xh"])
def test_a_module_with_one_matrix(nn, order):
    found = sequences.sequence(joint_lstm(nn, order=order))
    found.raise_if_failed()
    assert "your gates are f, i, g, o" in notes(found)
    assert "gates.weight is [W_ih, W_hh]" in notes(found)


@pytest.mark.long
def test_a_module_that_cuts_the_graph_is_found_out(nn):
    found = sequences.sequence(joint_lstm(nn, detached=True))
    assert found.functions["forward"].passed
    for name in ("backward", "backward in float32"):
        assert found.functions[name].verdict == report.FAIL
        assert "one-path-not-carried" in ids(found.functions[name])
        assert "no gradient reaches dc0" in found.functions[name].where


def test_a_module_with_a_matrix_a_gate_from_zero_states(nn):
    import torch

    class PerGate(nn.Module):
        def __init__(self):
            super().__init__()
            for gate in "zrn":
                setattr(self, f"W_{gate}", nn.Linear(5, 4))
                setattr(self, f"U_{gate}", nn.Linear(4, 4, bias=False))

        def forward(self, x):
            h, y = x.new_zeros(len(x), 4), []
            for t in range(x.shape[1]):
                z, r = (
                    (getattr(self, f"W_{k}")(x[:, t]) + getattr(self, f"U_{k}")(h)).sigmoid()
                    for k in "zr"
                )
                n = (self.W_n(x[:, t]) + self.U_n(r * h)).tanh()
                h = z * n + (1 - z) * h
                y.append(h)
            return torch.stack(y, 1)

    found = sequences.sequence(PerGate(), cell="gru")
    found.raise_if_failed()
    for text in ("judged from zero states", "your gates are z, r, n", "reset gate before"):
        assert text in notes(found)


@pytest.mark.parametrize(
    ("name", "cell", "options"),
    [
        ("LSTM", "lstm", {"num_layers": 2}),
        ("GRU", "gru", {"bidirectional": True, "batch_first": True}),
        ("RNN", "rnn", {"num_layers": 2, "bidirectional": True, "bias": False}),
    ],
)
def test_several_layers_and_directions_of_torch_pass(nn, name, cell, options):
    found = sequences.sequence(getattr(nn, name)(5, 4, **options), cell=cell)
    found.raise_if_failed()
    assert list(found.functions)[:2] == ["forward", "backward"]
    assert ("in two directions" in notes(found)) == ("bidirectional" in options)
    assert ("2 layers" in notes(found)) == ("num_layers" in options)


@pytest.mark.parametrize(("name", "cell"), [("LSTMCell", "lstm"), ("GRUCell", "gru")])
def test_cells_of_torch_pass(nn, name, cell):
    found = sequences.sequence(getattr(nn, name)(5, 4), cell=cell)
    found.raise_if_failed()
    assert "a cell of one step" in notes(found)


@pytest.mark.parametrize(("name", "options"), [("GRU", {}), ("Tanh", None)])
def test_modules_that_are_no_layer_of_the_cell_are_refused(nn, name, options):
    module = getattr(nn, name)() if options is None else getattr(nn, name)(5, 4, **options)
    found = sequences.sequence(module, cell="lstm")
    assert not found.passed
    assert found.functions["forward"].verdict == report.NOT_FOUND


# Layer classes -------------------------------------------------------------------------------

LAYERS = """
import numpy as np

def sig(z):
    return 1 / (1 + np.exp(-z))

class LSTM:
    def __init__(self, input_size, hidden_size, output_size, bptt_length):
        self.I, self.H = input_size, hidden_size
        self.W = np.random.rand(input_size + hidden_size + 1, 4 * hidden_size)
        self.V = np.random.rand(hidden_size + 1, output_size)
        self.memory = False
        self.h = np.zeros(hidden_size)
        self.c = np.zeros(hidden_size)

    def toggle_memory(self):
        self.memory = not self.memory

    def get_weights(self):
        return self.W.copy()

    def set_weights(self, weights):
        self.W = weights.copy()

    def get_gradient_weights(self):
        return self.dW

    def forward(self, x):
        H = self.H
        if not self.memory:
            self.h, self.c = np.zeros(H), np.zeros(H)
        self.tape, y = [], []
        for row in x:
            v = np.concatenate([row, self.h, [1]])
            i, f, g, o = np.split(v @ self.W, 4)
            i, f, g, o = sig(i), sig(f), np.tanh(g), sig(o)
            before = self.c
            self.c = f * self.c + i * g
            self.h = o * np.tanh(self.c)
            self.tape.append((v, i, f, g, o, before, self.c))
            y.append(np.append(self.h, 1) @ self.V)
        return np.array(y)

    def backward(self, error):
        self.dW = np.zeros_like(self.W)
        dh, dc, dx = np.zeros(self.H), np.zeros(self.H), []
        for (v, i, f, g, o, before, c), e in zip(self.tape[::-1], error[::-1]):
            dh = dh + self.V[:-1] @ e
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            dz = [dc * g * i * (1 - i), dc * before * f * (1 - f)]
            dz += [dc * i * (1 - g ** 2), dh * np.tanh(c) * o * (1 - o)]
            dz = np.concatenate(dz)
            self.dW += np.outer(v, dz)
            dv = self.W @ dz
            dx.append(dv[:self.I])
            dh, dc = dv[self.I:-1], dc * f
        return np.array(dx[::-1])

class RNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.weights = np.random.rand(hidden_size + input_size + 1, hidden_size)
        self.V = np.random.rand(hidden_size + 1, output_size)
        self.H = hidden_size
        self.memorize = False
        self.h = np.zeros(hidden_size)

    def forward(self, x):
        h = self.h if self.memorize else np.zeros(self.H)
        self.tape, y = [], []
        for row in x:
            v = np.concatenate([h, row, [1]])
            h = np.tanh(v @ self.weights)
            self.tape.append((v, h))
            y.append(sig(np.append(h, 1) @ self.V))
        self.h, self.y = h, np.array(y)
        return self.y

    def backward(self, error):
        error = error * self.y * (1 - self.y)
        self.gradient_weights = np.zeros_like(self.weights)
        dh, dx = 0, []
        for (v, h), e in zip(self.tape[::-1], error[::-1]):
            dz = (self.V[:-1] @ e + dh) * (1 - h ** 2)
            self.gradient_weights += np.outer(v, dz)
            dv = self.weights @ dz
            dh = dv[:self.H]
            dx.append(dv[self.H:-1])
        return np.array(dx[::-1])
"""


def judge_layer(tmp_path, text, name, seconds=10.0):
    path = tmp_path / "layers.py"
    path.write_text(text)
    submission = loading.load(path)
    judged = layer_classes.judge_class(submission, submission.definitions[name], seconds)
    return {function.name: function for function in judged}


@pytest.mark.parametrize("name", ["LSTM", "RNN"])
def test_right_layers_pass(tmp_path, name):
    judged = judge_layer(tmp_path, LAYERS, name)
    assert {n: f.verdict for n, f in judged.items()} == {
        f"{name}.forward": "PASS",
        f"{name}.backward": "PASS",
        f"{name}.memory": "PASS",
    }
    notes = " ".join(judged[f"{name}.forward"].notes)
    assert ("[h; x; 1]" in notes, "sigmoid" in notes) == ((name == "RNN",) * 2)


SINGLE = """
import numpy as np

class RNN:
    def __init__(self, input_size, hidden_size, output_size, bptt_length):
        self.W = np.zeros((input_size + hidden_size + 1, hidden_size), np.float32)
        self.V = np.random.rand(hidden_size + 1, output_size).astype(np.float32)
        self.sizes, self.memory = (input_size, hidden_size), False

    def toggle_memory(self):
        self.memory = not self.memory

    def get_weights(self):
        return self.W.copy()

    def set_weights(self, w):
        self.W = w.astype(np.float32)

    def get_gradient_weights(self):
        return self.g

    def forward(self, x):
        h = self.last if self.memory and hasattr(self, "last") else np.zeros(self.sizes[1])
        self.v, self.h = [], []
        for xt in x:
            self.v.append(np.concatenate([xt, h, [1]]).astype(np.float32))
            h = np.tanh(self.v[-1] @ self.W)
            self.h.append(h)
        self.last = h
        return np.c_[np.array(self.h), np.ones(len(x))] @ self.V

    def backward(self, e):
        n = self.sizes[0]
        self.g, dh, dx = np.zeros_like(self.W), 0, []
        for t in reversed(range(len(e))):
            d = (e[t] @ self.V[:-1].T + dh) * (1 - self.h[t] ** 2)
            self.g += np.outer(self.v[t], d)
            dv = self.W @ d
            dx.append(dv[:n])
            dh = dv[n:-1]
        return np.array(dx[::-1])
"""


def test_a_layer_that_keeps_float32_passes(tmp_path):
    """Its weights are those that were set, rounded; its memory is as precise as its outputs."""
    judged = judge_layer(tmp_path, SINGLE, "RNN")
    assert len(judged) == 3
    assert all(function.passed for function in judged.values()), list(map(str, judged.values()))
    assert any("float32" in note for note in judged["RNN.forward"].notes)


@pytest.mark.parametrize(
    ("right", "wrong", "method", "id"),
    [
        ("self.W = w.", "self.W = 1.01 * w.", "forward", "weights-not-set"),
        ("dv = self.W @ d", "self.W[0] *= 1.1; dv = self.W @ d", "backward", "updates-without"),
        ("self.last = h", "self.last = 0 * h", "memory", ""),
    ],
)
def test_a_layer_that_keeps_float32_may_be_wrong(tmp_path, right, wrong, method, id):
    assert right in SINGLE
    judged = judge_layer(tmp_path, SINGLE.replace(right, wrong), "RNN")[f"RNN.{method}"]
    assert judged.verdict == report.FAIL
    assert any(mistake.id.startswith(id) for mistake in judged.mistakes) or not id


@pytest.mark.parametrize("name", ["LSTM", "RNN"])
def test_layers_of_handrnn_pass(tmp_path, name):
    text = (
        f"from handrnn.layers import {name} as module\n"
        f"class {name}:\n"
        "    def __init__(self, input_size, hidden_size, output_size, bptt_length):\n"
        f"        self.own = module.{name}(input_size, hidden_size, output_size, bptt_length)\n"
        "    def forward(self, x):\n        return self.own.forward(x)\n"
        "    def backward(self, error):\n        return self.own.backward(error)\n"
        "    def toggle_memory(self):\n        self.own.toggle_memory()\n"
        "    def get_weights(self):\n        return self.own.get_weights()\n"
        "    def set_weights(self, w):\n        self.own.set_weights(w)\n"
        "    def get_gradient_weights(self):\n        return self.own.get_gradient_weights()\n"
    )
    judged = judge_layer(tmp_path, text, name)
    assert len(judged) == 3
    assert all(function.passed for function in judged.values()), list(map(str, judged.values()))


LAYER_MISTAKES = [
    ("LSTM", "dc * f\n", "0 * dc\n", "backward", "one-path-not-carried"),
    ("LSTM", "(1 - g ** 2)", "(1 - np.tanh(g) ** 2)", "backward", "derivative-of-activated"),
    ("LSTM", "self.dW +=", "self.dW =", "backward", "not-accumulated"),
    ("LSTM", "np.array(dx[::-1])", "np.array(dx)", "backward", "wrong-variable"),
    (
        "LSTM",
        "dv = self.W",
        "self.W = self.W * 1.1; dv = self.W",
        "backward",
        "updates-without-optimizer",
    ),
    ("LSTM", "self.V[:-1] @ e\n", "2 * self.V[:-1] @ e\n", "backward", "unexplained"),
    ("LSTM", "+ i * g", "+ i + g", "forward", "plus-for-times"),
    ("LSTM", "o * np.tanh(self.c)", "o * self.c", "forward", "no-tanh-on-cell"),
    ("LSTM", "if not self.memory:", "if False:", "forward", "keeps-state"),
    ("LSTM", "self.W = weights.copy()", "pass", "forward", "weights-not-set"),
    ("RNN", "+ dh) *", ") *", "backward", "no-carry"),
    ("RNN", "error * self.y * (1 - self.y)", "error", "backward", "unexplained"),
]


@pytest.mark.sample(5)
@pytest.mark.parametrize(("name", "right", "wrong", "method", "id"), LAYER_MISTAKES)
def test_mistakes_in_layers_are_named(tmp_path, name, right, wrong, method, id):
    assert right in LAYERS
    judged = judge_layer(tmp_path, LAYERS.replace(right, wrong), name)
    function = judged[f"{name}.{method}"]
    assert function.verdict == report.FAIL
    assert id in ids(function)
    if method == "backward":
        assert judged[f"{name}.forward"].passed


def test_memory_that_forgets_fails(tmp_path):
    text = LAYERS.replace("if not self.memory:", "if True:")
    judged = judge_layer(tmp_path, text, "LSTM")
    assert judged["LSTM.forward"].passed
    assert judged["LSTM.memory"].verdict == report.FAIL


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("right", "wrong", "verdicts"),
    [
        ("self.tape, y = [], []", "while True: pass", {"TIMED OUT"}),
        ("self.tape, y = [], []", "import os; os._exit(0)", {"CRASHED"}),
        ("self.tape, y = [], []", "raise NotImplementedError", {"NOT FILLED IN"}),
        ("return np.array(y)", "return None", {"FAIL"}),
        ("def get_weights", "def other", {"NOT FOUND"}),
        ("input_size, hidden_size, output_size, bptt_length)", "a)", {"NOT FOUND"}),
    ],
)
def test_broken_layers_are_no_pass(tmp_path, right, wrong, verdicts):
    text = LAYERS.split("class RNN")[0]
    assert right in text
    judged = judge_layer(tmp_path, text.replace(right, wrong), "LSTM", seconds=1.0)
    assert judged["LSTM.forward"].verdict in verdicts
    assert not any(function.passed for function in judged.values())
