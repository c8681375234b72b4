"""Embedding, Dropout, Sequential, parameters and what is refused, next to torch by value."""

from typing import Any, cast

import numpy as np
import pytest

from handrnn import losses, nn, optim

BUDGET = 1e-12
SYMBOLS, WIDTH, CLASSES = 7, 4, 3


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


def close(found, expected):
    if hasattr(expected, "detach"):
        expected = expected.detach().numpy()
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    assert np.abs(found - expected).max(initial=0) <= BUDGET * np.abs(expected).max(initial=0)


def chain(rng: Any = 0):
    return nn.Sequential(
        nn.Embedding(SYMBOLS, WIDTH, padding_idx=2, dtype=np.float64, rng=rng),
        nn.Dropout(0.0),
        nn.Sequential(nn.Linear(WIDTH, CLASSES, dtype=np.float64, rng=rng)),
    )


def same_parameters(mine, theirs):
    for name, parameter in theirs.named_parameters():
        close(mine.params[name], parameter)


# ------------------------------------------------------------------------------------- by value


@pytest.mark.parametrize("shape", [(), (5,), (6, 3), (0, 2)])
@pytest.mark.parametrize("padding_idx", [None, 0, -1])
def test_an_embedding_and_its_gradient_are_torchs(torch, shape, padding_idx):
    mine = nn.Embedding(SYMBOLS, WIDTH, padding_idx, dtype=np.float64, rng=0)
    theirs = mine.to_torch()
    rng = np.random.default_rng(1)
    x, dy = rng.integers(SYMBOLS, size=shape), rng.normal(size=(*shape, WIDTH))
    for _ in range(2):  # gradients accumulate
        y = mine(x)
        assert mine.backward(dy) is None
        expected = theirs(torch.tensor(x))
        expected.backward(torch.tensor(dy))
        close(y, expected)
    close(mine.grads["weight"], theirs.weight.grad)


def test_an_embedding_starts_as_torchs_does(torch):
    module = nn.Embedding(200, 50, padding_idx=3, rng=0)
    assert not module.weight[3].any()
    assert abs(module.weight.mean()) < 0.02
    assert abs(module.weight.std() - 1) < 0.02
    assert np.array_equal(module.weight, nn.Embedding(200, 50, padding_idx=3, rng=0).weight)


@pytest.mark.parametrize("kind", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_a_chain_trains_step_by_step_as_in_torch(torch, kind):
    mine = chain()
    theirs = mine.to_torch()
    assert [name for name, _ in mine.named_parameters()] == list(theirs.state_dict())
    ours = getattr(optim, kind)(mine, lr=0.05, weight_decay=0.01)
    witness = getattr(torch.optim, kind)(theirs.parameters(), lr=0.05, weight_decay=0.01)
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, target = rng.integers(SYMBOLS, size=8), rng.integers(CLASSES, size=8)
        loss, dlogits = losses.cross_entropy(mine(x), target)
        ours.zero_grad()
        assert mine.backward(dlogits) is None
        ours.step()
        expected = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(target))
        witness.zero_grad()
        expected.backward()
        witness.step()
        assert abs(loss - expected.item()) <= 1e-12
    same_parameters(mine, theirs)
    returned = nn.from_torch(theirs)
    assert repr(returned) == repr(mine)
    same_parameters(returned, theirs)


def test_frozen_parameters_rest_as_in_torch(torch):
    """Frozen and thawed on the way, among them one of a chain; with decay and momentum."""
    mine = [nn.LSTM(WIDTH, CLASSES, num_layers=2, dtype=np.float64, rng=0), chain(1)]
    theirs = [module.to_torch() for module in mine]
    ours = optim.Adam(*mine, lr=0.05, weight_decay=0.1)
    everything = [parameter for module in theirs for parameter in module.parameters()]
    witness = torch.optim.Adam(everything, lr=0.05, weight_decay=0.1)
    plan = {2: False, 5: True}
    rng = np.random.default_rng(2)
    for step in range(8):
        if step in plan:
            for module, their in zip(mine, theirs, strict=True):
                named = dict(their.named_parameters())
                for name, parameter in module.named_parameters():
                    if name in ("weight_hh_l0", "bias_ih_l1", "0.weight", "2.0.bias"):
                        parameter.requires_grad = plan[step]
                        named[name].requires_grad = plan[step]
        x, dy = rng.integers(SYMBOLS, size=(5, 2)), rng.normal(size=(5, 2, CLASSES))
        ours.zero_grad()
        witness.zero_grad()
        vectors = mine[1][0](x)
        output, _ = mine[0](vectors)
        dx, _ = mine[0].backward(dy * output)
        mine[1][0].backward(dx)
        mine[1][2](vectors)
        mine[1][2].backward(dy)
        expected = theirs[1][0](torch.tensor(x))
        (theirs[0](expected)[0] ** 2 / 2 * torch.tensor(dy)).sum().backward()
        (theirs[1][2](expected.detach()) * torch.tensor(dy)).sum().backward()
        ours.step()
        witness.step()
        for module, their in zip(mine, theirs, strict=True):
            same_parameters(module, their)
    assert mine[0].frozen == frozenset()


def test_what_is_frozen_has_no_gradient_and_comes_over_from_torch(torch):
    mine = chain()
    mine(np.arange(3))
    mine.backward(np.ones((3, CLASSES)))
    mine[0].requires_grad_(False)
    assert mine.frozen == {"0.weight"}
    assert not mine.grads["0.weight"].any()
    mine(np.arange(3))
    mine.backward(np.ones((3, CLASSES)))
    assert not mine.grads["0.weight"].any()
    assert mine.grads["2.0.weight"].any()
    assert nn.from_torch(mine.to_torch()).frozen == {"0.weight"}
    optimizer = optim.Adam(mine)
    optimizer.step()
    optim.Adam(mine).load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU", "LSTMCell"])
def test_parameters_are_torchs(torch, kind):
    mine, theirs = getattr(nn, kind)(5, 4, rng=0), getattr(torch.nn, kind)(5, 4)
    assert [name for name, _ in mine.named_parameters()] == [
        n for n, _ in theirs.named_parameters()
    ]
    assert sum(p.numel() for p in mine.parameters()) == sum(p.numel() for p in theirs.parameters())
    name, parameter = next(mine.named_parameters())
    assert parameter.data is mine.params[name]
    assert parameter.grad is mine.grads[name]
    assert np.array_equal(np.asarray(parameter), mine.params[name])
    assert (parameter.shape, parameter.dtype) == (mine.params[name].shape, np.float32)
    assert repr(parameter) == f"Parameter({name} {parameter.shape})"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_dropout_drops_and_scales_as_torch_does(torch, dtype, p):
    module = nn.Dropout(p, rng=0)
    x = np.random.default_rng(1).normal(size=(100, 50)).astype(dtype)
    y = module(x)
    torch.manual_seed(0)
    theirs = torch.nn.Dropout(p)(torch.tensor(x)).numpy()
    both = (y != 0) & (theirs != 0)
    assert y.dtype == dtype
    assert both.any() == (p < 1)
    np.testing.assert_array_max_ulp(y[both], theirs[both], 1)
    assert abs((y == 0).mean() - p) < 0.03  # four standard deviations
    assert np.array_equal(module.backward(x), y)
    assert not np.array_equal(module(x), y) or p in (0, 1)
    assert module.eval()(x) is x
    assert isinstance(module.to_torch(), torch.nn.Dropout)


# -------------------------------------------------------------------------------------- padding


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("rest", [(), (3,), (2, 3)])
def test_padding_is_torchs(torch, batch_first, rest):
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, *rest)) for length in (4, 1, 6)]
    tensors = [torch.tensor(one) for one in sequences]
    padded = nn.pad_sequence(sequences, batch_first, -1.5)
    expected = torch.nn.utils.rnn.pad_sequence(tensors, batch_first, -1.5)
    assert np.array_equal(padded, expected.numpy())
    returned = nn.unpad_sequence(padded, [4, 1, 6], batch_first)
    for mine, one in zip(returned, sequences, strict=True):
        assert np.array_equal(mine, one)


# --------------------------------------------------------------------------- what is refused, how


def test_the_device_is_the_cpu(torch):
    for kind in ("RNN", "LSTM", "GRU", "LSTMCell", "Linear", "Embedding"):
        make: Any = getattr(nn, kind)
        for device in ("cpu", torch.device("cpu"), None):
            make(3, 2, device=device)
        with pytest.raises(ValueError, match="device is 'cuda': handrnn computes on the CPU"):
            make(3, 2, device="cuda")


def test_what_torch_packs_or_follows_is_refused_with_the_way_out(torch):
    lstm, linear = nn.LSTM(3, 2, rng=0), nn.Linear(3, 2, rng=0)
    x = torch.ones(4, 2, 3)
    packed: Any = torch.nn.utils.rnn.pack_padded_sequence(x, [4, 2])
    with pytest.raises(TypeError, match=r"x is a PackedSequence: .* lengths="):
        lstm(packed)
    x.requires_grad_()
    for call in (lambda: lstm(x), lambda: linear(x)):
        with pytest.raises(TypeError, match=r"x is a tensor that requires grad.*x\.detach\(\)"):
            call()
    lstm(x.detach().numpy())
    lstm(x.detach())
    state: Any = (x[:1, :, :2], x[:1, :, :2])
    with pytest.raises(TypeError, match="state h is a tensor that requires grad"):
        lstm(x.detach().numpy(), state)


ONE: Any = nn.Linear(2, 2, rng=0)
WRONG: Any = [
    (lambda: nn.Sequential(ONE, nn.LSTM(2, 2)), r"module 1 \(LSTM\) gives a state"),
    (lambda: nn.Sequential(ONE, ONE), r"module 1 \(Linear\) was given before"),
    (lambda: nn.Sequential(ONE, cast(Any, np.tanh)), "module 1 is a ufunc"),
    (lambda: nn.Embedding(3, 2, padding_idx=3), "padding_idx is 3"),
    (lambda: nn.Embedding(0, 2), "num_embeddings is 0"),
    (lambda: nn.Embedding(3, 2)(np.ones(2)), "x is float64: integers are needed"),
    (lambda: nn.Embedding(3, 2)(np.array([0, 3])), "x holds 0 to 3: 0 to 2 is needed"),
    (lambda: nn.Embedding(3, 2)(np.array([-1])), "x holds -1 to -1"),
    (lambda: nn.Dropout(1.5), "p is 1.5: a probability"),
    (lambda: nn.Dropout()(np.ones(2, np.int64)), "x is int64"),
    (lambda: nn.Dropout().backward(np.ones(2)), "needs a forward in training mode"),
    (lambda: nn.pad_sequence([]), "sequences is empty"),
    (lambda: nn.pad_sequence([np.ones((2, 3)), np.ones((2, 4))]), r"sequence 1 is \(2, 4\)"),
    (lambda: nn.pad_sequence([np.ones(2), np.ones(2, np.float32)]), "sequence 1 is float32"),
    (lambda: nn.unpad_sequence(np.ones(3), [1]), "at least two axes"),
    (lambda: nn.unpad_sequence(np.ones((3, 2)), [1, 4]), "they must lie in 0..3"),
    (lambda: nn.unpad_sequence(np.ones((3, 2)), [1.0, 2.0]), "lengths are float64: integers are"),
    (lambda: nn.unpad_sequence(np.ones((3, 2)), [1]), "one integer for each of 2"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_misuse_is_one_clear_error(call, message):
    with pytest.raises((TypeError, ValueError, IndexError, RuntimeError), match=message):
        call()
