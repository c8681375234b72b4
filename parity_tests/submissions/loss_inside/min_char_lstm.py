import numpy as np

data = open('kafka.txt').read()
chars = sorted(set(data))
char_to_ix = {c: i for i, c in enumerate(chars)}
vocab_size = len(chars)
hidden_size = 128
seq_length = 25
z_size = hidden_size + vocab_size

sigmoid = lambda v: 1 / (1 + np.exp(-v))

Wf = np.random.randn(hidden_size, z_size) * 0.1
Wi = np.random.randn(hidden_size, z_size) * 0.1
Wc = np.random.randn(hidden_size, z_size) * 0.1
Wo = np.random.randn(hidden_size, z_size) * 0.1
Wy = np.random.randn(vocab_size, hidden_size) * 0.1
bf, bi, bc, bo = (np.zeros((hidden_size, 1)) for _ in range(4))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev, cprev):
    x, z, f, i, g, o, c, h, p = {}, {}, {}, {}, {}, {}, {}, {}, {}
    h[-1], c[-1] = np.copy(hprev), np.copy(cprev)
    loss = 0
    for t in range(len(inputs)):
        x[t] = np.zeros((vocab_size, 1))
        x[t][inputs[t]] = 1
        z[t] = np.row_stack((h[t - 1], x[t])) if hasattr(np, 'row_stack') else np.vstack((h[t - 1], x[t]))
        f[t] = sigmoid(Wf @ z[t] + bf)
        i[t] = sigmoid(Wi @ z[t] + bi)
        g[t] = np.tanh(Wc @ z[t] + bc)
        o[t] = sigmoid(Wo @ z[t] + bo)
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        y = Wy @ h[t] + by
        p[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(p[t][targets[t], 0])
    dWf, dWi, dWc, dWo, dWy = (np.zeros_like(w) for w in (Wf, Wi, Wc, Wo, Wy))
    dbf, dbi, dbc, dbo, dby = (np.zeros_like(b) for b in (bf, bi, bc, bo, by))
    dhnext, dcnext = np.zeros_like(h[0]), np.zeros_like(c[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(p[t])
        dy[targets[t]] -= 1
        dWy += dy @ h[t].T
        dby += dy
        dh = Wy.T @ dy + dhnext
        do = dh * np.tanh(c[t]) * o[t] * (1 - o[t])
        dc = dcnext + dh * o[t] * (1 - np.tanh(c[t]) ** 2)
        df = dc * c[t - 1] * f[t] * (1 - f[t])
        di = dc * g[t] * i[t] * (1 - i[t])
        dg = dc * i[t] * (1 - g[t] ** 2)
        dWf += df @ z[t].T
        dWi += di @ z[t].T
        dWc += dg @ z[t].T
        dWo += do @ z[t].T
        dbf += df
        dbi += di
        dbc += dg
        dbo += do
        dz = Wf.T @ df + Wi.T @ di + Wc.T @ dg + Wo.T @ do
        dhnext = dz[:hidden_size, :]
        dcnext = f[t] * dc
    for d in [dWf, dWi, dWc, dWo, dWy, dbf, dbi, dbc, dbo, dby]:
        np.clip(d, -5, 5, out=d)
    return loss, dWf, dWi, dWc, dWo, dWy, dbf, dbi, dbc, dbo, dby, h[len(inputs) - 1], c[len(inputs) - 1]


n, p = 0, 0
while True:
    if n == 0:
        hprev, cprev = np.zeros((hidden_size, 1)), np.zeros((hidden_size, 1))
    inputs = [char_to_ix[c] for c in data[p:p + seq_length]]
    n += 1
