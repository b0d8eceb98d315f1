"""Billstream: what may be asked, and the billing pass. See README.md beside this file."""
