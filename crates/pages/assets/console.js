// @ts-check
// Improvements to pages that work without it.
import "./copy.js";
import "./once.js";
import "./menu.js";
import "./live.js";
import "./palette.js";
