"""Training: as torch trains, to the end that is due, and from any check on to the same bits."""

import dataclasses
import json
import math

import numpy as np
import pytest

from handrnn import compare, losses, nn, optim
from handrnn.lab import model, run, tasks, training
from handrnn.lab.tasks import palindrome

needs_torch = "needs torch: pip install 'handrnn[test]'"

# The same network in torch

T, B, INPUTS, HIDDEN, CLASSES, STEPS = 9, 16, 4, 12, 5, 200


def batches():
    """Which of the steps has the largest first feature, modulo the number of classes."""
    rng = np.random.default_rng(7)
    for _ in range(STEPS):
        x = rng.standard_normal((T, B, INPUTS))
        yield x, x[:, :, 0].argmax(axis=0) % CLASSES


def train_here(lstm, readout):
    optimizer = optim.Adam(lstm, readout, lr=1e-2)
    history = []
    for x, labels in batches():
        _, (h_n, _) = lstm(x)
        loss, dlogits = losses.cross_entropy(readout(h_n[0]), labels)
        optimizer.zero_grad()
        lstm.backward(d_state=(readout.backward(dlogits)[None], None))
        optim.clip_grad_norm(lstm, readout, max_norm=1.0)
        optimizer.step()
        history.append(loss)
    return np.array(history)


def train_in_torch(torch, lstm, readout):
    parameters = [*lstm.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-2)
    history = []
    for x, labels in batches():
        _, (h_n, _) = lstm(torch.tensor(x))
        loss = torch.nn.functional.cross_entropy(readout(h_n[0]), torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        history.append(loss.item())
    return np.array(history)


def test_an_lstm_classifier_trained_in_both_is_the_same():
    torch = pytest.importorskip("torch", reason=needs_torch)
    lstm = nn.LSTM(INPUTS, HIDDEN, dtype=np.float64, rng=1)
    readout = nn.Linear(HIDDEN, CLASSES, dtype=np.float64, rng=2)
    their_lstm, their_readout = lstm.to_torch(), readout.to_torch()
    start = lstm.state_dict() | readout.state_dict()

    here = train_here(lstm, readout)
    there = train_in_torch(torch, their_lstm, their_readout)

    assert here[-20:].mean() < here[:20].mean() - 0.2, "it has learnt something"
    assert compare.normwise_error(here, there) < 1e-9
    for module, theirs in ((lstm, their_lstm), (readout, their_readout)):
        for name, value in theirs.state_dict().items():
            assert np.abs(module.params[name] - start[name]).max() > 1e-2, f"{name} has moved"
            assert compare.normwise_error(module.params[name], value.numpy()) < 1e-9, name


# Runs of the laboratory

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

    def script(learner, task, rng, count, length):
        asked.append((count, length))
        streams.setdefault(count, set()).add(id(rng))
        return next(screened if count == 100 else confirmed)

    monkeypatch.setattr(training, "accuracy", script)
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


def test_the_run_says_what_solved_is():
    chosen = run.tuned("RNN", 4, 0, rate=0.003, steps=3000, solved=0.3, **SMALL)
    checks = []
    result = training.train(chosen, checks.append)
    assert result.stopped == "solved"
    assert min(check.confirmed for check in checks[-2:]) >= 0.3
    assert result.accuracy < 0.999


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
    assert set(trained) == {3, 5}
    assert [check.trained_length for check in checks] == trained[19::20]
    assert {length for batch, length in sampled if batch == 100} == {5}
    at_full_length = [trained[: check.step].count(5) for check in checks]
    assert judged == [count for count in at_full_length if count > 0][: len(judged)]
    assert len(judged) > 1


def test_training_ends_when_flat():
    # Two digits read, and a network of one unit: it learns what it can, and no more.
    settings = {**SMALL, "hidden": 1, "patience": 60}
    result = training.train(run.tuned("RNN", 3, 0, rate=0.05, steps=3000, **settings))
    assert result.stopped == "flat"
    assert result.steps < 3000
    assert 0.15 < result.accuracy < 0.99


@pytest.mark.parametrize("baseline", [math.log(10), 1 / 6])
def test_a_plateau_at_the_baseline_is_not_flat(baseline):
    one = baseline / math.log(10)
    flat = [one] * 100 + [0.995 * one] * 100
    assert not training.is_flat([baseline] * 200, patience=100, baseline=baseline)
    assert not training.is_flat([one] * 199, patience=100, baseline=baseline)
    assert training.is_flat([one] * 200, patience=100, baseline=baseline)
    assert training.is_flat([9 * one] * 50 + flat, patience=100, baseline=baseline)
    falling = [one] * 100 + [0.98 * one] * 100
    assert not training.is_flat(falling, patience=100, baseline=baseline)
    for share, expected in ((2.2536 / 2.302585, False), (2.2516 / 2.302585, True)):
        found = training.is_flat([share * baseline] * 200, patience=100, baseline=baseline)
        assert found == expected, "clearly below is 0.05 below ln 10, and as much in proportion"


def test_the_task_says_what_can_be_had_without_memory(monkeypatch):
    seen = []
    monkeypatch.setattr(
        training, "is_flat", lambda history, patience, baseline: seen.append(baseline)
    )
    training.train(run.faithful("RNN", 9, 0, task="copy", steps=20, **{**SMALL, "confirm": 10}))
    assert seen == [10 * math.log(8) / 29]


def test_solved_means_twice_running():
    def check(confirmed):
        return training.Check(1, 5, 0.0, 1.0, confirmed)

    assert not training.is_solved([check(1.0)], 0.999)
    assert not training.is_solved([check(1.0), check(None)], 0.999)
    assert not training.is_solved([check(0.9989), check(1.0)], 0.999)
    assert not training.is_solved([check(1.0), check(1.0), check(0.9)], 0.999)
    assert training.is_solved([check(0.2), check(0.999), check(0.999)], 0.999)


def lengths_of(curriculum, right):
    """All lengths of a curriculum of so many right answers until each is learnt."""
    lengths = [curriculum.length]
    while not curriculum.is_over():
        for _ in range(right):
            assert not curriculum.is_learnt()
            curriculum.record(1.0)
        assert curriculum.is_learnt()
        curriculum.grow()
        lengths.append(curriculum.length)
    return lengths


def test_the_curriculum_grows_until_it_is_there():
    # 1 - 0.9**28 is just below 0.95, and 1 - 0.9**22 is just above 0.9.
    assert lengths_of(training.Curriculum(run.tuned("RNN", 31, 0, growth=2.0, ready=0.95)), 29) == [
        5,
        11,
        23,
        31,
    ]
    slow = run.tuned("RNN", 12, 0, growth=1.3, ready=0.9, curriculum=2)
    assert lengths_of(training.Curriculum(slow), 22) == [2, 4, 6, 8, 10, 12]
    assert training.Curriculum(run.tuned("RNN", 4, 0)).is_over()
    assert training.Curriculum(run.faithful("RNN", 31, 0)).is_over()


@pytest.mark.parametrize("at", [1, 20, 47, 60])
@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_run_whose_weights_break_has_diverged(monkeypatch, engine, at):
    """The update after they broke is checked and is the last; what was confirmed before counts."""
    if engine == "torch":
        pytest.importorskip("torch", reason=needs_torch)
    chosen = run.faithful("RNN", 5, 0, engine=engine, steps=60, **SMALL)
    _, expected, _ = all_of(chosen)
    update_of_the_run = training.Trainer._update

    def update(trainer):
        if trainer.step == at - 1:
            arrays = trainer.learner.arrays()
            arrays["readout.bias"][:] = math.nan
            trainer.learner.load(arrays)
        update_of_the_run(trainer)

    monkeypatch.setattr(training.Trainer, "_update", update)
    result, checks, states = all_of(chosen)
    before = [check for check in expected if check.step < at]
    assert checks[:-1] == before
    assert (result.stopped, result.steps, checks[-1].step) == ("diverged", at, at)
    assert math.isnan(checks[-1].loss)
    assert checks[-1].screened < 0.25, "chance"
    confirmed = [check.confirmed for check in checks if check.confirmed is not None]
    assert result.accuracy == max(confirmed)
    assert all_of(chosen, resume=states[-1])[:2] == (result, [])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_any_loss_that_is_not_finite_is_divergence(monkeypatch, value):
    monkeypatch.setattr(losses, "cross_entropy", lambda logits, target: (value, logits))
    result = training.train(run.faithful("RNN", 5, 0, **SMALL))
    assert (result.stopped, result.steps, result.confirmations) == ("diverged", 1, 1)


def test_weights_that_overflow_diverge_in_silence():
    chosen = run.faithful("reluRNN", 30, 0, rate=1e30, clip=1e30, steps=60, **SMALL)
    assert training.train(chosen).stopped == "diverged"


def test_as_many_losses_are_kept_as_are_read():
    chosen = run.faithful("RNN", 5, 0, steps=60, **{**SMALL, "patience": 14})
    kept = []
    training.train(chosen, keep=lambda state: kept.append(state.arrays["history"]))
    assert [len(losses) for losses in kept] == [20, 28, 28]
    assert not np.array_equal(kept[1], kept[2])
    chosen = dataclasses.replace(chosen, patience=1)
    training.train(chosen, keep=lambda state: kept.append(state.arrays["history"]))
    assert len(kept[-1]) == 20
    np.testing.assert_array_equal(kept[0], kept[3])


@pytest.mark.parametrize("cell", list(model.CELLS))
def test_the_second_bias_never_moves(cell, monkeypatch):
    seen = []
    clip = optim.clip_grad_norm

    def look(*modules, max_norm):
        seen.append(np.array(modules[0].grads["bias_hh_l0"]))
        seen.append(np.array(modules[0].params["bias_hh_l0"]))
        assert modules[0].grads["bias_ih_l0"].any()
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


def test_all_recipes_see_the_same_sequences(monkeypatch):
    seen = []
    encode = palindrome.Palindrome.encode

    def look(task, read):
        seen.append(read.tobytes())
        return encode(task, read)

    monkeypatch.setattr(palindrome.Palindrome, "encode", look)
    settings = {**SMALL, "steps": 3, "curriculum": None}
    drawn = []
    for chosen in (run.faithful("RNN", 7, 1, **settings), run.tuned("GRU", 7, 1, **settings)):
        seen.clear()
        training.train(chosen)
        drawn.append(tuple(seen))
    assert len(drawn[0]) > 3
    assert drawn[0] == drawn[1]


# From any check on

TINY = {"hidden": 8, "batch": 16, "screen": 40, "confirm": 60, "check_every": 6, "patience": 10}


def all_of(chosen, **options):
    """What a run reports and keeps, each state having been through JSON, and its result."""
    checks, states = [], []

    def keep(state):
        numbers = json.loads(json.dumps(state.numbers))
        states.append(training.State(numbers, {k: a.copy() for k, a in state.arrays.items()}))

    result = training.train(chosen, checks.append, keep=keep, **options)
    return result, checks, states


def assert_goes_on_from_every_check(chosen):
    result, checks, states = all_of(chosen)
    assert [state.numbers["step"] for state in states] == [check.step for check in checks]
    assert len(checks) > 4
    for done, state in enumerate(states, start=1):
        again, new_checks, new_states = all_of(chosen, resume=state)
        assert again == result
        assert new_checks == checks[done:]
        for new, old in zip(new_states, states[done:], strict=True):
            assert new.numbers == old.numbers
            assert new.arrays.keys() == old.arrays.keys()
            for name, array in old.arrays.items():
                np.testing.assert_array_equal(new.arrays[name], array, strict=True)


@pytest.mark.sample(5)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", list(model.CELLS))
@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_resumed_run_has_the_bits_of_one_never_interrupted(engine, cell, dtype):
    if engine == "torch":
        pytest.importorskip("torch", reason=needs_torch)
    # With this `ready` the curriculum grows between checks.
    settings = {**TINY, "steps": 33, "ready": 0.1, "engine": engine, "dtype": dtype}
    chosen = run.tuned(cell, 11, 2, rate=0.02, curriculum=2, **settings)
    lengths = {check.trained_length for check in all_of(chosen)[1]}
    assert len(lengths) > 1
    assert_goes_on_from_every_check(chosen)


@pytest.mark.sample(4)
@pytest.mark.parametrize("task", list(tasks.TASKS))
@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_every_task_resumes_under_the_other_optimizer(engine, task):
    if engine == "torch":
        pytest.importorskip("torch", reason=needs_torch)
    assert_goes_on_from_every_check(
        run.faithful("LSTM", 6, 0, task=task, steps=33, engine=engine, **TINY)
    )


def test_a_state_shares_no_memory_with_the_run():
    chosen = run.tuned("LSTM", 5, 0, steps=18, **TINY)
    states = []
    training.train(chosen, keep=states.append)
    before = {name: array.copy() for name, array in states[0].arrays.items()}
    assert training.train(chosen, resume=states[0]) == training.train(chosen, resume=states[0])
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_the_state_of_another_run_is_refused():
    _, _, states = all_of(run.tuned("RNN", 5, 0, steps=18, **TINY))
    other = run.tuned("RNN", 5, 0, steps=18, **{**TINY, "rate": 0.5, "clip": 2.0})
    with pytest.raises(ValueError, match=r"with rate = 0\.001, not 0\.5; clip = 0\.1, not 2\.0"):
        training.train(other, resume=states[0])


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_state_without_a_parameter_is_refused(engine):
    if engine == "torch":
        pytest.importorskip("torch", reason=needs_torch)
    chosen = run.tuned("RNN", 5, 0, steps=18, engine=engine, **TINY)
    _, _, states = all_of(chosen)
    arrays = {k: a for k, a in states[0].arrays.items() if k != "readout.bias"}
    with pytest.raises(ValueError, match="bias is missing"):
        training.train(chosen, resume=training.State(states[0].numbers, arrays))


def test_a_state_says_which_run_it_is_of():
    chosen = run.tuned("GRU", 5, 0, steps=12, **TINY)
    _, _, states = all_of(chosen)
    assert run.Run(**states[-1].numbers["run"]) == chosen
    assert dataclasses.asdict(chosen) == states[-1].numbers["run"]
