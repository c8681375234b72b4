import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
  next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
  cache = next_h, x, prev_h, Wx, Wh
  return next_h, cache


def rnn_step_backward(dnext_h, cache):
  next_h, x, prev_h, Wx, Wh = cache
  dtanh = (1 - next_h ** 2) * dnext_h
  dx = dtanh.dot(Wx.T)
  dWx = x.T.dot(dtanh)
  dprev_h = dtanh.dot(Wh.T)
  dWh = prev_h.T.dot(dtanh)
  db = np.sum(dtanh, axis=0)
  return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
  N, T, D = x.shape
  H = h0.shape[1]
  h = np.zeros((N, T, H))
  cache = []
  for t in xrange(T):
    prev = h0 if t == 0 else h[:, t - 1, :]
    h[:, t, :], step = rnn_step_forward(x[:, t, :], prev, Wx, Wh, b)
    cache.append(step)
  return h, cache


def rnn_backward(dh, cache):
  N, T, H = dh.shape
  D = cache[0][1].shape[1]
  dx = np.zeros((N, T, D))
  dh0 = np.zeros((N, H))
  dWx = np.zeros((D, H))
  dWh = np.zeros((H, H))
  db = np.zeros(H)
  for t in reversed(xrange(T)):
    dx[:, t, :], dh0, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dh0, cache[t])
    dWx += dWx_t
    dWh += dWh_t
    db += db_t
  return dx, dh0, dWx, dWh, db


def temporal_softmax_loss(x, y, mask, verbose=False):
  N, T, V = x.shape
  p = np.exp(x - x.max(axis=2, keepdims=True))
  p /= p.sum(axis=2, keepdims=True)
  n, t = np.indices((N, T))
  loss = -(mask * np.log(p[n, t, y])).sum() / N
  p[n, t, y] -= 1
  dx = p * mask[:, :, None] / N
  if verbose: print 'dx:', dx.shape
  return loss, dx


if __name__ == '__main__':
  print "just the RNN here"
  for n in xrange(3):
    print n, rnn_forward(np.ones((n + 1, 2, 3)), np.zeros((n + 1, 4)), np.ones((3, 4)), np.ones((4, 4)), np.zeros(4))[0].shape
