// A session with a shift: after so many seconds without a hand on it the screen covers itself.
(() => {
  const cover = document.querySelector("form[data-idle]");
  if (!cover) return;
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      cover.append(Object.assign(document.createElement("input"), { type: "hidden", name: "idle" }));
      cover.querySelector("button").click();
    }, 1000 * cover.dataset.idle);
  };
  for (const sign of ["keydown", "pointerdown", "scroll"]) addEventListener(sign, wait, { passive: true });
  wait();
})();
