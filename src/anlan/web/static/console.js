// What the pages do better with a script; all of them work without.
"use strict";

(() => {
  const find = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Filters apply as soon as they change; without a script there is a button.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form && event.target.matches("select")) form.requestSubmit();
  });

  // What the pointer is over in a chart, as one line of text.
  document.addEventListener("pointerover", (event) => {
    const column = event.target.closest?.("[data-tip]");
    const frame = column?.closest("[data-chart]");
    find(".chart-tip").forEach((tip) => tip.remove());
    if (!frame) return;
    const tip = document.createElement("span");
    tip.className = "chart-tip";
    tip.textContent = column.dataset.tip;
    frame.append(tip);
    const box = frame.getBoundingClientRect();
    const middle = column.getBoundingClientRect().left + column.getBoundingClientRect().width / 2 - box.left;
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(Math.max(middle, half), box.width - half)}px`;
  });

  // The list of signals narrows while typing, and puts a name where the analyst was writing.
  const narrow = (input) => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    find("li", document.querySelector(input.dataset.narrow)).forEach((item) => {
      item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word));
    });
  };
  const insert = (name) => {
    const area = document.querySelector("textarea[data-signals]");
    if (!area) return;
    const { selectionStart: start, selectionEnd: end, value } = area;
    const begun = value.slice(0, start).match(/\w*$/)[0];
    const from = begun && name.startsWith(begun) ? start - begun.length : start;
    area.setRangeText(name, from, end, "end");
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const prepare = () => {
    find("input[data-narrow]").forEach((input) => {
      input.hidden = false;
      input.addEventListener("input", () => narrow(input));
    });
    find("[data-insert]").forEach((item) => {
      item.tabIndex = 0;
      item.setAttribute("role", "button");
    });
  };
  document.addEventListener("click", (event) => {
    const item = event.target.closest("[data-insert]");
    if (item) insert(item.dataset.insert);
  });

  // While a signal's name is being written, the list shows what fits.
  document.addEventListener("input", (event) => {
    if (!event.target.matches("textarea[data-signals]")) return;
    const input = document.querySelector("input[data-narrow]");
    const begun = event.target.value.slice(0, event.target.selectionStart).match(/\w{2,}$/);
    if (!input) return;
    input.value = begun ? begun[0] : "";
    narrow(input);
  });

  document.addEventListener("keydown", (event) => {
    const item = event.target.closest("[data-insert]");
    if (item && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      insert(item.dataset.insert);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
      event.target.form.requestSubmit();
    } else if (event.key === "/" && !event.target.closest("input, textarea, select")) {
      const search = document.querySelector("main [data-key='/']")
        ?? document.querySelector("main input[type=search], main textarea, main .filters input:not([type=hidden])");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });

  // A case is judged by single keys: each control names its own, and shows it.
  const press = (control) => {
    if (control.matches("input[type=radio]")) control.checked = true;
    else if (control.matches("input, textarea")) control.focus();
    else control.click();
  };
  document.addEventListener("keydown", (event) => {
    const isWriting = event.target.closest("textarea, select, input:not([type=radio])");
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isWriting) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const control = find("[data-key]").find((one) => one.dataset.key.toLowerCase() === event.key.toLowerCase());
    if (!control || control.disabled) return;
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    event.preventDefault();
    press(control);
  });

  // While the threshold moves, what follows from it moves along; letting go loads the page of that threshold.
  const percent = (part, whole, digits = 1) => whole
    ? new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: digits }).format(part / whole)
    : "–";
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-threshold]");
    if (!form || event.target.type !== "range") return;
    const known = JSON.parse(form.dataset.threshold);
    const place = Math.round(event.target.value * 100) - 1;
    const [hits, alarms] = [known.hits[place], known.alarms[place]];
    const said = {
      threshold: known.thresholds[place].toFixed(2),
      precision: percent(hits, hits + alarms),
      recall: percent(hits, known.positives),
      alarm_share: percent(alarms, known.others),
      volume: percent(known.reaching[place], known.messages, 2),
    };
    for (const [name, text] of Object.entries(said)) form.querySelector(`[data-out=${name}]`).textContent = text;
    const line = form.querySelector("[data-out=line]");
    for (const end of ["x1", "x2"]) line.setAttribute(end, (line.ownerSVGElement.viewBox.baseVal.width * place) / 98);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-threshold] input[type=range]")) event.target.form.requestSubmit();
  });

  prepare();
})();
