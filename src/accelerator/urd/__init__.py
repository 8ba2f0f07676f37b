"""Lists of which jobs were made from which, over time, in SQL.

``database`` imports SQLAlchemy and is therefore named where it is used; the rest is light.
"""
