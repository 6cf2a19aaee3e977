// Keeps a page up to date: fetches it again, replaces the sections that changed, counts down in between, and covers
// the page when nothing new has come for a minute.
"use strict";
(() => {
  const STALE_MS = 60_000, PATIENCE_MS = 10_000, TICK_MS = 1_000;
  const MINUTE = 60, HOUR = 3_600, DAY = 86_400;
  let reached = performance.now(); // when the server answered last
  let now = Number(main().dataset.now), rate = 1; // the server's clock then, and how fast it runs (in a demonstration)
  let served = sections(main()); // each section as it was served: ticking changes what stands in the page
  let trouble = "无法连接监测程序";

  function main() { return document.getElementById("main"); }

  function sections(root) {
    return new Map([...root.children].map((one) => [one.id, one.outerHTML]));
  }

  // --- countdowns ---

  // A length of time in its two largest units, as agent/shown.py writes it.
  function duration(seconds) {
    const step = seconds >= DAY ? HOUR : seconds >= HOUR ? MINUTE : 1;
    const whole = Math.round(seconds / step) * step;
    const days = Math.floor(whole / DAY), hours = Math.floor(whole / HOUR) % 24;
    const minutes = Math.floor(whole / MINUTE) % 60, rest = whole % MINUTE;
    const two = (number) => String(number).padStart(2, "0");
    let text = days ? `${days}天` : "";
    if (hours || text) text += `${hours}小时`;
    if (step <= MINUTE && (minutes || text)) text += `${text ? two(minutes) : minutes}分`;
    if (step === 1) return text + `${text ? two(rest) : rest}秒`;
    return text === `${minutes}分` ? `${text}钟` : text;
  }

  function words(milliseconds, isWorktime) {
    const kind = isWorktime ? "(工作时间)" : "";
    if (milliseconds < 0) return `已超时${duration(Math.floor(-milliseconds / 1000))}${kind}`;
    return `还剩${duration(Math.floor(milliseconds / 1000))}${kind}`;
  }

  function tick() {
    const passed = performance.now() - reached;
    for (const one of document.querySelectorAll("[data-left]")) {
      const left = Number(one.dataset.left) - ("runs" in one.dataset ? passed * rate : 0);
      const text = words(left, "worktime" in one.dataset);
      if (one.textContent !== text) one.textContent = text;
      one.classList.toggle("late", left < 0);
    }
    cover(passed >= STALE_MS || "stopped" in main().dataset);
  }

  // --- the cover ---

  function cover(isStale) {
    const sheet = document.getElementById("cover"), reason = document.getElementById("cover-reason");
    if (isStale && reason.textContent !== trouble) reason.textContent = trouble;
    sheet.hidden = !isStale;
    main().inert = isStale;
  }

  // --- the page anew ---

  async function refresh() {
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!answer.ok) throw new Error(`监测程序回答 ${answer.status}`);
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (error) {
      trouble = error.message.startsWith("监测程序") ? error.message : "无法连接监测程序";
    }
    tick();
    setTimeout(refresh, Number(main().dataset.refresh) * 1000);
  }

  function take(page) {
    const fresh = page.getElementById("main"), old = main();
    if (fresh === null) throw new Error("监测程序回答了别的页面");
    if (fresh.dataset.version !== old.dataset.version) return location.reload();
    const seen = performance.now(), clock = Number(fresh.dataset.now);
    const pace = (clock - now) / (seen - reached);
    rate = Math.abs(Math.log(pace)) > 0.4 ? pace : 1;
    [reached, now] = [seen, clock];
    trouble = "监测程序没有算出新的数据";
    const wanted = sections(fresh), open = new Set([...old.querySelectorAll("details[open]")].map((one) => one.id));
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    if ([...wanted.keys()].join() !== [...served.keys()].join()) old.replaceChildren(...fresh.children);
    else for (const [id, html] of wanted) if (html !== served.get(id)) document.getElementById(id).replaceWith(page.getElementById(id));
    served = wanted;
    old.toggleAttribute("data-stopped", "stopped" in fresh.dataset);
    document.getElementById("cover-as-of").textContent = page.getElementById("cover-as-of").textContent;
    for (const one of old.querySelectorAll("details")) one.open ||= open.has(one.id);
    if (focused !== null && !old.contains(document.activeElement)) {
      [...old.querySelectorAll("a")].find((one) => one.getAttribute("href") === focused)?.focus({ preventScroll: true });
    }
    return undefined;
  }

  setInterval(tick, TICK_MS);
  setTimeout(refresh, Number(main().dataset.refresh) * 1000);
  tick();
})();
