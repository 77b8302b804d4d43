"""Objectives over a month, and the rules that say how fast their budgets go.

`helpline.yaml` is written in Sloth's format; `rules.py` makes of it what Sloth would, with the
windows of the SRE workbook, and three things more, each with its reason there.
"""
