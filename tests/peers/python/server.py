"""Authorization servers made with Python's libraries, each as its own documentation makes one:
`server.py authlib|django|aioauth`.

AS_PORT is the port. Clients: `test-client` gets tokens, `introspection-client` may introspect; the secret
of both is Password1. A user `alice` has the same password. `/token` and `/introspect` are the endpoints.
"""
import os
import sys
import time
from wsgiref.simple_server import WSGIRequestHandler, make_server

SECRET = "Password1"
CLIENTS = ("test-client", "introspection-client")


def authlib():
    from authlib.integrations.flask_oauth2 import AuthorizationServer
    from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
    from authlib.oauth2.rfc7662 import IntrospectionEndpoint
    from flask import Flask

    class Client(ClientMixin):
        def __init__(self, client_id):
            self.client_id = client_id

        def get_client_id(self):
            return self.client_id

        def get_allowed_scope(self, scope):
            return scope

        def check_client_secret(self, client_secret):
            return client_secret == SECRET

        def check_endpoint_auth_method(self, method, endpoint):
            return method in ("client_secret_basic", "client_secret_post")

        def check_grant_type(self, grant_type):
            return True

    class Token(TokenMixin):
        def __init__(self, values, client_id, user):
            self.values, self.client_id, self.user = values, client_id, user
            self.issued_at = int(time.time())

        def is_expired(self):
            return self.issued_at + self.values["expires_in"] < time.time()

        def is_revoked(self):
            return False

    class Password(grants.ResourceOwnerPasswordCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

        def authenticate_user(self, username, password):
            return username if password == SECRET else None

    class Introspection(IntrospectionEndpoint):
        def query_token(self, token_string, token_type_hint):
            names = [token_type_hint] if token_type_hint else ["access_token", "refresh_token"]
            for token in tokens:
                if any(token.values.get(name) == token_string for name in names):
                    return token

        def check_permission(self, token, client, request):
            return client.client_id == "introspection-client"

        def introspect_token(self, token):
            return {
                "active": True,
                "client_id": token.client_id,
                "token_type": token.values["token_type"],
                "username": token.user,
                "scope": token.values.get("scope", ""),
                "sub": token.user,
                "exp": token.issued_at + token.values["expires_in"],
                "iat": token.issued_at,
            }

    tokens = []
    app = Flask("authlib")
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    server = AuthorizationServer(
        app,
        lambda client_id: Client(client_id) if client_id in CLIENTS else None,
        lambda token, request: tokens.append(Token(token, request.client.client_id, request.user)),
    )
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_grant(Password)
    server.register_endpoint(Introspection)
    app.post("/token")(lambda: server.create_token_response())
    app.add_url_rule(
        "/introspect",
        "introspect",
        lambda: server.create_endpoint_response(Introspection.ENDPOINT_NAME),
        methods=["POST"],
    )
    return app


def django():
    import django as framework
    from django.conf import settings

    settings.configure(
        SECRET_KEY="of a test",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="urls",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        OAUTH2_PROVIDER={"SCOPES": {"read": "", "write": "", "introspection": ""}},
        USE_TZ=True,
    )
    framework.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import path
    from oauth2_provider.models import Application
    from oauth2_provider.views import IntrospectTokenView, TokenView

    urls = type(sys)("urls")
    urls.urlpatterns = [
        path("token", TokenView.as_view()),
        path("introspect", IntrospectTokenView.as_view()),
    ]
    sys.modules["urls"] = urls
    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user("alice", password=SECRET)
    for client_id in CLIENTS:
        Application.objects.create(
            client_id=client_id,
            client_secret=SECRET,
            hash_client_secret=False,
            client_type="confidential",
            authorization_grant_type="client-credentials",
        )
    Application.objects.create(
        client_id="password-client",
        client_secret=SECRET,
        hash_client_secret=False,
        client_type="confidential",
        authorization_grant_type="password",
    )
    return get_wsgi_application()


def aioauth():
    import asyncio
    import json
    from urllib.parse import parse_qs

    from aioauth.collections import HTTPHeaderDict
    from aioauth.config import Settings
    from aioauth.models import Client, Token
    from aioauth.requests import Post, Request
    from aioauth.server import AuthorizationServer
    from aioauth.storage import BaseStorage

    class Storage(BaseStorage):
        def __init__(self):
            self.tokens = []

        async def get_client(self, *, request, client_id, client_secret=None):
            if client_id not in CLIENTS or client_secret not in (None, SECRET):
                return None
            return Client(
                client_id=client_id,
                client_secret=SECRET,
                grant_types=["client_credentials", "password"],
                response_types=["token"],
                redirect_uris=[],
                scope="read write",
            )

        async def create_token(self, *, request, client_id, scope, access_token, refresh_token=None):
            token = Token(
                client_id=client_id,
                access_token=access_token,
                refresh_token=refresh_token,
                scope=scope,
                issued_at=int(time.time()),
                expires_in=300,
                refresh_token_expires_in=600,
                token_type="Bearer",
                revoked=False,
            )
            self.tokens.append(token)
            return token

        async def get_token(
            self, *, request, client_id, token_type=None, access_token=None, refresh_token=None
        ):
            for token in self.tokens:
                if access_token and token.access_token == access_token:
                    return token
                if refresh_token and token.refresh_token == refresh_token:
                    return token

        async def get_user(self, request):
            return request.post.username if request.post.password == SECRET else None

    server = AuthorizationServer(Storage())

    def app(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(length).decode(), keep_blank_values=True)
        request = Request(
            method=environ["REQUEST_METHOD"],
            url=environ["PATH_INFO"],
            headers=HTTPHeaderDict({"Authorization": environ.get("HTTP_AUTHORIZATION", "")}),
            post=Post(**{name: values[0] for name, values in form.items()}),
            settings=Settings(INSECURE_TRANSPORT=True),
        )
        answers = {
            "/token": server.create_token_response,
            "/introspect": server.create_token_introspection_response,
        }
        response = asyncio.run(answers[environ["PATH_INFO"]](request))
        fields = [(name, value) for name, value in response.headers.items()]
        start_response(f"{int(response.status_code)} X", fields)
        return [json.dumps(response.content).encode()]

    return app


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def main():
    make = {"authlib": authlib, "django": django, "aioauth": aioauth}[sys.argv[1]]
    with make_server("127.0.0.1", int(os.environ["AS_PORT"]), make(), handler_class=Quiet) as server:
        print("is listening on", server.server_port, flush=True)
        server.serve_forever()


main()
