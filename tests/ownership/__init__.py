"""Client ids that change hands between two tenants, for the tests of whose everything is then."""
