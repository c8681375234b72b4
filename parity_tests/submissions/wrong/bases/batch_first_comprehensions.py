import numpy as np


def soft(z):
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def rnn_forward(x, a_init, parameters):
    W_a, U_a, b_a, W_y, b_y = parameters
    s = a_init
    a = np.stack([s := np.tanh(x_t @ W_a + s @ U_a + b_a) for x_t in np.moveaxis(x, 1, 0)], axis=1)
    return a, soft(a @ W_y + b_y)


def rnn_backward(da, x, a_init, parameters):
    W_a, U_a, b_a, W_y, b_y = parameters
    a, _ = rnn_forward(x, a_init, parameters)
    slopes = 1 - a**2
    d = np.zeros_like(a_init)
    deltas = [
        d := (da[:, t] + (d @ U_a.T if t < da.shape[1] - 1 else 0)) * slopes[:, t]
        for t in range(da.shape[1] - 1, -1, -1)
    ][::-1]
    states = [a_init, *np.moveaxis(a, 1, 0)]
    return {
        "dx": np.stack([delta @ W_a.T for delta in deltas], axis=1),
        "da_init": deltas[0] @ U_a.T,
        "dW_a": sum(x[:, t].T @ delta for t, delta in enumerate(deltas)),
        "dU_a": sum(h.T @ delta for h, delta in zip(states, deltas)),
        "db_a": sum(delta.sum(axis=0) for delta in deltas),
    }


def lstm_forward(x, a_init, parameters):
    weights, biases = parameters[0:8:2], parameters[1:8:2]
    sig = lambda z: 1 / (1 + np.exp(-z))
    step = lambda v: [fn(v @ W + b) for fn, W, b in zip((sig, sig, np.tanh, sig), weights, biases)]
    h, mem = a_init, np.zeros_like(a_init)
    pairs = []
    for x_t in np.moveaxis(x, 1, 0):
        f, u, m, o = step(np.concatenate([h, x_t], axis=-1))
        pairs.append((h := o * np.tanh(mem := f * mem + u * m), mem))
    a, memories = (np.stack(part, axis=1) for part in zip(*pairs))
    return a, memories, soft(a @ parameters[8] + parameters[9])
