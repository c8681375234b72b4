# FAIL, wrong-variable twice: the bias gradients of i and o are copies of that of f
import numpy as np
CELL, BIASES = "lstm", "one"
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def forward(x, h0, c0, W_ih, W_hh, b):
    global save
    h, c, steps = h0, c0, []
    for xt in x:
        i, f, g, o = np.split(xt @ W_ih.T + h @ W_hh.T + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        steps.append((xt, h, c, i, f, g, o))
        c = f * c + i * g
        h = o * np.tanh(c)
        steps[-1] += (c, h)
    save = steps, W_ih, W_hh
    return np.stack([s[-1] for s in steps]), h, c
def backward(dy, dh, dc):
    steps, W, U = save
    dx, dW, dU, db = [], 0 * W, 0 * U, np.zeros(len(W))
    for t in reversed(range(len(steps))):
        xt, h_prev, c_prev, i, f, g, o, c, h = steps[t]
        d, tc = dy[t] + dh, np.tanh(c)
        dc = dc + d * o * (1 - tc ** 2)
        dz = np.hstack([dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g ** 2), d * tc * o * (1 - o)])
        dW, dU = dW + dz.T @ xt, dU + dz.T @ h_prev
        df = dz[:, len(W) // 4:len(W) // 2].sum(0)
        db += np.concatenate([df, df, dz[:, len(W) // 2:3 * len(W) // 4].sum(0), df])
        dx.insert(0, dz @ W)
        dh, dc = dz @ U, dc * f
    return dict(dx=np.stack(dx), dh0=dh, dc0=dc, dW_ih=dW, dW_hh=dU, db=db)
