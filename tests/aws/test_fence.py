"""How long client ids rest, and claims are remembered."""

import pytest

from chalicelib.aws import fence


@pytest.mark.parametrize(
    ("said", "rest", "kept"),
    [(None, 300, 60), ("", 300, 60), ("8", 8, 2), ("0", 4, 1), ("100", 100, 25), ("soon", 300, 60), ("3600", 3600, 60)],
)
def test_no_fence_opens_before_every_instance_has_forgotten_whose_an_id_was(
    monkeypatch: pytest.MonkeyPatch, said: str | None, rest: int, kept: int
) -> None:
    monkeypatch.delenv(fence.SETTING, raising=False)
    if said is not None:
        monkeypatch.setenv(fence.SETTING, said)
    assert (fence.rest(), fence.claims_kept()) == (rest * 1000, kept * 1000)
    assert 4 * fence.claims_kept() <= fence.rest()
