from .layers import *
from .layer_utils import affine_relu_forward
from ..coco_utils import sample_coco_minibatch
import numpy as np


def _affine(x, h, Wx, Wh, b):
    return x.dot(Wx) + h.dot(Wh) + b, (x, h, Wx, Wh)


def _affine_back(da, cache):
    x, h, Wx, Wh = cache
    return da.dot(Wx.T), da.dot(Wh.T), x.T.dot(da), h.T.dot(da), da.sum(axis=0)


def _tanh(a):
    y = np.tanh(a)
    return y, y


def _tanh_back(dy, y):
    return dy * (1 - y * y)


def _sigmoid(a):
    y = 1 / (1 + np.exp(-a))
    return y, y


def _sigmoid_back(dy, y):
    return dy * y * (1 - y)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a, affine_cache = _affine(x, prev_h, Wx, Wh, b)
    next_h, tanh_cache = _tanh(a)
    return next_h, (affine_cache, tanh_cache)


def rnn_step_backward(dnext_h, cache):
    affine_cache, tanh_cache = cache
    return _affine_back(_tanh_back(dnext_h, tanh_cache), affine_cache)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T + 1, h0.shape[1]))
    h[:, 0] = h0
    caches = []
    for t in range(T):
        h[:, t + 1], cache = rnn_step_forward(x[:, t], h[:, t], Wx, Wh, b)
        caches.append(cache)
    return h[:, 1:], (caches, x.shape, Wx.shape, Wh.shape, b.shape)


def rnn_backward(dh, cache):
    caches, sx, sWx, sWh, sb = cache
    dx, dWx, dWh, db = np.zeros(sx), np.zeros(sWx), np.zeros(sWh), np.zeros(sb)
    dstate = np.zeros((sx[0], sWh[0]))
    for t in range(sx[1] - 1, -1, -1):
        dstate = dstate + dh[:, t]
        dx[:, t], dstate, one, two, three = rnn_step_backward(dstate, caches[t])
        dWx += one
        dWh += two
        db += three
    return dx, dstate, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a, affine_cache = _affine(x, prev_h, Wx, Wh, b)
    a_ifo, a_g = np.split(a, [3 * prev_h.shape[1]], axis=1)
    ifo, sig_cache = _sigmoid(a_ifo)
    g, g_cache = _tanh(a_g)
    i, f, o = np.split(ifo, 3, axis=1)
    next_c = prev_c * f + i * g
    t, t_cache = _tanh(next_c)
    next_h = o * t
    return next_h, next_c, (affine_cache, sig_cache, g_cache, t_cache, (i, f, o, g, t, prev_c))


def lstm_step_backward(dnext_h, dnext_c, cache):
    affine_cache, sig_cache, g_cache, t_cache, (i, f, o, g, t, prev_c) = cache
    do, dt = dnext_h * t, dnext_h * o
    dc = _tanh_back(dt, t_cache) + dnext_c
    df, dprev_c, di, dg = dc * prev_c, dc * f, dc * g, dc * i
    da_ifo = _sigmoid_back(np.concatenate([di, df, do], axis=1), sig_cache)
    da_g = _tanh_back(dg, g_cache)
    dx, dprev_h, dWx, dWh, db = _affine_back(np.concatenate([da_ifo, da_g], axis=1), affine_cache)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T + 1, h0.shape[1]))
    c = np.zeros((N, T + 1, h0.shape[1]))
    h[:, 0] = h0
    caches = []
    for t in range(T):
        h[:, t + 1], c[:, t + 1], cache = lstm_step_forward(x[:, t], h[:, t], c[:, t], Wx, Wh, b)
        caches.append(cache)
    return h[:, 1:], (caches, x.shape, Wx.shape, Wh.shape, b.shape)


def lstm_backward(dh, cache):
    caches, sx, sWx, sWh, sb = cache
    dx, dWx, dWh, db = np.zeros(sx), np.zeros(sWx), np.zeros(sWh), np.zeros(sb)
    dstate, dcell = np.zeros((sx[0], sWh[0])), np.zeros((sx[0], sWh[0]))
    for t in range(sx[1] - 1, -1, -1):
        dx[:, t], dstate, dcell, one, two, three = lstm_step_backward(dstate + dh[:, t], dcell, caches[t])
        dWx += one
        dWh += two
        db += three
    return dx, dstate, dWx, dWh, db
