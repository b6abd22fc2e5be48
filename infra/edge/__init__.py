"""The broker as an edge: for firmware that IoT Core cannot carry, in one container beside the stack on AWS."""
