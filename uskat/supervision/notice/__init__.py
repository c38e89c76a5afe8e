"""Who is told what, over which channel, within what time: norms of reaction, areas, quiet hours, keys of messages."""
