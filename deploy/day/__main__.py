"""`python -m deploy.day`."""

import sys

from deploy.day.run import main

sys.exit(main())
