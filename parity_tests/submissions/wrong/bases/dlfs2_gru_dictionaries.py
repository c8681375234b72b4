import numpy as np


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def _parts(self):
        names = ("z", "r", "n")
        return [dict(zip(names, np.split(p, 3, axis=-1))) for p in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self._parts()
        s = {"x": x, "h": h_prev}
        for k in "zr":
            s[k] = 1 / (1 + np.exp(-(x @ Wx[k] + h_prev @ Wh[k] + b[k])))
        s["rh"] = s["r"] * h_prev
        s["n"] = np.tanh(x @ Wx["n"] + s["rh"] @ Wh["n"] + b["n"])
        self.s = s
        return h_prev + s["z"] * (s["n"] - h_prev)

    def backward(self, dh_next):
        Wx, Wh, b = self._parts()
        s = self.s
        d = {"n": dh_next * s["z"] * (1 - s["n"] ** 2)}
        d["z"] = dh_next * (s["n"] - s["h"]) * s["z"] * (1 - s["z"])
        drh = d["n"] @ Wh["n"].T
        d["r"] = drh * s["h"] * s["r"] * (1 - s["r"])
        met = {"z": s["h"], "r": s["h"], "n": s["rh"]}
        self.grads[0][...] = np.hstack([s["x"].T @ d[k] for k in "zrn"])
        self.grads[1][...] = np.hstack([met[k].T @ d[k] for k in "zrn"])
        self.grads[2][...] = np.hstack([d[k].sum(0) for k in "zrn"])
        dh_prev = dh_next * (1 - s["z"]) + drh * s["r"] + sum(d[k] @ Wh[k].T for k in "zr")
        return sum(d[k] @ Wx[k].T for k in "zrn"), dh_prev


class TimeGRU:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.stateful, self.h, self.dh = [Wx, Wh, b], stateful, None, None
        self.grads = [np.zeros_like(p) for p in self.params]

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None

    def forward(self, xs):
        if self.h is None or not self.stateful:
            self.h = np.zeros((xs.shape[0], self.params[1].shape[0]), dtype=xs.dtype)
        self.layers = [GRU(*self.params) for _ in range(xs.shape[1])]
        hs = [self.h]
        for t, gru in enumerate(self.layers):
            hs.append(gru.forward(xs[:, t], hs[t]))
        self.h = hs[-1]
        return np.stack(hs[1:], axis=1)

    def backward(self, dhs):
        dxs, dh = np.empty((*dhs.shape[:2], self.params[0].shape[0]), dtype=dhs.dtype), 0
        for g in self.grads:
            g.fill(0)
        for t in range(dhs.shape[1])[::-1]:
            dxs[:, t], dh = self.layers[t].backward(dhs[:, t] + dh)
            for mine, new in zip(self.grads, self.layers[t].grads):
                mine += new
        self.dh = dh
        return dxs
