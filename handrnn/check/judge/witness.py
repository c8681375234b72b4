"""The second opinion: torch on the same probe, where it is installed.

The textbook judges. torch is asked whether the textbook's numbers for this probe are right, so that
a report can say so: "confirmed by torch 2.13.0 to 3e-16".
"""

import importlib.util

import numpy as np

from ... import compare, layouts, textbook


def available():
    """Whether torch is installed; it is not imported for that."""
    return importlib.util.find_spec("torch") is not None


def confirm(probe, cell):
    """How far the textbook is from torch on a probe: outputs and all gradients of a sequence.

    Parameters
    ----------
    probe : probes.Probe
    cell : "rnn" or "lstm"

    Returns
    -------
    str
        "confirmed by torch ... to ...", or a line that says that the two disagree.
    """
    import torch

    ours, theirs = _textbook(probe, cell), _torch(probe, cell)
    error = max(compare.normwise_error(ours[name], theirs[name]) for name in theirs)
    agree = "confirmed by" if error < 1e-12 else "NOT CONFIRMED by"
    return f"{agree} torch {torch.__version__} to {error:.0e}"


def _textbook(probe, cell):
    """h, and the gradients, of the textbook."""
    parameters, none = probe.parameters[cell], np.zeros_like(probe.h0)
    if cell == "rnn":
        h, caches = textbook.rnn_forward(probe.x, probe.h0, parameters)
        return {"h": h, **textbook.rnn_backward(probe.dy, none, caches)}
    h, _, caches = textbook.lstm_forward(probe.x, probe.h0, probe.c0, parameters)
    return {"h": h, **textbook.lstm_backward(probe.dy, none, none, caches)}


def _torch(probe, cell):
    """The same from torch.nn and autograd, under the textbook's names."""
    import torch

    torch_cell = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell]
    layer = torch_cell(probe.I, probe.H, dtype=torch.float64)
    core, suffix = layouts.CELLS[cell], layouts.torch_suffix(0, False)
    weights = layouts.weights_from_textbook(core, probe.parameters[cell])
    given = layouts.weights_to_torch(core, weights, suffix)
    layer.load_state_dict({name: torch.tensor(array) for name, array in given.items()})
    x, h0, c0 = (
        torch.tensor(np.ascontiguousarray(array), requires_grad=True)
        for array in (probe.x.transpose(0, 2, 1), probe.h0.T[None], probe.c0.T[None])
    )
    y, _ = layer(x, h0 if cell == "rnn" else (h0, c0))
    y.backward(torch.tensor(np.ascontiguousarray(probe.dy.transpose(0, 2, 1))))
    gradients = {name: p.grad.numpy() for name, p in layer.named_parameters() if p.grad is not None}
    by_weights = layouts.weights_from_torch(core, gradients, suffix)
    return {
        "h": y.detach().numpy().transpose(0, 2, 1),
        "dx": _numpy(x.grad).transpose(0, 2, 1),
        "dh0": _numpy(h0.grad)[0].T,
        **layouts.gradients_to_textbook(core, by_weights),
    }


def _numpy(tensor):
    assert tensor is not None
    return tensor.numpy()
