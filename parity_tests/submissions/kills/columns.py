"""Week one of the course: recurrent networks step by step, one matrix product after another."""

import numpy as np
from rnn_utils import sigmoid, softmax


def rnn_cell_forward(xt, a_prev, parameters):
    Wax = parameters["Wax"]
    Waa = parameters["Waa"]
    Wya = parameters["Wya"]
    ba = parameters["ba"]
    by = parameters["by"]

    hidden = np.tanh(np.dot(Waa, a_prev) + np.dot(Wax, xt) + ba)
    guess = softmax(np.dot(Wya, hidden) + by)

    memory = (hidden, a_prev, xt, parameters)
    return hidden, guess, memory


def rnn_forward(x, a0, parameters):
    history = []
    n_x, m, steps = x.shape
    n_y, n_a = parameters["Wya"].shape
    states = np.zeros((n_a, m, steps))
    guesses = np.zeros((n_y, m, steps))

    hidden = a0
    for t in range(steps):
        hidden, guess, memory = rnn_cell_forward(x[:, :, t], hidden, parameters)
        states[:, :, t] = hidden
        guesses[:, :, t] = guess
        history.append(memory)

    return states, guesses, (history, x)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Wf, bf = parameters["Wf"], parameters["bf"]
    Wi, bi = parameters["Wi"], parameters["bi"]
    Wc, bc = parameters["Wc"], parameters["bc"]
    Wo, bo = parameters["Wo"], parameters["bo"]
    Wy, by = parameters["Wy"], parameters["by"]

    both = np.concatenate((a_prev, xt), axis=0)

    forget = sigmoid(np.dot(Wf, both) + bf)
    update = sigmoid(np.dot(Wi, both) + bi)
    cand = np.tanh(np.dot(Wc, both) + bc)
    out = sigmoid(np.dot(Wo, both) + bo)

    cell = forget * c_prev + update * cand
    hidden = out * np.tanh(cell)
    guess = softmax(np.dot(Wy, hidden) + by)

    memory = (hidden, cell, a_prev, c_prev, forget, update, cand, out, xt, parameters)
    return hidden, cell, guess, memory


def lstm_forward(x, a0, parameters):
    history = []
    n_x, m, steps = x.shape
    n_y, n_a = parameters["Wy"].shape
    states = np.zeros((n_a, m, steps))
    cells = np.zeros((n_a, m, steps))
    guesses = np.zeros((n_y, m, steps))

    hidden = a0
    cell = np.zeros((n_a, m))
    for t in range(steps):
        hidden, cell, guess, memory = lstm_cell_forward(x[:, :, t], hidden, cell, parameters)
        states[:, :, t] = hidden
        cells[:, :, t] = cell
        guesses[:, :, t] = guess
        history.append(memory)

    return states, guesses, cells, (history, x)


def rnn_cell_backward(da_next, cache):
    (hidden, a_prev, xt, parameters) = cache
    Wax = parameters["Wax"]
    Waa = parameters["Waa"]

    d_pre = (1 - hidden ** 2) * da_next

    d_xt = np.dot(Wax.T, d_pre)
    d_Wax = np.dot(d_pre, xt.T)
    d_prev = np.dot(Waa.T, d_pre)
    d_Waa = np.dot(d_pre, a_prev.T)
    d_ba = np.sum(d_pre, axis=1, keepdims=True)

    grads = {"dxt": d_xt, "da_prev": d_prev, "dWax": d_Wax, "dWaa": d_Waa, "dba": d_ba}
    return grads


def rnn_backward(da, caches):
    (history, x) = caches
    parameters = history[0][-1]
    n_a, m, steps = da.shape
    n_x = x.shape[0]

    dx = np.zeros((n_x, m, steps))
    dWax = np.zeros((n_a, n_x))
    dWaa = np.zeros((n_a, n_a))
    dba = np.zeros((n_a, 1))
    carried = np.zeros((n_a, m))

    for t in reversed(range(steps)):
        grads = rnn_cell_backward(da[:, :, t] + carried, history[t])
        carried = grads["da_prev"]
        dx[:, :, t] = grads["dxt"]
        dWax += grads["dWax"]
        dWaa += grads["dWaa"]
        dba += grads["dba"]

    da0 = carried
    return {"dx": dx, "da0": da0, "dWax": dWax, "dWaa": dWaa, "dba": dba}


def lstm_cell_backward(da_next, dc_next, cache):
    (hidden, cell, a_prev, c_prev, forget, update, cand, out, xt, parameters) = cache
    Wf, Wi, Wc, Wo = parameters["Wf"], parameters["Wi"], parameters["Wc"], parameters["Wo"]
    n_a, m = hidden.shape
    n_x = xt.shape[0]

    d_out = da_next * np.tanh(cell) * out * (1 - out)
    d_cand = (dc_next * update + out * (1 - np.tanh(cell) ** 2) * update * da_next) * (1 - cand ** 2)
    d_update = (dc_next * cand + out * (1 - np.tanh(cell) ** 2) * cand * da_next) * update * (1 - update)
    d_forget = (dc_next * c_prev + out * (1 - np.tanh(cell) ** 2) * c_prev * da_next) * forget * (1 - forget)

    both = np.concatenate((a_prev, xt), axis=0)
    dWf = np.dot(d_forget, both.T)
    dWi = np.dot(d_update, both.T)
    dWc = np.dot(d_cand, both.T)
    dWo = np.dot(d_out, both.T)
    dbf = np.sum(d_forget, axis=1, keepdims=True)
    dbi = np.sum(d_update, axis=1, keepdims=True)
    dbc = np.sum(d_cand, axis=1, keepdims=True)
    dbo = np.sum(d_out, axis=1, keepdims=True)

    d_prev = np.dot(Wf[:, :n_a].T, d_forget) + np.dot(Wi[:, :n_a].T, d_update) + np.dot(Wc[:, :n_a].T, d_cand) + np.dot(Wo[:, :n_a].T, d_out)
    d_cell = dc_next * forget + out * (1 - np.tanh(cell) ** 2) * forget * da_next
    d_xt = np.dot(Wf[:, n_a:].T, d_forget) + np.dot(Wi[:, n_a:].T, d_update) + np.dot(Wc[:, n_a:].T, d_cand) + np.dot(Wo[:, n_a:].T, d_out)

    grads = {"dxt": d_xt, "da_prev": d_prev, "dc_prev": d_cell, "dWf": dWf, "dbf": dbf, "dWi": dWi,
             "dbi": dbi, "dWc": dWc, "dbc": dbc, "dWo": dWo, "dbo": dbo}
    return grads


def lstm_backward(da, caches):
    (history, x) = caches
    n_a, m, steps = da.shape
    n_x = x.shape[0]

    dx = np.zeros((n_x, m, steps))
    dWf = np.zeros((n_a, n_a + n_x))
    dWi = np.zeros((n_a, n_a + n_x))
    dWc = np.zeros((n_a, n_a + n_x))
    dWo = np.zeros((n_a, n_a + n_x))
    dbf = np.zeros((n_a, 1))
    dbi = np.zeros((n_a, 1))
    dbc = np.zeros((n_a, 1))
    dbo = np.zeros((n_a, 1))
    carried = np.zeros((n_a, m))
    d_cell = np.zeros((n_a, m))

    for t in reversed(range(steps)):
        grads = lstm_cell_backward(da[:, :, t] + carried, d_cell, history[t])
        carried = grads["da_prev"]
        d_cell = grads["dc_prev"]
        dx[:, :, t] = grads["dxt"]
        dWf += grads["dWf"]
        dWi += grads["dWi"]
        dWc += grads["dWc"]
        dWo += grads["dWo"]
        dbf += grads["dbf"]
        dbi += grads["dbi"]
        dbc += grads["dbc"]
        dbo += grads["dbo"]

    da0 = carried
    gradients = {"dx": dx, "da0": da0, "dWf": dWf, "dbf": dbf, "dWi": dWi, "dbi": dbi,
                 "dWc": dWc, "dbc": dbc, "dWo": dWo, "dbo": dbo}
    return gradients


if __name__ == "__main__":
    np.random.seed(1)
    print(rnn_cell_forward(np.random.randn(3, 10), np.random.randn(5, 10), {}))
