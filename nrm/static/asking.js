// Served behind nrm.js, as one file.
(() => {
  const one = (selector) => document.querySelector(selector);

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
      if (!(one("[data-silent]").hidden = answer.status < 500)) return;
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
})();
