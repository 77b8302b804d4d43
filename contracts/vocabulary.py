"""The closed words of the field. GLOSSARY.md says what each means to a person.

A new member is a new version of every event that carries the vocabulary, unless the vocabulary
declares `unknown` (`OpenWord`): the bus reads a member it does not know yet as `unknown`, which
goes to a human; a door refuses it like any other wrong value.
"""

import base64
import binascii
from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any, NewType

from pydantic import (
    AfterValidator,
    AwareDatetime,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, core_schema

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

ContactId = NewType("ContactId", Annotated[str, StringConstraints(pattern=_UUID)])
OfferId = NewType("OfferId", Annotated[str, StringConstraints(pattern=_UUID)])
PersonId = NewType("PersonId", Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")])
ProgrammeId = NewType(
    "ProgrammeId", Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,40}$")]
)
#: Code of a French département as INSEE writes it; the place of the person in danger, as said.
Departement = NewType(
    "Departement", Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|2[AB]|97[0-9]|98[0-9])$")]
)
#: A row of the directory of relays, for instance `fr-3114`.
RelayId = NewType(
    "RelayId", Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-[a-z0-9][a-z0-9-]{0,40}$")]
)
#: An information card; the emergency card has no identifier.
CardId = NewType("CardId", Annotated[str, StringConstraints(pattern=_UUID)])
#: A skill of the shared training catalogue, for instance SK-REGUL.
SkillCode = NewType(
    "SkillCode", Annotated[str, StringConstraints(pattern=r"^SK-[A-Z]{2,12}(-[a-z]{2,5})?$")]
)
ShiftId = NewType("ShiftId", Annotated[str, StringConstraints(pattern=_UUID)])
DebriefId = NewType("DebriefId", Annotated[str, StringConstraints(pattern=_UUID)])
#: An organisation of a line or of the shared trainings, by the code the organisations agreed on.
OrganisationId = NewType(
    "OrganisationId", Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,60}$")]
)
#: Where a person listens from: the INSEE code of a French region, a country elsewhere.
Region = NewType("Region", Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[A-Z]{2})$")])
#: Version of a set of rules, for instance `triage-2026.1`.
RulesVersion = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[0-9]{4}\.[0-9]{1,3}$")]
#: A rule that spoke, for instance `danger_now`; its wording is in the catalogue of texts.
RuleCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,60}$")]
#: SHA-256 in hexadecimal.
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

#: An aware moment, always brought to UTC.
Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


#: Validation context of the bus, which reads what newer publishers say; doors validate without.
ON_THE_BUS = {"reader": "bus"}


class OpenWord(StrEnum):
    """A vocabulary that declares `unknown` and may therefore grow within a version."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(cls._read, handler(source))

    @classmethod
    def _read(
        cls, value: object, members: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        newer = isinstance(value, str) and value not in cls._value2member_map_
        return cls("unknown") if newer and info.context is ON_THE_BUS else members(value)


class Channel(StrEnum):
    """How a contact reaches us."""

    PHONE = "phone"
    CHAT = "chat"
    MESSAGE = "message"


class Stage(StrEnum):
    """Which of the two waiting lines, and which of the two humans."""

    REGULATOR = "regulator"
    LISTENER = "listener"


class Role(StrEnum):
    """What a person may do; a person can hold several."""

    REGULATOR = "regulator"
    LISTENER = "listener"
    SUPERVISOR = "supervisor"
    COORDINATOR = "coordinator"
    TRAINER = "trainer"  #: keeps trainings and supervisions; hears no caller in this role
    OPERATOR = "operator"  #: platform operator: applies programmes, sees no contact
    DUTY_PROFESSIONAL = "duty_professional"  #: clinical, on call from home; hears no caller


class ContactState(StrEnum):
    """Where a contact is, as intake judges it."""

    WAITING_REGULATOR = "waiting_regulator"
    WITH_REGULATOR = "with_regulator"
    WAITING_LISTENER = "waiting_listener"
    WITH_LISTENER = "with_listener"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a contact ended. No other ending exists (DESIGN 2)."""

    LISTENED = "listened"
    REFERRED = "referred"
    INFORMED_BY_REGULATOR = "informed_by_regulator"
    ANSWERED_IN_WRITING = "answered_in_writing"
    TRANSFERRED_TO_RELAY = "transferred_to_relay"
    TRANSFERRED_TO_EMERGENCY = "transferred_to_emergency"
    ABANDONED = "abandoned"  #: left before any human took the contact
    OVERFLOWED = "overflowed"  #: connected to another line
    RETURN_PASS_GIVEN = "return_pass_given"
    CLOSED_HOURS = "closed_hours"
    CLOSED_WITHIN_FRAME = "closed_within_frame"
    DROPPED = "dropped"  #: the talk broke off before a human ended it


class Nature(StrEnum):
    """What kind of contact it was, chosen by a human after listening; never a reason to refuse."""

    ORDINARY = "ordinary"
    SILENT = "silent"
    REPEATED = "repeated"
    THIRD_PARTY = "third_party"
    WRONG_NUMBER = "wrong_number"
    BEYOND_FRAME = "beyond_frame"
    TEST = "test"


class Priority(StrEnum):
    """Order of help, from the protocol (`data/protocol.json`); set by a human."""

    P1 = "P1"  #: vitale
    P2 = "P2"  #: crise
    P3 = "P3"  #: détresse
    P4 = "P4"  #: écoute
    P5 = "P5"  #: information: the regulator alone


class ForWhom(OpenWord):
    """Who is in difficulty, seen from who speaks."""

    SELF = "self"
    SOMEONE_HERE = "someone_here"
    SOMEONE_ELSEWHERE = "someone_elsewhere"
    UNKNOWN = "unknown"


class Destination(StrEnum):
    """Where a regulator sends a contact."""

    LISTENER = "listener"
    INFORMED = "informed"  #: answered by the regulator, nobody else needed
    WITHIN_FRAME = "within_frame"  #: closed by the regulator within the frame of the line
    RELAY = "relay"
    RESCUE = "rescue"


class AgeBand(StrEnum):
    """Age as said by the person, never asked."""

    CHILD = "0-14"
    TEEN = "15-17"
    YOUNG = "18-24"
    A25_34 = "25-34"
    A35_49 = "35-49"
    A50_64 = "50-64"
    A65_74 = "65-74"
    A75_PLUS = "75+"


class LanguageCode(OpenWord):
    """A language someone can be listened to in; `unknown` goes to a human."""

    FR = "fr"
    EN = "en"
    DE = "de"
    LB = "lb"
    PT = "pt"
    AR = "ar"
    ES = "es"
    IT = "it"
    OTHER = "other"
    UNKNOWN = "unknown"


class Need(OpenWord):
    """What the person needs: the taxonomy of `data/relays.json`, and what a line adds."""

    URGENCE_VITALE = "urgence_vitale"
    DANGER_IMMEDIAT = "danger_immediat"
    CRISE_SUICIDAIRE = "crise_suicidaire"
    DETRESSE_PSYCHOLOGIQUE = "detresse_psychologique"
    SOLITUDE = "solitude"
    ECOUTE_GENERALISTE = "ecoute_generaliste"
    ENFANCE_DANGER = "enfance_danger"
    VIOLENCES_CONJUGALES = "violences_conjugales"
    VIOLENCES_SEXUELLES = "violences_sexuelles"
    MALTRAITANCE_VULNERABLE = "maltraitance_vulnerable"
    AIDE_VICTIMES = "aide_victimes"
    ADDICTIONS = "addictions"
    SANTE_INFORMATION = "sante_information"
    SANTE_SEXUELLE = "sante_sexuelle"
    DROITS_SANTE = "droits_sante"
    HEBERGEMENT_URGENCE = "hebergement_urgence"
    AIDE_MATERIELLE = "aide_materielle"
    MIGRANTS = "migrants"
    JEUNES = "jeunes"
    ETUDIANTS = "etudiants"
    HARCELEMENT_NUMERIQUE = "harcelement_numerique"
    PARENTALITE = "parentalite"
    PROCHE_INQUIET = "proche_inquiet"
    DEUIL = "deuil"
    DEUIL_SUICIDE = "deuil_suicide"
    SOIGNANTS = "soignants"
    AGRICULTEURS = "agriculteurs"
    DEMARCHES = "demarches"
    DISPARITION_MINEUR = "disparition_mineur"
    SURDITE = "surdite"
    LGBT = "lgbt"
    RADICALISATION = "radicalisation"
    COVID_INFO = "covid_info"
    INTERPRETARIAT = "interpretariat"
    AUTEUR_VIOLENCES = "auteur_violences"
    HORS_CADRE = "hors_cadre"
    UNKNOWN = "unknown"


class LiveState(StrEnum):
    """What a person on duty is doing, as assignment judges it."""

    OFF_DUTY = "off_duty"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAPPING_UP = "wrapping_up"
    RESTING = "resting"
    PAUSED = "paused"


class LiveStateReason(StrEnum):
    """Why a person entered a live state."""

    ASKED = "asked"  #: the person said so
    OFFER_MADE = "offer_made"
    OFFER_TAKEN = "offer_taken"
    OFFER_DECLINED = "offer_declined"
    OFFER_EXPIRED = "offer_expired"
    OFFER_WITHDRAWN = "offer_withdrawn"
    HANDED_OVER = "handed_over"  #: the regulator has triaged
    CONTACT_ENDED = "contact_ended"
    REST_AFTER_HARD = "rest_after_hard"
    REST_AFTER_SEVERAL = "rest_after_several"
    RESTED = "rested"
    TWO_MISSED_OFFERS = "two_missed_offers"
    HEARTBEAT_LOST = "heartbeat_lost"  #: talking by telephone, they go on, and it is flagged
    HEARTBEAT_BACK = "heartbeat_back"  #: they talk still, and their desk is heard again


class OfferReason(StrEnum):
    """Why this person was chosen for this contact."""

    PRIORITY = "priority"
    WAITED_LONGEST = "waited_longest"
    RE_OFFERED_IN_FRONT = "re_offered_in_front"
    LANGUAGE_SHARED = "language_shared"
    LANGUAGE_UNKNOWN = "language_unknown"
    TRAINED_FOR_NEED = "trained_for_need"
    FALLBACK_TOPIC = "fallback_topic"
    ACCREDITED_FOR_RISK = "accredited_for_risk"
    FALLBACK_LEVEL = "fallback_level"
    RESERVED_ACCREDITED = "reserved_accredited"
    LEAST_VERSATILE_FREE = "least_versatile_free"
    LONGEST_READY = "longest_ready"
    REGULATOR_FREE = "regulator_free"
    LISTENER_TRAINED_TO_REGULATE = "listener_trained_to_regulate"
    SUPERVISOR_REGULATES = "supervisor_regulates"
    UNTRIAGED = "untriaged"
    FAIR_SHARE = "fair_share"
    FALLBACK_LANGUAGE = "fallback_language"  #: the line's own language, not the caller's
    SOUGHT_AGAIN = "sought_again"  #: they were cut off from each other


class LeaveReason(StrEnum):
    """How a caller's side of the line ended."""

    HUNG_UP = "hung_up"
    CUT_OFF = "cut_off"


class EndedBy(StrEnum):
    """Whose act ended the contact."""

    CALLER = "caller"
    REGULATOR = "regulator"
    LISTENER = "listener"
    SUPERVISOR = "supervisor"  #: who was not in the contact themselves
    PLATFORM = "platform"


class WithdrawalReason(StrEnum):
    """Why an offer, or a take, no longer stands."""

    CONTACT_ENDED = "contact_ended"
    PERSON_UNREACHABLE = "person_unreachable"
    PERSON_LEFT_DUTY = "person_left_duty"
    PERSON_WRAPS_UP = "person_wraps_up"  #: beside the last chat of theirs, which has ended


class Refusal(StrEnum):
    """Why a command, or a request at a door, was refused."""

    UNREADABLE = "unreadable"
    UNKNOWN_FIELD = "unknown_field"
    INVALID_FIELD = "invalid_field"
    WRONG_VERSION = "wrong_version"
    UNKNOWN_CONTACT = "unknown_contact"
    UNKNOWN_OFFER = "unknown_offer"
    UNKNOWN_PERSON = "unknown_person"
    UNKNOWN_PROGRAMME = "unknown_programme"
    ROLE_NOT_PERMITTED = "role_not_permitted"
    NOT_YOURS = "not_yours"
    WRONG_STATE = "wrong_state"
    STALE_VERSION = "stale_version"
    OFFER_OVER = "offer_over"
    CONTACT_OVER = "contact_over"
    PAST_DEADLINE = "past_deadline"
    REPEATED_WITH_ANOTHER_BODY = "repeated_with_another_body"
    CHANNEL_NOT_SERVED = "channel_not_served"
    CLOSED = "closed"
    NOT_ELIGIBLE = "not_eligible"
    ACCREDITATION_LAPSED = "accreditation_lapsed"
    NOT_IN_PROGRAMME = "not_in_programme"
    UNKNOWN_SHIFT = "unknown_shift"
    SHIFT_TAKEN = "shift_taken"
    SHIFT_OVER = "shift_over"
    SHIFTS_OVERLAP = "shifts_overlap"  #: one person, two places at once
    NIGHT_LIMIT = "night_limit"
    UNKNOWN_DEBRIEF = "unknown_debrief"
    CALLERS_FIRST = "callers_first"  #: the reserved programme stands aside while callers wait
    REFERS_NOBODY = "refers_nobody"  #: the line leads nobody on to relays
    UNKNOWN_RELAY = "unknown_relay"
    UNKNOWN_REFERRAL = "unknown_referral"
    UNKNOWN_CARD = "unknown_card"
    RELAY_CLOSED = "relay_closed"  #: defunct, inactive, replaced, or not within its dates
    RELAY_NOT_VERIFIED = "relay_not_verified"
    NO_TRANSFER_AGREED = "no_transfer_agreed"
    CONSENT_MISSING = "consent_missing"
    UNKNOWN_ALERT = "unknown_alert"
    ALERT_OVER = "alert_over"
    UNKNOWN_RESCUE = "unknown_rescue"
    UNKNOWN_REPORT = "unknown_report"
    SECOND_PERSON_NEEDED = "second_person_needed"  #: two people decide, and you are the first
    PLATFORM_FAULT = "platform_fault"  #: our failure, not yours; the same request may be sent again


class Reach(StrEnum):
    """How a person on duty is reached."""

    CONSOLE = "console"  #: a screen, and the voice in it or beside it
    BROWSER_PHONE = "browser_phone"
    TELEPHONE = "telephone"  #: a telephone alone: every verb is a key


class SupervisionKind(StrEnum):
    """With whom a volunteer looks back on what they heard."""

    INDIVIDUAL = "individual"
    GROUP = "group"


class Hole(StrEnum):
    """What an open hour lacks in the plan."""

    NOBODY_TO_REGULATE = "nobody_to_regulate"
    TOO_FEW_TO_LISTEN = "too_few_to_listen"
    NOBODY_TO_ACKNOWLEDGE = "nobody_to_acknowledge"  #: neither supervisor nor duty professional


class DebriefCause(StrEnum):
    """After what a debrief is offered."""

    HARD_CONTACT = "hard_contact"
    ALERT = "alert"


class DebriefClosing(StrEnum):
    """How a debrief that was offered came to its end."""

    HELD = "held"
    NOT_WANTED = "not_wanted"


# --- written contacts, and coming back ------------------------------------------------------------

#: A sealed text: its reference; the text itself is with intake alone.
SealedId = NewType("SealedId", Annotated[str, StringConstraints(pattern=_UUID)])


class TextKind(StrEnum):
    """What a sealed text is."""

    LINE = "line"  #: of a chat
    MESSAGE = "message"  #: of the web mailbox, or its answer
    NOTE = "note"  #: for the humans of the contact, never for its caller
    CAPSULE = "capsule"  #: what a human leaves for whoever comes next, should the caller come back
    HELP = "help"  #: between the human in the contact and a supervisor, never for its caller


class AuthorKind(StrEnum):
    """Who wrote a sealed text; a person is never named beside it."""

    CALLER = "caller"
    REGULATOR = "regulator"
    LISTENER = "listener"
    SUPERVISOR = "supervisor"


class Attention(StrEnum):
    """How much attention the indicator of written texts asks for (`data/protocol.json`)."""

    NONE = "none"
    WATCH = "watch"
    RAISE = "raise"
    RAISE_NOW = "raise_now"


class FlagOutcome(StrEnum):
    """What a human found a flag of the indicator to be, having read the text."""

    CONFIRMED = "confirmed"
    UNFOUNDED = "unfounded"
    UNCLEAR = "unclear"


class RudValue(StrEnum):
    """What one axis of RUD-3 was rated, by who may rate (`data/protocol.json`, `rud3.values`)."""

    LOW = "faible"
    MEDIUM = "moyen"
    HIGH = "eleve"
    NOT_RATEABLE = "non_evaluable"
    NOT_APPLICABLE = "sans_objet"


class RiskLevel(StrEnum):
    """What the axes come to, by `rud3.level_rules`, or what a human noted where none apply."""

    LOW = "faible"
    MEDIUM = "moyen"
    HIGH = "eleve"
    IMMINENT = "imminent"
    NOT_RATEABLE = "non_evaluable"
    NOT_APPLICABLE = "sans_objet"


class RiskSignal(StrEnum):
    """What was noticed, in the words of `signals_for_volunteers`: noted, never rated."""

    MORT = "SIG-MORT"
    PLAN = "SIG-PLAN"
    MOYEN = "SIG-MOYEN"
    ADIEU = "SIG-ADIEU"
    CALME = "SIG-CALME"
    ALCOOL = "SIG-ALCOOL"
    SEUL = "SIG-SEUL"
    ANTECEDENT = "SIG-ANTECEDENT"
    MINEUR = "SIG-MINEUR"
    VIOLENCE = "SIG-VIOLENCE"
    MEDICAL = "SIG-MEDICAL"
    PROTECTEUR = "SIG-PROTECTEUR"


# --- when a line is open, and what is there when nobody can answer --------------------------------


class OnHolidays(StrEnum):
    """What the hours of a line are on a public holiday of its country."""

    AS_USUAL = "as_usual"
    AS_SUNDAY = "as_sunday"
    CLOSED = "closed"


class Situation(StrEnum):
    """Why a caller cannot be answered now; each has a text of its own (DESIGN 7)."""

    CLOSED = "closed"
    NOBODY_ON_DUTY = "nobody_on_duty"
    ALL_BUSY = "all_busy"
    PLATFORM_FAULT = "platform_fault"


class Act(StrEnum):
    """What a rung of the ladder does."""

    SAYS = "says"
    OFFERS = "offers"  #: the caller may accept it
    CONNECTS = "connects"  #: unless the caller hangs up


class WayOut(StrEnum):
    """What a caller may be offered instead of waiting on."""

    RETURN_PASS = "return_pass"
    MESSAGE_BOX = "message_box"
    CHAT = "chat"
    ANOTHER_LINE = "another_line"


class AlertRole(StrEnum):
    """Who can take an alert."""

    SUPERVISOR = "supervisor"
    DUTY_PROFESSIONAL = "duty_professional"  #: clinical, called when nobody else took it


class Pool(StrEnum):
    """Whose callers the associations of a federation hear."""

    ANYBODY = "anybody"  #: anybody hears anybody, the whole country over
    REGIONAL_FIRST = "regional_first"  #: one's own region first, then anybody
    SPLIT = "split"  #: one's own region only


class ReportKind(StrEnum):
    """The two legal reports about somebody who cannot protect themselves."""

    CONCERN = "concern"  #: information préoccupante
    JUSTICE = "justice"  #: signalement


ReferralId = NewType("ReferralId", Annotated[str, StringConstraints(pattern=_UUID)])
#: What a relay knows a referral by: made for it alone, worthless to any other.
PartnerReference = NewType(
    "PartnerReference", Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
)
#: A partner organisation, as the operator names it: a token of its subjects.
PartnerId = NewType(
    "PartnerId", Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,29}$")]
)


def _whole_nkey(key: str) -> str:
    """Of one that is mistyped: the server would refuse everybody's accounts for it."""
    said = base64.b32decode(key)
    if binascii.crc_hqx(said[:-2], 0) != int.from_bytes(said[-2:], "little"):
        raise ValueError("it is mistyped: its checksum is another's")
    return key


#: Public half of an nkey of a user of NATS.
PublicNkey = NewType(
    "PublicNkey",
    Annotated[str, StringConstraints(pattern=r"^U[A-Z2-7]{55}$"), AfterValidator(_whole_nkey)],
)
_PRIME = 2**255 - 19
#: Points of Curve25519 of small order (RFC 7748, section 7): nothing can be sealed to them.
_NOBODYS = {
    0,
    1,
    _PRIME - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
}


def _somebodys_key(key: str) -> str:
    point = int.from_bytes(base64.b64decode(key), "little") % 2**255 % _PRIME
    if point in _NOBODYS:
        raise ValueError("it is nobody's key: nothing can be sealed to it")
    return key


#: Public half of an X25519 key, 32 bytes in base64: what is for a partner alone is sealed to it.
SealingKey = NewType(
    "SealingKey",
    Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$"), AfterValidator(_somebodys_key)
    ],
)
#: Where a partner is posted to: https, a name in lower case, and a path of plain letters. No number
#: for a name, no user, no query, nothing escaped: what cannot be read in two ways.
WEBHOOK_URL = (
    r"^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
    r"(:[1-9][0-9]{0,4})?(/[A-Za-z0-9_.~-]*)*$"
)
LONGEST_WEBHOOK_URL = 500
WebhookUrl = NewType(
    "WebhookUrl",
    Annotated[str, StringConstraints(pattern=WEBHOOK_URL, max_length=LONGEST_WEBHOOK_URL)],
)
#: A sealed box (X25519, XSalsa20-Poly1305) in base64: 48 bytes more than what it holds.
SealedBox = NewType(
    "SealedBox",
    Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{64,2048}={0,2}$")],
)

#: What a person takes their consent back by (`contracts.withdrawal`).
WithdrawalCode = NewType("WithdrawalCode", Annotated[str, StringConstraints(pattern=r"^\d{12}$")])


class PartnerState(StrEnum):
    """Whether a partner organisation is referred to."""

    ACTIVE = "active"
    LEFT = "left"  #: its account is closed; what was sent to it is waited for no more


class SandboxStory(StrEnum):
    """What is played to the sandbox account of a partner."""

    SENT = "sent"  #: a referral, which waits five minutes for an answer
    EXPIRED = "expired"  #: one that waits ten seconds
    WITHDRAWN = "withdrawn"  #: one that is withdrawn after ten seconds, answered or not


class Withdrawing(StrEnum):
    """Why a partner must forget a referral."""

    CONSENT_WITHDRAWN = "consent_withdrawn"
    BY_MISTAKE = "by_mistake"


class WebhookEnd(StrEnum):
    """Why a partner's webhook was given up."""

    GONE = "gone"  #: it said so itself: 410
    NO_ANSWER = "no_answer"  #: none of ten attempts over three days got through


class ReferralField(StrEnum):
    """What of a case a referral may carry, each only within the scope of a consent."""

    NEED = "need"
    URGENCY = "urgency"
    DEPARTEMENT = "departement"
    LANGUAGE = "language"
    AGE_BAND = "age_band"
    CONTACT_MEANS = "contact_means"  #: how to reach the person, sealed to the partner alone


class ReferralMode(StrEnum):
    """How a person is brought to a relay."""

    MESSAGE = "message"  #: the relay is written to, and takes it up
    LIVE_TRANSFER = "live_transfer"  #: attended, only where the relay agreed to it


class ReferralState(StrEnum):
    """Where a referral is."""

    PROPOSED = "proposed"
    CONSENTED = "consented"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    CLOSED = "closed"


class ConsentGivenBy(StrEnum):
    """On whose word a consent rests."""

    PERSON = "person"
    PROFESSIONAL = "professional"  #: for a minor: a professional decides


class ReferralClosing(StrEnum):
    """Why a referral was closed."""

    PERSON_REFUSED = "person_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    TAKEN_UP = "taken_up"
    NOT_TAKEN_UP = "not_taken_up"
    BY_MISTAKE = "by_mistake"


class Period(StrEnum):
    """How long a time is of which activity is shared."""

    DAY = "day"
    WEEK = "week"  #: Monday to Sunday, numbered as ISO 8601 does
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class ActivityKind(StrEnum):
    """A table of shared activity. Each tells all contacts apart, but relay outcomes are their own.

    `abandoned` and `unanswered` (nobody came, and the caller had not left before) mean the same
    contacts in each of them, `not_said` those a human heard and nobody triaged.
    """

    ANSWER = "answer"  #: in_target, later, abandoned, unanswered
    CHANNEL = "channel"  #: phone, chat, message
    HOUR = "hour"  #: h00 to h23, on the wall of the line
    WEEKDAY = "weekday"  #: monday to sunday
    NEED = "need"  #: the main one, as the regulator understood it
    PRIORITY = "priority"  #: p1 to p5
    ORIENTATION = "orientation"  #: where the regulator sent it
    OUTCOME = "outcome"  #: how those a human heard ended; `not_ended`
    DURATION = "duration"  #: of the last listener's talk; `no_talk`
    RELAY_OUTCOME = "relay_outcome"  #: told by blind tokens in this time, of whichever contacts


class RelayOutcome(StrEnum):
    """What became of the person at the relay, told without saying who."""

    HELPED = "helped"
    WAITING = "waiting"
    NOT_REACHED = "not_reached"
    SENT_ELSEWHERE = "sent_elsewhere"
    REFUSED_BY_PERSON = "refused_by_person"


class Clock(StrEnum):
    """What a message waits for."""

    FIRST_READING = "first_reading"  #: by any human who may
    ANSWER = "answer"


class ClockStep(StrEnum):
    """How far a clock of a message has come."""

    WARNED = "warned"
    LATE = "late"


class SlowReason(StrEnum):
    """Why a supervisor has somebody who comes back slowed; never refused."""

    HARASSES_LISTENERS = "harasses_listeners"
    THREATENS_LISTENERS = "threatens_listeners"
    PLAYS_WITH_THE_LINE = "plays_with_the_line"
    BLOCKS_THE_LINE = "blocks_the_line"


class TallyKind(StrEnum):
    """What quality counts beside how contacts were answered."""

    NATURE = "nature"  #: what kind of contact it was, said by a human
    TALK = "talk"  #: a listener's talk against the guidance of the line: below, within, above
    RE_OFFER = "re_offer"  #: offers after the first, by waiting line
    ALERT = "alert"  #: how soon a human had it: in_30_s, in_90_s, later, not_yet
    WAY_OUT = "way_out"  #: a return pass or another line: offered, taken
    FIRST_READING = "first_reading"  #: of a message: on_time, late
    ANSWER = "answer"  #: to a message: on_time, late
    OUTCOME = "outcome"  #: how contacts ended
    URGENCY = "urgency"  #: declared: callers who said that it was urgent for them
    REFERRAL = "referral"  #: why referrals of its contacts were closed
    RELAY_OUTCOME = "relay_outcome"  #: told in the hour by blind tokens, of whichever contacts
