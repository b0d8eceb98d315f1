"""Older databases: tables that came later, filled from history when the database is opened.

History itself never changes; a table of state rows is the fold of it (design decision 9). A file
or schema is brought up to date in one transaction, by whoever opens it first.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from operator import itemgetter

import msgspec

from aggregates.event import ImpossibleEvent
from infra.store.database import Database, Row
from infra.store.folding import fold
from infra.store.state_rows import row_of
from schemas.kinds import ITEMS, kind_of_type
from schemas.stored import encode_state

_OF_ITEMS = """
    SELECT stream, version, topic, schema_version, payload FROM events
    WHERE topic LIKE 'invoice.%' ORDER BY stream, version
"""
"""Of the kinds of items there were before the table: invoices."""


def item_rows(database: Database) -> Iterator[Row]:
    """The rows of `items`, from the events (version 2 of the tables)."""
    for stream, events in groupby(database.stream(_OF_ITEMS), key=itemgetter(0)):
        listed = list(events)
        kind = kind_of_type(listed[0][2])
        if kind in ITEMS:
            with suppress(ImpossibleEvent, msgspec.MsgspecError):  # damaged: `verify` tells
                state = fold(kind, (row[2:] for row in listed))
                yield row_of(kind, stream, listed[-1][1], state, encode_state(state))
