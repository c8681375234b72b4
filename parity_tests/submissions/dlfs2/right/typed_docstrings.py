from __future__ import annotations

from typing import Optional

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class RNN:
    """A vanilla recurrent layer for one time step.

    Attributes:
        params: ``[Wx, Wh, b]``
        grads: gradients in the same order
    """

    def __init__(self, Wx: Array, Wh: Array, b: Array) -> None:
        self.params: list[Array] = [Wx, Wh, b]
        self.grads: list[Array] = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache: Optional[tuple[Array, Array, Array]] = None

    def forward(self, x: Array, h_prev: Array) -> Array:
        """
        Args:
            x: input, (N, D)
            h_prev: hidden state of the step before, (N, H)

        Returns:
            the next hidden state, (N, H)
        """
        Wx, Wh, b = self.params
        t: Array = np.matmul(h_prev, Wh) + np.matmul(x, Wx) + b
        h_next: Array = np.tanh(t)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next: Array) -> tuple[Array, Array]:
        """Back through one step: gradients by x and by h_prev."""
        assert self.cache is not None, "forward first"
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1.0 - h_next**2)
        db = np.sum(dt, axis=0)
        dWh = np.matmul(h_prev.T, dt)
        dh_prev = np.matmul(dt, Wh.T)
        dWx = np.matmul(x.T, dt)
        dx = np.matmul(dt, Wx.T)
        self.grads[0][...] = dWx
        self.grads[1][...] = dWh
        self.grads[2][...] = db
        return dx, dh_prev


class TimeRNN:
    """T steps of :class:`RNN` with shared parameters."""

    def __init__(self, Wx: Array, Wh: Array, b: Array, stateful: bool = False) -> None:
        self.params: list[Array] = [Wx, Wh, b]
        self.grads: list[Array] = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers: list[RNN] = []
        self.h: Optional[Array] = None
        self.dh: Optional[Array] = None
        self.stateful = stateful

    def set_state(self, h: Array) -> None:
        self.h = h

    def reset_state(self) -> None:
        self.h = None

    def forward(self, xs: Array) -> Array:
        N, T, D = xs.shape
        D2, H = self.params[0].shape
        assert D == D2
        self.layers = []
        hs = np.empty((N, T, H), dtype=np.float32)
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype=np.float32)
        for t in range(T):
            layer = RNN(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs: Array) -> Array:
        Wx, Wh, b = self.params
        N, T, H = dhs.shape
        D, _ = Wx.shape
        dxs = np.empty((N, T, D), dtype=np.float32)
        dh: Array | int = 0
        grads: list = [0, 0, 0]
        for t in reversed(range(T)):
            layer = self.layers[t]
            dx, dh = layer.backward(dhs[:, t, :] + dh)  # summed, because h_t goes two ways
            dxs[:, t, :] = dx
            for i, grad in enumerate(layer.grads):
                grads[i] += grad
        for i, grad in enumerate(grads):
            self.grads[i][...] = grad
        self.dh = dh
        return dxs
