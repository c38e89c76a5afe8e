"""A regional seismic catalogue as values: import from QuakeML and tables, day pattern of blasts."""
