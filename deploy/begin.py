"""`python -m deploy.begin FILE MODULE ARGUMENT...`: what a module does, once a file is there.

To import all services takes longer than anything else of a start: whoever has to wait for the
ground is begun before it is prepared, and has read its modules by then.
"""

import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LOOK_EVERY_SECONDS = 0.01


def main(arguments: Sequence[str]) -> int:
    """The exit code of the module's own `main`; waits as long as it takes."""
    awaited, name, *its_own = arguments
    module = importlib.import_module(name)
    while not Path(awaited).exists():
        time.sleep(_LOOK_EVERY_SECONDS)
    code: int = module.main(its_own)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
