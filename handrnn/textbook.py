"""Recurrent networks as a textbook writes them: the independent oracle.

One time step at a time, one gate at a time, one assignment a line. Nothing is fused and nothing is
fast, so that every line can be held against its equation. The dtype follows the inputs: float32,
float64, longdouble and, but for relu, complex128 (a complex step differentiates these functions).

Arrays are time first with examples as columns: x (T, I, B), h (T, H, B), states (H, B), biases
(H, 1). T steps, B examples, I inputs, H hidden units, R rows of a hidden state (H, or P where a
projection shortens it). ``d`` is the gradient of the loss. ``concat`` is [h_prev; xt], one above
the other.

Parameters are a dict of matrices, one a gate:

RNN
    Whh (H, H), Wxh (H, I), bh (H, 1)
LSTM
    Wi, Wf, Wg, Wo (H, R + I) on concat; bi, bf, bg, bo (H, 1); optionally the projection Whr (P, H)
GRU
    Wr, Wu (H, H + I) on concat; br, bu (H, 1); Wxn (H, I), bxn (H, 1); Whn (H, H), bhn (H, 1)

All may have an output layer beside these: Why (O, R), by (O, 1). Their cells then leave
y = softmax(Why h_next + by), one column an example, in the cache as ``cache["y"]``. A loss on y
comes back as a gradient on h, so that the backward functions have nothing to do with it.

References
----------
Hochreiter and Schmidhuber, "Long short-term memory", 1997.
Gers, Schmidhuber and Cummins, "Learning to forget", 2000.
Sak, Senior and Beaufays, "Long short-term memory based recurrent neural network architectures",
2014 (projection).
Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; the reset gate is
applied after the matrix product, as ``torch.nn.GRU`` defines it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Parameters = dict[str, Array]
Cache = dict[str, Any]

CELLS = ("rnn_tanh", "rnn_relu", "lstm", "gru")


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), element by element, in the dtype of z."""
    dtype = z.dtype
    # rounded once, from a wider dtype; where exp(-z) overflows, 1 / inf = 0 is the right answer
    z = z.astype(np.result_type(z, np.longdouble))
    with np.errstate(over="ignore"):
        s = 1 / (1 + np.exp(-z))
    return s.astype(dtype)


def softmax(z: Array) -> Array:
    """exp(z) / sum(exp(z)) in each column of z (O, B), in the dtype of z."""
    # the same for z less any number; less the largest, no power overflows
    shifted = z - np.max(z, axis=0, keepdims=True)
    powers = np.exp(shifted)
    return powers / np.sum(powers, axis=0, keepdims=True)


def rnn_cell_forward(
    xt: Array, h_prev: Array, parameters: Parameters, nonlinearity: str = "tanh"
) -> tuple[Array, Cache]:
    """One step of the simple recurrent network.

    Parameters
    ----------
    xt : (I, B) input of this step
    h_prev : (H, B) hidden state of the step before
    parameters : Whh, Wxh, bh and, where there is an output layer, Why, by
    nonlinearity : "tanh" or "relu"

    Returns
    -------
    h_next : (H, B)
    cache : what `rnn_cell_backward` needs and, with an output layer, "y" (O, B)

    Raises
    ------
    ValueError
        For another nonlinearity.
    """
    Whh = parameters["Whh"]
    Wxh = parameters["Wxh"]
    bh = parameters["bh"]

    z = Whh @ h_prev + Wxh @ xt + bh
    if nonlinearity == "tanh":
        h_next = np.tanh(z)
    elif nonlinearity == "relu":
        h_next = np.maximum(z, 0)
    else:
        raise ValueError(f"nonlinearity is {nonlinearity!r}: it can be 'tanh' or 'relu'")

    cache = {
        "xt": xt,
        "h_prev": h_prev,
        "z": z,
        "h_next": h_next,
        "parameters": parameters,
        "nonlinearity": nonlinearity,
    }
    if "Why" in parameters:
        Why = parameters["Why"]
        by = parameters["by"]
        cache["y"] = softmax(Why @ h_next + by)
    return h_next, cache


def rnn_forward(
    x: Array, h0: Array, parameters: Parameters, nonlinearity: str = "tanh"
) -> tuple[Array, Cache]:
    """The simple recurrent network over a sequence.

    Parameters
    ----------
    x : (T, I, B)
    h0 : (H, B) initial hidden state
    parameters : Whh, Wxh, bh
    nonlinearity : "tanh" or "relu"

    Returns
    -------
    h : (T, H, B) hidden state after each step
    caches : what `rnn_backward` needs
    """
    T, _, B = x.shape
    H = h0.shape[0]
    h = np.zeros((T, H, B), dtype=np.result_type(x, h0, *parameters.values()))
    cells = []
    h_prev = h0
    for t in range(T):
        h_next, cache = rnn_cell_forward(x[t], h_prev, parameters, nonlinearity)
        h[t] = h_next
        cells.append(cache)
        h_prev = h_next
    caches = {"cells": cells, "x": x, "h0": h0, "parameters": parameters}
    return h, caches


def rnn_cell_backward(dh_next: Array, cache: Cache) -> dict[str, Array]:
    """Gradients of one step of the simple recurrent network.

    Parameters
    ----------
    dh_next : (H, B) gradient on this step's hidden state, from its output and from the step after
    cache : of `rnn_cell_forward`

    Returns
    -------
    dict of dxt (I, B), dh_prev (H, B), dWhh, dWxh, dbh
    """
    xt = cache["xt"]
    h_prev = cache["h_prev"]
    h_next = cache["h_next"]
    Whh = cache["parameters"]["Whh"]
    Wxh = cache["parameters"]["Wxh"]

    if cache["nonlinearity"] == "tanh":
        dz = dh_next * (1 - h_next**2)
    else:
        dz = dh_next * (cache["z"] > 0)

    dWhh = dz @ h_prev.T
    dWxh = dz @ xt.T
    dbh = np.sum(dz, axis=1, keepdims=True)
    dh_prev = Whh.T @ dz
    dxt = Wxh.T @ dz
    return {"dxt": dxt, "dh_prev": dh_prev, "dWhh": dWhh, "dWxh": dWxh, "dbh": dbh}


def rnn_backward(dy: Array, dh_T: Array, caches: Cache) -> dict[str, Array]:
    """Back-propagation through time of the simple recurrent network.

    Parameters
    ----------
    dy : (T, H, B) gradient on each hidden state through its own output only
    dh_T : (H, B) gradient that arrives at the last hidden state besides
    caches : of `rnn_forward`; dy may cover fewer steps than the forward pass did

    Returns
    -------
    dict of dx (T, I, B), dh0 (H, B), dWhh, dWxh, dbh
    """
    parameters = caches["parameters"]
    T = dy.shape[0]
    I, B = caches["x"].shape[1:]
    dx = np.zeros((T, I, B), dtype=_gradient_dtype(dy, dh_T, caches=caches))
    dWhh = np.zeros_like(parameters["Whh"])
    dWxh = np.zeros_like(parameters["Wxh"])
    dbh = np.zeros_like(parameters["bh"])
    dh = dh_T
    for t in reversed(range(T)):
        gradients = rnn_cell_backward(dy[t] + dh, caches["cells"][t])
        dx[t] = gradients["dxt"]
        dh = gradients["dh_prev"]
        dWhh = dWhh + gradients["dWhh"]
        dWxh = dWxh + gradients["dWxh"]
        dbh = dbh + gradients["dbh"]
    dh0 = dh
    return {"dx": dx, "dh0": dh0, "dWhh": dWhh, "dWxh": dWxh, "dbh": dbh}


def lstm_cell_forward(
    xt: Array, h_prev: Array, c_prev: Array, parameters: Parameters
) -> tuple[Array, Array, Cache]:
    """One step of the LSTM.

    Parameters
    ----------
    xt : (I, B) input of this step
    h_prev : (R, B) hidden state of the step before
    c_prev : (H, B) cell state of the step before
    parameters : Wi, bi, Wf, bf, Wg, bg, Wo, bo and, where hidden states are projected, Whr and,
        where there is an output layer, Why, by

    Returns
    -------
    h_next : (R, B)
    c_next : (H, B)
    cache : what `lstm_cell_backward` needs and, with an output layer, "y" (O, B)
    """
    Wi = parameters["Wi"]
    Wf = parameters["Wf"]
    Wg = parameters["Wg"]
    Wo = parameters["Wo"]
    bi = parameters["bi"]
    bf = parameters["bf"]
    bg = parameters["bg"]
    bo = parameters["bo"]

    concat = np.concatenate((h_prev, xt))
    i = sigmoid(Wi @ concat + bi)
    f = sigmoid(Wf @ concat + bf)
    g = np.tanh(Wg @ concat + bg)
    o = sigmoid(Wo @ concat + bo)
    c_next = f * c_prev + i * g
    h_next = o * np.tanh(c_next)
    h_full = h_next
    if "Whr" in parameters:
        h_next = parameters["Whr"] @ h_full

    cache = {
        "xt": xt,
        "concat": concat,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "g": g,
        "o": o,
        "c_next": c_next,
        "h_full": h_full,
        "parameters": parameters,
    }
    if "Why" in parameters:
        Why = parameters["Why"]
        by = parameters["by"]
        cache["y"] = softmax(Why @ h_next + by)
    return h_next, c_next, cache


def lstm_forward(
    x: Array, h0: Array, c0: Array, parameters: Parameters
) -> tuple[Array, Array, Cache]:
    """The LSTM over a sequence.

    Parameters
    ----------
    x : (T, I, B)
    h0 : (R, B) initial hidden state
    c0 : (H, B) initial cell state
    parameters : Wi, bi, Wf, bf, Wg, bg, Wo, bo and, where hidden states are projected, Whr

    Returns
    -------
    h : (T, R, B) hidden state after each step
    c : (T, H, B) cell state after each step
    caches : what `lstm_backward` needs
    """
    T, _, B = x.shape
    R = h0.shape[0]
    H = c0.shape[0]
    dtype = np.result_type(x, h0, c0, *parameters.values())
    h = np.zeros((T, R, B), dtype=dtype)
    c = np.zeros((T, H, B), dtype=dtype)
    cells = []
    h_prev = h0
    c_prev = c0
    for t in range(T):
        h_next, c_next, cache = lstm_cell_forward(x[t], h_prev, c_prev, parameters)
        h[t] = h_next
        c[t] = c_next
        cells.append(cache)
        h_prev = h_next
        c_prev = c_next
    caches = {"cells": cells, "x": x, "h0": h0, "c0": c0, "parameters": parameters}
    return h, c, caches


def lstm_cell_backward(dh_next: Array, dc_next: Array, cache: Cache) -> dict[str, Array]:
    """Gradients of one step of the LSTM.

    Parameters
    ----------
    dh_next : (R, B) gradient on this step's hidden state, from its output and from the step after
    dc_next : (H, B) gradient on this step's cell state from the step after
    cache : of `lstm_cell_forward`

    Returns
    -------
    dict of dxt (I, B), dh_prev (R, B), dc_prev (H, B), dWi, dbi, dWf, dbf, dWg, dbg, dWo, dbo and,
    with a projection, dWhr
    """
    parameters = cache["parameters"]
    Wi = parameters["Wi"]
    Wf = parameters["Wf"]
    Wg = parameters["Wg"]
    Wo = parameters["Wo"]
    i = cache["i"]
    f = cache["f"]
    g = cache["g"]
    o = cache["o"]
    concat = cache["concat"]
    c_prev = cache["c_prev"]
    c_next = cache["c_next"]
    h_full = cache["h_full"]
    R = cache["h_prev"].shape[0]

    dh_full = dh_next
    if "Whr" in parameters:
        dh_full = parameters["Whr"].T @ dh_next

    do = dh_full * np.tanh(c_next)
    dc = dc_next + dh_full * o * (1 - np.tanh(c_next) ** 2)
    di = dc * g
    df = dc * c_prev
    dg = dc * i
    dc_prev = dc * f

    dzi = di * i * (1 - i)
    dzf = df * f * (1 - f)
    dzg = dg * (1 - g**2)
    dzo = do * o * (1 - o)

    dWi = dzi @ concat.T
    dWf = dzf @ concat.T
    dWg = dzg @ concat.T
    dWo = dzo @ concat.T
    dbi = np.sum(dzi, axis=1, keepdims=True)
    dbf = np.sum(dzf, axis=1, keepdims=True)
    dbg = np.sum(dzg, axis=1, keepdims=True)
    dbo = np.sum(dzo, axis=1, keepdims=True)
    dconcat = Wi.T @ dzi + Wf.T @ dzf + Wg.T @ dzg + Wo.T @ dzo
    dh_prev = dconcat[:R]
    dxt = dconcat[R:]

    gradients = {
        "dxt": dxt,
        "dh_prev": dh_prev,
        "dc_prev": dc_prev,
        "dWi": dWi,
        "dbi": dbi,
        "dWf": dWf,
        "dbf": dbf,
        "dWg": dWg,
        "dbg": dbg,
        "dWo": dWo,
        "dbo": dbo,
    }
    if "Whr" in parameters:
        gradients["dWhr"] = dh_next @ h_full.T
    return gradients


def lstm_backward(dy: Array, dh_T: Array, dc_T: Array, caches: Cache) -> dict[str, Array]:
    """Back-propagation through time of the LSTM.

    Parameters
    ----------
    dy : (T, R, B) gradient on each hidden state through its own output only
    dh_T : (R, B) gradient that arrives at the last hidden state besides
    dc_T : (H, B) gradient that arrives at the last cell state from outside
    caches : of `lstm_forward`; dy may cover fewer steps than the forward pass did

    Returns
    -------
    dict of dx (T, I, B), dh0 (R, B), dc0 (H, B), dWi, dbi, dWf, dbf, dWg, dbg, dWo, dbo and, with a
    projection, dWhr
    """
    parameters = caches["parameters"]
    T = dy.shape[0]
    I, B = caches["x"].shape[1:]
    dx = np.zeros((T, I, B), dtype=_gradient_dtype(dy, dh_T, dc_T, caches=caches))
    dWi = np.zeros_like(parameters["Wi"])
    dbi = np.zeros_like(parameters["bi"])
    dWf = np.zeros_like(parameters["Wf"])
    dbf = np.zeros_like(parameters["bf"])
    dWg = np.zeros_like(parameters["Wg"])
    dbg = np.zeros_like(parameters["bg"])
    dWo = np.zeros_like(parameters["Wo"])
    dbo = np.zeros_like(parameters["bo"])
    dWhr = np.zeros_like(parameters.get("Whr", 0))
    dh = dh_T
    dc = dc_T
    for t in reversed(range(T)):
        gradients = lstm_cell_backward(dy[t] + dh, dc, caches["cells"][t])
        dx[t] = gradients["dxt"]
        dh = gradients["dh_prev"]
        dc = gradients["dc_prev"]
        dWi = dWi + gradients["dWi"]
        dbi = dbi + gradients["dbi"]
        dWf = dWf + gradients["dWf"]
        dbf = dbf + gradients["dbf"]
        dWg = dWg + gradients["dWg"]
        dbg = dbg + gradients["dbg"]
        dWo = dWo + gradients["dWo"]
        dbo = dbo + gradients["dbo"]
        if "Whr" in parameters:
            dWhr = dWhr + gradients["dWhr"]
    dh0 = dh
    dc0 = dc

    gradients = {
        "dx": dx,
        "dh0": dh0,
        "dc0": dc0,
        "dWi": dWi,
        "dbi": dbi,
        "dWf": dWf,
        "dbf": dbf,
        "dWg": dWg,
        "dbg": dbg,
        "dWo": dWo,
        "dbo": dbo,
    }
    if "Whr" in parameters:
        gradients["dWhr"] = dWhr
    return gradients


def gru_cell_forward(xt: Array, h_prev: Array, parameters: Parameters) -> tuple[Array, Cache]:
    """One step of the GRU, its reset gate applied after the matrix product.

    Parameters
    ----------
    xt : (I, B) input of this step
    h_prev : (H, B) hidden state of the step before
    parameters : Wr, br, Wu, bu, Wxn, bxn, Whn, bhn and, where there is an output layer, Why, by

    Returns
    -------
    h_next : (H, B)
    cache : what `gru_cell_backward` needs and, with an output layer, "y" (O, B)
    """
    Wr = parameters["Wr"]
    Wu = parameters["Wu"]
    Wxn = parameters["Wxn"]
    Whn = parameters["Whn"]
    br = parameters["br"]
    bu = parameters["bu"]
    bxn = parameters["bxn"]
    bhn = parameters["bhn"]

    concat = np.concatenate((h_prev, xt))
    r = sigmoid(Wr @ concat + br)
    u = sigmoid(Wu @ concat + bu)
    xn = Wxn @ xt + bxn
    hn = Whn @ h_prev + bhn
    n = np.tanh(xn + r * hn)
    h_next = (1 - u) * n + u * h_prev

    cache = {
        "xt": xt,
        "h_prev": h_prev,
        "concat": concat,
        "r": r,
        "u": u,
        "hn": hn,
        "n": n,
        "parameters": parameters,
    }
    if "Why" in parameters:
        Why = parameters["Why"]
        by = parameters["by"]
        cache["y"] = softmax(Why @ h_next + by)
    return h_next, cache


def gru_forward(x: Array, h0: Array, parameters: Parameters) -> tuple[Array, Cache]:
    """The GRU over a sequence.

    Parameters
    ----------
    x : (T, I, B)
    h0 : (H, B) initial hidden state
    parameters : Wr, br, Wu, bu, Wxn, bxn, Whn, bhn

    Returns
    -------
    h : (T, H, B) hidden state after each step
    caches : what `gru_backward` needs
    """
    T, _, B = x.shape
    H = h0.shape[0]
    h = np.zeros((T, H, B), dtype=np.result_type(x, h0, *parameters.values()))
    cells = []
    h_prev = h0
    for t in range(T):
        h_next, cache = gru_cell_forward(x[t], h_prev, parameters)
        h[t] = h_next
        cells.append(cache)
        h_prev = h_next
    caches = {"cells": cells, "x": x, "h0": h0, "parameters": parameters}
    return h, caches


def gru_cell_backward(dh_next: Array, cache: Cache) -> dict[str, Array]:
    """Gradients of one step of the GRU.

    Parameters
    ----------
    dh_next : (H, B) gradient on this step's hidden state, from its output and from the step after
    cache : of `gru_cell_forward`

    Returns
    -------
    dict of dxt (I, B), dh_prev (H, B), dWr, dbr, dWu, dbu, dWxn, dbxn, dWhn, dbhn
    """
    Wr = cache["parameters"]["Wr"]
    Wu = cache["parameters"]["Wu"]
    Wxn = cache["parameters"]["Wxn"]
    Whn = cache["parameters"]["Whn"]
    xt = cache["xt"]
    h_prev = cache["h_prev"]
    concat = cache["concat"]
    r = cache["r"]
    u = cache["u"]
    hn = cache["hn"]
    n = cache["n"]
    H = h_prev.shape[0]

    du = dh_next * (h_prev - n)
    dn = dh_next * (1 - u)
    dzn = dn * (1 - n**2)
    dhn = dzn * r
    dr = dzn * hn
    dzr = dr * r * (1 - r)
    dzu = du * u * (1 - u)

    dWr = dzr @ concat.T
    dWu = dzu @ concat.T
    dWxn = dzn @ xt.T
    dWhn = dhn @ h_prev.T
    dbr = np.sum(dzr, axis=1, keepdims=True)
    dbu = np.sum(dzu, axis=1, keepdims=True)
    dbxn = np.sum(dzn, axis=1, keepdims=True)
    dbhn = np.sum(dhn, axis=1, keepdims=True)
    dconcat = Wr.T @ dzr + Wu.T @ dzu
    dh_prev = dconcat[:H] + Whn.T @ dhn + dh_next * u
    dxt = dconcat[H:] + Wxn.T @ dzn

    return {
        "dxt": dxt,
        "dh_prev": dh_prev,
        "dWr": dWr,
        "dbr": dbr,
        "dWu": dWu,
        "dbu": dbu,
        "dWxn": dWxn,
        "dbxn": dbxn,
        "dWhn": dWhn,
        "dbhn": dbhn,
    }


def gru_backward(dy: Array, dh_T: Array, caches: Cache) -> dict[str, Array]:
    """Back-propagation through time of the GRU.

    Parameters
    ----------
    dy : (T, H, B) gradient on each hidden state through its own output only
    dh_T : (H, B) gradient that arrives at the last hidden state besides
    caches : of `gru_forward`; dy may cover fewer steps than the forward pass did

    Returns
    -------
    dict of dx (T, I, B), dh0 (H, B), dWr, dbr, dWu, dbu, dWxn, dbxn, dWhn, dbhn
    """
    parameters = caches["parameters"]
    T = dy.shape[0]
    I, B = caches["x"].shape[1:]
    dx = np.zeros((T, I, B), dtype=_gradient_dtype(dy, dh_T, caches=caches))
    dWr = np.zeros_like(parameters["Wr"])
    dbr = np.zeros_like(parameters["br"])
    dWu = np.zeros_like(parameters["Wu"])
    dbu = np.zeros_like(parameters["bu"])
    dWxn = np.zeros_like(parameters["Wxn"])
    dbxn = np.zeros_like(parameters["bxn"])
    dWhn = np.zeros_like(parameters["Whn"])
    dbhn = np.zeros_like(parameters["bhn"])
    dh = dh_T
    for t in reversed(range(T)):
        gradients = gru_cell_backward(dy[t] + dh, caches["cells"][t])
        dx[t] = gradients["dxt"]
        dh = gradients["dh_prev"]
        dWr = dWr + gradients["dWr"]
        dbr = dbr + gradients["dbr"]
        dWu = dWu + gradients["dWu"]
        dbu = dbu + gradients["dbu"]
        dWxn = dWxn + gradients["dWxn"]
        dbxn = dbxn + gradients["dbxn"]
        dWhn = dWhn + gradients["dWhn"]
        dbhn = dbhn + gradients["dbhn"]
    dh0 = dh

    return {
        "dx": dx,
        "dh0": dh0,
        "dWr": dWr,
        "dbr": dbr,
        "dWu": dWu,
        "dbu": dbu,
        "dWxn": dWxn,
        "dbxn": dbxn,
        "dWhn": dWhn,
        "dbhn": dbhn,
    }


def _gradient_dtype(*cotangents: Array, caches: Cache) -> np.dtype:
    return np.result_type(*cotangents, caches["x"], caches["h0"], *caches["parameters"].values())


# Stacks: layers one above the other, one or two directions each, sequences of different lengths.

State = tuple[Array, ...]


def sequence_forward(
    x: Array, state: State, parameters: Parameters, cell: str
) -> tuple[State, Cache]:
    """One layer over a sequence, in one direction.

    Parameters
    ----------
    x : (T, I, B)
    state : (h0,), for the LSTM (h0, c0); h0 (R, B), c0 (H, B)
    parameters : of that cell
    cell : one of `CELLS`

    Returns
    -------
    along : (h,) or (h, c), the states after each step; h (T, R, B), c (T, H, B)
    caches : what `sequence_backward` needs
    """
    if cell == "lstm":
        *along, caches = lstm_forward(x, *state, parameters=parameters)
    elif cell == "gru":
        *along, caches = gru_forward(x, *state, parameters=parameters)
    else:
        (h0,) = state
        *along, caches = rnn_forward(x, h0, parameters, cell.removeprefix("rnn_"))
    return tuple(along), caches


def sequence_along(
    x: Array, state: State, theirs: State, parameters: Parameters, cell: str
) -> tuple[State, Cache]:
    """`sequence_forward`, but each step starts from the states that somebody else had before it.

    Parameters
    ----------
    x, state, parameters, cell : of `sequence_forward`
    theirs : (h,) or (h, c) after each step; where the c of an LSTM is not given, it is carried on
        from step to step as it is made

    Returns
    -------
    along : (h,) or (h, c), what each step makes of the states before it
    caches : what `sequence_backward` needs for the gradients along these states
    """
    along = []
    cells = []
    before = state
    for t in range(x.shape[0]):
        if cell == "lstm":
            *after, cache = lstm_cell_forward(x[t], *before, parameters=parameters)
        elif cell == "gru":
            *after, cache = gru_cell_forward(x[t], *before, parameters=parameters)
        else:
            (h_prev,) = before
            *after, cache = rnn_cell_forward(x[t], h_prev, parameters, cell.removeprefix("rnn_"))
        along.append(after)
        cells.append(cache)
        before = (*(part[t] for part in theirs), *after[len(theirs) :])
    caches = {"cells": cells, "x": x, "h0": state[0], "parameters": parameters}
    return tuple(np.stack(part) for part in zip(*along, strict=True)), caches


def sequence_backward(dy: Array, dstate_T: State, caches: Cache, cell: str) -> dict[str, Array]:
    """Gradients of `sequence_forward` or `sequence_along`.

    Parameters
    ----------
    dy : (T, R, B) gradient on each hidden state through its own output only
    dstate_T : gradient on the last states, shaped like state
    caches : of the forward pass
    cell : one of `CELLS`

    Returns
    -------
    dict of dx (T, I, B), dh0 (R, B), for the LSTM dc0 (H, B), and the gradients of that cell's
    parameters
    """
    if cell == "lstm":
        dh_T, dc_T = dstate_T
        return lstm_backward(dy, dh_T, dc_T, caches)
    (dh_T,) = dstate_T
    if cell == "gru":
        return gru_backward(dy, dh_T, caches)
    return rnn_backward(dy, dh_T, caches)


def stack_forward(
    x: Array,
    state: State,
    parameters: Sequence[Sequence[Parameters]],
    cell: str,
    lengths: Sequence[int] | None = None,
) -> tuple[Array, State, Cache]:
    """Layers one above the other, each in one or two directions.

    Parameters
    ----------
    x : (T, I, B), T >= 1
    state : (h0,), for the LSTM (h0, c0); h0 (L, D, R, B), c0 (L, D, H, B) for L layers and D
        directions
    parameters : parameters[layer][direction], the dict of that cell
    cell : one of `CELLS`
    lengths : number of steps of each example, each in 1..T; None: T for all

    Returns
    -------
    y : (T, D * R, B) outputs of the last layer, forward direction first, zero beyond each example's
        length
    state_T : the final states, shaped like state: each example's own last step, which for the
        reverse direction is t = 0
    caches : what `stack_backward` needs

    Raises
    ------
    ValueError
        For an unknown cell.
    """
    if cell not in CELLS:
        raise ValueError(f"cell is {cell!r}: it can be {', '.join(CELLS)}")
    tape = []
    finals = []
    layer_input = x
    for layer, layer_parameters in enumerate(parameters):
        outputs = []
        tape.append([])
        finals.append([])
        for direction, direction_parameters in enumerate(layer_parameters):
            h, last, runs = _direction_forward(
                layer_input,
                tuple(part[layer, direction] for part in state),
                direction_parameters,
                cell,
                lengths,
                reverse=direction == 1,
            )
            outputs.append(h)
            tape[layer].append(runs)
            finals[layer].append(last)
        layer_input = np.concatenate(outputs, axis=1)
    state_T = _stacked_states(finals)
    caches = {"tape": tape, "cell": cell}
    return layer_input, state_T, caches


def stack_backward(dy: Array, dstate_T: State, caches: Cache) -> dict[str, Any]:
    """Gradients of `stack_forward`.

    Parameters
    ----------
    dy : (T, D * R, B) gradient on y; what lies beyond an example's length is ignored
    dstate_T : gradient on state_T, shaped like it
    caches : of `stack_forward`

    Returns
    -------
    dict of dx (T, I, B), dh0 (L, D, R, B), for the LSTM dc0 (L, D, H, B), and "parameters": a list
    of layers, each a list of directions, each the dict of that cell's gradients
    """
    dstate = []
    dparameters = []
    doutput = dy
    R = dstate_T[0].shape[2]
    for layer in reversed(range(len(caches["tape"]))):
        directions = [
            _direction_backward(
                doutput[:, direction * R : (direction + 1) * R],
                tuple(part[layer, direction] for part in dstate_T),
                runs,
                caches["cell"],
                reverse=direction == 1,
            )
            for direction, runs in enumerate(caches["tape"][layer])
        ]
        doutput = np.sum([dx for dx, _, _ in directions], axis=0)
        dstate.insert(0, [dstate0 for _, dstate0, _ in directions])
        dparameters.insert(0, [gradients for _, _, gradients in directions])
    named = dict(zip(("dh0", "dc0"), _stacked_states(dstate), strict=False))
    return {"dx": doutput, **named, "parameters": dparameters}


def _stacked_states(states: list[list[State]]) -> State:
    """states[layer][direction][part] (size, B) as one array (L, D, size, B) a part."""
    parts = range(len(states[0][0]))
    return tuple(np.array([[pair[part] for pair in layer] for layer in states]) for part in parts)


def _runs(T: int, B: int, lengths: Sequence[int] | None) -> Iterator[tuple[slice, int]]:
    """The columns that are run together and their number of steps."""
    if lengths is None:
        yield slice(0, B), T
    else:
        for example, length in enumerate(lengths):
            yield slice(example, example + 1), length


def _direction_forward(
    x: Array,
    state: State,
    parameters: Parameters,
    cell: str,
    lengths: Sequence[int] | None,
    *,
    reverse: bool,
) -> tuple[Array, State, list]:
    T, _, B = x.shape
    dtype = np.result_type(x, *state, *parameters.values())
    h = np.zeros((T, state[0].shape[0], B), dtype=dtype)
    state_T = tuple(np.zeros(part.shape, dtype=dtype) for part in state)
    runs = []
    for columns, length in _runs(T, B, lengths):
        run_x = _flipped(x[:length, :, columns], reverse)
        run_state = tuple(part[:, columns] for part in state)
        along, caches = sequence_forward(run_x, run_state, parameters, cell)
        run_h = along[0]
        h[:length, :, columns] = _flipped(run_h, reverse)
        for part, value in zip(state_T, along, strict=True):
            part[:, columns] = value[-1]
        runs.append((columns, length, caches))
    return h, state_T, runs


def _direction_backward(
    dy: Array, dstate_T: State, runs: list, cell: str, *, reverse: bool
) -> tuple[Array, State, dict[str, Array]]:
    T, _, B = dy.shape
    I = runs[0][2]["x"].shape[1]
    dtype = _gradient_dtype(dy, *dstate_T, caches=runs[0][2])
    dx = np.zeros((T, I, B), dtype=dtype)
    dstate = tuple(np.zeros(part.shape, dtype=dtype) for part in dstate_T)
    dparameters = {}
    for columns, length, caches in runs:
        run_dy = _flipped(dy[:length, :, columns], reverse)
        run_dstate_T = tuple(part[:, columns] for part in dstate_T)
        gradients = sequence_backward(run_dy, run_dstate_T, caches, cell)
        dx[:length, :, columns] = _flipped(gradients.pop("dx"), reverse)
        for part, name in zip(dstate, ("dh0", "dc0"), strict=False):
            part[:, columns] = gradients.pop(name)
        for name, gradient in gradients.items():
            dparameters[name] = dparameters.get(name, 0) + gradient
    return dx, dstate, dparameters


def _flipped(sequence: Array, reverse: bool) -> Array:
    return sequence[::-1] if reverse else sequence
