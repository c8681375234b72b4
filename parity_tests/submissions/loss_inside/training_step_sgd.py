import numpy as np


class ElmanNetwork(object):
    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.05):
        self.eta = learning_rate
        self.hidden_size = hidden_size
        self.Wx = np.random.randn(input_size, hidden_size) * 0.1
        self.Wh = np.random.randn(hidden_size, hidden_size) * 0.1
        self.Wy = np.random.randn(hidden_size, output_size) * 0.1
        self.bh = np.zeros(hidden_size)
        self.by = np.zeros(output_size)

    def training_step(self, x, y):
        """One sequence: x (T, inputs), y (T, outputs); squared error."""
        h = [np.zeros(self.hidden_size)]
        out = []
        for x_t in x:
            h.append(np.tanh(x_t @ self.Wx + h[-1] @ self.Wh + self.bh))
            out.append(h[-1] @ self.Wy + self.by)
        loss = 0.5 * sum(np.sum((o - t) ** 2) for o, t in zip(out, y))
        gWx, gWh, gWy = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.Wy)
        gbh, gby = np.zeros_like(self.bh), np.zeros_like(self.by)
        back = np.zeros(self.hidden_size)
        for t in reversed(range(len(x))):
            e = out[t] - y[t]
            gWy += np.outer(h[t + 1], e)
            gby += e
            delta = (self.Wy @ e + back) * (1 - h[t + 1] ** 2)
            gWx += np.outer(x[t], delta)
            gWh += np.outer(h[t], delta)
            gbh += delta
            back = self.Wh @ delta
        self.Wx -= self.eta * gWx
        self.Wh -= self.eta * gWh
        self.Wy -= self.eta * gWy
        self.bh -= self.eta * gbh
        self.by -= self.eta * gby
        return loss
