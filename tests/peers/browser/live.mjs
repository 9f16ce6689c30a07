// What gateways report comes to open pages: node live.mjs BASE API_AT_A_GATEWAY
import { request } from "playwright-core";
import { fail, hold, launch, quiet, signIn, visitor } from "./lib.mjs";

const [base, api] = process.argv.slice(2);
const browser = await launch();
const gateway = await request.newContext({ ignoreHTTPSErrors: true });
const call = (path) => gateway.get(`${api}${path}`, { headers: { authorization: "Bearer nobody-knows-this" } });

const { context, page, said } = await visitor(browser, base, { height: 400 });
await signIn(page, base);
let loads = 0;
page.on("request", (one) => { if (["document", "fetch"].includes(one.resourceType())) loads++; });
const row = (path) => page.getByRole("link", { name: new RegExp(`${path}$`) });

await page.goto(`${base}/traffic/decisions`);
await page.getByText("Live", { exact: true }).waitFor();
await call("/first");
await row("/first").waitFor();
if (loads !== 1) fail(`the page was asked for ${loads} times`);

// What has the focus has it afterwards, and nothing moves under the reader.
await row("/first").focus();
await page.evaluate(() => scrollTo(0, 160));
const at = await page.evaluate(() => scrollY);
if (at === 0) fail("there is nothing to scroll");
await call("/second");
await row("/second").waitFor();
if (!(await row("/first").evaluate((one) => one === document.activeElement))) fail("the focus is lost");
if ((await page.evaluate(() => scrollY)) !== at) fail("the page has moved");
await hold(page, "the last decisions, live");

// Paused, nothing changes; and then it goes on.
await page.getByRole("button", { name: "Pause" }).click();
await call("/third");
await page.waitForTimeout(10_000);
if (await row("/third").count()) fail("a page that is paused has changed");
await page.getByRole("button", { name: "Go on" }).click();
await row("/third").waitFor();
if (loads !== 1) fail(`the page was asked for ${loads} times`);

// What is open stays open.
await page.goto(`${base}/traffic`);
const numbers = page.locator("details").first();
await numbers.waitFor();
await numbers.locator("summary").click();
const before = await page.locator(".stats").innerText();
await call("/fourth");
await page.waitForFunction((text) => document.querySelector(".stats")?.innerText !== text, before);
if (!(await numbers.evaluate((one) => one.open))) fail("what was open is closed");
quiet(said, "live pages");

// Where there is no room for one more stream, the page asks.
await context.route("**/traffic/decisions/events*", (route) => route.fulfill({ status: 429 }));
await page.goto(`${base}/traffic/decisions`);
await page.getByText("Every five seconds", { exact: true }).waitFor();
await call("/fifth");
await row("/fifth").waitFor();
await context.unroute("**/traffic/decisions/events*");

// The session ends elsewhere: the page says so, and leads back.
await page.goto(`${base}/traffic/decisions`);
await page.getByText("Live", { exact: true }).waitFor();
const other = await context.newPage();
await other.goto(`${base}/account`);
await other.locator("details.menu > summary").click();
await other.getByRole("button", { name: "Sign out", exact: true }).click();
await other.waitForURL((url) => url.pathname.startsWith("/login"));
await page.bringToFront();
await page.getByText("You are signed out", { exact: true }).waitFor();
await hold(page, "a page after the end of its session");
await page.getByRole("link", { name: "Sign in" }).click();
await page.waitForURL((url) => url.pathname.startsWith("/login"));
await browser.close();
console.log("live");
