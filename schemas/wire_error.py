"""The one error of a message that cannot be understood."""

from aggregates.refusal import Refusal


class WireError(Refusal):
    """A message is not one of ours, or damaged. It is never worth trying again as it is: it goes
    to the dead letters with `code` and `sentence` as the reason.
    """
