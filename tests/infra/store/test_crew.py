"""Processes that work together: answers in order, errors whole, deaths without consequence."""

import os
from multiprocessing import active_children, parent_process

import pytest

from aggregates.refusal import Refusal
from infra.store.crew import Reader, crew
from infra.store.errors import StoreError
from infra.store.linking import read_head
from infra.store.owned import OwnedStore
from infra.store.sqlite import SqliteStore

PARTS = range(40)


def _where(reader: Reader, part: int) -> tuple[int, int, int]:
    return part, os.getpid(), read_head(reader.database).position


def _dies(reader: Reader, part: int) -> int:
    if part == 3 and parent_process() is not None:
        os._exit(9)
    return part


def _refuses(_: Reader, part: int) -> int:
    raise Refusal("not_so", "not this one", part=part)


def _fails(_: Reader, part: int) -> int:
    raise StoreError("database_locked", "wait", part=part)


def test_answers_come_in_order_from_several_processes(billed: OwnedStore) -> None:
    with crew(billed, 2) as together:
        answers = list(together.each(_where, PARTS))
        assert not together.is_alone
    assert [part for part, _, _ in answers] == list(PARTS)
    assert os.getpid() not in {pid for _, pid, _ in answers}
    assert {position for _, _, position in answers} == {billed.head.position}


def test_what_a_dead_process_had_is_done_here(billed: OwnedStore) -> None:
    with crew(billed, 2, reading=False) as together:
        assert list(together.each(_dies, PARTS)) == list(PARTS)


def test_errors_come_whole_and_end_everything(billed: OwnedStore) -> None:
    with pytest.raises(Refusal, match="not_so") as refused, crew(billed, 2) as together:
        list(together.each(_refuses, PARTS))
    assert refused.value.details == {"part": 0}
    with pytest.raises(StoreError, match="database_locked: wait"), crew(billed, 2) as together:
        list(together.each(_fails, PARTS))
    assert active_children() == []


def test_processes_that_cannot_open_the_store_are_done_without(file: OwnedStore) -> None:
    assert isinstance(file, SqliteStore)
    aside = file.path.with_name("aside.db")
    with file.proving():
        file.path.rename(aside)
    with crew(file, 2) as together:
        assert together.is_alone
        assert [part for part, _, _ in together.each(_where, PARTS)] == list(PARTS)
    aside.rename(file.path)
