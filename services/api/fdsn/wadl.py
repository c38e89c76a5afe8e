"""application.wadl: what a service understands, for clients that ask before they ask."""

from xml.sax.saxutils import quoteattr

from services.api.fdsn.parameters import Parameter, Service


def wadl(service: Service, *, base: str) -> bytes:
    """The WADL document of a service. base: address of the service, "http://host/fdsnws/station/1/"."""
    answer = "".join(f"<representation mediaType={quoteattr(kind)}/>" for kind in service.media_types)
    response = f"<response>{answer}</response>"
    params = "".join(_param(parameter) for parameter in service.parameters)
    query = f'<method name="GET" id="query"><request>{params}</request>{response}</method>'
    if service.bulk:
        query += (
            '<method name="POST" id="postQuery"><request><representation mediaType="text/plain"/></request>'
            f"{response}</method>"
        )
    plain = '<method name="GET"><response><representation mediaType="text/plain"/></response></method>'
    xml = '<method name="GET"><response><representation mediaType="application/xml"/></response></method>'
    more = "".join(f'<resource path="{name}">{xml}</resource>' for name in ("application.wadl", *service.methods))
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<application xmlns="http://wadl.dev.java.net/2009/02" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<resources base={quoteattr(base)}><resource path="/"><resource path="query">{query}</resource>'
        f'<resource path="version">{plain}</resource>{more}</resource></resources></application>\n'
    )
    return document.encode()


def _param(parameter: Parameter) -> str:
    default = "" if parameter.default is None else f" default={quoteattr(parameter.default)}"
    options = "".join(f"<option value={quoteattr(option)}/>" for option in parameter.options)
    head = f'<param name="{parameter.name}" style="query" type="{parameter.kind.value}" required="false"{default}'
    return f"{head}>{options}</param>" if options else f"{head}/>"
