// What is shown is asked for again: every few seconds while it is looked at, seldom while it is hidden, and not at all
// when nobody has touched it for half an hour.

import { useCallback, useEffect, useRef, useState } from "./html.js";

const HIDDEN_MS = 60_000;
const IDLE_MS = 30 * 60_000;

let touched = Date.now();
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => { touched = Date.now(); }, { capture: true, passive: true });
}

export const resting = () => Date.now() - touched > IDLE_MS;

/**
 * `{data, error, reload}` of `load(signal)`, asked for again every `every` ms and whenever `inputs` change.
 * An error leaves the data of before where it is; what was asked for with other inputs is never shown for these.
 */
export function usePolled(load, inputs, every = 5000) {
  const stamp = JSON.stringify(inputs);
  const [state, setState] = useState({});
  const [asked, setAsked] = useState(0);
  const wanted = useRef();
  wanted.current = { load, every };
  useEffect(() => {
    const ending = new AbortController();
    let timer;
    const look = async () => {
      clearTimeout(timer);
      try {
        const data = await wanted.current.load(ending.signal);
        if (!ending.signal.aborted) setState({ stamp, data });
      } catch (error) {
        if (!ending.signal.aborted) setState((before) => ({ stamp, data: before.stamp === stamp ? before.data : undefined, error }));
      }
      plan();
    };
    const plan = () => {
      clearTimeout(timer);
      if (ending.signal.aborted) return;
      timer = setTimeout(() => (resting() ? plan() : look()), document.hidden ? HIDDEN_MS : wanted.current.every);
    };
    const seen = () => { if (!document.hidden) look(); };
    document.addEventListener("visibilitychange", seen);
    look();
    return () => {
      ending.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [stamp, asked]);
  const reload = useCallback(() => setAsked((n) => n + 1), []);
  return { data: state.stamp === stamp ? state.data : undefined, error: state.stamp === stamp ? state.error : undefined, reload };
}
