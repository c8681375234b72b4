"""What the README of the checker tells course systems to do: done by them, where they install."""

import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

import handrnn
from handrnn.check import cli

PAGE = (Path(handrnn.__file__).parent / "check" / "README.md").read_text("utf-8")
WRONG = Path(__file__).parent / "submissions" / "my_lstm.py"
ROOT = Path(handrnn.__file__).parents[1]


def part(title):
    """The first block of code of a course system."""
    found = re.search(rf"^\*\*{title}.*?^```\w*\n(.*?)^```", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def commands(text):
    """The lines of ``handrnn check`` in it; what they write, they may write here."""
    found = re.findall(r"handrnn check [^\"\n]*", text)
    return [re.sub(r"=/\S+/", "=", one).replace('".split())', "").split()[1:] for one in found]


@pytest.mark.parametrize(
    ("title", "many"),
    [("Gradescope", 1), ("PrairieLearn", 1), ("Moodle CodeRunner", 1), ("GitHub Classroom", 3)],
)
def test_commands_for_course_systems_are_understood(title, many):
    found = commands(part(title))
    assert len(found) == many
    for words in found:
        assert cli.parser().parse_args(words).paths


def test_the_workflow_is_one():
    """Each grader has an id that the reporter knows, and its result in the environment."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML: pip install 'handrnn[cluster]'")
    (job,) = yaml.safe_load(part("GitHub Classroom"))["jobs"].values()
    graders = {step["id"]: step["with"] for step in job["steps"] if "id" in step}
    assert all({"test-name", "command", "max-score"} == set(one) for one in graders.values())
    (reporter,) = (step for step in job["steps"] if "grading-reporter" in step.get("uses", ""))
    assert reporter["with"]["runners"].split(",") == list(graders)
    assert reporter["env"] == {
        f"{id.upper()}_RESULTS": f"${{{{steps.{id}.outputs.result}}}}" for id in graders
    }


# --------------------------------------------------------------------------- the graders, for real


@pytest.fixture(scope="session")
def graders(tmp_path_factory):
    """An environment with nbgrader and Otter, which must not change that of the tests."""
    folder = tmp_path_factory.mktemp("graders") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    packages = ["numpy", "scipy", "nbgrader>=0.9", "otter-grader>=6"]
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"nbgrader and otter-grader do not install: {done.stderr[-200:]}")
    return python


def run(python, *arguments, cwd):
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "HOME": str(cwd),
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [python, "-m", *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


NOTEBOOK = """
import json, nbformat, sys
from nbformat import v4
def cell(id, source, **flags):
    about = {"grade": False, "locked": False, "solution": False, "schema_version": 3} | flags
    return v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": id, **about}})
program, test, path = (open(name).read() for name in sys.argv[1:3]), None, sys.argv[3]
program, test = program
cells = [
    cell("answer", program, solution=True, cell_type="code"),
    cell("test", test, grade=True, locked=True, points=5, cell_type="code"),
]
kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), path)
"""

GRADE = """
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    for name in ("anna", "bert"):
        one = book.find_submission("ps1", name)
        print(name, one.score, one.max_score)
"""


@pytest.mark.long
def test_nbgrader_gives_the_points(graders, tmp_path):
    """The cell of the README, on a right notebook and on one with a wrong lstm_backward."""
    course = tmp_path / "course"
    for name in ("source", *(f"submitted/{who}" for who in ("anna", "bert"))):
        (course / name / "ps1").mkdir(parents=True)
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.root = '.'\n")
    (tmp_path / "test.py").write_text(part("nbgrader"))
    (tmp_path / "make.py").write_text(NOTEBOOK)
    right = WRONG.read_text().replace("dc_prev, steps[t])", "dc_prev, steps[t])\n        XX")
    right = re.sub(r"\n +XX", '\n        dc_prev = gradients["dc_prev"]', right)
    programs = {"source": WRONG.read_text(), "submitted/anna": right}
    programs["submitted/bert"] = WRONG.read_text()
    for folder, program in programs.items():
        (tmp_path / "program.py").write_text(program)
        notebook = course / folder / "ps1" / "work.ipynb"
        files = [str(tmp_path / name) for name in ("program.py", "test.py")]
        code = tmp_path / "make.py"
        done = subprocess.run([graders, code, *files, notebook], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    run(graders, "nbgrader", "generate_assignment", "ps1", cwd=course)
    run(graders, "nbgrader", "autograde", "ps1", cwd=course)
    (course / "grade.py").write_text(GRADE)
    lines = run(graders, "grade", cwd=course).splitlines()
    assert lines == ["anna 5.0 5.0", "bert 2.0 5.0"]


@pytest.mark.long
def test_otter_runs_the_test(graders, tmp_path):
    """The file of the README: a right function passes, a wrong one shows the report."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "lstm_backward.py").write_text(part("Otter"))
    (tmp_path / "right.py").write_text("from handrnn.course import lstm_backward\n")
    shutil.copy(WRONG, tmp_path / "wrong.py")
    passed = run(graders, "otter", "check", "right.py", "-q", "lstm_backward", cwd=tmp_path)
    assert "All tests passed!" in passed
    failed = run(graders, "otter", "check", "wrong.py", "-q", "lstm_backward", cwd=tmp_path)
    assert "one-path-not-carried" in failed
    assert "All tests passed!" not in failed
