"""Reports as JSON: ``{"passed": ..., "files": [...]}``, or the report of one file by itself."""

import json
from typing import Any

from . import data


def render(reports: data.Reports) -> str:
    """Of a single file its own report, of several one document with all of them."""
    files = [file.to_dict() for file in reports.files]
    single = reports.single and len(files) == 1
    return text(files[0] if single else {"passed": reports.passed, "files": files}) + "\n"


def text(content: Any) -> str:
    """The text of what JSON can hold; numbers that are not finite become null."""
    return json.dumps(_finite(content), indent=2)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
