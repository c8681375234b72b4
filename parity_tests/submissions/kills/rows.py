"""The batch-first edition: examples are rows, parameters come in a tuple, no caches."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def rnn_cell_forward(x_t, a_prev, parameters):
    W_a, U_a, b_a, W_y, b_y = parameters
    a_t = np.tanh(x_t @ W_a + a_prev @ U_a + b_a)
    y_t = softmax(a_t @ W_y + b_y)
    return a_t, y_t


def rnn_forward(x, a_init, parameters):
    m, T, _ = x.shape
    state = a_init
    a = np.zeros((m, T, state.shape[1]))
    y = np.zeros((m, T, len(parameters[4])))
    for t in range(T):
        state, y[:, t] = rnn_cell_forward(x[:, t], state, parameters)
        a[:, t] = state
    return a, y


def lstm_cell_forward(x_t, a_prev, m_prev, parameters):
    W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y = parameters
    row = np.hstack((a_prev, x_t))
    keep = sigmoid(row @ W_f + b_f)
    take = sigmoid(row @ W_u + b_u)
    news = np.tanh(row @ W_m + b_m)
    show = sigmoid(row @ W_o + b_o)
    m_t = keep * m_prev + take * news
    a_t = show * np.tanh(m_t)
    y_t = softmax(a_t @ W_y + b_y)
    return a_t, m_t, y_t


def lstm_forward(x, a_init, parameters):
    B, T, _ = x.shape
    n_a = a_init.shape[1]
    a = np.zeros((B, T, n_a))
    m = np.zeros((B, T, n_a))
    y = np.zeros((B, T, len(parameters[9])))
    state, memory = a_init, np.zeros((B, n_a))
    for t in range(T):
        state, memory, y[:, t] = lstm_cell_forward(x[:, t], state, memory, parameters)
        a[:, t] = state
        m[:, t] = memory
    return a, m, y


def rnn_backward(da, x, a_init, parameters):
    W_a, U_a, b_a, _, _ = parameters
    T = da.shape[1]
    states = [a_init]
    for t in range(T):
        states.append(np.tanh(x[:, t] @ W_a + states[t] @ U_a + b_a))
    dx = np.zeros((x.shape[0], T, x.shape[2]))
    dW_a, dU_a, db_a = np.zeros_like(W_a), np.zeros_like(U_a), np.zeros_like(b_a)
    carried = np.zeros_like(a_init)
    for t in reversed(range(T)):
        d_state = da[:, t] + carried
        dz = d_state * (1 - states[t + 1] ** 2)
        dx[:, t] = dz @ W_a.T
        dW_a += x[:, t].T @ dz
        dU_a += states[t].T @ dz
        db_a += dz.sum(axis=0)
        carried = dz @ U_a.T
    return {"dx": dx, "da_init": carried, "dW_a": dW_a, "dU_a": dU_a, "db_a": db_a}


def lstm_backward(da, x, a_init, parameters):
    W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, _, _ = parameters
    T, n_a = da.shape[1], da.shape[2]
    a, m = a_init, np.zeros_like(a_init)
    tape = []
    for t in range(T):
        row = np.hstack((a, x[:, t]))
        f = sigmoid(row @ W_f + b_f)
        u = sigmoid(row @ W_u + b_u)
        g = np.tanh(row @ W_m + b_m)
        o = sigmoid(row @ W_o + b_o)
        m_prev, m = m, f * m + u * g
        a = o * np.tanh(m)
        tape.append((row, m_prev, m, f, u, g, o))
    dx = np.zeros((x.shape[0], T, x.shape[2]))
    dW_f, dW_u, dW_m, dW_o = (np.zeros_like(W) for W in (W_f, W_u, W_m, W_o))
    db_f, db_u, db_m, db_o = (np.zeros_like(b) for b in (b_f, b_u, b_m, b_o))
    da_next = np.zeros_like(a_init)
    dm_next = np.zeros_like(a_init)
    for t in reversed(range(T)):
        row, m_prev, m, f, u, g, o = tape[t]
        da_t = da[:, t] + da_next
        dm = dm_next + da_t * o * (1 - np.tanh(m) ** 2)
        df = dm * m_prev * f * (1 - f)
        du = dm * g * u * (1 - u)
        dg = dm * u * (1 - g**2)
        do = da_t * np.tanh(m) * o * (1 - o)
        dW_f += row.T @ df
        dW_u += row.T @ du
        dW_m += row.T @ dg
        dW_o += row.T @ do
        db_f += df.sum(axis=0)
        db_u += du.sum(axis=0)
        db_m += dg.sum(axis=0)
        db_o += do.sum(axis=0)
        d_row = df @ W_f.T + du @ W_u.T + dg @ W_m.T + do @ W_o.T
        da_next = d_row[:, :n_a]
        dx[:, t] = d_row[:, n_a:]
        dm_next = dm * f
    return {"dx": dx, "da_init": da_next, "dW_f": dW_f, "db_f": db_f, "dW_u": dW_u, "db_u": db_u,
            "dW_m": dW_m, "db_m": db_m, "dW_o": dW_o, "db_o": db_o}
