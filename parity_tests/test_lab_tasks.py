"""The tasks of the laboratory, each held against its definition in plain Python.

Draws are decoded into digits or letters, and every answer is found again from what was read.
Distributions are judged by Pearson's chi-square on fixed seeds, at the level 1e-4: a right draw
fails one of ten thousand such tests, and the seeds are fixed.
"""

import hashlib
import inspect
import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from handrnn import compare
from handrnn.lab import tasks
from handrnn.lab.tasks import adding, next_symbol, temporal_order

LEVEL = 1e-4
LENGTHS = (2, 3, 4, 5, 10, 11, 30, 37, 100, 101, 1001)
NAMES = tuple(tasks.TASKS)
CLASSES = tuple(name for name in NAMES if name != "adding")
DIGITS = ("palindrome", "first_digit")
CODED = tuple((name, coding) for name, task in tasks.TASKS.items() for coding in task.codings)


def draw(name, seed, batch, length, coding=None, dtype: type = np.float64):
    """A task in its usual coding, or the one asked for, and what it draws."""
    kind = tasks.TASKS[name]
    task = kind(coding=coding or kind.codings[0], dtype=dtype)
    return task, *task.sample(np.random.default_rng(seed), batch, length)


def decode(x, coding):
    """The digits or symbols (steps, B) that the inputs stand for, as plain lists an example."""
    symbols = x[:, :, 0] if coding == "raw" else x.argmax(axis=2)
    return symbols.astype(int).T.tolist()


def assert_uniform(values, categories):
    """Chi-square of the values against equal odds for each of the categories."""
    found, categories = Counter(values), list(categories)
    assert set(found) <= set(categories)
    p = stats.chisquare([found[category] for category in categories]).pvalue
    assert p > LEVEL, f"p = {p:.2g}: {found.most_common(5)} are the most frequent"


# What all tasks promise


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_its_own_worked_example(name):
    assert ">>>" in (inspect.getdoc(tasks.TASKS[name]) or "")


def steps_read(name, length):
    extra = {"palindrome": -1, "first_digit": -1, "next_symbol": -1, "copy": 20}
    return length + extra.get(name, 0)


@pytest.mark.sample(6)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "coding"), CODED)
@pytest.mark.parametrize("length", LENGTHS)
def test_shapes_and_dtypes(name, coding, length, dtype):
    task, x, target = draw(name, 0, 3, length, coding, dtype)
    steps = steps_read(name, length)
    assert x.shape == (steps, 3, task.features)
    assert x.dtype == dtype
    assert target.shape == ((steps, 3) if task.every_step else (3,))
    assert target.dtype == (dtype if name == "adding" else np.int64)


@pytest.mark.parametrize(("name", "coding"), [pair for pair in CODED if pair[1] == "one-hot"])
def test_one_hot_is_a_single_one(name, coding):
    _, x, _ = draw(name, 1, 5, 12, coding)
    assert set(np.unique(x)) == {0.0, 1.0}
    np.testing.assert_array_equal(x.sum(axis=2), 1)


@pytest.mark.parametrize(("name", "coding"), CODED)
def test_the_draw_depends_on_the_seed_alone(name, coding):
    _, x, target = draw(name, 5, 6, 20, coding)
    _, again, target_again = draw(name, 5, 6, 20, coding)
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(target, target_again)
    _, other, _ = draw(name, 6, 6, 20, coding)
    assert np.any(x != other)
    _, single, target_single = draw(name, 5, 6, 20, coding, np.float32)
    np.testing.assert_array_equal(single, x)
    np.testing.assert_allclose(target_single, target, rtol=6e-8)


@pytest.mark.parametrize("name", DIGITS)
def test_both_codings_say_the_same(name):
    _, raw, target = draw(name, 2, 40, 9, "raw")
    _, one_hot, target_too = draw(name, 2, 40, 9, "one-hot")
    assert decode(raw, "raw") == decode(one_hot, "one-hot")
    np.testing.assert_array_equal(target, target_too)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_coding_is_an_error(name):
    kind = tasks.TASKS[name]
    with pytest.raises(ValueError, match="coding = 'onehot': ") as caught:
        kind(coding="onehot")
    assert str(caught.value) == (
        f"coding = 'onehot': {kind.__name__} knows {', '.join(map(repr, kind.codings))}"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_length_too_short_is_an_error(name):
    kind = tasks.TASKS[name]
    task = kind(coding=kind.codings[0])
    short = kind.shortest - 1
    message = f"length = {short}: {kind.__name__} needs at least {kind.shortest}"
    with pytest.raises(ValueError, match=message):
        task.sample(np.random.default_rng(0), 1, short)
    with pytest.raises(ValueError, match=message):
        task.baseline(short)
    task.sample(np.random.default_rng(0), 1, kind.shortest)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("length", [2, 9])
def test_the_loss_is_the_mean_surprise_of_the_right_class(name, length):
    task, _, target = draw(name, 5, 7, length)
    outputs = np.random.default_rng(6).standard_normal((*target.shape, task.outputs))
    surprises = [
        math.log(sum(math.exp(value) for value in outputs[place])) - outputs[place][target[place]]
        for place in np.ndindex(target.shape)
    ]
    loss, gradient = task.loss(outputs, target)
    assert loss == pytest.approx(sum(surprises) / len(surprises), rel=1e-13)
    exponentials = np.exp(outputs)
    expected = exponentials / exponentials.sum(axis=-1, keepdims=True)
    expected -= np.eye(task.outputs)[target]
    expected /= len(surprises)
    assert compare.normwise_error(gradient, expected) <= 1e-12
    assert isinstance(loss, float)
    assert task.loss(outputs.astype(np.float32), target)[1].dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_answers_have_to_fit(name):
    task, _, target = draw(name, 5, 3, 9)
    outputs = np.zeros((*target.shape, task.outputs))
    for method in (task.loss, task.right):
        method(outputs, target)
        with pytest.raises(ValueError, match="asks for answers of shape"):
            method(outputs.swapaxes(0, 1)[..., :1], target)
        with pytest.raises(ValueError, match="asks for answers of shape"):
            method(outputs, target[..., np.newaxis])


# Without memory


def answers_by_step(task, target):
    """Logits of the shares of each class at each step: the best that knows the step alone."""
    hits = target[..., np.newaxis] == np.arange(task.outputs)
    shares = hits.mean(axis=-2, keepdims=True)
    return np.broadcast_to(np.log(np.maximum(shares, 1e-300)), hits.shape)


@pytest.mark.sample(4)
@pytest.mark.parametrize("length", [2, 3, 10, 11])
@pytest.mark.parametrize("name", CLASSES)
def test_the_baseline_by_simulation(name, length):
    task, _, target = draw(name, 7, 20_000, length)
    loss, _ = task.loss(answers_by_step(task, target), target)
    # The shares fit these very draws: of K classes that brings (K - 1) / (2 N) on average, for ten
    # digits 2.3e-4; four of these are allowed.
    assert loss == pytest.approx(task.baseline(length), abs=9e-4)


@pytest.mark.parametrize("length", [2, 3, 10, 11])
def test_the_baseline_of_adding_by_simulation(length):
    task, _, target = draw("adding", 8, 200_000, length)
    means = np.full((len(target), 1), target.mean())
    loss, _ = task.loss(means, target)
    # The kurtosis of the sum is 2.4, so the variance found has a relative error of
    # sqrt(1.4 / 200,000), which is 0.26 %; four of these are allowed.
    assert loss == pytest.approx(task.baseline(length), rel=0.0106)
    assert target.mean() == pytest.approx(1, abs=4 * math.sqrt(1 / 6 / len(target)))


@pytest.mark.parametrize("length", LENGTHS)
def test_the_baseline_by_its_formula(length):
    expected = {
        "palindrome": math.log(10),
        "first_digit": math.log(10),
        "adding": 1 / 6,
        "copy": 10 * math.log(8) / (length + 20),
        "temporal_order": math.log(4),
        "next_symbol": math.log(8),
    }
    for name, value in expected.items():
        assert draw(name, 0, 1, length)[0].baseline(length) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [5, 10, 11])
def test_chance_is_what_a_constant_answer_gets_right(name, length):
    task, _, target = draw(name, 9, 20_000, length)
    outputs = np.zeros((*target.shape, task.outputs))
    outputs[..., 0] = 1
    right = task.right(outputs, target)
    if task.every_step:
        right = right[-1]  # one an example: its others may ask for the same symbol
    p = stats.binomtest(int(right.sum()), right.size, task.chance).pvalue
    assert p > LEVEL, f"{right.mean()} instead of {task.chance}"


# Digits


def test_the_palindromes_drawn_are_pinned():
    """Another draw would change every run."""
    digest = {}
    for coding in ("raw", "one-hot"):
        bits = hashlib.sha256()
        for length in (5, 10, 101):
            for dtype in (np.float32, np.float64):
                _, x, target = draw("palindrome", length, 7, length, coding, dtype)
                bits.update(x.tobytes())
                bits.update(target.tobytes())
        digest[coding] = bits.hexdigest()
    assert digest == {
        "raw": "a344574d810dc710a2beebec05a952fec7f9c92b1088f5ca5160a11eed133289",
        "one-hot": "2b5efd6406891779e88685689b8e68d4f830c2a6ab6317858e801dc86c6915b6",
    }


@pytest.mark.sample(3)
@pytest.mark.parametrize("coding", ["raw", "one-hot"])
@pytest.mark.parametrize("length", LENGTHS)
def test_a_palindrome_reads_the_same_backwards(length, coding):
    _, x, target = draw("palindrome", 10, 50, length, coding)
    for read, answer in zip(decode(x, coding), target.tolist(), strict=True):
        whole = [*read, answer]
        assert len(whole) == length
        assert whole == whole[::-1]


@pytest.mark.sample(3)
@pytest.mark.parametrize("coding", ["raw", "one-hot"])
@pytest.mark.parametrize("length", LENGTHS)
def test_the_first_digit_is_the_answer(length, coding):
    _, x, target = draw("first_digit", 11, 50, length, coding)
    for read, answer in zip(decode(x, coding), target.tolist(), strict=True):
        assert len(read) == length - 1
        assert answer == read[0]


@pytest.mark.parametrize(
    ("name", "length"),
    [("palindrome", 5), ("palindrome", 6), ("first_digit", 3), ("first_digit", 4)],
)
def test_all_sequences_of_digits_are_equally_likely(name, length):
    _, x, _ = draw(name, 12, 20_000, length, "raw")
    free = (length + 1) // 2 if name == "palindrome" else length - 1
    values = [int("".join(map(str, read[:free]))) for read in decode(x, "raw")]
    assert_uniform(values, range(10**free))


@pytest.mark.parametrize("name", DIGITS)
@pytest.mark.parametrize("length", [100, 101])
def test_long_sequences_are_uniform_in_every_place(name, length):
    _, x, _ = draw(name, 13, 4000, length, "raw")
    counts = [np.bincount(place.astype(int), minlength=10) for place in x[:, :, 0]]
    free = (length + 1) // 2 if name == "palindrome" else length - 1
    total = sum(stats.chisquare(count).statistic for count in counts[:free])
    assert LEVEL < stats.chi2.sf(total, 9 * free) < 1 - LEVEL


@pytest.mark.parametrize("length", [100, 101])
def test_distractors_know_nothing_of_the_first_digit(length):
    _, x, target = draw("first_digit", 14, 4000, length, "raw")
    tables = [
        np.bincount((10 * target + place).astype(int), minlength=100) for place in x[1:, :, 0]
    ]
    total = sum(stats.chisquare(table).statistic for table in tables)
    # All tables share their margin, the first digits: chi-square is taken of each place given them.
    margin = stats.chisquare(np.bincount(target, minlength=10)).statistic
    within = total - len(tables) * margin
    assert LEVEL < stats.chi2.sf(within, 90 * len(tables)) < 1 - LEVEL


@pytest.mark.parametrize("length", [10, 11])
def test_the_first_digit_has_no_short_cut(length):
    """The alternating sum gives an even palindrome away, and says nothing here."""

    def share(name):
        _, x, target = draw(name, 15, 2000, length, "raw")
        signs = (-1) ** np.arange(length - 1)
        return np.mean(np.abs(signs @ x[:, :, 0]) == target)

    assert share("first_digit") < 0.2
    assert (share("palindrome") == 1) == (length % 2 == 0)


# Adding


@pytest.mark.sample(3)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", LENGTHS)
def test_the_answer_is_the_sum_of_the_marked(length, dtype):
    _, x, target = draw("adding", 16, 50, length, dtype=dtype)
    for example in range(50):
        values, marks = x[:, example, 0].tolist(), x[:, example, 1].tolist()
        marked = [step for step, mark in enumerate(marks) if mark == 1]
        assert marks.count(0) == length - 2
        assert len(marked) == 2
        assert marked[0] < length // 2 <= marked[1]
        total = values[marked[0]] + values[marked[1]]
        assert target[example] == dtype(total)
        assert all(0 <= value < 1 for value in values)


@pytest.mark.parametrize("length", [3, 4, 7, 10])
def test_marks_are_uniform_in_each_half(length):
    _, x, _ = draw("adding", 17, 20_000, length)
    pairs = [tuple(np.flatnonzero(marks)) for marks in x[:, :, 1].T]
    half = length // 2
    assert_uniform(pairs, [(a, b) for a in range(half) for b in range(half, length)])


@pytest.mark.parametrize("length", [100, 101, 1001])
def test_marks_of_long_sequences_are_uniform(length):
    _, x, _ = draw("adding", 18, 10_000, length, dtype=np.float32)
    half = length // 2
    for start, stop in ((0, half), (half, length)):
        assert_uniform((start + x[start:stop, :, 1].argmax(axis=0)).tolist(), range(start, stop))


def test_values_are_uniform_on_24_bits():
    _, x, target = draw("adding", 19, 5000, 11)
    bits = x[:, :, 0] * 2**24
    np.testing.assert_array_equal(bits, np.floor(bits))
    assert bits.max() < 2**24
    assert_uniform((x[:, :, 0] * 50).astype(int).ravel().tolist(), range(50))
    triangle = stats.triang(c=0.5, loc=0, scale=2)
    slices = (triangle.cdf(target) * 50).astype(int)
    assert_uniform(slices.tolist(), range(50))


def test_adding_is_right_within_four_hundredths():
    task = tasks.TASKS["adding"]("raw")
    outputs = np.array([[1.0], [1.0399], [1.0401], [0.9601], [0.9599]])
    right = task.right(outputs, np.ones(5))
    assert right.tolist() == [True, True, False, True, False]
    assert task.chance == pytest.approx(0.0784, rel=1e-12)
    assert adding.TOLERANCE == 0.04


def test_the_loss_of_adding_is_the_mean_square():
    task, _, target = draw("adding", 20, 6, 5)
    outputs = np.linspace(-1, 2, 6)[:, np.newaxis]
    off = [given - due for given, due in zip(outputs[:, 0].tolist(), target.tolist(), strict=True)]
    loss, gradient = task.loss(outputs, target)
    assert loss == pytest.approx(sum(error**2 for error in off) / 6, rel=1e-14)
    np.testing.assert_allclose(gradient[:, 0], [2 * error / 6 for error in off], rtol=1e-14)


# Copying


@pytest.mark.parametrize("length", [1, *LENGTHS])
def test_copying_says_the_symbols_after_the_wait(length):
    _, x, target = draw("copy", 21, 20, length)
    for read, due in zip(decode(x, "one-hot"), target.T.tolist(), strict=True):
        symbols = read[:10]
        assert set(symbols) <= set(range(8))
        assert read == symbols + [8] * (length - 1) + [9] + [8] * 10
        assert due == [8] * (length + 10) + symbols


def test_symbols_to_copy_are_uniform():
    _, _, target = draw("copy", 22, 8000, 3)
    for k in range(9):
        assert_uniform(map(tuple, target[-10:][[k, k + 1]].T.tolist()), np.ndindex(8, 8))
    assert_uniform(map(tuple, target[-10:][[0, 5, 9]].T.tolist()), np.ndindex(8, 8, 8))


@pytest.mark.parametrize("length", [1, 10, 11])
def test_only_recalled_symbols_count(length):
    task, _, target = draw("copy", 23, 4, length)
    outputs = np.zeros((*target.shape, 9))
    outputs[:-10, :, 0] = 1  # wrong wherever a blank is due
    outputs[-10:] = np.eye(9)[target[-10:]]
    assert task.right(outputs, target).shape == (10, 4)
    assert task.right(outputs, target).all()
    outputs[-10, 2] = np.eye(9)[(target[-10, 2] + 1) % 8]
    wrong = np.argwhere(~task.right(outputs, target))
    assert wrong.tolist() == [[0, 2]]
    assert not task.right(np.eye(9)[np.full_like(target, 8)], target).any()


# Temporal order


@pytest.mark.parametrize("length", LENGTHS)
def test_the_answer_is_the_order_of_x_and_y(length):
    _, x, target = draw("temporal_order", 24, 100, length)
    for read, answer in zip(decode(x, "one-hot"), target.tolist(), strict=True):
        letters = ["XYabcd"[symbol] for symbol in read]
        places = [step for step, letter in enumerate(letters) if letter in "XY"]
        assert len(letters) == length
        assert len(places) == 2
        assert length // 10 <= places[0] <= 2 * length // 10
        assert length // 2 <= places[1] <= 6 * length // 10
        order = "".join(letters[place] for place in places)
        assert ("XX", "XY", "YX", "YY")[answer] == order
    assert temporal_order.ANSWERS == ("XX", "XY", "YX", "YY")


@pytest.mark.parametrize("length", [2, 3, 10, 11, 30])
def test_answers_and_places_are_uniform(length):
    _, x, target = draw("temporal_order", 25, 10_000, length)
    seen = [tuple(np.flatnonzero(special)) for special in (x[:, :, 0] + x[:, :, 1]).T]
    first = range(length // 10, 2 * length // 10 + 1)
    second = range(length // 2, 6 * length // 10 + 1)
    triples = [(*places, answer) for places, answer in zip(seen, target.tolist(), strict=True)]
    assert_uniform(triples, [(a, b, c) for a in first for b in second for c in range(4)])


@pytest.mark.parametrize("length", [100, 1001])
def test_answers_and_places_of_long_sequences_are_uniform(length):
    _, x, target = draw("temporal_order", 26, 6000, length, dtype=np.float32)
    special = x[:, :, 0] + x[:, :, 1]
    half = length // 2
    assert_uniform(target.tolist(), range(4))
    first, second = special[:half].argmax(axis=0), half + special[half:].argmax(axis=0)
    assert_uniform(first.tolist(), range(length // 10, 2 * length // 10 + 1))
    assert_uniform(second.tolist(), range(half, 6 * length // 10 + 1))


def test_distractors_are_uniform():
    _, x, target = draw("temporal_order", 27, 8000, 10)
    last = x[-3:].argmax(axis=2)  # behind the last place of X or Y
    values = [
        (*read, answer) for read, answer in zip(last.T.tolist(), target.tolist(), strict=True)
    ]
    letters = range(2, 6)
    expected = [(a, b, c, d) for a in letters for b in letters for c in letters for d in range(4)]
    assert_uniform(values, expected)
    assert_uniform(x[3].argmax(axis=1).tolist(), letters)


# Next symbol


@pytest.mark.parametrize("length", LENGTHS)
def test_the_text_says_its_block_twice(length):
    _, x, target = draw("next_symbol", 28, 30, length)
    block = length // 2
    for read, due in zip(decode(x, "one-hot"), target.T.tolist(), strict=True):
        text = [*read, due[-1]]
        assert due == text[1:]
        assert len(text) == length
        assert text == (text[:block] * 3)[:length]


@pytest.mark.parametrize("length", [6, 7])
def test_blocks_are_uniform(length):
    _, x, _ = draw("next_symbol", 29, 20_000, length)
    assert_uniform((tuple(read[:3]) for read in decode(x, "one-hot")), np.ndindex(8, 8, 8))


@pytest.mark.parametrize("length", [100, 101])
def test_long_blocks_are_uniform_in_every_place(length):
    _, x, _ = draw("next_symbol", 30, 4000, length)
    counts = x[: length // 2].sum(axis=1)
    total = sum(stats.chisquare(count).statistic for count in counts)
    assert LEVEL < stats.chi2.sf(total, 7 * len(counts)) < 1 - LEVEL


@pytest.mark.parametrize("length", LENGTHS)
def test_a_perfect_memory_has_the_best_loss_and_all_right(length):
    _, x, target = draw("next_symbol", 31, 20, length)
    task = next_symbol.NextSymbol()
    outputs = np.zeros((*target.shape, 8))
    for example, read in enumerate(decode(x, "one-hot")):
        for step in range(len(read)):
            back = step + 1 - length // 2  # where the next symbol was said before
            if back >= 0:
                outputs[step, example, read[back]] = 100
    loss, _ = task.loss(outputs, target)
    best = (length // 2 - 1) * math.log(8) / (length - 1)
    assert loss == pytest.approx(best, rel=1e-13, abs=1e-15)
    right = task.right(outputs, target)
    assert right.shape == (length - length // 2, 20)
    assert right.all()


@pytest.mark.parametrize("length", [2, 3, 10, 11])
def test_only_predictable_symbols_count(length):
    task, _, target = draw("next_symbol", 32, 4, length)
    outputs = np.eye(8)[target]
    first = length // 2 - 1
    outputs[:first] = np.eye(8)[(target[:first] + 1) % 8]
    assert task.right(outputs, target).all()
    outputs[first, 1] = np.eye(8)[(target[first, 1] + 1) % 8]
    assert np.argwhere(~task.right(outputs, target)).tolist() == [[0, 1]]
