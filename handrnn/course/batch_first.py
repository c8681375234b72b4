"""Face: the functions of the course assignment, batch-first.

x is (m, T_x, n_x): examples, time steps, features. Parameters are tuples, there are no caches, the
LSTM's cell state is called memory (m<t>), and the order of answers is this dialect's: a, m, y. The
assignment announces a backward part and stops there; `rnn_backward` and `lstm_backward` are that
part in the same style: they run forward again, from the same arguments.

Symbols: n_x features of x<t>, n_a units of a<t>, n_y classes of y<t>, m examples, T_x steps;
``Gamma_f, Gamma_u, Gamma_o`` are the gates and ``m~`` is the candidate, ``*`` is element-wise,
``@`` the matrix product, and a d stands for the gradient of the loss. Nothing passed in is
modified, no answer shares memory with another, and float32 stays float32. Gradients have the
dtype of the hidden states, whatever that of da. Subclasses of ndarray are taken, but for np.matrix
and masked arrays.
"""

import numpy as np

from .. import border, cells, layouts, losses, packings, sequence
from . import _border

__all__ = [
    "lstm_backward",
    "lstm_cell_forward",
    "lstm_forward",
    "rnn_backward",
    "rnn_cell_forward",
    "rnn_forward",
    "sigmoid",
    "softmax",
]

RNN = ("W_a", "U_a", "b_a", "W_y", "b_y")
LSTM = ("W_f", "b_f", "W_u", "b_u", "W_m", "b_m", "W_o", "b_o", "W_y", "b_y")
SHAPES = (
    {"x": ("m", "T_x", "n_x"), "x_t": ("m", "n_x"), "da": ("m", "T", "n_a")}
    | dict.fromkeys(("a_init", "a_prev", "m_prev"), ("m", "n_a"))
    | {"W_a": ("n_x", "n_a"), "U_a": ("n_a", "n_a"), "W_y": ("n_a", "n_y"), "b_y": ("n_y",)}
    | dict.fromkeys(("W_f", "W_u", "W_m", "W_o"), (_border.JOINED, "n_a"))
    | dict.fromkeys(("b_a", "b_f", "b_u", "b_m", "b_o"), ("n_a",))
)

sigmoid = _border.of_real_numbers(cells.sigmoid)


@border.quiet
def softmax(z):
    """Probabilities of classes: exp(z) / sum of exp(z) over the last axis, without overflow.

    Parameters
    ----------
    z : ndarray (m, n_y), or (..., n_y)

    Returns
    -------
    ndarray like z

    Raises
    ------
    TypeError
        Anything but a floating-point array.

    Examples
    --------
    >>> softmax(np.log(np.array([[1.0, 3.0]])))
    array([[0.25, 0.75]])
    """
    _border.check_kind("z", z, ("m", "n_y"))
    return losses.softmax(z, axis=-1)


@border.quiet
def rnn_cell_forward(x_t, a_prev, parameters):
    """One step of the RNN.

    ::

        a_t = tanh(x_t @ W_a + a_prev @ U_a + b_a)
        y_t = softmax(a_t @ W_y + b_y)

    Parameters
    ----------
    x_t : ndarray (m, n_x)
    a_prev : ndarray (m, n_a)
    parameters : tuple (W_a, U_a, b_a, W_y, b_y)
        (n_x, n_a), (n_a, n_a), (n_a,), (n_a, n_y), (n_y,).

    Returns
    -------
    a_t : ndarray (m, n_a)
    y_t : ndarray (m, n_y)

    Raises
    ------
    TypeError
        Lists, integers, complex numbers or half precision where arrays of floats are needed.
    ValueError
        Shapes that do not fit each other, or another number of parameters.

    Examples
    --------
    >>> p = (np.ones((3, 2)), np.eye(2), np.zeros(2), np.eye(2), np.zeros(2))
    >>> a_t, y_t = rnn_cell_forward(np.zeros((1, 3)), np.zeros((1, 2)), p)
    >>> y_t
    array([[0.5, 0.5]])
    """
    named = _border.unpack(parameters, RNN, "parameters")
    _border.check({"x_t": x_t, "a_prev": a_prev} | named, SHAPES)
    weights = packings.BATCH_FIRST.read(cells.RNN, named)
    _, (a_t,), _ = sequence.forward(cells.RNN, x_t.T[None], (a_prev.T,), weights, keep=False)
    return a_t.T, _prediction(a_t.T, named)


@border.quiet
def rnn_forward(x, a_init, parameters):
    """The RNN over a sequence: at each step t the equations of `rnn_cell_forward`.

    ::

        a<t> = tanh(x<t> @ W_a + a<t-1> @ U_a + b_a)
        y<t> = softmax(a<t> @ W_y + b_y)

    Parameters
    ----------
    x : ndarray (m, T_x, n_x)
    a_init : ndarray (m, n_a)
    parameters : tuple (W_a, U_a, b_a, W_y, b_y)
        (n_x, n_a), (n_a, n_a), (n_a,), (n_a, n_y), (n_y,).

    Returns
    -------
    a : ndarray (m, T_x, n_a)
    y : ndarray (m, T_x, n_y)

    Raises
    ------
    TypeError, ValueError
        As `rnn_cell_forward`.

    Examples
    --------
    >>> p = (np.ones((3, 2)), np.eye(2), np.zeros(2), np.eye(2), np.zeros(2))
    >>> a, y = rnn_forward(np.ones((4, 7, 3)), np.zeros((4, 2)), p)
    >>> a.shape, y.shape
    ((4, 7, 2), (4, 7, 2))
    """
    named = _border.unpack(parameters, RNN, "parameters")
    _border.check({"x": x, "a_init": a_init} | named, SHAPES)
    weights = packings.BATCH_FIRST.read(cells.RNN, named)
    x_core = layouts.to_core(x, batch_first=True)
    a, _, _ = sequence.forward(cells.RNN, x_core, (a_init.T,), weights, keep=False)
    a = layouts.from_core(a, batch_first=True)
    return a, _prediction(a, named)


@border.quiet
def lstm_cell_forward(x_t, a_prev, m_prev, parameters):
    """One step of the LSTM.

    ::

        Gamma_f = sigmoid([a_prev, x_t] @ W_f + b_f)
        Gamma_u = sigmoid([a_prev, x_t] @ W_u + b_u)
        m~      = tanh([a_prev, x_t] @ W_m + b_m)
        Gamma_o = sigmoid([a_prev, x_t] @ W_o + b_o)
        m_t     = Gamma_f * m_prev + Gamma_u * m~
        a_t     = Gamma_o * tanh(m_t)
        y_t     = softmax(a_t @ W_y + b_y)

    Parameters
    ----------
    x_t : ndarray (m, n_x)
    a_prev, m_prev : ndarray (m, n_a)
    parameters : tuple (W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y)
        W (n_a + n_x, n_a) and b (n_a,); W_y (n_a, n_y), b_y (n_y,).

    Returns
    -------
    a_t, m_t : ndarray (m, n_a)
    y_t : ndarray (m, n_y)

    Raises
    ------
    TypeError
        Lists, integers, complex numbers or half precision where arrays of floats are needed.
    ValueError
        Shapes that do not fit each other, or another number of parameters.

    Examples
    --------
    >>> p = (np.ones((5, 2)), np.zeros(2)) * 4 + (np.eye(2), np.zeros(2))
    >>> lstm_cell_forward(np.zeros((1, 3)), np.zeros((1, 2)), np.full((1, 2), 0.8), p)[1]
    array([[0.4, 0.4]])
    """
    named = _border.unpack(parameters, LSTM, "parameters")
    _border.check({"x_t": x_t, "a_prev": a_prev, "m_prev": m_prev} | named, SHAPES)
    weights = packings.BATCH_FIRST.read(cells.LSTM, named)
    start = (a_prev.T, m_prev.T)
    _, end, _ = sequence.forward(cells.LSTM, x_t.T[None], start, weights, keep=False)
    a_t, m_t = (state.T for state in end)
    return a_t, m_t, _prediction(a_t, named)


@border.quiet
def lstm_forward(x, a_init, parameters):
    """The LSTM over a sequence: at each step t the equations of `lstm_cell_forward`; m<0> = 0.

    ::

        m<t> = Gamma_f<t> * m<t-1> + Gamma_u<t> * m~<t>
        a<t> = Gamma_o<t> * tanh(m<t>)
        y<t> = softmax(a<t> @ W_y + b_y)

    Parameters
    ----------
    x : ndarray (m, T_x, n_x)
    a_init : ndarray (m, n_a)
    parameters : tuple (W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y)
        W (n_a + n_x, n_a) and b (n_a,); W_y (n_a, n_y), b_y (n_y,).

    Returns
    -------
    a, m : ndarray (m, T_x, n_a)
    y : ndarray (m, T_x, n_y)

    Raises
    ------
    TypeError, ValueError
        As `lstm_cell_forward`.

    Examples
    --------
    >>> p = (np.ones((5, 2)), np.zeros(2)) * 4 + (np.ones((2, 6)), np.zeros(6))
    >>> a, m, y = lstm_forward(np.ones((4, 7, 3)), np.zeros((4, 2)), p)
    >>> a.shape, m.shape, y.shape
    ((4, 7, 2), (4, 7, 2), (4, 7, 6))
    """
    named = _border.unpack(parameters, LSTM, "parameters")
    _border.check({"x": x, "a_init": a_init} | named, SHAPES)
    a, tape = _run(cells.LSTM, x, a_init, named)
    a = layouts.from_core(a, batch_first=True)
    m = layouts.from_core(_memory(tape), batch_first=True)
    return a, m, _prediction(a, named)


@border.quiet
def rnn_backward(da, x, a_init, parameters):
    """Gradients of the RNN over a sequence (BPTT).

    dz<t> is that by what goes into the tanh of step t, da_next<t> that by a<t> from all that comes
    after it (after the last step there is nothing)::

        da_next<t> = da<t> + dz<t+1> @ U_a.T
        dz<t> = da_next<t> * (1 - a<t>^2)
        dx<t> = dz<t> @ W_a.T
        da_init = dz<1> @ U_a.T
        dW_a = sum of x<t>.T @ dz<t> over t
        dU_a = sum of a<t-1>.T @ dz<t> over t
        db_a = sum of dz<t> over t and the examples

    Parameters
    ----------
    da : ndarray (m, T, n_a)
        Gradient with respect to each a<t> through its own output only. T may be less than T_x: then
        the loss depends on the first T steps.
    x : ndarray (m, T_x, n_x)
    a_init : ndarray (m, n_a)
    parameters : tuple (W_a, U_a, b_a, W_y, b_y)
        As for `rnn_forward`.

    Returns
    -------
    dict
        dx (m, T, n_x), da_init (m, n_a), dW_a (n_x, n_a), dU_a (n_a, n_a), db_a (n_a,); all in
        the dtype of the hidden states, whatever that of da.

    Raises
    ------
    TypeError, ValueError
        As `rnn_cell_forward`; also a da of more steps than x has.

    Examples
    --------
    >>> p = (np.full((1, 1), 2.0), np.full((1, 1), 3.0), np.zeros(1), np.eye(1), np.zeros(1))
    >>> rnn_backward(np.ones((1, 2, 1)), np.zeros((1, 2, 1)), np.zeros((1, 1)), p)["dx"]
    array([[[8.],
            [2.]]])
    """
    return _backward(cells.RNN, RNN, da, x, a_init, parameters)


@border.quiet
def lstm_backward(da, x, a_init, parameters):
    """Gradients of the LSTM over a sequence (BPTT).

    dz_f, dz_u, dz_m and dz_o are those by what goes into the sigmoid or tanh of Gamma_f, Gamma_u,
    m~ and Gamma_o at step t, da_prev<t+1> and dm_prev<t+1> come back from the step after (zero
    after the last one)::

        da_next = da<t> + da_prev<t+1>
        dm = dm_prev<t+1> + da_next * Gamma_o * (1 - tanh(m<t>)^2)
        dz_f = dm * m<t-1> * Gamma_f * (1 - Gamma_f)
        dz_u = dm * m~ * Gamma_u * (1 - Gamma_u)
        dz_m = dm * Gamma_u * (1 - m~^2)
        dz_o = da_next * tanh(m<t>) * Gamma_o * (1 - Gamma_o)
        dW_f = sum of [a<t-1>, x<t>].T @ dz_f over t
        db_f = sum of dz_f over t and the examples; dW_u, db_u, ... likewise
        [da_prev<t>, dx<t>] = dz_f @ W_f.T + dz_u @ W_u.T + dz_m @ W_m.T + dz_o @ W_o.T
        dm_prev<t> = dm * Gamma_f
        da_init = da_prev<1>

    Parameters
    ----------
    da : ndarray (m, T, n_a)
        Gradient with respect to each a<t> through its own output only. T may be less than T_x: then
        the loss depends on the first T steps.
    x : ndarray (m, T_x, n_x)
    a_init : ndarray (m, n_a)
    parameters : tuple (W_f, b_f, W_u, b_u, W_m, b_m, W_o, b_o, W_y, b_y)
        As for `lstm_forward`.

    Returns
    -------
    dict
        dx (m, T, n_x), da_init (m, n_a), and dW_f, db_f, dW_u, db_u, dW_m, db_m, dW_o, db_o shaped
        as the parameters; all in the dtype of the hidden states, whatever that of da.

    Raises
    ------
    TypeError, ValueError
        As `lstm_cell_forward`; also a da of more steps than x has.

    Examples
    --------
    >>> p = (np.ones((5, 2)), np.zeros(2)) * 4 + (np.ones((2, 6)), np.zeros(6))
    >>> lstm_backward(np.ones((4, 5, 2)), np.ones((4, 7, 3)), np.zeros((4, 2)), p)["dx"].shape
    (4, 5, 3)
    """
    return _backward(cells.LSTM, LSTM, da, x, a_init, parameters)


def _backward(cell, names, da, x, a_init, parameters):
    named = _border.unpack(parameters, names, "parameters")
    _border.check({"da": da, "x": x, "a_init": a_init} | named, SHAPES)
    T = _border.count_steps(da, x.shape[1], SHAPES["da"], f"x {x.shape}")
    _, tape = _run(cell, x[:, :T], a_init, named)
    dx, (da_init, *_), d_weights = sequence.backward(tape, layouts.to_core(da, batch_first=True))
    states = {"dx": layouts.from_core(dx, batch_first=True), "da_init": da_init.T}
    found = packings.BATCH_FIRST.write(cell, d_weights, gradients=True)
    return states | {f"d{name}": found[name].copy() for name in names[:-2]}


def _run(cell, x, a_init, named):
    weights = packings.BATCH_FIRST.read(cell, named)
    start = (a_init.T, np.zeros_like(a_init.T))[: len(cell.states)]
    a, _, tape = sequence.forward(cell, layouts.to_core(x, batch_first=True), start, weights)
    return a, tape


def _memory(tape):
    return tape.states[1][1:]


def _prediction(a, named):
    """Softmax of the output layer; a is (m, n_a), or (m, T_x, n_a)."""
    with np.errstate(all="ignore"):
        z = np.matmul(a, named["W_y"]) + named["b_y"]
    return losses.softmax(z, axis=-1)
