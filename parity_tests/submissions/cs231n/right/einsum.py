import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.einsum('nd,dh->nh', x, Wx) + np.einsum('nk,kh->nh', prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = np.einsum('nh,nh->nh', dnext_h, 1 - next_h ** 2)
    dx = np.einsum('nh,dh->nd', da, Wx)
    dprev_h = np.einsum('nh,kh->nk', da, Wh)
    dWx = np.einsum('nd,nh->dh', x, da)
    dWh = np.einsum('nk,nh->kh', prev_h, da)
    db = np.einsum('nh->h', da)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    # all inputs at once, then the recurrence; cache is one tuple for the whole sequence
    xw = np.einsum('ntd,dh->tnh', x, Wx) + b
    states = [h0]
    for row in xw:
        states.append(np.tanh(row + np.einsum('nk,kh->nh', states[-1], Wh)))
    states = np.array(states)
    return states[1:].transpose(1, 0, 2), (x, states, Wx, Wh)


def rnn_backward(dh, cache):
    x, states, Wx, Wh = cache
    T = x.shape[1]
    da = np.zeros((T,) + states.shape[1:])
    carried = np.zeros(states.shape[1:])
    for t in range(T - 1, -1, -1):
        da[t] = (dh[:, t] + carried) * (1 - states[t + 1] ** 2)
        carried = np.einsum('nh,kh->nk', da[t], Wh)
    dx = np.einsum('tnh,dh->ntd', da, Wx)
    dWx = np.einsum('ntd,tnh->dh', x, da)
    dWh = np.einsum('tnk,tnh->kh', states[:-1], da)
    db = np.einsum('tnh->h', da)
    return dx, carried, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = (np.einsum('nd,dk->nk', x, Wx) + np.einsum('nh,hk->nk', prev_h, Wh) + b).reshape(N, 4, H)
    ifo = 1 / (1 + np.exp(-a[:, :3]))
    g = np.tanh(a[:, 3])
    next_c = ifo[:, 1] * prev_c + ifo[:, 0] * g
    tc = np.tanh(next_c)
    return ifo[:, 2] * tc, next_c, (x, prev_h, prev_c, Wx, Wh, ifo, g, tc)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, ifo, g, tc = cache
    N, H = prev_h.shape
    dc = dnext_c + np.einsum('nh,nh,nh->nh', dnext_h, ifo[:, 2], 1 - tc ** 2)
    d = np.stack((dc * g, dc * prev_c, dnext_h * tc, dc * ifo[:, 0]), axis=1)
    d[:, :3] *= ifo * (1 - ifo)
    d[:, 3] *= 1 - g ** 2
    W = Wx.reshape(-1, 4, H)
    U = Wh.reshape(H, 4, H)
    dx = np.einsum('nkh,dkh->nd', d, W)
    dprev_h = np.einsum('nkh,jkh->nj', d, U)
    dWx = np.einsum('nd,nkh->dkh', x, d).reshape(Wx.shape)
    dWh = np.einsum('nj,nkh->jkh', prev_h, d).reshape(Wh.shape)
    return dx, dprev_h, dc * ifo[:, 1], dWx, dWh, d.sum(0).reshape(-1)


def lstm_forward(x, h0, Wx, Wh, b):
    h, c = h0, 0 * h0
    hs, caches = np.zeros(x.shape[:2] + h0.shape[1:]), ()
    for t, xt in enumerate(x.swapaxes(0, 1)):
        h, c, cache = lstm_step_forward(xt, h, c, Wx, Wh, b)
        hs[:, t] = h
        caches += (cache,)
    return hs, caches


def lstm_backward(dh, cache):
    dprev_h = np.zeros_like(dh[:, 0])
    dprev_c = np.zeros_like(dh[:, 0])
    parts = []
    for t in range(len(cache))[::-1]:
        dx, dprev_h, dprev_c, dWx, dWh, db = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        parts.append((dx, dWx, dWh, db))
    dxs, dWxs, dWhs, dbs = zip(*reversed(parts))
    return np.stack(dxs, axis=1), dprev_h, sum(dWxs), sum(dWhs), sum(dbs)
