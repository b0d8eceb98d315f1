"""Roles as processes that are started again when they end, as a service manager does it."""

import signal
import subprocess
from collections.abc import Iterable
from time import monotonic

from tests.chaos.faults import SESSION
from tests.kafka_work.processes import Fleet, Running

_AWAY = ("error: kafka_unreachable", "error: database_unreachable")
"""What a start says that found no server: whoever started it starts it again."""

_MORE = ("--session-timeout", str(SESSION), "--resend-after", "2")


class Place:
    """A process that is to run for ever, whoever ends it."""

    def __init__(self, fleet: Fleet, role: str) -> None:
        self._fleet = fleet
        self.role = role
        self.kept = True
        self.paused = False
        self.running = self._start()

    def _start(self) -> Running:
        self.since = monotonic()
        self._began = False
        return self._fleet.start(self.role, more=_MORE)

    @property
    def lives(self) -> bool:
        return self.running.process.poll() is None

    @property
    def began(self) -> bool:
        """Every role of it could begin."""
        if not self._began:
            self._began = self.running.said('"event": "ready"')
        return self._began

    @property
    def ready(self) -> bool:
        """It has begun, and its last step went well."""
        if self.paused or not self.lives:
            return False
        if not self.began:
            return False
        try:
            return self.running.get("/readyz")[0] == 200
        except OSError:
            return False

    @property
    def well(self) -> bool:
        """It is ready, or is to be no more."""
        return self.ready or not self.kept

    def kill(self) -> None:
        """And a new one begins, unless it was to end anyway."""
        self.running.kill()
        self.paused = False
        if self.kept:
            self.running = self._start()

    def pause(self) -> None:
        self.paused = True
        self.running.send(signal.SIGSTOP)

    def wake(self) -> None:
        self.paused = False
        self.running.send(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """It will not be started again by itself. It is told once: a second signal means at once,
        and is an operator's choice.
        """
        self.wake()
        if self.kept:
            self.kept = False
            self.running.send(signal.SIGTERM)

    def again(self) -> None:
        """Begins again after it has ended."""
        self.kept = True
        self.running = self._start()


class Supervised:
    """All places of a life. `late` counts starts that found a server away and ended; `ended` are
    the other exits nobody asked for, with the last word of each.
    """

    def __init__(self, fleet: Fleet, roles: Iterable[str]) -> None:
        self._fleet = fleet
        self.places = [Place(fleet, role) for role in roles]
        self.late = 0
        self.ended: list[str] = []

    def of(self, role: str, pick: float) -> Place:
        """One of the role's places that is not paused; the first of all if each is."""
        found = [one for one in self.places if one.role == role and not one.paused]
        found = found or [one for one in self.places if one.role == role]
        return found[int(pick * len(found))]

    def add(self, role: str) -> Place:
        self.places.append(Place(self._fleet, role))
        return self.places[-1]

    def keep(self) -> None:
        """Starts again what ended by itself."""
        for place in self.places:
            if place.kept and not place.lives:
                word = _last_word(place)
                if not place.began and any(code in word for code in _AWAY):
                    self.late += 1
                else:
                    self.ended.append(word)
                place.again()

    def end(self, seconds: float) -> list[str]:
        """Asks all to end; those that do not end well in time."""
        for place in self.places:
            place.ask_to_end()
        until = monotonic() + seconds
        return [found for place in self.places if (found := _parting(place, until - monotonic()))]

    @property
    def ready(self) -> bool:
        return all(place.ready for place in self.places)

    def wake(self) -> None:
        for place in self.places:
            if place.paused:
                place.wake()


def _parting(place: Place, seconds: float) -> str | None:
    """What was wrong with its end."""
    try:
        status = place.running.process.wait(max(0.1, seconds))
    except subprocess.TimeoutExpired:
        return f"{place.role} does not end"
    return _last_word(place) if status else None


def _last_word(place: Place) -> str:
    lines = place.running.log.read_text(errors="replace").strip().splitlines()
    status = place.running.process.returncode
    return f"{place.role} ended with {status}: {lines[-1] if lines else 'it said nothing'}"
