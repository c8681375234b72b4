import numpy as np


class StackedRNN:
    def __init__(self, in_dim, hid_dim, out_dim, lr=0.01, mu=0.9):
        n = np.random.randn
        self.W = [n(hid_dim, in_dim) * 0.1, n(hid_dim, hid_dim) * 0.1]
        self.U = [n(hid_dim, hid_dim) * 0.1, n(hid_dim, hid_dim) * 0.1]
        self.V = n(out_dim, hid_dim) * 0.1
        self.velocity = [np.zeros_like(w) for w in (*self.W, *self.U, self.V)]
        self.hid, self.lr, self.mu = hid_dim, lr, mu

    def train_step(self, xs, targets):
        h = [[np.zeros(self.hid)], [np.zeros(self.hid)]]
        errors, loss = [], 0
        for x, d in zip(xs, targets):
            h[0].append(np.tanh(self.W[0] @ x + self.U[0] @ h[0][-1]))
            h[1].append(np.tanh(self.W[1] @ h[0][-1] + self.U[1] @ h[1][-1]))
            errors.append(self.V @ h[1][-1] - d)
            loss += np.sum(errors[-1] ** 2)
        gW, gU, gV = [np.zeros_like(w) for w in self.W], [np.zeros_like(u) for u in self.U], np.zeros_like(self.V)
        carry = [np.zeros(self.hid), np.zeros(self.hid)]
        for t in range(len(xs) - 1, -1, -1):
            gV += 2 * np.outer(errors[t], h[1][t + 1])
            above = 2 * self.V.T @ errors[t]
            for l in (1, 0):
                dz = (above + carry[l]) * (1 - h[l][t + 1] ** 2)
                below = xs[t] if l == 0 else h[0][t + 1]
                gW[l] += np.outer(dz, below)
                gU[l] += np.outer(dz, h[l][t])
                carry[l] = self.U[l].T @ dz
                above = self.W[l].T @ dz
        for w, g, v in zip((*self.W, *self.U, self.V), (*gW, *gU, gV), self.velocity):
            v *= self.mu
            v -= self.lr * g
            w += v
        return loss
