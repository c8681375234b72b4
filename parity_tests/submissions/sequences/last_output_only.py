# PASS: the last state alone leaves the layer
import numpy as np
CELL, BIASES = "rnn", "one"
def forward(x, h0, W_ih, W_hh, b):
    global save
    hs = [h0]
    for xt in x:
        hs.append(np.tanh(xt @ W_ih.T + hs[-1] @ W_hh.T + b))
    save = x, hs, W_ih, W_hh
    return hs[-1]
def backward(dh):
    x, hs, W, U = save
    dx, dW, dU, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros(len(W))
    for t in reversed(range(len(x))):
        dz = dh * (1 - hs[t + 1] ** 2)
        dW, dU, db = dW + dz.T @ x[t], dU + dz.T @ hs[t], db + dz.sum(0)
        dx[t], dh = dz @ W, dz @ U
    return dict(dx=dx, dh0=dh, dW_ih=dW, dW_hh=dU, db=db)
