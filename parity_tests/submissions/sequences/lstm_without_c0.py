# PASS, judged from a zero cell state: c0 is not used and c_n not returned
import numpy as np
CELL, BIASES = "lstm", "one"
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def lstm_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    H = h0.shape[1]
    h, c, hs, cache = h0, np.zeros((N, H)), [], []
    for t in range(T):
        a = x[:, t] @ Wx + h @ Wh + b
        i, f, o, g = sigmoid(a[:, :H]), sigmoid(a[:, H:2*H]), sigmoid(a[:, 2*H:3*H]), np.tanh(a[:, 3*H:])
        c_prev, h_prev, c = c, h, f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
        cache.append((x[:, t], h_prev, c_prev, i, f, o, g, c, Wx, Wh))
    return np.stack(hs, 1), cache
def lstm_backward(dh, cache):
    dh_next, dc, dx = 0.0, 0.0, []
    dWx, dWh, db = np.zeros_like(cache[0][8]), np.zeros_like(cache[0][9]), np.zeros(cache[0][9].shape[1])
    for t in reversed(range(len(cache))):
        x, h_prev, c_prev, i, f, o, g, c, Wx, Wh = cache[t]
        d, tc = dh[:, t] + dh_next, np.tanh(c)
        dc = dc + d * o * (1 - tc ** 2)
        da = np.hstack([dc * g * i * (1 - i), dc * c_prev * f * (1 - f), d * tc * o * (1 - o), dc * i * (1 - g ** 2)])
        dx.insert(0, da @ Wx.T)
        dh_next, dc = da @ Wh.T, dc * f
        dWx, dWh, db = dWx + x.T @ da, dWh + h_prev.T @ da, db + da.sum(0)
    return np.stack(dx, 1), dh_next, dWx, dWh, db
def forward(x, h0, c0, W_ih, W_hh, b):
    global cache
    h, cache = lstm_forward(x, h0, W_ih, W_hh, b)
    return h, h[:, -1]
def backward(dh):
    return dict(zip(("dx", "dh0", "dW_ih", "dW_hh", "db"), lstm_backward(dh, cache)))
