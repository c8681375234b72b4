import numpy as np


class GRUCell:
    def __init__(self, input_size, hidden_size):
        self.d, self.h = input_size, hidden_size
        for g in "rzn":
            self.__dict__.update({
                f"W{g}x": np.random.randn(hidden_size, input_size), f"W{g}h": np.random.randn(hidden_size, hidden_size),
                f"b{g}x": np.random.randn(hidden_size), f"b{g}h": np.random.randn(hidden_size)})

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        given = dict(locals())
        given.pop("self")
        self.__dict__.update(given)

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def part(self, g, k, v):
        return getattr(self, f"W{g}{k}") @ v + getattr(self, f"b{g}{k}")

    def forward(self, x, h_prev_t):
        self.x, self.hidden = x, h_prev_t
        squash = lambda v: 1 / (1 + np.exp(-v))
        self.r = squash(self.part("r", "x", x) + self.part("r", "h", h_prev_t))
        self.z = squash(self.part("z", "x", x) + self.part("z", "h", h_prev_t))
        self.inner = self.part("n", "h", h_prev_t)
        self.n = np.tanh(self.part("n", "x", x) + self.r * self.inner)
        return self.n + self.z * (h_prev_t - self.n)

    def backward(self, delta):
        delta = np.ravel(delta)
        dn = delta * (1 - self.z) * (1 - self.n**2)
        dz = delta * (self.hidden - self.n) * self.z * (1 - self.z)
        dr = dn * self.inner * self.r * (1 - self.r)
        dx, dh = np.zeros(self.d), delta * self.z
        for g, at_x, at_h in (("r", dr, dr), ("z", dz, dz), ("n", dn, dn * self.r)):
            setattr(self, f"dW{g}x", at_x[:, None] * self.x[None])
            setattr(self, f"dW{g}h", at_h[:, None] * self.hidden[None])
            setattr(self, f"db{g}x", at_x)
            setattr(self, f"db{g}h", at_h)
            dx += at_x @ getattr(self, f"W{g}x")
            dh += at_h @ getattr(self, f"W{g}h")
        return dx, dh
