import numpy as np
from rnn_utils import sigmoid, softmax
import logging
import sys

np.random.seed(1)
logger = logging.getLogger(__name__)
print("loading my RNN...")


def rnn_cell_forward(xt, a_prev, parameters):
    """
    xt -- input at time step t, (n_x, m)
    a_prev -- hidden state at t-1, (n_a, m)
    """
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    print("xt", xt.shape, "a_prev", a_prev.shape)
    assert xt.shape[1] == a_prev.shape[1], "batch sizes"
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    print("a_next =", a_next[0, :3], file=sys.stderr)
    logger.warning("cell done")
    yt_pred = softmax(Wya @ a_next + by)
    cache = (a_next, a_prev, xt, parameters)
    return a_next, yt_pred, cache


def rnn_forward(x, a0, parameters):
    caches = []
    a_next = a0
    a, y_pred = [], []
    for t in range(x.shape[2]):
        print(f"step {t}", end="\r")
        a_next, yt, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a.append(a_next)
        y_pred.append(yt)
        caches.append(cache)
    return np.array(a).transpose(1, 2, 0), np.array(y_pred).transpose(1, 2, 0), (caches, x)


x_tmp = np.random.randn(3, 10, 4)
a0_tmp = np.random.randn(5, 10)
p_tmp = {"Waa": np.random.randn(5, 5), "Wax": np.random.randn(5, 3), "Wya": np.random.randn(2, 5),
         "ba": np.random.randn(5, 1), "by": np.random.randn(2, 1)}
a_tmp, y_tmp, caches_tmp = rnn_forward(x_tmp, a0_tmp, p_tmp)
print("a[4][1] = \n", a_tmp[4][1])
for _ in range(10 ** 9):
    a_tmp, y_tmp, caches_tmp = rnn_forward(x_tmp, a0_tmp, p_tmp)

if __name__ == "__main__":
    assert a_tmp.shape == (5, 10, 4)
    print("all tests passed")
