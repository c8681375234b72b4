import numpy as np

HIDDEN = 64
VOCAB = 27
rng = np.random.default_rng(1)
W = rng.normal(0, 0.1, (4 * HIDDEN, VOCAB + HIDDEN))
b = np.zeros((4 * HIDDEN, 1))
V = rng.normal(0, 0.1, (VOCAB, HIDDEN))
d = np.zeros((VOCAB, 1))


def logistic(a):
    return 1.0 / (1.0 + np.exp(-a))


def loss_and_gradients(inputs, targets, h0, c0):
    hs, cs, gates, joined, probs = [h0], [c0], [], [], []
    loss = 0.0
    for k, target in zip(inputs, targets):
        x = np.eye(VOCAB)[:, [k]]
        xh = np.concatenate([x, hs[-1]])
        a = W @ xh + b
        i, f, o, g = np.split(a, 4)
        i, f, o, g = logistic(i), logistic(f), logistic(o), np.tanh(g)
        cs.append(f * cs[-1] + i * g)
        hs.append(o * np.tanh(cs[-1]))
        s = V @ hs[-1] + d
        e = np.exp(s - np.max(s.real))
        probs.append(e / e.sum())
        loss -= np.log(probs[-1][target, 0])
        gates.append((i, f, o, g))
        joined.append(xh)
    grads = {'W': np.zeros_like(W), 'b': np.zeros_like(b), 'V': np.zeros_like(V), 'd': np.zeros_like(d)}
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in range(len(inputs) - 1, -1, -1):
        i, f, o, g = gates[t]
        ds = probs[t].copy()
        ds[targets[t]] -= 1
        grads['V'] += ds @ hs[t + 1].T
        grads['d'] += ds
        dh = dh + V.T @ ds
        tc = np.tanh(cs[t + 1])
        dc = dc + dh * o * (1 - tc ** 2)
        da = np.concatenate([dc * g * i * (1 - i), dc * cs[t] * f * (1 - f), dh * tc * o * (1 - o), dc * i * (1 - g ** 2)])
        grads['W'] += da @ joined[t].T
        grads['b'] += da
        dh = (W.T @ da)[VOCAB:]
        dc = dc * f
    return loss, grads, (hs[-1], cs[-1])
