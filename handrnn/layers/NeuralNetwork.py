"""A network as a chain of layers, its data and its loss."""

from typing import Any

from . import Base


class NeuralNetwork(Base.Strict):
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
    phase : Base.Phase
        Of all layers; `train` and `test` set it.
    """

    optimizer: Any
    weights_initializer: Any
    bias_initializer: Any
    data_layer: Any
    loss_layer: Any
    layers: list[Any]
    loss: list[float]
    _phase = Base.Phase.train

    def __init__(self, optimizer, weights_initializer, bias_initializer):
        self.optimizer = optimizer
        self.weights_initializer = weights_initializer
        self.bias_initializer = bias_initializer
        self.data_layer = None
        self.loss_layer = None
        self.layers = []
        self.loss = []
        self._labels: Any = None

    @property
    def phase(self):
        """The phase of all layers, those without weights and the loss too."""
        return self._phase

    @phase.setter
    def phase(self, phase):
        self._phase = Base.Phase(phase)
        for layer in filter(None, (*self.layers, self.loss_layer)):
            layer.phase = self._phase

    def append_trainable_layer(self, layer):
        """Append a layer, with fresh weights and its own copies of the optimizer."""
        layer.initialize(self.weights_initializer, self.bias_initializer)
        layer.set_optimizer(self.optimizer)
        self.layers.append(layer)

    def train(self, iterations):
        """Take so many batches from the data layer, and learn from each."""
        self.phase = Base.Phase.train
        for _ in range(iterations):
            self.loss.append(self.forward())
            self.backward()

    def forward(self):
        """The loss of the next batch, with what the regularizers add."""
        input_tensor, self._labels = self._next_batch()
        loss = self.loss_layer.forward(self._forward(input_tensor), self._labels)
        return loss + self._regularization_loss()

    def backward(self):
        """Learn from the batch of the last `forward`: each layer with an optimizer takes a step."""
        error = self.loss_layer.backward(self._labels)
        for layer in reversed(self.layers):
            error = layer.backward(error)

    def test(self, input_tensor):
        """What the loss layer predicts from the output of the last layer."""
        self.phase = Base.Phase.test
        return self.loss_layer.predict(self._forward(input_tensor))

    def _next_batch(self):
        return self.data_layer.forward()

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
