"""
The documents as a site, and the tables in them that are made from the program.

Owns `make docs` and `make reference`. Nothing of it is part of the product: the tables are read from
the program's own declarations, and the site is built by a program with an environment of its own.
"""
