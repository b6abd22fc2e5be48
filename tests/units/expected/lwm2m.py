"""LwM2M's operations, in the order of `COUNTED`."""

EXPECTED = {
    "lwm2m_register": (1, 3, 5, 0, 0, 0, 0, 0, 0),
    "lwm2m_update": (1, 0, 3, 0, 0, 0, 0, 0, 0),
    "lwm2m_notification": (1, 3, 4.5, 0, 0, 0, 0, 0, 0),
    "lwm2m_send_batched": (0.05, 1, 0.2, 0, 0, 0, 0, 0, 0),
    "lwm2m_read": (4, 8, 21.5, 0, 0, 0, 0, 0, 1),
    "lwm2m_observation": (3, 4, 15, 0, 0, 0, 0, 0, 1),
    "lwm2m_bootstrap": (9, 19, 41.5, 0, 0, 0, 0, 0, 0),
    "lwm2m_notification_usual": (0.1667, 2.3611, 3, 0, 0, 0, 0, 0, 0),
}
