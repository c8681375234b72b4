"""The laboratory: a run is what it says, networks start as it says, statistics are right."""

import dataclasses
import math
import re

import numpy as np
import pytest
from scipy import stats

from handrnn.lab import model, run, statistics, tasks, training
from handrnn.lab.tasks import palindrome

# Runs


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cell": "GPU"}, "cell = 'GPU' is not one of 'RNN', 'LSTM'"),
        ({"coding": "onehot"}, "is not one of 'raw', 'one-hot'"),
        ({"optimizer": "SGDM"}, "is not one of 'RMSprop', 'Adam'"),
        ({"initialisation": "zeros"}, "is not one of 'linear', 'orthogonal'"),
        ({"dtype": "float16"}, "is not one of 'float32', 'float64'"),
        ({"task": "parity"}, "is not one of 'palindrome'"),
        ({"length": 1}, "length = 1 has to be a whole number of at least 2"),
        ({"length": 5.0}, "length = 5.0 has to be a whole number"),
        ({"seed": -1}, "seed = -1 has to be a whole number of at least 0"),
        ({"steps": 0}, "steps = 0 has to be a whole number of at least 1"),
        ({"hidden": True}, "hidden = True has to be a whole number"),
        ({"curriculum": 1}, "curriculum = 1 has to be a whole number of at least 2"),
        ({"rate": 0.0}, "rate = 0.0 has to be a finite number above 0"),
        ({"clip": math.inf}, "clip = inf has to be a finite number above 0"),
        ({"forget_bias": 1.0}, "an RNN has no forget gate"),
        ({"cell": "LSTM", "forget_bias": math.nan}, "forget_bias = nan has to be a finite number"),
        ({"label": "a/b"}, "label = 'a/b' may hold letters, digits and _ only"),
        ({"label": 3}, "label = 3 may hold letters, digits and _ only"),
        ({"engine": "jax"}, "engine = 'jax' is not one of 'numpy', 'torch'"),
        ({"device": "cuda"}, "device = 'cuda' needs engine = 'torch'"),
        ({"cell": "lstm"}, "did you mean 'LSTM'?"),
        ({"task": "addding"}, "did you mean 'adding'?"),
        ({"task": "adding", "coding": "one-hot"}, "coding = 'one-hot' is not one of 'raw'"),
        ({"growth": 1.0}, "growth = 1.0 has to be a finite number above 1"),
        ({"ready": 0.0}, "ready = 0.0 has to be a finite number in (0, 1]"),
        ({"solved": 1.01}, "solved = 1.01 has to be a finite number in (0, 1]"),
        ({"rate": "1e-3"}, "rate = '1e-3' has to be a finite number above 0"),
        ({"rate": True}, "rate = True has to be a finite number above 0"),
        ({"chrono": True}, "chrono = True: an RNN has no forget gate"),
        ({"cell": "reluRNN", "forget_bias": 1.0}, "a reluRNN has no forget gate"),
        ({"cell": "GRU", "chrono": 1}, "chrono = 1 has to be True or False"),
        ({"cell": "GRU", "chrono": True, "forget_bias": 1.0}, "two starts of the same bias"),
        ({"cell": "LSTM", "chrono": True, "length": 2}, "chrono = True needs a length of at least"),
    ],
)
def test_a_run_says_what_is_allowed(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        run.Run(**wrong)


def test_the_differences_of_two_runs_are_named():
    one, other = run.faithful("LSTM", 9, 0), run.faithful("LSTM", 9, 0, clip=1, hidden=64)
    assert run.differences(one, other) == {"hidden": (128, 64), "clip": (10.0, 1.0)}
    assert run.differences(one, one) == {}


def test_a_far_name_suggests_nothing():
    with pytest.raises(ValueError, match=r"'reluRNN'$"):
        run.Run(cell="transformer")


def test_a_run_is_the_same_however_its_numbers_are_written():
    assert run.Run(rate=1, clip=2, growth=3) == run.Run(rate=1.0, clip=2.0, growth=3.0)
    whole = dataclasses.asdict(run.Run(cell="GRU", rate=1, forget_bias=2))
    assert (type(whole["rate"]), type(whole["forget_bias"])) == (float, float)


@pytest.mark.parametrize("task", list(tasks.TASKS))
def test_presets_fit_every_task(task):
    for cell in model.CELLS:
        codings = tasks.TASKS[task].codings
        assert run.faithful(cell, 30, 0, task=task).coding == codings[0]
        tuned = run.tuned(cell, 30, 0, task=task)
        assert (tuned.coding == "one-hot") == ("one-hot" in codings)
        assert tuned.curriculum == 5
        assert run.Run(task=task, length=30).coding == codings[0]


def test_the_faithful_preset_is_the_assignment():
    faithful = run.faithful("LSTM", 20, seed=3)
    assert dataclasses.asdict(faithful) == {
        "label": "faithful",
        "task": "palindrome",
        "length": 20,
        "cell": "LSTM",
        "seed": 3,
        "hidden": 128,
        "coding": "raw",
        "initialisation": "linear",
        "input_gain": 0.05,
        "forget_bias": None,
        "chrono": False,
        "optimizer": "RMSprop",
        "rate": 1e-3,
        "epsilon": 1e-8,
        "clip": 10.0,
        "curriculum": None,
        "growth": 2.0,
        "ready": 0.95,
        "batch": 128,
        "steps": 3000,
        "check_every": 50,
        "screen": 1000,
        "confirm": 10000,
        "solved": 0.999,
        "patience": 500,
        "dtype": "float32",
        "engine": "numpy",
        "device": "cpu",
    }


def test_the_tuned_preset_suits_the_cell():
    chosen = {cell: run.tuned(cell, 20, 0) for cell in model.CELLS}
    for one in chosen.values():
        assert (one.optimizer, one.curriculum) == ("Adam", 5)
    starts = {
        cell: (one.initialisation, one.input_gain, one.forget_bias, one.rate)
        for cell, one in chosen.items()
    }
    assert starts == {
        "RNN": ("orthogonal", 0.05, None, 1e-3),
        "reluRNN": ("identity", 0.01, None, 3e-4),
        "LSTM": ("orthogonal", 0.05, 3.0, 2e-3),
        "GRU": ("orthogonal", 0.05, 3.0, 2e-3),
    }
    assert run.tuned("LSTM", 20, 0, chrono=True).forget_bias is None
    careful = {
        cell: (one.epsilon, one.clip, one.growth, one.ready, one.patience)
        for cell, one in chosen.items()
    }
    assert careful.pop("RNN") == (1e-3, 0.1, 1.3, 0.98, 2000)
    assert set(careful.values()) == {(1e-8, 1.0, 2.0, 0.95, 500)}


@pytest.mark.parametrize("cell", list(model.CELLS))
def test_presets_take_changes(cell):
    assert run.tuned(cell, 9, 0, hidden=7, label="mine").hidden == 7
    assert run.tuned(cell, 9, 0, hidden=7, label="mine").name == f"mine-{cell}-T009-seed0"
    with pytest.raises(TypeError, match="hiden"):
        run.faithful(cell, 9, 0, hiden=7)


# Networks


def build(chosen):
    task = tasks.TASKS[chosen.task](coding=chosen.coding, dtype=np.dtype(chosen.dtype))
    return task, model.Model(chosen, task, np.random.default_rng(0))


@pytest.mark.parametrize("coding", palindrome.Palindrome.codings)
@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
def test_linear_initialisation_fills_its_interval(cell, coding):
    _, network = build(run.faithful(cell, 5, 0, coding=coding))
    input_bound = 1.0 if coding == "raw" else 1 / math.sqrt(10)
    bounds = {"weight_ih_l0": input_bound, "bias_ih_l0": input_bound, "weight_hh_l0": 128**-0.5}
    for name, bound in bounds.items():
        values = np.asarray(network.layer.params[name], dtype=np.float64).ravel()
        inside = stats.uniform(-bound, 2 * bound)
        assert np.abs(values).max() <= bound * (1 + 1e-7)
        assert stats.kstest(values, inside.cdf).pvalue > 0.001
    assert not network.layer.params["bias_hh_l0"].any()
    readout = np.asarray(network.readout.params["weight"], dtype=np.float64).ravel()
    assert stats.kstest(readout, stats.uniform(-(128**-0.5), 2 * 128**-0.5).cdf).pvalue > 0.001


def test_a_forget_bias_replaces_what_was_drawn():
    _, drawn = build(run.faithful("LSTM", 5, 0))
    _, network = build(run.faithful("LSTM", 5, 0, forget_bias=2.5))
    expected = drawn.layer.params["bias_ih_l0"].copy()
    expected[128:256] = 2.5
    np.testing.assert_array_equal(network.layer.params["bias_ih_l0"], expected)


@pytest.mark.parametrize(("cell", "gates"), [("RNN", 1), ("LSTM", 4)])
def test_orthogonal_initialisation(cell, gates):
    _, network = build(run.tuned(cell, 5, 0, dtype="float64"))
    params = network.layer.params
    for k in range(gates):
        gate = params["weight_hh_l0"][128 * k : 128 * (k + 1)]
        np.testing.assert_allclose(gate @ gate.T, np.eye(128), rtol=0, atol=1e-13)
    scaled = params["weight_ih_l0"].ravel() / 0.05
    assert stats.kstest(scaled, stats.norm.cdf).pvalue > 0.001
    expected = np.zeros(128 * gates)
    if cell == "LSTM":
        expected[128:256] = 3  # torch's order of gates: i, f, g, o
    np.testing.assert_array_equal(params["bias_ih_l0"], expected)
    assert not params["bias_hh_l0"].any()


@pytest.mark.parametrize(("cell", "gates"), [("RNN", 1), ("reluRNN", 1), ("LSTM", 4), ("GRU", 3)])
def test_other_initialisations(cell, gates):
    settings = {"dtype": "float64", "coding": "one-hot"}
    _, xavier = build(run.faithful(cell, 5, 0, initialisation="xavier", **settings))
    _, small = build(run.faithful(cell, 5, 0, initialisation="small", **settings))
    _, identity = build(
        run.faithful(cell, 5, 0, initialisation="identity", input_gain=0.5, **settings)
    )
    for network in (xavier, small, identity):
        assert not network.layer.params["bias_ih_l0"].any()
        assert not network.layer.params["bias_hh_l0"].any()
    bounds = {
        ("layer", "weight_ih_l0"): math.sqrt(6 / (10 + 128)),
        ("layer", "weight_hh_l0"): math.sqrt(6 / (128 + 128)),
        ("readout", "weight"): math.sqrt(6 / (128 + 10)),
    }
    for (part, name), bound in bounds.items():
        values = getattr(xavier, part).params[name].ravel()
        assert stats.kstest(values, stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.001
        assert np.abs(values).max() <= bound
        values = getattr(small, part).params[name].ravel() / 0.01
        assert stats.kstest(values, stats.norm.cdf).pvalue > 0.001
    assert not xavier.readout.params["bias"].any()
    assert not small.readout.params["bias"].any()
    blocks = identity.layer.params["weight_hh_l0"].reshape(gates, 128, 128)
    np.testing.assert_array_equal(blocks, [np.eye(128)] * gates)
    values = identity.layer.params["weight_ih_l0"].ravel() / 0.5
    assert stats.kstest(values, stats.norm.cdf).pvalue > 0.001


def test_a_forget_bias_of_the_gru_is_its_update_gates():
    _, network = build(run.tuned("GRU", 5, 0, forget_bias=2.5))
    expected = np.zeros(3 * 128)
    expected[128:256] = 2.5  # torch's order of gates: r, z, n
    np.testing.assert_array_equal(network.layer.params["bias_ih_l0"], expected)


@pytest.mark.parametrize("initialisation", ["orthogonal", "linear"])
def test_chrono_starts_units_at_all_spans(initialisation):
    """Gates r, z, n and i, f, g, o: T = 50 asks for memories over 2 to 50 steps."""
    settings = {"initialisation": initialisation, "dtype": "float64", "coding": "one-hot"}
    for cell in ("LSTM", "GRU"):
        _, plain = build(run.faithful(cell, 50, 0, hidden=400, **settings))
        _, network = build(run.faithful(cell, 50, 0, hidden=400, chrono=True, **settings))
        before = plain.layer.params["bias_ih_l0"].reshape(-1, 400)
        bias = network.layer.params["bias_ih_l0"].reshape(-1, 400)
        spans = np.exp(bias[1])
        assert 1 <= spans.min() < 1.5
        assert 48 < spans.max() <= 49
        assert stats.kstest(spans, stats.uniform(1, 48).cdf).pvalue > 0.001
        np.testing.assert_array_equal(bias[2:], before[2:])
        expected = -bias[1] if cell == "LSTM" else before[0]
        np.testing.assert_array_equal(bias[0], expected)


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_an_open_gate_keeps_the_state(cell):
    """From the same start, more of dL/dh_T reaches the first step when the gate is open."""
    reached = {}
    for opened in (-3.0, 3.0):
        settings = {"forget_bias": opened, "hidden": 16, "dtype": "float64"}
        task, network = build(run.tuned(cell, 30, 0, **settings))
        x, _ = task.sample(np.random.default_rng(0), 8, 30)
        network.layer(x)
        d_h = np.ones((1, 8, 16))
        dx, _ = network.layer.backward(d_state=(d_h, None) if cell == "LSTM" else d_h)
        reached[opened] = np.abs(dx[0]).max() / np.abs(dx[-1]).max()
    assert reached[3.0] > 1e3 * reached[-3.0]


@pytest.mark.parametrize("name", list(tasks.TASKS))
def test_accuracy_counts_every_answer_once(name):
    task, network = build(run.faithful("RNN", 6, 0, hidden=8, task=name))
    count = training.EVALUATION_BATCH + 137
    measured = training.accuracy(network, task, np.random.default_rng(8), count, 6)
    rng = np.random.default_rng(8)
    parts = [task.sample(rng, size, 6) for size in (training.EVALUATION_BATCH, 137)]
    answers = [task.right(network.outputs(x), target).ravel() for x, target in parts]
    assert len(answers[0]) > len(answers[1])
    assert measured == np.concatenate(answers).mean()


@pytest.mark.parametrize("name", ["palindrome", "copy"])
@pytest.mark.parametrize("cell", list(model.CELLS))
def test_outputs_are_those_of_training_and_leave_the_network_in_training(cell, name):
    task, network = build(run.tuned(cell, 6, 0, hidden=8, task=name))
    x, target = task.sample(np.random.default_rng(0), 5, 6)
    without_tape = network.outputs(x)
    outputs = network.forward(x)
    assert outputs.shape == (*target.shape, task.outputs)
    np.testing.assert_array_equal(without_tape, outputs)
    network.backward(task.loss(outputs, target)[1])
    network.outputs(x)
    with pytest.raises(RuntimeError, match="needs a forward in training mode"):
        network.backward(task.loss(outputs, target)[1])


@pytest.mark.parametrize("name", ["palindrome", "next_symbol", "adding"])
@pytest.mark.parametrize("cell", list(model.CELLS))
def test_gradients_are_the_slopes_of_the_loss(cell, name):
    chosen = run.faithful(cell, 6, 0, hidden=5, dtype="float64", task=name)
    task, network = build(chosen)
    x, target = task.sample(np.random.default_rng(1), 4, 6)
    _, d_outputs = task.loss(network.forward(x), target)
    network.backward(d_outputs)
    gradients = {
        (module, name): np.array(module.grads[name])
        for module in network.modules
        for name in module.params
    }
    assert not gradients.pop((network.layer, "bias_hh_l0")).any()
    rng = np.random.default_rng(2)
    h = 1e-5
    for (module, name), gradient in gradients.items():
        direction = rng.standard_normal(gradient.shape)
        start = np.array(module.params[name])
        values = []
        for sign in (1, -1):
            module.params[name][...] = start + sign * h * direction
            values.append(float(task.loss(network.outputs(x), target)[0]))
        module.params[name][...] = start
        slope = (values[0] - values[1]) / (2 * h)
        assert abs(slope - np.sum(gradient * direction)) <= 1e-8 * max(1.0, abs(slope))


def test_the_fingerprint_is_of_every_number():
    _, network = build(run.faithful("LSTM", 5, 0, hidden=3))
    prints = {network.fingerprint()}
    arrays = [array for module in network.modules for array in module.params.values()]
    for array in arrays:
        array.flat[-1] = np.nextafter(array.flat[-1], np.float32(9))
        prints.add(network.fingerprint())
    assert len(prints) == 1 + len(arrays)


# Statistics


def test_wilson_interval_by_its_formula():
    z = 1.959963984540054
    for successes, trials in [(0, 3), (2, 3), (3, 3), (40, 50)]:
        share = successes / trials
        centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
        spread = math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
        half = z * spread / (1 + z**2 / trials)
        low, high = statistics.wilson_interval(successes, trials)
        assert low == pytest.approx(max(0.0, centre - half), abs=1e-12)
        assert high == pytest.approx(min(1.0, centre + half), abs=1e-12)


def test_the_bootstrap_band_stays_among_the_values():
    rng = np.random.default_rng(0)
    assert statistics.bootstrap_band([1.0, 1.0, 0.1], rng) == (0.1, 1.0)
    assert statistics.bootstrap_band([0.7], rng) == (0.7, 0.7)
    values = [float(stats.norm.ppf((k + 0.5) / 400)) for k in range(400)]
    # The median of n normal values has the standard error sqrt(pi / (2 n)).
    expected = 1.96 * math.sqrt(math.pi / 800)
    assert statistics.bootstrap_band(values, rng) == pytest.approx((-expected, expected), abs=0.01)


def test_the_chance_band_by_simulation():
    rng = np.random.default_rng(1)
    highest = rng.binomial(10_000, 0.1, size=(20_000, 30)).max(axis=1) / 10_000
    band = statistics.chance_band(0.1, 10_000, 30)
    assert band == pytest.approx(np.quantile(highest, [0.025, 0.975]), abs=2e-4)
    assert 0.103 < band[0] < 0.107 < band[1] < 0.111


def test_the_longest_length_most_seeds_solve():
    accuracies = {5: [1.0] * 5, 20: [0.99] * 4 + [0.2], 21: [0.9899] * 5, 30: [1.0] * 3 + [0.1] * 2}
    assert statistics.longest_solved(accuracies) == 20
    assert statistics.longest_solved({5: [0.9]}) is None
    assert statistics.share_solved([0.99, 0.9899]) == 0.5
