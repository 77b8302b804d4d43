"""Debian's packages: installed where that is allowed, without questions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

#: Another apt may be at work for so many seconds.
_PATIENCE = ("-o", "DPkg::Lock::Timeout=300", "-qq")


def may_install() -> bool:
    """Whether packages can be installed here: by root, with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def run_apt(arguments: Sequence[str]) -> int:
    """Run apt-get; its exit status."""
    command = (arguments[0], *_PATIENCE, *arguments[1:])
    return subprocess.call(command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
