"""A small sound manifest to break in tests, and those we ship."""

from pathlib import Path

PROGRAMMES = Path(__file__).parents[2] / "deploy/programmes"
SHIPPED = PROGRAMMES / "sos-crise.yaml"
ALL_SHIPPED = tuple(sorted(PROGRAMMES.glob("*.yaml")))

SMALL = """\
format: helpline-programme/1
programme: ligne-essai
rules_version: triage-2026.1
facts:
  name:
    value: Ligne d'essai
    source: {seed: 002_168720c4cee9543b.txt, lines: [23]}
  country:
    value: FR
    source: {seed: 002_168720c4cee9543b.txt, lines: [35]}
  languages: null
  channels:
    value: [phone]
    source: {seed: 002_168720c4cee9543b.txt, lines: [45]}
  opening:
    value:
      timezone: Europe/Paris
      rules:
        - byday: [MO, TU, WE, TH, FR, SA, SU]
          opens_at: 09:00
          closes_at: 21:00
    source: {seed: 002_168720c4cee9543b.txt, lines: [37]}
assumed:
  languages: {value: [fr, en], reason: no seed names one}
  needs: {value: [solitude, unknown], reason: enough for a test}
  untriaged_priority: {value: P3, reason: nobody has heard them}
  answer_target_seconds: {value: 20, reason: enough for a test}
  times:
    regulator_answer_seconds: {value: 20, reason: enough for a test}
    untriaged_after_seconds: {value: 60, reason: enough for a test}
    regulator_offer_seconds: {value: 15, reason: enough for a test}
    listener_offer_seconds: {value: 20, reason: enough for a test}
    topic_fallback_seconds: {value: 30, reason: enough for a test}
    level_fallback_seconds: {value: 45, reason: enough for a test}
    heartbeat_lost_seconds: {value: 15, reason: enough for a test}
    all_busy_after_seconds: {value: 60, reason: enough for a test}
    way_out_offer_seconds: {value: 600, reason: enough for a test}
  rest:
    after_hard_seconds: {value: 600, reason: enough for a test}
    max_consecutive_contacts: {value: 4, reason: enough for a test}
    break_seconds: {value: 600, reason: enough for a test}
    missed_offers_before_pause: {value: 2, reason: enough for a test}
  prices:
    wait_per_minute: {value: [1, 2, 6, 10], reason: enough for a test}
    abandoned: {value: [10, 20, 60, 100], reason: enough for a test}
    topic_mismatch: {value: 2, reason: enough for a test}
    level_mismatch: {value: 10, reason: enough for a test}
  keeping:
    value: {chat_hours: 24, written_hours: 720, contact_days: 400}
    reason: enough for a test
  calendar: {value: {on_holidays: as_usual}, reason: enough for a test}
  phone_number: {value: "06 39 98 00 01", reason: reserved for fiction}
  frame:
    alert_duty:
      value: [{role: supervisor, days: [1, 2, 3, 4, 5, 6, 7], begins_at: "09:00", ends_at: "21:00"}]
      reason: enough for a test
    refers: {value: true, reason: enough for a test}
    minor_below_years: {value: 18, reason: enough for a test}
    report_recipients:
      value: [{kind: concern, recipient: fr-119}, {kind: justice, recipient: fr-parquet}]
      reason: enough for a test
  callers:
    ladders:
      closed:
        value:
          words: {fr: Fermé., en: Closed.}
          rungs: [{act: says}, {act: connects, partners: [fr-always]}]
        reason: enough for a test
      nobody_on_duty:
        value:
          words: {fr: Personne., en: Nobody.}
          rungs: [{act: says}, {act: connects, partners: [fr-day]}]
        reason: enough for a test
      all_busy:
        value:
          words: {fr: Occupé., en: Busy.}
          rungs: [{act: says}, {act: offers, way_out: another_line, partners: [fr-always]}]
        reason: enough for a test
      platform_fault:
        value:
          words: {fr: En panne., en: Broken.}
          rungs: [{act: says}, {act: connects, partners: [fr-always]}]
        reason: enough for a test
    partners:
      - value:
          partner: fr-always
          title: Toujours
          channel: phone
          number: "0639980002"
          country: FR
          timezone: Europe/Brussels
          opening:
            - channel: phone
              days: [1, 2, 3, 4, 5, 6, 7]
              opens_at: "00:00"
              closes_at: "00:00"
          anonymous: true
          in_writing: true
        reason: enough for a test
      - value:
          partner: fr-day
          title: Le jour
          channel: phone
          number: "0639980003"
          country: FR
          timezone: Europe/Brussels
          opening:
            - channel: phone
              days: [1, 2, 3, 4, 5, 6, 7]
              opens_at: "08:00"
              closes_at: "22:00"
          anonymous: true
        reason: enough for a test
    controllers: {value: [Une association], reason: enough for a test}
    transparency: {value: {fr: Des gens., en: People.}, reason: enough for a test}
  emergency_numbers: {value: ["15", "112", "114"], reason: enough for a test}
"""


def broken(sound: str, instead: str) -> bytes:
    """The small manifest with one place changed."""
    assert SMALL.count(sound) == 1, f"{sound!r} is there {SMALL.count(sound)} times"
    return SMALL.replace(sound, instead).encode()
