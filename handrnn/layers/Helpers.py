"""Data layers, shuffling, accuracy, gradient checks by central differences, and their figure.

Iris and digits come with scikit-learn, figures with matplotlib: both are asked for when used.
"""

import pathlib

import numpy as np

from . import Base

STEP = 1e-5
TEST_SHARE = 1 / 3


def shuffle_data(input_tensor, label_tensor, *, rng=None):
    """Examples and their labels in another order: copies.

    Parameters
    ----------
    input_tensor, label_tensor : array_like (examples, ...)
    rng : numpy.random.Generator or seed, optional

    Raises
    ------
    ValueError
        If there are not as many labels as examples.
    """
    inputs, labels = np.asarray(input_tensor), np.asarray(label_tensor)
    if len(inputs) != len(labels):
        raise ValueError(f"there are {len(inputs)} examples but {len(labels)} labels")
    order = Base.generator(rng).permutation(len(inputs))
    return inputs[order], labels[order]


def calculate_accuracy(results, labels):
    """The share of the rows whose largest result is at the right class.

    Parameters
    ----------
    results : array_like (examples, classes)
    labels : array_like (examples, classes)
        One-hot: 1 at the right class, 0 elsewhere.

    Raises
    ------
    ValueError
        If the shapes differ, or there are no examples.
    """
    results, labels = np.asarray(results), np.asarray(labels)
    if results.shape != labels.shape or results.ndim != 2 or not results.size:
        raise ValueError(
            f"results are {results.shape}, labels {labels.shape}: both are (examples, classes)"
        )
    return float(np.mean(results.argmax(axis=1) == labels.argmax(axis=1)))


def gradient_check(layers, input_tensor, label_tensor):
    """How wrong the gradient with respect to the input is, element by element.

    Parameters
    ----------
    layers : list of layers
        The last one is the loss: ``forward(x, labels)`` and ``backward(labels)``. A layer that
        remembers or draws has to be made to answer the same to the same input.
    input_tensor : array_like
    label_tensor : array_like

    Returns
    -------
    ndarray of the shape of the input
        The difference to central differences, relative to the larger of both; 0 where both are 0.
    """
    inputs = np.array(input_tensor, np.float64)
    _loss(layers, inputs, label_tensor)
    gradient = _backward(layers, label_tensor)
    numerical = _central_differences(lambda x: _loss(layers, x, label_tensor), inputs)
    return _relative_difference(gradient, numerical)


def gradient_check_weights(layers, input_tensor, label_tensor, bias=False):
    """How wrong the gradient with respect to the weights of the first layer is, element by element.

    Parameters
    ----------
    layers, input_tensor, label_tensor
        As for `gradient_check`; no layer may have an optimizer.
    bias : bool
        Check the ``bias`` of the first layer instead of its ``weights``. (Where the bias is a row
        of the weights, it is among these.)

    Returns
    -------
    ndarray of the shape of the weights
        As for `gradient_check`. The weights are afterwards what they were.
    """
    layer, name = layers[0], "bias" if bias else "weights"
    _loss(layers, input_tensor, label_tensor)
    _backward(layers, label_tensor)
    gradient = getattr(layer, f"gradient_{name}")
    start = getattr(layer, name)

    def loss_with(weights):
        setattr(layer, name, weights)
        return _loss(layers, input_tensor, label_tensor)

    numerical = _central_differences(loss_with, start)
    setattr(layer, name, start)
    return _relative_difference(gradient, numerical)


def plot_difference(plot, description, values, reference, directory="."):
    """Draw values, what they should be, and the difference, into ``directory/description.pdf``.

    Parameters
    ----------
    plot : bool
        False: nothing is drawn.
    description : str
        Title of the figure and name of its file.
    values, reference : array_like of the same shape, with one axis or two
        One axis is drawn as a curve, two as an image.
    directory : path, optional
        It is made where it does not exist.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If the shapes differ, or have another number of axes.
    """
    if not plot:
        return
    values, reference = np.asarray(values), np.asarray(reference)
    if values.shape != reference.shape or values.ndim not in (1, 2):
        raise ValueError(
            f"values are {values.shape}, reference {reference.shape}: the same one or two axes"
            " are needed"
        )
    figure = _matplotlib_figure()(figsize=(12, 4), layout="constrained")
    figure.suptitle(description)
    shown = {"values": values, "reference": reference, "difference": values - reference}
    for axes, (title, array) in zip(figure.subplots(1, 3), shown.items(), strict=True):
        axes.set_title(title)
        axes.plot(array) if array.ndim == 1 else figure.colorbar(axes.imshow(array), ax=axes)
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    figure.savefig(directory / f"{description}.pdf")


class RandomData:
    """Normally distributed examples with random labels, new ones at each forward.

    Parameters
    ----------
    input_size, batch_size, categories : int
    rng : numpy.random.Generator or seed, optional
    """

    def __init__(self, input_size, batch_size, categories, *, rng=None):
        self._shape = batch_size, input_size
        self._one_hot = np.eye(categories)
        self._rng = Base.kept_generator(rng)

    def forward(self):
        """Examples (batch_size, input_size) and one-hot labels (batch_size, categories)."""
        rng = Base.generator(self._rng)
        classes = rng.integers(len(self._one_hot), size=self._shape[0])
        return rng.standard_normal(self._shape), self._one_hot[classes]


class _Data:
    """A data set of scikit-learn, shuffled and split: a third is there to test with.

    Examples come batch by batch in random order, each one once before any comes twice; what is
    left over at the end, too few for a batch, is passed over.
    """

    def __init__(self, name, unit, batch_size, rng):
        data, target = _load(name)
        self._rng = Base.kept_generator(rng)
        one_hot = np.eye(int(target.max()) + 1)
        inputs, labels = shuffle_data(data / unit, one_hot[target], rng=self._rng)
        split = len(inputs) - round(TEST_SHARE * len(inputs))
        self._train = inputs[:split], labels[:split]
        self._test = inputs[split:], labels[split:]
        self._batch_size = split if batch_size is None else batch_size
        if not 1 <= self._batch_size <= split:
            raise ValueError(f"batch_size is {batch_size}: it can be 1 to {split}")
        self._order = np.empty(0, int)

    def forward(self):
        """The next batch of the training set: examples and one-hot labels."""
        if len(self._order) < self._batch_size:
            self._order = Base.generator(self._rng).permutation(len(self._train[0]))
        batch, self._order = np.split(self._order, [self._batch_size])
        inputs, labels = self._train
        return inputs[batch], labels[batch]

    def get_test_set(self):
        """Examples and one-hot labels that `forward` never gives: copies."""
        inputs, labels = self._test
        return inputs.copy(), labels.copy()


class IrisData(_Data):
    """Fisher's irises: 150 flowers, 4 measures in centimetres, 3 species.

    Parameters
    ----------
    batch_size : int, optional
        By default all of the training set, 100 flowers, at each forward.
    rng : numpy.random.Generator or seed, optional
        Split and order come from it.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError
        If a batch is larger than the training set, or empty.
    """

    def __init__(self, batch_size=None, *, rng=None):
        super().__init__("iris", 1.0, batch_size, rng)


class DigitData(_Data):
    """Handwritten digits: 1797 images of 8x8 in [0, 1], flattened to 64 numbers, 10 classes.

    Parameters
    ----------
    batch_size : int, optional
        By default all of the training set, 1198 images, at each forward.
    rng : numpy.random.Generator or seed, optional
        Split and order come from it.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError
        If a batch is larger than the training set, or empty.
    """

    def __init__(self, batch_size=None, *, rng=None):
        super().__init__("digits", 16.0, batch_size, rng)


def _matplotlib_figure():
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "plot_difference needs matplotlib: pip install 'handrnn[plots]'"
        ) from None
    return Figure


def _load(name):
    try:
        from sklearn import datasets
    except ImportError:
        raise ImportError(
            f"the {name} data needs scikit-learn: pip install 'handrnn[layers]'"
        ) from None
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _loss(layers, x, label_tensor):
    for layer in layers[:-1]:
        x = layer.forward(x)
    return layers[-1].forward(x, label_tensor)


def _backward(layers, label_tensor):
    error = layers[-1].backward(label_tensor)
    for layer in reversed(layers[:-1]):
        error = layer.backward(error)
    return error


def _central_differences(function, start):
    gradient = np.empty(start.shape)
    for index in np.ndindex(start.shape):
        above, below = start.copy(), start.copy()
        above[index] += STEP
        below[index] -= STEP
        gradient[index] = (function(above) - function(below)) / (2 * STEP)
    return gradient


def _relative_difference(gradient, numerical):
    difference = np.abs(gradient - numerical)
    scale = np.maximum(np.abs(gradient), np.abs(numerical))
    return np.divide(difference, scale, out=np.zeros(scale.shape), where=scale > 0)
