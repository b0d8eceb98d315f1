"""Billstream: who listens. See README.md beside this file."""
