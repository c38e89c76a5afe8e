"""How sending can fail, told without addresses and secrets: the words are stored and logged."""


class NotSent(Exception):
    """The recipient's side did not take the message; another attempt may succeed."""


class NotConfigured(NotSent):
    """The installation has no access to the channel."""
