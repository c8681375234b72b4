import numpy as np

mm = "ij,j...->i..."


def softmax(z):
    return (e := np.exp(z - z.max(0, keepdims=True))) / np.einsum("i...->...", e)


def rnn_cell_forward(xt, a_prev, parameters):
    w = parameters
    pre = np.einsum(mm, w["Wax"], xt) + np.einsum(mm, w["Waa"], a_prev) + w["ba"]
    a_next = np.tanh(pre)
    yt_pred = softmax(np.einsum(mm, w["Wya"], a_next) + w["by"])
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def rnn_forward(x, a0, parameters):
    hidden, outputs, caches = [a0], [], []
    for xt in np.einsum("imt->tim", x):
        a_next, yt, cache = rnn_cell_forward(xt, hidden[-1], parameters)
        hidden.append(a_next)
        outputs.append(yt)
        caches.append(cache)
    together = lambda parts: np.einsum("tim->imt", np.array(parts))
    return together(hidden[1:]), together(outputs), (caches, x)


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, w = cache
    dz = da_next - np.einsum("im,im,im->im", da_next, a_next, a_next)
    return {
        "dxt": np.einsum("ji,jm->im", w["Wax"], dz),
        "da_prev": np.einsum("ji,jm->im", w["Waa"], dz),
        "dWax": np.einsum("im,jm->ij", dz, xt),
        "dWaa": np.einsum("im,jm->ij", dz, a_prev),
        "dba": np.einsum("im->i", dz)[:, None],
    }


def rnn_backward(da, caches):
    steps, x = caches
    each, da_prev = [], np.zeros_like(da[..., 0])
    for t in range(da.shape[-1])[::-1]:
        each.insert(0, rnn_cell_backward(da[..., t] + da_prev, steps[t]))
        da_prev = each[0]["da_prev"]
    out = {k: sum(g[k] for g in each) for k in ("dWax", "dWaa", "dba")}
    return {"dx": np.stack([g["dxt"] for g in each], axis=-1), "da0": da_prev, **out}
