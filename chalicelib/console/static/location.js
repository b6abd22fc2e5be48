// What is shown stands in the address, so that a page can be marked, sent, and gone back to.

import { useEffect, useState } from "./html.js";

/** `{path, query}`: the segments after `#/`, decoded, and what follows `?` by its names. */
export function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return {
    path: path.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query ?? "")),
  };
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The address of a page, for links; what has no value is left out of the query. */
export function to(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

export function go(path, query, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", to(path, query));
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = to(path, query);
  }
}

export function useAddress() {
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const follow = () => setAddress(read());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return address;
}
