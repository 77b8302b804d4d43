"""Every service there is. Adding one here is the last step of CONTRIBUTING.md, "a service"."""

from services.bus.table import Service

SERVICES: tuple[Service, ...] = ()
