"""A simulated fleet against a running stack: what a newcomer watches, and what counts that nothing is lost."""
