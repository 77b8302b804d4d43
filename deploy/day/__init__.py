"""`just day`: a recorded day played through the public doors of a running platform.

Callers, regulators and listeners of a trace act at the seconds the trace says, on the platform's
own domain clock. What they saw and did is stamped here, scored by the judge, and put beside what
the platform says of itself.
"""
