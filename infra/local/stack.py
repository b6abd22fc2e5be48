"""The whole platform in one process: what AWS provides, the functions of `app.py`, and the doors to them.

Start goes from the ground up, so that nothing is accepted before what it needs is there; stop goes the other way.
"""

import contextlib
import importlib
import logging
import os
import socket
import sys
import threading
import time
from datetime import UTC, datetime

from chalice.app import Chalice

from chalicelib.dialects.cumulocity import doorbell
from infra.local import (
    aws_client,
    coap_gateway,
    dynamodb,
    event_sources,
    memory,
    product,
    resources,
    s3,
    shortcut,
    sqs,
    step_functions,
)
from infra.local.api_gateway import MAX_BODY, ApiGateway
from infra.local.aws_endpoint import AwsEndpoint
from infra.local.certificates import Certificates, ensure_certificates
from infra.local.data_directory import Credentials, write_credentials
from infra.local.description import (
    ACCOUNT,
    PREFIX,
    REGION,
    SECRETS,
    Description,
    deployed_rule,
    entrances,
    environment,
    mqtt_addresses,
)
from infra.local.event_sources import QueuePoller, Schedule
from infra.local.http_server import HttpServer, bind
from infra.local.iot_control import IotControl
from infra.local.iot_core import HttpBackend, IotCore, Rule, TlsIdentity
from infra.local.journal import Journal
from infra.local.lambda_runtime import Function, LambdaRuntime
from infra.local.memory import MemoryWatch
from infra.local.mqtt_ports import Listening, MqttPort
from infra.local.once import OneTimeSignIn
from infra.local.open_sessions import OpenSessions
from infra.local.ordering import Ordering
from infra.local.quickstart import guests
from infra.local.realtime import Door
from infra.local.settings import Settings
from infra.local.shuffling import Shuffle
from infra.local.spool import Spool
from infra.local.taken import or_taken
from infra.local.timers import Timers
from infra.local.vital import Vital

_log = logging.getLogger(__name__)

API_FUNCTION = "api_handler"
_EXPIRY_S = 30.0
_HTTP_THREADS = 16
_AWS_THREADS = 96  # a direct message holds its thread until the device has acknowledged it
_MANY = 64 * 1024 * 1024
_RULE_CONCURRENCY = 8
_TENANT_SHARE = 2  # more would only take the interpreter from others: it runs one thread at a time
_OTHER_CONCURRENCY = 64
_SWITCH_INTERVAL_S = 0.001
_THREAD_STACK = 2 * 1024 * 1024  # 1,500 threads wait at most; JSON nested as deep as Python allows needs 256 KiB


class Stack:
    """One local stack; `start` once, `stop` once."""

    def __init__(self, settings: Settings, description: Description, app_module: str = "app") -> None:
        self._settings = settings
        self._description = description
        self._app_module = app_module
        self._closing = contextlib.ExitStack()
        self._ready = threading.Event()
        self._ends = 0.0
        self.vital = Vital()
        self._timers = Timers(self.vital)
        self._ordering = Ordering(description.answers())
        self.sign_in: OneTimeSignIn
        self.without_coaps: str | None = None
        """Why CoAP is not served."""
        self.credentials: Credentials

    def start(self) -> None:
        """Bring everything up; raises taken.PortTakenError. What was started before an error is stopped again."""
        try:
            self._start()
        except BaseException:
            self.stop(timeout=2.0)
            raise

    def stop(self, timeout: float = 4.0) -> None:
        """End within about `timeout` seconds, whatever is still running."""
        self._ready.clear()
        self._ends = time.monotonic() + timeout
        self._closing.close()

    def _start(self) -> None:
        # a thread that holds the interpreter hands it on five times as often as by default: many wait for the disk
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        threading.stack_size(_THREAD_STACK)
        settings = self._settings
        http = self._listen("HOMEPORT_HTTP_PORT", settings.bind, settings.http_port)
        https = self._listen("HOMEPORT_HTTPS_PORT", settings.bind, settings.https_port)
        realtime = self._listen("HOMEPORT_REALTIME_PORT", settings.bind, settings.realtime_port)
        # whoever reaches this port may do anything, so it is for this machine alone whatever HOMEPORT_BIND says
        aws = self._listen("HOMEPORT_AWS_PORT", "127.0.0.1", settings.aws_port)
        certificates = ensure_certificates(settings.data, settings.hosts, now=datetime.now(UTC))
        variables = {
            **environment(self._description, aws.getsockname()[1], settings.data),
            doorbell.SETTING: "1",
            **entrances(http.getsockname()[1], https.getsockname()[1]),
        }
        aws_client.set_environment(variables)
        shortcut.install(variables["AWS_ENDPOINT_URL"])
        journal = Journal(settings.data / "aws.sqlite3")
        self._closing.callback(journal.close)
        _restore(journal)
        self._closing.callback(_forget)
        runtime = self._runtime()
        endpoint = self._serve_aws(aws, runtime)
        urls = resources.create(self._description, aws_client.client, runtime.arn("settle"))
        product.ensure_stage_key()
        app = importlib.import_module(self._app_module).app
        self._register(app, runtime)
        sessions = OpenSessions(journal, runtime.invoke_async, self._timers)
        core = self._iot_core(runtime, sessions)
        endpoint.iot_data, endpoint.iot = core.iot_data, IotControl(core)
        self._resume(runtime, sessions)
        mqtts, mqtt = self._listen_mqtt(core, certificates)
        os.environ.update(mqtt_addresses(mqtts, mqtt))
        product.register_certificates()
        self._run_event_sources(app, runtime, urls)
        tenant, key = product.ensure_tenant(settings.data)
        backend = self._serve_http(app, runtime, http, key)
        core.serve_tls(https, _identity(certificates), backend)
        realtime_port = self._serve_realtime(core, realtime, backend)
        coaps, coaps_bootstrap = self._serve_coaps(runtime, urls)
        self.credentials = Credentials(
            tenant=tenant,
            apiKey=key,
            http=http.getsockname()[1],
            https=https.getsockname()[1],
            mqtts=mqtts,
            aws=aws.getsockname()[1],
            mqtt=mqtt,
            realtime=realtime_port,
            coaps=coaps,
            coapsBootstrap=coaps_bootstrap,
            dialects=product.presented(key),
        )
        self._ready.set()
        write_credentials(settings.data, self.credentials)  # the last thing, since others wait for it

    def _left(self, most: float) -> float:
        return max(0.05, min(most, self._ends - time.monotonic()))

    def _listen(self, variable: str, host: str, port: int) -> socket.socket:
        listener = or_taken(variable, host, port, lambda: bind(host, port))
        self._closing.callback(listener.close)
        return listener

    def _runtime(self) -> LambdaRuntime:
        spool = Spool(self._settings.data / "lambda.sqlite3")
        self._closing.callback(spool.close)
        timers = self._timers
        self._closing.callback(timers.stop)
        timers.every(memory.EVERY_S, MemoryWatch(memory.limit()).look, first=memory.EVERY_S)
        timers.every(_EXPIRY_S, lambda: dynamodb.expire_items(time.time()), first=_EXPIRY_S)
        runtime = LambdaRuntime(
            spool,
            timers,
            account=ACCOUNT,
            region=REGION,
            prefix=PREFIX,
            send_to_queue=aws_client.send_to_queue,
            ordering=self._ordering,
            shuffle=Shuffle(self._settings.shuffle) if self._settings.shuffle else None,
        )
        step_functions.call_functions_of(runtime)
        return runtime

    def _serve_aws(self, listener: socket.socket, runtime: LambdaRuntime) -> AwsEndpoint:
        endpoint = AwsEndpoint(runtime, secrets=SECRETS)
        server = HttpServer(endpoint, listener, name="aws", threads=_AWS_THREADS, max_body=_MANY, vital=self.vital)
        server.start()
        self._closing.callback(lambda: server.stop(self._left(0.5)))
        os.environ["MOTO_PORT"] = str(server.port)  # where moto finds itself
        return endpoint

    def _register(self, app: Chalice, runtime: LambdaRuntime) -> None:
        by_rules = {rule.function for rule in self._description.rules()}
        for name, handler in app.handler_map.items():
            concurrency, share = (_RULE_CONCURRENCY, _TENANT_SHARE) if name in by_rules else (_OTHER_CONCURRENCY, None)
            runtime.register(
                Function(
                    name=name,
                    handler=handler,
                    concurrency=concurrency,
                    share=share,
                    on_failure=self._description.DEAD_LETTERS,
                )
            )
        self._closing.callback(lambda: runtime.stop(self._left(1.5)))

    def _iot_core(self, runtime: LambdaRuntime, sessions: OpenSessions) -> IotCore:
        core = IotCore(
            authorize=self._ordering.learning(lambda event: runtime.invoke("authorizer", event)),
            invoke=sessions.invoke,
            rules=[Rule(deployed_rule(rule.name), rule.sql, rule.function) for rule in self._description.rules()],
            region=REGION,
            account=ACCOUNT,
            lenient=self._settings.lenient,
            # Tenants share literal topics longer than IoT Core carries: at the edge nothing may pass between clients.
            between_clients=not self._settings.lenient,
            guests=guests(self._settings.quickstart_clients, region=REGION, account=ACCOUNT),
            vital=self.vital,
            # IoT Core cannot be told to ignore one, and the stand-in is no better than it.
            ignored_wills=self._description.ignored_wills() if self._settings.lenient else (),
        )
        core.start()
        self._closing.callback(lambda: core.stop(self._left(1.5)))
        return core

    def _resume(self, runtime: LambdaRuntime, sessions: OpenSessions) -> None:
        """Take up what an earlier process left: before the first client connects, and with all that it needs."""
        replayed, ended = runtime.replay(), sessions.end_all()
        if replayed or ended:
            _log.info("taken up again: %d events; told to be over: %d sessions", replayed, ended)
        # nobody waits for this, and after a crash amid many commands it takes a while
        threading.Thread(target=product.arm_deadlines, name="arm-deadlines", daemon=True).start()

    def _listen_mqtt(self, core: IotCore, certificates: Certificates) -> tuple[int, int | None]:
        settings = self._settings
        listening = Listening(core, settings.bind, _identity(certificates))
        mqtts = listening.on(MqttPort("HOMEPORT_MQTTS_PORT", settings.mqtts_port))
        listening.on_all("HOMEPORT_FURTHER_MQTTS_PORTS", settings.further_mqtts_ports)
        listening.on_all("HOMEPORT_FURTHER_MQTT_PORTS", settings.further_mqtt_ports, secured=False)
        if not settings.lenient:
            return mqtts, None
        return mqtts, listening.on(MqttPort("HOMEPORT_MQTT_PORT", settings.mqtt_port, secured=False))

    def _serve_coaps(self, runtime: LambdaRuntime, urls: dict[str, str]) -> tuple[int | None, int | None]:
        """The ports, run and bootstrap, or none where this Python cannot serve CoAP over DTLS."""
        spoken = coap_gateway.HINTS in urls and product.speaks("lwm2m")
        self.without_coaps = coap_gateway.missing() if spoken else "nothing in here speaks LwM2M"
        if self.without_coaps is not None:
            return None, None
        settings = self._settings
        gateway = coap_gateway.CoapGateway(
            lambda event: runtime.invoke("lwm2m", event),
            host=settings.bind,
            ports=(settings.coaps_port, settings.coaps_bootstrap_port),
            store=settings.data / "coaps.sqlite3",
            keys=product.association_keys(),
            hints=coap_gateway.hints(aws_client.client("sqs"), urls[coap_gateway.HINTS]),
            vital=self.vital,
        )
        self._closing.callback(lambda: gateway.stop(self._left(2.0)))
        gateway.start()
        os.environ["HOMEPORT_COAPS_URI"] = f"coaps://localhost:{gateway.ports[0]}"
        return gateway.ports

    def _serve_realtime(self, core: IotCore, listener: socket.socket, backend: HttpBackend) -> int:
        """Everything that the HTTP port serves, but that requests for notifications are held."""
        door = Door(listener, backend.address, vital=self.vital)
        core.insiders[doorbell.CLIENT] = door.ring
        self._closing.callback(lambda: door.stop(self._left(1.0)))
        door.start()
        return door.port

    def _run_event_sources(self, app: Chalice, runtime: LambdaRuntime, urls: dict[str, str]) -> None:
        queues = {q.function: urls[q.name] for q in self._description.queues() if q.function is not None}
        for source in event_sources.declared(app, queues, runtime.invoke, aws_client.client("sqs"), self.vital):
            source.start()
            self._closing.callback(self._stop_source, source)

    def _stop_source(self, source: Schedule | QueuePoller) -> None:
        source.stop(self._left(1.0))

    def _serve_http(
        self,
        app: Chalice,
        runtime: LambdaRuntime,
        http: socket.socket,
        api_key: str,
    ) -> HttpBackend:
        """Where the HTTPS port finds the API; MQTT over WebSocket is at `/mqtt` of that port too."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.bind, self._settings.bind)
        backend = HttpBackend(host, http.getsockname()[1])
        gateway = ApiGateway(
            app,
            function_arn=runtime.arn(API_FUNCTION),
            account=ACCOUNT,
            ready=self._ready.is_set,
            failing=self.vital.failing,
            peer_of=backend.peer,
            responses=self._description.gateway_responses(),
        )
        self.sign_in = OneTimeSignIn(gateway, lambda: api_key, peer_of=backend.peer)
        # bodies that are too long are read to their end all the same: a client that still writes reads no answer
        server = HttpServer(
            self.sign_in,
            http,
            name="http",
            threads=_HTTP_THREADS,
            max_body=_MANY + MAX_BODY,
            vital=self.vital,
            peer_of=backend.peer,
        )
        server.start()
        self._closing.callback(lambda: server.stop(self._left(1.0)))
        return backend


def _identity(certificates: Certificates) -> TlsIdentity:
    return TlsIdentity(certificates.server, certificates.server_key, certificates.authority)


def _restore(journal: Journal) -> None:
    for service in (dynamodb, sqs, s3):
        service.install()
        service.keep_in(journal, account=ACCOUNT)
    step_functions.install()


def _forget() -> None:
    for service in (dynamodb, sqs, s3):
        service.stop_keeping()
