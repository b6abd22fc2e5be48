// A curve of values in time, by uPlot. The table beside it says the same to those who do not see it.

import { clock, day } from "./format.js";
import { html, useEffect, useRef } from "./html.js";

const COLOURS = 6;
const HEIGHT = 260;
/** How much is shown before and after a point that is the only one. */
const ALONE_S = 60;
const DAY_S = 86_400;
const MONTH_S = 28 * DAY_S;

/** `series` are names of numbers of each point; a point is `{at, numbers}`, in order of `at` (ms). */
export function Plot({ points, series, label }) {
  const place = useRef();
  useEffect(() => {
    const node = place.current;
    if (!points.length || !series.length) return undefined;
    const colour = (name) => getComputedStyle(node).getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    const [first, last] = [points[0].at / 1000, points.at(-1).at / 1000];
    const options = {
      width: node.clientWidth || 600,
      height: HEIGHT,
      series: [{}, ...series.map((name, n) => ({
        label: name,
        stroke: colour(`--curve-${n % COLOURS}`),
        width: 2,
        dash: n >= COLOURS ? [6, 4] : undefined,
        spanGaps: true,
        points: { show: points.length < 60 },
      }))],
      scales: { x: { range: () => (first === last ? [first - ALONE_S, last + ALONE_S] : [first, last]) } },
      axes: [{ ...axis, values: times }, axis],
      legend: { show: false },
    };
    const data = [points.map((p) => p.at / 1000), ...series.map((name) => points.map((p) => p.numbers[name] ?? null))];
    const plot = new globalThis.uPlot(options, data, node);
    const watching = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height: HEIGHT }));
    watching.observe(node);
    return () => {
      watching.disconnect();
      plot.destroy();
    };
  }, [points, series.join("\n"), matchMedia("(prefers-color-scheme: dark)").matches]);
  return html`<div class="plot" role="img" aria-label=${label} ref=${place}></div>`;
}

/** What stands below the ticks, which are `step` s apart: the time where they are within days, with the day where it changes. */
function times(_, ticks, axis, space, step) {
  return ticks.map((tick, n) => {
    const date = day(tick * 1000, step >= MONTH_S);
    if (step >= DAY_S) return date;
    return `${clock(tick * 1000, step < 60)}${n && date === day(ticks[n - 1] * 1000) ? "" : `\n${date}`}`;
  });
}

/** The colour of a curve, as its class in the legend. */
export const curve = (n) => `curve curve-${n % COLOURS}`;
