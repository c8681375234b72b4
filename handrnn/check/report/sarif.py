"""Reports as SARIF 2.1.0, the format of code scanning: file, line, id."""

from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from ... import __version__
from . import as_json, data, findings

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(reports: data.Reports) -> str:
    """One run; a rule an id, a result a finding."""
    found = list(findings.of(reports))
    ids = list(dict.fromkeys(one.id for one in found))
    rules = [{"id": id, "shortDescription": {"text": findings.meaning(id)}} for id in ids]
    driver = {"name": "handrnn check", "version": __version__, "rules": rules}
    results = [_result(one, ids.index(one.id)) for one in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return as_json.text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _result(one: findings.Finding, rule: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(one.path)}}
    if one.line is not None and not one.cell:  # a line in a cell is not one of the file
        physical["region"] = {"startLine": one.line}
    return {
        "ruleId": one.id,
        "ruleIndex": rule,
        "level": one.level,
        "message": {"text": one.details},
        "locations": [{"physicalLocation": physical}],
    }


def _uri(path: str) -> str:
    """A path as a URI, relative where it is relative."""
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix())
