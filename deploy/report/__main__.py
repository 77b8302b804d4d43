"""`python -m deploy.report`."""

import sys

from deploy.report.command import main

sys.exit(main())
