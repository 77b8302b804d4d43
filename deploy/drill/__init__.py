"""`just drill NAME`: provokes an alert on a platform of its own, and shows whom it wakes.

The platform, Prometheus and Alertmanager are real and on this machine alone; nothing is told to
anybody but the drill. What an alert waits for (`for`) is shortened, by a factor that is said;
thresholds are those of the night. Ages in domain time pass faster, which is said too.
"""
