// A curve of values in time, by uPlot. The table beside it says the same to those who do not see it.

import { html, useEffect, useRef } from "./html.js";

const COLOURS = 6;
const HEIGHT = 260;
/** How much is shown before and after a point that is the only one. */
const ALONE_S = 60;

/** `series` are names of numbers of each point; a point is `{at, numbers}`, in order of `at` (ms). */
export function Plot({ points, series, label }) {
  const place = useRef();
  useEffect(() => {
    const node = place.current;
    if (!points.length || !series.length) return undefined;
    const colour = (name) => getComputedStyle(node).getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
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
      scales: { x: { range: (_, from, until) => (from === until ? [from - ALONE_S, until + ALONE_S] : [from, until]) } },
      axes: [axis, axis],
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

/** The colour of a curve, as its class in the legend. */
export const curve = (n) => `curve curve-${n % COLOURS}`;
