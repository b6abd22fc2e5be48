"""`python -m infra.edge`: the broker in lenient mode, tied to the functions of a deployed stage, until SIGTERM.

Exit codes: 0 stopped when asked to, 2 a setting is missing or makes no sense, or a file or port cannot be used, 4 a
part without which it is of no use has died.
"""

import logging
import os
import signal
import socket
import ssl
import sys
from contextlib import ExitStack
from functools import cache
from typing import Any

from chalicelib.dialects.cumulocity import doorbell
from infra.description import answers, ignored_wills, rules
from infra.edge.dead_letters import DeadLetters
from infra.edge.front import Front, with_health
from infra.edge.renewal import Renewal
from infra.edge.settings import EdgeSettings, read_settings
from infra.edge.uplink import Uplink
from infra.local import log_lines
from infra.local.data_directory import DataError
from infra.local.http_server import HttpServer, bind
from infra.local.http_waiting import PeerOf
from infra.local.iot_core import HttpBackend, IotCore, Rule, TlsIdentity
from infra.local.journal import Journal
from infra.local.mqtt_ports import Listening, MqttPort
from infra.local.open_sessions import OpenSessions
from infra.local.ordering import Ordering
from infra.local.quickstart import guests
from infra.local.realtime import Door
from infra.local.settings import SettingsError, log_level
from infra.local.spool import Spool
from infra.local.taken import PortTakenError, or_taken
from infra.local.timers import Timers
from infra.local.vital import Vital

_BIND = "HOMEPORT_EDGE_BIND"
_CANNOT_START = 2
_DIED = 4
_CONTROL_THREADS, _HTTP_THREADS = 96, 32
_MOST_BYTES = 256 * 1024
_LAMBDA_S, _LAMBDA_CONNECTIONS = 10, 64
log = logging.getLogger(__name__)


def main() -> int:
    try:
        log_lines.start(log_level(os.environ, "INFO"), "%(levelname)s %(message)s")
        settings = read_settings(os.environ)
    except SettingsError as error:
        return _complain(error, _CANNOT_START)
    vital = Vital()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: vital.end())
    with ExitStack() as closing:
        try:
            ports = start(settings, closing, vital)
        except (DataError, PortTakenError, OSError) as error:
            return _complain(error, _CANNOT_START)
        print(f"edge ready: MQTT over TLS on {ports['mqtts']}, control on {ports['control']}", flush=True)
        failure = vital.wait()
    if failure is None:
        return 0
    return _complain(failure, _DIED)


def _complain(error: object, code: int) -> int:
    print(f"homeport edge: {error}", file=sys.stderr)
    return code


def start(settings: EdgeSettings, closing: ExitStack, vital: Vital) -> dict[str, int]:
    """Bring the edge up and answer its ports; `closing` takes it down again."""
    settings.data.mkdir(parents=True, exist_ok=True)
    spool = Spool(settings.data / "edge.sqlite3")
    closing.callback(spool.close)
    journal = Journal(settings.data / "sessions.sqlite3")
    closing.callback(journal.close)
    ordering, timers = Ordering(answers()), Timers(vital)
    uplink = Uplink(
        spool,
        _lambda(settings.region),
        settings.functions,
        ordering,
        dead_letters=DeadLetters(settings.data / "dead-letters.jsonl"),
        timers=timers,
    )
    closing.callback(lambda: uplink.stop(3))
    sessions = OpenSessions(journal, uplink.invoke, timers)
    core = IotCore(
        authorize=ordering.learning(uplink.authorize),
        invoke=sessions.invoke,
        # As they are called in the account: clients name them in Basic Ingest.
        rules=[Rule(settings.functions.replace("-", "_") + rule.name, rule.sql, rule.function) for rule in rules()],
        region=settings.region,
        account=None,
        lenient=True,
        # Tenants share literal topics longer than IoT Core carries: nothing may pass directly between their clients.
        between_clients=False,
        guests=guests(settings.quickstart_clients, region=settings.region, account=""),
        vital=vital,
        ignored_wills=ignored_wills(),
    )
    core.start()
    closing.callback(lambda: core.stop(3))
    replayed, ended = uplink.replay(), sessions.end_all()
    if replayed or ended:
        log.info("taken up again: %d events; told to be over: %d sessions", replayed, ended)
    control = HttpServer(
        with_health(core.iot_data, vital.failing),
        or_taken(
            "HOMEPORT_EDGE_CONTROL_PORT",
            settings.control_bind,
            settings.control_port,
            lambda: bind(settings.control_bind, settings.control_port),
            "HOMEPORT_EDGE_CONTROL_BIND",
        ),
        name="control",
        threads=_CONTROL_THREADS,
        max_body=_MOST_BYTES,
        vital=vital,
    )
    control.start()
    closing.callback(lambda: control.stop(2))
    _renew(settings, core, timers)
    identity = _identity(settings)
    # Messaging hosts of IBM's answer HTTP on their ports for MQTT too.
    backend = _behind(settings.api, core, closing, vital) if settings.api else None
    listening = Listening(core, settings.bind, identity, backend, _BIND)
    ports = {
        "control": control.port,
        "mqtts": listening.on(MqttPort("HOMEPORT_EDGE_MQTTS_PORT", settings.mqtts_port)),
    }
    if settings.mqtt_port is not None:
        ports["mqtt"] = listening.on(MqttPort("HOMEPORT_EDGE_MQTT_PORT", settings.mqtt_port, secured=False))
    if settings.https_port is not None:
        ports["https"] = listening.on(MqttPort("HOMEPORT_EDGE_HTTPS_PORT", settings.https_port))
    if settings.http_port is not None:
        host, port = settings.bind, settings.http_port
        outer = or_taken("HOMEPORT_EDGE_HTTP_PORT", host, port, lambda: bind(host, port), _BIND)
        ports["http"] = _serve(Front(settings.api, everything=False), outer, closing, vital)
    secured = listening.on_all("HOMEPORT_EDGE_FURTHER_MQTTS_PORTS", settings.further_mqtts_ports)
    plain = listening.on_all("HOMEPORT_EDGE_FURTHER_MQTT_PORTS", settings.further_mqtt_ports, secured=False)
    ports |= {f"mqtts{number}": port for number, port in enumerate(secured, 2)}
    return ports | {f"mqtt{number}": port for number, port in enumerate(plain, 2)}


def _identity(settings: EdgeSettings) -> TlsIdentity:
    """Errors: DataError, naming the files, which OpenSSL does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except OSError as error:
        raise DataError(f"cannot use the certificate {settings.certificate} and key {settings.key}: {error}") from error
    try:
        if settings.client_ca is not None:
            context.load_verify_locations(settings.client_ca)
    except OSError as error:
        raise DataError(f"cannot use the client CAs of {settings.client_ca}: {error}") from error
    return TlsIdentity(settings.certificate, settings.key, settings.client_ca)


def _behind(api: str, core: IotCore, closing: ExitStack, vital: Vital) -> HttpBackend:
    """Where what is HTTP on the TLS ports goes: requests for notifications are held, all others passed on."""
    outer, inner = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    backend = HttpBackend("127.0.0.1", outer.getsockname()[1])
    door = Door(outer, ("127.0.0.1", inner.getsockname()[1]), vital=vital, peer_of=backend.peer)
    _serve(Front(api, everything=True, peer_of=door.peer), inner, closing, vital, door.peer)
    core.insiders[doorbell.CLIENT] = door.ring
    closing.callback(lambda: door.stop(2))
    door.start()
    return backend


def _serve(
    front: Front, listener: socket.socket, closing: ExitStack, vital: Vital, peer_of: PeerOf = lambda _port: None
) -> int:
    server = HttpServer(
        with_health(front, vital.failing),
        listener,
        name=f"http-{listener.getsockname()[1]}",
        threads=_HTTP_THREADS,
        max_body=front.max_body,
        vital=vital,
        peer_of=peer_of,
    )
    server.start()
    closing.callback(lambda: server.stop(2))
    return server.port


def _renew(settings: EdgeSettings, core: IotCore, timers: Timers) -> None:
    """Before they are read for the first time, so that no change falls in between."""
    files = (settings.certificate, settings.key, *((settings.client_ca,) if settings.client_ca else ()))
    renewal = Renewal(files, core.renew)
    timers.every(settings.reread_s, renewal.look, first=settings.reread_s)


def _lambda(region: str) -> Any:
    @cache
    def client() -> Any:
        import botocore.session
        from botocore.config import Config

        # Tries are ours to repeat, and no thread is to hang on one: an authorizer has five seconds.
        config = Config(
            connect_timeout=3,
            read_timeout=_LAMBDA_S,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=_LAMBDA_CONNECTIONS,
        )
        return botocore.session.get_session().create_client("lambda", region_name=region, config=config)

    return client


if __name__ == "__main__":
    sys.exit(main())
