"""Mistakes planted into the engine, one at a time: the comparison must see every one of them.

A `Canary` is a line of the engine and the wrong line to put in its place. The engine's four modules
are then loaded once more from the changed source, beside the installed ones, and run through the
ordinary comparison of `harness`: handrnn against torch (or, without torch, against the textbook) on
ordinary cases. A mistake counts as seen when a named quantity is off; an error, a warning, a nan or
another shape does not count.

The part of an id before the slash is the kind of mistake, one that people make in networks of their
own; `KINDS` lists them. What the engine's way of writing cannot express is said in `NOT_PLANTED`.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import handrnn
from handrnn import compare
from parity_tests import harness

ENGINE = (
    "cells",
    "sequence",
    "slots",
    "packings",
    "layouts",
    "nn",
)  # in the order of their imports
COPY = "handrnn_with_a_mistake"
HAS_TORCH = importlib.util.find_spec("torch") is not None

EVERY = harness.CELLS
TANH_OR_RELU = ("rnn_tanh", "rnn_relu")
LSTMS = ("lstm", "lstm_proj")
GATED = (*LSTMS, "gru")
NEXT = "\n        "  # between lines of a method

KINDS = {
    "through time": (
        "no-carry",
        "one-path-not-carried",
        "not-accumulated",
        "no-transpose",
        "state-offset",
        "whh-off-by-one",
        "last-step-skipped",
        "upstream-in-place",
        "final-cell-gradient-ignored",
    ),
    "backward of a cell": (
        "activation-derivative-missing",
        "sigmoid-for-derivative",
        "derivative-of-activated",
        "misplaced-parentheses",
        "extra-candidate-factor",
        "wrong-variable",
        "divided-by-m",
        "gradients-for-weights",
    ),
    "forward": (
        "c-is-a",
        "cell-state-view",
        "a0-ignored",
        "a0-every-step",
        "output-gate-dropped",
        "no-tanh-on-cell",
        "y-from-previous",
        "caches-wrong",
        "one-bias-for-several",
        "gates-swapped",
        "plus-for-times",
        "sigmoid-by-tanh",
        "float32",
    ),
    "weights, layouts, directions, lengths": (
        "gate-order",
        "second-bias",
        "view-for-transpose",
        "reverse-not-flipped",
        "last-state-of-reverse",
        "direction-order",
        "layer-order",
        "padding-not-ignored",
        "final-state-at-T",
        "sorting-not-undone",
    ),
}


@dataclass(frozen=True)
class Canary:
    """One mistake in the engine.

    Parameters
    ----------
    id : the kind of mistake, and after a slash which of several it is
    file : module of the engine, without ".py"
    place : function, class or constant that the line is in, "Class.method" for a method
    line : what stands there, exactly once; several lines where they are one expression
    wrong : what is put in its place
    why : what the person meant, or which case it is not seen in
    cells : the cells of the harness that show it
    killer : the first quantity that is off, in the first case that shows it; "inputs" where what
        is wrong is an argument that was changed
    """

    id: str
    file: str
    place: str
    line: str
    wrong: str
    why: str
    cells: tuple[str, ...]
    killer: str

    @property
    def kind(self) -> str:
        """The part of the id that names the kind of mistake."""
        return self.id.partition("/")[0]


CANARIES = (
    # ------------------------------------------------------------------------------ through time
    Canary(
        "no-carry",
        "sequence",
        "_steps_back",
        "dh += dh_t",
        "dh[...] = dh_t; [d.fill(0) for d in dc]",
        "no recurrent gradient reaches the step before: dh and dc start from zero at every step",
        EVERY,
        "dx",
    ),
    Canary(
        "one-path-not-carried/hidden",
        "sequence",
        "_steps_back",
        "dh += dh_t",
        "dh[...] = dh_t",
        "dc is carried, dh is not",
        LSTMS,
        "dx",
    ),
    Canary(
        "one-path-not-carried/cell",
        "cells",
        "LSTM.carry",
        "dc *= f",
        "dc *= 0",
        "dh is carried, dc is not",
        LSTMS,
        "dx",
    ),
    Canary(
        "one-path-not-carried/update",
        "cells",
        "GRU.carry",
        "dh *= u",
        "dh *= 0",
        "dh goes back through W_hh only, not along h = n + u (h_prev - n)",
        ("gru",),
        "dx",
    ),
    Canary(
        "one-path-not-carried/product",
        "sequence",
        "_steps_back",
        "dh += product(da_t, out=back)",
        "product(da_t, out=back)",
        "dh goes back along h = n + u (h_prev - n) only, not through W_hh",
        ("gru",),
        "dx",
    ),
    Canary(
        "not-accumulated/steps",
        "sequence",
        "backward",
        "dW_h += np.dot(columns, _columns(h_chunk, right).T)",
        "dW_h += np.dot(columns[:, :k], _columns(h_chunk, right)[:, :k].T)",
        "the gradient of W_hh is that of one step, the last one processed",
        EVERY,
        "dweight_hh_l0",
    ),
    Canary(
        "not-accumulated/chunks",
        "sequence",
        "backward",
        "dW_x += np.dot",
        "dW_x[...] = np.dot",
        "assigned in the loop: with sequences of one length there is one chunk, and it hides",
        EVERY,
        "dweight_ih_l0",
    ),
    Canary(
        "not-accumulated/projection",
        "sequence",
        "backward",
        "dW_hr += np.dot",
        "dW_hr[...] = np.dot",
        "assigned in the loop, as above",
        ("lstm_proj",),
        "dweight_hr_l0",
    ),
    Canary(
        "no-transpose",
        "sequence",
        "backward",
        "W_ihT, W_hhT = (np.ascontiguousarray(W.T) for W in weights[:2])",
        "W_ihT, W_hhT = weights.W_ih.T, np.hstack([*weights.W_hh.reshape(-1, H, P)])",
        "the blocks of W_hh are square, so that nothing stops one from using them as they are",
        ("rnn_tanh", "rnn_relu", "lstm", "gru"),
        "dx",
    ),
    Canary(
        "state-offset/before",
        "sequence",
        "backward",
        "before = [buffer[start:stop, :, :k]",
        "before = [buffer[start + 1 : stop + 1, :, :k]",
        "c_t where c_{t-1} is meant, in the forget gate; h_t for h_{t-1} in the GRU",
        GATED,
        "dx",
    ),
    Canary(
        "state-offset/wraps",
        "sequence",
        "backward",
        "before = [buffer[start:stop, :, :k]",
        "before = [buffer[[(t or len(buffer)) - 1 for t in range(start, stop)], :, :k]",
        "states without a row for the start: index t - 1 at t = 0 is the last one",
        GATED,
        "dx",
    ),
    Canary(
        "state-offset/after",
        "sequence",
        "backward",
        "after = [buffer[start + 1 : stop + 1, :, :k]",
        "after = [buffer[start:stop, :, :k]",
        "the derivative of tanh or relu taken at the state before",
        (*TANH_OR_RELU, *LSTMS),
        "dx",
    ),
    Canary(
        "whh-off-by-one",
        "sequence",
        "backward",
        "h_chunk = hs[start:stop, :, :k]",
        "h_chunk = hs[start + 1 : stop + 1, :, :k]",
        "dz_t meets h_t in the gradient of W_hh, where h_{t-1} is meant",
        EVERY,
        "dweight_hh_l0",
    ),
    Canary(
        "last-step-skipped/loop",
        "sequence",
        "backward",
        "d_states_k = [d[:, :k] for d in d_states]",
        "d_states_k = [d[:, :k] for d in d_states]; dz[-1] = 0",
        "a loop that starts at T - 2: the last step has no gradient",
        EVERY,
        "dx",
    ),
    Canary(
        "last-step-skipped/weights",
        "sequence",
        "backward",
        "dW_x += np.dot(columns, _columns(x_chunk, right).T)",
        "dW_x += np.dot(columns[:, :-k], _columns(x_chunk, right)[:, :-k].T)",
        "the last step is left out of the gradient of W_ih",
        EVERY,
        "dweight_ih_l0",
    ),
    Canary(
        "upstream-in-place/state",
        "sequence",
        "backward",
        "mine[...] = theirs",
        "d_states = [*given.values()]",
        "dh and dc are carried in the arrays that the caller gave",
        EVERY,
        "inputs",
    ),
    Canary(
        "upstream-in-place/output",
        "sequence",
        "backward",
        "_transfer(dh_chunk, dy[start:stop, :, :k])",
        "dh_chunk = dy[start:stop, :, :k]",
        "all of dh, which the projection needs, is collected in the array that the caller gave",
        ("lstm_proj",),
        "inputs",
    ),
    Canary(
        "final-cell-gradient-ignored",
        "sequence",
        "backward",
        "if theirs is not None:",
        "if theirs is not None and mine is d_states[0]:",
        "what arrives at the last cell state from outside is forgotten",
        LSTMS,
        "dx",
    ),
    # ------------------------------------------------------------------------ backward of a cell
    Canary(
        "activation-derivative-missing/rnn",
        "cells",
        "RNN.slopes",
        "subtract(1, dh_dz, out=dh_dz)",
        "dh_dz[...] = 1",
        "dz = dh",
        ("rnn_tanh",),
        "dx",
    ),
    Canary(
        "activation-derivative-missing/relu",
        "cells",
        "ReluRNN.slopes",
        "greater(h, 0, out=dh_dz)",
        "dh_dz[...] = 1",
        "dz = dh, dead units too",
        ("rnn_relu",),
        "dx",
    ),
    Canary(
        "activation-derivative-missing/gates",
        "cells",
        "LSTM.slopes",
        "out[1:4] *= gates[:3]",
        "out[1:4] = 1",
        "dz_f = dc c_prev: the gradients of the gates used as those of their pre-activations",
        LSTMS,
        "dx",
    ),
    Canary(
        "activation-derivative-missing/candidate",
        "cells",
        "LSTM.slopes",
        "subtract(1, dc_dg, out=dc_dg)",
        "dc_dg[...] = 1",
        "dz_g = dc i",
        LSTMS,
        "dx",
    ),
    Canary(
        "activation-derivative-missing/gru",
        "cells",
        "GRU.slopes",
        "subtract(1, dh_db_n, out=dh_db_n)",
        "dh_db_n[...] = 1",
        "the candidate of the GRU without its tanh'",
        ("gru",),
        "dx",
    ),
    Canary(
        "sigmoid-for-derivative",
        "cells",
        "LSTM.slopes",
        "out[1:4] *= gates[:3]",
        "out[1:4] = gates[:3]",
        "df sigmoid(z_f): the function instead of its derivative",
        LSTMS,
        "dx",
    ),
    Canary(
        "derivative-of-activated/rnn",
        "cells",
        "RNN.slopes",
        "multiply(h, h, out=dh_dz)",
        "multiply(tanh(h), tanh(h), out=dh_dz)",
        "1 - tanh(h)^2, where h is tanh(z) already",
        ("rnn_tanh",),
        "dx",
    ),
    Canary(
        "derivative-of-activated/candidate",
        "cells",
        "LSTM.slopes",
        "multiply(g, g, out=dc_dg)",
        "multiply(tanh(g), tanh(g), out=dc_dg)",
        "1 - tanh(g)^2, where g is tanh(z_g) already",
        LSTMS,
        "dx",
    ),
    Canary(
        "derivative-of-activated/gates",
        "cells",
        "LSTM.slopes",
        "out[1:4] *= gates[:3]",
        "out[1:4] = sigmoid(gates[:3]) * (1 - sigmoid(gates[:3]))",
        "sigmoid'(f), where f is sigmoid(z_f) already",
        LSTMS,
        "dx",
    ),
    Canary(
        "misplaced-parentheses/rnn",
        "cells",
        "RNN.carry",
        "dh_dz *= dh",
        "dh_dz[...] = 1 - (1 - dh_dz) * dh",
        "1 - h^2 dh for (1 - h^2) dh",
        ("rnn_tanh",),
        "dx",
    ),
    Canary(
        "misplaced-parentheses/factor-inside",
        "cells",
        "LSTM.slopes",
        "multiply(work, work, out=dh_dc)",
        "multiply(work, work * o, out=dh_dc)",
        "o (1 - tanh(c)^2 o): a factor inside that belongs outside",
        LSTMS,
        "dx",
    ),
    Canary(
        "misplaced-parentheses/dc-next",
        "cells",
        "LSTM.carry",
        "dc += multiply(dh, dh_dc, work)",
        "dc += dh; dc *= dh_dc",
        "(dc_next + dh) dh/dc for dc_next + dh dh/dc",
        LSTMS,
        "dx",
    ),
    Canary(
        "extra-candidate-factor/lstm",
        "cells",
        "LSTM.slopes",
        "dc_dg *= i",
        "dc_dg *= i * g",
        "dc/dg = i g (1 - g^2)",
        LSTMS,
        "dx",
    ),
    Canary(
        "extra-candidate-factor/gru",
        "cells",
        "GRU.slopes",
        "dh_db_n *= dh_du",
        "dh_db_n *= dh_du * n",
        "the same in the GRU",
        ("gru",),
        "dx",
    ),
    Canary(
        "wrong-variable/forget-from-candidate",
        "cells",
        "LSTM.slopes",
        "dc_df *= c_prev",
        "dc_df *= i",
        "the line of the candidate, copied for the forget gate",
        LSTMS,
        "dx",
    ),
    Canary(
        "wrong-variable/tanh-of-h",
        "cells",
        "LSTM.slopes",
        "multiply(work, work, out=dh_dc)",
        "multiply(tanh(after[0]), tanh(after[0]), out=dh_dc)",
        "1 - tanh(h)^2 for 1 - tanh(c)^2",
        ("lstm",),
        "dx",
    ),
    Canary(
        "wrong-variable/c-for-tanh-c",
        "cells",
        "LSTM.slopes",
        "dh_do *= work",
        "dh_do *= c",
        "do = dh c for dh tanh(c)",
        LSTMS,
        "dx",
    ),
    Canary(
        "wrong-variable/i-for-f",
        "cells",
        "LSTM.carry_views",
        "slopes[:, 2:], gates[:, 2]",
        "slopes[:, 2:], gates[:, 1]",
        "dc_prev = dc i for dc f",
        LSTMS,
        "dx",
    ),
    Canary(
        "wrong-variable/r-for-u",
        "cells",
        "GRU.carry_views",
        "slopes, gates[:, 1]",
        "slopes, gates[:, 0]",
        "dh_prev = dh r for dh u",
        ("gru",),
        "dx",
    ),
    Canary(
        "wrong-variable/n-for-a_n",
        "cells",
        "GRU.slopes",
        "dh_dr *= a_n",
        "dh_dr *= n",
        "the candidate instead of its recurrent part",
        ("gru",),
        "dx",
    ),
    Canary(
        "wrong-variable/db-of-another-gate",
        "sequence",
        "backward",
        "(dW_x[:, I], dW_h[:, P])",
        "(np.append(dW_x[H : 2 * H, I], dW_x[H:, I]), dW_h[:, P])",
        "dbo = dbi",
        GATED,
        "dbias_ih_l0",
    ),
    Canary(
        "divided-by-m",
        "sequence",
        "backward",
        "Weights(dW_x[:, :I], dW_h[:, :P], db_ih, db_hh, dW_hr)",
        "Weights(dW_x[:, :I] / B, dW_h[:, :P] / B, db_ih, db_hh, dW_hr)",
        "a mean over the examples in one place, a sum in the others",
        EVERY,
        "dweight_ih_l0",
    ),
    Canary(
        "gradients-for-weights",
        "sequence",
        "backward",
        "_matmul(W_ihT, db, out=dx[start:stop, :, :k])",
        "_matmul(dW_x[:, :I].T, db, out=dx[start:stop, :, :k])",
        "dWf for Wf in dx",
        EVERY,
        "dx",
    ),
    # ----------------------------------------------------------------------------------- forward
    Canary(
        "c-is-a",
        "sequence",
        "forward",
        "cs = [np.empty((rows + 1, H, B), dtype) for _ in cell.states[1:]]",
        "cs = [hs[:, :P] for _ in cell.states[1:]]",
        "hidden and cell state are one array",
        ("lstm",),
        "y",
    ),
    Canary(
        "cell-state-view",
        "cells",
        "LSTM.step",
        "multiply(f, c_prev, c)",
        "c_prev *= f; c[...] = c_prev",
        "c_prev is a view of what backward reads: outputs right, gradients wrong",
        LSTMS,
        "dx",
    ),
    Canary(
        "a0-ignored",
        "sequence",
        "forward",
        "buffer[0] = given",
        "buffer[0] = 0",
        "every sequence starts from zero",
        EVERY,
        "y",
    ),
    Canary(
        "a0-every-step",
        "sequence",
        "_steps",
        "product(h_t, out=a_t)",
        "product(h[0], out=a_t)",
        "the initial state is fed at every step",
        EVERY,
        "y",
    ),
    Canary(
        "output-gate-dropped",
        "cells",
        "LSTM.emit",
        "out *= o",
        "out *= 1",
        "h = tanh(c)",
        LSTMS,
        "y",
    ),
    Canary(
        "no-tanh-on-cell",
        "cells",
        "LSTM.emit",
        "tanh(c, out)",
        "out[...] = c",
        "h = o c",
        LSTMS,
        "y",
    ),
    Canary(
        "y-from-previous",
        "sequence",
        "forward",
        "edges_k[0][1:]",
        "edges_k[0][:-1]",
        "the output of a step is the hidden state before it",
        EVERY,
        "y",
    ),
    Canary(
        "caches-wrong",
        "sequence",
        "forward",
        "Tape(cell, own, xs, gates, (hs, *cs), active)",
        "Tape(cell, own, xs, gates[:, ::-1], (hs, *cs), active)",
        "the gates of a step are kept in another order than backward takes them: outputs right",
        GATED,
        "dx",
    ),
    Canary(
        "one-bias-for-several",
        "sequence",
        "_for_step",
        "joined[:, columns] = b",
        "joined[:, columns] = np.resize(b[: rows // len(cell.gates)], rows)",
        "the bias of the first gate in all of them",
        GATED,
        "y",
    ),
    Canary(
        "gates-swapped/lstm",
        "cells",
        "LSTM",
        'gates = ("o", "i", "f", "g")',
        'gates = ("o", "f", "i", "g")',
        "input and forget gate swapped throughout, gradients too: wrong with given weights only",
        LSTMS,
        "y",
    ),
    Canary(
        "gates-swapped/gru",
        "cells",
        "GRU",
        'gates = ("r", "u", "n")',
        'gates = ("u", "r", "n")',
        "reset and update gate swapped throughout",
        ("gru",),
        "y",
    ),
    Canary(
        "gates-swapped/update",
        "cells",
        "GRU.step",
        "h *= u",
        "h *= 1 - u",
        "h = u n + (1 - u) h_prev: the other convention for the update gate",
        ("gru",),
        "y",
    ),
    Canary(
        "plus-for-times/lstm",
        "cells",
        "LSTM.step",
        "multiply(i, g, work)",
        "i + g",
        "i + g for i g",
        LSTMS,
        "y",
    ),
    Canary(
        "plus-for-times/gru",
        "cells",
        "GRU.step",
        "multiply(r, a_n, out=n)",
        "np.add(r, a_n, out=n)",
        "r + a_n for r a_n",
        ("gru",),
        "y",
    ),
    Canary(
        "sigmoid-by-tanh/lstm",
        "cells",
        "LSTM.step",
        f"exp(o_i_f, o_i_f){NEXT}o_i_f += one{NEXT}divide(one, o_i_f, o_i_f)",
        "o_i_f[...] = 0.5 + 0.5 * tanh(-0.5 * o_i_f)",
        "1/2 + 1/2 tanh(z/2), which keeps only the first digits of a gate that is nearly closed",
        LSTMS,
        "dc0",
    ),
    Canary(
        "sigmoid-by-tanh/gru",
        "cells",
        "GRU.step",
        f"exp(r_u, r_u){NEXT}r_u += one{NEXT}divide(one, r_u, r_u)",
        "r_u[...] = 0.5 + 0.5 * tanh(-0.5 * r_u)",
        "the same in the GRU",
        ("gru",),
        "dweight_ih_l0[u]",
    ),
    Canary(
        "float32",
        "sequence",
        "_for_step",
        "joined[:, :columns] = W",
        "joined[:, :columns] = W.astype(np.float32)",
        "weights silently in single precision: small, but far outside the budget",
        EVERY,
        "y",
    ),
    # --------------------------------------------- weights, layouts, directions, layers, lengths
    Canary(
        "gate-order/keras",
        "packings",
        "TORCH_GATES",
        '("i", "f", "g", "o")',
        '("i", "f", "o", "g")',
        "blocks in the order i, f, o, g",
        LSTMS,
        "y",
    ),
    Canary(
        "gate-order/onnx",
        "packings",
        "TORCH_GATES",
        '("i", "f", "g", "o")',
        '("i", "o", "f", "g")',
        "blocks in the order i, o, f, c of ONNX",
        LSTMS,
        "y",
    ),
    Canary(
        "gate-order/gru",
        "packings",
        "TORCH_GATES",
        '3: ("r", "u", "n")',
        '3: ("u", "r", "n")',
        "blocks in the order z, r, n of Keras and ONNX",
        ("gru",),
        "y",
    ),
    Canary(
        "gate-order/gradients",
        "packings",
        "_Rows.write",
        "_in_order(rows, self.there)",
        "_in_order(rows, self.here)",
        "weights come in right, gradients go out in another order",
        LSTMS,
        "dweight_ih_l0",
    ),
    Canary(
        "second-bias/left-out",
        "sequence",
        "forward",
        "weights.b_hh, dtype)",
        "0 * weights.b_hh, dtype)",
        "one of torch's two biases is not added",
        EVERY,
        "y",
    ),
    Canary(
        "second-bias/added-twice",
        "sequence",
        "forward",
        "weights.b_ih, dtype)",
        "weights.b_ih + weights.b_hh, dtype)",
        "the sum of both biases on the one side, and one of them on the other side again",
        EVERY,
        "y",
    ),
    Canary(
        "second-bias/gradient",
        "sequence",
        "backward",
        "(dW_x[:, I], dW_h[:, P])",
        "(dW_x[:, I], dW_x[:, I])",
        "both biases get one gradient, which holds everywhere but in the GRU's candidate",
        ("gru",),
        "dbias_hh_l0",
    ),
    Canary(
        "view-for-transpose/in",
        "layouts",
        "to_core",
        "x.transpose(1, 2, 0)",
        "x.reshape(x.shape[1], x.shape[0], -1).swapaxes(1, 2)",
        "(B, T, I) read as (T, B, I) by reshape: right shapes, the examples mixed",
        EVERY,
        "y",
    ),
    Canary(
        "view-for-transpose/out",
        "layouts",
        "from_core",
        "x.transpose(2, 0, 1)",
        "x.swapaxes(1, 2).reshape(x.shape[2], x.shape[0], -1)",
        "(T, B, H) given out as (B, T, H) by reshape",
        EVERY,
        "y",
    ),
    Canary(
        "reverse-not-flipped/input",
        "nn",
        "Recurrent.forward",
        "core_x[time],",
        "core_x,",
        "the reverse direction reads the sequence forwards",
        EVERY,
        "y",
    ),
    Canary(
        "reverse-not-flipped/output",
        "nn",
        "Recurrent.forward",
        "self._half(y, reverse)[time]",
        "self._half(y, reverse)",
        "the outputs of the reverse direction are not flipped back",
        EVERY,
        "y",
    ),
    Canary(
        "reverse-not-flipped/gradient-in",
        "nn",
        "Recurrent.backward",
        "self._half(dy, reverse)[time]",
        "self._half(dy, reverse)",
        "the gradient with respect to the outputs of the reverse direction is not flipped",
        EVERY,
        "dx",
    ),
    Canary(
        "reverse-not-flipped/gradient-out",
        "nn",
        "Recurrent.backward",
        "dx + by_x[time]",
        "dx + by_x",
        "the gradient with respect to the input of the reverse direction is not flipped back",
        EVERY,
        "dx",
    ),
    Canary(
        "last-state-of-reverse",
        "nn",
        "Recurrent.forward",
        "whole[index] = part",
        "whole[index] = self._half(y, reverse)[-1] if reverse and part is end[0] else part",
        "the final state of the reverse direction is its output at t = 0, not at the last step",
        EVERY,
        "h_n",
    ),
    Canary(
        "direction-order",
        "nn",
        "Recurrent._half",
        "return y[",
        "reverse = self._directions - 1 - reverse; return y[",
        "outputs of the reverse direction first",
        EVERY,
        "y",
    ),
    Canary(
        "layer-order/states",
        "nn",
        "Recurrent.forward",
        "index = layer * self._directions + reverse",
        "index = reverse * self.num_layers + layer",
        "states piled up direction by direction, not layer by layer",
        EVERY,
        "y",
    ),
    Canary(
        "layer-order/first-state-for-all",
        "nn",
        "Recurrent.forward",
        "start[index] for start",
        "start[0] for start",
        "the first layer's initial state for every layer and direction",
        EVERY,
        "y",
    ),
    Canary(
        "layer-order/weights",
        "nn",
        "Recurrent.forward",
        "packings.torch_suffix(layer, reverse)",
        "packings.torch_suffix(layer, self.bidirectional - reverse)",
        "each direction runs with the weights of the other one",
        EVERY,
        "y",
    ),
    Canary(
        "layer-order/gradients",
        "nn",
        "Recurrent.backward",
        "packings.torch_suffix(layer, reverse)",
        "packings.torch_suffix(layer, self.bidirectional - reverse)",
        "each direction's gradients are credited to the other one",
        EVERY,
        "dweight_ih_l0",
    ),
    Canary(
        "padding-not-ignored/run-through",
        "nn",
        "Recurrent.forward",
        "active=None if active is None else active[time]",
        "active=None",
        "all sequences run to T, through their padding",
        EVERY,
        "y",
    ),
    Canary(
        "padding-not-ignored/reverse-starts-in-it",
        "nn",
        "Recurrent.forward",
        "active=None if active is None else active[time]",
        "active=active",
        "the reverse direction starts at T, not at each example's own last step",
        EVERY,
        "y",
    ),
    Canary(
        "padding-not-ignored/outputs-not-zero",
        "sequence",
        "forward",
        "y[start:stop, :, k:] = 0",
        "y[start:stop, :, k:] = edges[0][1:, :, k:]",
        "beyond an example's end its last output is repeated",
        EVERY,
        "y",
    ),
    Canary(
        "padding-not-ignored/state-not-kept",
        "sequence",
        "forward",
        "buffer[1:, :, k:] = buffer[0, :, k:]",
        "buffer[1:, :, k:] = 0",
        "states are zero where an example takes no step: in reverse that is before its first one",
        EVERY,
        "y",
    ),
    Canary(
        "final-state-at-T",
        "nn",
        "Recurrent.forward",
        "whole[index] = part",
        "whole[index] = part if reverse or part is not end[0] else y[-1, : self._outputs]",
        "the final hidden state is the last output, which is zero for a shorter example",
        EVERY,
        "h_n",
    ),
    Canary(
        "sorting-not-undone",
        "nn",
        "Recurrent._state",
        "_unsort(part, order)",
        "part",
        "examples are sorted by length, final states given back in that order",
        EVERY,
        "h_n",
    ),
)

# Kinds that cannot be planted, since no line of the engine could be written so.
NOT_PLANTED = {
    "bias-not-summed": (
        "gradients of biases come out of the same product as those of the weights, by a row of"
        " ones, and cannot be summed over less"
    ),
    "transposes-left-out": (
        "between matrices that are not square only the shapes would fail; see no-transpose"
    ),
    "reads-global": "the engine has no weights outside of its arguments",
    "softmax-wrong": "no gate is a softmax; the losses have tests of their own",
    "reset-before-product": (
        "the GRU whose reset gate acts before the product would need another product inside the"
        " step; it is not offered"
    ),
    "batch-first-states": "with B apart from the number of layers it is an error of shape",
}


# ---------------------------------------------------------------------------------------- planting


def planted_source(canary: Canary) -> str:
    """The source of the canary's module with the mistake in it.

    Raises
    ------
    ValueError
        If the line does not stand exactly once in its place, or there is no such place.
    """
    source = _source(canary.file)
    lines = source.splitlines(keepends=True)
    first, last = _span(source, canary)
    before, inside, after = (
        "".join(part) for part in (lines[:first], lines[first:last], lines[last:])
    )
    count = inside.count(canary.line)
    if count != 1:
        raise ValueError(
            f"{canary.id}: {canary.line!r} stands {count} times in {canary.file}.{canary.place}"
        )
    return before + inside.replace(canary.line, canary.wrong) + after


def _source(name: str) -> str:
    return (Path(handrnn.__path__[0]) / f"{name}.py").read_text(encoding="utf-8")


def _span(source: str, canary: Canary) -> tuple[int, int]:
    """The lines of the canary's place, as a slice."""
    node: Any = ast.parse(source)
    for name in canary.place.split("."):
        found = [inner for inner in node.body if _name(inner) == name]
        if len(found) != 1:
            raise ValueError(f"{canary.id}: {canary.file}.{canary.place} is not there")
        node = found[0]
    return node.lineno - 1, node.end_lineno


def _name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def copy_of_the_engine(canary: Canary | None = None) -> ModuleType:
    """A fresh `handrnn.nn` on fresh modules of the engine, one of them with the mistake.

    The copies import each other; of the installed package they share the files only.
    """
    package = ModuleType(COPY)
    package.__path__ = handrnn.__path__  # where they find what is not part of the engine
    sys.modules[COPY] = package
    try:
        for name in ENGINE:
            changed = canary is not None and canary.file == name
            source = planted_source(canary) if canary is not None and changed else _source(name)
            module = ModuleType(f"{COPY}.{name}")
            module.__package__ = COPY
            sys.modules[module.__name__] = module
            setattr(package, name, module)
            exec(compile(source, f"{name}.py, changed" if changed else name, "exec"), vars(module))
    finally:
        for loaded in [name for name in sys.modules if name.split(".")[0] == COPY]:
            del sys.modules[loaded]
    return vars(package)["nn"]


@contextmanager
def in_use(nn: ModuleType) -> Iterator[None]:
    """While it lasts, the harness takes this module for `handrnn.nn`."""
    with mock.patch.object(handrnn, "nn", nn):
        yield


# --------------------------------------------------------------------------------------- comparing


@cache
def cases(cell: str) -> tuple[harness.Case, ...]:
    """All sizes distinct: a layer alone; a pile; a pile with lengths; a layer with a closed gate.

    For the simple networks, which have no gates, only the first three.
    """
    sizes: dict[str, Any] = {"T": 7, "B": 3, "I": 5, "H": 4, "P": 2, "scale": "wide"}
    pile: dict[str, Any] = {"num_layers": 2, "bidirectional": True, "batch_first": True}
    ordinary = (
        harness.Case(cell, **sizes),
        harness.Case(cell, **sizes, **pile),
        harness.Case(cell, **sizes, **pile, lengths=(4, 6, 2)),
    )
    if not harness.SIGMOIDS[cell]:
        return ordinary
    return (*ordinary, harness.Case(cell, **sizes, closed=True))


@cache
def reference(case: harness.Case) -> tuple[harness.Bundle, harness.Quantities]:
    """The numbers of a case and the right answers: torch's, without torch the textbook's."""
    bundle, truth = next(harness.redraws(case))
    return bundle, harness.torchs(bundle) if HAS_TORCH else truth


def failures(case: harness.Case, nn: ModuleType) -> tuple[compare.Difference, ...]:
    """The quantities in which a `handrnn.nn` fails the comparison, in the harness's order."""
    bundle, right = reference(case)
    try:
        with in_use(nn):
            found = harness.ours(bundle)
    except AssertionError as changed:  # how the harness says that an argument was changed
        if "an input was changed" not in str(changed):
            raise
        return (compare.Difference("inputs", error=float("inf")),)
    report = compare.compare(
        found,
        right,
        budget=harness.FLOAT64_BUDGET,
        layouts=harness.layouts(case),
        zero_allowed=harness.zero_allowed(case),
    )
    return report.failures


@dataclass(frozen=True)
class Kill:
    """Where a canary was first seen: the case, and the first quantity that is off in it."""

    case: harness.Case
    difference: compare.Difference


def kills(canary: Canary) -> dict[str, Kill | None]:
    """For each of the canary's cells where it is seen first; None where it survives.

    Raises
    ------
    ValueError
        If something cannot be compared at all (a shape, a nan): a canary must be killed by value.
    """
    nn = copy_of_the_engine(canary)
    found: dict[str, Kill | None] = {}
    for cell in canary.cells:
        found[cell] = None
        for case in reversed(cases(cell)):
            off = failures(case, nn)
            for difference in off:
                if difference.problem is not None:
                    raise ValueError(f"{canary.id}: {case}: {difference}")
            if off:
                found[cell] = Kill(case, off[0])
    return found
