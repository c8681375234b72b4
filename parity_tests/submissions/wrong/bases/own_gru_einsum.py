import numpy as np


def gru_tick(inp, state, P):
    n, h = state.shape
    pre = (np.einsum("ni,ik->nk", inp, P["W"]) + np.einsum("nh,hk->nk", state, P["V"]) + P["bias"]).reshape(n, 2, h)
    gates = 1 / (1 + np.exp(-pre))
    cand = np.tanh(
        np.einsum("ni,ih->nh", inp, P["Wc"])
        + np.einsum("nk,nk,kh->nh", gates[:, 1], state, P["Vc"])
        + P["bias_c"]
    )
    new = cand + gates[:, 0] * (state - cand)
    return new, {"inp": inp, "state": state, "gates": gates, "cand": cand, "P": P}


def gru_tick_back(g_new, memo):
    inp, state, gates, cand, P = memo.values()
    n, h = state.shape
    u, r = gates.transpose(1, 0, 2)
    dc = g_new * (1 - u) * (1 - cand**2)
    q = np.einsum("nh,kh->nk", dc, P["Vc"])
    outer = np.stack([g_new * (state - cand), q * state], axis=1)
    d = (outer * gates * (1 - gates)).reshape(n, 2 * h)
    grads = {
        "W": np.einsum("ni,nk->ik", inp, d) / n,
        "V": np.einsum("nh,nk->hk", state, d) / n,
        "bias": np.einsum("nk->k", d) / n,
        "Wc": np.einsum("ni,nh->ih", inp, dc) / n,
        "Vc": np.einsum("nk,nk,nh->kh", r, state, dc) / n,
        "bias_c": np.einsum("nh->h", dc) / n,
    }
    g_inp = np.einsum("nk,ik->ni", d, P["W"]) + np.einsum("nh,ih->ni", dc, P["Wc"])
    g_state = g_new * u + q * r + np.einsum("nk,hk->nh", d, P["V"])
    return g_inp, g_state, grads


def gru_run(seq, start, P):
    states, memos = [start], []
    for inp in seq:
        new, memo = gru_tick(inp, states[-1], P)
        states.append(new)
        memos.append(memo)
    return np.array(states[1:]), memos


def gru_run_back(g_states, memos):
    g_state, ticks = np.zeros_like(g_states[0]), []
    for g, memo in reversed(list(zip(g_states, memos))):
        g_inp, g_state, grads = gru_tick_back(g + g_state, memo)
        ticks.append((g_inp, grads))
    g_seq = np.stack([g for g, _ in ticks[::-1]])
    return g_seq, g_state, {k: sum(grads[k] for _, grads in ticks) for k in ticks[0][1]}
