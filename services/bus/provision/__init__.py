"""What NATS must hold before a service starts, derived from the service tables.

`keys` makes one nkey per service, `permissions` says what each may do, `declared` which streams and
durables there are, `drift` where the live server differs, `apply` brings it there. Services declare
nothing themselves: a client that declares on start rewrites a live stream, and leaves the old
configuration of a durable in place without a word.
"""
