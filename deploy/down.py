"""`python -m deploy.down`: stop a platform that runs in another terminal."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder, claimed_by

_PATIENCE_SECONDS = 60


def main(arguments: list[str] | None = None) -> int:
    """Ask the platform to stop and wait until it has; 0 also when none runs."""
    parser = argparse.ArgumentParser(prog="just down", description="Stop a running platform.")
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER, help="its run folder")
    run = RunFolder(parser.parse_args(arguments).run_dir.resolve())
    holder = claimed_by(run)
    if holder is None:
        print(f"No platform runs in {run.root}.")
        return 0
    os.kill(holder, signal.SIGTERM)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while claimed_by(run) == holder:
        if time.monotonic() > give_up_at:
            print(f"Process {holder} did not stop in {_PATIENCE_SECONDS} s; `kill -9 {holder}`.")
            return 1
        time.sleep(0.05)
    print("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
