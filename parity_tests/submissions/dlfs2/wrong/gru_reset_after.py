# wrong: GRU.forward: reset after the product, r * (h_prev Whh): another GRU than the book's
# follows: GRU.backward
import numpy as np
from common.functions import sigmoid


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        xz, xr, xh = np.hsplit(x @ Wx + b, 3)
        hz, hr, hh = np.hsplit(h_prev @ Wh, 3)
        z = sigmoid(xz + hz)
        r = sigmoid(xr + hr)
        h_hat = np.tanh(xh + r * hh)
        self.cache = x, h_prev, hh, z, r, h_hat
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, hh, z, r, h_hat = self.cache
        dah = dh_next * z * (1 - h_hat ** 2)
        daz = dh_next * (h_hat - h_prev) * z * (1 - z)
        dar = dah * hh * r * (1 - r)
        dX = np.hstack((daz, dar, dah))
        dH = np.hstack((daz, dar, dah * r))
        self.grads[0][...] = x.T @ dX
        self.grads[1][...] = h_prev.T @ dH
        self.grads[2][...] = dX.sum(axis=0)
        return dX @ Wx.T, dh_next * (1 - z) + dH @ Wh.T
