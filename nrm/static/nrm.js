// Extras only: every page works without this file.
"use strict";
(() => {
  const one = (selector) => document.querySelector(selector);
  let unsaved, last;

  one("[data-errors]")?.focus();

  const guarded = one("form[data-guard]");
  if (guarded) {
    guarded.addEventListener("input", () => { unsaved = true; });
    guarded.addEventListener("submit", () => { unsaved = false; });
    addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  }

  // The answer to a referral comes by itself: ask for its part of the page again, until the session has ended.
  if (one("[data-asks]:not([data-over])")) {
    const box = one("[data-sound] input");
    const sound = () => {
      if (!box.checked) return;
      const audio = new AudioContext(), tone = audio.createOscillator();
      tone.connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.6);
    };
    one("[data-sound]").hidden = one("[data-asking]").hidden = false;
    box.addEventListener("change", sound);
    const asking = setInterval(async () => {
      const part = one("[data-asks]");
      const answer = await fetch(part.dataset.asks, { redirect: "manual" }).catch(() => part);
      // No network just now has no status.
      if (!(answer.status < 500)) return;
      const text = answer.ok ? await answer.text() : "";
      const fresh = document.createRange().createContextualFragment(text).querySelector("[data-asks]");
      if (!fresh) one("[data-ended]").hidden = !(one("[data-asking]").hidden = true);
      else if (fresh.dataset.state !== part.dataset.state) {
        part.replaceWith(fresh);
        document.title = fresh.dataset.title;
        sound();
      }
      if (!fresh || "over" in fresh.dataset) clearInterval(asking);
    }, 15000);
  }

  // Letters of other scripts: each becomes a button that puts it where somebody was writing last.
  addEventListener("focusin", ({ target }) => { if (target.dir === "auto") last = target; });
  for (const row of document.querySelectorAll("[data-letters]")) {
    row.innerHTML = row.textContent.replace(/\S/g, "<button type=button class=plain>&nbsp;&nbsp;$&&nbsp;&nbsp;</button>");
    row.onclick = ({ target }) => { last?.focus(); if (target !== row) document.execCommand("insertText", false, target.textContent.trim()); };
  }

  // Hide the screen: blank at once, before the network answers; the server then locks the session.
  const cover = one("form[data-cover]");
  if (cover) {
    const hide = () => {
      // No "leave this page?" may stop the hiding.
      unsaved = false;
      const button = cover.querySelector("button");
      const typed = button.form === cover ? [] : [...new FormData(button.form)];
      document.title = "–";
      cover.hidden = true;
      for (const [name, value] of [...typed, [button.name, button.value]]) {
        cover.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      button.remove();
      document.body.replaceChildren(cover);
      cover.submit();
    };
    let presses = [];
    cover.querySelector("button").addEventListener("click", (event) => { event.preventDefault(); hide(); });
    addEventListener("keydown", (event) => {
      if (event.repeat) return;
      presses = event.key === "Shift" ? [...presses, event.timeStamp].slice(-3) : [];
      if (presses.length === 3 && event.timeStamp - presses[0] < 3000) hide();
    });
    // A page kept by the browser must not come back by the Back button.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
})();
