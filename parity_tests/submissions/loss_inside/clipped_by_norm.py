import numpy as np

H, D = 40, 10
model = dict(Wxh=np.random.randn(D, H) * 0.1, Whh=np.random.randn(H, H) * 0.1, Why=np.random.randn(H, D) * 0.1)
model['bh'], model['by'] = np.zeros((1, H)), np.zeros((1, D))


def forward(xs, h0, model):
    hs, ys = [h0], []
    for x in xs:
        hs.append(np.tanh(x @ model['Wxh'] + hs[-1] @ model['Whh'] + model['bh']))
        ys.append(hs[-1] @ model['Why'] + model['by'])
    return hs, ys


def loss_fn(xs, targets, h0, model):
    hs, ys = forward(xs, h0, model)
    loss = sum(0.5 * ((y - d) ** 2).sum() for y, d in zip(ys, targets))
    grads = {k: np.zeros_like(v) for k, v in model.items()}
    dh = np.zeros_like(h0)
    for t in reversed(range(len(xs))):
        dy = ys[t] - targets[t]
        grads['Why'] += hs[t + 1].T @ dy
        grads['by'] += dy
        dz = (dy @ model['Why'].T + dh) * (1 - hs[t + 1] ** 2)
        grads['Wxh'] += np.outer(xs[t], dz)
        grads['Whh'] += hs[t].T @ dz
        grads['bh'] += dz
        dh = dz @ model['Whh'].T
    norm = np.sqrt(sum((g ** 2).sum() for g in grads.values()))
    if norm > 5:
        grads = {k: g * 5 / norm for k, g in grads.items()}
    return loss, grads
