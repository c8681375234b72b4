import numpy as np

def sigmoid(x): return 1/(1+np.exp(-x))

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x@Wx + prev_h@Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    d = dnext_h*(1-next_h**2)
    return d@Wx.T, d@Wh.T, x.T@d, prev_h.T@d, d.sum(0)

def rnn_forward(x, h0, Wx, Wh, b):
    N,T,D = x.shape
    h, cache = np.zeros((N,T,len(b))), []
    for t in range(T):
        h0, c = rnn_step_forward(x[:,t], h0, Wx, Wh, b)
        h[:,t] = h0; cache.append(c)
    return h, cache

def rnn_backward(dh, cache):
    N,T,H = dh.shape
    D = cache[0][0].shape[1]
    dx, dh0, dWx, dWh, db = np.zeros((N,T,D)), np.zeros((N,H)), np.zeros((D,H)), np.zeros((H,H)), np.zeros(H)
    for t in range(T)[::-1]:
        dx[:,t], dh0, a, c, e = rnn_step_backward(dh[:,t]+dh0, cache[t])
        dWx += a; dWh += c; db += e
    return dx, dh0, dWx, dWh, db

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x@Wx + prev_h@Wh + b
    i,f,o,g = np.split(a,4,axis=1)
    i,f,o,g = sigmoid(i),sigmoid(f),sigmoid(o),np.tanh(g)
    c = f*prev_c + i*g
    h = o*np.tanh(c)
    return h, c, (x,prev_h,prev_c,Wx,Wh,i,f,o,g,c)

def lstm_step_backward(dnext_h, dnext_c, cache):
    x,prev_h,prev_c,Wx,Wh,i,f,o,g,c = cache
    tc = np.tanh(c)
    dc = dnext_c + dnext_h*o*(1-tc**2)
    da = np.hstack((dc*g*i*(1-i), dc*prev_c*f*(1-f), dnext_h*tc*o*(1-o), dc*i*(1-g**2)))
    return da@Wx.T, da@Wh.T, dc*f, x.T@da, prev_h.T@da, da.sum(0)

def lstm_forward(x, h0, Wx, Wh, b):
    h, c, hs, cache = h0, np.zeros_like(h0), [], []
    for t in range(x.shape[1]):
        h, c, k = lstm_step_forward(x[:,t], h, c, Wx, Wh, b)
        hs.append(h); cache.append(k)
    return np.stack(hs,1), cache

def lstm_backward(dh, cache):
    dxs, dp, dc, dWx, dWh, db = [], 0, 0, 0, 0, 0
    for t in reversed(range(dh.shape[1])):
        dx, dp, dc, a, e, f = lstm_step_backward(dh[:,t]+dp, dc, cache[t])
        dxs.append(dx); dWx=dWx+a; dWh=dWh+e; db=db+f
    return np.stack(dxs[::-1],1), dp, dWx, dWh, db
