"""CoAP over DTLS for LwM2M devices: one container, or a thread of the local stack."""
