// What a first visit to each area weighs over the wire, and that nothing moves while it comes: node weight.mjs BASE
import { fail, launch, quiet, signIn, visitor } from "./lib.mjs";

const [base] = process.argv.slice(2);
const MOST = 100_000;
const AREAS = ["/", "/admin/key-managers", "/publisher/apis", "/devportal/applications", "/devportal/apis", "/workbench", "/traffic", "/search"];
const browser = await launch();
for (const width of [1280, 360]) {
  const { context, page, said } = await visitor(browser, base, { width });
  await page.addInitScript(() => {
    globalThis.shifts = [];
    requestAnimationFrame(() => { globalThis.firstDrawn = document.getElementById("end") ? "whole" : "a part"; });
    new PerformanceObserver((list) => {
      for (const shift of list.getEntries()) {
        const what = shift.sources.map((one) => one.node?.outerHTML?.slice(0, 100) ?? one.node?.nodeName).join(" | ");
        globalThis.shifts.push({ value: shift.value, what });
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await signIn(page, base);
  // What is kept of the page before would not come over the wire. (Routes of the test would keep nothing at all.)
  await context.unroute("**/*");
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  // A browser that is slow enough shows a page before it has read all of it, if it may.
  await wire.send("Emulation.setCPUThrottlingRate", { rate: width > 1000 ? 30 : 1 });
  let bytes = 0, count = 0;
  wire.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; count++; });
  for (const area of AREAS) {
    await page.goto("about:blank");
    await wire.send("Network.clearBrowserCache");
    [bytes, count] = [0, 0];
    await page.goto(base + area, { waitUntil: "load" });
    await page.waitForTimeout(1_000);
    if (count < 3) fail(`${area}: ${count} files came; were they kept?`);
    if (bytes > MOST) fail(`${area} at ${width} px: ${bytes} bytes in ${count} files come at a first visit; ${MOST} may`);
    const shifts = await page.evaluate(() => globalThis.shifts);
    const moved = shifts.reduce((sum, shift) => sum + shift.value, 0);
    const firstDrawn = await page.evaluate(() => globalThis.firstDrawn);
    if (firstDrawn !== "whole") fail(`${area} at ${width} px: ${firstDrawn} of it is drawn first`);
    if (moved > 0) fail(`${area} at ${width} px: the layout shifts by ${moved}: ${shifts.map((one) => one.what).join("; ")}`);
    console.log(`${area} at ${width} px: ${bytes} bytes in ${count} files, layout shift ${moved}`);
  }
  // What is measured is measured: a thing that is put in above is seen to move the others.
  await page.evaluate(() => document.querySelector("main").prepend(Object.assign(document.createElement("p"), { innerText: "x\n".repeat(9) })));
  await page.waitForFunction(() => globalThis.shifts.length > 0);
  quiet(said, "first visits");
  await context.close();
}
await browser.close();
