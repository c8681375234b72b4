import numpy as np
import sys

sys.path.append("mytorch")
from nn.activation import *
from nn.linear import *


class RNNCell(object):
    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.activation = Tanh()
        scale = 1 / np.sqrt(hidden_size)
        self.W_ih = np.random.uniform(-scale, scale, (hidden_size, input_size))
        self.W_hh = np.random.uniform(-scale, scale, (hidden_size, hidden_size))
        self.b_ih = np.random.uniform(-scale, scale, hidden_size)
        self.b_hh = np.random.uniform(-scale, scale, hidden_size)
        self.zero_grad()

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def zero_grad(self):
        self.dW_ih = np.zeros_like(self.W_ih)
        self.dW_hh = np.zeros_like(self.W_hh)
        self.db_ih = np.zeros_like(self.b_ih)
        self.db_hh = np.zeros_like(self.b_hh)

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        x_part = np.dot(self.W_ih, x.T).T + self.b_ih
        h_part = np.dot(self.W_hh, h_prev_t.T).T + self.b_hh
        return self.activation.forward(x_part + h_part)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        batch_size = delta.shape[0]
        dz = delta * self.activation.backward(state=h_t)       # derivative only in our edition
        self.dW_ih += np.dot(dz.T, h_prev_l) / batch_size
        self.dW_hh += np.dot(dz.T, h_prev_t) / batch_size
        for name in ("db_ih", "db_hh"):
            setattr(self, name, getattr(self, name) + dz.sum(axis=0) / batch_size)
        return np.dot(dz, self.W_ih), np.dot(dz, self.W_hh)


class RNNPhonemeClassifier(object):
    """a stack of cells and a linear layer on top of the last one"""

    def __init__(self, input_size, hidden_size, output_size, num_layers=2):
        self.hidden_size, self.num_layers = hidden_size, num_layers
        self.rnn = [RNNCell(input_size if i == 0 else hidden_size, hidden_size) for i in range(num_layers)]
        self.output_layer = Linear(hidden_size, output_size)
        self.hiddens = []

    def init_weights(self, rnn_weights, linear_weights):
        for cell, weights in zip(self.rnn, rnn_weights):
            cell.init_weights(*weights)
        self.output_layer.W, self.output_layer.b = linear_weights[0], linear_weights[1].reshape(-1, 1)

    def __call__(self, x, h_0=None):
        return self.forward(x, h_0)

    def forward(self, x, h_0=None):
        hidden = np.zeros((self.num_layers, x.shape[0], self.hidden_size)) if h_0 is None else h_0
        self.x = x
        self.hiddens = [hidden.copy()]
        for t in range(x.shape[1]):
            below = x[:, t, :]
            now = []
            for layer, cell in enumerate(self.rnn):
                below = cell(below, self.hiddens[-1][layer])
                now.append(below)
            self.hiddens.append(np.array(now))
        return self.output_layer.forward(self.hiddens[-1][-1])

    def backward(self, delta):
        batch_size, seq_len = self.x.shape[0], self.x.shape[1]
        dh = np.zeros((self.num_layers, batch_size, self.hidden_size))
        dh[-1] = self.output_layer.backward(delta)
        for t in reversed(range(seq_len)):
            for layer in reversed(range(self.num_layers)):
                below = self.x[:, t, :] if layer == 0 else self.hiddens[t + 1][layer - 1]
                dx, dh[layer] = self.rnn[layer].backward(dh[layer], self.hiddens[t + 1][layer], below, self.hiddens[t][layer])
                if layer > 0:
                    dh[layer - 1] += dx
        return dh / batch_size


class GRUCell(object):
    def __init__(self, d, h):
        self.d, self.h = d, h
        self.params = {}
        self.r_act, self.z_act, self.h_act = Sigmoid(), Sigmoid(), Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        own = dict(locals())
        own.pop("self")
        self.params = own
        for key, value in own.items():
            setattr(self, key, value)
            setattr(self, "d" + key, np.zeros_like(value))

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        p = self.params
        self.x, self.hidden = x, h_prev_t
        gate = lambda g: p["W%sx" % g].dot(x) + p["b%sx" % g] + p["W%sh" % g].dot(h_prev_t) + p["b%sh" % g]
        self.r = self.r_act.forward(gate("r"))
        self.z = self.z_act.forward(gate("z"))
        self.nh = p["Wnh"].dot(h_prev_t) + p["bnh"]
        self.n = self.h_act.forward(p["Wnx"].dot(x) + p["bnx"] + self.r * self.nh)
        return (1 - self.z) * self.n + self.z * h_prev_t

    def backward(self, delta):
        p = self.params
        dn = self.h_act.backward(delta * (1 - self.z))
        dz = self.z_act.backward(delta * (self.hidden - self.n))
        dr = self.r_act.backward(dn * self.nh)
        dx, dh = np.zeros(self.d), delta * self.z
        for g, on_x, on_h in (("r", dr, dr), ("z", dz, dz), ("n", dn, dn * self.r)):
            setattr(self, "dW%sx" % g, on_x[:, None] * self.x)
            setattr(self, "dW%sh" % g, on_h[:, None] * self.hidden)
            setattr(self, "db%sx" % g, on_x)
            setattr(self, "db%sh" % g, on_h)
            dx += on_x @ p["W%sx" % g]
            dh = dh + on_h @ p["W%sh" % g]
        return dx, dh
