"""Tables, engine, units of work, named queries: the only room that speaks SQL."""
