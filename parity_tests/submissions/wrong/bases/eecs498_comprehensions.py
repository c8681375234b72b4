import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(torch.addmm(b, torch.cat([x, prev_h], 1), torch.cat([Wx, Wh])))
    return next_h, {"x": x, "h": prev_h, "WxT": Wx.T.contiguous(), "WhT": Wh.T.contiguous(), "out": next_h}


def rnn_step_backward(dnext_h, cache):
    dz = dnext_h - dnext_h * cache["out"] ** 2
    grads = [dz @ cache[k] for k in ("WxT", "WhT")] + [cache[k].T @ dz for k in ("x", "h")]
    return *grads, torch.einsum("nh->h", dz)


def rnn_forward(x, h0, Wx, Wh, b):
    state, cache = h0, []

    def step(xt):
        nonlocal state
        state, one = rnn_step_forward(xt, state, Wx, Wh, b)
        cache.append(one)
        return state

    return torch.stack([step(xt) for xt in x.unbind(1)], dim=1), cache


def rnn_backward(dh, cache):
    carried, each = torch.zeros_like(dh[:, 0]), []
    for d, one in reversed(list(zip(dh.unbind(1), cache))):
        each.append(rnn_step_backward(d + carried, one))
        carried = each[-1][1]
    dx, _, dWx, dWh, db = zip(*each)
    return torch.stack(dx[::-1], 1), carried, sum(dWx), sum(dWh), sum(db)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    terms = [(x, Wx), (prev_h, Wh)] + ([] if attn is None else [(attn, Wattn)])
    a = sum(v @ W for v, W in terms) + b
    gate = {k: fn(v) for k, fn, v in zip("ifog", [torch.sigmoid] * 3 + [torch.tanh], a.chunk(4, dim=1))}
    next_c = gate["f"] * prev_c + gate["i"] * gate["g"]
    return gate["o"] * torch.tanh(next_c), next_c


def lstm_forward(x, h0, Wx, Wh, b):
    state = (h0, torch.zeros_like(h0))
    hs = [(state := lstm_step_forward(xt, *state, Wx, Wh, b))[0] for xt in x.transpose(0, 1)]
    return torch.stack(hs).transpose(0, 1)
