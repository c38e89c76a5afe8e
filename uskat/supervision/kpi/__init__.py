"""Indicators of supervision as the strategy words them, with what is behind each figure."""
