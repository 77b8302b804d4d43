/* What a script adds to the forms of callers; every one of them works without it. Ctrl+Enter sends,
   a second press does not send again, and the words of a message can be copied or printed. Written
   for a browser of 2016. */
(function () {
  "use strict";
  function each(list, act) { Array.prototype.forEach.call(list, act); }
  each(document.querySelectorAll("form"), function (form) {
    var sent = false;
    form.addEventListener("submit", function (event) {
      if (sent) { event.preventDefault(); return; }
      sent = true;
    });
    window.addEventListener("pageshow", function () { sent = false; });
    each(form.querySelectorAll("kbd"), function (key) { key.hidden = false; });
    form.addEventListener("keydown", function (event) {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) { return; }
      var button = form.querySelector("button[type=submit]");
      event.preventDefault();
      if (button) { button.click(); }
    });
  });
  var keep = document.getElementById("garder");
  var words = document.getElementById("mots");
  if (!keep || !words) { return; }
  keep.hidden = false;
  document.getElementById("imprimer").addEventListener("click", function () { window.print(); });
  document.getElementById("copier").addEventListener("click", function () {
    var range = document.createRange(), chosen = window.getSelection();
    range.selectNodeContents(words);
    chosen.removeAllRanges();
    chosen.addRange(range);
    if (document.execCommand("copy")) {
      this.lastElementChild.textContent = this.getAttribute("data-done");
    }
    chosen.removeAllRanges();
  });
}());
