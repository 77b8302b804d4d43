"""Console: the doors of the people on duty, and what their desks show.

It decides who may speak (sessions and roles) and passes their wishes on as commands; of contacts
and people it judges nothing. From the facts of intake, triage, assignment, roster, programmes and
quality it keeps a picture per desk and tells each desk, numbered, what changed.
"""
