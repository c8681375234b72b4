import numpy as np

rnn_forward = 3
lstm_backward = "later"


class lstm_forward:
    pass


def softmax():
    return 1


def sigmoid(*args, **kwargs):
    return args[1]


def rnn_cell_forward(xt):
    return xt


def rnn_cell_backward(da_next, cache):
    yield 1


async def rnn_backward(da, caches):
    return {}


def lstm_cell_forward(xt, a_prev, c_prev, parameters, *, needed):
    return xt
