"""Cases on file and the judgement of what other implementations made of them."""

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from handrnn import packings, slots
from handrnn.check.files import answers, cases
from handrnn.check.probe import conditioning
from parity_tests import harness

CELLS = cases.CELLS
EXPECTED = ("y", "h_n", "dx", "dh0", "dW_ih", "dW_hh", "db_ih", "db_hh")
OF_LSTM = ("c", "c_n", "dc0")


def bundle_of(case, dtype, given=None):
    """The case as one of the harness."""
    g = {name: values.astype(dtype) for name, values in (given or case.given).items()}
    states = ("h", "c") if case.cell == "lstm" else ("h",)
    return harness.Bundle(
        harness.Case(case.cell, **case.sizes, dtype=dtype),
        {f"{theirs}_l0": g[ours] for theirs, ours in packings.TORCH_FIELDS.items() if ours in g},
        g["x"],
        tuple(g[f"{name}0"][None] for name in states),
        g["dy"],
        tuple(g[f"d{name}_n"][None] for name in states),
    )


def named(found):
    """What the harness found, under the names of a case."""
    ours = {f"d{theirs}_l0": f"d{ours}" for theirs, ours in packings.TORCH_FIELDS.items()}
    states = ("h_n", "c_n", "dh0", "dc0")
    return {ours.get(n, n): values[0] if n in states else values for n, values in found.items()}


def by_nn(case, dtype="float64", given=None):
    """The answer of handrnn.nn, all keys."""
    bundle = bundle_of(case, dtype, given)
    answer = named(harness.ours(bundle))
    if case.cell == "lstm":
        one_step, state, c = replace(bundle.case, T=1), bundle.state, []
        for t in range(case.sizes["T"]):
            x, dy = bundle.x[t : t + 1], bundle.dy[t : t + 1]
            found = harness.ours(replace(bundle, case=one_step, x=x, dy=dy, state=state))
            state = (found["h_n"], found["c_n"])
            c.append(found["c_n"][0])
        answer["c"] = np.array(c)
    return answer


def by_torch(case, dtype="float64"):
    """The answer of torch and autograd."""
    pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    return named(harness.torchs(bundle_of(case, dtype)))


def first(judged, name):
    """The first bad place of one array."""
    place = judged.judged[name].difference.first
    assert place is not None
    return place


def expected_names(cell):
    return {*EXPECTED, *(OF_LSTM if cell == "lstm" else ())}


# ------------------------------------------------------------------------------------------ cases


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("suffix", [".npz", ".json"])
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_files_hold_the_case_to_the_last_bit(tmp_path, cell, suffix, dtype):
    case = cases.draw(cell, T=3, B=2, I=4, H=5, seed=1, dtype=dtype)
    path = tmp_path / f"a case{suffix}"
    cases.write(case, path)
    again = cases.read(path)
    assert (again.cell, again.dtype, again.seed, again.scale) == (cell, dtype, 1, 2.0)
    assert set(again.expected) == expected_names(cell)
    for ours, theirs in ((case.given, again.given), (case.expected, again.expected)):
        assert list(ours) == list(theirs)
        for name in ours:
            assert ours[name].dtype == theirs[name].dtype
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert not list(tmp_path.glob(".*"))


def test_the_file_documents_itself(tmp_path):
    case = cases.draw("gru", T=3, B=2, I=4, H=5)
    cases.write(case, tmp_path / "case.npz")
    cases.write(case, tmp_path / "case.json")
    with np.load(tmp_path / "case.npz", allow_pickle=False) as archive:
        about = json.loads(archive["about"].tobytes())
    content = json.loads((tmp_path / "case.json").read_text())
    assert content["about"] == about
    assert about["gates"] == ["r", "u", "n"]
    assert about["sizes"] == {"T": 3, "B": 2, "I": 4, "H": 5, "K": 3}
    assert about["axes"]["dW_ih"] == ["K*H", "I"]
    assert "handrnn compare" in about["what"]
    assert content["W_ih"]["shape"] == [15, 4]
    for name in (*about["given"], *about["expected"]):
        sizes = {**about["sizes"], "K*H": 15}
        assert content[name]["shape"] == [sizes[axis] for axis in about["axes"][name]]


def test_same_seed_same_bits(tmp_path):
    for name in ("a.npz", "b.npz"):
        cases.write(cases.draw("lstm", seed=5), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    other = cases.draw("lstm", seed=6)
    assert not np.array_equal(other.given["x"], cases.draw("lstm", seed=5).given["x"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lstm2"}, "cell is 'lstm2': it can be rnn_tanh"),
        ({"T": 0}, "T is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"scale": 0.0}, "scale is 0.0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"dtype": "float16"}, "dtype is 'float16'"),
        ({"cell": "rnn_relu", "T": 600, "H": 16, "scale": 9.0}, "overflows"),
    ],
)
def test_draw_refuses(options, message):
    with pytest.raises(cases.CaseError, match=message):
        cases.draw(**({"cell": "lstm"} | options))


def test_read_refuses(tmp_path):
    case = cases.draw("lstm")
    cases.write(case, tmp_path / "case.json")
    content = json.loads((tmp_path / "case.json").read_text())
    broken = {
        "missing.json": {k: v for k, v in content.items() if k != "W_hh"},
        "shape.json": content | {"y": {"values": [1.0]}},
        "about.json": content | {"about": []},
        "cell.json": content | {"about": content["about"] | {"cell": "x"}},
        "nan.json": content | {"x": {"values": np.full((7, 3, 5), np.nan).tolist()}},
        "list.json": [1, 2],
    }
    for name, value in broken.items():
        (tmp_path / name).write_text(json.dumps(value))
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "text.json").write_text("{")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x00\x80")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    np.savez(tmp_path / "objects.npz", about=np.array([{}], object))
    names = [*broken, "text.npz", "text.json", "binary.json", "deep.json", "objects.npz", "no.npz"]
    for name in [*names, "case.txt"]:
        with pytest.raises(cases.CaseError) as error:
            cases.read(tmp_path / name)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("cell", CELLS)
def test_a_changed_case_is_refused(cell):
    case = cases.draw(cell)
    answers.verify(case)
    answers.verify(cases.draw(cell, dtype="float32"))
    wrong = case.expected | {"dW_hh": case.expected["dW_hh"] * 1.001}
    with pytest.raises(cases.CaseError, match="dW_hh"):
        answers.verify(replace(case, expected=wrong))


# ---------------------------------------------------------------------------------- right answers


@pytest.mark.sample(4)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("sizes", [{}, {"T": 1, "B": 1}, {"T": 40, "B": 2, "I": 3, "H": 16}])
@pytest.mark.parametrize("given", cases.DTYPES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("who", [by_nn, by_torch])
def test_right_answers_pass(cell, sizes, given, dtype, who):
    case = cases.draw(cell, seed=3, dtype=given, **sizes)
    judged = answers.judge(case, who(case, dtype))
    assert judged.passed, str(judged)
    assert set(judged.judged) >= expected_names(cell) - {"c"}


@pytest.mark.parametrize("cell", CELLS)
def test_single_precision_is_judged_in_its_own_units(cell):
    case = cases.draw(cell)
    answer = by_nn(case, "float32")
    one = answers.judge(case, answer).judged["dW_hh"]
    assert one.difference.units < 64
    assert one.difference.error > 1e-9
    listed = {name: values.tolist() for name, values in answer.items()}
    without = answers.judge(case, listed)
    assert not without.passed
    assert "--dtype float32" in str(without)
    assert answers.judge(case, listed, dtype="float32").passed


@pytest.mark.parametrize("cell", CELLS)
def test_any_subset_is_judged(cell):
    case = cases.draw(cell)
    answer = by_nn(case)
    for name in answer:
        judged = answers.judge(case, {name: answer[name]})
        assert judged.passed
        assert list(judged.judged) == [name]
        assert "not given" in str(judged)


def test_forms_that_are_understood():
    case = cases.draw("lstm")
    answer = by_nn(case)
    forms = {
        "h_n": answer["h_n"][None],
        "y": {"values": answer["y"].ravel().tolist(), "shape": [7, 3, 4]},
        "dx": answer["dx"].tolist(),
        "db_ih": answer["db_ih"][:, None],
        "dW_hh": answer["dW_hh"].ravel(),
        "dweight_ih_l0": answer["dW_ih"],
        "x": case.given["x"],
        "about": "ours",
    }
    judged = answers.judge(case, forms)
    assert judged.passed, str(judged)
    assert set(judged.judged) == {"h_n", "y", "dx", "db_ih", "dW_hh", "dW_ih"}
    assert "dweight_ih_l0 is taken for dW_ih" in str(judged)


# ---------------------------------------------------------------------------------- wrong answers


@pytest.mark.sample(2)
@pytest.mark.parametrize(("cell", "size"), [*[(cell, 1e-11) for cell in CELLS], ("gru", 1e-3)])
def test_every_change_fails_at_its_place(cell, size):
    """One element of one array, anywhere."""
    case = cases.draw(cell)
    answer = by_nn(case)
    rng = np.random.default_rng(np.random.SeedSequence(0))
    for name, values in answer.items():
        index = tuple(int(rng.integers(n)) for n in values.shape)
        wrong = values.copy()
        wrong[index] += size * np.max(np.abs(values))
        judged = answers.judge(case, answer | {name: wrong})
        assert judged.verdict == "FAIL"
        assert [n for n, one in judged.judged.items() if one.verdict != "PASS"] == [name]
        assert first(judged, name).index == index


def test_the_place_has_words():
    case = cases.draw("lstm")
    wrong = {name: case.expected[name].copy() for name in ("y", "dx", "dW_ih", "dW_hh")}
    wrong["y"][3:, 1, 2] += 1e-6
    wrong["dx"][:5, 2, 4] += 1e-6
    wrong["dW_ih"][5, 3] += 1e-6
    wrong["dW_hh"][14, 1] += 1e-6
    judged = answers.judge(case, wrong).judged
    assert "time step 3, example 1, unit 2" in str(judged["y"])
    assert "time step 4, example 2, input 4" in str(judged["dx"])
    assert "gate f, unit 1, input 3" in str(judged["dW_ih"])
    assert "gate o, unit 2, input 1" in str(judged["dW_hh"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((7, 3, 4)), "your y is all zero"),
        (np.full((7, 3, 4), np.nan), "84 of 84 values are not finite"),
        (np.ones((7, 3, 5)), "has the shape (7, 3, 5): (7, 3, 4) is right"),
        (np.ones((7, 3, 4), complex), "is complex128"),
        (np.ones((7, 3, 4), np.float16), "is float16"),
        (np.ones((7, 3, 4), bool), "is bool"),
        ("hello", "is a str"),
        (None, "has the shape ()"),
        ([[1.0], [1.0, 2.0]], "lists of one length"),
        ({"data": [1.0]}, "has no 'values'"),
        ({"values": [1.0], "shape": [7, 3, 4]}, "reshape"),
        ({"values": [1.0], "dtype": "nonsense"}, "nonsense"),
        (np.array([{}], object), "is object"),
        (1e400, "shape ()"),
    ],
)
def test_what_is_no_answer_fails_with_a_reason(value, words):
    judged = answers.judge(cases.draw("lstm"), {"y": value})
    assert judged.verdict == "FAIL"
    assert words in str(judged)
    json.loads(judged.to_json())


def test_fails_closed():
    case = cases.draw("lstm")
    assert answers.judge(case, {}).verdict == "FAIL"
    assert answers.judge(case, {"about": 1, "x": case.given["x"]}).verdict == "FAIL"
    right = {"y": case.expected["y"]}
    assert answers.judge(case, right).passed
    unknown = answers.judge(case, right | {"dWih": case.expected["dW_ih"]})
    assert not unknown.passed
    assert "did you mean dW_ih?" in str(unknown)
    other = answers.judge(case, right | {"x": case.given["x"] + 1})
    assert not other.passed
    assert "your x differs from the case's" in str(other)


@pytest.mark.long
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_every_order_of_gates_is_told(cell):
    case = cases.draw(cell)
    for name in ("dW_ih", "db_hh"):
        blocks = np.split(case.expected[name], len(case.gates))
        for order in list(permutations(range(len(blocks))))[1:]:
            shuffled = np.concatenate([blocks[k] for k in order])
            words = f"the gates in the order {', '.join(case.gates[k] for k in order)} "
            assert words in str(answers.judge(case, {name: shuffled}))
            if shuffled.ndim == 2:
                text = str(answers.judge(case, {name: shuffled.T}))
                assert f"is transposed and has {words}" in text


@pytest.mark.sample(4)
@pytest.mark.parametrize("order", list(permutations(range(4)))[1:])
def test_weights_taken_in_another_order_are_told(order):
    """Block k of the weights taken for gate order[k], everything else right."""
    case = cases.draw("lstm")
    there = [order.index(k) for k in range(4)]
    given = dict(case.given)
    for name in cases.WEIGHTS:
        blocks = np.split(given[name], 4)
        given[name] = np.concatenate([blocks[k] for k in there])
    answer = by_nn(case, given=given)
    for name in cases.WEIGHTS:
        blocks = np.split(answer[f"d{name}"], 4)
        answer[f"d{name}"] = np.concatenate([blocks[k] for k in order])
    judged = answers.judge(case, answer)
    names = ", ".join("ifgo"[k] for k in order)
    assert judged.verdict == "FAIL"
    assert f"you read the blocks of the weights as {names}" in str(judged)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda case, e: {"dW_hh": e["dW_hh"].T}, "your dW_hh is transposed"),
        (lambda case, e: {"y": e["y"].swapaxes(0, 1)}, "your y has the axes (B, T, H)"),
        (lambda case, e: {"dx": e["dx"].ravel("F")}, "column-major"),
        (lambda case, e: {"dx": e["dx"] / 3}, "divided by the number of examples, B"),
        (lambda case, e: {"dx": -e["dx"]}, "negative"),
        (lambda case, e: {"dx": e["dx"] * 0.7}, "0.7 times"),
        (lambda case, e: {"y": e["y"][::-1]}, "time steps in reverse"),
        (lambda case, e: {"h_n": e["c_n"]}, "your h_n is c_n"),
    ],
)
def test_patterns_are_told(change, words):
    case = cases.draw("lstm")
    judged = answers.judge(case, change(case, case.expected))
    assert judged.verdict == "FAIL"
    assert words in str(judged)


@pytest.mark.parametrize(
    ("cell", "names", "words"),
    [
        *[(cell, ("b_hh",), "b_hh is left out") for cell in CELLS],
        *[(cell, ("b_ih",), "b_ih is left out") for cell in CELLS],
        ("lstm", ("h0", "c0"), "the initial states are taken for zero"),
        ("lstm", ("c0",), "c0 is taken for zero"),
        ("gru", ("dh_n",), "dh_n, the gradient with respect to the last hidden state, is left out"),
        ("lstm", ("dc_n",), "dc_n, the gradient with respect to the last cell state, is left out"),
    ],
)
def test_what_is_left_out_is_told(cell, names, words):
    case = cases.draw(cell, seed=2)
    zeros = {name: np.zeros_like(case.given[name]) for name in names}
    judged = answers.judge(case, by_nn(case, given=case.given | zeros))
    assert judged.verdict == "FAIL"
    assert words in str(judged)


def gru_by_hand(case, before):
    """y of a GRU whose reset gate acts before the product, or whose u is the other way round."""
    g = case.given
    h, y = g["h0"], []
    for xt in g["x"]:
        a = np.split(xt @ g["W_ih"].T + g["b_ih"], 3, axis=1)
        b = np.split(h @ g["W_hh"].T + g["b_hh"], 3, axis=1)
        r, u = (1 / (1 + np.exp(-a[k] - b[k])) for k in (0, 1))
        if before:
            b[2] = (r * h) @ np.split(g["W_hh"], 3)[2].T + np.split(g["b_hh"], 3)[2]
            n = np.tanh(a[2] + b[2])
        else:
            n, u = np.tanh(a[2] + r * b[2]), 1 - u
        h = (1 - u) * n + u * h
        y.append(h)
    return np.array(y)


@pytest.mark.parametrize(
    ("before", "words"), [(True, "before the matrix"), (False, "changed places")]
)
def test_other_grus_are_told(before, words):
    case = cases.draw("gru")
    judged = answers.judge(case, {"y": gru_by_hand(case, before)})
    assert judged.verdict == "FAIL"
    assert words in str(judged)


def test_a_mistake_of_the_catalogue_is_named():
    case = cases.draw("lstm")
    entry = next(m for m in answers.catalogue.mistakes() if m.id == "one-path-not-carried")
    wrong = cases.compute("lstm", case.given, functions=answers.planting.plant(entry.edits))
    judged = answers.judge(case, wrong)
    assert judged.verdict == "FAIL"
    assert "one-path-not-carried" in str(judged)


@pytest.mark.long
def test_nothing_is_named_that_does_not_explain_everything():
    """Two faults that no single misunderstanding makes: failed, placed, and not named."""
    case = cases.draw("lstm")
    rng = np.random.default_rng(np.random.SeedSequence(4))
    answer = case.expected | {
        "y": case.expected["y"] + 1e-3 * rng.standard_normal(case.expected["y"].shape),
        "dW_ih": case.expected["dW_ih"] + 1e-3 * rng.standard_normal((16, 5)),
    }
    judged = answers.judge(case, answer)
    assert judged.verdict == "FAIL"
    assert not any(one.notes for one in judged.judged.values())


# ---------------------------------------------------------------------------------- chaotic cases

CHAOTIC = [("rnn_tanh", 4.0, 32), ("lstm", 12.0, 16), ("gru", 12.0, 16)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("cell", "scale", "H", "dtype"),
    [*[(*chaotic, "float32") for chaotic in CHAOTIC], (*CHAOTIC[0], "float64")],
)
def test_chaotic_weights_never_fail_the_right_and_never_pass_the_wrong(cell, scale, H, dtype):
    case = cases.draw(cell, T=100, H=H, scale=scale, seed=1)
    answer = by_nn(case, dtype)
    judged = answers.judge(case, answer)
    assert judged.verdict == "PASS", str(judged)
    assert "step by step" in str(judged)
    wrong = answer["y"].copy()
    wrong[70, 1, 2] += 1e-3
    judged = answers.judge(case, answer | {"y": wrong})
    assert judged.verdict == "FAIL"
    assert first(judged, "y").time == 70
    judged = answers.judge(case, answer | {"dW_hh": answer["dW_hh"] * np.float32(1.01)})
    assert [n for n, one in judged.judged.items() if one.verdict == "FAIL"] == ["dW_hh"]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_scale_three_over_512_steps(cell, dtype):
    case = cases.draw(cell, T=512, scale=3.0)
    answer = by_nn(case, dtype)
    assert answers.judge(case, answer).verdict == "PASS"
    for name in answer:
        assert answers.judge(case, {name: answer[name]}).verdict != "FAIL"


def test_without_its_states_a_chaotic_answer_is_ill_conditioned():
    case = cases.draw("rnn_tanh", T=150, H=32, scale=4.0, seed=1)
    answer = by_nn(case, "float32")
    del answer["y"]
    judged = answers.judge(case, answer)
    assert judged.verdict == "ILL-CONDITIONED"
    assert not judged.passed
    assert "give y too" in str(judged)


def test_disturbed_arithmetic_rounds_in_every_operation():
    rng = np.random.default_rng(np.random.SeedSequence(0))
    plain = rng.standard_normal((5, 5))
    for compute in (
        lambda a: a + a,
        lambda a: a @ a,
        lambda a: plain @ a,
        np.tanh,
        lambda a: np.sum(a, axis=1),
        lambda a: np.concatenate((plain, plain)).T * a[:, :1],
    ):
        moved = conditioning.spread(
            lambda wrap, compute=compute: {"r": compute(wrap(plain))}, {"r": compute(plain)}, 1e-6
        )
        assert 1e-8 < moved["r"] < 1e-5
    exact = conditioning.spread(lambda wrap: {"r": -wrap(plain)}, {"r": -plain}, 1e-6)
    assert exact["r"] == 0


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_textbook_parameters_and_back(cell):
    """The weights of a case by the textbook's names, and gradients the other way round."""
    case = cases.draw("rnn_tanh" if cell == "rnn" else cell, T=2, B=2, I=5, H=4)
    order = case.gates
    _, _, there = cases._in_columns(case.cell, case.given, lambda values: values, order)
    atoms = slots.from_textbook(cell, there)
    W_ih, W_hh, b = (slot.pack(atoms, {}) for slot in cases._slots(order))
    np.testing.assert_array_equal(W_ih, case.given["W_ih"])
    np.testing.assert_array_equal(W_hh, case.given["W_hh"])
    np.testing.assert_array_equal(b.sum(axis=0), case.given["b_ih"] + case.given["b_hh"])
    gradients = {f"d{name}": value for name, value in there.items()}
    gradients |= {name: np.zeros((1, 1, 1)) for name in ("dx", "dh0", "dc0")}
    again = cases._in_rows(case.cell, gradients, order)
    np.testing.assert_array_equal(again["dW_ih"], W_ih)
    np.testing.assert_array_equal(again["dW_hh"], W_hh)
    np.testing.assert_array_equal(again["db_ih"], b[0])
    both = np.array([gate != "n" for gate in order]).repeat(4)
    np.testing.assert_array_equal(again["db_hh"][both], again["db_ih"][both])
    np.testing.assert_array_equal(again["db_hh"][~both], case.given["b_hh"][~both])
