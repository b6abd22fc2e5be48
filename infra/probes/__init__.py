"""What is asked of an account as firmware publishes and as clients ask, and what is kept of the answers."""
