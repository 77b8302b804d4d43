"""`just simulate [--from SEED] [--seeds N]`: play seeds, judge each; 1 at the first violation.

At the end it tells what was covered: every kind of fact and of trouble, with how often it happened.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from deploy.embedded.postgres import EmbeddedPostgres
from tests.servers import a_postgres_place, within_reach
from tests.simulation.covered import as_text, unseen
from tests.simulation.ground import a_house
from tests.simulation.house import House
from tests.simulation.run import NeverAtRest, run


def main() -> int:
    """Play; print a line every twenty seeds, and at the end what was covered."""
    parser = argparse.ArgumentParser(prog="just simulate", description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEED")
    parser.add_argument("--seeds", type=int, default=200, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, within_reach(Path(scratch)) as folder:
        server = EmbeddedPostgres(a_postgres_place(folder))
        server.start()
        keys = folder / "simulation-keys"
        keys.mkdir()
        try:
            with a_house(server, keys) as house:
                return _play(house, range(options.first, options.first + options.seeds))
        finally:
            server.stop()


def _play(house: House, seeds: range) -> int:
    began, contacts, events = time.monotonic(), 0, 0
    covered: Counter[str] = Counter()
    for played, seed in enumerate(seeds, 1):
        try:
            outcome = run(seed, house)
        except NeverAtRest as unrest:
            print(f"seed {seed}: never at rest, {unrest}")
            return 1
        for finding in islice(outcome.findings, 10):
            print(f"seed {seed}: {finding}")
        if outcome.violated:
            return 1
        covered += outcome.covered
        contacts, events = contacts + outcome.contacts, events + len(outcome.told)
        if played % 20 == 0 or played == len(seeds):
            seconds = time.monotonic() - began
            told = f"{played} seeds, {contacts} contacts, {events} events"
            print(f"{told}, {seconds:.0f} s: held", flush=True)
    print(as_text(covered))
    for each in unseen(covered):
        print(f"never: {each}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
