"""Requests to a server of ours, as no browser would make them."""

from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit


def ask(address: str, path: str, host: str | None = None, method: str = "GET") -> tuple[int, bytes]:
    """Status and body of a path of the server at ``address``; ``host`` is what the request says that it is for."""
    where = urlsplit(address)
    with closing(HTTPConnection(where.hostname or "", where.port or 0, timeout=10)) as connection:
        connection.putrequest(method, path, skip_host=host is not None)
        if host is not None:
            connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
