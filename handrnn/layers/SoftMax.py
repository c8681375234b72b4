"""Softmax with cross-entropy: the last layer of a classifier and its loss in one."""

from .. import losses
from . import Base


class SoftMax(Base.BaseLayer):
    """p = exp(x) / sum exp(x) along a row, and the loss -sum of labels log p over the batch."""

    def __init__(self):
        self._probabilities = None

    def forward(self, input_tensor, label_tensor):
        """The loss, summed over the batch.

        Parameters
        ----------
        input_tensor : array_like (batch, classes)
        label_tensor : array_like (batch, classes)
            One-hot, or probabilities.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            Other shapes.
        """
        x = self._floats("input_tensor", input_tensor, ("batch", "classes"))
        labels = self._floats("label_tensor", label_tensor, x.shape)
        self._probabilities = losses.softmax(x)
        return float(losses.cross_entropy(x, labels, reduction="sum")[0])

    def predict(self, input_tensor):
        """Probabilities (batch, classes) from an input of this shape; backward does not see it."""
        return losses.softmax(self._floats("input_tensor", input_tensor, ("batch", "classes")))

    def backward(self, label_tensor):
        """Gradient of the loss by the input of the last forward: p - labels.

        Parameters
        ----------
        label_tensor : array_like (batch, classes)

        Returns
        -------
        ndarray (batch, classes)

        Raises
        ------
        RuntimeError
            Without a forward before.
        ValueError
            Another shape.
        """
        p = self._kept(self._probabilities)
        return p - self._floats("label_tensor", label_tensor, p.shape)
