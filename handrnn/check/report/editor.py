"""Reports as ``FILE:LINE: ID MESSAGE``, the form that editors jump by."""

from . import data, findings


def render(reports: data.Reports) -> str:
    """A line a finding; line 1 where none is known. In a notebook the cell stands before it."""
    return "".join(f"{_line(one)}\n" for one in findings.of(reports))


def _line(one: findings.Finding) -> str:
    places = [one.path, *([one.cell] if one.cell else []), str(one.line or 1)]
    return f"{':'.join(places)}: {one.id} {one.message}"
