import numpy as np

"""
My LSTM does not call the step functions from the loops: precomputing x.dot(Wx) for all
time steps in one go is twice as fast.
"""

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    s = sigmoid(a)
    i, f, o, g = s[:, :H], s[:, H:2*H], s[:, 2*H:3*H], np.tanh(a[:, 3*H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = x, prev_h, prev_c, Wx, Wh, b        # everything else is recomputed
    return next_h, next_c, cache

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, b = cache
    N, H = prev_h.shape
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    s = sigmoid(a)
    i, f, o, g = s[:, :H], s[:, H:2*H], s[:, 2*H:3*H], np.tanh(a[:, 3*H:])
    next_c = f * prev_c + i * g
    dnext_c = dnext_c + dnext_h * o * (1 - np.tanh(next_c)**2)
    ds = np.hstack([dnext_c * g, dnext_c * prev_c, dnext_h * np.tanh(next_c), dnext_c * i])
    da = ds * np.hstack([s[:, :3*H] * (1 - s[:, :3*H]), 1 - g**2])
    return da.dot(Wx.T), da.dot(Wh.T), dnext_c * f, x.T.dot(da), prev_h.T.dot(da), da.sum(0)

def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    pre = (x.reshape(N*T, D).dot(Wx) + b).reshape(N, T, 4*H)
    h = np.zeros((N, T+1, H)); h[:, 0] = h0
    c = np.zeros((N, T+1, H))
    gates = np.zeros((N, T, 4*H))
    for t in range(T):
        a = pre[:, t] + h[:, t].dot(Wh)
        gates[:, t, :3*H] = sigmoid(a[:, :3*H])
        gates[:, t, 3*H:] = np.tanh(a[:, 3*H:])
        i, f, o, g = np.split(gates[:, t], 4, axis=1)
        c[:, t+1] = f * c[:, t] + i * g
        h[:, t+1] = o * np.tanh(c[:, t+1])
    return h[:, 1:], (x, h, c, gates, Wx, Wh)

def lstm_backward(dh, cache):
    x, h, c, gates, Wx, Wh = cache
    N, T, D = x.shape
    H = h.shape[2]
    da = np.zeros((N, T, 4*H))
    dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T-1, -1, -1):
        i, f, o, g = np.split(gates[:, t], 4, axis=1)
        tc = np.tanh(c[:, t+1])
        dht = dh[:, t] + dh_next
        dc = dc_next + dht * o * (1 - tc**2)
        da[:, t, :H] = dc * g * i * (1 - i)
        da[:, t, H:2*H] = dc * c[:, t] * f * (1 - f)
        da[:, t, 2*H:3*H] = dht * tc * o * (1 - o)
        da[:, t, 3*H:] = dc * i * (1 - g**2)
        dh_next = da[:, t].dot(Wh.T)
        dc_next = dc * f
    flat = da.reshape(N*T, 4*H)
    dx = flat.dot(Wx.T).reshape(N, T, D)
    dWx = x.reshape(N*T, D).T.dot(flat)
    dWh = h[:, :-1].reshape(N*T, H).T.dot(flat)
    return dx, dh_next, dWx, dWh, flat.sum(axis=0)
