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

  // Who walks away leaves nothing for the next one: without a hand on it the page goes back to the first one, also when
  // the tablet slept meanwhile.
  const left = 5 * 60 * 1000;
  let touched = Date.now(), goes = false;
  const look = () => {
    if (goes || sends || Date.now() - touched < left) return;
    goes = true;
    const first = one("main .back").href;
    one("main").replaceChildren();
    location.replace(first);
  };
  // Asleep for too long: what wakes it is not the hand that wrote.
  for (const sign of ["keydown", "pointerdown", "scroll", "input"]) {
    addEventListener(sign, () => { look(); touched = Date.now(); }, { passive: true });
  }
  document.addEventListener("visibilitychange", look);
  setInterval(look, 5000);

  addEventListener("pagehide", () => one("main").replaceChildren());
})();
