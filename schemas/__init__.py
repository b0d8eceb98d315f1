"""Billstream: the words on disk, with their versions. See README.md beside this file."""
