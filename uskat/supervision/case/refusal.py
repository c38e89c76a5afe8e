"""What the rules of a case say no with."""


class IllegalCaseStepError(ValueError):
    """A step that the present state does not allow, or that lacks what it must say; the message, in Russian, says."""


def need(condition: object, what: str) -> None:
    """Raise IllegalCaseStepError with `what` unless the condition holds."""
    if not condition:
        raise IllegalCaseStepError(what)
