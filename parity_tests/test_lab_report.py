"""The report of a sweep: what stands in it, and what it says of directories that are not sound."""

import argparse
import base64
import csv
import dataclasses
import html.parser
import json
import os
import sys

import pytest

from handrnn.lab import files, report, run, settings
from parity_tests import lab_harness

for needed in ("matplotlib", "filelock"):
    lab_harness.needs(needed)

TINY = lab_harness.TINY
WHEN = 1_700_000_000  # 2023-11-14 22:13:20 UTC


def write_run(directory, each, when=WHEN):
    """Execute a run; say that it took a minute and a half, and when it was finished."""
    path = directory / each.name
    lab_harness.execute(each, path)
    done = json.loads((path / files.DONE).read_text())
    (path / files.DONE).write_text(json.dumps({**done, "seconds": 90.0}))
    os.utime(path / files.DONE, (when, when))


@pytest.fixture
def sweep(tmp_path):
    """Two recipes, two lengths; the later of them finished an hour after the first."""
    directory = tmp_path / "a sweep"
    directory.mkdir()
    write_run(directory, run.faithful("RNN", 5, 0, **TINY))
    write_run(directory, run.tuned("RNN", 5, 0, **TINY))
    write_run(directory, run.tuned("LSTM", 6, 1, **TINY), WHEN + 3600)
    return directory


@pytest.fixture
def no_pictures(monkeypatch):
    """Where pictures are not the question, none are drawn: they take most of the time."""
    monkeypatch.setattr(report.Contents, "pictures", lambda contents: [])


class Page(html.parser.HTMLParser):
    """Tables of a page as lists of rows, its images, headings, notes, and all tags."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.images, self.tags, self.texts = [], [], [], {}
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open = tag
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data):
        self.texts.setdefault(self.open, []).append(data.strip())
        if self.open in ("td", "th"):
            self.tables[-1][-1][-1] += data.strip()

    def handle_endtag(self, tag):
        self.open = ""

    def table(self, *head):
        """The rows of the only table that begins with these columns."""
        (found,) = [rows[1:] for rows in self.tables if rows[0][: len(head)] == list(head)]
        return found


def page(directory):
    path = report.html(directory)
    assert path == directory / "report.html"
    return Page(path.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("no_pictures")
def test_a_row_a_run_with_its_result(sweep):
    rows = page(sweep).table("label", "cell", "length", "seed")
    expected = []
    for name in ("faithful-RNN-T005-seed0", "tuned-RNN-T005-seed0", "tuned-LSTM-T006-seed1"):
        record = files.read(sweep / name)
        assert record is not None
        each, result = record.run, record.result
        memory = json.loads((sweep / name / files.DONE).read_text())["peak_memory_mib"]
        settings = [each.label, each.cell, str(each.length), str(each.seed)]
        accuracy = [f"{result.accuracy:.4f}", str(result.accuracy_step)]
        ended = [result.stopped, str(result.steps), "90.0"]
        expected.append([*settings, *accuracy, *ended, f"{memory:,.0f}", result.fingerprint[:12]])
    assert rows == expected


@pytest.mark.usefixtures("no_pictures")
def test_settings_are_told_apart_into_shared_and_different(sweep):
    there = page(sweep)
    varied = dict(there.table("setting", "values"))
    assert varied["label"] == "faithful, tuned"
    assert varied["length"] == "5, 6"
    assert varied["rate"] == "0.001, 0.002"
    assert varied["forget_bias"] == "3.0, none"
    folded = there.table("setting", "value", "setting", "value")
    common = {row[i]: row[i + 1] for row in folded for i in range(0, len(row), 2)}
    common.pop("", None)
    assert common["hidden"] == "8"
    assert common["chrono"] == "False"
    names = {field.name for field in dataclasses.fields(run.Run)}
    assert common.keys() | varied.keys() == names
    assert not common.keys() & varied.keys()


@pytest.mark.usefixtures("no_pictures")
def test_summary_and_versions(sweep):
    there = page(sweep)
    assert there.texts["p"][0] == (
        "3 finished runs; finished 2023-11-14 22:13 to 2023-11-14 23:13 UTC, "
        "4 minutes of training in all."
    )
    done = json.loads((sweep / "tuned-RNN-T005-seed0" / files.DONE).read_text())
    assert there.table("python", "numpy", "handrnn") == [[*done["versions"].values(), "3"]]


def test_the_page_needs_nothing_beside_it(sweep):
    """No script, no link, and every picture is in the page; they hold no way out either."""
    there = page(sweep)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in there.tags}
    assert all("href" not in attributes for _, attributes in there.tags)
    assert [image["alt"] for image in there.images] == [
        "palindrome: accuracy against length",
        "palindrome: learning curves at T = 5",
        "palindrome: learning curves at T = 6",
    ]
    for image in there.images:
        kind, _, encoded = image["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        svg = base64.b64decode(encoded).decode()
        assert "<svg" in svg
        assert 'href="http' not in svg


@pytest.mark.long
def test_only_the_page_is_written_and_always_the_same(sweep):
    before = {path: path.stat().st_mtime_ns for path in sweep.rglob("*")}
    first = report.html(sweep).read_bytes()
    assert report.html(sweep).read_bytes() == first
    (sweep / "report.html").unlink()
    path = report.html(sweep, sweep.parent / "elsewhere.html")
    assert path.read_bytes() == first
    assert {each for each in sweep.rglob("*") if each.is_file()} == {
        each for each in before if each.is_file()
    }


@pytest.mark.long
def test_each_task_has_its_figures(sweep):
    write_run(sweep, run.faithful("GRU", 9, 0, label="other", task="adding", **TINY))
    there = page(sweep)
    assert [image["alt"] for image in there.images][2:] == [
        "palindrome: learning curves at T = 6",
        "adding: accuracy against length",
        "adding: learning curves at T = 9",
        "adding: gradients at the hidden states",
    ]
    assert there.table("label", "task")[-1][:5] == ["other", "adding", "GRU", "9", "0"]


@pytest.fixture
def drawn(monkeypatch):
    """The functions that pictures are drawn by, in order; they are not called."""
    asked = []

    def picture(self, caption, draw, copies):
        asked.append(caption)
        return report.Picture(caption, why_not="not drawn here")

    monkeypatch.setattr(report.Contents, "_picture", picture)
    return asked


def test_crossed_recipes_are_a_heat_map(tmp_path):
    crossed = {"coding": ["raw", "one-hot"], "curriculum": ["none", 5], "forget_bias": ["none", 3]}
    for each in settings.runs({"preset": "tuned", "cell": "LSTM", "length": 9, **crossed}):
        lab_harness.finish(tmp_path, each, 1.0)
    pictures = report.read(tmp_path).pictures()
    assert [(picture.caption, bool(picture.svg)) for picture in pictures] == [
        ("palindrome: accuracy against length", False),
        ("palindrome: seeds that solve each combination", True),
    ]
    assert "8 recipes beside 'faithful' are too many for one figure" in pictures[0].why_not


def test_a_climb_has_its_bars(tmp_path, drawn):
    for length in (6, 7):
        lab_harness.finish(tmp_path, run.tuned("GRU", length, 0), 1.0)
    report.read(tmp_path).pictures()
    assert "palindrome: the longest length solved" not in drawn, "one of each parity is not a climb"
    lab_harness.finish(tmp_path, run.tuned("GRU", 9, 0), 1.0)
    del drawn[:]
    report.read(tmp_path).pictures()
    assert drawn[:2] == [
        "palindrome: accuracy against length",
        "palindrome: the longest length solved",
    ]
    assert "palindrome: gradients at the hidden states" not in drawn


@pytest.mark.long
def test_one_recipe_at_one_length_has_its_gradients(tmp_path):
    each = run.tuned("RNN", 5, 0, **TINY)
    write_run(tmp_path, each)
    picture = report.read(tmp_path).pictures()[-1]
    assert picture.caption == "palindrome: gradients at the hidden states"
    assert picture.svg
    (tmp_path / each.name / files.WEIGHTS).unlink()
    picture = report.read(tmp_path).pictures()[-1]
    assert "holds no weights.npz" in picture.why_not


def test_a_figure_that_cannot_be_drawn_leaves_a_line(sweep):
    """Seeds of one curve that differ in more than the seed; all else is there."""
    write_run(sweep, run.tuned("RNN", 5, 7, **{**TINY, "hidden": 9}))
    there = page(sweep)
    assert there.images == []
    note = " ".join(there.texts["p"])
    assert "palindrome: accuracy against length: a sweep: the seeds of tuned RNN" in note
    assert "handrnn-" not in note
    assert len(there.table("label", "cell")) == 4


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def without(path, name):
    config = json.loads(path.read_text())
    del config[name]
    path.write_text(json.dumps(config))


def with_result(path, **changes):
    done = json.loads(path.read_text())
    done["result"] |= changes
    path.write_text(json.dumps(done))


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda path: cut(path / "config.json"), "config.json cannot be read"),
        (lambda path: (path / "config.json").unlink(), "config.json cannot be read: No such file"),
        (lambda path: (path / "config.json").write_text("[]"), "config.json cannot be read: "),
        (lambda path: without(path / "config.json", "clip"), "config.json was not written by this"),
        (lambda path: cut(path / "done.json"), "done.json is damaged"),
        (lambda path: with_result(path / "done.json", accuracy="high"), "done.json is damaged"),
        (lambda path: with_result(path / "done.json", more=1), "done.json is damaged"),
        (lambda path: cut(path / "metrics.csv"), "metrics.csv is damaged"),
        (lambda path: (path / "metrics.csv").unlink(), "metrics.csv is damaged"),
        (lambda path: (path / "done.json").unlink(), "not finished: at update 4 of 4, with"),
        (
            lambda path: [(path / name).unlink() for name in ("done.json", "metrics.csv")],
            "no check has been made yet",
        ),
    ],
)
def test_a_run_without_a_result_is_told_and_the_others_stay(sweep, damage, why):
    path = sweep / "tuned-RNN-T005-seed0"
    damage(path)
    there = page(sweep)
    ((name, said),) = there.table("run", "why")
    assert name == path.name
    assert said.startswith(why)
    assert len(there.table("label", "cell")) == 2


def test_figures_are_of_the_runs_that_are_sound(sweep):
    cut(sweep / "tuned-RNN-T005-seed0" / files.DONE)
    cut(sweep / "tuned-LSTM-T006-seed1" / files.METRICS)
    assert [image["alt"][-5:] for image in page(sweep).images] == ["ength", "T = 5"]


@pytest.mark.usefixtures("no_pictures")
def test_a_directory_under_another_name_is_told(sweep):
    (sweep / "tuned-RNN-T005-seed0").rename(sweep / "copy")
    assert page(sweep).table("run", "why") == [
        ["copy", "the directory holds tuned-RNN-T005-seed0, and is not called so"]
    ]


@pytest.mark.usefixtures("no_pictures")
def test_only_unfinished_runs_are_a_report_too(tmp_path):
    each = run.tuned("RNN", 5, 0, **TINY)
    (tmp_path / each.name).mkdir()
    files.write_json(tmp_path / each.name / files.CONFIG, dataclasses.asdict(each))
    there = page(tmp_path)
    assert there.table("run", "why") == [[each.name, "no check has been made yet"]]
    assert there.texts["h2"] == ["Settings", "Without a result"]


@pytest.mark.usefixtures("no_pictures")
def test_names_and_versions_are_escaped(sweep):
    """Names of directories and contents of files are text, whatever they look like."""
    (sweep / "<script>alert(1)<").mkdir()
    (sweep / "<script>alert(1)<" / files.CONFIG).write_text("{")
    done = sweep / "tuned-RNN-T005-seed0" / files.DONE
    content = json.loads(done.read_text())
    content["versions"]["numpy"] = "<img src=x>"
    done.write_text(json.dumps(content))
    odd = sweep.rename(sweep.with_name("<b>sweep & <i>more"))
    there = page(odd)
    assert there.texts["h1"] == ["<b>sweep & <i>more"]
    assert there.table("run", "why")[0][0] == "<script>alert(1)<"
    assert "<img src=x>" in [row[1] for row in there.table("python", "numpy")]
    assert not {"script", "b", "i", "img"} & {tag for tag, _ in there.tags}


@pytest.mark.parametrize("write", [report.html, report.notebook])
def test_what_is_no_sweep_is_said(tmp_path, write):
    with pytest.raises(ValueError, match="is not a directory"):
        write(tmp_path / "nothing")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("run something")
    with pytest.raises(ValueError, match="holds no run: there is nothing to report"):
        write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes"]


@pytest.mark.parametrize("write", [report.html, report.notebook])
def test_a_place_that_is_not_there_is_named(sweep, tmp_path, write):
    with pytest.raises(ValueError, match="missing is not a directory"):
        write(sweep, tmp_path / "missing" / "report")


@pytest.mark.usefixtures("no_pictures")
def test_a_place_that_cannot_be_written_is_named(sweep, tmp_path):
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(OSError, match=r"taken\.html"):
        report.html(sweep, tmp_path / "taken.html")
    assert list((tmp_path / "taken.html").iterdir()) == []


@pytest.mark.parametrize(
    ("write", "missing", "extra"),
    [
        (report.html, "matplotlib", "plots"),
        (report.notebook, "nbclient", "report"),
        (report.notebook, "ipykernel", "report"),
    ],
)
def test_a_missing_package_is_one_line(sweep, monkeypatch, write, missing, extra):
    for name in ("nbformat", "ipykernel", "nbclient"):
        monkeypatch.setitem(sys.modules, name, sys)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'handrnn\[{extra}\]'$"):
        write(sweep)


def command(*arguments):
    """What the laboratory's command line does with the subcommand."""
    parser = argparse.ArgumentParser()
    report.add_command(parser.add_subparsers(required=True))
    options = parser.parse_args(["report", *map(str, arguments)])
    return options.run(options)


@pytest.mark.usefixtures("no_pictures")
def test_command(sweep, tmp_path, capsys, monkeypatch):
    """By default the page in the directory; else what is asked for, where it is asked for."""
    asked = []
    monkeypatch.setattr(
        report, "notebook", lambda directory, path: asked.append(path) or "the notebook"
    )
    assert command(sweep) == 0
    assert capsys.readouterr().out == f"{sweep / 'report.html'}\n"
    assert command(sweep, "--html", tmp_path / "x.html") == 0
    assert (tmp_path / "x.html").exists()
    capsys.readouterr()
    assert command(sweep, "--notebook") == 0
    assert command(sweep, "--html", "--notebook", "n.ipynb") == 0
    assert asked[0] is None
    assert str(asked[1]) == "n.ipynb"
    assert capsys.readouterr().out.split("\n") == [
        "the notebook",
        str(sweep / "report.html"),
        "the notebook",
        "",
    ]


@pytest.fixture
def jupyter():
    for name in ("nbformat", "nbclient", "ipykernel"):
        lab_harness.needs(name, "report")


@pytest.mark.long
@pytest.mark.usefixtures("jupyter")
def test_the_notebook_is_executed_and_says_what_the_page_says(sweep, tmp_path):
    import nbformat

    (sweep / "tuned-RNN-T005-seed0" / files.DONE).unlink()
    path = report.notebook(sweep, tmp_path / "out.ipynb")
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    codes = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in codes] == list(range(1, len(codes) + 1))
    outputs = [output for cell in codes for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    assert not any(output.get("name") == "stderr" for output in outputs)
    contents = report.read(sweep)
    assert outputs[0].text.strip() == contents.summary()
    pictures = [
        output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3
    assert all(base64.b64decode(png).startswith(b"\x89PNG") for png in pictures)
    shown = [
        output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})
    ]
    tables = (
        contents.varied(),
        contents.common(),
        contents.results(),
        contents.failures(),
        contents.versions(),
    )
    assert shown == [table._repr_html_() for table in tables]
    assert str(tmp_path) not in path.read_text()


@pytest.mark.usefixtures("jupyter")
def test_a_notebook_that_stops_leaves_nothing(sweep, tmp_path, monkeypatch):
    """The sweep is taken away between the first look and the notebook's own."""
    cells = report._cells
    monkeypatch.setattr(report, "_cells", lambda contents, directory: cells(contents, "gone"))
    with pytest.raises(ValueError, match="notebook stopped: ValueError: gone is not a directory"):
        report.notebook(sweep, tmp_path / "out.ipynb")
    assert [path.name for path in tmp_path.iterdir()] == ["a sweep"]


# ---------------------------------------------------------------------------------------- a table


@pytest.fixture
def finished(tmp_path):
    """Two finished runs, and one that is under way."""
    lab_harness.finish(tmp_path, run.tuned("LSTM", 6, 1, **TINY), 0.75, seconds=2.5, steps=3000)
    lab_harness.finish(tmp_path, run.faithful("RNN", 5, 0, **TINY), 0.5)
    (tmp_path / "under way").mkdir()
    (tmp_path / "under way" / files.CONFIG).write_text("{}")
    return tmp_path


def test_a_table_has_a_row_a_run_and_every_setting_and_result(finished):
    table = files.table(finished)
    records = files.read_all(finished)
    assert {len(column) for column in table.values()} == {len(records)} == {2}
    for row, record in enumerate(records):
        expected = {**dataclasses.asdict(record.result), **dataclasses.asdict(record.run)}
        expected |= {"name": record.run.name, "seconds": record.seconds}
        expected |= {"updates": record.result.steps, "steps": record.run.steps}
        assert {name: column[row] for name, column in table.items()} == expected
    assert table["steps"] == [TINY["steps"]] * 2
    assert table["updates"] == [3000] * 2
    assert sorted(table["accuracy"]) == [0.5, 0.75]


def test_the_csv_is_the_table(finished, tmp_path, capsys):
    assert command(finished, "--csv", tmp_path / "x.csv") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'x.csv'}\n"
    assert not (finished / "report.html").exists()
    with (tmp_path / "x.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    table = files.table(finished)
    assert head == list(table)
    texts = [["" if value is None else str(value) for value in column] for column in table.values()]
    assert rows == [list(row) for row in zip(*texts, strict=True)]
    with pytest.raises(ValueError, match="--html and --csv cannot both write"):
        command(finished, "--html", tmp_path / "x.csv", "--csv", tmp_path / "x.csv")
    assert command(finished, "--csv") == 0
    assert (finished / "report.csv").read_bytes() == (tmp_path / "x.csv").read_bytes()


def test_a_table_of_nothing(tmp_path):
    assert set(map(len, files.table(tmp_path).values())) == {0}
    with pytest.raises(ValueError, match="holds no finished run"):
        report.csv(tmp_path)
    for read in (files.table, report.csv):
        with pytest.raises(ValueError, match="x is not a directory"):
            read(tmp_path / "x")
