"""Complaints that users of other billing systems made, by their number in the project's list."""
