"""Billstream: what may be seen. See README.md beside this file."""
