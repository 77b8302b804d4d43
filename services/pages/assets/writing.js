/* A text that is not sealed yet is in this page alone: leaving it is asked about first. One that is
   too long is kept whole, and it is said by how much. */
(() => {
  "use strict";
  document.addEventListener("input", ({target: field}) => {
    const place = field.dataset.most && document.querySelector(`[data-over="${field.id}"]`);
    if (!place) { return; }
    const folded = "folded" in field.dataset;  // as a capsule is kept
    const text = folded ? field.value.trim().replace(/\s+/g, " ") : field.value;
    const over = [...text].length - Number(field.dataset.most);
    const words = document.getElementById("desk").dataset.overWords.replace("{}", over);
    place.textContent = over > 0 ? words : "";
    field.setAttribute("aria-invalid", over > 0);
  });
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
