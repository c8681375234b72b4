# keeps only what goes in: the gates are computed again on the way back
import numpy as np


def sig(z):
    return np.exp(-np.logaddexp(0, -z))


def soft(z):
    from scipy.special import logsumexp

    return np.exp(z - logsumexp(z, axis=0, keepdims=True))


def gates(p, a_prev, xt):
    joined = np.concatenate([a_prev, xt], 0)
    pre = [p[k] @ joined + p[b] for k, b in (("Wf", "bf"), ("Wi", "bi"), ("Wc", "bc"), ("Wo", "bo"))]
    return joined, sig(pre[0]), sig(pre[1]), np.tanh(pre[2]), sig(pre[3])


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    joined, f, i, g, o = gates(parameters, a_prev, xt)
    c = f * c_prev + i * g
    a = o * np.tanh(c)
    return a, c, soft(parameters["Wy"] @ a + parameters["by"]), (a, c, a_prev, c_prev, f, i, g, o, xt, parameters)


def lstm_cell_backward(da_next, dc_next, cache):
    a_prev, c_prev, xt, p = cache[2], cache[3], cache[8], cache[9]
    joined, f, i, g, o = gates(p, a_prev, xt)
    tanh_c = np.tanh(f * c_prev + i * g)
    dc = dc_next + da_next * o - da_next * o * tanh_c * tanh_c
    dzf = dc * c_prev * (f - f * f)
    dzi = dc * g * (i - i * i)
    dzg = dc * i - dc * i * g * g
    dzo = da_next * tanh_c * (o - o * o)
    n_a = len(a_prev)
    back = np.hstack([p["Wf"].T, p["Wi"].T, p["Wc"].T, p["Wo"].T]) @ np.vstack([dzf, dzi, dzg, dzo])
    column = lambda d: d.sum(axis=1)[:, np.newaxis]
    return {"dxt": back[n_a:], "da_prev": back[:n_a], "dc_prev": f * dc,
            "dWf": dzf @ joined.T, "dbf": column(dzf), "dWi": dzi @ joined.T, "dbi": column(dzi),
            "dWc": dzg @ joined.T, "dbc": column(dzg), "dWo": dzo @ joined.T, "dbo": column(dzo)}
