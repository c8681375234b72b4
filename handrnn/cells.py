"""Every recurrent equation, forward and backward: RNN (tanh, relu), LSTM, GRU.

Glossary of the whole engine::

    T  time steps          x  input            o, i, f, g  gates of the LSTM (g: candidate)
    B  examples            h  hidden state     r, u, n     gates of the GRU  (n: candidate)
    I  inputs              c  cell state       z           pre-activations of all gates
    H  hidden units        y  output           a, b        z = a + b: a from h, b from x
    K  gate blocks         S  states           d           gradient of the loss (dh, dc, dz)

A cell sees one time step: states are (H, B), gates (K, H, B), a unit a row, an example a column.
The matrix products are made for it (in `sequence`): a = W_hh h + b_hh and b = W_ih x + b_ih.
Of itself a cell knows three things, all pointwise, all written into storage lent by the caller:

``step``    one step forward: from a, b and the previous states to the next states; the
            activated gates are left behind in the storage of a;
``slopes``  what a step back multiplies dh and dc by. No recurrence in it: done for many steps
            at once, on arrays with time behind the gates;
``carry``   one step back, which must run backwards in time: slopes become dz, dc becomes the
            gradient of the previous cell state.

``step_views`` and ``carry_views`` cut the storage of many steps (time in front) into the pieces
that one step takes: to slice at every step would cost as much as the arithmetic. Where a ufunc
has one argument more than the equation, that is where the result goes (cheaper than ``out=``).

A sigmoid is 1 / (1 + exp(-z)): where a gate is nearly closed, its small values keep all their
digits, which those of 1/2 + 1/2 tanh(z/2) do not. For gates that are sigmoids a and b arrive as
-a and -b. Where exp overflows, 1 / inf is the right 0: the caller keeps NumPy from warning of it.
No step decides on a value (abs, where, maximum) but relu's, so complex numbers pass through forward
and a complex step can differentiate it.

Sources: Elman, "Finding structure in time" (1990); Hochreiter and Schmidhuber, "Long short-term
memory" (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000); Cho et al. (2014),
in the form of torch.nn.GRU, where the reset gate acts after the matrix product.
"""

from typing import Any

import numpy as np
from numpy import divide, exp, greater, maximum, multiply, subtract, tanh, where

# A constant of the same dtype costs half of what a Python float does, at every step.
ONE = {np.dtype(code): np.array(1, code) for code in "fdgFDG"}
WIDER = {np.dtype(code): np.dtype(wider) for code, wider in zip("fdFD", "dgDG", strict=True)}


def sigmoid(z) -> Any:
    """The logistic function 1 / (1 + exp(-z)); real or complex, any shape.

    It is computed in the next wider dtype, if there is one, and rounded once, so that its last
    digit is right; and from whichever of exp(z) and exp(-z) is small, so that neither overflows.

    >>> sigmoid(np.array([-1000.0, -40.0, 0.0, 1000.0]))
    array([0.00000000e+00, 4.24835426e-18, 5.00000000e-01, 1.00000000e+00])
    """
    z = np.asarray(z)
    dtype = np.result_type(z, 0.5)
    wide = z.astype(WIDER.get(dtype, dtype))
    negative = np.real(wide) < 0
    small = exp(where(negative, wide, -wide))
    s = where(negative, small, 1) / (1 + small)
    return s.astype(dtype)


class RNN:
    """h = tanh(a + b)."""

    gates = ("h",)
    sigmoids = 0  # how many of them, counted from the first, are sigmoids
    states = ("h",)
    kept = 0  # blocks of gates that backward needs
    sloped = 1  # blocks that slopes fills
    recurrent = slice(0, 1)  # those that become the gradient with respect to a
    entering = slice(0, 1)  # those that become the gradient with respect to b
    detour = False  # whether carry leaves in dh a part that goes around the matrix product
    holomorphic = True  # whether complex numbers may pass

    @staticmethod
    def step_views(a, b, before, after):
        return a[:, 0], b[:, 0], after[0]

    @staticmethod
    def step(views, work):
        a, b, h = views
        a += b
        tanh(a, out=h)  # h = tanh(z)

    @staticmethod
    def slopes(gates, before, after, out, work):
        (h,), (dh_dz,) = after, out
        multiply(h, h, out=dh_dz)
        subtract(1, dh_dz, out=dh_dz)  # dh/dz = 1 - h^2

    @staticmethod
    def carry_views(slopes, gates):
        return (slopes[:, 0],)

    @staticmethod
    def carry(views, d_states, work):
        (dh_dz,), (dh,) = views, d_states
        dh_dz *= dh  # dz = dh dh/dz


class ReluRNN(RNN):
    """h = max(0, a + b)."""

    holomorphic = False

    @staticmethod
    def step(views, work):
        a, b, h = views
        a += b
        maximum(a, 0, out=h)  # h = max(0, z)

    @staticmethod
    def slopes(gates, before, after, out, work):
        (h,), (dh_dz,) = after, out
        greater(h, 0, out=dh_dz)  # dh/dz = 1 where h > 0, else 0


class LSTM:
    """o, i, f = sigmoid(a + b), g = tanh(a + b); c = f c_prev + i g, h = o tanh(c).

    The gates stand in this order so that those with a sigmoid are neighbours, and those that
    feed the cell state are neighbours too.
    """

    gates = ("o", "i", "f", "g")
    sigmoids = 3
    states = ("h", "c")
    kept = 4
    sloped = 5
    recurrent = entering = slice(1, 5)
    detour = False
    holomorphic = True

    @staticmethod
    def step_views(a, b, before, after):
        (_, c_prev), (h, c) = before, after
        one = [ONE[a.dtype]] * len(a)
        return a, b, a[:, :3], one, a[:, 0], a[:, 1], a[:, 2], a[:, 3], c_prev, h, c

    @staticmethod
    def step(views, work):
        a, b, o_i_f, one, o, i, f, g, c_prev, h, c = views
        a += b
        exp(o_i_f, o_i_f)
        o_i_f += one
        divide(one, o_i_f, o_i_f)  # o, i, f = 1 / (1 + exp(-z))
        tanh(g, g)
        multiply(f, c_prev, c)
        c += multiply(i, g, work)  # c = f c_prev + i g
        LSTM.emit(o, c, h)

    @staticmethod
    def emit(o, c, out):
        """What the cell shows of its state."""
        tanh(c, out)
        out *= o  # h = o tanh(c)

    @staticmethod
    def slopes(gates, before, after, out, work):
        (_, c_prev), (_, c) = before, after
        o, i, _, g = gates
        dh_dc, dh_do, dc_di, dc_df, dc_dg = out  # by the pre-activation of each gate
        subtract(1, gates[:3], out=out[1:4])
        out[1:4] *= gates[:3]  # sigmoid' = s (1 - s)
        tanh(c, out=work)
        dh_do *= work  # dh/do = tanh(c) o (1 - o)
        dc_di *= g  # dc/di = g i (1 - i)
        dc_df *= c_prev  # dc/df = c_prev f (1 - f)
        multiply(g, g, out=dc_dg)
        subtract(1, dc_dg, out=dc_dg)
        dc_dg *= i  # dc/dg = i (1 - g^2)
        multiply(work, work, out=dh_dc)
        subtract(1, dh_dc, out=dh_dc)
        dh_dc *= o  # dh/dc = o (1 - tanh(c)^2)

    @staticmethod
    def carry_views(slopes, gates):
        return slopes[:, 0], slopes[:, 1], slopes[:, 2:], gates[:, 2]

    @staticmethod
    def carry(views, d_states, work):
        (dh_dc, dh_do, dc_di_df_dg, f), (dh, dc) = views, d_states
        dc += multiply(dh, dh_dc, work)  # dc = dc_next + dh dh/dc
        dh_do *= dh  # dz_o = dh dh/do
        dc_di_df_dg *= dc  # dz_i, dz_f, dz_g = dc dc/di, dc dc/df, dc dc/dg
        dc *= f  # dc_prev = dc f


class GRU:
    """r, u = sigmoid(a + b), n = tanh(b + r a); h = n + u (h_prev - n)."""

    gates = ("r", "u", "n")
    sigmoids = 2
    states = ("h",)
    kept = 4
    sloped = 4
    recurrent = slice(0, 3)
    entering = (0, 1, 3)
    detour = True
    holomorphic = True

    @staticmethod
    def step_views(a, b, before, after):
        (h_prev,), (h,) = before, after
        one = [ONE[a.dtype]] * len(a)
        return a[:, :2], b[:, :2], one, a[:, 0], a[:, 1], a[:, 2], b[:, 2], a[:, 3], h_prev, h

    @staticmethod
    def step(views, work):
        r_u, b_r_u, one, r, u, a_n, b_n, n, h_prev, h = views
        r_u += b_r_u
        exp(r_u, r_u)
        r_u += one
        divide(one, r_u, r_u)  # r, u = 1 / (1 + exp(-z))
        multiply(r, a_n, out=n)
        n += b_n
        tanh(n, out=n)  # n = tanh(b_n + r a_n)
        subtract(h_prev, n, out=h)
        h *= u
        h += n  # h = n + u (h_prev - n)

    @staticmethod
    def slopes(gates, before, after, out, work):
        (h_prev,) = before
        r, u, a_n, n = gates
        dh_dr, dh_du, dh_da_n, dh_db_n = out  # by the pre-activations
        subtract(1, gates[:2], out=out[:2])
        multiply(n, n, out=dh_db_n)
        subtract(1, dh_db_n, out=dh_db_n)
        dh_db_n *= dh_du  # dh/db_n = (1 - u) (1 - n^2)
        multiply(r, dh_db_n, out=dh_da_n)  # dh/da_n = r dh/db_n
        dh_dr *= dh_da_n
        dh_dr *= a_n  # dh/dr = a_n dh/db_n r (1 - r)
        dh_du *= u
        dh_du *= subtract(h_prev, n, out=work)  # dh/du = (h_prev - n) u (1 - u)

    @staticmethod
    def carry_views(slopes, gates):
        return slopes, gates[:, 1]

    @staticmethod
    def carry(views, d_states, work):
        (dh_dz, u), (dh,) = views, d_states
        dh_dz *= dh  # dz = dh dh/dz, for r, u, a_n and b_n
        dh *= u  # dh_prev = dh u + W_hh^T dz
