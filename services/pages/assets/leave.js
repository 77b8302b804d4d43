/* Quick exit: the button, or Escape twice within a second and a half, replaces this page by a
   neutral one, so that "back" does not lead here. Written for a browser of 2016. */
(function () {
  "use strict";
  var last = 0;
  function leave() {
    document.documentElement.style.display = "none";
    window.location.replace("about:blank");
  }
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
