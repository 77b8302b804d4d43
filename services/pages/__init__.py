"""The ground of every page: one sheet of style, the words in each language, shared templates.

It decides nothing and knows no service. Callers' pages stand in intake, those of people on duty in
the console, so that each goes on when the other is down; both are drawn with what is here.
"""
