// The palette by keys, by mouse on a phone, and its page without script: node palette.mjs BASE
import { fail, hold, launch, quiet, signIn, visitor } from "./lib.mjs";

const [base] = process.argv.slice(2);
const browser = await launch();

function is(what, found, wanted) {
  if (found !== wanted) fail(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

for (const scheme of ["light", "dark"]) {
  const { context, page, said } = await visitor(browser, base, { scheme });
  await signIn(page, base);
  await page.goto(`${base}/account`);
  const before = page.getByRole("link", { name: "Workbench", exact: true });
  await before.focus();
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog", { name: "Search" });
  const box = dialog.getByRole("combobox", { name: "Search" });
  await dialog.getByRole("option").first().waitFor();
  is("focus", await box.evaluate((one) => one === document.activeElement), true);
  await hold(page, `the palette, ${scheme}`);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  is("focus afterwards", await before.evaluate((one) => one === document.activeElement), true);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("httpbin");
  const options = dialog.getByRole("option", { name: /^HttpBin/ });
  await options.nth(1).waitFor();
  is("groups", await dialog.getByRole("group").count(), 2);
  is("said", await dialog.getByRole("status").textContent(), "2 found.");
  const chosen = async () => {
    const id = await box.getAttribute("aria-activedescendant");
    is("selected", await dialog.locator("[aria-selected=true]").getAttribute("id"), id);
    return dialog.locator(`#${id}`).getAttribute("href");
  };
  const first = await chosen();
  await page.keyboard.press("ArrowDown");
  const second = await chosen();
  if (first === second) fail("ArrowDown chooses nothing else");
  await page.keyboard.press("ArrowDown");
  is("after the last", await chosen(), first);
  await page.keyboard.press("ArrowUp");
  await hold(page, `the palette with hits, ${scheme}`);
  await page.keyboard.press("Enter");
  await page.waitForURL(base + second);

  // Entered before anything was found, it leads to the page that finds the same.
  await page.keyboard.press("Control+k");
  await page.route("**/search/found*", (route) => route.abort());
  await page.keyboard.type("nobody-has-this-name");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/search" && url.searchParams.get("q") === "nobody-has-this-name");
  await page.getByText("Nothing that you may see is called").waitFor();
  quiet(said.filter((words) => !words.includes("ERR_FAILED")), scheme);
  await context.close();
}

const phone = await visitor(browser, base, { width: 360, height: 740 });
await signIn(phone.page, base);
await phone.page.getByRole("button", { name: "Search", exact: true }).click();
await phone.page.getByRole("combobox", { name: "Search" }).fill("httpbin");
await phone.page.getByRole("option", { name: /^HttpBin/ }).first().waitFor();
await hold(phone.page, "the palette on a phone");
await phone.page.getByRole("option", { name: /^HttpBin/ }).first().click();
await phone.page.waitForURL((url) => url.pathname.startsWith("/publisher/apis/"));
quiet(phone.said, "on a phone");

const plain = await visitor(browser, base, { script: false });
await signIn(plain.page, base);
await plain.page.getByRole("searchbox", { name: "Search", exact: true }).fill("curity");
await plain.page.keyboard.press("Enter");
await plain.page.waitForURL((url) => url.pathname === "/search");
await plain.page.getByRole("main").getByRole("link", { name: "curity", exact: true }).click();
await plain.page.waitForURL((url) => url.pathname.startsWith("/admin/key-managers/"));
await browser.close();
console.log("found");
