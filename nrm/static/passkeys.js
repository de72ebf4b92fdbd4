// A passkey: the browser asks the key, and what it answers is sent with the form around it.
(() => {
  const place = document.querySelector("[data-passkey]");
  if (!place) return;
  const field = place.querySelector("input"), button = place.querySelector("button"), form = field.form;
  const say = (which) => {
    for (const each of place.querySelectorAll("[data-say]")) each.hidden = each.dataset.say !== which;
  };
  if (!window.PublicKeyCredential) return say("none");
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt());
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const ask = async (event) => {
    event?.preventDefault();
    const publicKey = JSON.parse(place.dataset.passkey);
    // None is made without a name: the page comes back and says what is missing.
    if (publicKey.user && !form.elements.name.value.trim()) return form.submit();
    publicKey.challenge = bytes(publicKey.challenge);
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
    for (const each of publicKey.excludeCredentials ?? publicKey.allowCredentials) each.id = bytes(each.id);
    button.disabled = true;
    say("touch");
    try {
      const { id, type, response: made } = await navigator.credentials[publicKey.user ? "create" : "get"]({ publicKey });
      const response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
        if (made[name]) response[name] = text(made[name]);
      field.value = JSON.stringify({ id, rawId: id, type, response });
      form.submit();
    } catch (error) {
      say(error.name === "InvalidStateError" ? "already" : "nothing");
      button.disabled = false;
      button.focus();
    }
  };
  say("");
  button.parentNode.hidden = false;
  button.addEventListener("click", ask);
  if ("now" in place.dataset) ask();
})();
