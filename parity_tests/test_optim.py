"""Optimizers and clipping: step by step against torch, rules on floats, states, errors."""

import copy
import math

import numpy as np
import numpy.typing as npt
import pytest

from handrnn import compare, optim

BUDGET = 1e-12
FLOAT32_FACTOR = 8
STEPS = 50
SHAPES = {"weight": (6, 5), "bias": (6,)}

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.05, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.8, "eps": 0.01}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.1, "centered": True, "weight_decay": 0.05}),
    ("RMSprop", {"lr": 0.1, "centered": True, "momentum": 0.5, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.8), "eps": 0.01}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.05}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.7), "amsgrad": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.05, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.2, "betas": (0.8, 0.7), "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.05, "maximize": True}),
]
KINDS = ("SGD", "RMSprop", "Adam", "AdamW")
RULES = {"SGD": optim.sgd, "RMSprop": optim.rmsprop, "Adam": optim.adam, "AdamW": optim.adamw}


class Stub:
    """A network to an optimizer: weights and gradients by name."""

    def __init__(self, rng, shapes=None, dtype: npt.DTypeLike = np.float64):
        shapes = shapes or SHAPES
        self.params = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
        self.grads = {name: np.zeros_like(weights) for name, weights in self.params.items()}

    def zero_grad(self):
        for grad in self.grads.values():
            grad[...] = 0


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")


@pytest.fixture
def rng():
    return np.random.default_rng(41)


def assert_equal(ours, reference):
    assert compare.normwise_error(ours, reference) <= BUDGET


def flat(modules, which="params"):
    return [array for module in modules for array in getattr(module, which).values()]


def draw_grads(rng, modules):
    """New gradients in place, of sizes from 1e-3 to 1e3, some of them zero."""
    for grad in flat(modules, "grads"):
        grad[...] = rng.normal(size=grad.shape) * 10.0 ** rng.uniform(-3, 3)
        grad[rng.random(grad.shape) < 0.1] = 0


def torch_twins(torch, modules):
    return [torch.nn.Parameter(torch.tensor(array)) for array in flat(modules)]


def copy_grads(torch, modules, twins):
    for grad, twin in zip(flat(modules, "grads"), twins, strict=True):
        twin.grad = torch.tensor(grad)


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_fifty_steps_are_torchs(torch, rng, kind, options):
    modules = Stub(rng), Stub(rng, {"weight": (3, 2)})
    twins = torch_twins(torch, modules)
    ours = getattr(optim, kind)(*modules, **options)
    theirs = getattr(torch.optim, kind)(twins, **options)
    for _ in range(STEPS):
        draw_grads(rng, modules)
        copy_grads(torch, modules, twins)
        ours.step()
        theirs.step()
        for weights, twin in zip(flat(modules), twins, strict=True):
            assert_equal(weights, twin.detach().numpy())
    states = [state for module in ours.state_dict()["state"].values() for state in module.values()]
    for state, twin in zip(states, twins, strict=False):
        for part, value in state.items():
            assert_equal(value, theirs.state[twin][part].numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_torchs(torch, rng, kind):
    module = Stub(rng)
    ours = getattr(optim, kind)(module)
    theirs = getattr(torch.optim, kind)(torch_twins(torch, [module])).defaults
    assert {"lr": ours.lr, **ours.options} == {name: theirs[name] for name in ("lr", *ours.options)}


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_float32_stays_float32(torch, rng, kind, options):
    """As near to float64 as torch's float32 is, and never promoted, whatever the options are."""
    modules = [Stub(rng, dtype=np.float32)]
    doubles = [Stub(rng)]
    for weights, double in zip(flat(modules), flat(doubles), strict=True):
        double[...] = weights
    twins = torch_twins(torch, modules)
    scalars = {
        name: np.float64(value) if isinstance(value, float) else value
        for name, value in options.items()
    }
    ours = getattr(optim, kind)(*modules, **scalars)
    truth = getattr(optim, kind)(*doubles, **options)
    theirs = getattr(torch.optim, kind)(twins, **options)
    for _ in range(STEPS):
        draw_grads(rng, modules)
        copy_grads(torch, modules, twins)
        for grad, double in zip(flat(modules, "grads"), flat(doubles, "grads"), strict=True):
            double[...] = grad
        for optimizer in (ours, truth, theirs):
            optimizer.step()
    pairs = list(zip(twins, flat(doubles), strict=True))
    budget = FLOAT32_FACTOR * max(
        compare.normwise_error(twin.detach().numpy(), double) for twin, double in pairs
    )
    for weights, double in zip(flat(modules), flat(doubles), strict=True):
        assert weights.dtype == np.float32
        assert compare.normwise_error(weights, double) <= budget
    for state in ours.state_dict()["state"].get("0", {}).values():
        assert all(value.dtype == np.float32 for part, value in state.items() if part != "step")


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_rules_keep_the_dtype_and_modify_nothing(rng, kind, options):
    rule = RULES[kind]
    scalars = {
        name: np.array(value) if name == "betas" or isinstance(value, float) else value
        for name, value in options.items()
    }
    for dtype in (np.float32, np.float64, np.longdouble):
        weights, state = rng.normal(size=(3, 4)).astype(dtype), {}
        for _ in range(3):
            gradient = rng.normal(size=(3, 4))
            held = {"weights": weights, "gradient": gradient, **state}
            before = copy.deepcopy(held)
            new, new_state = rule(weights, gradient, state, **scalars)
            np.testing.assert_equal({**held, **state}, before)
            arrays = [new, *(value for part, value in new_state.items() if part != "step")]
            for array in arrays:
                assert array.dtype == dtype
                assert not np.shares_memory(array, gradient)
                assert not np.shares_memory(array, weights)
            assert not any(np.shares_memory(new, array) for array in arrays[1:])
            weights, state = new, new_state


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_rules_on_plain_floats(rng, kind, options):
    weights, state, array, array_state = 0.7, None, np.array([0.7]), {}
    for gradient in rng.normal(size=10).tolist():
        weights, state = RULES[kind](weights, gradient, state, **options)
        array, array_state = RULES[kind](array, np.array([gradient]), array_state, **options)
        assert np.isscalar(weights)
        assert_equal(np.array([weights]), array)


@pytest.mark.parametrize(
    ("rule", "options", "expected"),
    [
        (optim.sgd, {}, [0, -1]),
        (optim.sgd, {"momentum": 0.9}, [0, -1.9]),
        (optim.adam, {"betas": (0.01, 0.02)}, [1e-8 / (1 + 1e-8), 2e-8 / (1 + 1e-8) - 1]),
        (optim.rmsprop, {"alpha": 0.75, "eps": 1.0}, [1 / 3, 1 / 3 - 1 / (1 + math.sqrt(7 / 16))]),
        (optim.adamw, {"betas": (0.5, 0.75), "weight_decay": 0.5, "eps": 0.0}, [-0.5, -1.25]),
    ],
)
def test_two_steps_by_hand(rule, options, expected):
    """From 1, with gradient 1 and learning rate 1."""
    weights, state = 1.0, None
    for value in expected:
        weights, state = rule(weights, 1.0, state, lr=1.0, **options)
        assert weights == pytest.approx(value, rel=0, abs=1e-15)


def test_centered_rmsprop_survives_equal_gradients():
    weights, state = np.zeros(100), None
    gradient = np.linspace(0.1, 3, 100)
    for _ in range(3000):
        weights, state = optim.rmsprop(weights, gradient, state, lr=1e-9, alpha=0.5, centered=True)
    assert np.isfinite(weights).all()


def test_rules_refuse_what_does_not_fit():
    for rule in RULES.values():
        with pytest.raises(ValueError, match=r"gradient has shape \(3,\) but weights .* \(2, 3\)"):
            rule(np.zeros((2, 3)), np.zeros(3), None, lr=1)
    with pytest.raises(TypeError, match="weights are int64"):
        optim.sgd(np.zeros(3, np.int64), np.zeros(3), None, lr=1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_learning_rate_may_change(torch, rng, kind):
    module = Stub(rng)
    twins = torch_twins(torch, [module])
    ours = getattr(optim, kind)(module, lr=0.1)
    theirs = getattr(torch.optim, kind)(twins, lr=0.1)
    for step in range(10):
        ours.lr = theirs.param_groups[0]["lr"] = 0.1 / (1 + step)
        draw_grads(rng, [module])
        copy_grads(torch, [module], twins)
        ours.step()
        theirs.step()
    for weights, twin in zip(flat([module]), twins, strict=True):
        assert_equal(weights, twin.detach().numpy())


def test_steps_are_in_place_and_leave_the_gradients_alone(rng):
    module = Stub(rng)
    draw_grads(rng, [module])
    arrays, grads = dict(module.params), copy.deepcopy(module.grads)
    before = copy.deepcopy(module.params)
    optim.Adam(module).step()
    for name, array in arrays.items():
        assert module.params[name] is array
        assert (array != before[name]).any()
        np.testing.assert_array_equal(module.grads[name], grads[name])


def test_zero_grad(rng):
    modules = Stub(rng), Stub(rng)
    draw_grads(rng, modules)
    optim.SGD(*modules).zero_grad()
    assert not any(grad.any() for grad in flat(modules, "grads"))


def as_arrays(tree):
    """A nested dict as it comes back from a file of arrays."""
    if isinstance(tree, dict):
        return {name: as_arrays(branch) for name, branch in tree.items()}
    return np.array(tree)


def scribble_over(state_dict):
    """Spoil the arrays of a state_dict, which no optimizer may notice."""
    for states in state_dict["state"].values():
        for state in states.values():
            for array in state.values():
                if np.ndim(array):
                    array[...] = np.nan


@pytest.mark.sample(4)
@pytest.mark.parametrize("through_arrays", [False, True])
@pytest.mark.parametrize(("kind", "options"), CASES)
def test_a_loaded_optimizer_continues_bit_for_bit(rng, kind, options, through_arrays):
    modules = Stub(rng), Stub(rng, {"weight": (3, 2)}, np.float32)
    ours = getattr(optim, kind)(*modules, **options)
    for _ in range(3):
        draw_grads(rng, modules)
        ours.step()
    saved = ours.state_dict()
    twins = copy.deepcopy(modules)
    loaded = getattr(optim, kind)(*twins, lr=77)
    given = as_arrays(saved) if through_arrays else saved
    loaded.load_state_dict(given)
    scribble_over(given)
    scribble_over(saved)
    for _ in range(3):
        draw_grads(rng, modules)
        for grad, twin in zip(flat(modules, "grads"), flat(twins, "grads"), strict=True):
            twin[...] = grad
        ours.step()
        loaded.step()
    for weights, twin in zip(flat(modules), flat(twins), strict=True):
        np.testing.assert_array_equal(weights, twin)
        assert weights.dtype == twin.dtype
        assert np.isfinite(twin).all()
    np.testing.assert_equal(as_arrays(loaded.state_dict()), as_arrays(ours.state_dict()))


def test_an_optimizer_before_its_first_step_can_be_saved(rng):
    module = Stub(rng)
    saved = optim.Adam(module, lr=0.5).state_dict()
    assert saved["state"] == {}
    loaded = optim.Adam(module)
    draw_grads(rng, [module])
    loaded.step()
    loaded.load_state_dict(saved)
    assert loaded.state_dict() == saved


def test_all_that_does_not_fit_is_listed_and_nothing_is_loaded(rng):
    saved = optim.Adam(Stub(rng))
    saved.step()
    wrong = saved.state_dict()
    wrong["options"]["momentum"] = wrong["options"].pop("eps")
    wrong["state"]["0"]["weight"]["exp_avg"] = np.zeros((2, 5))
    wrong["state"]["0"]["weight"]["momentum"] = wrong["state"]["0"]["weight"].pop("exp_avg_sq")
    wrong["state"]["0"]["offset"] = wrong["state"]["0"].pop("bias")
    optimizer = optim.Adam(Stub(rng), lr=0.5)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="does not fit this Adam") as error:
        optimizer.load_state_dict(wrong)
    for part in (
        "option eps is missing",
        "option momentum is unknown",
        "parameter 0.bias is missing",
        "parameter 0.offset is unknown",
        "exp_avg of 0.weight is (2, 5) instead of (6, 5)",
        "state of 0.weight: exp_avg_sq is missing",
        "state of 0.weight: momentum is unknown",
    ):
        assert part in str(error.value)
    assert optimizer.state_dict() == before
    with pytest.raises(ValueError, match="lacks options, state"):
        optimizer.load_state_dict({"lr": 1})


BAD_OPTIONS = [
    ("SGD", {"lr": -0.1}, "lr is -0.1: it cannot be negative"),
    ("SGD", {"momentum": -0.1}, "momentum is -0.1"),
    ("SGD", {"weight_decay": -0.1}, "weight_decay is -0.1"),
    ("SGD", {"nesterov": True}, r"nesterov needs .* \(momentum is 0.0, dampening is 0.0\)"),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov needs"),
    ("RMSprop", {"lr": -0.1}, "lr is -0.1"),
    ("RMSprop", {"lr": math.nan}, "lr is nan"),
    ("RMSprop", {"eps": -0.1}, "eps is -0.1"),
    ("RMSprop", {"momentum": -0.1}, "momentum is -0.1"),
    ("RMSprop", {"weight_decay": -0.1}, "weight_decay is -0.1"),
    ("RMSprop", {"alpha": -0.1}, "alpha is -0.1"),
    *(
        (kind, {name: value}, message)
        for kind in ("Adam", "AdamW")
        for name, value, message in [
            ("lr", -0.1, "lr is -0.1"),
            ("eps", -0.1, "eps is -0.1"),
            ("weight_decay", -0.1, "weight_decay is -0.1"),
            ("betas", (1.0, 0.9), r"betas are \(1.0, 0.9\): two numbers in \[0, 1\)"),
            ("betas", (0.9, -0.1), r"betas are \(0.9, -0.1\)"),
        ]
    ),
]


@pytest.mark.parametrize(("kind", "options", "message"), BAD_OPTIONS)
def test_bad_options(rng, kind, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(optim, kind)(Stub(rng), **options)


@pytest.mark.parametrize(("kind", "options", "message"), BAD_OPTIONS)
def test_torch_refuses_the_same_options(torch, rng, kind, options, message):
    with pytest.raises(ValueError, match=r"Invalid|Nesterov"):
        getattr(torch.optim, kind)(torch_twins(torch, [Stub(rng)]), **options)


CALLS = [
    *(getattr(optim, kind) for kind in KINDS),
    lambda *modules: optim.clip_grad_norm(*modules, max_norm=1.0),
    lambda *modules: optim.clip_grad_value(*modules, clip_value=1.0),
]


@pytest.mark.parametrize("call", CALLS)
def test_bad_modules(rng, call):
    module = Stub(rng)
    with pytest.raises(ValueError, match="was given no modules"):
        call()
    with pytest.raises(ValueError, match=r"argument 3 of \w+ is a module that was given before"):
        call(module, Stub(rng), module)
    with pytest.raises(TypeError, match=r"argument 1 of \w+ is a list: .* one by one"):
        call([module])
    with pytest.raises(TypeError, match=r"argument 2 of \w+ is a float: .* options by their names"):
        call(module, 0.01)


def test_repr(rng):
    optimizer = optim.RMSprop(Stub(rng), momentum=0.5)
    assert repr(optimizer) == (
        "RMSprop(lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0.0, momentum=0.5, centered=False,"
        " maximize=False)"
    )


def clipped_by_torch(torch, modules, name, *arguments, **options):
    """(what torch's function answers, the gradients it leaves)."""
    twins = torch_twins(torch, modules)
    copy_grads(torch, modules, twins)
    answer = getattr(torch.nn.utils, name)(twins, *arguments, **options)
    return answer, [twin.grad.numpy() for twin in twins]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.99, 1.01, 1e9])
@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, 0.5, math.inf])
def test_clip_grad_norm_is_torchs(torch, rng, norm_type, share):
    modules = Stub(rng), Stub(rng, {"weight": (3, 2)})
    draw_grads(rng, modules)
    before = copy.deepcopy(flat(modules, "grads"))
    together = np.concatenate([grad.ravel() for grad in before])
    max_norm = share * float(np.linalg.norm(together, norm_type))
    expected = clipped_by_torch(torch, modules, "clip_grad_norm_", max_norm, norm_type)
    arrays = flat(modules, "grads")
    norm = optim.clip_grad_norm(*modules, max_norm=max_norm, norm_type=norm_type)
    assert type(norm) is float
    assert_equal(norm, expected[0].numpy())
    for grad, array, reference, old in zip(
        flat(modules, "grads"), arrays, expected[1], before, strict=True
    ):
        assert grad is array
        assert_equal(grad, reference)
        assert np.array_equal(grad, old) == (share > 1)


def test_the_norm_is_that_of_all_gradients_together(rng):
    modules = Stub(rng), Stub(rng)
    draw_grads(rng, modules)
    together = np.concatenate([grad.ravel() for grad in flat(modules, "grads")])
    norm = optim.clip_grad_norm(*modules, max_norm=2.0)
    assert_equal(norm, math.sqrt(np.sum(together**2)))
    assert_equal(
        math.sqrt(sum(np.sum(grad**2) for grad in flat(modules, "grads"))), 2 / (1 + 1e-6 / norm)
    )


@pytest.mark.parametrize("scale", [1.0, 1e30])
def test_clip_grad_norm_in_float32(torch, rng, scale):
    """Sums of squares overflow as they do in torch: an infinite norm, and no gradient left."""
    modules = [Stub(rng, dtype=np.float32)]
    for grad in flat(modules, "grads"):
        grad[...] = scale * rng.normal(size=grad.shape)
    total, expected = clipped_by_torch(torch, modules, "clip_grad_norm_", 1.0)
    norm = optim.clip_grad_norm(*modules, max_norm=np.float64(1.0))
    assert math.isinf(norm) == (scale == 1e30)
    assert norm == pytest.approx(float(total), rel=8 * 2**-24)
    for grad, reference in zip(flat(modules, "grads"), expected, strict=True):
        assert grad.dtype == np.float32
        np.testing.assert_allclose(grad, reference, rtol=8 * 2**-24, atol=0)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_norms_that_are_not_finite(torch, rng, value):
    modules = Stub(rng), Stub(rng, {"weight": (3, 2)})
    draw_grads(rng, modules)
    modules[0].grads["bias"][1] = value
    before = copy.deepcopy(flat(modules, "grads"))
    with pytest.raises(FloatingPointError, match=r"the norm of the gradients is (inf|nan)"):
        optim.clip_grad_norm(*modules, max_norm=1.0, error_if_nonfinite=True)
    np.testing.assert_equal(flat(modules, "grads"), before)
    total, expected = clipped_by_torch(torch, modules, "clip_grad_norm_", 1.0)
    np.testing.assert_equal(optim.clip_grad_norm(*modules, max_norm=1.0), float(total))
    np.testing.assert_equal(flat(modules, "grads"), expected)


def test_clipping_zeros(rng):
    module = Stub(rng)
    assert optim.clip_grad_norm(module, max_norm=1.0) == 0
    assert not any(grad.any() for grad in flat([module], "grads"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clip_grad_value_is_torchs(torch, rng, dtype):
    modules = Stub(rng, dtype=dtype), Stub(rng, {"weight": (3, 2)}, dtype)
    draw_grads(rng, modules)
    modules[0].grads["weight"][0, :3] = math.inf, -math.inf, math.nan
    _, expected = clipped_by_torch(torch, modules, "clip_grad_value_", 0.3)
    arrays = flat(modules, "grads")
    optim.clip_grad_value(*modules, clip_value=np.float64(0.3))
    for grad, array, reference in zip(flat(modules, "grads"), arrays, expected, strict=True):
        assert grad is array
        assert grad.dtype == dtype
        np.testing.assert_array_equal(grad, reference)


def test_negative_bounds_are_refused(rng):
    with pytest.raises(ValueError, match="max_norm is -1: it cannot be negative"):
        optim.clip_grad_norm(Stub(rng), max_norm=-1)
    with pytest.raises(ValueError, match="clip_value is -1: it cannot be negative"):
        optim.clip_grad_value(Stub(rng), clip_value=-1)
