"""YAML as values that know their lines."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.setup_text import BadText, Items, Map, line_at, packed, read_text, unpacked


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a: 1", 1),
        ("a: -7", -7),
        ("a: 1.5", 1.5),
        ("a: '1'", "1"),
        ('a: "20.00"', "20.00"),
        ("a: 007", "007"),
        ("a: 1e5", "1e5"),
        ("a: 2020-10-01", "2020-10-01"),
        ("a: 12:30", "12:30"),
        ("a: true", True),
        ("a: no", "no"),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: !!str 5", "5"),
        ("a: |\n  two\n  lines", "two\nlines"),
        ("a: &x 5\nb: *x", 5),
        ('{"a": [1, {"b": null}]}', [1, {"b": None}]),
    ],
)
def test_values(written: str, value: object) -> None:
    assert read_text(written)["a"] == value


@pytest.mark.parametrize(
    ("written", "line", "code"),
    [
        ("a: 1\nb: 2\na: 3", 3, "duplicate_key"),
        ("{a: 1,\n b: {c: 1, c: 2}}", 2, "duplicate_key"),
        ("a: 1\n b: 2", 2, "yaml_invalid"),
        ("a: [1, 2", 1, "yaml_invalid"),
        ("a: *nowhere", 1, "yaml_invalid"),
        ("---\na: 1\n---\nb: 2", 3, "yaml_invalid"),
        ("a: !!python/object:os.system x", 1, "yaml_invalid"),
        ("? [a]\n: 1", 1, "yaml_invalid"),
        ("a: \x01", 1, "yaml_invalid"),
        ("[" * 50 + "]" * 50, 1, "yaml_invalid"),
    ],
)
def test_bad_text_is_refused_with_its_line(written: str, line: int, code: str) -> None:
    with pytest.raises(BadText) as caught:
        read_text(written)
    assert (caught.value.error.line, caught.value.error.code) == (line, code)


def test_lines_of_keys_and_items() -> None:
    text = "top:\n  - name: A\n    prices:\n      USD: 1\n  - plain\n  - {a: 1, b: [x, y]}\n"
    found = read_text(text)
    assert line_at(found, ("top",)) == 1
    assert line_at(found, ("top", 0)) == 2
    assert line_at(found, ("top", 0, "prices", "USD")) == 4
    assert line_at(found, ("top", 0, "missing")) == 2
    assert line_at(found, ("top", 1)) == 5
    assert line_at(found, ("top", 2, "b", 1)) == 6
    again = unpacked(packed(found))
    assert again == found
    paths = [("top",), ("top", 0), ("top", 0, "prices", "USD"), ("top", 1), ("top", 2, "b", 1)]
    for path in paths:
        assert line_at(again, path) == line_at(found, path)


def test_an_empty_text_is_nothing() -> None:
    assert read_text("") is None
    assert read_text("# only a comment\n") is None


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc 0.-:'\"", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcde", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_json_is_read_as_json(value: Any) -> None:
    assert read_text(json.dumps({"a": value}))["a"] == value


def test_the_classes_are_plain_values() -> None:
    found = read_text("a: [1]")
    assert isinstance(found, Map)
    assert isinstance(found["a"], Items)
