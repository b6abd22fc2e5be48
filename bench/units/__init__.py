"""What every operation uses of AWS, counted call by call, and what a million of it cost."""
