"""The only loop over time: one layer in one direction, forward and backward.

Core arrays are (T, features, B), time first and examples as columns, so that ``W @ x`` reads as
the mathematics does. Buffers of states have T + 1 rows: step t goes from row t to row t + 1. A
row of ones below x and below h carries the biases through the matrix products, and brings back
their gradients. Size letters and symbols are those of `cells`.

In the loop stands what is sequential: the recurrent product and the cell's ``step``, or its
``carry`` and the product back. The rest (input products, slopes, gradients of weights and
inputs) is done for a chunk of steps at once, small enough to stay in the processor's cache.
"""

from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

CHUNK_BYTES = 1 << 17  # the slopes of a chunk: well inside a second-level cache
CHUNK_COLUMNS = 256  # but enough columns (steps x examples) for an efficient weight gradient
SMALL_PRODUCT = 10**6  # multiplications: up to about here OpenBLAS does not pack its operands


class Weights(NamedTuple):
    """Weights of one layer and direction, or their gradients.

    W_ih (K*H, I) and W_hh (K*H, P), with b_ih and b_hh (K*H,) or None, their rows in K blocks in
    the order of ``cell.gates``. W_hr (P, H) projects what an LSTM emits; None: P = H.
    """

    W_ih: np.ndarray
    W_hh: np.ndarray
    b_ih: np.ndarray | None = None
    b_hh: np.ndarray | None = None
    W_hr: np.ndarray | None = None


class Tape(NamedTuple):
    """What `forward` leaves for `backward`. It shares memory with nothing outside."""

    cell: Any
    weights: Weights
    x: np.ndarray  # (T, I + 1, B), below it a row of ones; without biases (T, I, B)
    gates: np.ndarray  # (T, cell.kept, H, B)
    states: tuple[np.ndarray, ...]  # h (T + 1, P + 1, B) likewise; of the LSTM c (T + 1, H, B)
    active: np.ndarray | None


def record(cell, weights, x, states, gates=None, *, copy=True):
    """The tape of a forward pass that was made elsewhere.

    Parameters
    ----------
    cell : `cells.RNN`, `cells.ReluRNN`, `cells.LSTM` or `cells.GRU`
    weights : Weights
    x : ndarray (T, I, B)
    states : tuple of ndarray
        h (T + 1, P, B), for the LSTM also c (T + 1, H, B), from the state at the start on.
    gates : ndarray (T, K, H, B), optional
        The activated gates in the order of ``cell.gates``; for the GRU there is a fourth block:
        r, u, a_n, n. The simple RNN needs none.
    copy : bool
        False: c and gates may become part of the tape, so nobody else may change them.

    Returns
    -------
    Tape
        In the common dtype of weights, x and states.

    Raises
    ------
    TypeError
        Integers, half precision, or complex numbers for relu.
    ValueError
        Shapes that do not fit each other, or no gates where the cell keeps some.
    """
    H, P, dtype = _check(cell, x, tuple(s[0] for s in states), weights)
    if cell.kept and gates is None:
        raise ValueError(f"{cell.__name__} keeps its gates: they are needed")
    T, I, B = x.shape
    biased = weights.b_ih is not None
    shapes = dict(zip(cell.states, [(T + 1, P, B), (T + 1, H, B)], strict=False))
    _check_shapes(
        {**dict(zip(cell.states, states, strict=True)), "gates": gates},
        {**shapes, "gates": (T, cell.kept, H, B)},
    )
    xs = np.ones((T, I + biased, B), dtype)
    hs = np.ones((T + 1, P + biased, B), dtype)
    xs[:, :I], hs[:, :P] = x, states[0]
    copy = copy or None  # None: where another dtype needs one
    cs = [np.array(s, dtype, copy=copy) for s in states[1:]]
    own = Weights._make(None if w is None else w.astype(dtype) for w in weights)
    gates = np.empty((0, 1, H, B), dtype) if gates is None else np.array(gates, dtype, copy=copy)
    return Tape(cell, own, xs, gates, (hs, *cs), None)


def cut(tape, start, stop):
    """The steps from start to stop of a tape, as a tape of their own on the same memory.

    BPTT through it and then through what came before, from the gradient with respect to the
    state where they meet, is BPTT through the whole; of its first part alone, truncated BPTT.
    """
    cell, weights, x, gates, states, active = tape
    return Tape(
        cell,
        weights,
        x[start:stop],
        gates[start:stop] if cell.kept else gates,
        tuple(s[start : stop + 1] for s in states),
        None if active is None else active[start:stop],
    )


def forward(
    cell, x, state, weights, *, out=None, active=None, keep=True, need_y=True
) -> tuple[Any, tuple, Any]:
    """Run a cell along a sequence.

    Parameters
    ----------
    cell : `cells.RNN`, `cells.ReluRNN`, `cells.LSTM` or `cells.GRU`
    x : ndarray (T, I, B), floating or complex
    state : tuple of ndarray
        Where the sequence starts: h (P, B), for the LSTM also c (H, B).
    weights : Weights
    out : ndarray (T, P, B), optional
        Receives the outputs, whatever its order in memory.
    active : ndarray (T,) of int, optional
        Only the first active[t] columns take step t: the others keep their state, and what
        stands there in x is ignored. For sequences of several lengths, sorted by length.
    keep : bool
        False: no tape, and no memory that grows with T besides the outputs.
    need_y : bool
        False: no outputs, where only the end of the sequence is needed.

    Returns
    -------
    y : ndarray (T, P, B) or None
        The hidden states, in memory as (T, B, P) unless `out` was given; zero where not active.
    state : tuple of ndarray
        Where the sequence ends.
    tape : Tape or None

    Raises
    ------
    TypeError
        Integers, half precision, or complex numbers for relu.
    ValueError
        Shapes that do not fit each other.
    """
    H, P, dtype = _check(cell, x, state, weights)
    T, I, B = x.shape
    biased = weights.b_ih is not None
    length = _chunk_length(cell, T, H, B, dtype)
    rows = T if keep else length
    W_x = _for_step(cell, weights.W_ih, weights.b_ih, dtype)
    W_h = _for_step(cell, weights.W_hh, weights.b_hh, dtype)
    W_hr = None if weights.W_hr is None else weights.W_hr.astype(dtype)

    xs = np.empty((rows, I + biased, B), dtype)
    hs = np.empty((rows + 1, P + biased, B), dtype)
    xs[:, I:], hs[:, P:] = 1, 1
    cs = [np.empty((rows + 1, H, B), dtype) for _ in cell.states[1:]]
    gates = np.empty((rows if cell.kept else length, cell.kept or 1, H, B), dtype)
    b = np.empty((length, len(W_x), B), dtype)
    y = None
    if need_y:
        y = np.empty((T, B, P), dtype).swapaxes(1, 2) if out is None else out
    states = (hs[:, :P], *cs)
    for buffer, given in zip(states, state, strict=True):
        buffer[0] = given

    for start, stop, k in _chunks(T, length, active, B):
        n = stop - start
        first = start if keep else 0
        first_gates = first if cell.kept else 0
        x_chunk = xs[first : first + n, :, :k]
        h_chunk = hs[first : first + n, :, :k]
        gates_chunk = gates[first_gates : first_gates + n, ..., :k]
        edges = [buffer[first : first + n + 1] for buffer in states]

        _transfer(x_chunk[:, :I], x[start:stop, :, :k])
        _matmul(W_x, x_chunk, out=b[:n, :, :k])
        for buffer in edges:
            buffer[1:, :, k:] = buffer[0, :, k:]  # who takes no step keeps its state
        edges_k = [buffer[..., :k] for buffer in edges]
        _steps(cell, W_h, W_hr, h_chunk, gates_chunk, b[:n, :, :k], edges_k)
        if y is not None:
            _transfer(y[start:stop, :, :k], edges_k[0][1:])
            y[start:stop, :, k:] = 0
        if not keep:
            for buffer in edges:
                buffer[0] = buffer[n]

    end = tuple(buffer[T if keep else 0].copy() for buffer in states)
    if not keep:
        return y, end, None
    own = Weights._make(None if w is None else w.astype(dtype) for w in weights)
    active = None if active is None else np.array(active)
    return y, end, Tape(cell, own, xs, gates, (hs, *cs), active)


@np.errstate(over="ignore")  # of exp(-z), in a closed gate: see `cells`
def _steps(cell, W_h, W_hr, h, gates, b, states):
    """The loop over time, through one chunk: from the first row of the states to the last."""
    n, KH, B = b.shape
    H = gates.shape[2]
    K = KH // H
    a = gates[:, :K].reshape(n, KH, B)
    b = b.reshape(n, K, H, B)
    work, emitted = np.empty((2, H, B), b.dtype)
    product = _product(W_h, a[0])
    before, after = [s[:-1] for s in states], [s[1:] for s in states]
    projected = after[0]
    if W_hr is not None:
        after[0] = [emitted] * n
    views = zip(*cell.step_views(gates, b, before, after), strict=True)
    for h_t, a_t, views_t, projected_t in zip(h, a, views, projected, strict=True):
        product(h_t, out=a_t)
        cell.step(views_t, work)
        if W_hr is not None:
            _matmul(W_hr, emitted, out=projected_t)


def backward(
    tape, dy=None, d_state=None, *, need_dx=True, d_states_along=None
) -> tuple[Any, tuple, Weights]:
    """Gradients of a loss by everything that `forward` was given (BPTT).

    Parameters
    ----------
    tape : Tape
    dy : ndarray (T, P, B), optional
        Gradient with respect to the outputs; ignored where not active.
    d_state : tuple of (ndarray or None), optional
        Gradient with respect to the state at the end.
    need_dx : bool
        False: no gradient with respect to x.
    d_states_along : tuple of ndarray (T + 1, P or H, B), optional
        Takes the gradient of every state, start and end included; left alone where not active. For
        a cell state, the hidden state of its step is held.

    Returns
    -------
    dx : ndarray (T, I, B) or None
    d_state : tuple of ndarray, by the state at the start
    d_weights : Weights

    Raises
    ------
    ValueError
        Shapes that are not those of what `forward` returned.
    """
    cell, weights, xs, gates, (hs, *cs), active = tape
    T, _, B = xs.shape
    (KH, I), P, dtype = weights.W_ih.shape, weights.W_hh.shape[1], xs.dtype
    H = KH // len(cell.gates)
    length = _chunk_length(cell, T, H, B, dtype)
    states = (hs[:, :P], *cs)
    W_ihT, W_hhT = (np.ascontiguousarray(W.T) for W in weights[:2])
    W_hr = weights.W_hr

    d_states = [np.zeros(buffer.shape[1:], dtype) for buffer in states]
    names = [f"d{name}" for name in cell.states]
    given = _by_name(names, d_state or [None] * len(names), "d_state")
    expected = {name: mine.shape for name, mine in zip(names, d_states, strict=True)}
    _check_shapes({"dy": dy, **given}, {"dy": (T, P, B), **expected})
    for mine, theirs in zip(d_states, given.values(), strict=True):
        if theirs is not None:
            mine[...] = theirs
    dx = np.zeros((T, I, B), dtype) if need_dx else None
    dW_x = np.zeros((KH, xs.shape[1]), dtype)
    dW_h = np.zeros((KH, hs.shape[1]), dtype)
    dW_hr = None if W_hr is None else np.zeros((P, H), dtype)
    slopes = np.empty((length, cell.sloped, H, B), dtype)
    dhs = np.empty((length, P, B), dtype)  # the loss's own part of dh; with W_hr then all of it
    work = np.empty((length, H, B), dtype)
    left = np.empty(max(KH, P) * length * B, dtype)
    right = np.empty(max(xs.shape[1], hs.shape[1], H) * length * B, dtype)

    for start, stop, k in reversed(_chunks(T, length, active, B)):
        n = stop - start
        x_chunk = xs[start:stop, :, :k]
        h_chunk = hs[start:stop, :, :k]
        before = [buffer[start:stop, :, :k] for buffer in states]
        after = [buffer[start + 1 : stop + 1, :, :k] for buffer in states]
        gates_chunk = gates[start:stop, ..., :k] if cell.kept else gates[:n, ..., :k]
        dz = slopes[:n, ..., :k]
        dh_chunk = dhs[:n, :, :k]
        work_chunk = work[:n, :, :k]

        if dy is None:
            dh_chunk[...] = 0
        else:
            _transfer(dh_chunk, dy[start:stop, :, :k])
        cell.slopes(gates_chunk.swapaxes(0, 1), before, after, dz.swapaxes(0, 1), work_chunk)
        d_states_k = [d[:, :k] for d in d_states]
        along = [buffer[start + 1 : stop + 1, :, :k] for buffer in d_states_along or ()]
        _steps_back(cell, W_hhT, W_hr, dh_chunk, gates_chunk, dz, d_states_k, along)

        da = dz[:, cell.recurrent].reshape(n, KH, k)
        db = dz[:, cell.entering].reshape(n, KH, k)
        columns = _columns(da, left)
        dW_h += np.dot(columns, _columns(h_chunk, right).T)
        if cell.entering != cell.recurrent:
            columns = _columns(db, left)
        dW_x += np.dot(columns, _columns(x_chunk, right).T)
        if dx is not None:
            _matmul(W_ihT, db, out=dx[start:stop, :, :k])
        if W_hr is not None:
            cell.emit(gates_chunk[:, 0], after[1], out=work_chunk)
            dW_hr += np.dot(_columns(dh_chunk, left), _columns(work_chunk, right).T)

    if d_states_along is not None:
        for buffer, d in zip(d_states_along, d_states, strict=True):
            buffer[0] = d
    biased = weights.b_ih is not None
    db_ih, db_hh = (dW_x[:, I], dW_h[:, P]) if biased else (None, None)
    d_weights = Weights(dW_x[:, :I], dW_h[:, :P], db_ih, db_hh, dW_hr)
    return dx, tuple(d_states), d_weights


def _steps_back(cell, W_hhT, W_hr, dhs, gates, slopes, d_states, along):
    """The loop back through one chunk: slopes become dz, d_states those at its start.

    `along`, if it holds buffers, takes the d_states of every step.
    """
    n, _, H, B = slopes.shape
    P, KH = W_hhT.shape
    da = slopes[:, cell.recurrent].reshape(n, KH, B)
    work, d_emitted = np.empty((2, H, B), slopes.dtype)
    back = np.empty((P, B), slopes.dtype)
    dh, *dc = d_states
    product = _product(W_hhT, dh)
    views = zip(*cell.carry_views(slopes[::-1], gates[::-1]), strict=True)
    for t, dh_t, views_t, da_t in zip(reversed(range(n)), dhs[::-1], views, da[::-1], strict=True):
        dh += dh_t
        if along:
            for buffer, d in zip(along, d_states, strict=True):
                buffer[t] = d
        if W_hr is None:
            cell.carry(views_t, d_states, work)
        else:
            dh_t[...] = dh
            _matmul(W_hr.T, dh, out=d_emitted)
            cell.carry(views_t, (d_emitted, *dc), work)
        if cell.detour:
            dh += product(da_t, out=back)
        else:
            product(da_t, out=dh)


def _check(cell, x, state, weights):
    """Sizes and common dtype, or an error that says what does not fit."""
    K = len(cell.gates)
    given = {"x": x, **_by_name(cell.states, state, "state"), **weights._asdict()}
    arrays = {name: a for name, a in given.items() if a is not None}
    for name, array in arrays.items():
        if array.dtype.kind not in "fc" or array.dtype == np.float16:
            raise TypeError(f"{name} is {array.dtype}: float32 or float64 is needed")
    dtype = np.result_type(*arrays.values())
    if dtype.kind == "c" and not cell.holomorphic:
        raise TypeError(f"{cell.__name__} decides on signs, which {dtype} does not have")
    if x.ndim != 3:
        raise ValueError(f"x is {x.shape}: three axes (T, I, B) are needed")
    _, I, B = x.shape
    if weights.W_ih.ndim != 2 or len(weights.W_ih) % K:
        raise ValueError(
            f"W_ih is {weights.W_ih.shape}: its rows must be {K} blocks, {', '.join(cell.gates)}"
        )
    H = len(weights.W_ih) // K
    P = H if weights.W_hr is None else len(weights.W_hr)
    if weights.W_ih.shape[1] != I:
        raise ValueError(
            f"x has {I} features but these weights take {weights.W_ih.shape[1]}"
            f" (x is (T, I, B) = {x.shape})"
        )
    expected = {"W_hh": (K * H, P), "b_ih": (K * H,), "b_hh": (K * H,), "W_hr": (P, H)}
    expected |= dict(zip(cell.states, [(P, B), (H, B)], strict=False))
    _check_shapes(arrays, expected)
    if (weights.b_ih is None) != (weights.b_hh is None):
        raise ValueError("b_ih and b_hh are given together or not at all")
    if weights.W_hr is not None and not hasattr(cell, "emit"):
        raise ValueError(f"{cell.__name__} has no projection: W_hr is for the LSTM")
    return H, P, dtype


def _by_name(names, arrays, what):
    if len(arrays) != len(names):
        needed = ", ".join(names)
        raise ValueError(f"{what} holds {len(arrays)} arrays: one each is needed for {needed}")
    return dict(zip(names, arrays, strict=True))


def _check_shapes(arrays, expected):
    for name, shape in expected.items():
        array = arrays.get(name)
        if array is not None and array.shape != shape:
            raise ValueError(f"{name} is {array.shape}: {shape} is needed")


def _chunk_length(cell, T, H, B, dtype):
    by_bytes = CHUNK_BYTES // max(1, cell.sloped * H * B * dtype.itemsize)
    by_columns = CHUNK_COLUMNS // max(1, B)
    return max(1, min(T, max(by_bytes, by_columns)))


def _for_step(cell, W, b, dtype):
    """[W b], with the rows of sigmoids negated: `cells` computes these from -z."""
    rows, columns = W.shape
    joined = np.empty((rows, columns + (b is not None)), dtype)
    joined[:, :columns] = W
    if b is not None:
        joined[:, columns] = b
    joined[: rows // len(cell.gates) * cell.sigmoids] *= -1
    return joined


def _transfer(target, source):
    """target[...] = source, a few columns at a time.

    The faces have other axes than the core, and a transposing copy along strides of a power of
    two throws its own lines out of the cache.
    """
    for k in range(0, target.shape[-1], 32):
        target[..., k : k + 32] = source[..., k : k + 32]


def _columns(chunk, buffer):
    """(n, F, B) as (F, n*B), all steps and examples as columns of one matrix, in the buffer."""
    n, F, B = chunk.shape
    columns = buffer[: F * n * B].reshape(F, n, B)
    columns[...] = chunk.swapaxes(0, 1)
    return columns.reshape(F, n * B)


def _product(W, target):
    """The product with W of smallest overhead that can write into such an array."""
    if not target.flags.c_contiguous:
        return partial(_matmul, W)
    parts = [(W[rows], rows) for rows in _small_parts(W, target.shape[1])]
    if len(parts) == 1:
        return W.dot

    def product(x, out):
        for W_rows, rows in parts:
            W_rows.dot(x, out=out[rows])
        return out

    return product


def _small_parts(W, B):
    """Slices of the rows of W whose products with B columns are small.

    A product a little too large for that costs a third more than its parts do; one far too large,
    nothing.
    """
    rows, columns = W.shape
    n = -(-rows * columns * B // SMALL_PRODUCT)
    length = -(-rows // n) if 1 < n <= 4 else max(rows, 1)
    return [slice(k, k + length) for k in range(0, rows, length)] or [slice(0)]


def _matmul(left, right, out):
    """np.matmul, silent as dot is.

    dot reports no floating-point errors, matmul does; which of them runs depends on strides only,
    so neither may.
    """
    with np.errstate(all="ignore"):
        if left.ndim == 2 and right.ndim == 3:
            for rows in _small_parts(left, right.shape[2]):
                np.matmul(left[rows], right, out=out[:, rows])
            return out
        return np.matmul(left, right, out=out)


def _chunks(T, length, active, B):
    """(start, stop, columns) of runs of at most so many steps that the same columns take."""
    chunks = []
    for start in range(0, T, length):
        stop = min(start + length, T)
        cuts = [start, stop]
        if active is not None:
            cuts[1:1] = [t for t in range(start + 1, stop) if active[t] != active[t - 1]]
        for first, last in pairwise(cuts):
            chunks.append((first, last, B if active is None else int(active[first])))
    return chunks
