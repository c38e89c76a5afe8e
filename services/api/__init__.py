"""The HTTP API: one router a resource, one table of access, one table of errors."""
