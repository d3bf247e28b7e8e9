// Forms that a passkey fills in: asks the server what is wanted, the browser for the key, and sends what it says.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const keys = (known = []) => known.map((one) => ({ ...one, id: bytes(one.id) }));

  const make = async (asked) => {
    const { response, ...made } = await navigator.credentials.create({
      publicKey: {
        ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: keys(asked.excludeCredentials),
      },
    }).then(plain);
    return { ...made, response: { ...response.shared, attestationObject: text(response.own.attestationObject) } };
  };
  const sign = async (asked) => {
    const { response, ...made } = await navigator.credentials.get({
      publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: keys(asked.allowCredentials) },
    }).then(plain);
    const { authenticatorData, signature, userHandle } = response.own;
    return {
      ...made,
      response: {
        ...response.shared, authenticatorData: text(authenticatorData), signature: text(signature),
        userHandle: userHandle ? text(userHandle) : undefined,
      },
    };
  };
  const plain = (key) => ({
    id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: {},
    response: { own: key.response, shared: { clientDataJSON: text(key.response.clientDataJSON) } },
  });

  const fill = async (form) => {
    const answer = await fetch(form.dataset.options, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.problem);
    const asked = said.options.publicKey;
    const made = form.dataset.passkey === "make" ? await make(asked) : await sign(asked);
    if (form.elements.enrolment) form.elements.enrolment.value = said.enrolment;
    form.elements.answer.value = JSON.stringify(made);
    form.submit();
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!window.PublicKeyCredential) return;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const note = form.querySelector("[data-problem]");
      note.hidden = true;
      try {
        await fill(form);
      } catch (error) {
        // A browser names what went wrong in its own words; ours stand in the page already.
        note.textContent = error.constructor === Error ? error.message : note.dataset.problem;
        note.hidden = false;
      }
    });
  });
})();
