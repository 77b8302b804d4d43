"""`python -m deploy.staffing`."""

import sys

from deploy.staffing.command import main

sys.exit(main())
