"""What a key or a user may do."""

from enum import StrEnum


class Role(StrEnum):
    API_KEY_R = "API_KEY_R"
    API_KEY_W = "API_KEY_W"
    USER_R = "USER_R"
    USER_W = "USER_W"
    SETTINGS_R = "SETTINGS_R"
    SETTINGS_W = "SETTINGS_W"
    DEVICE_R = "DEVICE_R"
    DEVICE_W = "DEVICE_W"
    CAMPAIGN_R = "CAMPAIGN_R"
    CAMPAIGN_W = "CAMPAIGN_W"
    DATA_R = "DATA_R"
    DATA_W = "DATA_W"
    DATA_PROCESSING_R = "DATA_PROCESSING_R"
    DATA_PROCESSING_W = "DATA_PROCESSING_W"
    BUS_CONFIG_R = "BUS_CONFIG_R"
    BUS_CONFIG_W = "BUS_CONFIG_W"
    BUS_R = "BUS_R"
    BUS_W = "BUS_W"
    BOOTSTRAP_R = "BOOTSTRAP_R"
    BOOTSTRAP_W = "BOOTSTRAP_W"
    DEVICE_ACCESS = "DEVICE_ACCESS"
    CONNECTOR_ACCESS = "CONNECTOR_ACCESS"
    LOGS_R = "LOGS_R"


ALL_ROLES = frozenset(Role)

READING = frozenset(role for role in Role if role.value.endswith("_R"))
ADMIN_PROFILE = ALL_ROLES - {Role.BOOTSTRAP_R, Role.BOOTSTRAP_W}
USER_PROFILE = READING - {Role.BOOTSTRAP_R} | {Role.API_KEY_W, Role.BUS_W, Role.DEVICE_ACCESS, Role.CONNECTOR_ACCESS}
"""What people who administer a tenant, and people who work with it, are given."""
