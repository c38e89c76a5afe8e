"""Local parts: the database and the broker that Uskat starts by itself, as real processes it owns."""
