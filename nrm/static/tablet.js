// Served behind nrm.js, as one file. On a tablet that others use neither a form that was filled in nor an answer to one is
// a page to which the Back button leads: the form is sent from here, and the page that follows takes its place.
(() => {
  const one = (selector, from = document) => from.querySelector(selector);
  let sends = false;

  const show = (page) => {
    document.title = page.title;
    for (const name of ["lang", "dir"]) document.documentElement[name] = page.documentElement[name];
    for (const part of ["main", "nav"]) if (one(part, page)) one(part).replaceWith(one(part, page));
    const cover = one("form[data-cover]"), other = one("form[data-cover]", page);
    if (other && one("[name=in]", other)) {
      one("[name=in]", cover).value = one("[name=in]", other).value;
      one("button", cover).textContent = one("button", other).textContent;
    }
    (one("[data-errors]") ?? one("main")).focus();
  };

  addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "sheet") return;
    event.preventDefault();
    if (sends) return;
    sends = true;
    one("[data-gone]").hidden = true;
    try {
      const body = new URLSearchParams(new FormData(form, event.submitter));
      const answer = await fetch(form.action, { method: "POST", body });
      if (answer.redirected) location.replace(answer.url);
      else show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The network is gone: everything that was typed stays where it is, and can be sent again.
      one("[data-gone]").hidden = false;
    }
    sends = false;
  });

  // Who walks away leaves nothing for the next one: without a hand on it for two minutes the page is covered, and after
  // two more it goes back to the first one, also when the tablet slept meanwhile.
  const covers = 2 * 60 * 1000;
  let touched = Date.now(), goes = false;
  const cover = (yes) => { one("main .narrow").hidden = yes; one("[data-idle]").hidden = !yes; };
  const look = () => {
    const idle = Date.now() - touched;
    if (goes || sends || idle < covers) return;
    if (idle < 2 * covers) return cover(true);
    goes = true;
    const first = one("main .back").href;
    one("main").replaceChildren();
    location.replace(first);
  };
  // What wakes a sleeping tablet is not the hand that wrote.
  for (const sign of ["keydown", "pointerdown", "scroll", "input"]) {
    addEventListener(sign, () => { look(); if (one("[data-idle]")?.hidden) touched = Date.now(); }, { passive: true });
  }
  addEventListener("click", ({ target }) => {
    if (!target.closest("[data-idle] button")) return;
    touched = Date.now();
    cover(false);
  });
  document.addEventListener("visibilitychange", look);
  setInterval(look, 5000);

  addEventListener("pagehide", () => one("main").replaceChildren());
})();
