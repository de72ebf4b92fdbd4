// Served behind nrm.js, as one file.
(() => {
  let last;

  // Letters of other scripts: each becomes a button that puts it where somebody was writing last.
  addEventListener("focusin", ({ target }) => { if (target.dir === "auto") last = target; });
  for (const row of document.querySelectorAll("[data-letters]")) {
    row.innerHTML = row.textContent.replace(/\S/g, "<button type=button class=plain>&nbsp;&nbsp;$&&nbsp;&nbsp;</button>");
    row.onclick = ({ target }) => { last?.focus(); if (target !== row) document.execCommand("insertText", false, target.textContent.trim()); };
  }
})();
