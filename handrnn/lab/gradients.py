"""How much of the gradient reaches each hidden state, and the spectra of what it passes through."""

import dataclasses
import io
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import nn, packings, sequence
from . import drawing, files, model, tasks, training
from . import run as run_module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "gradient_flow"  # of the files written
BATCH = 256  # fresh sequences that a network is measured on
QUANTILES = (0.05, 0.95)
_PANELS_IN_A_ROW = 4
# Grey, and Okabe and Ito's blue and vermilion, told apart with any colour vision.
_STYLES: tuple[dict[str, Any], ...] = (
    {"color": "0.55", "linestyle": "--"},
    {"color": "#0072B2", "linestyle": ":"},
    {"color": "#D55E00", "linestyle": "-"},
)


@dataclasses.dataclass(frozen=True)
class Flow:
    """The gradients with respect to a network's states, and the spectra of its recurrent weights.

    Attributes
    ----------
    run : Run
        What the network is.
    stage : {"start", "trained"}
        Which of its weights.
    magnitudes : dict of str to ndarray (steps + 1, B)
        ``"h"``: the Euclidean norm of dL/dh_t of each example, t = 0 ... steps; for the LSTM also
        ``"c"``, of dL/dc_t.
    spectra : dict of str to ndarray of complex (hidden,)
        Gate to the eigenvalues of its block of W_hh.
    """

    run: run_module.Run
    stage: str
    magnitudes: dict[str, npt.NDArray[np.float64]]
    spectra: dict[str, npt.NDArray[np.complex128]]


def state_gradients(
    layer: nn.Recurrent,
    readout: nn.Linear,
    task: tasks.Task,
    x: npt.NDArray[np.floating],
    target: npt.NDArray[Any],
) -> dict[str, npt.NDArray[np.floating]]:
    """Total derivative of each example's own loss by each of its states.

    Parameters
    ----------
    layer : nn.RNN, nn.LSTM or nn.GRU
        One layer in one direction.
    readout : nn.Linear
        What the task reads the hidden states with.
    task : Task
        Gives the loss.
    x : ndarray (steps, B, features)
        What the network reads from a zero state, in the dtype of the layer.
    target : ndarray
        The right answers.

    Returns
    -------
    dict of str to ndarray (steps + 1, B, hidden)
        ``"h"``: dL/dh_t at t, from the start of the sequence, t = 0, to its end; for the LSTM also
        ``"c"``: dL/dc_t of the cell state as it is handed on to step t + 1, h_t held where it is.
        An example's loss is the mean over its own answers.
    """
    if layer.num_layers > 1 or layer.bidirectional or layer.proj_size:
        raise ValueError(f"{layer!r} has to be one layer in one direction, without projection")
    steps, batch, _ = x.shape
    weights = packings.TORCH.read(layer.cell, layer.params, packings.torch_suffix(0, False))
    start = [np.zeros((layer.hidden_size, batch), layer.dtype) for _ in layer.cell.states]
    h, _, tape = sequence.forward(layer.cell, x.swapaxes(1, 2), start, weights)
    hidden = h.swapaxes(1, 2)
    outputs = readout(hidden if task.every_step else hidden[-1])
    _, d_outputs = task.loss(outputs, target)
    d_hidden = np.zeros_like(hidden)
    d_hidden[0 if task.every_step else -1 :] = readout.backward(d_outputs * layer.dtype.type(batch))

    shape = (steps + 1, layer.hidden_size, batch)
    along = tuple(np.empty(shape, layer.dtype) for _ in start)
    sequence.backward(tape, d_hidden.swapaxes(1, 2), need_dx=False, d_states_along=along)
    names = layer.cell.states
    return {name: d.swapaxes(1, 2) for name, d in zip(names, along, strict=True)}


def spectra(layer: nn.Recurrent) -> dict[str, npt.NDArray[np.complex128]]:
    """Eigenvalues of each gate's block of W_hh, by the gate's letter.

    Of the simple RNN, whose one block it is, the letter is h.
    """
    gates = packings.TORCH_GATES[len(layer.cell.gates)]
    hidden = layer.hidden_size
    blocks = layer.params["weight_hh_l0"].reshape(len(gates), hidden, hidden)
    eigenvalues = np.linalg.eigvals(blocks.astype(np.float64)).astype(np.complex128)
    return dict(zip(gates, eigenvalues, strict=True))


def start_weights(run: run_module.Run) -> model.Arrays:
    """Return the weights that a run starts from, by the names that its checkpoints give them."""
    here = dataclasses.replace(run, engine="numpy", device="cpu")
    return training.Trainer(here).learner.arrays()


def trained_weights(directory: pathlib.Path) -> model.Arrays:
    """Read the final weights of a finished run.

    Raises
    ------
    ValueError
        If they are not there, or damaged.
    """
    path = directory / files.WEIGHTS
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return dict(archive)
    except FileNotFoundError:
        raise ValueError(
            f"{directory} holds no {files.WEIGHTS}: remove its {files.DONE}, "
            "and the run is done again"
        ) from None
    except Exception as error:  # there are as many exceptions as ways to damage an archive
        raise ValueError(f"{path} is damaged: {error}") from None


def flow(run: run_module.Run, stage: str, weights: model.Arrays) -> Flow:
    """Measure a network on 256 fresh sequences of the run's length, in float64.

    Parameters
    ----------
    run : Run
        Task, length, sizes and cell; seed and length decide the sequences.
    stage : {"start", "trained"}
        Which weights these are.
    weights : dict of str to ndarray
        As `start_weights` or `trained_weights` give them.

    Returns
    -------
    Flow

    Raises
    ------
    ValueError
        If the weights are not those of such a network, or not all finite.
    """
    wide = dataclasses.replace(run, dtype="float64", engine="numpy", device="cpu")
    task = tasks.TASKS[run.task](coding=run.coding, dtype=np.float64)
    layer, readout = model.initial_modules(wide, task, np.random.default_rng(0))
    if not all(np.all(np.isfinite(array)) for array in weights.values()):
        raise ValueError(f"the weights of {run.name} are not all finite: it has diverged")
    layer.load_state_dict(model.under(weights, "layer."))
    readout.load_state_dict(model.under(weights, "readout."))
    rng = np.random.default_rng((run.seed, run.length, 1))
    x, target = task.sample(rng, BATCH, run.length)
    gradients = state_gradients(layer, readout, task, x, target)
    magnitudes = {name: np.linalg.norm(d, axis=-1) for name, d in gradients.items()}
    return Flow(run, stage, magnitudes, spectra(layer))


def flows(
    directory: str | os.PathLike, records: Sequence[files.Record] | None = None
) -> list[Flow]:
    """Measure the finished runs of a sweep's directory, the seeds of a cell taken together.

    Parameters
    ----------
    directory : path
        Of a sweep.
    records : sequence of Record, optional
        Which of its runs, by default all that are finished.

    Returns
    -------
    list of Flow
        Three a cell: the start of the preset `faithful`, the runs' own start, and what training
        made of it; cells in the order of all figures.

    Raises
    ------
    ValueError
        If no run is finished; if those of a cell differ in more than the seed; if the weights of
        one cannot be read.
    """
    directory = pathlib.Path(directory)
    records = drawing.read(directory) if records is None else records
    return [
        one
        for cell in drawing.cells(records)
        for one in _flows([each.run for each in records if each.run.cell == cell], directory)
    ]


def _flows(runs: Sequence[run_module.Run], directory: pathlib.Path) -> list[Flow]:
    """Three flows of one cell, from all its seeds."""
    for name in ("label", "length"):
        values = sorted({getattr(run, name) for run in runs})
        if len(values) > 1:
            listed = " and ".join(map(str, values))
            raise ValueError(
                f"{directory} holds {runs[0].cell} runs of {name} {listed}: a figure shows one"
            )
    starts = []
    for run in runs:
        changes = {"task": run.task, "hidden": run.hidden}
        starts.append(run_module.faithful(run.cell, run.length, run.seed, **changes))
    return [
        _together([flow(run, "start", start_weights(run)) for run in starts]),
        _together([flow(run, "start", start_weights(run)) for run in runs]),
        _together([flow(run, "trained", trained_weights(directory / run.name)) for run in runs]),
    ]


def _together(measured: Sequence[Flow]) -> Flow:
    """Lay the sequences and eigenvalues of several seeds side by side, under the first's name."""
    first = measured[0]
    magnitudes = {
        state: np.concatenate([one.magnitudes[state] for one in measured], axis=1)
        for state in first.magnitudes
    }
    spectra = {
        gate: np.concatenate([one.spectra[gate] for one in measured]) for gate in first.spectra
    }
    return Flow(first.run, first.stage, magnitudes, spectra)


def figure(directory: str | os.PathLike, measured: Sequence[Flow] | None = None) -> pathlib.Path:
    """Draw |dL/dh_t| over t and the eigenvalues of W_hh, from the files of a sweep.

    Written beside the runs: ``gradient_flow.png``, ``.svg``, ``.csv`` (a row a network, state and
    t) and ``gradient_flow_eigenvalues.csv``.

    Parameters, errors and return value as `figures.accuracy_vs_length`, with what was `measured` if
    it is not to be all that `flows` finds in the directory; also ValueError as `flows`.
    """
    drawing.require_matplotlib()
    directory = pathlib.Path(directory)
    measured = flows(directory) if measured is None else measured
    _write_magnitudes(directory / f"{NAME}.csv", measured)
    _write_eigenvalues(directory / f"{NAME}_eigenvalues.csv", measured)
    drawn = drawing.new_figure(11.0, 0.4 + sum(_heights(measured)))
    draw(drawn, measured)
    return drawing.save(drawn, directory, NAME)


def draw(figure: "Figure", measured: Sequence[Flow]) -> None:
    """Draw the gradients above, a panel a cell, and the eigenvalues below, a panel a gate."""
    cells: dict[str, list[Flow]] = {}
    for one in measured:
        cells.setdefault(one.run.cell, []).append(one)
    gates = _gates(measured)
    halves: Any = figure.subfigures(2, 1, height_ratios=_heights(measured))
    above, below = halves

    row = above.subplots(1, len(cells), squeeze=False)[0]
    for axes, (cell, group) in zip(row, cells.items(), strict=True):
        _draw_magnitudes(axes, cell, group)
    row[0].set_ylabel("|dL/dh_t| of one sequence\n(mean, and 5 to 95 % of the sequences)")
    handles, labels = row[0].get_legend_handles_labels()
    above.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    run = measured[-1].run
    above.suptitle(
        f"{run.task}, T = {run.length}, {run.hidden} units: the gradient at each hidden state "
        "(each panel has a scale of its own)",
        fontsize="medium",
    )

    panels = below.subplots(-(-len(gates) // _PANELS_IN_A_ROW), _PANELS_IN_A_ROW, squeeze=False)
    for axes in panels.flat[len(gates) :]:
        axes.set_axis_off()
    for axes, (cell, gate) in zip(panels.flat, gates, strict=False):
        _draw_spectra(axes, f"{cell}, W_hh of {gate}", [one.spectra[gate] for one in cells[cell]])
    below.suptitle(
        "eigenvalues of the recurrent weights in the complex plane, colours as above, and the unit "
        "circle",
        fontsize="medium",
    )


def _gates(measured: Sequence[Flow]) -> list[tuple[str, str]]:
    """Each cell's gates, a panel each."""
    return list(dict.fromkeys((one.run.cell, gate) for one in measured for gate in one.spectra))


def _heights(measured: Sequence[Flow]) -> tuple[float, float]:
    """Inches for the gradients above, and for the rows of eigenvalues below."""
    return 3.8, 2.9 * -(-len(_gates(measured)) // _PANELS_IN_A_ROW)


def _name(one: Flow) -> str:
    return f"{one.run.label}, {'at the start' if one.stage == 'start' else 'trained'}"


def _draw_magnitudes(axes: "Axes", cell: str, group: Sequence[Flow]) -> None:
    for one, style in zip(group, _STYLES, strict=True):
        for state, magnitudes in one.magnitudes.items():
            mean, low, high = _summary(magnitudes)
            t = np.arange(len(mean))
            if state == "h":
                axes.fill_between(t, low, high, color=style["color"], alpha=0.15, linewidth=0)
                axes.plot(t, mean, linewidth=2, label=_name(one), **style)
            else:
                axes.plot(t[:-1], mean[:-1], linewidth=0.8, **style)
    axes.set_yscale("log")
    thin = " (thin: dL/dc_t)" if "c" in group[0].magnitudes else ""
    axes.set_title(cell + thin, fontsize="medium")
    axes.set_xlabel("t, steps read")
    drawing.dress(axes)


def _draw_spectra(axes: "Axes", title: str, spectra: Sequence[npt.NDArray[np.complex128]]) -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color=drawing.GREY, linewidth=0.8)
    for values, style in zip(spectra, _STYLES, strict=True):
        axes.scatter(values.real, values.imag, s=5, color=style["color"], linewidth=0)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(title, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)


def _summary(magnitudes: npt.NDArray) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """Mean over the sequences and two quantiles, each (steps + 1,)."""
    low, high = np.quantile(magnitudes, QUANTILES, axis=1)
    return magnitudes.mean(axis=1), low, high


def _write_magnitudes(path: pathlib.Path, measured: Sequence[Flow]) -> None:
    rows = [
        [one.run.cell, one.run.label, one.stage, state, t, *map(float, values)]
        for one in measured
        for state, magnitudes in one.magnitudes.items()
        for t, values in enumerate(zip(*_summary(magnitudes), strict=True))
    ]
    drawing.write_table(path, ["cell", "label", "stage", "state", "t", "mean", "low", "high"], rows)


def _write_eigenvalues(path: pathlib.Path, measured: Sequence[Flow]) -> None:
    rows = [
        [one.run.cell, one.run.label, one.stage, gate, float(value.real), float(value.imag)]
        for one in measured
        for gate, values in one.spectra.items()
        for value in values
    ]
    drawing.write_table(path, ["cell", "label", "stage", "gate", "real", "imaginary"], rows)
