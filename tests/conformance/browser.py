"""Debian's Chromium, driven by playwright-core from npm: what a person does in it, and what they see."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest

from tests.clients import PATIENCE_S
from tests.conformance.environments import node_environment

_PROGRAM = Path(__file__).parent / "clients" / "browser.mjs"
_PACKAGES = ("playwright-core@1.65.1", "axe-core@4.14.1")


class Browser:
    """A browser with one page. Every verb waits for what it needs; what fails says what the page showed."""

    def __init__(self, url: str) -> None:
        chromium = shutil.which("chromium")
        if chromium is None:
            pytest.skip("there is no chromium here")
        self.url = url
        self._process = subprocess.Popen(
            ["node", str(_PROGRAM), chromium],
            cwd=node_environment("browser", *_PACKAGES),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def do(self, verb: str, **rest: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": verb, **rest}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"ok": false, "error": "the browser has ended"}')
        assert answer["ok"], f"{verb} {rest}: {answer['error']}"
        return answer["value"]

    def open(self, page: str = "/console/", **options: Any) -> None:
        """A new window without a past."""
        self.do("open", **options)
        self.do("goto", url=self.url + page)

    def sign_in(self, key: str, **options: Any) -> None:
        self.open(**options)
        self.fill("API key", key)
        self.click("button", "Sign in")
        self.do("there", selector="nav[aria-label]")

    def go(self, hash_: str) -> None:
        self.do("hash", hash=hash_)

    def see(self, text: str, within: str = "body") -> None:
        self.do("see", text=text, within=within)

    def gone(self, text: str, within: str = "body") -> None:
        self.do("gone", text=text, within=within)

    def click(self, kind: str, name: str, within: str = "body") -> None:
        self.do("click", kind=kind, name=name, within=within)

    def fill(self, label: str, value: str, within: str = "body") -> None:
        self.do("fill", label=label, value=value, within=within)

    def choose(self, label: str, value: str, within: str = "body") -> None:
        self.do("choose", label=label, value=value, within=within)

    def unfold(self, summary: str) -> None:
        """Open what is folded below that line."""
        self.do("unfold", summary=summary)

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.do("texts", selector=selector)
        return found

    def accessible(self) -> None:
        assert self.do("axe") == []

    def content(self) -> None:
        """Whether the page complained of nothing: no error, no violation of its policy, no dialog of a script."""
        assert self.do("complaints") == []
