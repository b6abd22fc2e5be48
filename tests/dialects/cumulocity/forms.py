"""Forms with a file, as clients of this API send them."""

import json
from typing import Any

BOUNDARY = "97cb9bb463920692d99e11f57590854c"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
WITHOUT_BOUNDARY = {"Content-Type": "multipart/form-data"}


def form(content: bytes, told: Any = None, name: str | None = None, kind: str | None = None) -> bytes:
    """`told` is JSON, or the text of it; None where nothing is told."""
    named = f'; filename="{name}"' if name is not None else ""
    typed = f"\r\nContent-Type: {kind}" if kind is not None else ""
    parts = [f'Content-Disposition: form-data; name="file"{named}{typed}\r\n\r\n'.encode() + content]
    if told is not None:
        text = told if isinstance(told, str) else json.dumps(told)
        parts.append(f'Content-Disposition: form-data; name="object"\r\n\r\n{text}'.encode())
    delimiter = f"--{BOUNDARY}".encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"
