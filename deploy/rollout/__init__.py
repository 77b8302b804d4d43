"""Rehearses an upgrade and the way back here, under a load of contacts, as a cluster rolls.

A Service of the cluster is an entrance here (`entrance.py`), a pod a process (`pods.py`), the next
version a copy of this tree that writes more (`next_version.py`), callers and people those of
`deploy.day`.
"""
