"""What an engineer and a coordinator look at, as code: `./just dashboards` writes Grafana's JSON.

One module for each dashboard; `panels.py` is the grammar they are written in. Red means one thing:
somebody waits. The boards of callers (`night_wall`, `quality`, `partners`) and those of the
platform name figures of their own alone, and none shows an alert's contact, a person, or anything a
caller is.
"""
