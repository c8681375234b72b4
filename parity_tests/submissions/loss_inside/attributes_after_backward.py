import numpy as np


class LSTMLanguageModel:
    def __init__(self, vocab_size, hidden_size):
        D, H = vocab_size, hidden_size
        self.H, self.D = H, D
        self.W = np.random.randn(4, H, H + D) / np.sqrt(H + D)
        self.b = np.zeros((4, H))
        self.Why = np.random.randn(D, H) / np.sqrt(H)
        self.by = np.zeros(D)

    def forward(self, inputs):
        sig = lambda a: 1 / (1 + np.exp(-a))
        self.h, self.c = [np.zeros(self.H)], [np.zeros(self.H)]
        self.z, self.gates, self.p = [], [], []
        for k in inputs:
            z = np.concatenate([self.h[-1], np.eye(self.D)[k]])
            a = self.W @ z + self.b
            f, i, o, g = sig(a[0]), sig(a[1]), sig(a[2]), np.tanh(a[3])
            self.c.append(f * self.c[-1] + i * g)
            self.h.append(o * np.tanh(self.c[-1]))
            s = self.Why @ self.h[-1] + self.by
            e = np.exp(s - s.max())
            self.z.append(z)
            self.gates.append((f, i, o, g))
            self.p.append(e / e.sum())
        return self.p

    def loss(self, targets):
        self.targets = targets
        return -sum(np.log(p[k]) for p, k in zip(self.p, targets))

    def backward(self):
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        self.dWhy, self.dby = np.zeros_like(self.Why), np.zeros_like(self.by)
        dh, dc = np.zeros(self.H), np.zeros(self.H)
        for t in range(len(self.p))[::-1]:
            f, i, o, g = self.gates[t]
            ds = self.p[t].copy()
            ds[self.targets[t]] -= 1
            self.dWhy += np.outer(ds, self.h[t + 1])
            self.dby += ds
            dh = dh + self.Why.T @ ds
            tc = np.tanh(self.c[t + 1])
            dc = dc + dh * o * (1 - tc * tc)
            da = np.stack([dc * self.c[t] * f * (1 - f), dc * g * i * (1 - i), dh * tc * o * (1 - o), dc * i * (1 - g * g)])
            self.dW += da[:, :, None] * self.z[t]
            self.db += da
            dz = np.einsum('khz,kh->z', self.W, da)
            dh = dz[:self.H]
            dc = dc * f

    def step(self, lr=0.1):
        for name in ('W', 'b', 'Why', 'by'):
            getattr(self, name).__isub__(lr * getattr(self, 'd' + name))
