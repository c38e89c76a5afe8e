"""`uskat demo`: everything on one machine, as separate processes under one supervisor."""
