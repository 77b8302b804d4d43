"""What is known of a person when the directory is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need, ProgrammeId
from services.referral.directory.relay import Subject


class Rescue(StrEnum):
    """Which rescue a human may have to engage."""

    MEDICAL = "medical"
    DANGER = "danger"  #: violence, a child in danger, a missing child


@dataclass(frozen=True)
class Question:
    """What is known of the person and of the moment. What is not known stays empty."""

    needs: tuple[Need, ...]  #: the main one first
    country: str  #: where the person in danger is, ISO 3166-1
    at: datetime  #: aware
    departement: str | None = None  #: of the person in danger, as said; never from a postcode
    channel: Channel = Channel.PHONE
    language: LanguageCode = LanguageCode.UNKNOWN
    language_barrier: bool = False  #: the line that asks cannot listen in that language
    age_band: AgeBand | None = None
    deaf: bool = False  #: cannot use a voice line
    subjects: frozenset[Subject] = frozenset()
    rescue: Rescue | None = None  #: noted: life or body in danger now
    suicide_not_excluded: bool = False  #: rated medium or more, or could not be rated
    asks_for_doctor: bool = False  #: needs someone who prescribes, for instance psychic trouble
    silent: bool = False  #: nobody has spoken
    line: ProgrammeId | None = None  #: the line that asks: never refers to itself
