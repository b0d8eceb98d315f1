"""Setup files that are not what they should be as text: YAML's traps, encodings, size."""

import json

import pytest

from tests.bad_input.asking import Desk
from tests.support.world import account

GOOD = "accounts:\n  - {number: N-1, name: N, currency: USD, bill_group: Default Bill Group}\n"


@pytest.mark.parametrize(
    ("code", "line", "content"),
    [
        ("file_empty", 1, ""),
        ("file_empty", 1, "# only a comment\n"),
        ("wrong_type", 1, "[]"),
        ("wrong_type", 1, "just words"),
        ("duplicate_key", 2, "owner: {name: A}\nowner: {name: B}\n"),
        ("duplicate_key", 1, "owner: {name: A, name: B}\n"),
        ("yaml_invalid", 2, "accounts:\n\t- {number: x}\n"),
        ("yaml_invalid", 1, "accounts: [&a {number: *a}]\n"),
        ("yaml_invalid", 1, "accounts: !!python/tuple [{number: A-1}]\n"),
        ("yaml_invalid", 1, "accounts: !!python/object/apply:os.system ['false']\n"),
        ("yaml_invalid", 1, "accounts: [{number: !!python/name:os.system x}]\n"),
        ("yaml_invalid", 3, GOOD + "---\n" + GOOD),
        ("yaml_invalid", 1, "accounts: " + "[" * 100_000),
        ("yaml_invalid", 14, "".join(" " * depth + "a:\n" for depth in range(2_000))),
        ("yaml_invalid", 1, "\x00"),
        ("yaml_invalid", 1, "accounts: [{[a]: 2}]"),
        ("key_unknown", 2, "accounts:\n  - {<<: {number: M}, number: N}\n"),
        ("file_not_utf8", 1, GOOD.encode("utf-16")),
        ("file_not_utf8", 2, GOOD.replace("name: N", "name: Ñ").encode("latin-1")),
    ],
)
def test_a_text_that_is_no_setup(desk: Desk, code: str, line: int, content: str | bytes) -> None:
    found, sentence = desk.told_of(content)
    assert found == code, sentence
    assert f"asked.yaml:{line}: " in sentence


def test_aliases_do_not_make_a_small_file_huge(desk: Desk) -> None:
    first, rest = "abcdefghi"[0], "abcdefghi"[1:]
    lines = [f"  {first}: &{first} [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefghi", rest, strict=False):
        lines.append(f"  {name}: &{name} [{', '.join(['*' + before] * 10)}]")
    code, sentence = desk.told_of("owner:\n" + "\n".join(lines) + "\n")
    assert code == "yaml_invalid"
    assert "aliases stand for too much" in sentence


def test_a_few_aliases_are_welcome(desk: Desk) -> None:
    desk.must(
        "apply",
        desk.file(
            "packages:\n"
            '  - {code: a, name: A, frequency: monthly, prices: &usual {USD: "1.00"}}\n'
            "  - {code: b, name: B, frequency: monthly, prices: *usual}\n"
        ),
    )
    assert desk.read("package", "show", "b")["services"][0]["prices"] == {"USD": "1.00"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_mark_in_front_do_not_matter(desk: Desk, ending: str) -> None:
    content = "\ufeff" + GOOD.replace("\n", ending)
    desk.must("apply", desk.file(content.encode()))
    assert desk.read("account", "show", "N-1")["name"] == "N"


def test_json_escapes_characters_in_pairs(desk: Desk) -> None:
    name = '😀 O\'Brien "q" \\ud83d'
    desk.must("apply", desk.file(json.dumps({"accounts": [account("N-😀", name=name)]})))
    assert desk.read("account", "show", "N-😀")["name"] == name


def test_a_file_of_sections_without_entries_says_so(desk: Desk) -> None:
    for content in ("{}", "accounts: null\n", "owner:\n"):
        answer = desk.must("apply", desk.file(content))
        assert answer.out == "The files hold no entries.\n"


def test_the_same_again_makes_no_event(desk: Desk) -> None:
    path = desk.file(GOOD)
    desk.must("apply", path)
    before = desk.position
    assert desk.read("apply", path)["changed"] is False
    assert desk.position == before


def test_a_file_that_cannot_be_read(desk: Desk) -> None:
    for path in ("/nowhere/setup.yaml", str(desk.folder), ""):
        assert desk.told("apply", path)[0] == "file_unreadable"


def test_100_000_lines_with_one_mistake_near_the_end(desk: Desk) -> None:
    entry = (
        "  - number: N{0}\n    name: N{0}\n    currency: USD\n    bill_group: Default Bill Group\n"
    )
    good = "".join(entry.format(number) for number in range(25_000))
    code, sentence = desk.told_of("accounts:\n" + good + "  - {number: Last, colour: blue}\n")
    assert code == "key_unknown"
    assert "asked.yaml:100002: " in sentence
