# FAIL lstm_cell_backward, reads-global parameters_tmp (a name of the notebook); judged further with parameters in its place: all else is right.
import numpy as np

def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    n_a = a_next.shape[0]
    dc = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = dc * it * (1 - cct ** 2)
    dit = dc * cct * it * (1 - it)
    dft = dc * c_prev * ft * (1 - ft)
    k = np.concatenate((a_prev, xt), axis=0)
    dk = parameters_tmp["Wf"].T @ dft + parameters_tmp["Wi"].T @ dit + parameters_tmp["Wc"].T @ dcct + parameters_tmp["Wo"].T @ dot
    g = {"dxt": dk[n_a:], "da_prev": dk[:n_a], "dc_prev": dc * ft}
    for s, d in (("f", dft), ("i", dit), ("c", dcct), ("o", dot)):
        g["dW" + s] = d @ k.T
        g["db" + s] = np.sum(d, axis=1, keepdims=True)
    return g

np.random.seed(1)
parameters_tmp = {"Wf": np.random.randn(5, 8)}
