/* The second way of an alert. While the console is heard, this page keeps in its memory, and nowhere
   else, what opens risk's own door, and tries that door, so that a way that is blocked is found out
   before it is needed. When the console is silent it reads there, each second, what nobody has taken,
   and takes it there; when the console is heard again, it is the console that tells. */
(() => {
  "use strict";
  const STEP_MS = 1000, PATIENCE_MS = 4000, SOON_MS = 10000;
  const way = document.getElementById("second-way"), told = way.dataset;
  const strip = document.getElementById("second-strip"), count = document.getElementById("second-count");
  const list = document.getElementById("second-alerts"), words = document.getElementById("second-words");
  const row = document.getElementById("second-alert").content.firstElementChild;
  const word = () => document.getElementById("desk").dataset.word;

  /* --- what opens the door: asked for anew long before it is over, dropped with the session --- */
  let capability = null, renewAt = 0;
  async function renew() {
    renewAt = performance.now() + Number(told.renewSeconds) * 1000;
    try {
      const answer = await fetch(told.capability, {method: "POST",
        headers: {"Helpline-Page": word()}, signal: AbortSignal.timeout(PATIENCE_MS)});
      if (answer.status === 401 || answer.status === 403) { capability = null; return; }
      if (!answer.ok) { throw new Error("not handed out"); }
      const given = (await answer.json()).capability;
      if (over) { return; }
      capability = given;
    } catch { renewAt = Math.min(renewAt, performance.now() + SOON_MS); return; }
    const seen = await read();
    if (!silent) { say(seen ? "" : told.blocked); }
  }
  function ask(method, path, headers = {}) {
    return fetch(`${told.door}${path}`, {method, mode: "cors", credentials: "omit",
      headers: {Authorization: `Bearer ${capability}`, ...headers},
      body: method === "POST" ? "{}" : undefined, signal: AbortSignal.timeout(PATIENCE_MS)});
  }
  async function read() {
    if (!capability) { return null; }
    try {
      const answer = await ask("GET", "/open-signals");
      return answer.ok ? (await answer.json()).signals : null;
    } catch { return null; }
  }

  /* --- when: the page's worker says that time goes by, in the background too --- */
  let silent = false, over = false, looking = false, lookAt = 0;
  document.addEventListener("desk:tick", () => {
    if (over) { return; }
    const now = performance.now();
    if (silent && now >= lookAt) { look(); } else if (!silent && now >= renewAt) { renew(); }
  });
  document.addEventListener("desk:silent", () => { if (!over) { silent = true; look(); } });
  document.addEventListener("desk:again", fallQuiet);
  document.addEventListener("desk:over", () => { over = true; capability = null; fallQuiet(); });
  function fallQuiet() {
    silent = false;
    note = "";
    say("");
    strike([]);
  }
  async function look() {
    if (looking) { return; }
    looking = true;
    lookAt = performance.now() + STEP_MS;
    const signals = await read();
    looking = false;
    if (silent) { show(signals); }
  }

  /* --- what is shown: nothing is made anew that only goes on, so that it is read aloud once --- */
  let note = "";
  function show(signals) {
    if (!signals) { say(`${told.deaf} ${note}`); return; }
    document.getElementById("strip")?.remove();  // what the console said last, and no more
    const untaken = signals.filter((each) => each.standing === "open");
    strike(untaken);
    const mine = signals.some((each) => each.standing === "taken" && each.held_by === told.person);
    say([told.read, mine ? told.mine : untaken.length ? "" : told.none, note].join(" "));
  }
  function say(text) {
    const said = text.trim();
    if (words.textContent !== said) { words.textContent = said; }
    words.hidden = !said;
  }
  function strike(untaken) {
    const said = untaken.length === 1 ? count.dataset.one
      : count.dataset.many.replace("{}", untaken.length);
    if (untaken.length && count.textContent !== said) { count.textContent = said; }
    if (!untaken.length) { count.textContent = ""; }
    strip.hidden = !untaken.length;
    const open = new Map(untaken.map((each) => [each.alert_id, each]));
    for (const shown of [...list.children]) {
      if (!open.has(shown.dataset.alert)) { shown.remove(); }
    }
    for (const each of untaken) {
      if (![...list.children].some((shown) => shown.dataset.alert === each.alert_id)) { add(each); }
    }
    if (silent) { entitle(untaken.length); }
    if (untaken.length) { strip.dataset.sounding = "yes"; } else { delete strip.dataset.sounding; }
    document.dispatchEvent(new Event("desk:sounding"));
  }
  function add(alert) {
    const shown = row.cloneNode(true), button = shown.querySelector("button");
    shown.dataset.alert = alert.alert_id;
    shown.querySelector("[data-since]").dataset.since = alert.raised_at;
    button.hidden = alert.raised_by === told.person;
    const key = crypto.randomUUID();  // pressed again it is the same
    button.addEventListener("click", () => take(alert.alert_id, key));
    list.append(shown);
    document.dispatchEvent(new Event("desk:counting"));
  }
  function entitle(untaken) {
    document.title = untaken === 0 ? told.title : untaken === 1 ? told.titleOne
      : told.titleMany.replace("{}", untaken);
  }

  /* --- taking one --- */
  async function take(alert, key) {
    let status = 0;
    try {
      const headers = {"Content-Type": "application/json", "Idempotency-Key": key};
      status = (await ask("POST", `/alerts/${alert}/acknowledge`, headers)).status;
    } catch { /* whether it was taken is read in a moment */ }
    note = status === 200 ? "" : status === 409 || status === 410 ? told.late : told.again;
    look();
  }
})();
