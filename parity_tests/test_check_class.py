"""A class: whose a file is, archives as they are downloaded, and what is written of students."""

import csv
import io
import json
import re
import stat
import tempfile
import zipfile
from pathlib import Path, PurePath

import pytest

from handrnn.check import cli
from handrnn.check.judge import judge
from handrnn.check.load import archives, collecting, students
from handrnn.check.report import data, feedback, page

PROGRAM = b"def lstm_forward(): pass"


def archive(path, **members):
    """A zip file; members by name, "/" written as "__"."""
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in members.items():
            opened.writestr(name.replace("__", "/"), content)
    return path


def written(members):
    """The bytes of a zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return stream.getvalue()


def collected(tmp_path, path):
    scratch = Path(tempfile.mkdtemp(dir=tmp_path))
    return collecting.Collector(scratch).collect(str(path))


# ------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("path", "folder", "student"),
    [
        ("Anna de Vries_4711_assignsubmission_file_/src/a.py", "hw", "Anna de Vries (4711)"),
        ("Anna Ö_4711_assignsubmission_file_a_1.py", "hw", "Anna Ö (4711)"),  # one flat folder
        ("Participant 12_4711_assignsubmission_file/a.py", "hw", "Participant 12 (4711)"),
        ("vriesanna_4711_98765_my_lstm-1.ipynb", "submissions", "vriesanna (4711)"),
        ("vriesanna_LATE_4711_98765_my_lstm.py", "submissions", "vriesanna (4711)"),
        ("lstm-anna-v/src/a.py", "lstm-submissions", "anna-v"),
        ("lstm-anna-v/a.py", "elsewhere", "lstm-anna-v"),
        ("anna/ps1/a.ipynb", "submitted", "anna"),
        ("anna.zip/a.py", "hw", "anna"),
        ("anna.py", "hw", "anna"),
        ("my_lstm_2.py", "hw", "my_lstm_2"),
    ],
)
def test_whose_a_file_is(path, folder, student):
    assert students.student(PurePath(path), folder) == student


# ---------------------------------------------------------------------------------------- archives

MOODLE = "{}_{}_assignsubmission_file_/{}".format


def test_an_archive_as_moodle_writes_it(tmp_path):
    """With an archive in it, one that is broken, and a student without a program."""
    members = {
        MOODLE("Bert B", 2, "a.py"): PROGRAM,
        MOODLE("Anna A", 1, "a.ipynb"): b"{}",
        MOODLE("Cem C", 3, "hw.zip"): written({"hw/a.py": PROGRAM, "__MACOSX/hw/._a.py": b""}),
        MOODLE("Dora D", 4, "scan.pdf"): b"%PDF",
        MOODLE("Emil E", 5, "hw.zip"): b"no archive",
    }
    path = tmp_path / "class.zip"
    path.write_bytes(written(members))
    found = collected(tmp_path, path)
    names = ["Anna A (1)", "Bert B (2)", "Cem C (3)", "Dora D (4)", "Emil E (5)"]
    assert [one.student for one in found] == names
    assert found[0].shown == str(path / MOODLE("Anna A", 1, "a.ipynb"))
    assert found[2].shown.endswith("hw.zip/hw/a.py")
    assert found[2].path.read_bytes() == PROGRAM
    assert found[3].problem == collecting.NOTHING
    assert found[4].problem.startswith("hw.zip: it cannot be unpacked")
    assert not any(one.problem for one in found[:3])


def test_a_folder_that_is_all_of_an_archive_is_no_student(tmp_path):
    path = archive(tmp_path / "class.zip", hw__anna__a="x", **{"hw__bert.py": PROGRAM})
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr("hw/anna/b.py", PROGRAM)
    assert [one.student for one in collected(tmp_path, path)] == ["anna", "bert"]
    assert collected(tmp_path, f"{path}::lstm_forward")[0].wanted == "lstm_forward"


def test_a_folder_holds_archives(tmp_path):
    class_ = tmp_path / "hw-submissions"
    (class_ / "hw-anna").mkdir(parents=True)
    (class_ / "hw-anna" / "a.py").write_bytes(PROGRAM)
    archive(class_ / "bert.zip", a=b"", **{"a.py": PROGRAM})
    archive(class_ / "pictures.zip", a=b"")
    (class_ / "notes.txt").write_text("")
    assert [one.student for one in collected(tmp_path, class_)] == ["bert", "anna"]


def test_single_files_are_nobodys(tmp_path):
    (tmp_path / "a.py").write_bytes(PROGRAM)
    (one,) = collected(tmp_path, tmp_path / "a.py")
    assert (one.student, one.shown) == ("", str(tmp_path / "a.py"))


def test_the_standard_input_keeps_its_name(monkeypatch, capsys):
    monkeypatch.setattr(judge, "judge", lambda *_, **__: report("<stdin>", data.PASS, ""))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PROGRAM)))
    assert cli.main(["check", "-"]) == 0
    assert capsys.readouterr().out.startswith("<stdin>: 2 of 2 right")


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "a/../../evil.py",
        "/tmp/evil.py",
        "..\\evil.py",
        "C:\\evil.py",
        "C:/evil.py",
        link("evil.py"),
    ],
    ids=str,
)
def test_nothing_lands_outside(tmp_path, name):
    """The archive is refused, and nothing of it is left."""
    inner = tmp_path / "inner"
    inner.mkdir()
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as opened:
        opened.writestr("good.py", PROGRAM)
        opened.writestr(name, b"/etc/passwd")
    with pytest.raises(archives.ArchiveError, match="leads out of it"):
        archives.unpack(tmp_path / "evil.zip", inner / "x", archives.of_class())
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["evil.zip", "inner"]


def test_no_more_is_unpacked_than_there_is_room_for(tmp_path):
    """Whatever the archive says of its sizes; what is no program takes no room."""
    path = archive(tmp_path / "a.zip", **{"a.py": b"#" * 5000, "b.npz": b"0" * 9000})
    archives.unpack(path, tmp_path / "fits", archives.Room(2, 5000))
    assert (tmp_path / "fits" / "b.npz").read_bytes() == b""
    for files, size, said in ((1, 5000, "more files"), (2, 4999, "more program text")):
        with pytest.raises(archives.ArchiveError, match=said):
            archives.unpack(path, tmp_path / "full", archives.Room(files, size))
        assert not (tmp_path / "full").exists()


def test_one_bomb_takes_no_room_from_the_others(tmp_path, monkeypatch):
    bomb, good = written({"a.py": b"#" * 200}), written({"a.py": PROGRAM})
    nested = good
    for _ in range(30):
        nested = written({"a.zip": nested})
    path = tmp_path / "class.zip"
    members = {"anna.zip": bomb, "bert.zip": good, "cem.zip": nested}
    path.write_bytes(written(members))
    monkeypatch.setattr(archives, "of_student", lambda: archives.Room(1500, 300_000))
    monkeypatch.setattr(archives, "of_class", lambda: archives.Room(50, 300_000))
    found = {one.student: one.problem for one in collected(tmp_path, path)}
    assert (found["anna"], found["bert"]) == ("", "")
    assert "more files" in found["cem"]
    monkeypatch.setattr(archives, "of_student", lambda: archives.Room(1500, 100))
    found = {one.student: one.problem for one in collected(tmp_path, path)}
    assert "more program text" in found["anna"]
    assert found["bert"] == ""


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"no archive"])
def test_what_is_no_archive(tmp_path, capsys, content):
    (tmp_path / "class.zip").write_bytes(content)
    assert cli.main(["check", str(tmp_path / "class.zip")]) == 2
    assert "cannot be unpacked" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------- reports

ENTRY = data.Named("no-carry", "WHY", "SECRET", "SECRET", "SECRET")


def report(path, verdict, student, names=("lstm_forward", "lstm_backward")):
    mistakes = (ENTRY,) if verdict == data.FAIL else ()
    functions = {name: data.FunctionReport(name, verdict, mistakes) for name in names}
    return data.FileReport(path, functions, student=student)


@pytest.fixture
def reports():
    files = (
        report("a.py", data.FAIL, "Anna <b>"),
        report("b.py", data.PASS, "Bert/../.. x"),
        report("c.py", data.FAIL, "Cem C"),
        report("c2.py", data.PASS, "Cem C", ("lstm_backward",)),
        report("d.py", data.CRASHED, "anna(b)"),
    )
    return data.Reports(files)


def test_a_student_is_a_row(reports):
    rows = list(csv.DictReader(io.StringIO(cli.report.FORMATS["csv"].render(reports))))
    assert [row["student"] for row in rows] == ["Anna <b>", "Bert/../.. x", "Cem C", "anna(b)"]
    cem = rows[2]
    assert (cem["lstm_forward"], cem["lstm_backward"], cem["passed"]) == ("FAIL", "PASS", "no")
    assert (cem["files"], cem["mistakes"]) == ("c.py; c2.py", "no-carry")
    assert rows[1]["passed"] == "yes"


def test_who_made_which_mistake(reports):
    """The most frequent first, with every name whole and a link to what is said of it."""
    text = page.render(reports)
    table = text[text.index("<table>") : text.index("</table>")]
    rows = [re.sub("<.*?>", " ", row).split() for row in re.findall("<tr>(.*?)</tr>", table)]
    assert [row[:2] for row in rows[1:]] == [["no-carry", "2"], ["CRASHED", "1"]]
    assert ", ".join(f'<a href="#student{k}">' for k in (0, 2)) in re.sub(
        "(?<=>)[^<]*</a>", "", table
    )
    assert 'id="student2"' in text
    hidden = page.render(data.Reports(tuple(f.hinted("place") for f in reports.files)))
    assert "no-carry" not in hidden
    assert "<b>FAIL</b></td><td>2</td>" in hidden


def test_names_are_not_broken():
    """Neither by a line's end nor by what a stranger calls himself."""
    assert re.search(r"\.who a \{ white-space: nowrap", page.STYLE)
    text = page.render(data.Reports((report("a", data.FAIL, "<script>x"), report("b", "", "<i>"))))
    assert text.count("<script>") == 1
    assert "&lt;script&gt;x</a>" in text
    assert "<i>" not in text


def test_feedback_is_a_page_and_a_text_each(reports, tmp_path):
    feedback.write(reports, tmp_path / "new" / "feedback")
    names = sorted(path.name for path in (tmp_path / "new" / "feedback").iterdir())
    stems = ["Anna_b", "Bert_.._.._x", "Cem_C", "anna_b-2"]
    assert names == [f"{stem}.{kind}" for stem in stems for kind in ("html", "txt")]
    cem = (tmp_path / "new" / "feedback" / "Cem_C.txt").read_text()
    assert "c.py: 0 of 2 right" in cem
    assert "c2.py: 1 of 1 right" in cem
    assert "a.py" not in cem
    text = (tmp_path / "new" / "feedback" / "Anna_b.html").read_text("utf-8")
    assert "Anna &lt;b&gt;" in text
    assert "Cem" not in text


def test_a_class_on_the_command_line(tmp_path, monkeypatch, capsys):
    """An archive with points: table, page, feedback, all at the hint that was asked for."""

    def judged(submission, *, wanted, **how):
        return report(str(submission.path), data.FAIL, "", ("lstm_forward",))

    monkeypatch.setattr(judge, "judge", judged)
    monkeypatch.chdir(tmp_path)
    members = {MOODLE("Anna A", 1, "a.py"): PROGRAM, MOODLE("Dora D", 4, "a.pdf"): b""}
    (tmp_path / "class.zip").write_bytes(written(members))
    (tmp_path / "p.toml").write_text(
        "[points]\nlstm_forward = 2\nsoftmax = 1\n[partial]\nFAIL = 0.5"
    )
    options = ["--points", "p.toml", "--hint", "sentence", "--feedback", "out", "--html", "c.html"]
    formats = ["--output-format", "csv=c.csv", "--output-format", "json"]
    assert cli.main(["check", "class.zip", *options, *formats]) == 1
    files = json.loads(capsys.readouterr().out)["files"]
    assert [file["student"] for file in files] == ["Anna A (1)", "Dora D (4)"]
    assert files[0]["path"] == f"class.zip/{MOODLE('Anna A', 1, 'a.py')}"
    rows = list(csv.DictReader((tmp_path / "c.csv").read_text().splitlines()))
    assert [(row["points"], row["possible"]) for row in rows] == [("1", "3"), ("0", "3")]
    assert rows[1]["problems"] == collecting.NOTHING
    assert len(list((tmp_path / "out").iterdir())) == 4
    for path in ("c.html", "c.csv", "out/Anna_A_1.html", "out/Anna_A_1.txt"):
        text = (tmp_path / path).read_text("utf-8")
        assert "no-carry" in text
        assert "SECRET" not in text
    assert cli.main(["check", "class.zip"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["Anna", "A", "(1)", "FAIL"]
    assert collecting.NOTHING in lines[2]
