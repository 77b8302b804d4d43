"""HSDS 3.0, as it is published: which fields a service of a directory has, and of which kind.

Facts of the Human Services Data Specification 3.0 (Open Referral, openreferral/specification,
`schema/*.json` at 279fd2e, CC BY-SA 4.0) in our own words: names, kinds, and what must be there.
What is imported and what is exported is held against it; `just relays check --schema FILE` holds
the directory against the published schema itself. Fields it does not name are allowed (`x_...`); a
field that is empty is left out, never null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Required

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

Uuid = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
]
Link = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$")
]  #: with its scheme
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
DateTime = Annotated[
    str,
    StringConstraints(
        pattern=r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$"
    ),
]

_OPEN = with_config(ConfigDict(extra="allow", strict=True, hide_input_in_errors=True))


@_OPEN
class Metadata(TypedDict, total=False):
    """What was changed of a row, when and by whom."""

    id: Required[Uuid]
    resource_id: Uuid
    resource_type: str
    last_action_date: Required[str]
    last_action_type: Required[str]
    field_name: Required[str]
    previous_value: Required[str]
    replacement_value: Required[str]
    updated_by: Required[str]


@_OPEN
class Taxonomy(TypedDict, total=False):
    """A list of words, for instance of needs."""

    id: Required[Uuid]
    name: Required[str]
    description: Required[str]
    uri: Link
    version: str
    metadata: list[Metadata]


@_OPEN
class TaxonomyTerm(TypedDict, total=False):
    """A word of such a list."""

    id: Required[Uuid]
    code: str
    name: Required[str]
    description: Required[str]
    parent_id: Uuid
    taxonomy: str
    taxonomy_detail: Taxonomy
    language: str
    taxonomy_id: Uuid
    term_uri: Link
    metadata: list[Metadata]


@_OPEN
class Attribute(TypedDict, total=False):
    """That a word holds for a row."""

    id: Required[Uuid]
    link_id: Uuid
    taxonomy_term_id: Uuid
    link_type: str
    link_entity: str
    value: str
    taxonomy_term: TaxonomyTerm
    metadata: list[Metadata]


@_OPEN
class Language(TypedDict, total=False):
    """A language that is spoken."""

    id: Required[Uuid]
    service_id: Uuid
    location_id: Uuid
    phone_id: Uuid
    name: str
    code: str
    note: str
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Phone(TypedDict, total=False):
    """A number, or a line for text."""

    id: Required[Uuid]
    location_id: Uuid
    service_id: Uuid
    organization_id: Uuid
    contact_id: Uuid
    service_at_location_id: Uuid
    number: Required[str]
    extension: float
    type: str
    description: str
    languages: list[Language]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Schedule(TypedDict, total=False):
    """When something is open."""

    id: Required[Uuid]
    service_id: Uuid
    location_id: Uuid
    service_at_location_id: Uuid
    valid_from: str
    valid_to: str
    dtstart: str
    timezone: float
    until: str
    count: float
    wkst: Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    freq: Literal["WEEKLY", "MONTHLY"]
    interval: float
    byday: str
    byweekno: str
    bymonthday: str
    byyearday: str
    description: str
    opens_at: str
    closes_at: str
    schedule_link: Link
    attending_type: str
    notes: str
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Contact(TypedDict, total=False):
    """Somebody to turn to."""

    id: Required[Uuid]
    organization_id: Uuid
    service_id: Uuid
    service_at_location_id: Uuid
    location_id: Uuid
    name: str
    title: str
    department: str
    email: Mail
    phones: list[Phone]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Accessibility(TypedDict, total=False):
    """Who can get into a place."""

    id: Required[Uuid]
    location_id: Uuid
    description: str
    details: str
    url: Link
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Address(TypedDict, total=False):
    """Where a place is."""

    id: Required[Uuid]
    location_id: Uuid
    attention: str
    address_1: Required[str]
    address_2: str
    city: Required[str]
    region: str
    state_province: Required[str]
    postal_code: Required[str]
    country: Required[str]
    address_type: Required[Literal["physical", "postal", "virtual"]]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Location(TypedDict, total=False):
    """A place, on the ground or not."""

    id: Required[Uuid]
    location_type: Required[Literal["physical", "postal", "virtual"]]
    url: Link
    organization_id: Uuid
    name: str
    alternate_name: str
    description: str
    transportation: str
    latitude: float
    longitude: float
    external_identifier: str
    external_identifier_type: str
    languages: list[Language]
    addresses: list[Address]
    contacts: list[Contact]
    accessibility: list[Accessibility]
    phones: list[Phone]
    schedules: list[Schedule]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class ServiceArea(TypedDict, total=False):
    """Where a service answers."""

    id: Required[Uuid]
    service_id: Uuid
    name: str
    description: str
    extent: str
    extent_type: str
    uri: str
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class ServiceAtLocation(TypedDict, total=False):
    """A service at a place."""

    id: Required[Uuid]
    service_id: Uuid
    location_id: Uuid
    description: str
    contacts: list[Contact]
    phones: list[Phone]
    schedules: list[Schedule]
    location: Location
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Funding(TypedDict, total=False):
    """Who pays for it."""

    id: Required[Uuid]
    organization_id: Uuid
    service_id: Uuid
    source: str
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class CostOption(TypedDict, total=False):
    """What it costs."""

    id: Required[Uuid]
    service_id: Uuid
    valid_from: str
    valid_to: str
    option: str
    currency: str
    amount: float
    amount_description: str
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class RequiredDocument(TypedDict, total=False):
    """A paper to bring along."""

    id: Required[Uuid]
    service_id: Uuid
    document: str
    uri: Link
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Program(TypedDict, total=False):
    """What several services belong to."""

    id: Required[Uuid]
    organization_id: Uuid
    name: Required[str]
    alternate_name: str
    description: Required[str]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class OrganizationIdentifier(TypedDict, total=False):
    """What an organization is known by elsewhere."""

    id: Required[Uuid]
    organization_id: Uuid
    identifier_scheme: str
    identifier_type: Required[str]
    identifier: Required[str]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Organization(TypedDict, total=False):
    """Who offers a service."""

    id: Required[Uuid]
    name: Required[str]
    alternate_name: str
    description: Required[str]
    email: Mail
    website: Link
    tax_status: str
    tax_id: str
    year_incorporated: float
    legal_status: str
    logo: str
    uri: Link
    parent_organization_id: Uuid
    funding: list[Funding]
    contacts: list[Contact]
    phones: list[Phone]
    locations: list[Location]
    programs: list[Program]
    organization_identifiers: list[OrganizationIdentifier]
    attributes: list[Attribute]
    metadata: list[Metadata]


@_OPEN
class Service(TypedDict, total=False):
    """What is offered: the row of a directory."""

    id: Required[Uuid]
    organization_id: Uuid
    program_id: Uuid
    name: Required[str]
    alternate_name: str
    description: str
    url: Link
    email: Mail
    status: Required[Literal["active", "inactive", "defunct", "temporarily closed"]]
    interpretation_services: str
    application_process: str
    fees_description: str
    wait_time: str
    fees: str
    accreditations: str
    eligibility_description: str
    minimum_age: float
    maximum_age: float
    assured_date: str
    assurer_email: Mail
    licenses: str
    alert: str
    last_modified: DateTime
    phones: list[Phone]
    schedules: list[Schedule]
    service_areas: list[ServiceArea]
    service_at_locations: list[ServiceAtLocation]
    languages: list[Language]
    organization: Organization
    funding: list[Funding]
    cost_options: list[CostOption]
    program: Program
    required_documents: list[RequiredDocument]
    contacts: list[Contact]
    attributes: list[Attribute]
    metadata: list[Metadata]


_SERVICE = TypeAdapter(Service)


def breaches(row: object) -> Iterator[tuple[str, str]]:
    """Where a row is no service of HSDS: field and reason."""
    try:
        _SERVICE.validate_python(row)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            yield ".".join(str(part) for part in each["loc"]) or "row", each["msg"]
