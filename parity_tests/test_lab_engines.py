"""The engines of a run: both start from the same weights, and train alike."""

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest

from handrnn import compare
from handrnn.lab import model, run, tasks, torch_model, training

needs_torch = "needs torch: pip install 'handrnn[test]'"
CELLS = list(model.CELLS)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason=needs_torch)


def both(chosen, seed=0) -> Any:
    """The task, and the learners of both engines from the same weights."""
    task = tasks.TASKS[chosen.task](coding=chosen.coding, dtype=np.dtype(chosen.dtype))
    learners = [
        training.learner(
            dataclasses.replace(chosen, engine=engine), task, np.random.default_rng(seed)
        )
        for engine in ("numpy", "torch")
    ]
    return task, *learners


def restored(learner, arrays):
    """The learner, at other weights than it has."""
    learner.load(arrays)
    return learner


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", list(run.PRESETS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_start_from_the_same_weights(torch, dtype, preset, cell):
    chosen = run.PRESETS[preset](cell, 8, 0, hidden=5, dtype=dtype)
    task, ours, theirs = both(chosen)
    assert isinstance(theirs, torch_model.Model)
    assert isinstance(theirs.layer, torch.nn.RNNBase)
    assert ours.fingerprint() == theirs.fingerprint()
    mine, other = ours.arrays(), theirs.arrays()
    assert mine.keys() == other.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, other[name], strict=True)
    x, _ = task.sample(np.random.default_rng(1), 4, 8)
    error = compare.normwise_error(ours.outputs(x), theirs.outputs(x))
    assert compare.in_units(error, dtype) <= 16


@pytest.mark.sample(8)
@pytest.mark.parametrize("optimizer", list(model.OPTIMIZERS))
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("preset", "task", "length"),
    [
        ("faithful", "palindrome", 50),
        ("faithful", "adding", 30),
        ("faithful", "copy", 12),
        ("tuned", "palindrome", 12),
        ("tuned", "next_symbol", 20),
    ],
)
def test_the_first_hundred_losses_agree(torch, preset, task, length, cell, optimizer):
    """Training on, without a restart: each engine stands on its own 100 updates."""
    settings = {"task": task, "optimizer": optimizer, "hidden": 16, "batch": 12}
    chosen = run.PRESETS[preset](cell, length, 0, dtype="float64", **settings)
    task, ours, theirs = both(chosen)
    rng = np.random.default_rng(1)
    history = []
    for _ in range(100):
        x, target = task.sample(rng, chosen.batch, length)
        (loss, right), (expected, expected_right) = (m.update(x, target) for m in (ours, theirs))
        assert abs(loss - expected) <= 1e-9 * abs(expected)
        assert right == expected_right
        history.append(loss)
    assert len(set(history)) == 100
    start = both(chosen)[1].arrays()
    for name, array in ours.arrays().items():
        if name in start and name != "layer.bias_hh_l0":
            assert np.abs(array - start[name]).max() > 1e-3, f"{name} has moved"


@pytest.mark.long
def test_where_losses_drift_apart_torch_drifts_as_far_from_itself(torch):
    """The tuned LSTM at T = 50 turns a rounding error into a visible one within 100 updates."""
    chosen = run.tuned("LSTM", 50, 0, dtype="float64", hidden=16, batch=12)
    task, ours, theirs = both(chosen)
    _, _, perturbed = both(chosen)
    rng = np.random.default_rng(5)
    perturbed.load(
        {
            name: array * (1 + np.finfo(float).eps * rng.integers(-1, 2, array.shape))
            for name, array in theirs.arrays().items()
        }
    )
    drifts = []
    for _ in range(100):
        x, target = task.sample(rng, chosen.batch, chosen.length)
        found, expected, other = (m.update(x, target)[0] for m in (ours, theirs, perturbed))
        drifts.append((abs(found - expected) / expected, abs(other - expected) / expected))
    engines, itself = np.max(drifts, axis=0)
    assert itself > 1e-9, "no program can agree with another to 1e-9 where torch does not"
    assert engines < 100 * itself
    assert np.max(drifts[:15]) < 1e-12


def gradients_of(network):
    return {
        f"{part}.{name}": np.array(module.grads[name])
        for part, module in zip(model.PARTS, network.modules, strict=True)
        for name in module.params
    }


def gradients_in_torch(network, x, target):
    network.optimizer.zero_grad()
    loss = network.loss(network.forward(x), target)
    loss.backward()
    return loss.item(), {name: p.grad.numpy().copy() for name, p in network.trained.items()}


@pytest.mark.parametrize("length", [50, 200])
@pytest.mark.parametrize("preset", list(run.PRESETS))
@pytest.mark.parametrize("cell", CELLS)
def test_long_sequences_agree_from_the_same_weights_at_every_update(torch, cell, preset, length):
    chosen = run.PRESETS[preset](cell, length, 0, dtype="float64", hidden=12, batch=6)
    task, ours, theirs = both(chosen)
    rng = np.random.default_rng(1)
    for _ in range(15):
        restored(theirs, {k: a for k, a in ours.arrays().items() if "optimizer" not in k})
        x, target = task.sample(rng, chosen.batch, chosen.length)
        expected, expected_gradients = gradients_in_torch(theirs, x, target)
        for module in ours.modules:
            module.zero_grad()
        loss, d_outputs = task.loss(ours.forward(x), target)
        ours.backward(d_outputs)
        found = gradients_of(ours)
        assert abs(loss - expected) <= 1e-9 * abs(expected)
        assert not found.pop("layer.bias_hh_l0").any()
        assert found.keys() == expected_gradients.keys()
        for name, gradient in expected_gradients.items():
            assert np.abs(gradient).max() > 0, name
            assert compare.normwise_error(found[name], gradient) <= 1e-9, name
        ours.update(x, target)


@pytest.mark.parametrize("task", list(tasks.TASKS))
def test_the_loss_in_torch_is_the_tasks(torch, task):
    chosen = run.tuned("RNN", 7, 0, task=task, dtype="float64", hidden=4)
    task, _, theirs = both(chosen)
    x, target = task.sample(np.random.default_rng(0), 5, 7)
    outputs = theirs.forward(x).detach().requires_grad_()
    loss = theirs.loss(outputs, target)
    loss.backward()
    expected, d_outputs = task.loss(outputs.detach().numpy(), target)
    assert abs(loss.item() - expected) <= 1e-14 * abs(expected)
    assert compare.normwise_error(outputs.grad.numpy(), d_outputs) <= 1e-14


SMALL = {"hidden": 12, "batch": 16, "steps": 40, "check_every": 10, "screen": 50, "confirm": 80}


@pytest.mark.parametrize("cell", CELLS)
def test_the_same_run_in_torch_gives_the_same_bits(torch, cell):
    chosen = run.tuned(cell, 7, 3, engine="torch", **SMALL)
    torch.manual_seed(1)
    first = training.train(chosen)
    torch.manual_seed(2)
    assert training.train(chosen) == first


@pytest.mark.parametrize("cell", CELLS)
def test_a_whole_run_in_torch_ends_where_ours_does(torch, cell):
    settings = {**SMALL, "curriculum": 2, "ready": 0.2, "clip": 0.01}  # clipped at every update
    chosen = run.tuned(cell, 9, 3, dtype="float64", **settings)
    checks = {"numpy": [], "torch": []}
    results = {
        engine: training.train(dataclasses.replace(chosen, engine=engine), report.append)
        for engine, report in checks.items()
    }
    for ours, theirs in zip(checks["numpy"], checks["torch"], strict=True):
        assert abs(ours.loss - theirs.loss) <= 1e-9 * theirs.loss
        assert dataclasses.replace(ours, loss=theirs.loss) == theirs
    ours, theirs = results["numpy"], results["torch"]
    assert dataclasses.replace(ours, fingerprint=theirs.fingerprint) == theirs


def test_training_in_torch_leaves_its_settings_alone(torch):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        state = torch.random.get_rng_state()
        training.train(run.faithful("RNN", 5, 0, engine="torch", **SMALL))
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.random.get_rng_state(), state)
        with torch_model.one_thread_here():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_torch_trains_on_one_thread(torch, monkeypatch):
    seen = []
    update = torch_model.Model.update

    def look(learner, x, target):
        seen.append(torch.get_num_threads())
        return update(learner, x, target)

    monkeypatch.setattr(torch_model.Model, "update", look)
    training.train(run.faithful("RNN", 5, 0, engine="torch", **SMALL))
    assert seen == [1] * SMALL["steps"]


def test_without_torch_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        training.train(run.faithful("RNN", 5, 0, engine="torch", **SMALL))
    assert str(caught.value) == "engine = 'torch' needs torch: pip install 'handrnn[torch]'"


def test_without_cuda_one_line_says_so(torch, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="device = 'cuda': torch finds no CUDA device"):
        training.train(run.faithful("RNN", 5, 0, engine="torch", device="cuda", **SMALL))


def test_on_a_cuda_device_the_losses_agree(torch):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    chosen = run.tuned("LSTM", 20, 0, dtype="float64", hidden=16, batch=12, engine="torch")
    chosen = dataclasses.replace(chosen, device="cuda")
    task, _, theirs = both(chosen)
    ours = model.Model(chosen, task, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    for _ in range(100):
        x, target = task.sample(rng, 12, 20)
        loss, expected = ours.update(x, target)[0], theirs.update(x, target)[0]
        assert abs(loss - expected) <= 1e-9 * abs(expected)
    settings = {**SMALL, "engine": "torch", "device": "cuda"}
    again = run.tuned("LSTM", 7, 3, **settings)
    assert training.train(again) == training.train(again)
