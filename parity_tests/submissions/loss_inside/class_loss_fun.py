import numpy as np


class CharRNN:
    def __init__(self, vocab_size, hidden_size=100, learning_rate=0.1):
        self.hidden_size = hidden_size
        self.vocab_size = vocab_size
        self.lr = learning_rate
        self.U = np.random.uniform(-0.1, 0.1, (hidden_size, vocab_size))
        self.V = np.random.uniform(-0.1, 0.1, (vocab_size, hidden_size))
        self.W = np.random.uniform(-0.1, 0.1, (hidden_size, hidden_size))
        self.b = np.zeros((hidden_size, 1))
        self.c = np.zeros((vocab_size, 1))
        self.mU, self.mV, self.mW = np.zeros_like(self.U), np.zeros_like(self.V), np.zeros_like(self.W)
        self.mb, self.mc = np.zeros_like(self.b), np.zeros_like(self.c)

    def softmax(self, x):
        p = np.exp(x - np.max(x))
        return p / np.sum(p)

    def forward(self, inputs, hprev):
        xs, hs, ycap = {}, {}, {}
        hs[-1] = np.copy(hprev)
        for t in range(len(inputs)):
            xs[t] = np.zeros((self.vocab_size, 1))
            xs[t][inputs[t]] = 1
            hs[t] = np.tanh(np.dot(self.U, xs[t]) + np.dot(self.W, hs[t - 1]) + self.b)
            ycap[t] = self.softmax(np.dot(self.V, hs[t]) + self.c)
        return xs, hs, ycap

    def loss(self, ps, targets):
        return sum(-np.log(ps[t][targets[t], 0]) for t in range(len(targets)))

    def backward(self, xs, hs, ycap, targets):
        dU, dW, dV = np.zeros_like(self.U), np.zeros_like(self.W), np.zeros_like(self.V)
        db, dc = np.zeros_like(self.b), np.zeros_like(self.c)
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(len(targets))):
            dy = np.copy(ycap[t])
            dy[targets[t]] -= 1
            dV += np.dot(dy, hs[t].T)
            dc += dy
            dh = np.dot(self.V.T, dy) + dhnext
            dhrec = (1 - hs[t] * hs[t]) * dh
            db += dhrec
            dU += np.dot(dhrec, xs[t].T)
            dW += np.dot(dhrec, hs[t - 1].T)
            dhnext = np.dot(self.W.T, dhrec)
        for dparam in [dU, dW, dV, db, dc]:
            np.clip(dparam, -5, 5, out=dparam)
        return dU, dW, dV, db, dc

    def update_model(self, dU, dW, dV, db, dc):
        for param, dparam, mem in zip([self.U, self.W, self.V, self.b, self.c], [dU, dW, dV, db, dc],
                                      [self.mU, self.mW, self.mV, self.mb, self.mc]):
            mem += dparam * dparam
            param += -self.lr * dparam / np.sqrt(mem + 1e-8)
