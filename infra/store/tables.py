"""The tables of an owner's file. Views add theirs beside these and never touch them."""

APPLICATION_ID = 0x42494C4C
"""Marks the file as ours (`PRAGMA application_id`): "BILL"."""

FILE_VERSION = 2
"""Version of these tables (`PRAGMA user_version`)."""

HISTORY = (
    """
    CREATE TABLE events (
        position INTEGER PRIMARY KEY,
        stream BLOB NOT NULL,
        version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        schema_version INTEGER NOT NULL,
        payload BLOB NOT NULL,
        metadata BLOB NOT NULL,
        at INTEGER NOT NULL,
        hash BLOB NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX events_by_stream ON events (stream, version)",
    """
    CREATE INDEX events_moving_invoicers ON events (topic)
    WHERE topic = 'account.invoicer_changed'
    """,
    """
    CREATE TABLE commits (
        first INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        at INTEGER NOT NULL,
        root BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE log_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        position INTEGER NOT NULL,
        root BLOB NOT NULL,
        at INTEGER NOT NULL
    )
    """,
    "CREATE TABLE number_series (series TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID",
)
"""What happened. `at` is in microseconds since 1970 (UTC)."""

ITEMS = (
    """
    CREATE TABLE items (
        stream BLOB PRIMARY KEY,
        kind TEXT NOT NULL,
        account BLOB NOT NULL,
        ordinal INTEGER NOT NULL,
        open INTEGER NOT NULL,
        key TEXT NOT NULL,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX items_at_work ON items (kind, key) WHERE key <> ''",
)
"""The things of accounts, many of each: invoices, payments, contracts. By id, so that those of one
account, and of a range of accounts, lie together. Only what is at work is in an index.
"""

STATE_ROWS = (
    """
    CREATE TABLE states (
        stream BLOB PRIMARY KEY,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX states_by_key ON states (kind, key)",
    """
    CREATE TABLE accounts (
        stream BLOB PRIMARY KEY,
        invoicer BLOB NOT NULL,
        bill_group TEXT NOT NULL,
        parent TEXT,
        live INTEGER NOT NULL,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX accounts_by_invoicer ON accounts (invoicer, bill_group)",
    "CREATE INDEX accounts_by_parent ON accounts (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX accounts_by_bill_group ON accounts (bill_group)",
    """
    CREATE TABLE account_packages (
        stream BLOB PRIMARY KEY,
        account BLOB NOT NULL,
        ref TEXT NOT NULL,
        package TEXT NOT NULL,
        live INTEGER NOT NULL,
        next_bill_date TEXT,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX account_packages_by_account ON account_packages (account)",
    "CREATE UNIQUE INDEX account_packages_by_ref ON account_packages (ref) WHERE live",
    "CREATE INDEX account_packages_by_package ON account_packages (package)",
    """
    CREATE TABLE receivables (
        stream BLOB PRIMARY KEY,
        account BLOB NOT NULL,
        waiting INTEGER NOT NULL,
        version INTEGER NOT NULL,
        state BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX receivables_by_account ON receivables (account)",
)
"""What is: the fold of each stream, clustered by id, so that a chunk's rows lie together. Deleted
aggregates keep their row (`live` 0). The next bill date is not in any index (decision 9).
"""

BESIDE_HISTORY = (
    "CREATE TABLE personal_keys (account BLOB PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE runners (
        execution BLOB NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started REAL NOT NULL,
        PRIMARY KEY (execution, host, pid)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tracking (
        application_name TEXT PRIMARY KEY,
        notification_id INTEGER
    ) WITHOUT ROWID
    """,
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
"""Keys of personal data, running processes, the library's tracking, facts about the file."""

ALL_TABLES = HISTORY + STATE_ROWS + ITEMS + BESIDE_HISTORY
