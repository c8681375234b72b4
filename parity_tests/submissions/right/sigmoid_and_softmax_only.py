import numpy as np


def sigmoid(x):
    """Logistic function, by the sign of x."""
    positive = x >= 0
    out = np.empty_like(x)
    out[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    out[~positive] = e / (1 + e)
    return out


def softmax(x):
    shift = x - np.amax(x, axis=0, keepdims=True)
    weights = np.exp(shift)
    return np.divide(weights, np.add.reduce(weights, axis=0, keepdims=True))
