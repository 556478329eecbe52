"""What is no YAML, or no plain YAML, is told with its place and what to change; nothing ends in a traceback."""

from pathlib import Path

import pytest

from generator.base.errors import InputError
from generator.spec.yaml import read

REFUSED = [  # (the file's bytes, its only problem after the file's name)
    (b"a:\n\tb: 1\n", ":2:1: not valid YAML: a tab; indent with spaces"),
    (
        b"a: 1\n---\nb: 2\n",
        ":2:1: not valid YAML: expected a single document in the stream, but found another document",
    ),
    (b"a: 1\nb: \x00\n", ":2:4: not valid YAML: the control character U+0000; remove it"),
    ("ä: 1\nb: ö".encode() + "ü".encode("latin-1"), ":2:5: is not UTF-8 text (byte 0xfc); save the file as UTF-8"),
    (b"a: &a {b: 1}\nc: {<<: *a, d: 2}\n", ":2:5: c: merge keys (<<) are not allowed; write the keys out, or give"),
    (b"a: &a [*a]\n", ": an alias holds itself, or lists and mappings stand too deep in each other"),
    (b"a: " + b"[" * 2000 + b"]" * 2000, ": an alias holds itself, or lists and mappings stand too deep in each other"),
    (b"a: " + b"[" * 200_000, ":1:1003: an alias holds itself, or lists and mappings stand too deep in each other"),
    (b"- " * 200_000 + b"a", ":1:2001: an alias holds itself, or lists and mappings stand too deep in each other"),
    (b"? [a, b]\n: 1\n", ":1:3: ['a', 'b']: a key must be a text"),
    (b"a: 1\rb: ]\r", ":2:4: not valid YAML: did not find expected node content"),
    (b"a: !foo 1\n", ":1:4: a: tags are not allowed: !foo"),
]


@pytest.mark.parametrize(("content", "problem"), REFUSED)
def test_what_is_not_plain_yaml_is_told_with_its_place(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "scene.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}{problem}") and "\n" not in str(caught.value)


@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_that_no_double_holds_are_infinite(tmp_path: Path, digits: int) -> None:
    """As 1e400 is, so that what refuses infinity refuses them; Python's own int() stops at 4,300 digits."""
    file = tmp_path / "scene.yaml"
    file.write_text(f"a: 1{'0' * digits}\nb: -1{'0' * digits}\nc: {10**18}\n")
    assert read(file).data == {"a": float("inf"), "b": float("-inf"), "c": 10**18}


def test_byte_order_marks_and_windows_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "scene.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: [2,\r\n  3]\r\n")
    assert read(file).data == {"a": 1, "b": [2, 3]}
