"""The synthetic caller: a real chat every minute by the public doors, as a caller would write one.

Two programs in one process, a caller and the one who answers, that know of each other only what
the doors tell. It is a client and no service: no ledger, no key to the bus and no word of any
service's code, so that nothing can be done by a back entrance (import-linter holds it to that).
What keeps it away from people is not here but with those who decide: the roster accredits nobody
else for its line and it for no other, assignment's constraints refuse any such pair, quality
counts nothing of it, and intake turns it away while a caller waits anywhere.
"""
