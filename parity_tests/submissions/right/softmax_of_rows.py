"""The softmax of another exercise, one example a row: turned for it, and turned back."""
import numpy as np


def softmax(rows):
    odds = np.exp(rows - rows.max(axis=1)[:, None])
    return odds / odds.sum(axis=1)[:, None]


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    yt_pred = softmax((p["Wya"] @ a_next + p["by"]).T).T
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def rnn_forward(x, a0, parameters):
    # the step is written out
    p, a = parameters, [a0]
    for xt in np.moveaxis(x, 2, 0):
        a.append(np.tanh(p["Wax"] @ xt + p["Waa"] @ a[-1] + p["ba"]))
    y_pred = np.dstack([softmax((p["Wya"] @ state + p["by"]).T).T for state in a[1:]])
    caches = [(a[t + 1], a[t], x[:, :, t], parameters) for t in range(x.shape[2])]
    return np.dstack(a[1:]), y_pred, (caches, x)
