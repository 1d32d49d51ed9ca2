"""The committed JSON Schema of a result says what the code says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from genboard.leaderboard.maintenance.schema_json import PATH, result_schema
from genboard.leaderboard.storage.records import COMMITTED, MANIFEST
from refusals import Run
from tampered import genuine

from genboard.core.serialization import canonical_json


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(PATH.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_committed_schema_is_in_step():
    assert PATH.read_bytes() == canonical_json(result_schema()), "run leaderboard.maintenance.schema_json"


def test_the_command_prints_it(run: Run):
    code, out, _ = run("check", "--schema")
    assert code == 0
    assert out.encode() == PATH.read_bytes()


def test_every_committed_result_is_valid(validator: Any):
    paths = [path for path in COMMITTED.rglob("*.json") if not path.name.endswith(MANIFEST)]
    assert len(paths) >= 40
    for path in paths:
        validator.validate(json.loads(path.read_bytes()))


def test_a_submission_is_valid_and_other_things_are_not(validator: Any, tmp_path: Path):
    value = genuine(tmp_path).read()
    validator.validate(value)
    for wrong in (
        {**value, "colour": "red"},
        {**value, "schema": 2},
        {**value, "status": "splendid"},
        {**value, "submission": {**value["submission"], "authors": []}},
        {key: item for key, item in value.items() if key != "metrics"},
    ):
        assert not validator.is_valid(wrong)
