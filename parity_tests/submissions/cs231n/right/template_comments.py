from __future__ import print_function, division
from builtins import range
from builtins import object
import numpy as np

from past.builtins import xrange

"""
Layers of the recurrent homework: word vectors, the vanilla RNN, the LSTM and
the two layers that act on each time step.
"""


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """
    One time step of a vanilla RNN with a tanh.

    - x: input of this step, (N, D)
    - prev_h: hidden state of the step before, (N, H)
    - Wx, Wh, b: (D, H), (H, H), (H,)

    Gives next_h (N, H) and whatever the backward pass wants to keep.
    """
    next_h, cache = None, None
    ##############################################################################
    # TODO: one step forward; the result goes in next_h and cache.               #
    ##############################################################################
    # *****START OF MY CODE*****
    a1 = np.dot(x, Wx)
    a2 = np.dot(prev_h, Wh)
    a3 = a1 + a2 + b
    next_h = np.tanh(a3)
    cache = (x, prev_h, Wx, Wh, b, a3, next_h)
    # *****END OF MY CODE*****
    ##############################################################################
    #                               END                                          #
    ##############################################################################
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    """
    Backward of rnn_step_forward: dnext_h (N, H) ->
    dx (N, D), dprev_h (N, H), dWx (D, H), dWh (H, H), db (H,)
    """
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    ##############################################################################
    # TODO. Hint: write tanh's derivative with its output.                       #
    ##############################################################################
    x, prev_h, Wx, Wh, b, a3, next_h = cache
    da3 = dnext_h * (1 - next_h * next_h)
    da1 = da3
    da2 = da3
    db = np.sum(da3, axis=0)
    dx = np.dot(da1, Wx.T)
    dWx = np.dot(x.T, da1)
    dprev_h = np.dot(da2, Wh.T)
    dWh = np.dot(prev_h.T, da2)
    ##############################################################################
    #                               END                                          #
    ##############################################################################
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """ The RNN over a minibatch of sequences: x (N, T, D), h0 (N, H) -> h (N, T, H) """
    h, cache = None, None
    ##############################################################################
    # TODO: use rnn_step_forward                                                 #
    ##############################################################################
    N, T, D = x.shape
    _, H = h0.shape
    h = np.zeros((N, T, H))
    cache = []
    prev_h = h0
    for t in xrange(T):
        next_h, cache_t = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = next_h
        cache.append(cache_t)
        prev_h = next_h
    return h, cache


def rnn_backward(dh, cache):
    """ dh (N, T, H) -> dx (N, T, D), dh0 (N, H), dWx, dWh, db """
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    ##############################################################################
    # TODO: use rnn_step_backward                                                #
    ##############################################################################
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros((H,))
    dprev_h = np.zeros((N, H))
    for t in xrange(T - 1, -1, -1):
        # two streams meet here: the one from the loss and the one from t+1
        dcurrent = dh[:, t, :] + dprev_h
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dcurrent, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x, W):
    """ x (N, T) of integers, W (V, D) -> out (N, T, D) """
    out, cache = W[x, :], (x, W.shape)
    return out, cache


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)
    return dW


def sigmoid(x):
    """ The logistic function, without overflow. """
    pos_mask = (x >= 0)
    neg_mask = (x < 0)
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """ One step of an LSTM; Wx (D, 4H), Wh (H, 4H), b (4H,) -> next_h, next_c, cache """
    next_h, next_c, cache = None, None, None
    #############################################################################
    # TODO                                                                      #
    #############################################################################
    H = prev_h.shape[1]
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    ai = a[:, 0:H]
    af = a[:, H:2 * H]
    ao = a[:, 2 * H:3 * H]
    ag = a[:, 3 * H:4 * H]
    i = sigmoid(ai)
    f = sigmoid(af)
    o = sigmoid(ao)
    g = np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = i, f, o, g, a, ai, af, ao, ag, Wx, Wh, b, prev_h, prev_c, x, next_c, next_h
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    """ (N, H), (N, H) -> dx, dprev_h, dprev_c, dWx, dWh, db """
    dx, dprev_h, dprev_c, dWx, dWh, db = None, None, None, None, None, None
    #############################################################################
    # TODO. Hint: sigmoid and tanh both have derivatives in their outputs       #
    #############################################################################
    i, f, o, g, a, ai, af, ao, ag, Wx, Wh, b, prev_h, prev_c, x, next_c, next_h = cache
    do = np.tanh(next_c) * dnext_h
    # c reaches the loss on two roads
    dc = dnext_c + o * (1 - np.square(np.tanh(next_c))) * dnext_h
    df = prev_c * dc
    dprev_c = f * dc
    di = g * dc
    dg = i * dc
    dag = (1 - np.square(np.tanh(ag))) * dg
    dao = sigmoid(ao) * (1 - sigmoid(ao)) * do
    daf = sigmoid(af) * (1 - sigmoid(af)) * df
    dai = sigmoid(ai) * (1 - sigmoid(ai)) * di
    da = np.concatenate((dai, daf, dao, dag), axis=1)
    dx = da.dot(Wx.T)
    dWx = x.T.dot(da)
    dprev_h = da.dot(Wh.T)
    dWh = prev_h.T.dot(da)
    db = np.sum(da, axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    """ x (N, T, D), h0 (N, H) -> h (N, T, H); the cell starts at zero and is kept inside """
    h, cache = None, None
    N, T, D = x.shape
    H = b.shape[0] // 4
    h = np.zeros((N, T, H))
    cache = {}
    prev_h = h0
    prev_c = np.zeros((N, H))
    for t in xrange(T):
        prev_h, prev_c, cache[t] = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = prev_h
    return h, cache


def lstm_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    N, T, H = dh.shape
    D = cache[T - 1][-3].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, 4 * H))
    dWh = np.zeros((H, 4 * H))
    db = np.zeros((4 * H))
    dprev = np.zeros((N, H))
    dprev_c = np.zeros((N, H))
    for t in xrange(T - 1, -1, -1):
        dx[:, t, :], dprev, dprev_c, dWx_, dWh_, db_ = lstm_step_backward(dh[:, t, :] + dprev, dprev_c, cache[t])
        dWx += dWx_
        dWh += dWh_
        db += db_
    dh0 = dprev
    return dx, dh0, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    cache = x, w, b, out
    return out, cache


def temporal_affine_backward(dout, cache):
    x, w, b, out = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T
    db = dout.sum(axis=(0, 1))
    return dx, dw, db


def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N
    dx_flat = probs.copy()
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]
    if verbose: print('dx_flat: ', dx_flat.shape)
    return loss, dx_flat.reshape(N, T, V)
