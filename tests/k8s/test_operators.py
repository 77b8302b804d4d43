"""What a new release of an operator changes is told before its cluster says so."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.k8s import operators
from tests.k8s.operators import beyond, defined, faults, judged, strict

#: As an operator ships it, much shortened.
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  group: example.org
  names: {kind: Kettle}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          properties:
            spec:
              type: object
              required: [litres, lid]
              properties:
                litres: {type: integer}
                lid: {type: string, default: shut}
                heat: {type: string, enum: [gas, none]}
                memory: {anyOf: [{type: integer}, {type: string}], x-kubernetes-int-or-string: true}
                names: {type: array, items: {type: object, properties: {name: {type: string}}}}
                labels: {type: object, additionalProperties: {type: string}}
                anything: {type: object, x-kubernetes-preserve-unknown-fields: true}
    - {name: v0, served: false, schema: {openAPIV3Schema: {properties: {spec: {type: object}}}}}
"""
KIND = ("example.org/v1", "Kettle")
ASKED = """
litres!: integer
heat: gas
memory: quantity
names: [{name: string}]
labels: {"*": string}
anything: {whatever: integer}
"""


def definition() -> operators.Schema:
    return defined([yaml.safe_load(DEFINITION)])[KIND]


def asked(said: str = ASKED) -> operators.Schema:
    return operators.closed(yaml.safe_load(said))


def test_what_a_definition_takes_is_beyond_nothing() -> None:
    assert defined([yaml.safe_load(DEFINITION)]).keys() == {KIND}
    assert list(beyond(asked(), strict(definition()), "spec")) == []


@pytest.mark.parametrize(
    ("told", "change"),
    {
        "spec.heat: is one of none there": lambda fields: fields["heat"].update(enum=["none"]),
        "spec.litres: is string there": lambda fields: fields["litres"].update(type="string"),
        "spec.names[].name: is not there": lambda fields: fields["names"]["items"].update(
            properties={"title": {"type": "string"}}
        ),
        "spec.labels.*: is integer there": lambda fields: fields["labels"].update(
            additionalProperties={"type": "integer"}
        ),
        "spec.memory: is not there": lambda fields: fields.pop("memory"),
        "spec.anything.whatever: is not there": lambda fields: fields.update(
            anything={"type": "object"}
        ),
    }.items(),
)
def test_what_a_release_changes_is_told(
    told: str, change: Callable[[dict[str, Any]], object]
) -> None:
    theirs = definition()
    change(theirs["properties"])
    assert list(beyond(asked(), strict(theirs), "spec")) == [told]


def test_what_a_release_wants_anew_is_told_unless_it_fills_it_in_itself() -> None:
    theirs = definition()
    theirs["required"] += ["heat", "lid"]
    assert list(beyond(asked(), strict(theirs), "spec")) == ["spec.heat: must be there"]


def test_a_manifest_is_held_against_a_definition_as_the_api_does_it_strictly() -> None:
    kettle = {
        "apiVersion": "example.org/v1",
        "kind": "Kettle",
        "metadata": {"name": "k"},
        "spec": {"litres": 2, "memory": "1Gi", "anything": {"goes": 1}},
    }
    assert list(faults(kettle, strict(definition()))) == []
    for spoilt in ({"litters": 2}, {"litres": "2"}, {"names": [{"nam": "x"}]}, {"heat": "wood"}):
        wrong = deepcopy(kettle)
        wrong["spec"] |= spoilt  # type: ignore[operator]
        assert len(list(faults(wrong, strict(definition())))) == 1
    assert len(list(faults(kettle | {"specs": {}}, strict(definition())))) == 1


def test_a_kind_of_ours_that_no_file_defines_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(list(judged({}, []))) == len(operators.asked())
    listed = {"kind": "List", "items": [yaml.safe_load(DEFINITION)]}
    (file := tmp_path / "crd.yaml").write_text(yaml.safe_dump(listed))
    assert operators.main([str(file)]) == 1
    assert "keda.sh/v1alpha1 ScaledObject: defined in none" in capsys.readouterr().out
