import numpy as np


class Net:
    def __init__(self, vocab, units):
        f = np.float32
        self.Wx = np.random.randn(units, vocab).astype(f) * f(0.1)
        self.Wh = np.random.randn(units, units).astype(f) * f(0.1)
        self.Wo = np.random.randn(vocab, units).astype(f) * f(0.1)
        self.b = np.zeros((units, 1), dtype=f)

    def loss_fun(self, inputs, targets, hprev):
        hs, ps, loss = {-1: hprev}, {}, 0
        for t in range(len(inputs)):
            hs[t] = np.tanh(self.Wx[:, [inputs[t]]] + self.Wh @ hs[t - 1] + self.b)
            e = np.exp(self.Wo @ hs[t])
            ps[t] = e / e.sum()
            loss -= np.log(ps[t][targets[t], 0])
        gx, gh, go, gb = (np.zeros_like(w) for w in (self.Wx, self.Wh, self.Wo, self.b))
        dnext = np.zeros_like(self.b)
        for t in reversed(range(len(inputs))):
            dy = ps[t].copy()
            dy[targets[t]] -= 1
            go += dy @ hs[t].T
            dz = (self.Wo.T @ dy + dnext) * (1 - hs[t] ** 2)
            gx[:, inputs[t]] += dz[:, 0]
            gh += dz @ hs[t - 1].T
            gb += dz
            dnext = self.Wh.T @ dz
        return loss, {'Wx': gx, 'Wh': gh, 'Wo': go, 'b': gb}, hs[len(inputs) - 1]
