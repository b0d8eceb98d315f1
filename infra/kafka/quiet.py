"""kafka-python's debug log without what it must not say.

It writes requests as they go over the wire, a password of SASL PLAIN among them, and messages with
all that stands in them. Such records are dropped whoever turns that log on.
"""

import logging

_SECRET = "Sasl"


class _NoSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.DEBUG:
            return True
        found = record.args.values() if isinstance(record.args, dict) else record.args or ()
        return not any(
            isinstance(one, bytes | bytearray | memoryview) or _SECRET in str(one) for one in found
        )


NO_SECRETS = _NoSecrets()


def keep_secrets() -> None:
    """Every logger of kafka-python that there is by now. A filter counts only for the logger it is
    added to, and adding it again changes nothing.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "kafka":
            logging.getLogger(name).addFilter(NO_SECRETS)


_logger = logging.getLogger("kafka")
_logger.addHandler(logging.NullHandler())
_logger.setLevel(logging.INFO)
