"""Certificate files that change while an edge runs."""

import datetime as dt
from pathlib import Path

import pytest

from infra.edge.renewal import Renewal
from infra.local.iot_core.tls import Contexts, TlsIdentity
from tests import pki
from tests.local.iot_core.handshakes import is_accepted, mutual_name

NOW = dt.datetime.now(dt.UTC)


class Edge:
    """The TLS of an edge, its files, and a client with a certificate of `ca`."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.other = pki.authority(now=NOW), pki.authority("Other CA", now=NOW)
        self.client = pki.make("sensor", self.ca, now=NOW).write(folder, "client")
        certificate, key = pki.make(mutual_name("edge"), now=NOW).write(folder, "server")
        self.client_ca = folder / "clients.pem"
        self.client_ca.write_text(self.other.pem)
        identity = TlsIdentity(certificate, key, self.client_ca)
        self.contexts = Contexts(identity)
        self.renewal = Renewal((certificate, key, self.client_ca), self.contexts.renew)

    def lets_in(self) -> bool:
        return is_accepted(self.contexts.choose(mutual_name("edge")), self.client)


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return Edge(tmp_path)


def test_a_ca_that_is_added_to_the_file_counts_from_the_next_handshake_on(edge: Edge) -> None:
    assert not edge.lets_in()
    edge.client_ca.write_text(edge.other.pem + edge.ca.pem)
    assert edge.renewal.look()
    assert edge.lets_in()


def test_a_ca_that_is_taken_out_of_the_file_counts_no_more(edge: Edge) -> None:
    edge.client_ca.write_text(edge.other.pem + edge.ca.pem)
    edge.renewal.look()
    edge.client_ca.write_text(edge.other.pem)
    assert edge.renewal.look()
    assert not edge.lets_in()


def test_files_that_have_not_changed_are_not_read_again(edge: Edge) -> None:
    assert not edge.renewal.look()


@pytest.mark.parametrize("text", [None, "", "-----BEGIN CERTIFICATE-----\nMIIB"])
def test_a_file_that_cannot_be_used_changes_nothing_until_it_can(edge: Edge, text: str | None) -> None:
    edge.client_ca.write_text(edge.ca.pem)
    edge.renewal.look()
    if text is None:
        edge.client_ca.unlink()
    else:
        edge.client_ca.write_text(text)
    assert not edge.renewal.look()
    assert edge.lets_in()
    edge.client_ca.write_text(edge.other.pem)
    assert edge.renewal.look()
    assert not edge.lets_in()


def test_what_was_trusted_by_name_outlives_a_change_of_the_files(edge: Edge) -> None:
    edge.contexts.trust(edge.ca.pem)
    edge.client_ca.write_text(edge.other.pem + edge.other.pem)
    assert edge.renewal.look()
    assert edge.lets_in()
    edge.contexts.distrust(edge.ca.pem)
    assert not edge.lets_in()
