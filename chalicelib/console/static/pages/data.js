// What a device said: a curve of its numbers, a table of its messages, and both as CSV.

import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { device as deviceAt, get, PAGE, path, STREAMS } from "../api.js";
import { csv, download, json, number, numbers } from "../format.js";
import { go } from "../location.js";
import { Action, Field, Problem, Table, Text, Time, Waiting } from "../parts.js";
import { curve, Plot } from "../plot.js";
import { resting, usePolled } from "../polling.js";
import { t } from "../words.js";

const RANGES = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 30 * 86_400_000, all: null };
const DEFAULT_RANGE = "day";
const MOST_POINTS = 5 * PAGE;
const SHOWN = 100;
const CURVES = 4;
const EVERY_MS = 5000;
const HIDDEN_MS = 60_000;

export function Data({ device, query }) {
  const streams = usePolled((signal) => get(deviceAt(device.id, "data", "streams"), { limit: 100 }, signal), [device.id]);
  // The stream that was shown first stays: another one that speaks now comes before it in the list.
  const first = useRef();
  first.current ??= streams.data?.[0]?.streamId;
  const stream = query.stream ?? first.current;
  const range = query.range in RANGES ? query.range : DEFAULT_RANGE;
  const choose = (change) => go(["devices", device.id, "data"], { ...query, ...change });
  if (streams.data && !streams.data.length && !query.stream) return html`<p class="quiet">${t("no_data")}</p>`;
  return html`<${Waiting} of=${streams} />
    ${streams.data && html`<div class="row">
      <${Field} label=${t("stream")}><select value=${stream} onChange=${(e) => choose({ stream: e.target.value })}>${streams.data.map((one) => html`<option value=${one.streamId}>${one.streamId}</option>`)}</select></${Field}>
      <${Field} label=${t("range")}><select value=${range} onChange=${(e) => choose({ range: e.target.value })}>${Object.keys(RANGES).map((one) => html`<option value=${one}>${t(`range_${one}`)}</option>`)}</select></${Field}></div>
      <${Messages} key=${`${stream} ${range}`} id=${device.id} stream=${stream} range=${range} />`}`;
}

function Messages({ id, stream, range }) {
  const { messages, error, cut } = useMessages(id, stream, RANGES[range]);
  const [hidden, setHidden] = useState(null);
  const points = useMemo(() => (messages ?? []).map((m) => ({ at: Date.parse(m.timestamp), numbers: numbers(m.value) })), [messages]);
  const names = useMemo(() => [...new Set(points.flatMap((point) => Object.keys(point.numbers)))].sort(), [points]);
  const off = hidden ?? new Set(names.slice(CURVES));
  const series = names.filter((name) => !off.has(name));
  const toggle = (name) => {
    const next = new Set(off);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  if (error && !messages) return html`<${Problem} error=${error} />`;
  if (!messages) return html`<p class="quiet" role="status">${t("loading")}</p>`;
  if (!messages.length) return html`<p class="quiet">${t("no_data_in_range")}</p>`;
  const newest = messages.at(-1);
  const last = numbers(newest.value);
  const label = t("curve_of", { series: series.join(", "), n: number(messages.length), last: series.map((name) => `${name} ${number(last[name] ?? NaN)}`).join(", ") });
  const columns = [
    { title: t("time"), cell: (m) => html`<${Time} at=${m.timestamp} />` },
    { title: t("model"), cell: (m) => m.model && html`<${Text}>${m.model}</${Text}>` },
    { title: t("value"), cell: (m) => html`<code><${Text}>${json(m.value)}</${Text}></code>` },
  ];
  const save = async () => download("data.csv", csv([["timestamp", "stream", "model", ...names, "value"], ...messages.map((m, n) => [m.timestamp, m.streamId, m.model, ...names.map((name) => points[n].numbers[name]), json(m.value)])]));
  return html`<${Problem} error=${error} />
    ${names.length > 0 && html`<div class="row" role="group" aria-label=${t("curves")}>${names.map((name) => html`<label class="choice" key=${name}><input type="checkbox" checked=${!off.has(name)} onChange=${() => toggle(name)} />
      <span class=${off.has(name) ? "" : curve(series.indexOf(name))}><${Text}>${name}</${Text}></span></label>`)}</div>
    <${Plot} points=${points} series=${series} label=${label} />`}
    <p>${t("messages", { n: number(messages.length) })} ${cut && html`<span class="note">${t("only_newest", { n: number(MOST_POINTS) })}</span>`}</p>
    <div class="row"><${Action} label=${t("save_csv")} run=${save} /></div>
    <${Table} caption=${t("tab_data")} columns=${columns} rows=${messages.slice(-SHOWN).reverse()} />`;
}

/** Messages of a device in a stream, in order of time; newer ones are added as they come. */
function useMessages(id, stream, span) {
  const [state, setState] = useState({});
  const kept = useRef([]);
  useEffect(() => {
    if (!stream) return undefined;
    const ending = new AbortController();
    let timer;
    const since = span === null ? null : new Date(Date.now() - span).toISOString();
    const look = async () => {
      if (!(resting() && kept.current.length)) {
        try {
          const newest = kept.current.at(-1)?.timestamp;
          const { found, cut } = await read(stream, newest ?? since, ending.signal);
          const known = new Set(kept.current.map((message) => message.id));
          const fresh = found.filter((m) => m.metadata?.source === id && !known.has(m.id));
          if (!ending.signal.aborted && (fresh.length || !newest)) {
            kept.current = [...kept.current, ...fresh].sort(byTime).slice(-MOST_POINTS);
            setState((before) => ({ messages: kept.current, cut: before.cut || cut }));
          }
        } catch (error) {
          if (!ending.signal.aborted) setState((before) => ({ ...before, error }));
        }
      }
      if (!ending.signal.aborted) timer = setTimeout(look, document.hidden ? HIDDEN_MS : EVERY_MS);
    };
    look();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}

async function read(stream, since, signal) {
  const found = [];
  let bookmarkId;
  for (;;) {
    const part = await get(path(STREAMS, stream), { limit: PAGE, timeRange: since && `${since},`, bookmarkId }, signal);
    found.push(...part);
    if (!part.length || found.length >= MOST_POINTS) return { found, cut: part.length > 0 };
    if (part.length < PAGE && found.length < PAGE) return { found, cut: false };
    bookmarkId = part.at(-1).id;
  }
}

const byTime = (a, b) => a.timestamp.localeCompare(b.timestamp) || a.id.localeCompare(b.id);
