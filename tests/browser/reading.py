"""What stops somebody from reading a page: axe's rules, and lines longer than the screen."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT as _AXE
from playwright.sync_api import Page, ViewportSize

from tests.browser.people import DESKTOP, NARROWEST, SMALL_TELEPHONE, TELEPHONE

#: What the law asks for (RGAA 4.1 is WCAG 2.1 AA), and 2.2 beyond it.
_ASKED = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
_OF_COLOUR = ("color-contrast", "link-in-text-block")


def barriers(page: Page) -> list[str]:
    """Violations of WCAG A and AA as axe sees them, light and dark, each with where and why."""
    usual = page.viewport_size or DESKTOP
    open_wide(page)
    page.evaluate(_AXE)
    light = _violations(page, {"type": "tag", "values": _ASKED})
    page.emulate_media(color_scheme="dark")
    dark = _violations(page, {"type": "rule", "values": _OF_COLOUR})
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(usual)
    return [*light, *(f"dark: {each}" for each in dark)]


def open_wide(page: Page) -> None:
    """Make the window as high as the page: what stays in sight then covers nothing of it."""
    size = page.viewport_size or DESKTOP
    high = int(page.evaluate("document.scrollingElement.scrollHeight"))
    page.set_viewport_size(ViewportSize(width=size["width"], height=max(high, size["height"])))


def _violations(page: Page, rules: dict[str, object]) -> list[str]:
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = page.evaluate("(options) => axe.run(options)", options)["violations"]
    return [
        f"{violation['id']}: {' '.join(node['target'])}: {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """The windows in which the page must be pushed sideways, or is hidden behind what stays in
    sight, and by what: telephones, large letters, a desktop at 400 %.
    """
    usual = page.viewport_size or DESKTOP
    found = []
    for name, (size, large) in _WINDOWS.items():
        page.set_viewport_size(size)
        page.evaluate("(so) => document.documentElement.classList.toggle('grand', so)", large)
        fault = page.evaluate(STICKS_OUT) or page.evaluate(_COVERS)
        if fault:
            found.append(f"{name}: {fault}")
    page.evaluate("document.documentElement.classList.remove('grand')")
    page.set_viewport_size(usual)
    return found


_WINDOWS = {
    "at 320 px": (NARROWEST, False),
    "at 360 px": (SMALL_TELEPHONE, False),
    "at 390 px": (TELEPHONE, False),
    "large, at 390 px": (TELEPHONE, True),
    "at 400 %": (ViewportSize(width=320, height=256), False),
}
#: Null, or what stays in sight and takes more than half of the window with all that does.
_COVERS = """
() => {
  const staying = [...document.body.querySelectorAll("*")].filter((each) =>
    ["sticky", "fixed"].includes(getComputedStyle(each).position) && each.offsetHeight > 0
    && each.getBoundingClientRect().left > -100);
  const high = staying.reduce((sum, each) => sum + each.offsetHeight, 0);
  return high > innerHeight / 2 ? `covered by ${staying[0].outerHTML.slice(0, 80)}` : null;
}
"""
#: Null, or the first element further to the right than the window, outside regions of their own.
STICKS_OUT = """
() => {
  const wide = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= wide) { return null; }
  const over = [...document.body.querySelectorAll("*")]
    .find((each) => each.getBoundingClientRect().right > wide + 1);
  return over ? over.outerHTML.slice(0, 120) : `${document.scrollingElement.scrollWidth} px`;
}
"""


def stumbles(page: Page) -> list[str]:
    """What goes wrong on a walk through the page with the Tab key alone: what is never reached,
    what does not show that it has the focus, what has it behind something else.
    """
    page.evaluate(_BEGIN_AT_THE_TOP)
    wanted = page.evaluate(_MARK_WHAT_CAN_BE_REACHED)
    reached: set[str] = set()
    found: list[str] = []
    for _ in range(5 * wanted + 10):
        page.keyboard.press("Tab")
        stop = page.evaluate(_WHERE_AM_I)
        if stop is not None and stop["mark"] in reached and stop["hasParts"]:
            continue  # day, month and year of one field
        if stop is None or stop["mark"] in reached:
            break
        reached.add(stop["mark"])
        found.extend(f"{fault}: {stop['what']}" for fault in stop["faults"])
    missed = page.evaluate(_WHAT_WAS_MISSED, list(reached))
    return [*found, *(f"never reached: {what}" for what in missed)]


_BEGIN_AT_THE_TOP = """
() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  scrollTo(0, 0);
}
"""
#: Of a group of choices the arrows reach all but one; what is hidden or dead is not walked to.
_MARK_WHAT_CAN_BE_REACHED = """
() => {
  const all = document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']");
  const groups = new Set();
  let count = 0;
  for (const each of all) {
    if (each.disabled || !each.checkVisibility({visibilityProperty: true})) { continue; }
    if (each.type === "radio") {
      const group = `${each.form?.id} ${each.name}`;
      if (groups.has(group)) { continue; }
      groups.add(group);
      each.dataset.walkGroup = each.name;
    }
    each.dataset.walk = String(count++);
  }
  return count;
}
"""
_WHERE_AM_I = """
async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame(); await frame();  // what takes the focus is scrolled into sight with a picture
  const it = document.activeElement;
  if (!it || it === document.body || it === document.documentElement) { return null; }
  const faults = [];
  const box = it.getBoundingClientRect();
  // A choice is drawn by its label; what a reader alone sees has no box.
  const drawn = it.matches("input[type=radio], input[type=checkbox]")
    ? [it, ...(it.labels || []), it.nextElementSibling, ...(it.labels?.[0]?.children || [])] : [it];
  const shown = drawn.filter(Boolean).some((each) => {
    const style = getComputedStyle(each);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
      || style.boxShadow !== "none";
  });
  if (!shown) { faults.push("the focus is not seen"); }
  const points = [[.5, .5], [.1, .2], [.9, .8], [.1, .8], [.9, .2]];
  const seen = points.some(([x, y]) => {
    const hit = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return hit && (it.contains(hit) || hit.contains(it) && !hit.matches("body, html, main")
      || [...(it.labels || [])].some((label) => label.contains(hit)));
  });
  if (!seen) { faults.push("the focus is behind something"); }
  const group = it.type === "radio"
    && document.querySelector(`[data-walk-group="${CSS.escape(it.name)}"]`);
  const mark = (group || it).dataset.walk;
  const hasParts = it.matches("input[type=date], input[type=time], input[type=datetime-local]");
  const what = it.outerHTML.slice(0, 120);
  return {mark: mark ?? what, hasParts, faults, what};
}
"""
_WHAT_WAS_MISSED = """
(reached) => [...document.querySelectorAll("[data-walk]")]
  .filter((each) => !reached.includes(each.dataset.walk)
    && each.checkVisibility({visibilityProperty: true}))
  .map((each) => each.outerHTML.slice(0, 120))
"""
