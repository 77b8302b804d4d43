/* The desk is there: said every three seconds, from a worker, because browsers let the clocks of a
   page in the background run once a minute, and a listener who reads something else is still there.
   A beat nobody answers is a line that says nothing any more: the page is told. So that it finds out
   by itself too, in the background or not, it is told that time goes by. */
"use strict";
let word = "", beats = false;
self.onmessage = (event) => { ({word, beats} = event.data); beat(); };
async function beat() {
  if (!beats) { return; }
  try {
    await fetch("/desk/heartbeat", {method: "POST", signal: AbortSignal.timeout(4000),
      headers: {"Helpline-Page": word}});
    self.postMessage("heard");
  } catch { self.postMessage("lost"); }
}
setInterval(beat, 3000);
setInterval(() => self.postMessage("tick"), 500);
