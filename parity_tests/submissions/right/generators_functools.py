import functools
import itertools
import operator

import numpy as np


@functools.lru_cache(maxsize=None)
def gate_names():
    return tuple("fico")


def steps(x):
    for t in range(x.shape[2]):
        yield t, x[:, :, t]


def sigmoid(z):
    return np.reciprocal(1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - functools.reduce(np.maximum, z))
    return e / functools.reduce(operator.add, e)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    joined = np.append(a_prev, xt, axis=0)
    z = {g: parameters["W" + g] @ joined + parameters["b" + g] for g in gate_names()}
    ft, it, ot = map(sigmoid, operator.itemgetter("f", "i", "o")(z))
    cct = np.tanh(z["c"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    return a_next, c_next, softmax(parameters["Wy"] @ a_next + parameters["by"]), (
        a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)


def lstm_forward(x, a0, parameters):
    def one(before, step):
        return lstm_cell_forward(step[1], before[0], before[1], parameters)

    start = (a0, np.zeros_like(a0), None, None)
    done = list(itertools.accumulate(steps(x), one, initial=start))[1:]
    collect = lambda k: np.stack([d[k] for d in done], axis=2)
    return collect(0), collect(2), collect(1), ([d[3] for d in done], x)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    dc = dc_next + da_next * ot / np.cosh(c_next) ** 2
    ds = lambda s: s * (1 - s)
    delta = dict(zip(gate_names(), (dc * c_prev * ds(ft), dc * cct * ds(it), dc * it * (1 - cct) * (1 + cct),
                                    da_next * np.tanh(c_next) * ds(ot))))
    joined = np.append(a_prev, xt, axis=0)
    dj = functools.reduce(operator.add, (parameters["W" + g].T @ d for g, d in delta.items()))
    da_prev, dxt = np.split(dj, [len(a_prev)])
    return {
        "da_prev": da_prev, "dxt": dxt, "dc_prev": dc * ft,
        **{"dW" + g: d @ joined.T for g, d in delta.items()},
        **{"db" + g: d @ np.ones((d.shape[1], 1)) for g, d in delta.items()},
    }


def lstm_backward(da, caches):
    cells, x = caches
    T = da.shape[2]
    each = []
    carry = (0.0, 0.0)
    for cache, d in zip(reversed(cells[:T]), reversed(np.moveaxis(da, 2, 0))):
        each.append(lstm_cell_backward(d + carry[0], np.zeros_like(d) + carry[1], cache))
        carry = each[-1]["da_prev"], each[-1]["dc_prev"]
    out = {k: sum(e[k] for e in each) for k in each[0] if k.startswith(("dW", "db"))}
    out["dx"] = np.stack([e["dxt"] for e in each[::-1]], axis=2)
    out["da0"] = carry[0]
    return out
