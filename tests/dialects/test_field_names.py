"""What the fleet finds wrong is named in the words of whoever asked."""

import pytest

from chalicelib.dialects.ibm import errors as ibm
from chalicelib.dialects.live_objects import errors as live_objects
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.fields import Field
from tests.fakes import MemoryPorts

UNNAMED = {Field.FILE, Field.ID, Field.NAME, Field.SECRET}
"""What only the operator and LwM2M's own descriptions give: no body of Live Objects has it."""


@pytest.mark.parametrize("field", Field)
def test_an_ibm_client_hears_no_word_of_live_objects(field: Field) -> None:
    body = ibm.explain(MemoryPorts(), Invalid("it is too long", field)).body
    named = ibm.FIELDS.get(field)
    assert body["message"] == f"{ibm.INVALID}: it is too long"
    assert body["exception"]["properties"] == ([named] if named else [])
    assert ("violations" in body) == (named is not None)


@pytest.mark.parametrize("field", Field)
def test_a_live_objects_client_hears_its_own(field: Field) -> None:
    message = live_objects.explain(MemoryPorts(), Invalid("it is too long", field)).body["message"]
    if field in UNNAMED:
        assert message == "it is too long"
    else:
        assert message == f"{live_objects.FIELDS[field]}: it is too long"


@pytest.mark.parametrize("explain", [ibm.explain, live_objects.explain])
def test_no_name_of_ours_is_told(explain: object) -> None:
    for field in Field:
        answer = explain(MemoryPorts(), Invalid("it is too long", field))  # type: ignore[operator]
        assert "Field." not in repr(answer.body)


def test_what_a_dialect_names_itself_is_told_as_it_is() -> None:
    body = ibm.explain(MemoryPorts(), Invalid("it is no token", "authToken")).body
    assert body["violations"][0]["exception"]["properties"] == ["authToken"]
    told = live_objects.explain(MemoryPorts(), Invalid("offset is at most 10", "offset")).body
    assert told["message"] == "offset is at most 10"
