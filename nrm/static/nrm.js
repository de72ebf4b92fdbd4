// Extras only: every page works without this file.
(() => {
  const one = (selector) => document.querySelector(selector);
  let unsaved;

  one("[data-errors]")?.focus();

  const guarded = one("form[data-guard]");
  guarded?.addEventListener("input", () => { unsaved = true; });
  guarded?.addEventListener("submit", () => { unsaved = false; });
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  // Who presses a button twice sends once.
  addEventListener("submit", (event) => {
    if (event.timeStamp - event.submitter.sent < 3000) event.preventDefault();
    event.submitter.sent = event.timeStamp;
  });

  // Hide the screen: blank at once, before the network answers; the server then locks the session.
  const cover = one("form[data-cover]");
  if (cover) {
    const hide = () => {
      // No "leave this page?" may stop the hiding.
      unsaved = false;
      const button = cover.querySelector("button");
      const typed = button.form === cover ? [] : new FormData(button.form);
      document.title = "–";
      cover.hidden = true;
      for (const [name, value] of [...typed, [button.name, button.value]]) {
        cover.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      document.body.replaceChildren(cover);
      cover.submit();
    };
    let presses = [];
    cover.querySelector("button").addEventListener("click", (event) => { event.preventDefault(); hide(); });
    addEventListener("keydown", (event) => {
      if (event.repeat) return;
      presses = event.key === "Shift" ? [...presses, event.timeStamp].slice(-3) : [];
      if (presses[2] - presses[0] < 3000) hide();
    });
    // A page kept by the browser must not come back by the Back button.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
})();
