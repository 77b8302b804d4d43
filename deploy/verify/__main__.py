"""`python -m deploy.verify`."""

import sys

from deploy.verify.command import main

sys.exit(main())
