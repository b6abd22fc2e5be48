"""What AWS does for the fleet besides keeping its records: deadlines and background work."""
