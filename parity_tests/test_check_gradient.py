"""Is backward the gradient of its own forward: right ones pass, wrong ones are found, and where."""

import copy
import os
import re
import resource
import tomllib
import types
from pathlib import Path

import numpy as np
import pytest

from handrnn import check
from handrnn.check import cli
from handrnn.check.gradients import derivative, pairs, world
from handrnn.check.load import loading
from handrnn.check.report import data as report

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="what is judged runs in a fork")

FOLDER = Path(__file__).parent / "submissions" / "loss_inside"
WRONG = {one["id"]: one for one in tomllib.loads((FOLDER / "wrong.toml").read_text())["wrong"]}
VARIANTS = (
    *("no_tanh", "peephole", "coupled", "layer_norm", "min_gru", "hard_sigmoid", "forget_bias"),
    "clipped_state",
)
RIGHT = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "variants")
QUICK_RIGHT = ("min_char_rnn", "rmsprop_inside", "class_loss_fun")
QUICK_WRONG = ("carry-missing", "cell-after-for-before")
SECONDS = 2.0  # of processor time that one judgement may take


def quick_or_long(names, quick):
    """The names as parameters, those that are not quick marked as long."""
    return [pytest.param(n, marks=() if n in quick else pytest.mark.long) for n in names]


def judged(source, loss=None):
    """The only report on a loss of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = check.text(source, second_opinion=False, loss=loss)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS
    own = [f for f in found.functions.values() if f.dialect == report.OWN_LOSS]
    assert len(own) == 1, str(found)
    return own[0]


def first_wrong(where):
    """The step from which on something is wrong, and the gradients that are wrong there."""
    head, _, names = where.split("; wrong from")[0].partition(": ")
    while "(" in names:
        names = re.sub(r"\([^()]*\)", "", names)
    return int(re.findall(r"step (\d+)", head)[0]), {name.strip()[1:] for name in names.split(",")}


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", quick_or_long(RIGHT, QUICK_RIGHT))
def test_a_right_loss_passes(name):
    assert judged((FOLDER / f"{name}.py").read_text()).verdict == report.PASS


@pytest.mark.parametrize("name", quick_or_long(VARIANTS, VARIANTS[1:2]))
def test_a_right_variant_passes(name):
    assert judged((FOLDER / "variants.py").read_text(), name).verdict == report.PASS


@pytest.mark.parametrize("name", quick_or_long(WRONG, QUICK_WRONG))
def test_a_wrong_loss_is_pointed_at_by_parameter_and_step(name):
    one = WRONG[name]
    source = (FOLDER / one["file"]).read_text()
    assert source.count(one["old"]) == 1
    found = judged(source.replace(one["old"], one["new"]), one.get("loss"))
    assert found.verdict == report.FAIL, str(found)
    assert first_wrong(found.where) == (one["steps"], set(one["gradients"]))


def test_there_are_as_many_as_promised():
    losses = [one for one in WRONG.values() if "loss" not in one]
    assert len(losses) >= 30
    assert len(RIGHT) >= 20
    assert {one["loss"] for one in WRONG.values() if "loss" in one} == set(VARIANTS)


def test_a_downloaded_script_neither_trains_nor_reads_its_text():
    """It is Python 2, reads input.txt and trains in an endless loop at its top."""
    source = (FOLDER / "min_char_rnn.py").read_text()
    source = source.replace("range(", "xrange(").replace("print(", "print (") + "  print loss\n"
    found = check.text(source, second_opinion=False)
    assert found.functions["lossFun"].passed, str(found)
    assert "written for Python 2: read as Python 3" in found.notes


def test_clipping_at_the_end_is_a_note():
    source = (FOLDER / "min_char_rnn.py").read_text().replace("-5, 5", "-0.5, 0.5")
    found = judged(source)
    assert found.verdict == report.PASS
    assert any(note.startswith("gradients are clipped to +-0.5") for note in found.notes)


def test_clipping_by_norm_at_the_end_is_a_note():
    found = judged((FOLDER / "clipped_by_norm.py").read_text())
    assert any("clipped to a norm of 5" in note for note in found.notes)


def test_the_mean_as_loss_beside_gradients_of_the_sum_is_a_convention():
    source = (FOLDER / "bptt_of_words.py").read_text()
    found = judged(source.replace("calculate_total_loss", "sum_up"))
    assert found.verdict == report.PASS
    assert any("4 times the derivative of its loss" in note for note in found.notes)


def test_two_runs_say_the_same():
    source = (FOLDER / "min_char_rnn.py").read_text().replace("+ dhnext", "")
    first, second = (check.text(source, second_opinion=False) for _ in range(2))
    assert first.to_json() == second.to_json()


def test_what_cannot_be_called_is_listed_and_does_not_pass():
    body = "    for t in reversed(range(len(inputs))): hs = quux @ inputs\n    return 0.0, hs\n"
    source = f"import numpy as np\ndef lossFun(inputs, targets, quux):\n{body}"
    found = check.text(source, second_opinion=False)
    assert not found.passed
    assert "quux" in found.not_judged[0].why


def test_loss_names_a_function_or_a_method(tmp_path, capsys):
    path = tmp_path / "own.py"
    path.write_text((FOLDER / "variants.py").read_text())
    arguments = ["check", str(path), "--no-torch", "--loss"]
    assert cli.main([*arguments, "coupled"]) == cli.PASSED
    assert cli.main([*arguments, "not_there"]) == cli.FAILED
    assert "NOT FOUND" in capsys.readouterr().out


# Functions of the running program ----------------------------------------------------------------


class Net:
    """A network whose weights are its attributes, with every way of giving gradients."""

    lr = 0.1
    beta1 = 0.9

    def __init__(self, seed=0, H=3, V=4):
        rng = np.random.default_rng(seed)
        self.Wx, self.Wh = rng.standard_normal((H, V)), rng.standard_normal((H, H))
        self.Wy, self.b = rng.standard_normal((V, H)), rng.standard_normal(H)
        self.grads = types.SimpleNamespace()
        self.m = {name: np.zeros_like(getattr(self, name)) for name in self.names}
        self.v = copy.deepcopy(self.m)

    names = ("Wx", "Wh", "Wy", "b")

    def loss(self, x, y):
        """Squared error along a sequence."""
        return self.run(x, y)[0]

    def run(self, x, y, carry=True, buffers=False):
        """The loss and the gradients."""
        T, H = len(x), len(self.b)
        h = np.zeros((T + 1, H)) if buffers else [np.zeros(H)] * (T + 1)
        e, loss = [], 0.0
        for t in range(T):
            h[t] = np.tanh(self.Wx @ x[t] + self.Wh @ h[t - 1] + self.b)
            e.append(self.Wy @ h[t] - y[t])
            loss = loss + np.sum(e[t] ** 2) / 2
        dWx, dWh, dWy, db = (0 * getattr(self, name) for name in self.names)
        back = np.zeros(H)
        for t in reversed(range(T)):
            dWy = dWy + np.outer(e[t], h[t])
            dz = (self.Wy.T @ e[t] + back * carry) * (1 - h[t] ** 2)
            dWx, dWh, db = dWx + np.outer(dz, x[t]), dWh + np.outer(dz, h[t - 1]), db + dz
            back = self.Wh.T @ dz
        return loss, dWx, dWh, dWy, db

    def in_attributes(self, x, y):
        """The gradients as attributes of an attribute."""
        loss, *gradients = self.run(x, y)
        for name, gradient in zip(self.names, gradients, strict=True):
            setattr(self.grads, f"d{name}", gradient)
        return loss

    def sgd(self, x, y):
        """One update."""
        loss, *gradients = self.run(x, y)
        for name, gradient in zip(self.names, gradients, strict=True):
            setattr(self, name, getattr(self, name) - self.lr * gradient)
        return loss

    def stepped(self, x, y, rule):
        """One update by another rule."""
        loss, *gradients = self.run(x, y)
        for name, g in zip(self.names, gradients, strict=True):
            w, m, v = getattr(self, name), self.m[name], self.v[name]
            if rule == "momentum":
                m[...] = 0.9 * m - self.lr * g
                w += m
            elif rule == "adam":
                m[...] = 0.9 * m + 0.1 * g
                v[...] = 0.999 * v + 0.001 * g**2
                w -= self.lr * (m / 0.1) / (np.sqrt(v / 0.001) + 1e-8)
            else:
                v[...] = v + g**2 if rule == "adagrad" else 0.95 * v + 0.05 * g**2
                w -= self.lr * g / np.sqrt(v + 1e-12)
        return loss


RNG = np.random.default_rng(1)
X, Y = list(RNG.standard_normal((4, 4))), list(RNG.standard_normal((4, 4)))


def verdict(found):
    (one,) = found.functions.values()
    return one.verdict


def test_gradients_that_are_returned_or_attributes():
    net = Net()
    for function in (net.run, net.in_attributes):
        found = check.gradient(function, Net.names, inputs=(X, Y))
        assert found.passed, str(found)
    assert check.gradient(net.run, {n: getattr(net, n) for n in Net.names}, inputs=(X, Y)).passed


@pytest.mark.parametrize("rule", quick_or_long(pairs.RULES, ("sgd", "adagrad", "adam")))
def test_gradients_that_show_in_the_weights_only(rule):
    net, before = Net(), Net()
    inputs = (X, Y) if rule == "sgd" else (X, Y, rule)
    function = net.sgd if rule == "sgd" else net.stepped
    found = check.gradient(function, Net.names, rule, inputs=inputs, rate=net.lr)
    assert found.passed, str(found)
    assert check.gradient(function, Net.names, inputs=inputs).passed  # the rule is told by itself
    assert np.array_equal(net.Wx, before.Wx)  # nothing here is changed
    if rule == "sgd":
        assert not check.gradient(function, Net.names, inputs=inputs, rate=2 * net.lr).passed


def test_gradients_in_arrays_that_are_filled():
    net = Net()
    filled = {name: np.zeros_like(getattr(net, name)) for name in Net.names}

    def f(x, y):
        loss, *gradients = net.run(x, y)
        for name, gradient in zip(Net.names, gradients, strict=True):
            filled[name][...] = gradient
        return loss

    found = check.gradient(
        f, {n: getattr(net, n) for n in Net.names}, lambda: filled, inputs=(X, Y)
    )
    assert found.passed, str(found)
    assert not filled["b"].any()


def test_a_loss_beside_and_a_cotangent():
    net, dy = Net(), np.stack(Y)
    loss = check.gradient(net.in_attributes, Net.names, loss=net.loss, inputs=(X, Y))
    assert loss.passed, str(loss)

    def layer(x, W, dy):
        y = np.array([np.tanh(W @ one) for one in x])
        dW = sum(
            np.outer(d * (1 - np.tanh(W @ one) ** 2), one) for one, d in zip(x, dy, strict=True)
        )
        return y, dW

    parameters, inputs = {"W": net.Wx.copy()}, {"x": np.stack(X), "dy": dy[:, :3]}
    assert check.gradient(layer, parameters, inputs=inputs, cotangent=dy[:, :3], steps=4).passed
    assert not check.gradient(layer, parameters, inputs=inputs, cotangent=2 * dy[:, :3]).passed


@pytest.mark.parametrize("buffers", [False, True])
def test_where_a_gradient_is_wrong(buffers):
    found = check.gradient(Net().run, Net.names, inputs=(X, Y, False, buffers))
    (one,) = found.functions.values()
    assert first_wrong(one.where) == (2, {"Wx", "b"})  # the state before the first step is zero
    assert "yours" in one.where


def test_real_buffers_take_no_complex_step():
    for buffers, method in ((False, "a complex step"), (True, "extrapolated differences")):
        found = check.gradient(Net().run, Net.names, inputs=(X, Y, True, buffers))
        assert found.passed
        assert method in found.functions["run"].notes[0]


def test_a_complex_step_that_is_not_analytic_is_not_believed():
    def f(w):
        return np.sum(np.abs(w) ** 3), 3 * w * np.abs(w)

    found = check.gradient(f, {"w": np.array([0.5, -1.5])})
    assert found.passed
    assert "differences" in found.functions["f"].notes[0]


SPOILS = {
    "all": lambda g, by, rng: g * (1 + by),
    "one": lambda g, by, rng: (
        g + by * np.max(np.abs(g)) * (np.arange(g.size) == 1).reshape(g.shape)
    ),
    "noise": lambda g, by, rng: g + by * np.max(np.abs(g)) * rng.choice([-1, 1], g.shape),
}


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("buffers", [False, True])
@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 8), marks=pytest.mark.long)])
def test_right_to_1e_8_never_fails_and_wrong_by_1e_5_never_passes(spoil, buffers, seeds):
    for seed, by in [(k, by) for k in seeds for by in (1e-8, 1e-5)]:
        net, rng = Net(seed, H=5), np.random.default_rng(seed)
        _, *exact = net.run(X, Y)
        gradients = [SPOILS[spoil](g, by, rng) for g in exact]
        found = check.gradient(net.run, Net.names, gradients, inputs=(X, Y, True, buffers))
        assert verdict(found) == (report.PASS if by < 1e-6 else report.FAIL), str(found)
        if by > 1e-6:
            (one,) = found.functions.values()
            assert all(not t.passed and t.units > 10 for t in one.tensors)


def test_what_cannot_be_decided_is_ill_conditioned():
    def f(w, slope):
        noisy = np.float32(np.sum(np.real(w) ** 3))
        return float(noisy), slope * w**2

    assert verdict(check.gradient(f, {"w": np.array([0.7, 1.3])}, inputs={"slope": 3})) == (
        report.ILL_CONDITIONED
    )
    assert (
        verdict(check.gradient(f, {"w": np.array([0.7, 1.3])}, inputs={"slope": 2})) == report.FAIL
    )


def test_pairs_by_name_shape_and_order():
    def f(u, v, w):
        return np.sum(u * v) + np.sum(w**2), [1 * v, 1 * u, 2 * w]

    given = {"u": np.array([1.0, 2.0]), "v": np.array([3.0, 4.0]), "w": np.ones((2, 2))}
    found = check.gradient(f, given)
    assert found.passed
    assert "the gradients of u, v are told apart by their order" in found.functions["f"].notes

    def two(u):
        return np.sum(u**2), [2 * u, 3 * u]

    notes = check.gradient(two, {"u": given["u"]}).functions["two"].notes
    assert any("2 arrays may be the gradient of u" in note for note in notes)

    def turned(u, v):
        du, dv = v, u
        return np.sum(u * v), dv, du

    assert check.gradient(turned, {"u": given["u"], "v": given["v"]}).passed


def test_patterns_are_named():
    def f(W, how):
        exact = 2 * W
        return np.sum(W**2), {"-": -exact, "T": exact.T, "0": 0 * exact, "2": 2 * exact}[how]

    words = {"-": "sign is turned", "T": "transposed", "0": "all zero", "2": "2 times"}
    for how, said in words.items():
        found = check.gradient(f, {"W": np.array([[1.0, 2.0], [3.0, 4.0]])}, inputs={"how": how})
        assert said in found.functions["f"].where


def test_misuse_is_told_in_the_callers_words():
    net = Net()
    with pytest.raises(TypeError, match="cannot be called"):
        check.gradient(3, ["W"])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="f has no array W: neither"):
        check.gradient(net.run, ["W"], inputs=(X, Y))
    with pytest.raises(ValueError, match="does not read the array W"):
        check.gradient(net.run, {"W": np.ones(3)}, inputs=(X, Y))
    with pytest.raises(TypeError, match="floating-point"):
        check.gradient(lambda W: W, {"W": [1, 2]})  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="a rule is one of sgd"):
        check.gradient(net.run, Net.names, "newton", inputs=(X, Y))
    with pytest.raises(ValueError, match="returns no loss"):
        check.gradient(lambda W: [W, W], {"W": np.ones(3)})
    with pytest.raises(ValueError, match="no gradient"):
        check.gradient(lambda W: np.sum(W), {"W": np.ones(3)})
    with pytest.raises(ValueError, match="loss is nan"):
        check.gradient(lambda W: (np.sum(W) * np.nan, W), {"W": np.ones(3)})


def test_what_raises_has_crashed():
    def f(W):
        raise RuntimeError("no")

    assert verdict(check.gradient(f, {"W": np.ones(2)})) == report.CRASHED


# Derivatives -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda s: np.exp(1 + s), np.e),
        (lambda s: np.sin(3 * s) * 1e3, 3e3),
        (lambda s: 1 / (1 + np.exp(-(s + 8))), np.exp(-8) / (1 + np.exp(-8)) ** 2),
        (lambda s: (s + 1) ** 7 + 1e6, 7.0),
    ],
)
def test_the_estimate_covers_the_error(f, exact):
    by_complex = derivative.by_complex_step(f, 0.0)
    by_differences = derivative.by_differences(f, abs(exact))
    for found in (by_complex, by_differences):
        assert abs(found.value - exact) <= 10 * found.estimate
    assert by_complex.estimate < 1e-13 * abs(exact)
    assert by_differences.estimate < 1e-6 * abs(exact)


def test_a_kink_is_stepped_between():
    near = derivative.by_differences(lambda s: abs(s - 1e-3), 1.0)
    assert abs(near.value + 1) <= 10 * near.estimate < 1e-6


def test_a_world_starts_each_call_from_the_same():
    net = Net()
    around = world.World([net.sgd], {0: X, 1: Y}, lambda now: now.method(net.sgd, 0)(X, Y))
    assert around.run({}) == around.run({})
    assert np.array_equal(net.Wx, Net().Wx)


def test_names_returned_are_read_in_the_source():
    source = "def f(a):\n    grads = (dU, self.dW)\n    return loss, grads, hs[-1]\n"
    (definition,) = loading.from_text(source).definitions.values()
    import ast

    from handrnn.check.gradients import live

    assert live.names_returned(ast.parse(definition.source)) == ("loss", ("dU", "dW"), "hs")
