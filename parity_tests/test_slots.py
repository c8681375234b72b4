"""Slots, held by value: every array is filled here by hand, element by element, from its words."""

import itertools
import re

import numpy as np
import pytest

from handrnn import slots

SIZES = {"T": 2, "B": 3, "I": 5, "H": 4, "Y": 6}
WIDTHS = {"x": 5, "h": 4, "bias": 1, "bias_x": 1, "bias_h": 1}
CELLS = {"rnn": "h", "lstm": "ifgo", "gru": "run"}


def atoms_of(cell, seed=0):
    """All atoms of a cell's weights in multiples of 1/64, whose sums and differences are exact."""
    rng = np.random.default_rng(seed)
    shapes = {}
    for gate in CELLS[cell]:
        shapes |= {f"W.{gate}.x": (4, 5), f"W.{gate}.h": (4, 4), f"b.{gate}": (4,)}
        shapes |= {"b.n.h": (4,)} if gate == "n" else {f"s.{gate}": (4,)}
    return {name: rng.integers(-64, 65, shape) / 64 for name, shape in shapes.items()}


def element(atoms, gate, unit, part, column):
    """One number of a weight: what the documentation says stands there."""
    if part in ("x", "h"):
        return atoms[f"W.{gate}.{part}"][unit, column]
    bias = atoms[f"b.{gate}"][unit]
    if part == "bias":
        return bias
    if gate == "n":
        return bias if part == "bias_x" else atoms["b.n.h"][unit]
    share = atoms[f"s.{gate}"][unit]
    return share if part == "bias_h" else bias - share


def by_hand(atoms, gates, on, axes):
    """The array, each element put at the place that the axes say."""
    columns = [(part, column) for part in on for column in range(WIDTHS[part])]
    lengths = {"K": len(gates), "H": 4, "R": len(columns), "1": 1}
    array = np.full([int(np.prod([lengths[letter] for letter in axis])) for axis in axes], np.nan)
    for k, unit, r in itertools.product(range(len(gates)), range(4), range(len(columns))):
        at, place = {"K": k, "H": unit, "R": r, "1": 0}, []
        for axis in axes:
            index = 0
            for letter in axis:  # the last letter runs fastest
                index = index * lengths[letter] + at[letter]
            place.append(index)
        array[tuple(place)] = element(atoms, gates[k], unit, *columns[r])
    return array


GROUPED = ("K", "H", "R"), ("KH", "R"), ("HK", "R"), ("KHR",), ("1", "KH", "R"), ("KH", "1", "R")
ORDERS = sorted({order for axes in GROUPED for order in itertools.permutations(axes)})
PARTS = [("x",), ("h",), ("h", "x"), ("x", "h", "bias"), ("bias", "x"), ("bias_x", "h", "bias_h")]
BIASES = [("bias",), ("bias_x",), ("bias_h",), ("bias_x", "bias_h"), ("bias_h", "bias_x")]
FLAT = [("KH",), ("HK",), ("K", "H"), ("H", "K"), ("1", "KH"), ("KH", "1")]


def assert_both_ways(cell, gates, on, axes):
    """Packed as by hand; taken apart into atoms that make the same array again."""
    atoms = atoms_of(cell)
    one = slots.slot("a", f"[{' '.join(gates)}] {' '.join(on)}: {' '.join(axes)}")
    expected = by_hand(atoms, gates, on, axes)
    packed = one.pack(atoms, SIZES)
    np.testing.assert_array_equal(packed, expected, strict=True)
    assert packed.shape == one.shape(SIZES)
    assert packed.flags.owndata
    assert packed.flags.c_contiguous
    found = one.unpack(expected, SIZES)
    assert set(one.atoms) <= set(found)
    complete = {"bias_x", "bias_h"} <= set(on)  # one of two biases alone is not their sum
    for name, value in found.items():
        if complete or "bias" in on or not name.startswith(("b.", "s.")):
            np.testing.assert_array_equal(value, atoms[name], strict=True)
    if complete or not {"bias_x", "bias_h"} & set(on):
        np.testing.assert_array_equal(one.pack(found, SIZES), expected)


@pytest.mark.sample(4)
@pytest.mark.parametrize("on", PARTS, ids="+".join)
@pytest.mark.parametrize("axes", ORDERS, ids=" ".join)
def test_every_order_of_axes(axes, on):
    assert_both_ways("gru", "unr", on, axes)


@pytest.mark.sample(8)
@pytest.mark.parametrize("on", PARTS + BIASES, ids="+".join)
@pytest.mark.parametrize(
    ("cell", "gates"),
    [
        ("rnn", "h"),
        *(("lstm", "".join(order)) for order in itertools.permutations("ifgo")),
        *(("gru", "".join(order)) for order in itertools.permutations("run")),
        *(("lstm", gate) for gate in "ifgo"),
        *(("gru", gates) for gates in ("r", "u", "n", "ur")),
    ],
)
def test_every_order_of_gates(cell, gates, on):
    """All gates of a cell in one array, some of them, or one."""
    assert_both_ways(cell, gates, on, ("R", "KH"))


@pytest.mark.parametrize("on", BIASES[:3], ids="+".join)
@pytest.mark.parametrize("axes", FLAT, ids=" ".join)
def test_a_bias_needs_no_axis_of_columns(axes, on):
    assert_both_ways("gru", "run", on, axes)


def test_one_upon_the_other():
    """Two biases of all gates in one row, as ONNX has them."""
    assert_both_ways("gru", "urn", ("bias_x", "bias_h"), ("1", "RKH"))


# ------------------------------------------------------------------------------------ two biases


def test_two_biases_are_their_sum_and_the_share_of_the_second():
    """But those of the candidate of the GRU, which the reset gate keeps apart."""
    one = slots.slot("bias", "[u r n] bias_x bias_h: R KH")
    array = np.arange(24.0).reshape(2, 12)
    found = one.unpack(array, SIZES)
    first, second = array.reshape(2, 3, 4)
    expected = {"b.u": first[0] + second[0], "s.u": second[0], "b.r": first[1] + second[1]}
    expected |= {"s.r": second[1], "b.n": first[2], "b.n.h": second[2]}
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_without_shares_the_first_bias_is_the_whole():
    atoms = {name: value for name, value in atoms_of("gru").items() if name[0] != "s"}
    one = slots.slot("bias", "[r u n] bias_x bias_h: R K H")
    first, second = one.pack(atoms, SIZES)
    np.testing.assert_array_equal(first, [atoms[f"b.{gate}"] for gate in "run"])
    np.testing.assert_array_equal(second, [np.zeros(4), np.zeros(4), atoms["b.n.h"]])


def test_the_gradient_is_the_same_by_both_biases():
    one = slots.slot("bias", "[u r n] bias_x bias_h: R KH").gradient
    assert (one.name, one.quantity) == ("dbias", "dW")
    atoms = {f"d{name}": value for name, value in atoms_of("gru").items() if name[0] == "b"}
    expected = [[atoms["db.u"], atoms["db.r"], atoms[n]] for n in ("db.n", "db.n.h")]
    packed = one.pack(atoms, SIZES)
    np.testing.assert_array_equal(packed.reshape(2, 3, 4), expected)
    found = one.unpack(packed, SIZES)
    assert set(found) == set(atoms)
    for name, value in atoms.items():
        np.testing.assert_array_equal(found[name], value)


# -------------------------------------------------------------------------- what is not a weight


@pytest.mark.parametrize(
    ("quantity", "own"),
    [("x", "TIB"), ("dy", "THB"), ("h0", "HB"), ("xt", "IB"), ("y", "TYB"), ("Why", "YH")],
)
def test_plain_quantities_in_every_order(quantity, own):
    known = {quantity: np.random.default_rng(0).standard_normal([SIZES[letter] for letter in own])}
    for order in itertools.permutations(own):
        for axes in (order, ("1", *order), (*order, "1")):
            one = slots.slot("a", f"{quantity}: {' '.join(axes)}")
            expected = np.einsum(f"{own}->{''.join(order)}", known[quantity])
            packed = one.pack(known, SIZES)
            np.testing.assert_array_equal(packed.squeeze(), expected)
            assert packed.shape == one.shape(SIZES)
            found = one.unpack(packed, SIZES)
            np.testing.assert_array_equal(found[quantity], known[quantity], strict=True)


def test_states_have_the_initial_one_in_front():
    one = slots.slot("hs", "states: B T H")
    assert one.shape(SIZES) == (3, 3, 4)
    states = np.random.default_rng(0).standard_normal((3, 4, 3))
    packed = one.pack({"states": states}, SIZES)
    np.testing.assert_array_equal(packed, states.transpose(2, 0, 1))
    np.testing.assert_array_equal(one.unpack(packed, SIZES)["states"], states)


def test_an_axis_of_one_example_may_be_left_out():
    one = slots.slot("x", "x: T I")
    x = np.random.default_rng(0).standard_normal((2, 5, 1))
    packed = one.pack({"x": x}, SIZES)
    np.testing.assert_array_equal(packed, x[..., 0])
    np.testing.assert_array_equal(one.unpack(packed, SIZES | {"B": 1})["x"], x)
    with pytest.raises(slots.SlotError, match="x has no axis B"):
        one.pack({"x": np.zeros((2, 5, 3))}, SIZES)


def test_a_projection_has_fewer_columns_than_units():
    sizes = SIZES | {"P": 2}
    assert slots.slot("weight_hh", "[i f g o] h: KH R").shape(sizes) == (16, 2)
    assert slots.slot("weight_hh", "[i f g o] h: KH R").shape(SIZES) == (16, 4)
    assert slots.slot("weight_hr", "Whr: P H").shape(sizes) == (2, 4)


# ------------------------------------------------------------------------------------ the textbook


@pytest.mark.parametrize("cell", CELLS)
def test_the_textbook_and_back(cell):
    """Its matrices are [h x], its biases columns; an output layer comes along, if there is one."""
    atoms = {name: value for name, value in atoms_of(cell).items() if name[0] != "s"}
    whole = atoms | {"Why": np.ones((6, 4)), "by": np.arange(6.0)}
    for given in (atoms, whole):
        there = slots.to_textbook(cell, given)
        for d in ("", "d"):
            back = slots.from_textbook(cell, {d + name: value for name, value in there.items()})
            assert set(back) == {d + name for name in given}
            for name, value in given.items():
                np.testing.assert_array_equal(back[d + name], value, strict=True)
    gate = CELLS[cell][0]
    W = [there["Whh"], there["Wxh"]] if cell == "rnn" else np.split(there[f"W{gate}"], [4], axis=1)
    for part, value in zip("hx", W, strict=True):
        np.testing.assert_array_equal(value, atoms[f"W.{gate}.{part}"])
    np.testing.assert_array_equal(there[f"b{gate}"], atoms[f"b.{gate}"][:, None])
    assert there["by"].shape == (6, 1)


# ------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("h_prev", "a = 'h_prev': 'quantity: axes' is needed, such as 'h_prev: B H'"),
        ("h_previous: B H", "there is no quantity 'h_previous' (known: x, dx, "),
        ("h_prev: B Q", "the axes of this array can be H, B and 1, not 'Q'"),
        ("[i f z] x: KH R", "no cell has the gates [i f z] (rnn: h; lstm: i f g o; gru: r u n)"),
        ("[i r] x: KH R", "no cell has the gates [i r]"),
        ("[i f] x y: KH R", "a weight acts on x, h, below, bias, bias_x, bias_h, not on x y"),
    ],
)
def test_words_that_say_nothing(words, message):
    with pytest.raises(slots.SlotError, match=re.escape(message)):
        slots.slot("a", words)


@pytest.mark.parametrize("shape", [(16, 5), (9, 15), (9,), (1, 9, 16)])
def test_an_array_of_another_shape(shape):
    one = slots.slot("kernel", "[i g f o] x h: R KH")
    message = f"kernel has shape {shape}, not (9, 16)"
    with pytest.raises(slots.SlotError, match=re.escape(message)):
        one.unpack(np.zeros(shape), SIZES)


def test_the_states_of_both_directions_side_by_side():
    """D is what two directions of H units have together."""
    weights = slots.slot("Wy_both", "Why_both: D Y")
    assert weights.shape(SIZES) == (8, 6)
    array = np.arange(48.0).reshape(8, 6)
    unpacked = weights.unpack(array, SIZES)
    assert np.array_equal(weights.pack(unpacked, SIZES), array)
