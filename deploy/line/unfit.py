"""An answer that cannot be taken."""


class Unfit(Exception):
    """The answer cannot be taken; the message says why and what to answer, in a plain sentence."""
