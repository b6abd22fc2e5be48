"""Templates that ask the platform: 123, 600, 602."""

from collections.abc import Mapping

from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Template

VERSION = "2025.0.0"
"""Of the vendor's platform, whose behaviour this one has."""
KNOWN = (
    *("100", "101", "102", "104", "105", "106", "107", "110", "111", "112", "113", "114", "115", "116", "117", "118"),
    *("119", "120", "121", "122", "123", "124", "125", "140", "141", "142", "143", "150"),
    *("200", "201", "210", "211", "212", "301", "302", "303", "304", "305", "306", "307"),
    *("400", "401", "402", "407", "408", "500", "501", "502", "503", "504", "505", "506", "507"),
    *("510", "511", "513", "515", "516", "517", "518", "519", "520", "521", "522", "523", "524", "525", "526", "527"),
    *("528", "529", "530", "531", "600", "601", "602", "603"),
)
"""Ids of all static templates."""


def _number(publishing: Publishing, _row: Row, _said: Arguments) -> None:
    publishing.write()
    publishing.reply("124", publishing.speaker.target.id)


def _version(publishing: Publishing, _row: Row, _said: Arguments) -> None:
    publishing.reply("601", VERSION)


def _templates(publishing: Publishing, _row: Row, _said: Arguments) -> None:
    publishing.reply("603", *KNOWN)


TEMPLATES: Mapping[str, Template] = {
    "123": Template(_number, 0),
    "600": Template(_version, 0),
    "602": Template(_templates, 0),
}
