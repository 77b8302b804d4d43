"""`just verify`: whether the platform kept its promises, from what it wrote down.

One pass over the streams and the ledgers; every invariant is a pure function of what was read
(`history.py`), registered with its sentence in `invariants.py`. Nothing is asked of a service, and
what cannot be judged from what is there is said to be not checked, never to hold.
"""
