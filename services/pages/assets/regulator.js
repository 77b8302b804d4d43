/* A regulator's minute in the browser: one step at a time, panels beside the form, the proposal and
   the relays asked for anew as notes change, the phrase of the card put together as it is typed.
   It decides nothing: what is sent is the form. */
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const form = () => byId("tri");
  const radio = (name, value) => form().querySelector(
    `input[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
  const chosen = (name) => form().querySelector(`input[name="${CSS.escape(name)}"]:checked`);
  const words = (input) => input.parentElement.textContent.trim();

  /* --- one step at a time: understand, capsule, card --- */
  function step(name) {
    if (!form()) { delete document.body.dataset.step; return; }
    document.body.dataset.step = name;
    if (name === "card") { openCard(); }
    if (name === "capsule") { sayChoice(); }
    const place = name === "capsule" ? byId("capsule-1") : name === "card"
      ? byId("card-place") || byId("card-title") : form().querySelector("#for-whom input");
    scrollTo(0, 0);
    if (place) { bring(place); }
    brought = place;
  }
  /* What was said before comes below the heading a moment later; after that nothing moves. */
  let brought = null;
  document.addEventListener("desk:lines", () => {
    if (brought && brought === document.activeElement) { bring(brought); }
    brought = null;
  });
  /* On a telephone a chat stands above the form: what has the focus is in sight all the same. */
  function bring(place) {
    place.focus({preventScroll: true});
    const verbs = document.querySelector(".verbs"), box = place.getBoundingClientRect();
    const hidden = verbs && getComputedStyle(verbs).position === "sticky" ? verbs.offsetHeight : 0;
    if (box.bottom > innerHeight - hidden) { place.scrollIntoView({block: "center"}); }
  }
  function prepare() {
    const priority = chosen("priority");
    byId("needed").hidden = Boolean(priority);
    if (!priority) { form().querySelector("#priority input").focus(); return; }
    step("capsule");
  }
  function sayChoice() {
    const priority = chosen("priority"), said = [];
    if (priority) { said.push(`${priority.value} ${words(priority).replace(priority.value, "")}`); }
    const need = byId("need");
    if (need.value) { said.push(need.selectedOptions[0].textContent); }
    for (const each of form().querySelectorAll("#languages input:checked")) { said.push(words(each)); }
    if (byId("place").value) { said.push(byId("place").value); }
    byId("chosen").textContent = said.join(" · ");
    byId("supervised").hidden = !priority || !["P1", "P2"].includes(priority.value);
    sayWhereTo();
  }
  function sayWhereTo() {
    const label = document.querySelector("[data-sends]"), to = chosen("destination");
    if (label && to) {
      label.textContent = to.value === "listener" ? label.dataset.wordsListener
        : label.dataset.wordsElse;
    }
  }

  /* --- what is chosen is kept as it is chosen, what is typed is asked about before it is left --- */
  let keeping = false, changed = false, typing = null;
  async function keep() {
    clearTimeout(typing);
    typing = null;
    changed = true;
    if (keeping) { return; }
    keeping = true;
    while (changed && form()) {
      changed = false;  // what is chosen from here on is sent again
      if (await kept()) { continue; }
      changed = true;
      await new Promise((on) => setTimeout(on, 3000));
    }
    keeping = false;
  }
  async function kept() {
    const said = new FormData(form());
    for (const name of ["capsule[]", "agreed", "once"]) { said.delete(name); }
    try {
      const answer = await fetch(form().dataset.keeps, {method: "POST", keepalive: true,
        body: new URLSearchParams(said), headers: {"HX-Request": "true"}});
      return answer.status < 500;
    } catch { return false; }
  }
  addEventListener("beforeunload", (event) => {
    if (!form()) { return; }
    if (typing !== null || changed) { kept(); }
    const capsule = form().querySelectorAll("textarea[name='capsule[]']");
    const unsent = [...capsule].some((line) => line.value.trim());
    if (unsent || byId("emergency")?.dataset.unsent) { event.preventDefault(); }
  });

  /* --- the proposal and the relays, a moment after the last change --- */
  let asking = null, asked = 0;
  function ask() {
    clearTimeout(asking);
    asking = setTimeout(() => { fill("proposal", ++asked); fill("relays", asked); }, 250);
  }
  function note() { keep(); ask(); }
  const newest = {};
  async function fill(id, number) {
    const place = byId(id);
    if (!place || !form()) { return; }
    if (id === "relays" && !byId("need").value && !radio("notes.language_barrier", "true").checked) {
      put(place, [Object.assign(document.createElement("p"),
        {className: "soft", textContent: place.dataset.waits})]);
      return;
    }
    const said = new FormData(form());
    for (const name of ["priority", "destination", "capsule[]", "agreed", "once"]) { said.delete(name); }
    try {
      const answer = await fetch(place.dataset.address, {method: "POST",
        body: new URLSearchParams(said), headers: {"HX-Request": "true"}});
      const html = await answer.text();
      if (number < (newest[id] || 0) || !place.isConnected) { return; }
      newest[id] = number;
      put(place, new DOMParser().parseFromString(html, "text/html").body.childNodes);
    } catch { /* the notes stay; the next change asks again */ }
  }
  /* A relay that is being agreed on, or was written to, stays as it is above the others. */
  function put(place, fresh) {
    const kept = [...place.children].filter((each) => each.matches(".relay:has(.said)"));
    for (const each of [...place.childNodes]) { if (!kept.includes(each)) { each.remove(); } }
    const again = (each) => kept.some((one) => one.dataset.relay === each.dataset?.relay);
    place.append(...[...fresh].filter((each) => !each.dataset?.relay || !again(each)));
    htmx.process(place);
  }
  function take(button) {
    const priority = radio("priority", button.dataset.takes);
    const destination = radio("destination", button.dataset.destination);
    if (priority) { priority.checked = true; }
    if (destination) { destination.checked = true; }
    byId("needed").hidden = true;
    sayChoice();
    keep();
    if (priority) { priority.focus(); }
  }

  /* --- panels: opened beside the form, which stays as it is --- */
  let before = null;
  function panel(name) {
    const opened = byId(`panel-${name}`), was = opened.hidden;
    for (const each of document.querySelectorAll(".panel")) { each.hidden = true; }
    if (!was) {
      takeBack();
      if (before && before.isConnected) { before.focus(); }
      return;
    }
    before = document.activeElement;
    opened.hidden = false;
    const stood = ticks();
    mark(name);
    marked = {stood, stands: ticks(), at: performance.now()};
    byId(`panel-${name}-title`).focus();
    opened.scrollIntoView({block: "nearest"});
  }
  /* What a panel notes on opening is a slip of the key where it is closed again at once and nothing
     was done in between: a silence nobody kept, a child nobody heard would decide the order. Another
     panel takes nothing back: a child may be silent. */
  const AT_ONCE = 2000;
  let marked = null;
  const ticks = () => [...document.querySelectorAll("#tri input, .panel input")]
    .filter((each) => each.type !== "text" && each.type !== "hidden")
    .map((each) => [each, each.checked]);
  function takeBack() {
    const slip = marked;
    marked = null;
    if (!slip || performance.now() - slip.at > AT_ONCE) { return; }
    if (slip.stands.some(([each, so]) => each.checked !== so)) { return; }
    if (slip.stood.every(([each, so]) => each.checked === so)) { return; }
    for (const [each, so] of slip.stood) { each.checked = so; }
    byId("told").replaceChildren(Object.assign(document.createElement("p"),
      {className: "note", textContent: form().dataset.takenBack}));
    note();
  }
  function mark(name) {
    const marks = {child: [["notes.signals[]", "SIG-MINEUR"]], silence: [["notes.silent", "true"]],
      language: [["notes.language_barrier", "true"]], danger: [["notes.danger_now", "true"]]};
    for (const [field, value] of marks[name]) { radio(field, value).checked = true; }
    if (name === "child") {
      const priority = chosen("priority");
      if (!priority || priority.value > "P2") { radio("priority", "P2").checked = true; }
    }
    byId("signs").open = true;
    note();
  }
  function speak(code) {
    const language = radio("notes.languages[]", code);
    const ours = !language.parentElement.hidden;
    language.parentElement.hidden = false;
    language.checked = true;
    if (ours) { radio("notes.language_barrier", "true").checked = false; }
    note();
  }

  /* --- the card: fetched when it is opened, its phrase put together as it is typed --- */
  async function openCard() {
    const place = byId("card-form");
    if (place.childElementCount || place.dataset.busy) { return; }
    place.dataset.busy = "yes";
    try {
      const answer = await fetch(byId("card").dataset.address, {headers: {"HX-Request": "true"}});
      const html = await answer.text();
      if (answer.ok) {
        place.innerHTML = html;
        byId("phrase-place").replaceChildren(byId("phrase"));
        htmx.process(place);
      } else { byId("told").innerHTML = html; }
      compose();
      const first = byId("card-place");
      if (first && document.body.dataset.step === "card") { first.focus(); }
    } catch { /* pressed again, it is asked for again */ }
    delete place.dataset.busy;
  }
  function compose() {
    const card = byId("emergency");
    if (!card) { return; }
    const said = (name) => {
      const field = card.elements[name];
      if (!field) { return ""; }
      if (field instanceof RadioNodeList) {
        const input = [...field].find((each) => each.checked);
        return input ? input.dataset.says || "" : "";
      }
      return field.value.trim();
    };
    const capital = (text, after) => after === ". " ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    for (const span of document.querySelectorAll("#phrase [data-from]")) {
      const with_ = span.dataset.with;
      const text = with_ ? said(span.dataset.from) : capital(said(span.dataset.from), span.dataset.after);
      span.textContent = text && (!with_ || said(with_))
        ? `${span.dataset.before || ""}${text}${span.dataset.after || ""}` : "";
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) { return; }
    if (button.dataset.stepTo === "capsule") { prepare(); }
    else if (button.dataset.stepTo) { step(button.dataset.stepTo); }
    else if (button.dataset.panel) { panel(button.dataset.panel); }
    else if (button.dataset.takes) { take(button); }
    else if (button.dataset.language) { speak(button.dataset.language); }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id === "vital") { step("card"); }
  });
  document.addEventListener("change", (event) => {
    if (event.target.dataset.marks) { if (event.target.checked) { mark(event.target.dataset.marks); } return; }
    if (event.target.closest("#emergency")) { compose(); return; }
    if (!event.target.closest("#tri")) { return; }
    if (event.target.name === "destination") { sayWhereTo(); keep(); return; }
    if (event.target.name === "priority") {
      byId("needed").hidden = true;
      suggest(event.target);
      keep();
      return;
    }
    if (event.target.name.startsWith("notes.")) { note(); }
  });
  document.addEventListener("input", (event) => {
    const card = event.target.closest("#emergency");
    if (card) { card.dataset.unsent = "yes"; compose(); }
    if (event.target.id === "place") { clearTimeout(typing); typing = setTimeout(keep, 400); }
  });
  /* A question is answered by the regulator alone; anything else goes to a listener, unless said. */
  function suggest(priority) {
    radio("destination", priority.value === "P5" ? "informed" : "listener").checked = true;
    sayWhereTo();
  }

  /* --- a contact comes, or goes --- */
  let contact = "";
  function look() {
    const sealed = document.querySelector("#card-told [data-sealed]");
    if (sealed) { delete sealed.dataset.sealed; delete byId("emergency").dataset.unsent; }
    const here = form() ? form().dataset.contact : "";
    if (here === contact) { if (here) { sayWhereTo(); } return; }
    contact = here;
    if (!here) { delete document.body.dataset.step; return; }
    step(byId("danger").dataset.alerted ? "card" : "tri");
    ask();
  }
  document.addEventListener("htmx:after:swap", look);
  look();
})();
