"""A network as a chain of layers, its data and its loss."""

from typing import Any

from . import Base


class NeuralNetwork:
    """Layers one after the other, from the data to the loss.

    Parameters
    ----------
    optimizer : object of `optimization.Optimizers`
        Every trainable layer gets its own copies.
    weights_initializer, bias_initializer : objects of `Initializers`

    Attributes
    ----------
    data_layer : object
        Its ``forward()`` returns (input, labels); to be assigned.
    loss_layer : object
        As `SoftMax.SoftMax`; to be assigned.
    layers : list
        Those without weights are appended to it, the others by `append_trainable_layer`.
    loss : list of float
        One for each iteration, with what the regularizers add.
    """

    def __init__(self, optimizer, weights_initializer, bias_initializer):
        self.optimizer = optimizer
        self.weights_initializer = weights_initializer
        self.bias_initializer = bias_initializer
        self.data_layer: Any = None
        self.loss_layer: Any = None
        self.layers: list[Any] = []
        self.loss: list[float] = []

    def append_trainable_layer(self, layer):
        """Append a layer, with fresh weights and its own copies of the optimizer."""
        layer.initialize(self.weights_initializer, self.bias_initializer)
        layer.set_optimizer(self.optimizer)
        self.layers.append(layer)

    def train(self, iterations):
        """Take so many batches from the data layer, and learn from each."""
        self._set_phase(Base.Phase.train)
        for _ in range(iterations):
            input_tensor, label_tensor = self.data_layer.forward()
            output = self._forward(input_tensor)
            loss = self.loss_layer.forward(output, label_tensor)
            self.loss.append(loss + self._regularization_loss())
            error = self.loss_layer.backward(label_tensor)
            for layer in reversed(self.layers):
                error = layer.backward(error)

    def test(self, input_tensor):
        """What the loss layer predicts from the output of the last layer."""
        self._set_phase(Base.Phase.test)
        return self.loss_layer.predict(self._forward(input_tensor))

    def _regularization_loss(self):
        return sum(
            layer.calculate_regularization_loss()
            for layer in self.layers
            if isinstance(layer, Base.TrainableLayer)
        )

    def _forward(self, tensor):
        for layer in self.layers:
            tensor = layer.forward(tensor)
        return tensor

    def _set_phase(self, phase):
        for layer in (*self.layers, self.loss_layer):
            layer.phase = phase
