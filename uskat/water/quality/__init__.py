"""Quality control of readings after QARTOD: arrays in, flags out (docs/algorithms/quality.md)."""
