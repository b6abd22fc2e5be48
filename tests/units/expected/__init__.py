"""What the operations of each dialect use of AWS: a module a dialect that `bench.units` counts."""
