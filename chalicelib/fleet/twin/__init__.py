"""What a device is made of, object by object: paths, values and the definitions that give them types."""
