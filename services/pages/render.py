"""Pages from templates: words in the reader's language, one policy for what they may load.

A page loads nothing that is not ours, runs no script written into it and can be framed by nobody.
What people wrote is escaped, always; a name a template does not know is an error, not a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from contracts.vocabulary import LanguageCode
from services.pages import words
from services.pages.assets import address_of
from services.pages.look import Look, Size, Theme, query_of
from services.pages.numbers import as_read

#: Right to left; none of our languages is yet, the sheet is ready.
_RIGHT_TO_LEFT = frozenset({LanguageCode.AR})

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "X-Frame-Options": "DENY",
}


def policy_asking(origin: str) -> str:
    """The policy of a page whose scripts also ask one door of another origin."""
    return POLICY.replace("connect-src 'self'", f"connect-src 'self' {origin}")


@dataclass(frozen=True)
class Pages:
    """The templates of one service and the words they use."""

    package: str  #: whose `templates` folder it is
    domain: str  #: catalogue: caller or desk
    known: Mapping[str, Any] = field(
        default_factory=dict, hash=False
    )  #: on each page of the service

    def html(self, template: str, look: Look, **values: Any) -> str:
        """A page or a part of one."""
        environment = _environment(self.package, self.domain, look.language)
        shown = {**self.known, "look": look, "look_query": partial(query_of, look)} | values
        return environment.get_template(template).render(shown)

    def response(self, template: str, look: Look, status: int = 200, **values: Any) -> Response:
        """The answer with a page or a part of one."""
        return page_response(self.html(template, look, **values), status)


def page_response(html: str, status: int = 200) -> Response:
    """The answer with this page."""
    return Response(html, status, _HEADERS, media_type="text/html")


@lru_cache(maxsize=32)
def _environment(package: str, domain: str, language: LanguageCode) -> Environment:
    loader = ChoiceLoader([PackageLoader(package), PackageLoader("services.pages")])
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    catalogue = words.translations(domain, language)
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        asset=address_of,
        direction="rtl" if language in _RIGHT_TO_LEFT else "ltr",
        Theme=Theme,
        Size=Size,
    )
    environment.filters.update(
        hour=partial(words.hour_in, language),
        day=partial(words.day_in, language),
        date=partial(words.date_in, language),
        plain_day=partial(words.short_day_in, language),
        local_day=words.local_day,
        local_clock=words.local_clock,
        clock=words.minutes_and_seconds,
        as_read=as_read,
    )
    return environment
