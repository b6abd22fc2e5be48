"""IBM IoT Foundation (later Watson IoT Platform): MQTT of manual chapter 5, REST v0001 of chapter 3, and v0002."""
