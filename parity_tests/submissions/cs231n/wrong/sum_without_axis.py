# wrong: rnn_step_backward: np.sum without an axis, one number for every unit (bias-not-summed)
# wrong: rnn_backward: the state carried is dh itself, never dprev_h (no-carry), and dWh is kept of step 0 only (not-accumulated)
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    print("forward step")
    next_h = np.tanh(np.dot(x, Wx) + np.dot(prev_h, Wh) + b)
    cache = {"x": x, "prev_h": prev_h, "Wx": Wx, "Wh": Wh, "next_h": next_h}
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    d = dnext_h * (1 - cache["next_h"] ** 2)
    db = np.sum(d)
    dx = np.dot(d, cache["Wx"].T)
    dWx = np.dot(cache["x"].T, d)
    dprev_h = np.dot(d, cache["Wh"].T)
    dWh = np.dot(cache["prev_h"].T, d)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0]["x"].shape[1]
    dx, dWx, dWh, db = np.zeros((N, T, D)), np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    dnext = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx_t, dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dnext, cache[t])
        dnext = dh[:, t, :]
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh = dWh_t
        db += db_t
    return dx, dprev, dWx, dWh, db
