"""Real TimescaleDB and Mosquitto of Debian 13 for the tests, and what installs them."""
