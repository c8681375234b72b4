# only the buffers are float32: the recurrence itself runs in double precision
import numpy as np
from rnn_utils import sigmoid, softmax


def rnn_forward(x, a0, parameters):
    n_x, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x), dtype="float32")
    y_pred = np.zeros((n_y, m, T_x), dtype="float32")
    caches = []
    a_next = a0
    for t in range(T_x):
        a_prev = a_next
        a_next = np.tanh(parameters["Wax"] @ x[:, :, t] + parameters["Waa"] @ a_prev + parameters["ba"])
        a[:, :, t] = a_next
        y_pred[:, :, t] = softmax(parameters["Wya"] @ a_next + parameters["by"])
        caches.append((a_next, a_prev, x[:, :, t], parameters))
    return a, y_pred, (caches, x)
