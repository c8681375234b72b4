import numpy as np

ACT = {"f": "sigmoid", "i": "sigmoid", "o": "sigmoid", "c": "tanh"}
FUNCTIONS = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
SLOPES = {"sigmoid": lambda y: y * (1 - y), "tanh": lambda y: 1 - y * y}


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    joined = np.vstack([a_prev, xt])
    gate = {}
    for k, kind in ACT.items():
        gate[k] = FUNCTIONS[kind](parameters["W" + k] @ joined + parameters["b" + k])
    c_next = gate["f"] * c_prev + gate["i"] * gate["c"]
    a_next = gate["o"] * np.tanh(c_next)
    scores = parameters["Wy"] @ a_next + parameters["by"]
    yt = np.exp(scores - scores.max(axis=0))
    yt /= yt.sum(axis=0)
    cache = (a_next, c_next, a_prev, c_prev, gate["f"], gate["i"], gate["c"], gate["o"], xt, parameters)
    return a_next, c_next, yt, cache


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, f, i, c, o, xt, p = cache
    gate = dict(f=f, i=i, c=c, o=o)
    t = np.tanh(c_next)
    dc = dc_next + da_next * o * SLOPES["tanh"](t)
    partner = dict(f=dc * c_prev, i=dc * c, c=dc * i, o=da_next * t)
    delta = {k: partner[k] * SLOPES[ACT[k]](gate[k]) for k in gate}
    joined = np.vstack([a_prev, xt])
    n_a = a_prev.shape[0]
    back = sum(p["W" + k].T @ delta[k] for k in delta)
    out = {"dxt": back[n_a:], "da_prev": back[:n_a], "dc_prev": dc * f}
    for k, d in delta.items():
        out["dW" + k] = d @ joined.T
        out["db" + k] = d.sum(axis=1, keepdims=True)
    return out


def lstm_backward(da, caches):
    steps, x = caches
    out = {"dx": np.zeros((x.shape[0], *da.shape[1:]))}
    carry = {"da_prev": np.zeros(da.shape[:2]), "dc_prev": np.zeros(da.shape[:2])}
    for t, step in reversed(list(enumerate(steps[: da.shape[2]]))):
        carry = lstm_cell_backward(da[:, :, t] + carry["da_prev"], carry["dc_prev"], step)
        out["dx"][:, :, t] = carry["dxt"]
        for k in carry:
            if k.startswith(("dW", "db")):
                out[k] = out.setdefault(k, 0) + carry[k]
    out["da0"] = carry["da_prev"]
    return out
