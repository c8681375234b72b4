"""Cells that are meant to differ from the textbook's, each with the loss inside: --loss NAME."""
import numpy as np

hidden_size, vocab_size = 16, 30
W = np.random.randn(4 * hidden_size, vocab_size + hidden_size) * 0.1
b = np.zeros((4 * hidden_size, 1))
P = np.zeros((3 * hidden_size, 1))
gain, shift = np.ones((hidden_size, 1)), np.zeros((hidden_size, 1))
Why = np.random.randn(vocab_size, hidden_size) * 0.1


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def joined(k, h):
    x = np.zeros((vocab_size, 1))
    x[k] = 1
    return np.concatenate((x, h))


def read_out(h, target, dWhy):
    """The loss of one step, and what it sends back."""
    e = np.exp(Why @ h)
    p = e / e.sum()
    dy = p.copy()
    dy[target] -= 1
    dWhy += dy @ h.T
    return -np.log(p[target, 0]), Why.T @ dy


def through_time(inputs, targets, hprev, cprev, step, back):
    """Any cell: step(xh, h, c) -> h, c, tape; back(dh, dc, tape, grads) -> dxh, dc_prev, dh_prev beside."""
    h, c, loss, tapes, sent = hprev, cprev, 0, [], []
    grads = {'W': np.zeros_like(W), 'b': np.zeros_like(b), 'P': np.zeros_like(P), 'gain': np.zeros_like(gain),
             'shift': np.zeros_like(shift), 'Why': np.zeros_like(Why)}
    for k, target in zip(inputs, targets):
        xh = joined(k, h)
        h, c, tape = step(xh, h, c)
        more, d = read_out(h, target, grads['Why'])
        loss += more
        tapes.append((xh, tape))
        sent.append(d)
    dh, dc = np.zeros_like(hprev), np.zeros_like(cprev)
    for (xh, tape), d in zip(tapes[::-1], sent[::-1]):
        dz, dc, beside = back(dh + d, dc, tape, grads)
        grads['W'][:len(dz)] += dz @ xh.T
        grads['b'][:len(dz)] += dz
        dh = (W[:len(dz)].T @ dz)[vocab_size:] + beside
    return loss, grads


def gates(xh, count=4):
    n = count * hidden_size
    return np.split(W[:n] @ xh + b[:n], count)


def no_tanh(inputs, targets, hprev, cprev):
    """The cell is not squashed before the output gate."""
    def step(xh, h, c):
        i, f, o, g = gates(xh)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        new = f * c + i * g
        return o * new, new, (i, f, o, g, c, new)

    def back(dh, dc, tape, grads):
        i, f, o, g, c, new = tape
        dc = dc + dh * o  # no_tanh
        return np.concatenate((dc * g * i * (1 - i), dc * c * f * (1 - f), dh * new * o * (1 - o), dc * i * (1 - g * g))), dc * f, 0

    return through_time(inputs, targets, hprev, cprev, step, back)


def peephole(inputs, targets, hprev, cprev):
    """Gates see the cell: i and f the one before, o the new one."""
    def step(xh, h, c):
        zi, zf, zo, zg = gates(xh)
        pi, pf, po = np.split(P, 3)
        i, f, g = sigmoid(zi + pi * c), sigmoid(zf + pf * c), np.tanh(zg)
        new = f * c + i * g
        o = sigmoid(zo + po * new)
        return o * np.tanh(new), new, (i, f, o, g, c, new)

    def back(dh, dc, tape, grads):
        i, f, o, g, c, new = tape
        pi, pf, po = np.split(P, 3)
        do = dh * np.tanh(new) * o * (1 - o)
        dc = dc + dh * o * (1 - np.tanh(new) ** 2) + do * po
        di, df = dc * g * i * (1 - i), dc * c * f * (1 - f)
        grads['P'] += np.concatenate((di * c, df * c, do * new))
        return np.concatenate((di, df, do, dc * i * (1 - g * g))), dc * f + di * pi + df * pf, 0

    return through_time(inputs, targets, hprev, cprev, step, back)


def coupled(inputs, targets, hprev, cprev):
    """What is forgotten is what is let in: i = 1 - f."""
    def step(xh, h, c):
        f, o, g = gates(xh, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        new = f * c + (1 - f) * g
        return o * np.tanh(new), new, (f, o, g, c, new)

    def back(dh, dc, tape, grads):
        f, o, g, c, new = tape
        dc = dc + dh * o * (1 - np.tanh(new) ** 2)
        df = dc * (c - g) * f * (1 - f)
        return np.concatenate((df, dh * np.tanh(new) * o * (1 - o), dc * (1 - f) * (1 - g * g))), dc * f, 0

    return through_time(inputs, targets, hprev, cprev, step, back)


def layer_norm(inputs, targets, hprev, cprev):
    """A plain cell whose sum is normalized over its units."""
    def step(xh, h, c):
        z, = gates(xh, 1)
        s = np.sqrt(np.mean((z - z.mean()) ** 2) + 1e-5)
        n = (z - z.mean()) / s
        new = np.tanh(gain * n + shift)
        return new, c, (n, s, new)

    def back(dh, dc, tape, grads):
        n, s, new = tape
        da = dh * (1 - new ** 2)
        grads['gain'] += da * n
        grads['shift'] += da
        dn = da * gain
        return (dn - dn.mean() - n * np.mean(dn * n)) / s, dc, 0

    return through_time(inputs, targets, hprev, cprev, step, back)


def min_gru(inputs, targets, hprev, cprev):
    """h = (1 - z) h + z h~, and neither sees the state."""
    n = slice(0, vocab_size)

    def step(xh, h, c):
        a, g = np.split(W[:2 * hidden_size, n] @ xh[n] + b[:2 * hidden_size], 2)
        z = sigmoid(a)
        return (1 - z) * h + z * g, c, (xh, h, z, g)

    def back(dh, dc, tape, grads):
        xh, h, z, g = tape
        d = np.concatenate((dh * (g - h) * z * (1 - z), dh * z))
        grads['W'][:2 * hidden_size, n] += d @ xh[n].T
        grads['b'][:2 * hidden_size] += d
        return np.zeros((0, 1)), dc, dh * (1 - z)

    return through_time(inputs, targets, hprev, cprev, step, back)


def hard_sigmoid(inputs, targets, hprev, cprev):
    """Gates are cut off straight lines."""
    def hard(z):
        return np.clip(0.2 * z + 0.5, 0, 1)

    def slope(y):
        return 0.2 * ((y > 0) & (y < 1))

    def step(xh, h, c):
        i, f, o, g = gates(xh)
        i, f, o, g = hard(i), hard(f), hard(o), np.tanh(g)
        new = f * c + i * g
        return o * np.tanh(new), new, (i, f, o, g, c, new)

    def back(dh, dc, tape, grads):
        i, f, o, g, c, new = tape
        dc = dc + dh * o * (1 - np.tanh(new) ** 2)
        return np.concatenate((dc * g * slope(i), dc * c * slope(f), dh * np.tanh(new) * slope(o), dc * i * (1 - g * g))), dc * f, 0

    return through_time(inputs, targets, hprev, cprev, step, back)


def forget_bias(inputs, targets, hprev, cprev):
    """1 is added to the forget gate within."""
    def step(xh, h, c):
        i, f, o, g = gates(xh)
        i, f, o, g = sigmoid(i), sigmoid(f + 1), sigmoid(o), np.tanh(g)
        new = f * c + i * g
        return o * np.tanh(new), new, (i, f, o, g, c, new)

    def back(dh, dc, tape, grads):
        i, f, o, g, c, new = tape
        dc = dc + dh * o * (1 - np.tanh(new) ** 2)
        df = dc * c * f * (1 - f)  # forget_bias
        return np.concatenate((dc * g * i * (1 - i), df, dh * np.tanh(new) * o * (1 - o), dc * i * (1 - g * g))), dc * f, 0

    return through_time(inputs, targets, hprev, cprev, step, back)


def clipped_state(inputs, targets, hprev, cprev):
    """The cell may not leave +-0.4."""
    def step(xh, h, c):
        i, f, o, g = gates(xh)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        raw = f * c + i * g
        new = np.clip(raw, -0.4, 0.4)
        return o * np.tanh(new), new, (i, f, o, g, c, new, np.abs(raw) < 0.4)

    def back(dh, dc, tape, grads):
        i, f, o, g, c, new, free = tape
        dc = (dc + dh * o * (1 - np.tanh(new) ** 2)) * free
        return np.concatenate((dc * g * i * (1 - i), dc * c * f * (1 - f), dh * np.tanh(new) * o * (1 - o), dc * i * (1 - g * g))), dc * f, 0

    return through_time(inputs, targets, hprev, cprev, step, back)
