def softmax(x):
    return softmax(x)


def rnn_forward(x, a0, parameters):
    return rnn_forward(x, a0, parameters)
