"""`handrnn.compare`: what it lets pass, what it catches, and where it says that it is."""

import numpy as np
import pytest

from handrnn import compare

BUDGET = 1e-12
MATRIX = compare.Layout((("gate", "unit"), "input"), tuple("ifgo"), layer=0, backward=True)
OUTPUT = compare.Layout(("time", "example", ("direction", "unit")), directions=2, layer=1)
LAYOUTS = {"dweight_hh_l0": MATRIX, "y": OUTPUT}


@pytest.fixture
def reference() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(np.random.SeedSequence(5))
    return {
        "y": rng.standard_normal((7, 4, 6)),
        "dweight_hh_l0": 1e-3 * rng.standard_normal((20, 3)),
    }


def copy_of(reference: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value.copy() for name, value in reference.items()}


def report_on(ours, reference, **options) -> compare.Report:
    return compare.compare(ours, reference, **{"budget": BUDGET, "layouts": LAYOUTS, **options})


def test_units_of_rounding():
    assert compare.unit_roundoff(np.float32) == 2**-24
    assert compare.unit_roundoff("float64") == 2**-53
    assert compare.unit_roundoff(np.complex128) == 2**-53
    assert 0 < compare.unit_roundoff(np.longdouble) <= 2**-53
    with pytest.raises(TypeError, match="int64 has no unit of rounding"):
        compare.unit_roundoff(np.int64)


def test_the_error_is_the_largest_difference_over_the_largest_reference_value():
    ours, reference = np.array([1.0, -2.0, 3.0]), np.array([1.0, -2.5, -4.0])
    assert compare.normwise_error(ours, reference) == 7 / 4
    assert compare.normwise_error(reference, reference) == 0
    assert compare.in_units(2**-20, np.float32) == 16


def test_the_error_where_there_is_no_scale():
    zeros, ones = np.zeros(3), np.ones(3)
    assert compare.normwise_error(zeros, zeros) == 0
    assert compare.normwise_error(ones, zeros) == np.inf
    assert np.isnan(compare.normwise_error(np.array([np.nan]), np.array([1.0])))
    assert compare.normwise_error(np.zeros((0, 3)), np.zeros((0, 3))) == 0


def test_the_error_is_not_computed_in_float32():
    reference = np.array([1.0], np.float64)
    ours = np.array([1 + 2**-23], np.float32)
    assert compare.normwise_error(ours, reference) == 2**-23


def test_the_error_resolves_longdouble():
    reference = np.array([1], np.longdouble)
    step = np.finfo(np.longdouble).eps
    assert compare.normwise_error(reference + step, reference) == float(step)


def test_another_shape_has_no_error():
    with pytest.raises(ValueError, match=r"ours has shape \(3,\), the reference \(3, 1\)"):
        compare.normwise_error(np.ones(3), np.ones((3, 1)))


def test_equal_to_rounding_passes(reference):
    ours = {name: value * (1 + 2**-52) for name, value in reference.items()}
    report = report_on(ours, reference)
    assert report.passed
    assert 0 < report["y"].units < 3
    assert 0 < report["y"].share < 1e-3
    assert "all 2 quantities equal" in str(report)


def test_just_beyond_the_budget_fails(reference):
    ours = copy_of(reference)
    ours["y"] += 1.01 * BUDGET * np.max(np.abs(ours["y"]))
    report = report_on(ours, reference)
    assert [found.name for found in report.failures] == ["y"]
    ours["y"] = reference["y"] + 0.98 * BUDGET * np.max(np.abs(reference["y"]))
    assert report_on(ours, reference).passed


def test_an_all_zero_gradient_is_caught_however_small_the_reference(reference):
    reference["dweight_hh_l0"] *= 1e-12
    ours = copy_of(reference)
    ours["dweight_hh_l0"][...] = 0
    found = report_on(ours, reference)["dweight_hh_l0"]
    assert not found.passed
    assert found.error == 1


def test_time_reversed_outputs_are_caught(reference):
    ours = copy_of(reference)
    ours["y"] = ours["y"][::-1]
    found = report_on(ours, reference)["y"]
    assert not found.passed
    assert found.error > 0.1
    assert found.first is not None
    assert (found.first.time, found.first.layer) == (0, 1)


def test_missing_and_additional_names_fail_by_name(reference):
    ours = copy_of(reference)
    ours["dh0"] = ours.pop("y")
    report = report_on(ours, reference)
    assert not report.passed
    assert str(report["y"]) == "y: is missing"
    assert str(report["dh0"]) == "dh0: is not in the reference"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_fails_at_its_place(reference, value):
    ours = copy_of(reference)
    ours["dweight_hh_l0"][7, 1] = value
    found = report_on(ours, reference)["dweight_hh_l0"]
    assert not found.passed
    assert found.first is not None
    assert (found.first.gate, found.first.unit, found.first.input) == ("f", 2, 1)
    assert "1 of 60 values are not finite; first at layer 0, gate f, unit 2, input 1" in str(found)


def test_what_is_not_a_number_is_located():
    reference = np.ones(4)
    found = compare.locate("a", np.array([1, 2, np.nan, 1.5]), reference, budget=1e-12)
    assert not found.passed
    assert found.first is not None
    assert found.worst is not None
    assert (found.first.index, found.worst.index) == ((1,), (2,))


def test_a_reference_that_is_not_finite_fails(reference):
    reference["y"][0, 0, 0] = np.nan
    assert report_on(copy_of(reference), reference)["y"].problem == "the reference is not finite"


def test_another_dtype_fails(reference):
    ours = copy_of(reference)
    ours["y"] = ours["y"].astype(np.float32)
    assert report_on(ours, reference)["y"].problem == "is float32, not float64"


def test_a_dtype_can_be_asked_for(reference):
    ours = {name: value.astype(np.float32) for name, value in reference.items()}
    report = report_on(ours, reference, dtype=np.float32, budget=2**-23)
    assert report.passed
    # rounding to float32 is at most one unit of float32
    assert all(0 < found.units <= 1 for found in report.differences)
    assert not report_on(reference, reference, dtype=np.float32).passed


def test_another_shape_fails(reference):
    ours = copy_of(reference)
    ours["y"] = ours["y"].transpose(1, 0, 2)
    problem = report_on(ours, reference)["y"].problem
    assert problem == "has shape (4, 7, 6), not (7, 4, 6)"


@pytest.mark.parametrize("value", [None, [1.0, 2.0], "template"])
def test_what_is_no_array_fails(reference, value):
    found = report_on({**reference, "y": value}, reference)["y"]
    assert found.problem == f"is a {type(value).__name__}, not an array"


def test_a_reference_of_zeros_must_be_declared(reference):
    reference["y"][...] = 0
    ours = copy_of(reference)
    assert "all zero" in str(report_on(ours, reference)["y"])
    assert report_on(ours, reference, zero_allowed={"y"}).passed
    ours["y"][3, 2, 1] = 1e-300
    found = report_on(ours, reference, zero_allowed={"y"})["y"]
    assert not found.passed
    assert found.error == np.inf


def test_an_empty_reference_is_a_problem(reference):
    reference["y"] = np.zeros((7, 0, 6))
    ours = copy_of(reference)
    assert "empty" in str(report_on(ours, reference)["y"])


def test_a_declaration_of_an_unknown_name_is_an_error(reference):
    with pytest.raises(ValueError, match="'dweight' is declared zero but is not"):
        report_on(reference, reference, zero_allowed={"dweight"})


def test_nothing_compared_is_not_a_pass():
    report = compare.compare({}, {}, budget=BUDGET)
    assert not report.passed
    assert str(report) == "nothing was compared"


@pytest.mark.parametrize("budget", [-1e-12, float("nan"), float("inf")])
def test_a_budget_is_finite_and_not_negative(reference, budget):
    with pytest.raises(ValueError, match="must be a finite number >= 0"):
        report_on(reference, reference, budget=budget)


def test_a_budget_a_name(reference):
    ours = {name: value * (1 + 1e-9) for name, value in reference.items()}
    report = report_on(ours, reference, budget={"y": 1e-8, "dweight_hh_l0": 1e-10})
    assert [found.name for found in report.failures] == ["dweight_hh_l0"]


def test_the_first_bad_gate_and_the_worst_element(reference):
    ours = copy_of(reference)
    ours["dweight_hh_l0"][8, 1] += 1e-4  # gate f, unit 3
    ours["dweight_hh_l0"][6, 2] += 1e-5  # gate f, unit 1: off by less
    ours["dweight_hh_l0"][19, 0] += 1e-3  # gate o, unit 4
    found = report_on(ours, reference)["dweight_hh_l0"]
    assert found.first is not None
    assert found.worst is not None
    assert (found.first.layer, found.first.gate, found.first.unit) == (0, "f", 3)
    assert (found.worst.gate, found.worst.unit, found.worst.index) == ("o", 4, (19, 0))
    assert found.first.ours == ours["dweight_hh_l0"][8, 1]
    assert found.first.reference == reference["dweight_hh_l0"][8, 1]


def test_what_a_failure_says():
    reference = np.array([[0.5], [0.17]])
    ours = np.array([[0.5], [0.12]])
    layout = compare.Layout((("gate", "unit"), "input"), gates=("i", "f"))
    found = compare.locate("dweight_hh_l0", ours, reference, layout, budget=BUDGET)
    assert str(found) == (
        "dweight_hh_l0: off by up to 0.1 of its largest value; "
        "first bad at gate f, unit 0, input 0 (yours 0.12, correct 0.17)"
    )
    without = compare.locate("dweight_hh_l0", ours, reference, budget=BUDGET)
    assert "first bad at index (1, 0) (yours 0.12, correct 0.17)" in str(without)


@pytest.mark.parametrize(
    ("ours", "reference", "said"),
    [
        (0.12, 0.17, "yours 0.12, correct 0.17"),
        (1.23456789, 1.23456711, "yours 1.2345679, correct 1.2345671"),
        (1.0, 1.0000004, "yours 1, correct 1.0000004"),
        (float("nan"), 1.5, "yours nan, correct 1.5"),
        (1e-30, 0.0, "yours 1e-30, correct 0"),
        (0.1 + 0.2, 0.3, "yours 0.30000000000000004, correct 0.29999999999999999"),
    ],
)
def test_as_many_digits_as_differ(ours, reference, said):
    assert str(compare.Place((0,), ours, reference)) == f"index (0,) ({said})"


@pytest.mark.parametrize(("error", "said"), [(1e-9, " (9e+06 u)"), (1e-2, "")])
def test_units_are_for_what_could_be_rounding(error, said):
    found = compare.locate("y", np.array([1 + error]), np.ones(1), budget=BUDGET)
    assert f"off by up to {error:.2g} of its largest value{said}; first" in str(found)


def first_time(layout: compare.Layout, *bad: tuple[int, int]) -> tuple:
    """Direction and time step of the first difference of a (time, direction * unit) array."""
    reference = np.ones((6, 4))
    ours = reference.copy()
    for step, column in bad:
        ours[step, column] = 2
    found = compare.locate("y", ours, reference, layout, budget=BUDGET)
    assert found.first is not None
    return found.first.direction, found.first.time


def test_axes_that_are_neither_units_nor_inputs():
    """A bias (H, 1) has no examples; a matrix on [a_prev; xt] has columns."""
    bias, weights = np.zeros((4, 1)), np.zeros((4, 9))
    bias[2], weights[1, 6] = 1, 1
    ones = compare.locate("db", bias + 1, np.ones((4, 1)), compare.Layout(("unit", "")), budget=0)
    assert str(ones.first).startswith("unit 2 (yours 2,")
    layout = compare.Layout(("unit", "column"))
    found = compare.locate("dWf", weights + 1, np.ones((4, 9)), layout, budget=0)
    assert str(found.first).startswith("unit 1, column 6 (")
    layout = compare.Layout(("row", "unit"))
    found = compare.locate("dW_f", weights.T + 1, np.ones((9, 4)), layout, budget=0)
    assert str(found.first).startswith("unit 1, row 6 (")


def test_the_first_time_step_follows_the_order_of_computation():
    one = compare.Layout(("time", "unit"))
    assert first_time(one, (4, 0), (2, 1)) == (None, 2)
    gradient = compare.Layout(("time", "unit"), backward=True)
    assert first_time(gradient, (4, 0), (2, 1)) == (None, 4)
    reverse = compare.Layout(("time", "unit"), direction="reverse")
    assert first_time(reverse, (4, 0), (2, 1)) == ("reverse", 4)
    both = compare.Layout(("time", ("direction", "unit")), directions=2)
    assert first_time(both, (1, 3), (3, 2)) == ("reverse", 3)
    assert first_time(both, (1, 3), (5, 0)) == ("forward", 5)


def test_the_first_layer_follows_the_order_of_computation():
    reference = np.ones((6, 2))  # three layers of two directions
    ours = reference.copy()
    ours[3, 1] = ours[4, 0] = 2
    layout = compare.Layout((("layer", "direction"), "unit"), directions=2)
    found = compare.locate("h_n", ours, reference, layout, budget=BUDGET)
    assert "first bad at layer 1, reverse direction, unit 1" in str(found)
    gradient = compare.Layout((("layer", "direction"), "unit"), directions=2, backward=True)
    found = compare.locate("dh0", ours, reference, gradient, budget=BUDGET)
    assert "first bad at layer 2, forward direction, unit 0" in str(found)


def test_a_layout_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="axis 'units' is unknown"):
        compare.Layout(("units",))
    bad, good = np.zeros((5, 2)), np.ones((5, 2))
    with pytest.raises(ValueError, match=r"does not have the axes \('unit',\)"):
        compare.locate("y", bad, good, compare.Layout(("unit",)), budget=BUDGET)
    layout = compare.Layout((("gate", "unit"), "input"), gates=("i", "f"))
    with pytest.raises(ValueError, match="an axis of size 5 cannot be taken apart"):
        compare.locate("y", bad, good, layout, budget=BUDGET)


def test_a_table_has_one_line_a_quantity(reference):
    ours = copy_of(reference)
    ours["y"] *= 2
    lines = report_on(ours, reference).table().splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("y ")
    assert lines[1].endswith("FAILS")
    assert "FAILS" not in lines[2]


def test_a_scalar_can_be_compared():
    report = compare.compare({"loss": np.float64(2)}, {"loss": np.float64(1)}, budget=BUDGET)
    assert not report.passed
    assert report["loss"].error == 1
