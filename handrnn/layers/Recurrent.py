"""What `RNN.RNN` and `LSTM.LSTM` share: all but the cell."""

from typing import Any

import numpy as np

from .. import initializers, packings, sequence
from . import Base, FullyConnected


class Recurrent(Base.TrainableLayer):
    """A recurrent layer with a linear output layer; use `RNN.RNN` or `LSTM.LSTM`.

    A row is a time step, and there is one sequence. Its weights are one array, rows [x; h; 1],
    columns in the order of torch's gates: W_ih, W_hh and the bias side by side, transposed.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
    bptt_length : int, optional
        Of how many steps, counted from the last, backward sums the gradient with respect to the
        recurrent weights. None: all.
    rng : numpy.random.Generator or seed, optional
        All weights start uniform in [0, 1).

    Attributes
    ----------
    memorize : bool
        Whether forward starts from the state where the last one ended, and not from zero. The
        gradient stops between them in any case.
    delta : float
        Factor on the learning rate, also in the output layer.
    output_layer : `FullyConnected.FullyConnected`

    Raises
    ------
    TypeError
        If a size or `bptt_length` is not an integer.
    ValueError
        If it is below 1.
    """

    cell: Any
    output_kind = FullyConnected.FullyConnected
    input_size: int
    hidden_size: int
    output_size: int
    memorize: bool
    output_layer: FullyConnected.FullyConnected

    def __init__(self, input_size, hidden_size, output_size, bptt_length=None, *, rng=None):
        Base.at_least_one(input_size=input_size, hidden_size=hidden_size, output_size=output_size)
        rng = Base.generator(rng)
        shape = (input_size + hidden_size + 1, len(self.cell.gates) * hidden_size)
        super().__init__(weights=initializers.uniform(shape, rng=rng))
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size
        self.bptt_length = bptt_length
        self.memorize = False
        self.output_layer = self.output_kind(hidden_size, output_size, rng=rng)
        self._state = self._zero_state()
        self._tape = None

    @property
    def bptt_length(self):
        """How many steps backward sums the recurrent weights' gradient over; None: all."""
        return self._bptt_length

    @bptt_length.setter
    def bptt_length(self, bptt_length):
        if bptt_length is not None:
            Base.at_least_one(bptt_length=bptt_length)
        self._bptt_length = bptt_length

    def toggle_memory(self):
        """Switch `memorize` on or off."""
        self.memorize = not self.memorize

    def forward(self, input_tensor):
        """Run along a sequence of any length.

        Parameters
        ----------
        input_tensor : array_like (T, input_size)

        Returns
        -------
        ndarray (T, output_size)

        Raises
        ------
        ValueError
            Another shape.
        """
        x = self._input(input_tensor, "T", self.input_size)
        state = self._state if self.memorize else self._zero_state()
        weights = packings.LAYER.read(self.cell, self._arrays)
        h, self._state, self._tape = sequence.forward(self.cell, x[..., np.newaxis], state, weights)
        return self.output_layer.forward(h[..., 0])

    def backward(self, error_tensor):
        """Gradients of a loss, and the update of all weights if an optimizer was set.

        Those by the output layer's weights and by the input run over the whole sequence, that by
        the recurrent weights over its last `bptt_length` steps.

        Parameters
        ----------
        error_tensor : array_like (T, output_size)
            Gradient with respect to what the last forward has returned.

        Returns
        -------
        ndarray (T, input_size)
            Gradient with respect to its input.

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        tape = self._kept(self._tape)
        T = len(tape.x)
        error = self._floats("error_tensor", error_tensor, (T, self.output_size))
        self.output_layer.delta, self.output_layer.trainable = self.delta, self.trainable
        dh = self.output_layer.backward(error)[..., np.newaxis]
        cut = T - min(self.bptt_length or T, T)
        late, d_state, d_weights = sequence.backward(sequence.cut(tape, cut, T), dh[cut:])
        early, _, _ = sequence.backward(sequence.cut(tape, 0, cut), dh[:cut], d_state)
        self._update(**packings.LAYER.write(self.cell, d_weights, gradients=True))
        return np.concatenate([early, late])[..., 0]

    def initialize(self, weights_initializer, bias_initializer):
        """Draw all weights afresh, those of the output layer too.

        Parameters
        ----------
        weights_initializer, bias_initializer : objects of `Initializers`
            A bias is handed over as one row.
        """
        super().initialize(weights_initializer, bias_initializer)
        self.output_layer.initialize(weights_initializer, bias_initializer)

    def set_optimizer(self, optimizer):
        """Let backward update the weights, each array by its own copy of this optimizer.

        Parameters
        ----------
        optimizer : object of `optimization.Optimizers`, or None
            None: backward leaves the weights alone, as at first.
        """
        super().set_optimizer(optimizer)
        self.output_layer.set_optimizer(optimizer)

    def calculate_regularization_loss(self):
        """The sum of the norms of all weights, those of the output layer too; else 0."""
        output_loss = self.output_layer.calculate_regularization_loss()
        return super().calculate_regularization_loss() + output_loss

    def _zero_state(self):
        return tuple(np.zeros((self.hidden_size, 1)) for _ in self.cell.states)
