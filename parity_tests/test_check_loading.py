"""What is read of a submission, and what is left out: files and notebooks of every sort."""

import ast
import codecs
import io
import json
import os
import resource
import sys
import textwrap
import time
import tracemalloc

import numpy as np
import pytest

from handrnn.check.load import loading, sorting
from handrnn.check.run import runner


def parse(text):
    return loading.from_text(textwrap.dedent(text))


def load(tmp_path, content, name="submission.py"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return loading.load(path)


def notebook(*cells, **more):
    """A notebook's text: a str is a code cell, (type, text) a cell of another type."""
    entries = [("code", cell) if isinstance(cell, str) else cell for cell in cells]
    listed = [
        {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
        for kind, text in entries
    ]
    return json.dumps({"cells": listed, "nbformat": 4, "nbformat_minor": 5, **more})


def names(submission, kind):
    """What the kept statements of one kind bind."""
    return [name for chunk in submission.chunks if chunk.kind == kind for name in chunk.names]


def executed(submission):
    """A namespace in which the kept statements of a harmless submission have run."""
    namespace = {}
    for chunk in submission.chunks:
        exec(chunk.code, namespace)
    return namespace


# What is kept --------------------------------------------------------------------------------


def test_training_code_is_left_out(tmp_path):
    """Nothing at the top of the file runs: no print, no file, no plot, no endless loop."""
    ran = tmp_path / "ran"
    submission = parse(f"""
        import numpy as np
        import matplotlib.pyplot as plt
        open({str(ran)!r}, "w").write("ran")
        rate, steps = 0.1, 3
        print("training")
        while True:
            pass
        data = np.load("data.npz")
        plt.plot([1, 2])
        def double(x):
            return 2 * x * np.ones(1) * rate
        assert double(1) == 7
        if __name__ == "__main__":
            def double(x):
                return x
            raise SystemExit
    """)
    assert names(submission, "definition") == ["double"]
    assert names(submission, "constant") == ["rate", "steps"]
    assert names(submission, "import") == ["np"]  # nothing that is kept plots
    outcome = runner.run(submission, [runner.Step("it", "double", [10.0])])["it"]
    assert outcome.value == pytest.approx(2.0)
    assert outcome.stdout == ""
    assert not ran.exists()
    assert submission.notes == [
        "left out 7 statements that are not definitions, imports or simple constants"
    ]
    assert submission.problems == []


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("eps = 1e-8", 1e-8),
        ("rate: float = 2 * -0.5", -1.0),
        ("sizes = [3, (4, 5), {'a': 6}]", [3, (4, 5), {"a": 6}]),
        ("low, high = -1, 1", -1),
        ("eps = np.finfo(np.float64).eps", 2.0**-52),
        ("half = np.float32(0.5)", 0.5),
        ("big = float('inf')", float("inf")),
        ("a = b = 3", 3),
    ],
)
def test_simple_constants_are_kept(constant, value):
    namespace = executed(parse(f"import numpy as np\n{constant}\n"))
    first = constant.replace(":", " ").replace(",", " ").split()[0]
    assert namespace[first] == value


@pytest.mark.parametrize(
    "statement",
    [
        "x = input()",
        "x = open('file').read()",
        "x = np.random.randn(3)",
        "x = [i for i in range(10 ** 12)]",
        "x = train(3)",
        "x = y",
        "x['a'] = 3",
        "x.a = 3",
        "np.allclose = print",
        "x += 1",
        "del x",
        "for x in range(3): pass",
    ],
)
def test_other_statements_are_not(statement):
    submission = parse(f"import numpy as np\n{statement}\n")
    assert submission.chunks == []  # nor the import, which nothing uses


def test_a_constant_that_training_code_changes_is_none():
    """What it would be worth is not known."""
    submission = parse("""
        n_a, parameters, m = 5, {}, 3
        parameters["Wf"] = load()
        rate = 3
        rate = schedule(rate)
        for m in range(3):
            pass
        eps = 1
        def f():
            return n_a, parameters, rate, m, eps
    """)
    assert names(submission, "constant") == ["eps"]


VALUES = """
    import logging
    import os
    import random as chance
    from numpy import *
    from numpy.random import randn as normal
    import numpy as np

    GATES = "f i c o".split()
    KEYS = [f"W{g}" for g in GATES]
    INDEX = {g: k for k, g in enumerate(GATES)}
    INDEX["z"] = len(GATES)
    LAST_FIRST = slice(None, None, -1)
    DEBUG = os.environ.get("RNN_DEBUG", "") != ""
    if DEBUG:
        LEVEL = 2
    else:
        LEVEL = len([k for k in "a"])
    try:
        import no_such_module
        FAST = True
    except ImportError:
        FAST = False
    LEVEL += 1
    log = logging.getLogger(__name__)
    TINY = finfo(float).tiny
    unread = "a b".split()

    def f(x):
        log.debug(x)
        return KEYS, INDEX["o"], INDEX["z"], x[LAST_FIRST], DEBUG, LEVEL, FAST, TINY > 0
"""


def test_values_that_definitions_read_are_kept():
    """However they are made, and what they are made of too."""
    submission = parse(VALUES)
    kept = {*names(submission, "value"), *names(submission, "constant")}
    assert {"GATES", "KEYS", "INDEX", "LAST_FIRST", "DEBUG", "LEVEL", "log", "FAST"} <= kept
    assert not kept & {"unread", "g", "k"}
    outcome = runner.run(submission, [runner.Step("it", "f", [[1, 2, 3]])])["it"]
    expected = (["Wf", "Wi", "Wc", "Wo"], 3, 4, [3, 2, 1], False, 2, False, True)
    assert outcome.value == expected, outcome.error
    assert outcome.globals_read == ()


@pytest.mark.parametrize(
    "statement",
    [
        "x = own(3)",
        "x = np.random.randn(3)",
        "x = normal(3)",
        "x = chance.gauss(0, 1)",
        "x = np.load('weights.npy')",
        "x = open('file').read()",
        "x = data.mean()",
        "x = plt.figure()",
        "x = [own(k) for k in range(3)]",
        "x += len('a')",
        "x = len('a'); x = own(x)",
    ],
)
def test_values_of_training_chance_and_files_are_not(statement):
    submission = parse(f"""
        import numpy as np
        import random as chance
        import matplotlib.pyplot as plt
        from numpy.random import randn as normal
        def own(n):
            return n
        data = own(3)
        {statement}
        def f():
            return x
    """)
    assert names(submission, "value") == names(submission, "constant") == []


def test_a_matrix_that_a_function_reads_from_outside_is_told():
    """It has the sizes of one network, whatever its name is; a list of names has none."""
    submission = parse("""
        import numpy as np
        start = np.zeros((2, 3)) + 1
        order = np.array([1, 0])
        twice = start * 2
        def f(x):
            return x[order] + start
        def g(x):
            return x[order]
    """)
    steps = [runner.Step(name, name, [np.zeros((2, 3))]) for name in "fg"]
    got = runner.run(submission, steps)
    assert got["f"].globals_read == ("start",)
    assert (got["f"].value == 1).all()
    assert got["g"].globals_read == ()


BROKEN = """
    import os
    import sys
    import time
    import numpy as np

    def leaves(function):
        sys.exit(3)
    def waits(function):
        while True:
            pass
    HOME = os.path.join(None, "x")
    SLOW = [time.sleep(60) for _ in range(2)]

    @leaves
    def first(x):
        return x
    @waits
    def second(x):
        return x
    def third(x, scale=1 / 0):
        return x
    def fourth(x, axis=undefined_name):
        return x
    def sigmoid(x, scale=1 / 0):
        return x
    def fifth(x):
        return x + fourth(x)
    def sixth(x):
        return HOME
    def seventh(x):
        return SLOW
    def eighth(x):
        return x + sigmoid(x)
    def ninth(x):
        return x
"""


def test_what_fails_to_be_defined_fails_itself_and_what_calls_it():
    """sys.exit in a decorator, an endless one, a default argument: the others are not blamed."""
    order = list(parse(BROKEN).definitions)[2:]
    start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    got = runner.run(parse(BROKEN), [runner.Step(name, name, [1]) for name in order])
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - start
    assert spent < 10  # what is too slow is tried once
    errors = {name: got[name].error for name in order}
    failed = {name: error.type for name, error in errors.items() if error is not None}
    assert failed == {
        "first": "SystemExit",
        "second": "TimeoutError",
        "third": "ZeroDivisionError",
        "fourth": "NameError",
        "fifth": "NameError",
        "sixth": "TypeError",
        "seventh": "TimeoutError",
        "sigmoid": "ZeroDivisionError",
        "eighth": "ZeroDivisionError",
    }
    assert str(errors["first"]) == "SystemExit: it called sys.exit(3)"
    assert all(outcome.globals_read == () for outcome in got.values())
    assert got["ninth"].value == 1


def test_messages_name_lines_of_the_file():
    submission = parse("x = 1\n\n\ndef f(x):\n\n\ndef g(x):\n    return x\n")
    assert "line 4" in submission.broken["f"]
    assert "line 1" not in submission.broken["f"]


def test_one_statement_is_one():
    submission = parse("print(1)\ndef f():\n    return 1\n")
    assert submission.notes == [
        "left out 1 statement that is not a definition, import or simple constant"
    ]


@pytest.mark.long
def test_a_list_of_a_million_numbers_takes_no_longer_than_python_does():
    text = "x = [" + "1," * 500_000 + "]\n"
    start = time.process_time()
    ast.parse(text)
    compile(text, "x", "exec")
    python = time.process_time() - start
    start = time.process_time()
    loading.from_text(text)
    assert time.process_time() - start < 3 * python


def test_functions_within_blocks_are_taken():
    submission = parse("""
        try:
            from rnn_utils import sigmoid
        except ImportError:
            def sigmoid(z):
                return 1
        if True:
            def first():
                return sigmoid(0)
        else:
            def second():
                return 2
        with open("file") as f:
            def third():
                return 3
    """)
    assert list(submission.definitions) == ["sigmoid", "first", "third"]
    assert submission.definitions["first"].line == 8
    assert names(submission, "import") == []
    assert [(one.name, one.line) for one in submission.outline] == [
        ("sigmoid", 5),
        ("first", 8),
        ("second", 11),
        ("third", 14),
    ]


def test_the_last_definition_wins():
    """As in a notebook that is run from top to bottom."""
    submission = parse("""
        def f():
            return 1
        def g():
            return f()
        def f():
            return 2
        h = lambda x: x
        k = g
    """)
    namespace = executed(submission)
    assert namespace["g"]() == namespace["k"]() == 2
    assert submission.definitions["f"].line == 6
    assert submission.definitions["h"].arguments == (("x", False),)


def test_definitions_say_what_they_take():
    submission = parse('''
        class LSTM:
            """A layer."""
            def __init__(self, size, bias=True):
                self.size = size
            def forward(self, x):
                return x
        @decorated
        def f(a, b, c=None, *rest, d, e=3, **more):
            return a
    ''')
    layer, function = submission.definitions["LSTM"], submission.definitions["f"]
    assert (layer.kind, tuple(layer.methods)) == ("class", ("__init__", "forward"))
    assert layer.arguments == (("size", False), ("bias", True))
    expected = (("a", False), ("b", False), ("c", True), ("d", False), ("e", True))
    assert function.arguments == expected
    assert (function.kind, function.line) == ("function", 9)


def test_annotations_and_future_imports_do_no_harm():
    """Annotations may name what is not installed, and are not evaluated."""
    submission = parse("""
        from __future__ import annotations, division
        import torch
        def f(x: torch.Tensor, y: NoSuch = 3) -> Missing:
            return 1 / 2
    """)
    assert submission.problems == []
    assert "__future__" not in {chunk.module for chunk in submission.chunks}
    assert executed(parse("def f(x: NoSuch = 3) -> Missing:\n    return 1 / 2"))["f"]() == 0.5


def test_lines_are_those_of_the_file():
    submission = parse("""
        import numpy as np


        def f(x):
            y = np.ones(3)
            if x:
                def inner(): return y @ x
            return y  +  x
    """)
    assert submission.definitions["f"].line == 5
    code = submission.chunks[-1].code.co_consts[0]
    assert code.co_firstlineno == 5


# Templates -----------------------------------------------------------------------------------

EMPTY = [
    "pass",
    "...",
    '"""Only says what it should do."""',
    "raise NotImplementedError",
    "raise NotImplementedError('later')",
    "return None",
    "a_next = None\nyt = None\nreturn a_next, yt",
    "a, y = None, None\nreturn a, y",
    "n_x, m, T_x = None\nreturn n_x",
    "a = b = None\nreturn a + b",
    "dW = x\ndW += None\nreturn dW",
    "for t in range(None):\n    a = t\nreturn x",
    "for t in reversed(range(None)):\n    a = t\nreturn x",
    "for t in None:\n    a = t\nreturn x",
    "for t in range(3):\n    a = None\n    b = a\nreturn x",
]


@pytest.mark.parametrize("body", EMPTY)
def test_templates_are_not_filled_in(body):
    text = "def f(x):\n" + textwrap.indent(body, "    ")
    assert not parse(text).definitions["f"].filled


@pytest.mark.parametrize(
    "body",
    [
        "return x",
        "cache = None\nreturn x",
        "y = None\nfor t in range(3):\n    y = t\nreturn y",
        "y = x[:, None] + x[None]\nreturn y",
        "mask = None\nif mask is None:\n    x = x + 1\nreturn x",
        "def inner(y=None):\n    return y\nreturn inner(x)",
        "if x is None:\n    raise NotImplementedError\nreturn x",
        "return {'a': x, 'cache': None}",
        "a = x + 1\na[:, :, 0] = None\nreturn a",
        "g = {}\ng['dxt'] = None\ng['dxt'] = x\nreturn g",
        "self = x\nself.h = None\nreturn self",
        "cache = None\nreturn x, cache",
        "mask = None\nreturn inner(x, mask)",
    ],
)
def test_what_is_written_is_filled_in(body):
    text = "def f(x=None):\n" + textwrap.indent(body, "    ")
    assert parse(text).definitions["f"].filled


# Broken files --------------------------------------------------------------------------------


def test_every_function_that_parses_is_kept():
    submission = parse('''
        import numpy as np
        def first(x):
            """Text
        at the margin, def of nothing."""
            return x
        def second(x)
            return x
        print "Python 2"
        def third(x):
            return (x
        @np.vectorize
        def fourth(x):
            return x + offset
        offset = 4
        x = [1,
             2
        def fifth(x):
            print "x"
        if offset:
            def sixth(x):
                return 6
        else:
            def seventh(x):
                return 7
    ''')
    assert list(submission.definitions) == ["first", "fourth", "fifth", "sixth"]
    assert submission.definitions["fourth"].line == 13
    assert names(submission, "constant") == ["offset"]
    assert submission.broken.keys() == {"second", "third"}
    assert submission.broken["second"] == "line 7: expected ':'"
    assert submission.broken["third"].startswith("line 11: '(' was never closed")
    assert "second: line 7: expected ':'" in submission.problems


def test_a_broken_function_that_is_written_anew_is_whole():
    submission = parse("""
        def f(x)
            return x
        def f(x):
            return x
    """)
    assert submission.broken == {}
    assert submission.definitions["f"].line == 4
    assert len(submission.problems) == 1


def test_a_broken_cell_that_is_written_anew_is_whole(tmp_path):
    text = notebook("def f(x)\n    return x", "def f(x):\n    return x")
    submission = load(tmp_path, text, "work.ipynb")
    assert submission.broken == {}
    assert submission.definitions["f"].cell == 2
    assert submission.problems == ["f: cell 1, line 1: expected ':'"]


def test_a_file_cut_off_in_the_middle():
    submission = parse('''
        def whole(x):
            return x
        def half(x):
            """Documented
            y = (x +
    ''')
    assert list(submission.definitions) == ["whole"]
    assert list(submission.broken) == ["half"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return", "'return' outside function"),
        ("\tif x:\n        return 1\n", "inconsistent use of tabs"),
        ("    x = 1\n   y = 2", "unindent"),
        ("    yield from\n", "invalid syntax"),
        ("    global x\n", "is parameter and global"),
        ("    x = 1_000_\n", "invalid decimal literal"),
        ("    x = " + "(" * 300 + ")" * 300, "too many nested parentheses"),
    ],
)
def test_what_does_not_compile_is_told_with_its_place(body, says):
    text = f"def right():\n    return 1\ndef f(x):\n{body}\n" if body != "return" else "return 1\n"
    submission = parse(text)
    if body == "return":  # nothing of it is kept, nothing is wrong with it
        assert submission.problems == []
        return
    assert "right" in submission.definitions
    assert "f" not in submission.definitions
    assert says in submission.broken["f"]


def test_endless_nesting_is_a_problem_and_no_crash():
    for text in ("x = " + "-" * 100_000 + "1", "x = " + "[" * 5000, "x" + ".a" * 100_000):
        submission = parse(f"{text}\ndef f(x):\n    return x\n")
        assert "f" in submission.definitions


def test_thousands_of_errors_take_no_time():
    text = "def f(x)\n    return (\n" * 3000 + "x = = 3\n" * 3000
    start = time.process_time()
    submission = parse(text)
    assert time.process_time() - start < 10
    assert 0 < len(submission.problems) <= sorting.MOST_PROBLEMS


SOURCE = "def f(x):\n    if x:\n        return 'é'\n    return 2\n"


@pytest.mark.parametrize(
    "data",
    [
        SOURCE.encode(),
        codecs.BOM_UTF8 + SOURCE.encode(),
        SOURCE.encode("latin-1"),
        b"# -*- coding: latin-1 -*-\n" + SOURCE.encode("latin-1"),
        b"# coding: no-such-thing\n" + SOURCE.encode(),
        SOURCE.encode("utf-16"),
        SOURCE.replace("\n", "\r\n").encode(),
        SOURCE.replace("\n", "\r").encode(),
        SOURCE.replace("    ", "\t").encode(),
        ("\f" + SOURCE).encode(),
        SOURCE.rstrip().encode(),
    ],
)
def test_encodings_line_ends_and_tabs(tmp_path, data):
    submission = load(tmp_path, data)
    assert submission.problems == []
    assert executed(submission)["f"](1) == "é"
    assert "f" in loading.from_text("\ufeff" + SOURCE).definitions


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x7fELF\x02\x01\x01\x00\x00" + bytes(range(256)), "is a binary file"),
        (b"PK\x03\x04\x00\x00", "is a binary file"),
    ],
)
def test_files_that_are_no_programs(tmp_path, data, says):
    submission = load(tmp_path, data)
    assert submission.definitions == {}
    assert says in submission.problems[0]


def test_a_random_file_is_read_without_a_traceback(tmp_path):
    data = bytes(range(1, 256)) * 20
    assert load(tmp_path, data).definitions == {}


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.py"
    with path.open("wb") as file:
        file.truncate(loading.MOST_SOURCE + 1)
    assert loading.load(path).problems == ["large.py has more than the 20 MB that are read"]


# Notebooks -----------------------------------------------------------------------------------


def test_a_notebook(tmp_path):
    """Cells are counted as they stand, text cells too; magics, shell lines and outputs are left."""
    text = notebook(
        ("markdown", "# def not_code(): pass"),
        "%matplotlib inline\nimport numpy as np\n!pip install torch\n?np.dot\nnp.dot??",
        "%%time\n# a comment\ndef f(x):\n    %timeit x\n    return np.sum(x)",
        "%%bash\ndef g(): not python at all",
        "files = !ls\nresult = %time f(3)\n!rm -rf /\nout = f(3)",
        ("raw", "def raw(): pass"),
        "    def indented(x):\n        return x",
        "def f(x):\n    return (x",
        "def modulo(x):\n    y = ('%s'\n         % x)\n    return y",
    )
    submission = load(tmp_path, text, "work.ipynb")
    assert list(submission.definitions) == ["f", "indented", "modulo"]
    function = submission.definitions["f"]
    assert (function.cell, function.line) == (3, 3)
    assert submission.pieces[1].label == "<cell 3>"
    assert submission.broken == {"f": "cell 8, line 2: '(' was never closed"}
    assert executed(submission)["f"]([1, 2]) == 3
    assert executed(submission)["modulo"](3) == "3"
    assert executed(submission)["indented"](3) == 3


def test_an_old_notebook(tmp_path):
    """Version 3: worksheets, and input instead of source."""
    cells = [{"cell_type": "code", "input": ["def f(x):\n", "    return x"], "outputs": []}]
    old = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3})
    assert list(load(tmp_path, old, "old.ipynb").definitions) == ["f"]


def test_a_notebook_under_another_name(tmp_path):
    assert list(load(tmp_path, notebook("def f(): return 1"), "a.py").definitions) == ["f"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"cells": [', "is not a notebook"),
        ("def f(): pass", "is not a notebook"),
        ("[" * 100_000, "is not a notebook"),
        ("[]", "without a code cell"),
        ("3", "without a code cell"),
        ("{}", "without a code cell"),
        ('{"cells": {}}', "without a code cell"),
        ('{"cells": null, "worksheets": [null, {"cells": 3}]}', "without a code cell"),
        ('{"cells": [null, 3, {}, {"cell_type": "code"}]}', "without a code cell"),
        ('{"cells": [{"cell_type": "code", "source": {"a": 1}}]}', "without a code cell"),
        (notebook(), "without a code cell"),
        (notebook(("markdown", "text")), "without a code cell"),
    ],
)
def test_broken_notebooks(tmp_path, text, says):
    submission = load(tmp_path, text, "broken.ipynb")
    assert submission.definitions == {}
    assert says in submission.problems[0]


def test_odd_cells_do_not_spoil_the_others(tmp_path):
    cells = [
        {"cell_type": "code", "source": ["def f(x):\n", 3, None, "    return x"]},
        {"cell_type": "code", "source": "def g(x):\r\n    return x"},
        {"cell_type": "code", "source": ""},
    ]
    submission = load(tmp_path, json.dumps({"cells": cells}), "odd.ipynb")
    assert list(submission.definitions) == ["f", "g"]


def test_a_notebook_of_50_megabytes(tmp_path):
    """Pictures make notebooks large; they are read and forgotten."""
    picture = {"output_type": "display_data", "data": {"image/png": "iVBOR" * 10_500_000}}
    cell = {"cell_type": "code", "source": "def f(x):\n    return x", "outputs": [picture]}
    path = tmp_path / "large.ipynb"
    path.write_text(json.dumps({"cells": [cell]}))
    assert path.stat().st_size > 50 * 2**20
    start = time.process_time()
    tracemalloc.start()
    submission = loading.load(path)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - start < 10
    assert held < 2**20
    assert list(submission.definitions) == ["f"]


def test_the_failing_line_is_counted_in_its_cell(tmp_path):
    text = notebook(("markdown", "# text"), "import numpy as np", "\ndef f(x):\n    return 1 / x")
    submission = load(tmp_path, text, "work.ipynb")
    error = runner.run(submission, [runner.Step("it", "f", [0])])["it"].error
    assert error is not None
    assert error.type == "ZeroDivisionError"
    assert [(f.cell, f.line, f.function) for f in error.frames] == [(3, 3, "f")]


# Finding files -------------------------------------------------------------------------------


def test_find(tmp_path):
    for name in ("b.py", "a.ipynb", "c.txt", "in/d.py", ".hidden/e.py", "__pycache__/f.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path, _ in loading.find(tmp_path)]
    assert found == ["a.ipynb", "b.py", "in/d.py"]
    file = tmp_path / "b.py"
    assert loading.find(str(file)) == [(file, None)]
    assert loading.find(f"{file}::lstm_backward") == [(file, "lstm_backward")]
    assert loading.find(tmp_path / "c.txt") == [(tmp_path / "c.txt", None)]
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        loading.find(tmp_path / "nothing.py")


@pytest.mark.skipif(os.name != "posix", reason="needs pipes and devices")
def test_only_files_folders_and_standard_input_are_read(tmp_path, monkeypatch):
    """At once, and in one line; links are followed."""
    (tmp_path / "a.py").write_text("def f(x): return x")
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    os.mkfifo(tmp_path / "pipe.py")
    refused = {
        tmp_path / "pipe.py": "pipe.py is a pipe: only files, folders and the standard input",
        "/dev/zero": "/dev/zero is a device or a socket: only files, folders",
        tmp_path / "loop.py": "its links lead in a circle",
        "x" * 5000: r"x\.\.\. cannot be read: its name is too long",
        "a\0.py": "there is no file or folder",
        "": "there is no file or folder ''",
        tmp_path / "a.py" / "b.py": "there is no file or folder",
    }
    for path, says in refused.items():
        for read in (loading.find, loading.load):
            with pytest.raises(OSError, match=says) as raised:
                read(path)
            assert "\n" not in str(raised.value)
    with pytest.raises(OSError, match="is a folder: one file"):
        loading.load(tmp_path)
    assert list(loading.load(tmp_path / "link.py").definitions) == ["f"]
    for name in ("-", "/dev/stdin"):
        stream = io.TextIOWrapper(io.BytesIO(b"def g(x): return x"))
        monkeypatch.setattr(sys, "stdin", stream)
        assert list(loading.load(loading.find(name)[0][0]).definitions) == ["g"]


# Missing modules and globals, as the child sees them -----------------------------------------

RNN = """
    from rnn_utils import softmax, sigmoid as squash, nothing_known
    from .utils import *
    import lstm_helpers as helpers
    import tensorflow_of_nowhere as tf
    from scipy.misc import imread
    from beside import offset, unknown

    n_a, m = 5, 10
    scale = 2.0

    def usual(x):
        return softmax(x) + squash(x) + helpers.sigmoid(x) + offset(x)
    def all_there():
        return np.ones(2) * math.pi
    def uses_tf(x):
        return tf.tanh(x)
    def uses_imread(x):
        return imread(x)
    def reads(x, parameters):
        return parameters["Wf"] @ x + Wf @ x + scale * bf + n_a + m
    def through_a_helper(x, parameters):
        return inner(x)
    def inner(x):
        return Wf @ x
    def lost(x):
        return x + nowhere
    def guarded(x):
        return x if x.size else nowhere
"""


def test_what_a_submission_lacks_is_supplied_and_globals_are_told(tmp_path):
    (tmp_path / "beside.py").write_text(
        "print('ran')\nwhile True: pass\ndef offset(x):\n    return x\n"
    )
    submission = load(tmp_path, textwrap.dedent(RNN))
    x, parameters = np.ones((3, 2)), {"Wf": np.ones((4, 3)), "bf": np.full((4, 1), 0.5)}
    steps = [
        runner.Step("usual", "usual", [x]),
        runner.Step("all_there", "all_there"),
        runner.Step("uses_tf", "uses_tf", [x]),
        runner.Step("uses_imread", "uses_imread", [x]),
        runner.Step("reads", "reads", [x, parameters]),
        runner.Step("through_a_helper", "through_a_helper", [x, parameters]),
        runner.Step("lost", "lost", [x]),
        runner.Step("guarded", "guarded", [x]),
    ]
    got = runner.run(submission, steps)

    usual = 1 / 3 + 2 / (1 + np.exp(-1)) + 1
    np.testing.assert_allclose(got["usual"].value, np.full((3, 2), usual), rtol=1e-15)
    assert got["usual"].stdout == ""
    assert got["usual"].globals_read == ()
    np.testing.assert_array_equal(got["all_there"].value, [np.pi, np.pi])

    assert got["uses_tf"].status == "raised"
    says = str(got["uses_tf"].error)
    assert says.startswith("ModuleNotFoundError: tensorflow_of_nowhere is not installed")
    assert "scipy.misc.imread is not installed" in str(got["uses_imread"].error)

    # the constants n_a = 5 and m = 10 are another model's: here the arguments say 4 and 2
    np.testing.assert_array_equal(got["reads"].value, np.full((4, 2), 3 + 3 + 1.0 + 4 + 2))
    assert set(got["reads"].globals_read) == {"Wf", "bf", "n_a", "m"}
    assert got["through_a_helper"].globals_read == ("Wf",)
    assert (got["through_a_helper"].value == 3).all()

    assert got["lost"].status == "raised"
    assert got["lost"].globals_read == ("nowhere",)
    assert "nowhere" in str(got["lost"].error)
    assert got["guarded"].globals_read == ()  # what is not read is not told


def test_parameters_are_found_in_caches():
    """The dict itself, which no argument is called by."""
    submission = parse("""
        def f(da, caches):
            return params["Wf"] + parameters["Wf"]
        def g(da, caches):
            return params
    """)
    caches = ([(np.ones(2), {"Wf": np.full((4, 3), 2.0)})] * 2, np.ones(3))
    steps = [runner.Step("f", "f", [1, caches]), runner.Step("g", "g", [1, ([], 2)])]
    got = runner.run(submission, steps)
    assert (got["f"].value == 4).all()
    assert set(got["f"].globals_read) == {"params", "parameters"}
    assert got["g"].globals_read == ("params",)
    assert got["g"].status == "raised"


# Python 2 ------------------------------------------------------------------------------------

PYTHON_2 = """
    from __future__ import division, print_function
    from past.builtins import xrange
    from builtins import range, object
    from six.moves import range, cPickle as pickle
    import six
    import cPickle
    from itertools import izip
    import numpy as np

    def f(x, d):
            if x <> 3:
                print "x is %d" % x, ; print "and", \\
                    (1,
                     2)
            try:
    \t    n = 0777 + 10L
    \t    raise KeyError, "no"
            except (KeyError, ValueError), error:
                print >>sys.stderr, error
            for k, v in d.iteritems():
                assert d.has_key(k) and k in list(d.iterkeys())
            exec "n += 1" in {"n": n}
            return n, [i for i in xrange(2)], ur'\\d', `x`, map(abs, (-1, 2)), zip("a", "b"), \\
                list(izip("a", "b")), dict(six.iteritems(d)), reduce(max, [1, 3, 2]), 1 / 2

    def g(x):
        return 1 / x

    import sys
"""


def test_python_2_is_read_by_its_meaning():
    submission = parse(PYTHON_2)
    assert submission.problems == []
    assert "written for Python 2: read as Python 3" in submission.notes
    assert [(one.name, one.line) for one in submission.outline] == [("f", 11), ("g", 27)]
    assert "<> 3" not in submission.definitions["f"].source
    assert "print >>" in submission.text
    steps = [runner.Step("f", "f", [5, {"a": 1}]), runner.Step("g", "g", [0])]
    got = runner.run(submission, steps)
    expected = (
        0o777 + 10,
        [0, 1],
        r"\d",
        "5",
        [1, 2],
        [("a", "b")],
        [("a", "b")],
        {"a": 1},
        3,
        0.5,
    )
    assert got["f"].value == expected, got["f"].error
    assert got["f"].stdout == "x is 5 and (1, 2)\n"
    assert got["f"].stderr == "'no'\n"
    assert got["g"].error is not None
    assert got["g"].error.line == 28


@pytest.mark.parametrize("name", ["xrange(3)", "unicode(3)", "isinstance(x, basestring)"])
def test_names_of_python_2_are_supplied_where_nobody_defines_them(name):
    submission = parse(f"def f(x):\n    print('x')\n    return {name}\n")
    assert submission.notes == ["written for Python 2: read as Python 3"]
    assert runner.run(submission, [runner.Step("f", "f", [3])])["f"].returned
    for line in ("from past.builtins import xrange, unicode, basestring", "xrange = unicode = str"):
        text = f"{line}\nbasestring = str\ndef f(x):\n    return {name}\n"
        assert parse(text).notes == []


def test_what_python_3_takes_is_left_alone():
    submission = parse(
        "def f(x):\n    print(x) if x else (print), 'd.iteritems()'\n    return map\n"
    )
    assert submission.notes == []
    own = "class A:\n    def iteritems(self): return 1\ndef f(a): return a.iteritems()\n"
    assert parse(own).notes == []
    star = "from builtins import *\ndef f(x):\n    print x\n    return map\n"
    assert runner.run(parse(star), [runner.Step("f", "f", [3])])["f"].value.type == "type"


# Imports of what is not there ----------------------------------------------------------------

MISSING = """
    import numpy as np
    from numba import njit
    from rnn_utils_of_nowhere import *
    from nn_of_nowhere.activation import Tanh
    import nn_of_nowhere.loss as loss
    from layers_of_nowhere import Layer
    from own.cells import *
    from own import top
    RNNCell = __import__('0-cell').RNNCell
    import importlib
    other = importlib.import_module("1-of-nowhere")

    @njit(cache=True)
    def fine(x):
        return np.tanh(x)
    def starred(x):
        return affine_forward(x)
    def uses(x):
        return Tanh()(x)
    def beside(x):
        return RNNCell().forward(x) + cell(x) + top(x)
    def absent(x):
        return other.f(x)
    class LSTM(Layer):
        def __init__(self):
            super().__init__(3)
            self.k = 2
        def forward(self, x):
            return self.k * x
        def backward(self, x):
            return self.inherited(x)
"""


def test_imports_that_are_missing_stop_only_what_needs_them(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("from .cells import cell as top\n")
    (tmp_path / "own" / "cells.py").write_text(
        "from common_of_nowhere.np import *\ndef cell(x):\n    return np.ones(1) * x\n"
    )
    (tmp_path / "0-cell.py").write_text(
        "class RNNCell:\n    def forward(self, x):\n        return x\n"
    )
    submission = load(tmp_path, textwrap.dedent(MISSING), "work.py")
    layer = runner.Ref("LSTM")
    names = ("fine", "starred", "uses", "beside", "absent")
    got = runner.run(
        submission,
        [
            *(runner.Step(name, name, [2.0]) for name in names),
            runner.Step("LSTM", "LSTM", keep=True),
            runner.Step("forward", ("method", layer, "forward"), [3]),
            runner.Step("backward", ("method", layer, "backward"), [3]),
        ],
    )
    assert got["fine"].value == np.tanh(2.0)
    assert got["beside"].value == 6
    assert got["forward"].value == 6
    said = {name: outcome.error and outcome.error.message for name, outcome in got.items()}
    assert said["starred"] == (
        "affine_forward is not defined here; work.py imports * from rnn_utils_of_nowhere, which is"
        " not installed"
    )
    assert "nn_of_nowhere.activation.Tanh is not installed" in str(said["uses"])
    assert "1-of-nowhere is not installed" in str(said["absent"])
    assert "layers_of_nowhere.Layer is not installed" in str(said["backward"])


# Which definition runs -----------------------------------------------------------------------

BRANCHES = [
    ("if True:", "else:", "first"),
    ("if not 1:", "else:", "second"),
    ("if sys.version_info[0] < 3:", "else:", "second"),
    ("if sys.version_info >= (3, 0):", "else:", "first"),
    ("if __name__ == '__main__':", "else:", "second"),
    ("if hasattr(np, 'no_such_thing'):", "else:", "second"),
    ("if hasattr(np, 'matmul') and FAST:", "else:", "first"),
    ("if 'torch' in sys.modules:", "else:", "second"),
    ("if SLOW or os.environ:", "else:", "second"),
    ("if SLOW and os.environ:", "elif FAST:", "second"),
    ("if 'sigmoid' not in globals():", "else:", "first"),
    ("try:\n    import no_such_module", "except ImportError:", "second"),
    ("try:\n    import json", "except ImportError:", "first"),
    ("try:\n    from collections import Iterable", "except (ImportError, KeyError):", "second"),
    ("try:\n    xrange", "except NameError:", "second"),
    ("try:\n    pass", "except Exception:\n    pass\nelse:", "second"),
    ("try:\n    no_such_module = np.no_such", "except:", "second"),
]


@pytest.mark.parametrize(("head", "other", "taken"), BRANCHES)
def test_the_definition_that_runs_is_taken(head, other, taken):
    text = "import os, sys\nimport numpy as np\nFAST, SLOW = 1, 0\nFAST = True\nSLOW = False\n"
    text += f"{head}\n    def f(): return 'first'\n{other}\n    def f(): return 'second'\n"
    submission = parse(text)
    assert runner.run(submission, [runner.Step("f", "f")])["f"].value == taken
    assert taken in submission.definitions["f"].source
    assert len(submission.outline) == 2
    unsure = [note for note in submission.notes if "which f is used" in note]
    assert len(unsure) == ("or os.environ" in head)


ALIASES = """
    import functools
    import numpy as np
    from numba import jit
    def mine(x, k, n=1):
        return x * k + n
    def twice(f):
        return lambda *a: 2 * f(*a)
    class Net:
        def step(x, n):
            return x + n
    m = np.matmul
    a = mine
    b = c = functools.partial(mine, 2, n=5)
    d, e = mine, a
    f = jit(nopython=True)(mine)
    g = Net.step
    mine = twice(mine)
    h = mine if np.pi > 3 else a
    made = twice(a)
    net = Net()
    Net.step = a
    x = train()
    def product(x, y):
        return m(x, y)
"""


def test_functions_under_other_names():
    """An assignment gives a function a name as ``def`` does; what is not followed is recorded."""
    submission = parse(ALIASES)
    functions = ["twice", "a", "b", "c", "d", "e", "f", "g", "mine", "h", "product"]
    assert [n for n in submission.definitions if n != "Net"] == functions
    assert submission.definitions["b"].arguments == (("k", False), ("n", True))
    assert [(name, line) for name, line, _ in submission.unread] == [
        ("made", 20),
        ("net", 21),
        ("Net.step", 22),
        ("x", 23),
    ]
    assert submission.unread[0][2] == "it is what twice(...) returns, which is not run"
    steps = [runner.Step(name, name, [3, 4]) for name in ("a", "e", "f", "g", "mine", "h")]
    eye = np.eye(2)
    got = runner.run(
        submission, [*steps, runner.Step("b", "b", [3]), runner.Step("m", "product", [eye, eye])]
    )
    values = {name: outcome.value for name, outcome in got.items() if name != "m"}
    assert values == {"a": 13, "e": 13, "f": 13, "g": 7, "mine": 26, "h": 26, "b": 11}
    assert got["m"].value.tolist() == eye.tolist()


def test_an_alias_of_a_library_is_no_size():
    """The arguments say m = 3; the file says that m is a product."""
    submission = parse("import numpy as np\nm = np.matmul\ndef f(xt, W): return m(W, xt)\n")
    got = runner.run(submission, [runner.Step("f", "f", [np.ones((2, 3)), np.ones((4, 2))])])["f"]
    assert got.value.shape == (4, 3), got.error


# The outline ---------------------------------------------------------------------------------


def test_the_outline_lists_every_definition(tmp_path):
    text = notebook(
        "class LSTM:\n    def __init__(self): self.h = None\n    def forward(self, x): pass",
        "def f(x):\n    return x\nif unknown():\n    f = lambda x: 2",
        "if __name__ == '__main__':\n    def main(): pass",
        "class Base(LSTM): pass",
        "class Done(LSTM):\n    def forward(self, x): return x\n    def backward(self, d): pass",
    )
    cells = json.loads(text)
    cells["cells"][1]["execution_count"] = 5
    submission = load(tmp_path, json.dumps(cells), "work.ipynb")
    listed = [(one.name, one.cell, one.line, one.filled) for one in submission.outline]
    assert listed == [
        ("LSTM", 1, 1, False),
        ("f", 2, 1, True),
        ("f", 2, 4, True),
        ("main", 3, 2, False),
        ("Base", 4, 1, True),
        ("Done", 5, 1, True),
    ]
    methods = submission.outline[-1].methods
    assert [(one.name, one.line, one.filled) for one in methods.values()] == [
        ("forward", 2, True),
        ("backward", 3, False),
    ]
    assert [piece.shown for piece in submission.pieces[:3]] == ["cell 1", "In [5]", "cell 3"]


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x\nreturn 3\n",
        "def f(x):\n    return x\nbreak\n",
        "def f(x):\n    return x\nfrom __future__ import division\n",
        "    import numpy\n\n    def f(x):\n        return x\n",
        "def f(x):\n    return x\n%matplotlib inline\n",
    ],
)
def test_a_file_that_python_does_not_run_has_a_problem(tmp_path, text):
    submission = load(tmp_path, text)
    assert list(submission.definitions) == ["f"]
    assert len(submission.problems) == 1
    assert submission.problems[0].endswith("Python does not run this file")


@pytest.mark.long
def test_many_functions_and_cells_take_linear_time(tmp_path):
    """20,000 functions, and they run; twice as many cells take about twice as long."""
    text = "".join(f"def f{n}(x):\n    return x + {n}\n" for n in range(20_000))
    submission = loading.from_text(text)
    assert runner.run(submission, [runner.Step("it", "f19999", [1])])["it"].value == 20_000
    taken = []
    for count in (3000, 12_000):
        cells = [f"def f{n}(x):\n    return x\nz{n} = [f{n}][0]\n" for n in range(count)]
        start = time.process_time()
        assert len(load(tmp_path, notebook(*cells), "many.ipynb").definitions) == count
        taken.append(time.process_time() - start)
    assert taken[1] < 4 * 3 * taken[0]
