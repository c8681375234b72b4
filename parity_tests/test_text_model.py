"""The text model: update by update as in torch, and the script itself."""

import importlib
from typing import Any

import numpy as np
import pytest

script: Any = importlib.import_module("text_model")
TEXT = "".join(f"{i * i} divided by {i} is {i}, that is clear.\n" for i in range(1, 400))


class Twin:
    """The same network and optimizer in torch, from the same weights."""

    def __init__(self, torch, model, steps):
        self.torch = torch
        self.modules = embedding, lstm, linear = [module.to_torch() for module in model.modules]
        self.parameters = [p for module in self.modules for p in module.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=script.LEARNING_RATE)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.embedding, self.lstm, self.linear = embedding, lstm, linear

    def update(self, x, following, state):
        x, following = self.torch.tensor(x), self.torch.tensor(following)
        output, state = self.lstm(self.embedding(x), state)
        logits = self.linear(output).flatten(0, 1)
        loss = self.torch.nn.functional.cross_entropy(logits, following.flatten())
        self.optimizer.zero_grad()
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.parameters, script.CLIP)
        self.optimizer.step()
        self.scheduler.step()
        return loss.item(), tuple(part.detach() for part in state)


@pytest.mark.parametrize(
    ("updates", "units"),
    [(12, 10), pytest.param(100, script.UNITS, marks=pytest.mark.long)],
)
def test_losses_are_torchs_update_by_update(updates, units):
    """In float64, along the text, over the place where its rows begin anew."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    text = script.Text(TEXT)
    model = script.Model(len(text.characters), units, np.random.default_rng(0), np.float64)
    twin, state, expected = Twin(torch, model, updates), None, []
    found = list(script.train(model, text, updates))
    begins = 0
    for (x, following, anew), _ in zip(text.stretches(), range(updates), strict=False):
        begins += anew
        loss, state = twin.update(x, following, None if anew else state)
        expected.append(loss)
    assert begins > 1
    assert found[0] > found[-1]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_stretches_are_the_text_and_what_follows():
    text = script.Text(TEXT)
    row = []
    for x, following, anew in text.stretches():
        if anew and row:
            break
        row += list(x[:, 3])
        assert np.array_equal(x[1:], following[:-1])
    said = "".join(text.characters[number] for number in row)
    assert said == TEXT[3 * text.length :][: len(said)]
    assert len(said) > text.length - script.STRETCH


def test_the_script_writes_samples_and_repeats_itself(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    arguments = ["--smoke", "--steps", "8", "--every", "4", "--text", str(path)]
    printed = []
    for seed in ("1", "1", "2"):
        assert script.main([*arguments, "--seed", seed]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != printed[2]
    assert printed[0].count("--- update") == 2
    first, last = printed[0].splitlines()[-1].removeprefix("loss ").split(" nats")[0].split(" -> ")
    assert float(last) < float(first)
    path.write_text("short")
    assert script.main(arguments) == 1
    assert "too short" in capsys.readouterr().err
    assert script.main(["--text", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_the_manual_is_there():
    assert len(set(script.manual())) > 60
    assert len(script.manual()) > script.ROWS * script.STRETCH * 10
