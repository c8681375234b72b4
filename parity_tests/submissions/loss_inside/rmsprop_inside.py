import numpy as np


class GRUNetwork:
    def __init__(self, n_in, n_hid, n_out, lr=0.01, decay=0.9):
        shape = (n_hid, n_hid + n_in)
        self.p = {k: np.random.randn(*shape) * 0.2 for k in ('Wz', 'Wr', 'Wn')}
        self.p['Wy'] = np.random.randn(n_out, n_hid) * 0.2
        self.cache = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.n_hid, self.lr, self.decay = n_hid, lr, decay

    def train_step(self, xs, ys):
        p, s = self.p, lambda a: 1 / (1 + np.exp(-a))
        h, tape, loss = np.zeros(self.n_hid), [], 0.0
        for x, y in zip(xs, ys):
            hx = np.concatenate((h, x))
            z, r = s(p['Wz'] @ hx), s(p['Wr'] @ hx)
            rx = np.concatenate((r * h, x))
            n = np.tanh(p['Wn'] @ rx)
            new = (1 - z) * n + z * h
            err = p['Wy'] @ new - y
            loss += np.sum(err ** 2) / 2
            tape.append((h, hx, z, r, rx, n, new, err))
            h = new
        g = {k: np.zeros_like(v) for k, v in p.items()}
        back = np.zeros(self.n_hid)
        for h, hx, z, r, rx, n, new, err in tape[::-1]:
            g['Wy'] += np.outer(err, new)
            dh = p['Wy'].T @ err + back
            dn = dh * (1 - z) * (1 - n * n)
            drx = (p['Wn'].T @ dn)[:self.n_hid]
            dr = drx * h * r * (1 - r)
            dz = dh * (h - n) * z * (1 - z)
            g['Wn'] += np.outer(dn, rx)
            g['Wr'] += np.outer(dr, hx)
            g['Wz'] += np.outer(dz, hx)
            back = dh * z + drx * r + (p['Wr'].T @ dr)[:self.n_hid] + (p['Wz'].T @ dz)[:self.n_hid]
        for k in p:
            self.cache[k] = self.decay * self.cache[k] + (1 - self.decay) * g[k] ** 2
            p[k] -= self.lr * g[k] / (np.sqrt(self.cache[k]) + 1e-8)
        return loss
