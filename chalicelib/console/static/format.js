// Numbers, times and values as people read them, in their language and their zone.

import { language } from "./words.js";

const made = new Map();

function by(kind, options) {
  const key = `${language()} ${kind} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](language(), options));
  return made.get(key);
}

export const number = (value, options = {}) => by("NumberFormat", { maximumFractionDigits: 6, ...options }).format(value);

export const local = (at) => by("DateTimeFormat", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));

/** The day of a year, or the month of one. */
export const day = (at, whole = false) => by("DateTimeFormat", whole ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" }).format(new Date(at));

export const clock = (at, seconds = false) => by("DateTimeFormat", { timeStyle: seconds ? "medium" : "short", hourCycle: "h23" }).format(new Date(at));

/** The moment in UTC, to the second. */
export const utc = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** How long ago, in the largest unit that fits. */
export function ago(at, now = Date.now()) {
  const seconds = Math.round((new Date(at) - now) / 1000);
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? units[3];
  return by("RelativeTimeFormat", { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** What is seen of nothing, turns the direction of a line or ends it: but for what joins letters and emoji. */
const UNSEEN = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text of somebody else's with what is not seen in it as escapes, as the command line shows it. */
export const visible = (text) => text.replace(UNSEEN, (one) => {
  const code = one.codePointAt(0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
});

export const json = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** Numbers of a value, by their paths: `{t: 1, gps: {lat: 2}}` has `t` and `gps.lat`. */
export function numbers(value, path = "", found = {}) {
  if (typeof value === "number" && Number.isFinite(value)) found[path || "value"] = value;
  else if (value && typeof value === "object" && path.split(".").length < 6) {
    for (const [name, inner] of Object.entries(value)) numbers(inner, path ? `${path}.${name}` : name, found);
  }
  return found;
}

const FORMULA = /^[=+\-@\t\r]/;

/** Lines of CSV (RFC 4180); texts that a spreadsheet would run begin with '. */
export function csv(rows) {
  return rows.map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : json(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Let the browser keep a text as a file. */
export function download(name, text, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
