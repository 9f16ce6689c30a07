// What the scripts share: a browser, who signs in, and what holds of every page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Nothing of it asks anybody outside.
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-crash-reporter",
];

export function fail(words) {
  throw new Error(words);
}

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

// A context of its own. What it asked of other origins, and what its console says, is remembered.
export async function visitor(browser, base, options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.scheme ?? "light",
    javaScriptEnabled: options.script ?? true,
    permissions: options.script === false ? [] : ["clipboard-write"],
  });
  const said = [];
  const allowed = [new URL(base).origin, ...(options.also ?? [])];
  await context.route("**/*", (route) => {
    const origin = new URL(route.request().url()).origin;
    if (allowed.includes(origin)) return route.continue();
    said.push(`asked ${origin}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  page.setDefaultNavigationTimeout(40_000);
  page.on("pageerror", (error) => said.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // A form that is refused is a page with its own status, which browsers tell as an error.
    const expected = /Failed to load resource: the server responded with a status of 4(01|03|04|09|12|22|29)/;
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) said.push(message.text());
  });
  return { context, page, said };
}

export async function signIn(page, base, user = "admin", password = "admin") {
  await page.goto(`${base}/login`);
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
}

// Rules of accessibility, and that nothing is cut or lies beside the window.
export async function hold(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    const places = (nodes) => nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.any[0]?.message ?? node.failureSummary})`);
    return result.violations.map((rule) => `${rule.id}: ${places(rule.nodes).join("; ")}`);
  });
  if (found.length) fail(`${what}: ${found.join("\n  ")}`);
  const beside = await page.evaluate(() => {
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over <= 0) return "";
    const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
    return `${over} px too wide: ${wide.slice(0, 3).map((one) => one.outerHTML.slice(0, 120)).join(" | ")}`;
  });
  if (beside) fail(`${what}: ${beside}`);
}

// What the page says, line by line, without what is another at each run: the text beside a picture of it.
export async function words(page) {
  const lines = await page.evaluate(() => {
    const main = document.querySelector("main");
    const fields = [...main.querySelectorAll("input, select, textarea")].filter((one) => one.checkVisibility());
    const said = fields.map((field) => {
      const label = field.labels?.[0]?.innerText ?? field.getAttribute("aria-label") ?? "";
      const isBox = ["checkbox", "radio"].includes(field.type);
      const value = isBox ? (field.checked ? "chosen" : "") : field.type === "password" ? "" : field.selectedOptions?.[0]?.text ?? field.value;
      return value && `[${label}] ${value}`;
    });
    return [...main.innerText.split("\n"), ...said.join("\n").split("\n")];
  });
  const same = [
    [/\beyJ[\w.-]+…?/g, "{jwt}"],
    [/\b_0XB\w*-?[\w-]*/g, "{token}"],
    [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "{id}"],
    [/\b(?=\w*\d)[0-9a-f]{8,}\b/g, "{hex}"],
    [/\b\w{3}, \d{2} \w{3} \d{4} [\d:]+ GMT/g, "{time}"],
    [/\b\d{4}-\d{2}-\d{2}[T ][\d:.]+( UTC|Z)?/g, "{time}"],
    [/\b(just now|(\d+|an?) (second|minute|hour|day)s? ago)/g, "{ago}"],
    [/\b(\d+|an?) (second|minute|hour)s?\b/g, "{while}"],
    [/\b[\d.,]+ ms\b/g, "{ms}"],
    [/(localhost|127\.0\.0\.1):\d+/g, "$1:{port}"],
    [/\b[\w-]{32,}\b/g, "{long}"],
    [/\b\d[\d,]{3,}\b/g, "{number}"],
  ];
  const plain = lines.map((line) => same.reduce((text, [from, to]) => text.replace(from, to), line).replace(/\s+/g, " ").trim());
  return `${plain.filter(Boolean).join("\n")}\n`;
}

export function quiet(said, what) {
  if (said.length) fail(`${what}: ${said.join("\n  ")}`);
}

// The same page of another thing is the same page.
export function kind(path) {
  return path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}").replace(/\?.*$/, "");
}
