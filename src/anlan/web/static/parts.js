// Shows the answer to a form in its own part of the page while somebody types; without it, the button does the same.
for (const form of document.querySelectorAll("form[data-part]")) {
  const part = document.getElementById(form.dataset.part);
  let waiting, asked = 0;

  async function ask() {
    const turn = ++asked;
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    const text = await answer.text();
    if (turn === asked) part.innerHTML = text;
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 500);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    ask();
  });
}
