from dataclasses import replace

from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.ports import Ports


def entry(ports: Ports, *names: str) -> Entry:
    uuid = ports.chance(16).hex()
    own = tuple(f"{name} of {uuid}" for name in names)
    return Entry(uuid, "maker1", 7, own, salt="s", digest="d", attributes={"é": [1, {"x": None}]})


def test_an_entry_is_found_by_its_id_and_its_names(ports: Ports) -> None:
    made = entry(ports, "a", "b" * 3000)
    assert ports.directory.create(made)
    assert ports.directory.get(made.id) == ports.directory.current(made.id) == made
    assert [ports.directory.named(name) for name in made.names] == [made.id, made.id]
    assert ports.directory.named("nobody's") is None
    assert ports.directory.current("nobody") is None


def test_an_id_and_each_name_is_one_entrys(ports: Ports) -> None:
    made = entry(ports, "a", "b")
    assert ports.directory.create(made)
    assert not ports.directory.create(replace(made, names=()))
    other = replace(entry(ports, "c"), names=(f"c {made.id}", made.names[1]))
    assert not ports.directory.create(other)
    assert ports.directory.current(other.id) is None
    assert ports.directory.named(other.names[0]) is None


def test_only_who_read_the_newest_may_write(ports: Ports) -> None:
    made = entry(ports, "a")
    ports.directory.create(made)
    assert ports.directory.replace(made, replace(made, owner="one", transfers=1))
    assert not ports.directory.replace(made, replace(made, owner="two", transfers=1))
    assert not ports.directory.delete(made)
    found = ports.directory.current(made.id)
    assert found == replace(made, owner="one", transfers=1, revision=1)
    assert found is not None
    assert ports.directory.delete(found)
    assert ports.directory.current(made.id) is None
    assert ports.directory.named(made.names[0]) is None
    assert not ports.directory.replace(found, found)
    assert not ports.directory.delete(found)


def test_what_it_said_last_is_kept_until_its_owner_is_another(ports: Ports) -> None:
    made = entry(ports)
    ports.directory.create(made)
    assert ports.directory.noted(made.id) is None
    assert ports.directory.note(made, {"a": 1})
    assert ports.directory.note(made, {"b": "é"})
    assert ports.directory.noted(made.id) == {"b": "é"}
    renamed = replace(made, attributes={"name": "n"})
    assert ports.directory.replace(made, renamed)
    assert ports.directory.noted(made.id) == {"b": "é"}
    now = ports.directory.current(made.id)
    assert now is not None
    assert ports.directory.replace(now, replace(now, owner="one", transfers=1))
    assert ports.directory.noted(made.id) is None
    assert not ports.directory.note(made, {"late": 1})
    claimed = ports.directory.current(made.id)
    assert claimed is not None
    assert ports.directory.delete(claimed)
    assert not ports.directory.note(claimed, {"late": 1})
    assert ports.directory.current(made.id) is None


def test_several_entries_may_have_the_same_proof(ports: Ports) -> None:
    first, second = entry(ports), entry(ports)
    proof = f"a proof {first.id}"
    for each in (first, second):
        assert ports.directory.create(replace(each, proofs=(proof,)))
    assert ports.directory.sharing(proof) == sorted([first.id, second.id])
    for each in (first, second):
        found = ports.directory.current(each.id)
        assert found is not None
        assert ports.directory.delete(found)
    assert ports.directory.sharing(proof) == []
    assert ports.directory.sharing("nobody's") == []
