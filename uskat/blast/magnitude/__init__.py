"""Local magnitude of a blast or earthquake from regional stations, energy class, magnitude against charge."""
