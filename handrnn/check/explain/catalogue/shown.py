"""A mistake as a person is shown it, in the notation of their dialect."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ...dialects import dialect as dialects
from . import entries, notation


@dataclass(frozen=True)
class Shown:
    """A mistake in the notation of one dialect: one sentence and the two lines."""

    why: str
    wrong: str
    right: str


# the course's names in the batch-first dialect
_BATCH_FIRST = {
    **{
        f"{d}{x}{a}": f"{d}{x}_{b}"
        for d in ("", "d")
        for x in "Wb"
        for a, b in zip("fico", "fumo", strict=True)
    },
    "Waa": "U_a",
    "Wax": "W_a",
    "Wya": "W_y",
    "Wy": "W_y",
    "ba": "b_a",
    "by": "b_y",
    "dWaa": "dU_a",
    "dWax": "dW_a",
    "dba": "db_a",
    "ft": "f_t",
    "it": "u_t",
    "ot": "o_t",
    "cct": "m_tilde",
    "dft": "df_t",
    "dit": "du_t",
    "dot": "do_t",
    "dcct": "dm_tilde",
    "c": "m",
    "c_next": "m_t",
    "c_prev": "m_prev",
    "dc_next": "dm_t",
    "dc_prev": "dm_prev",
    "dc_prevt": "dm_prev",
    "a_next": "a_t",
    "da_next": "da_t",
    "da_prevt": "da_prev",
    "a0": "a_init",
    "da0": "da_init",
    "xt": "x_t",
    "dxt": "dx_t",
    "yt_pred": "y_t",
    "y_pred": "y",
    "T_x": "T",
}


def show(mistake: entries.Mistake, dialect: dialects.Dialect) -> Shown:
    """A mistake in the notation of a dialect.

    Where examples are rows, products turn round and axes change places.
    """
    if dialect.name == "course":
        return Shown(mistake.why, mistake.wrong, mistake.right)
    names = _BATCH_FIRST if dialect.name == "batch_first" else _own_names(dialect)
    why = notation.replaced(mistake.why, names)
    rows = any(s.axes[:1] == ("B",) for s in dialect.arrays[""].values())
    turned = _turned if rows else notation.replaced
    return Shown(why, turned(mistake.wrong, names), turned(mistake.right, names))


@cache
def _own_names(dialect: dialects.Dialect) -> dict[str, str]:
    """What the quantities that the course has a name for are called in another dialect."""
    theirs: dict[str, str] = {}
    for name, slot in dialect.arrays[""].items():
        theirs.setdefault(slot.quantity, name)
    course = dialects.all_dialects()["course"].arrays[""]
    known = {n: theirs[s.quantity] for n, s in course.items() if s.quantity in theirs if len(n) > 1}
    weights = {s.atoms: name for name, s in dialect.arrays["rnn"].items() if s.gates}
    for name, slot in dialects.all_dialects()["course"].arrays["rnn"].items():
        if slot.atoms in weights:
            known[name] = weights[slot.atoms]
    if "dh_prev" in theirs:
        known["da_prevt"] = theirs["dh_prev"]
    return known


def _turned(line: str, names: Mapping[str, str]) -> str:
    """A line of the column-major course as it reads with examples as rows."""
    line = re.sub(r"np\.dot\(([^(),]+(?:\[[^\]]*\][.T]*)?), ([^(),]+)\)", r"np.dot(\2, \1)", line)
    line = re.sub(r"(\w)\[:, :n_a\]", r"\1[:n_a]", line)
    line = re.sub(r"(\w)\[:, n_a:\]", r"\1[n_a:]", line)
    line = re.sub(r"\[:, :, ([^\]]+)\]", r"[:, \1]", line)
    line = re.sub(r"axis=(\d)", lambda found: f"axis={1 - int(found[1])}", line)
    line = line.replace("np.concatenate((a_prev, xt))", "np.concatenate((a_prev, xt), axis=1)")
    line = line.replace("(n_a, m, T_x)", "(m, T_x, n_a)").replace("(n_a, m)", "(m, n_a)")
    return notation.replaced(line, names)
