"""Billstream: real servers from Python packages alone: PostgreSQL, Kafka, a schema registry.

`stack.py` is where to begin: it brings the servers of a folder up, shows them, takes them down.
Each server is one module; `server.py` has what they share: pid files, readiness, signals.
"""
