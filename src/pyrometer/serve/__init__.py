"""The viewer's page from a server on this machine, for as long as somebody looks at it."""

from pyrometer.serve.server import Server

__all__ = ["Server"]
