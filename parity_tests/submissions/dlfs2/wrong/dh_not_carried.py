# wrong: TimeRNN.backward: dh of step t+1 is not added to dhs[:, t] (no-carry)
import numpy as np

class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        self.x, self.h_prev, self.h = x, h_prev, np.tanh(x @ Wx + h_prev @ Wh + b)
        return self.h

    def backward(self, dh):
        Wx, Wh, b = self.params
        dt = dh * (1 - self.h ** 2)
        self.grads[0][...] = self.x.T @ dt
        self.grads[1][...] = self.h_prev.T @ dt
        self.grads[2][...] = dt.sum(axis=0)
        return dt @ Wx.T, dt @ Wh.T

class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.h, self.dh, self.layers, self.stateful = None, None, None, stateful

    def set_state(self, h): self.h = h
    def reset_state(self): self.h = None

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H))
        hs, self.layers = np.zeros((N, T, H)), []
        for t in range(T):
            self.layers.append(RNN(*self.params))
            self.h = self.layers[t].forward(xs[:, t], self.h)
            hs[:, t] = self.h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.zeros((N, T, self.params[0].shape[0]))
        total = [0, 0, 0]
        for t in reversed(range(T)):
            dx, dh = self.layers[t].backward(dhs[:, t])
            dxs[:, t] = dx
            for i in range(3):
                total[i] = total[i] + self.layers[t].grads[i]
        for i in range(3):
            self.grads[i][...] = total[i]
        self.dh = dh
        return dxs
