"""A tenant that has one of everything, for tests that walk through all operations."""

from tests.dialects.xyte.client import Client, Device


def furnish(organization: Client, device: Device, word: str) -> dict[str, str]:
    """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""
    model = organization.model(name=word, model_id=word, claim="automatic")
    return {"model_id": model, "device_id": device.id}
