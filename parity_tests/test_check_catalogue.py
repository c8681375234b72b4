"""The catalogue of mistakes, the course functions of both dialects as targets, and the probes."""

import collections
import time
from types import SimpleNamespace

import numpy as np
import pytest

from handrnn import course, textbook
from handrnn.check.dialects import dialect as dialects
from handrnn.check.dialects import match
from handrnn.check.explain import catalogue, explain
from handrnn.check.judge import returned, target
from handrnn.check.load import parts
from handrnn.check.probe import planting, probes
from handrnn.check.run import codec
from handrnn.course import batch_first

SEEDS = (0, 1)
PROBES = [probes.draw(seed) for seed in SEEDS]
SQUARE = [probes.draw(seed, square=True) for seed in SEEDS]
KNOWN = dialects.all_dialects()
DIALECTS = ("course", "batch_first")


def target_of(dialect, function):
    """A function of a dialect, as if a submission had it."""
    definition = parts.Definition(function.name, "function", 1, None, (), "", True)
    return target.Target(match.Match(definition, dialect, function, function.calls))


ALL = {
    (name, function.name): target_of(KNOWN[name], function)
    for name in DIALECTS
    for function in KNOWN[name].functions.values()
}
COURSE = [one for (dialect, _), one in ALL.items() if dialect == "course"]
PLANTED = [entry for entry in catalogue.mistakes() if not entry.detector]

# entries that cannot be told apart in a function: they are named together
ALIKE = {
    "lstm_forward": [
        # from c0 = 0 the cell state stays zero
        {"plus-for-times (c_next, times for plus)", "term-missing (candidate)"},
    ],
    "lstm_backward": [
        # dc starts from zero, and stays there
        {
            "one-path-not-carried (dc)",
            "one-path-not-carried (dc_next: dft, dit, dcct)",
            "one-path-not-carried (da_next: dc_prev)",
            "wrong-variable (dc_next for da_next: dc_prev)",
            "final-cell-gradient-ignored",
        },
        {
            "one-path-not-carried (da_next: all lines)",
            "wrong-variable (dc_next for da_next: all lines)",
        },
        # one step's gradients are mixed up: in the cell, or where the loop adds them
        *(
            {
                f"wrong-variable (d{kind}{mine} from {delta})",
                f"wrong-variable (d{kind}{other} added to d{kind}{mine})",
            }
            # c_prev = 0 at t = 0, the only step at which these two would differ
            | ({f"wrong-variable (d{kind}f from d{kind}i)"} if mine + other == "fi" else set())
            for kind in "Wb"
            for mine in "fico"
            for other, delta in zip("fico", ("dft", "dit", "dcct", "dot"), strict=True)
            if mine != other
        ),
    ],
}


def named(one):
    """What a test of one target is called."""
    return f"{one.match.dialect.name} {one.name}"


def read(one, value, probe):
    """What is read of a value that a target returned."""
    return returned.flatten(one, [(one.function.itself, value)], probe)


def cache_of(one, probe):
    """The cache that a course function documents."""
    return ALL["course", one.name.replace("forward", "backward")].arguments(probe)[-1]


def names_given(one):
    """The names of the results, the cache aside."""
    return [slot.name for slot in one.gives]


def on(entry):
    """The probes that an entry runs on."""
    return SQUARE if entry.square else PROBES


def worst(found, right):
    """The largest error of all results; infinite where a shape differs."""
    return max(returned.error(found[name], right[name]) for name in right)


def labelled(entries):
    return [pytest.param(entry, id=f"{entry}: {entry.functions[0]}") for entry in entries]


# ------------------------------------------------------------------------------------- the entries


def test_entries_have_ids_sentences_and_lines():
    kinds = {entry.id for entry in catalogue.mistakes()}
    assert kinds < set(catalogue.KINDS)
    names = collections.Counter((e.id, e.variant, e.functions) for e in catalogue.mistakes())
    assert max(names.values()) == 1
    known = {one.function.of for one in ALL.values()}
    for entry in catalogue.mistakes():
        assert entry.why.endswith("."), entry
        assert len(entry.why.split()) > 3, entry
        assert "{" not in entry.why + entry.wrong + entry.right, entry
        assert set(entry.functions) <= known, entry
        assert entry.wrong != entry.right or not entry.wrong, entry
        assert bool(entry.detector) != bool(entry.edits or entry.transform), entry
        assert entry.detector in ("", *catalogue.DETECTORS)


@pytest.mark.sample(2)
@pytest.mark.parametrize("function", COURSE, ids=named)
def test_every_entry_changes_its_functions(function):
    """On both probes, by far more than rounding: a mistake that hides proves nothing."""
    entries = catalogue.for_function(function)
    assert len(entries) >= 5
    for entry in entries:
        for probe in on(entry):
            found = catalogue.predict(function, probe, entry)
            assert worst(found, function.expected(probe)) > 1e-6, str(entry)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for dialect, name in ALL if dialect != "course"])
def test_every_entry_changes_the_batch_first_functions(name):
    function = ALL["batch_first", name]
    for entry in catalogue.for_function(function):
        for probe in on(entry):
            found = catalogue.predict(function, probe, entry)
            right = function.expected(probe)
            assert found.keys() == right.keys()
            assert worst(found, right) > 1e-6, str(entry)
            shown = catalogue.show(entry, KNOWN["batch_first"])
            assert not {"Wax", "cct", "c_prev", "da0"} & set(shown.wrong.split()), str(entry)


@pytest.mark.parametrize("function", COURSE, ids=named)
def test_entries_are_told_apart(function):
    """Whatever gives the same results is listed in ALIKE; nothing else does."""
    groups = collections.defaultdict(set)
    for entry in catalogue.for_function(function):
        found = catalogue.predict(function, on(entry)[0], entry)
        rounded = [(name, v.shape, (np.round(v, 7) + 0.0).tobytes()) for name, v in found.items()]
        groups[entry.square, *rounded].add(str(entry))
    alike = [group for group in groups.values() if len(group) > 1]
    listed = ALIKE.get(function.name, [])
    assert [group for group in alike if group not in listed] == []
    assert [group for group in listed if group not in alike] == []


def test_warnings_show_far_out_only():
    entries = [entry for entry in catalogue.mistakes() if entry.warning]
    assert [entry.functions for entry in entries] == [("softmax",)] * 2
    for dialect in DIALECTS:
        softmax = ALL[dialect, "softmax"]
        far = softmax.edge()
        assert np.all(np.isfinite(softmax.expected(far)["softmax"]))
        for entry in entries:
            for near in PROBES:
                found = catalogue.predict(softmax, near, entry)
                assert worst(found, softmax.expected(near)) < 1e-12
            found = catalogue.predict(softmax, far, entry)["softmax"]
            assert np.any(np.isnan(found)), str(entry)


@pytest.mark.parametrize("detector", catalogue.DETECTORS)
def test_what_changes_no_result_has_a_detector(detector):
    found = catalogue.detected("lstm_forward", detector)
    assert found is not None
    assert found not in catalogue.of_textbook("lstm_forward")
    assert catalogue.detected("softmax", "caches") is None


def test_historic_numbers_are_named():
    """Early editions: nothing carried, and dbi = dbf_total + dbi of step 0."""
    function, probe = ALL["course", "lstm_backward"], PROBES[0]
    (entry,) = (e for e in catalogue.of_textbook("lstm_backward") if e.id == "historic-numbers")
    found = catalogue.predict(function, probe, entry)
    zero = np.zeros_like(probe.c0)
    *_, caches = textbook.lstm_forward(probe.x, probe.h0, zero, dict(probe.parameters["lstm"]))
    steps = [
        textbook.lstm_cell_backward(dy, np.zeros_like(dy), cell)
        for dy, cell in zip(probe.dy, caches["cells"], strict=True)
    ]
    total = sum(step["dbf"] for step in steps)
    for name, gate in (("dbi", "i"), ("dbc", "g"), ("dbo", "o")):
        np.testing.assert_allclose(found[name], total + steps[0][f"db{gate}"], rtol=1e-12)
    np.testing.assert_allclose(found["dWf"], sum(step["dWf"] for step in steps), rtol=1e-12)


def test_two_mistakes_at_once():
    function, probe = ALL["course", "lstm_backward"], PROBES[0]
    entries = {str(entry): entry for entry in catalogue.of_textbook("lstm_backward")}
    carry, scale = entries["no-carry"], entries["divided-by-m (parameter gradients)"]
    both = catalogue.predict(function, probe, carry, scale)
    one = catalogue.predict(function, probe, carry)
    np.testing.assert_array_equal(both["dWf"], one["dWf"] / probe.B)
    np.testing.assert_array_equal(both["dx"], one["dx"])
    with pytest.raises(planting.ConflictError, match="lstm_backward touch"):
        catalogue.predict(function, probe, carry, entries["one-path-not-carried (dc)"])


def test_lines_are_shown_in_the_callers_notation():
    entries = {str(entry): entry for entry in catalogue.mistakes()}
    shown = catalogue.show(entries["wrong-variable (dWf from dit)"], KNOWN["course"])
    assert shown.wrong == "dWf = np.dot(dit, concat.T)"
    assert shown.right == "dWf = np.dot(dft, concat.T)"
    shown = catalogue.show(entries["wrong-variable (dWf from dit)"], KNOWN["batch_first"])
    assert shown.wrong == "dW_f = np.dot(concat.T, du_t)"
    assert "dW_f" in shown.why
    shown = catalogue.show(entries["output-gate-dropped"], KNOWN["batch_first"])
    assert (shown.wrong, shown.right) == ("a_t = np.tanh(m_t)", "a_t = o_t * np.tanh(m_t)")
    shown = catalogue.show(entries["cell-state-view"], KNOWN["batch_first"])
    assert (shown.wrong, shown.right) == ("m_t = m[:, 0]", "m_t = np.zeros((m, n_a))")


def test_the_catalogue_of_a_function_is_quick():
    """Planting and running all of its entries takes well under a second."""
    planting._compiled.cache_clear()
    start = time.process_time()
    for entry in catalogue.of_textbook("lstm_backward"):
        catalogue.predict(ALL["course", "lstm_backward"], on(entry)[0], entry)
    assert time.process_time() - start < 2


# ---------------------------------------------------------------------------------------- planting


def test_edits_must_fit():
    with pytest.raises(ValueError, match=r"stands 0 times in textbook\.rnn_forward"):
        planting.plant({"rnn_forward": [planting.Edit("h_prev = h1", "h_prev = h0")]})
    with pytest.raises(ValueError, match=r"stands 2 times in textbook\.rnn_forward"):
        planting.plant({"rnn_forward": [planting.Edit("h_prev = h", "h_prev = h0")]})
    edits = [planting.Edit("h_prev = h0", "pass"), planting.Edit("v = h0", "v = -h0")]
    with pytest.raises(planting.ConflictError, match="touch"):
        planting.plant({"rnn_forward": edits})


def test_a_loop_picks_up_its_changed_cell_and_the_textbook_stays():
    probe = PROBES[0]
    right, _ = textbook.rnn_forward(probe.x, probe.h0, dict(probe.parameters["rnn"]))
    planted = planting.plant(
        {"rnn_cell_forward": [planting.Edit("h_next = np.tanh(z)", "h_next = z")]}
    )
    found, _ = planted.rnn_forward(probe.x, probe.h0, dict(probe.parameters["rnn"]))
    assert returned.error(found, right) > 0.1
    again, _ = textbook.rnn_forward(probe.x, probe.h0, dict(probe.parameters["rnn"]))
    np.testing.assert_array_equal(again, right)
    unchanged = planting.plant({})
    found, _ = unchanged.rnn_forward(probe.x, probe.h0, dict(probe.parameters["rnn"]))
    np.testing.assert_array_equal(found, right)


# ------------------------------------------------------------------------------------------ probes


@pytest.mark.sample(3)
@pytest.mark.parametrize("seed", range(20))
def test_a_probe_hides_nothing(seed):
    probe = probes.draw(seed)
    sizes = (probe.T, probe.B, probe.I, probe.H, probe.Y)
    assert len(set(sizes)) == len(sizes)
    arrays = [probe.x, probe.h0, probe.c0, probe.dy, probe.dh_next, probe.dc_next, probe.z]
    arrays += [value for cell in probe.parameters.values() for value in cell.values()]
    assert min(np.min(np.abs(array)) for array in arrays) > 0
    assert probes.amplification(probe) <= probes.MOST_AMPLIFICATION
    for function in COURSE:
        expected = function.expected(probe)
        c_prev = expected.pop("caches.c_prev", None)
        assert c_prev is None or not np.any(c_prev[0])  # c0 = 0 in the course
        assert all(np.all(value != 0) for value in expected.values())


def test_the_same_seed_gives_the_same_bits():
    one, again, other = probes.draw(3), probes.draw(3), probes.draw(4)
    np.testing.assert_array_equal(one.x, again.x)
    np.testing.assert_array_equal(one.dc_next, again.dc_next)
    assert np.all(one.x != other.x)


def test_probes_of_other_sizes():
    square = probes.draw(0, square=True)
    assert square.I == square.B == square.Y == square.H
    fewer = probes.draw(0, T=7, T_back=4)
    assert fewer.x.shape[0] == 7
    assert fewer.dy.shape[0] == 4
    dx = ALL["course", "lstm_backward"].expected(fewer)["dx"]
    assert dx.shape == (fewer.I, fewer.B, 4)


@pytest.mark.long
def test_chaos_is_refused():
    with pytest.raises(ValueError, match="no well-conditioned probe for seed 0, T = 300"):
        probes.draw(0, T=300, scale=20)


# ----------------------------------------------------------------- arguments, results, what is read


def fake(function, probe):
    """What a correct submission returns: the expected results in the form of the course."""
    right = function.expected(probe)
    return (*(right[name].copy() for name in names_given(function)), cache_of(function, probe))


FORWARD = [f for f in COURSE if f.function.kind in ("cell_forward", "forward")]
BACKWARD = [f for f in COURSE if f.function.kind in ("cell_backward", "backward")]
LSTM_FORWARD = ALL["course", "lstm_forward"]
LSTM_CELL = ALL["course", "lstm_cell_forward"]
LSTM_BACKWARD = ALL["course", "lstm_backward"]


@pytest.mark.parametrize("function", ALL.values(), ids=named)
def test_expected_results_equal_the_course_functions(function):
    module = batch_first if function.match.dialect.name == "batch_first" else course
    for probe in [*PROBES, *SQUARE, probes.draw(5, T=1)]:
        value = getattr(module, function.name)(*function.arguments(probe))
        flat = read(function, value, probe)
        right = function.expected(probe)
        assert (flat.problems, flat.notes) == ([], [])
        assert flat.outputs.keys() == right.keys()
        assert worst(flat.outputs, right) < 1e-12


@pytest.mark.parametrize("function", ALL.values(), ids=named)
def test_layouts_fit_the_results(function):
    for name, value in function.expected(PROBES[0]).items():
        assert function.layout(name).shape(value.shape) == value.shape


@pytest.mark.parametrize("function", FORWARD, ids=named)
def test_documented_results_are_read(function):
    probe = PROBES[0]
    flat = read(function, fake(function, probe), probe)
    assert (flat.problems, flat.notes, flat.suspects) == ([], [], [])
    right = function.expected(probe)
    assert flat.outputs.keys() == right.keys()
    assert worst(flat.outputs, right) == 0


@pytest.mark.parametrize("function", BACKWARD, ids=named)
def test_gradients_are_read(function):
    probe = PROBES[0]
    right = function.expected(probe)
    flat = read(function, dict(right), probe)
    assert (flat.problems, flat.notes) == ([], [])
    assert worst(flat.outputs, right) == 0
    flat = read(function, tuple(right.values()), probe)
    assert flat.problems == []
    assert len(flat.notes) == 1
    assert worst(flat.outputs, right) == 0


@pytest.mark.long
def test_gradients_that_are_no_numbers_are_unexplained():
    """Nan is neither clipped nor another gate's gradient."""
    cases = []
    for probe in PROBES:
        right = LSTM_BACKWARD.expected(probe)
        flat = returned.Flat(right | {"dWf": np.full_like(right["dWf"], np.nan)})
        cases.append((probe, flat, ("dWf",)))
    (named,) = explain.explain(LSTM_BACKWARD, cases)
    assert (named.id, named.explanation) == ("unexplained", "no entry of the catalogue explains it")


CACHED = KNOWN["course"].functions["lstm_cell_forward"].cache_given
CACHE = dialects.step_entries(CACHED) if CACHED else ()


def reordered(cache):
    return (cache[8], *cache[4:8], *cache[:4], cache[9])


def as_dict(cache):
    names = [*CACHE, "parameters"]
    return dict(zip(names, cache, strict=True))


def own_names(cache):
    return {f"my_{k}": value for k, value in enumerate(reordered(cache))}


def gates_another_way(cache):
    return (*cache[:4], cache[5], cache[7], cache[6], cache[4], *cache[8:])


def cell_state_first(cache):
    return (cache[1], cache[0], cache[3], cache[2], *cache[4:])


@pytest.mark.parametrize(
    ("form", "notes"),
    [
        (reordered, 1),
        (as_dict, 0),
        (own_names, 1),
        (list, 0),
        (gates_another_way, 1),
        (cell_state_first, 1),
    ],
)
@pytest.mark.parametrize("function", [LSTM_CELL, LSTM_FORWARD], ids=named)
def test_caches_of_other_forms_are_read(function, form, notes):
    probe = PROBES[0]
    *results, cache = fake(function, probe)
    if function.function.kind == "forward":
        cache = ([form(step) for step in cache[0]], cache[1])
    else:
        cache = form(cache)
    flat = read(function, (*results, cache), probe)
    assert flat.problems == []
    assert len(flat.notes) == notes
    right = function.expected(probe)
    assert flat.outputs.keys() == right.keys()
    assert worst(flat.outputs, right) == 0


def test_one_array_a_quantity_is_read():
    probe = PROBES[0]
    *results, (steps, x) = fake(LSTM_FORWARD, probe)
    by_quantity = {name: [step[k] for step in steps] for k, name in enumerate("abcdefghi")}
    flat = read(LSTM_FORWARD, (*results, (by_quantity, x)), probe)
    assert flat.problems == []
    assert flat.suspects == []
    right = LSTM_FORWARD.expected(probe)
    assert flat.outputs.keys() == right.keys() - {"caches.x"}
    assert worst(flat.outputs, {name: right[name] for name in flat.outputs}) == 0


def test_wrong_values_in_the_cache_are_seen_in_their_place():
    """c_prev of step 0 overwritten with c_next: what a view does."""
    probe = PROBES[0]
    *results, (steps, x) = fake(LSTM_FORWARD, probe)
    step = list(steps[0])
    step[3] = step[1].copy()
    flat = read(LSTM_FORWARD, (*results, ([tuple(step), *steps[1:]], x)), probe)
    assert flat.problems == []
    right = LSTM_FORWARD.expected(probe)
    wrong = [name for name in right if returned.error(flat.outputs[name], right[name]) > 1e-9]
    assert wrong == ["caches.c_prev"]
    (entry,) = (e for e in catalogue.of_textbook("lstm_forward") if str(e) == "cell-state-view")
    assert worst(flat.outputs, catalogue.predict(LSTM_FORWARD, probe, entry)) == 0


@pytest.mark.sample(8)
@pytest.mark.parametrize("entry", labelled(catalogue.of_textbook("lstm_forward")))
def test_a_mistake_is_read_as_it_is_predicted(entry):
    """What the textbook with a mistake returns comes back unchanged from the form of the course."""
    for probe in on(entry):
        made = catalogue.predict(LSTM_FORWARD, probe, entry)
        parameters = LSTM_FORWARD.arguments(probe)[-1]
        names = list(CACHE)
        steps = [
            (*(made[f"caches.{name}"][t] for name in names), parameters)
            for t in range(len(made["caches.xt"]))
        ]
        value = (made["a"], made["y"], made["c"], (steps, made["caches.x"]))
        flat = read(LSTM_FORWARD, value, probe)
        if len(steps) < probe.T:
            assert flat.suspects == ["caches-wrong"]
            continue
        assert worst(flat.outputs, {n: v for n, v in made.items() if n in flat.outputs}) == 0 or (
            not np.all(np.isfinite(made["a"]))
        )
        assert {"a", "y", "c"} <= flat.outputs.keys()


@pytest.mark.parametrize(
    ("caches", "said"),
    [
        (lambda steps, x: (steps[-1], x), "one step only"),
        (lambda steps, x: ([part for step in steps for part in step], x), "in one row"),
        (lambda steps, x: None, "None"),
        (lambda steps, x: "pickled", "str"),
        (lambda steps, x: ([], x), "2 results"),
    ],
)
def test_odd_caches_are_described(caches, said):
    probe = PROBES[0]
    *results, (steps, x) = fake(LSTM_FORWARD, probe)
    flat = read(LSTM_FORWARD, (*results, caches(steps, x)), probe)
    assert flat.suspects == ["caches-wrong"]
    assert any(said in note for note in flat.notes), flat.notes
    assert (
        worst(
            {n: flat.outputs[n] for n in names_given(LSTM_FORWARD)},
            {n: LSTM_FORWARD.expected(probe)[n] for n in names_given(LSTM_FORWARD)},
        )
        == 0
    )


def test_squeezed_biases_and_other_names_are_read():
    probe = PROBES[0]
    right = LSTM_BACKWARD.expected(probe)
    value = {name.replace("Wi", "Wu").replace("bi", "bu"): v for name, v in right.items()}
    value["dbf"] = value["dbf"][:, 0]
    value["dbo"] = value["dbo"].T
    value["dc0"] = right["da0"]
    flat = read(LSTM_BACKWARD, value, probe)
    assert flat.problems == []
    assert any("dWu is taken for dWi" in note for note in flat.notes)
    assert any("also returns dc0" in note for note in flat.notes)
    assert worst(flat.outputs, right) == 0


def test_a_bias_that_is_not_summed_keeps_its_shape():
    probe = PROBES[0]
    (entry,) = (
        e for e in catalogue.of_textbook("lstm_backward") if str(e) == "bias-not-summed (all)"
    )
    made = catalogue.predict(LSTM_BACKWARD, probe, entry)
    flat = read(LSTM_BACKWARD, dict(made), probe)
    assert len(flat.problems) == 4
    assert "dbf has shape (4, 3), not (4, 1)" in flat.problems
    assert worst(flat.outputs, made) == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "returns None, not"),
        (np.zeros(3), "returns an array, not"),
        ("done", "returns a str, not"),
        (SimpleNamespace(type="Tensor", repr="..."), "returns a Tensor, not"),
        ({}, "dx is missing"),
        ((1.0, 2.0), "returns 2 results, not"),
        ({"dx": None}, "dx is None"),
        ({"dx": "0.1"}, "dx is a str"),
        ({"dx": [[1.0], [2.0, 3.0]]}, "dx is a list"),
        ({"dx": np.zeros((2, 2))}, "dx has shape (2, 2), not (5, 3, 6)"),
        ({"da0": np.zeros((3, 4))}, "da0 has shape (3, 4), its transpose, not (4, 3)"),
        ({"dx": np.zeros((5, 3, 6), complex)}, "dx is complex"),
        ({"dx": np.array([object()])}, "dx is an array of object"),
        ({"dx": np.array(["0.1"])}, "dx is an array of text"),
        ({"dx": SimpleNamespace(type="Anything", repr="")}, "dx is an Anything, not an array"),
        ({"dx": codec.Opaque(codec.TOO_BIG, "")}, "dx is a value too deep or too large, not an"),
        (codec.Opaque("lstm_backward", ""), "returns an object of the class lstm_backward, not a"),
        (
            {"dx": SimpleNamespace(type="Tensor", repr="tensor([1.])")},
            "dx is a torch.Tensor: an ndarray is needed",
        ),
    ],
)
def test_what_breaks_the_contract_is_said(value, said):
    flat = read(LSTM_BACKWARD, value, PROBES[0])
    assert any(said in problem for problem in flat.problems), flat.problems


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "returns None, not 4 results: a, y, c, caches"),
        (np.zeros(3), "returns an array, not 4 results"),
        ((np.zeros((4, 3, 6)),), "returns 1 result, not 4 results: a, y, c, caches"),
        ((1, 2, 3, 4), "a has shape (), not (4, 3, 6)"),
    ],
)
def test_what_breaks_the_contract_of_a_forward_pass_is_said(value, said):
    flat = read(LSTM_FORWARD, value, PROBES[0])
    assert any(said in problem for problem in flat.problems), flat.problems


@pytest.mark.parametrize("name", ["rnn_backward", "lstm_backward", "lstm_cell_backward"])
def test_gradients_without_names_are_told_by_their_values(name):
    function, probe = ALL["course", name], PROBES[0]
    right = function.expected(probe)
    names = sorted(right)
    value = tuple(right[key][:, 0] if key.startswith("db") else right[key] for key in names)
    flat = read(function, value, probe)
    assert flat.problems == []
    assert f"one after another ({', '.join(names)})" in flat.notes[0]
    assert worst(flat.outputs, right) == 0
    flat = read(function, tuple(right.values()), probe)
    assert flat.notes == ["returns its gradients one after another, asked for is a dict"]


def test_wrong_gradients_without_names_are_told_by_their_shapes():
    function, probe = ALL["course", "rnn_backward"], PROBES[0]
    right = function.expected(probe)
    made = right | {"dWaa": 2 * right["dWaa"]}
    flat = read(function, [made[name] for name in sorted(made)], probe)
    assert flat.problems == []
    assert worst(flat.outputs, made) == 0
    # in the course's order two alike are not exchanged: one is a copy of the other
    function = ALL["course", "lstm_backward"]
    right = function.expected(probe)
    made = right | {"dWf": right["dWi"]}
    flat = read(function, tuple(made.values()), probe)
    assert worst(flat.outputs, made) == 0
    flat = read(function, (None, *right.values())[:-1], probe)
    assert "dx is None" in flat.problems


def test_results_in_another_order_are_read_and_reported():
    probe = PROBES[0]
    a, y, c, caches = fake(LSTM_FORWARD, probe)
    right = LSTM_FORWARD.expected(probe)
    for value, order in (((a, c, y, caches), "a, c, y"), ((c, y, a, caches), "c, y, a")):
        flat = read(LSTM_FORWARD, value, probe)
        assert len(flat.problems) == 1
        assert f"returns {order}" in flat.problems[0]
        assert worst(flat.outputs, right) == 0


# ------------------------------------------------------------------------------------- recognition


def recognised(name, arguments, source="", defaults=(), known=None):
    """What a function of this name and these arguments is taken for, as a target; or None."""
    pairs = [(argument, False) for argument in arguments.split()]
    pairs += [(argument, True) for argument in defaults]
    source = source or f"def {name}({', '.join(dict(pairs))}):\n    return 1\n"
    definition = parts.Definition(name, "function", 1, None, tuple(pairs), source, True)
    submission = parts.Submission(text=source, definitions={name: definition})
    found = match.matches(submission, known or [*KNOWN.values()])
    assert len(found) < 2
    return target.Target(found[0]) if found else None


@pytest.mark.parametrize("one", ALL.values(), ids=named)
def test_the_course_functions_are_recognised(one):
    arguments = " ".join(term.name for term in one.function.takes)
    unpack = "    W, b = parameters\n" if one.match.dialect.name == "batch_first" else ""
    source = f"def {one.name}({', '.join(arguments.split())}):\n{unpack}    return 1\n"
    known = None if one.function.cell else [one.match.dialect]
    found = recognised(one.name, arguments, source, known=known)
    assert found is not None
    assert found.function is one.function
    assert found.match.order == one.function.takes
    assert found.match.notes == ()


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("lstm_backwards", "da caches", "lstm_backward"),
        ("LSTM_backward", "da caches", "lstm_backward"),
        ("lstmCellForward", "xt a_prev c_prev parameters", "lstm_cell_forward"),
        ("my_rnn_step_forward", "xt a_prev parameters", "rnn_cell_forward"),
        ("rnn_bptt", "da caches", "rnn_backward"),
        ("backward_lstm_cell", "da_next dc_next cache", "lstm_cell_backward"),
        ("lstm_bacward", "da caches", "lstm_backward"),
        ("lstm_forward_v2", "x a0 parameters", "lstm_forward"),
    ],
)
def test_near_misses_are_recognised_with_a_note(name, arguments, expected):
    found = recognised(name, arguments)
    assert found is not None
    assert found.function.name == expected
    assert found.match.dialect.name == "course"
    assert found.match.notes[0] == f"{name} is taken for {expected}"


@pytest.mark.parametrize(
    "name",
    [
        "forward",
        "lstm",
        "test_lstm_forward",
        "plot_rnn_forward",
        "gru_forward",
        "rnn_lstm_forward",
        "optimize",
    ],
)
def test_other_functions_are_left_alone(name):
    assert recognised(name, "x a0 parameters") is None


def test_separate_and_other_arguments_are_recognised():
    probe = PROBES[0]
    found = recognised("rnn_cell_forward", "xt a_prev Waa Wax Wya ba by")
    assert found is not None
    values = found.arguments(probe)
    np.testing.assert_array_equal(values[2], probe.parameters["rnn"]["Whh"])
    assert values[6].shape == (probe.Y, 1)
    assert len(found.match.notes) == 1

    found = recognised("lstm_cell_forward", "a_prev xt c_prev parameters")
    assert found is not None
    assert found.order == ("a_prev", "xt", "c_prev", "parameters")

    found = recognised("lstm_forward", "x a0 c0 parameters")
    assert found is not None
    assert not np.any(found.arguments(probe)[2])

    found = recognised("rnn_forward", "X h0 params", defaults=["verbose"])
    assert found is not None
    assert found.order == ("x", "a0", "parameters")

    assert recognised("rnn_forward", "foo bar") is None


def test_arguments_that_are_not_listed_are_those_of_the_course():
    for head in ("sigmoid(*args)", "sigmoid(*args, **more)"):
        found = recognised("sigmoid", "", f"def {head}:\n    return args[0]")
        assert found is not None
        assert (found.order, found.match.notes) == (("z",), ())
    assert recognised("sigmoid", "", "def sigmoid():\n    return 2 *x") is None


def test_caches_in_another_order_are_told_so():
    probe = PROBES[0]
    function = ALL["course", "rnn_cell_forward"]
    a, y, _ = fake(function, probe)
    a_next, a_prev, xt, parameters = cache_of(function, probe)
    flat = read(function, (a, y, (parameters, xt, a_prev, a_next)), probe)
    assert flat.notes == [
        "the cache has its entries in another order than the course's: "
        "parameters, xt, a_prev, a_next"
    ]
    assert {"cache.a_next", "cache.a_prev", "cache.xt"} <= flat.outputs.keys()
    flat = read(function, (a, y, ((a_next, a_prev), xt)), probe)
    assert flat.notes == ["the cache has another form than the course's"]
    flat = read(function, (a, y, (a_next, xt)), probe)
    assert "the cache holds no a_prev" in flat.notes


def test_axes_are_called_by_what_they_are():
    lstm = ALL["course", "lstm_backward"]
    rnn = ALL["course", "rnn_backward"]
    rows = ALL["batch_first", "lstm_backward"]
    assert lstm.layout("dWf").axes == rnn.layout("dWaa").axes == ("unit", "column")
    assert rnn.layout("dWax").axes == ("unit", "input")
    assert lstm.layout("dbf").axes == ("unit", "")
    assert rows.layout("dW_f").axes == ("row", "unit")
    assert ALL["batch_first", "rnn_backward"].layout("dW_a").axes == ("input", "unit")
    forward = ALL["course", "lstm_forward"]
    assert forward.layout("caches.ft").axes == ("time", "unit", "example")
    assert forward.layout("a").axes == ("unit", "example", "time")


@pytest.mark.parametrize("name", ["rnn_cell_forward", "lstm_forward"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_forward_functions_have_an_edge_where_softmax_overflows(dialect, name):
    """The numbers are right and finite, and exp of what softmax gets is not."""
    one = ALL[dialect, name]
    near, far = probes.draw(0), one.edge()
    expected = one.expected(far)
    assert all(np.all(np.isfinite(value)) for value in expected.values())
    states = [value for key, value in expected.items() if key not in ("y", "y_t", "yt_pred")]
    same = [v for k, v in one.expected(near).items() if k not in ("y", "y_t", "yt_pred")]
    for a, b in zip(states, same, strict=True):
        np.testing.assert_array_equal(a, b)
    parameters = one.arguments(far)[-1]
    bias = parameters["by"] if dialect == "course" else parameters[-1]
    with np.errstate(over="ignore"):
        assert np.all(np.isinf(np.exp(bias)))


def test_the_update_gate_may_be_called_u():
    found = recognised("lstm_cell_forward", "xt a_prev c_prev parameters", 'Wu = parameters["Wu"]')
    assert found is not None
    *_, parameters = found.arguments(PROBES[0])
    assert {"Wu", "bu"} <= parameters.keys()
    assert "Wi" not in parameters
    np.testing.assert_array_equal(parameters["Wu"], PROBES[0].parameters["lstm"]["Wi"])
    found = recognised("lstm_backward", "da caches", "Wu = caches[0][0][-1]['Wu']")
    assert found is not None
    _, caches = found.arguments(PROBES[0])
    assert "Wu" in caches[0][0][-1]


def test_arguments_are_fresh():
    for function in ALL.values():
        one, again = (function.arguments(PROBES[0]) for _ in range(2))
        for a, b in zip(one, again, strict=True):
            assert not isinstance(a, np.ndarray) or not np.shares_memory(a, b)
            assert not isinstance(a, np.ndarray) or a.flags["C_CONTIGUOUS"] or a.flags.owndata
