"""A right solution of the made-up assignment 'sunspots': a GRU on rows."""
import numpy as np


def squash(z):
    return 1.0 / (1.0 + np.exp(-z))


def gru_tick(inp, state, P):
    """inp (examples, inputs), state (examples, units) -> new state, what backward needs."""
    gates = squash(inp @ P["W"] + state @ P["V"] + P["bias"])
    keep, reset = np.split(gates, 2, axis=1)
    cand = np.tanh(inp @ P["Wc"] + (reset * state) @ P["Vc"] + P["bias_c"])
    new = keep * state + (1 - keep) * cand
    return new, (inp, state, keep, reset, cand, P)


def gru_tick_back(g_new, memo):
    inp, state, keep, reset, cand, P = memo
    d_cand = g_new * (1 - keep) * (1 - cand**2)
    d_keep = g_new * (state - cand) * keep * (1 - keep)
    through = d_cand @ P["Vc"].T
    d_reset = through * state * reset * (1 - reset)
    d_gates = np.concatenate([d_keep, d_reset], axis=1)
    n = len(inp)
    grads = {
        "W": inp.T @ d_gates / n,
        "V": state.T @ d_gates / n,
        "bias": d_gates.mean(axis=0),
        "Wc": inp.T @ d_cand / n,
        "Vc": (reset * state).T @ d_cand / n,
        "bias_c": d_cand.mean(axis=0),
    }
    g_inp = d_gates @ P["W"].T + d_cand @ P["Wc"].T
    g_state = g_new * keep + through * reset + d_gates @ P["V"].T
    return g_inp, g_state, grads


def gru_run(seq, start, P):
    """seq (steps, examples, inputs) -> states (steps, examples, units), memos."""
    state, states, memos = start, [], []
    for inp in seq:
        state, memo = gru_tick(inp, state, P)
        states.append(state)
        memos.append(memo)
    return np.stack(states), memos


def gru_run_back(g_states, memos):
    g_state = 0.0
    total = None
    g_seq = []
    for g, memo in zip(g_states[::-1], memos[::-1]):
        g_inp, g_state, grads = gru_tick_back(g + g_state, memo)
        total = grads if total is None else {k: total[k] + grads[k] for k in grads}
        g_seq.insert(0, g_inp)
    return np.stack(g_seq), g_state, total
