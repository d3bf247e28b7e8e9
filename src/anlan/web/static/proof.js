// Has a worker look for the number that a form needs, waits until it is taken, and sends it.
"use strict";

document.querySelectorAll("form[data-work-salt]").forEach((form) => {
  const { workSalt: salt, bits, waitS: wait, worker: address } = form.dataset;
  const takenAt = performance.now() + Number(wait) * 1000 + 500;
  const bar = form.querySelector("progress");
  form.hidden = false;
  const ticking = setInterval(() => {
    bar.value = Math.min(1, performance.now() / takenAt);
  }, 250);
  const worker = new Worker(address);
  worker.onmessage = ({ data }) => {
    form.elements.answer.value = data;
    setTimeout(() => {
      clearInterval(ticking);
      form.submit();
    }, Math.max(0, takenAt - performance.now()));
  };
  worker.postMessage({ salt, bits: Number(bits) });
});
