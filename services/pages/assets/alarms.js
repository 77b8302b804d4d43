/* An alert that nobody has taken sounds until somebody has, and a silent stream is told from a quiet
   one: three seconds without its pulse, and figures become "?". */
(() => {
  "use strict";
  const SILENT_MS = 3000;
  const desk = () => document.getElementById("desk");

  /* --- the sound: as long as the strip is there; a browser that holds it back is said so --- */
  const sound = document.getElementById("alarm");
  let held = false;
  function listenFor() {
    const wanted = document.querySelector("[data-sounding]");
    if (!wanted) { sound.pause(); sound.currentTime = 0; return say(false); }
    if (sound.paused) { sound.play().then(() => say(false), () => say(true)); } else { say(held); }
  }
  function say(isHeld) {
    held = isHeld;
    for (const button of document.querySelectorAll("[data-unmute]")) { button.hidden = !isHeld; }
  }
  for (const gesture of ["click", "keydown", "desk:sounding"]) { document.addEventListener(gesture, listenFor); }

  /* --- silence: what is on the page is no longer known to be so --- */
  let heardAt = performance.now(), silent = false;
  function unread() {
    silent = true;
    const strip = document.getElementById("lost");
    strip.textContent = strip.dataset.words;
    strip.hidden = false;
    for (const figure of document.querySelectorAll(".board b, .board [data-since]")) {
      delete figure.dataset.since;
      figure.textContent = "?";
    }
    for (const words of document.querySelectorAll("[data-unread]")) {
      words.textContent = words.dataset.unread;
    }
    document.dispatchEvent(new Event("desk:silent"));
  }
  document.addEventListener("desk:found", () => {
    heardAt = performance.now();
    if (silent) { silent = false; document.dispatchEvent(new Event("desk:again")); }
  });
  document.addEventListener("desk:drawn", () => { if (silent) { unread(); } listenFor(); });
  document.addEventListener("desk:tick", () => {
    const quiet = performance.now() - heardAt > SILENT_MS;
    if (desk().dataset.pulses && quiet && !silent) { unread(); }
  });
  listenFor();
})();
