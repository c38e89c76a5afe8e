"""MQTT → decode → check → store → acknowledge."""
