"""Billstream: the rules, as pure functions over facts. See README.md beside this file."""
