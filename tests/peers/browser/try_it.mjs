// An API is tried in the devportal, under the policy of that page: node try_it.mjs BASE TOKEN_ENDPOINT
import { request } from "playwright-core";
import { fail, launch, quiet, signIn, visitor } from "./lib.mjs";

const [base, endpoint] = process.argv.slice(2);
const browser = await launch();
const server = await request.newContext({ ignoreHTTPSErrors: true });
const form = { grant_type: "client_credentials", client_id: "client-one", client_secret: "Password1" };
const { access_token: token } = await (await server.post(endpoint, { form })).json();
if (!token) fail("there is no token");

const { page, said } = await visitor(browser, base);
await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
}));
await signIn(page, base);
await page.goto(`${base}/devportal/apis`);
await page.getByRole("link", { name: "HttpBin", exact: true }).click();
await page.getByRole("link", { name: "Try it", exact: true }).click();
const tool = page.frameLocator("iframe");
const answers = [];
page.on("response", (answer) => { if (answer.url().endsWith("/try/call")) answers.push(answer); });

const operation = tool.locator(".opblock-get").first();
await operation.locator(".opblock-summary").first().click();
// A path for all has a place to be filled in, with slashes where there are several segments.
await operation.locator(".parameters input[placeholder=path]").fill("/a/b");
const run = async (status) => {
  await operation.getByRole("button", { name: /^Execute/ }).click();
  await operation.locator(".live-responses-table .response-col_status", { hasText: String(status) }).waitFor();
};
// Without a token the gateway says no, and with one of the application it is answered.
await run(401);
await tool.getByRole("button", { name: "Authorize" }).first().click();
await tool.getByLabel("auth-bearer-value").or(tool.locator(".auth-container input")).first().fill(token);
await tool.locator(".auth-btn-wrapper").getByRole("button", { name: /Apply credentials|Authorize/ }).click();
await tool.getByRole("button", { name: "Close" }).first().click();
await run(200);
const table = await operation.locator(".live-responses-table").innerText();
if (!table.includes("Bearer eyJ")) fail(`no JWT that the API was given is shown: ${table.slice(0, 1000)}`);
if (!/content-type/i.test(table) || /x-frame-options|content-security-policy/i.test(table)) fail(`header fields that are shown are not those of the API: ${table.slice(0, 2000)}`);
for (const place of [".request-url", ".curl-command"]) {
  const shown = await operation.locator(place).first().innerText();
  if (!shown.includes("/v1/anything/a/b")) fail(`${place} does not hold what was sent: ${shown}`);
}
if (!table.includes("/anything/a/b")) fail(`the API was asked for something else: ${table.slice(0, 1000)}`);
if (answers.length !== 2) fail(`${answers.length} calls went through the console`);
for (const answer of answers) {
  const policy = answer.headers()["content-security-policy"];
  if (!policy?.includes("sandbox")) fail(`an answer of the API comes under ${policy}`);
}
if ((await page.content()).includes(token)) fail("the token is in the page around the frame");
quiet(said, "Try it");
await browser.close();
console.log("tried");
