// Shows the assistant's answer as it comes; without this script the same form loads the page again.
"use strict";

(() => {
  const form = document.getElementById("ask");
  if (!form || !window.ReadableStream) return;
  const turns = document.getElementById("turns");
  const tools = document.getElementById("tools");
  const problem = document.getElementById("problem");
  const words = form.elements.words;
  const button = form.querySelector("button");

  const add = (place, html) => place.insertAdjacentHTML("beforeend", html);
  const bubble = () => turns.lastElementChild.querySelector("[data-parts]");
  const show = {
    member: (html) => { add(turns, html); tools.replaceChildren(); form.reset(); },
    begin: (html) => add(turns, html),
    words: (piece) => {
      const last = bubble().lastElementChild || bubble().appendChild(document.createElement("p"));
      last.append(piece);
    },
    part: (html) => add(bubble(), html),
    tools: (html) => { tools.innerHTML = html; },
    problem: (text) => {
      const line = document.createElement("p");
      line.className = "problem";
      line.textContent = text;
      problem.replaceChildren(line);
    },
  };

  const read = async (answer) => {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const [, name, data] = event.match(/^event: (\w+)\ndata: (.*)$/s);
        show[name](JSON.parse(data));
        turns.lastElementChild.scrollIntoView({ block: "nearest" });
      }
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    problem.replaceChildren();
    button.disabled = true;
    turns.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.stream, { method: "POST", body: new FormData(form) });
      if (!answer.ok) throw new Error(answer.status);
      await read(answer);
    } catch {
      show.problem(form.dataset.problem);
    } finally {
      button.disabled = false;
      turns.setAttribute("aria-busy", "false");
      words.focus();
    }
  });
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  if (turns.children.length > 2) turns.lastElementChild.scrollIntoView({ block: "nearest" });
})();
