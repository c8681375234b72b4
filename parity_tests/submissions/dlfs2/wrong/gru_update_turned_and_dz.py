# wrong: GRU.forward: z and 1 - z exchanged
# wrong: GRU.backward: mixes both conventions, and dz has no z (1 - z) (activation-derivative-missing)
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = h_prev.shape[1]
        zr = sigmoid(x @ Wx[:, :2*H] + h_prev @ Wh[:, :2*H] + b[:2*H])
        z, r = np.hsplit(zr, 2)
        h_hat = np.tanh(x @ Wx[:, 2*H:] + (r * h_prev) @ Wh[:, 2*H:] + b[2*H:])
        self.cache = (x, h_prev, z, r, h_hat)
        return z * h_prev + (1 - z) * h_hat

    def backward(self, dh):
        Wx, Wh, b = self.params
        x, h_prev, z, r, h_hat = self.cache
        H = h_prev.shape[1]
        da = dh * (1 - z) * (1 - h_hat ** 2)
        dz = dh * (h_hat - h_prev)
        drh = da @ Wh[:, 2*H:].T
        dr = drh * h_prev * r * (1 - r)
        dzr = np.hstack((dz, dr))
        d = np.hstack((dzr, da))
        self.grads[0][...] = x.T @ d
        self.grads[1][...] = np.hstack((h_prev.T @ dzr, (r * h_prev).T @ da))
        self.grads[2][...] = d.sum(axis=0)
        return d @ Wx.T, dh * z + drh * r + dzr @ Wh[:, :2*H].T
