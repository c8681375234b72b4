import numpy as np
from common.functions import sigmoid

def zeros(ps): return [np.zeros_like(p) for p in ps]

class RNN:
    def __init__(s, Wx, Wh, b): s.params = [Wx, Wh, b]; s.grads = zeros(s.params)
    def forward(s, x, h_prev):
        Wx, Wh, b = s.params
        s.cache = x, h_prev, np.tanh(x @ Wx + h_prev @ Wh + b)
        return s.cache[-1]
    def backward(s, dh):
        x, h0, h = s.cache; Wx, Wh, b = s.params
        d = dh * (1 - h**2)
        s.grads[0][...] = x.T @ d; s.grads[1][...] = h0.T @ d; s.grads[2][...] = d.sum(0)
        return d @ Wx.T, d @ Wh.T

class LSTM:
    def __init__(s, Wx, Wh, b): s.params = [Wx, Wh, b]; s.grads = zeros(s.params)
    def forward(s, x, h_prev, c_prev):
        Wx, Wh, b = s.params; H = Wh.shape[0]
        A = x @ Wx + h_prev @ Wh + b
        f, g, i, o = sigmoid(A[:, :H]), np.tanh(A[:, H:2*H]), sigmoid(A[:, 2*H:3*H]), sigmoid(A[:, 3*H:])
        c = f*c_prev + g*i
        s.cache = x, h_prev, c_prev, f, g, i, o, np.tanh(c)
        return o*s.cache[-1], c
    def backward(s, dh, dc):
        x, h0, c0, f, g, i, o, tc = s.cache; Wx, Wh, b = s.params
        ds = dc + dh*o*(1 - tc**2)
        d = np.hstack([ds*c0*f*(1-f), ds*i*(1-g**2), ds*g*i*(1-i), dh*tc*o*(1-o)])
        s.grads[0][...] = x.T @ d; s.grads[1][...] = h0.T @ d; s.grads[2][...] = d.sum(0)
        return d @ Wx.T, d @ Wh.T, ds*f

class GRU:
    def __init__(s, Wx, Wh, b): s.params = [Wx, Wh, b]; s.grads = zeros(s.params)
    def forward(s, x, h_prev):
        Wx, Wh, b = s.params; H = Wh.shape[0]
        X = x @ Wx + b
        z = sigmoid(X[:, :H] + h_prev @ Wh[:, :H])
        r = sigmoid(X[:, H:2*H] + h_prev @ Wh[:, H:2*H])
        n = np.tanh(X[:, 2*H:] + (r*h_prev) @ Wh[:, 2*H:])
        s.cache = x, h_prev, z, r, n
        return (1-z)*h_prev + z*n
    def backward(s, dh):
        x, h0, z, r, n = s.cache; Wx, Wh, b = s.params; H = Wh.shape[0]
        dn = dh*z*(1-n**2); dz = dh*(n-h0)*z*(1-z)
        q = dn @ Wh[:, 2*H:].T
        dr = q*h0*r*(1-r)
        d = np.hstack([dz, dr, dn])
        s.grads[0][...] = x.T @ d
        s.grads[1][...] = np.hstack([h0.T @ dz, h0.T @ dr, (r*h0).T @ dn])
        s.grads[2][...] = d.sum(0)
        return d @ Wx.T, dh*(1-z) + q*r + dz @ Wh[:, :H].T + dr @ Wh[:, H:2*H].T

class TimeRNN:
    Cell = RNN
    def __init__(s, Wx, Wh, b, stateful=False):
        s.params = [Wx, Wh, b]; s.grads = zeros(s.params); s.stateful = stateful; s.h = None
    def set_state(s, h): s.h = h
    def reset_state(s): s.h = None
    def forward(s, xs):
        if not s.stateful or s.h is None: s.h = np.zeros((len(xs), s.params[1].shape[0]), xs.dtype)
        s.layers = []; hs = []
        for t in range(xs.shape[1]):
            s.layers.append(s.Cell(*s.params)); s.h = s.layers[-1].forward(xs[:, t], s.h); hs.append(s.h)
        return np.stack(hs, 1)
    def backward(s, dhs):
        dh = 0; dxs = []; G = zeros(s.params)
        for t, l in reversed(list(enumerate(s.layers))):
            dx, dh = l.backward(dhs[:, t] + dh); dxs.append(dx)
            for a, b in zip(G, l.grads): a += b
        for a, b in zip(s.grads, G): a[...] = b
        s.dh = dh
        return np.stack(dxs[::-1], 1)

class TimeGRU(TimeRNN):
    Cell = GRU

class TimeLSTM:
    def __init__(s, Wx, Wh, b, stateful=False):
        s.params = [Wx, Wh, b]; s.grads = zeros(s.params); s.stateful = stateful; s.h = s.c = None
    def set_state(s, h, c=None): s.h, s.c = h, c
    def reset_state(s): s.h = s.c = None
    def forward(s, xs):
        N, T, H = *xs.shape[:2], s.params[1].shape[0]
        if not s.stateful or s.h is None: s.h = np.zeros((N, H), xs.dtype)
        if not s.stateful or s.c is None: s.c = np.zeros((N, H), xs.dtype)
        s.layers = []; hs = []
        for t in range(T):
            s.layers.append(LSTM(*s.params)); s.h, s.c = s.layers[-1].forward(xs[:, t], s.h, s.c); hs.append(s.h)
        return np.stack(hs, 1)
    def backward(s, dhs):
        dh = dc = 0; dxs = []; G = zeros(s.params)
        for t, l in reversed(list(enumerate(s.layers))):
            dx, dh, dc = l.backward(dhs[:, t] + dh, dc); dxs.append(dx)
            for a, b in zip(G, l.grads): a += b
        for a, b in zip(s.grads, G): a[...] = b
        s.dh = dh
        return np.stack(dxs[::-1], 1)
