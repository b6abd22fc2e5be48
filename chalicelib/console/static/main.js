// The console: who is signed in, where one can go, and the page that is shown.

import { html, render, useEffect, useErrorBoundary, useRef, useState } from "./html.js";
import { read, to, useAddress } from "./location.js";
import { PAGES } from "./pages.js";
import { resting } from "./polling.js";
import { Problem } from "./parts.js";
import * as signing from "./session.js";
import { SignIn } from "./signin.js";
import { LANGUAGES, language, speak, t } from "./words.js";

function Console() {
  const [signedIn, setSignedIn] = useState(null);
  const [said, setSaid] = useState("");
  const [, speakAgain] = useState(language());
  const lost = () => {
    signing.forget();
    setSaid(t("session_over"));
    setSignedIn(false);
  };
  useEffect(() => { signing.resume(lost).then(setSignedIn); }, []);
  const chooseLanguage = (chosen) => {
    speak(chosen);
    speakAgain(chosen);
  };
  useEffect(() => { document.documentElement.lang = language(); });
  if (signedIn === null) return html`<main><p role="status">${t("loading")}</p></main>`;
  if (!signedIn) {
    const entered = () => {
      setSaid("");
      setSignedIn(true);
    };
    return html`<${SignIn} said=${said} entered=${entered} lost=${lost} languages=${html`<${Languages} choose=${chooseLanguage} />`} />`;
  }
  const leave = async () => {
    await signing.end();
    setSaid(t("signed_out"));
    setSignedIn(false);
  };
  return html`<${Shell} leave=${leave} languages=${html`<${Languages} choose=${chooseLanguage} />`} key=${language()} />`;
}

function Languages({ choose }) {
  return html`<label class="language"><span class="hidden">${t("language")}</span>
    <select value=${language()} onChange=${(e) => choose(e.target.value)}>
      ${LANGUAGES.map(([code, name]) => html`<option value=${code} lang=${code}>${name}</option>`)}
    </select></label>`;
}

function Shell({ leave, languages }) {
  const { path, query } = useAddress();
  const open = PAGES.filter((page) => signing.may(...page.roles));
  const page = path.length ? open.find((one) => one.path === path[0]) : open[0];
  const heading = useRef();
  const place = path.slice(0, 2).join("/");
  const first = useRef(true);
  useEffect(() => {
    document.title = `${page ? t(page.title) : t("not_found")} – Homeport`;
    // Whoever works by keyboard or by ear goes on where the new page begins.
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [place]);
  const { tenant, label, user } = signing.session();
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); heading.current?.focus(); }}>${t("skip")}</a>
    <header><a class="home" href=${to([])}>Homeport</a>
      <nav aria-label=${t("pages")}><ul>${open.map((one) => html`<li>
        <a href=${to([one.path])} aria-current=${page === one ? "page" : undefined}>${t(one.title)}</a></li>`)}</ul></nav>
      <div class="who"><span>${t("tenant")} <b>${tenant}</b>${label && html` · <bdi>${label}</bdi>`}${user && !label ? html` · <bdi>${user}</bdi>` : ""}</span>
        ${languages}<button type="button" onClick=${leave}>${t("sign_out")}</button></div></header>
    <main id="main"><${Resting} />
      <h1 tabindex="-1" ref=${heading}>${page ? t(page.title) : t("not_found")}</h1>
      <${Guarded} key=${place}>${page
        ? html`<${path.length > 1 && page.one ? page.one : page.page} path=${path.slice(1)} query=${query} />`
        : html`<p>${t("no_such_page")}</p>`}</${Guarded}></main>`;
}

/** A page that fails says so, and the others go on. */
function Guarded({ children }) {
  const [error] = useErrorBoundary((caught) => console.error(caught));
  return error ? html`<${Problem} error=${error} />` : children;
}

function Resting() {
  const [quiet, setQuiet] = useState(false);
  useEffect(() => {
    const looking = setInterval(() => setQuiet(resting()), 1000);
    return () => clearInterval(looking);
  }, []);
  return quiet ? html`<p class="note" role="status">${t("resting")}</p>` : null;
}

// A link that signs in once says so in the address: it goes from there before anything else is done.
const arrived = read();
if (arrived.path[0] === "once" && arrived.path[1]) {
  history.replaceState(null, "", "#/");
  signing.once(arrived.path[1], () => location.reload())
    .catch(() => sessionStorage.setItem("homeport.once", "over"))
    .finally(start);
} else {
  start();
}

function start() {
  render(html`<${Console} />`, document.getElementById("app"));
}
