"""Risk: that danger, once noticed, is never left with nobody.

From the one key a listener or regulator presses, for whoever takes it: the supervisors of the line,
then its regulators, then the duty professional, who is called outside until a named human has it.
Clocks push an alert on; only a human ends one, and none ends with its contact. Nothing here rates a
person or starts rescue: those are a human's acts, which risk keeps and looks after.
"""
