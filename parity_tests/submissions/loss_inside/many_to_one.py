import numpy as np


class Classifier:
    """One label a sequence."""

    def __init__(self, input_size, output_size, hidden_size=64):
        self.Whh = np.random.randn(hidden_size, hidden_size) / 1000
        self.Wxh = np.random.randn(hidden_size, input_size) / 1000
        self.Why = np.random.randn(output_size, hidden_size) / 1000
        self.bh = np.zeros((hidden_size, 1))
        self.by = np.zeros((output_size, 1))

    def forward(self, inputs):
        h = np.zeros((self.Whh.shape[0], 1))
        self.last_inputs = inputs
        self.last_hs = {0: h}
        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h
        return self.Why @ h + self.by, h

    def loss_and_grads(self, inputs, label):
        out, _ = self.forward(inputs)
        probs = np.exp(out) / np.sum(np.exp(out))
        loss = -np.log(probs[label, 0])
        d_y = probs.copy()
        d_y[label] -= 1
        return (loss, *self.backprop(d_y))

    def backprop(self, d_y):
        n = len(self.last_inputs)
        d_Why = d_y @ self.last_hs[n].T
        d_by = d_y
        d_Whh, d_Wxh, d_bh = np.zeros(self.Whh.shape), np.zeros(self.Wxh.shape), np.zeros(self.bh.shape)
        d_h = self.Why.T @ d_y
        for t in reversed(range(n)):
            temp = (1 - self.last_hs[t + 1] ** 2) * d_h
            d_bh = d_bh + temp
            d_Whh = d_Whh + temp @ self.last_hs[t].T
            d_Wxh = d_Wxh + temp @ self.last_inputs[t].T
            d_h = self.Whh.T @ temp
        return d_Wxh, d_Whh, d_Why, d_bh, d_by
