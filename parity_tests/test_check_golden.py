"""The checker says what it said when its verdicts were frozen: see `golden`."""

import copy

import pytest

from parity_tests import golden

ALL = golden.read()["cases"]
CASES = {name: case for name, case in ALL.items() if "found" in case}
KILLS = [name for name, case in CASES.items() if case["sort"] == "kill"]
SAMPLE = KILLS[::40]
EVERY = 8  # `python parity_tests/golden.py` goes through all of them
SLICES = 20  # for the processes of the suite to share
HELD = (golden.FLIP, golden.VERDICT, golden.IDS, golden.LINE)  # words may change


def changed(name):
    """What is said otherwise now of one case, in words."""
    case = CASES[name]
    found = golden.changes(case, golden.judged(case))
    return [f"{kind}: {name}: {said}" for kind, said in found if kind in HELD]


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_is_judged_as_it_was(name):
    """Kills spread over all of them; that right files pass is seen in test_check_corpus."""
    said = changed(name)
    assert not said, "\n".join(said)


@pytest.mark.long
@pytest.mark.parametrize("part", range(SLICES))
def test_nothing_wrong_passes_now(part):
    """Of an eighth of the kills and pairs; `golden` itself tells what else has changed."""
    names = [name for name in CASES if CASES[name]["sort"] in ("kill", "pair")]
    said = [line for name in names[::EVERY][part::SLICES] for line in changed(name)]
    assert not [line for line in said if line.endswith("-> PASS")], "\n".join(said)


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
    said = {CASES[name]["digest"]: CASES[name]["found"] for name in SAMPLE[:2]}
    monkeypatch.setattr(golden, "judged", lambda case: said[case["digest"]])
    one, other = (copy.deepcopy(CASES[name]) for name in SAMPLE[:2])
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
