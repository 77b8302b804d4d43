"""The folder of a line: whole or not at all, and written again from its answers and texts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.line.answers import Answers
from deploy.line.asking import written_answers
from deploy.line.checklist import checklist
from deploy.line.drafting import as_yaml, manifest_of
from deploy.line.people import template
from deploy.line.settling import settled
from deploy.line.unfit import Unfit
from deploy.line.words import Texts
from services.intake.reader import Faulty, read_manifest

MANIFEST, TEXTS, PEOPLE, ANSWERS, CHECKLIST = (
    "programme.yaml", "texts.yaml", "people.csv", "answers.yaml", "checklist.md",
)  # fmt: skip


def files_of(answers: Answers, texts: Texts, folder: Path, before: bytes = b"") -> dict[str, str]:
    """Everything the folder holds, by name; `before` is the manifest that was there.

    Unfit when the manifest would not be sound.
    """
    manifest = as_yaml(
        settled(manifest_of(answers, texts), before),
        f"{answers.name} as data, written by `./just programme new` from answers.yaml and\n"
        "texts.yaml. Facts are what the line's organisation said; what it did not say is assumed,\n"
        "with the reason, and to be settled by the operator. What you settle here stays when it\n"
        "is written again (--again); comments do not, and what answers and texts say, they say.",
    )
    read = read_manifest(manifest.encode())
    if isinstance(read, Faulty):
        faults = "; ".join(f"{fault.field}: {fault.reason}" for fault in read.faults)
        whose = "what was changed in it by hand" if before else "us, not you"
        raise Unfit(f"The manifest would not be sound; look for the fault in {whose}. {faults}")
    return {
        MANIFEST: manifest,
        TEXTS: as_yaml(
            texts.model_dump(mode="json"),
            "What callers are told. A native speaker of each language changes what is wrong, and\n"
            "writes read_by (what they are to the line, never a name) and read_on (2026-01-31);\n"
            "then: ./just programme new --again with this folder.",
        ),
        PEOPLE: template(answers),
        ANSWERS: written_answers(answers),
        CHECKLIST: checklist(answers, texts, folder),
    }


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Make the folder with all its files, in one step. OSError when it cannot be made."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            (beside / name).write_text(content, encoding="utf-8")
        beside.chmod(0o755)
        os.rename(beside, folder)  # refuses a folder that holds something
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def rewrite_files(folder: Path, files: Mapping[str, str]) -> None:
    """Replace files of a folder, each in one step, after all of them could be written."""
    beside = {name: folder / f".{name}.new" for name in files}
    try:
        for name, content in files.items():
            beside[name].write_text(content, encoding="utf-8")
        for name, written in beside.items():
            os.replace(written, folder / name)
    finally:
        for written in beside.values():
            written.unlink(missing_ok=True)
