# wrong: LSTM.backward: forward reads f, g, i, o, the gradients are stacked as f, i, g, o (wrong-variable)
import numpy as np


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in (Wx, Wh, b)]

    @staticmethod
    def sigmoid(x):
        return 1.0 / (1.0 + np.exp(-x))

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        H = h_prev.shape[1]
        A = x.dot(Wx) + h_prev.dot(Wh) + b
        f = self.sigmoid(A[:, 0:H])
        g = np.tanh(A[:, H:2*H])
        i = self.sigmoid(A[:, 2*H:3*H])
        o = self.sigmoid(A[:, 3*H:4*H])
        c_next = f*c_prev + g*i
        self.cache = (x, h_prev, c_prev, f, g, i, o, c_next)
        return o*np.tanh(c_next), c_next

    def backward(self, dh_next, dc_next):
        Wx, Wh, b = self.params
        x, h_prev, c_prev, f, g, i, o, c_next = self.cache
        tanh_c = np.tanh(c_next)
        ds = dc_next + (dh_next*o)*(1 - tanh_c**2)
        df = ds*c_prev
        dg = ds*i
        di = ds*g
        do = dh_next*tanh_c
        df *= f*(1 - f)
        dg *= 1 - g**2
        di *= i*(1 - i)
        do *= o*(1 - o)
        dA = np.hstack((df, di, dg, do))
        self.grads[0][...] = x.T.dot(dA)
        self.grads[1][...] = h_prev.T.dot(dA)
        self.grads[2][...] = dA.sum(axis=0)
        return dA.dot(Wx.T), dA.dot(Wh.T), ds*f
