import numpy as np

def rnn_cell_forward(xt, a_prev, parameters):
    print "xt", xt.shape
    a_next = np.tanh(np.dot(parameters["Wax"], xt) + np.dot(parameters["Waa"], a_prev) + parameters["ba"])
    return a_next, None, None

def softmax(x):
    e = np.exp(x - np.max(x, axis=0))
    return e / e.sum(axis=0)
