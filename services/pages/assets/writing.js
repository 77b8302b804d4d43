/* A text that is not sealed yet is in this page alone: leaving it is asked about first. */
(() => {
  "use strict";
  let sending = false;
  const changed = (each) => each.type === "radio" || each.type === "checkbox"
    ? each.checked !== each.defaultChecked
    : each.matches("textarea, input[type=text]") && each.value !== each.defaultValue;
  const asks = () => [...document.querySelectorAll("form[data-asks]")]
    .some((form) => [...form.elements].some(changed));
  document.addEventListener("submit", (event) => {
    sending = event.target.matches("[data-asks]") && !event.defaultPrevented;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!sending && asks()) { event.preventDefault(); }
  });
})();
