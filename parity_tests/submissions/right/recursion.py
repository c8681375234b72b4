import numpy as np
import rnn_utils


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"].dot(xt) + parameters["Waa"].dot(a_prev) + parameters["ba"])
    return (
        a_next,
        rnn_utils.softmax(parameters["Wya"].dot(a_next) + parameters["by"]),
        (a_next, a_prev, xt, parameters),
    )


def rnn_forward(x, a0, parameters):
    def go(t, a_prev):
        if t == x.shape[2]:
            return [], [], []
        a_next, y, cache = rnn_cell_forward(x[:, :, t], a_prev, parameters)
        a_rest, y_rest, caches = go(t + 1, a_next)
        return [a_next] + a_rest, [y] + y_rest, [cache] + caches

    a, y, caches = go(0, a0)
    return np.transpose(a, (1, 2, 0)), np.transpose(y, (1, 2, 0)), (caches, x)


def rnn_backward(da, caches):
    list_of_caches, x = caches
    T = da.shape[2]

    def gradients_after(t):
        """da_prev of step t, with the sums over the steps t, ..., T - 1."""
        if t == T:
            return np.zeros(da.shape[:2]), [], 0.0, 0.0, 0.0
        carried, dx, dWax, dWaa, dba = gradients_after(t + 1)
        a_next, a_prev, xt, p = list_of_caches[t]
        dz = (da[:, :, t] + carried) * (1 - a_next ** 2)
        return (p["Waa"].T.dot(dz), [p["Wax"].T.dot(dz)] + dx, dWax + dz.dot(xt.T),
                dWaa + dz.dot(a_prev.T), dba + dz.sum(axis=1, keepdims=True))

    da0, dx, dWax, dWaa, dba = gradients_after(0)
    return {"dx": np.stack(dx, axis=2), "da0": da0, "dWax": dWax, "dWaa": dWaa, "dba": dba}
