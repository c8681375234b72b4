"""Submissions that hang, die, lie and litter: what they do stays with them, and is told."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from handrnn import check
from handrnn.check.dialects import dialect as dialects
from handrnn.check.load import loading
from handrnn.check.run import child, codec, containment, runner

Step = runner.Step
HOUSE = str(Path(child.__file__).parents[3])
posix = pytest.mark.skipif(os.name != "posix", reason="needs process groups")


def parse(text):
    return loading.from_text("import os, sys, time\n" + textwrap.dedent(text))


def outcome_of(text, *arguments, seconds=20.0, **options):
    """What came of f(*arguments), f being the last function of the text."""
    submission = parse(text)
    assert submission.problems == []
    name = list(submission.definitions)[-1]
    return runner.run(submission, [Step("it", name, arguments)], seconds=seconds, **options)["it"]


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return sys.platform != "linux"


def ends(pid, within=5.0):
    """Whether a process is gone soon."""
    deadline = time.monotonic() + within
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """No test leaves a temporary folder or a child behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    started, kill = set(), runner._kill_group
    monkeypatch.setattr(runner, "_kill_group", lambda pid: (started.add(pid), kill(pid)))
    yield
    assert list(folder.iterdir()) == []
    for pid in started:  # neither running nor a zombie
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture
def children(monkeypatch):
    """A list with an entry for every child that is started."""
    started, spawn = [], runner._spawn

    def counted(folder, nonce):
        started.append(nonce)
        return spawn(folder, nonce)

    monkeypatch.setattr(runner, "_spawn", counted)
    return started


# Data ----------------------------------------------------------------------------------------

PLAIN = [
    None,
    True,
    -3,
    2**63,
    1.5,
    float("inf"),
    2 - 1j,
    "text",
    "é\n\0\ud800",
    (),
    [],
    {},
    (1, [2, {"three": 3, 4: (None,), ("a", 1): 5, None: 6}]),
]


@pytest.mark.parametrize("number", range(len(PLAIN)))
def test_plain_values_come_back(tmp_path, number):
    value = PLAIN[number]
    codec.write(tmp_path / "a.data", value=value, other=[value, value])
    result = codec.read(tmp_path / "a.data")
    assert result == {"value": value, "other": [value, value]}
    assert type(result["value"]) is type(value)


ARRAYS = {
    "float64": np.arange(6.0).reshape(2, 3),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "view": np.arange(24.0).reshape(2, 3, 4)[:, ::2, 1],
    "broadcast": np.broadcast_to(np.float32(2), (3, 4)),
    "float16": np.ones(3, np.float16),
    "longdouble": np.full(2, np.longdouble(1) / 3),
    "complex": np.array([1 + 2j]),
    "int8": np.array([[-1]], np.int8),
    "bool": np.array([True, False]),
    "text": np.array(["ab", "c"]),
    "big-endian": np.arange(3, dtype=">f8"),
    "dates": np.array(["2000-01-01"], "datetime64[D]"),
    "empty": np.zeros((0, 3, 2)),
    "no axes": np.array(3.0),
    "nan": np.array([np.nan, -np.inf, -0.0]),
    "scalar": np.float32(0.1),
    "integer scalar": np.int64(3),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_bit_for_bit(tmp_path, name):
    """Among others of the same and of other dtypes, each with its dtype and shape."""
    array = ARRAYS[name]
    everything = [*ARRAYS.values(), array, {"it": array}]
    codec.write(tmp_path / "a.data", everything=everything)
    back = codec.read(tmp_path / "a.data")["everything"]
    for found in (back[list(ARRAYS).index(name)], back[-2], back[-1]["it"]):
        assert type(found) is type(array)
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert found.tobytes() == array.tobytes()
    assert isinstance(array, np.generic) or not np.shares_memory(back[-2], back[-1]["it"])
    assert isinstance(array, np.generic) or back[-2].flags.writeable


class Hostile(dict):
    """Raises wherever it is looked at."""

    def _raise(self, *arguments):
        raise RuntimeError("hostile")

    __len__ = __iter__ = items = keys = values = __repr__ = __getitem__ = _raise


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def itself():
    value: list = [1]
    value.append(value)
    return value


def lattice():
    """20 lists, of which a tree would have a million."""
    value = []
    for _ in range(19):
        value = [value, value]
    return value


class Silent:
    def __repr__(self):
        raise ValueError


NO_DATA = [
    (object(), "object", "<object object"),
    ({1, 2}, "set", "{1, 2}"),
    (b"bytes", "bytes", "b'bytes'"),
    ((n for n in [1]), "generator", "<generator"),
    (np.array([{}, None]), "array of object", "shape (2,)"),
    (np.zeros(2, "i4,f8"), "array of [('f0', '<i4'), ('f1', '<f8')]", "shape (2,)"),
    (10**5000, "int", "an integer of 16610 bits"),
    ("x" * 2 * 10**6, "str", "'xxx"),
    (Silent(), "Silent", "its __repr__ raises"),
    (int, "type", "<class 'int'>"),
    ([0] * 200_000, "too-big", "more than 100000 values"),
    (lattice(), "too-big", "more than 100000 values"),
    (np.broadcast_to(0.0, (10**5, 10**4)), "too-big", "arrays of more than 256 MB"),
    ([np.broadcast_to(0.0, 10**7)] * 4, "too-big", "arrays of more than 256 MB"),
]


@pytest.mark.parametrize("number", range(len(NO_DATA)))
def test_what_is_no_data_is_described(tmp_path, number):
    value, type_, text = NO_DATA[number]
    codec.write(tmp_path / "a.data", value=value, beside=3)
    result = codec.read(tmp_path / "a.data")
    assert result["value"].type == type_
    assert result["value"].repr.startswith(text)
    assert len(result["value"].repr) <= 200
    assert result["beside"] == 3


def test_containers_that_misbehave(tmp_path):
    """What a subclass overrides is not asked; loops and depths are cut."""
    values = {"hostile": Hostile(a=1), "itself": itself(), "deep": nested(10**6)}
    codec.write(tmp_path / "a.data", **values)
    result = codec.read(tmp_path / "a.data")
    assert result["hostile"] == {"a": 1}
    assert result["itself"] == [1, codec.Opaque("too-big", "contains itself")]
    deep, depth = result["deep"], 0
    while isinstance(deep, list):
        deep, depth = deep[0], depth + 1
    assert deep == codec.Opaque("too-big", "nested more than 20 deep")
    assert depth == codec.DEEPEST


def test_references_and_unknown_keys_come_back(tmp_path):
    value = [codec.Ref("fwd", (3, "a")), codec.Opaque("t", "r"), {object: 1}]
    codec.write(tmp_path / "a.data", value=value)
    back = codec.read(tmp_path / "a.data")["value"]
    assert back[:2] == value[:2]
    assert list(back[2]) == [codec.Opaque("type", "<class 'object'>")]


def test_what_is_read_once_can_be_decoded_often(tmp_path):
    codec.write(tmp_path / "a.data", value=[np.zeros(3)])
    structure, arrays = codec.read_parts(tmp_path / "a.data")["value"]
    codec.decode(structure, arrays)[0][:] = 7
    assert codec.decode(structure, arrays)[0].tolist() == [0, 0, 0]


def test_files_that_are_not_ours(tmp_path):
    """Neither a pickle nor a torn file is read; the error is one that callers expect."""
    path = tmp_path / "a.data"
    codec.write(path, value=[np.ones(300), "text"])
    whole = path.read_bytes()
    for data in (b"", b"nonsense", whole[:-30], whole[: len(whole) // 2], whole[40:]):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r".*"):
            codec.read(path)
    for text in ('{"values": {}, "sizes": {"O": 8}}', '{"other": 1}', "[" * 100_000):
        path.write_bytes(text.encode() + b"\n" + bytes(8))
        with pytest.raises(ValueError, match="holds no encoded values"):
            codec.read(path)
    structures: tuple = ({}, {"kind": "other"}, {"kind": "array", "key": "7"}, 3, {"kind": "list"})
    for structure in structures:
        with pytest.raises(ValueError, match="encoded value"):
            codec.decode(structure, {})


# What hangs ----------------------------------------------------------------------------------

LOOPS = {
    "endless": "while True: pass",
    "swallows": """
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass""",
    "ignores signals": """
    import signal
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(1)""",
    "waits for itself": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "in C": "sum(range(10 ** 15))",
    "chatters on every file": """
    while True:
        for number in range(3, 300):
            try:
                os.write(number, b"end\\n")
            except OSError:
                pass""",
    "stops itself": "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "catastrophic pattern": "import re; re.match('(a+)+b', 'a' * 60)",
}


@pytest.mark.sample(3)
@posix
@pytest.mark.parametrize("name", LOOPS)
def test_endless_loops_time_out(name):
    start = time.monotonic()
    outcome = outcome_of(f"def f():\n    {LOOPS[name]}\n    return 1\n", seconds=0.5)
    assert time.monotonic() - start < 10
    assert (outcome.status, outcome.value) == ("timed out", None)
    assert str(outcome.error) == "timed out: it did not return within 0.5 s"


@posix
def test_the_line_that_hangs_is_told():
    outcome = outcome_of(
        "def inner():\n    while True:\n        x = 1\n"
        "def f():\n    print('so far')\n    return inner()\n",
        seconds=0.5,
    )
    assert outcome.error is not None
    assert [frame.function for frame in outcome.error.frames] == ["f", "inner"]
    assert outcome.error.frames[0].line == 7
    assert outcome.error.line in (3, 4)
    assert outcome.stdout == "so far\n"


def test_waiting_for_a_processor_costs_no_time(monkeypatch):
    """Of a slice in which it was ready, what it had of a processor counts; asleep, all of it."""
    seen = [(True, 1.0), (True, 1.01), (False, 1.01), (True, 3.0), None]
    looks = iter([one and containment.Processor(*one) for one in seen])
    monkeypatch.setattr(containment, "processor", lambda pid: next(looks))
    one = object.__new__(runner._Started)
    one.child, one.used = type("Child", (), {"pid": 1})(), None  # pyright: ignore
    assert [one._counted(0.05) for _ in seen] == pytest.approx([0.05, 0.01, 0.05, 0.05, 0.05])


def test_time_is_limited_by_step_and_not_in_total():
    submission = parse("def f():\n    time.sleep(0.6)\n    return 1")
    outcomes = runner.run(submission, [Step(f"s{n}", "f") for n in range(4)], seconds=2.0)
    assert [o.value for o in outcomes.values()] == [1] * 4
    assert all(0.6 <= o.seconds < 2 for o in outcomes.values())


FOREVER = """
    def forever(f):
        while True:
            try:
                while True: time.sleep(0.01)
            except {caught}: pass
    @forever
    def f(): return 1
    def g(): return 2
"""


@posix
def test_a_definition_that_hangs_takes_no_other_with_it():
    """A decorator runs at once, and has little time."""
    submission = parse(FOREVER.format(caught="ValueError"))
    got = runner.run(submission, [Step("a", "f"), Step("b", "g")], seconds=20)
    assert (got["a"].status, got["a"].error and got["a"].error.type) == ("raised", "TimeoutError")
    assert got["b"].value == 2


def test_a_file_that_hangs_while_it_is_loaded(children):
    """Where even that does not stop it, no function of the file can be judged."""
    submission = parse(FOREVER.format(caught="BaseException"))
    outcomes = runner.run(submission, [Step("a", "f"), Step("b", "g")], seconds=1.5)
    assert {o.status for o in outcomes.values()} == {"timed out"}
    assert len(children) == 1


# What dies -----------------------------------------------------------------------------------

DEATHS = {
    "os._exit(0)": ("exit status 0", "os._exit(0)"),
    "os._exit(3)": ("exit status 3", "os._exit(3)"),
    "segmentation fault": ("SIGSEGV", "import ctypes; ctypes.string_at(0)"),
    "abort": ("SIGABRT", "os.abort()"),
    "kills itself": ("SIGKILL", "import signal; os.kill(os.getpid(), signal.SIGKILL)"),
    "kills its group": ("SIGTERM", "import signal; os.killpg(0, signal.SIGTERM)"),
    "becomes another program": ("exit status 0", "os.execv(sys.executable, ['python', '-c', ''])"),
    "becomes a program that goes on": (
        "cut its process off",
        "os.execv('/bin/sleep', ['sleep', '1000'])",
    ),
    "closes every file": ("exit status 1", "os.closerange(3, 1024)"),
    "closes every file and goes on": ("cut its", "os.closerange(3, 1024); time.sleep(1000)"),
    "exits in a thread": (
        "exit status 0",
        "import threading; threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(5)",
    ),
    "writes where it must not": ("SIGSEGV", "import ctypes; ctypes.memset(8, 0, 8)"),
    "bus error": ("SIGBUS", "import signal; signal.raise_signal(signal.SIGBUS)"),
}


@posix
@pytest.mark.parametrize("name", DEATHS)
def test_a_dead_child_is_no_answer(name):
    says, code = DEATHS[name]
    outcome = outcome_of(f"def f():\n    print('PASS', flush=True)\n    {code}\n    return 1\n")
    assert (outcome.status, outcome.value) == ("died", None)
    assert says in str(outcome.error)


@posix
def test_the_line_that_crashes_is_told():
    outcome = outcome_of("def f():\n    import ctypes\n    return ctypes.string_at(0)\n")
    assert outcome.error is not None
    assert (outcome.error.frames[-1].function, outcome.error.line) == ("f", 4)


@posix
def test_steps_after_a_death_go_on(children):
    """In a new child, with what they build on; those that fail alike are not tried again."""
    submission = parse("""
        def first(x): return [x + 1, {"two": x + 2}]
        def dies(x): os._exit(0)
        def hangs(x):
            while True: pass
        def adds(x, y): return x + y
        class Counter:
            def __init__(self, start): self.n = start
            def add(self, k):
                self.n += k
                return self.n
    """)
    ref = runner.Ref
    steps = [
        Step("first", "first", [np.zeros(2)]),
        Step("counter", "Counter", [5], keep=True),
        Step("dies", "dies", [1]),
        Step("on a death", "adds", [1, ref("dies")]),
        Step("dies again", "dies", [2]),
        Step("adds", "adds", [ref("first", (0,)), ref("first", (1, "two"))]),
        Step("hangs", "hangs", [1]),
        Step("hangs again", "hangs", [2]),
        Step("hangs in other company", "hangs", [3], partners="correct"),
        Step("none there", "nothing"),
        Step("on nothing", "adds", [ref("none there"), 1]),
        Step("not that deep", "adds", [ref("first", (7,)), 1]),
        Step("method", ("method", ref("counter"), "add"), [2]),
        Step("last", "adds", [1, ref("adds")]),
    ]
    got = runner.run(submission, steps, seconds=2.0)
    assert len(children) == 4  # the first, and one after each end
    assert list(got) == [step.id for step in steps]
    status = {name: outcome.status for name, outcome in got.items()}
    assert status == {
        "first": "returned",
        "counter": "returned",
        "dies": "died",
        "on a death": "not run",
        "dies again": "died",
        "adds": "returned",
        "hangs": "timed out",
        "hangs again": "timed out",
        "hangs in other company": "timed out",
        "none there": "missing",
        "on nothing": "not run",
        "not that deep": "not run",
        "method": "returned",
        "last": "returned",
    }
    assert got["hangs again"].step == "hangs again"
    assert got["adds"].value.tolist() == [3, 3]
    assert got["method"].value == 7
    assert got["last"].value.tolist() == [4, 4]
    assert "it needs the result of your dies, which returned nothing" in str(
        got["on a death"].error
    )
    assert "what your first returned has nothing at [7]" in str(got["not that deep"].error)


@posix
def test_a_step_that_cannot_be_repeated(tmp_path):
    """It returned once, and dies when a later step's death makes it run again."""
    submission = parse("""
        def once(path):
            if os.path.exists(path): os._exit(0)
            open(path, "w").close()
            return 1
        def dies(): os._exit(0)
        def uses(x): return x
    """)
    steps = [
        Step("once", "once", [str(tmp_path / "flag")]),
        Step("dies", "dies"),
        Step("uses", "uses", [runner.Ref("once")]),
        Step("other", "uses", [3]),
    ]
    got = runner.run(submission, steps)
    status = [outcome.status for outcome in got.values()]
    assert status == ["returned", "died", "not run", "returned"]


def test_the_steps_themselves_are_checked():
    submission = parse("def f(x): return x")
    with pytest.raises(ValueError, match="two steps are called a"):
        runner.run(submission, [Step("a", "f", [1]), Step("a", "f", [2])])
    with pytest.raises(ValueError, match="step a builds on b, which does not come before"):
        runner.run(submission, [Step("a", "f", [[runner.Ref("b")]]), Step("b", "f", [1])])
    assert runner.run(submission, []) == {}


def fails(kind: type[Exception] = BlockingIOError, *words: str):
    raise kind(*words or (11, "Resource temporarily unavailable"))


CANNOT = {
    "no interpreter": (
        runner,
        "_environment",
        lambda *_: {"PYTHONHOME": "/nowhere"},
        "not start: ",
    ),
    "no process": (subprocess, "Popen", lambda *_, **__: fails(), "temporarily unavailable"),
    "no thread": (
        threading.Thread,
        "start",
        lambda _: fails(RuntimeError, "can't start"),
        "can't start",
    ),
    "no folder": (tempfile, "tempdir", "/nowhere", "No such file or directory"),
    "no room": (runner, "ROOM", -1, "negative count"),
}


@pytest.mark.parametrize("name", CANNOT)
def test_what_the_checker_cannot_do_is_no_crash(monkeypatch, name):
    """No interpreter, no process, no thread, no room: nothing is said about the submission."""
    owner, what, instead, says = CANNOT[name]
    submission = parse("def f(): os._exit(0)")
    with monkeypatch.context() as patch:
        patch.setattr(owner, what, instead)
        with pytest.raises(Exception, match=says) as raised:
            runner.run(submission, [Step("a", "f"), Step("b", "f")])
    if name != "no room":
        assert isinstance(raised.value, runner.CannotRunError)


@posix
def test_few_file_descriptors():
    """Enough of them are enough; fewer are no fault of the submission's."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    submission = parse("def f(): return 1")
    used = len(os.listdir("/dev/fd"))  # noqa: PTH208
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 60, limits[1]))
        assert runner.run(submission, [Step("a", "f")])["a"].value == 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, limits[1]))
        with pytest.raises(runner.CannotRunError, match="Too many open files"):
            runner.run(submission, [Step("a", "f")])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_limits_of_time_are_finite(seconds):
    submission = parse("def rnn_forward(): return 1")
    with pytest.raises(ValueError, match="finite number above 0"):
        runner.run(submission, [], seconds=seconds)
    with pytest.raises(ValueError, match="finite number above 0"):
        check.text("def f(): return 1", seconds=seconds)
    with pytest.raises(ValueError, match="finite number above 0"):
        check.file(__file__, seconds=seconds)


# What raises ---------------------------------------------------------------------------------

RAISES = {
    "sys.exit(0)": ("SystemExit", "sys.exit(0)"),
    "sys.exit('PASS')": ("SystemExit", "sys.exit('PASS')"),
    "exit": ("NameError", "no_such_name"),
    "interrupt": ("KeyboardInterrupt", "raise KeyboardInterrupt"),
    "generator exit": ("GeneratorExit", "raise GeneratorExit"),
    "recursion": ("RecursionError", "return f()"),
    "memory": ("MemoryError", "import numpy as np; return np.ones(10 ** 13)"),
    "text memory": ("MemoryError", "return 'x' * 10 ** 13"),
    "little by little": ("MemoryError", "x = [1] * 10**6\n    while True: x = x + x"),
    "input": ("EOFError", "return input()"),
    "assertion": ("AssertionError", "assert False"),
    "stop": ("StopIteration", "next(iter(()))"),
    "raises nothing": ("TypeError", "raise None"),
    "hostile message": (
        "Odd",
        "class Odd(Exception):\n        def __str__(self): raise self\n    raise Odd()",
    ),
    "hostile exit": (
        "Odd",
        "class Odd(BaseException):\n        def __str__(self): sys.exit(0)\n    raise Odd()",
    ),
    "interrupts the main thread": (
        "KeyboardInterrupt",
        "import _thread; _thread.interrupt_main(); time.sleep(1)",
    ),
}


def test_what_raises_is_told(interruptible):
    """All in one child: each step is free of what the others did."""
    text = "".join(
        f"def f{n}():\n    {code.replace('f()', f'f{n}()')}\n"
        for n, (_, code) in enumerate(RAISES.values())
    )
    steps = [Step(name, f"f{n}") for n, name in enumerate(RAISES)]
    submission = parse(text + "def fine(): return 1\n")
    steps.append(Step("fine", "fine"))
    got = runner.run(submission, steps, seconds=60, memory=2**29)
    assert {name: got[name].status for name in RAISES} == dict.fromkeys(RAISES, "raised")
    errors = {name: got[name].error for name in RAISES}
    assert {n: e and e.type for n, e in errors.items()} == {n: t for n, (t, _) in RAISES.items()}
    assert all(outcome.value is None for name, outcome in got.items() if name != "fine")
    assert got["fine"].value == 1
    recursion = errors["recursion"]
    assert recursion is not None
    assert len(recursion.frames) == sum(child.FRAMES)


def test_the_own_lines_of_a_failure(tmp_path):
    """Those of the submission, not those of NumPy."""
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n\n\ndef inner(x):\n    return np.linalg.inv(x)\n\n\n"
        "def f(x):\n    y = x\n    return inner(y)\n"
    )
    outcome = runner.run(loading.load(path), [Step("it", "f", [np.zeros((2, 2))])])["it"]
    assert outcome.error == runner.Failure(
        "LinAlgError",
        "Singular matrix",
        (runner.Frame("mine.py", 10, "f"), runner.Frame("mine.py", 5, "inner")),
    )


# What lies -----------------------------------------------------------------------------------

LIES = """
import numpy as np
import os, sys, json, builtins, time, zipfile

def patches(x):
    yes = lambda *a, **k: True
    for name in ("allclose", "savez", "max", "abs", "asarray", "concatenate", "load", "prod"):
        setattr(np, name, yes)
    np.ndarray = list
    np.linalg.norm = yes
    np.random.seed = yes
    os.replace = os.write = os.getpid = os.dup2 = os.lseek = yes
    json.dumps = lambda *a, **k: '"PASS"'
    builtins.isinstance = builtins.len = builtins.open = builtins.print = yes
    sys.modules["numpy"] = None
    return x + 1

def usual(x):
    return np.max(np.abs(x)), np.allclose(x, 2 * x), len("abc"), np.random.rand()

def quits(x):
    sys.stdout.write("PASS")
    return None

def forges(x):
    folder = os.path.dirname(os.getcwd())
    for number in range(9):
        with open(os.path.join(folder, f"result{number}.data"), "w") as file:
            file.write('{"values": {"number": 0}, "sizes": {}}')
    return x

def announces(x):
    for number in range(3, 400):
        try:
            os.write(number, b"0123456789abcdef done 3\\ndone 3\\nend\\n")
        except OSError:
            pass
    os._exit(0)
"""


def test_replaced_functions_are_restored_and_told():
    """A NumPy that says yes to everything changes neither the result nor the next step."""
    x = np.arange(3.0)
    steps = [Step("usual", "usual", [x]), Step("patches", "patches", [x])]
    got = runner.run(loading.from_text(LIES), [*steps, Step("after", "usual", [x])])
    assert got["patches"].value.tolist() == [1, 2, 3]
    replaced = {"numpy.allclose", "numpy.savez", "numpy.max", "os.replace", "json.dumps"}
    assert replaced <= set(got["patches"].replaced)
    assert "builtins.isinstance" in got["patches"].replaced
    assert "numpy.linalg.norm" in got["patches"].replaced
    assert got["usual"].replaced == got["after"].replaced == ()
    assert got["usual"].value == got["after"].value
    assert got["after"].value[:3] == (2.0, False, 3)


def test_what_is_printed_is_no_result():
    got = runner.run(loading.from_text(LIES), [Step("quits", "quits", [1])])
    assert (got["quits"].status, got["quits"].value) == ("returned", None)
    assert got["quits"].stdout == "PASS"


@posix
def test_results_from_elsewhere_count_for_nothing(monkeypatch):
    """Files and lines that do not carry the number of this run."""
    submission = loading.from_text(LIES)
    steps = [Step("forges", "forges", [1]), Step("announces", "announces", [1])]
    got = runner.run(submission, [*steps, Step("after", "usual", [np.ones(2)])])
    assert [o.status for o in got.values()] == ["returned", "died", "returned"]
    # and a file as the child writes it, of another run
    wrong = "0" * 32
    honest = codec.read

    def of_another_run(path):
        return honest(path) | {"nonce": wrong}

    monkeypatch.setattr(codec, "read", of_another_run)
    got = runner.run(submission, [Step("usual", "usual", [np.ones(2)])])
    assert got["usual"].status == "died"
    assert "its result cannot be read: it belongs to another run" in str(got["usual"].error)


@posix
def test_a_child_that_lies_about_where_it_is():
    """It knows the number of the run, and announces steps that there are not, and the end."""
    outcome = outcome_of(
        """
        def f():
            mark = os.environ["HANDRNN_CHECK"]
            for what in ("done 49", "start x", "done", "start 0", "end", "ready", "done -1"):
                for number in range(3, 300):
                    try:
                        os.write(number, f"{mark} {what}\\n".encode())
                    except OSError:
                        pass
            while True: pass
        """,
        seconds=1.0,
    )
    assert outcome.status == "timed out"


@posix
def test_a_flood_is_not_kept():
    """Not a line end in gigabytes, or nothing but announcements."""
    import tracemalloc

    tracemalloc.start()
    for line in ("b'x' * 10**6", "(os.environ['HANDRNN_CHECK'] + ' call\\n').encode() * 1000"):
        outcome = outcome_of(
            f"""
            def f():
                files = [n for n in range(3, 300) if os.path.exists(f"/dev/fd/{{n}}")]
                pipes = [n for n in files if os.readlink(f"/dev/fd/{{n}}").startswith("pipe")]
                line = {line}
                while True:
                    for number in pipes: os.write(number, line)
            """,
            seconds=0.5,
        )
        assert outcome.status == "timed out"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 2**20


@posix
def test_pipes_in_the_place_of_results(tmp_path):
    """The child that writes into one hangs; the parent opens none."""
    outcome = outcome_of(
        "def f():\n    os.mkfifo(os.path.join('..', 'part.data'))\n    return 1\n", seconds=1.0
    )
    assert outcome.status == "timed out"
    os.mkfifo(tmp_path / "result0.data")
    (tmp_path / "link.data").symlink_to("/dev/zero")
    for name in ("result0.data", "link.npz"):
        with pytest.raises(OSError):  # noqa: PT011 -- a link has the system's words
            codec.read(tmp_path / name)


def test_many_arrays_take_linear_time():
    outcome = outcome_of("import numpy as np\ndef f(): return [np.zeros(1) for _ in range(99_000)]")
    assert len(outcome.value) == 99_000


def test_a_result_that_vanishes():
    outcome = outcome_of("""
        import threading
        def f():
            folder = os.path.dirname(os.getcwd())
            def remove():
                while True:
                    for name in os.listdir(folder):
                        if name.startswith("result"): os.remove(os.path.join(folder, name))
            threading.Thread(target=remove, daemon=True).start()
            sys.setswitchinterval(1e-6)
            return list(range(10000))
    """)
    assert outcome.status in ("returned", "died")  # whoever is first
    assert outcome.status == "died" or outcome.value == list(range(10000))


# What litters --------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("leave", ["", "os.setpgid(0, 0)", "os.setsid()"])
def test_processes_left_behind_are_ended(tmp_path, monkeypatch, leave):
    """A copy that never ends; on Linux also one that has left the group."""
    if leave and sys.platform != "linux":
        pytest.skip("only Linux tells which processes inherited the mark")
    if not leave:
        monkeypatch.setattr(runner, "_kill_marked", lambda nonce: None)
    outcome = outcome_of(
        f"""
        def f(path):
            pid = os.fork()
            if not pid:
                {leave or "pass"}
                open(path, "w").write(str(os.getpid()))
                while True: time.sleep(1)
            while not os.path.exists(path) or not open(path).read(): time.sleep(0.01)
            return pid
        """,
        str(tmp_path / "pid"),
    )
    assert outcome.status == "returned"
    assert outcome.value == int((tmp_path / "pid").read_text())
    assert ends(outcome.value)


@posix
def test_a_program_left_behind_is_ended():
    outcome = outcome_of("""
        import subprocess
        def f():
            return subprocess.Popen(["sleep", "1000"], start_new_session=True).pid
    """)
    assert ends(outcome.value)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a process that orphans are given to")
@pytest.mark.parametrize("then", ["return process.pid", "os._exit(0)", "while True: pass"])
def test_a_program_without_a_mark_is_ended(tmp_path, then):
    """Its environment is empty, its session and its folder are its own, its parent is gone."""
    path = tmp_path / "pid"
    outcome = outcome_of(
        f"""
        import subprocess
        def f(path):
            options = {{"env": {{}}, "cwd": "/", "start_new_session": True}}
            code = "sleep 1000 & echo $! > " + path
            process = subprocess.Popen(["/bin/sh", "-c", code], **options)
            process.wait()
            {then}
        """,
        str(path),
        seconds=3.0,
    )
    assert outcome.status in ("returned", "died", "timed out")
    assert ends(int(path.read_text()))


@posix
def test_the_dead_leave_nobody_either(tmp_path):
    """The child dies and its copy holds the pipe: that is seen at once, and the copy ended."""
    start = time.monotonic()
    outcome = outcome_of(
        """
        def f(path):
            if not os.fork():
                open(path, "w").write(str(os.getpid()))
                time.sleep(1000)
            while not os.path.exists(path) or not open(path).read(): time.sleep(0.01)
            os._exit(0)
        """,
        str(tmp_path / "pid"),
    )
    assert outcome.status == "died"
    assert time.monotonic() - start < 5
    assert ends(int((tmp_path / "pid").read_text()))


@posix
def test_a_copy_never_goes_on_with_the_job(tmp_path):
    """Both return from the call, raise, or exit; one result is written."""
    submission = parse("""
        def both(path, kind):
            pid = os.fork()
            with open(path, "a") as file: file.write(f"{kind}\\n")
            if not pid and kind == "raise": raise ValueError
            if not pid and kind == "exit": sys.exit(0)
            if not pid: return "copy"
            os.waitpid(pid, 0)
            return "original"
    """)
    path = tmp_path / "calls"
    kinds = ("return", "raise", "exit", "return")
    steps = [Step(f"s{n}", "both", [str(path), kind]) for n, kind in enumerate(kinds)]
    got = runner.run(submission, steps)
    assert [outcome.value for outcome in got.values()] == ["original"] * 4
    assert sorted(path.read_text().split()) == sorted(kinds * 2)


@posix
def test_a_fork_bomb_is_small(tmp_path):
    """Copies may not copy themselves, and the child not endlessly."""
    path = tmp_path / "pids"
    outcome = outcome_of(
        """
        def f(path):
            while True:
                try:
                    os.fork()
                except RuntimeError:
                    if os.getppid() and os.getpgid(0) == os.getpid(): return "refused"
                    time.sleep(1000)
                else:
                    with open(path, "a") as file: file.write(f"{os.getpid()}\\n")
        """,
        str(path),
    )
    assert outcome.value == "refused"
    pids = {int(pid) for pid in path.read_text().split()}
    assert 0 < len(pids) <= containment.MOST_PROCESSES + 1
    assert all(ends(pid) for pid in pids)


LITTER = """
import atexit, gc, random, shutil, signal, threading, warnings
import numpy as np

class Dying:
    def __del__(self): raise RuntimeError("in __del__")

def litters(x):
    for _ in range(5):
        threading.Thread(target=time.sleep, args=(1000,)).start()
    atexit.register(time.sleep, 1000)
    Dying()
    sys.stdout.close()
    sys.stderr = None
    os.close(1)
    os.close(2)
    open("file", "w").write("x")
    shutil.rmtree(os.getcwd())
    os.chdir("/")
    sys.setrecursionlimit(100)
    np.seterr(all="raise")
    np.random.seed(3)
    warnings.filterwarnings("error")
    gc.disable()
    if hasattr(signal, "alarm"): signal.alarm(2)
    globals()["np"] = None
    cache.append(1)
    return x + 1

cache = []

def clean():
    with warnings.catch_warnings():
        warnings.warn("heard")
    print("printed")
    sys.stderr.write("error")
    return (
        os.listdir("."), np.exp(1000.0), random.random(), np.random.rand(), list(cache),
        sys.getrecursionlimit() > 500,
    )

def sleeps():
    time.sleep(2.5)
    return 1
"""


@posix
def test_every_step_starts_clean():
    steps = [Step("before", "clean"), Step("litters", "litters", [1]), Step("after", "clean")]
    got = runner.run(parse(LITTER), [*steps, Step("alarm", "sleeps")])
    before, after = got["before"], got["after"]
    assert got["litters"].value == 2
    assert before.value == after.value
    assert before.value[0] == []
    assert before.value[4:] == ([], True)
    assert (after.stdout, after.stderr) == ("printed\n", "error")
    assert any(text.startswith("UserWarning: heard (line ") for text in after.warnings)
    assert any(text.startswith("RuntimeWarning: overflow") for text in after.warnings)
    assert got["alarm"].value == 1


def test_warnings_point_at_the_submissions_own_lines():
    """Once each, however often and from however deep in a library they come."""
    outcome = outcome_of("""
        import numpy as np
        def f():
            for k in range(3):
                np.asmatrix([[1, 2]])
            np.matrix([[1, 2]])
            return 1
    """)
    (text,) = outcome.warnings
    assert text.startswith("PendingDeprecationWarning: the matrix subclass is not")
    assert text.endswith(" (line 6)")
    assert len(text) <= containment.LONGEST_WARNING + 10


def test_gigabytes_of_output_are_cut():
    """Without an end of the disk, and without an error in the submission."""
    got = runner.run(
        parse("""
            def prints():
                for _ in range(2000): print("é" * 10 ** 6)
                sys.stderr.buffer.write(b"\\xff" * 5000)
                return os.fstat(sys.stdout.fileno()).st_size
            def warns():
                import warnings
                for n in range(10 ** 4): warnings.warn(str(n))
                return 1
            def repeats():
                import warnings
                for n in range(10 ** 4): warnings.warn(str(n % 3))
                return 1
        """),
        [Step(name, name) for name in ("prints", "warns", "repeats")],
    )
    assert got["prints"].value == 4 * containment.MOST_PRINTED  # bytes, of which two are an é
    assert got["prints"].stdout == "é" * containment.MOST_PRINTED
    assert len(got["prints"].stderr) == containment.MOST_PRINTED
    assert len(got["warns"].warnings) == containment.MOST_WARNINGS
    assert len(got["repeats"].warnings) == 3


@posix
def test_a_file_cannot_fill_the_disk():
    outcome = outcome_of("""
        def f():
            with open("large", "wb") as file: file.truncate(10 ** 12)
    """)
    assert (outcome.status, outcome.error and outcome.error.type) == ("raised", "OSError")


@posix
def test_memory_is_limited_beyond_the_start():
    text = "import numpy as np\ndef f(n):\n    return np.ones(n * 2**17).sum()\n"
    assert outcome_of(text, 450, memory=2**29).status == "returned"
    outcome = outcome_of(text, 600, memory=2**29)
    assert (outcome.status, outcome.error and outcome.error.type) == ("raised", "MemoryError")


# What is returned, and what happens to arguments ---------------------------------------------

RETURNS = """
import numpy as np

class Odd:
    pass

class Hostile(np.ndarray):
    def __array_finalize__(self, obj): pass
    def copy(self): raise RuntimeError
    def tobytes(self): sys.exit(0)

def deep():
    value = []
    for _ in range(10 ** 6): value = [value]
    return value

VALUES = dict
def values(): return {
    "none": None, "nan": np.array([np.nan]), "complex": np.array([1j]), "odd": Odd(),
    "matrix": np.matrix([[1.0, 2.0]]), "masked": np.ma.masked_array([1.0, 2.0], [0, 1]),
    "generator": (n for n in [1]), "type": Odd, "objects": np.array([None, Odd()]),
    "lists": [[1.0, 2.0], [3.0]], "hostile": np.ones(2).view(Hostile), "half": np.float16(1),
}
def bomb():
    class Bomb:
        def __repr__(self): os._exit(0)
    return Bomb()
def leaves():
    class Leave:
        def __repr__(self): sys.exit(0)
    return Leave()
"""


@posix
def test_whatever_is_returned_is_data():
    names = ["values", "deep", "leaves", "bomb", "values"]
    steps = [Step(f"{n}", name) for n, name in enumerate(names)]
    got = list(runner.run(parse(RETURNS), steps).values())
    statuses = ["returned", "returned", "raised", "died", "returned"]
    assert [outcome.status for outcome in got] == statuses
    assert "cannot be taken apart" in str(got[2].error)
    value = got[-1].value
    assert value["none"] is None
    assert np.isnan(value["nan"]).all()
    assert value["complex"].dtype == complex
    assert value["odd"].type == "Odd"
    assert type(value["matrix"]) is type(value["hostile"]) is np.ndarray
    assert value["masked"].type == "masked array of float64"  # without its mask it would be another
    assert value["matrix"].shape == (1, 2)
    assert value["generator"].type == "generator"
    assert value["type"] == codec.Opaque("type", "<class '<submission>.Odd'>")
    assert value["objects"].type == "array of object"
    assert value["lists"] == [[1.0, 2.0], [3.0]]
    assert value["half"].dtype == np.float16


ARGUMENTS = """
import numpy as np
def changes(x, deep, y=None):
    x[0] = 7
    deep["a"][0] += 1
    deep["new"] = 3
    y.append(4)
    return x.sum()
def looks(x, deep, y=None):
    return x, deep, y
def forward(x):
    c = np.zeros((2, 3))
    c_next = c[:, 0]
    return c, c, c_next, [{"x": x, "part": c[:, 1]}], x[1:], c[:, 2].copy(), 2 * x
def backward(caches):
    caches[3][0]["x"][0] = 99
    return caches[3][0]["x"].copy()
"""


def test_every_step_gets_copies():
    """What one step does to its arguments no other sees; after the call they are shown."""
    x, deep, y = np.zeros(2), {"a": np.zeros(1)}, [1]
    steps = [
        Step("changes", "changes", [x, deep, y]),
        Step("looks", "looks", [x, deep, y]),
        Step("forward", "forward", [np.zeros(3)]),
        Step("backward", "backward", [runner.Ref("forward")]),
        Step("backward again", "backward", [runner.Ref("forward")]),
        Step("sees", "looks", [runner.Ref("forward", (3,)), runner.Ref("forward", (3, 0, "x"))]),
    ]
    got = runner.run(parse(ARGUMENTS), steps)
    assert got["changes"].value == 7
    after_x, after_deep, after_y = got["changes"].arguments_after
    assert after_x.tolist() == [7, 0]
    assert after_deep == {"a": [1], "new": 3}
    assert after_y == [1, 4]
    assert (x == 0).all()
    assert got["looks"].value[0].tolist() == [0, 0]
    assert got["looks"].value[1:] == ({"a": [0]}, [1])
    assert got["backward"].arguments_after[0][3][0]["x"].tolist() == [99, 0, 0]
    assert got["sees"].value[0][0]["x"].tolist() == got["sees"].value[1].tolist() == [0, 0, 0]


# Partners ------------------------------------------------------------------------------------

PARTNERS = """
import numpy as np
def rnn_cell_forward(xt, a_prev, parameters):
    return "own cell"
def sigmoid(z, derivative):
    return "own sigmoid"
def softmax(z):
    return "own softmax"
def rnn_forward(x, a0, parameters):
    return rnn_cell_forward(x[:, :, 0], a0, parameters), sigmoid(1, 2), softmax(np.zeros((2, 1)))
def asks(x):
    return lstm_cell_backward
"""


def described(name):
    """A dialect, as a job describes it."""
    return {"name": name, "text": dialects.all_dialects()[name].text, "called": {}, "respelt": {}}


def test_partners():
    """Own ones or right ones; what the file lacks is supplied in any case."""
    rng = np.random.default_rng(5)
    shapes = {"Wax": (4, 5), "Waa": (4, 4), "ba": (4, 1), "Wya": (2, 4), "by": (2, 1)}
    parameters = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    given = [rng.normal(size=(5, 3, 6)), rng.normal(size=(4, 3)), parameters]
    steps = [
        Step("own", "rnn_forward", given),
        Step("right", "rnn_forward", given, partners="right"),
        Step("itself", "rnn_cell_forward", given, partners="right"),
        Step("lacking", "asks", [1]),
    ]
    got = runner.run(loading.from_text(PARTNERS), steps, dialect=described("course"))
    assert got["own"].value == ("own cell", "own sigmoid", "own softmax")
    cell, sigmoid, softmax = got["right"].value
    x, a0, _ = given
    a = np.tanh(parameters["Wax"] @ x[:, :, 0] + parameters["Waa"] @ a0 + parameters["ba"])
    np.testing.assert_allclose(cell[0], a, rtol=1e-14)
    assert sigmoid == "own sigmoid"  # it takes two arguments, the course's takes one
    assert softmax.tolist() == [[0.5], [0.5]]
    assert got["itself"].value == "own cell"
    assert got["lacking"].value.type == "function"


def test_the_other_dialects_partners():
    submission = loading.from_text("def f(z):\n    return softmax(z)\n")
    step = Step("it", "f", [np.zeros((1, 2))])
    columns = runner.run(submission, [step], dialect=described("course"))["it"].value
    rows = runner.run(submission, [step], dialect=described("batch_first"))["it"].value
    assert columns.tolist() == [[1, 1]]
    assert rows.tolist() == [[0.5, 0.5]]


def test_random_state_is_the_submissions_own():
    state = str(np.random.get_state())  # noqa: NPY002 -- the stream that submissions use
    text = "import numpy as np\ndef f():\n    return np.random.rand()\n"
    submission = loading.from_text(text)
    got = runner.run(submission, [Step("a", "f"), Step("b", "f")])
    assert got["a"].value == got["b"].value
    assert runner.run(submission, [Step("a", "f")])["a"].value == got["a"].value
    assert str(np.random.get_state()) == state  # noqa: NPY002


def test_the_surroundings_are_not_inherited(monkeypatch):
    monkeypatch.setenv("SECRET", "word")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    got = outcome_of(
        "def f():\n    return os.environ.get('SECRET'), os.getcwd(), sys.flags.safe_path"
    )
    assert got.value[0] is None
    assert got.value[1] != str(Path.cwd())
    assert got.value[2] is True


# Live functions ------------------------------------------------------------------------------

Wf = np.full((2, 2), 3.0)
n_a, rate = 5, 2.0


def live_inner(x):
    return x + 1


def live(x, parameters):
    return live_inner(x) * rate + parameters["k"]


def live_stale(x, parameters):
    return Wf @ x, n_a, parameters["n_a"]


def live_dies(x):
    os._exit(0)


def live_hangs(x):
    while True:
        pass


def live_changes(x):
    globals()["rate"] = 100.0
    np.allclose = None
    os.environ["CHANGED"] = "yes"
    x[0] = 5
    sys.stdout.write("printed")
    return sys.exit("left")


def live_says(x):
    print("said")
    return x.sum(), os.getpid()


@posix
def test_live_functions_run_in_a_copy():
    x = np.zeros(2)
    got = runner.run_live({"live": live}, [Step("it", "live", [x, {"k": 3}])])["it"]
    assert got.value.tolist() == [5, 5]
    assert (got.globals_read, got.notes) == ((), ())
    got = runner.run_live({"any name": live_says}, [Step("it", "any name", [x + 1])])["it"]
    assert got.value[0] == 2
    assert got.value[1] != os.getpid()
    assert got.stdout == "said\n"


@posix
def test_live_functions_that_die_hang_and_change_things():
    allclose, x = np.allclose, np.zeros(2)
    functions = {"dies": live_dies, "hangs": live_hangs, "changes": live_changes, "says": live_says}
    steps = [Step(name, name, [x]) for name in functions]
    got = runner.run_live(functions, steps, seconds=2.0)
    assert [o.status for o in got.values()] == ["died", "timed out", "raised", "returned"]
    assert got["hangs"].error is not None
    assert got["hangs"].error.frames[-1].function == "live_hangs"
    assert got["changes"].stdout == "printed"
    assert np.allclose is allclose
    assert rate == 2.0
    assert "CHANGED" not in os.environ
    assert (x == 0).all()


@pytest.mark.parametrize("fork", [pytest.param(True, marks=posix), False])
def test_stale_globals_of_a_live_session(monkeypatch, fork):
    """A notebook's arrays are told; sizes are those of the arguments."""
    monkeypatch.setattr(runner, "CAN_FORK", fork)
    step = Step("it", "f", [np.ones((2, 1)), {"n_a": 4}])
    got = runner.run_live({"f": live_stale}, [step])["it"]
    assert got.value[0].tolist() == [[6], [6]]
    assert got.value[1:] == (4, 4)
    assert got.globals_read == ("Wf", "n_a")
    assert n_a == 5


def test_without_fork_live_functions_run_here(monkeypatch, capfd):
    monkeypatch.setattr(runner, "CAN_FORK", False)
    folder, limit, streams = Path.cwd(), sys.getrecursionlimit(), (sys.stdout, sys.stderr)
    functions = {"says": live_says, "live": live, "changes": live_changes}
    x = np.ones(2)
    steps = [
        Step("says", "says", [x]),
        Step("live", "live", [x, {"k": runner.Ref("says", (0,))}]),
        Step("changes", "changes", [x]),
    ]
    try:
        got = runner.run_live(functions, steps)
    finally:
        os.environ.pop("CHANGED", None)
    assert got["says"].value == (2, os.getpid())
    assert got["says"].stdout == "said\n"
    assert got["says"].notes == ("it could not be isolated: there is no fork here",)
    assert got["live"].value.tolist() == [6, 6]
    assert got["changes"].status == "raised"
    assert got["changes"].error is not None
    assert got["changes"].error.type == "SystemExit"
    assert "numpy.allclose" in got["changes"].replaced
    assert np.allclose(1, 1)
    assert (Path.cwd(), sys.getrecursionlimit(), (sys.stdout, sys.stderr)) == (
        folder,
        limit,
        streams,
    )
    assert rate == 2.0
    assert (x == 1).all()
    assert capfd.readouterr().out == ""


@posix
def test_partners_of_live_functions():
    def rnn_forward(z):
        return softmax(z)  # noqa: F821 # pyright: ignore[reportUndefinedVariable]

    step = Step("it", "f", [np.zeros((2, 1))], partners="right")
    got = runner.run_live({"f": rnn_forward}, [step], dialect=described("course"))["it"]
    assert got.value.tolist() == [[0.5], [0.5]]


# The parent ----------------------------------------------------------------------------------


@posix
def test_an_interrupted_parent_leaves_nothing(tmp_path, interruptible):
    """Ctrl-C while a submission hangs: the child is ended and the folder removed."""
    path = tmp_path / "pid"
    submission = parse("""
        def f(path):
            open(path, "w").write(str(os.getpid()))
            while True: pass
    """)

    def interrupt():
        while not (path.exists() and path.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        runner.run(submission, [Step("it", "f", [str(path)])], seconds=30)
    assert ends(int(path.read_text()))


HANGS = """
import os, time
def rnn_cell_forward(xt, a_prev, parameters):
    open({path!r} + str(os.getpid()), "w").close()
    while True:
        time.sleep(0.01)
"""


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_is_interrupted_at_once(tmp_path, number):
    """Several files at a time, all of which hang: no process and no folder is left."""
    temporary, pids = tmp_path / "tmp", tmp_path / "pids"
    temporary.mkdir()
    pids.mkdir()
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(HANGS.format(path=f"{pids}/"))
    files = [str(tmp_path / f"{name}.py") for name in "abc"]
    options = ["--timeout", "1000", "--jobs", "2", "--no-torch"]
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": HOUSE}
    command = [sys.executable, "-m", "handrnn", "check", *files, *options]

    def heard():  # a shell's background, and nohup, have signals ignored
        signal.signal(number, signal.SIG_DFL)

    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, preexec_fn=heard
    ) as parent:
        while parent.poll() is None and len(list(pids.iterdir())) < 2:
            time.sleep(0.01)
        parent.send_signal(number)
        start = time.monotonic()
        parent.wait(60)
        assert time.monotonic() - start < 20  # one on an idle machine
        assert parent.stderr is not None
        assert b"Traceback" not in parent.stderr.read()
    assert parent.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert list(temporary.iterdir()) == []
    assert all(ends(int(path.name)) for path in pids.iterdir())


@posix
def test_the_report_of_a_hang_shows_the_line(tmp_path):
    (tmp_path / "a.py").write_text(HANGS.format(path=f"{tmp_path}/"))
    report = check.file(tmp_path / "a.py", seconds=1.0, second_opinion=False)
    hangs = report.functions["rnn_cell_forward"]
    assert hangs.verdict == "TIMED OUT"
    assert hangs.line in (5, 6)
    assert hangs.source in ("while True:", "time.sleep(0.01)")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only processor time is limited")
def test_a_killed_parent_leaves_no_child(tmp_path):
    """Nobody is left to end a submission that sleeps."""
    path = tmp_path / "pid"
    program = f"""
        from handrnn.check import loading, runner
        text = "import os, time\\ndef f(path):\\n"
        text += "    open(path, 'w').write(str(os.getpid()))\\n    time.sleep(1000)\\n"
        step = runner.Step("it", "f", [{str(path)!r}])
        runner.run(loading.from_text(text), [step], seconds=1000)
    """
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": HOUSE}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, env=environment) as parent:
        while parent.poll() is None and not (path.exists() and path.read_text()):
            time.sleep(0.01)
        parent.kill()
    assert ends(int(path.read_text()))


def test_several_runs_at_a_time():
    submission = parse("def f(x): return x + 1")
    results = {}

    def work(n):
        results[n] = runner.run(submission, [Step("it", "f", [n])])["it"].value

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {0: 1, 1: 2, 2: 3}


def test_no_warning_and_no_open_file_is_left():
    """Under "error", a pipe that is not closed is an error when it is collected."""
    import gc

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        outcome_of("def f(): return 1")
        gc.collect()
    assert [str(warning.message) for warning in seen] == []


def test_it_is_quick():
    """Forty steps of small calls, start included."""
    submission = loading.from_text(
        "import numpy as np\ndef f(x, parameters):\n"
        "    return np.tanh(parameters['W0'] @ x), [x] * 10, parameters\n"
    )
    parameters = {f"W{n}": np.ones((4, 9)) for n in range(10)}
    steps = [Step(f"s{n}", "f", [np.ones((9, 3)), parameters]) for n in range(40)]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        got = runner.run(submission, steps)
        times.append(time.perf_counter() - start)
        assert all(outcome.returned for outcome in got.values())
    assert min(times) < 2  # 0.5 s on a machine that has nothing else to do
