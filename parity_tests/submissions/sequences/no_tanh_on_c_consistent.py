# FAIL, no-tanh-on-cell; backward is right for what forward computes
import numpy as np
CELL, BIASES = "lstm", "one"
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def forward(x, h0, c0, W_ih, W_hh, b):
    global save
    h, c, steps = h0, c0, []
    for xt in x:
        g, i, f, o = np.split(xt @ W_ih.T + h @ W_hh.T + b, 4, axis=1)
        g, i, f, o = np.tanh(g), sigmoid(i), sigmoid(f), sigmoid(o)
        steps.append((xt, h, c, g, i, f, o))
        c = f * c + i * g
        h = o * c
        steps[-1] += (c, h)
    save = steps, W_ih, W_hh
    return np.stack([s[-1] for s in steps]), h, c
def backward(dy, dh, dc):
    steps, W, U = save
    dx, dW, dU, db = [], 0 * W, 0 * U, np.zeros(len(W))
    for t in reversed(range(len(steps))):
        xt, h_prev, c_prev, g, i, f, o, c, h = steps[t]
        d = dy[t] + dh
        dc = dc + d * o
        dz = np.hstack([dc * i * (1 - g ** 2), dc * g * i * (1 - i), dc * c_prev * f * (1 - f), d * c * o * (1 - o)])
        dW, dU, db = dW + dz.T @ xt, dU + dz.T @ h_prev, db + dz.sum(0)
        dx.insert(0, dz @ W)
        dh, dc = dz @ U, dc * f
    return dict(dx=np.stack(dx), dh0=dh, dc0=dc, dW_ih=dW, dW_hh=dU, db=db)
