"""`python -m deploy.line`: what `just programme` runs."""

import sys

from deploy.line.command import main

if __name__ == "__main__":
    sys.exit(main())
