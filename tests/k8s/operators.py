"""What we ask of operators, and whether their CustomResourceDefinitions take it.

`python -m tests.k8s.operators FILE...`, the definitions of a release as its operator ships them:
every manifest of `k8s/` is held against them strictly, an unknown field refused as the API refuses
it, and so is whatever `asked_of_operators.yaml` would let pass. Exits 1 with what does not
fit, or when a kind is in none of the files. Rules in CEL are the cluster's alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml

from tests.k8s.rendered import Manifest, name_of, rendered

#: As untyped as JSON Schema is.
Schema = dict[str, Any]
#: `apiVersion` and kind.
Kind = tuple[str, str]

ASKED = Path(__file__).with_name("asked_of_operators.yaml")
_EVERY_COMPONENT = "everything"
_TYPES = ("boolean", "integer", "string")
_QUANTITY: Schema = {"anyOf": [{"type": "number"}, {"type": "string"}]}


@cache
def asked() -> Mapping[Kind, Schema]:
    """The schema of each `spec` we write, closed."""
    told = yaml.safe_load(ASKED.read_text())
    return {
        (version, kind): closed(fields)
        for version, kinds in told.items()
        for kind, fields in kinds.items()
    }


def _schema(form: Any) -> Schema:
    if isinstance(form, dict):
        return closed(form)
    if isinstance(form, list):
        (one,) = form
        return {"type": "array", "items": _schema(one)}
    if form == "quantity":
        return _QUANTITY
    if form in _TYPES:
        return {"type": form}
    return {"type": "string", "enum": [word.strip(' "') for word in form.split("|")]}


def closed(fields: Mapping[str, Any]) -> Schema:
    """The schema of an object as `asked_of_operators.yaml` says it."""
    if "*" in fields:
        return {"type": "object", "additionalProperties": _schema(fields["*"])}
    return {
        "type": "object",
        "properties": {name.rstrip("!"): _schema(form) for name, form in fields.items()},
        "required": [name.rstrip("!") for name in fields if name.endswith("!")],
        "additionalProperties": False,
    }


def kind_of(manifest: Manifest) -> Kind:
    """Its version and kind."""
    return manifest["apiVersion"], manifest["kind"]


def faults(manifest: Manifest, spec: Schema) -> Iterator[str]:
    """What a manifest of an operator's kind holds that a schema of its `spec` does not take."""
    for unknown in sorted(manifest.keys() - {"apiVersion", "kind", "metadata", "spec"}):
        yield f"{name_of(manifest)}: {unknown}: no such field"
    for wrong in jsonschema.Draft202012Validator(spec).iter_errors(manifest["spec"]):
        yield f"{name_of(manifest)}: {'.'.join(map(str, ('spec', *wrong.path)))}: {wrong.message}"


def defined(documents: Sequence[Manifest]) -> dict[Kind, Schema]:
    """The `spec` of each served kind that definitions among these documents have."""
    return {
        (f"{each['spec']['group']}/{version['name']}", each["spec"]["names"]["kind"]): version[
            "schema"
        ]["openAPIV3Schema"]["properties"]["spec"]
        for each in documents
        if each.get("kind") == "CustomResourceDefinition"
        for version in each["spec"]["versions"]
        if version["served"]
    }


def strict(schema: Schema) -> Schema:
    """The same, refusing fields it does not name, and wanting none that it fills in itself."""
    made = dict(schema)
    if "properties" in schema:
        fields = schema["properties"]
        made["properties"] = {name: strict(field) for name, field in fields.items()}
        made["required"] = [
            name for name in schema.get("required", ()) if "default" not in fields.get(name, {})
        ]
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    for inside in ("items", "additionalProperties"):
        if isinstance(schema.get(inside), dict):
            made[inside] = strict(schema[inside])
    return made


def beyond(ours: Schema, theirs: Schema, at: str) -> Iterator[str]:
    """Where what we ask goes beyond what a definition takes. `theirs` is as `strict` gives it."""
    if theirs.get("x-kubernetes-preserve-unknown-fields") and "properties" not in theirs:
        return
    if theirs.get("x-kubernetes-int-or-string"):
        if ours.get("type", "string") not in ("integer", "string"):
            yield f"{at}: is a number or a text there"
        return
    if ours.get("type") != theirs["type"]:
        yield f"{at}: is {theirs['type']} there"
        return
    if "enum" in theirs and not set(ours.get("enum", ("",))) <= set(theirs["enum"]):
        yield f"{at}: is one of {', '.join(map(str, theirs['enum']))} there"
    if ours["type"] == "array":
        yield from beyond(ours["items"], theirs["items"], f"{at}[]")
    if ours["type"] == "object":
        yield from _beyond_in_object(ours, theirs, at)


def _beyond_in_object(ours: Schema, theirs: Schema, at: str) -> Iterator[str]:
    of_any_name = theirs.get("additionalProperties")
    fields = dict(ours.get("properties", {}))
    if isinstance(ours["additionalProperties"], dict):
        fields["*"] = ours["additionalProperties"]
    for name, field in fields.items():
        there = theirs.get("properties", {}).get(name, of_any_name)
        if isinstance(there, dict):
            yield from beyond(field, there, f"{at}.{name}")
        else:
            yield f"{at}.{name}: is not there"
    for name in sorted(set(theirs.get("required", ())) - set(ours.get("required", ()))):
        yield f"{at}.{name}: must be there"


def judged(definitions: Mapping[Kind, Schema], manifests: Sequence[Manifest]) -> Iterator[str]:
    """What does not fit these definitions: of what we ask, and of these manifests."""
    for kind, ours in asked().items():
        if kind not in definitions:
            yield f"{' '.join(kind)}: defined in none of the files"
            continue
        theirs = strict(definitions[kind])
        yield from beyond(ours, theirs, f"{kind[1]}.spec")
        for each in manifests:
            if kind_of(each) == kind:
                yield from faults(each, theirs)


def main(files: Sequence[str]) -> int:
    """Entry point; see the module."""
    documents = [
        each for file in files for each in yaml.load_all(Path(file).read_text(), yaml.CSafeLoader)
    ]
    definitions = defined(
        [item for each in documents if each for item in each.get("items", [each])]
    )
    ours = [each for each in rendered(_EVERY_COMPONENT) if kind_of(each) in asked()]
    told = list(judged(definitions, ours))
    print(*told, sep="\n", end="\n" if told else "")
    print(f"{len(asked())} kinds, {len(ours)} manifests: {len(told) or 'nothing'} does not fit.")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
