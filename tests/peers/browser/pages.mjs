// Every page that can be reached by links, in both schemes, at three widths: node pages.mjs BASE [PATH...]
import { fail, hold, kind, launch, quiet, signIn, visitor } from "./lib.mjs";

const [base, ...more] = process.argv.slice(2);
const browser = await launch();
const { page, said, context } = await visitor(browser, base);
await page.goto(`${base}/login`);
await hold(page, "/login");
await signIn(page, base);

const origin = new URL(base).origin;
const found = new Map();
const queue = ["/", ...more];
while (queue.length && found.size < 80) {
  const path = queue.shift();
  if (found.has(kind(path))) continue;
  const answer = await page.goto(base + path).catch((error) => error);
  if (answer instanceof Error) {
    if (!answer.message.includes("Download is starting")) throw answer;
    found.set(kind(path), null);
    continue;
  }
  if (answer.status() !== 200) fail(`${path} is linked and answers ${answer.status()}`);
  if (!answer.headers()["content-type"].startsWith("text/html")) {
    found.set(kind(path), null);
    continue;
  }
  found.set(kind(path), path);
  const size = (await answer.body()).length;
  if (size > 40_000 && path !== "/design") fail(`${path} has ${size} bytes`);
  const links = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((link) => link.href));
  for (const link of links) {
    const url = new URL(link);
    if (url.origin === origin) queue.push(url.pathname + url.search);
  }
}
const pages = [...found.values()].filter(Boolean);
quiet(said, "while following links");
await context.close();

for (const [width, height, scheme] of [[1280, 800, "light"], [1280, 800, "dark"], [360, 740, "light"], [640, 400, "dark"]]) {
  const one = await visitor(browser, base, { width, height, scheme });
  await signIn(one.page, base);
  for (const path of pages) {
    await one.page.goto(base + path);
    await hold(one.page, `${path} at ${width} px, ${scheme}`);
  }
  quiet(one.said, `${width} px, ${scheme}`);
  await one.context.close();
}
await browser.close();
console.log(`${pages.length} pages: ${pages.map(kind).join(" ")}`);
