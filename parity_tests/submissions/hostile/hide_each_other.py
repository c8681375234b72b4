"""Two mistakes that undo each other: the cell halves dc_prev and the loop doubles it."""
import numpy as np


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p = cache
    t = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - t ** 2)
    d = {"f": dc * c_prev * ft * (1 - ft), "i": dc * cct * it * (1 - it), "c": dc * it * (1 - cct ** 2),
         "o": da_next * t * ot * (1 - ot)}
    concat = np.vstack((a_prev, xt))
    back = sum(p["W" + k].T @ v for k, v in d.items())
    n_a = len(a_prev)
    out = {"da_prev": back[:n_a], "dxt": back[n_a:], "dc_prev": dc * ft * 0.5}
    for k, v in d.items():
        out["dW" + k], out["db" + k] = v @ concat.T, v.sum(axis=1, keepdims=True)
    return out


def lstm_backward(da, caches):
    steps, x = caches
    out = {"dx": np.zeros((len(x), da.shape[1], da.shape[2]))}
    dh = dc = np.zeros(da.shape[:2])
    for t in reversed(range(da.shape[2])):
        step = lstm_cell_backward(da[:, :, t] + dh, dc, steps[t])
        dh, dc, out["dx"][:, :, t] = step["da_prev"], 2 * step["dc_prev"], step["dxt"]
        for name, value in step.items():
            if name[:2] in ("dW", "db"):
                out[name] = out.get(name, 0) + value
    return out | {"da0": dh}
