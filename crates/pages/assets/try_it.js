// @ts-check
// Swagger UI, whose requests go to the console instead of the gateway's own address.

const place = document.getElementById("swagger-ui");
const base = place?.dataset.base ?? "";
const proof = document.querySelector("input[name=_csrf]");
const csrf = proof instanceof HTMLInputElement ? proof.value : "";

// What stands in the place of an asterisk keeps its slashes: the definition has it told apart as `;path=a%2Fb`.
/** @param {string} url */
function opened(url) {
  return url.replace(/;path_*=([^?#]*)/, (_, rest) => rest.replaceAll("%2F", "/").replace(/^\/+/, ""));
}

/** @param {{url: string, method?: string, headers?: Record<string, string>, body?: unknown}} request */
async function through(request) {
  if (request.url.startsWith("/")) return request;
  const headers = Object.entries(request.headers ?? {});
  const body = request.body instanceof FormData ? new URLSearchParams(/** @type {any} */ (request.body)) : request.body;
  const form = new URLSearchParams({
    _csrf: csrf,
    url: opened(request.url),
    method: (request.method ?? "GET").toUpperCase(),
    "secret.headers": headers.map(([name, value]) => `${name}: ${value}`).join("\n"),
    "secret.body": body === undefined ? "" : String(body),
  });
  request.url = `${base}/call`;
  request.method = "POST";
  request.headers = { "Content-Type": "application/x-www-form-urlencoded" };
  request.body = form.toString();
  return request;
}

// Header fields are shown as the gateway sent them: those of our own answer are about this page.
/** @param {{headers: Record<string, string>}} response */
function shown(response) {
  const told = response.headers["x-phantom-headers"];
  if (told !== undefined) response.headers = JSON.parse(decodeURIComponent(told));
  return response;
}

// As it is told to whoever looks, and copied as a command.
const spec = { wrapActions: { setRequest: (/** @type {Function} */ keep) =>
  (/** @type {string} */ path, /** @type {string} */ method, /** @type {{url: string}} */ request) =>
    keep(path, method, { ...request, url: opened(request.url) }) } };

/** @type {any} */ (window).SwaggerUIBundle({
  url: `${base}/definition`,
  dom_id: "#swagger-ui",
  deepLinking: false,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  tryItOutEnabled: true,
  validatorUrl: null,
  persistAuthorization: false,
  requestInterceptor: through,
  responseInterceptor: shown,
  showMutatedRequest: false,
  plugins: [{ statePlugins: { spec } }],
});
