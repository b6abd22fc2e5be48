"""`homeport`: what people and scripts do with a fleet from a shell, over the public REST API alone."""
