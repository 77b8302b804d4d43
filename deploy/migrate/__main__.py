"""`python -m deploy.migrate`: what `just migrate` runs."""

import sys

from deploy.migrate.command import main

if __name__ == "__main__":
    sys.exit(main())
