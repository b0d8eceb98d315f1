"""Billstream: the outside: store, views, command line. See README.md beside this file."""
