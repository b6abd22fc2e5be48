"""The literal samples of the Live Objects manual, chapters 5, 6 and 8: what holds, and how much that is.

A sample is a request, a message or an answer that the manual prints with values of its own; templates with placeholders
are none. `docs/live-objects.md` has the number.
"""

import re
from pathlib import Path

import pytest

from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual import chapter_5, chapter_5_5_4, chapter_6, chapter_6_6, chapter_8
from tests.dialects.live_objects.manual.rig import DEVICE, Manual
from tests.dialects.live_objects.manual.samples import ABSENT, SAMPLES

DOCS = Path(__file__).parents[4] / "docs" / "live-objects.md"
CHAPTERS = (chapter_5, chapter_5_5_4, chapter_6, chapter_6_6, chapter_8)
"""They fill the table."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_holds(name: str) -> None:
    SAMPLES[name](Manual())


def test_what_is_absent_is_still_refused() -> None:
    """So that the list of what does not hold shrinks when it should."""
    manual = Manual()
    for connector in ("sms", "lora"):
        body = {"id": f"urn:lo:nsid:absent:{connector}", "interfaces": [{"connector": connector, "definition": {}}]}
        reply = manual.call("POST", DEVICES, body)
        assert (reply.status, reply.code) == (404, "DM_CONNECTOR_UNAVAILABLE")
    for asked in ({"type": "BINARY", "value": "DEBUG"}, {"type": "UINT32", "value": 8035095625792325998}):
        reply = manual.call("POST", f"{DEVICES}/{DEVICE}/config", {"parameters": {"p": asked}})
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_the_page_has_the_number() -> None:
    assert CHAPTERS
    assert not SAMPLES.keys() & ABSENT.keys()
    told = re.search(r"\*\*(\d+) of the (\d+) samples", DOCS.read_text(encoding="utf-8"))
    assert told is not None
    assert (int(told[1]), int(told[2])) == (len(SAMPLES), len(SAMPLES) + len(ABSENT))
