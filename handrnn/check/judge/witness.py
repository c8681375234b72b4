"""The second opinion: torch on the same probe, where it is installed.

The textbook judges. torch is asked whether the textbook's numbers for this probe are right, so that
a report can say so: "confirmed by torch 2.13.0 to 3e-16".
"""

import importlib.util

import numpy as np

from ... import compare, packings, slots, textbook


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
    sizes, suffix = {"I": probe.I, "H": probe.H}, packings.torch_suffix(0, False)
    packed = [s for s in packings.TORCH.slots[len(slots.GATES[cell])] if s.gates]
    atoms = slots.from_textbook(cell, probe.parameters[cell])
    given = {slot.name + suffix: torch.tensor(slot.pack(atoms, sizes)) for slot in packed}
    layer.load_state_dict(given)
    x, h0, c0 = (
        torch.tensor(np.ascontiguousarray(array), requires_grad=True)
        for array in (probe.x.transpose(0, 2, 1), probe.h0.T[None], probe.c0.T[None])
    )
    y, _ = layer(x, h0 if cell == "rnn" else (h0, c0))
    y.backward(torch.tensor(np.ascontiguousarray(probe.dy.transpose(0, 2, 1))))
    gradients = {name: _numpy(p.grad) for name, p in layer.named_parameters()}
    by_weights = {}
    for slot in packed:
        by_weights |= slot.gradient.unpack(gradients[slot.name + suffix], sizes)
    by_weights = {name.removeprefix("d"): value for name, value in by_weights.items()}
    return {
        "h": y.detach().numpy().transpose(0, 2, 1),
        "dx": _numpy(x.grad).transpose(0, 2, 1),
        "dh0": _numpy(h0.grad)[0].T,
        **{f"d{name}": value for name, value in slots.to_textbook(cell, by_weights).items()},
    }


def _numpy(tensor):
    assert tensor is not None
    return tensor.numpy()
