"""How sending can fail, told without addresses and secrets: the words are stored and logged."""


class NotSent(Exception):
    """The recipient's side did not take the message; another attempt may succeed."""


class Gone(NotSent):
    """The recipient is not there any more and never will be: nothing is to be sent there again."""


class NotConfigured(NotSent):
    """The installation has no access to the channel."""
