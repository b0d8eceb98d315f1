"""Corrections: manual transactions, credit notes, voids, and reversals of whole executions."""
