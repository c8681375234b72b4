import numpy as np


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = (1 + a_next) * (1 - a_next) * da_next
    dxt, da_prev = (parameters[k].T @ dz for k in ("Wax", "Waa"))
    return {"dxt": dxt, "da_prev": da_prev, "dWax": dz @ xt.T, "dWaa": dz @ a_prev.T,
            "dba": dz.sum(1)[:, None]}


def rnn_backward(da, caches):
    deltas, inputs, before, dx = [], [], [], []
    carried = 0
    for d, (a_next, a_prev, xt, p) in reversed(list(zip(da.transpose(2, 0, 1), caches[0]))):
        dz = (d + carried) * (1 - a_next**2)
        carried = p["Waa"].T @ dz
        deltas.append(dz)
        inputs.append(xt)
        before.append(a_prev)
        dx.append(p["Wax"].T @ dz)
    return {
        "dx": np.dstack(dx[::-1]),
        "da0": carried,
        "dWax": np.sum([dz @ xt.T for dz, xt in zip(deltas, inputs)], axis=0),
        "dWaa": np.sum([dz @ a.T for dz, a in zip(deltas, before)], axis=0),
        "dba": np.sum(deltas, axis=0).sum(axis=1, keepdims=True),
    }


def lstm_backward(da, caches):
    cells, x = caches
    dh, dc = np.zeros(da.shape[:2]), np.zeros(da.shape[:2])
    history = {k: [] for k in "fico"}
    joined, dx = [], []
    for d, cell in list(zip(np.moveaxis(da, 2, 0), cells))[::-1]:
        a_next, c_next, a_prev, c_prev, f, i, c, o, xt, p = cell
        dh = dh + d
        t = np.tanh(c_next)
        dc = dc + dh * o * (1 - t * t)
        history["f"].append(dc * c_prev * f * (1 - f))
        history["i"].append(dc * c * i * (1 - i))
        history["c"].append(dc * i * (1 - c * c))
        history["o"].append(dh * t * o * (1 - o))
        joined.append(np.r_[a_prev, xt])
        back = sum(p["W" + k].T @ history[k][-1] for k in history)
        dh, dxt = np.split(back, [len(a_prev)])
        dc = dc * f
        dx.append(dxt)
    out = {"dx": np.stack(dx[::-1], axis=2), "da0": dh}
    for k, ds in history.items():
        out["dW" + k] = sum(delta @ v.T for delta, v in zip(ds, joined))
        out["db" + k] = sum(ds).sum(axis=1, keepdims=True)
    return out
