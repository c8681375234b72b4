import torch

# device = 'cuda'
device = 'cpu'


def rnn_step_forward(x, prev_h, Wx, Wh, b):
  next_h = (x @ Wx + prev_h @ Wh + b).tanh()
  return next_h, (x, Wx, prev_h, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
  x, Wx, prev_h, Wh, next_h = cache
  dout = (1 - next_h.pow(2)) * dnext_h
  return dout @ Wx.T, dout @ Wh.T, x.T @ dout, prev_h.T @ dout, dout.sum(0)

def rnn_forward(x, h0, Wx, Wh, b):
  hs, cache = [], []
  for xt in x.unbind(1):
    h0, c = rnn_step_forward(xt, h0, Wx, Wh, b)
    hs.append(h0)
    cache.append(c)
  return torch.stack(hs, 1), cache

def rnn_backward(dh, cache):
  dxs, dprev, dWx, dWh, db = [], 0., 0., 0., 0.
  for d, c in zip(dh.unbind(1)[::-1], cache[::-1]):
    dx, dprev, w, u, v = rnn_step_backward(d + dprev, c)
    dxs.append(dx)
    dWx, dWh, db = dWx + w, dWh + u, db + v
  return torch.stack(dxs[::-1], dim=1), dprev, dWx, dWh, db
