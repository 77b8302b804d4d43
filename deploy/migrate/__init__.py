"""`just migrate pilot permanent`: the streams of one server, moved to a cluster of three.

A server that kept streams alone shows none of them once it is in a cluster, so they are copied: by
JetStream's own snapshot, which keeps every sequence (outbox rows and parked messages name them) and
the place of every durable. Events wait in the outboxes meanwhile. The old server is never emptied.
"""
