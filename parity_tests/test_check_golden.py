"""The checker says what it said when its verdicts were frozen: see `golden`."""

import copy
from fnmatch import fnmatchcase

import pytest

from parity_tests import golden

ALL = golden.read()["cases"]
CASES = {name: case for name, case in ALL.items() if "found" in case}
KILLS = [name for name, case in CASES.items() if case["sort"] == "kill"]
PAIRS = [name for name, case in CASES.items() if case["sort"] == "pair"]
SAMPLE = [*KILLS[::400], PAIRS[0], "hostile/python2.py", "right/plain_dot.py"]
SLICES = 40  # for the processes of the suite to share


def changed(name):
    """What is said otherwise now of one case, and not accepted, in words."""
    case = CASES[name]
    found = [one for one in golden.changes(case, golden.judged(case)) if one[0] in golden.HELD]
    return [
        f"{kind}: {name}: {said}"
        for kind, said in found
        if golden.acceptance(name, (kind, said)) is None
    ]


@pytest.mark.sample(6)
@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_is_judged_as_it_was(name):
    """Verdict, mistakes, place and line of every function."""
    said = changed(name)
    assert not said, "\n".join(said)


@pytest.mark.long
@pytest.mark.parametrize("part", range(SLICES))
def test_all_is_judged_as_it_was(part):
    """The same, of all that was frozen."""
    said = [line for name in [*CASES][part::SLICES] for line in changed(name)]
    assert not said, "\n".join(said)


def test_what_is_accepted_is_signed():
    """With the case, which of the two is right, and why; a right kill's PASS is never accepted."""
    for one in golden.accepted():
        assert [name for name in CASES if fnmatchcase(name, one.case)], one
        assert set(one.kinds) <= set(golden.HELD), one
        assert one.right in ("now", "then", "both"), one
        assert one.why.endswith("."), one
        touched = [name for name in CASES if fnmatchcase(name, one.case)]
        assert golden.FLIP not in one.kinds or not {*touched} & {*KILLS, *PAIRS}, one


def test_an_acceptance_is_of_one_case_and_one_difference():
    """Another function, another direction or another file is a difference still."""
    name, said = "hostile/python2.py", "rnn_cell_forward: CRASHED -> NOT FILLED IN"
    assert golden.acceptance(name, (golden.VERDICT, said))
    assert golden.acceptance("hostile/none.py", (golden.VERDICT, said)) is None
    assert golden.acceptance(name, (golden.FLIP, said)) is None
    assert golden.acceptance(name, (golden.VERDICT, said.replace("rnn", "lstm"))) is None


def test_the_place_is_held_and_its_words_are_not():
    """The result and its first bad element, in the words of then and of now."""
    case = copy.deepcopy(CASES[KILLS[0]])
    (blamed,) = case["planted"][0]["blamed"]
    then = case["found"]["functions"][blamed]
    then["where"] = "dx: off by 1e-1 of its scale (8 u); first bad at unit 1, input 0 (ours 1)"
    now = copy.deepcopy(case["found"])
    now["functions"][blamed]["where"] = "dx: off by up to 0.1; first bad at unit 1, input 0 (yours"
    assert [kind for kind, _ in golden.changes(case, now)] == [golden.WORDS]
    now["functions"][blamed]["where"] = "dx: off by up to 0.1; first bad at unit 2, input 0 (yours"
    assert golden.PLACE in [kind for kind, _ in golden.changes(case, now)]


def test_every_text_can_be_written_out():
    """From its base and the edits alone."""
    for case in ALL.values():
        if case["file"]:
            assert (golden.SUBMISSIONS / case["file"]).is_file()
        else:
            assert golden.source_of(case)


def test_what_is_right_was_frozen_as_right():
    """And what a mistake was planted in as wrong, unless it does no harm."""
    for name, case in CASES.items():
        found = case["found"]["functions"]
        verdicts = {function: said["verdict"] for function, said in found.items()}
        if case["sort"] in ("right", "base"):
            assert set(verdicts.values()) == {"PASS"}, name
        if case["sort"] == "kill":
            (kill,) = case["planted"]
            assert {verdicts[blamed] == "PASS" for blamed in kill["blamed"]} == {
                kill["verdict"] == "PASS"
            }, name


def test_a_text_whose_base_has_changed_is_refused():
    """At an edit, or anywhere else."""
    case = copy.deepcopy(CASES[KILLS[0]])
    with pytest.raises(ValueError, match=r"columns\.py has changed$"):
        golden.source_of(case | {"digest": ""})
    case["edits"][0][1] = "something else\n"
    with pytest.raises(ValueError, match="has changed at line"):
        golden.source_of(case)


def test_the_worst_difference_comes_first(monkeypatch, tmp_path, capsys):
    """A flip is told before another line, and only a flip is an error."""
    monkeypatch.setattr(golden, "GOLDEN", tmp_path / "golden.json.gz")
    said = {CASES[name]["digest"]: CASES[name]["found"] for name in KILLS[:2]}
    monkeypatch.setattr(golden, "judged", lambda case: said[case["digest"]])
    one, other = (copy.deepcopy(CASES[name]) for name in KILLS[:2])
    frozen = {"versions": {}, "cases": {"one": one, "other": other}}
    (blamed,) = one["planted"][0]["blamed"]
    one["found"]["functions"][blamed]["line"] += 1
    golden.write(frozen)
    assert golden.read() == frozen
    assert golden.main([]) == 0
    assert "line: one\n" in capsys.readouterr().out
    (blamed,) = other["planted"][0]["blamed"]
    other["found"]["functions"][blamed] = {"verdict": "PASS", "ids": []}
    golden.write(frozen)
    assert golden.main(["--only", "one"]) == 0
    assert golden.main(["--write"]) == 1
    told = capsys.readouterr().out.split("PASS or not: other\n")[1]
    assert f"{blamed}: PASS -> FAIL" in told
    assert "line: one\n" in told
    assert golden.main([]) == 0
    assert "no difference" in capsys.readouterr().out
