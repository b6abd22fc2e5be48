"""Requests for notifications, held open in front of an API that holds none: long polls and WebSocket."""

from infra.local.realtime.door import Door

__all__ = ["Door"]
