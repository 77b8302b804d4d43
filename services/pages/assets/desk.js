/* A desk's page in the browser: it hears the live stream and draws its part anew, counts clocks,
   presses buttons by key, plays the tone of an offer, says that the desk is there.
   It decides nothing and keeps nothing: what it shows is what the server drew. */
(() => {
  "use strict";
  const part = () => document.getElementById("desk");
  const STEP = 1000;

  /* --- what other scripts of the page hear of: drawn, found, lost, over (the session), lines, tick
     (twice a second, also in the background); `desk:again` asks for a drawing, `desk:counting` for
     clocks that count --- */
  const tell = (what) => document.dispatchEvent(new Event(`desk:${what}`));
  document.addEventListener("desk:again", () => draw());
  document.addEventListener("desk:counting", () => tick());

  /* --- drawing anew: at most one request under way, one more asked for. From the moment somebody
     turns to another step, that is what is asked for, and what was asked before is not shown --- */
  let drawing = false, again = false, turned = "", turns = 0;
  async function draw() {
    if (drawing) { again = true; return; }
    drawing = true;
    try {
      await htmx.ajax("GET", turned || part().dataset.part, {target: "#desk", swap: "outerMorph"});
    } finally {
      drawing = false;
      if (again) { again = false; draw(); }
    }
  }

  /* A turn to another step is drawn by htmx itself; what follows a drawing follows it too. */
  document.addEventListener("htmx:before:request", (event) => {
    const {ctx} = event.detail;
    if (ctx.target !== part()) { return; }
    if (ctx.sourceElement !== document.body) {
      turned = ctx.request.action;
      turns += 1;
    }
    ctx.turns = turns;
  });
  document.addEventListener("htmx:after:swap", () => { if (part()) { drawn(); } });

  /* --- what a drawing changes besides the page: the title, the tone, the focus --- */
  let offer = "", baseNow = 0, baseAt = 0;
  function drawn() {
    const desk = part();
    if (desk.dataset.part === turned) { turned = ""; }
    document.title = desk.dataset.title;
    baseNow = Date.parse(desk.dataset.now);
    baseAt = performance.now();
    /* The offer may be known a drawing before the page that shows it: it rings with the page. */
    const heading = document.getElementById("offre");
    const shown = heading ? desk.dataset.offer : "";
    if (shown && shown !== offer) {
      play("tone");
      const typing = document.activeElement && document.activeElement.matches("input, textarea");
      if (!typing) { heading.focus(); }
    }
    offer = shown;
    stayAwake(desk.dataset.live !== "off_duty");
    tellWorker();
    const talk = document.getElementById("talk");
    if (talk && !talk.dataset.last) { readLines(); }
    tick();
    sayWhoWaits();
    tell("drawn");
  }

  /* --- clocks: domain time goes on between two drawings --- */
  function tick() {
    const now = baseNow + (performance.now() - baseAt) * Number(part().dataset.rate);
    for (const clock of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((now - Date.parse(clock.dataset.since)) / 1000));
      const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
      const pad = (number) => String(number).padStart(2, "0");
      const said = hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}`
        : `${minutes}:${pad(seconds % 60)}`;
      if (clock.textContent !== said) { clock.textContent = said; }
    }
    for (const fact of document.querySelectorAll("[data-until]")) {
      if (now >= Date.parse(fact.dataset.until)) { expire(fact); }
    }
  }

  /* What holds no longer is not read out of a page that was drawn before. */
  function expire(fact) {
    fact.querySelector("[data-over]").hidden = false;
    fact.querySelector("[data-holds]").hidden = true;
  }

  /* --- the live stream --- */
  let source = null, lostTimer = null;
  function listen() {
    if (source) { source.close(); }
    source = new EventSource("/desk/live");
    const heard = () => { found(); draw(); };
    source.addEventListener("text", written);
    source.addEventListener("sign", signed);
    source.addEventListener("waiting", (event) => {
      waits = JSON.parse(event.data).waits;
      sayWhoWaits();
    });
    source.addEventListener("pulse", (event) => { pulsed(JSON.parse(event.data).at); found(); });
    for (const kind of part().dataset.kinds.split(" ")) { source.addEventListener(kind, heard); }
    source.addEventListener("session_over", () => { source.close(); tell("over"); draw(); });
    source.onopen = () => { heard(); readLines(); };  // also what was written meanwhile
    source.onerror = () => {
      if (lostTimer === null) { lostTimer = setTimeout(lost, 3 * STEP); }
      if (source.readyState === EventSource.CLOSED) { setTimeout(listen, 2 * STEP); }
    };
  }
  /* A line of the talk that is shown is added to it; the rest of the page stands as it is. */
  function written(event) {
    const text = JSON.parse(event.data), talk = document.getElementById("talk");
    readLines();
    found();
    const isALine = text.what === "line" && text.attention === "none";
    if (!isALine || !talk || talk.dataset.address !== `/talk/${text.contact_id}`) { draw(); }
  }
  /* Whether anybody waits is said as the stream said it last, whatever an older drawing says. */
  let waits = null;
  function sayWhoWaits() {
    if (waits === null) { return; }
    for (const words of document.querySelectorAll("[data-waits]")) {
      words.hidden = (words.dataset.waits === "yes") !== waits;
    }
  }
  function isLost() { return !document.getElementById("lost").hidden; }
  function pulsed(at) {
    baseNow = Date.parse(at);
    baseAt = performance.now();
    for (const clock of document.querySelectorAll(".read-at")) { clock.dataset.since = at; }
  }
  function lost() {
    const strip = document.getElementById("lost");
    if (isLost()) { return; }
    strip.textContent = strip.dataset.words;
    strip.hidden = false;
    tell("lost");
  }
  function found() {
    clearTimeout(lostTimer);
    lostTimer = null;
    document.getElementById("lost").hidden = true;
    tell("found");
  }

  /* --- the desk is there: its worker says so as long as this page is open, and tells us of a line
     that says nothing any more, which a stream alone would learn of after minutes --- */
  const worker = new Worker(document.currentScript.dataset.worker);
  worker.onmessage = (event) => {
    if (event.data === "tick") { tell("tick"); return; }
    if (event.data === "lost") { lost(); } else if (isLost()) { listen(); }
  };
  let told = "";
  function tellWorker() {
    const desk = part();
    const beats = Boolean(desk.dataset.beats) && desk.dataset.live !== "off_duty";
    const said = `${beats} ${desk.dataset.word}`;
    if (said === told) { return; }
    told = said;
    worker.postMessage({word: desk.dataset.word, beats});
  }
  window.addEventListener("offline", lost);
  window.addEventListener("online", () => { told = ""; tellWorker(); });

  /* --- keys: printed on the button, never a bare letter --- */
  document.addEventListener("keydown", (event) => {
    if (!part().dataset.keys) { return; }
    const named = [event.ctrlKey || event.metaKey ? "Control" : "", event.altKey ? "Alt" : "",
      event.shiftKey ? "Shift" : "", event.key.length === 1 ? event.code.replace("Key", "")
        : event.key].filter(Boolean).join("+");
    const button = buttonFor(named);
    if (button) { event.preventDefault(); button.click(); }
  });
  /* Of several with one key: that of the form one writes in, then that of the bar of verbs. */
  function buttonFor(key) {
    const buttons = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)]
      .filter((each) => each.getClientRects().length);
    const writing = document.activeElement && document.activeElement.closest("form");
    return buttons.find((each) => writing && writing.contains(each))
      || buttons.find((each) => each.closest(".verbs")) || buttons[0];
  }

  /* --- sounds, and a screen that stays on --- */
  function play(name) {
    const sound = document.getElementById(name);
    if (sound) { sound.currentTime = 0; sound.play().catch(() => {}); }
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play]");
    if (button) { play(button.dataset.play); }
  });
  let awake = null;
  async function stayAwake(wanted) {
    const words = document.getElementById("awake");
    if (words && "wakeLock" in navigator) { words.textContent = words.dataset.awakeWords; }
    if (!wanted || awake || !("wakeLock" in navigator) || document.hidden) { return; }
    try {
      awake = await navigator.wakeLock.request("screen");
      awake.addEventListener("release", () => { awake = null; });
    } catch { awake = null; }
  }

  /* --- undo: an end or a decline waits a moment, and says so --- */
  const pending = new Map();
  document.addEventListener("submit", (event) => {
    const form = event.target, seconds = Number(part().dataset.undo || 5);
    if (!form.matches("[data-undo]") || form.dataset.sure) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!pending.size) { waitFor(form, seconds); }
  }, true);
  function waitFor(form, seconds) {
    const told = document.getElementById("told"), desk = part();
    const words = document.createElement("p"), cancel = document.createElement("button");
    words.className = "note row";
    words.append(`${form.dataset.undo} : `, desk.dataset.undoWords.replace("{}", seconds), " ");
    cancel.type = "button";
    cancel.className = "b";
    cancel.textContent = desk.dataset.undoLabel;
    words.append(cancel);
    told.replaceChildren(words);
    cancel.focus();
    const over = () => { clearTimeout(timer); pending.delete(form.action); told.replaceChildren(); };
    const send = () => { over(); sendNow(form); };
    const timer = setTimeout(send, seconds * STEP);
    pending.set(form.action, send);
    cancel.addEventListener("click", () => { over(); draw(); });
  }
  function sendNow(form) {
    htmx.ajax("POST", form.getAttribute("action"),
      {target: "#told", swap: "innerHTML", values: Object.fromEntries(new FormData(form))})
      .then(draw);
  }
  window.addEventListener("pagehide", () => {
    for (const address of pending.keys()) {
      const form = document.querySelector(`form[action="${new URL(address).pathname}"]`);
      if (form) { navigator.sendBeacon(address, new URLSearchParams(new FormData(form))); }
    }
  });

  /* --- a talk in writing: lines are added below those that are there, never drawn twice --- */
  let reading = false, readAgain = false;
  async function readLines() {
    const talk = document.getElementById("talk");
    if (!talk) { return; }
    if (reading) { readAgain = true; return; }
    reading = true;
    try {
      const answer = await fetch(`${talk.dataset.address}?after=${talk.dataset.last || 0}`,
        {headers: {"HX-Request": "true"}});
      if (answer.ok) { addLines(talk, await answer.text()); }
    } catch { /* the stream says when it is back */ } finally {
      reading = false;
      if (readAgain) { readAgain = false; readLines(); }
    }
  }
  function addLines(talk, html) {
    if (!talk.isConnected) { return; }
    const told = new DOMParser().parseFromString(html, "text/html").querySelector("ol");
    if (!told) { return; }
    talk.dataset.last = Math.max(Number(talk.dataset.last || 0), Number(told.dataset.last));
    const log = talk.querySelector("[role=log]");
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    for (const line of [...told.children]) {
      if (document.getElementById(line.id)) { continue; }
      place(talk, document.adoptNode(line));
    }
    if (atEnd) { log.scrollTop = log.scrollHeight; }
    tell("lines");
  }
  function place(talk, line) {
    if (line.dataset.note) { placeNote(line); return; }
    if (line.dataset.help) { document.getElementById("help-lines")?.append(line); return; }
    const capsule = document.getElementById("capsule");
    if (!line.dataset.capsule) {
      if (!line.classList.contains("me")) { showSign(false); lineCame = performance.now(); }
      document.getElementById("lines").append(line);
      return;
    }
    capsule.hidden = false;
    capsule.querySelector(`[data-capsule="${line.dataset.capsule}"]`)?.remove();  // the one before
    capsule.querySelector("ol").append(line);
  }
  function placeNote(line) {
    const note = document.getElementById("note");
    if (note && document.activeElement !== note) { note.value = line.textContent; }
  }
  async function say(address, fields) {
    const body = new URLSearchParams({page_word: part().dataset.word, ...fields});
    const answer = await fetch(address, {method: "POST", body, headers: {"HX-Request": "true"}});
    const html = await answer.text();
    const told = document.getElementById("told");
    if (answer.ok) { told.querySelector("[data-field=text]")?.remove(); } else { told.innerHTML = html; }
    return answer.ok ? html : null;
  }

  /* --- who is writing: the stream says so, up to a second late: a sign just behind a line was of
     that line. What is said goes by itself --- */
  let signGoes = null, signGiven = 0, lineCame = -Infinity;
  function showSign(so) {
    const place = document.getElementById("sign"), words = so && place ? place.dataset.words : "";
    clearTimeout(signGoes);
    if (so) { signGoes = setTimeout(() => showSign(false), 8 * STEP); }
    if (place && place.textContent !== words) { place.textContent = words; }
  }
  function signed(event) {
    const address = `/talk/${JSON.parse(event.data).contact_id}/sign`;
    const isOurs = document.getElementById("sign")?.dataset.address === address;
    if (isOurs && performance.now() - lineCame > 2 * STEP) { showSign(true); }
  }
  /* Our own, never what: of a line that may be sent, at most once in so long. */
  document.addEventListener("input", (event) => {
    const sign = document.getElementById("sign"), now = performance.now();
    if (event.target.id !== "reply" || !sign || !event.target.value) { return; }
    if (signGiven && now - signGiven < 3 * STEP) { return; }
    signGiven = now;
    fetch(sign.dataset.address, {method: "POST", headers: {"HX-Request": "true"},
      body: new URLSearchParams({page_word: part().dataset.word})}).catch(() => {});
  });

  /* What is sent stays in its field until it has arrived, under one key however often it is sent. */
  let key = null;
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "write") { return; }
    event.preventDefault();
    const field = form.querySelector("textarea"), status = document.getElementById("writing");
    const text = field.value, talk = document.getElementById("talk");
    if (!text.trim() || status.dataset.busy) { return; }
    if (!key || key.text !== text) { key = {text, once: crypto.randomUUID()}; }
    status.dataset.busy = "yes";
    status.textContent = form.dataset.sending;
    try {
      const html = await say(form.getAttribute("action"), {once: key.once, text,
        kind: form.dataset.kind, after: talk.dataset.last || "0"});
      status.textContent = html === null ? form.dataset.kept : form.dataset.sent;
      if (html !== null) {
        if (field.value === text) { field.value = ""; }
        key = null;
        addLines(talk, html);
      }
    } catch { status.textContent = form.dataset.kept; }
    delete status.dataset.busy;
  });

  /* Help is asked for in the same way, to a supervisor. */
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "help-form") { return; }
    event.preventDefault();
    const field = form.querySelector("input[name=text]"), status = form.querySelector("[data-status]");
    const text = field.value, talk = document.getElementById("talk");
    if (!text.trim()) { return; }
    status.textContent = form.dataset.sending;
    try {
      const html = await say(form.getAttribute("action"), {once: crypto.randomUUID(), text,
        kind: "help", after: talk.dataset.last || "0"});
      status.textContent = html === null ? form.dataset.kept : form.dataset.sent;
      if (html !== null) { field.value = ""; addLines(talk, html); }
    } catch { status.textContent = form.dataset.kept; }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-focus]");
    if (!button) { return; }
    event.preventDefault();
    document.getElementById(button.dataset.focus)?.focus();
  });

  /* Notes are sealed as they are typed, a second after the last key. */
  let noteTimer = null;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "note") { return; }
    clearTimeout(noteTimer);
    noteTimer = setTimeout(saveNote, STEP);
  });
  async function saveNote() {
    const note = document.getElementById("note"), saved = document.getElementById("note-saved");
    if (!note || !note.value.trim()) { return; }
    try {
      const html = await say(note.dataset.address, {once: crypto.randomUUID(), kind: "note",
        text: note.value, after: "999999999"});
      saved.textContent = html === null ? saved.dataset.kept : saved.dataset.saved;
    } catch {
      saved.textContent = saved.dataset.kept;
      noteTimer = setTimeout(saveNote, 3 * STEP);
    }
  }

  /* A part that could not be drawn leaves what was there: old figures say how old they are. */
  document.addEventListener("htmx:before:swap", (event) => {
    const ctx = event.detail?.ctx;
    if (ctx?.target !== part()) { return; }
    if (ctx.turns !== turns || ctx.response?.status >= 500) { event.preventDefault(); }
  });
  document.addEventListener("htmx:after:request", (event) => {
    const method = event.detail?.ctx?.request?.method;
    if (!method || method === "GET") { return; }
    if (event.detail.ctx.response?.status === 204) {
      document.getElementById("told").replaceChildren();
      pressAnew(event.detail.ctx.sourceElement);
    }
    draw();
  });
  /* A form that is left alone while its page is drawn anew: done, its next press is another one. */
  function pressAnew(form) {
    const once = form.matches("form[hx-morph-skip]") && form.querySelector("[name=once]");
    if (once) { once.value = crypto.randomUUID(); }
  }
  /* A refusal that names a field leads to it; what a press brought is where one goes on. */
  document.addEventListener("htmx:after:swap", (event) => {
    const ctx = event.detail?.ctx, from = ctx?.sourceElement;
    const fault = ctx?.response?.status >= 400 && document.querySelector("#told [data-field]");
    if (fault && from?.matches("form")) { point(from, fault.dataset.field.split(".").pop()); return; }
    const lands = ctx?.target !== part() && ctx?.target?.querySelector?.("[data-lands]");
    if (lands) {
      document.getElementById("told").replaceChildren();
      lands.focus();
    }
  });
  function point(form, name) {
    const field = name && [...form.elements].find((each) => each.type !== "hidden"
      && (each.name.replace("[]", "").split(".").pop() === name || each.dataset.of === name));
    if (!field) { return; }
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", "told");
    field.focus();
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"), {once: true});
  }
  /* What is sent about a person is sent by its button alone: Enter in a box of the form is no yes. */
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("form[data-deliberate] input")) {
      event.preventDefault();
    }
  });
  /* The second click of a double click is no press, whatever was drawn between the two. */
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest("button[type=submit]")) { event.preventDefault(); }
  }, true);
  drawn();
  setInterval(tick, STEP);
  if (part().dataset.kinds) { listen(); }
})();
