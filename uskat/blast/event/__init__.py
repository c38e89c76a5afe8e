"""What the network of blast seismographs recorded: detected, located, matched with declared blasts, judged."""
