"""Numbers that users, devices, other functions or the bill rely on, said a second time.

Most of them stand in the vendors' manuals or in `docs`; the others are what was measured or reckoned, as their modules
say. Whoever changes one changes it here too, and looks who was told of it. What they do at their bounds is tested where
their subject is.
"""

from importlib import import_module

import pytest

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
"""Milliseconds."""

SAID: dict[str, dict[str, int]] = {
    # Live Objects' manual: commands, configurations, resources, queues, groups, keys.
    "commands.records": {
        "MIN_EXPIRATION": 5,
        "DEFAULT_EXPIRATION": 604_800,
        "MAX_EXPIRATION": 2_592_000,
        "MIN_ACK_TIMEOUT": 10,
        "DEFAULT_ACK_TIMEOUT": 120,
        "MAX_ACK_TIMEOUT": 2_592_000,
        "MAX_ATTEMPTS": 5,
        "MAX_HISTORY": 50,
        "CONFIRMATION": 15,
        "PATROL": 15 * MINUTE,
        "LOOK": DAY,
    },
    "configuration.records": {"MAX_PARAMETERS": 100, "MAX_KEY": 128, "MAX_VALUE": 2_000, "MAX_SIDE": 150_000},
    "configuration.document": {"LARGEST": 65_536},
    "resources.updates": {"MOST": 50, "MAX_HISTORY": 20, "MAX_METADATA": 4_000, "MAX_DETAIL": 256, "MAX_TRIES": 3},
    "resources.catalog": {
        "MOST_RESOURCES": 1_000,
        "MOST_VERSIONS": 500,
        "LARGEST": 536_870_912,
        "UPLOAD_VALID": 3_600,
    },
    "resources.links": {"TOKEN": 26, "LINK_VALID": 86_400, "SIGNED_VALID": 3_600},
    "resources.records": {"CARRIED": 4_505_600},
    "queues.records": {"MAX_NAME": 251, "MAX_PAYLOAD": 131_072, "LEASE": 30 * SECOND},
    "queues.lifecycle": {"MIN_BYTES": 524_288, "MAX_TTL": 31_536_000, "MAX_QUEUES": 100},
    "access.inheriting": {"MAX_LABEL": 24, "MAX_DESCRIPTION": 140},
    "events.policies": {"MAX_POLICIES": 100},
    "events.pushing": {"WINDOW": 300, "MAX_URL": 2_048},
    "events.records": {"TIMEOUT": 5 * SECOND, "ENOUGH": 100, "LONG": HOUR},
    "inventory.groups": {"ID_LENGTH": 6, "LONGEST_PATH": 255},
    "inventory.records": {"MAX_INTERFACES": 10, "LONGEST_NAME": 255, "MOST": 1_000},
    # Of the same, chapter 7: devices with a model.
    "twin.records": {
        "DAY": DAY,
        "EXPIRY": 3 * DAY,
        "ANSWER_S": 1_500,
        "LOST": 35 * MINUTE,
        "MOST_ACTIVE": 50,
        "MOST_FINAL": 100,
        "MOST_OBSERVATIONS": 50,
        "OBSERVATION_ATTEMPTS": 5,
    },
    "twin.registering": {"AWAKE": 93 * SECOND, "_WORTH": 30 * SECOND, "_ID": 8},
    "twin.modelling": {"MOST_CUSTOM": 100},
    "twin.bootstrap": {"MOST_CONFIGS": 100},
    "twin.bootstrapping": {"_SECRET": 16, "_IDENTITY": 12, "_ID": 8, "_MOST_REPLACED": 3},
    "twin.identities": {"_LONGEST_IDENTITY": 128, "_LONGEST_SECRET": 64, "_SHORTEST_HEX": 16, "_SERIAL": 8},
    "twin.firmware": {"LONGEST_URI": 255, "MOST_INSTALLS": 3, "WITHIN": DAY, "_ATTEMPTS": 3, "_LOOKS": 20},
    "twin.values_of": {"LARGEST": 300_000},
    "twin.description_files": {"MOST_BYTES": 262_144, "_MOST_RESOURCES": 1_000, "_MOST_DEPTH": 16},
    "twin.observing": {"_TOKEN": 8},
    "twin.paths": {"LAST": 65_534},
    # Cumulocity's inventory, alarms, operations and notifications.
    "inventory.hierarchy": {"MOST_PARENTS": 10, "MOST_CHILDREN": 10_000},
    "inventory.heights": {"DEEPEST": 10},
    "inventory.managed_objects": {"MOST_FACETS": 18, "_LONGEST_VALUE": 200},
    "inventory.objects": {"DEEPEST": 50, "LONGEST_FRAGMENT": 250, "LONGEST_EXTERNAL": 256, "MOST_NAMES": 20},
    "inventory.finding": {"MOST_LOOKED_AT": 5_000, "MOST_SORTED": 5_000},
    "inventory.group_objects": {"LONGEST": 64, "GRACE": MINUTE},
    "data.alarms": {"LONGEST_TYPE": 256, "_VOID": 3_600},
    "data.alarm_records": {"LONGEST_HISTORY": 20, "OVER": 3, "REMEMBERED": 16},
    "commands.campaigns": {"MOST": 1_000, "_TRIES": 20, "_LONGEST_REASON": 300},
    "commands.idempotency": {"REMEMBERED": 86_400},
    "queues.subscriptions": {"MOST": 500, "BUFFER": 1_000, "MOST_CHANNELS": 200},
    # Decoders: what a description may say, and what a payload may make of it.
    "data.decoding.delimited": {"MAX_COLUMNS": 256, "MAX_NAME": 128, "MAX_SEPARATOR": 8},
    "data.decoding.budget": {"MAX_SOURCE": 16_384, "MAX_NESTING": 16, "MAX_PAYLOAD": 262_144},
    "data.decoding.arithmetic": {"MAX_LENGTH": 1_024},
    "data.decoding.values": {"MAX_DEPTH": 32, "MAX_NUMBER": 64},
    "data.decoding.expression": {"MAX_NESTING": 64},
    "data.unpacking": {"STEPS": 1_000_000, "ELEMENTS": 1_000_000, "TEXT": 4_000_000},
    # Messages: how old and how new, how many of one request, how long a deletion is remembered.
    "data.records": {"FUTURE": DAY, "MOST": 100},
    "data.messages": {"PAST": 1_262_304_000_000, "_MOST_LOOKED_AT": 50_000},
    "data.deletions": {"REMEMBERED": 15 * DAY},
    "data.deleting": {"WITHIN": 2 * SECOND, "MOST": 500},
    # Who may come in, how often he may guess, and what may be a while old.
    "access.attempts": {"MOST_FAILURES": 5, "LOCKED": 15 * MINUTE, "A_MINUTE": 30, "GUESSES": 10},
    "access.users": {"MOST": 500, "SESSION": 8 * HOUR},
    "access.passwords": {"SHORTEST": 8, "LONGEST": 128},
    "access.records": {"NOTED": MINUTE, "SLACK": 2 * MINUTE},
    "access.certificates": {"MOST": 10, "MOST_OF_A_SUBJECT": 2},
    "access.proven": {"LASTS": MINUTE},
    "access.stage_key": {"LENGTH": 32, "MAX_AGE": 5 * MINUTE, "SETTLED": 10 * MINUTE},
    "access.secrets": {"LENGTH": 32, "CHANCE": 13},
    "access.own_secrets": {"SECRET": 16, "SALT": 16},
    "access.adopting": {"_SHORTEST": 8, "_LONGEST": 255},
    "access.basic": {"AT_ONCE": 16},
    "tenancy.quotas": {"SETTLED": 2 * MINUTE},
    "tenancy.audit": {"PER_MINUTE": 10},
    # Client ids that change hands, and who is there.
    "presence.claims": {"MEMORY": 15 * DAY, "MOST_REMEMBERED": 20, "FOR_DEVICES": DAY},
    "presence.fencing": {"GRACE": 6 * SECOND, "PAUSE": 1_100},
    "presence.mailbox": {"LEASE": 35 * SECOND, "_COUNTED": 96, "_SWEPT": 180 * SECOND},
    "presence.records": {"MINUTE": MINUTE, "LONGEST": 25 * HOUR},
    "presence.hearing": {"LONGEST": 15 * MINUTE, "LONGEST_REGISTERED": 30 * MINUTE},
    # How consumers of a queue are fed, and who of them is taken for dead.
    "queues.pumping": {
        "BATCH": 100,
        "AHEAD": 300,
        "REFRESH": 5 * SECOND,
        "RENEWAL": 5 * SECOND,
        "POLL": 100,
        "POLL_AHEAD": SECOND,
    },
    "queues.consumers": {"MUTE": 2, "REST": MINUTE, "REMEMBERED": 2_592_000},
    "queues.consumer_groups": {"RATE": 80, "MOST": 32, "WINDOW": 8},
    # How long a function works at what it can go on with later, and how often it tries again.
    "compare_and_set": {"TRIES": 25, "SHORTEST": 10, "LONGEST": 400, "SLOWEST": SECOND},
    "sweeping": {"WORKED": 15 * SECOND},
    "inventory.devices": {"CLEARED_WITHIN": 5 * SECOND},
    "inventory.numbering": {"SETTLED": 2 * MINUTE, "WITHIN": 5 * SECOND},
    "inventory.removing": {"WITHIN": 5 * SECOND},
    "inventory.counting": {"AT_ONCE": 10_000, "MOST_VALUES": 200},
    "inventory.facets": {"MOST_COUNTED": 1_000_000},
    # A record has to fit into an item of DynamoDB's 400 KB, a text into a request.
    "commands.reporting": {"LARGEST": 360_000},
    "ids": {"LENGTH": 24, "ORDERED_LENGTH": 32, "MOST_ROWS": 4_096},
    "times": {"SECONDS_BELOW": 100_000_000_000, "LONGEST": 64},
    "patterns": {"MOST_REPETITIONS": 2},
}


@pytest.mark.parametrize("module", SAID)
def test_a_number_is_what_others_were_told(module: str) -> None:
    found = import_module(f"chalicelib.fleet.{module}")
    assert {name: getattr(found, name) for name in SAID[module]} == SAID[module]
