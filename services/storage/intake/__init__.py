"""The one way in: decode, check and store raw messages in one transaction.

Used alike by the MQTT process, the HTTP endpoint, file import and re-parsing, so that every reading meets the same
decoder, the same checks and the same ledger.
"""

from services.storage.intake.intake import Intake
from services.storage.intake.message import Incoming, Outcome

__all__ = ["Incoming", "Intake", "Outcome"]
