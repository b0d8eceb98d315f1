"""What every stored fact and every state has in common."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A frozen value. Fields at their default are left out of the stored form."""


class Event(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened, in the past tense. Its stored name and version stand in
    `schemas.catalogue`, never in the class, so that code may move and history may not.
    """


class State(Fact, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an aggregate is after its events: the result of folding `evolve` over them."""


class ImpossibleEvent(Exception):
    """History holds an event that cannot follow the state before it: a damaged stream."""
