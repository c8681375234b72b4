"""Runs from a TOML file and from the command line.

A settings file names fields of `run.Run`. A field may be a list: the product of all lists is the
sweep. ``preset`` is the recipe whose settings stand wherever the file says nothing::

    preset = ["faithful", "tuned"]
    cell = ["RNN", "LSTM"]
    length = [10, 11, 20, 21]
    seed = [0, 1, 2]
    steps = 3000

TOML has no word for nothing: ``"none"`` is one here, where nothing is allowed.
"""

import dataclasses
import itertools
import os
import pathlib
import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from . import run as run_module

PRESET = "preset"
FIELDS = {field.name: field for field in dataclasses.fields(run_module.Run)}
NAMED = ("label", "cell", "length", "seed")  # what stands in a run's name


def load(path: str | os.PathLike, changes: Mapping[str, Any] | None = None) -> list[run_module.Run]:
    """Read a settings file.

    Parameters
    ----------
    path : path
        A TOML file of settings.
    changes : mapping, optional
        Settings instead of the file's, as `parse` gives them.

    Returns
    -------
    list of Run
        The product of all lists, the last of them varying fastest.

    Raises
    ------
    ValueError
        One line that names the file: it cannot be read, is not TOML, or holds a name or value that
        is not allowed.
    """
    path = pathlib.Path(path)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        return runs({**settings, **(changes or {})})
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parse(arguments: Sequence[str]) -> dict[str, Any]:
    """Read ``name=value`` arguments; a comma makes a list.

    Parameters
    ----------
    arguments : sequence of str

    Returns
    -------
    dict
        Settings, for `runs` or for the changes of `load`.

    Raises
    ------
    ValueError
        If an argument has no ``=``, a name is unknown or is given twice.

    Examples
    --------
    >>> parse(["hidden=64", "length=10,11", "cell=LSTM", "curriculum=none"])
    {'hidden': 64, 'length': [10, 11], 'cell': 'LSTM', 'curriculum': None}
    >>> parse(["hiden=64"])
    Traceback (most recent call last):
        ...
    ValueError: hiden is not a setting of a run: did you mean hidden?
    """
    settings: dict[str, Any] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals:
            raise ValueError(f"{argument} is not of the form name=value, such as hidden=64")
        _check_name(name)
        if name in settings:
            raise ValueError(f"{name} is given twice: several values are {name}=first,second")
        values = [_value(name, part) for part in text.split(",")]
        settings[name] = values if len(values) > 1 else values[0]
    return settings


def runs(settings: Mapping[str, Any]) -> list[run_module.Run]:
    """Return the runs of some settings: the product of all lists among them.

    Parameters
    ----------
    settings : mapping of str to a value or a list of values
        Fields of `run.Run`, and ``preset``.

    Returns
    -------
    list of Run
        Their names differ: where a list is of something that a run's name does not hold, the
        label is lengthened by it.

    Raises
    ------
    ValueError
        If a name or value is not allowed, or a list is empty or holds a value twice.

    Examples
    --------
    >>> chosen = runs({"preset": "tuned", "cell": ["RNN", "LSTM"], "length": 20, "hidden": [8, 16]})
    >>> for one in chosen:
    ...     print(one.name)
    tuned_hidden8-RNN-T020-seed0
    tuned_hidden16-RNN-T020-seed0
    tuned_hidden8-LSTM-T020-seed0
    tuned_hidden16-LSTM-T020-seed0
    """
    lists = {}
    for name, value in settings.items():
        _check_name(name)
        lists[name] = value if isinstance(value, list) else [value]
        _check_list(name, lists[name])
    told_apart = [
        name
        for name, values in lists.items()
        if len(values) > 1 and name not in NAMED and (name != PRESET or "label" in lists)
    ]
    combinations = itertools.product(*lists.values())
    return [_one(dict(zip(lists, values, strict=True)), told_apart) for values in combinations]


def _check_name(name: str) -> None:
    if name not in (*FIELDS, PRESET):
        near = run_module.did_you_mean(name, (*FIELDS, PRESET), show=str)
        raise ValueError(f"{name} is not a setting of a run{near}")


def _check_list(name: str, values: list[Any]) -> None:
    if not values:
        raise ValueError(f"{name} is an empty list: there is nothing to run")
    for position, value in enumerate(values):
        if value in values[:position]:
            raise ValueError(f"{name} holds {value!r} twice: the same run would be made twice")


def _one(chosen: dict[str, Any], told_apart: list[str]) -> run_module.Run:
    """Make the run of one value each, and put into its label what tells it from the others."""
    suffix = "".join(f"_{name}{chosen[name]}" for name in told_apart)
    chosen = {name: _nothing(name, value) for name, value in chosen.items()}
    preset = chosen.pop(PRESET, None)
    made = run_module.Run(**chosen) if preset is None else _of_preset(preset, chosen)
    return dataclasses.replace(made, label=made.label + re.sub(r"\W", "_", suffix))


def _of_preset(preset: object, chosen: dict[str, Any]) -> run_module.Run:
    if not isinstance(preset, str) or preset not in run_module.PRESETS:
        listed = ", ".join(map(repr, run_module.PRESETS))
        near = run_module.did_you_mean(preset, run_module.PRESETS)
        raise ValueError(f"preset = {preset!r} is not one of {listed}{near}")
    usual = {name: FIELDS[name].default for name in ("cell", "length", "seed")}
    return run_module.PRESETS[preset](**{**usual, **chosen})


def _may_be_nothing(name: str) -> bool:
    return name in FIELDS and types.NoneType in typing.get_args(FIELDS[name].type)


def _nothing(name: str, value: Any) -> Any:
    """None for the word that stands for it, where the field may be None."""
    return None if value == "none" and _may_be_nothing(name) else value


def _value(name: str, text: str) -> Any:
    """The value that a word of the command line means for this field."""
    text = text.strip()
    if name == PRESET or FIELDS[name].type is str:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return _nothing(name, text)
