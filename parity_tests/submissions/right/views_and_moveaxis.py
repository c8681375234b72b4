import numpy as np
from numpy import tanh, exp, dot, zeros


def sigmoid(x): return 1/(1+exp(-x))


def softmax(x):
    e=exp(x-x.max(axis=0)); return e/e.sum(axis=0)


def lstm_forward(x, a0, parameters):
    """Writes into (T, n, m) buffers and hands out views of them with the course's axes."""
    n_x,m,T=x.shape
    n_a=a0.shape[0]
    a=zeros((T,n_a,m)); c=zeros((T,n_a,m)); y=zeros((T,parameters['Wy'].shape[0],m))
    caches=[]
    for t in range(T):
        ap = a[t-1] if t else a0
        cp = c[t-1] if t else zeros((n_a,m))
        z=np.concatenate([ap,x[:,:,t]])
        f=sigmoid(dot(parameters['Wf'],z)+parameters['bf'])
        i=sigmoid(dot(parameters['Wi'],z)+parameters['bi'])
        g=tanh(dot(parameters['Wc'],z)+parameters['bc'])
        o=sigmoid(dot(parameters['Wo'],z)+parameters['bo'])
        c[t]=f*cp+i*g
        a[t]=o*tanh(c[t])
        y[t]=softmax(dot(parameters['Wy'],a[t])+parameters['by'])
        caches.append((a[t],c[t],ap,cp,f,i,g,o,x[:,:,t],parameters))
    return np.moveaxis(a,0,2),np.moveaxis(y,0,2),np.moveaxis(c,0,2),(caches,x)


def rnn_cell_backward(da_next, cache):
	a_next, a_prev, xt, parameters = cache
	dz = (1-a_next**2)*da_next
	grads = {}
	grads["dxt"] = dot(parameters["Wax"].T, dz)
	grads["dWax"] = dot(dz, xt.T)
	grads["da_prev"] = dot(parameters["Waa"].T, dz)
	grads["dWaa"] = dot(dz, a_prev.T)
	grads["dba"] = np.sum(dz,axis=1,keepdims=1)
	return grads
