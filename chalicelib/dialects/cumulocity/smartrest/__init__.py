"""SmartREST 2.0: rows of comma-separated values over MQTT (guide "MQTT", "Static templates"; "SmartREST 2.0")."""
