import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e_x / np.sum(e_x, axis=-1, keepdims=True)


def rnn_cell_forward(x_t, a_prev, parameters):
    W_a, U_a, b_a, W_y, b_y = parameters
    a_t = np.tanh(np.dot(x_t, W_a) + np.dot(a_prev, U_a) + b_a)
    y_t = softmax(np.dot(a_t, W_y) + b_y)
    return a_t, y_t


def rnn_forward(x, a_init, parameters):
    m, T_x, n_x = x.shape
    n_a, n_y = parameters[3].shape
    a = np.zeros((m, T_x, n_a))
    y = np.zeros((m, T_x, n_y))
    a_t = a_init
    for t in range(T_x):
        a_t, y_t = rnn_cell_forward(x[:, t, :], a_t, parameters)
        a[:, t, :] = a_t
        y[:, t, :] = y_t
    return a, y


def lstm_cell_forward(x_t, a_prev, m_prev, parameters):
    W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y = parameters
    concat = np.concatenate([a_prev, x_t], axis=1)
    f = sigmoid(np.dot(concat, W_f) + b_f)
    u = sigmoid(np.dot(concat, W_u) + b_u)
    m_tilde = np.tanh(np.dot(concat, W_m) + b_m)
    m_t = f * m_prev + u * m_tilde
    o = sigmoid(np.dot(concat, W_o) + b_o)
    a_t = o * np.tanh(m_t)
    y_t = softmax(np.dot(a_t, W_y) + b_y)
    return a_t, m_t, y_t


def lstm_forward(x, a_init, parameters):
    m, T_x, n_x = x.shape
    n_a, n_y = parameters[-2].shape
    a, mem, y = np.zeros((m, T_x, n_a)), np.zeros((m, T_x, n_a)), np.zeros((m, T_x, n_y))
    a_t, m_t = a_init, np.zeros((m, n_a))
    for t in range(T_x):
        a_t, m_t, y_t = lstm_cell_forward(x[:, t], a_t, m_t, parameters)
        a[:, t], mem[:, t], y[:, t] = a_t, m_t, y_t
    return a, mem, y
