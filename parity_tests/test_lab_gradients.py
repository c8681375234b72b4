"""The gradients at the hidden states, by value, and the figure made of them."""

import dataclasses
import importlib
import sys

import numpy as np
import pytest

from handrnn import compare, nn
from handrnn.lab import files, gradients, model, run, tasks
from parity_tests import lab_harness

T, B, HIDDEN = 7, 3, 5
CELLS = ["RNN", "reluRNN", "LSTM", "GRU"]
TASKS = ["palindrome", "next_symbol", "adding"]
TINY = lab_harness.TINY


def network(cell, name):
    """A layer with both biases at work, its read-out, the task, and examples."""
    rng = np.random.default_rng(5)
    task = tasks.TASKS[name](coding=tasks.TASKS[name].codings[0], dtype=np.float64)
    layer = model.CELLS[cell](task.features, HIDDEN, dtype=np.float64, rng=rng)
    readout = nn.Linear(HIDDEN, task.outputs, dtype=np.float64, rng=rng)
    x, target = task.sample(rng, B, max(T, task.shortest))
    return layer, readout, task, 0.3 * x, target


def assert_agree(found, expected, budget):
    report = compare.compare(found, expected, budget=budget)
    assert report.passed, str(report)


def loss_of_each(readout, task, hidden, target):
    """The loss of each example alone, from hidden states (steps, B, hidden)."""
    outputs = readout(hidden if task.every_step else hidden[-1])
    examples = range(hidden.shape[1])
    return np.array([task.loss(outputs[..., [b], :], target[..., [b]])[0] for b in examples])


def from_state(layer, state, x):
    """The hidden states of a sequence that goes on from a state, parts (B, hidden)."""
    parts = [part[np.newaxis] for part in state]
    return layer(x, parts if len(parts) == 2 else parts[0])[0]


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_each_is_the_change_of_the_loss_when_that_state_is_moved(cell, name):
    """Central differences: h_t is moved, and the sequence goes on from there."""
    layer, readout, task, x, target = network(cell, name)
    found = gradients.state_gradients(layer, readout, task, x, target)
    zeros = [np.zeros((B, HIDDEN))] * len(layer.cell.states)
    ends = [zeros]
    for t in range(len(x)):
        _, end = layer(x[: t + 1])
        ends.append([part[0] for part in (end if isinstance(end, tuple) else (end,))])
    hidden = np.stack([end[0] for end in ends[1:]])

    def loss_with(t, part, change):
        state = [np.array(array) for array in ends[t]]
        state[part] += change
        whole = hidden.copy()
        if t:
            whole[t - 1] = state[0]
        if t < len(x):
            whole[t:] = from_state(layer, state, x[t:])
        return loss_of_each(readout, task, whole, target)

    expected = {name: np.empty((len(x) + 1, B, HIDDEN)) for name in found}
    for part, differences in enumerate(expected.values()):
        for t in range(len(x) + 1):
            for unit in range(HIDDEN):
                step = 1e-5 * np.eye(HIDDEN)[unit]
                change = loss_with(t, part, step) - loss_with(t, part, -step)
                differences[t, :, unit] = change / 2e-5
    assert_agree(found, expected, 1e-8)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_agree_with_autograd(cell, name):
    """torch's own cell is stepped by hand, and every state keeps its gradient."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    layer, readout, task, x, target = network(cell, name)
    found = gradients.state_gradients(layer, readout, task, x, target)
    whole = layer.to_torch()
    options = {"nonlinearity": layer.nonlinearity} if isinstance(layer, nn.RNN) else {}
    kind = getattr(torch.nn, f"{type(layer).__name__}Cell")
    cell_of_torch = kind(layer.input_size, HIDDEN, dtype=torch.float64, **options)
    weights = {k.removesuffix("_l0"): v for k, v in whole.state_dict().items()}
    cell_of_torch.load_state_dict(weights)

    start = [torch.zeros(B, HIDDEN, dtype=torch.float64) for _ in layer.cell.states]
    states = [[part.requires_grad_() for part in start]]
    for x_t in torch.from_numpy(x):
        before = states[-1]
        after = cell_of_torch(x_t, tuple(before) if len(before) > 1 else before[0])
        # A copy of the cell state is what is handed on: h_t has been made of the state itself.
        states.append([after[0], after[1].clone()] if isinstance(after, tuple) else [after])
        for part in states[-1]:
            part.retain_grad()
    hidden = torch.stack([parts[0] for parts in states[1:]])
    outputs = readout.to_torch()(hidden if task.every_step else hidden[-1])
    _, d_outputs = task.loss(outputs.detach().numpy(), target)
    outputs.backward(torch.from_numpy(B * d_outputs))
    theirs = {
        name: np.stack(
            [
                np.zeros((B, HIDDEN)) if parts[part].grad is None else parts[part].grad.numpy()
                for parts in states
            ]
        )
        for part, name in enumerate(found)
    }
    assert_agree(found, theirs, 1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_at_the_start_is_that_of_the_layer(cell):
    """Bridge to the BPTT that trains: what the layer's backward gives for h_0 and c_0."""
    layer, readout, task, x, target = network(cell, "next_symbol")
    found = gradients.state_gradients(layer, readout, task, x, target)
    hidden, _ = layer(x)
    _, d_outputs = task.loss(readout(hidden), target)
    _, d_start = layer.backward(B * readout.backward(d_outputs))
    parts = d_start if isinstance(d_start, tuple) else (d_start,)
    at_start = {name: gradient[0] for name, gradient in found.items()}
    expected = {name: part[0] for name, part in zip(found, parts, strict=True)}
    assert_agree(at_start, expected, 1e-12)


def test_the_network_is_left_as_it_was():
    layer, readout, task, x, target = network("LSTM", "palindrome")
    before = layer.state_dict()
    gradients.state_gradients(layer, readout, task, x, target)
    assert all(np.array_equal(before[name], array) for name, array in layer.params.items())
    assert all(not np.any(array) for array in layer.grads.values())


def test_layers_that_are_more_than_one_cell_are_refused():
    _, readout, task, x, target = network("RNN", "palindrome")
    deep = nn.RNN(task.features, HIDDEN, num_layers=2, dtype=np.float64)
    with pytest.raises(ValueError, match="one layer in one direction"):
        gradients.state_gradients(deep, readout, task, x, target)


@pytest.mark.parametrize("cell", CELLS)
def test_spectra_are_of_the_blocks_of_each_gate(cell):
    layer = model.CELLS[cell](2, 3, dtype=np.float32, rng=0)
    found = gradients.spectra(layer)
    letters = {1: "h", 4: "ifgo", 3: "run"}[len(layer.params["weight_hh_l0"]) // 3]
    assert list(found) == list(letters)
    values = np.arange(1.0, 1 + 3 * len(letters))
    layer.params["weight_hh_l0"] = np.concatenate([np.diag(part) for part in values.reshape(-1, 3)])
    for i, eigenvalues in enumerate(gradients.spectra(layer).values()):
        assert np.array_equal(np.sort(eigenvalues.real), values[3 * i : 3 * i + 3])
        assert not np.any(eigenvalues.imag)


def test_an_orthogonal_start_lies_on_the_unit_circle():
    tuned = run.tuned("LSTM", 9, 0, hidden=16)
    measured = gradients.flow(tuned, "start", gradients.start_weights(tuned))
    for eigenvalues in measured.spectra.values():
        assert np.abs(eigenvalues) == pytest.approx(1.0, abs=1e-6)
    h, c = measured.magnitudes["h"], measured.magnitudes["c"]
    assert h.shape == c.shape == (9, gradients.BATCH)


def test_a_run_in_torch_has_the_same_start():
    mine = run.tuned("GRU", 9, 0, hidden=4)
    theirs = dataclasses.replace(mine, engine="torch")
    first, second = map(gradients.start_weights, (mine, theirs))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.fixture
def trained(tmp_path):
    """A directory of finished runs, one a cell, hardly trained."""
    for needed in ("matplotlib", "filelock"):
        lab_harness.needs(needed)
    for cell in ("LSTM", "RNN", "GRU"):
        write_run(tmp_path, run.tuned(cell, 12, 0, **TINY))
    return tmp_path


def write_run(directory, each):
    """Execute a run as a sweep does."""
    lab_harness.execute(each, directory / each.name)


@pytest.mark.long
def test_the_figure_and_its_numbers_are_written(trained):
    picture = gradients.figure(trained)
    assert picture == trained / "gradient_flow.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in picture.with_suffix(".svg").read_text()
    rows = lab_harness.rows_of(picture.with_suffix(".csv"))
    kinds = {(row["cell"], row["label"], row["stage"], row["state"]) for row in rows}
    assert len(kinds) == 3 * (1 + 2 + 1)
    assert len(rows) == 12 * len(kinds)  # t = 0 ... T - 1
    assert all(float(row["low"]) <= float(row["high"]) for row in rows)
    values = lab_harness.rows_of(trained / "gradient_flow_eigenvalues.csv")
    assert len(values) == 3 * 8 * (1 + 4 + 3)


def test_the_numbers_are_those_of_the_trained_weights(trained):
    """Each stage from its own weights: trained ones are neither start."""
    measured = gradients.flows(trained)
    assert [(one.run.cell, one.run.label, one.stage) for one in measured[:3]] == [
        ("RNN", "faithful", "start"),
        ("RNN", "tuned", "start"),
        ("RNN", "tuned", "trained"),
    ]
    assert [one.run.cell for one in measured[::3]] == ["RNN", "LSTM", "GRU"]
    for _, start, after in zip(measured[::3], measured[1::3], measured[2::3], strict=True):
        assert not np.array_equal(start.magnitudes["h"], after.magnitudes["h"])
        weights = gradients.trained_weights(trained / after.run.name)
        again = gradients.flow(after.run, "trained", weights)
        assert np.array_equal(again.magnitudes["h"], after.magnitudes["h"])


def test_the_trained_weights_are_those_at_the_end_of_the_run(trained):
    """Known by the fingerprint that the run has written of them."""
    for record in files.read_all(trained):
        weights = gradients.trained_weights(trained / record.run.name)
        start = gradients.start_weights(record.run)
        names = [name for name in start if not name.startswith("optimizer.")]
        assert model.fingerprint(weights[name] for name in names) == record.result.fingerprint
        assert model.fingerprint(start[name] for name in names) != record.result.fingerprint


@pytest.mark.long
def test_script(tmp_path, capsys):
    """Runs, table, figure and numbers, from the command line."""
    lab_harness.needs("matplotlib")
    lab_harness.needs("filelock")
    script = importlib.import_module("gradient_flow")
    arguments = ["--smoke", "--cells", "rnn", "gru", "--seeds", "1", "--out", str(tmp_path)]
    assert script.main(arguments) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[2:4]] == ["RNN", "GRU"]
    assert printed[-1] == f"figure: {tmp_path / 'gradient_flow.png'}"
    for name in ("gradient_flow.png", "gradient_flow.svg", "gradient_flow_eigenvalues.csv"):
        assert (tmp_path / name).exists()


@pytest.mark.long
def test_the_script_shows_the_runs_asked_for_alone(tmp_path, capsys, monkeypatch):
    """One length after another in one directory, each network measured once."""
    lab_harness.needs("matplotlib")
    lab_harness.needs("filelock")
    script = importlib.import_module("gradient_flow")
    measured, published = [], []
    flow = gradients.flow
    monkeypatch.setattr(gradients, "flow", lambda *a: measured.append(a[0].length) or flow(*a))
    monkeypatch.setattr(script.readme, "publish", lambda *a: published.append(a[3]))
    monkeypatch.setattr(script.readme, "copy", lambda path: published.append(path.name))
    for length in (12, 9):
        smoke = script.parse(["--smoke", "--cells", "rnn", "--seeds", "1", "--no-progress"])
        smoke.runs = [run.tuned("RNN", length, 0, **TINY)]
        smoke.length, smoke.readme, smoke.out = length, True, tmp_path
        monkeypatch.setattr(script, "parse", lambda _, options=smoke: options)
        assert script.main([]) == 0
        assert capsys.readouterr().err == ""
        assert len(lab_harness.rows_of(tmp_path / "gradient_flow.csv")) == 3 * length
    assert measured == [12] * 3 + [9] * 3
    captions = [f"|dL/dh_1| / |dL/dh_{last}|, median of the sequences." for last in (11, 8)]
    eigenvalues = "gradient_flow_eigenvalues.csv"
    assert published == [captions[0], eigenvalues, captions[1], eigenvalues]


def test_weights_that_are_not_finite_are_told(trained):
    path = trained / run.tuned("GRU", 12, 0).name / files.WEIGHTS
    weights: dict = gradients.trained_weights(path.parent)
    weights["layer.weight_hh_l0"][0, 0] = np.nan
    np.savez(path, **weights)
    with pytest.raises(ValueError, match="tuned-GRU-T012-seed0 are not all finite"):
        gradients.flows(trained)


def test_seeds_are_taken_together(trained):
    """Their sequences side by side; runs that differ in more than the seed are refused."""
    write_run(trained, run.tuned("RNN", 12, 1, **TINY))
    alone = [
        gradients.flow(each, "start", gradients.start_weights(each))
        for each in (run.tuned("RNN", 12, seed, **TINY) for seed in (0, 1))
    ]
    both = gradients.flows(trained)[1]
    sequences = np.concatenate([one.magnitudes["h"] for one in alone], axis=1)
    assert np.array_equal(both.magnitudes["h"], sequences)
    assert both.spectra["h"].shape == (16,)
    write_run(trained, run.tuned("RNN", 13, 1, **TINY))
    with pytest.raises(ValueError, match="RNN runs of length 12 and 13: a figure shows one"):
        gradients.flows(trained)


def test_what_cannot_be_read_is_said(tmp_path, trained):
    with pytest.raises(ValueError, match="no finished run"):
        gradients.figure(tmp_path / "LSTM")
    path = trained / run.tuned("LSTM", 12, 0).name / files.WEIGHTS
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"weights\.npz is damaged"):
        gradients.flows(trained)
    path.unlink()
    with pytest.raises(ValueError, match=r"holds no weights\.npz: remove its done\.json"):
        gradients.flows(trained)
    few: dict = {"layer.weight_ih_l0": np.zeros((4, 4))}
    np.savez(path, **few)
    with pytest.raises(ValueError, match="cannot load into LSTM"):
        gradients.flows(trained)


def test_without_matplotlib_one_line_says_what_to_install(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'handrnn\[plots\]'"):
        gradients.figure(trained)
