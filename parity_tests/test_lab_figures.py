"""Figures show the numbers of the files they read; scripts ask for the runs of their question."""

import concurrent.futures
import contextlib
import importlib
import math
import os
import pathlib
import sys

import numpy as np
import pytest

from handrnn.lab import (
    command_line,
    drawing,
    executors,
    figures,
    figures_ablation,
    figures_learning,
    figures_reach,
    files,
    published,
    run,
    settings,
    statistics,
    sweep,
    training,
)
from parity_tests import lab_harness

script = importlib.import_module


@pytest.fixture
def Figure():
    """The class of figures; without matplotlib a skip."""
    lab_harness.needs("matplotlib")
    return script("matplotlib.figure").Figure


def texts(axes):
    return [text.get_text() for text in axes.texts]


# Accuracy against length

ACCURACIES = {
    ("faithful", "RNN", 5): (1.0, 1.0, 0.995),
    ("faithful", "RNN", 20): (0.1, 0.12, 1.0),
    ("faithful", "GRU", 20): (0.3, 0.2, 0.1),
    ("tuned", "LSTM", 20): (1.0, 0.9995, 0.9985),
    ("tuned", "LSTM", 21): (1.0, 0.98, 0.5),
}


@pytest.fixture
def palindromes(tmp_path):
    for (label, cell, length), accuracies in ACCURACIES.items():
        for seed, accuracy in enumerate(accuracies):
            lab_harness.finish(tmp_path, run.PRESETS[label](cell, length, seed), accuracy)
    return tmp_path


def test_points_are_medians_and_shares(palindromes):
    found = {(p.label, p.cell, p.length): p for p in figures.points(drawing.read(palindromes))}
    assert {key: point.accuracies for key, point in found.items()} == ACCURACIES
    unlucky = found["faithful", "RNN", 20]
    assert (unlucky.median, unlucky.low, unlucky.high) == (0.12, 0.1, 1.0)
    assert unlucky.share == pytest.approx(1 / 3)
    assert (unlucky.share_low, unlucky.share_high) == statistics.wilson_interval(1, 3)


def test_the_tables_beside_the_figure(palindromes, monkeypatch):
    lab_harness.needs("matplotlib")
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("a figure trains nothing"))
    picture = figures.accuracy_vs_length(palindromes)
    assert picture == palindromes / "accuracy_vs_length.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    vectors = (palindromes / "accuracy_vs_length.svg").read_bytes()
    assert b"<svg" in vectors
    rows = lab_harness.rows_of(palindromes / "accuracy_vs_length.csv")
    assert [(row["label"], row["cell"], row["length"], row["median"]) for row in rows] == [
        ("faithful", "RNN", "5", "1.0"),
        ("faithful", "RNN", "20", "0.12"),
        ("faithful", "GRU", "20", "0.2"),
        ("tuned", "LSTM", "20", "0.9995"),
        ("tuned", "LSTM", "21", "0.98"),
    ]
    assert {row["seeds"] for row in rows} == {"3"}
    runs = lab_harness.rows_of(palindromes / "accuracy_vs_length_runs.csv")
    assert len(runs) == 15
    assert {(row["stopped"], row["engine"], row["seconds"]) for row in runs} == {
        ("cap", "numpy", "1.5")
    }
    figures.accuracy_vs_length(palindromes)
    assert (palindromes / "accuracy_vs_length.svg").read_bytes() == vectors, "the same bytes again"


def test_each_cell_has_its_panels_with_curves_dots_and_bands(palindromes, Figure):
    figure = Figure()
    records = drawing.read(palindromes)
    figures.draw(figure, records, figures.points(records))
    above, below = np.array(figure.axes).reshape(2, 3)
    titles = [axes.get_legend().get_title().get_text() for axes in above]
    assert titles == ["RNN", "LSTM", "GRU"]
    labels = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in above]
    assert labels == [["faithful: L99 = 5"], ["tuned: L99 = 20"], ["faithful: L99 = none"]]

    faithful = {line.get_label(): line for line in above[0].get_lines()}["faithful: L99 = 5"]
    tuned = {line.get_label(): line for line in above[1].get_lines()}["tuned: L99 = 20"]
    assert (faithful.get_linestyle(), tuned.get_linestyle()) == ("--", "-")
    assert faithful.get_color() == drawing.COLOURS["RNN"] != tuned.get_color()
    np.testing.assert_array_equal(faithful.get_ydata(), [1.0, 0.12])
    assert np.round(faithful.get_xdata()).tolist() == [0, 1], "places of T = 5 and 20"
    assert np.round(tuned.get_xdata()).tolist() == [1, 2]
    assert [text.get_text() for text in below[0].get_xticklabels()] == ["5", "20", "21"]
    weights = [text.get_fontweight() for text in below[0].get_xticklabels()]
    assert weights == ["bold", "normal", "bold"], "odd lengths stand out"

    dots = [line.get_ydata() for line in above[0].get_lines() if line.get_linestyle() == "None"]
    assert [list(each) for each in dots] == [[1.0, 1.0, 0.995], [0.1, 0.12, 1.0]]
    for axes in above:
        (band,) = axes.patches
        ends = band.get_y(), band.get_y() + band.get_height()
        assert ends == pytest.approx(statistics.chance_band(0.1, 10_000, 4)), "of 4 confirmations"
    (bars,) = below[0].containers[0].lines[2]
    expected = [statistics.wilson_interval(solved, 3) for solved in (3, 1)]
    for segment, interval in zip(bars.get_segments(), expected, strict=True):
        assert segment[:, 1] == pytest.approx(interval)

    assert figure.get_suptitle() == (
        "palindrome, 128 units, batches of 128, 3 seeds, at most 3,000 updates"
    )
    for words in ("whole palindrome", "highest of 4 checks at chance", "published course reports"):
        assert words in " ".join(figure.get_supxlabel().split())


def test_lengths_may_have_different_numbers_of_seeds(palindromes):
    lab_harness.finish(palindromes, run.tuned("LSTM", 100, 0, steps=10_000), 1.0)
    assert drawing.settings_line(drawing.read(palindromes)) == (
        "palindrome, 128 units, batches of 128, 1 or 3 seeds, at most 3,000 or 10,000 updates"
    )


def test_published_values_are_marked_where_the_runs_are_like_theirs(tmp_path, Figure):
    for length in (5, 10, 20, 31):
        lab_harness.finish(tmp_path / "like", run.faithful("RNN", length, 0), 1.0)
        lab_harness.finish(tmp_path / "smaller", run.faithful("RNN", length, 0, hidden=64), 1.0)

    def marks(directory):
        figure = Figure()
        records = drawing.read(directory)
        figures.draw(figure, records, figures.points(records))
        above = figure.axes[0]
        crosses = [
            tuple(place)
            for collection in above.collections
            if hasattr(collection, "get_sizes") and len(collection.get_sizes())
            for place in collection.get_offsets().tolist()
        ]
        return crosses, [text for text in texts(above) if text], figure.get_supxlabel()

    crosses, labels, caption = marks(tmp_path / "like")
    # T = 12 lies a fifth of the way from T = 10, in place 1, to T = 20, in place 2.
    for place in ((0.0, 1.0), (1.0, 0.76), (1.0, 1.0), (1.2, 0.88), (2.0, 0.10)):
        assert any(place == pytest.approx(cross) for cross in crosses), place
    expected = sum(len({v.low, v.high}) for v in published.VALUES if v.cell == "RNN")
    assert len(crosses) == expected
    assert labels == ["published: breaks at T = 9 to 20"]
    assert "published" in caption
    for length in (100, 101):
        lab_harness.finish(tmp_path / "longer", run.faithful("RNN", length, 0), 1.0)
    for other in ("smaller", "longer"):
        crosses, labels, caption = marks(tmp_path / other)
        assert crosses == labels == []
        assert "published" not in caption


def test_every_published_value_is_an_accuracy():
    for value in published.VALUES:
        assert 0.1 <= value.low <= value.high <= 1
        assert value.cell in drawing.CELLS
    assert len({(value.cell, value.length) for value in published.VALUES}) == len(published.VALUES)


def test_a_directory_without_runs_cannot_be_drawn(tmp_path):
    lab_harness.needs("matplotlib")
    for draw in (figures.accuracy_vs_length, figures_ablation.ablation, figures_reach.reach):
        with pytest.raises(ValueError, match="holds no finished run"):
            draw(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_tasks_are_not_mixed(palindromes):
    lab_harness.needs("matplotlib")
    lab_harness.finish(palindromes, run.tuned("RNN", 30, 0, task="temporal_order"), 0.3)
    expected = r"several tasks, palindrome \(chance 0.1\), temporal_order \(chance 0.25\)"
    for draw in (figures.accuracy_vs_length, figures_ablation.ablation, figures_reach.reach):
        with pytest.raises(ValueError, match=expected):
            draw(palindromes)


def test_another_task_has_its_own_chance(tmp_path, Figure):
    for length in (10, 20):
        lab_harness.finish(tmp_path, run.tuned("RNN", length, 0, task="temporal_order"), 0.3)
    figure = Figure()
    records = drawing.read(tmp_path)
    figures.draw(figure, records, figures.points(records))
    (band,) = figure.axes[0].patches
    assert band.get_y() == pytest.approx(statistics.chance_band(0.25, 10_000, 4)[0])
    dotted = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == ":"]
    assert [line.get_ydata()[0] for line in dotted] == [0.25]


def test_seeds_of_different_settings_are_not_mixed(palindromes):
    lab_harness.finish(palindromes, run.faithful("RNN", 20, 3, steps=10_000), 1.0)
    with pytest.raises(
        ValueError, match=r"faithful RNN at T = 20 differ in steps \(3000 and 10000\)"
    ):
        drawing.read(palindromes)


def test_without_matplotlib_one_line_says_what_to_install(palindromes, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (figures.accuracy_vs_length, figures_ablation.ablation, figures_reach.reach):
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'handrnn\[plots\]'"):
            draw(palindromes)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'handrnn\[plots\]'"):
        figures_learning.learning(palindromes, 5)
    assert script("ablation").main(["--smoke", "--out", os.fspath(palindromes / "new")]) == 1
    assert capsys.readouterr().err == "figures need matplotlib: pip install 'handrnn[plots]'\n"
    assert not (palindromes / "new").exists()


def test_recipes_have_lines_that_are_told_apart():
    labels = ["faithful", "chrono", "tuned"]
    assert [drawing.line_style(label, labels) for label in labels] == ["--", "-", "-."]
    assert len(set(drawing.COLOURS.values())) == len(drawing.CELLS) == 4
    too_many = ["faithful", "chrono", "other", "small", "tuned"]
    for label in too_many:
        with pytest.raises(ValueError, match=r"4 recipes .* are too many"):
            drawing.line_style(label, too_many)


@pytest.fixture
def many_recipes(tmp_path):
    for label in ("one", "two", "three", "four"):
        lab_harness.finish(tmp_path, run.tuned("RNN", 5, 0, label=label), 1.0)
    return tmp_path


def test_more_recipes_than_lines_are_refused_before_anything_is_written(many_recipes):
    lab_harness.needs("matplotlib")
    before = set(many_recipes.iterdir())
    with pytest.raises(ValueError, match="too many for one figure"):
        figures.accuracy_vs_length(many_recipes)
    with pytest.raises(ValueError, match="too many for one figure"):
        figures_learning.learning(many_recipes, 5)
    assert set(many_recipes.iterdir()) == before


@pytest.mark.parametrize("cells", [1, 2, 4])
def test_what_is_written_above_and_below_fits_the_figure(tmp_path, monkeypatch, cells):
    """Every letter lies inside the figure, however narrow it is."""
    lab_harness.needs("matplotlib")
    saved = []
    monkeypatch.setattr(drawing, "save", lambda figure, directory, name: saved.append(figure))
    for cell in drawing.CELLS[:cells]:
        for length in (100, 101, 201):
            for label in ("faithful", "tuned"):
                engine = {"engine": "torch"} if label == "tuned" else {}
                chosen = run.PRESETS[label](cell, length, 0, batch=1000, **engine)
                lab_harness.finish(tmp_path, chosen, 0.5, confirmations=1000)
    figures.accuracy_vs_length(tmp_path)
    figures_learning.learning(tmp_path, 201)
    figures_ablation.ablation(tmp_path)
    figures_reach.reach(tmp_path, 12.5)
    for figure in saved:
        figure.draw_without_rendering()
        for text in (figure._suptitle, figure._supxlabel):
            there = text.get_window_extent()
            assert figure.bbox.x0 <= there.x0 < there.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= there.y0 < there.y1 <= figure.bbox.y1


def test_a_kill_leaves_no_half_figure_and_no_half_table(palindromes, monkeypatch):
    """Where writing ends in the middle, what stood there before is there as a whole."""
    lab_harness.needs("matplotlib")
    figures.accuracy_vs_length(palindromes)
    names = [f"accuracy_vs_length{end}" for end in (".png", ".svg", ".csv", "_runs.csv")]
    before = {name: (palindromes / name).read_bytes() for name in names}
    lab_harness.finish(palindromes, run.tuned("LSTM", 101, 0), 1.0)
    written = []

    def killed(descriptor):
        written.append(descriptor)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    table = palindromes / "accuracy_vs_length.csv"
    figure = drawing.new_figure(2, 2)
    for write in (
        lambda: drawing.write_table(table, ["a"], [["b"]]),
        lambda: drawing.write_runs(palindromes / names[3], drawing.read(palindromes)),
        lambda: drawing.save(figure, palindromes, "accuracy_vs_length"),
    ):
        with pytest.raises(KeyboardInterrupt):
            write()
    assert len(written) == 3
    assert {name: (palindromes / name).read_bytes() for name in names} == before


def test_a_new_length_changes_no_other_band(palindromes):
    before = {(p.label, p.cell, p.length): p for p in figures.points(drawing.read(palindromes))}
    for seed, accuracy in enumerate((0.2, 0.4, 0.9, 0.3)):
        lab_harness.finish(palindromes, run.faithful("RNN", 10, seed), accuracy)
    after = {(p.label, p.cell, p.length): p for p in figures.points(drawing.read(palindromes))}
    assert len(after) == len(before) + 1
    assert {key: after[key] for key in before} == before
    generators = [figures._generator(*key).integers(2**60) for key in after]
    assert len(set(generators)) == len(after), "each point has one of its own"


def test_runs_that_diverged_are_drawn_like_others(tmp_path):
    lab_harness.needs("matplotlib")
    nothing = math.nan
    checks = [training.Check(25, 5, 2.0, 0.1, None), training.Check(30, 5, nothing, 0.1, None)]
    for seed in range(2):
        chosen = run.tuned("RNN", 20, seed)
        lab_harness.finish(tmp_path, chosen, 0.0, checks=checks, stopped="diverged")
    (point,) = figures.points(drawing.read(tmp_path))
    assert (point.median, point.low, point.high, point.share) == (0, 0, 0, 0)
    for draw in (figures.accuracy_vs_length, figures_ablation.ablation, figures_reach.reach):
        assert draw(tmp_path).exists()
    assert figures_learning.learning(tmp_path, 20).exists()
    rows = lab_harness.rows_of(tmp_path / "memory_limit_runs.csv")
    assert {row["stopped"] for row in rows} == {"diverged"}


# Learning curves

CHECKS = (
    training.Check(25, 5, 1.5, 0.1, 0.102),
    training.Check(50, 20, 2.0, 0.9, 0.875),
    training.Check(75, 20, 1.0, 0.7, None),
)


def test_learning_curves_mark_where_the_accuracy_was_taken(tmp_path, Figure):
    lab_harness.finish(tmp_path, run.tuned("LSTM", 20, 0), 0.875, checks=CHECKS)
    lab_harness.finish(tmp_path, run.tuned("LSTM", 21, 0), 0.5, checks=CHECKS)
    picture = figures_learning.learning(tmp_path, 20)
    assert picture == tmp_path / "learning_T020.png"
    rows = lab_harness.rows_of(tmp_path / "learning_T020.csv")
    assert [row["step"] for row in rows] == ["25", "50", "75"], "of this length alone"
    assert [row["reported"] for row in rows] == ["False", "True", "False"]
    assert [row["loss"] for row in rows] == ["1.5", "2.0", "1.0"]

    above, below = Figure().subplots(2)
    records = [record for record in drawing.read(tmp_path) if record.run.length == 20]
    (curve,) = figures_learning.curves(tmp_path, records)
    figures_learning.draw(above, below, curve, "-")
    (star,) = above.collections
    assert star.get_offsets().tolist() == [[50, 0.875]], "the confirmed accuracy at its update"
    (star,) = below.collections
    assert star.get_offsets().tolist() == [[50, 2.0]]
    for axes, values in ((above, [0.1, 0.9, 0.7]), (below, [1.5, 2.0, 1.0])):
        pale, full = axes.get_lines()
        assert pale.get_alpha() == 0.3
        assert full.get_alpha() is None
        assert list(pale.get_ydata()) == values[:2], "trained on T = 5, up to the first of T = 20"
        assert list(full.get_ydata()) == values[1:]


def test_learning_curves_of_a_length_without_runs(palindromes):
    lab_harness.needs("matplotlib")
    with pytest.raises(ValueError, match="no finished run of T = 7"):
        figures_learning.learning(palindromes, 7)


def test_a_run_that_never_reached_its_length_is_pale_throughout(tmp_path, Figure):
    lab_harness.finish(tmp_path, run.tuned("RNN", 40, 0), 0.102, checks=CHECKS)
    above, below = Figure().subplots(2)
    (curve,) = figures_learning.curves(tmp_path, drawing.read(tmp_path))
    figures_learning.draw(above, below, curve, "-")
    pale, full = above.get_lines()
    assert list(pale.get_ydata()) == [0.1, 0.9, 0.7]
    assert list(full.get_ydata()) == []


# Ablation


@pytest.fixture
def crossed(tmp_path):
    """Solved: curriculum 2 of 3, else 0; and all three of one-hot with a forget bias."""
    for each in settings.runs(
        {
            "preset": "tuned",
            "cell": "LSTM",
            "coding": ["raw", "one-hot"],
            "forget_bias": ["none", 3.0],
            "curriculum": ["none", 5],
            "length": [20, 21],
            "seed": [0, 1, 2],
        }
    ):
        best = each.coding == "one-hot" and each.forget_bias is not None
        solved = best or (each.curriculum is not None and each.seed < 2)
        lab_harness.finish(tmp_path, each, 0.99 if solved else 0.9899)
    for seed in range(2):
        lab_harness.finish(tmp_path, run.tuned("RNN", 20, seed), 1.0)
    return tmp_path


def test_the_heat_map_counts_solved_seeds(crossed, Figure):
    gathered = figures_ablation.entries(drawing.read(crossed))
    columns = figures_ablation.columns_of(gathered)
    assert columns == [(None, 20), (None, 21), (5, 20), (5, 21)]
    rows = figures_ablation.rows_of(gathered, "LSTM")
    assert [(coding, bias) for coding, _, bias in rows] == [
        ("raw", None),
        ("raw", 3.0),
        ("one-hot", None),
        ("one-hot", 3.0),
    ]
    axes = Figure().subplots()
    here = [entry for entry in gathered if entry.cell == "LSTM"]
    image = figures_ablation.draw(axes, here, rows, columns)
    shares = [[0, 0, 2 / 3, 2 / 3]] * 3 + [[1, 1, 1, 1]]
    np.testing.assert_allclose(image.get_array(), shares)
    written = {text.get_position(): text.get_text() for text in axes.texts}
    for row in range(4):
        for column in range(4):
            expected = f"{round(3 * shares[row][column])}/3"
            assert written[column, row] == expected
    assert {written[0.5, -0.62], written[2.5, -0.62]} == {"no curriculum", "curriculum from T = 5"}
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[0] == "raw, orthogonal"
    assert names[3] == "one-hot, orthogonal, forget bias 3"


def test_a_combination_that_was_not_run_stays_empty(crossed, Figure):
    gathered = figures_ablation.entries(drawing.read(crossed))
    axes = Figure().subplots()
    rows = figures_ablation.rows_of(gathered, "RNN")
    here = [entry for entry in gathered if entry.cell == "RNN"]
    image = figures_ablation.draw(axes, here, rows, figures_ablation.columns_of(gathered))
    assert np.ma.filled(image.get_array(), -1).tolist() == [[-1, -1, 1, -1]]
    assert [text for text in texts(axes) if "/" in text] == ["2/2"]


def test_the_table_beside_the_heat_map(crossed):
    lab_harness.needs("matplotlib")
    assert figures_ablation.ablation(crossed).read_bytes().startswith(b"\x89PNG")
    rows = lab_harness.rows_of(crossed / "ablation.csv")
    assert len(rows) == 17
    assert [row["cell"] for row in rows] == ["RNN"] + ["LSTM"] * 16
    lucky = rows[0]
    assert (lucky["seeds"], lucky["solved"], lucky["median"]) == ("2", "2", "1.0")
    assert float(lucky["share_low"]) == statistics.wilson_interval(2, 2)[0]
    assert sum(int(row["solved"]) for row in rows) == 2 + 4 * 3 + 6 * 2


def test_two_recipes_do_not_share_a_field(crossed):
    lab_harness.needs("matplotlib")
    lab_harness.finish(crossed, run.tuned("RNN", 20, 0, label="other", rate=0.1), 1.0)
    with pytest.raises(ValueError, match="two recipes of the same coding"):
        figures_ablation.ablation(crossed)


def test_the_ablation_crosses_all_settings():
    options = script("ablation").parse([])
    runs = {(r.coding, r.initialisation, r.forget_bias, r.curriculum, r.length, r.seed)
            for r in options.runs if r.cell == "LSTM"}  # fmt: skip
    assert len(runs) == 2**4 * 4 * 3
    assert ("one-hot", "orthogonal", 3.0, 5, 51, 0) in runs
    assert ("raw", "linear", None, None, 20, 2) in runs
    assert sum(r.cell == "RNN" for r in options.runs) == 2**3 * 4 * 3
    assert {(r.hidden, r.steps, r.engine) for r in options.runs} == {(64, 1500, "numpy")}
    clips = {("LSTM", "Adam", 1.0), ("RNN", "Adam", 0.1)}
    assert {(r.cell, r.optimizer, r.clip) for r in options.runs} == clips
    torch = script("ablation").parse(["--engine", "torch", "--cells", "rnn"])
    assert {(r.cell, r.engine) for r in torch.runs} == {("RNN", "torch")}
    assert torch.out == pathlib.Path("results", "ablation_torch")


# The limit of memory


def climb_of(directory, label, cell, outcomes):
    """Outcomes: length to a list of (accuracy, minutes), one a seed."""
    for length, seeds in outcomes.items():
        for seed, (accuracy, minutes) in enumerate(seeds):
            chosen = run.PRESETS[label](cell, length, seed)
            lab_harness.finish(directory, chosen, accuracy, seconds=60 * minutes)


SOLVED, SLOW, MISSED = (0.999, 1.0), (1.0, 12.0), (0.9989, 2.0)


@pytest.fixture
def climbed(tmp_path):
    climb_of(
        tmp_path,
        "tuned",
        "RNN",
        {
            6: [SOLVED] * 5,
            10: [SOLVED] * 4 + [MISSED],  # 80 % are enough
            20: [SOLVED] * 3 + [MISSED] * 2,
            5: [MISSED] * 5,
            11: [SOLVED] * 5,  # beyond a failure nothing counts
        },
    )
    climb_of(tmp_path, "faithful", "LSTM", {6: [SOLVED] * 5, 10: [SLOW] * 5, 11: [SOLVED] * 5})
    return tmp_path


def test_a_climb_ends_at_the_first_length_that_most_seeds_miss(climbed):
    records = drawing.read(climbed)
    found = {
        (climb.cell, climb.label, climb.parity): (climb.longest, climb.failed, climb.reason)
        for climb in figures_reach.climbs(records, 10)
    }
    assert found == {
        ("RNN", "tuned", "even"): (10, 20, "unsolved"),
        ("RNN", "tuned", "odd"): (None, 5, "unsolved"),
        ("LSTM", "faithful", "even"): (6, 10, "minutes"),
        ("LSTM", "faithful", "odd"): (11, None, ""),
    }
    unlimited = figures_reach.climbs(records, math.inf)
    (lstm,) = (climb for climb in unlimited if (climb.cell, climb.parity) == ("LSTM", "even"))
    assert (lstm.longest, lstm.failed, lstm.minutes) == (10, None, 12.0)
    (rnn,) = (climb for climb in unlimited if (climb.cell, climb.parity) == ("RNN", "even"))
    assert figures_reach.seeds_longest(records, rnn, math.inf) == [20, 20, 20, 10, 6]


def test_the_tables_beside_the_limit(climbed):
    lab_harness.needs("matplotlib")
    assert figures_reach.reach(climbed, 10).read_bytes().startswith(b"\x89PNG")
    rows = lab_harness.rows_of(climbed / "memory_limit.csv")
    assert [(r["cell"], r["parity"], r["longest"], r["reason"]) for r in rows] == [
        ("RNN", "odd", "", "unsolved"),
        ("RNN", "even", "10", "unsolved"),
        ("LSTM", "even", "6", "minutes"),
        ("LSTM", "odd", "11", ""),
    ]
    (step,) = (
        row
        for row in lab_harness.rows_of(climbed / "memory_limit_steps.csv")
        if (row["cell"], row["length"]) == ("RNN", "20")
    )
    assert (step["seeds"], step["solved"], step["passed"]) == ("5", "3", "False")
    assert (step["minutes"], step["slowest"]) == ("1.0", "2.0")
    assert len(lab_harness.rows_of(climbed / "memory_limit_runs.csv")) == 40


def test_bars_end_at_the_longest_length_and_crosses_at_the_failed(climbed, Figure):
    axes = Figure().subplots()
    records = drawing.read(climbed)
    figures_reach.draw(axes, figures_reach.climbs(records, 10), records, 10)
    ends = sorted(bar.get_window_extent().x1 for bar in axes.patches)
    ends = axes.transData.inverted().transform([(end, 0) for end in ends])[:, 0]
    assert ends == pytest.approx([4, 6, 10, 11])
    places = [
        place
        for collection in axes.collections
        for place, _ in np.ma.filled(collection.get_offsets(), np.nan).tolist()
        if not math.isnan(place)
    ]
    dots = [20] * 3 + [10] + [6] + [6] * 5 + [11] * 5
    crosses = [20, 5, 10]
    assert sorted(places) == sorted(dots + crosses)
    assert set(texts(axes)) == {
        "even: T = 10, 1.0 min",
        "odd: none",
        "even: T = 6, 1.0 min; then too slow",
        "odd: T = 11, 1.0 min",
    }


def test_the_limit_goes_on_with_those_that_solve_their_length(tmp_path, monkeypatch, capsys):
    lab_harness.needs("matplotlib")
    memory_limit = script("memory_limit")
    asked = []

    def execute(runs, options):
        runs = list(runs)
        asked.extend((each.cell, each.label, each.length) for each in runs if each.seed == 0)
        reach_of = {"RNN": 10, "LSTM": 29}
        for each in runs:
            solved = each.length <= reach_of[each.cell]
            lab_harness.finish(options.out, each, 1.0 if solved else 0.2, seconds=60 * each.length)
        names = {each.name for each in runs}
        records = [r for r in files.read_all(options.out) if r.run.name in names]
        return sweep.Outcome(records, 0, {})

    monkeypatch.setattr(command_line, "execute", execute)
    arguments = "--cells rnn lstm --recipes tuned --longest 50 --minutes 20 --seeds 2 --out"
    assert memory_limit.main([*arguments.split(), os.fspath(tmp_path)]) == 0
    assert [length for cell, _, length in asked if cell == "RNN"] == [6, 5, 10, 11, 20]
    # T = 21 takes 21 minutes, so the odd climb ends there; 30 is the next even one.
    assert [length for cell, _, length in asked if cell == "LSTM"] == [6, 5, 10, 11, 20, 21, 30]
    table = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()[-3:-1]]
    assert table[0] == "RNN, tuned 10 5 20 and 11 unsolved 10.0 and 5.0"
    assert table[1] == "LSTM, tuned 20 11 30 and 21 unsolved and minutes 20.0 and 11.0"


def test_the_limit_learns_every_length_from_scratch_with_chrono_where_asked():
    memory_limit = script("memory_limit")
    options = memory_limit.parse(["--steps", "10"])
    chosen = memory_limit.choose_run(("chrono", "LSTM", 1), 30, 4, options)
    assert chosen == run.tuned("LSTM", 31, 4, label="chrono", chrono=True, steps=10)
    chosen = memory_limit.choose_run(("faithful", "RNN", 0), 5, 0, options)
    assert chosen == run.faithful("RNN", 6, 0, steps=10)


def test_both_sides_of_the_benchmark_go_through_the_same_fresh_batches(monkeypatch):
    for needed in ("torch", "threadpoolctl"):
        pytest.importorskip(needed, reason=f"needs {needed}: pip install 'handrnn[test]'")
    benchmark = script("benchmark")
    pair = benchmark.TrainingPair("RNN", "float32", (7, 4, 8))
    seen = {"mine": [], "theirs": []}
    for side, batches in seen.items():
        learner = getattr(pair, side)
        monkeypatch.setattr(learner, "update", lambda x, target, to=batches: to.append(x.tobytes()))
    for _ in range(benchmark.BATCHES + 1):
        pair.handrnn()
        pair.torch()
    assert seen["mine"] == seen["theirs"]
    assert len(set(seen["mine"])) == benchmark.BATCHES == 50
    assert seen["mine"][-1] == seen["mine"][0]


def test_what_is_published_is_written_whole(tmp_path, monkeypatch):
    """A kill between leaves the README and the figures as they were."""
    readme = script("readme")
    page, other = tmp_path / "README.md", tmp_path / "other.md"
    monkeypatch.setattr(readme, "PAGES", [other, page])
    monkeypatch.setattr(readme, "FIGURES", tmp_path / "figures")
    other.write_text("Nothing of x.")
    page.write_text("<!-- x -->\nold\n<!-- /x -->\n")
    made = tmp_path / "made.png"
    made.write_bytes(b"new")
    made.with_suffix(".csv").write_text("a,b")
    readme.publish("x", ["a"], [["1"]], "Said.", made)
    assert page.read_text() == "<!-- x -->\n| a |\n| --- |\n| 1 |\n\nSaid.\n<!-- /x -->\n"
    assert {p.name: p.read_text() for p in readme.FIGURES.iterdir()} == {
        "made.png": "new",
        "made.csv": "a,b",
    }
    assert other.read_text() == "Nothing of x."
    with pytest.raises(ValueError, match="section y"):
        readme.replace("y", "newer")
    monkeypatch.setattr(os, "fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        readme.replace("x", "newer")
    made.write_bytes(b"newer")
    with pytest.raises(ZeroDivisionError):
        readme.copy(made)
    assert "Said." in page.read_text()
    assert (readme.FIGURES / "made.png").read_bytes() == b"new"


# Command lines


@pytest.mark.parametrize("name", ["accuracy_vs_length", "ablation", "memory_limit"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds: 0: at least 1 is allowed"),
        (["--workers", "-2"], "--workers: -2: at least 1 is allowed"),
        (["--steps", "0"], "at least 1"),
        (["--cells", "GPU"], "(choose from"),
        (["--engine", "jax"], "(choose from"),
        (["--smoke", "--readme"], "--smoke trains too little for --readme"),
        (["--workers", "3", "--dask", "tcp://localhost:1"], "not allowed with argument"),
    ],
)
def test_scripts_say_what_is_allowed(name, arguments, message, capsys):
    with pytest.raises(SystemExit) as leaving:
        script(name).main(arguments)
    assert leaving.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--longest", "4"], "--longest 4: the climb starts at 5"),
        (["--minutes", "0"], "--minutes 0: more than 0 is allowed"),
    ],
)
def test_the_limit_says_what_is_allowed(arguments, message, capsys):
    with pytest.raises(SystemExit):
        script("memory_limit").main(arguments)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("lengths", [["1"], ["ten"]])
def test_lengths_are_checked_before_anything_runs(lengths, capsys):
    for name in ("accuracy_vs_length", "ablation"):
        with pytest.raises(SystemExit):
            script(name).main(["--lengths", *lengths])
        assert lengths[0] in capsys.readouterr().err


def test_accuracy_vs_length_asks_for_the_runs_one_would_guess():
    parse = script("accuracy_vs_length").parse
    arguments = "--lengths 5 7 --seeds 2 --cells rnn reluRNN --preset tuned --steps 10"
    options = parse(arguments.split())
    assert options.runs == [
        run.tuned(cell, length, seed, steps=10)
        for cell in ("RNN", "reluRNN")
        for length in (5, 7)
        for seed in (0, 1)
    ]
    assert options.out == pathlib.Path("results", "accuracy_vs_length_10_updates")
    assert (options.workers, options.dask) == (2, None)
    asked = {(each.label, each.cell, each.length) for each in parse([]).runs}
    assert {cell for _, cell, _ in asked} == {"RNN", "LSTM"}
    for cell in ("RNN", "LSTM"):
        assert ("tuned", cell, 51) in asked
        assert {("faithful", cell, T) for T in (10, 20)} <= asked
    assert ("faithful", "LSTM", 50) in asked, "where it breaks"
    assert ("tuned", "GRU", 51) in {
        (each.label, each.cell, each.length) for each in parse(["--cells", "GRU"]).runs
    }


def test_the_short_table_has_the_longest_lengths_solved(palindromes):
    head, rows = script("accuracy_vs_length").summary(drawing.read(palindromes))
    assert head == ["longest T solved", "faithful", "tuned"]
    assert sorted(rows) == [
        ["GRU", "none", "-"],
        ["LSTM", "-", "20"],
        ["RNN", "5", "-"],
    ]


def test_the_tables_entries_are_medians_and_solved_seeds(palindromes):
    table = script("accuracy_vs_length").table(drawing.read(palindromes))
    lines = command_line.aligned(*table).splitlines()
    assert [line.split() for line in lines] == [
        ["T", "5", "20", "21", "L99"],
        ["faithful", "RNN", "1.0000", "3/3", "0.1200", "1/3", "-", "5"],
        ["faithful", "GRU", "-", "0.2000", "0/3", "-", "none"],
        ["tuned", "LSTM", "-", "0.9995", "3/3", "0.9800", "1/3", "20"],
    ]


def test_a_run_that_fails_is_told_and_the_others_are_drawn(palindromes, monkeypatch, capsys):
    lab_harness.needs("matplotlib")
    records = [record for record in drawing.read(palindromes) if record.run.length == 20]
    outcome = sweep.Outcome(records, 9, {"tuned-RNN-T050-seed0": "FloatingPointError: the loss"})
    monkeypatch.setattr(command_line, "execute", lambda *_: outcome)
    # No run of T = 50 is finished, so there is no learning curve of this length.
    arguments = ["--out", os.fspath(palindromes), "--per-length", "--lengths", "20", "50"]
    assert script("accuracy_vs_length").main(arguments) == 1
    said = capsys.readouterr()
    assert said.err == "tuned-RNN-T050-seed0 failed: FloatingPointError: the loss\n"
    assert said.out.splitlines()[-2:] == [
        f"figure: {palindromes / 'learning_T020.png'}",
        f"figure: {palindromes / 'accuracy_vs_length.png'}",
    ]
    assert (palindromes / "learning_T020.csv").exists()


@pytest.mark.parametrize("name", ["accuracy_vs_length", "ablation", "memory_limit"])
def test_failures_are_told_though_nothing_can_be_drawn(name, tmp_path, monkeypatch, capsys):
    lab_harness.needs("matplotlib")
    outcome = sweep.Outcome([], 0, {"tuned-RNN-T005-seed0": "MemoryError: no more"})
    monkeypatch.setattr(command_line, "execute", lambda *_: outcome)
    assert script(name).main(["--smoke", "--out", os.fspath(tmp_path)]) == 1
    assert capsys.readouterr().err == "tuned-RNN-T005-seed0 failed: MemoryError: no more\n"
    assert list(tmp_path.iterdir()) == []


def test_failures_are_told_after_a_drawing_that_fails(palindromes, monkeypatch, capsys):
    lab_harness.needs("matplotlib")
    outcome = sweep.Outcome(drawing.read(palindromes), 15, {"a-run": "MemoryError: no more"})
    monkeypatch.setattr(command_line, "execute", lambda *_: outcome)
    lab_harness.finish(palindromes, run.tuned("RNN", 30, 0, task="temporal_order"), 0.3)
    assert script("accuracy_vs_length").main(["--out", os.fspath(palindromes)]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert "several tasks" in first
    assert second == "a-run failed: MemoryError: no more"


def test_the_climb_and_its_figure_count_the_same_seeds(tmp_path, monkeypatch, capsys):
    """A seed that failed to run counts in neither."""
    lab_harness.needs("matplotlib")

    def execute(runs, options):
        runs = [each for each in runs if each.seed < 2]
        for each in runs:
            lab_harness.finish(options.out, each, 1.0 if each.length <= 10 else 0.2)
        records = [r for r in files.read_all(options.out) if r.run in runs]
        return sweep.Outcome(records, 0, {f"{runs[0].name[:-1]}2": "MemoryError: no more"})

    monkeypatch.setattr(command_line, "execute", execute)
    arguments = "--cells rnn --recipes tuned --longest 50 --seeds 3 --out"
    assert script("memory_limit").main([*arguments.split(), os.fspath(tmp_path)]) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 3, "T = 6, 10 and 20"
    assert "T = 10: climbs that go on: 1" in said.out
    (even, odd) = figures_reach.climbs(drawing.read(tmp_path), math.inf)[::-1]
    found = {each.parity: (each.longest, each.failed) for each in (even, odd)}
    assert found == {"even": (10, 20), "odd": (5, 11)}


def test_a_cluster_executes_what_it_is_asked_to(tmp_path, monkeypatch):
    lab_harness.needs("matplotlib")
    lab_harness.needs("filelock")
    addresses, executed = [], []

    class Here(concurrent.futures.Executor):
        def submit(self, fn, /, *args, **kwargs):
            executed.append(args[0].name)
            future = concurrent.futures.Future()
            future.set_result(fn(*args, **kwargs))
            return future

    @contextlib.contextmanager
    def cluster(address):
        addresses.append(address)
        yield Here()

    monkeypatch.setattr(executors, "dask_cluster", cluster)
    arguments = "--smoke --cells LSTM --seeds 1 --lengths 4 --preset tuned --dask tcp://there:1"
    asked = script("accuracy_vs_length")
    assert asked.main([*arguments.split(), "--out", os.fspath(tmp_path)]) == 0
    assert addresses == ["tcp://there:1"]
    assert executed == ["tuned-LSTM-T004-seed0"]


def test_ctrl_c_is_told_with_how_to_go_on(tmp_path, monkeypatch, capsys):
    lab_harness.needs("matplotlib")

    def interrupt(runs, directory, *_, **__):
        lab_harness.finish(directory, runs[0], 1.0, checks=[training.Check(3000, 5, 1.0, 1.0, 1.0)])
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "sweep", interrupt)
    arguments = ["--smoke", "--cells", "RNN", "--recipes", "tuned", "--out", os.fspath(tmp_path)]
    assert script("memory_limit").main(arguments) == 130
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"interrupted: 1 of 2 runs are finished in {tmp_path}; the same command")


@pytest.mark.long
@pytest.mark.parametrize("name", ["ablation", "memory_limit"])
def test_the_smoke_runs(name, tmp_path, capsys):
    lab_harness.needs("matplotlib")
    lab_harness.needs("filelock")
    arguments = ["--smoke", "--cells", "RNN", "--no-progress", "--out", os.fspath(tmp_path)]
    assert script(name).main(arguments) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines()[-1] == f"figure: {tmp_path / f'{name}.png'}"
    for suffix in (".png", ".svg", ".csv", "_runs.csv"):
        assert (tmp_path / f"{name}{suffix}").stat().st_size > 100
