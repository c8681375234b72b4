import numpy as np

rng = np.random.RandomState(3)
H, V = 32, 20
Wx = rng.randn(V, H) * 0.1
Wh = rng.randn(H, H) * 0.1
b = np.zeros(H)
Wo = rng.randn(H, V) * 0.1
bo = np.zeros(V)


def loss_and_grad(x, y):
    """x (B, T, V), y (B, T) labels: mean over all of them."""
    B, T, _ = x.shape
    h = [np.zeros((B, H))]
    loss, ps = 0, []
    for t in range(T):
        h.append(np.tanh(x[:, t] @ Wx + h[-1] @ Wh + b))
        s = h[-1] @ Wo + bo
        e = np.exp(s)
        ps.append(e / e.sum(axis=1, keepdims=True))
        loss -= np.log(ps[-1][np.arange(B), y[:, t]]).sum() / (B * T)
    dWx, dWh, db, dWo, dbo = map(np.zeros_like, (Wx, Wh, b, Wo, bo))
    dh = np.zeros((B, H))
    for t in reversed(range(T)):
        ds = ps[t].copy()
        ds[np.arange(B), y[:, t]] -= 1
        ds /= B * T
        dWo += h[t + 1].T @ ds
        dbo += ds.sum(axis=0)
        dz = (ds @ Wo.T + dh) * (1 - h[t + 1] ** 2)
        dWx += x[:, t].T @ dz
        dWh += h[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ Wh.T
    return loss, (dWx, dWh, db, dWo, dbo)
