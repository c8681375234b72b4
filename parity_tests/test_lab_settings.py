"""Runs from TOML files and from the command line: the product of lists, and errors of one line."""

import pytest

from handrnn.lab import run, settings


@pytest.fixture
def written(tmp_path):
    """Write a settings file and return its path."""

    def write(text):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return path

    return write


def test_a_file_is_a_run(written):
    path = written('label = "mine"\ncell = "GRU"\nlength = 9\nrate = 0.01\nchrono = true\n')
    expected = run.Run(label="mine", cell="GRU", length=9, rate=0.01, chrono=True)
    assert settings.load(path) == [expected]
    assert settings.load(written("")) == [run.Run()]


def test_lists_are_a_product_in_the_order_of_the_file(written):
    path = written('cell = ["LSTM", "RNN"]\nhidden = 7\nlength = [9, 5]\nseed = [0, 1]\n')
    assert settings.load(path) == [
        run.Run(cell=cell, hidden=7, length=length, seed=seed)
        for cell in ("LSTM", "RNN")
        for length in (9, 5)
        for seed in (0, 1)
    ]


def test_presets_give_what_the_file_leaves_open(written):
    path = written('preset = ["faithful", "tuned"]\ncell = "LSTM"\nlength = 20\nbatch = 16\n')
    assert settings.load(path) == [
        run.faithful("LSTM", 20, 0, batch=16),
        run.tuned("LSTM", 20, 0, batch=16),
    ]
    assert settings.load(written('preset = "tuned"')) == [run.tuned("RNN", 5, 0)]
    (own,) = settings.load(written('preset = "tuned"\nlabel = "mine"\nrate = 0.5'))
    assert own == run.tuned("RNN", 5, 0, label="mine", rate=0.5)


def test_what_a_name_does_not_hold_goes_into_the_label(written):
    path = written('preset = "tuned"\nrate = [1e-3, 0.01]\nclip = [1, 2]\nseed = [0, 1]')
    labels = [one.label for one in settings.load(path)]
    assert labels[::2] == [
        "tuned_rate0_001_clip1",
        "tuned_rate0_001_clip2",
        "tuned_rate0_01_clip1",
        "tuned_rate0_01_clip2",
    ]
    assert labels[1::2] == labels[::2], "seeds are in the name already"
    path = written('preset = ["faithful", "tuned"]\nlabel = "x"\ntask = ["adding", "copy"]')
    assert [one.label for one in settings.load(path)] == [
        "x_presetfaithful_taskadding",
        "x_presetfaithful_taskcopy",
        "x_presettuned_taskadding",
        "x_presettuned_taskcopy",
    ]


def test_none_is_a_word_where_nothing_is_allowed(written):
    (one,) = settings.load(written('preset = "tuned"\ncell = "LSTM"\ncurriculum = "none"'))
    assert one.curriculum is None
    without, opened = settings.load(written('cell = "LSTM"\nforget_bias = ["none", 1]'))
    assert (without.forget_bias, opened.forget_bias) == (None, 1.0)
    with pytest.raises(ValueError, match=r"rate = 'none' has to be a finite number"):
        settings.load(written('rate = "none"'))


def test_the_command_line_has_the_last_word(written):
    path = written('preset = "tuned"\nlength = [5, 6]\nhidden = 7')
    changes = settings.parse(["length=8", "seed=3,4"])
    assert settings.load(path, changes) == [run.tuned("RNN", 8, seed, hidden=7) for seed in (3, 4)]


def test_the_command_line_knows_the_kinds_of_values():
    arguments = "label=5 hidden=64 rate=1e-2 chrono=True curriculum=none seed=1,2 preset=tuned"
    assert settings.parse(arguments.split()) == {
        "label": "5",
        "hidden": 64,
        "rate": 0.01,
        "chrono": True,
        "curriculum": None,
        "seed": [1, 2],
        "preset": "tuned",
    }
    assert type(settings.parse(["hidden=64"])["hidden"]) is int


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hiden = 3", "hiden is not a setting of a run: did you mean hidden?"),
        ("Length = 3", "Length is not a setting of a run: did you mean length?"),
        ("zzz = 3", "zzz is not a setting of a run"),
        ('cell = "lstm"', "did you mean 'LSTM'?"),
        ('task = "coppy"', "did you mean 'copy'?"),
        ('coding = "onehot"', "did you mean 'one-hot'?"),
        (
            'preset = "tunned"',
            "preset = 'tunned' is not one of 'faithful', 'tuned': did you mean 'tuned'?",
        ),
        ("preset = 3", "preset = 3 is not one of 'faithful', 'tuned'"),
        ('rate = "fast"', "rate = 'fast' has to be a finite number above 0"),
        ("rate = true", "rate = True has to be a finite number above 0"),
        ('hidden = "64"', "hidden = '64' has to be a whole number of at least 1"),
        ("hidden = 64.0", "hidden = 64.0 has to be a whole number of at least 1"),
        ("length = [[5]]", "length = [5] has to be a whole number of at least 2"),
        ("cell = 3", "cell = 3 is not one of 'RNN'"),
        ("label = 3", "label = 3 may hold letters"),
        ("chrono = 1\n", "chrono = 1 has to be True or False"),
        ("seed = []", "seed is an empty list: there is nothing to run"),
        ("seed = [1, 2, 1]", "seed holds 1 twice"),
        ("[tuned]\nhidden = 3", "tuned is not a setting of a run"),
        ("hidden = = 3", "(at line 1, column 10)"),
        ("hidden = 3\nhidden = 4", "Cannot overwrite a value"),
    ],
)
def test_an_error_is_one_line_that_names_the_file(written, text, message):
    path = written(text)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        settings.load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert message in line
    assert "\n" not in line


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.toml: No such file or directory"):
        settings.load(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"binary.toml: .*utf-8"):
        settings.load(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hidden"], "hidden is not of the form name=value, such as hidden=64"),
        (["hiden=3"], "hiden is not a setting of a run: did you mean hidden?"),
        (["seed=1,2", "seed=3"], "seed is given twice: several values are seed=first,second"),
    ],
)
def test_arguments_that_are_no_settings(arguments, message):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        settings.parse(arguments)


def test_a_value_of_the_command_line_is_checked_like_a_files():
    with pytest.raises(ValueError, match="rate = 'fast' has to be a finite number above 0"):
        settings.runs(settings.parse(["rate=fast"]))
