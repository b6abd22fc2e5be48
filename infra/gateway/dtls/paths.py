"""Ways to a peer: its address alone, or its address as another node sees it, through which answers go back."""

from infra.gateway.dtls.association import Address

_BY = "by"
_MARK = 2


def by(address: Address, node: int) -> Address:
    """The address of a peer whose datagrams came to that node."""
    return (*address, _BY, node)


def plain(address: Address) -> Address:
    """The address alone."""
    return address[:-_MARK] if _is_by(address) else address


def node(address: Address) -> int | None:
    """Through which node the peer is reached; None where it is reached directly."""
    return int(address[-1]) if _is_by(address) else None


def _is_by(address: Address) -> bool:
    return len(address) > _MARK and address[-_MARK] == _BY
