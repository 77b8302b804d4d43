"""The ground every service stands on: NATS JetStream, Postgres, domain time, logs and figures.

It runs a `Service` table (table.py): reads events, answers commands, wakes deadlines, and commits
inbox, state and outbox in one transaction before it acknowledges anything. The one surprising
thing: FastStream lives in `stream.py` alone, with every default that loses or leaks replaced.
"""
