import numpy as np


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = np.array(a_next)
    dz *= dz
    np.subtract(1.0, dz, out=dz)
    dz *= da_next
    dxt = np.empty_like(xt)
    np.dot(parameters["Wax"].T, dz, out=dxt)
    da_prev = np.empty_like(a_prev)
    np.dot(parameters["Waa"].T, dz, out=da_prev)
    return {"dxt": dxt, "da_prev": da_prev, "dWax": dz @ xt.T, "dWaa": dz @ a_prev.T,
            "dba": dz.sum(axis=1, keepdims=True)}


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    n_a, m = a_next.shape
    concat = np.empty((n_a + xt.shape[0], m))
    concat[:n_a] = a_prev
    concat[n_a:] = xt
    dc = np.tanh(c_next)
    dot = dc.copy()
    dot *= da_next
    dot *= ot
    dot *= 1 - ot
    dc **= 2
    dc *= -1
    dc += 1
    dc *= ot
    dc *= da_next
    dc += dc_next
    dft = dc * c_prev
    dft *= ft * (1 - ft)
    dit = dc * cct
    dit *= it * (1 - it)
    dcct = dc * it
    dcct *= 1 - cct ** 2
    dc *= ft
    dconcat = np.zeros_like(concat)
    gradients = {"dc_prev": dc}
    for letter, delta in (("f", dft), ("i", dit), ("c", dcct), ("o", dot)):
        dconcat += parameters["W" + letter].T @ delta
        gradients["dW" + letter] = delta @ concat.T
        gradients["db" + letter] = delta.sum(axis=1, keepdims=True)
    gradients["da_prev"] = dconcat[:n_a]
    gradients["dxt"] = dconcat[n_a:]
    return gradients


def lstm_backward(da, caches):
    steps, x = caches
    n_a, m, T = da.shape
    da = da.copy()
    gradients = {"dx": np.zeros((x.shape[0], m, T))}
    for k in "fico":
        gradients[f"dW{k}"] = np.zeros((n_a, n_a + x.shape[0]))
        gradients[f"db{k}"] = np.zeros((n_a, 1))
    dc = np.zeros((n_a, m))
    gradients["da0"] = np.zeros((n_a, m))
    for t in reversed(range(T)):
        step = lstm_cell_backward(da[:, :, t], dc, steps[t])
        for name in gradients:
            if name in step:
                gradients[name] += step[name]
        gradients["dx"][:, :, t] = step["dxt"]
        dc[...] = step["dc_prev"]
        if t:
            da[:, :, t - 1] += step["da_prev"]
        else:
            gradients["da0"][:] = step["da_prev"]
    return gradients
