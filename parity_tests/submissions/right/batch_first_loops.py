"""Batch-first, one example after the other, nothing vectorised over the batch."""
import numpy as np
from scipy.special import expit


def softmax(row):
    row = np.asarray(row)
    e = np.exp(row - row.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def lstm_cell_forward(x_t, a_prev, m_prev, parameters):
    (W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y) = parameters
    n_a = a_prev.shape[1]
    a, memory, y = [], [], []
    for k in range(len(x_t)):
        gate = lambda W, b: W[:n_a].T @ a_prev[k] + W[n_a:].T @ x_t[k] + b
        now = expit(gate(W_f, b_f)) * m_prev[k] + expit(gate(W_u, b_u)) * np.tanh(gate(W_m, b_m))
        memory.append(now)
        a.append(expit(gate(W_o, b_o)) * np.tanh(now))
        y.append(softmax(W_y.T @ a[-1] + b_y))
    return np.array(a), np.array(memory), np.array(y)


def lstm_forward(x, a_init, parameters):
    a_t, m_t = a_init, np.zeros_like(a_init)
    a, mem, y = [], [], []
    for t in range(x.shape[1]):
        a_t, m_t, y_t = lstm_cell_forward(x[:, t, :], a_t, m_t, parameters)
        a.append(a_t)
        mem.append(m_t)
        y.append(y_t)
    return np.stack(a, axis=1), np.stack(mem, axis=1), np.stack(y, axis=1)
