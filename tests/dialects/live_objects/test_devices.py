from tests.dialects.live_objects.client import DEVICES, Client

URN = "urn:lo:nsid:sensor:temp001"


def test_a_registered_device_is_answered_with_200_and_its_defaults() -> None:
    client = Client()
    reply = client.call("POST", DEVICES, {"id": URN, "tags": ["Lyon"], "name": "mySensor001"})
    assert reply.status == 200
    assert reply.body["defaultDataStreamId"] == URN
    assert reply.body["group"] == {"id": "root", "path": "/"}
    assert reply.body["created"] == "2027-01-15T08:00:00.000Z"
    assert client.get(f"{DEVICES}/{URN}").body == reply.body
