# rnn_cell_backward returns a tuple, in the usual order, and not a dict: right numbers, FAIL only for the form, said so in one sentence.
import numpy as np

def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dtanh = (1 - a_next ** 2) * da_next
    return (parameters["Wax"].T @ dtanh, parameters["Waa"].T @ dtanh,
            dtanh @ xt.T, dtanh @ a_prev.T, np.sum(dtanh, axis=1, keepdims=True))
