import numpy as np


def init_params(vocab, hidden):
    r = np.random.RandomState(0)
    return {'Wx': r.randn(hidden, vocab) * 0.1, 'Wh': r.randn(hidden, hidden) * 0.1, 'bh': np.zeros((hidden, 1)),
            'Wo': r.randn(vocab, hidden) * 0.1, 'bo': np.zeros((vocab, 1))}


vocab_size = 65
hidden_size = 128
params = init_params(vocab_size, hidden_size)


def one_hot(k):
    v = np.zeros((vocab_size, 1))
    v[k] = 1
    return v


def loss_func(inputs, targets, h_prev, params):
    Wx, Wh, bh, Wo, bo = (params[k] for k in ('Wx', 'Wh', 'bh', 'Wo', 'bo'))
    hs, probs, loss = {-1: h_prev}, {}, 0
    for t, k in enumerate(inputs):
        hs[t] = np.tanh(Wx @ one_hot(k) + Wh @ hs[t - 1] + bh)
        logits = Wo @ hs[t] + bo
        probs[t] = np.exp(logits) / np.exp(logits).sum()
        loss += -np.log(probs[t][targets[t]]).item()
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    dh_next = np.zeros_like(h_prev)
    for t in range(len(inputs) - 1, -1, -1):
        d = probs[t] - one_hot(targets[t])
        grads['Wo'] += d @ hs[t].T
        grads['bo'] += d
        dz = (Wo.T @ d + dh_next) * (1 - hs[t] ** 2)
        grads['Wx'] += dz @ one_hot(inputs[t]).T
        grads['Wh'] += dz @ hs[t - 1].T
        grads['bh'] += dz
        dh_next = Wh.T @ dz
    return loss, grads, hs[len(inputs) - 1]
