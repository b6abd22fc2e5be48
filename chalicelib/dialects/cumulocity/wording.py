"""What devices get of the commands that other dialects order: by what they say that they support.

One that names the request among its `c8y_SupportedOperations` gets that fragment; one that understands shell commands
gets a line of text (guide "MQTT", 511); any other one gets `homeport_Command`, which leaves nothing out.
"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import naming, operations
from chalicelib.fleet import ids
from chalicelib.fleet.ports import Ports
from chalicelib.web import json_text

SUPPORTED = "c8y_SupportedOperations"
SHELL, ANY = "c8y_Command", "homeport_Command"
_PLAIN = re.compile(r"""[^\s"'\\]+""")


def word(ports: Ports, tenant: str, device: str, request: Any) -> dict[str, Any] | None:
    """None for an operation of this dialect, for which nothing is looked up."""
    if operations.is_own(request):
        return None
    asked = request if isinstance(request, dict) else {"arg": request}
    name, arg = str(asked.get("req") or "command"), asked.get("arg", {})
    supported = _supported(ports, tenant, device)
    if name in supported and name not in operations.RESERVED:
        return {"description": name, name: arg}
    if SHELL in supported:
        return {"description": name, SHELL: {"text": " ".join((name, *_words(arg)))}}
    return {"description": name, ANY: {"req": name, "arg": arg}}


def _supported(ports: Ports, tenant: str, device: str) -> frozenset[str]:
    number = naming.number_of(device)
    found = ports.objects.get(tenant, number) if number is not None and ids.is_number(number) else None
    listed = found.fragments.get(SUPPORTED) if found is not None and found.device == device else None
    return frozenset(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else frozenset()


def _words(arg: Any) -> list[str]:
    """Each as one word of a line: what has blanks or quotes is JSON."""
    if isinstance(arg, Mapping):
        return [f"{name}={_word(value)}" for name, value in arg.items()]
    return [_word(value) for value in (arg if isinstance(arg, list) else [] if arg is None else [arg])]


def _word(value: Any) -> str:
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json_text.render(value)
