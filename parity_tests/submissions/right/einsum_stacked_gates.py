"""All four gates in one product, einsum throughout, softmax by logits shift."""
import numpy as np

GATES = ("f", "i", "c", "o")


def _sig(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def _log_softmax(z):
    shifted = z - z.max(axis=0, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))


def _stack(parameters):
    W = np.concatenate([parameters["W" + g] for g in GATES], axis=0)
    b = np.concatenate([parameters["b" + g] for g in GATES], axis=0)
    return W, b


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    W, b = _stack(parameters)
    n_a = a_prev.shape[0]
    z = np.einsum("ij,jm->im", W, np.vstack((a_prev, xt))) + b
    ft, it, ot = _sig(z[:n_a]), _sig(z[n_a:2 * n_a]), _sig(z[3 * n_a:])
    cct = np.tanh(z[2 * n_a:3 * n_a])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    y = np.exp(_log_softmax(np.einsum("ya,am->ym", parameters["Wy"], a_next) + parameters["by"]))
    return a_next, c_next, y, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)


def lstm_forward(x, a0, parameters):
    hidden, memory = a0, np.zeros_like(a0)
    steps = [(hidden, memory, None, None)]
    for t in range(x.shape[-1]):
        steps.append(lstm_cell_forward(x[..., t], *steps[-1][:2], parameters))
    a, c, y, caches = zip(*steps[1:])
    return np.stack(a, -1), np.stack(y, -1), np.stack(c, -1), (list(caches), x)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    W, _ = _stack(parameters)
    n_a = len(a_next)
    tanh_c = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - tanh_c ** 2)
    dz = np.concatenate([
        dc * c_prev * ft * (1 - ft),
        dc * cct * it * (1 - it),
        dc * it * (1 - cct ** 2),
        da_next * tanh_c * ot * (1 - ot),
    ])
    dconcat = np.einsum("ij,im->jm", W, dz)
    dW = np.einsum("im,jm->ij", dz, np.vstack((a_prev, xt)))
    db = np.einsum("im->i", dz)[:, None]
    out = {"dxt": dconcat[n_a:], "da_prev": dconcat[:n_a], "dc_prev": dc * ft}
    for k, g in enumerate(GATES):
        out["dW" + g] = dW[k * n_a:(k + 1) * n_a]
        out["db" + g] = db[k * n_a:(k + 1) * n_a]
    return out


def lstm_backward(da, caches):
    steps, x = caches
    T = da.shape[2]
    da_next = np.zeros(da.shape[:2])
    dc_next = np.zeros(da.shape[:2])
    totals = None
    dx = np.empty((x.shape[0], x.shape[1], T))
    for t in range(T - 1, -1, -1):
        step = lstm_cell_backward(da[..., t] + da_next, dc_next, steps[t])
        dx[..., t] = step.pop("dxt")
        da_next, dc_next = step.pop("da_prev"), step.pop("dc_prev")
        totals = step if totals is None else {k: totals[k] + v for k, v in step.items()}
    return {"dx": dx, "da0": da_next, **totals}
