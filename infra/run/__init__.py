"""Billstream's processes: roles in threads, with logs, health, metrics and an orderly end."""
