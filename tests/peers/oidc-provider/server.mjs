// The npm package oidc-provider as the authorization server that the end-to-end tests run against. It
// issues opaque access tokens to clients and introspects them, by itself as JSON (RFC 7662) and as a
// signed statement (RFC 9701). What it does not know, a phantom token for `Accept: application/jwt`, is
// added below.
//
// Tokens and the signing key live in memory: a restart forgets them.
//
//   AS_PORT                    the port, on 127.0.0.1; the issuer is http(s)://localhost:AS_PORT
//   AS_TLS_CERT, AS_TLS_KEY    PEM files; with them https
//   AS_ALG       (RS256)       the algorithm of all signatures: RS256, PS256, ES256, EdDSA
//   AS_JWT_TYP   (at+jwt)      the `typ` of phantom tokens; empty: none
//   AS_TOKEN_TTL (300)         how long tokens live, in seconds
//   AS_INACTIVE  (204)         how a token that is not active is told where a JWT was asked for: 204, or
//                              json, which is 200 with {"active":false}
//   AS_PHANTOM   (on)          off: `application/jwt` is left to the package, which answers with JSON
//   AS_SLOW_MS   (0)           how long each introspection is held back
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import { createServer as createTls } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const {
  AS_PORT,
  AS_TLS_CERT,
  AS_TLS_KEY,
  AS_ALG: alg = 'RS256',
  AS_JWT_TYP: typ = 'at+jwt',
  AS_TOKEN_TTL = '300',
  AS_INACTIVE = '204',
  AS_PHANTOM = 'on',
  AS_SLOW_MS = '0',
} = process.env;
const lifetime = Number(AS_TOKEN_TTL);
const isTls = Boolean(AS_TLS_CERT && AS_TLS_KEY);
const issuer = `${isTls ? 'https' : 'http'}://localhost:${AS_PORT}`;

const paths = {
  token: '/oauth/v2/oauth-token',
  introspection: '/oauth/v2/oauth-introspect',
  revocation: '/oauth/v2/oauth-revoke',
  jwks: '/oauth/v2/oauth-anonymous/jwks',
};

// Who asks for tokens, and who may ask about them; the tutorials' names.
const secret = 'Password1';
const client = (client_id, more) => ({
  client_id,
  client_secret: secret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: [],
  response_types: [],
  redirect_uris: [],
  ...more,
});
const issuing = { grant_types: ['client_credentials'], scope: 'read write' };
const clients = [
  client('test-client', issuing),
  client('introspection-client'),
  client('api-gateway-client'),
];

const { privateKey } = await generateKeyPair(alg, { extractable: true });
const key = await exportJWK(privateKey);
Object.assign(key, { alg, use: 'sig', kid: await calculateJwkThumbprint(key) });

const anyone = () => true;
const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [key] },
  routes: paths,
  scopes: ['read', 'write'],
  ttl: { AccessToken: lifetime, ClientCredentials: lifetime },
  clientDefaults: {
    id_token_signed_response_alg: alg,
    introspection_signed_response_alg: alg,
  },
  enabledJWA: { idTokenSigningAlgValues: [alg], introspectionSigningAlgValues: [alg] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: anyone },
    jwtIntrospection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: anyone },
    // Every token is for one API, whose audience the tutorials expect.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:phantom:api',
      useGrantedResource: anyone,
      getResourceServerInfo: () => ({
        audience: 'client-one',
        scope: 'read write',
        accessTokenFormat: 'opaque',
        accessTokenTTL: lifetime,
      }),
    },
  },
});

/** The access token as a JWT, from what an introspection says of it. */
const phantomToken = ({ active, token_type, ...claims }) => {
  const told = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  const payload = { sub: claims.client_id, jti: randomUUID(), nbf: claims.iat, ...told };
  const header = { alg, kid: key.kid, ...(typ && { typ }) };
  return new SignJWT(payload).setProtectedHeader(header).sign(privateKey);
};

/** Answers as Curity does where a JWT is asked for. */
const answerWithPhantomToken = async (ctx, next) => {
  ctx.req.headers.accept = 'application/json';
  await next();
  const statement = ctx.body;
  if (ctx.status !== 200) return;
  if (statement.active) {
    const left = Math.max(0, statement.exp - Math.floor(Date.now() / 1000));
    ctx.body = await phantomToken(statement);
    ctx.type = 'application/jwt';
    ctx.set('cache-control', `private, max-age=${left}`);
  } else if (AS_INACTIVE === '204') {
    ctx.status = 204;
    ctx.body = null;
  }
};

let introspections = 0;
provider.use(async (ctx, next) => {
  // For the tests, which count the calls.
  if (ctx.path === '/_peer/stats') {
    ctx.body = { introspections };
    return;
  }
  if (ctx.path !== paths.introspection) {
    await next();
    return;
  }
  introspections += 1;
  await pause(Number(AS_SLOW_MS));
  const media = ctx.get('accept').split(',').map((each) => each.split(';')[0].trim().toLowerCase());
  const wantsJwt = AS_PHANTOM === 'on' && media.includes('application/jwt');
  await (wantsJwt ? answerWithPhantomToken(ctx, next) : next());
});

const server = isTls
  ? createTls({ cert: readFileSync(AS_TLS_CERT), key: readFileSync(AS_TLS_KEY) }, provider.callback())
  : createPlain(provider.callback());
server.listen(Number(AS_PORT), '127.0.0.1', () => console.log(`${issuer} is listening on ${AS_PORT}`));
