"""`./just words`: bring the catalogues of the pages to what templates and code say; `check` them.

`python -m deploy.words` writes; with `check` it changes nothing and ends 1 when a catalogue is
behind the templates or a complete language lacks a sentence. What is French stays in the templates.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from contracts.vocabulary import LanguageCode
from services.pages.words import COMPLETE, DRAFTS

REPOSITORY = Path(__file__).resolve().parent.parent
CATALOGUES = REPOSITORY / "services/pages/catalogues"

_METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}


@dataclass(frozen=True)
class Domain:
    """Who reads these words, where they are, and in which languages beside French."""

    name: str
    folders: tuple[str, ...]
    languages: tuple[LanguageCode, ...]


_TRANSLATED = tuple(each for each in COMPLETE if each is not LanguageCode.FR)
DOMAINS = (
    Domain("caller", ("services/pages", "services/intake"), _TRANSLATED + DRAFTS),
    Domain("desk", ("services/console",), _TRANSLATED),
)


def catalogues() -> Iterator[tuple[Path, Domain, LanguageCode]]:
    """Every catalogue there should be."""
    for domain in DOMAINS:
        for language in domain.languages:
            yield CATALOGUES / f"{domain.name}.{language.value}.po", domain, language


def template_of(domain: Domain) -> Catalog:
    """All that is said in a domain."""
    said = Catalog(project="helpline", charset="utf-8", fuzzy=False)
    for folder in domain.folders:
        found = extract_from_dir(
            REPOSITORY / folder, _METHODS, _OPTIONS, keywords=_KEYWORDS, strip_comment_tags=True
        )
        for name, _, message, comments, context in found:
            said.add(
                message, None, [(f"{folder}/{name}", 0)], auto_comments=comments, context=context
            )
    return said


#: Plurals and contexts beside the plain sentence.
_KEYWORDS = {
    "_": None,
    "to_translate": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


def brought_up(path: Path, language: LanguageCode, said: Catalog) -> Catalog:
    """The catalogue of a language with every sentence there is now, and none that is gone."""
    known = Catalog(locale=language.value, project="helpline", charset="utf-8", fuzzy=False)
    if path.is_file():
        known = read_po(io.BytesIO(path.read_bytes()), locale=language.value)
    known.update(said, no_fuzzy_matching=True)
    known.obsolete.clear()
    return known


def written(catalogue: Catalog) -> bytes:
    """A catalogue as it is kept: in order, without dates and line numbers: it stays still."""
    into = io.BytesIO()
    write_po(into, catalogue, width=100, sort_output=True, omit_header=True, include_lineno=False)
    return into.getvalue()


def missing_in(catalogue: Catalog) -> list[str]:
    """Sentences a catalogue has no words for."""
    return [str(each.id) for each in catalogue if each.id and not _has_words(each.string)]


def _has_words(string: object) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def main(arguments: list[str] | None = None) -> int:
    """Write or check the catalogues; 1 when one is behind or incomplete."""
    parser = argparse.ArgumentParser(prog="just words", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("write", "check"), default="write")
    checking = parser.parse_args(arguments).what == "check"
    said = {domain: template_of(domain) for domain in DOMAINS}
    behind = 0
    for path, domain, language in catalogues():
        catalogue = brought_up(path, language, said[domain])
        new = written(catalogue)
        if not checking:
            path.write_bytes(new)
        elif not path.is_file() or path.read_bytes() != new:
            behind += 1
            print(f"{path.name}: behind the templates; run `./just words`.", file=sys.stderr)
        missing = missing_in(catalogue)
        if missing:
            behind += 1
            print(
                f"{path.name}: {len(missing)} without words, e.g. {missing[0]!r}", file=sys.stderr
            )
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
