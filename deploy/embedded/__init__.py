"""Postgres and NATS without Docker or a Debian package: wheels, launched and watched by us."""
