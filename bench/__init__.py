"""Measures the rows of the design, each beside its floor or peer in the same run.

`python -m bench [ROW ...]`: not tests. A figure that misses its target is printed as missed and
fails nothing, because what a machine does else decides with us; the ratios travel better than the
seconds.
"""
