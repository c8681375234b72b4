# I wanted to see every single number, so no matrix products anywhere. Slow!!
import math
import numpy as np

def sig(v):
  return 1.0 / (1.0 + math.exp(-v))

def preact(x, h, Wx, Wh, b, n, k):
  s = b[k]
  for d in range(x.shape[1]):
    s += x[n, d] * Wx[d, k]
  for j in range(h.shape[1]):
    s += h[n, j] * Wh[j, k]
  return s

def spread(d, x, h, Wx, Wh):
  """gradient of preact summed over everything"""
  dx, dh = np.zeros(x.shape), np.zeros(h.shape)
  dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(Wx.shape[1])
  for n in range(d.shape[0]):
    for k in range(d.shape[1]):
      db[k] += d[n, k]
      for i in range(x.shape[1]):
        dx[n, i] += d[n, k] * Wx[i, k]
        dWx[i, k] += d[n, k] * x[n, i]
      for j in range(h.shape[1]):
        dh[n, j] += d[n, k] * Wh[j, k]
        dWh[j, k] += d[n, k] * h[n, j]
  return dx, dh, dWx, dWh, db

def rnn_step_forward(x, prev_h, Wx, Wh, b):
  next_h = np.zeros(prev_h.shape)
  for n in range(prev_h.shape[0]):
    for k in range(prev_h.shape[1]):
      next_h[n, k] = math.tanh(preact(x, prev_h, Wx, Wh, b, n, k))
  return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
  x, prev_h, Wx, Wh, next_h = cache
  d = np.zeros(dnext_h.shape)
  for n in range(d.shape[0]):
    for k in range(d.shape[1]):
      d[n, k] = dnext_h[n, k] * (1 - next_h[n, k] ** 2)
  return spread(d, x, prev_h, Wx, Wh)

def rnn_forward(x, h0, Wx, Wh, b):
  T = x.shape[1]
  h = np.zeros((x.shape[0], T, h0.shape[1]))
  cache = [None] * T
  now = h0
  for t in range(T):
    now, cache[t] = rnn_step_forward(x[:, t, :], now, Wx, Wh, b)
    h[:, t, :] = now
  return h, cache

def rnn_backward(dh, cache):
  x0, _, Wx, Wh, _ = cache[0]
  N, T, H = dh.shape
  dx = np.zeros((N, T, x0.shape[1]))
  dh0 = np.zeros((N, H))
  dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(H)
  t = T - 1
  while t >= 0:
    g = rnn_step_backward(dh[:, t, :] + dh0, cache[t])
    dx[:, t, :] = g[0]
    dh0 = g[1]
    dWx += g[2]
    dWh += g[3]
    db += g[4]
    t -= 1
  return dx, dh0, dWx, dWh, db

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
  N, H = prev_h.shape
  next_h, next_c = np.zeros((N, H)), np.zeros((N, H))
  gates = np.zeros((N, 4 * H))
  for n in range(N):
    for k in range(4 * H):
      z = preact(x, prev_h, Wx, Wh, b, n, k)
      gates[n, k] = math.tanh(z) if k >= 3 * H else sig(z)
    for k in range(H):
      next_c[n, k] = gates[n, H + k] * prev_c[n, k] + gates[n, k] * gates[n, 3 * H + k]
      next_h[n, k] = gates[n, 2 * H + k] * math.tanh(next_c[n, k])
  return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, gates, next_c)

def lstm_step_backward(dnext_h, dnext_c, cache):
  x, prev_h, prev_c, Wx, Wh, gates, next_c = cache
  N, H = prev_h.shape
  d = np.zeros((N, 4 * H))
  dprev_c = np.zeros((N, H))
  for n in range(N):
    for k in range(H):
      i, f, o, g = gates[n, k], gates[n, H + k], gates[n, 2 * H + k], gates[n, 3 * H + k]
      t = math.tanh(next_c[n, k])
      dc = dnext_c[n, k] + dnext_h[n, k] * o * (1 - t * t)
      dprev_c[n, k] = dc * f
      d[n, k] = dc * g * i * (1 - i)
      d[n, H + k] = dc * prev_c[n, k] * f * (1 - f)
      d[n, 2 * H + k] = dnext_h[n, k] * t * o * (1 - o)
      d[n, 3 * H + k] = dc * i * (1 - g * g)
  dx, dprev_h, dWx, dWh, db = spread(d, x, prev_h, Wx, Wh)
  return dx, dprev_h, dprev_c, dWx, dWh, db

def lstm_forward(x, h0, Wx, Wh, b):
  T = x.shape[1]
  h = np.zeros((x.shape[0], T, h0.shape[1]))
  cache = [None] * T
  now, c = h0, np.zeros(h0.shape)
  for t in range(T):
    now, c, cache[t] = lstm_step_forward(x[:, t, :], now, c, Wx, Wh, b)
    h[:, t, :] = now
  return h, cache

def lstm_backward(dh, cache):
  x0, Wx, Wh = cache[0][0], cache[0][3], cache[0][4]
  N, T, H = dh.shape
  dx = np.zeros((N, T, x0.shape[1]))
  dnow, dc = np.zeros((N, H)), np.zeros((N, H))
  dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(4 * H)
  for t in range(T - 1, -1, -1):
    g = lstm_step_backward(dh[:, t, :] + dnow, dc, cache[t])
    dx[:, t, :], dnow, dc = g[0], g[1], g[2]
    dWx += g[3]
    dWh += g[4]
    db += g[5]
  return dx, dnow, dWx, dWh, db
