"""How many listeners each hour needs, from a line's manifest and its history; or that it cannot be.

Advice for whoever plans, never an order. It counts people and not persons: nobody is named in it.
"""
