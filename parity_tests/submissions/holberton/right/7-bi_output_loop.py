"""the cell of task 6, subclassed: only the output is new, step after step"""
import numpy as np

BidirectionalCell_ = __import__('6-bi_backward_helper').BidirectionalCell


class BidirectionalCell(BidirectionalCell_):
    def output(self, H):
        Y = []
        for H_t in H:
            z = H_t @ self.Wy + self.by
            Y.append(np.exp(z) / np.sum(np.exp(z), axis=1)[:, np.newaxis])
        return np.asarray(Y)
