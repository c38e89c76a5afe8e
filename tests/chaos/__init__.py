"""Real parts under real blows: kill -9 of every part, malformed payloads, any order. Each file runs as a script too."""
