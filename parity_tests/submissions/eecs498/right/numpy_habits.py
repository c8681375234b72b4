import torch as th


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = th.tanh(th.matmul(x, Wx) + th.matmul(prev_h, Wh) + b.reshape(1, -1))
    meta = [x, prev_h, Wx, Wh, next_h]
    return next_h, meta


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h * next_h)
    # sum with keepdim, as in my other layers: (1, H)
    return th.matmul(da, Wx.T), th.matmul(da, Wh.T), th.matmul(x.T, da), th.matmul(prev_h.T, da), th.sum(da, dim=0, keepdim=True)


def rnn_forward(x, h0, Wx, Wh, b):
    # time first
    xt = x.transpose(0, 1)
    h = th.zeros((xt.shape[0],) + tuple(h0.shape), dtype=x.dtype)
    metas = []
    for t, one in enumerate(xt):
        h[t], meta = rnn_step_forward(one, h[t - 1] if t else h0, Wx, Wh, b)
        metas.append(meta)
    return h.transpose(0, 1), metas


def rnn_backward(dh, cache):
    dht = dh.transpose(0, 1)
    T, N, H = dht.shape
    D = cache[0][0].shape[1]
    dx = th.zeros((T, N, D), dtype=dh.dtype)
    total = {'Wx': th.zeros((D, H), dtype=dh.dtype), 'Wh': th.zeros((H, H), dtype=dh.dtype), 'b': th.zeros((1, H), dtype=dh.dtype)}
    carry = th.zeros((N, H), dtype=dh.dtype)
    for t in range(T)[::-1]:
        dx[t], carry, dWx, dWh, db = rnn_step_backward(dht[t] + carry, cache[t])
        total['Wx'] += dWx
        total['Wh'] += dWh
        total['b'] += db
    return dx.transpose(0, 1), carry, total['Wx'], total['Wh'], total['b']


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    a = th.matmul(x, Wx) + th.matmul(prev_h, Wh) + b.reshape(1, -1)
    a = a if attn is None else a + th.matmul(attn, Wattn)
    N, H = prev_h.shape
    i, f, o, g = a.reshape(N, 4, H).unbind(dim=1)
    c = th.sigmoid(f) * prev_c + th.sigmoid(i) * th.tanh(g)
    return th.sigmoid(o) * th.tanh(c), c


def lstm_forward(x, h0, Wx, Wh, b):
    h, c = h0, th.zeros_like(h0)
    hn = []
    for one in x.transpose(0, 1):
        h, c = lstm_step_forward(one, h, c, Wx, Wh, b)
        hn.append(h)
    return th.stack(hn).transpose(0, 1)
