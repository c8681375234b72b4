"""An Elman network: a simple recurrent layer with an output layer."""

from .. import cells
from . import Recurrent


class RNN(Recurrent.Recurrent):
    """h = tanh([x h 1] W), y = [h 1] V; W (input_size + hidden_size + 1, hidden_size).

    Parameters, attributes and methods are those of `Recurrent.Recurrent`. Source: Elman,
    "Finding structure in time" (1990).
    """

    cell = cells.RNN
