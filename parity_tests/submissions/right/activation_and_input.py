# every activation returns what it was given along with its value, for a backward pass that wants it
import numpy as np


def sigmoid(pre):
    return 1.0 / (1.0 + np.exp(-pre)), pre


def tanh(pre):
    return np.tanh(pre), pre


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    both = np.concatenate([a_prev, xt], axis=0)
    gates, kept = {}, {}
    for letter, activation in zip("fico", (sigmoid, sigmoid, tanh, sigmoid)):
        pre = parameters["W" + letter].dot(both) + parameters["b" + letter]
        gates[letter], kept[letter] = activation(pre)
    c_next = gates["f"] * c_prev + gates["i"] * gates["c"]
    a_next = gates["o"] * np.tanh(c_next)
    logits = parameters["Wy"].dot(a_next) + parameters["by"]
    logits = np.exp(logits - np.max(logits, axis=0))
    cache = (a_next, c_next, a_prev, c_prev, gates["f"], gates["i"], gates["c"], gates["o"], xt, parameters)
    return a_next, c_next, logits / np.sum(logits, axis=0), cache


def lstm_forward(x, a0, parameters):
    steps = x.shape[2]
    state, memory = a0, np.zeros_like(a0)
    states, memories, predictions, caches = [], [], [], []
    for t in range(steps):
        state, memory, prediction, cache = lstm_cell_forward(x[:, :, t], state, memory, parameters)
        states.append(state)
        memories.append(memory)
        predictions.append(prediction)
        caches.append(cache)
    return np.stack(states, 2), np.stack(predictions, 2), np.stack(memories, 2), (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, f, i, c, o, xt, parameters = cache
    dc_total = dc_next + da_next * o * (1 - np.tanh(c_next) ** 2)
    both = np.concatenate([a_prev, xt], axis=0)
    pre = {
        "f": dc_total * c_prev * f * (1 - f),
        "i": dc_total * c * i * (1 - i),
        "c": dc_total * i * (1 - c * c),
        "o": da_next * np.tanh(c_next) * o * (1 - o),
    }
    back = sum(parameters["W" + k].T.dot(d) for k, d in pre.items())
    n_a = a_prev.shape[0]
    grads = {"da_prev": back[:n_a], "dxt": back[n_a:], "dc_prev": dc_total * f}
    grads.update({"dW" + k: d.dot(both.T) for k, d in pre.items()})
    grads.update({"db" + k: d.sum(axis=1, keepdims=True) for k, d in pre.items()})
    return grads
