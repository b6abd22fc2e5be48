"""What a stack says when it is ready: where it listens, how to look at it, and two commands to paste."""

from pathlib import Path

from infra.local.data_directory import Credentials

_TEMPLATE = """\
Homeport is ready.

  console        {console}

  REST API       http://{host}:{c.http}   https://localhost:{c.https}
  MQTT over TLS  localhost:{c.mqtts}{plain}   (WebSocket at /mqtt)
  LwM2M          {coaps}
  AWS            http://127.0.0.1:{c.aws}   (aws --endpoint-url)
  tenant         {c.tenant}
  API key        {c.apiKey}
  certificate    {ca}
  all of this    {credentials}
  memory         {memory} MiB at most, 2 to 3 KiB a message that is stored; a warning tells when half is full

Send a first message as a device, and a moment later read it back:

  mosquitto_pub -h localhost -p {c.mqtts} --cafile {ca} -i urn:lo:nsid:demo:one \\
    -u 'json+device' -P '{c.apiKey}' -q 1 -t dev/data -m '{{"s":"demo","v":{{"temperature":21.5}}}}'
  curl -H 'X-API-Key: {c.apiKey}' 'http://{host}:{c.http}/api/v0/data/streams/demo?limit=1'

Stop with Ctrl-C; what was acknowledged is in {data}.
"""


def banner(
    credentials: Credentials, data: Path, *, host: str, code: str, without_coaps: str | None, memory: int
) -> str:
    """The text to print; `code` signs in to the console once, `without_coaps` says why CoAP is not served.

    `memory` is how many bytes the stack may fill.
    """
    mqtt = credentials.mqtt
    here = host in {"0.0.0.0", "::", "127.0.0.1", "::1"}
    host = "localhost" if here else host
    console = f"http://{host}:{credentials.http}/console/"
    if here:
        # One signs in by a link on the stack's own machine only.
        console += (
            f"#/once/{code}\n{' ' * 17}signs you in, once, within a minute; `.venv/bin/homeport console` makes another"
        )
    return _TEMPLATE.format(
        c=credentials,
        host=host,
        console=console,
        plain="" if mqtt is None else f"   plain: localhost:{mqtt}",
        coaps=f"off: {without_coaps}"
        if without_coaps
        else f"coaps://localhost:{credentials.coaps}   (bootstrap: {credentials.coapsBootstrap})",
        ca=data / "ca.pem",
        credentials=data / "credentials.json",
        data=data,
        memory=memory // 1024**2,
    )
