"""An address or a level of the log that cannot be used is told in one sentence, which names what to change."""

from pathlib import Path

import pytest

from tests.local.test_unusable_data import complaint


@pytest.mark.parametrize("address", ["192.0.2.7", "no-such-host.invalid", "2001:db8::7"])
def test_an_address_that_is_not_of_this_machine_is_not_blamed_on_a_port(tmp_path: Path, address: str) -> None:
    said = complaint(tmp_path, HOMEPORT_BIND=address)
    assert f"cannot listen on {address}" in said
    assert "set HOMEPORT_BIND" in said
    assert "_PORT" not in said


def test_a_level_of_the_log_that_there_is_not(tmp_path: Path) -> None:
    assert "HOMEPORT_LOG=loud" in complaint(tmp_path, HOMEPORT_LOG="loud")
    assert "HOMEPORT_LOG=loud" in complaint(tmp_path, "infra.edge", HOMEPORT_LOG="loud")
