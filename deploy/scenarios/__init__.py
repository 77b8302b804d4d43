"""Play written scenarios through the rules and compare: `just scenarios [FILE]`.

A scenario holds what a human noted and what the rules are expected to propose. R, U and D, lifting
anonymity, engaging rescue and how the contact ended are a human's, and are never computed: the
rating in a scenario is an input like the need and the place.
"""
