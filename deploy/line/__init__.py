"""`just programme new`: a line from the answers of the people who open it.

It asks what no platform can guess, one question at a time, proposes the rest with its reason, and
writes a folder: the manifest, the texts callers are told, the people to import, and what a human
still has to do. The surprising thing: whatever the questions accept gives a manifest in which
`just programme check` finds no fault.
"""
