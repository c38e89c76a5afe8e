"""The amqtt broker as a process: ``python -m services.parts.amqtt_broker --port N``.

Plain TCP on 127.0.0.1, everybody may connect. It is what `uskat demo` uses where no Mosquitto is installed.

Measured with amqtt 0.12.1 and paho-mqtt 2 (tests/integration/test_parts.py holds the ones that matter):

- MQTT 3.1.1 only; an MQTT 5 client is refused with «Unsupported protocol version».
- ``$share/...`` is accepted and then matches nothing: one ingest worker with a plain subscription.
- about 4 000 messages/s of 400 bytes at QoS 1, 35 MB of memory; 10 MB messages pass.
- nothing survives the process; it acknowledges a publisher before any subscriber has the message.
- a session that is away keeps its messages in memory without a bound (with AcceptEverybody; with amqtt's own anonymous
  plug-in it keeps none) and delivers them later with the retain flag set.
- a message that a subscriber did not acknowledge is forgotten after 5 s or at a reconnect, never sent again.
- a subscriber gets each retained message twice.

Hence durability rests on loggers that keep a packet until the `ack` topic confirms it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from services.parts.port import LOOPBACK


class AcceptEverybody(BaseAuthPlugin):  # type: ignore[misc]
    """Let every client in without marking its session anonymous: amqtt keeps no messages for an anonymous session."""

    async def authenticate(self, *, session: Session) -> bool:
        """Accept the session."""
        return session is not None


def configuration(port: int) -> dict[str, object]:
    """Return amqtt's configuration: one listener, no $SYS topics, no logging of packets."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {f"{__name__ if __name__ != '__main__' else 'services.parts.amqtt_broker'}.AcceptEverybody": {}},
    }


async def serve(port: int) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(configuration(port))
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main() -> None:
    """Read the port and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # amqtt reports every client that leaves without a goodbye, and its state machine every transition.
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(serve(options.port))


if __name__ == "__main__":
    main()
