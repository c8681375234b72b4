import numpy as np


def _sig(v):
    return 1.0 / (1.0 + np.exp(-v))


def _probabilities(v):
    v = np.exp(v - v.max(-1)[..., None])
    return v / v.sum(-1)[..., None]


def rnn_forward(x, a_init, parameters):
    W_a, U_a, b_a, W_y, b_y = parameters
    states = []
    state = a_init
    for x_t in x.swapaxes(0, 1):
        state = np.tanh(x_t @ W_a + state @ U_a + b_a)
        states.append(state)
    a = np.stack(states, axis=1)
    return a, _probabilities(a @ W_y + b_y)


def rnn_backward(da, x, a_init, parameters):
    W_a, U_a, b_a = parameters[:3]
    a, _ = rnn_forward(x, a_init, parameters)
    T = da.shape[1]
    before = np.concatenate([a_init[:, None], a[:, :-1]], axis=1)
    delta = np.zeros_like(da)
    carried = np.zeros_like(a_init)
    for t in range(T - 1, -1, -1):
        delta[:, t] = (da[:, t] + carried) * (1 - a[:, t] ** 2)
        carried = delta[:, t] @ U_a.T
    return {
        "dx": delta @ W_a.T,
        "da_init": carried,
        "dW_a": np.einsum("mtx,mta->xa", x[:, :T], delta),
        "dU_a": np.einsum("mtb,mta->ba", before[:, :T], delta),
        "db_a": delta.sum(axis=(0, 1)),
    }


def lstm_forward(x, a_init, parameters):
    W = np.concatenate(parameters[:8:2], axis=1)
    b = np.concatenate(parameters[1:8:2])
    W_y, b_y = parameters[8:]
    n_a = a_init.shape[1]
    h, memory = a_init, np.zeros_like(a_init)
    a, mem = [], []
    for t in range(x.shape[1]):
        z = np.hstack((h, x[:, t])) @ W + b
        f, u, cand, o = z[:, :n_a], z[:, n_a:2 * n_a], z[:, 2 * n_a:3 * n_a], z[:, 3 * n_a:]
        memory = _sig(f) * memory + _sig(u) * np.tanh(cand)
        h = _sig(o) * np.tanh(memory)
        a.append(h)
        mem.append(memory)
    a = np.array(a).transpose(1, 0, 2)
    return a, np.array(mem).transpose(1, 0, 2), _probabilities(a @ W_y + b_y)


def lstm_backward(da, x, a_init, parameters):
    W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y = parameters
    a, mem, _ = lstm_forward(x, a_init, parameters)
    m, T, n_a = da.shape
    dx = np.zeros((m, T, x.shape[2]))
    out = {}
    dh, dm = np.zeros((m, n_a)), np.zeros((m, n_a))
    for t in reversed(range(T)):
        a_prev = a[:, t - 1] if t > 0 else a_init
        m_prev = mem[:, t - 1] if t > 0 else np.zeros((m, n_a))
        joined = np.hstack([a_prev, x[:, t]])
        f, u, o = (_sig(joined @ W + b) for W, b in ((W_f, b_f), (W_u, b_u), (W_o, b_o)))
        cand = np.tanh(joined @ W_m + b_m)
        tanh_m = np.tanh(mem[:, t])
        dh = dh + da[:, t]
        dm = dm + dh * o * (1 - tanh_m ** 2)
        delta = {"f": dm * m_prev * f * (1 - f), "u": dm * cand * u * (1 - u),
                 "m": dm * u * (1 - cand ** 2), "o": dh * tanh_m * o * (1 - o)}
        back = np.zeros_like(joined)
        for k, W in (("f", W_f), ("u", W_u), ("m", W_m), ("o", W_o)):
            out["dW_" + k] = out.get("dW_" + k, 0) + joined.T @ delta[k]
            out["db_" + k] = out.get("db_" + k, 0) + delta[k].sum(axis=0)
            back += delta[k] @ W.T
        dh, dx[:, t] = back[:, :n_a], back[:, n_a:]
        dm = dm * f
    return {"dx": dx, "da_init": dh, **out}
