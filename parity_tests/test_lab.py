"""The laboratory: the task is what it says, a run trains as torch would, statistics are right."""

import csv
import dataclasses
import doctest
import importlib.util
import math
import pathlib

import numpy as np
import pytest
from scipy import stats

from handrnn import losses, optim
from handrnn.lab import figures, model, run, statistics, sweep, tasks, training
from handrnn.lab.tasks import palindrome

DOCUMENTED = [run, statistics, palindrome]


@pytest.mark.parametrize("module", DOCUMENTED, ids=lambda module: module.__name__)
def test_the_worked_examples_are_true(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


# Palindromes


@pytest.mark.parametrize("length", [2, 3, 4, 5, 10, 11, 50, 101])
def test_digits_are_palindromes(length):
    drawn = palindrome.digits(np.random.default_rng(0), 40, length)
    assert drawn.shape == (length, 40)
    np.testing.assert_array_equal(drawn, drawn[::-1])


@pytest.mark.parametrize("length", [4, 5])
def test_palindromes_are_uniform(length):
    """Chi-square over all left halves at once: every digit, and their independence."""
    half = (length + 1) // 2
    drawn = palindrome.digits(np.random.default_rng(1), 20_000, length)
    left_halves = 10 ** np.arange(half) @ drawn[:half]
    counts = np.bincount(left_halves, minlength=10**half)
    assert len(counts) == 10**half
    assert stats.chisquare(counts).pvalue > 0.001


def test_long_palindromes_are_uniform_in_every_position():
    """Halves of more than 18 digits do not fit an int64; digits do."""
    drawn = palindrome.digits(np.random.default_rng(2), 5_000, 75)
    for row in drawn:
        assert stats.chisquare(np.bincount(row, minlength=10)).pvalue > 1e-5


@pytest.mark.parametrize("length", [10, 11])
def test_only_even_palindromes_have_the_alternating_sum(length):
    x, target = palindrome.Palindrome("raw").sample(np.random.default_rng(3), 1000, length)
    signs = (-1.0) ** np.arange(length - 1)
    agreeing = np.mean(np.abs(signs @ x[:, :, 0]) == target)
    if length % 2 == 0:
        assert agreeing == 1
    else:
        assert agreeing < 0.2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sample_is_all_digits_but_the_last_and_the_last(dtype):
    whole = palindrome.digits(np.random.default_rng(4), 6, 9)
    raw, target = palindrome.Palindrome("raw", dtype).sample(np.random.default_rng(4), 6, 9)
    np.testing.assert_array_equal(raw[:, :, 0], whole[:-1])
    np.testing.assert_array_equal(target, whole[-1])
    one_hot, _ = palindrome.Palindrome("one-hot", dtype).sample(np.random.default_rng(4), 6, 9)
    np.testing.assert_array_equal(one_hot.argmax(axis=2), whole[:-1])
    np.testing.assert_array_equal(one_hot.sum(axis=2), 1)
    assert raw.dtype == one_hot.dtype == dtype
    assert (raw.shape, one_hot.shape) == ((8, 6, 1), (8, 6, 10))


@pytest.mark.parametrize("coding", palindrome.CODINGS)
def test_a_task_knows_its_features(coding):
    task = palindrome.Palindrome(coding)
    x, _ = task.sample(np.random.default_rng(5), 2, 4)
    assert x.shape[2] == task.features


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
    ],
)
def test_a_run_says_what_is_allowed(wrong, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        run.Run(**wrong)


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
        "optimizer": "RMSprop",
        "rate": 1e-3,
        "clip": 10.0,
        "curriculum": None,
        "batch": 128,
        "steps": 3000,
        "check_every": 50,
        "screen": 1000,
        "confirm": 10000,
        "patience": 500,
        "dtype": "float32",
    }


@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
def test_presets_take_changes(cell):
    assert run.tuned(cell, 9, 0, hidden=7, label="mine").hidden == 7
    assert run.tuned(cell, 9, 0, hidden=7, label="mine").name == f"mine-{cell}-T009-seed0"
    with pytest.raises(TypeError, match="hiden"):
        run.faithful(cell, 9, 0, hiden=7)


# Networks


def build(chosen):
    task = tasks.TASKS[chosen.task](coding=chosen.coding, dtype=np.dtype(chosen.dtype))
    return task, model.Model(chosen, task, np.random.default_rng(0))


@pytest.mark.parametrize("coding", palindrome.CODINGS)
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


def test_accuracy_counts_every_sequence_once():
    chosen = run.faithful("RNN", 6, 0, hidden=8)
    task, network = build(chosen)
    count = model.EVALUATION_BATCH + 137
    measured = network.accuracy(task, np.random.default_rng(8), count, 6)
    rng = np.random.default_rng(8)
    parts = [task.sample(rng, size, 6) for size in (model.EVALUATION_BATCH, 137)]
    right = sum(
        int(answer == network.logits(x[:, [example]]).argmax())
        for x, target in parts
        for example, answer in enumerate(target)
    )
    assert measured == right / count


def test_inference_gives_the_same_logits_and_returns_to_training():
    task, network = build(run.tuned("LSTM", 6, 0, hidden=8))
    x, target = task.sample(np.random.default_rng(0), 5, 6)
    with network.inference():
        without_tape = network.logits(x)
    logits = network.logits(x)
    np.testing.assert_array_equal(without_tape, logits)
    network.backward(losses.cross_entropy(logits, target)[1])


class InTorch:
    """The same network and update rule in torch, from the same weights."""

    def __init__(self, torch, chosen, network):
        features = network.layer.input_size
        self.torch = torch
        self.clip = chosen.clip
        self.layer = getattr(torch.nn, chosen.cell)(features, chosen.hidden).double()
        self.readout = torch.nn.Linear(chosen.hidden, 10).double()
        for ours, theirs in zip(network.modules, (self.layer, self.readout), strict=True):
            theirs.load_state_dict(
                {name: torch.from_numpy(np.array(array)) for name, array in ours.params.items()}
            )
        self.layer.bias_hh_l0.requires_grad_(False)
        self.parameters = [
            parameter
            for module in (self.layer, self.readout)
            for parameter in module.parameters()
            if parameter.requires_grad
        ]
        self.optimizer = getattr(torch.optim, chosen.optimizer)(self.parameters, lr=chosen.rate)

    def update(self, x, target):
        output, _ = self.layer(self.torch.from_numpy(x))
        logits = self.readout(output[-1])
        loss = self.torch.nn.functional.cross_entropy(logits, self.torch.from_numpy(target))
        self.optimizer.zero_grad()
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        return loss.item()

    def params(self):
        for module in (self.layer, self.readout):
            for parameter in module.parameters():
                yield parameter.detach().numpy()


@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
@pytest.mark.parametrize("preset", list(run.PRESETS))
def test_updates_are_torchs(preset, cell):
    """40 updates from the same weights on the same batches; the norm is clipped in all of them."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    chosen = run.PRESETS[preset](cell, 7, 0, hidden=12, batch=9, dtype="float64", clip=0.01)
    task, network = build(chosen)
    witness = InTorch(torch, chosen, network)
    optimizer = training.OPTIMIZERS[chosen.optimizer](*network.modules, lr=chosen.rate)
    rng = np.random.default_rng(1)
    for _ in range(40):
        x, target = task.sample(rng, chosen.batch, chosen.length)
        expected = witness.update(x, target)
        loss, _ = training.update(network, optimizer, x, target, chosen.clip)
        assert abs(loss - expected) <= 1e-10 * abs(expected)
    ours = [array for module in network.modules for array in module.params.values()]
    for mine, theirs in zip(ours, witness.params(), strict=True):
        assert np.abs(mine - theirs).max() <= 1e-9 * np.abs(theirs).max()


@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
def test_gradients_are_the_slopes_of_the_loss(cell):
    chosen = run.faithful(cell, 6, 0, hidden=5, dtype="float64")
    task, network = build(chosen)
    x, target = task.sample(np.random.default_rng(1), 4, 6)
    _, dlogits = losses.cross_entropy(network.logits(x), target)
    network.backward(dlogits)
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
            values.append(float(losses.cross_entropy(network.logits(x), target)[0]))
        module.params[name][...] = start
        slope = (values[0] - values[1]) / (2 * h)
        assert abs(slope - np.sum(gradient * direction)) <= 1e-8 * max(1.0, abs(slope))


# Training

SMALL = {"hidden": 24, "batch": 32, "screen": 100, "confirm": 1000, "check_every": 20}


def test_training_ends_when_solved():
    chosen = run.tuned("RNN", 4, 0, rate=0.01, steps=3000, **SMALL)
    checks = []
    result = training.train(chosen, checks.append)
    assert result.stopped == "solved"
    assert result.accuracy >= 0.999
    assert result.steps == checks[-1].step < 3000
    assert [check.step for check in checks] == list(range(20, result.steps + 1, 20))
    assert min(check.confirmed for check in checks[-2:]) >= 0.999
    assert all((check.confirmed or 0) < 0.999 for check in checks[:-2][-1:])


def test_training_ends_at_the_cap_and_reports_only_confirmed_accuracies():
    chosen = run.faithful("RNN", 12, 0, steps=110, **SMALL)
    checks = []
    result = training.train(chosen, checks.append)
    assert (result.stopped, result.steps) == ("cap", 110)
    assert [check.step for check in checks] == [20, 40, 60, 80, 100, 110]
    best = 0.0
    for check in checks:
        assert (check.confirmed is not None) == (check.screened > best)
        best = max(best, check.screened)
    confirmed = {check.confirmed: check.step for check in checks if check.confirmed is not None}
    assert result.accuracy == max(confirmed)
    assert result.accuracy_step == confirmed[result.accuracy]
    assert result.confirmations == len(confirmed)
    assert checks[0].loss == pytest.approx(math.log(10), abs=0.3)


def test_new_bests_are_confirmed_and_the_best_of_those_is_reported(monkeypatch):
    screened = iter([0.1, 0.3, 0.3, 0.2, 0.4, 1.0, 1.0, 0.9, 0.999])
    confirmed = iter([0.11, 0.35, 0.31, 0.9985, 0.9995, 0.9983])
    asked, streams = [], {}

    def script(network, task, rng, count, length):
        asked.append((count, length))
        streams.setdefault(count, set()).add(id(rng))
        return next(screened if count == 100 else confirmed)

    monkeypatch.setattr(model.Model, "accuracy", script)
    checks = []
    result = training.train(run.faithful("RNN", 6, 0, steps=180, **SMALL), checks.append)
    none = None
    assert [check.confirmed for check in checks] == [
        *(0.11, 0.35, none, none, 0.31, 0.9985, 0.9995, none, 0.9983)
    ]
    assert (result.accuracy, result.accuracy_step, result.confirmations) == (0.9995, 140, 6)
    assert set(asked) == {(100, 6), (1000, 6)}
    assert len(streams[100]) == len(streams[1000]) == 1
    assert streams[100] != streams[1000], "confirmed on sequences of a stream of their own"


def test_a_curriculum_trains_on_its_lengths_and_is_scored_on_the_last(monkeypatch):
    sampled = []
    sample = palindrome.Palindrome.sample

    def look(task, rng, batch, length):
        sampled.append((batch, length))
        return sample(task, rng, batch, length)

    judged = []
    monkeypatch.setattr(palindrome.Palindrome, "sample", look)
    monkeypatch.setattr(training, "is_flat", lambda history, *_: judged.append(len(history)))
    checks = []
    chosen = run.tuned("RNN", 5, 0, rate=0.01, curriculum=2, steps=200, **SMALL)
    training.train(chosen, checks.append)
    trained = [length for batch, length in sampled if batch == 32]
    assert sorted(trained) == trained
    assert set(trained) == {2, 4, 5}
    assert [check.trained_length for check in checks] == trained[19::20]
    assert {length for batch, length in sampled if batch == 100} == {5}
    at_full_length = [trained[: check.step].count(5) for check in checks]
    assert judged == [count for count in at_full_length if count > 0][: len(judged)]
    assert len(judged) > 1


def test_the_fingerprint_is_of_every_number():
    _, network = build(run.faithful("LSTM", 5, 0, hidden=3))
    prints = {network.fingerprint()}
    arrays = [array for module in network.modules for array in module.params.values()]
    for array in arrays:
        array.flat[-1] = np.nextafter(array.flat[-1], np.float32(9))
        prints.add(network.fingerprint())
    assert len(prints) == 1 + len(arrays)


def test_training_ends_when_flat():
    # Two digits read, and a network of one unit: it learns what it can, and no more.
    settings = {**SMALL, "hidden": 1, "patience": 60}
    result = training.train(run.tuned("RNN", 3, 0, rate=0.05, steps=3000, **settings))
    assert result.stopped == "flat"
    assert result.steps < 3000
    assert 0.15 < result.accuracy < 0.99


def test_a_plateau_at_chance_is_not_flat():
    chance = math.log(10)
    assert not training.is_flat([chance] * 200, patience=100, classes=10)
    assert not training.is_flat([1.0] * 199, patience=100, classes=10)
    assert training.is_flat([1.0] * 200, patience=100, classes=10)
    assert training.is_flat([9.0] * 50 + [1.0] * 100 + [0.995] * 100, patience=100, classes=10)
    assert not training.is_flat([1.0] * 100 + [0.98] * 100, patience=100, classes=10)


def test_solved_means_twice_running():
    def check(confirmed):
        return training.Check(1, 5, 0.0, 1.0, confirmed)

    assert not training.is_solved([check(1.0)])
    assert not training.is_solved([check(1.0), check(None)])
    assert not training.is_solved([check(0.9989), check(1.0)])
    assert not training.is_solved([check(1.0), check(1.0), check(0.9)])
    assert training.is_solved([check(0.2), check(0.999), check(0.999)])


def test_the_curriculum_doubles_until_it_is_there():
    curriculum = training.Curriculum(run.tuned("RNN", 31, 0))
    lengths = [curriculum.length]
    for _ in range(3):
        assert not curriculum.is_over()
        assert not curriculum.is_learnt()
        for _ in range(28):  # 1 - 0.9**28 is just below 0.95
            curriculum.record(1.0)
        assert not curriculum.is_learnt()
        curriculum.record(1.0)
        assert curriculum.is_learnt()
        curriculum.grow()
        lengths.append(curriculum.length)
    assert lengths == [5, 10, 20, 31]
    assert curriculum.is_over()
    assert training.Curriculum(run.tuned("RNN", 4, 0)).is_over()
    assert training.Curriculum(run.faithful("RNN", 31, 0)).is_over()


def test_a_loss_that_is_not_finite_is_an_error(monkeypatch):
    monkeypatch.setattr(losses, "cross_entropy", lambda logits, target: (math.nan, logits))
    with pytest.raises(FloatingPointError, match="loss is nan at update 1"):
        training.train(run.faithful("RNN", 5, 0, **SMALL))


@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
def test_the_second_bias_never_moves(cell, monkeypatch):
    seen = []
    clip = optim.clip_grad_norm

    def look(*modules, max_norm):
        seen.append(np.array(modules[0].grads["bias_hh_l0"]))
        seen.append(np.array(modules[0].params["bias_hh_l0"]))
        return clip(*modules, max_norm=max_norm)

    monkeypatch.setattr(optim, "clip_grad_norm", look)
    training.train(run.faithful(cell, 4, 0, steps=6, **{**SMALL, "confirm": 10}))
    assert len(seen) == 12
    assert not np.any(seen)


def test_seeds_and_lengths_have_streams_of_their_own():
    # At this rate the weights stay what they were at the start.
    settings = {**SMALL, "steps": 20, "rate": 1e-30}
    prints = {
        training.train(run.faithful("RNN", length, seed, **settings)).fingerprint
        for length, seed in [(5, 0), (5, 1), (6, 0), (6, 1)]
    }
    assert len(prints) == 4


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
    band = statistics.chance_band(10, 10_000, 30)
    assert band == pytest.approx(np.quantile(highest, [0.025, 0.975]), abs=2e-4)
    assert 0.103 < band[0] < 0.107 < band[1] < 0.111


def test_the_longest_length_most_seeds_solve():
    accuracies = {5: [1.0] * 5, 20: [0.99] * 4 + [0.2], 21: [0.9899] * 5, 30: [1.0] * 3 + [0.1] * 2}
    assert statistics.longest_solved(accuracies) == 20
    assert statistics.longest_solved({5: [0.9]}) is None
    assert statistics.share_solved([0.99, 0.9899]) == 0.5


# Figures


def finished(directory, label, cell, length, seed, accuracy):
    """Write the files of a finished run without training it."""
    chosen = run.PRESETS[label](cell, length, seed)
    result = training.Result(accuracy, 50, "cap", 3000, 4, "0" * 64)
    (directory / chosen.name).mkdir(parents=True)
    sweep.write_json(directory / chosen.name / sweep.CONFIG, dataclasses.asdict(chosen))
    sweep.write_json(
        directory / chosen.name / sweep.DONE,
        {"result": dataclasses.asdict(result), "seconds": 1.5, "versions": {}},
    )


ACCURACIES = {
    ("faithful", "RNN", 5): (1.0, 1.0, 0.995),
    ("faithful", "RNN", 20): (0.1, 0.12, 1.0),
    ("tuned", "LSTM", 20): (1.0, 0.9995, 0.9985),
}


@pytest.fixture
def files(tmp_path):
    for (label, cell, length), accuracies in ACCURACIES.items():
        for seed, accuracy in enumerate(accuracies):
            finished(tmp_path, label, cell, length, seed, accuracy)
    return tmp_path


def test_points_are_medians_and_shares(files):
    found = {(p.label, p.cell, p.length): p for p in figures.points(sweep.read_all(files))}
    assert {key: point.accuracies for key, point in found.items()} == ACCURACIES
    unlucky = found["faithful", "RNN", 20]
    assert (unlucky.median, unlucky.low, unlucky.high) == (0.12, 0.1, 1.0)
    assert unlucky.share == pytest.approx(1 / 3)
    assert (unlucky.share_low, unlucky.share_high) == statistics.wilson_interval(1, 3)


def test_the_figure_and_its_tables(files, monkeypatch):
    figure_module = pytest.importorskip("matplotlib.figure")
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("a figure trains nothing"))
    picture = figures.accuracy_vs_length(files)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (files / "accuracy_vs_length.svg").read_text()
    with (files / "accuracy_vs_length.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["label"], r["cell"], r["length"], r["median"]) for r in rows] == [
        ("faithful", "RNN", "5", "1.0"),
        ("faithful", "RNN", "20", "0.12"),
        ("tuned", "LSTM", "20", "0.9995"),
    ]
    with (files / "accuracy_vs_length_runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert {row["stopped"] for row in rows} == {"cap"}

    figure = figure_module.Figure()
    records = sweep.read_all(files)
    figures.draw(figure, records, figures.points(records))
    above, below = figure.axes
    lines = {line.get_label(): line for line in above.get_lines()}
    faithful, tuned = lines["RNN, faithful (L99 = 5)"], lines["LSTM, tuned (L99 = 20)"]
    assert (faithful.get_linestyle(), tuned.get_linestyle()) == ("--", "-")
    assert faithful.get_color() != tuned.get_color()
    np.testing.assert_array_equal(faithful.get_ydata(), [1.0, 0.12])
    (band,) = above.patches
    ends = band.get_y(), band.get_y() + band.get_height()
    assert ends == pytest.approx(statistics.chance_band(10, 10_000, 4)), "of 4 confirmations"
    dots = [len(line.get_ydata()) for line in above.get_lines() if line.get_linestyle() == "None"]
    assert dots == [3, 3, 3]
    (bars,) = below.containers[0].lines[2]
    expected = [statistics.wilson_interval(solved, 3) for solved in (3, 1)]
    for segment, interval in zip(bars.get_segments(), expected, strict=True):
        assert segment[:, 1] == pytest.approx(interval)
    label = below.get_xlabel()
    assert "whole palindrome" in label
    assert "at most 3,000 updates" in label


def test_a_directory_without_runs_cannot_be_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="holds no finished run"):
        figures.accuracy_vs_length(tmp_path)


# The script


def load_script():
    path = pathlib.Path(__file__).parents[1] / "scripts" / "accuracy_vs_length.py"
    spec = importlib.util.spec_from_file_location("accuracy_vs_length", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lengths", "1"], "length = 1 has to be a whole number of at least 2"),
        (["--lengths", "ten"], "invalid int value: 'ten'"),
        (["--seeds", "0"], "--seeds 0: at least 1 is allowed"),
        (["--workers", "-2"], "--workers -2: at least 1 is allowed"),
        (["--steps", "0"], "steps = 0 has to be a whole number of at least 1"),
        (["--cells", "GPU"], "(choose from"),
        (["--preset", "best"], "(choose from"),
    ],
)
def test_the_script_says_what_is_allowed(arguments, message, capsys):
    with pytest.raises(SystemExit) as leaving:
        load_script().main(arguments)
    assert leaving.value.code == 2
    assert message in capsys.readouterr().err


def test_the_script_asks_for_the_runs_one_would_guess(tmp_path):
    arguments = "--lengths 5 7 --seeds 2 --cells rnn --preset tuned --steps 10"
    options = load_script().parse(arguments.split())
    expected = [run.tuned("RNN", length, seed, steps=10) for length in (5, 7) for seed in (0, 1)]
    assert options.runs == expected
    assert options.out == pathlib.Path("results", "accuracy_vs_length_10_updates")
    assert options.workers == 2


def test_the_script_has_the_lengths_of_the_question():
    options = load_script().parse([])
    asked = {(each.label, each.cell, each.length) for each in options.runs}
    for cell in ("RNN", "LSTM"):
        assert {("tuned", cell, 50), ("tuned", cell, 51)} <= asked
        assert {("faithful", cell, T) for T in (5, 10, 11, 20)} <= asked
    assert ("faithful", "LSTM", 30) in asked
    assert {each.steps for each in options.runs} == {3000}
    assert {each.seed for each in options.runs} == {0, 1, 2}


def test_the_tables_entries_are_medians_and_solved_seeds(files):
    script = load_script()
    lines = script.aligned(*script.table(sweep.read_all(files))).splitlines()
    assert [line.split() for line in lines] == [
        ["T", "5", "20", "L99"],
        ["faithful", "RNN", "1.0000", "3/3", "0.1200", "1/3", "5"],
        ["tuned", "LSTM", "-", "0.9995", "3/3", "20"],
    ]
