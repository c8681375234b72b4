"""A ReLU network whose tape is kept by a generator; gradients are filled into given arrays."""
import numpy as np

n_hidden, n_vocab = 24, 40
rng = np.random.default_rng(5)
Wxh, Whh, Why = rng.normal(0, .1, (n_hidden, n_vocab)), rng.normal(0, .1, (n_hidden, n_hidden)), rng.normal(0, .1, (n_vocab, n_hidden))
dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)


def unroll(inputs, targets, h):
    for k, target in zip(inputs, targets):
        z = Wxh[:, k:k + 1] + Whh @ h
        new = z * (z > 0)
        e = np.exp(Why @ new)
        yield k, target, h, z, new, e / e.sum()
        h = new


def compute_gradients(inputs, targets, h):
    tape = list(unroll(inputs, targets, h))
    for d in (dWxh, dWhh, dWhy):
        d[...] = 0
    back = 0
    for k, target, h, z, new, p in reversed(tape):
        dy = p.copy()
        dy[target] -= 1
        dWhy[...] += dy @ new.T
        dz = (Why.T @ dy + back) * (z > 0)
        dWxh[:, k:k + 1] += dz
        dWhh[...] += dz @ h.T
        back = Whh.T @ dz
    return -sum(np.log(p[target, 0]) for _, target, *_, p in tape)
