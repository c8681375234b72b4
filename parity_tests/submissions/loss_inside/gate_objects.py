import numpy as np


class Gate:
    def __init__(self, n_in, n_hidden, kind):
        self.W = np.random.randn(n_hidden, n_in) * 0.1
        self.U = np.random.randn(n_hidden, n_hidden) * 0.1
        self.b = np.zeros(n_hidden)
        self.kind = kind
        self.zero()

    def zero(self):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)

    def __call__(self, x, h):
        a = self.W @ x + self.U @ h + self.b
        return np.tanh(a) if self.kind == 'tanh' else 1 / (1 + np.exp(-a))

    def back(self, d, out, x, h):
        d = d * (1 - out ** 2) if self.kind == 'tanh' else d * out * (1 - out)
        self.dW += np.outer(d, x)
        self.dU += np.outer(d, h)
        self.db += d
        return self.U.T @ d


class LSTM:
    def __init__(self, n_in, n_hidden, n_out):
        self.forget = Gate(n_in, n_hidden, 'sigmoid')
        self.entry = Gate(n_in, n_hidden, 'sigmoid')
        self.out = Gate(n_in, n_hidden, 'sigmoid')
        self.cand = Gate(n_in, n_hidden, 'tanh')
        self.V = np.random.randn(n_out, n_hidden) * 0.1
        self.n_hidden = n_hidden

    def bptt(self, xs, ys):
        for gate in (self.forget, self.entry, self.out, self.cand):
            gate.zero()
        self.dV = np.zeros_like(self.V)
        h, c, tape, loss = np.zeros(self.n_hidden), np.zeros(self.n_hidden), [], 0
        for x, y in zip(xs, ys):
            f, i, o, g = self.forget(x, h), self.entry(x, h), self.out(x, h), self.cand(x, h)
            c_new = f * c + i * g
            h_new = o * np.tanh(c_new)
            e = self.V @ h_new - y
            loss += 0.5 * e @ e
            tape.append((x, h, c, f, i, o, g, c_new, h_new, e))
            h, c = h_new, c_new
        dh_next, dc_next = np.zeros(self.n_hidden), np.zeros(self.n_hidden)
        for x, h, c, f, i, o, g, c_new, h_new, e in reversed(tape):
            self.dV += np.outer(e, h_new)
            dh = self.V.T @ e + dh_next
            dc = dc_next + dh * o * (1 - np.tanh(c_new) ** 2)
            dh_next = self.forget.back(dc * c, f, x, h)
            dh_next += self.entry.back(dc * g, i, x, h)
            dh_next += self.out.back(dh * np.tanh(c_new), o, x, h)
            dh_next += self.cand.back(dc * i, g, x, h)
            dc_next = dc * f
        return loss
