// The whole WSO2 tutorial on an empty instance, from "Add Key Manager" to a 200 through the gateway and a 401
// explained: node tutorial.mjs BASE HAND AS_ORIGIN API_URL GATEWAY [IMAGES]
// HAND: "mouse", "keys" (Tab, arrows, Space, Enter and typing alone) or "noscript".
import { mkdirSync, writeFileSync } from "node:fs";
import { fail, hold, launch, quiet, signIn, visitor, words } from "./lib.mjs";

const [base, hand, server, api, gateway, images] = process.argv.slice(2);
const browser = await launch();
const { page, said } = await visitor(browser, base, { script: hand !== "noscript" });
if (images) mkdirSync(images, { recursive: true });

async function shot(name) {
  if (!images) return;
  await page.waitForLoadState("load");
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${images}/${name}.png` });
  writeFileSync(`${images}/${name}.txt`, await words(page));
}

// Goes on by Tab until that control has the focus, as somebody without a mouse does.
async function reach(target) {
  await target.waitFor();
  const wanted = await target.elementHandle();
  for (let step = 0; step < 400; step++) {
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
    // Of a group of radio buttons Tab reaches the chosen one alone, and arrows the others.
    const next = await wanted.evaluate((one) => {
      const at = document.activeElement;
      return one.type === "radio" && at?.type === "radio" && at.name === one.name && at.form === one.form;
    });
    await page.keyboard.press(next ? "ArrowDown" : "Tab");
  }
  fail(`nobody comes to ${target} by keys`);
}

async function press(role, name, within = page) {
  const target = within.getByRole(role, { name, exact: true }).first();
  if (hand !== "keys") return target.click();
  await reach(target);
  await page.keyboard.press("Enter");
}

async function fill(label, value) {
  const target = page.getByLabel(label, { exact: true }).or(page.getByLabel(`${label} *`, { exact: true })).first();
  if (hand !== "keys") return target.fill(value);
  await reach(target);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(value);
}

async function tick(label, on) {
  const target = page.getByLabel(label, { exact: true }).first();
  if ((await target.isChecked()) === on) return;
  if (hand !== "keys") return on ? target.check() : target.uncheck();
  await reach(target);
  if ((await target.isChecked()) !== on) await page.keyboard.press("Space");
}

async function choose(label, words) {
  const target = page.getByLabel(label, { exact: true }).or(page.getByLabel(`${label} *`, { exact: true })).first();
  // What stands behind the name says what it means.
  const option = target.locator("option").filter({ hasText: new RegExp(`^${words}( |$)`) }).first();
  if (hand !== "keys") return target.selectOption(await option.getAttribute("value"));
  await reach(target);
  await page.keyboard.type(words);
}

async function says(words) {
  await page.getByText(words).first().waitFor({ state: "attached" });
}

async function step(name, work) {
  try {
    await work();
  } catch (error) {
    if (process.env.PHANTOM_SHOT) await page.screenshot({ path: process.env.PHANTOM_SHOT, fullPage: true });
    const text = await page.evaluate(() => document.querySelector("main")?.innerText ?? "").catch(() => "");
    fail(`${name}: ${error.message}\nat ${page.url()}\n${text.slice(0, 3000)}`);
  }
  if (hand === "mouse") await hold(page, name);
}

await signIn(page, base);

await step("a key manager", async () => {
  await page.goto(`${base}/admin`);
  await press("link", "Key Managers");
  await press("link", "Add Key Manager");
  await choose("Key Manager Type", "Curity Phantom Token");
  await fill("Name", "curity");
  await fill("Well-known URL", `${server}/oauth/v2/oauth-anonymous/.well-known/openid-configuration`);
  await press("button", "Import");
  await says("The metadata is imported");
  await shot("import");
  await fill("Client ID", "api-gateway-client");
  await fill("Client Secret", "Password1");
  await fill("Expected Audience", "client-one");
  await tick("Public", true);
  for (const name of ["Token Generation", "Out Of Band Provisioning", "OAuth App Creation"]) await tick(name, false);
  await tick("Self Validate JWT", true);
  await press("button", "Save");
  await says("The key manager is in force");
  await shot("key-managers");
});

await step("an API", async () => {
  await page.goto(`${base}/publisher`);
  await press("link", "Create API");
  await fill("Name", "HttpBin");
  await fill("Version", "v1");
  await fill("Context", "/httpbin");
  await fill("Endpoint", api);
  await press("button", "Create");
  await press("link", "Develop");
  await press("link", "Resources");
  await page.getByRole("radiogroup", { name: /Security/ }).or(page.getByRole("group", { name: /Security/ })).first().waitFor();
  await press("button", "Save");
  await shot("resources");
  await press("link", "Runtime");
  await tick("OAuth2", true);
  await tick("Allow all", true);
  await press("button", "Save and Deploy");
  await says("Saved and deployed");
  await shot("runtime");
  await press("link", "Overview");
  await press("button", "Publish");
  await says("Published");
});

await step("an application", async () => {
  await page.goto(`${base}/devportal/applications`);
  await press("link", "Add New Application");
  await fill("Name", "CurityApp");
  await choose("Shared Quota for Application Tokens", "Unlimited");
  await press("button", "Save");
  await press("link", "Keys");
  await shot("keys");
  const row = page.getByRole("row", { name: /curity/ });
  await press("link", "Map a consumer key", (await row.count()) ? row : page);
  await fill("Consumer Key", "client-one");
  await press("button", "Map a consumer key");
  await says("client-one");
});

await step("a subscription", async () => {
  await press("link", "Subscriptions");
  await press("link", "Subscribe to an API");
  await press("link", "HttpBin");
  await press("link", "Subscribe");
  await press("button", "Subscribe");
  await says("CurityApp");
});

await step("a token, and a call", async () => {
  await page.goto(`${base}/workbench`);
  await choose("Key manager", "curity");
  await fill("Client ID", "client-one");
  await fill("Client Secret", "Password1");
  await press("button", "Get a token");
  await says("access_token");
  await shot("token");
  await fill("URL at a gateway", `${gateway}/httpbin/v1/get`);
  await press("button", "Call the API");
  await says("Bearer eyJ");
  await shot("call");
});

await step("a refusal, explained", async () => {
  await fill("Token", "_0XBPWQQ_2fe74ce6-08dc-4a5d-8f1b-7a9c3b0e6f11");
  await press("button", "Call the API");
  await says("401");
  // The page looks again by itself until the gateway has reported it.
  await press("link", "See what the gateway decided, hop by hop");
  await says("What to do:");
  if (hand === "mouse") await hold(page, "the decision on a call");
  await page.goto(`${base}/traffic/decisions`);
  const refused = page.getByRole("row").filter({ hasText: "401" });
  for (let wait = 0; (await refused.count()) === 0 && wait < 40; wait++) {
    await page.waitForTimeout(500);
    await page.reload();
  }
  await refused.first().waitFor();
  await shot("decisions");
  await page.goto(`${base}/traffic`);
  await shot("traffic");
});

await step("the same, explained without sending", async () => {
  await page.goto(`${base}/workbench`);
  await fill("URL at a gateway", `${gateway}/httpbin/v1/get`);
  await fill("Token", "_0XBPWQQ_2fe74ce6-08dc-4a5d-8f1b-7a9c3b0e6f11");
  await press("button", "Explain without sending");
  await says("401 (token_inactive)");
  if (hand === "mouse") await hold(page, "an explanation");
  await shot("explained");
});

quiet(said, "the tutorial");
await browser.close();
console.log("200 and 401");
