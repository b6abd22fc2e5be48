"""Orange Live Objects: MQTT of manual chapter 6, REST of chapters 4, 5 and 8."""
