import numpy as np


class TinyRNN:
    def __init__(self, vocab_size, hidden_size, lr=1e-3, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2, self.n = lr, beta1, beta2, 0
        g = np.random.default_rng(0)
        self.E = g.normal(size=(vocab_size, hidden_size)) * 0.1
        self.R = g.normal(size=(hidden_size, hidden_size)) * 0.1
        self.O = g.normal(size=(hidden_size, vocab_size)) * 0.1
        self.names = ['E', 'R', 'O']
        self.m = {k: np.zeros_like(getattr(self, k)) for k in self.names}
        self.v = {k: np.zeros_like(getattr(self, k)) for k in self.names}

    def step(self, tokens, targets):
        """Returns the loss of one sequence and updates the weights."""
        hs, ps = [np.zeros(self.R.shape[0])], []
        for k in tokens:
            hs.append(np.tanh(self.E[k] + hs[-1] @ self.R))
            e = np.exp(hs[-1] @ self.O)
            ps.append(e / e.sum())
        loss = -sum(np.log(p[k]) for p, k in zip(ps, targets)) / len(tokens)
        grads = {k: np.zeros_like(getattr(self, k)) for k in self.names}
        dnext = 0
        for t in reversed(range(len(tokens))):
            dy = ps[t].copy()
            dy[targets[t]] -= 1
            dy /= len(tokens)
            grads['O'] += np.outer(hs[t + 1], dy)
            dz = (self.O @ dy + dnext) * (1 - hs[t + 1] ** 2)
            grads['E'][tokens[t]] += dz
            grads['R'] += np.outer(hs[t], dz)
            dnext = self.R @ dz
        self.n += 1
        for k in self.names:
            self.m[k] = self.beta1 * self.m[k] + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v[k] + (1 - self.beta2) * grads[k] ** 2
            mhat = self.m[k] / (1 - self.beta1 ** self.n)
            vhat = self.v[k] / (1 - self.beta2 ** self.n)
            getattr(self, k)[...] -= self.lr * mhat / (np.sqrt(vhat) + 1e-8)
        return loss
