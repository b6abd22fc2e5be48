"""Groups by pages: `/api/v0/groups`."""

from tests.dialects.live_objects.client import Client

GROUPS = "/api/v0/groups"


class TestGroups:
    def test_a_group_is_made_read_changed_and_deleted(self, client: Client) -> None:
        made = client.call("POST", GROUPS, {"pathNode": "france"})
        assert (made.status, made.body["path"]) == (201, "/france")
        path = f"{GROUPS}/{made.body['id']}"
        assert client.get(path).body == made.body
        assert client.call("PUT", path, {"pathNode": "italy"}).body["path"] == "/italy"
        assert client.call("PUT", path, {"description": "d"}).status == 400
        assert client.call("DELETE", path).status == 204
        assert client.get(path).code == "DM_GROUP_NOT_FOUND"

    def test_groups_are_listed_by_pages_and_parent(self, client: Client) -> None:
        parent = client.call("POST", GROUPS, {"pathNode": "a"}).body["id"]
        client.call("POST", GROUPS, {"pathNode": "b", "parentId": parent})
        body = client.get(GROUPS, size=1, page=2).body
        assert (body["totalCount"], [group["path"] for group in body["data"]]) == (3, ["/a/b"])
        assert [group["path"] for group in client.get(GROUPS, parent=parent).body["data"]] == ["/a/b"]
