"""Wire formats of DESIGN §4: topics, payload schemas and codecs, shared by ingest and simulators."""
