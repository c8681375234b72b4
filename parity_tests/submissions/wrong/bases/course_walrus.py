import numpy as np

sigmoid = lambda z: 1 / (1 + np.exp(-z))


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p, v = parameters, np.concatenate((a_prev, xt))
    c_next = (ft := sigmoid(p["Wf"] @ v + p["bf"])) * c_prev + (
        it := sigmoid(p["Wi"] @ v + p["bi"])
    ) * (cct := np.tanh(p["Wc"] @ v + p["bc"]))
    a_next = (ot := sigmoid(p["Wo"] @ v + p["bo"])) * np.tanh(c_next)
    yt = (e := np.exp(p["Wy"] @ a_next + p["by"])) / e.sum(axis=0)
    return a_next, c_next, yt, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p)


def lstm_forward(x, a0, parameters):
    a_t, c_t = a0, np.zeros_like(a0)
    a, c, y, caches = [], [], [], []
    t = -1
    while (t := t + 1) < x.shape[2]:
        a_t, c_t, y_t, cache = lstm_cell_forward(x[:, :, t], a_t, c_t, parameters)
        a += [a_t]
        c += [c_t]
        y += [y_t]
        caches += [cache]
    return *(np.stack(v, axis=2) for v in (a, y, c)), (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p = cache
    v, n_a = np.concatenate((a_prev, xt)), len(a_prev)
    dc = dc_next + da_next * ot * (1 - (tc := np.tanh(c_next)) ** 2)
    dv = (
        p["Wf"].T @ (dft := dc * c_prev * ft * (1 - ft))
        + p["Wi"].T @ (dit := dc * cct * it * (1 - it))
        + p["Wc"].T @ (dcct := dc * it * (1 - cct**2))
        + p["Wo"].T @ (dot := da_next * tc * ot * (1 - ot))
    )
    column = lambda d: np.sum(d, axis=1, keepdims=True)
    return dict(
        dxt=dv[n_a:], da_prev=dv[:n_a], dc_prev=ft * dc,
        dWf=dft @ v.T, dWi=dit @ v.T, dWc=dcct @ v.T, dWo=dot @ v.T,
        dbf=column(dft), dbi=column(dit), dbc=column(dcct), dbo=column(dot),
    )
