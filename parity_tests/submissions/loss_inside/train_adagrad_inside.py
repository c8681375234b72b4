import numpy as np


class RNN:
    def __init__(self, insize, outsize, hidsize, learning_rate):
        self.insize = insize
        self.h = np.zeros((hidsize, 1))
        self.W_hh = np.random.randn(hidsize, hidsize) * 0.01
        self.W_xh = np.random.randn(hidsize, insize) * 0.01
        self.W_hy = np.random.randn(outsize, hidsize) * 0.01
        self.b_h = np.zeros((hidsize, 1))
        self.b_y = np.zeros((outsize, 1))
        self.adaW_hh = np.zeros((hidsize, hidsize))
        self.adaW_xh = np.zeros((hidsize, insize))
        self.adaW_hy = np.zeros((outsize, hidsize))
        self.adab_h = np.zeros((hidsize, 1))
        self.adab_y = np.zeros((outsize, 1))
        self.learning_rate = learning_rate

    def train(self, x, y):
        xhat, yhat, p = {}, {}, {}
        hhat = {-1: np.copy(self.h)}
        loss = 0
        for t in range(len(x)):
            xhat[t] = np.zeros((self.insize, 1))
            xhat[t][x[t]] = 1
            hhat[t] = np.tanh(np.dot(self.W_xh, xhat[t]) + np.dot(self.W_hh, hhat[t-1]) + self.b_h)
            yhat[t] = np.dot(self.W_hy, hhat[t]) + self.b_y
            p[t] = np.exp(yhat[t]) / np.sum(np.exp(yhat[t]))
            loss -= np.log(p[t][y[t], 0])
        dW_xh, dW_hh, dW_hy = np.zeros_like(self.W_xh), np.zeros_like(self.W_hh), np.zeros_like(self.W_hy)
        db_h, db_y = np.zeros_like(self.b_h), np.zeros_like(self.b_y)
        dh_next = np.zeros_like(self.h)
        for t in reversed(range(len(x))):
            dy = np.copy(p[t])
            dy[y[t]] -= 1
            dW_hy += np.dot(dy, hhat[t].T)
            db_y += dy
            dh = np.dot(self.W_hy.T, dy) + dh_next
            dh_raw = (1 - hhat[t] ** 2) * dh
            dW_xh += np.dot(dh_raw, xhat[t].T)
            dW_hh += np.dot(dh_raw, hhat[t-1].T)
            db_h += dh_raw
            dh_next = np.dot(self.W_hh.T, dh_raw)
        self.h = hhat[len(x) - 1]
        for param, grad, ada in zip(
                [self.W_hh, self.W_xh, self.W_hy, self.b_h, self.b_y],
                [dW_hh, dW_xh, dW_hy, db_h, db_y],
                [self.adaW_hh, self.adaW_xh, self.adaW_hy, self.adab_h, self.adab_y]):
            ada += grad * grad
            param -= self.learning_rate * grad / np.sqrt(ada + 1e-8)
        return loss
