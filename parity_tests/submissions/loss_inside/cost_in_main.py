import numpy as np


def make_weights(n_x, n_h, n_y):
    return [np.random.randn(n_h, n_x) * .1, np.random.randn(n_h, n_h) * .1, np.random.randn(n_y, n_h) * .1,
            np.zeros((n_h, 1)), np.zeros((n_y, 1))]


def cost_and_gradients(X, Y, h_prev):
    Wax, Waa, Wya, ba, by = weights
    a, x, y_hat, cost = {-1: h_prev}, {}, {}, 0
    for t in range(len(X)):
        x[t] = np.zeros((Wax.shape[1], 1))
        x[t][X[t]] = 1
        a[t] = np.tanh(Wax @ x[t] + Waa @ a[t - 1] + ba)
        s = Wya @ a[t] + by
        y_hat[t] = np.exp(s) / np.exp(s).sum()
        cost -= np.log(y_hat[t][Y[t], 0])
    dWax, dWaa, dWya, dba, dby = [np.zeros_like(w) for w in weights]
    da_next = np.zeros_like(h_prev)
    for t in reversed(range(len(X))):
        dy = np.copy(y_hat[t])
        dy[Y[t]] -= 1
        dWya += dy @ a[t].T
        dby += dy
        da = Wya.T @ dy + da_next
        daraw = (1 - a[t] * a[t]) * da
        dba += daraw
        dWax += daraw @ x[t].T
        dWaa += daraw @ a[t - 1].T
        da_next = Waa.T @ daraw
    return cost, [dWax, dWaa, dWya, dba, dby], a[len(X) - 1]


if __name__ == '__main__':
    text = open('dinos.txt').read().lower()
    vocab_size = len(set(text))
    n_a = 50
    weights = make_weights(vocab_size, n_a, vocab_size)
    for iteration in range(35000):
        cost, gradients, _ = cost_and_gradients([1, 2, 3], [2, 3, 4], np.zeros((n_a, 1)))
        for w, g in zip(weights, gradients):
            w -= 0.01 * np.clip(g, -5, 5)
