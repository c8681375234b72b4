# thinks in rows: everything is transposed on the way in and on the way out
import numpy as np


def sig(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    VfT, ViT, VcT, VoT = (parameters[k].T for k in ("Wf", "Wi", "Wc", "Wo"))
    bf, bi, bc, bo = (parameters[k].ravel() for k in ("bf", "bi", "bc", "bo"))
    row = np.hstack((a_prev.T, xt.T))
    ft, it, ot = sig(row @ VfT + bf), sig(row @ ViT + bi), sig(row @ VoT + bo)
    cct = np.tanh(row @ VcT + bc)
    c_row = ft * c_prev.T + it * cct
    a_row = ot * np.tanh(c_row)
    z = a_row @ parameters["Wy"].T + parameters["by"].ravel()
    y = np.exp(z - z.max(axis=1, keepdims=True))
    y = (y / y.sum(axis=1, keepdims=True)).T
    return a_row.T, c_row.T, y, (a_row.T, c_row.T, a_prev, c_prev, ft.T, it.T, cct.T, ot.T, xt, parameters)


def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt), p = (v.T for v in cache[:9]), cache[9]
    dh, dc = da_next.T, dc_next.T
    dc = dc + dh * ot * (1 - np.tanh(c_next) ** 2)
    df, di = dc * c_prev * ft * (1 - ft), dc * cct * it * (1 - it)
    dg, do = dc * it * (1 - cct**2), dh * np.tanh(c_next) * ot * (1 - ot)
    W = np.vstack((p["Wf"], p["Wi"], p["Wc"], p["Wo"]))
    d = np.hstack((df, di, dg, do))
    drow = d @ W
    n_a = dh.shape[1]
    out = {"da_prev": drow[:, :n_a].T, "dxt": drow[:, n_a:].T, "dc_prev": (dc * ft).T}
    row = np.hstack((a_prev, xt))
    for name, part in zip("fico", np.split(d, 4, axis=1)):
        out["dW" + name] = (row.T @ part).T
        out["db" + name] = part.sum(axis=0).reshape(-1, 1)
    return out
