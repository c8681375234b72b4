"""What the faces shaped as torch.nn share, and those of them that remember nothing of a sequence.

`Module` has named parameters and their gradients; `Linear`, `Embedding` and `Dropout` are modules,
and `Sequential` is a chain of them. `handrnn.nn` has them all under torch's names.
"""

import functools
import io
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from . import border, initializers, writing

Array = npt.NDArray[Any]
Seed = np.random.Generator | np.random.SeedSequence | Sequence[int] | int | None


class IncompatibleKeys(NamedTuple):
    """What `Module.load_state_dict` with strict=False did not find, and had no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Arrays(Mapping[str, Array]):
    """Named arrays that live: reading gives the array itself, assigning writes into it."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __setitem__(self, name: str, value: npt.ArrayLike) -> None:
        array = self._arrays[name]
        if np.shape(value) != array.shape:
            raise ValueError(f"{name} is {array.shape}, and was given {np.shape(value)}")
        array[...] = value

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"Arrays({', '.join(f'{name} {a.shape}' for name, a in self._arrays.items())})"


class Parameter:
    """One named array of a module, with its gradient, as `Module.parameters` gives it.

    Attributes
    ----------
    data, grad : ndarray
        Live. The gradient is zero, not None, before the first backward.
    requires_grad : bool
        Set it to False to freeze the parameter: its gradient is zero from then on, and optimizers
        leave it alone, decay and momentum included.
    """

    def __init__(self, module: "Module", name: str) -> None:
        self._module = module
        self.name = name

    @property
    def data(self) -> Array:
        return self._module.params[self.name]

    @property
    def grad(self) -> Array:
        return self._module.grads[self.name]

    @property
    def requires_grad(self) -> bool:
        return self.name not in self._module._frozen

    @requires_grad.setter
    def requires_grad(self, trained: bool) -> None:
        if trained:
            self._module._frozen.discard(self.name)
        else:
            self._module._frozen.add(self.name)
            self.grad[...] = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    def numel(self) -> int:
        """How many numbers it holds."""
        return self.data.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        frozen = "" if self.requires_grad else ", requires_grad=False"
        return f"Parameter({self.name} {self.shape}{frozen})"


def by_one_thread(method: border.Function) -> border.Function:
    """A method that a second thread may not call meanwhile; what is not finite gives no warning."""

    @border.quiet
    @functools.wraps(method)
    def guarded(self, *arguments, **options):
        if method.__name__ == "forward" and not self.training:
            return method(self, *arguments, **options)
        me = threading.get_ident()
        user = self.__dict__.setdefault("_user", me)  # in one step, whatever other threads do
        if user != me:
            raise RuntimeError(
                f"this {type(self).__name__} is in use by another thread: a module is trained by"
                " one thread at a time"
            )
        try:
            return method(self, *arguments, **options)
        finally:
            self.__dict__.pop("_user", None)

    return guarded  # pyright: ignore[reportReturnType]


class Module:
    """What all modules share: named parameters, their gradients, and ways in and out.

    A module is trained by one thread at a time: `backward` answers the thread whose forward was
    the latest, and anything else is refused. After `eval`, several may call it at once.

    Attributes
    ----------
    params, grads : Arrays
        Under torch's names; live. Gradients accumulate until `zero_grad`.
    training : bool
        False after `eval`: forward then keeps nothing for backward, and dropout is off.
    dtype : numpy.dtype
    rng : numpy.random.Generator
        The module's own: its initial weights and its dropout come from it.
    """

    params: Arrays
    grads: Arrays
    gives_state = False  # whether forward gives more than the one array that a chain passes on

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        dtype: npt.DTypeLike,
        rng: Seed,
        device: Any = None,
    ) -> None:
        try:
            dtype = np.dtype(dtype)
        except (TypeError, ValueError):
            raise TypeError(f"dtype is {dtype!r}: float32 or float64 is needed") from None
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype is {dtype}: float32 or float64 is needed")
        if device is not None and str(device) != "cpu":
            raise ValueError(f"device is {str(device)!r}: handrnn computes on the CPU, 'cpu'")
        self.dtype = dtype
        self.rng = border.source("rng", rng).spawn(1)[0]
        self.training = True
        self._tape: Any = None
        self._taped_by = 0  # the thread of the latest forward
        self._frozen: set[str] = set()
        self.params = Arrays({name: np.empty(shape, dtype) for name, shape in shapes.items()})
        self.grads = Arrays({name: np.zeros(shape, dtype) for name, shape in shapes.items()})
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters afresh, from the distribution that torch draws them from."""
        raise NotImplementedError

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The same as calling the module."""
        raise NotImplementedError

    if TYPE_CHECKING:
        __call__ = forward  # here and in each kind of module: what it takes and gives has a type
    else:

        def __call__(self, *inputs, **options):
            return self.forward(*inputs, **options)

    def _keep(self, tape: Any) -> None:
        """What backward needs of this forward."""
        self._tape = tape if self.training else None
        self._taped_by = threading.get_ident()

    def backward(self, *gradients: Any, **options: Any) -> Any:
        """Gradients of a loss, back through the latest forward."""
        raise NotImplementedError

    def train(self, mode: bool = True) -> Self:
        """Keep what backward needs, and drop out; or not. Returns the module."""
        self.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Forward only: no tape, no dropout. Returns the module."""
        return self.train(False)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its name, in torch's order."""
        for name in self.params:
            yield name, Parameter(self, name)

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter. Optimizers take modules, not these."""
        for _, parameter in self.named_parameters():
            yield parameter

    @property
    def frozen(self) -> frozenset[str]:
        """The names of the parameters that are not trained."""
        named = self.named_parameters()
        return frozenset(name for name, parameter in named if not parameter.requires_grad)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Train all parameters, or freeze them. Returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for gradient in self.grads.values():
            gradient[...] = 0

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter, under torch's names."""
        return {name: array.copy() for name, array in self.params.items()}

    def load_state_dict(self, mapping: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy parameters in, from arrays or torch tensors under torch's names.

        Returns
        -------
        IncompatibleKeys

        Raises
        ------
        ValueError
            Names (unless ``strict=False``) or shapes that do not fit, all of them at once;
            nothing is loaded then.
        """
        given = border.mapping("mapping", mapping)
        border.flag("strict", strict)
        arrays = {name: to_array(value, name) for name, value in given.items()}
        missing = [name for name in self.params if name not in arrays]
        unexpected = [name for name in arrays if name not in self.params]
        wrong = [
            f"{name} is {array.shape}, {self.params[name].shape} is needed"
            for name, array in arrays.items()
            if name in self.params and array.shape != self.params[name].shape
        ]
        wrong += [
            f"{name} holds {array.dtype}, numbers are needed"
            for name, array in arrays.items()
            if name in self.params and array.dtype.kind not in "fiu"
        ]
        if strict:
            wrong += [f"{name} is missing" for name in missing]
            wrong += [f"{name} is not a parameter" for name in unexpected]
        if wrong:
            raise ValueError(f"cannot load into {self!r}: " + "; ".join(wrong))
        for name in self.params.keys() & arrays.keys():
            self.params[name] = arrays[name]
        return IncompatibleKeys(missing, unexpected)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all parameters to an .npz file, at once or not at all.

        A link is followed; what is not a regular file, such as a pipe, is written to as it is.

        Raises
        ------
        OSError
            A file that cannot be written.
        """
        content = io.BytesIO()
        np.savez(content, **dict[str, Any](self.state_dict()))
        writing.write(_file(path), content.getvalue())

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Read parameters that `save` has written. Returns the module.

        Raises
        ------
        OSError
            A file that cannot be read.
        ValueError
            Another kind of file, or parameters that do not fit; nothing is loaded then.
        """
        path = _file(path)
        if path.exists() and not path.is_file():
            raise ValueError(f"path {path} is not a file")
        with path.open("rb") as file:
            try:
                arrays = dict(np.load(file, allow_pickle=False))
            except Exception as error:  # cut off, encrypted, of another kind, or of pickled objects
                message = f"{path} is not an .npz file that save has written"
                raise ValueError(message) from error
        self.load_state_dict(arrays)
        return self

    def to_torch(self) -> Any:
        """The torch.nn module of the same kind with the same weights."""
        torch = import_torch("to_torch")
        with torch.random.fork_rng(devices=[]):  # its initial weights are not wanted
            module = self._torch_module(torch)
        module.load_state_dict(
            {name: torch.from_numpy(array) for name, array in self.state_dict().items()}
        )
        for name, theirs in module.named_parameters():
            theirs.requires_grad_(name not in self.frozen)
        return module.train(self.training)

    def _torch_module(self, torch: Any) -> Any:
        kind = getattr(torch.nn, type(self).__name__)
        return kind(**self._arguments(), dtype=getattr(torch, self.dtype.name))

    def _arguments(self) -> dict[str, Any]:
        """What the constructor was given, by name."""
        raise NotImplementedError

    def _draw(self, initializer: Any, fan: int) -> None:
        for name, array in self.params.items():
            self.params[name] = initializer(array.shape, fan, rng=self.rng, dtype=self.dtype)

    def _accumulate(self, name: str, gradient: Array) -> None:
        """Add to the gradient of a parameter, unless that is frozen."""
        if name not in self._frozen:
            self.grads[name] += gradient

    def _floats(self, array: npt.ArrayLike, name: str) -> Array:
        """The caller's array, if it has this module's dtype."""
        array = as_array(array, name)
        if array.dtype != self.dtype:
            kind = type(self).__name__
            other = f", or {kind}(..., dtype=...)" if array.dtype.kind == "f" else ""
            raise TypeError(
                f"{name} is {array.dtype} but this {kind} is {self.dtype}:"
                f" {name}.astype({self.dtype.name!r}){other}"
            )
        return array

    def _taped(self) -> Any:
        if not self._tape:
            raise RuntimeError(
                f"{type(self).__name__}.backward needs a forward in training mode before it"
            )
        if self._taped_by != threading.get_ident():
            raise RuntimeError(
                f"the latest forward of this {type(self).__name__} was another thread's: a module"
                " is trained by one thread at a time"
            )
        return self._tape

    def __getattr__(self, name: str) -> Array:
        params = self.__dict__.get("params", {})
        if name in params:
            return params[name]
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("params", {}):
            self.params[name] = value
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.params]

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value}" for name, value in self._arguments().items())
        return f"{type(self).__name__}({arguments})"


class Linear(Module):
    """y = x W^T + b, on the last axis of x.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    device : "cpu", optional
    dtype : float32 (default) or float64
    rng : numpy.random.Generator or seed, optional
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: npt.DTypeLike = np.float32,
        rng: Seed = None,
    ) -> None:
        self.in_features = at_least(0, in_features, "in_features")
        self.out_features = at_least(0, out_features, "out_features")
        shapes: dict[str, tuple[int, ...]] = {"weight": (out_features, in_features)}
        if border.flag("bias", bias):
            shapes["bias"] = (out_features,)
        super().__init__(shapes, dtype, rng, device)

    def reset_parameters(self) -> None:
        self._draw(initializers.torch_linear, max(self.in_features, 1))

    @by_one_thread
    def forward(self, x: npt.ArrayLike) -> Array:
        """Map (..., in_features) to (..., out_features)."""
        x = self._floats(x, "x")
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(
                f"x is {x.shape}: its last axis must be in_features, {self.in_features}"
            )
        self._keep((x.copy(), self.weight.copy()) if self.training else None)
        y = x @ self.weight.T
        if "bias" in self.params:
            y += self.bias
        return y

    @by_one_thread
    def backward(self, d_output: npt.ArrayLike) -> Array:
        """Gradient with respect to x, given that with respect to y; `grads` get the parameters'."""
        x, weight = self._taped()
        dy = self._floats(d_output, "d_output")
        same_shape(dy, (*x.shape[:-1], self.out_features), "d_output")
        examples = math.prod(x.shape[:-1])  # reshape cannot tell from an array without elements
        rows = dy.reshape(examples, self.out_features)
        self._accumulate("weight", rows.T @ x.reshape(examples, self.in_features))
        if "bias" in self.params:
            self._accumulate("bias", rows.sum(axis=0))
        return dy @ weight

    def _arguments(self) -> dict[str, Any]:
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": "bias" in self.params,
        }

    if TYPE_CHECKING:
        __call__ = forward


class Embedding(Module):
    """A vector for each of `num_embeddings` symbols: the rows of ``weight``.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Symbols, and numbers in the vector of each.
    padding_idx : int, optional
        A symbol whose vector starts as zeros and is not trained; negative: counted from the end.
    device : "cpu", optional
    dtype : float32 (default) or float64
    rng : numpy.random.Generator or seed, optional
        Source of the initial vectors, N(0, 1).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        device: Any = None,
        dtype: npt.DTypeLike = np.float32,
        rng: Seed = None,
    ) -> None:
        self.num_embeddings = at_least(1, num_embeddings, "num_embeddings")
        self.embedding_dim = at_least(0, embedding_dim, "embedding_dim")
        if padding_idx is not None:
            padding_idx = border.whole("padding_idx", padding_idx, -num_embeddings)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(
                f"padding_idx is {padding_idx}: it must be one of {num_embeddings} symbols"
            )
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        super().__init__({"weight": (num_embeddings, embedding_dim)}, dtype, rng, device)

    def reset_parameters(self) -> None:
        shape = self.weight.shape
        self.weight[...] = initializers.normal(shape, rng=self.rng, dtype=self.dtype)
        if self.padding_idx is not None:
            self.weight[self.padding_idx] = 0

    @by_one_thread
    def forward(self, x: npt.ArrayLike) -> Array:
        """Map integers of any shape to vectors: (...) to (..., embedding_dim).

        Raises
        ------
        TypeError
            If x does not hold integers.
        IndexError
            If there is no such symbol.
        """
        symbols = as_array(x, "x")
        if symbols.dtype.kind not in "iu":
            raise TypeError(f"x is {symbols.dtype}: integers are needed")
        if symbols.size and not 0 <= symbols.min() <= symbols.max() < self.num_embeddings:
            last = self.num_embeddings - 1
            raise IndexError(f"x holds {symbols.min()} to {symbols.max()}: 0 to {last} is needed")
        self._keep((symbols.copy(),) if self.training else None)
        return self.weight[symbols]

    @by_one_thread
    def backward(self, d_output: npt.ArrayLike) -> None:
        """Add the gradient of the vectors to `grads`; integers have none, so None is returned."""
        (symbols,) = self._taped()
        dy = self._floats(d_output, "d_output")
        same_shape(dy, (*symbols.shape, self.embedding_dim), "d_output")
        gradient = np.zeros_like(self.weight)
        np.add.at(gradient, symbols, dy)
        if self.padding_idx is not None:
            gradient[self.padding_idx] = 0
        self._accumulate("weight", gradient)

    def _arguments(self) -> dict[str, Any]:
        arguments = {"num_embeddings": self.num_embeddings, "embedding_dim": self.embedding_dim}
        return arguments | ({} if self.padding_idx is None else {"padding_idx": self.padding_idx})

    if TYPE_CHECKING:
        __call__ = forward


class Dropout(Module):
    """In training, zeros with probability `p`, and the rest times 1 / (1 - p).

    Parameters
    ----------
    p : float in [0, 1]
    rng : numpy.random.Generator or seed, optional
    """

    def __init__(self, p: float = 0.5, *, rng: Seed = None) -> None:
        self.p = probability(p, "p")
        super().__init__({}, np.float32, rng)

    def reset_parameters(self) -> None:
        """There are none."""

    @by_one_thread
    def forward(self, x: npt.ArrayLike) -> Array:
        """Drop out of float32 or float64 numbers of any shape; in evaluation change nothing."""
        x = as_array(x, "x")
        if x.dtype not in (np.float32, np.float64):
            raise TypeError(f"x is {x.dtype}: float32 or float64 is needed")
        if not self.training:
            self._tape = None
            return x
        mask = dropout_mask(self.rng, x.shape, self.p, x.dtype)
        self._keep((mask,))
        return x * mask

    @by_one_thread
    def backward(self, d_output: npt.ArrayLike) -> Array:
        """Gradient with respect to x, given that with respect to the output."""
        (mask,) = self._taped()
        dy = as_array(d_output, "d_output")
        same_shape(dy, mask.shape, "d_output")
        return dy * mask

    def _torch_module(self, torch: Any) -> Any:
        return torch.nn.Dropout(self.p)

    def _arguments(self) -> dict[str, Any]:
        return {"p": self.p}

    if TYPE_CHECKING:
        __call__ = forward


class Sequential(Module):
    """Modules one after another: each takes what the one before it gives.

    Parameters
    ----------
    *modules
        `Linear`, `Embedding`, `Dropout` or other chains. What gives a state beside its output, such
        as an LSTM, cannot stand in a chain.

    Notes
    -----
    Parameters are named as in torch: ``0.weight``, ``0.bias``, ``1.weight`` and so on.
    """

    def __init__(self, *modules: Module) -> None:
        for place, module in enumerate(modules):
            kind = type(module).__name__
            if not isinstance(module, Module):
                raise TypeError(f"module {place} is a {kind}: one of handrnn.nn is needed")
            if module.gives_state:
                raise TypeError(
                    f"module {place} ({kind}) gives a state beside its output: call it on its own"
                )
            if any(module is other for other in modules[:place]):
                raise ValueError(f"module {place} ({kind}) was given before")
        self._modules = modules
        self.training = True
        self.params = Arrays(self._gathered("params"))
        self.grads = Arrays(self._gathered("grads"))

    def _gathered(self, what: str) -> dict[str, Array]:
        return {
            f"{place}.{name}": array
            for place, module in enumerate(self._modules)
            for name, array in getattr(module, what).items()
        }

    def reset_parameters(self) -> None:
        for module in self._modules:
            module.reset_parameters()

    def forward(self, x: npt.ArrayLike) -> Array:
        """Through all modules, the first one first."""
        for module in self._modules:
            x = module(x)
        return np.asarray(x)

    def backward(self, d_output: npt.ArrayLike) -> Any:
        """Gradient with respect to x, or None where that holds integers."""
        for module in reversed(self._modules):
            d_output = module.backward(d_output)
        return d_output

    def train(self, mode: bool = True) -> Self:
        """Pass it on to all modules."""
        for module in self._modules:
            module.train(mode)
        return super().train(mode)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Those of all modules, with the place of each before its name."""
        for place, module in enumerate(self._modules):
            for name, parameter in module.named_parameters():
                yield f"{place}.{name}", parameter

    def _torch_module(self, torch: Any) -> Any:
        return torch.nn.Sequential(*(module.to_torch() for module in self._modules))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules)

    def __getitem__(self, place: int) -> Module:
        return self._modules[place]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self._modules))})"

    if TYPE_CHECKING:
        __call__ = forward


def dropout_mask(
    rng: np.random.Generator, shape: Sequence[int], p: float, dtype: np.dtype[Any]
) -> Array:
    """Zeros with probability `p`, and 1 / (1 - p) elsewhere."""
    kept = rng.random(shape, dtype.type) >= p
    return kept / dtype.type(1 - p or 1)


def as_array(value: Any, name: str) -> Array:
    """The caller's array, or what has to be done to get one of it."""
    if hasattr(value, "batch_sizes"):
        raise TypeError(
            f"{name} is a PackedSequence: give the padded array and lengths=, the two that"
            " torch.nn.utils.rnn.pad_packed_sequence returns"
        )
    if getattr(value, "requires_grad", False) is True and hasattr(value, "detach"):
        raise TypeError(
            f"{name} is a tensor that requires grad, and there is no autograd here:"
            f" {name}.detach().numpy()"
        )
    return border.array(name, value, border.ANY)


def _file(path: str | os.PathLike[str]) -> Path:
    """The path of a file, links resolved."""
    try:
        return Path(os.path.realpath(path))
    except (TypeError, ValueError) as error:
        raise type(error)(f"path is {path!r}: {error}") from None


def to_array(value: Any, name: str) -> Array:
    """An array of a torch tensor (on any device, part of a graph or not) or of anything else."""
    if hasattr(value, "detach"):
        try:
            value = value.detach().cpu().numpy()
        except TypeError:
            raise TypeError(f"NumPy has no {value.dtype}: value.float() it first") from None
    return border.array(name, value, border.ANY)


def import_torch(what: str) -> Any:
    """The package torch, or one line that says how to get it."""
    try:
        import torch
    except ImportError:
        raise ImportError(f"{what} needs torch: pip install 'handrnn[torch]'") from None
    return torch


def same_shape(array: Array, shape: tuple[int, ...], name: str) -> None:
    """Raise ValueError unless the array has this shape."""
    if array.shape != shape:
        raise ValueError(f"{name} is {array.shape}: {shape} is needed")


def at_least(least: int, value: Any, name: str) -> int:
    """The value as an integer; TypeError if it is not one, ValueError if it is too small."""
    return border.whole(name, value, least)


def probability(value: Any, name: str) -> float:
    """The value as a float, if it is a number in [0, 1]."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.floating)
        or not 0 <= value <= 1
    ):
        raise ValueError(f"{name} is {value!r}: a probability in [0, 1] is needed")
    return float(value)
