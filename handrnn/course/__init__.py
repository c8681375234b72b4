"""Face: the functions of the course assignment, column-major, without a mistake in them.

x is (n_x, m, T_x): features, examples, time steps. `batch_first` has the assignment's other
dialect. Names, order of arguments, of answers and of the entries of a cache are the assignment's;
what is computed is the engine's. Nothing passed in is modified, no answer shares memory with
another or with the caches, and float32 stays float32. What goes back through caches has their
dtype, whatever that of the gradient with respect to the hidden states is. Subclasses of ndarray are
taken, but for np.matrix and masked arrays.

Symbols: n_x features of x<t>, n_a units of a<t>, n_y classes of y<t>, m examples, T_x steps;
``Gamma_f, Gamma_u, Gamma_o`` are the gates and ``c~`` is the candidate (in a cache ft, it, ot and
cct), ``*`` is element-wise, ``@`` the matrix product, and a d stands for the gradient of the loss.

A dict of parameters may hold more than what a function needs. The LSTM's update gate is Wi, bi or
Wu, bu, and gradients have the names that were given.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> sizes = {"Wax": (5, 3), "Waa": (5, 5), "ba": (5, 1), "Wya": (2, 5), "by": (2, 1)}
>>> parameters = {name: rng.standard_normal(size) for name, size in sizes.items()}
>>> x, targets = rng.standard_normal((3, 10, 4)), rng.integers(2, size=(10, 4))
>>> a, y_pred, caches = rnn_forward(x, np.zeros((5, 10)), parameters)
>>> loss = sequence_loss(y_pred, targets)
>>> gradients = sequence_loss_backward(y_pred, targets, a, parameters)
>>> gradients |= rnn_backward(gradients.pop("da"), caches)
>>> sorted(clip(gradients, 5.0))
['dWaa', 'dWax', 'dWya', 'da0', 'dba', 'dby', 'dx']
"""

from collections.abc import Mapping
from itertools import repeat

import numpy as np

from .. import border, cells, layouts, losses, packings, sequence
from . import _border, batch_first

__all__ = [
    "batch_first",
    "clip",
    "lstm_backward",
    "lstm_cell_backward",
    "lstm_cell_forward",
    "lstm_forward",
    "rnn_backward",
    "rnn_cell_backward",
    "rnn_cell_forward",
    "rnn_forward",
    "sequence_loss",
    "sequence_loss_backward",
    "sigmoid",
    "softmax",
]

SHAPES = (
    dict.fromkeys(("x",), ("n_x", "m", "T_x"))
    | dict.fromkeys(("xt",), ("n_x", "m"))
    | dict.fromkeys(("a0", "a_prev", "a_next", "da_next"), ("n_a", "m"))
    | dict.fromkeys(("c_prev", "c_next", "dc_next", "ft", "it", "cct", "ot"), ("n_a", "m"))
    | dict.fromkeys(("Wf", "Wi", "Wu", "Wc", "Wo"), ("n_a", _border.JOINED))
    | dict.fromkeys(("ba", "bf", "bi", "bu", "bc", "bo"), ("n_a", 1))
    | {"Waa": ("n_a", "n_a"), "Wax": ("n_a", "n_x")}
    | {"Wya": ("n_y", "n_a"), "Wy": ("n_y", "n_a"), "by": ("n_y", 1)}
    | {"da": ("n_a", "m", "T"), "a": ("n_a", "m", "T_x"), "y_pred": ("n_y", "m", "T_x")}
)
RNN_PARAMETERS = ("Wax", "Waa", "ba")
LSTM_PARAMETERS = {
    update: tuple(kind + letter for letter in ("f", update, "c", "o") for kind in "Wb")
    for update in "iu"
}
RNN_CACHE = ("a_next", "a_prev", "xt", "parameters")
LSTM_GATES = ("ft", "it", "cct", "ot")
LSTM_CACHE = ("a_next", "c_next", "a_prev", "c_prev", *LSTM_GATES, "xt", "parameters")

sigmoid = _border.of_real_numbers(cells.sigmoid)


@border.quiet
def softmax(z):
    """Probabilities of classes: exp(z) / sum of exp(z) over axis 0, without overflow.

    Parameters
    ----------
    z : ndarray (n_y, m), or (n_y, ...)

    Returns
    -------
    ndarray like z

    Raises
    ------
    TypeError
        Anything but a floating-point array.

    Examples
    --------
    >>> softmax(np.log(np.array([[1.0], [3.0]])))
    array([[0.25],
           [0.75]])
    """
    _border.check_kind("z", z, ("n_y", "m"))
    if z.ndim == 0 or not len(z):
        raise ValueError(f"z is {z.shape}: there are no classes along its first axis")
    return losses.softmax(z, axis=0)


@border.quiet
def rnn_cell_forward(xt, a_prev, parameters):
    """One step of the RNN.

    ::

        a_next = tanh(Wax @ xt + Waa @ a_prev + ba)
        yt_pred = softmax(Wya @ a_next + by)

    Parameters
    ----------
    xt : ndarray (n_x, m)
    a_prev : ndarray (n_a, m)
    parameters : dict
        Wax (n_a, n_x), Waa (n_a, n_a), ba (n_a, 1), Wya (n_y, n_a), by (n_y, 1).

    Returns
    -------
    a_next : ndarray (n_a, m)
    yt_pred : ndarray (n_y, m)
    cache : tuple (a_next, a_prev, xt, parameters)

    Raises
    ------
    TypeError
        Lists, integers, complex numbers or half precision where arrays of floats are needed.
    ValueError
        Shapes that do not fit each other, or a parameter that is missing.

    Examples
    --------
    >>> p = {"Wax": np.ones((2, 3)), "Waa": np.eye(2), "Wya": np.eye(2)}
    >>> p |= {"ba": np.zeros((2, 1)), "by": np.zeros((2, 1))}
    >>> a_next, yt_pred, cache = rnn_cell_forward(np.zeros((3, 1)), np.zeros((2, 1)), p)
    >>> yt_pred
    array([[0.5],
           [0.5]])
    """
    given = _parameters(cells.RNN, parameters, ("Wya", "by"))
    _border.check({"xt": xt, "a_prev": a_prev} | given, SHAPES)
    weights = packings.COURSE.read(cells.RNN, given)
    _, (a_next,), tape = sequence.forward(cells.RNN, xt[None], (a_prev,), weights)
    y_pred = _prediction(given["Wya"], given["by"], a_next)
    return a_next, y_pred, _rnn_caches(tape, parameters)[0]


@border.quiet
def rnn_forward(x, a0, parameters):
    """The RNN over a sequence: at each step t the equations of `rnn_cell_forward`.

    ::

        a<t> = tanh(Wax @ x<t> + Waa @ a<t-1> + ba)
        y<t> = softmax(Wya @ a<t> + by)

    Parameters
    ----------
    x : ndarray (n_x, m, T_x)
    a0 : ndarray (n_a, m)
    parameters : dict
        Wax (n_a, n_x), Waa (n_a, n_a), ba (n_a, 1), Wya (n_y, n_a), by (n_y, 1).

    Returns
    -------
    a : ndarray (n_a, m, T_x)
    y_pred : ndarray (n_y, m, T_x)
    caches : tuple (list of the cache of each step, x)
        A cache is that of `rnn_cell_forward`.

    Raises
    ------
    TypeError, ValueError
        As `rnn_cell_forward`.

    Examples
    --------
    >>> p = {"Wax": np.ones((2, 3)), "Waa": np.eye(2), "Wya": np.eye(2)}
    >>> p |= {"ba": np.zeros((2, 1)), "by": np.zeros((2, 1))}
    >>> a, y_pred, (caches, x) = rnn_forward(np.ones((3, 4, 7)), np.zeros((2, 4)), p)
    >>> a.shape, y_pred.shape, len(caches)
    ((2, 4, 7), (2, 4, 7), 7)
    """
    given = _parameters(cells.RNN, parameters, ("Wya", "by"))
    _border.check({"x": x, "a0": a0} | given, SHAPES)
    weights = packings.COURSE.read(cells.RNN, given)
    a, _, tape = sequence.forward(cells.RNN, layouts.course_to_core(x), (a0,), weights)
    y_pred = layouts.course_from_core(_prediction(given["Wya"], given["by"], a))
    return layouts.course_from_core(a), y_pred, (_rnn_caches(tape, parameters), _inputs(tape))


@border.quiet
def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    """One step of the LSTM.

    ::

        Gamma_f = sigmoid(Wf @ [a_prev; xt] + bf)
        Gamma_u = sigmoid(Wi @ [a_prev; xt] + bi)
        c~      = tanh(Wc @ [a_prev; xt] + bc)
        Gamma_o = sigmoid(Wo @ [a_prev; xt] + bo)
        c_next  = Gamma_f * c_prev + Gamma_u * c~
        a_next  = Gamma_o * tanh(c_next)
        yt_pred = softmax(Wy @ a_next + by)

    Parameters
    ----------
    xt : ndarray (n_x, m)
    a_prev, c_prev : ndarray (n_a, m)
    parameters : dict
        Wf, Wi, Wc, Wo (n_a, n_a + n_x), bf, bi, bc, bo (n_a, 1), Wy (n_y, n_a), by (n_y, 1);
        Wi and bi may be called Wu and bu.

    Returns
    -------
    a_next, c_next : ndarray (n_a, m)
    yt_pred : ndarray (n_y, m)
    cache : tuple (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)

    Raises
    ------
    TypeError
        Lists, integers, complex numbers or half precision where arrays of floats are needed.
    ValueError
        Shapes that do not fit each other, or a parameter that is missing.

    Examples
    --------
    >>> p = {f"W{gate}": np.ones((2, 5)) for gate in "fico"} | {"Wy": np.eye(2)}
    >>> p |= {f"b{gate}": np.zeros((2, 1)) for gate in "ficoy"}
    >>> c_prev = np.full((2, 1), 0.8)
    >>> lstm_cell_forward(np.zeros((3, 1)), np.zeros((2, 1)), c_prev, p)[1]
    array([[0.4],
           [0.4]])
    """
    given = _parameters(cells.LSTM, parameters, ("Wy", "by"))
    _border.check({"xt": xt, "a_prev": a_prev, "c_prev": c_prev} | given, SHAPES)
    weights = _packing(given).read(cells.LSTM, given)
    _, (a_next, c_next), tape = sequence.forward(cells.LSTM, xt[None], (a_prev, c_prev), weights)
    y_pred = _prediction(given["Wy"], given["by"], a_next)
    return a_next, c_next, y_pred, _lstm_caches(tape, parameters)[0]


@border.quiet
def lstm_forward(x, a0, parameters):
    """The LSTM over a sequence: at each step t the equations of `lstm_cell_forward`; c<0> = 0.

    ::

        c<t> = Gamma_f<t> * c<t-1> + Gamma_u<t> * c~<t>
        a<t> = Gamma_o<t> * tanh(c<t>)
        y<t> = softmax(Wy @ a<t> + by)

    Parameters
    ----------
    x : ndarray (n_x, m, T_x)
    a0 : ndarray (n_a, m)
    parameters : dict
        Wf, Wi, Wc, Wo (n_a, n_a + n_x), bf, bi, bc, bo (n_a, 1), Wy (n_y, n_a), by (n_y, 1);
        Wi and bi may be called Wu and bu.

    Returns
    -------
    a : ndarray (n_a, m, T_x)
    y : ndarray (n_y, m, T_x)
    c : ndarray (n_a, m, T_x)
    caches : tuple (list of the cache of each step, x)
        A cache is that of `lstm_cell_forward`.

    Raises
    ------
    TypeError, ValueError
        As `lstm_cell_forward`.

    Examples
    --------
    >>> p = {f"W{gate}": np.ones((2, 5)) for gate in "fico"} | {"Wy": np.eye(2)}
    >>> p |= {f"b{gate}": np.zeros((2, 1)) for gate in "ficoy"}
    >>> a, y, c, (caches, x) = lstm_forward(np.ones((3, 4, 7)), np.zeros((2, 4)), p)
    >>> a.shape, y.shape, c.shape, len(caches)
    ((2, 4, 7), (2, 4, 7), (2, 4, 7), 7)
    """
    given = _parameters(cells.LSTM, parameters, ("Wy", "by"))
    _border.check({"x": x, "a0": a0} | given, SHAPES)
    weights = _packing(given).read(cells.LSTM, given)
    start = (a0, np.zeros_like(a0))
    a, _, tape = sequence.forward(cells.LSTM, layouts.course_to_core(x), start, weights)
    y = layouts.course_from_core(_prediction(given["Wy"], given["by"], a))
    c = layouts.course_from_core(_cell_states(tape).copy())
    return layouts.course_from_core(a), y, c, (_lstm_caches(tape, parameters), _inputs(tape))


@border.quiet
def rnn_cell_backward(da_next, cache):
    """Gradients of one step of the RNN.

    ::

        dz = da_next * (1 - a_next^2)
        dxt = Wax.T @ dz
        da_prev = Waa.T @ dz
        dWax = dz @ xt.T
        dWaa = dz @ a_prev.T
        dba = dz, summed over the examples

    Parameters
    ----------
    da_next : ndarray (n_a, m)
        Gradient with respect to a_next, from all that comes after it.
    cache : tuple (a_next, a_prev, xt, parameters)
        Of `rnn_cell_forward`, or of a cell of one's own; the output layer is not needed.

    Returns
    -------
    dict
        dxt (n_x, m), da_prev (n_a, m), dWax (n_a, n_x), dWaa (n_a, n_a), dba shaped as ba; all in
        the dtype of the cache, whatever that of da_next.

    Raises
    ------
    TypeError
        Lists, integers, complex numbers or half precision where arrays of floats are needed.
    ValueError
        Shapes that do not fit each other, or a cache or parameters that lack an entry.

    Examples
    --------
    >>> p = {"Wax": np.full((1, 1), 2.0), "Waa": np.full((1, 1), 3.0), "ba": np.zeros((1, 1))}
    >>> zero = np.zeros((1, 1))
    >>> rnn_cell_backward(np.ones((1, 1)), (zero, zero, zero, p))["da_prev"]
    array([[3.]])
    """
    tape, given = _tape(cells.RNN, [cache], ["cache"], {"da_next": da_next})
    dx, (da_prev,), d_weights = sequence.backward(tape, None, (da_next,))
    return {"dxt": dx[0], "da_prev": da_prev} | _gradients(cells.RNN, d_weights, given)


@border.quiet
def rnn_backward(da, caches):
    """Gradients of the RNN over a sequence (BPTT), the equations of `rnn_cell_backward` with

    ::

        da_next<t> = da<t> + da_prev<t+1>

    Parameters
    ----------
    da : ndarray (n_a, m, T)
        Gradient with respect to each a<t> through its own output only. T may be less than T_x: then
        the loss depends on the first T steps.
    caches : tuple (list of the cache of each step, x)
        Of `rnn_forward`, or with caches of a cell of one's own. Of x nothing is needed.

    Returns
    -------
    dict
        dx (n_x, m, T), da0 (n_a, m), dWax (n_a, n_x), dWaa (n_a, n_a), dba shaped as ba; all in
        the dtype of the caches, whatever that of da.

    Raises
    ------
    TypeError, ValueError
        As `rnn_cell_backward`; also a da of more steps than the caches have, and caches whose
        a_prev is not the a_next of the cache before (rounded, if one has the fewer digits) or that
        hold other parameters than the first.

    Examples
    --------
    >>> p = {"Wax": np.full((1, 1), 2.0), "Waa": np.full((1, 1), 3.0), "ba": np.zeros((1, 1))}
    >>> zero = np.zeros((1, 1))
    >>> caches = ([(zero, zero, zero, p)] * 2, np.zeros((1, 1, 2)))
    >>> rnn_backward(np.ones((1, 1, 2)), caches)["dx"]
    array([[[8., 2.]]])
    """
    dx, (da0,), gradients = _through_time(cells.RNN, da, caches)
    return {"dx": dx, "da0": da0} | gradients


@border.quiet
def lstm_cell_backward(da_next, dc_next, cache):
    """Gradients of one step of the LSTM.

    dz_f, dz_u, dz_c and dz_o are those by what goes into the sigmoid or tanh of Gamma_f, Gamma_u,
    c~ and Gamma_o::

        dc = dc_next + da_next * Gamma_o * (1 - tanh(c_next)^2)
        dz_f = dc * c_prev * Gamma_f * (1 - Gamma_f)
        dz_u = dc * c~ * Gamma_u * (1 - Gamma_u)
        dz_c = dc * Gamma_u * (1 - c~^2)
        dz_o = da_next * tanh(c_next) * Gamma_o * (1 - Gamma_o)
        dWf = dz_f @ [a_prev; xt].T
        dbf = dz_f, summed over the examples; dWi, dbi, ... likewise
        [da_prev; dxt] = Wf.T @ dz_f + Wi.T @ dz_u + Wc.T @ dz_c + Wo.T @ dz_o
        dc_prev = dc * Gamma_f

    Parameters
    ----------
    da_next, dc_next : ndarray (n_a, m)
        Gradients with respect to a_next and c_next, from all that comes after them.
    cache : tuple (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
        Of `lstm_cell_forward`, or of a cell of one's own; the output layer is not needed.

    Returns
    -------
    dict
        dxt (n_x, m), da_prev, dc_prev (n_a, m), and dWf, dbf, dWi, dbi, dWc, dbc, dWo, dbo shaped
        as the parameters (dWu, dbu for Wu, bu); all in the dtype of the cache, whatever those of
        da_next and dc_next.

    Raises
    ------
    TypeError
        Lists, integers, complex numbers or half precision where arrays of floats are needed.
    ValueError
        Shapes that do not fit each other, or a cache or parameters that lack an entry.

    Examples
    --------
    >>> p = {f"W{gate}": np.ones((1, 2)) for gate in "fico"}
    >>> p |= {f"b{gate}": np.zeros((1, 1)) for gate in "fico"}
    >>> zero, half = np.zeros((1, 1)), np.full((1, 1), 0.5)
    >>> cache = (zero, zero, zero, zero, half, half, zero, half, zero, p)
    >>> lstm_cell_backward(zero, np.ones((1, 1)), cache)["dc_prev"]
    array([[0.5]])
    """
    cotangents = {"da_next": da_next, "dc_next": dc_next}
    tape, given = _tape(cells.LSTM, [cache], ["cache"], cotangents)
    dx, (da_prev, dc_prev), d_weights = sequence.backward(tape, None, (da_next, dc_next))
    states = {"dxt": dx[0], "da_prev": da_prev, "dc_prev": dc_prev}
    return states | _gradients(cells.LSTM, d_weights, given)


@border.quiet
def lstm_backward(da, caches):
    """Gradients of the LSTM over a sequence (BPTT), the equations of `lstm_cell_backward` with

    ::

        da_next<t> = da<t> + da_prev<t+1>
        dc_next<t> = dc_prev<t+1>

    Parameters
    ----------
    da : ndarray (n_a, m, T)
        Gradient with respect to each a<t> through its own output only. T may be less than T_x: then
        the loss depends on the first T steps.
    caches : tuple (list of the cache of each step, x)
        Of `lstm_forward`, or with caches of a cell of one's own. Of x nothing is needed.

    Returns
    -------
    dict
        dx (n_x, m, T), da0 (n_a, m), and dWf, dbf, dWi, dbi, dWc, dbc, dWo, dbo shaped as the
        parameters (dWu, dbu for Wu, bu); all in the dtype of the caches, whatever that of da.

    Raises
    ------
    TypeError, ValueError
        As `lstm_cell_backward`; also a da of more steps than the caches have, and caches whose
        a_prev or c_prev is not the a_next or c_next of the cache before (rounded, if one has the
        fewer digits) or that hold other parameters than the first.

    Examples
    --------
    >>> p = {f"W{gate}": np.ones((2, 5)) for gate in "fico"} | {"Wy": np.eye(2)}
    >>> p |= {f"b{gate}": np.zeros((2, 1)) for gate in "ficoy"}
    >>> *_, caches = lstm_forward(np.ones((3, 4, 7)), np.zeros((2, 4)), p)
    >>> lstm_backward(np.ones((2, 4, 5)), caches)["dx"].shape
    (3, 4, 5)
    """
    dx, (da0, _), gradients = _through_time(cells.LSTM, da, caches)
    return {"dx": dx, "da0": da0} | gradients


@border.quiet
def clip(gradients, max_value):
    """Limit every element of every gradient to [-max_value, max_value], in place.

    Parameters
    ----------
    gradients : dict of ndarray
    max_value : float, not negative

    Returns
    -------
    dict
        The one that was given, its arrays changed.

    Raises
    ------
    TypeError
        Anything but a dict of floating-point arrays; nothing is clipped then.
    ValueError
        A max_value below zero, or nan.

    Examples
    --------
    >>> clip({"db": np.array([[-7.0], [0.5]])}, 5)
    {'db': array([[-5. ],
           [ 0.5]])}
    """
    max_value = float(border.number("max_value", max_value, 0))
    if not isinstance(gradients, Mapping):
        kind = type(gradients).__name__
        raise TypeError(f"gradients is of type {kind}: a dict of arrays is needed")
    for name, gradient in gradients.items():
        if not isinstance(gradient, np.ndarray):
            kind = type(gradient).__name__
            raise TypeError(f"{name} is of type {kind}: a NumPy array is needed")
        if gradient.dtype.kind != "f":
            raise TypeError(f"{name} is {gradient.dtype}: floating-point numbers are needed")
    for gradient in gradients.values():
        np.clip(gradient, -max_value, max_value, out=gradient)
    return gradients


@border.quiet
def sequence_loss(y_pred, y):
    """Cross-entropy of a sequence, summed over the time steps and over the examples.

    ::

        L<t> = -y<t> * log(y_pred<t>), summed over classes and examples
        L = sum of L<t> over t

    Parameters
    ----------
    y_pred : ndarray (n_y, m, T_x)
        Probabilities, as from `rnn_forward` and `lstm_forward`.
    y : ndarray
        The right classes: integers (m, T_x), or one-hot (n_y, m, T_x) of any dtype.

    Returns
    -------
    NumPy scalar of the dtype of y_pred
        inf, without a warning, where a right class has probability zero.

    Raises
    ------
    TypeError
        A y_pred that is not an array of floats, or y no array.
    ValueError
        A y_pred that holds no probabilities (they sum to one along axis 0), shapes that do not
        fit, or a y of that shape that is not one-hot.
    IndexError
        A class that is none of the n_y.

    Examples
    --------
    >>> y_pred = np.full((4, 1, 3), 0.25)
    >>> print(sequence_loss(y_pred, np.array([[0, 2, 1]])) / np.log(4))
    3.0
    """
    return _cross_entropy(y_pred, y)[0]


@border.quiet
def sequence_loss_backward(y_pred, y, a, parameters):
    """Gradients of `sequence_loss` by the hidden states and by the output layer.

    ::

        dz<t> = y_pred<t> - y<t>
        da<t> = Wya.T @ dz<t>
        dWya = sum of dz<t> @ a<t>.T over t
        dby = sum of dz<t> over t and the examples

    Parameters
    ----------
    y_pred : ndarray (n_y, m, T_x)
    y : ndarray
        The right classes: integers (m, T_x), or one-hot (n_y, m, T_x) of any dtype.
    a : ndarray (n_a, m, T_x)
        As from `rnn_forward` and `lstm_forward`.
    parameters : dict
        Wya or Wy (n_y, n_a), by (n_y, 1).

    Returns
    -------
    dict
        da (n_a, m, T_x), what `rnn_backward` and `lstm_backward` take; dWya or dWy (n_y, n_a),
        dby (n_y, 1); all in the common dtype of y_pred, a and the parameters.

    Raises
    ------
    TypeError, ValueError, IndexError
        As `sequence_loss`; also parameters that lack by, or hold both or neither of Wya and Wy.

    Examples
    --------
    >>> y_pred, p = np.full((2, 1, 3), 0.5), {"Wy": np.eye(2), "by": np.zeros((2, 1))}
    >>> sequence_loss_backward(y_pred, np.array([[0, 1, 1]]), np.ones((2, 1, 3)), p)["dby"]
    array([[ 0.5],
           [-0.5]])
    """
    name = _output_matrix(parameters)
    given = _border.pick(parameters, (name, "by"))
    _border.check({"y_pred": y_pred, "a": a} | given, SHAPES)
    _, dz = _cross_entropy(y_pred, y)
    W, a = np.asarray(given[name]), np.asarray(a)
    n_y, n_a = W.shape
    dtype = np.result_type(dz, a, *given.values())
    columns = dz.astype(dtype, copy=False).reshape(n_y, -1)
    with np.errstate(all="ignore"):
        da = (W.T @ columns).reshape(n_a, *dz.shape[1:])
        dW = columns @ a.reshape(n_a, -1).T
    return {"da": da, f"d{name}": dW, "dby": columns.sum(axis=1, keepdims=True)}


def _output_matrix(parameters):
    """The name of W of the output layer: Wya or Wy."""
    if not isinstance(parameters, Mapping):
        return "Wya"
    names = [name for name in ("Wy", "Wya") if name in parameters]
    if len(names) != 1:
        held = " and ".join(names) or "neither Wy nor Wya"
        raise ValueError(f"parameters hold {held}: one matrix of an output layer is needed")
    return names[0]


def _cross_entropy(y_pred, y):
    """The loss and its gradient with respect to what went into the softmax."""
    _border.check({"y_pred": y_pred}, SHAPES)
    if not isinstance(y, np.ndarray):
        raise TypeError(f"y is of type {type(y).__name__}: a NumPy array is needed")
    if y.shape not in (y_pred.shape, y_pred.shape[1:]):
        raise ValueError(
            f"y is {y.shape}: integers {y_pred.shape[1:]}, (m, T_x), or one-hot {y_pred.shape},"
            " (n_y, m, T_x), are needed"
        )
    sums = y_pred.sum(axis=0)
    if y_pred.size and (y_pred.min() < 0 or abs(sums - 1).max() > 1e-3):
        raise ValueError(
            f"y_pred sums to between {sums.min():.6g} and {sums.max():.6g} over its classes:"
            " probabilities are needed, what softmax answers"
        )
    classes = _from_one_hot(y) if y.shape == y_pred.shape else _in_range(y, len(y_pred))
    with np.errstate(divide="ignore"):
        logits = np.log(y_pred)
    loss, dz = losses.cross_entropy(logits.swapaxes(0, 1), classes, "sum")
    return loss, dz.swapaxes(0, 1)


def _in_range(y, n_y):
    if y.dtype.kind not in "iu":
        raise TypeError(f"y {y.shape} is {y.dtype}: integers are needed for classes, (m, T_x)")
    wrong = y[(y < 0) | (y >= n_y)]
    if wrong.size:
        raise IndexError(f"y holds class {wrong[0]}: 0 to {n_y - 1} are needed, n_y is {n_y}")
    return y


def _from_one_hot(y):
    classes = y.argmax(axis=0)
    if (np.count_nonzero(y, axis=0) != 1).any() or (y.max(axis=0) != 1).any():
        raise ValueError(f"y {y.shape} is not one-hot: a single 1 is needed in each column")
    return classes


def _parameters(cell, parameters, output_layer=(), whose="parameters"):
    """The parameters of a cell, in the names they have, with those of an output layer."""
    lstm = len(cell.gates) > 1
    names = LSTM_PARAMETERS[_update_gate(parameters, whose)] if lstm else RNN_PARAMETERS
    return _border.pick(parameters, names + output_layer, whose)


def _update_gate(parameters, whose):
    if not isinstance(parameters, Mapping):
        return "i"
    given = [name for name in ("Wi", "bi", "Wu", "bu") if name in parameters]
    letters = {name[1] for name in given}
    if len(letters) > 1:
        raise ValueError(
            f"{whose} hold {', '.join(given)}: for the update gate Wi, bi or Wu, bu are needed"
        )
    return letters.pop() if letters else "i"


def _prediction(W, b, a):
    """Softmax of the output layer; a is (n_a, m), or (T, n_a, m)."""
    with np.errstate(all="ignore"):
        z = np.matmul(W, a) + b
    return losses.softmax(z, axis=-2)


def _inputs(tape):
    return layouts.course_from_core(tape.x[:, :-1])


def _cell_states(tape):
    return tape.states[1][1:]


def _rnn_caches(tape, parameters):
    a = list(tape.states[0][:, :-1])
    return list(zip(a[1:], a[:-1], tape.x[:, :-1], repeat(parameters)))


def _lstm_caches(tape, parameters):
    a, c = list(tape.states[0][:, :-1]), list(tape.states[1])
    gates = [tape.gates[:, cells.LSTM.gates.index(gate)] for gate in packings.COURSE_GATES]
    x = tape.x[:, :-1]
    return list(zip(a[1:], c[1:], a[:-1], c[:-1], *gates, x, repeat(parameters)))


def _through_time(cell, da, caches):
    """Gradients with respect to x, the states at the start and the parameters, these by name."""
    steps, _ = _border.unpack(caches, ("list of the cache of each step", "x"), "caches").values()
    if not isinstance(steps, list | tuple) or not steps:
        raise ValueError("caches[0] holds no steps: a list of the cache of each step is needed")
    T = _border.count_steps(da, len(steps), SHAPES["da"], "caches[0]")
    places = [f"caches[0][{t}]" for t in range(max(T, 1))]
    tape, given = _tape(cell, steps[: len(places)], places, {"da": da})
    dy = layouts.course_to_core(da)
    dx, d_start, d_weights = sequence.backward(sequence.cut(tape, 0, T), dy)
    return layouts.course_from_core(dx), d_start, _gradients(cell, d_weights, given)


def _tape(cell, caches, places, cotangents):
    """The tape of the forward pass that has left these caches, and its parameters."""
    names = LSTM_CACHE if cell.kept else RNN_CACHE
    entries = [_border.unpack(*pair) for pair in zip(caches, repeat(names), places)]
    given = _parameters(cell, entries[0]["parameters"], whose=f"parameters in {places[0]}")
    arrays = {name: entries[0][name] for name in names[:-1]}
    columns = {name: _column(name, array) for name, array in given.items()}
    _border.check(cotangents | arrays | columns, SHAPES)
    _border.check_steps(entries, {name: SHAPES[name] for name in arrays}, places)
    _check_parameters(given, entries, places)
    states = []
    for state in "ac"[: len(cell.states)]:
        before, after = ([entry[state + end] for entry in entries] for end in ("_prev", "_next"))
        _check_chain(state, before, after, places)
        states.append(np.stack([before[0], *after]))
    gates = None
    if cell.kept:
        steps = [[entry[name] for name in LSTM_GATES] for entry in entries]
        gates = _gates(cell, steps)
    weights = _packing(columns).read(cell, columns)
    x = np.stack([entry["xt"] for entry in entries])
    return sequence.record(cell, weights, x, tuple(states), gates, copy=False), given


def _column(name, array):
    """A bias (n_a,) as (n_a, 1): gradients do not depend on it, so both are taken."""
    flat = name[0] == "b" and isinstance(array, np.ndarray) and array.ndim == 1
    return np.asarray(array)[:, None] if flat else array


def _check_parameters(given, entries, places):
    """An error about the first parameter that is not that of the first step."""
    for entry, place in zip(entries, places, strict=True):
        if entry["parameters"] is entries[0]["parameters"]:
            continue
        others = _border.pick(entry["parameters"], tuple(given), f"parameters in {place}")
        for name, other in others.items():
            _border.check_kind(f"{name} in {place}", other, SHAPES[name])
            if not _border.equal(other, given[name]):
                raise ValueError(
                    f"{name} in {place} is not the {name} in {places[0]}:"
                    " caches of one forward pass are needed, all with the same parameters"
                )


def _check_chain(state, before, after, places):
    for t in range(1, len(before)):
        if not _border.equal(before[t], after[t - 1]):
            raise ValueError(
                f"{state}_prev in {places[t]} is not the {state}_next in {places[t - 1]}:"
                " caches of one forward pass are needed, in its order"
            )


def _packing(given):
    """The edition of the course, by the letter of its update gate."""
    return packings.COURSE_U if "Wu" in given else packings.COURSE


def _gradients(cell, d_weights, given):
    found = _packing(given).write(cell, d_weights, gradients=True)
    return {
        f"d{name}": np.ascontiguousarray(found[name]).reshape(array.shape)
        for name, array in given.items()
    }


def _gates(cell, steps):
    """The core's (T, K, H, B) from T lists of gates (H, B) in the course's order."""
    order = [packings.COURSE_GATES.index(gate) for gate in cell.gates]
    rows = np.stack([step[k] for step in steps for k in order])
    return rows.reshape(len(steps), len(order), *rows.shape[1:])
