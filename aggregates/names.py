"""What may be a name: of a setup entry, an account number, an id in the owner's books."""

from aggregates.refusal import Refusal

LONGEST = 200
"""Characters. Names stand in events, rows and tables; nobody reads longer ones."""


def check_name(text: str, what: str) -> str:
    """The name as it is, when it can be one: not empty, no blanks around it, printable."""
    if 0 < len(text) <= LONGEST and text.isprintable() and text[0] != " " and text[-1] != " ":
        return text
    if not text.strip():
        reason = "is empty"
    elif len(text) > LONGEST:
        reason = f"is longer than {LONGEST} characters"
    elif not text.isprintable():
        reason = "holds characters that cannot be printed"
    else:
        reason = "begins or ends with a blank"
    raise Refusal(
        "name_invalid", f"the {what} {text[:60]!r} {reason}", field=what, value=text[:200]
    )
