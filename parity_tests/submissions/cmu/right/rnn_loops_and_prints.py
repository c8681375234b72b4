import numpy as np
try:
    from mytorch.nn.activation import Tanh
except ImportError:
    class Tanh:
        def forward(self, Z):
            self.A = np.tanh(Z)
            return self.A

        def backward(self, dLdA):
            return dLdA * (1 - self.A * self.A)


class RNNCell:
    """loops over the examples, so that every product is matrix times vector"""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.activation = Tanh()
        self.W_ih = np.random.randn(hidden_size, input_size)
        self.W_hh = np.random.randn(hidden_size, hidden_size)
        self.b_ih = np.random.randn(hidden_size)
        self.b_hh = np.random.randn(hidden_size)
        self.zero_grad()

    def init_weights(self, W_ih, W_hh, b_ih, b_hh) -> None:
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def zero_grad(self) -> None:
        self.dW_ih = np.zeros((self.hidden_size, self.input_size))
        self.dW_hh = np.zeros((self.hidden_size, self.hidden_size))
        self.db_ih = np.zeros(self.hidden_size)
        self.db_hh = np.zeros(self.hidden_size)

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        z = np.zeros((x.shape[0], self.hidden_size))
        for b in range(x.shape[0]):
            z[b] = self.W_ih.dot(x[b]) + self.b_ih + self.W_hh.dot(h_prev_t[b]) + self.b_hh
        return self.activation.forward(z)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        B = delta.shape[0]
        print("backward, batch of", B)
        dx = np.zeros(h_prev_l.shape)
        dh_prev_t = np.zeros(h_prev_t.shape)
        for b in range(B):
            dz = delta[b] * (1 - np.square(h_t[b]))
            self.dW_ih += np.outer(dz, h_prev_l[b]) / B
            self.dW_hh += np.outer(dz, h_prev_t[b]) / B
            self.db_ih += dz / B
            self.db_hh += dz / B
            dx[b] = self.W_ih.T.dot(dz)
            dh_prev_t[b] = self.W_hh.T.dot(dz)
        return dx, dh_prev_t
