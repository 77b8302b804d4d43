/* A partner's page in the browser: every five seconds it asks for its part anew, and says so when
   nothing has come for twenty. It decides nothing and keeps nothing. */
(() => {
  "use strict";
  const EVERY = 5000, LOST_AFTER = 20000;
  const part = () => document.getElementById("bureau");
  let heard = Date.now(), asking = false;
  async function draw() {
    if (asking || !part()) { return; }
    asking = true;
    try {
      await htmx.ajax("GET", part().dataset.part, {target: "#bureau", swap: "outerMorph"});
    } finally { asking = false; }
  }
  document.addEventListener("htmx:after:swap", () => {
    heard = Date.now();
    if (part()) { document.title = part().dataset.title; }
  });
  function tick() {
    const lost = document.getElementById("lost"), away = Date.now() - heard > LOST_AFTER;
    if (lost.hidden === away) {
      lost.textContent = away ? lost.dataset.words : "";
      lost.hidden = !away;
    }
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { draw(); } });
  setInterval(draw, EVERY);
  setInterval(tick, 1000);
  document.title = part().dataset.title;
})();
