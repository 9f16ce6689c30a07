// All components in all states, in both schemes and on a phone: node design.mjs BASE IMAGES
import { mkdirSync } from "node:fs";
import { fail, hold, launch, quiet, signIn, visitor } from "./lib.mjs";

const [base, images] = process.argv.slice(2);
mkdirSync(images, { recursive: true });

// Each component and each of its states: how many of it there are at least.
const STATES = {
  ".head h1": 1, ".head .badge": 2, ".trail a": 1, ".tabs [aria-current]": 1, ".tabs .group": 1,
  ".badge.good": 1, ".badge.warn": 1, ".badge.bad": 1, ".badge.neutral": 1,
  ".notice.good": 1, ".notice.warn": 1, ".notice.bad": 1, ".notice.neutral": 1, ".notice [data-dismiss]:not([hidden])": 4,
  ".stat": 2, "tbody tr": 3, ".list .search": 2, ".list .empty": 2, ".list .empty a.main": 1, ".pager": 2,
  ".field.wrong [aria-invalid=true]": 1, ".field .error": 1, ".field .help": 1, ".required": 1, ".unit": 1, "[readonly]": 1,
  ".field textarea": 1, ".field select": 1, "[type=radio]:checked": 1, "[type=checkbox]:checked": 2, "[type=file]": 1,
  "[type=number]": 1, "[type=password]": 2, "button.main": 1, "button.bad": 1, "button:disabled": 1,
  ".facts": 1, ".code pre": 1, "[data-copy]:not([hidden])": 1, ".diff del": 1, ".diff ins": 1,
  ".trace li.good": 1, ".trace li.bad": 1, ".steps li.good": 1, ".steps li.bad": 1, ".steps li.neutral": 1, ".tasks li": 2,
  ".chart svg path.line": 1, ".chart .empty": 1, ".hits a": 4, "[role=option]": 5, "[role=option][aria-selected=true]": 1, "[data-pause]": 1, "[data-live] .badge": 1,
};

// What holds of a drawn page whatever fonts there are: nothing is empty, cut, or lies over its neighbour.
function faults(states) {
  const faults = [];
  const says = (what, one) => faults.push(`${what}: ${one.outerHTML.slice(0, 140)}`);
  const box = (one) => one.getBoundingClientRect();
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const isApart = (one) => {
    const style = getComputedStyle(one);
    return ["absolute", "fixed", "sticky"].includes(style.position) || style.clipPath !== "none" || style.display.startsWith("inline") || style.float !== "none";
  };
  for (const [selector, least] of Object.entries(states)) {
    const all = [...document.querySelectorAll(`main ${selector}`)].filter(isSeen);
    if (all.length < least) faults.push(`${all.length} of at least ${least}: ${selector}`);
    for (const one of all) if (box(one).width < 1 || box(one).height < 1) says("empty", one);
  }
  for (const section of document.querySelectorAll("main > section")) {
    if (section.innerText.trim().split("\n").length < 2 || box(section).height < 40) says("nothing under its heading", section);
  }
  for (const one of document.querySelectorAll("main *")) {
    if (!isSeen(one) || one.closest("svg") || one.closest(".hidden")) continue;
    const style = getComputedStyle(one);
    if (style.overflowX !== "visible" && style.overflowX !== "auto" && style.textOverflow !== "ellipsis" && style.clipPath === "none"
      && !(one instanceof HTMLInputElement) && one.scrollWidth > one.clientWidth + 1) says("cut", one);
    const beside = [...one.children].filter((child) => isSeen(child) && !isApart(child) && box(child).width > 0 && box(child).height > 0);
    for (const [at, first] of beside.entries()) {
      for (const second of beside.slice(at + 1)) {
        const [a, b] = [box(first), box(second)];
        const over = (from, to, side) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]) > side;
        if (over("left", "right", 1) && over("top", "bottom", 1)) says(`overlaps ${second.outerHTML.slice(0, 60)}`, first);
      }
    }
  }
  return faults;
}

// In which colours each kind of thing is.
function colours(selectors) {
  return selectors.map((selector) => {
    const one = document.querySelector(selector);
    const style = one && getComputedStyle(one);
    return `${selector} ${style?.color} ${style?.backgroundColor} ${style?.borderTopColor}`;
  });
}

const browser = await launch();
const seen = {};
for (const [width, scheme] of [[1280, "light"], [1280, "dark"], [360, "light"], [360, "dark"]]) {
  const { context, page, said } = await visitor(browser, base, { width, scheme });
  await signIn(page, base);
  await page.goto(`${base}/design`);
  const what = `/design at ${width} px, ${scheme}`;
  const found = await page.evaluate(faults, STATES);
  await page.screenshot({ path: `${images}/design-${width}-${scheme}.png`, fullPage: true });
  if (found.length) fail(`${what}:\n  ${found.slice(0, 20).join("\n  ")}`);
  await hold(page, what);
  seen[`${width} ${scheme}`] = await page.evaluate(colours, ["body", ".bar", ".badge.good", ".badge.bad", ".notice.warn", "main input", "button.main", ".code", ".diff del", "tbody td", "a"]);
  quiet(said, what);
  await context.close();
}
for (const width of [1280, 360]) {
  const same = seen[`${width} light`].filter((one) => seen[`${width} dark`].includes(one));
  if (same.length) fail(`the same in both schemes at ${width} px: ${same.join("; ")}`);
}
await browser.close();
console.log("designed");
