"""`bill_group.created` v1 knew only Net terms, as a number of days (`net_days`); v2 has
`payment_term`, which also says `due on receipt` and `day N` (R17).
"""

from typing import Any


def upcast(payload: dict[str, Any]) -> dict[str, Any]:
    settings = dict(payload["settings"])
    days = settings.pop("net_days", 0)
    settings["payment_term"] = f"net {days}" if days else "due on receipt"
    return {**payload, "settings": settings}
