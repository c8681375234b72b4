"""Training parity: the same network, trained here and in torch, stays the same network."""

import numpy as np
import pytest

from handrnn import compare, losses, nn, optim

torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")

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


def train_in_torch(lstm, readout):
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
    lstm = nn.LSTM(INPUTS, HIDDEN, dtype=np.float64, rng=1)
    readout = nn.Linear(HIDDEN, CLASSES, dtype=np.float64, rng=2)
    their_lstm, their_readout = lstm.to_torch(), readout.to_torch()
    start = lstm.state_dict() | readout.state_dict()

    here = train_here(lstm, readout)
    there = train_in_torch(their_lstm, their_readout)

    assert here[-20:].mean() < here[:20].mean() - 0.2, "it has learnt something"
    assert compare.normwise_error(here, there) < 1e-9
    for module, theirs in ((lstm, their_lstm), (readout, their_readout)):
        for name, value in theirs.state_dict().items():
            assert np.abs(module.params[name] - start[name]).max() > 1e-2, f"{name} has moved"
            assert compare.normwise_error(module.params[name], value.numpy()) < 1e-9, name
