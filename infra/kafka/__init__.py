"""Billstream: Kafka and its schema registry. See README.md in `infra`."""
