"""On which line of a TOML text a value stands, which the standard library's reader does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Final

__all__ = ["lines_of"]

Path = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r'''
    (?P<space>[ \t\r]+ | \#[^\n]*)
    | (?P<end>\n)
    | (?P<text>"""(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?\'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
    | (?P<mark>[\[\]{},=.])
    | (?P<word>[^\s\[\]{},=."'\#]+)
    ''',
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1 on, of every key, table and element of an array in a TOML text that is well formed.

    Examples
    --------
    >>> lines_of('seed = 1\\n[[models]]\\nname = "m43"\\n')
    {('seed',): 1, ('models', 0): 2, ('models', 0, 'name'): 3}
    """
    return _Reader(text).read()


class _Reader:
    """One pass over the text, token by token; that it is TOML has been seen to before."""

    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self.sizes: dict[Path, int] = {}
        self.tokens = list(_tokens(text))
        self.at = 0

    def read(self) -> dict[Path, int]:
        """All lines."""
        table: Path = ()
        while self.at < len(self.tokens):
            kind, token, line = self.tokens[self.at]
            if kind == "end":
                self.at += 1
            elif token == "[":
                table = self._header(line)
            else:
                self._pair(table)
        return self.found

    def _header(self, line: int) -> Path:
        """``[a.b]`` or ``[[a.b]]``: the path of the keys below it."""
        is_array = self.tokens[self.at + 1][1] == "["
        self.at += 2 if is_array else 1
        path: Path = ()
        *parents, last = self._keys()
        for key in parents:
            path = self._inside((*path, key))
        path = (*path, last)
        if is_array:
            self.sizes[path] = self.sizes.get(path, 0) + 1
            path = (*path, self.sizes[path] - 1)
        self.found.setdefault(path, line)
        self.at += 2 if is_array else 1
        return path

    def _inside(self, path: Path) -> Path:
        """In an array of tables a name means its last table."""
        size = self.sizes.get(path, 0)
        return (*path, size - 1) if size else path

    def _keys(self) -> list[str]:
        """A dotted key."""
        keys: list[str] = []
        while True:
            keys.append(_key(self.tokens[self.at][1]))
            self.at += 1
            if self.tokens[self.at][1] != ".":
                return keys
            self.at += 1

    def _pair(self, table: Path) -> None:
        line = self.tokens[self.at][2]
        path = (*table, *self._keys())
        self.found.setdefault(path, line)
        self.at += 1  # the sign of equality
        self._value(path)

    def _value(self, path: Path) -> None:
        token = self.tokens[self.at][1]
        if token == "[":
            self._array(path)
        elif token == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.tokens) and self._is_scalar():
                self.at += 1

    def _is_scalar(self) -> bool:
        kind, token, _ = self.tokens[self.at]
        return kind in ("text", "word") or token == "."

    def _array(self, path: Path) -> None:
        self.at += 1
        size = 0
        while True:
            kind, token, line = self.tokens[self.at]
            if token == "]":
                self.at += 1
                return
            if kind == "end" or token == ",":
                self.at += 1
                continue
            self.found.setdefault((*path, size), line)
            self._value((*path, size))
            size += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self.tokens[self.at][1] != "}":
            if self.tokens[self.at][1] == ",":
                self.at += 1
            else:
                self._pair(path)
        self.at += 1


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line, at = 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:  # not reached in well-formed TOML
            return
        kind, token = str(match.lastgroup), match.group()
        if kind != "space":
            yield kind, token, line
        line += token.count("\n")
        at = match.end()


def _key(token: str) -> str:
    """A bare or quoted key as what it names."""
    if token[0] in "\"'":
        return tomllib.loads(f"key = {token}")["key"]
    return token
