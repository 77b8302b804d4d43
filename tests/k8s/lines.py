"""Lines as they are shipped, for whoever cannot wait until they open."""

from pathlib import Path

from deploy.seeds import PROGRAMME


def open_at_every_hour(manifest: Path) -> str:
    """The same line, day and night: the demonstration's clock is the real one, at any hour."""
    text = manifest.read_text()
    for said, always in {
        '"09:00"\n          closes_at: "21:00"': '"00:00"\n          closes_at: "23:59"\n'
        "          always_open: true",
        'begins_at: "09:00", ends_at: "21:00"': 'begins_at: "00:00", ends_at: "00:00"',
        'begins_at: "09:00", ends_at: "22:00"': 'begins_at: "00:00", ends_at: "00:00"',
    }.items():
        assert said in text or manifest.stem != PROGRAMME
        text = text.replace(said, always, 1)
    return text
