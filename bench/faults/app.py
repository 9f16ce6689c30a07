"""For gunicorn: refuses uploads without reading them, and has ten files."""


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        start_response("413 Content Too Large", [("Content-Length", "5")])
        return [b"early"]
    name = environ["PATH_INFO"].removesuffix(".txt").strip("/")
    body = f"file {name}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
