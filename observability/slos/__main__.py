"""`./just slos [check]`: write the rules of the objectives, or say that they differ."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from observability.slos.rules import groups_of

SPEC = Path(__file__).parent / "helpline.yaml"
RULES = Path(__file__).parents[1] / "alerts" / "slos.yaml"
_HEAD = """\
# Written by `./just slos` from observability/slos/helpline.yaml; not by hand. A window in which an
# objective cannot burn as fast as its alert asks is left out (observability/slos/rules.py).
"""


class _Words(yaml.SafeDumper):
    """Expressions of several lines as they are read, not as one quoted line."""


def _as_read(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Words.add_representer(str, _as_read)


def text_of(spec: Path = SPEC) -> str:
    """The file of rules as it should be."""
    groups = groups_of(yaml.safe_load(spec.read_text("utf-8")))
    return _HEAD + yaml.dump({"groups": groups}, Dumper=_Words, sort_keys=False, width=1000)


def main(arguments: Sequence[str]) -> int:
    """Write, or with `check` compare; 1 when the file differs."""
    text = text_of()
    if list(arguments) != ["check"]:
        RULES.write_text(text, "utf-8")
        return 0
    if RULES.exists() and RULES.read_text("utf-8") == text:
        return 0
    print(f"{RULES.name} is not what the objectives say: ./just slos")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
