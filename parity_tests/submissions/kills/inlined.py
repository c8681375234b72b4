"""All of it in one place: no function calls another, lists of caches, split matrices, einsum."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z):
    top = np.max(z, axis=0, keepdims=True)
    e = np.exp(z - top)
    return e / np.sum(e, axis=0, keepdims=True)


def rnn_cell_forward(x_t, h_old, params):
    z = np.einsum("hk,kb->hb", params["Waa"], h_old)
    z = z + np.einsum("hi,ib->hb", params["Wax"], x_t)
    h = np.tanh(z + params["ba"])
    y = softmax(params["Wya"] @ h + params["by"])
    return h, y, (h, h_old, x_t, params)


def rnn_forward(x, a0, params):
    T = x.shape[2]
    U, W, V = params["Waa"], params["Wax"], params["Wya"]
    hs, ys, tape = [], [], []
    h = a0
    for t in range(T):
        h_old = h
        x_t = x[:, :, t]
        h = np.tanh(U @ h_old + W @ x_t + params["ba"])
        hs.append(h)
        ys.append(softmax(V @ h + params["by"]))
        tape.append((h, h_old, x_t, params))
    return np.stack(hs, axis=2), np.stack(ys, axis=2), (tape, x)


def lstm_cell_forward(x_t, h_old, c_old, params):
    n = h_old.shape[0]
    Wf, Wi, Wc, Wo = params["Wf"], params["Wi"], params["Wc"], params["Wo"]
    f = sigmoid(Wf[:, :n] @ h_old + Wf[:, n:] @ x_t + params["bf"])
    i = sigmoid(Wi[:, :n] @ h_old + Wi[:, n:] @ x_t + params["bi"])
    g = np.tanh(Wc[:, :n] @ h_old + Wc[:, n:] @ x_t + params["bc"])
    o = sigmoid(Wo[:, :n] @ h_old + Wo[:, n:] @ x_t + params["bo"])
    c = f * c_old + i * g
    h = o * np.tanh(c)
    y = softmax(params["Wy"] @ h + params["by"])
    return h, c, y, (h, c, h_old, c_old, f, i, g, o, x_t, params)


def lstm_forward(x, a0, params):
    T = x.shape[2]
    n, m = a0.shape
    Wf, Wi, Wc, Wo = params["Wf"], params["Wi"], params["Wc"], params["Wo"]
    hs, cs, ys, tape = [], [], [], []
    h = a0
    c = np.zeros((n, m))
    for t in range(T):
        h_old, c_old = h, c
        x_t = x[:, :, t]
        stack = np.vstack((h_old, x_t))
        f = sigmoid(Wf @ stack + params["bf"])
        i = sigmoid(Wi @ stack + params["bi"])
        g = np.tanh(Wc @ stack + params["bc"])
        o = sigmoid(Wo @ stack + params["bo"])
        c = f * c_old + i * g
        h = o * np.tanh(c)
        hs.append(h)
        cs.append(c)
        ys.append(softmax(params["Wy"] @ h + params["by"]))
        tape.append((h, c, h_old, c_old, f, i, g, o, x_t, params))
    return np.stack(hs, axis=2), np.stack(ys, axis=2), np.stack(cs, axis=2), (tape, x)


def rnn_cell_backward(dh, cache):
    h, h_old, x_t, params = cache
    dz = dh * (1 - h * h)
    return {
        "dxt": np.einsum("hi,hb->ib", params["Wax"], dz),
        "da_prev": np.einsum("hk,hb->kb", params["Waa"], dz),
        "dWax": np.einsum("hb,ib->hi", dz, x_t),
        "dWaa": np.einsum("hb,kb->hk", dz, h_old),
        "dba": dz.sum(axis=1, keepdims=True),
    }


def rnn_backward(da, caches):
    tape, x = caches
    params = tape[0][3]
    n, m, T = da.shape
    gx = np.zeros((x.shape[0], m, T))
    gW = np.zeros_like(params["Wax"])
    gU = np.zeros_like(params["Waa"])
    gb = np.zeros_like(params["ba"])
    back = np.zeros((n, m))
    for t in range(T - 1, -1, -1):
        h, h_old, x_t, _ = tape[t]
        dh = da[:, :, t] + back
        dz = dh * (1 - h ** 2)
        gx[:, :, t] = params["Wax"].T @ dz
        gW = gW + dz @ x_t.T
        gU = gU + dz @ h_old.T
        gb = gb + dz.sum(axis=1, keepdims=True)
        back = params["Waa"].T @ dz
    return {"dx": gx, "da0": back, "dWax": gW, "dWaa": gU, "dba": gb}


def lstm_cell_backward(dh, dc_in, cache):
    h, c, h_old, c_old, f, i, g, o, x_t, params = cache
    n = h.shape[0]
    th = np.tanh(c)
    dc = dc_in + dh * o * (1 - th * th)
    zf = dc * c_old * f * (1 - f)
    zi = dc * g * i * (1 - i)
    zg = dc * i * (1 - g * g)
    zo = dh * th * o * (1 - o)
    stack = np.vstack((h_old, x_t))
    down = params["Wf"].T @ zf + params["Wi"].T @ zi + params["Wc"].T @ zg + params["Wo"].T @ zo
    result = {"da_prev": down[:n], "dxt": down[n:], "dc_prev": dc * f}
    for name, z in (("f", zf), ("i", zi), ("c", zg), ("o", zo)):
        result["dW" + name] = np.einsum("hb,kb->hk", z, stack)
        result["db" + name] = z.sum(axis=1, keepdims=True)
    return result


def lstm_backward(da, caches):
    tape, x = caches
    params = tape[0][-1]
    n, m, T = da.shape
    Wf, Wi, Wc, Wo = params["Wf"], params["Wi"], params["Wc"], params["Wo"]
    gx = np.zeros((x.shape[0], m, T))
    gWf, gWi, gWc, gWo = (np.zeros_like(W) for W in (Wf, Wi, Wc, Wo))
    gbf, gbi, gbc, gbo = (np.zeros((n, 1)) for _ in range(4))
    back = np.zeros((n, m))
    dc_in = np.zeros((n, m))
    for t in range(T - 1, -1, -1):
        h, c, h_old, c_old, f, i, g, o, x_t, _ = tape[t]
        dh = da[:, :, t] + back
        th = np.tanh(c)
        dc = dc_in + dh * o * (1 - th ** 2)
        zf = dc * c_old * f * (1 - f)
        zi = dc * g * i * (1 - i)
        zg = dc * i * (1 - g ** 2)
        zo = dh * th * o * (1 - o)
        stack = np.vstack((h_old, x_t))
        gWf = gWf + zf @ stack.T
        gWi = gWi + zi @ stack.T
        gWc = gWc + zg @ stack.T
        gWo = gWo + zo @ stack.T
        gbf = gbf + np.sum(zf, axis=1, keepdims=True)
        gbi = gbi + np.sum(zi, axis=1, keepdims=True)
        gbc = gbc + np.sum(zg, axis=1, keepdims=True)
        gbo = gbo + np.sum(zo, axis=1, keepdims=True)
        down = Wf.T @ zf + Wi.T @ zi + Wc.T @ zg + Wo.T @ zo
        back = down[:n]
        gx[:, :, t] = down[n:]
        dc_in = dc * f
    return {"dx": gx, "da0": back, "dWf": gWf, "dbf": gbf, "dWi": gWi, "dbi": gbi,
            "dWc": gWc, "dbc": gbc, "dWo": gWo, "dbo": gbo}
