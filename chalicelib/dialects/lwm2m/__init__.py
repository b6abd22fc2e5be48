"""LwM2M 1.0 and 1.1 of the Open Mobile Alliance: how values travel. The wire below them is `infra.gateway`."""
