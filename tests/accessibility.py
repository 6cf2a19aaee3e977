"""What a page must do for everybody: contrast, landmarks, headings, names, tables, and a keyboard that reaches all.

axe-core looks a page over by the rules of WCAG; the checks of our own ask for more (no colour alone, an outline
wherever the focus goes) and see the contrast of drawings.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page

# Every text that is seen, against what really lies behind it: WCAG 2.1, 1.4.3 (AA).
CONTRAST = """() => {
  const seen = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && one.closest('.hidden, .skip, [hidden]') === null;
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const text = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (!text || !seen(one) || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'title', 'desc'].includes(one.tagName)) continue;
    const style = getComputedStyle(one), isSvg = one.ownerSVGElement != null;
    const [a, b] = [light(parts(isSvg ? style.fill : style.color)), light(behind(one))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)} of ${JSON.stringify(text.slice(0, 20))}`);
  }
  return found;
}"""
STRUCTURE = """() => {
  const found = [], all = (selector) => [...document.querySelectorAll(selector)];
  const named = (one) => one.getAttribute('aria-label') || one.textContent.trim();
  const need = (holds, what) => { if (!holds) found.push(what); };
  need(document.documentElement.lang === 'zh-CN', 'no language');
  need(document.title.trim() !== '', 'no title');
  need(all('main').length === 1 && all('header').length >= 1, 'landmarks');
  need(all('h1').length === 1, `${all('h1').length} h1`);
  let level = 0;
  for (const one of all('h1, h2, h3, h4')) {
    const at = Number(one.tagName[1]);
    need(at <= level + 1, `heading ${one.textContent} skips a level`);
    level = at;
  }
  const ids = all('[id]').map((one) => one.id);
  need(new Set(ids).size === ids.length, `ids twice: ${ids.filter((id, at) => ids.indexOf(id) !== at)}`);
  for (const one of all('nav, [role=region]')) need(one.getAttribute('aria-label'), `a ${one.tagName} without a name`);
  for (const one of all('a, button, summary')) need(named(one), `a ${one.tagName} without a name`);
  for (const one of all('img')) need(one.alt, 'an image without a text');
  for (const one of all('svg[role=img]')) {
    const words = (one.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
    need(words.length === 2 && words.every((word) => word?.textContent.trim()), 'a drawing without words');
  }
  for (const one of all('svg:not([role=img])')) need(one.getAttribute('aria-hidden'), 'a shape that is read out');
  for (const one of all('input, select, textarea')) need(one.labels?.length, 'a field without a label');
  for (const one of all('table')) {
    need(one.querySelector('thead th[scope=col]'), 'a table without column heads');
    for (const head of one.querySelectorAll('th')) need(head.scope, `a head without scope: ${head.textContent}`);
  }
  for (const one of all('.mark')) need(one.textContent.trim() && one.querySelector('use'), 'colour alone');
  for (const one of all('svg use')) need(document.querySelector(one.getAttribute('href')), 'a shape that is not there');
  for (const one of all('[tabindex]')) need(Number(one.tabIndex) <= 0, 'a tab index of its own');
  return found;
}"""
# Everything the keyboard can reach, in the order of the page.
REACHABLE = """() => [...document.querySelectorAll('a[href], button, summary, input, [tabindex="0"]')]
  .filter((one) => one.checkVisibility() && one.closest('[inert]') === null)
  .map((one, at) => { one.dataset.place = at; return at; })"""
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return [Number(one.dataset.place ?? -1), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
}"""

# Every rule axe has, best practices too.
AXE = """() => axe.run().then((found) => found.violations.flatMap((one) =>
  one.nodes.map((node) => `axe ${one.id} (${one.impact}): ${node.target} ${node.html.slice(0, 120)}`)))"""


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def axe_complaints(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    page.evaluate(_axe())
    found: list[str] = page.evaluate(AXE)
    return found


def complaints(page: Page) -> list[str]:
    """What is wrong with the page as it stands."""
    contrast: list[str] = page.evaluate(CONTRAST)
    structure: list[str] = page.evaluate(STRUCTURE)
    return contrast + structure


def keyboard_complaints(page: Page) -> list[str]:
    """What the tab key does not reach in the order of the page, or shows no outline of."""
    places: list[int] = page.evaluate(REACHABLE)
    found = []
    for place in places:
        page.keyboard.press("Tab")
        reached, is_outlined = page.evaluate(FOCUSED)
        if reached != place:
            found.append(f"expected the focus at {place}, found it at {reached}")
        if not is_outlined:
            found.append(f"no outline at {place}")
    return found
