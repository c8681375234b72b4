import numpy as np

hidden_size, vocab_size, seq_length = 50, 30, 20
U = np.random.randn(hidden_size, vocab_size) * 0.01
W = np.random.randn(hidden_size, hidden_size) * 0.01
V = np.random.randn(vocab_size, hidden_size) * 0.01


def lossFun(inputs, targets, hprev):
    hs = np.zeros((seq_length + 1, hidden_size))
    ps = np.zeros((seq_length, vocab_size))
    hs[0] = hprev.ravel()
    loss = 0.0
    for t in range(seq_length):
        hs[t + 1] = np.tanh(U[:, inputs[t]] + W @ hs[t])
        e = np.exp(V @ hs[t + 1])
        ps[t] = e / e.sum()
        loss += -np.log(ps[t, targets[t]])
    dU, dW, dV = np.zeros(U.shape), np.zeros(W.shape), np.zeros(V.shape)
    dh_next = np.zeros(hidden_size)
    for t in range(seq_length - 1, -1, -1):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, hs[t + 1])
        dh = V.T @ dy + dh_next
        dz = dh * (1 - hs[t + 1] ** 2)
        dU[:, inputs[t]] += dz
        dW += np.outer(dz, hs[t])
        dh_next = W.T @ dz
    return loss, dU, dW, dV, hs[-1].reshape(-1, 1)
