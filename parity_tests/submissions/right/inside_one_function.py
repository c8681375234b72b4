"""No cell functions: everything happens inside the sequence functions."""
import numpy as np


def lstm_forward(x, a0, parameters):
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    Wf, Wi, Wc, Wo, Wy = [parameters[k] for k in ("Wf", "Wi", "Wc", "Wo", "Wy")]
    bf, bi, bc, bo, by = [parameters[k] for k in ("bf", "bi", "bc", "bo", "by")]
    n_x, m, T = x.shape
    n_a, n_y = Wf.shape[0], Wy.shape[0]
    # the inputs' share of every gate, for all steps at once
    share = {k: np.tensordot(W[:, n_a:], x, axes=1) for k, W in zip("fico", (Wf, Wi, Wc, Wo))}
    a, c, y = np.zeros((n_a, m, T)), np.zeros((n_a, m, T)), np.zeros((n_y, m, T))
    caches = []
    h, memory = a0, np.zeros((n_a, m))
    for t in range(T):
        f = sigmoid(Wf[:, :n_a] @ h + share["f"][:, :, t] + bf)
        i = sigmoid(Wi[:, :n_a] @ h + share["i"][:, :, t] + bi)
        g = np.tanh(Wc[:, :n_a] @ h + share["c"][:, :, t] + bc)
        o = sigmoid(Wo[:, :n_a] @ h + share["o"][:, :, t] + bo)
        new_memory = f * memory + i * g
        new_h = o * np.tanh(new_memory)
        logits = Wy @ new_h + by
        logits -= logits.max(axis=0)
        odds = np.exp(logits)
        y[:, :, t] = odds / odds.sum(axis=0)
        caches.append((new_h, new_memory, h, memory, f, i, g, o, x[:, :, t], parameters))
        h, memory = new_h, new_memory
        a[:, :, t], c[:, :, t] = h, memory
    return a, y, c, (caches, x)


def lstm_backward(da, caches):
    steps, x = caches
    n_a, m, T = da.shape
    parameters = steps[0][-1]
    W = np.vstack([parameters[k] for k in ("Wf", "Wi", "Wc", "Wo")])
    dW, db = np.zeros_like(W), np.zeros((4 * n_a, 1))
    dx = np.zeros((x.shape[0], m, T))
    dh, dc = np.zeros((n_a, m)), np.zeros((n_a, m))
    for t in range(T - 1, -1, -1):
        a_next, c_next, a_prev, c_prev, f, i, g, o, xt, _ = steps[t]
        dh = dh + da[:, :, t]
        tanh_c = np.tanh(c_next)
        dc = dc + dh * o * (1 - tanh_c ** 2)
        dgates = np.vstack([
            dc * c_prev * f * (1 - f),
            dc * g * i * (1 - i),
            dc * i * (1 - g ** 2),
            dh * tanh_c * o * (1 - o),
        ])
        dW += dgates @ np.vstack([a_prev, xt]).T
        db += dgates.sum(axis=1, keepdims=True)
        both = W.T @ dgates
        dh, dx[:, :, t] = both[:n_a], both[n_a:]
        dc = dc * f
    out = {"dx": dx, "da0": dh}
    for k, part in zip("fico", np.split(dW, 4)):
        out["dW" + k] = part
    for k, part in zip("fico", np.split(db, 4)):
        out["db" + k] = part
    return out


def rnn_forward(x, a0, parameters):
    Waa, Wax, ba = parameters["Waa"], parameters["Wax"], parameters["ba"]
    T = x.shape[2]
    history = [a0]
    for t in range(T):
        history.append(np.tanh(Waa @ history[-1] + Wax @ x[:, :, t] + ba))
    a = np.stack(history[1:], axis=2)
    logits = np.einsum("ya,amt->ymt", parameters["Wya"], a) + parameters["by"][:, :, None]
    odds = np.exp(logits - logits.max(axis=0, keepdims=True))
    y_pred = odds / odds.sum(axis=0, keepdims=True)
    caches = [(history[t + 1], history[t], x[:, :, t], parameters) for t in range(T)]
    return a, y_pred, (caches, x)


def rnn_backward(da, caches):
    steps, x = caches
    T = da.shape[2]
    parameters = steps[0][3]
    delta = [None] * T
    carried = 0
    for t in reversed(range(T)):
        delta[t] = (da[:, :, t] + carried) * (1 - steps[t][0] ** 2)
        carried = parameters["Waa"].T @ delta[t]
    delta = np.stack(delta, axis=2)
    before = np.stack([step[1] for step in steps[:T]], axis=2)
    return {
        "dx": np.einsum("ax,amt->xmt", parameters["Wax"], delta),
        "da0": carried,
        "dWax": np.einsum("amt,xmt->ax", delta, x[:, :, :T]),
        "dWaa": np.einsum("amt,bmt->ab", delta, before),
        "dba": delta.sum(axis=(1, 2))[:, None],
    }
