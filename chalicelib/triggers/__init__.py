"""What AWS calls: each module takes AWS's event and calls use cases."""
