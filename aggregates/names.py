"""What may be a name: of a setup entry, an account number, an id in the owner's books."""

from aggregates.refusal import Refusal

LONGEST = 200
"""Characters. Names stand in events, rows and tables; nobody reads longer ones."""


def check_name(text: str, what: str, *, personal: bool = False) -> str:
    """The name as it is, when it can be one: not empty, no blanks around it, printable. One that
    is personal is not repeated, for a refusal may be kept (decision 12).
    """
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
    shown = "" if personal else f" {text[:60]!r}"
    value = None if personal else text[:200]
    raise Refusal("name_invalid", f"the {what}{shown} {reason}", field=what, value=value)
