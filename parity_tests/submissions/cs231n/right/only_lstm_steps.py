import numpy as np

# TODO (me): lstm_forward / lstm_backward next week


def sigmoid(x):
    pos = x >= 0
    neg = ~pos
    out = np.empty_like(x, dtype=float)
    out[pos] = 1 / (1 + np.exp(-x[pos]))
    e = np.exp(x[neg])
    out[neg] = e / (1 + e)
    return out


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    _, H = prev_h.shape
    A = np.hstack((x, prev_h)).dot(np.vstack((Wx, Wh))) + b
    I = sigmoid(A[:, :H])
    F = sigmoid(A[:, H:-2 * H])
    O = sigmoid(A[:, -2 * H:-H])
    G = np.tanh(A[:, -H:])
    next_c = F * prev_c
    next_c += I * G
    S = np.tanh(next_c)
    next_h = S * O
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, I, F, O, G, S)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, I, F, O, G, S = cache
    D = x.shape[1]
    dO = dnext_h * S
    dS = dnext_h * O
    dC = dS * (1 - S ** 2)
    dC += dnext_c          # dC is mine, dnext_c is not
    dprev_c = dC * F
    dA = np.concatenate((dC * G * I * (1 - I),
                         dC * prev_c * F * (1 - F),
                         dO * O * (1 - O),
                         dC * I * (1 - G ** 2)), axis=-1)
    dXH = dA.dot(np.vstack((Wx, Wh)).T)
    dW = np.hstack((x, prev_h)).T.dot(dA)
    return dXH[:, :D], dXH[:, D:], dprev_c, dW[:D], dW[D:], dA.sum(axis=0)
