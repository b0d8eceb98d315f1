"""The tables of an owner's schema: those of SQLite, as PostgreSQL keeps them.

Text is compared byte by byte (COLLATE "C"), so both databases give one order. The wide columns of
`events` come last. Rows that change often have room on their page and nothing that changes is in
an index, so they stay where they are (HOT).
"""

VERSION = 2
"""Version of these tables, kept in `meta`."""

APPLICATION = "billstream"

_TEXT = 'TEXT COLLATE "C"'

HISTORY = (
    f"""
    CREATE TABLE events (
        position BIGINT PRIMARY KEY,
        version BIGINT NOT NULL,
        at BIGINT NOT NULL,
        schema_version INTEGER NOT NULL,
        stream BYTEA NOT NULL,
        topic {_TEXT} NOT NULL,
        hash BYTEA NOT NULL,
        metadata BYTEA NOT NULL,
        payload BYTEA NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX events_by_stream ON events (stream, version)",
    """
    CREATE INDEX events_moving_invoicers ON events (topic, position)
    WHERE topic = 'account.invoicer_changed'
    """,
    """
    CREATE TABLE commits (
        first BIGINT PRIMARY KEY,
        last BIGINT NOT NULL,
        at BIGINT NOT NULL,
        root BYTEA NOT NULL
    )
    """,
    """
    CREATE TABLE log_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        position BIGINT NOT NULL,
        root BYTEA NOT NULL,
        at BIGINT NOT NULL
    ) WITH (fillfactor = 10)
    """,
    f"""
    CREATE TABLE number_series (series {_TEXT} PRIMARY KEY, next BIGINT NOT NULL)
    WITH (fillfactor = 10)
    """,
)

ITEMS = (
    f"""
    CREATE TABLE items (
        stream BYTEA PRIMARY KEY,
        kind {_TEXT} NOT NULL,
        account BYTEA NOT NULL,
        ordinal BIGINT NOT NULL,
        open BOOLEAN NOT NULL,
        key {_TEXT} NOT NULL,
        version BIGINT NOT NULL,
        state BYTEA NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX items_at_work ON items (kind, key) WHERE key <> ''",
)

STATE_ROWS = (
    f"""
    CREATE TABLE states (
        stream BYTEA PRIMARY KEY,
        kind {_TEXT} NOT NULL,
        key {_TEXT} NOT NULL,
        version BIGINT NOT NULL,
        state BYTEA NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX states_by_key ON states (kind, key)",
    f"""
    CREATE TABLE accounts (
        stream BYTEA PRIMARY KEY,
        invoicer BYTEA NOT NULL,
        bill_group {_TEXT} NOT NULL,
        parent {_TEXT},
        live BOOLEAN NOT NULL,
        version BIGINT NOT NULL,
        state BYTEA NOT NULL
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX accounts_by_invoicer ON accounts (invoicer, bill_group)",
    "CREATE INDEX accounts_by_parent ON accounts (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX accounts_by_bill_group ON accounts (bill_group)",
    f"""
    CREATE TABLE account_packages (
        stream BYTEA PRIMARY KEY,
        account BYTEA NOT NULL,
        ref {_TEXT} NOT NULL,
        package {_TEXT} NOT NULL,
        live BOOLEAN NOT NULL,
        next_bill_date {_TEXT},
        version BIGINT NOT NULL,
        state BYTEA NOT NULL
    ) WITH (fillfactor = 45)
    """,
    "CREATE INDEX account_packages_by_account ON account_packages (account)",
    "CREATE UNIQUE INDEX account_packages_by_ref ON account_packages (ref) WHERE live",
    "CREATE INDEX account_packages_by_package ON account_packages (package)",
    """
    CREATE TABLE receivables (
        stream BYTEA PRIMARY KEY,
        account BYTEA NOT NULL,
        waiting BIGINT NOT NULL,
        version BIGINT NOT NULL,
        state BYTEA NOT NULL
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX receivables_by_account ON receivables (account)",
)

BESIDE_HISTORY = (
    "CREATE TABLE personal_keys (account BYTEA PRIMARY KEY, key BYTEA NOT NULL)",
    f"""
    CREATE TABLE tracking (
        application_name {_TEXT} PRIMARY KEY,
        notification_id BIGINT
    )
    """,
    """
    CREATE TABLE work_attempts (
        execution BYTEA NOT NULL,
        chunk INTEGER NOT NULL,
        worker TEXT NOT NULL,
        PRIMARY KEY (execution, chunk, worker)
    )
    """,
    f"""
    CREATE TABLE progress_turns (
        execution BYTEA PRIMARY KEY,
        teller {_TEXT} NOT NULL,
        turn BIGINT NOT NULL
    ) WITH (fillfactor = 10)
    """,
    f"CREATE TABLE meta (key {_TEXT} PRIMARY KEY, value {_TEXT} NOT NULL)",
)

ALL_TABLES = HISTORY + STATE_ROWS + ITEMS + BESIDE_HISTORY

COLUMN_TYPES = {
    "stream": "bytea",
    "invoicer": "bytea",
    "account": "bytea",
    "state": "bytea",
    "key": "text",
    "kind": "text",
    "bill_group": "text",
    "parent": "text",
    "ref": "text",
    "package": "text",
    "next_bill_date": "text",
    "live": "boolean",
    "open": "boolean",
    "ordinal": "bigint",
    "version": "bigint",
    "waiting": "bigint",
}
"""Of the columns of state rows."""

EVENT_TYPES = ("int8", "bytea", "int8", "text", "int4", "bytea", "bytea", "int8", "bytea")
"""Of `infra.store.rows.EVENT_COLUMNS`, in that order."""
