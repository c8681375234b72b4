"""A long short-term memory with an output layer."""

from .. import cells
from . import Recurrent


class LSTM(Recurrent.Recurrent):
    """`cells.LSTM` of [x h 1] W, y = [h 1] V; W (input_size + hidden_size + 1, 4 * hidden_size).

    The columns of W are those of the gates i, f, g, o, in this order. Parameters, attributes and
    methods are those of `Recurrent.Recurrent`. Source: Hochreiter and Schmidhuber, "Long
    short-term memory" (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000).
    """

    cell = cells.LSTM
