/* Quick exit: the button, or Escape twice within a second and a half, replaces this page by a
   neutral one. Pages read before it are still behind "back": the tab, and nothing else, remembers
   that somebody left, and "back" then leads on to the neutral page. Who comes again by an address
   or a link is admitted. Written for a browser of 2016. */
(function () {
  "use strict";
  var GONE = "gone", BACK = 2, last = 0;
  function leave() {
    document.documentElement.style.display = "none";
    window.name = GONE;
    window.location.replace("about:blank");
  }
  function arrive(event) {
    if (window.name !== GONE) { return; }
    if (event.persisted || (window.performance && performance.navigation.type === BACK)) {
      leave();
    } else {
      window.name = "";
    }
  }
  arrive({});
  window.addEventListener("pageshow", function (event) { if (event.persisted) { arrive(event); } });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" && event.key !== "Esc") { return; }
    var now = Date.now();
    if (now - last < 1500) { leave(); }
    last = now;
  });
  var button = document.getElementById("quitter");
  if (button) {
    button.addEventListener("click", function (event) { event.preventDefault(); leave(); });
  }
}());
