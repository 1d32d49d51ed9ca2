"""The JSON Schema of a result file, for those who read results without this package.

`python -m genboard.leaderboard.maintenance.schema_json` writes `leaderboard/result.schema.json`, and a test checks that
it is current. The schema covers types and keys; `genboard check` finds contradictions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...benchmarks.result import Result
from ...core.serialization import write_json

PATH = Path(__file__).parents[1] / "result.schema.json"


def result_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of `<id>.json`."""
    schema = Result.model_json_schema(by_alias=True, mode="validation")
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "genboard result"}


if __name__ == "__main__":
    write_json(PATH, result_schema())
